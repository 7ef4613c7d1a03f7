//! Reads transactions, and verifies each one that is read: every event of it follows from the event before it in the chain, and
//! its row is what its events make of it.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use caisse_payment::TransactionId;
use rusqlite::types::Value;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use super::chain::{self, Chain, Tail};
use super::columns::{self, EventRow, TransactionRow};
use super::tracked::Tracked;
use super::unit::prepare;
use crate::{JournalError, Record, RecordedEvent};

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
            let next = Tracked::replay(&event.id, tracked.as_ref(), event.number, &event.event);
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
pub(super) fn event(connection: &Connection, number: u64) -> Result<EventRow, JournalError> {
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
