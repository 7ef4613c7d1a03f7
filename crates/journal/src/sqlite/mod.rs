//! The journal in a SQLite file.

mod backup;
mod byte_locks;
mod chain;
mod check;
mod columns;
mod engine;
mod failures;
mod forgetting;
mod forgotten;
mod format;
#[cfg(test)]
mod gates;
mod identity;
mod keeper;
mod location;
mod mark;
mod older_copy;
mod open;
mod part;
mod pen;
mod read_only;
mod recent;
mod records;
mod registry;
mod salvage;
mod selection;
mod state;
mod store;
mod tracked;
mod turn;
mod unit;
mod writing;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use crate::{Care, JournalError, Patience};
use engine::Shared;
use location::Location;
use open::{Purpose, Site};
use writing::Writer;

pub use backup::BackupCopy;
pub use check::{CheckProgress, FullCheck};
pub use forgetting::Forgotten;
pub use older_copy::AcceptedCopy;
pub use salvage::{HeldBack, HeldBackReason, Salvaged};

/// The journal in one SQLite file on a local disk, shared by all processes that use the same terminals.
///
/// The locks of the terminals belong to the file itself, so that every path to the file leads to the same locks. Each write
/// checks that the path still leads to the file that is open, and that nothing but a journal has written to the file.
///
/// Journals that are open at the same path in one process, and clones, share one connection. What their tills write at the same
/// time becomes durable together.
///
/// ```
/// use caisse_journal::{Journal, SqliteJournal};
///
/// let folder = tempfile::tempdir()?;
/// let journal = SqliteJournal::open(folder.path().join("journal.db"))?;
/// assert!(journal.list()?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SqliteJournal {
    shared: Arc<Shared>,
    patience: Patience,
    /// How far the full check in portions has come.
    portion: Option<check::Portion>,
}

impl SqliteJournal {
    /// Opens the journal at this path, or creates it in a folder that exists. What was written since the last writer sealed the
    /// journal is checked, which takes the same time whatever the size of the journal. A file whose seal is missing or does not
    /// fit is checked as a whole, which takes a time in proportion to it.
    ///
    /// # Errors
    /// [`Unwritable`](JournalError::Unwritable) when the folder is missing or the file cannot be written,
    /// [`NoLocks`](JournalError::NoLocks) when files cannot be locked there, as on a network share,
    /// [`SecondPath`](JournalError::SecondPath) when the file has several hard links or is a mount point of its own,
    /// [`Older`](JournalError::Older) when the file is an older copy,
    /// [`Foreign`](JournalError::Foreign) and [`Newer`](JournalError::Newer) when it is not ours to touch,
    /// [`Corrupt`](JournalError::Corrupt) when it is damaged or its payments are gone, [`Locked`](JournalError::Locked)
    /// when another process keeps it busy for more than 30 seconds.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        let patience = Patience::default();
        let shared = Shared::open(Location::of(path.as_ref())?, &patience)?;
        Ok(Self { shared, patience, portion: None })
    }

    /// Opens the journal at this path for reading, also by a second path or while a backup has made a hard link. Every write is
    /// refused as [`SecondPath`](JournalError::SecondPath).
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_for_reading(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        Self::open_alone(path.as_ref(), Purpose::Read)
    }

    /// Opens the journal without sharing it with others in this process.
    fn open_alone(path: &Path, purpose: Purpose) -> Result<Self, JournalError> {
        let patience = Patience::default();
        let opened = open::open(Location::of(path)?, purpose, &patience)?;
        Ok(Self { shared: Arc::new(Shared::new(opened)), patience, portion: None })
    }

    fn site(&self) -> &Site {
        &self.shared.engine.site
    }

    /// Sets how long after the last write the write-ahead log is written into the database file: 100 milliseconds unless it is set.
    /// It holds for all that have the file open in this process.
    ///
    /// The delay does not change what is durable: every event is, before its write returns. A copy of the database file alone lacks
    /// what is still in the log. The daily check in the background begins only after the log is written.
    pub fn set_checkpoint_delay(&self, delay: Duration) {
        self.shared.engine.set_checkpoint_delay(delay);
    }

    /// Writes the write-ahead log into the database file now, as far as no other process still reads an earlier state.
    ///
    /// # Errors
    /// [`Locked`](JournalError::Locked) when another process writes for longer than the patience of this journal, and
    /// [`Unwritable`](JournalError::Unwritable) when the disk fails.
    pub fn checkpoint(&self) -> Result<(), JournalError> {
        self.check_writable()?;
        self.shared.engine.alone(self.patience.wait(), |pen| pen.tidy(self.site()))
    }

    /// Checks and writes in one transaction that excludes all other writers from its first read on. Before and after it the
    /// path has to lead to the open file.
    fn write<T>(
        &self,
        care: Care,
        write: impl FnOnce(&mut Writer<'_>) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        self.check_writable()?;
        let written = self.shared.engine.write(&self.patience, care, write)?;
        self.shared.keep();
        Ok(written)
    }

    fn check_writable(&self) -> Result<(), JournalError> {
        if self.site().reads_only {
            return Err(JournalError::SecondPath { what: "it was opened for reading alone" });
        }
        Ok(())
    }

    /// Reads in one snapshot, in which no other process writes.
    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, JournalError>) -> Result<T, JournalError> {
        self.shared.engine.read(|connection, _| read(connection))
    }
}

