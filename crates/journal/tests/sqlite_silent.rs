//! Damage that shows in no time stamp: bits that turn over on the disk, or a hand that gives the file its old time back. Opening a
//! sealed journal does not look for it. The full check finds all of it, and what changes an answer that matters to money is found
//! before the answer is given.

mod common;

use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::Path;

use caisse_journal::{Dispute, Event, Journal, JournalError, Paid, SqliteJournal, TerminalKey};
use caisse_payment::{Operation, Outcome, Proof, Refusal, Transaction};
use common::*;
use rusqlite::Connection;
use rusqlite::types::Value;

const ADDRESS: &str = "tcp:192.0.2.7:8888";

/// What [`filled`] has, and transactions with an address, a device, an approved credit and a dispute.
fn varied(path: &Path) -> SqliteJournal {
    let mut journal = filled(path);
    let credit =
        Transaction { operation: Operation::Credit, original: Some(id("paid")), ..debit("credit-2", "t1b") };
    let reached = |key: &str, on: &str| {
        Event::Started(Transaction {
            address: Some(terminal(ADDRESS)),
            usb: "usb:079b:0028:1".parse().ok(),
            ..debit(key, on)
        })
    };
    for (number, (key, event)) in [
        ("credit-2", Event::Started(credit)),
        ("credit-2", approved()),
        ("reached", reached("reached", "t4")),
        ("reached", approved()),
        ("renamed", reached("renamed", "t5")),
        ("renamed", ended(Outcome::Declined { refusal: Refusal::Refused }, Proof::Answered)),
        ("last", started("last", "t4")),
        ("last", approved()),
    ]
    .into_iter()
    .enumerate()
    {
        journal.append(&id(key), &event, time(60 + number as u64)).unwrap();
    }
    // A person corrects a person: the decision before it is in the events alone.
    let lock = journal.lock(&terminal("t3")).unwrap();
    journal.resolve(&lock, &"decided".parse().unwrap(), &not_paid(), time(79)).unwrap();
    drop(lock);
    let dispute = Dispute::new(Paid::NotPaid, "late result").unwrap();
    journal.append(&"last".parse().unwrap(), &Event::Disputed(dispute), time(80)).unwrap();
    journal
}

/// An answer in its debug form, or that something is wrong.
type Answer = Result<String, JournalError>;

/// Everything that a payment, a recovery or a cashier asks of a journal.
fn ask(journal: &SqliteJournal) -> Vec<(String, Answer)> {
    let mut answers = Vec::new();
    let mut note = |question: String, answer: Answer| answers.push((question, answer));
    for id in
        ["paid", "partial", "credit", "again", "doubt", "decided", "credit-2", "reached", "renamed", "last"]
    {
        let key = id.parse().unwrap();
        note(format!("find {id}"), journal.find(&key).map(|it| format!("{it:?}")));
        note(format!("events {id}"), journal.events(&key).map(|it| format!("{it:?}")));
    }
    // What a changed key would be found under.
    for id in ["a", "0", "pai", "paie", "zzz"] {
        note(format!("find {id}"), journal.find(&id.parse().unwrap()).map(|it| format!("{it:?}")));
    }
    for name in ["t1", "t1b", "t2", "t3", "t4", "t5", "none", ADDRESS] {
        for address in [None, Some(terminal(ADDRESS))] {
            let key = TerminalKey { terminal: terminal(name), address };
            note(format!("open at {key:?}"), journal.unresolved_at(&key).map(|it| format!("{it:?}")));
            let mut seen = Vec::new();
            let walk = journal.walk_back(&key, &mut |record| {
                seen.push(record.clone());
                ControlFlow::Continue(())
            });
            note(format!("back at {key:?}"), walk.map(|()| format!("{seen:?}")));
        }
        note(format!("open {name}"), journal.unresolved(&terminal(name)).map(|it| format!("{it:?}")));
    }
    note("unsettled".to_owned(), journal.unsettled().map(|it| format!("{it:?}")));
    for id in ["paid", "partial", "a"] {
        note(
            format!("naming {id}"),
            journal.naming_original(&id.parse().unwrap()).map(|it| format!("{it:?}")),
        );
    }
    for number in ["123456", "654321"] {
        let found = journal.with_authorisation(&number.parse().unwrap());
        note(format!("authorisation {number}"), found.map(|it| format!("{it:?}")));
    }
    for reference in ["order 7", "order 8"] {
        let found = journal.with_reference(&reference.parse().unwrap());
        note(format!("reference {reference}"), found.map(|it| format!("{it:?}")));
    }
    note("list".to_owned(), journal.list().map(|it| format!("{it:?}")));
    answers
}

