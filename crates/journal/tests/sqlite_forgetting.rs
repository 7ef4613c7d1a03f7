//! What is settled goes after its time, and nothing else does.

mod common;

use std::time::Duration;

use caisse_journal::{
    Decision, Dispute, Event, Forgotten, Journal, JournalError, Paid, SqliteJournal, WallTime,
};
use caisse_payment::{Doubt, Outcome, Proof};
use common::*;
use proptest::prelude::*;
use rusqlite::Connection;

const KEEP: Duration = SqliteJournal::KEPT_AT_LEAST;

fn days(days: u64) -> WallTime {
    WallTime::from_millis(time(0).millis() + days * 24 * 3600 * 1000)
}

/// Without the payments that only make others old.
fn ids(journal: &SqliteJournal) -> Vec<String> {
    let all = journal.list().unwrap().into_iter().map(|record| record.id().to_string());
    all.filter(|id| !id.starts_with("newer")).collect()
}

/// As many payments as are kept whatever their age.
fn newer(journal: &mut SqliteJournal, at: WallTime) {
    let first = journal.list().unwrap().len();
    for number in first..first + SqliteJournal::ALWAYS_KEPT {
        let key = format!("newer-{number}");
        journal.append(&id(&key), &started(&key, "newer"), at).unwrap();
        journal.append(&id(&key), &approved(), at).unwrap();
    }
}

/// In memory where the system has such a place: nothing here has to survive.
fn folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

fn pay(journal: &mut SqliteJournal, key: &str, at: WallTime) {
    journal.append(&id(key), &started(key, "t"), at).unwrap();
    journal.append(&id(key), &approved(), at).unwrap();
}

#[test]
fn what_is_settled_goes_after_its_time_and_not_before() {
    let folder = folder();
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    pay(&mut journal, "a", days(0));
    pay(&mut journal, "b", days(10));
    newer(&mut journal, days(100));
    // 31 days and not a millisecond more.
    assert_eq!(journal.forget(KEEP, days(31)).unwrap(), Forgotten::default());
    let gone = journal.forget(KEEP, WallTime::from_millis(days(31).millis() + 1)).unwrap();
    assert_eq!(gone, Forgotten { transactions: 1, events: 2 });
    assert_eq!(ids(&journal), ["b"]);
    assert_eq!(journal.find(&id("a")).unwrap(), None);
    assert_eq!(journal.events(&id("a")).unwrap(), []);

    // The chain goes on: after a restart, with further payments, and after more has gone.
    drop(journal);
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    pay(&mut journal, "c", days(101));
    assert_eq!(journal.forget(KEEP, days(400)).unwrap(), Forgotten { transactions: 1, events: 2 });
    assert_eq!(ids(&journal), ["c"]);
    let before = content(&journal);
    drop(journal);
    let journal = SqliteJournal::open(path(&folder)).unwrap();
    assert_eq!(content(&journal), before);
    let database = Connection::open(path(&folder)).unwrap();
    let row = database
        .query_row(
            "SELECT transactions, events, (SELECT min(number) FROM events) FROM forgotten",
            [],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)),
        )
        .unwrap();
    assert_eq!(row, (2, 4, 5));
}

#[test]
fn a_clock_that_runs_ahead_removes_nothing() {
    let folder = folder();
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    pay(&mut journal, "a", days(0));
    newer(&mut journal, days(20));
    assert_eq!(journal.forget(KEEP, days(30_000)).unwrap(), Forgotten::default());
    // And one that runs behind neither.
    newer(&mut journal, days(50));
    assert_eq!(journal.forget(KEEP, days(0)).unwrap(), Forgotten::default());
    assert_eq!(ids(&journal), ["a"]);
}

/// The clock jumps ahead, and payments are made: the ones of an hour ago are kept, for their ids must not be charged again.
#[test]
fn payments_under_a_clock_ahead_make_the_last_ones_no_older() {
    let folder = folder();
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    pay(&mut journal, "an-hour-ago", days(0));
    for number in 1..SqliteJournal::ALWAYS_KEPT {
        pay(&mut journal, &format!("ahead-{number}"), days(1_000));
    }
    assert_eq!(journal.forget(KEEP, days(1_000)).unwrap(), Forgotten::default());
    pay(&mut journal, "one-more", days(1_000));
    assert_eq!(journal.forget(KEEP, days(1_000)).unwrap().transactions, 1);
}

/// Not in a free page of the file either.
#[test]
fn what_is_forgotten_is_gone_from_the_file() {
    let folder = folder();
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    pay(&mut journal, "the-forgotten-one", days(0));
    newer(&mut journal, days(50));
    assert_eq!(journal.forget(KEEP, days(50)).unwrap().transactions, 1);
    drop(journal);
    let bytes = std::fs::read(path(&folder)).unwrap();
    assert_eq!(bytes.windows(17).filter(|window| *window == b"the-forgotten-one").count(), 0);
}

