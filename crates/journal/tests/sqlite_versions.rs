//! Journals of earlier versions, as those versions wrote them.

mod common;

use std::path::Path;

use caisse_journal::{Confirmation, Dispute, Journal, JournalError, Paid, SqliteJournal, State};
use caisse_payment::entry::{End, Entry, Start};
use caisse_payment::{Amount, Currency, Doubt, Outcome, Proof};
use common::*;
use rusqlite::Connection;
use rusqlite::types::Value;

/// Of each earlier version what `filled` writes, and a dispute about `paid`.
const EARLIER: [(i64, &str); 3] = [
    (1, include_str!("fixtures/version-1.sql")),
    (2, include_str!("fixtures/version-2.sql")),
    (3, include_str!("fixtures/version-3.sql")),
];

/// The version that this program writes.
const THIS: i64 = 4;

fn write(path: &Path, earlier: &str) {
    Connection::open(path).unwrap().execute_batch(earlier).unwrap();
}

fn version_of(path: &Path) -> i64 {
    Connection::open(path).unwrap().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

#[test]
fn an_earlier_version_says_the_same_as_this_one() {
    for (version, earlier) in EARLIER {
        says_the_same(version, earlier);
    }
}

fn says_the_same(version: i64, earlier: &str) {
    let folder = tempfile::tempdir().unwrap();
    write(&path(&folder), earlier);
    assert_eq!(version_of(&path(&folder)), version);
    let journal = SqliteJournal::open(path(&folder)).unwrap();
    assert_eq!(version_of(&path(&folder)), THIS);

    let fresh = tempfile::tempdir().unwrap();
    let mut expected = filled(&path(&fresh));
    let dispute = Dispute::new(Paid::NotPaid, "late answer").unwrap();
    expected.dispute(&"paid".parse().unwrap(), &dispute, time(60)).unwrap();
    assert_eq!(content(&journal), content(&expected));
    let chain = |path: &Path| -> String {
        let query = "SELECT group_concat(chain) FROM events";
        Connection::open(path).unwrap().query_row(query, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(chain(&path(&folder)), chain(&path(&fresh)));
}

#[test]
fn an_earlier_version_goes_on_as_this_one() {
    for (_, earlier) in EARLIER {
        let folder = tempfile::tempdir().unwrap();
        write(&path(&folder), earlier);
        let mut journal = SqliteJournal::open(path(&folder)).unwrap();
        let lock = journal.lock(&terminal("t1")).unwrap();
        // The guard of version 1 would have refused this.
        journal.resolve(&lock, &"paid".parse().unwrap(), &not_paid(), time(70)).unwrap();
        let reached = Start { address: Some(terminal("tcp:192.0.2.7:8888")), ..start("reached", "t9") };
        journal.append(&Entry::Started(reached), time(71)).unwrap();
        drop((lock, journal));
        let journal = SqliteJournal::open(path(&folder)).unwrap();
        assert_eq!(journal.find(&"paid".parse().unwrap()).unwrap().unwrap().state(), State::Final);
        assert_eq!(journal.find(&"reached".parse().unwrap()).unwrap().unwrap().start, reached);
    }
}

/// The columns of later versions are in the chain: their values, and whether there is one.
#[test]
fn an_identity_is_never_changed_taken_away_added_or_moved() {
    const ADDRESS: &str = "'tcp:192.0.2.7:8888'";
    const USB: &str = "'usb:079b:0028:1'";
    for (key, what, change, same) in [
        ("reached", "started", format!("address = {ADDRESS}"), true),
        ("reached", "started", "address = 'tcp:192.0.2.8:8888'".to_owned(), false),
        ("reached", "started", "address = NULL".to_owned(), false),
        ("reached", "started", "address = ''".to_owned(), false),
        ("reached", "started", format!("usb = {USB}"), false),
        ("reached", "started", "address = NULL, usb = address".to_owned(), false),
        ("plain", "started", "address = NULL, usb = NULL, serial_number = NULL".to_owned(), true),
        ("plain", "started", format!("address = {ADDRESS}"), false),
        ("plain", "started", format!("usb = {USB}"), false),
        ("plain", "started", "serial_number = '1'".to_owned(), false),
        ("plugged", "started", format!("usb = {USB}"), true),
        ("plugged", "started", "usb = 'usb:079b:0028:2'".to_owned(), false),
        ("plugged", "started", "usb = NULL".to_owned(), false),
        ("plugged", "started", "usb = NULL, address = usb".to_owned(), false),
        ("shown", "ended", "serial_number = 'T-1'".to_owned(), true),
        ("shown", "ended", "serial_number = 'T-2'".to_owned(), false),
        ("shown", "ended", "serial_number = NULL".to_owned(), false),
        ("shown", "ended", "serial_number = NULL, usb = serial_number".to_owned(), false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = SqliteJournal::open(path(&folder)).unwrap();
        let reached = Start { address: Some(terminal("tcp:192.0.2.7:8888")), ..start("reached", "t1") };
        let plugged = Start { usb: "usb:079b:0028:1".parse().ok(), ..start("plugged", "t3") };
        let silence = Outcome::Unknown { doubt: Doubt::Silence };
        let shown = End { serial_number: "T-1".parse().ok(), ..end("shown", silence, Proof::Answered) };
        let entries = [Entry::Started(reached), started("plain", "t2"), Entry::Started(plugged)];
        for entry in entries.into_iter().chain([started("shown", "t4"), Entry::Ended(shown)]) {
            journal.append(&entry, time(1)).unwrap();
        }
        drop(journal);
        let journal = SqliteJournal::open(path(&folder)).unwrap();
        let found = |key: &str| journal.find(&key.parse().unwrap()).unwrap().unwrap();
        assert_eq!((found("reached").start, found("plugged").start), (reached, plugged));
        assert_eq!(found("shown").end, Some(shown));
        drop(journal);

        let connection = Connection::open(path(&folder)).unwrap();
        let guards: String = connection
            .query_row("SELECT sql FROM sqlite_schema WHERE name = 'events_stay_as_they_are'", [], |row| {
                row.get(0)
            })
            .unwrap();
        let change = format!("UPDATE events SET {change} WHERE id = '{key}' AND what = '{what}'");
        connection
            .execute_batch(&format!("DROP TRIGGER events_stay_as_they_are; {change}; {guards}"))
            .unwrap();
        drop(connection);
        match SqliteJournal::open(path(&folder)) {
            Ok(_) => assert!(same, "{change}"),
            Err(error) => {
                assert!(!same && matches!(error, JournalError::Corrupt { .. }), "{change}: {error:?}")
            }
        }
    }
}

/// What was confirmed is in the chain too.
#[test]
fn what_was_confirmed_is_never_changed_taken_away_or_added() {
    for (key, confirmed, same) in [
        ("steps", "'recovered,restarted'", true),
        ("none", "NULL", true),
        ("steps", "'recovered'", false),
        ("steps", "NULL", false),
        ("none", "'recovered'", false),
        ("none", "''", false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = SqliteJournal::open(path(&folder)).unwrap();
        for (key, steps) in
            [("steps", &[Confirmation::Recovered, Confirmation::Restarted][..]), ("none", &[])]
        {
            journal.append(&started(key, key), time(1)).unwrap();
            let lock = journal.lock(&terminal(key)).unwrap();
            let decision = not_paid().confirming(steps.iter().copied());
            journal.resolve(&lock, &key.parse().unwrap(), &decision, time(2)).unwrap();
        }
        drop(journal);
        let connection = Connection::open(path(&folder)).unwrap();
        let guard = |name: &str| -> String {
            let query = "SELECT sql FROM sqlite_schema WHERE name = ?1";
            connection.query_row(query, [name], |row| row.get(0)).unwrap()
        };
        let guards = ["events_stay_as_they_are", "ends_are_final"].map(guard);
        let change = ["events", "transactions"].map(|table| {
            let decided = if table == "events" { "AND what = 'resolved'" } else { "" };
            format!("UPDATE {table} SET confirmed = {confirmed} WHERE id = '{key}' {decided};")
        });
        connection
            .execute_batch(&format!(
                "DROP TRIGGER events_stay_as_they_are; DROP TRIGGER ends_are_final; {} {}; {};",
                change.concat(),
                guards[0],
                guards[1]
            ))
            .unwrap();
        drop(connection);
        match SqliteJournal::open(path(&folder)) {
            Ok(_) => assert!(same, "{change:?}"),
            Err(error) => assert!(!same && matches!(error, JournalError::Corrupt { .. }), "{error:?}"),
        }
    }
}

/// A tip, or what the terminal reported, is in the chain as well, in both tables.
#[test]
fn a_tip_is_never_changed_taken_away_or_added() {
    let euros = |minor| Amount::from_minor(minor, Currency::EUR);
    let fill = |folder: &tempfile::TempDir| {
        let mut journal = SqliteJournal::open(path(folder)).unwrap();
        let mut tipped = start("tipped", "t1");
        tipped.content.allow_tip = Some(euros(500));
        let doubt = Outcome::Unknown { doubt: Doubt::AmountHigher };
        let end = End { reported_amount: Some(euros(3100)), ..end("tipped", doubt, Proof::Answered) };
        journal.append(&Entry::Started(tipped), time(1)).unwrap();
        journal.append(&Entry::Ended(end), time(2)).unwrap();
        journal.append(&started("plain", "t2"), time(3)).unwrap();
        journal.append(&approved("plain"), time(4)).unwrap();
        (tipped, end)
    };
    let folder = tempfile::tempdir().unwrap();
    let (tipped, end) = fill(&folder);
    let record = SqliteJournal::open(path(&folder)).unwrap().find(&tipped.id).unwrap().unwrap();
    assert_eq!((record.start, record.end), (tipped, Some(end)));
    for (table, column, id, what) in [
        ("events", "allow_tip_minor", "tipped", "started"),
        ("events", "reported_minor", "tipped", "ended"),
        ("events", "reported_minor", "tipped", "started"),
        ("events", "allow_tip_minor", "tipped", "ended"),
        ("events", "allow_tip_minor", "plain", "started"),
        ("events", "reported_minor", "plain", "ended"),
        ("transactions", "allow_tip_minor", "tipped", ""),
        ("transactions", "reported_minor", "tipped", ""),
        ("transactions", "allow_tip_minor", "plain", ""),
        ("transactions", "reported_minor", "plain", ""),
    ] {
        for value in ["500", "3100", "501", "NULL", "'500'", "-1"] {
            let folder = tempfile::tempdir().unwrap();
            fill(&folder);
            let connection = Connection::open(path(&folder)).unwrap();
            let trigger = if table == "events" { "events_stay_as_they_are" } else { "ends_are_final" };
            let query = "SELECT sql FROM sqlite_schema WHERE name = ?1";
            let guard: String = connection.query_row(query, [trigger], |row| row.get(0)).unwrap();
            let event = if what.is_empty() { String::new() } else { format!(" AND what = '{what}'") };
            let of = format!("{table} WHERE id = '{id}'{event}");
            let read = || -> Value {
                connection.query_row(&format!("SELECT {column} FROM {of}"), [], |row| row.get(0)).unwrap()
            };
            let before = read();
            connection.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
            let change = format!("UPDATE {table} SET {column} = {value} WHERE id = '{id}'{event}");
            connection.execute_batch(&change).unwrap();
            connection.execute_batch(&guard).unwrap();
            let same = read() == before;
            drop(connection);
            match SqliteJournal::open(path(&folder)) {
                Ok(_) => assert!(same, "{change}"),
                Err(error) => {
                    assert!(!same && matches!(error, JournalError::Corrupt { .. }), "{change}: {error:?}");
                }
            }
        }
    }
}

#[test]
fn a_damaged_journal_of_an_earlier_version_stays_one() {
    for (version, earlier) in EARLIER {
        stays_damaged(version, earlier);
    }
}

fn stays_damaged(version: i64, earlier: &str) {
    for damage in [
        "DROP TRIGGER events_stay_as_they_are; UPDATE events SET amount_minor = 1 WHERE number = 1",
        "UPDATE transactions SET amount_minor = 1 WHERE id = 'again'",
        "DROP INDEX unresolved",
        "CREATE TRIGGER mine AFTER INSERT ON events BEGIN SELECT 1; END",
    ] {
        let folder = tempfile::tempdir().unwrap();
        write(&path(&folder), earlier);
        Connection::open(path(&folder)).unwrap().execute_batch(damage).unwrap();
        let error = SqliteJournal::open(path(&folder)).unwrap_err();
        assert!(matches!(error, JournalError::Corrupt { .. }), "{damage}: {error:?}");
        assert_eq!(version_of(&path(&folder)), version, "{damage}");
    }
}

#[test]
fn several_processes_may_bring_it_up_to_date_at_once() {
    for (_, earlier) in EARLIER {
        let folder = tempfile::tempdir().unwrap();
        let path = path(&folder);
        write(&path, earlier);
        std::thread::scope(|scope| {
            let opened: Vec<_> =
                (0..8).map(|_| scope.spawn(|| SqliteJournal::open(&path).map(drop))).collect();
            for opened in opened {
                opened.join().unwrap().unwrap();
            }
        });
        assert_eq!(version_of(&path), THIS);
    }
}
