//! Backups: a copy of a journal in use, which nobody can pay with by mistake, and its way back.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::chain::Tail;
use super::location::Location;
use super::older_copy::accept;
use super::open::{Purpose, open};
use super::{SqliteJournal, format};
use crate::{Care, JournalError, OperatorOverride, Patience, WallTime};

/// A backup that was made, or a journal that was restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupCopy {
    /// The number of the last event in the copy.
    pub last_event: u64,
}

impl SqliteJournal {
    /// Writes a copy of the journal to a path where nothing is yet, while other programs use the journal. The copy contains every
    /// event that was durable when it was begun. It can be read ([`open_for_reading`](Self::open_for_reading)), and no payment
    /// can be recorded in it: [`open`](Self::open) refuses it as [`Backup`](JournalError::Backup).
    ///
    /// ```
    /// use caisse_journal::{JournalError, SqliteJournal};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let journal = SqliteJournal::open(folder.path().join("journal.db"))?;
    /// let copy = folder.path().join("journal.backup");
    /// journal.backup(&copy)?;
    /// assert!(SqliteJournal::open_for_reading(&copy).is_ok());
    /// assert_eq!(SqliteJournal::open(&copy).err(), Some(JournalError::Backup));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Unwritable`](JournalError::Unwritable) when there is a file already, or the copy cannot be written; otherwise what the
    /// journal met. No file is at the path then.
    pub fn backup(&self, to: impl AsRef<Path>) -> Result<BackupCopy, JournalError> {
        // With a connection of its own: others go on meanwhile.
        let connection = Connection::open_with_flags(
            &self.site().location.file,
            OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX),
        )?;
        let last = copy(&connection, to.as_ref(), format::mark_as_backup)?;
        Ok(BackupCopy { last_event: last.number })
    }

    /// Makes a journal again of a backup, at a path where nothing is yet. The payments that were recorded after the backup was made
    /// are unknown to it: **their ids are new again, and asked for once more they are charged once more**. Who restored it, and
    /// why, is written into the file and never removed.
    ///
    /// # Errors
    /// As [`backup`](Self::backup); [`Foreign`](JournalError::Foreign) when the file is no backup; what is wrong with the backup
    /// otherwise.
    pub fn restore(
        backup: impl AsRef<Path>,
        to: impl AsRef<Path>,
        word: &OperatorOverride,
        at: WallTime,
    ) -> Result<BackupCopy, JournalError> {
        let (backup, to) = (backup.as_ref(), to.as_ref());
        if let Err(error) = backup.metadata() {
            return Err(JournalError::unwritable(format!("{}: {error}", backup.display())));
        }
        let patience = Patience::default();
        let backup = open(Location::of(backup)?, Purpose::Read, &patience)?;
        if !format::is_backup(&backup.connection)? {
            return Err(JournalError::Foreign);
        }
        let last = copy(&backup.connection, to, |part| {
            let tail = Tail::of(part)?;
            accept(part, &tail, &tail, word, at)?;
            format::mark_as_journal(part)
        })?;
        // A mark of the journal that was there before says that events are missing: the person knows it.
        let journal = Self::open_alone(to, Purpose::AcceptOlder)?;
        journal.write(Care::Strict, |_| Ok(()))?;
        journal.forget_what_is_missing()?;
        Ok(BackupCopy { last_event: last.number })
    }
}

/// Copies a database to a path where nothing is yet. What is written first has a name of its own, so that a copy that was
/// interrupted is never taken for a whole one.
fn copy(
    connection: &Connection,
    to: &Path,
    finish: impl FnOnce(&Connection) -> Result<(), JournalError>,
) -> Result<Tail, JournalError> {
    let failed = |path: &Path, what: &dyn std::fmt::Display| {
        JournalError::unwritable(format!("{}: {what}", path.display()))
    };
    // SQLite takes a relative path for a URI.
    let to = &std::path::absolute(to).map_err(|error| failed(to, &error))?;
    let part = beside(to, ".part");
    for path in [to, &part] {
        if path.symlink_metadata().is_ok() {
            return Err(failed(path, &"there is a file already; nothing was overwritten"));
        }
    }
    for ending in LOGS {
        let log = beside(to, ending);
        if log.symlink_metadata().is_ok() {
            let what = "it belongs to a journal that was there, and may contain its last payments: move it elsewhere first";
            return Err(failed(&log, &what));
        }
        if to.as_os_str().as_encoded_bytes().ends_with(ending.as_bytes()) {
            return Err(failed(to, &"SQLite removes files with such names; choose another one"));
        }
    }
    let text = part.to_str().ok_or_else(|| failed(&part, &"the path is not in UTF-8"))?;
    let copied = connection.execute("VACUUM INTO ?1", [text]).map_err(JournalError::from).and_then(|_| {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);
        let copy = Connection::open_with_flags(&part, flags)?;
        let tail = Tail::of(&copy)?;
        finish(&copy)?;
        copy.close().map_err(|(_, error)| error)?;
        File::open(&part).and_then(|file| file.sync_all()).map_err(|error| failed(&part, &error))?;
        rename(&part, to).map_err(|error| failed(to, &error))?;
        Ok(tail)
    });
    if copied.is_err() {
        // What is left there is ours: nothing was there before.
        let _ = std::fs::remove_file(&part);
        let _ = std::fs::remove_file(beside(&part, "-journal"));
    }
    copied
}

/// The endings of the files that SQLite keeps beside a database, and plays back into it.
const LOGS: [&str; 3] = ["-wal", "-shm", "-journal"];

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

/// Gives the file its name durably, and never in the place of another file.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn rename(from: &Path, to: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};

    renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Gives the file its name. That nothing was there was checked before.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn rename(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::rename(from, to)
}
