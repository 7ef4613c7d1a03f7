//! `caisse ping`, `caisse doctor` and `caisse reprint`, as processes.

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::process::Stdio;

use serde_json::{Value, json};
use support::{Shop, Terminal, raw_terminal, read_request};

const IDENTIFICATION: &[u8] = b"CZ0040320CJ012012345678901CA00201CD001I";

/// A terminal that answers so; what it was sent is checked.
fn answering(expected: &'static [u8], answer: &'static [u8]) -> (String, std::thread::JoinHandle<()>) {
    raw_terminal(move |mut stream| {
        assert_eq!(String::from_utf8_lossy(&read_request(&mut stream)), String::from_utf8_lossy(expected));
        stream.write_all(answer).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        // The end: in order after an answer, otherwise aborted.
        let _ = stream.read(&mut [0; 512]);
    })
}

#[test]
fn a_terminal_is_asked_everything_and_charged_nothing() {
    let shop = Shop::new();
    let terminal = Terminal::start(&shop, &[]);
    let address = terminal.address.clone();
    let ping = shop.caisse(&format!("ping {address} --json"));
    assert_eq!(ping.code, 0, "{}", ping.err);
    let told = ping.last();
    for (key, expected) in [
        ("event", json!("ping")),
        ("alive", json!(true)),
        ("connected", json!(true)),
        ("known_by", json!("identification")),
        ("version", json!("0320")),
    ] {
        assert_eq!(told[key], expected, "{key}");
    }
    assert_eq!(told["reason"]["code"], "identified");
    let ping = shop.caisse(&format!("ping {address}"));
    assert!(ping.out.contains("alive: it answered the identification"), "{}", ping.out);
    assert!(ping.out.contains("présent : il a répondu à l'identification"), "{}", ping.out);
    let doctor = shop.caisse(&format!("doctor {address}"));
    assert_eq!(doctor.code, 0, "{}", doctor.out);
    assert!(doctor.out.contains("healthy / rien à signaler"), "{}", doctor.out);
    assert_eq!(shop.caisse(&format!("reprint {address}")).code, 1, "nothing to print yet");
    assert_eq!(shop.caisse(&format!("pay 25.00 --terminal {address}")).code, 0);
    let reprint = shop.caisse(&format!("reprint {address} --json"));
    assert_eq!(reprint.code, 0, "{}", reprint.out);
    let told = reprint.last();
    assert_eq!(
        (&told["outcome"], &told["printed"], &told["ticket"]),
        (&json!("printed"), &json!(true), &Value::Null)
    );
    let reprint = shop.caisse(&format!("reprint {address} --ticket"));
    assert_eq!(reprint.code, 0, "{}", reprint.out);
    assert!(reprint.out.contains("---------- ticket ----------"), "{}", reprint.out);
    let charges = terminal.stop();
    let charged = charges.iter().filter(|line| line["event"] == "charged").count();
    assert_eq!(charged, 1, "the payment, and nothing else: {charges:?}");
}

#[test]
fn what_is_not_alive() {
    let shop = Shop::new();
    let ran = shop.caisse("ping tcp://127.0.0.1:1 --json");
    assert_eq!(ran.code, 1);
    let told = ran.last();
    assert_eq!(
        (&told["alive"], &told["connected"], &told["known_by"]),
        (&json!(false), &json!(false), &Value::Null)
    );
    assert_eq!(told["reason"]["code"], "connection_refused");
    assert!(told["reason"]["fr"].as_str().unwrap().contains("refuse la connexion"));
    for (answer, code, connected) in [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice(), "not_a_terminal", true),
        (b"\x05", "framed", true),
        (b"", "closed_without_answer", true),
        (b"CZ0040320CA00201CD001IAE002", "answer_cut", true),
        (b"CZ0040320CA00202CD001IAE00210", "other_answer", true),
    ] {
        let (address, served) = answering(IDENTIFICATION, answer);
        let ran = shop.caisse(&format!("ping {address} --json"));
        let told = ran.last();
        assert_eq!(
            (ran.code, &told["reason"]["code"], &told["connected"]),
            (1, &json!(code), &json!(connected))
        );
        served.join().unwrap();
    }
    // Half open: it takes the question and says nothing.
    let (address, served) = raw_terminal(|mut stream| {
        let _ = read_request(&mut stream);
        // Aborted: the question must not arrive later.
        assert_eq!(stream.read(&mut [0; 8]).unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    });
    let ran = shop.caisse(&format!("ping {address} --json --timeout 1"));
    assert_eq!((ran.code, ran.last()["reason"]["code"].as_str()), (1, Some("no_answer")));
    served.join().unwrap();
    let ran = shop.caisse("ping serial:/dev/no-such-port --json");
    assert_eq!((ran.code, ran.last()["reason"]["code"].as_str()), (1, Some("port_missing")));
}

