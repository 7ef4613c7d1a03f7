//! Files that are not what they seem to be: another journal's newest events, two histories in one file, a path that leads to the
//! source, and a journal in use.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use caisse_journal::{
    Admitted, Confirmation, Decision, HeldBackReason, Journal, JournalError, Paid, Salvaged, SqliteJournal,
    State, TerminalKey, admit,
};
use caisse_payment::{Amount, Blocked, Currency, Transaction};
use rusqlite::Connection;

use crate::common::*;
use crate::shop::folder;

fn into(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("salvaged.db")
}

fn salvage(folder: &tempfile::TempDir) -> Result<Salvaged, JournalError> {
    SqliteJournal::salvage(path(folder), into(folder), time(9_000))
}

fn salvaged(folder: &tempfile::TempDir) -> SqliteJournal {
    SqliteJournal::open(into(folder)).unwrap()
}

fn pay(journal: &mut SqliteJournal, key: &str, on: &str) {
    journal.append(&id(key), &started(key, on), time(60)).unwrap();
    journal.append(&id(key), &approved(), time(61)).unwrap();
}

fn recent(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("journal.db.locks/recent-events")
}

/// Every transaction of the new journal with this id is open, and named.
fn is_held(folder: &tempfile::TempDir, result: &Salvaged, key: &str) -> bool {
    let record = salvaged(folder).find(&key.parse().unwrap()).unwrap();
    record.is_some_and(|record| record.state() != State::Final)
        && result.held_back.iter().any(|held| held.id == id(key))
}

/// The name of the part that is written first may be the name of the source, as where a support person salvages what an interrupted
/// backup left.
#[test]
fn a_source_with_the_name_of_the_part_is_not_removed() {
    let folder = folder();
    let (source, into) = (folder.path().join("copy.part"), folder.path().join("copy"));
    let mut journal = SqliteJournal::open(&source).unwrap();
    pay(&mut journal, "paid", "t1");
    let refused = |result: Result<(), JournalError>| {
        assert!(matches!(result, Err(JournalError::Unwritable { .. })), "{result:?}");
        assert!(source.exists() && !into.exists());
    };
    refused(journal.backup(&into).map(drop));
    drop(journal);
    let bytes = fs::read(&source).unwrap();
    refused(SqliteJournal::salvage(&source, &into, time(1)).map(drop));
    // Without the files beside it, and by another path.
    fs::remove_dir_all(folder.path().join("copy.part.locks")).unwrap();
    refused(SqliteJournal::salvage(&source, &into, time(1)).map(drop));
    #[cfg(unix)]
    {
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&source, &link).unwrap();
        refused(SqliteJournal::salvage(&link, &into, time(1)).map(drop));
        fs::remove_file(&link).unwrap();
        fs::hard_link(&source, &link).unwrap();
        refused(SqliteJournal::salvage(&link, &into, time(1)).map(drop));
    }
    assert_eq!(fs::read(&source).unwrap(), bytes);
}

/// A journal that is in use has a folder with its locks, and is no part of a backup, whatever its name.
#[test]
fn another_journal_with_the_name_of_the_part_is_not_removed() {
    let folder = folder();
    let journal = filled(&path(&folder));
    let other = folder.path().join("copy.part");
    pay(&mut SqliteJournal::open(&other).unwrap(), "paid", "t1");
    for result in [
        journal.backup(folder.path().join("copy")).map(drop),
        // Such a file would be removed by the next backup to the path without the ending.
        journal.backup(folder.path().join("new.part")).map(drop),
    ] {
        assert!(matches!(result, Err(JournalError::Unwritable { .. })), "{result:?}");
    }
    assert_eq!(content(&SqliteJournal::open(&other).unwrap()).len(), 1);
}

#[cfg(unix)]
#[test]
fn no_path_to_the_source_is_a_destination() {
    let folder = folder();
    drop(filled(&path(&folder)));
    let bytes = fs::read(path(&folder)).unwrap();
    let inner = folder.path().join("inner");
    std::os::unix::fs::symlink(folder.path(), &inner).unwrap();
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(path(&folder), &link).unwrap();
    let hard = folder.path().join("hard.db");
    for into in [path(&folder), inner.join("journal.db"), link.clone(), hard.clone()] {
        let _ = fs::hard_link(path(&folder), &hard);
        let result = SqliteJournal::salvage(path(&folder), &into, time(1));
        assert!(matches!(result, Err(JournalError::Unwritable { .. })), "{}: {result:?}", into.display());
        assert_eq!(fs::read(path(&folder)).unwrap(), bytes);
    }
    fs::remove_file(hard).unwrap();
    // Through a link, the files beside the file itself count.
    let elsewhere = self::folder();
    let link = elsewhere.path().join("link.db");
    std::os::unix::fs::symlink(path(&folder), &link).unwrap();
    let result = SqliteJournal::salvage(&link, into(&folder), time(1)).unwrap();
    assert!(result.held_back.is_empty() && !result.may_miss_transactions, "{result:?}");
    assert_eq!(content(&salvaged(&folder)), content(&SqliteJournal::open(path(&folder)).unwrap()));
}

