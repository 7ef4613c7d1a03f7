//! `caisse journal verify`: the full check, as a process.

#![cfg(unix)]

mod support;

use std::fs::{self, File};

use caisse_simulator::VirtualTerminal;
use serde_json::json;
use support::Shop;

/// Three payments, and the number of events that they are.
fn paid(shop: &Shop, file: &str) -> usize {
    let terminal = VirtualTerminal::start().unwrap();
    for number in 1..=3 {
        let address = terminal.address();
        let ran = shop.caisse(&format!(
            "pay 25.00 --id order-{number} --journal {file} --terminal {address} --terminal-id counter"
        ));
        assert_eq!(ran.code, 0, "{}", ran.err);
    }
    6
}

#[test]
fn a_whole_journal_is_checked_and_the_list_tells_when() {
    let shop = Shop::new();
    let file = shop.path("journal.sqlite");
    let events = paid(&shop, &file);
    assert!(!shop.caisse(&format!("journal {file} list")).err.contains("last full check"));
    let ran = shop.caisse(&format!("journal {file} verify --json"));
    assert_eq!(ran.code, 0, "{}", ran.err);
    let last = ran.last();
    let expected = (&json!("verified"), &json!(events), &json!(events));
    assert_eq!((&last["event"], &last["events"], &last["last_event"]), expected);
    let at = last["at"].as_str().unwrap();
    // The shop is in UTC.
    let at = format!("{} {}", &at[..10], &at[11..19]);
    for line in [format!("journal {file} list"), format!("journal {file} list --unresolved --json")] {
        let listed = shop.caisse(&line);
        assert_eq!(listed.code, 0);
        assert!(
            listed.err.contains(&format!("last full check: {at}, up to event {events}")),
            "{}",
            listed.err
        );
    }
    let text = shop.caisse(&format!("journal {file} verify")).out;
    assert_eq!(
        text.trim(),
        format!("whole: {events} events checked / intact : {events} événements vérifiés")
    );
    // A second path does not prevent a look.
    fs::hard_link(&file, shop.path("link.sqlite")).unwrap();
    assert_eq!(shop.caisse(&format!("journal {file} verify")).code, 0);
}

/// A change that no time stamp shows, in a payment that nobody asks for any more.
#[test]
fn a_damaged_journal_is_found_and_takes_no_more_payments() {
    let shop = Shop::new();
    let file = shop.path("journal.sqlite");
    paid(&shop, &file);
    let before = fs::metadata(&file).unwrap().modified().unwrap();
    let database = rusqlite::Connection::open(&file).unwrap();
    let query = "SELECT sql FROM sqlite_schema WHERE name = 'events_stay_as_they_are'";
    let trigger: String = database.query_row(query, [], |row| row.get(0)).unwrap();
    database
        .execute_batch(&format!(
            "DROP TRIGGER events_stay_as_they_are; UPDATE events SET amount_minor = 1 WHERE number = 1; {trigger}"
        ))
        .unwrap();
    drop(database);
    File::options().write(true).open(&file).unwrap().set_modified(before).unwrap();
    let code = |line: &str| shop.caisse(&format!("journal {file} {line}")).code;
    // What does not concern it goes on; it is not used itself.
    assert_eq!((code("list --unresolved"), code("show order-3"), code("show order-1")), (0, 0, 6));
    let ran = shop.caisse(&format!("journal {file} verify --json"));
    assert_eq!((ran.code, &ran.last()["error"]["kind"]), (6, &json!("journal")), "{}", ran.out);
    assert!(ran.out.contains("event 1"), "{}", ran.out);
    assert_eq!(code("list --unresolved"), 6, "from now on every opening checks everything");
}
