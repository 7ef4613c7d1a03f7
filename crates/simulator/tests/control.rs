//! The HTTP interface, byte for byte as any language would use it.
#![cfg(all(feature = "control", feature = "serial"))]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use caisse_simulator::VirtualTerminal;
use serde_json::{Value, json};
use support::{End, REQUEST, at};

const PATIENCE: Duration = Duration::from_millis(800);

fn start() -> VirtualTerminal {
    VirtualTerminal::builder().control("127.0.0.1:0".parse().unwrap()).start().unwrap()
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }
}

fn raw(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    // A server that refuses early may stop reading.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

fn call(terminal: &VirtualTerminal, method: &str, path: &str, body: &str) -> Answer {
    let address = terminal.control_address().unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    raw(address, request.as_bytes())
}

fn pay(terminal: &VirtualTerminal) -> String {
    at(terminal, PATIENCE, 1, REQUEST).text()
}

#[test]
fn the_list_is_what_there_is() {
    let terminal = start();
    let index = call(&terminal, "GET", "/", "").json();
    let routes = index["routes"].as_array().unwrap();
    assert_eq!(routes.len(), 22);
    for route in routes {
        let (method, path) = (route["method"].as_str().unwrap(), route["path"].as_str().unwrap());
        if path == "/events" {
            continue;
        }
        let status = call(&terminal, method, path, "").status;
        assert!(matches!(status, 200 | 400 | 409), "{method} {path}: {status}");
        let wrong = call(&terminal, "PATCH", path, "");
        assert_eq!((wrong.status, &wrong.json()["error"]["kind"]), (405, &json!("method")), "{path}");
    }
    let nowhere = call(&terminal, "GET", "/nowhere", "");
    assert_eq!((nowhere.status, &nowhere.json()["error"]["kind"]), (404, &json!("path")));
}

#[test]
fn answers_faults_and_the_ledger() {
    let terminal = start();
    assert_eq!(
        call(&terminal, "PUT", "/answer", r#"{"answer":"decline:04"}"#).json()["answer"],
        "decline:04"
    );
    assert!(pay(&terminal).contains("AF00204"));
    let next = call(&terminal, "POST", "/next", r#"{"turns":["approve+drop@step=decided","partial:20.00"]}"#);
    assert_eq!(next.json()["next"], json!(["approve+drop@step=decided:close", "partial:20.00"]));
    assert!(pay(&terminal).is_empty());
    assert!(pay(&terminal).contains("CB0042000"));
    assert!(pay(&terminal).contains("AF00204"), "the script goes on behind");
    call(&terminal, "PUT", "/answer", r#"{"answer":"approve"}"#);
    call(&terminal, "PUT", "/faults", r#"{"faults":["split@byte=20:50","duplicate"]}"#);
    assert_eq!(at(&terminal, PATIENCE, 1, REQUEST).pieces[0].1.len(), 20);
    assert_eq!(call(&terminal, "DELETE", "/faults", "").json()["faults"], json!([]));
    let request = "CZ0040320CA00201CB0042500CD0010CE003978CH007order 7";
    at(&terminal, PATIENCE, 1, request.as_bytes());
    let ledger = call(&terminal, "GET", "/ledger", "").json();
    assert_eq!(ledger["charges"], 4);
    let amounts: Vec<u64> = ledger["movements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["amount_minor"].as_u64().unwrap())
        .collect();
    assert_eq!(amounts, [2_500, 2_000, 2_500, 2_500]);
    let one = call(&terminal, "GET", "/ledger?reference=order%207", "").json();
    assert_eq!((&one["charges"], &one["movements"][0]["number"]), (&json!(1), &json!(4)));
    assert_eq!(one["movements"][0]["register"], "01");
    assert!(!call(&terminal, "GET", "/ledger", "").body.contains("order"), "references are not shown");
    assert_eq!(call(&terminal, "POST", "/reset", "").json()["charges"], 0);
}

#[test]
fn the_hands_of_a_test() {
    let terminal = start();
    call(&terminal, "PUT", "/times", r#"{"manual_card":true,"printing":1}"#);
    thread::scope(|scope| {
        for (button, expected) in [("/card", "AE00210"), ("/red-button", "AF00206")] {
            let seen = scope.spawn(|| at(&terminal, Duration::from_secs(20), 1, REQUEST));
            while call(&terminal, "GET", "/state", "").json()["state"] != "waiting_for_card" {
                thread::sleep(Duration::from_millis(5));
            }
            assert_eq!(call(&terminal, "POST", "/sleep", "").status, 409);
            assert_eq!(call(&terminal, "POST", button, "").status, 200);
            let seen = seen.join().unwrap();
            assert!(seen.text().contains(expected) && seen.end == End::Closed, "{button}: {seen:?}");
        }
    });
    let late = call(&terminal, "POST", "/card", "");
    assert_eq!(late.status, 409);
    let message = late.json()["error"]["message"].as_str().unwrap().to_owned();
    assert_eq!(message, "the terminal is idle: it waits for no card");
    call(&terminal, "PUT", "/times", r#"{"manual_card":false}"#);
    for hide in ["/busy", "/background"] {
        call(&terminal, "POST", hide, "");
        assert!(pay(&terminal).ends_with("AE00201AF00200"), "{hide}");
        assert_eq!(call(&terminal, "POST", "/wake", "").json()["state"], "idle");
    }
    assert_eq!(call(&terminal, "POST", "/sleep", "").json()["state"], "asleep");
    thread::sleep(Duration::from_millis(100));
    assert_eq!(at(&terminal, PATIENCE, 1, REQUEST).end, End::Broken);
    call(&terminal, "POST", "/wake", "");
    assert_eq!(call(&terminal, "POST", "/reboot", r#"{"milliseconds":100}"#).json()["state"], "rebooting");
    thread::sleep(Duration::from_millis(400));
    assert!(pay(&terminal).contains("AE00210"));
    let scenario = "answer = \"by-amount\"\nseed = 9\n";
    let state = call(&terminal, "PUT", "/scenario", scenario).json();
    assert_eq!(state["answer"], "by-amount");
    assert_eq!(call(&terminal, "POST", "/telecollection", "").json()["totals"], json!({}));
}

#[test]
fn what_is_wrong_is_said_and_changes_nothing() {
    let terminal = start();
    for (method, path, body, words) in [
        ("PUT", "/answer", "", "EOF while parsing"),
        ("PUT", "/answer", "{\"answer\":3}", "expected a string"),
        ("PUT", "/answer", "{\"anwser\":\"approve\"}", "unknown field `anwser`, expected `answer`"),
        ("PUT", "/answer", "{\"answer\":\"maybe\"}", "not an answer: expected approve"),
        ("PUT", "/answer", "{\"answer\":\"approve+drop@step=lunch\"}", "drop: expected byte=N"),
        ("POST", "/next", "{\"turns\":[\"approve\",\"maybe\"]}", "not an answer"),
        ("PUT", "/faults", "{\"faults\":[\"dorp\"]}", "not a fault: expected one of split"),
        ("PUT", "/times", "{\"latency\":-1}", "expected u32"),
        ("PUT", "/scenario", "anwser = 1", "unknown field `anwser`"),
        ("POST", "/reboot", "{\"milliseconds\":\"1\"}", "expected u32"),
        ("GET", "/ledger?refrence=1", "", "unknown field"),
        ("GET", "/events?follow=maybe", "", "not `true` or `false`"),
    ] {
        let answer = call(&terminal, method, path, body);
        assert_eq!(answer.status, 400, "{path} {body}");
        let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(words), "{path} {body}: {message}");
    }
    let state = call(&terminal, "GET", "/state", "").json();
    assert_eq!(
        (&state["answer"], &state["next"], &state["faults"]),
        (&json!("approve"), &json!([]), &json!([]))
    );
    assert_eq!(call(&terminal, "PUT", "/scenario", "dialect = \"nepting\"").status, 409);
    let long = format!("{{\"answer\":\"{}\"}}", "approve,".repeat(100_000));
    assert_eq!(call(&terminal, "PUT", "/answer", &long).status, 413);
    assert!(pay(&terminal).contains("AE00210"));
}

#[test]
fn pages_of_other_origins_and_other_names_are_refused() {
    let terminal = start();
    let address = terminal.control_address().unwrap();
    let port = address.port();
    for (headers, status) in [
        (format!("Host: {address}"), 200),
        (format!("Host: localhost:{port}"), 200),
        (format!("Host: {address}\r\nOrigin: http://{address}"), 200),
        (format!("Host: {address}\r\nOrigin: http://evil.example"), 403),
        (format!("Host: {address}\r\nOrigin: null"), 403),
        (format!("Host: {address}\r\nOrigin: http://{address}\r\nOrigin: http://evil.example"), 403),
        (format!("Host: evil.example:{port}"), 403),
        (format!("Host: 192.168.1.7:{port}"), 403),
        ("X-Nothing: 1".to_owned(), 403),
    ] {
        let answer = raw(
            address,
            format!("POST /reset HTTP/1.1\r\n{headers}\r\nConnection: close\r\n\r\n").as_bytes(),
        );
        assert_eq!(answer.status, status, "{headers}");
        assert!(!answer.head.to_lowercase().contains("access-control"), "{}", answer.head);
    }
    let beyond = VirtualTerminal::builder().control("0.0.0.0:0".parse().unwrap()).start();
    assert!(beyond.unwrap_err().to_string().contains("loopback only"));
    let meant =
        VirtualTerminal::builder().control_beyond_loopback("0.0.0.0:0".parse().unwrap()).start().unwrap();
    let port = meant.control_address().unwrap().port();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let request = format!("GET /state HTTP/1.1\r\nHost: 192.168.1.7:{port}\r\nConnection: close\r\n\r\n");
    assert_eq!(raw(address, request.as_bytes()).status, 200);
}

#[test]
fn events_come_as_they_happen_and_can_be_read_again() {
    let terminal = start();
    let address = terminal.control_address().unwrap();
    let open = |accept: &str, query: &str| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let request = format!("GET /events{query} HTTP/1.1\r\nHost: {address}\r\nAccept: {accept}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        BufReader::new(stream)
    };
    let (mut ndjson, mut sse) = (open("*/*", ""), open("text/event-stream", ""));
    pay(&terminal);
    let wait_for = |stream: &mut BufReader<TcpStream>, start: &str| {
        let mut line = String::new();
        while !(line.starts_with(start) && line.contains("\"event\":\"charged\"")) {
            line.clear();
            assert_ne!(stream.read_line(&mut line).unwrap(), 0, "the stream ended");
        }
        let json = line.trim_end().trim_start_matches(|character| character != '{').to_owned();
        serde_json::from_str::<Value>(&json).unwrap()
    };
    let told = wait_for(&mut ndjson, "{");
    assert_eq!((&told["amount"], &told["currency"]), (&json!("25.00"), &json!("EUR")));
    assert_eq!(wait_for(&mut sse, "data: "), told);
    let number = told["event_number"].as_u64().unwrap();
    assert_eq!(told["number"], 1);
    let again = call(&terminal, "GET", &format!("/events?follow=false&since={}", number - 1), "");
    let first: Value = serde_json::from_str(again.body.lines().next().unwrap()).unwrap();
    assert_eq!(first, told);
    assert!(again.head.contains("application/x-ndjson"));
    let names: Vec<String> = call(&terminal, "GET", "/events?follow=false", "")
        .body
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["event"].as_str().unwrap().to_owned())
        .collect();
    let position =
        |name: &str| names.iter().position(|it| it == name).unwrap_or_else(|| panic!("{name}: {names:?}"));
    assert!(position("asked") < position("turn") && position("turn") < position("charged"));
    assert!(position("charged") < position("decided") && position("decided") < position("answered"));
    // Streams without end are few, and do not hold the terminal up when it is switched off.
    let crowd: Vec<_> = (0..40).map(|_| open("*/*", "")).collect();
    thread::sleep(Duration::from_millis(200));
    assert_eq!(call(&terminal, "GET", "/events", "").status, 503);
    let started = std::time::Instant::now();
    drop(terminal);
    assert!(started.elapsed() < Duration::from_secs(5));
    drop(crowd);
}
