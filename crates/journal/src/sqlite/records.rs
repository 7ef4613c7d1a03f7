//! Reads transactions, and verifies each one that is read: every event of it follows from the event before it in the chain, and
//! its row is what its events make of it.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use caisse_payment::{AuthorisationNumber, Reference, TerminalId, TransactionId};
use rusqlite::types::Value;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use super::chain::{self, Chain, Tail};
use super::columns::{self, EventRow, TransactionRow};
use super::state::Current;
use super::unit::prepare;
use crate::rules::{self, Tracked};
use crate::{JournalError, Record, RecordedEvent, TerminalKey};

/// A verified transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) row: TransactionRow,
    /// Everything that was written about it.
    pub(super) events: Vec<RecordedEvent>,
}

impl Stored {
    pub(super) const fn record(&self) -> &Record {
        &self.row.tracked.record
    }
}

static BY_ID: LazyLock<String> =
    LazyLock::new(|| format!("{} WHERE id = ?1", select("transactions", columns::TRANSACTION)));
static EVENTS_OF: LazyLock<String> =
    LazyLock::new(|| format!("{} INDEXED BY events_by_id WHERE id = ?1 ORDER BY number", select_linked()));
static EVENT: LazyLock<String> = LazyLock::new(|| format!("{} WHERE number = ?1", select_linked()));
static LAST_EVENT: LazyLock<String> =
    LazyLock::new(|| format!("{} ORDER BY number DESC LIMIT 1", select_linked()));
static EVENTS_AFTER: LazyLock<String> =
    LazyLock::new(|| format!("{} WHERE number > ?1 ORDER BY number", select("events", columns::EVENT)));

/// Reads transactions, with statements that are prepared once for all of them.
pub(super) struct Reader<'c> {
    transaction: CachedStatement<'c>,
    events: CachedStatement<'c>,
}

impl<'c> Reader<'c> {
    pub(super) fn new(connection: &'c Connection) -> Result<Self, JournalError> {
        Ok(Self { transaction: prepare(connection, &BY_ID)?, events: prepare(connection, &EVENTS_OF)? })
    }

    /// The transaction with this id. Nothing only if neither table has the id.
    pub(super) fn find(&mut self, id: &TransactionId) -> Result<Option<Stored>, JournalError> {
        let mut rows = self.transaction.query([id.as_str()])?;
        let row = match rows.next()? {
            Some(row) => Some(columns::decode_transaction(&values(row, columns::TRANSACTION.len())?)?),
            None => None,
        };
        let (mut tracked, mut events, mut last_event): (Option<Tracked>, _, _) = (None, Vec::new(), 0);
        let mut rows = self.events.query([id.as_str()])?;
        while let Some(row) = rows.next()? {
            let event = linked(row)?;
            let next = rules::replay(&event.id, tracked.as_ref(), event.number, &event.event);
            let impossible =
                |_| JournalError::corrupt(format!("event {}: it cannot have happened then", event.number));
            tracked = Some(next.map_err(impossible)?);
            last_event = event.number;
            events.push(event.event);
        }
        let count = u64::try_from(events.len()).unwrap_or(u64::MAX);
        match (row, tracked) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(JournalError::corrupt("a transaction is missing")),
            (Some(row), Some(tracked))
                if row.tracked == tracked && (row.events, row.last_event) == (count, last_event) =>
            {
                Ok(Some(Stored { row, events }))
            }
            (Some(_), _) => Err(JournalError::corrupt("a transaction differs from its events")),
        }
    }

    /// The transaction with an id that one of the tables names.
    pub(super) fn known(&mut self, id: &TransactionId) -> Result<Stored, JournalError> {
        self.find(id)?.ok_or_else(|| JournalError::corrupt("a transaction is missing"))
    }
}

/// The transaction with this id. Nothing only if neither table has the id.
pub(super) fn find(connection: &Connection, id: &TransactionId) -> Result<Option<Stored>, JournalError> {
    Reader::new(connection)?.find(id)
}

/// The statement that reads the number of the last event of a transaction, as its row has it.
pub(super) const LAST_EVENT_OF: &str = "SELECT last_event FROM transactions WHERE id = ?1";

/// The event of this number, verified.
fn event(connection: &Connection, number: u64) -> Result<EventRow, JournalError> {
    let mut statement = prepare(connection, &EVENT)?;
    let mut rows = statement.query([whole(number)?])?;
    let missing = || JournalError::corrupt(format!("event {number} is missing"));
    linked(rows.next()?.ok_or_else(missing)?)
}

/// The newest event, verified; nothing in a journal without events.
pub(super) fn last_event(connection: &Connection) -> Result<Option<EventRow>, JournalError> {
    let mut statement = prepare(connection, &LAST_EVENT)?;
    let mut rows = statement.query([])?;
    rows.next()?.map(linked).transpose()
}