#[test]
fn a_time_that_is_too_short_is_refused() {
    let folder = folder();
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    let short = KEEP.checked_sub(Duration::from_millis(1)).unwrap();
    assert!(matches!(journal.forget(short, days(0)), Err(JournalError::Refused { .. })));
    assert!(journal.forget(KEEP, days(0)).is_ok());
}

#[test]
fn what_was_forgotten_cannot_be_told_otherwise() {
    for damage in [
        "UPDATE forgotten SET chain = x''",
        "UPDATE forgotten SET chain = zeroblob(32)",
        "UPDATE forgotten SET events = 1",
        "DELETE FROM forgotten",
        "UPDATE forgotten SET events = 99; DELETE FROM events WHERE number = 3",
        "UPDATE forgotten SET transactions = 2",
        "UPDATE forgotten SET transactions = 0",
        "UPDATE forgotten SET transactions = -1",
        "UPDATE forgotten SET hash = zeroblob(32)",
        "UPDATE forgotten SET hash = x''",
    ] {
        let folder = folder();
        let mut journal = SqliteJournal::open(path(&folder)).unwrap();
        pay(&mut journal, "a", days(0));
        newer(&mut journal, days(50));
        assert_eq!(journal.forget(KEEP, days(50)).unwrap().transactions, 1);
        drop(journal);
        Connection::open(path(&folder)).unwrap().execute_batch(damage).unwrap();
        let error = SqliteJournal::open(path(&folder)).unwrap_err();
        assert!(matches!(error, JournalError::Corrupt { .. }), "{damage}: {error:?}");
    }
}

/// Also to a till that has the journal open, and in a journal of which nothing was forgotten.
#[test]
fn a_full_check_finds_what_was_written_about_the_forgotten() {
    for (forgets, damage) in [
        (true, "UPDATE forgotten SET transactions = 2"),
        (true, "UPDATE forgotten SET chain = zeroblob(32)"),
        (true, "DELETE FROM forgotten"),
        (false, "INSERT INTO forgotten VALUES (1, 5, 0, zeroblob(32), zeroblob(32))"),
        (false, "INSERT INTO forgotten VALUES (1, 0, 0, zeroblob(32), zeroblob(32))"),
    ] {
        let folder = folder();
        let mut journal = SqliteJournal::open(path(&folder)).unwrap();
        pay(&mut journal, "a", days(0));
        newer(&mut journal, days(50));
        if forgets {
            assert_eq!(journal.forget(KEEP, days(50)).unwrap().transactions, 1);
        }
        journal.verify(&mut |_| {}).unwrap();
        Connection::open(path(&folder)).unwrap().execute_batch(damage).unwrap();
        let error = journal.verify(&mut |_| {}).unwrap_err();
        assert!(matches!(error, JournalError::Corrupt { .. }), "{damage}: {error:?}");
        // In parts, too.
        let in_parts = loop {
            match journal.verify_portion(50) {
                Ok(None) => {}
                ended => break ended,
            }
        };
        assert!(matches!(in_parts, Err(JournalError::Corrupt { .. })), "{damage}: {in_parts:?}");
    }
}

