//! `caisse pay` and `caisse terminal`, as processes.

#![cfg(unix)]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use caisse::SqliteJournal;
use serde_json::{Value, json};
use support::{Shop, Terminal, interrupt, raw_terminal, read_request};

#[test]
fn the_first_command_of_the_readme() {
    let ran = Shop::new().caisse("pay 25.00 --ticket");
    assert_eq!(ran.code, 0, "{}", ran.err);
    for words in [
        "recorded in the journal",
        "connecting to the terminal",
        "sent to the terminal",
        "waiting for the card holder",
        "the terminal answers",
        "Payment approved: 25.00 EUR",
        "Paiement accepté",
        "497010******1234",
        "authorisation   000001",
        "TICKET CLIENT",
        "DÉBIT",
    ] {
        assert!(ran.out.contains(words), "{words}\n{}", ran.out);
    }
    assert!(ran.out.trim_end().ends_with("VIRTUAL TERMINAL: no money moved"));
    assert!(ran.err.contains("VIRTUAL TERMINAL: no money moved"));
}

#[test]
fn json_lines_and_nothing_else() {
    let ran = Shop::new().caisse("pay 25.00 --ticket --json");
    let events: Vec<String> =
        ran.lines().iter().map(|line| line["event"].as_str().unwrap().to_owned()).collect();
    assert_eq!(events, ["connecting", "connected", "recorded", "sent", "waiting", "answer", "outcome"]);
    let outcome = ran.last();
    for (key, expected) in [
        ("outcome", json!("approved")),
        ("proof", json!("answered")),
        ("safe_to_retry", json!(false)),
        ("retry", json!("no")),
        ("amount", json!("25.00")),
        ("amount_minor", json!(2500)),
        ("approved_amount", json!("25.00")),
        ("amount_due", Value::Null),
        ("currency", json!("EUR")),
        ("reason", Value::Null),
        ("duty", Value::Null),
        ("authorisation", json!("000001")),
        ("virtual", json!(true)),
        ("replayed", json!(false)),
        ("journaled", json!(true)),
    ] {
        assert_eq!(outcome[key], expected, "{key}");
    }
    assert_eq!(outcome["card"]["masked"], "497010******1234");
    assert!(outcome["ticket"].as_str().unwrap().contains("À CONSERVER"));
    assert!(outcome["id"].as_str().unwrap().len() >= 32);
}

#[test]
fn across_processes_the_terminal_charges_what_the_till_believes() {
    let shop = Shop::new();
    for (answer, options, code, outcome, charged) in [
        ("approve", "", 0, "approved", Some(2500)),
        ("decline:04", "", 1, "declined", None),
        ("cancel", "", 1, "cancelled", None),
        ("timeout", "--timeout 1", 3, "unknown", None),
        ("partial:20.00", "--allow-partial", 5, "partially_approved", Some(2000)),
        ("partial:20.00", "", 3, "unknown", Some(2000)),
        ("tip:2.00", "--allow-tip 2.00", 0, "approved", Some(2700)),
        ("tip:2.00", "--allow-tip=1.99", 3, "unknown", Some(2700)),
        ("tip:2.00", "", 3, "unknown", Some(2700)),
        ("approve", "--allow-tip 2.00", 0, "approved", Some(2500)),
    ] {
        let terminal = Terminal::start(&shop, &["--answer", answer]);
        let ran = shop.caisse(&format!("pay 25.00 --json {options} --terminal {}", terminal.address));
        assert_eq!(
            (ran.code, ran.last()["outcome"].as_str().unwrap()),
            (code, outcome),
            "{answer} {options}"
        );
        assert_eq!(ran.last()["virtual"], false);
        let told = shop.caisse(&format!(
            "pay 25.00 {options} --id {} --terminal {}",
            ran.last()["id"].as_str().unwrap(),
            terminal.address
        ));
        let rest = "Paiement accepté en partie : 20,00 EUR sur 25,00 EUR, reste 5,00 EUR à encaisser";
        assert_eq!(told.out.contains(rest), code == 5, "{}", told.out);
        let charges: Vec<_> =
            terminal.stop().iter().map(|charge| charge["amount_minor"].as_u64().unwrap()).collect();
        assert_eq!(charges, charged.into_iter().collect::<Vec<_>>(), "{answer} {options}");
    }
}