/// A till that goes on with the damaged file would charge what the new journal does not know.
#[cfg(target_os = "linux")]
#[test]
fn a_journal_in_use_is_not_salvaged() {
    let folder = folder();
    let refused = || match salvage(&folder).unwrap_err() {
        JournalError::Unwritable { what } => {
            assert!(what.contains("end all tills"), "{what}");
            assert!(!into(&folder).exists());
        }
        error => panic!("{error:?}"),
    };
    let journal = filled(&path(&folder));
    refused();
    let reader = SqliteJournal::open_for_reading(path(&folder)).unwrap();
    drop(journal);
    refused();
    drop(reader);
    let mut child = process("hold", &path(&folder)).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(output.any(|line| line.unwrap().contains("it is open")));
    refused();
    drop(child.stdin.take());
    child.wait().unwrap();
    assert!(salvage(&folder).is_ok());
}

/// Twenty-four newest events, and the number of the last one, of a journal that has nothing to do with the one that is salvaged.
fn of_another_journal(payments: usize) -> Vec<u8> {
    let folder = folder();
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    for number in 0..payments {
        pay(&mut journal, &format!("foreign-{number}"), "elsewhere");
    }
    drop(journal);
    fs::read(recent(&folder)).unwrap()
}

/// The newest events of another journal are not carried over, whether or not they overlap, and nothing is taken for whole by them.
#[test]
fn the_newest_events_of_another_journal_are_not_taken_for_its_own() {
    for (payments, foreign) in [(10, 22), (10, 10), (10, 8), (10, 14), (10, 40), (3, 1)] {
        let folder = folder();
        let mut journal = SqliteJournal::open(path(&folder)).unwrap();
        for number in 0..payments {
            pay(&mut journal, &format!("own-{number}"), "t1");
        }
        let before = content(&journal);
        drop(journal);
        fs::write(recent(&folder), of_another_journal(foreign)).unwrap();
        let result = salvage(&folder).unwrap();
        let context = format!("{payments}, {foreign}: {result:?}");
        assert!(result.may_miss_transactions, "{context}");
        let after = content(&salvaged(&folder));
        for own in &before {
            assert!(after.contains(own), "{context}");
        }
        let others: Vec<_> =
            after.iter().filter(|(record, _)| record.id().as_str().starts_with("foreign")).collect();
        assert!(!others.is_empty(), "{context}");
        for (record, _) in others {
            assert!(is_held(&folder, &result, record.id().as_str()), "{}: {context}", record.id());
        }
        let held = |on: &str| {
            let journal = salvaged(&folder);
            let admitted = admit(&journal, &debit("next", on));
            matches!(admitted, Admitted::Blocked(Blocked::Unresolved))
        };
        assert!(held("t1") && held("elsewhere"), "{context}");
    }
}

/// An older copy that went on elsewhere is back at its path: what was paid here meanwhile is beside it alone.
#[test]
fn what_only_the_newest_events_have_is_held_back() {
    let folder = folder();
    drop(filled(&path(&folder)));
    let elsewhere = self::folder();
    fs::copy(path(&folder), path(&elsewhere)).unwrap();
    pay(&mut SqliteJournal::open(path(&folder)).unwrap(), "here", "t8");
    pay(&mut SqliteJournal::open(path(&elsewhere)).unwrap(), "there", "t9");
    fs::copy(path(&elsewhere), path(&folder)).unwrap();
    let result = salvage(&folder).unwrap();
    assert!(result.may_miss_transactions, "{result:?}");
    assert!(is_held(&folder, &result, "here"), "{result:?}");
    let journal = salvaged(&folder);
    let there = journal.find(&"there".parse().unwrap()).unwrap().unwrap();
    assert_eq!(there.paid(), Some(Paid::Paid(Amount::from_minor(2500, Currency::EUR))));
}