#[test]
fn wrong_usage() {
    let shop = Shop::new();
    for (line, words) in [
        ("ping", "TERMINAL"),
        ("ping 192.168.1.50", "terminal"),
        ("ping nobody", "--config"),
        ("doctor tcp://", "terminal"),
        ("ping tcp://127.0.0.1:1 --dialect esperanto", "dialect"),
        ("ping tcp://127.0.0.1:1 --register 7", "register"),
        ("ping tcp://127.0.0.1:1 --timeout 0", "timeout"),
        ("reprint tcp://127.0.0.1:1 --dialect concert-e", "E and E+ know no"),
        ("reprint serial:/dev/ttyACM0 --dialect concert-e-plus", "E and E+ know no"),
        ("reprint serial:/dev/ttyACM0", "name the dialect"),
    ] {
        let ran = shop.caisse(line);
        assert_eq!(ran.code, 2, "{line}");
        assert!(ran.err.contains(words), "{line}: {}", ran.err);
        assert!(!ran.err.contains("journal:"), "{line}: nothing is opened before it is understood");
        let ran = shop.caisse(&format!("{line} --json"));
        assert_eq!((ran.code, ran.lines().len()), (2, 1), "{line}: {}", ran.out);
        assert!(ran.last()["error"]["message"].is_string());
    }
}

#[test]
fn each_end_of_a_reprint() {
    let shop = Shop::new();
    let payxpert: &[u8] = b"CZ0040320CJ012012345678901CA00201CD0013";
    let hipay: &[u8] = b"CZ0040320CJ012012345678901CA00201CB00201CD0013CE003978";
    for (options, asked, answer, exit, outcome, code) in [
        ("", payxpert, b"CZ0040320CA00201CD0013AE00210".as_slice(), 0, "printed", "printed"),
        ("--dialect nepting", hipay, b"CZ0040320CA00201CD0013AE00210", 0, "printed", "printed"),
        (
            "--ticket",
            b"CZ0040320CJ012012345678901CA00201CD0013CK003100",
            b"CZ0040320CA00201CD0013AE00210",
            0,
            "printed",
            "no_ticket",
        ),
        ("", payxpert, b"CZ0040320CA00201CD0013AE00201AF00207", 1, "refused", "07"),
        ("", payxpert, b"CZ0040320CA00201CD0013AE00201AF00212", 1, "refused", "12"),
        ("", payxpert, b"CZ0040320CA00201CD0013AE00201AF00209", 1, "refused", "09"),
        ("", payxpert, b"CZ0040320CA00201CD0013AE00201", 1, "refused", "refused"),
        ("", payxpert, b"CZ0040320CA00201CD0013AE00211", 3, "no_answer", "status_unknown"),
        ("", payxpert, b"CZ0040320CA00201CD0010AE00210", 3, "no_answer", "other_answer"),
        ("", payxpert, b"", 3, "no_answer", "closed_without_answer"),
    ] {
        let (address, served) = answering(asked, answer);
        let ran = shop.caisse(&format!("reprint {address} --json {options}"));
        let told = ran.last();
        let shown = String::from_utf8_lossy(answer);
        assert_eq!(
            (ran.code, told["outcome"].as_str(), told["reason"]["code"].as_str()),
            (exit, Some(outcome), Some(code)),
            "{shown}"
        );
        assert_eq!(told["printed"], json!(exit == 0));
        served.join().unwrap();
    }
    let ran = shop.caisse("reprint tcp://127.0.0.1:1 --json");
    assert_eq!((ran.code, ran.last()["reason"]["code"].as_str()), (3, Some("connection_refused")));
}

