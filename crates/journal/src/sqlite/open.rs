//! Opening a journal: what is not ours is left alone, and what is ours is checked before it is trusted.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::{chain, migration};
use crate::JournalError;

/// How long to wait for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);
/// The smallest page of SQLite, in bytes: no database is shorter.
const SMALLEST: u64 = 512;

/// Opens or creates the journal at `path`; also gives the folder of its locks.
pub(super) fn open(path: &Path) -> Result<(Connection, PathBuf), JournalError> {
    let place = Place::of(path)?;
    place.check_not_lost()?;
    // Without SQLITE_OPEN_URI: a path is a path, whatever its characters.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_CREATE);
    let connection = Connection::open_with_flags(&place.file, flags)?;
    connection.busy_timeout(PATIENCE)?;
    // The file may come from anywhere: nothing in its schema may do more than store.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    if migration::is_empty(&connection)? {
        migration::create(&connection)?;
    }
    migration::check_identity(&connection)?;
    if connection.is_readonly("main")? {
        return Err(JournalError::unwritable("the file is read-only"));
    }
    make_durable(&connection)?;
    migration::migrate(&connection)?;
    check(&connection)?;
    Ok((connection, place.locks()))
}

/// Where the journal is, as an absolute path: SQLite has a meaning of its own for names such as `:memory:`, and a journal
/// in memory would be none.
struct Place {
    file: PathBuf,
    /// Through all symbolic links, so that every way to the file leads to the same locks.
    real: PathBuf,
}

impl Place {
    fn of(path: &Path) -> Result<Self, JournalError> {
        let said = |what: &str| JournalError::unwritable(format!("{}: {what}", path.display()));
        let failed = |error: io::Error| said(&error.to_string());
        let file = std::path::absolute(path).map_err(failed)?;
        if file.is_dir() {
            return Err(said("it is a folder"));
        }
        let (Some(parent), Some(name)) = (file.parent(), file.file_name()) else {
            return Err(said("it is no name of a file"));
        };
        if !parent.is_dir() {
            return Err(said("its folder does not exist"));
        }
        let real = match fs::canonicalize(&file) {
            Ok(real) => real,
            Err(_) if file.is_symlink() => return Err(said("it is a link to a file that does not exist")),
            Err(_) => fs::canonicalize(parent).map_err(failed)?.join(name),
        };
        Ok(Self { file, real })
    }

    fn locks(&self) -> PathBuf {
        beside(&self.real, ".locks")
    }

    /// What SQLite would take for an empty database and write over: a file that is empty although locks or a write-ahead
    /// log show that payments were in it, or one that is too short to be any database.
    fn check_not_lost(&self) -> Result<(), JournalError> {
        // First: they come into being after the file's first page.
        let traces = size(&beside(&self.real, "-wal")) > 0 || self.locks().is_dir();
        match size(&self.real) {
            0 if traces => Err(JournalError::corrupt(
                "the file is missing or empty, but its -wal file or its .locks folder shows that it was in use",
            )),
            1..SMALLEST => Err(JournalError::Foreign),
            _ => Ok(()),
        }
    }
}

/// 0 also for a file that is not there.
fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

/// An acknowledged write survives a power cut: in WAL mode with `synchronous=FULL` SQLite syncs the log before a commit
/// returns (with NORMAL it would not), and on macOS only `fullfsync` reaches past the disk's cache.
fn make_durable(connection: &Connection) -> Result<(), JournalError> {
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What is forgotten is overwritten, and not only unlinked.
    connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    // Each commit goes on into the file at once: SQLite drops a log from its first bad byte on without a word, and so
    // the log must not be the only place of anything. A payment takes seconds, the second sync milliseconds.
    connection.pragma_update(None, "wal_autocheckpoint", 1)?;
    use_wal(connection)
}

/// The change of mode does not wait for other connections as everything else does.
fn use_wal(connection: &Connection) -> Result<(), JournalError> {
    let give_up = Instant::now().checked_add(PATIENCE);
    loop {
        let mode = connection
            .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))
            .map_err(JournalError::from);
        match mode {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(_) => {
                return Err(JournalError::unwritable("the file system does not allow a write-ahead log"));
            }
            Err(JournalError::Locked) if give_up.is_some_and(|end| Instant::now() < end) => {
                thread::sleep(Duration::from_millis(20));
            }
            Err(error) => return Err(error),
        }
    }
}

/// Reads all of it, in one transaction so that no other process's write comes in between.
fn check(connection: &Connection) -> Result<(), JournalError> {
    let snapshot = rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
    let verdict: String = snapshot.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(JournalError::corrupt(format!("SQLite says: {verdict}")));
    }
    migration::check_tables(&snapshot)?;
    chain::verify(&snapshot)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As on a share of a network: a write that was acknowledged could be lost there.
    #[test]
    fn a_journal_without_a_write_ahead_log_is_none() {
        let connection = Connection::open_in_memory().unwrap();
        let error = use_wal(&connection).unwrap_err();
        assert!(
            matches!(&error, JournalError::Unwritable { what } if what.contains("write-ahead log")),
            "{error:?}"
        );
    }
}