/// Two histories in the pages of one file, as where the log of one journal was left beside another: both were paid.
#[test]
fn of_two_histories_in_one_file_none_is_dropped() {
    let folder = folder();
    drop(filled(&path(&folder)));
    let elsewhere = self::folder();
    fs::copy(path(&folder), path(&elsewhere)).unwrap();
    pay(&mut SqliteJournal::open(path(&folder)).unwrap(), "here", "t8");
    pay(&mut SqliteJournal::open(path(&elsewhere)).unwrap(), "there", "t9");
    let mut bytes = fs::read(path(&folder)).unwrap();
    let other = fs::read(path(&elsewhere)).unwrap();
    assert_eq!(bytes.len() % 4096, 0);
    bytes.extend(other.chunks(4096).filter(|page| page[0] == 0x0d).flatten());
    fs::write(path(&folder), bytes).unwrap();
    let result = salvage(&folder).unwrap();
    assert!(result.may_miss_transactions, "{result:?}");
    for key in ["here", "there"] {
        assert!(is_held(&folder, &result, key), "{key}: {result:?}");
    }
    let journal = salvaged(&folder);
    for on in ["t8", "t9"] {
        let admitted = admit(&journal, &debit("next", on));
        assert!(matches!(admitted, Admitted::Blocked(Blocked::Unresolved)), "{on}");
    }
}

/// The log of another journal beside this one: what it has more is not taken for payments of this one.
#[test]
fn the_log_of_another_journal_adds_no_payments() {
    for (own, foreign) in [(3, 12), (12, 3), (30, 40), (6, 6)] {
        let folder = folder();
        let mut journal = SqliteJournal::open(path(&folder)).unwrap();
        (0..own).for_each(|number| pay(&mut journal, &format!("own-{number}"), "t1"));
        let before = content(&journal);
        drop(journal);
        let elsewhere = self::folder();
        let mut other = SqliteJournal::open(path(&elsewhere)).unwrap();
        (0..foreign).for_each(|number| pay(&mut other, &format!("foreign-{number}"), "elsewhere"));
        fs::copy(elsewhere.path().join("journal.db-wal"), folder.path().join("journal.db-wal")).unwrap();
        drop(other);
        let result = salvage(&folder).unwrap();
        assert!(result.may_miss_transactions, "{own}, {foreign}: {result:?}");
        let after = content(&salvaged(&folder));
        for (record, _) in after {
            let key = record.id();
            assert!(
                is_held(&folder, &result, key.as_str()) || before.iter().any(|(own, _)| *own == record),
                "{own}, {foreign}: {key} is another journal's: {result:?}"
            );
        }
        for (record, _) in &before {
            let now = salvaged(&folder).find(&record.id()).unwrap();
            assert!(now.is_some(), "{own}, {foreign}: {} is missing", record.id());
        }
    }
}

/// A copy without the files beside it, as it is sent to a support person: its newest payments may be in the log that stayed behind.
#[test]
fn a_file_without_those_beside_it_may_miss_payments() {
    let folder = folder();
    drop(filled(&path(&folder)));
    fs::remove_dir_all(folder.path().join("journal.db.locks")).unwrap();
    let result = salvage(&folder).unwrap();
    assert!(result.may_miss_transactions && result.is_alone, "{result:?}");
}

/// A row that knows of later events than the pages of the events, with nothing beside the file that says so.
#[test]
fn a_row_of_a_later_event_shows_that_events_are_missing() {
    let folder = folder();
    let mut journal = filled(&path(&folder));
    pay(&mut journal, "last", "t9");
    drop(journal);
    tamper(&path(&folder), |database| {
        database.execute_batch("DELETE FROM events WHERE number >= 14").unwrap();
    });
    Connection::open(path(&folder))
        .unwrap()
        .execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    fs::remove_file(recent(&folder)).unwrap();
    // The mark lags: it is written without a sync.
    let mark = folder.path().join("journal.db.locks/last-event");
    let earlier = self::folder();
    drop(filled(&path(&earlier)));
    fs::copy(earlier.path().join("journal.db.locks/last-event"), &mark).unwrap();
    let result = salvage(&folder).unwrap();
    assert!(result.may_miss_transactions, "{result:?}");
    assert!(is_held(&folder, &result, "last"), "{result:?}");
}

