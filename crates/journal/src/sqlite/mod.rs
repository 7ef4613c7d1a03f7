//! The journal in a SQLite file.

mod backup;
mod byte_locks;
mod chain;
mod check;
mod columns;
mod failures;
mod forgetting;
mod forgotten;
mod format;
#[cfg(test)]
mod gates;
mod identity;
mod location;
mod mark;
mod older_copy;
mod open;
mod part;
mod records;
mod registry;
mod salvage;
mod state;
mod unit;
mod writing;

use std::cell::RefCell;
use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use caisse_payment::entry::Entry;
use caisse_payment::{AuthorisationNumber, Reference, TerminalId, TransactionId};
use rusqlite::Connection;

use crate::rules;
use crate::{
    Decision, Dispute, Event, Journal, JournalError, LockError, Order, Record, State, TerminalKey,
    TerminalLock, WallTime, What,
};
use chain::Tail;
use identity::Stamp;
use location::{Care, Location, Log};
use open::{Opened, Purpose};
use records::Reader;
use registry::OpenFile;
use state::{Current, OpenTransaction};
use unit::{Kind, Unit};
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
/// ```
/// use caisse_journal::{Journal, SqliteJournal};
///
/// let folder = tempfile::tempdir()?;
/// let journal = SqliteJournal::open(folder.path().join("journal.db"))?;
/// assert!(journal.list()?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SqliteJournal {
    connection: Connection,
    location: Location,
    file: Arc<OpenFile>,
    log: Option<Log>,
    /// The last event that this journal has written, or read when it was opened.
    last: Tail,
    /// The open transactions and the terminals after the last event that was read or written.
    current: RefCell<Option<Arc<Current>>>,
    /// The state of the file after the last check or write of this journal.
    stamp: Stamp,
    /// Whether the path may be a second one, by which nothing is written.
    reads_only: bool,
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
    /// when another process keeps it busy for more than five seconds.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        open::open(path.as_ref(), Purpose::Use).map(Self::from)
    }

    /// Opens the journal at this path for reading, also by a second path or while a backup has made a hard link. Every write is
    /// refused as [`SecondPath`](JournalError::SecondPath).
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_for_reading(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        let mut journal = Self::from(open::open(path.as_ref(), Purpose::Read)?);
        journal.reads_only = true;
        Ok(journal)
    }

    /// Checks and writes in one transaction that excludes all other writers from its first read on. Before and after it the
    /// path has to lead to the open file.
    fn write<T>(
        &mut self,
        care: Care,
        write: impl FnOnce(&mut Writer<'_>) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        if self.reads_only {
            return Err(JournalError::SecondPath { what: "it was opened for reading alone" });
        }
        self.check_log()?;
        self.location.check(&self.file, care)?;
        self.check_again_if_changed()?;
        let transaction = Unit::begin(&self.connection, Kind::Write)?;
        mark::check_contains(&transaction, &self.last)?;
        let mut current = self.current(&transaction)?;
        // Read again after a write that failed.
        self.current.take();
        let value = write(&mut Writer { connection: &transaction, current: Arc::make_mut(&mut current) })?;
        transaction.commit()?;
        let last = current.tail;
        self.current.replace(Some(current));
        self.last = last;
        let stamp = self.location.stamp();
        self.stamp = *stamp.as_ref().unwrap_or(&self.stamp);
        self.location.write_mark(&self.file, &self.last, self.stamp);
        self.check_log()?;
        self.location.check(&self.file, care)?;
        Ok(value)
    }

    /// Reads in one snapshot, in which no other process writes.
    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T, JournalError>) -> Result<T, JournalError> {
        // A visitor of transactions may read further ones.
        if !self.connection.is_autocommit() {
            return read(&self.connection);
        }
        let snapshot = Unit::begin(&self.connection, Kind::Read)?;
        read(&snapshot)
    }

    /// The open transactions and the terminals, as the last event leaves them.
    fn current(&self, connection: &Connection) -> Result<Arc<Current>, JournalError> {
        let tail = Tail::of(connection)?;
        if let Some(known) = self.current.borrow().as_ref().filter(|known| known.tail == tail) {
            return Ok(Arc::clone(known));
        }
        let current = Arc::new(Current::load(connection)?);
        self.current.replace(Some(Arc::clone(&current)));
        Ok(current)
    }

    /// The transactions that are not final and meet a condition, oldest first.
    fn open_records(&self, meets: impl Fn(&OpenTransaction) -> bool) -> Result<Vec<Record>, JournalError> {
        self.read(|connection| {
            let current = self.current(connection)?;
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
        let opened = Connection::open(&self.location.file).and_then(|connection| {
            // A connection locks the file when it reads it for the first time, and stays so in this mode.
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
            Ok(connection)
        });
        let connection = opened.map_err(|error| LockError::Io { what: error.to_string() })?;
        self.file.keep(connection);
        Ok(())
    }

    /// Checks that the write-ahead log is still the one that is open.
    fn check_log(&self) -> Result<(), JournalError> {
        if self.location.log() == self.log {
            return Ok(());
        }
        // Whoever opens the path later finds that payments were here.
        self.location.write_mark(&self.file, &self.last, self.stamp);
        Err(JournalError::Replaced { what: "its -wal or -shm file was removed or replaced" })
    }

    /// Opens the file anew, with all its checks, if something wrote to the file that left no mark of it: a copy may have been
    /// written over the content. What SQLite has read of the file before is then worth nothing.
    fn check_again_if_changed(&mut self) -> Result<(), JournalError> {
        let stamp = self.location.stamp()?;
        let is_marked = || self.location.marks().iter().any(|mark| mark.stamp == stamp);
        if stamp == self.stamp || is_marked() {
            return Ok(());
        }
        open::empty_log(&self.connection)?;
        let opened = open::open(&self.location.file, Purpose::Use)?;
        if opened.file.identity() != self.file.identity() {
            return Err(JournalError::Replaced { what: "another file was put in the place of its file" });
        }
        mark::check_contains(&opened.connection, &self.last)?;
        *self = Self::from(opened);
        Ok(())
    }
}

impl From<Opened> for SqliteJournal {
    fn from(opened: Opened) -> Self {
        let Opened { connection, location, file, log, current, stamp } = opened;
        let last = current.tail;
        let current = RefCell::new(Some(Arc::new(current)));
        Self { connection, location, file, log, last, current, stamp, reads_only: false, portion: None }
    }
}

/// Before the last connection of all closes, SQLite writes into the file what is only in its log so far, and the mark would not
/// cover the file any more.
impl Drop for SqliteJournal {
    fn drop(&mut self) {
        let is_marked = |stamp| self.location.marks().first().is_some_and(|mark| mark.stamp == stamp);
        let Ok(before) = self.location.stamp() else { return };
        if self.reads_only || self.location.log() != self.log || !is_marked(before) {
            return;
        }
        let _ = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let (Ok(after), Ok(tail)) = (self.location.stamp(), Tail::of(&self.connection))
            && after != before
        {
            self.location.write_mark(&self.file, &tail, after);
        }
    }
}

impl fmt::Debug for SqliteJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteJournal").field("file", &self.location.file).finish_non_exhaustive()
    }
}

