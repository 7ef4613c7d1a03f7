//! The chain of the events: a hash of each row that covers all rows before it.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row};
use sha2::{Digest, Sha256};

use super::unit::prepare;
use crate::JournalError;

/// The chain of an event: a SHA-256.
pub(super) type Chain = [u8; 32];

/// Where the next event follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tail {
    /// The number of the last event.
    pub(super) number: u64,
    /// Its chain.
    pub(super) chain: Chain,
}

impl Tail {
    /// Before the first event of all.
    pub(super) const BEGINNING: Self = Self { number: 0, chain: [0; 32] };

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
        let mut statement = prepare(connection, query)?;
        let Some((number, chain)) = statement.query_row([], row).optional()? else { return Ok(None) };
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
pub(super) fn link(before: &Chain, columns: &[Value]) -> Chain {
    link_bytes(before, &bytes(columns))
}

/// The chain of a row whose columns are given as [`bytes`].
pub(super) fn link_bytes(before: &Chain, columns: &[u8]) -> Chain {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(columns);
    hash.finalize().into()
}

/// The columns of a row as bytes: each with its kind and its length.
pub(super) fn bytes(columns: &[Value]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    for column in columns {
        let mut sized = |kind, value: &[u8]| {
            bytes.push(kind);
            bytes.extend(u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
            bytes.extend(value);
        };
        match column {
            Value::Null => bytes.push(b'n'),
            Value::Integer(number) => {
                bytes.push(b'i');
                bytes.extend(number.to_be_bytes());
            }
            Value::Real(number) => {
                bytes.push(b'r');
                bytes.extend(number.to_be_bytes());
            }
            Value::Text(text) => sized(b't', text.as_bytes()),
            Value::Blob(blob) => sized(b'b', blob),
        }
    }
    bytes
}

/// The columns that [`bytes`] wrote; nothing where the bytes are anything else.
pub(super) fn parse(mut bytes: &[u8]) -> Option<Vec<Value>> {
    let mut columns = Vec::new();
    while let Some((kind, rest)) = bytes.split_first() {
        let (column, rest) = match kind {
            b'n' => (Value::Null, rest),
            b'i' => {
                let (number, rest) = rest.split_first_chunk()?;
                (Value::Integer(i64::from_be_bytes(*number)), rest)
            }
            b't' | b'b' => {
                let (length, rest) = rest.split_first_chunk()?;
                let (value, rest) =
                    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
                let column = match kind {
                    b't' => Value::Text(String::from_utf8(value.to_vec()).ok()?),
                    _ => Value::Blob(value.to_vec()),
                };
                (column, rest)
            }
            _ => return None,
        };
        columns.push(column);
        bytes = rest;
    }
    Some(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_as_they_were_written() {
        let columns = [
            Value::Null,
            Value::Integer(-3),
            Value::Text("café".to_owned()),
            Value::Text(String::new()),
            Value::Blob(vec![0, 255]),
        ];
        let written = bytes(&columns);
        assert_eq!(parse(&written), Some(columns.to_vec()));
        assert_eq!(link(&[7; 32], &columns), link_bytes(&[7; 32], &written));
        // A cut leaves fewer columns, or none that make sense.
        for length in 0..written.len() {
            assert_ne!(parse(&written[..length]), Some(columns.to_vec()), "{length}");
        }
        assert_eq!(parse(b"x"), None);
        assert_eq!(parse(&[b't', 0, 0, 0, 1, 0xff]), None);
    }
}
