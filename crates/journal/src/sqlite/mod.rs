//! The journal in a SQLite file.

mod byte_locks;
mod chain;
mod columns;
mod forgetting;
mod identity;
mod location;
mod mark;
mod migration;
mod older_copy;
mod open;
mod registry;

use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use caisse_payment::entry::{Entry, Start};
use caisse_payment::{TerminalId, TransactionId, UsbIdentity};
use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, Row, TransactionBehavior, ffi, params, params_from_iter};

use crate::rules::{self, Tracked};
use crate::{
    Decision, Dispute, Event, Journal, JournalError, LockError, Order, Record, TerminalKey, TerminalLock,
    WallTime, What,
};
use caisse_settlement::settle::blocks;
use chain::Tail;
use columns::EventRow;
use identity::Stamp;
use location::{Care, Location, Log};
use open::{Opened, Purpose};
use registry::OpenFile;

pub use forgetting::Forgotten;
pub use older_copy::AcceptedCopy;

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
    /// The last event that this journal has read or written.
    last: Tail,
    /// The state of the file after the last check or write of this journal.
    stamp: Stamp,
    /// Whether the path may be a second one, by which nothing is written.
    reads_only: bool,
}

impl SqliteJournal {
    /// Opens the journal at this path, or creates it in a folder that exists. The whole file is read and checked, which
    /// takes a time in proportion to it.
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
        Ok(Self { reads_only: true, ..open::open(path.as_ref(), Purpose::Read)?.into() })
    }

    /// Checks and writes in one transaction that excludes all other writers from its first read on. Before and after it the
    /// path has to lead to the open file.
    fn write<T>(
        &mut self,
        care: Care,
        write: impl FnOnce(&Connection) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        if self.reads_only {
            return Err(JournalError::SecondPath { what: "it was opened for reading alone" });
        }
        self.check_log()?;
        self.location.check(&self.file, care)?;
        self.check_again_if_changed()?;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        mark::check_contains(&transaction, &self.last)?;
        let value = write(&transaction)?;
        let last = Tail::of(&transaction)?;
        transaction.commit()?;
        self.last = last;
        let stamp = self.location.stamp();
        self.stamp = *stamp.as_ref().unwrap_or(&self.stamp);
        self.location.write_mark(&self.file, &self.last, self.stamp);
        self.check_log()?;
        self.location.check(&self.file, care)?;
        Ok(value)
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
        let Opened { connection, location, file, log, tail: last, stamp } = opened;
        Self { connection, location, file, log, last, stamp, reads_only: false }
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
        self.write(care, |connection| {
            let existing = find(connection, &entry.id())?;
            let clear = match entry {
                Entry::Started(start) => {
                    !perhaps_blocking(connection, start)?.iter().any(|other| blocks(&other.start, start))
                }
                Entry::Ended(_) | Entry::NeverSent(..) => true,
            };
            let tail = Tail::of(connection)?;
            let (tracked, dispute) = rules::append(entry, at, tail.next(), existing.as_ref(), clear)?;
            put(connection, existing.as_ref(), &tracked, Event { at, what: (*entry).into() })?;
            match dispute {
                Some(dispute) => put_event(connection, &tracked, Event { at, what: What::Disputed(dispute) }),
                None => Ok(()),
            }
        })
    }

    fn find(&self, id: &TransactionId) -> Result<Option<Record>, JournalError> {
        Ok(find(&self.connection, id)?.map(|tracked| tracked.record))
    }

    fn unresolved(&self, terminal: &TerminalId) -> Result<Vec<Record>, JournalError> {
        unresolved(&self.connection, terminal)
    }

    fn unresolved_at(&self, place: &TerminalKey) -> Result<Vec<Record>, JournalError> {
        let mut records =
            transactions(&self.connection, &format!("WHERE {UNRESOLVED} ORDER BY started_event"), &[])?;
        records.retain(|record| place.may_be_of(&record.start));
        Ok(records)
    }

    fn list(&self) -> Result<Vec<Record>, JournalError> {
        transactions(&self.connection, "ORDER BY started_event", &[])
    }

    /// Goes back along the events that began an attempt.
    fn walk_back(
        &self,
        place: &TerminalKey,
        see: &mut dyn FnMut(&Record) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        let begun =
            "SELECT id, number FROM events WHERE what IN ('started', 'never_sent') ORDER BY number DESC";
        let by_id = format!("{} WHERE id = ?1 AND started_event = ?2", select_transactions());
        let (mut begun, mut by_id) = (self.connection.prepare(begun)?, self.connection.prepare(&by_id)?);
        let mut begun = begun.query([])?;
        while let Some(event) = begun.next()? {
            let (id, number): (String, i64) = (event.get(0)?, event.get(1)?);
            let mut found = by_id.query(params![id, number])?;
            let Some(row) = found.next()? else { continue };
            let record = tracked(row)?.record;
            if place.may_be_of(&record.start) && see(&record).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn events(&self, id: &TransactionId) -> Result<Vec<Event>, JournalError> {
        let query = format!("{} WHERE id = ?1 ORDER BY number", select("events", columns::EVENT));
        let mut statement = self.connection.prepare(&query)?;
        let mut rows = statement.query([id.as_str()])?;
        let mut events = Vec::new();
        while let Some(row) = rows.next()? {
            events.push(columns::decode_event(&row_values(row, columns::EVENT.len())?)?.event);
        }
        Ok(events)
    }

    fn resolve(
        &mut self,
        lock: &TerminalLock,
        id: &TransactionId,
        decision: &Decision,
        at: WallTime,
    ) -> Result<(), JournalError> {
        self.write(Care::Lenient, |connection| {
            let existing = find(connection, id)?;
            let naming = transactions(connection, "WHERE original = ?1", &[id.as_str()])?;
            let (tracked, what) = rules::resolve(lock, decision, at, existing.as_ref(), &naming)?;
            put(connection, existing.as_ref(), &tracked, Event { at, what })
        })
    }

    fn dispute(&mut self, id: &TransactionId, dispute: &Dispute, at: WallTime) -> Result<(), JournalError> {
        self.write(Care::Lenient, |connection| {
            let tracked = rules::dispute(dispute, find(connection, id)?.as_ref())?;
            let event = Event { at, what: What::Disputed(dispute.clone()) };
            put_event(connection, &tracked, event)
        })
    }

    fn order(&mut self, id: &TransactionId, order: &Order, at: WallTime) -> Result<(), JournalError> {
        self.write(Care::Strict, |connection| {
            let tracked = rules::order(order, find(connection, id)?.as_ref())?;
            let event = Event { at, what: What::Ordered(order.clone()) };
            put_event(connection, &tracked, event)
        })
    }
}

fn select(table: &str, columns: &[&str]) -> String {
    format!("SELECT {} FROM {table}", columns.join(", "))
}

fn row_values(row: &Row<'_>, columns: usize) -> Result<Vec<Value>, JournalError> {
    Ok((0..columns).map(|column| row.get(column)).collect::<Result<_, _>>()?)
}

fn find(connection: &Connection, id: &TransactionId) -> Result<Option<Tracked>, JournalError> {
    let query = format!("{} WHERE id = ?1", select_transactions());
    let mut statement = connection.prepare(&query)?;
    let mut rows = statement.query([id.as_str()])?;
    rows.next()?.map(tracked).transpose()
}

/// The rows of the transactions; whether their events know of a dispute that no decision has settled; and what stands in the
/// event that began, and in the event that ended.
fn select_transactions() -> String {
    let columns = columns::TRANSACTION.join(", ");
    let of_start = columns::OF_START.iter().map(|column| {
        format!("(SELECT {column} FROM events WHERE events.number = transactions.started_event)")
    });
    let of_end = columns::OF_END.iter().map(|column| {
        format!(
            "(SELECT {column} FROM events WHERE events.id = transactions.id \
             AND events.number >= transactions.started_event AND what IN ('ended', 'never_sent'))"
        )
    });
    let of_events = of_start.chain(of_end).collect::<Vec<_>>().join(", ");
    format!(
        "SELECT {columns}, coalesce((SELECT what = 'disputed' FROM events WHERE events.id = transactions.id \
         AND what <> 'ended' ORDER BY number DESC LIMIT 1), 0), {of_events} FROM transactions"
    )
}

fn tracked(row: &Row<'_>) -> Result<Tracked, JournalError> {
    let own = columns::TRANSACTION.len();
    let events = own.saturating_add(1).saturating_add(columns::OF_START.len());
    let all = row_values(row, events.saturating_add(columns::OF_END.len()))?;
    let (own_values, of_events) = all.split_at(own);
    let mut tracked = columns::decode_transaction(own_values)?;
    tracked.record.disputed = row.get(own)?;
    let (of_start, of_end) = of_events.split_at(columns::OF_START.len().saturating_add(1));
    columns::complete(&mut tracked.record, of_start.get(1..).unwrap_or_default(), of_end)?;
    Ok(tracked)
}

/// The words of the index of this name, so that SQLite uses it.
const UNRESOLVED: &str = "decision IS NULL AND (outcome IS NULL OR outcome NOT IN \
     ('approved', 'partially_approved', 'declined', 'cancelled', 'not_sent', 'blocked'))";

fn unresolved(connection: &Connection, terminal: &TerminalId) -> Result<Vec<Record>, JournalError> {
    let condition = format!("WHERE terminal = ?1 AND {UNRESOLVED} ORDER BY started_event");
    transactions(connection, &condition, &[terminal.as_str()])
}

/// The unresolved transactions that may exclude this start: all that [`blocks`] could find, and few others.
fn perhaps_blocking(connection: &Connection, start: &Start) -> Result<Vec<Record>, JournalError> {
    let condition = format!(
        "WHERE {UNRESOLVED} AND (terminal IN (?1, ?2) OR EXISTS (SELECT 1 FROM events \
         WHERE number = started_event AND (address IN (?1, ?2) OR usb = ?3))) ORDER BY started_event"
    );
    let terminal = start.content.terminal;
    // No address and no device is written as an empty text.
    let address = start.address.as_ref().map_or("", TerminalId::as_str);
    let usb = start.usb.as_ref().map_or("", UsbIdentity::as_str);
    transactions(connection, &condition, &[terminal.as_str(), address, usb])
}

fn transactions(
    connection: &Connection,
    condition: &str,
    parameters: &[&str],
) -> Result<Vec<Record>, JournalError> {
    let query = format!("{} {condition}", select_transactions());
    let mut statement = connection.prepare(&query)?;
    let mut rows = statement.query(params_from_iter(parameters))?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(tracked(row)?.record);
    }
    Ok(records)
}