/// Visits the events after this one in order, each verified and none left out, until the visitor has seen enough. Returns the
/// last event visited.
pub(super) fn events_after(
    connection: &Connection,
    after: Tail,
    visit: &mut dyn FnMut(&EventRow) -> Result<ControlFlow<()>, JournalError>,
) -> Result<Tail, JournalError> {
    let mut statement = prepare(connection, &EVENTS_AFTER)?;
    let mut rows = statement.query([whole(after.number)?])?;
    let mut tail = after;
    while let Some(row) = rows.next()? {
        let values = values(row, columns::EVENT.len())?;
        let event = columns::decode_event(&values)?;
        check_link(&tail.chain, &values, &event)?;
        if event.number != tail.next() {
            return Err(JournalError::corrupt(format!(
                "event {}: events before it are missing",
                event.number
            )));
        }
        tail = Tail { number: event.number, chain: event.chain };
        if visit(&event)?.is_break() {
            break;
        }
    }
    Ok(tail)
}

/// The columns of `events`, and the chain of the event before, which may be forgotten.
fn select_linked() -> String {
    let columns = columns::EVENT.join(", ");
    format!(
        "SELECT {columns}, coalesce((SELECT chain FROM events AS earlier WHERE earlier.number = events.number - 1), \
         (SELECT chain FROM forgotten WHERE forgotten.events = events.number - 1)) FROM events"
    )
}

fn linked(row: &Row<'_>) -> Result<EventRow, JournalError> {
    let values = values(row, columns::EVENT.len())?;
    let event = columns::decode_event(&values)?;
    let before: Option<Chain> = row.get(columns::EVENT.len())?;
    let before = match before {
        None if event.number == Tail::BEGINNING.next() => Tail::BEGINNING.chain,
        None => {
            return Err(JournalError::corrupt(format!(
                "event {}: the one before it is missing",
                event.number
            )));
        }
        Some(before) => before,
    };
    check_link(&before, &values, &event)?;
    Ok(event)
}

fn check_link(before: &Chain, values: &[Value], event: &EventRow) -> Result<(), JournalError> {
    if chain::link(before, columns::hashed(values)) == event.chain {
        return Ok(());
    }
    Err(JournalError::corrupt(format!(
        "event {}: it does not follow from the events before it",
        event.number
    )))
}

/// How many events are looked at for one portion of all transactions.
const PORTION: usize = 256;