#[test]
fn a_refusal_is_told_in_both_languages() {
    let shop = Shop::new();
    let terminal = Terminal::start(&shop, &["--answer", "decline:04"]);
    let ran = shop.caisse(&format!("pay 25.00 --terminal {}", terminal.address));
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("The bank refused the payment. [04]"), "{}", ran.out);
    assert!(ran.out.contains("Paiement refusé par la banque."), "{}", ran.out);
    let ran = shop.caisse(&format!("pay 25.00 --json --terminal {}", terminal.address));
    let reason = ran.last()["reason"].clone();
    assert_eq!(reason["code"], "04");
    assert_eq!(reason["fr"], "Paiement refusé par la banque.");
    assert_eq!(
        (ran.last()["retry"].clone(), ran.last()["safe_to_retry"].clone()),
        (json!("new_id"), json!(true))
    );
}

#[test]
fn a_dead_port_is_not_sent() {
    let shop = Shop::new();
    let (address, serving) = raw_terminal(drop);
    drop(std::net::TcpStream::connect(address.trim_start_matches("tcp://")).unwrap());
    serving.join().unwrap();
    let ran = shop.caisse(&format!("pay 25.00 --json --terminal {address}"));
    assert_eq!(ran.code, 4);
    let outcome = ran.last();
    assert_eq!((&outcome["outcome"], &outcome["proof"]), (&json!("not_sent"), &json!("nothing_sent")));
    assert_eq!((&outcome["retry"], &outcome["safe_to_retry"]), (&json!("same_id"), &json!(true)));
    let ran = shop.caisse(&format!("pay 25.00 --terminal {address}"));
    assert!(
        ran.out.contains("safe to try again") && ran.out.contains("vous pouvez réessayer"),
        "{}",
        ran.out
    );
}

