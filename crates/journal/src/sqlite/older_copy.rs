//! A person's word for an older copy of the journal: it is written into the copy, and stays there.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::chain::{self, Chain, Tail};
use super::open::Purpose;
use super::recent::Content;
use super::records::{self, select, values};
use super::unit::prepare;
use super::{SqliteJournal, columns, mark};
use crate::{Care, JournalError, OperatorOverride, WallTime};

pub(super) const TABLE: &str = "accepted_copies";
pub(super) const COLUMNS: &[&str] =
    &["number", "at", "by", "because", "event", "event_chain", "recorded_event", "recorded_chain", "chain"];

/// An older copy that [`SqliteJournal::accept_older`] accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcceptedCopy {
    /// The number of the last event in the copy.
    pub last_event: u64,
    /// The number of the last event that was recorded before the copy was put in place.
    pub recorded_event: u64,
}

impl SqliteJournal {
    /// Accepts the file as the journal although it is an older copy, or another one than the last that was used at this path.
    /// [`open`](Self::open) refuses such a file with [`Older`](JournalError::Older). The payments that were recorded after
    /// the copy was made are unknown to it: **their ids are new again, and asked for once more they are charged once more**.
    /// Who accepted the copy, and why, is written into the file and never removed.
    ///
    /// Returns nothing, and changes nothing, if the file is not older.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn accept_older(
        path: impl AsRef<Path>,
        word: &OperatorOverride,
        at: WallTime,
    ) -> Result<Option<AcceptedCopy>, JournalError> {
        let path = path.as_ref();
        match Self::open(path) {
            Err(JournalError::Older { .. }) => {}
            opened => return opened.map(|_| None),
        }
        let journal = Self::open_alone(path, Purpose::AcceptOlder)?;
        let location = &journal.site().location;
        let mut recorded: Vec<_> = location.marks().into_iter().map(|mark| mark.tail).collect();
        recorded.extend(Content::read(&location.recent_events()).durable());
        let accepted = journal.write(Care::Strict, |writer| {
            let connection = writer.connection;
            let missing = recorded.iter().filter(|last| mark::check_contains(connection, last).is_err());
            let Some(recorded) = missing.max_by_key(|last| last.number) else { return Ok(None) };
            let tail = Tail::of(connection)?;
            accept(connection, &tail, recorded, word, at)?;
            Ok(Some(AcceptedCopy { last_event: tail.number, recorded_event: recorded.number }))
        })?;
        journal.forget_what_is_missing()?;
        Ok(accepted)
    }

    /// Empties the file of the newest events: those that the database does not have are missing in it by a person's word.
    pub(super) fn forget_what_is_missing(&self) -> Result<(), JournalError> {
        let engine = &self.shared.engine;
        engine.alone(self.patience.wait(), |pen| pen.clear_recent(&engine.site))
    }
}

pub(super) fn accept(
    connection: &Connection,
    tail: &Tail,
    recorded: &Tail,
    word: &OperatorOverride,
    at: WallTime,
) -> Result<(), JournalError> {
    let (number, before) = last(connection)?;
    let whole = |number| Ok::<_, JournalError>(Value::Integer(records::whole(number)?));
    let text = |text: &str| Value::Text(text.to_owned());
    let mut row = vec![
        Value::Integer(number.saturating_add(1)),
        text(&at.to_string()),
        text(word.by()),
        text(word.because()),
        whole(tail.number)?,
        Value::Blob(tail.chain.to_vec()),
        whole(recorded.number)?,
        Value::Blob(recorded.chain.to_vec()),
    ];
    row.push(Value::Blob(chain::link(&before, &row).to_vec()));
    connection.execute(&records::insert(TABLE, COLUMNS), params_from_iter(row))?;
    Ok(())
}

/// The number and the chain of the last row.
fn last(connection: &Connection) -> Result<(i64, Chain), JournalError> {
    let query = "SELECT number, chain FROM accepted_copies ORDER BY number DESC LIMIT 1";
    let row = connection.query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(row.unwrap_or_default())
}

/// Checks that no row was changed or removed.
pub(super) fn verify(connection: &Connection) -> Result<(), JournalError> {
    let mut statement = prepare(connection, &format!("{} ORDER BY number", select(TABLE, COLUMNS)))?;
    let mut rows = statement.query([])?;
    let (mut before, mut number) = (Chain::default(), 0i64);
    while let Some(row) = rows.next()? {
        let values = values(row, COLUMNS.len())?;
        let found: Chain = row.get("chain")?;
        let columns = columns::hashed(&values);
        number = number.saturating_add(1);
        if columns.first() != Some(&Value::Integer(number)) || chain::link(&before, columns) != found {
            return Err(JournalError::corrupt(format!("table accepted_copies, row number {number}")));
        }
        before = found;
    }
    Ok(())
}