/// What happens to a payment, and whether it is settled then.
const LIVES: [&str; 6] = ["approved", "never sent", "open", "unknown", "resolved", "disputed"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Payments on several terminals, their events mixed: what goes is old and settled, what stays is as it was, and the
    /// first that stays is there for a reason.
    #[test]
    fn what_must_stay_stays(lives in prop::collection::vec((0..LIVES.len(), 0u64..90, 0u64..30), 1..12), age in 31u64..80) {
        let folder = folder();
        let mut journal = SqliteJournal::open(path(&folder)).unwrap();
        let mut writes: Vec<(u64, usize, bool)> = Vec::new();
        for (number, (_, at, takes)) in lives.iter().enumerate() {
            writes.extend([(*at, number, false), (at + takes, number, true)]);
        }
        writes.sort();
        for (at, number, ends) in writes {
            let (key, on) = (format!("k{number}"), format!("t{number}"));
            match (LIVES[lives[number].0], ends) {
                ("never sent", false) => {}
                ("never sent", true) => {
                    let not_sent = Outcome::NotSent { reason: caisse_payment::NotSent::Unreachable };
                    let end = conclusion(not_sent, Proof::NothingSent);
                    let never = Event::NeverSent(debit(&key, &on), end);
                    journal.append(&id(&key), &never, days(at)).unwrap();
                }
                (_, false) => journal.append(&id(&key), &started(&key, &on), days(at)).unwrap(),
                ("open", true) => {}
                ("resolved", true) => {
                    let lock = journal.lock(&terminal(&on)).unwrap();
                    journal.resolve(&lock, &id(&key), &not_paid(), days(at)).unwrap();
                }
                ("unknown", true) => {
                    let end = ended(Outcome::Unknown { doubt: Doubt::Silence }, Proof::Delivered);
                    journal.append(&id(&key), &end, days(at)).unwrap();
                }
                (life, true) => {
                    journal.append(&id(&key), &approved(), days(at)).unwrap();
                    if life == "disputed" {
                        let dispute = Dispute::new(Paid::NotPaid, "late").unwrap();
                        journal.append(&id(&key), &Event::Disputed(dispute), days(at)).unwrap();
                    }
                }
            }
        }
        newer(&mut journal, days(120));
        let before = content(&journal);
        let newest = before.iter().flat_map(|(_, events)| events).map(|event| event.at).max().unwrap();
        let gone = journal.forget(Duration::from_secs(age * 24 * 3600), days(1_000)).unwrap();
        let after = content(&journal);
        prop_assert_eq!(before.len() - after.len(), usize::try_from(gone.transactions).unwrap());
        for (record, events) in &before {
            let stays = after.iter().any(|(other, _)| other.id() == record.id());
            if stays {
                prop_assert!(after.contains(&(record.clone(), events.clone())));
            } else {
                prop_assert_eq!(record.state(), caisse_journal::State::Final);
                prop_assert!(events.iter().all(|event| newest.millis() - event.at.millis() > age * 24 * 3600 * 1000));
            }
        }
        drop(journal);
        let mut journal = SqliteJournal::open(path(&folder)).unwrap();
        prop_assert_eq!(content(&journal), after);
        // Once more finds nothing, and the journal is as good as before.
        prop_assert_eq!(journal.forget(Duration::from_secs(age * 24 * 3600), days(1_000)).unwrap(), Forgotten::default());
        pay(&mut journal, "next", days(200));
    }
}

/// A till pays all the while, in portions between which the journal is free; and the file is shorter afterwards.
#[test]
fn tills_pay_between_the_portions_and_the_file_shrinks() {
    let folder = folder();
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    // Decided long after it began, so that all between goes in one portion with it.
    journal.append(&id("decided"), &started("decided", "u"), days(0)).unwrap();
    for number in 0..1_500 {
        if number == 700 {
            let lock = journal.lock(&"u".parse().unwrap()).unwrap();
            let decision = Decision::new(Paid::NotPaid, "Zoé", "ticket").unwrap();
            journal.resolve(&lock, &id("decided"), &decision, days(1)).unwrap();
        }
        pay(&mut journal, &format!("old-{number}"), days(1));
    }
    newer(&mut journal, days(100));
    let size = || std::fs::metadata(path(&folder)).unwrap().len();
    let before = size();
    let path = path(&folder);
    let is_over = std::sync::atomic::AtomicBool::new(false);
    let paid = std::thread::scope(|scope| {
        let till = scope.spawn(|| {
            let mut journal = SqliteJournal::open(path).unwrap();
            let mut count = 0;
            // Fewer than are forgotten.
            while count < 200 && !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                pay(&mut journal, &format!("meanwhile-{count}"), days(100));
                count += 1;
            }
            count
        });
        let gone = journal.forget(KEEP, days(100)).unwrap();
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(gone, Forgotten { transactions: 1_501, events: 3_002 });
        till.join().unwrap()
    });
    assert!(paid > 0);
    // However much was paid meanwhile, what was forgotten takes no room any more.
    let database = Connection::open(crate::path(&folder)).unwrap();
    let free: i64 = database.query_row("PRAGMA freelist_count", [], |row| row.get(0)).unwrap();
    assert!(free < 16, "{free} free pages");
    assert!(size() < before, "{} of {before} bytes", size());
    assert_eq!(ids(&journal).len(), paid);
    drop(journal);
    let mut journal = SqliteJournal::open(crate::path(&folder)).unwrap();
    journal.verify(&mut |_| {}).unwrap();
}

/// As the mark of a journal that was given to another account, or one that came back with an older folder.
#[test]
fn a_mark_from_before_what_was_forgotten_holds_nothing_back() {
    let folder = folder();
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    pay(&mut journal, "a", days(0));
    let mark = format!("{}.locks/last-event", path(&folder).display());
    let old = std::fs::read(&mark).unwrap();
    pay(&mut journal, "b", days(0));
    newer(&mut journal, days(100));
    assert_eq!(journal.forget(KEEP, days(100)).unwrap().transactions, 2);
    let content = content(&journal);
    drop(journal);
    std::fs::write(&mark, old).unwrap();
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    assert_eq!(common::content(&journal), content);
    journal.verify(&mut |_| {}).unwrap();
}