/// The next transactions after the events up to `after`, oldest first; none only at the end. All events up to the one that began
/// each of them have been verified in order.
pub(super) fn next_of_all(
    connection: &Connection,
    after: &mut Option<Tail>,
) -> Result<Vec<Record>, JournalError> {
    let (mut reader, mut records) = (Reader::new(connection)?, Vec::new());
    let forgotten = Tail::forgotten(connection)?;
    while records.is_empty() {
        // What was to come next may be forgotten.
        let from = after.filter(|after| after.number >= forgotten.number).unwrap_or(forgotten);
        let mut count = 0usize;
        let last = events_after(connection, from, &mut |event| {
            count = count.saturating_add(1);
            if event.event.event.transaction().is_some() {
                let stored = reader.known(&event.id)?;
                if stored.row.tracked.started_event == event.number {
                    records.push(stored.row.tracked.record);
                }
            }
            Ok(if count < PORTION { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        *after = Some(last);
        if count < PORTION {
            break;
        }
    }
    Ok(records)
}

/// The transactions that the index of this name finds in both tables, oldest first. What the two tables do not agree on is
/// damage.
fn by_index(
    connection: &Connection,
    index: &str,
    condition: &str,
    parameter: &str,
    belongs: impl Fn(&Record) -> bool,
) -> Result<Vec<Record>, JournalError> {
    let ids = |table: &str| -> Result<Vec<TransactionId>, JournalError> {
        let query = format!(
            "SELECT DISTINCT id FROM {table} INDEXED BY {table}_{index} WHERE {condition} ORDER BY id"
        );
        let mut statement = prepare(connection, &query)?;
        let mut rows = statement.query([parameter])?;
        let mut ids = Vec::new();
        while let Some(row) = rows.next()? {
            let id: String = row.get(0)?;
            ids.push(id.parse().map_err(|_| JournalError::corrupt("the id of a transaction"))?);
        }
        Ok(ids)
    };
    let (mut reader, mut found) = (Reader::new(connection)?, Vec::new());
    for id in ids("events")? {
        let stored = reader.known(&id)?;
        // An earlier end of the transaction may be in the events.
        if belongs(stored.record()) {
            found.push(stored.row.tracked);
        }
    }
    if found.iter().map(|tracked| tracked.record.id()).ne(ids("transactions")?) {
        return Err(JournalError::corrupt("an index differs from the index of the other table"));
    }
    found.sort_by_key(|tracked| tracked.started_event);
    Ok(found.into_iter().map(|tracked| tracked.record).collect())
}

/// The transactions that name this one as their original, oldest first.
pub(super) fn naming_original(
    connection: &Connection,
    original: &TransactionId,
) -> Result<Vec<Record>, JournalError> {
    let names_it = |record: &Record| record.transaction().original == Some(*original);
    by_index(connection, "by_original", "original = ?1", original.as_str(), names_it)
}

/// The transactions whose end has this authorisation number, or one that may be the same, oldest first.
pub(super) fn with_authorisation(
    connection: &Connection,
    number: &AuthorisationNumber,
) -> Result<Vec<Record>, JournalError> {
    let may_be_same = |record: &Record| {
        let known = record.conclusion().and_then(|conclusion| conclusion.authorisation);
        known.is_some_and(|known| known.compare(number).may_be_same())
    };
    by_meaning(connection, "authorisation", number.as_str(), may_be_same)
}

/// The transactions with this reference, or one that may be the same, oldest first.
pub(super) fn with_reference(
    connection: &Connection,
    reference: &Reference,
) -> Result<Vec<Record>, JournalError> {
    let may_be_same = |record: &Record| {
        record.transaction().reference.is_some_and(|known| known.compare(reference).may_be_same())
    };
    by_meaning(connection, "reference", reference.as_str(), may_be_same)
}

/// The transactions with a value that may be the same as this one in the sense of [`caisse_payment::Comparison`].
fn by_meaning(
    connection: &Connection,
    column: &str,
    value: &str,
    may_be_same: impl Fn(&Record) -> bool,
) -> Result<Vec<Record>, JournalError> {
    let visible: String = value.chars().filter(|character| *character != ' ').collect();
    let significant = visible.trim_start_matches('0').to_ascii_lowercase();
    // A value of blanks and zeros alone may be any other.
    let condition = match significant.as_str() {
        "" => format!("{column} IS NOT NULL AND ?1 = ''"),
        _ => format!("{column} IS NOT NULL AND lower(ltrim(replace({column}, ' ', ''), '0')) IN (?1, '')"),
    };
    by_index(connection, &format!("by_{column}"), &condition, &significant, may_be_same)
}

/// The way back along the attempts at one name.
#[derive(Clone, Copy, Debug)]
struct Way {
    name: TerminalId,
    next: Option<u64>,
}

/// The way back along the attempts at a terminal, by its name and by its address. Each attempt names the ones before it, so that
/// none is left out.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    ways: Vec<Way>,
    /// How many transactions the next portion has.
    portion: usize,
}

impl Walk {
    /// How many transactions the first portion has, and how many a later one has at most.
    const PORTIONS: [usize; 2] = [1, 16];

    /// Begins with the newest attempt.
    pub(super) fn new(current: &Current, key: &TerminalKey) -> Self {
        let names = [Some(key.terminal), key.address.filter(|address| *address != key.terminal)];
        let way = |name: TerminalId| Way { name, next: current.last_attempt(&name) };
        Self { ways: names.into_iter().flatten().map(way).collect(), portion: Self::PORTIONS[0] }
    }

    /// The next transactions, newest first; none only at the end.
    pub(super) fn next(&mut self, connection: &Connection) -> Result<Vec<Record>, JournalError> {
        let (forgotten, mut reader) = (Tail::forgotten(connection)?.number, Reader::new(connection)?);
        let mut records = Vec::new();
        while let Some(number) =
            self.ways.iter().filter_map(|way| way.next).max().filter(|next| *next > forgotten)
        {
            let event = event(connection, number)?;
            let another =
                || JournalError::corrupt(format!("event {number} is not the attempt that it has to be"));
            let start = event.event.event.transaction().ok_or_else(another)?;
            for way in self.ways.iter_mut().filter(|way| way.next == Some(number)) {
                way.next = match way.name {
                    name if name == start.terminal => event.previous.at_terminal,
                    name if Some(name) == start.address => event.previous.at_address,
                    _ => return Err(another()),
                };
                if way.next.is_some_and(|next| next >= number) {
                    return Err(another());
                }
            }
            let stored = reader.known(&event.id)?;
            if stored.row.tracked.started_event == number {
                records.push(stored.row.tracked.record);
                if records.len() >= self.portion {
                    break;
                }
            }
        }
        self.portion = self.portion.saturating_mul(2).min(Self::PORTIONS[1]);
        Ok(records)
    }
}

/// The chain of the event of this number, or of the last one that was forgotten; nothing for what was forgotten before that.
pub(super) fn chain_of(connection: &Connection, number: u64) -> Result<Option<Chain>, JournalError> {
    let query =
        "SELECT chain FROM events WHERE number = ?1 UNION ALL SELECT chain FROM forgotten WHERE events = ?1";
    let mut statement = prepare(connection, query)?;
    Ok(statement.query_row(params![whole(number)?], |row| row.get(0)).optional()?)
}

/// The statement that writes a row.
pub(super) fn insert(table: &str, columns: &[&str]) -> String {
    let places: Vec<_> = (1..=columns.len()).map(|place| format!("?{place}")).collect();
    format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), places.join(", "))
}

pub(super) fn select(table: &str, columns: &[&str]) -> String {
    format!("SELECT {} FROM {table}", columns.join(", "))
}

pub(super) fn values(row: &Row<'_>, columns: usize) -> Result<Vec<Value>, JournalError> {
    Ok((0..columns).map(|column| row.get(column)).collect::<Result<_, _>>()?)
}

/// The number of an event as SQLite stores it.
pub(super) fn whole(number: u64) -> Result<i64, JournalError> {
    i64::try_from(number).map_err(|_| JournalError::corrupt("the number of an event"))
}