/// By its name, and by its address under another name.
#[test]
fn a_terminal_is_held_back_by_its_name_and_by_its_address() {
    let folder = folder();
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    let at = |key: &str, on: &str, address: &str| Transaction {
        address: Some(format!("tcp:192.0.2.{address}:8888").parse().unwrap()),
        ..debit(key, on)
    };
    let sale = at("paid", "counter", "1");
    journal.append(&sale.id, &caisse_journal::Event::Started(sale), time(1)).unwrap();
    journal.append(&sale.id, &approved(), time(2)).unwrap();
    drop(journal);
    fs::remove_dir_all(folder.path().join("journal.db.locks")).unwrap();
    assert!(salvage(&folder).unwrap().may_miss_transactions);
    let journal = salvaged(&folder);
    for (on, address, is_held) in
        [("counter", "2", true), ("other", "1", true), ("counter", "1", true), ("other", "2", false)]
    {
        let admitted = admit(&journal, &at("next", on, address));
        assert_eq!(
            matches!(admitted, Admitted::Blocked(Blocked::Unresolved)),
            is_held,
            "{on}, {address}: {admitted:?}"
        );
    }
    // The store itself refuses it, whoever asks.
    drop(journal);
    let sale = at("next", "other", "1");
    let error = salvaged(&folder).append(&sale.id, &caisse_journal::Event::Started(sale), time(9_100));
    assert_eq!(error.unwrap_err(), JournalError::Conflict);
}

/// What holds a terminal back is no payment, whatever a person says.
#[test]
fn an_entry_that_holds_a_terminal_back_is_not_paid() {
    let folder = folder();
    drop(filled(&path(&folder)));
    fs::remove_dir_all(folder.path().join("journal.db.locks")).unwrap();
    let result = salvage(&folder).unwrap();
    let held = result.held_back.iter().find(|held| held.why == HeldBackReason::Terminal).unwrap();
    let mut journal = salvaged(&folder);
    let record = journal.find(&held.id.as_str().parse().unwrap()).unwrap().unwrap();
    assert!(record.is_stand_in());
    let lock = journal.lock_terminal(&TerminalKey::from(record.transaction())).unwrap();
    let paid = Decision::new(Paid::Paid(Amount::from_minor(2500, Currency::EUR)), "Zoé", "vu").unwrap();
    let paid = paid.confirming([Confirmation::MoreThanAsked]);
    assert!(journal.resolve(&lock, &held.id, &paid, time(9_500)).is_err());
    journal.resolve(&lock, &held.id, &not_paid(), time(9_501)).unwrap();
    assert!(content(&journal).iter().filter(|(record, _)| record.is_stand_in()).count() > 0);
    let real = journal.find(&"paid".parse().unwrap()).unwrap().unwrap();
    assert!(!real.is_stand_in());
}

/// Of a transaction whose start is lost, the journal does not know what was asked for: an amount is no slip of the keyboard.
#[test]
fn the_amount_of_a_lost_start_is_what_a_person_says() {
    let folder = folder();
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    pay(&mut journal, "first", "t1");
    journal.append(&id("second"), &started("second", "t1"), time(62)).unwrap();
    journal.append(&id("third"), &started("third", "t2"), time(63)).unwrap();
    journal.append(&id("second"), &approved(), time(64)).unwrap();
    drop(journal);
    tamper(&path(&folder), |database| {
        database.execute_batch("DELETE FROM events WHERE number = 3; DELETE FROM transactions").unwrap();
    });
    Connection::open(path(&folder))
        .unwrap()
        .execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    fs::remove_file(recent(&folder)).unwrap();
    let result = salvage(&folder).unwrap();
    let why = result.held_back.iter().find(|held| held.id == id("second")).map(|held| held.why);
    assert_eq!(why, Some(HeldBackReason::StartLost), "{result:?}");
    let mut journal = salvaged(&folder);
    let record = journal.find(&"second".parse().unwrap()).unwrap().unwrap();
    let lock = journal.lock_terminal(&TerminalKey::from(record.transaction())).unwrap();
    let known = record.paid().unwrap();
    assert_eq!(known, Paid::Paid(Amount::from_minor(2500, Currency::EUR)));
    let other = Decision::new(Paid::Paid(Amount::from_minor(2400, Currency::EUR)), "Zoé", "vu").unwrap();
    assert!(
        journal.resolve(&lock, &record.id(), &other, time(9_500)).is_err(),
        "nothing shows that it is no slip"
    );
    journal.resolve(&lock, &record.id(), &Decision::new(known, "Zoé", "vu").unwrap(), time(9_500)).unwrap();
    // Another amount than the terminal reported needs the word.
    let other = Decision::new(Paid::Paid(Amount::from_minor(2600, Currency::EUR)), "Zoé", "vu").unwrap();
    assert!(journal.resolve(&lock, &record.id(), &other, time(9_501)).is_err());
    let other = other.confirming([Confirmation::MoreThanAsked]);
    assert!(journal.resolve(&lock, &record.id(), &other, time(9_502)).is_ok());
}

/// Keeps a journal open until the parent says so.
pub fn hold(file: &Path) {
    let journal = SqliteJournal::open(file).unwrap();
    println!("it is open");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    drop(journal);
}
