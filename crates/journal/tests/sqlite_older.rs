//! An older copy in the journal's place, and a person who accepts it.

mod common;

use std::fs;
use std::path::PathBuf;

use caisse_journal::{AcceptedCopy, Event, Journal, JournalError, OperatorOverride, SqliteJournal};
use common::*;

fn mark(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("journal.db.locks").join("last-event")
}

fn is_older<T>(result: &Result<T, JournalError>) -> bool {
    matches!(result, Err(JournalError::Older { .. }))
}

fn word() -> OperatorOverride {
    OperatorOverride::new("Zoé", "disque perdu").unwrap()
}

/// Puts a copy in the journal's place, and removes the file of the newest events: as a copy that is so old that they do not lead
/// to the newest.
fn put(folder: &tempfile::TempDir, copy: &[u8]) {
    fs::write(path(folder), copy).unwrap();
    let _ = fs::remove_file(folder.path().join("journal.db.locks/recent-events"));
}

/// The bytes of a journal before and after one more transaction. The file contains the later ones.
fn two_copies(folder: &tempfile::TempDir) -> [Vec<u8>; 2] {
    drop(filled(&path(folder)));
    let older = fs::read(path(folder)).unwrap();
    let mut journal = SqliteJournal::open(path(folder)).unwrap();
    journal.append(&id("later"), &started("later", "t9"), time(60)).unwrap();
    journal.append(&id("later"), &approved(), time(61)).unwrap();
    drop(journal);
    [older, fs::read(path(folder)).unwrap()]
}

#[test]
fn an_older_copy_is_refused_until_the_newest_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let [older, newest] = two_copies(&folder);
    put(&folder, &older);
    for _ in 0..2 {
        let error = SqliteJournal::open(path(&folder)).unwrap_err();
        assert!(matches!(&error, JournalError::Older { what } if what.contains("event 15")), "{error:?}");
        assert!(is_older(&SqliteJournal::open_for_reading(path(&folder))));
    }
    assert_eq!(fs::read(path(&folder)).unwrap(), older, "it is left as it is");
    put(&folder, &newest);
    let journal = SqliteJournal::open(path(&folder)).unwrap();
    assert!(journal.find(&"later".parse().unwrap()).unwrap().is_some());
}

#[test]
fn an_empty_journal_in_the_place_of_one_that_was_used_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let empty = tempfile::tempdir().unwrap();
    drop(SqliteJournal::open(path(&empty)).unwrap());
    drop(filled(&path(&folder)));
    put(&folder, &fs::read(path(&empty)).unwrap());
    assert!(is_older(&SqliteJournal::open(path(&folder))));
}

/// The newest events are beside the file: a copy to which they lead is brought up to date.
#[test]
fn a_recent_copy_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let [older, _] = two_copies(&folder);
    let before = content(&SqliteJournal::open(path(&folder)).unwrap());
    let recent = folder.path().join("journal.db.locks/recent-events");
    let (marked, events) = (fs::read(mark(&folder)).unwrap(), fs::read(&recent).unwrap());
    let empty = tempfile::tempdir().unwrap();
    drop(SqliteJournal::open(path(&empty)).unwrap());
    for copy in [older, fs::read(path(&empty)).unwrap()] {
        fs::write(path(&folder), copy).unwrap();
        let mut journal = SqliteJournal::open(path(&folder)).unwrap();
        assert_eq!(content(&journal), before);
        journal.append(&id("next"), &started("next", "t10"), time(62)).unwrap();
        journal.verify(&mut |_| {}).unwrap();
        drop(journal);
        fs::write(mark(&folder), &marked).unwrap();
        fs::write(&recent, &events).unwrap();
    }
}

/// Without the mark, the file of the newest events tells that events are missing to which it does not lead.
#[test]
fn an_older_copy_is_refused_without_the_mark() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(&path(&folder)));
    let older = fs::read(path(&folder)).unwrap();
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    for number in 0..40 {
        journal
            .append(&id(&format!("later-{number}")), &started(&format!("later-{number}"), "t9"), time(60))
            .unwrap();
        journal.append(&id(&format!("later-{number}")), &approved(), time(61)).unwrap();
    }
    drop(journal);
    fs::write(path(&folder), &older).unwrap();
    fs::remove_file(mark(&folder)).unwrap();
    assert!(is_older(&SqliteJournal::open(path(&folder))));
    assert!(is_older(&SqliteJournal::open_for_reading(path(&folder))));
    let accepted = SqliteJournal::accept_older(path(&folder), &word(), time(70));
    // The newest event of all is not known to have been durable before another one was written.
    assert_eq!(accepted, Ok(Some(AcceptedCopy { last_event: 13, recorded_event: 92 })));
    drop(SqliteJournal::open(path(&folder)).unwrap());
}

/// A copy that went on by itself has as many events, and others.
#[test]
fn a_copy_that_went_on_differently_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [older, _] = two_copies(&folder);
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(path(&elsewhere), &older).unwrap();
    let mut journal = SqliteJournal::open(path(&elsewhere)).unwrap();
    for number in 0..3 {
        let start = debit(&format!("other-{number}"), &format!("u{number}"));
        journal.append(&start.id, &Event::Started(start), time(62)).unwrap();
    }
    drop(journal);
    put(&folder, &fs::read(path(&elsewhere)).unwrap());
    let opened = SqliteJournal::open(path(&folder));
    assert!(is_older(&opened), "{opened:?}");
}

