//! A person's word for an older copy of the journal: it is written into the copy, and stays there.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::chain::{self, Tail};
use super::location::Care;
use super::mark::{self, Mark};
use super::open::{Purpose, open};
use super::{SqliteJournal, row_values};
use crate::{JournalError, Order, WallTime};

/// The table, made when the first copy is accepted: a journal of which no copy was ever accepted has none.
const TABLE: &str = include_str!("schema/accepted_copies.sql");
const COLUMNS: &str = "number, at, by, because, event, event_chain, recorded_event, recorded_chain, chain";

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
        word: &Order,
        at: WallTime,
    ) -> Result<Option<AcceptedCopy>, JournalError> {
        let path = path.as_ref();
        match open(path, Purpose::Use) {
            Err(JournalError::Older { .. }) => {}
            opened => return opened.map(|_| None),
        }
        let mut journal = Self::from(open(path, Purpose::AcceptOlder)?);
        let marks = journal.location.marks();
        journal.write(Care::Strict, |connection| {
            let missing = |mark: &&Mark| mark::check_contains(connection, &mark.tail).is_err();
            let Some(recorded) = marks.iter().find(missing) else { return Ok(None) };
            let tail = Tail::of(connection)?;
            accept(connection, &tail, &recorded.tail, word, at)?;
            Ok(Some(AcceptedCopy { last_event: tail.number, recorded_event: recorded.tail.number }))
        })
    }
}

fn accept(
    connection: &Connection,
    tail: &Tail,
    recorded: &Tail,
    word: &Order,
    at: WallTime,
) -> Result<(), JournalError> {
    // The fields are public.
    if Order::new(&word.by, &word.because).is_err() {
        return Err(JournalError::Refused { what: "a name or a reason that is never kept" });
    }
    connection.execute_batch(TABLE)?;
    let (number, before) = last(connection)?;
    let whole = |number| {
        let number = i64::try_from(number).map_err(|_| JournalError::corrupt("the number of an event"))?;
        Ok::<_, JournalError>(Value::Integer(number))
    };
    let text = |text: &str| Value::Text(text.to_owned());
    let mut row = vec![
        Value::Integer(number.saturating_add(1)),
        text(&at.to_string()),
        text(&word.by),
        text(&word.because),
        whole(tail.number)?,
        text(&tail.chain),
        whole(recorded.number)?,
        text(&recorded.chain),
    ];
    row.push(Value::Text(chain::link(&before, &row)));
    let places = "?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9";
    connection.execute(
        &format!("INSERT INTO accepted_copies ({COLUMNS}) VALUES ({places})"),
        params_from_iter(row),
    )?;
    Ok(())
}

/// The number and the chain of the last row.
fn last(connection: &Connection) -> Result<(i64, String), JournalError> {
    let query = "SELECT number, chain FROM accepted_copies ORDER BY number DESC LIMIT 1";
    let row = connection.query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(row.unwrap_or_default())
}

/// The statements that make the table, if the journal has it.
pub(super) fn table(connection: &Connection) -> Result<Option<&'static str>, JournalError> {
    let query = "SELECT count(*) FROM sqlite_schema WHERE name = 'accepted_copies'";
    let count: i64 = connection.query_row(query, [], |row| row.get(0))?;
    Ok((count > 0).then_some(TABLE))
}

/// Checks that no row was changed or removed.
pub(super) fn verify(connection: &Connection) -> Result<(), JournalError> {
    if table(connection)?.is_none() {
        return Ok(());
    }
    let mut statement =
        connection.prepare(&format!("SELECT {COLUMNS} FROM accepted_copies ORDER BY number"))?;
    let mut rows = statement.query([])?;
    let (mut before, mut number) = (String::new(), 0i64);
    while let Some(row) = rows.next()? {
        let values = row_values(row, COLUMNS.split(", ").count())?;
        let [columns @ .., Value::Text(found)] = values.as_slice() else {
            return Err(JournalError::corrupt("table accepted_copies: a chain"));
        };
        number = number.saturating_add(1);
        if columns.first() != Some(&Value::Integer(number)) || chain::link(&before, columns) != *found {
            return Err(JournalError::corrupt(format!("table accepted_copies, row number {number}")));
        }
        before.clone_from(found);
    }
    Ok(())
}
