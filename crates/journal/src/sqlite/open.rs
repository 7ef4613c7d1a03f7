//! Opening a journal: what is not ours is left alone, and what is ours is checked before it is trusted.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::identity::{Stamp, network_file_system};
use super::location::{Care, Location, Log};
use super::mark::{self, Mark};
use super::registry::OpenFile;
use super::state::Current;
use super::unit::MAX_STATEMENTS;
use super::unit::{Kind, Unit};
use super::{byte_locks, check, format};
use crate::JournalError;

/// How long to wait for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// An open and checked journal.
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) location: Location,
    pub(super) file: Arc<OpenFile>,
    /// The write-ahead log that the connection uses.
    pub(super) log: Option<Log>,
    /// The open transactions and the terminals after the last event.
    pub(super) current: Current,
    /// The state of the file when its check began.
    pub(super) stamp: Stamp,
}

/// What a journal is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// For payments.
    Use,
    /// For reading alone, also by a second path.
    Read,
    /// For a person to accept an older copy.
    AcceptOlder,
}

impl Purpose {
    const fn care(self) -> Care {
        match self {
            Self::Read => Care::Lenient,
            Self::Use | Self::AcceptOlder => Care::Strict,
        }
    }
}

/// Opens or creates the journal at `path`.
pub(super) fn open(path: &Path, purpose: Purpose) -> Result<Opened, JournalError> {
    let location = Location::of(path)?;
    location.check_not_lost()?;
    let file = OpenFile::open(&location.real)
        .map_err(|error| JournalError::unwritable(format!("{}: {error}", path.display())))?;
    location.check(&file, purpose.care())?;
    check_locks(&location, &file)?;
    // Before the file is read: a mark is written after its event.
    let marks = location.marks();
    // Without SQLITE_OPEN_URI: a path is a path, whatever its characters.
    // Without a mutex: a connection is used by one thread at a time.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        .union(OpenFlags::SQLITE_OPEN_CREATE)
        .union(OpenFlags::SQLITE_OPEN_NO_MUTEX);
    let connection = Connection::open_with_flags(&location.file, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(MAX_STATEMENTS);
    // The file may come from anywhere: nothing in its schema may do more than store.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    if format::is_empty(&connection)? {
        location.check(&file, Care::Strict)?;
        format::create(&connection)?;
    }
    format::check_identity(&connection, purpose == Purpose::Read)?;
    if connection.is_readonly("main")? {
        return Err(JournalError::unwritable("the file is read-only"));
    }
    // A backup is read as it is, and stays as it is.
    if !format::is_backup(&connection)? {
        make_durable(&connection)?;
    }
    // This first read opens the write-ahead log.
    format::check_identity(&connection, purpose == Purpose::Read)?;
    // Without any mark nothing is known of the last writer, and no writer is waited for.
    if !marks.is_empty() && !marks.iter().any(|mark| location.stamp() == Ok(mark.stamp)) {
        empty_log(&connection)?;
    }
    let (log, stamp) = (location.log(), location.stamp()?);
    let current = check(&connection, &location, &file, &marks, stamp, purpose)?;
    // SQLite reads a commit whose writer was killed before its sync. A power cut must not take back what was read.
    if !marks.iter().any(|mark| mark.tail == current.tail) {
        location.sync_log()?;
    }
    location.check(&file, purpose.care())?;
    // Another process that wrote meanwhile writes its own mark.
    let is_marked = marks.first().is_some_and(|mark| (mark.tail, mark.stamp) == (current.tail, stamp));
    let is_marked = is_marked && !(purpose == Purpose::Use && mark::make_writable(&location.mark())?);
    if purpose == Purpose::Use && !is_marked && location.stamp() == Ok(stamp) {
        location.write_mark(&file, &current.tail, stamp);
    }
    Ok(Opened { connection, location, file, log, current, stamp })
}

/// Refuses a place where locks exclude nobody, before anything is written there.
fn check_locks(location: &Location, file: &OpenFile) -> Result<(), JournalError> {
    if let Some(network) = network_file_system(file.file(), &location.real) {
        return Err(JournalError::NoLocks { what: format!("it is stored on a network share ({network})") });
    }
    byte_locks::probe(file.file()).map_err(|error| JournalError::NoLocks { what: error.to_string() })
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
    if cfg!(windows) {
        limit_size(connection)?;
    }
    use_wal(connection)
}

/// Keeps the file smaller than the offset of the bytes that are locked: Windows lets no other process write those.
fn limit_size(connection: &Connection) -> Result<(), JournalError> {
    let page_size: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let limit = i64::try_from(byte_locks::FIRST).unwrap_or(i64::MAX);
    let pages = limit.checked_div(page_size).unwrap_or(limit);
    Ok(connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?)
}

/// Empties the write-ahead log, after writing to the file what is not there yet. Something may have written to the file that
/// is no journal, and what the log holds of a page hides what the file holds of it.
pub(super) fn empty_log(connection: &Connection) -> Result<(), JournalError> {
    patiently(|| {
        let query = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy: i64 = connection.query_row(query, [], |row| row.get(0))?;
        if busy == 0 { Ok(()) } else { Err(JournalError::Locked) }
    })
}

fn use_wal(connection: &Connection) -> Result<(), JournalError> {
    patiently(|| {
        let mode: String =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        if mode == "wal" {
            return Ok(());
        }
        Err(JournalError::NoLocks { what: "the file system does not allow a write-ahead log".to_owned() })
    })
}

/// Tries again while the file is locked: a change of the mode and a checkpoint do not wait for other connections as
/// everything else does.
fn patiently(mut attempt: impl FnMut() -> Result<(), JournalError>) -> Result<(), JournalError> {
    let give_up = Instant::now().checked_add(PATIENCE);
    loop {
        match attempt() {
            Err(JournalError::Locked) if give_up.is_some_and(|end| Instant::now() < end) => {
                thread::sleep(Duration::from_millis(20));
            }
            ended => return ended,
        }
    }
}

/// Checks what the seal does not cover, or everything where no seal is in order: in one snapshot, so that no write of another
/// process comes in between.
fn check(
    connection: &Connection,
    location: &Location,
    file: &OpenFile,
    marks: &[Mark],
    stamp: Stamp,
    purpose: Purpose,
) -> Result<Current, JournalError> {
    let snapshot = Unit::begin(connection, Kind::Read)?;
    if purpose != Purpose::AcceptOlder
        && let Some(seal) = mark::seal(&snapshot, marks, stamp)?
    {
        return check::since(&snapshot, seal);
    }
    let (checked, current) = check::all(&snapshot, &mut |_| {})?;
    if purpose != Purpose::AcceptOlder {
        marks.iter().try_for_each(|mark| mark::check_contains(&snapshot, &mark.tail))?;
    }
    if purpose == Purpose::Use {
        checked.note(location, file);
    }
    Ok(current)
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
            matches!(&error, JournalError::NoLocks { what } if what.contains("write-ahead log")),
            "{error:?}"
        );
    }

    #[test]
    fn a_journal_cannot_grow_to_the_bytes_that_are_locked() {
        let connection = Connection::open_in_memory().unwrap();
        limit_size(&connection).unwrap();
        let value = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(value("max_page_count") * value("page_size"), 0x5000_0000);
    }
}
