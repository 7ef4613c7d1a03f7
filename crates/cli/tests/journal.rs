//! `caisse journal`, as a process: what a person settles, and what is forgotten after its time.

#![cfg(unix)]

#[path = "support/records.rs"]
mod records;
mod support;

use caisse::{Amount, Currency, Dispute, Journal, Paid, SqliteJournal, WallTime};
use caisse_journal::Event;
use caisse_payment::Outcome;
use caisse_simulator::VirtualTerminal;
use serde_json::json;
use support::{Ran, Shop};

const DAY: u64 = 24 * 3600 * 1000;

fn payment(journal: &mut SqliteJournal, id: &str, at: WallTime) {
    let approved = Outcome::Approved { amount: Amount::from_minor(2500, Currency::EUR) };
    records::write(journal, id, records::debit(2500, "counter"), approved, at);
}

/// Nobody listens there.
const NOWHERE: &str = "tcp://127.0.0.1:1";

fn again(file: &str, address: &str) -> String {
    format!("pay 25.00 --id sale-1 --journal {file} --terminal {address} --terminal-id counter")
}

/// A payment that the terminal refused, and later proof that it was paid.
fn disputed() -> (Shop, String) {
    let shop = Shop::new();
    let file = shop.path("journal.sqlite");
    let terminal = VirtualTerminal::builder().answer("decline:04".parse().unwrap()).start().unwrap();
    let line = again(&file, &terminal.address().to_string());
    assert_eq!(shop.caisse(&line).code, 1);
    let mut journal = SqliteJournal::open(&file).unwrap();
    let paid = Paid::Paid(Amount::from_minor(2500, Currency::EUR));
    let dispute = Dispute::new(paid, "late result").unwrap();
    journal.append(&"sale-1".parse().unwrap(), &Event::Disputed(dispute), WallTime::now()).unwrap();
    (shop, file)
}

fn resolve(shop: &Shop, file: &str, paid: &str) -> Ran {
    let because = "the statement of the bank";
    shop.run(&[
        "journal",
        file,
        "resolve",
        paid,
        "--by",
        "Zoé",
        "--because",
        because,
        "--json",
        "--",
        "sale-1",
    ])
}

#[test]
fn who_paid_by_later_proof_is_not_asked_to_pay_again() {
    let (shop, file) = disputed();
    let again = again(&file, NOWHERE);
    let ran = shop.caisse(&format!("{again} --json"));
    let told = ran.last();
    assert_eq!((ran.code, &told["outcome"]), (3, &json!("unknown")), "{}", ran.out);
    assert_eq!((&told["reason"]["code"], &told["disputed"]), (&json!("disputed"), &json!(true)));
    assert_eq!((&told["replayed"], &told["safe_to_retry"]), (&json!(true), &json!(false)));
    let text = shop.caisse(&again).out;
    for words in ["DISPUTED: the journal contains a contradiction", "CONTESTÉ", "not safe to retry"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn a_person_settles_what_is_disputed() {
    for (paid, outcome, code) in [("--paid", "approved", 0), ("--not-paid", "declined", 1)] {
        let (shop, file) = disputed();
        let list = format!("journal {file} list --unresolved --json");
        let recover = format!("journal {file} recover --json");
        for line in [&list, &recover] {
            let ran = shop.caisse(line);
            assert_eq!((ran.code, &ran.last()["state"]), (3, &json!("disputed")), "{line}: {}", ran.out);
        }
        let ran = resolve(&shop, &file, paid);
        let shown = ran.last();
        assert_eq!(
            (ran.code, &shown["state"], &shown["outcome"]),
            (0, &json!("final"), &json!(outcome)),
            "{}",
            ran.err
        );
        let what: Vec<_> =
            shown["events"].as_array().unwrap().iter().map(|event| event["what"].clone()).collect();
        assert_eq!(what, ["started", "ended", "disputed", "resolved"]);
        for line in [&list, &recover] {
            let ran = shop.caisse(line);
            assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{line}");
        }
        // Settled once; and the same id says what was settled.
        assert_eq!(resolve(&shop, &file, paid).code, 1);
        let ran = shop.caisse(&format!("{} --json", again(&file, NOWHERE)));
        assert_eq!((ran.code, &ran.last()["disputed"]), (code, &json!(false)));
    }
}

#[test]
fn what_was_settled_long_ago_is_forgotten_on_request() {
    let shop = Shop::new();
    let file = shop.path("journal.sqlite");
    let now = WallTime::now().millis();
    let ago = |days: u64| WallTime::from_millis(now - days * DAY);
    let mut journal = SqliteJournal::open(&file).unwrap();
    for (id, days) in [("old", 500), ("older-than-a-year", 399), ("recent", 100)] {
        payment(&mut journal, id, ago(days));
    }
    for number in 0..SqliteJournal::ALWAYS_KEPT {
        payment(&mut journal, &format!("today-{number}"), ago(0));
    }
    drop(journal);
    let forget = |days: &str| shop.caisse(&format!("journal {file} forget --older-than {days} --json"));
    let ids = || -> Vec<_> {
        let listed = shop.caisse(&format!("journal {file} list --json"));
        let ids = listed.lines().into_iter().map(|line| line["id"].as_str().unwrap().to_owned());
        ids.filter(|id| !id.starts_with("today")).collect()
    };
    for wrong in ["30", "0", "-1", "many", "4294967296"] {
        assert_eq!(forget(wrong).code, 2, "{wrong}");
    }
    assert_eq!(ids().len(), 3);
    let ran = forget("400");
    assert_eq!((ran.code, ran.last()), (0, json!({ "transactions": 1, "events": 2 })), "{}", ran.err);
    assert_eq!(ids(), ["older-than-a-year", "recent"]);
    assert_eq!(forget("400").last(), json!({ "transactions": 0, "events": 0 }));
    let told = shop.caisse(&format!("journal {file} forget --older-than 31"));
    assert_eq!((told.code, told.out.trim()), (0, "2 transactions forgotten / 2 transactions oubliées"));
    assert!(ids().is_empty());
    assert_eq!(shop.caisse(&format!("journal {} forget --older-than 31", shop.path("none"))).code, 2);
}

#[test]
fn a_file_that_cannot_be_looked_at_is_not_told_as_missing() {
    let shop = Shop::new();
    std::fs::write(shop.path("no-folder"), "").unwrap();
    let file = shop.path("no-folder/journal.sqlite");
    let ran = shop.caisse(&format!("journal {file} list"));
    assert_eq!(ran.code, 6, "{}", ran.err);
    assert!(ran.err.contains(&file) && !ran.err.contains("no such file"), "{}", ran.err);
}