#[test]
fn a_running_payment_is_left_alone() {
    let shop = Shop::new();
    let terminal = Terminal::start(&shop, &["--latency", "600000"]);
    let pay = format!("pay 25.00 --json --terminal {}", terminal.address);
    let words: Vec<_> = pay.split_whitespace().collect();
    let mut paying = shop.command(&words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = std::io::BufReader::new(paying.stdout.take().unwrap());
    let waiting =
        std::io::BufRead::lines(lines).map_while(Result::ok).any(|line| line.contains("\"waiting\""));
    assert!(waiting);
    let address = &terminal.address;
    let ran = shop.caisse(&format!("ping {address} --json"));
    assert_eq!((ran.code, ran.last()["reason"]["code"].as_str()), (1, Some("in_use")));
    // Nobody was asked: it is not told as absent.
    let told = shop.caisse(&format!("ping {address}")).out;
    assert!(
        told.contains("not asked: a payment is running") && told.contains("non interrogé : un paiement"),
        "{told}"
    );
    let ran = shop.caisse(&format!("reprint {address} --json"));
    assert_eq!((ran.code, ran.last()["outcome"].as_str()), (6, Some("blocked")));
    let ran = shop.caisse(&format!("doctor {address} --json"));
    let found: Vec<_> =
        ran.lines().iter().filter_map(|line| line["code"].as_str().map(str::to_owned)).collect();
    assert_eq!((ran.code, found), (1, vec!["in_use".to_owned()]));
    paying.kill().unwrap();
    paying.wait().unwrap();
}

#[test]
fn the_doctor_tells_each_finding_as_an_object() {
    let shop = Shop::new();
    let (address, served) = answering(IDENTIFICATION, b"CZ0040301AE00201AF00209");
    let ran = shop.caisse(&format!("doctor {address} --json"));
    served.join().unwrap();
    assert_eq!(ran.code, 1);
    let lines = ran.lines();
    let findings: Vec<_> = lines.iter().filter(|line| line["event"] == "finding").collect();
    assert_eq!(findings[0]["code"], "format_error");
    assert_eq!(findings[0]["try"], "--dialect ingenico");
    assert_eq!(findings[0]["reasons"][0]["code"], "version");
    for key in ["seen", "meaning", "advice"] {
        assert!(findings[0][key]["fr"].is_string() && findings[0][key]["en"].is_string(), "{key}");
    }
    let last = &lines[lines.len() - 1];
    assert_eq!(
        (&last["event"], &last["healthy"], &last["findings"]),
        (&json!("examined"), &json!(false), &json!(1))
    );
    assert!(!last["works"].as_array().unwrap().is_empty());

    let ran = shop.caisse("doctor serial:/dev/no-such-port");
    assert_eq!(ran.code, 1);
    for words in [
        "port_missing: ",
        "port_missing : ",
        "1 finding(s) / 1 constat(s)",
        "There is no such port",
        "n'existe pas",
    ] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
}

#[test]
fn without_a_journal_nobody_is_asked() {
    let shop = Shop::new();
    let garbage = shop.path("garbage.sqlite");
    fs::write(&garbage, "not a journal, and long enough to be looked at ".repeat(100)).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    for command in ["ping", "reprint"] {
        let ran = shop.caisse(&format!("{command} {address} --journal {garbage}"));
        assert_eq!(ran.code, 6, "{command}: {}", ran.err);
    }
    let ran = shop.caisse(&format!("doctor {address} --journal {garbage} --json"));
    assert_eq!((ran.code, ran.lines()[0]["code"].as_str()), (1, Some("journal_unusable")));
    assert!(listener.accept().is_err(), "somebody connected");
}

#[test]
fn a_terminal_by_its_name() {
    let shop = Shop::new();
    let file = shop.path("caisse.toml");
    let (address, served) =
        answering(b"CZ0040300CJ012123456789012CA00207CD001I", b"CZ0040301CA00207CD001IAE00210");
    let text = format!(
        "[terminals.counter]\naddress = \"{address}\"\ndialect = \"ingenico\"\nregister = \"07\"\nipc = \"123456789012\"\n\
         [terminals.line]\naddress = \"serial:/dev/no-such-port\"\n\
         [terminals.named]\naddress = \"serial:/dev/no-such-other\"\ndialect = \"ingenico\"\n"
    );
    fs::write(&file, text).unwrap();
    let ran = shop.caisse(&format!("ping counter --config {file} --json"));
    assert_eq!(ran.code, 0, "{} {}", ran.out, ran.err);
    assert_eq!(ran.last()["dialect"], "ingenico");
    served.join().unwrap();
    // A dialect that the file does not name is nobody's word that the terminal speaks 3.x.
    assert_eq!(shop.caisse(&format!("reprint line --config {file}")).code, 2);
    let named = shop.caisse(&format!("reprint named --config {file} --json"));
    assert_eq!((named.code, named.last()["reason"]["code"].as_str()), (3, Some("port_missing")));
}