#[test]
fn a_terminal_that_takes_the_request_and_closes_is_unknown_and_blocks_until_resolved() {
    let shop = Shop::new();
    let (address, serving) = raw_terminal(|mut stream| drop(read_request(&mut stream)));
    let journal = shop.path("journal.sqlite");
    let pay =
        |id: &str| shop.caisse(&format!("pay 25.00 --id {id} --journal {journal} --terminal {address}"));
    let ran = pay("sale-1");
    serving.join().unwrap();
    assert_eq!(ran.code, 3);
    for words in [
        "OUTCOME UNKNOWN",
        "RÉSULTAT INCONNU",
        "Do not take the payment again",
        "--because \"what the terminal showed\" -- sale-1",
    ] {
        assert!(ran.out.contains(words), "{words}\n{}", ran.out);
    }
    let ran = pay("sale-2");
    assert_eq!(ran.code, 6);
    assert!(ran.out.contains("resolve --not-paid") && ran.out.contains("-- sale-1"), "{}", ran.out);
    assert!(ran.out.contains("ne réessayez pas en l'état"), "{}", ran.out);
    assert_eq!(pay("sale-1").code, 3);
    // The command that it proposes for asking the terminal is one: nobody is there any more, and it stays open.
    let recover = ran
        .out
        .lines()
        .find_map(|line| line.trim().strip_prefix("caisse ")?.contains(" recover ").then_some(line));
    let recover = recover.unwrap().trim().strip_prefix("caisse ").unwrap();
    assert_eq!(recover, format!("journal {journal} recover --wait --terminal {address}"));
    let ran = shop.caisse(recover);
    assert!(ran.code == 3 && ran.out.contains("[connection_refused]"), "{}{}", ran.out, ran.err);

    let list = shop.caisse(&format!("journal {journal} list --unresolved --json"));
    assert_eq!(list.code, 3);
    let [open] = list.lines().try_into().unwrap_or_else(|_| panic!("{}", list.out));
    for (key, expected) in [
        ("id", json!("sale-1")),
        ("operation", json!("debit")),
        ("amount", json!("25.00")),
        ("amount_minor", json!(2500)),
        ("currency", json!("EUR")),
        ("reference", Value::Null),
        ("state", json!("unresolved")),
        ("outcome", json!("unknown")),
        ("proof", json!("perhaps_sent")),
        ("resolved_by", Value::Null),
    ] {
        assert_eq!(open[key], expected, "{key}");
    }
    assert!(open["started_at"].as_str().unwrap().ends_with('Z'));

    let resolve = |arguments: &[&str]| {
        let mut words = vec!["journal", &journal, "resolve"];
        words.extend(arguments);
        words.extend(["--by", "Anne", "--because", "no ticket came out"]);
        shop.run(&words)
    };
    assert_eq!(resolve(&["sale-1"]).code, 2);
    assert_eq!(resolve(&["sale-1", "--paid", "--not-paid"]).code, 2);
    assert_eq!(resolve(&["sale-1", "--paid", "1.234"]).code, 2);
    assert_eq!(resolve(&["sale-7", "--not-paid"]).code, 1);
    assert_eq!(resolve(&["sale-1", "--not-paid"]).code, 0);
    // Nothing to correct: the journal says so already. Corrections are in `corrections.rs`.
    assert_eq!(resolve(&["sale-1", "--not-paid"]).code, 1);
    assert_eq!(shop.caisse(&format!("journal {journal} list --unresolved")).code, 0);
    let shown = shop.caisse(&format!("journal {journal} show sale-1 --json")).last();
    assert_eq!((&shown["state"], &shown["resolved_by"]), (&json!("final"), &json!("Anne")));
    let events: Vec<&str> =
        shown["events"].as_array().unwrap().iter().map(|event| event["what"].as_str().unwrap()).collect();
    assert_eq!(events, ["started", "ended", "resolved"]);
    assert_eq!(shop.caisse(&format!("journal {journal} show sale-2")).code, 1);
    assert_eq!(pay("sale-2").code, 4);
}

#[test]
fn the_same_id_gives_the_recorded_outcome_without_a_second_charge() {
    let shop = Shop::new();
    let terminal = Terminal::start(&shop, &[]);
    let pay = |more: &str| {
        shop.caisse(&format!("pay 25.00 --json --id sale-1 --terminal {} {more}", terminal.address))
    };
    let first = pay("");
    assert_eq!((first.code, &first.last()["replayed"]), (0, &json!(false)));
    assert!(first.err.contains("journal: "), "the path of the journal is printed: {}", first.err);
    for _ in 0..3 {
        let again = pay("--ticket");
        let outcome = again.last();
        assert_eq!(
            (again.code, &outcome["replayed"], &outcome["outcome"]),
            (0, &json!(true), &json!("approved"))
        );
        assert_eq!(outcome["authorisation"], first.last()["authorisation"]);
        assert_eq!(again.lines().len(), 1, "nothing happened on the way");
    }
    let other = pay("--reference table-7");
    assert_eq!((other.code, &other.last()["reason"]["code"]), (6, &json!("id_conflict")));
    assert_eq!(terminal.stop().len(), 1);
}

