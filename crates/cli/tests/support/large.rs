//! Large journals, written as `docs/journal-format.md` describes the format, without the code of the journal.

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use sha2::{Digest, Sha256};

/// The columns of `events`, in the order of the page.
const EVENT: [&str; 38] = [
    "number",
    "id",
    "at",
    "what",
    "operation",
    "original",
    "amount_minor",
    "currency",
    "allow_partial",
    "allow_tip_minor",
    "terminal",
    "register",
    "reference",
    "dialect",
    "address",
    "usb",
    "outcome",
    "reason",
    "approved_minor",
    "due_minor",
    "reported_minor",
    "proof",
    "authorisation",
    "contract",
    "serial_number",
    "last_four",
    "status",
    "complement",
    "decision",
    "decided_minor",
    "decided_by",
    "decided_because",
    "confirmed",
    "previous_at_terminal",
    "previous_at_address",
    "open",
    "digest",
    "chain",
];

fn text(text: impl ToString) -> Value {
    Value::Text(text.to_string())
}

/// Hash over the chain before and each column, with its kind and its length.
fn chain(before: &[u8], columns: &[Value]) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(before);
    for column in columns {
        match column {
            Value::Null => hash.update(b"n"),
            Value::Integer(number) => {
                hash.update(b"i");
                hash.update(number.to_be_bytes());
            }
            Value::Text(text) => {
                hash.update(b"t");
                hash.update(u32::try_from(text.len()).unwrap().to_be_bytes());
                hash.update(text);
            }
            Value::Real(_) | Value::Blob(_) => unreachable!("no such column"),
        }
    }
    hash.finalize().to_vec()
}

/// The first eight bytes of a hash over texts, each with its length, and a number.
fn digest(texts: &[&str], number: i64) -> i64 {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update([u8::try_from(text.len()).unwrap()]);
        hash.update(text);
    }
    hash.update(number.to_be_bytes());
    i64::from_be_bytes(hash.finalize()[..8].try_into().unwrap())
}

/// What an event says, by the names of the columns.
fn row(said: &[(&str, Value)]) -> Vec<Value> {
    let value = |name: &&str| {
        said.iter().find(|(column, _)| column == name).map_or(Value::Null, |(_, value)| value.clone())
    };
    EVENT.iter().take(EVENT.len() - 1).map(value).collect()
}

/// Writes so many approved payments, one a minute, into an empty journal. The last began at the beginning of 2026.
pub fn fill(file: &Path, payments: i64) {
    let mut database = Connection::open(file).unwrap();
    database.pragma_update(None, "synchronous", "OFF").unwrap();
    database.pragma_update(None, "foreign_keys", false).unwrap();
    let write = database.transaction().unwrap();
    let places = (1..=EVENT.len()).map(|place| format!("?{place}")).collect::<Vec<_>>().join(", ");
    let mut put =
        write.prepare(&format!("INSERT INTO events ({}) VALUES ({places})", EVENT.join(", "))).unwrap();
    let shared = EVENT[4..33].join(", ");
    // The row of a transaction is its events', one over the other.
    let mut settle = write
        .prepare(&format!(
            "INSERT INTO transactions (id, started_event, started_at, ended_at, {shared}, disputed, events, last_event) \
             SELECT s.id, s.number, s.at, e.at, {}, 0, 2, e.number FROM events AS s, events AS e \
             WHERE s.number = ?1 AND e.number = ?1 + 1",
            EVENT[4..33].iter().map(|name| format!("coalesce(s.{name}, e.{name})")).collect::<Vec<_>>().join(", "),
        ))
        .unwrap();
    let (mut before, mut terminals) = (vec![0; 32], 0);
    let mut last = [None::<i64>; 10];
    for payment in 0..payments {
        let at = |second: i64| {
            let minute = payment - payments;
            let query =
                "SELECT strftime('%Y-%m-%dT%H:%M:%S.000Z', '2026-01-01', ?1 || ' minutes', ?2 || ' seconds')";
            write
                .prepare_cached(query)
                .unwrap()
                .query_row((minute, second), |row| row.get::<_, String>(0))
                .unwrap()
        };
        let (place, number) = ((payment % 10) as usize, 2 * payment + 1);
        let (id, terminal) = (format!("order-{payment:07}"), format!("counter-{place}"));
        let previous = last[place].replace(number);
        terminals ^=
            digest(&[&terminal], number) ^ previous.map_or(0, |previous| digest(&[&terminal], previous));
        let open = digest(&[&id, &terminal, "", ""], number);
        let started = [
            ("number", Value::Integer(number)),
            ("id", text(&id)),
            ("at", text(at(0))),
            ("what", text("started")),
            ("operation", text("debit")),
            ("amount_minor", Value::Integer(2500)),
            ("currency", text("EUR")),
            ("allow_partial", Value::Integer(0)),
            ("terminal", text(&terminal)),
            ("register", text("01")),
            ("reference", text(format!("table {payment}"))),
            ("dialect", text("payxpress")),
            ("previous_at_terminal", previous.map_or(Value::Null, Value::Integer)),
            ("open", Value::Integer(1)),
            ("digest", Value::Integer(terminals ^ open)),
        ];
        let ended = [
            ("number", Value::Integer(number + 1)),
            ("id", text(&id)),
            ("at", text(at(7))),
            ("what", text("ended")),
            ("currency", text("EUR")),
            ("outcome", text("approved")),
            ("approved_minor", Value::Integer(2500)),
            ("proof", text("answered")),
            ("authorisation", text(format!("{:06}", 1 + payment % 999_999))),
            ("contract", text("1234567")),
            ("last_four", text("0674")),
            ("status", text("10")),
            ("open", Value::Integer(0)),
            ("digest", Value::Integer(terminals)),
        ];
        for said in [&started[..], &ended[..]] {
            let mut columns = row(said);
            before = chain(&before, &columns);
            columns.push(Value::Blob(before.clone()));
            put.execute(params_from_iter(columns)).unwrap();
        }
        settle.execute([number]).unwrap();
    }
    for (place, number) in last.iter().enumerate().filter_map(|(place, number)| Some((place, (*number)?))) {
        write.execute("INSERT INTO terminals VALUES (?1, ?2)", (format!("counter-{place}"), number)).unwrap();
    }
    drop((put, settle));
    write.commit().unwrap();
}