/// Writes what the transaction has become, and the event that made it so. A row that stays the same is not written: a dispute
/// is in the events alone.
fn put(
    connection: &Connection,
    existing: Option<&Tracked>,
    tracked: &Tracked,
    event: Event,
) -> Result<(), JournalError> {
    let row = columns::encode_transaction(tracked);
    if existing.is_some_and(|existing| columns::encode_transaction(existing) == row) {
        return put_event(connection, tracked, event);
    }
    let names = columns::TRANSACTION;
    let changes: Vec<_> = names.iter().map(|name| format!("{name} = excluded.{name}")).collect();
    let write =
        format!("{} ON CONFLICT (id) DO UPDATE SET {}", insert("transactions", names), changes.join(", "));
    connection.prepare(&write)?.execute(params_from_iter(row))?;
    put_event(connection, tracked, event)
}

/// Writes an event of a transaction.
fn put_event(connection: &Connection, tracked: &Tracked, event: Event) -> Result<(), JournalError> {
    let tail = Tail::of(connection)?;
    let mut row = EventRow {
        number: tail.next(),
        id: tracked.record.start.id,
        event,
        currency: tracked.record.start.content.amount.currency(),
        chain: String::new(),
    };
    let values = columns::encode_event(&row);
    row.chain = chain::link(&tail.chain, columns::hashed(&values));
    let write = insert("events", columns::EVENT);
    connection.prepare(&write)?.execute(params_from_iter(columns::encode_event(&row)))?;
    Ok(())
}

