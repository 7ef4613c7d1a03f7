//! Selects transactions: each selection has an index, in which nothing can be left out unnoticed.

use std::ops::ControlFlow;

use caisse_payment::{Comparison, TerminalId, TransactionId};
use rusqlite::Connection;

use super::chain::Tail;
use super::records::{Reader, event, events_after};
use super::state::{Current, OpenTransaction};
use super::unit::prepare;
use crate::{JournalError, Record, Selection, TerminalKey};

/// A selection that is read in portions.
pub(super) struct Portions {
    selection: Selection,
    /// The last event that was looked at for a portion of all transactions.
    after: Option<Tail>,
    walk: Option<Walk>,
    is_complete: bool,
}

impl Portions {
    pub(super) const fn new(selection: Selection) -> Self {
        Self { selection, after: None, walk: None, is_complete: false }
    }

    /// Whether nothing follows, as far as that is known without reading.
    pub(super) const fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Returns the next transactions; none only at the end.
    pub(super) fn next<'c>(
        &mut self,
        connection: &Connection,
        current: impl FnOnce() -> Result<&'c Current, JournalError>,
    ) -> Result<Vec<Record>, JournalError> {
        match &self.selection {
            Selection::All => next_of_all(connection, &mut self.after),
            Selection::NewestFirst(key) => {
                let walk = match &mut self.walk {
                    Some(walk) => walk,
                    none => none.insert(Walk::new(current()?, key)),
                };
                walk.next(connection)
            }
            _ if self.is_complete => Ok(Vec::new()),
            selection => {
                self.is_complete = true;
                small(connection, current, selection)
            }
        }
    }
}

/// A selection that is small whatever the size of the journal.
fn small<'c>(
    connection: &Connection,
    current: impl FnOnce() -> Result<&'c Current, JournalError>,
    selection: &Selection,
) -> Result<Vec<Record>, JournalError> {
    let belongs = |record: &Record| selection.contains(record);
    let mut records = match selection {
        Selection::Open => open(connection, current()?, |_| true)?,
        Selection::OpenAt { key, usb } => {
            let may_be_there =
                |open: &OpenTransaction| open.may_be_at(key) || usb.is_some() && open.usb == *usb;
            open(connection, current()?, may_be_there)?
        }
        Selection::Original(original) => {
            by_index(connection, "by_original", "original = ?1", original.as_str(), belongs)?
        }
        Selection::Authorisation(number) => {
            by_meaning(connection, "authorisation", number.as_str(), belongs)?
        }
        Selection::Reference(reference) => by_meaning(connection, "reference", reference.as_str(), belongs)?,
        Selection::All | Selection::NewestFirst(_) => Vec::new(),
    };
    // Of those that are not final some are disputed.
    records.retain(belongs);
    Ok(records)
}

/// The transactions that are not final and meet a condition, oldest first.
fn open(
    connection: &Connection,
    current: &Current,
    meets: impl Fn(&OpenTransaction) -> bool,
) -> Result<Vec<Record>, JournalError> {
    let mut met = current.open().filter(|open| meets(open)).peekable();
    if met.peek().is_none() {
        return Ok(Vec::new());
    }
    let mut reader = Reader::new(connection)?;
    met.map(|open| Ok(reader.known(&open.id)?.row.tracked.record)).collect()
}

/// How many events are looked at for one portion of all transactions.
const PORTION: usize = 256;

/// The next transactions after the events up to `after`, oldest first; none only at the end. All events up to the one that began
/// each of them have been verified in order.
fn next_of_all(connection: &Connection, after: &mut Option<Tail>) -> Result<Vec<Record>, JournalError> {
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

/// The transactions with a value that may be the same as this one in the sense of [`caisse_payment::Comparison`].
fn by_meaning(
    connection: &Connection,
    column: &str,
    value: &str,
    may_be_same: impl Fn(&Record) -> bool,
) -> Result<Vec<Record>, JournalError> {
    let significant: String = Comparison::significant(value.as_bytes()).map(char::from).collect();
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
struct Walk {
    ways: Vec<Way>,
    /// How many transactions the next portion has.
    portion: usize,
}

impl Walk {
    /// How many transactions the first portion has, and how many a later one has at most.
    const PORTIONS: [usize; 2] = [1, 16];

    /// Begins with the newest attempt.
    fn new(current: &Current, key: &TerminalKey) -> Self {
        let names = [Some(key.terminal), key.address.filter(|address| *address != key.terminal)];
        let way = |name: TerminalId| Way { name, next: current.last_attempt(&name) };
        Self { ways: names.into_iter().flatten().map(way).collect(), portion: Self::PORTIONS[0] }
    }

    /// The next transactions, newest first; none only at the end.
    fn next(&mut self, connection: &Connection) -> Result<Vec<Record>, JournalError> {
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