#[test]
fn a_mark_that_lags_or_is_absent_or_cannot_be_read_is_harmless() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(&path(&folder)));
    let lagging = fs::read(mark(&folder)).unwrap();
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    journal.append(&id("later"), &started("later", "t9"), time(60)).unwrap();
    let current = fs::read(mark(&folder)).unwrap();
    assert_ne!(current, lagging);
    let torn = [&current[..40], &lagging[40..]].concat();
    let rubbish: [&[u8]; 6] = [&lagging, b"", b"rubbish", &[0xff; 4096], &current[..70], &torn];
    for (number, bytes) in rubbish.into_iter().enumerate() {
        fs::write(mark(&folder), bytes).unwrap();
        // Both for those who have the journal open and for those who open it.
        let start = debit(&format!("open-{number}"), &format!("u{number}"));
        journal.append(&start.id, &Event::Started(start), time(61)).unwrap();
        fs::write(mark(&folder), bytes).unwrap();
        let mut opened = SqliteJournal::open(path(&folder)).unwrap();
        let start = debit(&format!("opened-{number}"), &format!("v{number}"));
        opened.append(&start.id, &Event::Started(start), time(62)).unwrap();
    }
    fs::remove_file(mark(&folder)).unwrap();
    journal.append(&id("absent"), &started("absent", "t10"), time(63)).unwrap();
    fs::remove_file(mark(&folder)).unwrap();
    drop(SqliteJournal::open(path(&folder)).unwrap());
    assert!(mark(&folder).exists(), "opening makes it again");
    // What cannot be written there is no reason to refuse a payment.
    fs::remove_file(mark(&folder)).unwrap();
    fs::create_dir(mark(&folder)).unwrap();
    journal.append(&id("absent"), &approved(), time(64)).unwrap();
    drop(SqliteJournal::open(path(&folder)).unwrap());
}

#[test]
fn a_copy_elsewhere_is_a_journal_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let [older, _] = two_copies(&folder);
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(path(&elsewhere), older).unwrap();
    drop(SqliteJournal::open(path(&elsewhere)).unwrap());
}

#[test]
fn a_person_accepts_an_older_copy_once_and_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let [older, newest] = two_copies(&folder);
    let accept = || SqliteJournal::accept_older(path(&folder), &word(), time(70));
    assert_eq!(accept(), Ok(None), "the newest is no older copy");
    assert_eq!(fs::read(path(&folder)).unwrap(), newest);
    put(&folder, &older);
    assert_eq!(accept(), Ok(Some(AcceptedCopy { last_event: 13, recorded_event: 15 })));
    assert_eq!(accept(), Ok(None));
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    assert_eq!(journal.find(&"later".parse().unwrap()), Ok(None));
    journal.append(&id("next"), &started("next", "t9"), time(71)).unwrap();
    drop(journal);

    // The word stays in the file.
    let database = rusqlite::Connection::open(path(&folder)).unwrap();
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let said: (String, String, i64) =
        database.query_row("SELECT by, because, recorded_event FROM accepted_copies", [], row).unwrap();
    assert_eq!(said, ("Zoé".to_owned(), "disque perdu".to_owned(), 15));
    for change in ["UPDATE accepted_copies SET by = 'nobody'", "DELETE FROM accepted_copies"] {
        let refused = database.execute(change, []).unwrap_err().to_string();
        assert!(refused.contains("accepted copies are never"), "{refused}");
    }
    drop(database);

    // From now on the file that was lost is the other one.
    let current = fs::read(path(&folder)).unwrap();
    put(&folder, &newest);
    assert!(is_older(&SqliteJournal::open(path(&folder))));
    put(&folder, &older);
    assert_eq!(accept(), Ok(Some(AcceptedCopy { last_event: 13, recorded_event: 14 })));
    put(&folder, &current);
    assert_eq!(accept(), Ok(None), "what contains the last event is not older");
    drop(SqliteJournal::open(path(&folder)).unwrap());
}

#[test]
fn a_word_that_was_changed_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let [older, _] = two_copies(&folder);
    put(&folder, &older);
    SqliteJournal::accept_older(path(&folder), &word(), time(70)).unwrap().unwrap();
    let whole = fs::read(path(&folder)).unwrap();
    for change in [
        "UPDATE accepted_copies SET by = 'nobody'",
        "UPDATE accepted_copies SET recorded_event = 13",
        "UPDATE accepted_copies SET number = 2",
        "UPDATE accepted_copies SET chain = zeroblob(32)",
        "UPDATE accepted_copies SET recorded_chain = zeroblob(32)",
    ] {
        let database = rusqlite::Connection::open(path(&folder)).unwrap();
        let trigger = "accepted_copies_stay_as_they_are";
        let query = "SELECT sql FROM sqlite_schema WHERE name = ?1";
        let sql: String = database.query_row(query, [trigger], |row| row.get(0)).unwrap();
        database.execute_batch(&format!("DROP TRIGGER {trigger}; {change}; {sql}")).unwrap();
        drop(database);
        let opened = SqliteJournal::open(path(&folder));
        assert!(matches!(opened, Err(JournalError::Corrupt { .. })), "{change}: {opened:?}");
        fs::write(path(&folder), &whole).unwrap();
    }
    let database = rusqlite::Connection::open(path(&folder)).unwrap();
    database.execute_batch("DROP TRIGGER accepted_copies_are_kept").unwrap();
    drop(database);
    assert!(matches!(SqliteJournal::open(path(&folder)), Err(JournalError::Corrupt { .. })));
}
