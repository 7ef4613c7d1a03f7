//! `caisse journal salvage`: a shop goes on after its journal was damaged, and nobody is charged twice.

#![cfg(unix)]

#[path = "support/records.rs"]
mod records;
mod support;

use std::fs;

use caisse::{Amount, Currency, SqliteJournal, WallTime};
use caisse_payment::Outcome;
use caisse_simulator::VirtualTerminal;
use rusqlite::Connection;
use serde_json::json;
use support::Shop;

fn write(journal: &mut SqliteJournal, id: &str, terminal: &str) {
    let approved = Outcome::Approved { amount: Amount::from_minor(2500, Currency::EUR) };
    records::write(journal, id, records::debit(2500, terminal), approved, WallTime::now());
}

/// Changes a journal as no journal does. No page, no log and no other file has an older version afterwards.
fn damage(file: &str, change: &str) {
    let database = Connection::open(file).unwrap();
    let query = "SELECT name FROM sqlite_schema WHERE type = 'trigger'";
    let triggers: Vec<String> = database
        .prepare(query)
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let drop: String = triggers.iter().map(|name| format!("DROP TRIGGER {name};")).collect();
    let end = "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)";
    database.execute_batch(&format!("PRAGMA foreign_keys = OFF; {drop} {change}; {end}")).unwrap();
    fs::remove_file(format!("{file}.locks/recent-events")).unwrap();
}

#[test]
fn a_whole_journal_is_recovered() {
    let shop = Shop::new();
    let (file, new) = (shop.path("journal.sqlite"), shop.path("new.sqlite"));
    let mut journal = SqliteJournal::open(&file).unwrap();
    (0..5).for_each(|number| write(&mut journal, &format!("sale-{number}"), "counter"));
    drop(journal);
    let before = fs::read(&file).unwrap();
    let ran = shop.caisse(&format!("journal {file} salvage {new} --json"));
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(
        ran.lines(),
        [json!({
            "event": "salvaged", "journal": new, "transactions": 5, "events": 10, "rebuilt_events": 0, "lost_events": [],
            "unplaced_events": [],
            "may_miss_transactions": false, "alone": false, "held_back": 0, "backup": false, "lost_forgotten": false, "lost_acceptances": 0,
        })]
    );
    assert!(fs::read(&file).unwrap() == before, "the damaged file stays as it is");
    assert_eq!(shop.caisse(&format!("journal {new} verify")).code, 0);
    let list = |file: &str| shop.caisse(&format!("journal {file} list --json")).lines();
    assert_eq!(list(&new), list(&file));
    // What is there is not overwritten.
    let again = shop.caisse(&format!("journal {file} salvage {new}"));
    assert_eq!(again.code, 6);
    assert!(again.err.contains("nothing was overwritten"), "{}", again.err);
    let newer = shop.path("newer.sqlite");
    let text = shop.caisse(&format!("journal {file} salvage {newer}"));
    assert_eq!(text.code, 0);
    assert!(text.out.contains("nothing is held back / rien n'est bloqué"), "{}", text.out);
}

#[test]
fn what_is_no_journal_is_not_made_one() {
    let shop = Shop::new();
    let (file, new) = (shop.path("journal.sqlite"), shop.path("new.sqlite"));
    let missing = shop.caisse(&format!("journal {file} salvage {new}"));
    assert_eq!(missing.code, 2, "{}", missing.err);
    fs::write(&file, vec![0x5a; 50_000]).unwrap();
    let nothing = shop.caisse(&format!("journal {file} salvage {new} --json"));
    assert_eq!(nothing.code, 6);
    let said = nothing.last()["error"]["message"].as_str().unwrap().to_owned();
    assert!(said.contains("nothing of a journal can be read"), "{said}");
    assert!(!fs::exists(&new).unwrap());
}

