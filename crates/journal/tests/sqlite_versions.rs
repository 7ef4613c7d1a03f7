//! Journals of earlier versions, as those versions wrote them.

mod common;

use caisse_journal::{Dispute, Journal, JournalError, Paid, SqliteJournal, State};
use common::*;
use rusqlite::Connection;

/// A journal of version 1: what `filled` writes, and a dispute about `paid`.
fn version_1(path: &std::path::Path) {
    Connection::open(path).unwrap().execute_batch(include_str!("fixtures/version-1.sql")).unwrap();
}

fn version_of(path: &std::path::Path) -> i64 {
    Connection::open(path).unwrap().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

#[test]
fn version_1_says_the_same_as_this_one() {
    let folder = tempfile::tempdir().unwrap();
    version_1(&path(&folder));
    let journal = SqliteJournal::open(path(&folder)).unwrap();
    assert_eq!(version_of(&path(&folder)), 2);

    let fresh = tempfile::tempdir().unwrap();
    let mut expected = filled(&path(&fresh));
    let dispute = Dispute::new(Paid::NotPaid, "late answer").unwrap();
    expected.dispute(&"paid".parse().unwrap(), &dispute, time(60)).unwrap();
    assert_eq!(content(&journal), content(&expected));
    let chain = |path: &std::path::Path| -> String {
        let query = "SELECT group_concat(chain) FROM events";
        Connection::open(path).unwrap().query_row(query, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(chain(&path(&folder)), chain(&path(&fresh)));
}

#[test]
fn version_1_goes_on_as_this_one() {
    let folder = tempfile::tempdir().unwrap();
    version_1(&path(&folder));
    let mut journal = SqliteJournal::open(path(&folder)).unwrap();
    let lock = journal.lock(&terminal("t1")).unwrap();
    // The old guard would have refused this.
    journal.resolve(&lock, &"paid".parse().unwrap(), &not_paid(), time(70)).unwrap();
    drop((lock, journal));
    let journal = SqliteJournal::open(path(&folder)).unwrap();
    assert_eq!(journal.find(&"paid".parse().unwrap()).unwrap().unwrap().state(), State::Final);
}

#[test]
fn a_damaged_journal_of_version_1_stays_one() {
    for damage in [
        "DROP TRIGGER events_stay_as_they_are; UPDATE events SET amount_minor = 1 WHERE number = 1",
        "UPDATE transactions SET amount_minor = 1 WHERE id = 'again'",
        "DROP INDEX unresolved",
        "CREATE TRIGGER mine AFTER INSERT ON events BEGIN SELECT 1; END",
    ] {
        let folder = tempfile::tempdir().unwrap();
        version_1(&path(&folder));
        Connection::open(path(&folder)).unwrap().execute_batch(damage).unwrap();
        let error = SqliteJournal::open(path(&folder)).unwrap_err();
        assert!(matches!(error, JournalError::Corrupt { .. }), "{damage}: {error:?}");
        assert_eq!(version_of(&path(&folder)), 1, "{damage}");
    }
}

#[test]
fn several_processes_may_bring_it_up_to_date_at_once() {
    let folder = tempfile::tempdir().unwrap();
    version_1(&path(&folder));
    let path = path(&folder);
    std::thread::scope(|scope| {
        let opened: Vec<_> = (0..8).map(|_| scope.spawn(|| SqliteJournal::open(&path).map(drop))).collect();
        for opened in opened {
            opened.join().unwrap().unwrap();
        }
    });
    assert_eq!(version_of(&path), 2);
}
