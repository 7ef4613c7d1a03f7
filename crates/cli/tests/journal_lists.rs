//! What people ask of a journal: the file by itself, a selection, ids by their first letters, tables, and totals against those of
//! a terminal's ticket.

#![cfg(unix)]

#[path = "support/records.rs"]
mod records;
mod support;

use caisse::{Amount, Currency, Decision, Journal, Operation, Paid, SqliteJournal, WallTime};
use caisse_payment::{Doubt, Outcome, Refusal, Transaction};
use serde_json::{Value, json};
use support::{Ran, Shop};

const MINUTE: u64 = 60_000;
/// 2026-12-01T08:00:00Z: nine o'clock in Paris.
const NINE: u64 = 1_796_112_000_000;

fn euros(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::EUR)
}

/// Two days at two terminals, in the journal that `caisse pay` uses by default.
struct Day {
    shop: Shop,
}

impl Day {
    fn new() -> Self {
        let shop = Shop::new();
        let folder = shop.path("data/caisse");
        std::fs::create_dir_all(&folder).unwrap();
        let mut journal = SqliteJournal::open(format!("{folder}/journal.sqlite")).unwrap();
        let mut write = |id: &str, transaction: Transaction, outcome, minutes: u64| {
            let at = WallTime::from_millis(NINE + minutes * MINUTE);
            records::write(&mut journal, id, transaction, outcome, at);
        };
        let approved = |minor| Outcome::Approved { amount: euros(minor) };
        write("night", records::debit(500, "counter"), approved(500), 0);
        write("sale-1", records::debit(2500, "counter"), approved(2500), 1);
        let tip = Transaction { allow_tip: Some(euros(500)), ..records::debit(4000, "terrace") };
        write("sale-2", tip, approved(4300), 2);
        write("sale-3", records::debit(900, "counter"), Outcome::Declined { refusal: Refusal::Refused }, 3);
        let reference = "=HYPERLINK(1)".parse().unwrap();
        let credit = Transaction {
            operation: Operation::Credit,
            original: Some("sale-1".parse().unwrap()),
            reference: Some(reference),
            ..records::debit(1000, "counter")
        };
        write("credit-1", credit, approved(1000), 4);
        write("tomorrow", records::debit(700, "counter"), approved(700), 24 * 60);
        let silence = Outcome::Unknown { doubt: Doubt::Silence };
        write("sale-9", records::debit(1100, "terrace"), silence, 5);
        Self { shop }
    }

    /// The command in the time zone of Paris, without naming a file.
    fn journal(&self, arguments: &[&str]) -> Ran {
        self.zoned("Europe/Paris", arguments)
    }