#[test]
fn what_was_lost_is_held_back_and_never_charged_twice() {
    let shop = Shop::new();
    let terminal = VirtualTerminal::start().unwrap();
    let (file, new) = (shop.path("journal.sqlite"), shop.path("new.sqlite"));
    let pay = |file: &str, id: &str| {
        let address = terminal.address();
        shop.caisse(&format!(
            "pay 25.00 --json --id {id} --journal {file} --terminal {address} --terminal-id counter"
        ))
    };
    for id in ["sale-1", "sale-2", "sale-3"] {
        assert_eq!(pay(&file, id).code, 0);
    }
    // What became of the second one is lost. The row says it, and nothing proves that.
    damage(
        &file,
        "DELETE FROM events WHERE number = 4; UPDATE transactions SET authorisation = '0' WHERE id = 'sale-2'",
    );
    assert_eq!(pay(&file, "sale-4").code, 6, "a damaged journal takes no payment");
    let ran = shop.caisse(&format!("journal {file} salvage {new} --json"));
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    let [held, salvaged] = ran.lines().try_into().unwrap();
    assert_eq!(
        (&held["event"], &held["id"], &held["reason"], &held["terminal"], &held["lost_events"]),
        (&json!("held_back"), &json!("sale-2"), &json!("incomplete"), &json!("counter"), &json!([4]))
    );
    assert!(held["readable"].to_string().contains("approved 25.00 EUR"), "{held}");
    assert_eq!((&salvaged["lost_events"], &salvaged["held_back"]), (&json!([[4, 4]]), &json!(1)));
    assert_eq!(salvaged["may_miss_transactions"], false);

    let open = shop.caisse(&format!("journal {new} list --unresolved --json"));
    assert_eq!((open.code, &open.last()["reason"]["code"]), (3, &json!("salvaged")));
    // The same id is not charged again, and no other one at this terminal either.
    assert_eq!(pay(&new, "sale-2").code, 3);
    let blocked = pay(&new, "sale-5");
    assert_eq!((blocked.code, &blocked.last()["reason"]["code"]), (6, &json!("unresolved")));
    assert_eq!(pay(&new, "sale-1").last()["outcome"], "approved");
    assert_eq!(terminal.ledger().charges().len(), 3);
    // No terminal proves what it was: others may have come after it.
    let asked =
        shop.caisse(&format!("journal {new} recover --exclusive --terminal {} --json", terminal.address()));
    assert_eq!((asked.code, &asked.last()["evidence"]["code"]), (3, &json!("salvaged")));
    let word = ["--by", "Zoé", "--because", "ticket 1234"];
    let resolve = ["journal", &new, "resolve", "sale-2", "--paid"];
    assert_eq!(shop.run(&[&resolve[..], &word[..]].concat()).code, 0);
    assert_eq!(pay(&new, "sale-2").last()["outcome"], "approved");
    assert_eq!(pay(&new, "sale-5").code, 0);
    assert_eq!(terminal.ledger().charges().len(), 4);
    assert_eq!(shop.caisse(&format!("journal {new} verify")).code, 0);
}

#[test]
fn a_person_is_told_what_to_do_where_payments_may_be_missing() {
    let shop = Shop::new();
    let (file, new) = (shop.path("journal.sqlite"), shop.path("new.sqlite"));
    let mut journal = SqliteJournal::open(&file).unwrap();
    (0..5).for_each(|number| write(&mut journal, &format!("sale-{number}"), "counter"));
    (5..7).for_each(|number| write(&mut journal, &format!("sale-{number}"), "bar"));
    drop(journal);
    damage(&file, "DELETE FROM events WHERE number > 10; DELETE FROM transactions WHERE id > 'sale-4'");
    let ran = shop.caisse(&format!("journal {file} salvage {new}"));
    assert_eq!(ran.code, 3, "{}", ran.err);
    for words in [
        "lost: events 11-14",
        "PAYMENTS MAY BE MISSING",
        "DES PAIEMENTS PEUVENT MANQUER",
        "terminal counter",
        "terminal bar",
        "This entry is no payment",
        "bloqué jusqu'à ce qu'une personne ait vérifié",
    ] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    // The entries that hold the terminals back are no payments.
    let asked = shop.caisse(&format!("journal {new} recover"));
    assert!(
        asked.out.contains("This entry is no payment") && !asked.out.contains("resolve --paid"),
        "{}",
        asked.out
    );
    assert!(asked.out.contains("Cette entrée n'est pas un paiement"), "{}", asked.out);
    let held = shop.caisse(&format!("journal {new} list --unresolved --json")).lines();
    for held in &held {
        let id = held["id"].as_str().unwrap();
        for paid in [&["--paid"][..], &["--paid", "25.00", "--confirmed", "more-than-asked"]] {
            let resolve = ["journal", &new, "resolve", id];
            let refused = shop.run(&[&resolve[..], paid, &["--by", "Zoé", "--because", "vu"]].concat());
            assert_eq!(refused.code, 2, "{}", refused.out);
            assert!(refused.err.contains("this entry is no payment"), "{}", refused.err);
        }
    }
    for held in &held {
        assert_eq!((&held["amount_minor"], &held["reason"]["code"]), (&json!(0), &json!("salvaged")));
        let id = held["id"].as_str().unwrap();
        let word = ["--by", "Zoé", "--because", "journal du terminal comparé"];
        let resolve = ["journal", &new, "resolve", id, "--not-paid"];
        assert_eq!(shop.run(&[&resolve[..], &word[..]].concat()).code, 0);
    }
    assert_eq!(held.len(), 2);
    assert_eq!(shop.caisse(&format!("journal {new} list --unresolved")).code, 0);
}

