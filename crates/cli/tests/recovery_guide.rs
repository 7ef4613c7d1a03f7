//! The guides to recovery say what the till says.

#![cfg(unix)]

mod support;

use caisse_journal::Event;
use std::fs;
use std::path::Path;

use caisse::{
    Amount, Blocked, Currency, Decision, Dispute, Doubt, Journal, NotSent, Outcome, Paid, Refusal, Retry,
    SqliteJournal, WallTime,
};
use caisse_simulator::VirtualTerminal;
use support::Shop;

fn guide(language: &str) -> String {
    let name = format!("../../docs/recovery.{language}.md");
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The rows of the table of outcomes.
fn rows(guide: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    let rows = guide.lines().filter(|line| line.starts_with("| `") && line.matches('|').count() == 6);
    rows.map(cells).collect()
}

#[test]
fn the_tables_of_outcomes_are_those_of_the_code() {
    let amount = Amount::from_minor(2500, Currency::EUR);
    let due = Amount::from_minor(500, Currency::EUR);
    let outcomes = [
        (Outcome::Approved { amount }, 0),
        (Outcome::PartiallyApproved { approved: amount, due }, 5),
        (Outcome::Declined { refusal: Refusal::Refused }, 1),
        (Outcome::Cancelled { refusal: Refusal::Abandoned }, 1),
        (Outcome::NotSent { reason: NotSent::Unreachable }, 4),
        (Outcome::Unknown { doubt: Doubt::Silence }, 3),
        (Outcome::Blocked { reason: Blocked::Unresolved }, 6),
    ];
    for language in ["en", "fr"] {
        let rows = rows(&guide(language));
        assert_eq!(rows.len(), outcomes.len(), "{language}");
        for ((outcome, exit), row) in outcomes.iter().zip(&rows) {
            let text = outcome.text();
            assert_eq!(row[0], format!("`{}`", outcome.name()));
            assert_eq!(row[1], if language == "en" { text.en } else { text.fr });
            let again = match (language, outcome.retry()) {
                ("en", Retry::SameId) => "yes, under the same id",
                ("en", Retry::NewId) => "yes, as a new payment",
                ("fr", Retry::SameId) => "oui, sous le même identifiant",
                ("fr", Retry::NewId) => "oui, comme nouveau paiement",
                ("en", Retry::No) => "no",
                (_, Retry::No) => "non",
                _ => unreachable!(),
            };
            let said = row[3].trim_matches('*');
            let waits = matches!(outcome, Outcome::Blocked { .. });
            assert!(said == again || (waits && ["not before that", "pas avant"].contains(&said)), "{row:?}");
            assert_eq!(row[4], exit.to_string());
        }
    }
}

/// The queries for support, on a journal that has one of each.
#[test]
fn the_queries_find_what_they_say() {
    let terminal = VirtualTerminal::builder().start().unwrap();
    let at = terminal.address().to_string();
    let shop = Shop::new();
    let file = shop.path("journal.sqlite");
    let pay = |id: &str, amount: &str, answer: &str| {
        terminal.set_answer(answer.parse().unwrap());
        let line = format!(
            "pay {amount} --id {id} --journal {file} --terminal {at} --terminal-id counter --timeout 5"
        );
        shop.caisse(&line).code
    };
    assert_eq!((pay("order-1", "10.00", "approve"), pay("order-2", "3.00", "decline:04")), (0, 1));
    assert_eq!(pay("order-7", "25.00", "approve+drop@step=decided"), 3);
    let queries = |guide: &str| -> Vec<String> {
        let block = guide.split("```sql").nth(1).unwrap().split("```").next().unwrap();
        let plain: String =
            block.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join(" ");
        plain.split(';').map(|query| query.trim().to_owned()).filter(|query| !query.is_empty()).collect()
    };
    let [english, french] = ["en", "fr"].map(|language| queries(&guide(language)));
    assert_eq!(english, french);
    let queries = english;
    assert_eq!(queries.len(), 4);
    let ask = |query: &str| -> Vec<Vec<String>> {
        let database = rusqlite::Connection::open(&file).unwrap();
        let mut statement = database.prepare(query).unwrap();
        let columns = statement.column_count();
        let cell = |row: &rusqlite::Row<'_>, column: usize| match row.get_ref(column)? {
            rusqlite::types::ValueRef::Null => Ok("-".to_owned()),
            rusqlite::types::ValueRef::Integer(number) => Ok(number.to_string()),
            value => Ok(value.as_str()?.to_owned()),
        };
        let rows = statement.query_map([], |row| (0..columns).map(|column| cell(row, column)).collect());
        rows.unwrap().collect::<Result<_, rusqlite::Error>>().unwrap()
    };
    let open = ask(&queries[0]);
    assert_eq!((open.len(), &open[0][0], &open[0][3]), (1, &"order-7".to_owned(), &"2500".to_owned()));
    let life: Vec<String> = ask(&queries[2]).into_iter().map(|row| row[2].clone()).collect();
    assert_eq!(life, ["started", "ended"]);
    assert_eq!(ask(&queries[3]), [["counter", "EUR", "1000"]]);

    let mut journal = SqliteJournal::open(&file).unwrap();
    assert_eq!(ask(&queries[1]).len(), 0);
    let dispute = Dispute::new(Paid::Paid(Amount::from_minor(300, Currency::EUR)), "late result").unwrap();
    journal.append(&"order-2".parse().unwrap(), &Event::Disputed(dispute), WallTime::now()).unwrap();
    assert_eq!(ask(&queries[1]), [["order-2"]]);
    let lock = journal.lock(&"counter".parse().unwrap()).unwrap();
    let paid = Paid::Paid(Amount::from_minor(2000, Currency::EUR));
    let decision = Decision::new(paid, "Anne", "ticket 1234").unwrap();
    journal.resolve(&lock, &"order-7".parse().unwrap(), &decision, WallTime::now()).unwrap();
    assert_eq!(ask(&queries[0]).len(), 0);
    assert_eq!(ask(&queries[3]), [["counter", "EUR", "3000"]]);
}