impl Journal for SqliteJournal {
    fn lock(&self, terminal: &TerminalId) -> Result<TerminalLock, LockError> {
        let lock = self.file.lock(terminal)?;
        #[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
        self.keep_open()?;
        Ok(lock)
    }

    fn append(&mut self, entry: &Entry, at: WallTime) -> Result<(), JournalError> {
        let care = match entry {
            Entry::Started(_) => Care::Strict,
            Entry::Ended(_) | Entry::NeverSent(..) => Care::Lenient,
        };
        self.write(care, |writer| writer.append(entry, at))
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
        self.read(|connection| records::visit(connection, visit))
    }

    fn walk_back(
        &self,
        key: &TerminalKey,
        see: &mut dyn FnMut(&Record) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        self.read(|connection| records::walk_back(connection, &*self.current(connection)?, key, see))
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

    fn events(&self, id: &TransactionId) -> Result<Vec<Event>, JournalError> {
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
            let (tracked, what) = rules::resolve(lock, decision, at, Some(&existing.row.tracked), &naming)?;
            writer.add(&existing, tracked, Event { at, what })
        })
    }

    fn dispute(&mut self, id: &TransactionId, dispute: &Dispute, at: WallTime) -> Result<(), JournalError> {
        self.write(Care::Lenient, |writer| {
            let existing = records::find(writer.connection, id)?.ok_or(JournalError::Conflict)?;
            let tracked = rules::dispute(dispute, Some(&existing.row.tracked))?;
            writer.add(&existing, tracked, Event { at, what: What::Disputed(dispute.clone()) })
        })
    }

    fn order(&mut self, id: &TransactionId, order: &Order, at: WallTime) -> Result<(), JournalError> {
        self.write(Care::Strict, |writer| {
            let existing = records::find(writer.connection, id)?.ok_or(JournalError::Conflict)?;
            let tracked = rules::order(order, Some(&existing.row.tracked))?;
            writer.add(&existing, tracked, Event { at, what: What::Ordered(order.clone()) })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal() -> (tempfile::TempDir, SqliteJournal) {
        let folder = tempfile::tempdir().unwrap();
        let journal = SqliteJournal::open(folder.path().join("journal.db")).unwrap();
        (folder, journal)
    }

    fn started(number: u64) -> Entry {
        use caisse_payment::entry::{Content, Start};
        let content = Content {
            operation: caisse_payment::Operation::Debit,
            original: None,
            amount: caisse_payment::Amount::from_minor(1, caisse_payment::Currency::EUR),
            allow_partial: false,
            allow_tip: None,
            terminal: format!("t{number}").parse().unwrap(),
            register: caisse_payment::Register::FIRST,
            reference: None,
        };
        Entry::Started(Start {
            id: format!("a{number}").parse().unwrap(),
            content,
            dialect: "d".parse().unwrap(),
            address: None,
            usb: None,
        })
    }

    /// What makes an acknowledged write durable, and the file harmless.
    #[test]
    fn connections_are_set_up_to_be_durable() {
        let (_folder, journal) = journal();
        for (name, expected) in [
            ("synchronous", 2),
            ("fullfsync", 1),
            ("checkpoint_fullfsync", 1),
            ("foreign_keys", 1),
            ("trusted_schema", 0),
            ("cell_size_check", 1),
            ("wal_autocheckpoint", 1),
            ("busy_timeout", 5000),
        ] {
            let value: i64 = journal.connection.pragma_query_value(None, name, |row| row.get(0)).unwrap();
            assert_eq!(value, expected, "{name}");
        }
        let defensive = rusqlite::config::DbConfig::SQLITE_DBCONFIG_DEFENSIVE;
        assert!(journal.connection.db_config(defensive).unwrap());
    }

    #[test]
    fn a_full_disk_writes_nothing() {
        let (_folder, mut journal) = journal();
        let pages: i64 = journal.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        journal.connection.pragma_update_and_check(None, "max_page_count", pages + 2, |_| Ok(())).unwrap();
        let mut written = 0;
        let error = loop {
            match journal.append(&started(written), WallTime::from_millis(1)) {
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
        journal.connection.pragma_update_and_check(None, "max_page_count", pages + 50, |_| Ok(())).unwrap();
        journal.append(&started(written), WallTime::from_millis(1)).unwrap();
        assert_eq!(kept(&journal), written + 1);
        check::all(&journal.connection, &mut |_| {}).unwrap();
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
            let mut statement = journal.connection.prepare(&query).unwrap();
            let plan = statement.query_map([], |row| row.get::<_, String>(3)).unwrap();
            let plan: Vec<_> = plan.map(Result::unwrap).collect();
            assert!(matches!(plan.as_slice(), [step] if step.contains(index)), "{condition}: {plan:?}");
        }
    }

    /// The database itself holds one doubt per terminal, should our own question ever miss one.
    #[test]
    fn the_table_refuses_a_second_doubt() {
        let (_folder, mut journal) = journal();
        journal.append(&started(1), WallTime::from_millis(1)).unwrap();
        let Entry::Started(mut second) = started(1) else { unreachable!() };
        second.id = "a2".parse().unwrap();
        let error = journal
            .write(Care::Strict, |writer| {
                let (tracked, _) =
                    rules::append(&Entry::Started(second), WallTime::from_millis(1), 2, None, true)?;
                let first = Reader::new(writer.connection)?.known(&"a1".parse().unwrap())?;
                let event = Event { at: WallTime::from_millis(1), what: What::Started(second) };
                writer.add(&first, tracked, event)
            })
            .unwrap_err();
        assert!(error.to_string().contains("UNIQUE"), "{error}");
    }
}
