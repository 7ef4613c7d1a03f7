//! The outcome line of `caisse pay` comes with the deciding byte, and a second one if the terminal contradicts it.

#![cfg(unix)]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use support::{Shop, raw_terminal, read_request};

const APPROVED: &[u8] = b"CZ0040320CA00201CB0042500CD0010CE003978AC006000001AE00210";
const REFUSED: &[u8] = b"CZ0040300AE00201AF00204";

/// Pays at a terminal that answers, and says this as soon as the outcome is out. Gives the exit code and the lines.
fn pay(shop: &Shop, answer: &'static [u8], later: &'static [u8], more: &str) -> (Option<i32>, Vec<Value>) {
    let (is_out, told) = mpsc::channel();
    let (address, serving) = raw_terminal(move |mut stream: TcpStream| {
        read_request(&mut stream);
        stream.write_all(answer).unwrap();
        told.recv_timeout(Duration::from_secs(60)).expect("the outcome is told while the connection is open");
        stream.write_all(later).unwrap();
    });
    let journal = shop.path("journal.sqlite");
    let line =
        format!("pay 25.00 --json --terminal {address} --journal {journal} --terminal-id counter {more}");
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut child = shop.command(&words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines: Vec<Value> = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if line["event"] == "outcome" {
            let _ = is_out.send(());
        }
        lines.push(line);
    }
    serving.join().unwrap();
    (child.wait().unwrap().code(), lines)
}

fn outcomes(lines: &[Value]) -> Vec<(&Value, &Value)> {
    let told = lines.iter().filter(|line| line["event"] == "outcome");
    told.map(|line| (&line["outcome"], &line["disputed"])).collect()
}

#[test]
fn the_outcome_is_told_while_the_terminal_keeps_the_connection_open() {
    for (answer, later, outcome, code) in [
        (APPROVED, b"".as_slice(), "approved", 0),
        (APPROVED, b"\r\n", "approved", 0),
        (REFUSED, b"CA00201CB0042500CD0010CE003978", "declined", 1),
    ] {
        let (exit, lines) = pay(&Shop::new(), answer, later, "");
        assert_eq!((exit, outcomes(&lines)), (Some(code), vec![(&json!(outcome), &json!(false))]));
    }
}

/// The last line counts, and the terminal takes no payment before a person has decided.
#[test]
fn a_contradiction_is_told_in_a_second_line_and_blocks() {
    for (answer, later, first, last, code) in [
        (APPROVED, b"BA0011".as_slice(), "approved", "approved", 0),
        (APPROVED, REFUSED, "approved", "approved", 0),
        (REFUSED, APPROVED, "declined", "unknown", 3),
        (REFUSED, b"CB0042600", "declined", "unknown", 3),
    ] {
        let shop = Shop::new();
        let (exit, lines) = pay(&shop, answer, later, "--id sale-1");
        let expected = [(&json!(first), &json!(false)), (&json!(last), &json!(true))];
        assert_eq!((exit, &*outcomes(&lines)), (Some(code), expected.as_slice()), "{later:?}");
        let journal = shop.path("journal.sqlite");
        let shown = shop.caisse(&format!("journal {journal} list --json --unresolved"));
        assert_eq!((shown.code, &shown.last()["state"]), (3, &json!("disputed")));
        let next =
            format!("pay 7.00 --json --terminal tcp://127.0.0.1:9 --terminal-id counter --journal {journal}");
        let ran = shop.caisse(&next);
        assert_eq!((ran.code, &ran.last()["reason"]["code"]), (6, &json!("unresolved")), "{}", ran.out);
        // The text names the payment that a person has to settle.
        let text = shop.caisse(&next.replace("--json ", ""));
        assert!(text.out.contains("resolve") && text.out.contains("sale-1"), "{}", text.out);
        let settle =
            ["journal", &journal, "resolve", "--not-paid", "--by", "Zoé", "--because", "no ticket", "sale-1"];
        assert_eq!(shop.run(&settle).code, 0);
        // Nobody listens there: it goes as far as the terminal now.
        assert_eq!(shop.caisse(&next).code, 4);
    }
}

/// The command holds the terminal until it exits.
#[test]
fn the_terminal_is_held_until_the_command_exits() {
    let shop = Shop::new();
    let (is_out, told) = mpsc::channel::<()>();
    let (address, serving) = raw_terminal(move |mut stream: TcpStream| {
        read_request(&mut stream);
        stream.write_all(REFUSED).unwrap();
        let _ = told.recv_timeout(Duration::from_secs(60));
    });
    let journal = shop.path("journal.sqlite");
    let line = format!("pay 25.00 --json --terminal {address} --journal {journal} --terminal-id counter");
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut child = shop.command(&words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while !lines.next().unwrap().unwrap().contains("\"outcome\"") {}
    // It reads on for three seconds; a second payment is busy as long as the first one runs.
    let ran = shop.caisse(&line);
    let exited = child.try_wait().unwrap();
    assert!(exited.is_some() || ran.last()["reason"]["code"] == "busy", "{}", ran.out);
    drop(is_out);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    serving.join().unwrap();
}

/// Another program holds the journal for longer than SQLite waits: the approval is written all the same.
#[test]
fn a_journal_that_is_busy_at_the_end_is_tried_again() {
    let shop = Shop::new();
    let journal = shop.path("journal.sqlite");
    let file = journal.clone();
    let (address, serving) = raw_terminal(move |mut stream: TcpStream| {
        read_request(&mut stream);
        let other = rusqlite::Connection::open(file).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        stream.write_all(APPROVED).unwrap();
        thread::sleep(Duration::from_secs(8));
        other.execute_batch("ROLLBACK").unwrap();
    });
    let line = format!("pay 25.00 --json --id sale-1 --terminal {address} --journal {journal}");
    let ran = shop.caisse(&line);
    serving.join().unwrap();
    assert_eq!((ran.code, &ran.last()["journaled"]), (0, &json!(true)), "{}", ran.out);
    let again = shop.caisse(&line);
    assert_eq!((again.code, &again.last()["replayed"]), (0, &json!(true)));
}
