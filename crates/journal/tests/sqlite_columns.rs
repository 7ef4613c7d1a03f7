//! The columns that belong to one kind of event: each is in the chain and in the row of its transaction, so that none of them is
//! changed, removed, added or moved without a trace.

mod common;

use caisse_journal::{Confirmation, Event, Journal, JournalError, SqliteJournal};
use caisse_payment::{Amount, Conclusion, Currency, Doubt, Outcome, Proof, Transaction};
use common::*;
use rusqlite::Connection;
use rusqlite::types::Value;

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
        let reached = Transaction { address: Some(terminal("tcp:192.0.2.7:8888")), ..debit("reached", "t1") };
        let plugged = Transaction { usb: "usb:079b:0028:1".parse().ok(), ..debit("plugged", "t3") };
        let silence = Outcome::Unknown { doubt: Doubt::Silence };
        let shown = Conclusion { serial_number: "T-1".parse().ok(), ..conclusion(silence, Proof::Answered) };
        for transaction in [reached, debit("plain", "t2"), plugged, debit("shown", "t4")] {
            journal.append(&transaction.id, &Event::Started(transaction), time(1)).unwrap();
        }
        journal.append(&id("shown"), &Event::Ended(shown), time(1)).unwrap();
        drop(journal);
        let journal = SqliteJournal::open(path(&folder)).unwrap();
        let found = |key: &str| journal.find(&key.parse().unwrap()).unwrap().unwrap();
        assert_eq!(*found("reached").transaction(), reached);
        assert_eq!(*found("plugged").transaction(), plugged);
        assert_eq!(found("shown").conclusion(), Some(&shown));
        drop(journal);

        let change = format!("UPDATE events SET {change} WHERE id = '{key}' AND what = '{what}'");
        tamper(&path(&folder), |database| database.execute_batch(&change).unwrap());
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
            journal.append(&id(key), &started(key, key), time(1)).unwrap();
            let lock = journal.lock(&terminal(key)).unwrap();
            let decision = not_paid().confirming(steps.iter().copied());
            journal.resolve(&lock, &key.parse().unwrap(), &decision, time(2)).unwrap();
        }
        drop(journal);
        let change = ["events", "transactions"].map(|table| {
            let decided = if table == "events" { "AND what = 'resolved'" } else { "" };
            format!("UPDATE {table} SET confirmed = {confirmed} WHERE id = '{key}' {decided};")
        });
        tamper(&path(&folder), |database| database.execute_batch(&change.concat()).unwrap());
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
        let tipped = Transaction { allow_tip: Some(euros(500)), ..debit("tipped", "t1") };
        let doubt = Outcome::Unknown { doubt: Doubt::AmountHigher };
        let end = Conclusion { reported_amount: Some(euros(3100)), ..conclusion(doubt, Proof::Answered) };
        journal.append(&tipped.id, &Event::Started(tipped), time(1)).unwrap();
        journal.append(&tipped.id, &Event::Ended(end), time(2)).unwrap();
        journal.append(&id("plain"), &started("plain", "t2"), time(3)).unwrap();
        journal.append(&id("plain"), &approved(), time(4)).unwrap();
        (tipped, end)
    };
    let folder = tempfile::tempdir().unwrap();
    let (tipped, end) = fill(&folder);
    let record = SqliteJournal::open(path(&folder)).unwrap().find(&tipped.id).unwrap().unwrap();
    assert_eq!((record.transaction(), record.conclusion()), (&tipped, Some(&end)));
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
            let event = if what.is_empty() { String::new() } else { format!(" AND what = '{what}'") };
            let change = format!("UPDATE {table} SET {column} = {value} WHERE id = '{id}'{event}");
            let read = |database: &Connection| -> Value {
                let query = format!("SELECT {column} FROM {table} WHERE id = '{id}'{event}");
                database.query_row(&query, [], |row| row.get(0)).unwrap()
            };
            let mut same = false;
            tamper(&path(&folder), |database| {
                let before = read(database);
                database.execute_batch(&change).unwrap();
                same = read(database) == before;
            });
            match SqliteJournal::open(path(&folder)) {
                Ok(_) => assert!(same, "{change}"),
                Err(error) => {
                    assert!(!same && matches!(error, JournalError::Corrupt { .. }), "{change}: {error:?}");
                }
            }
        }
    }
}