/// What must never be written: each would let a customer be charged twice.
fn wrong_starts() -> [Transaction; 6] {
    [
        debit("paid", "t9"),
        debit("reached", "t9"),
        debit("decided", "t9"),
        debit("fresh", "t2"),
        debit("fresh", "t1"),
        Transaction { address: Some(terminal("t2")), ..debit("fresh", "new") },
    ]
}

/// Changes the file and gives it the time of its last write back.
fn silently(path: &Path, change: impl FnOnce()) {
    let before = fs::metadata(path).unwrap().modified().unwrap();
    change();
    File::options().write(true).open(path).unwrap().set_modified(before).unwrap();
}

fn remove_log(folder: &tempfile::TempDir) {
    let _ = fs::remove_file(folder.path().join("journal.db-wal"));
    let _ = fs::remove_file(folder.path().join("journal.db-shm"));
}

/// How damage was found.
#[derive(Debug, Default)]
struct Count {
    /// When the journal was opened.
    at_opening: usize,
    /// Before an answer that it changes.
    on_use: usize,
    /// By the full check alone: it changes no answer.
    by_the_check: usize,
    /// Not at all: it changes nothing.
    harmless: usize,
}

/// A sealed journal in a folder of its own, and what it says.
struct Sealed {
    folder: tempfile::TempDir,
    bytes: Vec<u8>,
    mark: Vec<u8>,
    answers: Vec<(String, Answer)>,
    count: Count,
}

impl Sealed {
    fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() {
            tempfile::tempdir_in(memory).unwrap()
        } else {
            tempfile::tempdir().unwrap()
        };
        let answers = ask(&varied(&path(&folder)));
        assert!(answers.iter().all(|(_, answer)| answer.is_ok()));
        let bytes = fs::read(path(&folder)).unwrap();
        let mark = fs::read(folder.path().join("journal.db.locks/last-event")).unwrap();
        Self { folder, bytes, mark, answers, count: Count::default() }
    }

    fn restore(&self) {
        remove_log(&self.folder);
        silently(&path(&self.folder), || fs::write(path(&self.folder), &self.bytes).unwrap());
        fs::write(self.folder.path().join("journal.db.locks/last-event"), &self.mark).unwrap();
        let _ = fs::remove_file(self.folder.path().join("journal.db.locks/recent-events"));
    }

    /// Holds a journal whose content was changed against what it said before, and lets the check in portions look for it too.
    fn examine_content(&mut self, change: &str) {
        let damaged = fs::read(path(&self.folder)).unwrap();
        if let Ok(mut journal) = SqliteJournal::open(path(&self.folder)) {
            let found = loop {
                match journal.verify_portion(7) {
                    Ok(None) => {}
                    Ok(Some(_)) => break false,
                    Err(error) => break matches!(error, JournalError::Corrupt { .. }),
                }
            };
            assert!(found, "{change}: not found in portions");
            drop(journal);
            self.restore();
            silently(&path(&self.folder), || fs::write(path(&self.folder), &damaged).unwrap());
        }
        let harmless = self.count.harmless;
        self.examine(change);
        assert_eq!(self.count.harmless, harmless, "{change}: not found");
    }

    /// Holds a journal that was changed against what it said before.
    fn examine(&mut self, change: &str) {
        let mut journal = match SqliteJournal::open(path(&self.folder)) {
            Ok(journal) => journal,
            Err(error) => {
                assert!(
                    !matches!(error, JournalError::Older { .. } | JournalError::Former),
                    "{change}: {error:?}"
                );
                self.count.at_opening += 1;
                return self.restore();
            }
        };
        let (mut is_found, mut is_changed) = (false, false);
        for ((question, before), (_, answer)) in self.answers.iter().zip(ask(&journal)) {
            match &answer {
                Ok(_) => assert_eq!(&answer, before, "{change}: {question}"),
                // The list reads everything.
                Err(JournalError::Corrupt { .. }) => is_found |= question != "list",
                Err(error) => panic!("{change}: {question}: {error:?}"),
            }
            is_changed |= answer != *before;
        }
        for wrong in wrong_starts() {
            let written = journal.append(&wrong.id, &Event::Started(wrong), time(99));
            assert!(written.is_err(), "{change}: {wrong:?}");
        }
        let verified = journal.verify(&mut |_| ());
        drop(journal);
        match verified {
            Ok(_) => {
                assert!(!is_changed, "{change}: found by its use and not by the full check");
                self.count.harmless += 1;
            }
            Err(error) => {
                assert!(matches!(error, JournalError::Corrupt { .. }), "{change}: {error:?}");
                // From now on nothing is paid with it.
                let opened = SqliteJournal::open(path(&self.folder));
                assert!(matches!(opened, Err(JournalError::Corrupt { .. })), "{change}: {opened:?}");
                if is_found { self.count.on_use += 1 } else { self.count.by_the_check += 1 }
            }
        }
        self.restore();
    }
}