fn insert(table: &str, columns: &[&str]) -> String {
    let places: Vec<_> = (1..=columns.len()).map(|place| format!("?{place}")).collect();
    format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), places.join(", "))
}

impl From<rusqlite::Error> for JournalError {
    fn from(error: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(failure, _) = &error else {
            // A column of another type, text that is not UTF-8: not what we wrote.
            return Self::corrupt(error.to_string());
        };
        // What a place without locks, or without shared memory, comes as.
        if matches!(
            failure.extended_code,
            ffi::SQLITE_IOERR_LOCK
                | ffi::SQLITE_IOERR_UNLOCK
                | ffi::SQLITE_IOERR_RDLOCK
                | ffi::SQLITE_IOERR_CHECKRESERVEDLOCK
                | ffi::SQLITE_IOERR_SHMLOCK
                | ffi::SQLITE_IOERR_SHMMAP
                | ffi::SQLITE_PROTOCOL
                | ffi::SQLITE_NOLFS
        ) {
            return Self::NoLocks { what: error.to_string() };
        }
        match failure.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Locked,
            ErrorCode::NotADatabase => Self::Foreign,
            ErrorCode::DatabaseCorrupt => Self::corrupt(error.to_string()),
            // What a full disk often comes as, beside "database or disk is full".
            ErrorCode::SystemIoFailure => {
                Self::unwritable(format!("{error}: the disk may be full, or failing"))
            }
            _ => Self::unwritable(error.to_string()),
        }
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
        use caisse_payment::entry::Content;
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
    fn each_error_of_sqlite_is_told_from_the_others() {
        use ffi::{SQLITE_BUSY, SQLITE_CORRUPT, SQLITE_FULL, SQLITE_LOCKED, SQLITE_NOTADB};
        let error = |code| JournalError::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
        for busy in [SQLITE_BUSY, SQLITE_LOCKED] {
            assert_eq!(error(busy), JournalError::Locked);
        }
        assert_eq!(error(SQLITE_NOTADB), JournalError::Foreign);
        assert!(matches!(error(SQLITE_CORRUPT), JournalError::Corrupt { .. }));
        assert!(matches!(error(SQLITE_FULL), JournalError::Unwritable { .. }));
        let other = JournalError::from(rusqlite::Error::InvalidColumnIndex(0));
        assert!(matches!(other, JournalError::Corrupt { .. }));
    }

