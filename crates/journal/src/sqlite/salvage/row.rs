//! The rows in a database: their columns, as the file format of SQLite stores them.

use rusqlite::types::Value;

use super::page::varint;

/// Reads the columns of a row; nothing if the bytes are none of a row.
pub(super) fn columns(bytes: &[u8]) -> Option<Vec<Value>> {
    let mut place = 0;
    let header = usize::try_from(varint(bytes, &mut place)?).ok()?;
    let mut types = Vec::new();
    while place < header {
        types.push(varint(bytes, &mut place)?);
    }
    if place != header {
        return None;
    }
    let values: Option<Vec<Value>> = types.into_iter().map(|kind| column(bytes, kind, &mut place)).collect();
    values.filter(|_| place == bytes.len())
}

fn column(bytes: &[u8], kind: u64, place: &mut usize) -> Option<Value> {
    let mut take = |length: usize| {
        let end = place.checked_add(length)?;
        let taken = bytes.get(*place..end)?;
        *place = end;
        Some(taken)
    };
    Some(match kind {
        0 => Value::Null,
        1..=6 => {
            let length = match kind {
                5 => 6,
                6 => 8,
                length => usize::try_from(length).ok()?,
            };
            let bytes = take(length)?;
            // The sign is in the first bit.
            let begin = if bytes.first().is_some_and(|byte| byte & 0x80 != 0) { -1 } else { 0 };
            Value::Integer(bytes.iter().fold(begin, |number: i64, byte| (number << 8) | i64::from(*byte)))
        }
        7 => Value::Real(f64::from_be_bytes(take(8)?.try_into().ok()?)),
        8 => Value::Integer(0),
        9 => Value::Integer(1),
        10 | 11 => return None,
        _ => {
            let length = usize::try_from(kind.checked_sub(12)?.checked_div(2)?).ok()?;
            let bytes = take(length)?.to_vec();
            if kind.is_multiple_of(2) {
                Value::Blob(bytes)
            } else {
                Value::Text(String::from_utf8(bytes).ok()?)
            }
        }
    })
}

/// Puts the number of the row in the place of the column that is its name: SQLite stores nothing there.
pub(super) fn with_number(mut columns: Vec<Value>, row: Option<i64>) -> Vec<Value> {
    if let (Some(first @ Value::Null), Some(row)) = (columns.first_mut(), row) {
        *first = Value::Integer(row);
    }
    columns
}
