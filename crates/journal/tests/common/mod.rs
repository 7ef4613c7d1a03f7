//! Transactions and files to test with.

#![allow(dead_code, reason = "each test file uses some of it")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use caisse_journal::{Decision, Event, Journal, Paid, Record, RecordedEvent, SqliteJournal, WallTime};
use caisse_payment::{
    Amount, Conclusion, Currency, Doubt, NotSent, Operation, Outcome, Proof, RawStatus, Refusal, TerminalId,
    Transaction, TransactionId, Verdict,
};
use rusqlite::Connection;
use rusqlite::types::Value;

pub fn time(number: u64) -> WallTime {
    WallTime::from_millis(1_795_424_400_000 + number)
}

pub fn terminal(id: &str) -> TerminalId {
    id.parse().unwrap()
}

pub fn id(text: &str) -> TransactionId {
    text.parse().unwrap()
}

pub fn debit(key: &str, on: &str) -> Transaction {
    let (amount, dialect) = (Amount::from_minor(2500, Currency::EUR), "payxpress".parse().unwrap());
    Transaction {
        reference: Some("order 7".parse().unwrap()),
        ..Transaction::new(id(key), Operation::Debit, amount, terminal(on), dialect)
    }
}

pub fn started(key: &str, on: &str) -> Event {
    Event::Started(debit(key, on))
}

pub fn conclusion(outcome: Outcome, proof: Proof) -> Conclusion {
    Conclusion {
        authorisation: Some("123456".parse().unwrap()),
        contract: Some("1234567".parse().unwrap()),
        last_four: Some(*b"0674"),
        status: RawStatus { status: Some(*b"10"), ..RawStatus::default() },
        ..Verdict { outcome, proof }.into()
    }
}

pub fn ended(outcome: Outcome, proof: Proof) -> Event {
    Event::Ended(conclusion(outcome, proof))
}

pub fn approved() -> Event {
    ended(Outcome::Approved { amount: Amount::from_minor(2500, Currency::EUR) }, Proof::Answered)
}

pub fn not_paid() -> Decision {
    Decision::new(Paid::NotPaid, "Camille", "no ticket").unwrap()
}

pub fn path(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("journal.db")
}

/// A journal with one transaction of each kind: approved, declined, tried again, open, in doubt, decided.
pub fn filled(path: &Path) -> SqliteJournal {
    let mut journal = SqliteJournal::open(path).unwrap();
    let francs = |minor| Amount::from_minor(minor, Currency::from_code("CHF").unwrap());
    let other = Transaction { amount: francs(900), allow_partial: true, ..debit("partial", "t1") };
    let partial = Outcome::PartiallyApproved { approved: francs(700), due: francs(200) };
    let declined = Outcome::Declined { refusal: Refusal::Refused };
    let silence = Outcome::Unknown { doubt: Doubt::Silence };
    let not_sent = Outcome::NotSent { reason: NotSent::Unreachable };
    let credit =
        Transaction { operation: Operation::Credit, original: Some(id("paid")), ..debit("credit", "t1") };
    let never_sent = Event::NeverSent(debit("again", "t1"), conclusion(not_sent, Proof::NothingSent));
    for (number, (key, event)) in [
        ("paid", started("paid", "t1")),
        ("paid", approved()),
        ("partial", Event::Started(other)),
        ("partial", ended(partial, Proof::Answered)),
        ("credit", Event::Started(credit)),
        ("credit", ended(declined, Proof::Answered)),
        ("again", never_sent),
        ("again", started("again", "t1")),
        ("doubt", started("doubt", "t2")),
        ("doubt", ended(silence, Proof::Delivered)),
        ("decided", started("decided", "t3")),
        ("decided", ended(silence, Proof::PerhapsSent)),
    ]
    .into_iter()
    .enumerate()
    {
        journal.append(&id(key), &event, time(number as u64)).unwrap();
    }
    let lock = journal.lock(&terminal("t3")).unwrap();
    let paid = Decision::new(Paid::Paid(Amount::from_minor(1999, Currency::EUR)), "Zoé", "vu").unwrap();
    journal.resolve(&lock, &"decided".parse().unwrap(), &paid, time(50)).unwrap();
    journal
}

/// All that a journal says.
pub fn content(journal: &dyn Journal) -> Vec<(Record, Vec<RecordedEvent>)> {
    let events = |record: &Record| journal.events(&record.id()).unwrap();
    journal.list().unwrap().into_iter().map(|record| (record.clone(), events(&record))).collect()
}

/// Runs the test `child` of the calling test program as a process of its own.
pub fn process(task: &str, path: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "child", "--nocapture"])
        .env("CAISSE_TEST_TASK", task)
        .env("CAISSE_TEST_PATH", path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

/// What the parent asked for; nothing when the test runs among the others.
pub fn task() -> Option<(String, PathBuf)> {
    Some((std::env::var("CAISSE_TEST_TASK").ok()?, std::env::var_os("CAISSE_TEST_PATH")?.into()))
}

/// Changes rows as somebody does who knows SQLite: without the triggers, which are there again afterwards.
pub fn tamper(path: &Path, change: impl FnOnce(&Connection)) {
    let database = Connection::open(path).unwrap();
    let mut query = database.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").unwrap();
    let rows = query.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).unwrap();
    let triggers: Vec<_> = rows.map(Result::unwrap).collect();
    assert_eq!(triggers.len(), 11);
    database.execute_batch("PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; BEGIN").unwrap();
    for (name, _) in &triggers {
        database.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    change(&database);
    for (_, sql) in &triggers {
        database.execute_batch(sql).unwrap();
    }
    database.execute_batch("COMMIT").unwrap();
}

/// Values of every column and none: what decodes elsewhere must not decode here unseen.
pub fn values(column: &str) -> Vec<Value> {
    let mut values = vec![Value::Null];
    if column == "chain" {
        values.extend([vec![], vec![0; 31], vec![0; 32], vec![0xa5; 32]].map(Value::Blob));
    } else if column.ends_with("_minor")
        || column.starts_with("previous_at_")
        || matches!(
            column,
            "number"
                | "started_event"
                | "allow_partial"
                | "disputed"
                | "events"
                | "last_event"
                | "last_attempt"
                | "open"
                | "digest"
        )
    {
        values.extend([-1, 0, 1, 2, 2501, i64::MIN, i64::MAX].map(Value::Integer));
    } else {
        values.extend(
            [
                "",
                "a",
                "paid",
                "declined",
                "not_sent",
                "04",
                "silence",
                "answered",
                "JPY",
                "0675",
                "t2",
                "2026-11-23T09:00:00.000Z",
            ]
            .map(|text| Value::Text(text.to_owned())),
        );
    }
    values
}
