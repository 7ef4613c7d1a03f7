//! The full check: SQLite's own, every event against the one before it, and every transaction against its events.

use std::ops::ControlFlow;

use caisse_payment::TransactionId;
use rusqlite::Connection;

use super::chain::Tail;
use super::state::Current;
use super::unit::prepare;
use super::{format, older_copy, records};
use crate::JournalError;

/// Checks everything.
pub(super) fn all(connection: &Connection) -> Result<(), JournalError> {
    let verdict: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(JournalError::corrupt(format!("SQLite reports: {verdict}")));
    }
    format::check_tables(connection)?;
    let mut place = Place::Events(Tail::forgotten(connection)?);
    while let Some(next) = portion(connection, place, usize::MAX)? {
        place = next;
    }
    older_copy::verify(connection)?;
    Current::load(connection).map(drop)
}

/// How far a check has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Everything up to this event.
    Events(Tail),
    /// All events, and the rows of the transactions up to this one.
    Transactions(Option<TransactionId>),
}

/// Checks at most so many rows from this place on. Returns where to go on, or nothing at the end.
pub(super) fn portion(
    connection: &Connection,
    place: Place,
    max: usize,
) -> Result<Option<Place>, JournalError> {
    match place {
        Place::Events(after) => events(connection, after, max),
        Place::Transactions(after) => transactions(connection, after, max),
    }
}

fn events(connection: &Connection, after: Tail, max: usize) -> Result<Option<Place>, JournalError> {
    let mut count = 0usize;
    let tail = records::events_after(connection, after, &mut |event| {
        let last = records::last_event_of(connection, &event.id)?;
        match last {
            Some(last) if last > event.number => {}
            // All of it at its last event.
            Some(last) if last == event.number => drop(records::known(connection, &event.id)?),
            _ => return Err(JournalError::corrupt("a transaction is missing")),
        }
        count = count.saturating_add(1);
        Ok(if count < max { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    Ok(Some(if count < max { Place::Transactions(None) } else { Place::Events(tail) }))
}

/// Checks that the transactions are those of the events, which have been checked.
fn transactions(
    connection: &Connection,
    after: Option<TransactionId>,
    max: usize,
) -> Result<Option<Place>, JournalError> {
    let query = "SELECT id, (SELECT id FROM events WHERE number = last_event) FROM transactions WHERE id > ?1 \
                 ORDER BY id LIMIT ?2";
    let mut statement = prepare(connection, query)?;
    let after_text = after.as_ref().map_or("", TransactionId::as_str);
    let mut rows = statement.query((after_text, i64::try_from(max).unwrap_or(i64::MAX)))?;
    let (mut count, mut last) = (0usize, after);
    while let Some(row) = rows.next()? {
        let (id, of_event): (String, Option<String>) = (row.get(0)?, row.get(1)?);
        if of_event.as_ref() != Some(&id) {
            return Err(JournalError::corrupt("a transaction without its events"));
        }
        last = Some(id.parse().map_err(|_| JournalError::corrupt("the id of a transaction"))?);
        count = count.saturating_add(1);
    }
    Ok((count == max).then_some(Place::Transactions(last)))
}