/// Nothing is left of a payment except its id: it is not charged again, and a person says what was paid.
#[test]
fn a_payment_of_which_the_id_alone_is_left_is_not_charged_again() {
    let shop = Shop::new();
    let terminal = VirtualTerminal::start().unwrap();
    let (file, new) = (shop.path("journal.sqlite"), shop.path("new.sqlite"));
    let pay = |file: &str, amount: &str, id: &str| {
        let address = terminal.address();
        shop.caisse(&format!(
            "pay {amount} --json --id {id} --journal {file} --terminal {address} --terminal-id counter"
        ))
    };
    for id in ["sale-1", "sale-2", "sale-3"] {
        assert_eq!(pay(&file, "25.00", id).code, 0);
    }
    // The index knows to whom the lost events belonged: it is damaged by nothing.
    let wal = Connection::open(&file).unwrap();
    wal.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(wal);
    let mut bytes = fs::read(&file).unwrap();
    fs::remove_file(format!("{file}.locks/recent-events")).unwrap();
    lose(&mut bytes, "events");
    lose(&mut bytes, "transactions");
    fs::write(&file, bytes).unwrap();
    let ran = shop.caisse(&format!("journal {file} salvage {new} --json"));
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    assert_eq!(ran.lines()[1]["reason"], "start_lost", "{}", ran.out);
    let again = pay(&new, "25.00", "sale-2");
    assert_eq!((again.code, &again.last()["reason"]["code"]), (3, &json!("salvaged")));
    let resolve = |more: &[&str]| {
        let word = ["--by", "Zoé", "--because", "ticket 1234"];
        shop.run(&[&["journal", &new, "resolve", "sale-2"][..], more, &word].concat())
    };
    let nothing = resolve(&["--paid"]);
    assert_eq!(nothing.code, 2);
    assert!(nothing.err.contains("give the amount"), "{}", nothing.err);
    let slip = resolve(&["--paid", "2500.00"]);
    assert_eq!(slip.code, 2);
    assert!(slip.err.contains("--confirmed more-than-asked"), "{}", slip.err);
    assert_eq!(resolve(&["--paid", "25.00", "--confirmed", "more-than-asked"]).code, 0);
    assert_eq!(pay(&new, "25.00", "sale-2").last()["outcome"], "approved");
    assert_eq!(pay(&new, "26.00", "sale-2").last()["reason"]["code"], "id_conflict");
    assert_eq!(terminal.ledger().charges().len(), 3);
}

/// Overwrites the root of a table, which is all of it in a small journal.
fn lose(bytes: &mut [u8], table: &str) {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), &*bytes).unwrap();
    let root: usize = Connection::open(file.path())
        .unwrap()
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = ?1", [table], |row| row.get::<_, i64>(0))
        .unwrap() as usize;
    bytes[(root - 1) * 4096..root * 4096].fill(0);
}
