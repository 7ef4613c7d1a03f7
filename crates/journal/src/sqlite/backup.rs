//! Backups: a copy of a journal in use, which nobody can pay with by mistake, and its way back.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::chain::Tail;
use super::location::Location;
use super::older_copy::accept;
use super::open::{Purpose, open};
use super::part::Part;
use super::{SqliteJournal, format};
use crate::{Care, JournalError, OperatorOverride, Patience, WallTime};

/// A backup that was made, or a journal that was restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupCopy {
    /// The number of the last event in the copy.
    pub last_event: u64,
    /// Whether the copy of a program that was interrupted was in the way (the same path with `.part` at its end), and was removed.
    pub has_replaced_part: bool,
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
        copy(&connection, &self.site().location.file, to.as_ref(), format::mark_as_backup)
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
        let (source, to) = (backup.as_ref(), to.as_ref());
        if let Err(error) = source.metadata() {
            return Err(JournalError::unwritable(format!("{}: {error}", source.display())));
        }
        let patience = Patience::default();
        let backup = open(Location::of(source)?, Purpose::Read, &patience)?;
        if !format::is_backup(&backup.connection)? {
            return Err(JournalError::Foreign);
        }
        let copied = copy(&backup.connection, source, to, |part| {
            let tail = Tail::of(part)?;
            accept(part, &tail, &tail, word, at)?;
            format::mark_as_journal(part)
        })?;
        // A mark of the journal that was there before says that events are missing: the person knows it.
        let journal = Self::open_alone(to, Purpose::AcceptOlder)?;
        journal.write(Care::Strict, |_| Ok(()))?;
        journal.forget_what_is_missing()?;
        Ok(copied)
    }
}

/// Copies a database to a path where nothing is yet.
fn copy(
    connection: &Connection,
    source: &Path,
    to: &Path,
    finish: impl FnOnce(&Connection) -> Result<(), JournalError>,
) -> Result<BackupCopy, JournalError> {
    let part = Part::begin(to, source)?;
    let path = part.path();
    let text = path
        .to_str()
        .ok_or_else(|| JournalError::unwritable(format!("{}: the path is not in UTF-8", path.display())))?;
    connection.execute("VACUUM INTO ?1", [text])?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);
    let copy = Connection::open_with_flags(path, flags)?;
    let last_event = Tail::of(&copy)?.number;
    finish(&copy)?;
    copy.close().map_err(|(_, error)| error)?;
    let has_replaced_part = part.has_replaced();
    part.finish()?;
    Ok(BackupCopy { last_event, has_replaced_part })
}