    #[test]
    fn an_error_of_the_disk_says_what_to_look_at() {
        let failed = |code| rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        // The shared memory of the log, which a full disk has no room for.
        for code in [ffi::SQLITE_IOERR, ffi::SQLITE_IOERR_SHMSIZE] {
            let error = JournalError::from(failed(code));
            assert!(
                matches!(&error, JournalError::Unwritable { what } if what.contains("may be full")),
                "{error:?}"
            );
        }
        let error = JournalError::from(failed(ffi::SQLITE_READONLY));
        assert!(matches!(&error, JournalError::Unwritable { what } if !what.contains("full")), "{error:?}");
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
        chain::verify(&journal.connection).unwrap();
    }

    /// With the transactions of a year in it, asking what is open reads no more than that.
    #[test]
    fn what_is_open_is_found_by_the_index() {
        let (_folder, journal) = journal();
        for condition in [format!("WHERE terminal = 'a' AND {UNRESOLVED}"), format!("WHERE {UNRESOLVED}")] {
            let query = format!("EXPLAIN QUERY PLAN {} {condition}", select_transactions());
            let mut statement = journal.connection.prepare(&query).unwrap();
            let plan = statement.query_map([], |row| row.get::<_, String>(3)).unwrap();
            let plan: Vec<_> = plan.map(Result::unwrap).collect();
            let reads = plan.iter().find(|step| step.contains(" transactions"));
            assert!(reads.is_some_and(|step| step.contains("INDEX unresolved")), "{plan:?}");
        }
    }

    /// The database itself holds one doubt per terminal, should our own question ever miss one.
    #[test]
    fn the_table_refuses_a_second_doubt() {
        let (_folder, mut journal) = journal();
        journal.append(&started(1), WallTime::from_millis(1)).unwrap();
        let mut tracked = find(&journal.connection, &"a1".parse().unwrap()).unwrap().unwrap();
        tracked.record.start.id = "a2".parse().unwrap();
        let event = Event { at: WallTime::from_millis(1), what: What::Started(tracked.record.start) };
        let error = put(&journal.connection, None, &tracked, event).unwrap_err();
        assert!(error.to_string().contains("UNIQUE"), "{error}");
    }
}