#[test]
fn wrong_usage_is_told_before_anything_is_opened() {
    let shop = Shop::new();
    for (line, words) in [
        ("pay 12.345", "too many decimals at position 5"),
        ("pay -1", "never negative"),
        ("pay 0", "more than zero"),
        ("pay 0.00", "more than zero"),
        ("pay 1e3", "expected a digit at position 1"),
        ("pay 12,50", "write a point"),
        ("pay 99999999999999", "too large"),
        ("pay 10000000000.00", "at most 999999999999 minor units"),
        ("pay 1000000.00 --dialect concert-e-plus", "at most 99999999 minor units"),
        ("pay 25.00 --dialect concert-e --application 001", "cannot force"),
        ("pay 25.00 --original sale-1", "no original"),
        ("pay 25.00 --operation cancellation --original a/b", "a letter, a digit"),
        ("pay 25.00 --operation credit --by Zoe", "--because"),
        ("pay 1.5 --currency JPY", "the currency has 0"),
        ("pay 25.00 --currency XYZ", "ISO 4217"),
        ("pay 25.00 --currency eur", "ISO 4217"),
        ("pay 25.00 --operation steal", "debit, credit"),
        ("pay 25.00 --terminal 127.0.0.1:8888", "tcp://HOST:PORT"),
        ("pay 25.00 --terminal serial:/dev/ttyUSB0", "--confirm-real-payment"),
        ("pay 25.00 --terminal serial:", "the name of one"),
        ("pay 25.00 --terminal serial:COM3?speed=1", "expected baud=SPEED or line=FORM"),
        ("pay 25.00 --dialect swedish", "payxpress"),
        ("pay 25.00 --id a/b", "a letter, a digit"),
        ("pay 25.00 --register 1", "expected 2 characters, got 1"),
        ("pay 25.00 --ipc 123", "twelve digits"),
        ("pay 25.00 --application 0", "three letters or digits"),
        ("pay 25.00 --reference jean@example.com", "never kept"),
        ("pay 25.00 --timeout 0", "1..=3600"),
        ("pay 25.00 --timeout soon", "invalid"),
        ("pay", "required"),
        ("pay 25.00 --tikcet", "unexpected"),
        ("pay 25.00 --journal x.sqlite", "needs --terminal"),
        ("pay 25.00 --confirm-real-payment", "needs --terminal"),
        ("pay 25.00 --terminal tcp://192.0.2.1:8888", "--confirm-real-payment"),
        ("pay 25.00 --terminal tcp://terminal.invalid", "--confirm-real-payment"),
        ("pay 25.00 --terminal tcp://192.168.001.050:8888", "four decimals"),
        ("pay 25.00 --terminal tcp://2130706433", "four decimals"),
        ("pay 25.00 --terminal tcp://127.1:8888 --confirm-real-payment", "four decimals"),
        ("terminal --listen 127.0.0.1:0", "tcp://HOST:PORT"),
        ("terminal --answer maybe", "approve"),
        ("terminal --answer decline:4", "decline:NN"),
        ("terminal --latency -1", "unexpected"),
        ("explain /no/such/file", "/no/such/file"),
        ("journal /no/such/file list", "no such file"),
        ("", "Usage"),
        ("dance", "unrecognized"),
    ] {
        let ran = shop.caisse(line);
        assert_eq!(ran.code, 2, "{line}: {}{}", ran.out, ran.err);
        assert!(ran.err.contains(words), "{line}: {}", ran.err);
        assert!(ran.out.is_empty(), "{line}: {}", ran.out);
        if line.starts_with("pay") {
            let ran = shop.caisse(&format!("{line} --json"));
            assert_eq!(ran.code, 2, "{line} --json");
            let error = ran.last()["error"].clone();
            assert!(error["message"].as_str().unwrap().contains(words), "{line}: {error}");
            assert!(error["kind"].is_string() && ran.lines().len() == 1, "{line}");
        }
    }
    for wrong in [
        ["pay", "25.00", "--reference", "4970101234123457"],
        ["pay", "25.00", "--register", "4970101234123457"],
        ["pay", "%B4970101234123457^DUPONT/JEAN^3012", "--id", "sale-1"],
    ] {
        let secret = shop.run(&wrong);
        assert_eq!(secret.code, 2);
        let said = format!("{}{}", secret.out, secret.err);
        assert!(!said.contains("3457") && !said.contains("DUPONT"), "{said}");
    }
    assert!(!std::path::Path::new(&shop.path("data")).exists(), "something was opened");
    assert_eq!(shop.caisse("--help").code, 0);
    assert_eq!(shop.caisse("pay --help").code, 0);
    assert_eq!(shop.caisse("--version").code, 0);
}

