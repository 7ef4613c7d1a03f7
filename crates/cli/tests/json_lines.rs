//! The README's tables of JSON lines have the keys of the code, and no others.

#![cfg(unix)]

mod support;

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};
use support::{Shop, Terminal};

const README: &str = include_str!("../README.md");

/// The keys of the first columns of a table, which follows these words.
fn documented(after: &str) -> BTreeSet<String> {
    let (_, rest) = README.split_once(after).unwrap();
    let rows =
        rest.lines().skip_while(|line| !line.starts_with("| `")).take_while(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.split(" | ").next().unwrap());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn the_outcome_of_a_payment() {
    let ran = Shop::new().caisse("pay 25.00 --ticket --json");
    assert_eq!(keys(&ran.last()), documented("The last line has `\"event\": \"outcome\"`"));
    let (events, _) = README.split_once("The last line has").unwrap();
    for line in ran.lines().iter().filter(|line| line["event"] != "outcome") {
        assert_eq!(keys(line), ["event", "id"].map(str::to_owned).into());
        assert!(events.contains(&format!("`{}`", line["event"].as_str().unwrap())), "{line}");
    }
}

#[test]
fn what_stands_in_the_journal() {
    let shop = Shop::new();
    let terminal = Terminal::start(&shop, &["--answer", "partial:20.00,approve+drop@step=decided"]);
    let at = format!("--journal {} --terminal {}", shop.path("a.sqlite"), terminal.address);
    assert_eq!(shop.caisse(&format!("pay 25.00 --allow-partial --id part {at}")).code, 5);
    assert_eq!(shop.caisse(&format!("pay 26.00 --id doubt {at}")).code, 3);

    let journal = |what: &str| shop.caisse(&format!("journal {} {what} --json", shop.path("a.sqlite")));
    let all = documented("`journal FILE list` prints");
    let of = |more: &[&str]| -> BTreeSet<String> {
        let others = ["events", "finding", "evidence"].into_iter().filter(|key| !more.contains(key));
        let others: BTreeSet<String> = others.map(str::to_owned).collect();
        all.difference(&others).cloned().collect()
    };
    let list = journal("list").lines();
    assert_eq!(list.len(), 2);
    for line in &list {
        assert_eq!(keys(line), of(&[]));
    }
    // How much was paid, and why nobody knows, is told to programs as to people.
    for (key, expected) in [
        ("outcome", json!("partially_approved")),
        ("approved_amount", json!("20.00")),
        ("approved_amount_minor", json!(2000)),
        ("authorisation", json!("000001")),
        ("reason", Value::Null),
    ] {
        assert_eq!(list[0][key], expected, "{key}");
    }
    assert_eq!((&list[1]["approved_amount"], &list[1]["authorisation"]), (&Value::Null, &Value::Null));
    assert_eq!(list[1]["reason"]["code"], "closed_without_answer");
    let text = shop.caisse(&format!("journal {} list", shop.path("a.sqlite"))).out;
    assert!(text.contains("partially_approved 20.00 EUR"), "{text}");

    assert_eq!(keys(&journal("show part").last()), of(&["events"]));
    let told = journal("recover").last();
    assert_eq!(keys(&told), of(&["finding", "evidence"]));
    let words = ["code", "fr", "en", "no_answer", "why_open", "ticket"];
    let terminals = ["asked_address", "recorded_address", "differences"];
    let evidence = words.into_iter().chain(terminals).map(str::to_owned);
    assert_eq!(keys(&told["evidence"]), evidence.collect());
    assert_eq!(told["evidence"]["code"], "duplicata");
}

#[test]
fn without_a_place_for_a_journal_nothing_is_sent_and_the_last_line_says_so() {
    let shop = Shop::new();
    let terminal = Terminal::start(&shop, &[]);
    fs::write(shop.path("no-folder"), "").unwrap();
    let run = |line: &str| {
        let arguments: Vec<&str> = line.split_whitespace().collect();
        let output = shop.command(&arguments).env("XDG_DATA_HOME", shop.path("no-folder")).output().unwrap();
        let lines = String::from_utf8(output.stdout).unwrap();
        let last = lines.lines().last().unwrap_or_default().to_owned();
        (output.status.code(), last, String::from_utf8(output.stderr).unwrap())
    };
    let (code, last, err) = run(&format!("pay 25.00 --json --terminal {}", terminal.address));
    let last: Value = serde_json::from_str(&last).unwrap();
    assert_eq!((code, &last["event"], &last["outcome"]), (Some(6), &json!("outcome"), &json!("blocked")));
    assert_eq!(last["reason"]["code"], "journal_unavailable");
    // Whoever repairs it is told where.
    assert!(err.contains(&shop.path("no-folder")) && err.contains("--journal FILE"), "{err}");

    let (code, last, _) = run(&format!("doctor --json {}", terminal.address));
    assert_eq!(code, Some(1));
    assert!(last.contains("\"examined\"") && last.contains("\"findings\":1"), "{last}");
    let (code, last, _) = run(&format!("ping --json {}", terminal.address));
    assert_eq!(code, Some(6), "{last}");
    assert_eq!(terminal.stop(), Vec::<Value>::new());
}
