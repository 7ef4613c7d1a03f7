//! What a payment reads, in rows and in bytes, whatever the size of the journal.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests"
)]
#![cfg(target_os = "linux")]

mod system_calls;

use std::collections::HashMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use caisse_payment::{
    Amount, Conclusion, Currency, Operation, Outcome, Proof, RawStatus, TerminalId, Transaction,
    TransactionId, Verdict,
};
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::{StatementStatus, params_from_iter};

use super::tracked::Tracked;
use super::*;
use crate::{Event, Journal, RecordedEvent, TerminalKey, WallTime};

/// What was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Cost {
    /// Rows that the statements gave.
    rows: u64,
    /// Steps of SQLite's machine: rows that a statement passes over cost steps too.
    steps: u64,
    /// Steps along a table without an index.
    scanned: u64,
    /// Bytes read from files, with the opening of the journal.
    bytes: u64,
}

#[derive(Debug, Default)]
struct Counters {
    rows: AtomicU64,
    steps: AtomicU64,
    scanned: AtomicU64,
}

/// Bytes that this thread has read so far: pages of the database, and the mark.
fn bytes_read() -> u64 {
    let counts = fs::read_to_string("/proc/thread-self/io").unwrap();
    counts.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse().unwrap()
}

/// Opens the journal and does something with it.
fn cost(path: &Path, act: impl FnOnce(&mut SqliteJournal)) -> Cost {
    let before = bytes_read();
    let counted = bytes_read() - before;
    let mut journal = SqliteJournal::open(path).unwrap();
    // A statement that is kept goes on counting, and several of one text are told apart by nothing.
    let engine = Arc::clone(&journal.shared);
    let act_on = |act: &mut dyn FnMut(&mut Connection)| {
        let patience = Patience::default();
        let on_pen = |pen: &mut pen::Pen| {
            act(&mut pen.connection);
            Ok(())
        };
        engine.engine.alone(patience.wait(), on_pen).unwrap();
    };
    act_on(&mut |connection| connection.set_prepared_statement_cache_capacity(0));
    let counters = Arc::new(Counters::default());
    let count = Arc::clone(&counters);
    let mut earlier = HashMap::new();
    let codes = TraceEventCodes::SQLITE_TRACE_ROW | TraceEventCodes::SQLITE_TRACE_PROFILE;
    let mut counted_events = Some(move |event: TraceEvent<'_>| match event {
        TraceEvent::Row(_) => drop(count.rows.fetch_add(1, Ordering::SeqCst)),
        TraceEvent::Profile(statement, _) => {
            let status = |status| u64::try_from(statement.get_status(status)).unwrap();
            let now = [status(StatementStatus::VmStep), status(StatementStatus::FullscanStep)];
            // A statement that runs again goes on counting, and so does one whose triggers ran.
            let before = earlier.insert(statement.sql().into_owned(), now);
            let before = before.filter(|_| status(StatementStatus::Run) > 1).unwrap_or_default();
            count.steps.fetch_add(now[0].saturating_sub(before[0]), Ordering::SeqCst);
            count.scanned.fetch_add(now[1].saturating_sub(before[1]), Ordering::SeqCst);
        }
        _ => {}
    });
    act_on(&mut |connection| connection.trace_v2(codes, counted_events.take()).unwrap());
    act(&mut journal);
    let bytes = bytes_read() - before - 2 * counted;
    act_on(&mut |connection| connection.trace_v2(codes, None::<fn(TraceEvent<'_>)>).unwrap());
    drop((engine, journal));
    let get = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
    Cost { rows: get(&counters.rows), steps: get(&counters.steps), scanned: get(&counters.scanned), bytes }
}

fn id(number: u64) -> TransactionId {
    format!("order-{number:07}").parse().unwrap()
}

fn terminal(number: u64) -> TerminalId {
    format!("counter-{}", number % 10).parse().unwrap()
}

fn debit(number: u64) -> Transaction {
    let (amount, dialect) = (Amount::from_minor(2500, Currency::EUR), "payxpress".parse().unwrap());
    Transaction {
        reference: format!("table {number}").parse().ok(),
        address: format!("tcp:192.0.2.{}:8888", number % 10).parse().ok(),
        ..Transaction::new(id(number), Operation::Debit, amount, terminal(number), dialect)
    }
}

fn approved(number: u64) -> Conclusion {
    let amount = Amount::from_minor(2500, Currency::EUR);
    Conclusion {
        verdict: Verdict { outcome: Outcome::Approved { amount }, proof: Proof::Answered },
        authorisation: format!("{:06}", 1 + number % 999_999).parse().ok(),
        contract: "1234567".parse().ok(),
        serial_number: None,
        reported_amount: None,
        last_four: Some(*b"0674"),
        status: RawStatus { status: Some(*b"10"), ..RawStatus::default() },
    }
}

/// A journal with so many settled payments at ten terminals. The rows are made by the code that makes those of every payment,
/// without what a payment looks up before.
fn journal_of(payments: u64, folder: &tempfile::TempDir) -> PathBuf {
    let path = folder.path().join("journal.db");
    let journal = SqliteJournal::open(&path).unwrap();
    let written = journal.write(Care::Strict, |writer| {
        let connection = writer.connection;
        let mut put_transaction = connection.prepare(&writing::PUT_TRANSACTION)?;
        let mut put_event = connection.prepare(&writing::PUT_EVENT)?;
        for number in 0..payments {
            let mut tracked = None;
            let mut rows = Vec::new();
            for event in [Event::Started(debit(number)), Event::Ended(approved(number))] {
                let event = RecordedEvent { at: WallTime::from_millis(number), event };
                let next =
                    Tracked::replay(&id(number), tracked.as_ref(), writer.current.tail.next(), &event)?;
                rows.push(writer.next_event(&next, event)?);
                tracked = Some(next);
            }
            let tracked = tracked.unwrap();
            let last_event = writer.current.tail.number;
            let row = columns::TransactionRow { tracked, events: 2, last_event };
            put_transaction.execute(params_from_iter(columns::encode_transaction(&row)))?;
            for row in rows {
                put_event.execute(params_from_iter(row))?;
            }
        }
        writer.recent.clear();
        Ok(())
    });
    written.unwrap();
    path
}

/// In memory where the system has such a place.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

/// What a till does for a payment: it looks for the id and for what came before at the terminal, and writes the start and the end.
fn pay(journal: &mut SqliteJournal, number: u64) {
    let key = TerminalKey::from(&debit(number));
    assert_eq!(journal.find(&id(number)).unwrap(), None);
    assert_eq!(journal.unresolved_at(&key).unwrap(), []);
    let mut seen = 0;
    let walk = journal.walk_back(&key, &mut |_| {
        seen += 1;
        if seen < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    walk.unwrap();
    let (id, at) = (id(number), WallTime::from_millis(1));
    journal.append(&id, &Event::Started(debit(number)), at).unwrap();
    assert_eq!(journal.unresolved_at(&key).unwrap().len(), 1);
    journal.append(&id, &Event::Ended(approved(number)), WallTime::from_millis(2)).unwrap();
}

/// What a till and a person do with a journal of so many payments.
fn costs(payments: u64) -> Vec<(&'static str, Cost)> {
    let folder = folder();
    let path = journal_of(payments, &folder);
    let old = id(payments / 2);
    // So that the empty journal too has what the questions ask for.
    for number in payments..payments + 30 {
        pay(&mut SqliteJournal::open(&path).unwrap(), number);
    }
    vec![
        ("open", cost(&path, |_| ())),
        ("pay", cost(&path, |journal| pay(journal, payments + 30))),
        ("unsettled", cost(&path, |journal| assert_eq!(journal.unsettled().unwrap(), []))),
        (
            "show",
            cost(&path, |journal| {
                assert!(journal.find(&old).unwrap().is_some());
                assert_eq!(journal.events(&old).unwrap().len(), 2);
            }),
        ),
        (
            "credit of an old original",
            cost(&path, |journal| {
                assert!(journal.find(&old).unwrap().is_some());
                assert_eq!(journal.naming_original(&old).unwrap(), []);
            }),
        ),
        (
            "evidence",
            cost(&path, |journal| {
                assert_eq!(journal.with_authorisation(&"777777".parse().unwrap()).unwrap(), []);
                assert_eq!(journal.with_reference(&"table 7777777".parse().unwrap()).unwrap(), []);
            }),
        ),
    ]
}

/// The rows that each of them reads and the steps of SQLite's machine that this takes, from when the journal is open to when it is
/// closed: the same for 1 000 and for 100 000 payments. And the bytes that it reads of 100 000 payments, with the opening, which
/// reads the 192 KiB of the newest events.
const PINS: [(&str, u64, u64, u64); 6] = [
    ("open", 0, 0, 250_116),
    ("pay", 27, 1660, 377_092),
    ("unsettled", 1, 16, 250_116),
    ("show", 6, 344, 286_980),
    ("credit of an old original", 3, 221, 295_172),
    ("evidence", 0, 160, 332_036),
];

#[test]
fn the_generated_journals_are_journals() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = SqliteJournal::open(journal_of(25, &folder)).unwrap();
    assert_eq!(journal.verify(&mut |_| {}).unwrap().events, 50);
    assert_eq!(journal.list().unwrap().len(), 25);
}

#[test]
fn a_payment_reads_as_much_whatever_the_size_of_the_journal() {
    let [few, some, many] = [0, 1_000, 100_000].map(costs);
    for (place, (name, rows, steps, bytes)) in PINS.into_iter().enumerate() {
        let [few, some, many] = [&few, &some, &many].map(|costs| costs[place]);
        println!("{few:?}\n{some:?}\n{many:?}");
        assert_eq!((many.0, many.1.rows, many.1.steps), (name, rows, steps));
        assert_eq!((some.1.rows, some.1.steps), (rows, steps));
        assert_eq!((few.1.scanned, some.1.scanned, many.1.scanned), (0, 0, 0), "{name}");
        // With few payments the same one is asked for as old and as new.
        assert!(few.1.rows <= rows && few.1.steps <= steps + 20, "{few:?}");
        // A page more or less.
        assert!(many.1.bytes.abs_diff(bytes) <= 4096, "{many:?}");
    }
}