    fn zoned(&self, zone: &str, arguments: &[&str]) -> Ran {
        let mut all = vec!["journal"];
        all.extend(arguments);
        let output = self.shop.command(&all).env("TZ", zone).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    fn ids(&self, arguments: &[&str]) -> Vec<String> {
        let mut all = vec!["list", "--json"];
        all.extend(arguments);
        let ran = self.journal(&all);
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.lines().iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect()
    }
}

#[test]
fn the_journal_of_payments_is_found_by_itself() {
    let day = Day::new();
    let listed = day.journal(&["list", "--json"]);
    assert_eq!((listed.code, listed.lines().len()), (0, 7), "{}", listed.err);
    assert!(listed.err.contains("data/caisse/journal.sqlite"), "{}", listed.err);
    // One that the configuration names goes before it.
    std::fs::create_dir_all(day.shop.path("config/caisse")).unwrap();
    let other = day.shop.path("other.sqlite");
    let text = format!("journal = \"{other}\"\n\n[terminals.bar]\naddress = \"tcp://127.0.0.1:9\"\n");
    std::fs::write(day.shop.path("config/caisse/caisse.toml"), text).unwrap();
    let missing = day.journal(&["list"]);
    assert_eq!(missing.code, 2, "{}", missing.out);
    assert!(missing.err.contains("other.sqlite: there is no such file"), "{}", missing.err);
    drop(SqliteJournal::open(&other).unwrap());
    assert_eq!(day.journal(&["list"]).code, 0);
    // A file is one by its place before the command, whatever its name.
    let path = day.shop.path("data/caisse/journal.sqlite");
    std::fs::copy(&path, day.shop.path("list")).unwrap();
    let named = day.journal(&[&day.shop.path("list"), "list", "--json"]);
    assert_eq!((named.code, named.lines().len()), (0, 7), "{}", named.err);
}

#[test]
fn a_selection_by_time_terminal_and_state() {
    let day = Day::new();
    let all = ["night", "sale-1", "sale-2", "sale-3", "credit-1", "tomorrow", "sale-9"];
    assert_eq!(day.ids(&[]), all);
    assert_eq!(day.ids(&["--since", "2026-12-02"]), ["tomorrow"]);
    assert_eq!(day.ids(&["--until", "2026-12-01"]).len(), 6);
    assert_eq!(
        day.ids(&["--since", "2026-12-01 09:02", "--until", "2026-12-01 09:04"]),
        ["sale-2", "sale-3"]
    );
    assert_eq!(day.ids(&["--since", "2026-12-01T08:05:00Z"]), ["tomorrow", "sale-9"]);
    assert_eq!(day.ids(&["--terminal", "terrace"]), ["sale-2", "sale-9"]);
    assert_eq!(day.ids(&["--terminal", "nowhere"]), [""; 0]);
    assert_eq!(day.ids(&["--state", "unresolved"]), ["sale-9"]);
    assert_eq!(day.ids(&["--state", "disputed"]), [""; 0]);
    assert_eq!(day.ids(&["--limit", "2"]), ["tomorrow", "sale-9"], "the newest");
    assert_eq!(day.ids(&["--limit", "0"]), [""; 0]);
    for wrong in [
        &["list", "--since", "yesterday"][..],
        &["list", "--state", "open"],
        &["list", "--limit", "-1"],
        &["list", "--csv", "--json"],
        &["list", "--unresolved", "--state", "final"],
    ] {
        assert_eq!(day.journal(wrong).code, 2, "{wrong:?}");
    }
    // The time zone is the system's: there the day of the sale has not begun.
    let abroad = day.zoned("Pacific/Honolulu", &["list", "--since", "2026-12-01", "--json"]);
    assert_eq!(abroad.lines().iter().map(|line| &line["id"]).collect::<Vec<_>>(), [&json!("tomorrow")]);
}

#[test]
fn an_id_by_its_first_letters() {
    let day = Day::new();
    assert_eq!(day.journal(&["show", "tom", "--json"]).last()["id"], "tomorrow");
    assert_eq!(day.journal(&["show", "sale-1", "--json"]).last()["id"], "sale-1");
    let several = day.journal(&["show", "sale"]);
    assert_eq!(several.code, 1);
    assert!(several.err.contains("4 transactions begin so; give more of the id"), "{}", several.err);
    for none in ["x", ""] {
        assert_eq!(day.journal(&["show", none]).code, 1, "{none:?}");
    }
    // A whole id is that one, and never the beginning of another.
    let path = day.shop.path("data/caisse/journal.sqlite");
    let mut journal = SqliteJournal::open(&path).unwrap();
    let approved = Outcome::Approved { amount: euros(1) };
    records::write(&mut journal, "sale-10", records::debit(1, "bar"), approved, WallTime::from_millis(NINE));
    assert_eq!(day.journal(&["show", "sale-1", "--json"]).last()["id"], "sale-1");
    // A person decides about the transaction of this id, and about no other that begins so.
    let decide = ["resolve", "tomorro", "--paid", "--by", "Zoé", "--because", "ticket"];
    assert_eq!(day.journal(&decide).code, 1);
    let resolved =
        day.journal(&["resolve", "sale-9", "--paid", "--by", "Zoé", "--because", "ticket", "--json"]);
    assert_eq!((resolved.code, &resolved.last()["state"]), (0, &json!("final")), "{}", resolved.err);
}

#[test]
fn lines_in_local_time_and_in_french() {
    let day = Day::new();
    let english = day.journal(&["list"]).out;
    let line = english.lines().find(|line| line.contains("sale-2")).unwrap();
    assert!(line.starts_with("2026-12-01 09:02:00  final "), "{line}");
    assert!(line.contains("debit 40.00 EUR  approved 43.00 EUR, tip 3.00 EUR  terminal terrace"), "{line}");
    let french = day.journal(&["list", "--lang", "fr"]).out;
    let line = |id: &str| french.lines().find(|line| line.contains(id)).unwrap().to_owned();
    assert!(line("sale-2").starts_with("2026-12-01 09:02:00  réglé "), "{french}");
    assert!(
        line("sale-2").contains("débit 40,00 EUR  approuvé 43,00 EUR, dont pourboire 3,00 EUR"),
        "{french}"
    );
    assert!(line("sale-9").contains("à résoudre"), "{french}");
    assert!(line("sale-9").contains("RÉSULTAT INCONNU [silence]"), "{french}");
    assert!(line("credit-1").contains("crédit 10,00 EUR  approuvé"), "{french}");
    assert!(line("sale-3").contains("débit 9,00 EUR  refusé ["), "{french}");
}

#[test]
fn a_table_for_a_spreadsheet() {
    let day = Day::new();
    let read = |text: &str, separator: char| -> Vec<Vec<String>> {
        // None of these cells has a separator or a quote in it.
        text.lines().map(|line| line.split(separator).map(str::to_owned).collect()).collect()
    };
    let table = read(&day.journal(&["list", "--csv"]).out, ',');
    assert_eq!(table.len(), 8);
    assert!(table.iter().all(|row| row.len() == 16));
    let column = |name: &str| table[0].iter().position(|heading| heading == name).unwrap();
    let cell = |row: usize, name: &str| table[row][column(name)].as_str();
    assert_eq!((cell(3, "id"), cell(3, "amount"), cell(3, "approved_amount")), ("sale-2", "40.00", "43.00"));
    assert_eq!((cell(3, "tip"), cell(3, "local_time")), ("3.00", "2026-12-01 09:02:00"));
    assert_eq!(cell(3, "started_at"), "2026-12-01T08:02:00.000Z");
    assert_eq!((cell(5, "original"), cell(5, "operation")), ("sale-1", "credit"));
    assert_eq!(cell(5, "reference"), "'=HYPERLINK(1)", "no formula");
    assert_eq!((cell(7, "state"), cell(7, "reason")), ("unresolved", "silence"));
    let french = read(&day.journal(&["list", "--csv", "--lang", "fr", "--terminal", "terrace"]).out, ';');
    assert_eq!((french.len(), french[1][column("amount")].as_str()), (3, "40,00"));
}

#[test]
fn totals_by_day_terminal_and_operation() {
    let day = Day::new();
    let ran = day.journal(&["totals", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let lines = ran.lines();
    let row = |day: &str, terminal: &str, operation: &str| -> Value {
        let is = |line: &&Value| {
            line["day"] == day && line["terminal"] == terminal && line["operation"] == operation
        };
        lines.iter().find(is).unwrap_or_else(|| panic!("{day} {terminal} {operation}: {}", ran.out)).clone()
    };
    let counter = row("2026-12-01", "counter", "debit");
    assert_eq!(
        (&counter["count"], &counter["amount"], &counter["amount_minor"]),
        (&json!(2), &json!("30.00"), &json!(3000))
    );
    let terrace = row("2026-12-01", "terrace", "debit");
    assert_eq!(
        (&terrace["amount_minor"], &terrace["tips_minor"], &terrace["tips"]),
        (&json!(4300), &json!(300), &json!("3.00"))
    );
    assert_eq!(row("2026-12-01", "counter", "credit")["amount_minor"], 1000);
    assert_eq!(row("2026-12-02", "counter", "debit")["amount_minor"], 700);
    // Four sums, and what nobody knows, which no sum contains.
    assert_eq!(lines.len(), 5, "{}", ran.out);
    assert_eq!(lines[4]["not_counted"]["id"], "sale-9");
    let text = day.journal(&["totals", "--lang", "fr", "--until", "2026-12-01"]).out;
    assert!(text.contains("43,00 EUR, dont pourboires 3,00"), "{text}");
    assert!(text.contains("non comptées") && text.contains("sale-9"), "{text}");
    // Once a person has decided it counts.
    let path = day.shop.path("data/caisse/journal.sqlite");
    let mut journal = SqliteJournal::open(&path).unwrap();
    let lock = journal.lock(&"terrace".parse().unwrap()).unwrap();
    let decision = Decision::new(Paid::Paid(euros(1100)), "Zoé", "ticket").unwrap();
    journal.resolve(&lock, &"sale-9".parse().unwrap(), &decision, WallTime::now()).unwrap();
    drop(lock);
    let lines = day.journal(&["totals", "--json", "--terminal", "terrace"]).lines();
    assert_eq!((lines.len(), &lines[0]["count"], &lines[0]["amount_minor"]), (1, &json!(2), &json!(5400)));
}

#[test]
fn totals_are_held_against_the_ticket_of_the_terminal() {
    let day = Day::new();
    let totals = |tickets: &[&str]| {
        let mut all = vec!["totals", "--until", "2026-12-01", "--terminal", "counter"];
        all.extend(tickets.iter().flat_map(|ticket| ["--ticket", ticket]));
        day.journal(&all)
    };
    let agrees = totals(&["debit=2:30.00", "credit=1:10,00", "cancellation=0:0.00"]);
    assert_eq!(agrees.code, 0, "{} {}", agrees.out, agrees.err);
    assert!(agrees.out.contains("debit: agrees, 2 for 30.00 EUR"), "{}", agrees.out);
    for (tickets, named) in [
        (
            &["debit=3:39.00"][..],
            "debit: DIFFERS: journal 2 for 30.00, ticket 3 for 39.00 EUR (+9.00 on the ticket)",
        ),
        (&["debit=2:29.99"], "journal 2 for 30.00, ticket 2 for 29.99 EUR (-0.01 on the ticket)"),
        (&["debit=1:30.00"], "journal 2 for 30.00, ticket 1 for 30.00 EUR (+0.00 on the ticket)"),
        (&["debit=2:30.00", "cheque=1:5.00"], "cheque: DIFFERS: journal 0 for 0.00, ticket 1 for 5.00 EUR"),
    ] {
        let ran = totals(tickets);
        assert_eq!(ran.code, 1, "{tickets:?}");
        assert!(ran.out.contains(named), "{tickets:?}: {}", ran.out);
    }
    let json = day.journal(&[
        "totals",
        "--json",
        "--until",
        "2026-12-01",
        "--terminal",
        "counter",
        "--ticket",
        "debit=3:39.00",
    ]);
    let compared = json.last();
    assert_eq!((&compared["compared"], &compared["agrees"]), (&json!("debit"), &json!(false)));
    assert_eq!(
        (&compared["journal"]["amount_minor"], &compared["ticket"]["amount_minor"]),
        (&json!(3000), &json!(3900))
    );
    for wrong in ["debit", "debit=1", "debit=x:1.00", "tea=1:1.00", "debit=1:abc", "debit=-1:1.00"] {
        assert_eq!(totals(&[wrong]).code, 2, "{wrong}");
    }
}
