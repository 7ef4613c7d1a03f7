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
mod state;
mod turn;
mod unit;
mod writing;

use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use caisse_payment::{AuthorisationNumber, Reference, TerminalId, TransactionId};
use rusqlite::Connection;

use crate::rules;
use crate::{
    Decision, Event, Journal, JournalError, LockError, Patience, Record, RecordedEvent, State, TerminalKey,
    TerminalLock, WallTime,
};
use engine::Shared;
use location::{Care, Location};
use open::{Purpose, Site};
use records::{Reader, Walk};
use state::OpenTransaction;
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

    /// Checks and writes in one transaction that excludes all other writers from its first read on. Before and after it the
    /// path has to lead to the open file.
    fn write<T>(
        &self,
        care: Care,
        write: impl FnOnce(&mut Writer<'_>) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        if self.site().reads_only {
            return Err(JournalError::SecondPath { what: "it was opened for reading alone" });
        }
        let written = self.shared.engine.write(&self.patience, care, write)?;
        self.shared.keep();
        Ok(written)
    }

    /// Reads in one snapshot, in which no other process writes.
    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, JournalError>) -> Result<T, JournalError> {
        self.shared.engine.read(|connection, _| read(connection))
    }

    /// The transactions that are not final and meet a condition, oldest first.
    fn open_records(&self, meets: impl Fn(&OpenTransaction) -> bool) -> Result<Vec<Record>, JournalError> {
        self.shared.engine.read(|connection, current| {
            let current = pen::load(current, connection)?;
            let mut met = current.open().filter(|open| meets(open)).peekable();
            if met.peek().is_none() {
                return Ok(Vec::new());
            }
            let mut reader = Reader::new(connection)?;
            met.map(|open| Ok(reader.known(&open.id)?.row.tracked.record)).collect()
        })
    }

    /// Keeps a connection of SQLite open until the last terminal is unlocked: with the last connection SQLite closes the file,
    /// and the system would drop the locks of the terminals with it.
    #[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
    fn keep_open(&self) -> Result<(), LockError> {
        let opened = Connection::open(&self.site().location.file).and_then(|connection| {
            // A connection locks the file when it reads it for the first time, and stays so in this mode.
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
            Ok(connection)
        });
        let connection = opened.map_err(|error| LockError::Io { what: error.to_string() })?;
        self.site().file.keep(connection);
        Ok(())
    }
}

impl fmt::Debug for SqliteJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteJournal").field("file", &self.site().location.file).finish_non_exhaustive()
    }
}

impl Journal for SqliteJournal {
    fn set_patience(&mut self, patience: Patience) {
        self.patience = patience;
    }

    fn lock(&self, terminal: &TerminalId) -> Result<TerminalLock, LockError> {
        let lock = self.site().file.lock(terminal)?;
        #[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
        self.keep_open()?;
        Ok(lock)
    }

    fn append(&mut self, id: &TransactionId, event: &Event, at: WallTime) -> Result<(), JournalError> {
        let care = match event {
            Event::Started(_) | Event::Overridden(_) => Care::Strict,
            Event::Ended(_) | Event::NeverSent(..) | Event::Resolved(_) | Event::Disputed(_) => Care::Lenient,
        };
        self.write(care, |writer| writer.append(id, event, at))
    }

    fn find(&self, id: &TransactionId) -> Result<Option<Record>, JournalError> {
        self.read(|connection| Ok(records::find(connection, id)?.map(|stored| stored.row.tracked.record)))
    }

    fn unresolved(&self, terminal: &TerminalId) -> Result<Vec<Record>, JournalError> {
        let mut records = self.open_records(|open| open.terminal == *terminal)?;
        records.retain(|record| record.state() == State::Unresolved);
        Ok(records)
    }

    fn unresolved_at(&self, key: &TerminalKey) -> Result<Vec<Record>, JournalError> {
        let mut records = self.open_records(|open| open.may_be_at(key))?;
        records.retain(|record| record.state() == State::Unresolved);
        Ok(records)
    }

    fn list(&self) -> Result<Vec<Record>, JournalError> {
        let mut records = Vec::new();
        self.visit(&mut |record| {
            records.push(record.clone());
            ControlFlow::Continue(())
        })?;
        Ok(records)
    }

    fn visit(&self, visit: &mut dyn FnMut(&Record) -> ControlFlow<()>) -> Result<(), JournalError> {
        let mut after = None;
        loop {
            // Not within one read: the visitor may take its time, and may read further ones.
            let records = self.read(|connection| records::next_of_all(connection, &mut after))?;
            if records.is_empty() || records.iter().try_for_each(&mut *visit).is_break() {
                return Ok(());
            }
        }
    }

    fn walk_back(
        &self,
        key: &TerminalKey,
        see: &mut dyn FnMut(&Record) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        let mut walk: Option<Walk> = None;
        loop {
            // Not within one read: the visitor may read further ones.
            let records = self.shared.engine.read(|connection, current| {
                let walk = match &mut walk {
                    Some(walk) => walk,
                    none => none.insert(Walk::new(pen::load(current, connection)?, key)),
                };
                walk.next(connection)
            })?;
            if records.is_empty() || records.iter().try_for_each(&mut *see).is_break() {
                return Ok(());
            }
        }
    }

    fn unsettled(&self) -> Result<Vec<Record>, JournalError> {
        self.open_records(|_| true)
    }

    fn naming_original(&self, original: &TransactionId) -> Result<Vec<Record>, JournalError> {
        self.read(|connection| records::naming_original(connection, original))
    }

    fn with_authorisation(&self, number: &AuthorisationNumber) -> Result<Vec<Record>, JournalError> {
        self.read(|connection| records::with_authorisation(connection, number))
    }

    fn with_reference(&self, reference: &Reference) -> Result<Vec<Record>, JournalError> {
        self.read(|connection| records::with_reference(connection, reference))
    }

    fn events(&self, id: &TransactionId) -> Result<Vec<RecordedEvent>, JournalError> {
        self.read(|connection| {
            Ok(records::find(connection, id)?.map_or_else(Vec::new, |stored| stored.events))
        })
    }

    fn resolve(
        &mut self,
        lock: &TerminalLock,
        id: &TransactionId,
        decision: &Decision,
        at: WallTime,
    ) -> Result<(), JournalError> {
        self.write(Care::Lenient, |writer| {
            let existing = records::find(writer.connection, id)?.ok_or(JournalError::NotUnresolved)?;
            let naming = records::naming_original(writer.connection, id)?;
            let (tracked, event) = rules::resolve(lock, decision, at, Some(&existing.row.tracked), &naming)?;
            writer.add(&existing, tracked, RecordedEvent { at, event })
        })
    }
}

#[cfg(test)]
mod tests {
    use caisse_payment::{Amount, Currency, Operation, Transaction};

    use super::*;

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
        let error = journal
            .write(Care::Strict, |writer| {
                let (at, event) = (WallTime::from_millis(1), Event::Started(second));
                let (tracked, _) = rules::append(&second.id, &event, at, 2, None, true)?;
                let first = Reader::new(writer.connection)?.known(&"a1".parse().unwrap())?;
                writer.add(&first, tracked, RecordedEvent { at, event })
            })
            .unwrap_err();
        assert!(error.to_string().contains("UNIQUE"), "{error}");
    }
}
