//! The chain of the events, and the check of a whole journal against it.

use rusqlite::Connection;
use rusqlite::types::Value;
use sha2::{Digest, Sha256};

use super::{columns, row_values, select, select_transactions, tracked};
use crate::JournalError;
use crate::ledger::Ledger;

/// What stands before the first event.
pub(super) const FIRST: &str = "";

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
    let mut ledger = Ledger::default();
    let mut before = String::from(FIRST);
    let mut events = connection.prepare(&format!("{} ORDER BY number", select("events", columns::EVENT)))?;
    let mut rows = events.query([])?;
    while let Some(row) = rows.next()? {
        let values = row_values(row, columns::EVENT.len())?;
        let event = columns::decode_event(&values)?;
        let broken = |what| JournalError::corrupt(format!("event {}: {what}", event.number));
        let hashed = values.split_last().map_or(&[][..], |(_chain, columns)| columns);
        if link(&before, hashed) != event.chain {
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