#[test]
fn a_sealed_journal_that_nobody_changed_is_read_as_before() {
    let mut sealed = Sealed::new();
    sealed.restore();
    sealed.examine("nothing");
    silently(&path(&sealed.folder), || tamper(&path(&sealed.folder), |_| ()));
    sealed.examine("nothing, by another program");
    assert_eq!(sealed.count.harmless, 2, "{:?}", sealed.count);
}

/// Each column of each row of each table, changed to what could be meant by somebody or by nobody.
#[test]
fn every_silently_changed_value_is_found() {
    let mut sealed = Sealed::new();
    let file = path(&sealed.folder);
    for table in ["transactions", "events", "terminals"] {
        let database = Connection::open(&file).unwrap();
        let mut query = database.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns: Vec<String> = query.column_names().map(str::to_owned).collect();
        let rows = query.query_map([], |row| row.get::<_, Value>(0)).unwrap();
        let keys: Vec<Value> = rows.map(Result::unwrap).collect();
        drop(query);
        drop(database);
        sealed.restore();
        for (place, column) in columns.iter().enumerate() {
            for (number, value) in values(column).into_iter().enumerate() {
                let row = &keys[(number * 5 + place) % keys.len()];
                let update = format!(
                    "UPDATE OR IGNORE {table} SET {column} = ?1 WHERE {} = ?2 AND {column} IS NOT ?1",
                    columns[0]
                );
                let mut done = 0;
                silently(&file, || {
                    tamper(&file, |database| done = database.execute(&update, (&value, row)).unwrap_or(0));
                });
                if done == 0 {
                    sealed.restore();
                    continue;
                }
                sealed.examine_content(&format!("{table}.{column} = {value:?} in {row:?}"));
            }
        }
    }
    println!("{:?}", sealed.count);
    let Count { at_opening, on_use, .. } = sealed.count;
    assert!(at_opening > 20 && on_use > 200, "{:?}", sealed.count);
}

/// Whole rows, in one table or in both.
#[test]
fn silently_missing_rows_are_found() {
    let mut sealed = Sealed::new();
    let file = path(&sealed.folder);
    let mut changes = Vec::new();
    for table in ["events", "transactions"] {
        let key = if table == "events" { "number" } else { "id" };
        let database = Connection::open(&file).unwrap();
        let mut query = database.prepare(&format!("SELECT quote({key}) FROM {table}")).unwrap();
        let keys = query.query_map([], |row| row.get::<_, String>(0)).unwrap();
        changes.extend(keys.map(|it| format!("DELETE FROM {table} WHERE {key} = {}", it.unwrap())));
    }
    changes.extend(
        [
            "DELETE FROM terminals WHERE name = 't1'",
            "DELETE FROM terminals",
            "INSERT INTO terminals VALUES ('t9', 1)",
            "DELETE FROM events WHERE id = 'doubt'; DELETE FROM transactions WHERE id = 'doubt'",
            "DELETE FROM events WHERE id = 'last'; DELETE FROM transactions WHERE id = 'last'",
            "UPDATE transactions SET id = 'other' WHERE id = 'again'",
            "UPDATE transactions SET disputed = 0 WHERE id = 'last'",
            "UPDATE transactions SET disputed = 1 WHERE id = 'paid'",
            // An earlier state of a row, as a page that was never written leaves it.
            "UPDATE transactions SET disputed = 0, events = 2, last_event = 21 WHERE id = 'last'",
            "UPDATE transactions SET ended_at = NULL, outcome = NULL, approved_minor = NULL, proof = NULL, authorisation = NULL, \
             contract = NULL, last_four = NULL, status = NULL, events = 1, last_event = started_event WHERE id = 'reached'",
        ]
        .map(str::to_owned),
    );
    for change in changes {
        sealed.restore();
        silently(&file, || {
            tamper(&file, |database| database.execute_batch(&change).unwrap());
        });
        sealed.examine_content(&change);
    }
    println!("{:?}", sealed.count);
    assert!(sealed.count.on_use > 20, "{:?}", sealed.count);
}

/// One bit after another, in every structure of the file.
#[test]
fn a_silently_flipped_bit_changes_no_answer() {
    let mut sealed = Sealed::new();
    let file = path(&sealed.folder);
    let whole = sealed.bytes.clone();
    for offset in (0..whole.len()).filter(|offset| *offset < 100 || offset % 127 == 0) {
        let mut bytes = whole.clone();
        bytes[offset] ^= 1 << (offset % 8);
        silently(&file, || fs::write(&file, &bytes).unwrap());
        sealed.examine(&format!("offset {offset}"));
    }
    println!("{:?}", sealed.count);
    let Count { at_opening, on_use, .. } = sealed.count;
    assert!(at_opening + on_use > 100, "{:?}", sealed.count);
}