#[test]
fn a_journal_that_cannot_be_used_blocks() {
    let shop = Shop::new();
    let garbage = shop.path("garbage.sqlite");
    std::fs::write(&garbage, vec![b'x'; 10_000]).unwrap();
    let terminal = Terminal::start(&shop, &[]);
    for file in [garbage.as_str(), "/no/such/folder/journal.sqlite"] {
        let ran = shop.caisse(&format!("pay 25.00 --json --journal {file} --terminal {}", terminal.address));
        let outcome = ran.last();
        assert_eq!((ran.code, &outcome["outcome"]), (6, &json!("blocked")), "{}", ran.err);
        assert_eq!(outcome["reason"]["code"], "journal_unavailable");
        assert!(ran.err.contains(file), "{}", ran.err);
    }
    assert_eq!(shop.caisse(&format!("journal {garbage} list")).code, 6);
    assert!(terminal.stop().is_empty());
}

#[test]
fn a_hostile_terminal_gets_no_more_than_its_time() {
    let shop = Shop::new();
    let before = Instant::now();
    // Rubbish, ten megabytes, one byte a second.
    let (address, serving) = raw_terminal(|mut stream| {
        read_request(&mut stream);
        stream.write_all(b"\x15NAK?").unwrap();
    });
    assert_eq!(shop.caisse(&format!("pay 25.00 --terminal {address}")).code, 3);
    serving.join().unwrap();
    let (address, serving) = raw_terminal(|mut stream| {
        read_request(&mut stream);
        let chunk = vec![b'A'; 1 << 20];
        while stream.write_all(&chunk).is_ok() {}
    });
    let ran = shop.caisse(&format!("pay 25.00 --json --terminal {address}"));
    assert_eq!((ran.code, &ran.last()["reason"]["code"]), (3, &json!("answer_malformed")));
    serving.join().unwrap();
    let (address, serving) = raw_terminal(|mut stream| {
        read_request(&mut stream);
        for byte in b"CZ0040320CJ012012345678901".iter().cycle() {
            if stream.write_all(&[*byte]).is_err() {
                return;
            }
            thread::sleep(Duration::from_secs(1));
        }
    });
    let ran = shop.caisse(&format!("pay 25.00 --json --timeout 3 --terminal {address}"));
    assert_eq!((ran.code, &ran.last()["reason"]["code"]), (3, &json!("answer_cut")));
    assert!(before.elapsed() < Duration::from_secs(30));
    serving.join().unwrap();
}