impl fmt::Debug for SqliteJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteJournal").field("file", &self.site().location.file).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use caisse_payment::{Amount, Currency, Operation, Transaction};

    use super::*;
    use crate::{Change, Event, Journal, RecordedEvent, Store, WallTime, rules};

    fn journal() -> (tempfile::TempDir, SqliteJournal) {
        let folder = tempfile::tempdir().unwrap();
        let journal = SqliteJournal::open(folder.path().join("journal.db")).unwrap();
        (folder, journal)
    }

    fn debit(id: &str, terminal: &str) -> Transaction {
        let (id, terminal, dialect) = (id.parse().unwrap(), terminal.parse().unwrap(), "d".parse().unwrap());
        Transaction::new(id, Operation::Debit, Amount::from_minor(1, Currency::EUR), terminal, dialect)
    }

    fn start(journal: &mut SqliteJournal, number: u64) -> Result<(), JournalError> {
        let debit = debit(&format!("a{number}"), &format!("t{number}"));
        journal.append(&debit.id, &Event::Started(debit), WallTime::from_millis(1))
    }

    /// What makes an acknowledged write durable, and the file harmless.
    #[test]
    fn connections_are_set_up_to_be_durable() {
        let (_folder, journal) = journal();
        for (name, expected) in [
            ("synchronous", 1),
            ("fullfsync", 1),
            ("checkpoint_fullfsync", 1),
            ("foreign_keys", 1),
            ("trusted_schema", 0),
            ("cell_size_check", 1),
            ("wal_autocheckpoint", 0),
            ("busy_timeout", 5000),
        ] {
            let value = |connection: &Connection| {
                Ok(connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0))?)
            };
            assert_eq!(journal.read(value).unwrap(), expected, "{name}");
        }
        let defensive = rusqlite::config::DbConfig::SQLITE_DBCONFIG_DEFENSIVE;
        assert!(journal.read(|connection| Ok(connection.db_config(defensive)?)).unwrap());
    }

    #[test]
    fn a_full_disk_writes_nothing() {
        let (_folder, journal) = journal();
        let page_count = |connection: &Connection| {
            Ok(connection.pragma_query_value(None, "page_count", |row| row.get::<_, i64>(0))?)
        };
        let pages = journal.read(page_count).unwrap();
        let limit = |pages: i64| {
            let set = |connection: &Connection| {
                Ok(connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?)
            };
            journal.read(set).unwrap();
        };
        limit(pages + 2);
        let mut writing = journal.clone();
        let mut written = 0;
        let error = loop {
            match start(&mut writing, written) {
                Ok(()) if written < 10_000 => written += 1,
                Ok(()) => panic!("the disk never fills"),
                Err(error) => break error,
            }
        };
        assert!(matches!(&error, JournalError::Unwritable { what } if what.contains("full")), "{error:?}");
        assert!(written > 0);
        let kept = |journal: &SqliteJournal| u64::try_from(journal.list().unwrap().len()).unwrap();
        assert_eq!(kept(&journal), written);
        // With room again the same entry goes in, under the next number.
        limit(pages + 50);
        start(&mut writing, written).unwrap();
        assert_eq!(kept(&journal), written + 1);
        journal.read(|connection| check::all(connection, &mut |_| {})).unwrap();
    }

    /// With the transactions of a year in it, no question reads more than its answer.
    #[test]
    fn every_look_up_has_an_index() {
        let (_folder, journal) = journal();
        for (condition, index) in [
            ("transactions WHERE terminal = 'a' AND UNRESOLVED", "unresolved"),
            ("transactions WHERE UNRESOLVED", "unresolved"),
            ("transactions WHERE disputed = 1", "disputed"),
            ("transactions WHERE id = 'a'", "PRIMARY KEY"),
            ("transactions WHERE original = 'a'", "transactions_by_original"),
            ("events WHERE id = 'a' ORDER BY number", "events_by_id"),
            ("events WHERE number = 7", "PRIMARY KEY"),
            ("events WHERE original = 'a'", "events_by_original"),
        ] {
            let condition = condition.replace("UNRESOLVED", state::UNRESOLVED);
            let query = format!("EXPLAIN QUERY PLAN SELECT * FROM {condition}");
            let explain = |connection: &Connection| {
                let mut statement = connection.prepare(&query)?;
                let plan = statement.query_map([], |row| row.get::<_, String>(3))?;
                Ok(plan.collect::<Result<Vec<_>, _>>()?)
            };
            let plan = journal.read(explain).unwrap();
            assert!(matches!(plan.as_slice(), [step] if step.contains(index)), "{condition}: {plan:?}");
        }
    }

    /// The database itself holds one doubt per terminal, should our own question ever miss one.
    #[test]
    fn the_table_refuses_a_second_doubt() {
        let (_folder, mut journal) = journal();
        start(&mut journal, 1).unwrap();
        let second = debit("a2", "t1");
        let recorded = RecordedEvent { at: WallTime::from_millis(1), event: Event::Started(second) };
        let record = rules::replay(&second.id, None, &recorded).unwrap();
        let change = Change { record, events: vec![recorded] };
        let error = journal.update(Care::Strict, &mut |_| Ok(change.clone())).unwrap_err();
        assert!(error.to_string().contains("UNIQUE"), "{error}");
    }
}
