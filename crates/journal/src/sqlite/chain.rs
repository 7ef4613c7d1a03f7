//! The chain of the events, and the check of a whole journal against it.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row};
use sha2::{Digest, Sha256};

use super::{columns, row_values, select, select_transactions, tracked};
use crate::JournalError;
use crate::ledger::Ledger;

/// Where the next event follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tail {
    /// The number of the last event.
    pub(super) number: u64,
    /// Its chain.
    pub(super) chain: String,
}

impl Tail {
    /// Before the first event of all.
    pub(super) const BEGINNING: Self = Self { number: 0, chain: String::new() };

    /// The newest event's, or of the newest that was forgotten.
    pub(super) fn of(connection: &Connection) -> Result<Self, JournalError> {
        let newest = "SELECT number, chain FROM events ORDER BY number DESC LIMIT 1";
        match Self::query(connection, newest)? {
            Some(newest) => Ok(newest),
            None => Self::forgotten(connection),
        }
    }

    /// Where the events that are kept begin.
    pub(super) fn forgotten(connection: &Connection) -> Result<Self, JournalError> {
        let forgotten = "SELECT events, chain FROM forgotten";
        Ok(Self::query(connection, forgotten)?.unwrap_or(Self::BEGINNING))
    }

    fn query(connection: &Connection, query: &str) -> Result<Option<Self>, JournalError> {
        let row = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get(1)?));
        let Some((number, chain)) = connection.query_row(query, [], row).optional()? else { return Ok(None) };
        let number = u64::try_from(number).map_err(|_| JournalError::corrupt("the number of an event"))?;
        Ok(Some(Self { number, chain }))
    }

    /// The number of the event after it.
    pub(super) const fn next(&self) -> u64 {
        self.number.saturating_add(1)
    }
}

/// The chain of a row: SHA-256 over the chain before it and its columns, each with its kind and its length, so that no
/// two rows read alike.
pub(super) fn link(before: &str, columns: &[Value]) -> String {
    let mut hash = Sha256::new();
    let mut add = |kind: u8, bytes: &[u8]| {
        hash.update([kind]);
        hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(bytes);
    };
    add(b'c', before.as_bytes());
    for column in columns {
        match column {
            Value::Null => add(b'n', &[]),
            Value::Integer(number) => add(b'i', &number.to_be_bytes()),
            Value::Real(number) => add(b'r', &number.to_be_bytes()),
            Value::Text(text) => add(b't', text.as_bytes()),
            Value::Blob(bytes) => add(b'b', bytes),
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Replays all events and compares each transaction with what they make of it.
pub(super) fn verify(connection: &Connection) -> Result<(), JournalError> {
    let begins = Tail::forgotten(connection)?;
    let mut ledger = Ledger::after(begins.number);
    let mut before = begins.chain;
    let mut events = connection.prepare(&format!("{} ORDER BY number", select("events", columns::EVENT)))?;
    let mut rows = events.query([])?;
    while let Some(row) = rows.next()? {
        let values = row_values(row, columns::EVENT.len())?;
        let event = columns::decode_event(&values)?;
        let broken = |what| JournalError::corrupt(format!("event {}: {what}", event.number));
        if link(&before, columns::hashed(&values)) != event.chain {
            return Err(broken("it does not follow from the events before it"));
        }
        ledger.replay(&event.id, &event.event).map_err(|_| broken("it cannot have happened then"))?;
        if ledger.event_count() != event.number {
            return Err(broken("events before it are missing"));
        }
        before = event.chain;
    }
    verify_transactions(connection, &ledger)
}

fn verify_transactions(connection: &Connection, ledger: &Ledger) -> Result<(), JournalError> {
    let mut found = 0usize;
    let mut transactions = connection.prepare(&select_transactions())?;
    let mut rows = transactions.query([])?;
    while let Some(row) = rows.next()? {
        let tracked = tracked(row)?;
        if ledger.get(&tracked.record.start.id) != Some(&tracked) {
            return Err(JournalError::corrupt("a transaction differs from its events"));
        }
        found = found.saturating_add(1);
    }
    if found != ledger.len() {
        return Err(JournalError::corrupt("a transaction is missing"));
    }
    Ok(())
}