/// In portions, between payments, and while old payments are forgotten.
#[test]
fn a_check_in_portions_goes_on_between_payments() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    let days = |days: u64| caisse_journal::WallTime::from_millis(time(0).millis() + days * 24 * 3600 * 1000);
    let pay = |journal: &mut SqliteJournal, key: &str, day: u64| {
        journal.append(&id(key), &started(key, "t1"), days(day)).unwrap();
        journal.append(&id(key), &approved(), days(day)).unwrap();
    };
    for number in 0..10 {
        pay(&mut journal, &format!("old-{number}"), 0);
    }
    for number in 0..SqliteJournal::ALWAYS_KEPT {
        pay(&mut journal, &format!("new-{number}"), 100);
    }
    assert_eq!(journal.last_check(), None);
    assert_eq!(journal.verify_portion(3).unwrap(), None);
    // What was to be checked next is gone: it begins anew.
    assert_eq!(journal.forget(SqliteJournal::KEPT_AT_LEAST, days(100)).unwrap().events, 20);
    let (mut portions, mut number) = (0, 0);
    let checked = loop {
        portions += 1;
        if let Some(checked) = journal.verify_portion(25).unwrap() {
            break checked;
        }
        if number < 10 {
            pay(&mut journal, &format!("meanwhile-{number}"), 101);
            number += 1;
        }
    };
    let events = 2 * u64::try_from(SqliteJournal::ALWAYS_KEPT + number).unwrap();
    // Up to where the events ended when it came to their end.
    assert_eq!(checked.last_event, checked.events + 20);
    assert!((2 * SqliteJournal::ALWAYS_KEPT as u64 + 2..=events).contains(&checked.events), "{checked:?}");
    assert!(portions > 10, "{portions}");
    assert_eq!(journal.last_check(), Some(checked));
    // Another handle reads of it, and the next check begins anew.
    assert_eq!(SqliteJournal::open(path(&folder)).unwrap().last_check(), Some(checked));
    assert_eq!(journal.verify_portion(3).unwrap(), None);
    assert_eq!(journal.verify(&mut |_| ()).unwrap().events, events);
}

/// What the seal does not cover is checked when the journal is opened: a till that was killed had no time to seal.
#[test]
fn what_was_written_after_the_seal_is_checked_when_it_is_opened() {
    let mut sealed = Sealed::new();
    let file = path(&sealed.folder);
    let mut journal = SqliteJournal::open(&file).unwrap();
    journal.append(&id("later"), &started("later", "t9"), time(90)).unwrap();
    drop(journal);
    let unsealed = fs::read(&file).unwrap();
    let old_mark = sealed.mark.clone();
    let mark = || fs::write(sealed.folder.path().join("journal.db.locks/last-event"), &old_mark).unwrap();
    mark();
    let journal = SqliteJournal::open(&file).unwrap();
    assert_eq!(journal.last_check(), None, "not everything was checked");
    assert!(journal.find(&"later".parse().unwrap()).unwrap().is_some());
    drop(journal);
    for change in [
        "UPDATE events SET amount_minor = 1 WHERE id = 'later'",
        "UPDATE transactions SET amount_minor = 1 WHERE id = 'later'",
        "DELETE FROM events WHERE id = 'later'",
        "UPDATE terminals SET last_attempt = 1 WHERE name = 't9'",
        "DELETE FROM transactions WHERE id = 'later'",
    ] {
        fs::write(&file, &unsealed).unwrap();
        mark();
        tamper(&file, |database| database.execute_batch(change).unwrap());
        let opened = SqliteJournal::open(&file);
        assert!(matches!(opened, Err(JournalError::Corrupt { .. })), "{change}: {opened:?}");
    }
    sealed.restore();
    sealed.examine("nothing");
    assert_eq!(sealed.count.harmless, 1);
}

/// A reader keeps SQLite from writing a commit into the file. The journal does so before it closes, and seals what it wrote.
#[test]
fn a_journal_that_closes_leaves_the_file_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    journal.append(&id("a"), &started("a", "t1"), time(1)).unwrap();
    let reader = Connection::open(path(&folder)).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM events").unwrap();
    let count = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
    assert_eq!(reader.query_row("SELECT count(*) FROM events", [], count).unwrap(), 1);
    journal.append(&id("a"), &approved(), time(2)).unwrap();
    let before = fs::read(path(&folder)).unwrap();
    drop(reader);
    drop(journal);
    assert_ne!(fs::read(path(&folder)).unwrap(), before, "the commit was in the log alone");
    let journal = SqliteJournal::open(path(&folder)).unwrap();
    assert_eq!(
        journal.last_check(),
        None,
        "the file was checked as a whole, as if something else had written to it"
    );
    assert_eq!(journal.events(&"a".parse().unwrap()).unwrap().len(), 2);
}