/// Starts a payment that waits for the card holder.
fn waiting_payment(
    shop: &Shop,
    address: &str,
) -> (std::process::Child, BufReader<std::process::ChildStdout>) {
    let mut command = shop.command(&["pay", "25.00", "--json", "--id", "sale-1", "--terminal", address]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("\"waiting\"") {
        line.clear();
        assert!(reader.read_line(&mut line).unwrap() > 0, "the payment never waited");
    }
    (child, reader)
}

fn last_line(mut reader: impl Read) -> Value {
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    serde_json::from_str(rest.lines().last().unwrap()).unwrap()
}

#[test]
fn one_ctrl_c_goes_on_waiting_and_two_give_up() {
    let shop = Shop::new();
    let terminal = Terminal::start(&shop, &["--latency", "1500"]);
    let (mut child, reader) = waiting_payment(&shop, &terminal.address);
    interrupt(&child);
    assert_eq!(last_line(reader)["outcome"], "approved");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    terminal.stop();

    let terminal = Terminal::start(&shop, &["--answer", "timeout"]);
    let shop = Shop::new();
    let (mut child, reader) = waiting_payment(&shop, &terminal.address);
    interrupt(&child);
    thread::sleep(Duration::from_millis(300));
    interrupt(&child);
    let outcome = last_line(reader);
    assert_eq!((&outcome["outcome"], &outcome["reason"]["code"]), (&json!("unknown"), &json!("given_up")));
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[test]
fn a_killed_till_leaves_a_doubt_and_not_a_second_charge() {
    let shop = Shop::new();
    let terminal = Terminal::start(&shop, &["--latency", "700"]);
    let (mut child, _reader) = waiting_payment(&shop, &terminal.address);
    child.kill().unwrap();
    child.wait().unwrap();
    // The same id, at once: its end is not known, and it is not sent again.
    let again = shop.caisse(&format!("pay 25.00 --json --id sale-1 --terminal {}", terminal.address));
    assert_eq!((again.code, &again.last()["reason"]["code"]), (3, &json!("interrupted")));
    let other = shop.caisse(&format!("pay 10.00 --json --terminal {}", terminal.address));
    assert_eq!((other.code, &other.last()["reason"]["code"]), (6, &json!("unresolved")));
    thread::sleep(Duration::from_secs(1));
    // The terminal went on by itself: the doubt was justified.
    assert_eq!(terminal.stop().len(), 1);
}

#[test]
fn a_reader_that_goes_away_does_not_stop_the_payment() {
    let shop = Shop::new();
    let terminal = Terminal::start(&shop, &["--latency", "300"]);
    let (mut child, reader) = waiting_payment(&shop, &terminal.address);
    drop(reader);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let again = shop.caisse(&format!("pay 25.00 --json --id sale-1 --terminal {}", terminal.address));
    assert_eq!((&again.last()["outcome"], &again.last()["replayed"]), (&json!("approved"), &json!(true)));
    assert_eq!(terminal.stop().len(), 1);
}

#[test]
fn two_payments_at_once_on_one_terminal_are_one_payment_and_a_busy() {
    let shop = Shop::new();
    let terminal = Terminal::start(&shop, &["--latency", "4000"]);
    let (mut child, reader) = waiting_payment(&shop, &terminal.address);
    let second = shop.caisse(&format!("pay 10.00 --json --terminal {}", terminal.address));
    assert_eq!((second.code, &second.last()["reason"]["code"]), (6, &json!("busy")));
    // The same id, for those who do not wait: nothing says that nothing was sent, or that it may be tried again.
    let same =
        shop.caisse(&format!("pay 25.00 --json --no-wait --id sale-1 --terminal {}", terminal.address));
    let told = same.last();
    assert_eq!((same.code, &told["reason"]["code"]), (6, &json!("in_flight_elsewhere")));
    assert_eq!((&told["proof"], &told["retry"]), (&json!("perhaps_sent"), &json!("no")));
    assert_eq!(
        (&told["safe_to_retry"], &told["duty"]["code"]),
        (&json!(false), &json!("wait_for_first_attempt"))
    );
    let text = shop.caisse(&format!("pay 25.00 --no-wait --id sale-1 --terminal {}", terminal.address));
    assert_eq!(text.code, 6);
    for all in [same.out, text.out] {
        let all = all.to_lowercase();
        for lie in ["nothing was sent", "rien n'a été envoyé", "nothing_sent", "not begun", "non commencé"]
        {
            assert!(!all.contains(lie), "{lie}: {all}");
        }
    }
    // A signal ends the wait.
    let mut command =
        shop.command(&["pay", "25.00", "--json", "--id", "sale-1", "--terminal", &terminal.address]);
    let mut stopped = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(stopped.stdout.take().unwrap());
    lines.read_line(&mut String::new()).unwrap();
    interrupt(&stopped);
    assert_eq!(last_line(lines)["reason"]["code"], "in_flight_elsewhere");
    assert_eq!(stopped.wait().unwrap().code(), Some(6));
    // Otherwise the outcome of the first attempt is waited for.
    let same = shop.caisse(&format!("pay 25.00 --json --id sale-1 --terminal {}", terminal.address));
    let told = same.last();
    assert_eq!((same.code, &told["outcome"], &told["replayed"]), (0, &json!("approved"), &json!(true)));
    assert_eq!(last_line(reader)["outcome"], "approved");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(terminal.stop().len(), 1);
}

#[test]
fn a_doubt_follows_the_terminal_under_each_of_its_names() {
    let shop = Shop::new();
    let (address, serving) = raw_terminal(|mut stream| drop(read_request(&mut stream)));
    assert_eq!(shop.caisse(&format!("pay 25.00 --terminal {address}")).code, 3);
    serving.join().unwrap();
    for name in ["localhost", "LOCALHOST", "127.0.0.1", "[::ffff:127.0.0.1]"] {
        let other = address.replace("127.0.0.1", name);
        assert_eq!(shop.caisse(&format!("pay 10.00 --terminal {other}")).code, 6, "{name}");
    }
    // Another number is another host, also on the loopback: nobody listens there.
    let other = address.replace("127.0.0.1", "127.0.0.2");
    assert_eq!(shop.caisse(&format!("pay 10.00 --terminal {other}")).code, 4);
}

#[test]
fn a_ticket_cannot_repaint_the_screen() {
    // "\x1b[2J" and some words, as base64.
    let answer = b"CZ0040320CA00201CB0042500CD0010CE003978AE00210ZT037CK003100AK024G1sySlBBSUVNRU5UIE9LIQ==";
    let (address, serving) = raw_terminal(move |mut stream| {
        read_request(&mut stream);
        stream.write_all(answer).unwrap();
    });
    let ran = Shop::new().caisse(&format!("pay 25.00 --ticket --terminal {address}"));
    serving.join().unwrap();
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert!(ran.out.contains("PAIEMENT OK!") && !ran.out.contains('\u{1b}'), "{}", ran.out);
}

#[test]
fn a_terminal_that_speaks_first_is_not_paid_at() {
    let shop = Shop::new();
    let file = shop.path("journal.sqlite");
    drop(SqliteJournal::open(&file).unwrap());
    for (script, reason) in
        [(b"CZ0040300AE00201AF00204".as_slice(), "unexpected_bytes"), (b"", "closed_before_send")]
    {
        let (spoke, spoken) = std::sync::mpsc::channel();
        let (address, serving) = raw_terminal(move |mut stream| {
            stream.write_all(script).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            spoke.send(()).unwrap();
            let mut request = Vec::new();
            // A connection on which nothing was sent is aborted.
            let ended = stream.read_to_end(&mut request);
            assert!(ended.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset));
            assert!(request.is_empty(), "something was sent");
        });
        // Whether the bytes are there before the request is a matter of time: the till waits for its journal until they are.
        let busy = rusqlite::Connection::open(&file).unwrap();
        busy.execute_batch("BEGIN IMMEDIATE").unwrap();
        let line = format!("pay 25.00 --json --journal {file} --terminal {address}");
        let mut till = shop.command(&line.split_whitespace().collect::<Vec<_>>());
        let till = till.stdout(Stdio::piped()).spawn().unwrap();
        spoken.recv().unwrap();
        thread::sleep(Duration::from_millis(50));
        busy.execute_batch("ROLLBACK").unwrap();
        let ended = till.wait_with_output().unwrap();
        serving.join().unwrap();
        let told = String::from_utf8(ended.stdout).unwrap();
        let last: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
        assert_eq!((ended.status.code(), &last["reason"]["code"]), (Some(4), &json!(reason)));
    }
}
