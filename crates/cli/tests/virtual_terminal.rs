//! `caisse terminal` as its page describes it: every command of the page is run, every table compared with what is there.
#![cfg(unix)]

mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use caisse_simulator::script::ANSWERS;
use serde_json::{Value, json};
use support::{Shop, Terminal};

const PAGE: &str = include_str!("../../../docs/virtual-terminal.md");

/// The blocks of the page in this language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    PAGE.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// The rows of the table behind a mark, without its head.
fn table(mark: &str) -> Vec<Vec<String>> {
    let rest = PAGE.split(&format!("<!-- {mark} -->\n")).nth(1).unwrap();
    let rows = rest.lines().take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect()
}

fn shell(shop: &Shop, script: &str) -> String {
    let bin = Path::new(env!("CARGO_BIN_EXE_caisse")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", script])
        .current_dir(shop.path("."))
        .env("PATH", path)
        .env("HOME", shop.path("."))
        .env("XDG_DATA_HOME", shop.path("data"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{out}\n{err}");
    out
}

#[test]
fn the_commands_of_the_page() {
    let blocks = blocks("sh");
    assert_eq!(blocks.len(), 4);
    let script = format!("trap 'kill %1 2> /dev/null' EXIT\n{}", blocks.join("\n"));
    let out = shell(&Shop::new(), &script);
    let json: Vec<Value> = out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let ledgers: Vec<&Value> = json.iter().filter(|line| line["movements"].is_array()).collect();
    assert_eq!(ledgers.len(), 2, "{out}");
    // The first customer, and then the one whose till does not know.
    assert_eq!(ledgers[0]["movements"][0]["amount"], "25.00");
    assert_eq!((&ledgers[1]["charges"], &ledgers[1]["movements"][1]["amount"]), (&json!(2), &json!("26.00")));
    assert!(
        json.iter().any(|line| line["event"] == "fault" && line["fault"] == "drop@step=decided:close"),
        "{out}"
    );
    assert!(out.contains("Payment approved: 9.90 EUR") && out.contains("cancelled: 9.90 EUR"), "{out}");
}

#[test]
fn the_scenario_and_the_curl_commands_do_the_same_payments() {
    let shop = Shop::new();
    let scenario = shop.path("scenario.toml");
    fs::write(&scenario, blocks("toml")[0]).unwrap();
    let said = blocks("sh")[1];
    assert!(said.contains("PUT") && !said.contains("caisse pay"));
    let payments = |start: &str, say: &str| {
        let script = format!(
            "trap 'kill %1' EXIT\n\
             {start} > terminal.jsonl 2> /dev/null &\n\
             until grep -q listening terminal.jsonl; do sleep 0.1; done\n\
             terminal=$(sed -n 's/.*\"at\":\"\\([^\"]*\\)\".*/\\1/p' terminal.jsonl)\n\
             control=$(sed -n 's/.*\"control\":\"\\([^\"]*\\)\".*/\\1/p' terminal.jsonl)\n\
             ({say}) > /dev/null\n\
             for amount in 25.00 26.00; do caisse pay $amount --terminal $terminal --json > $amount.jsonl || true; done\n\
             cat 25.00.jsonl 26.00.jsonl\n\
             curl -sS \"$control/events?follow=false\""
        );
        let out = shell(&Shop::new(), &script);
        out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
    };
    let terminal = "caisse terminal --listen tcp://127.0.0.1:0 --control 127.0.0.1:0 --json";
    let by_file = payments(&format!("{terminal} --scenario {scenario}"), "true");
    let by_curl = payments(terminal, said);
    let outcomes = |lines: &[Value]| -> Vec<Value> {
        lines.iter().filter(|line| line["event"] == "outcome").map(|line| line["outcome"].clone()).collect()
    };
    assert_eq!(outcomes(&by_file), ["declined", "unknown"]);
    assert_eq!(outcomes(&by_curl), outcomes(&by_file));
    let lived = |lines: &[Value]| -> Vec<Value> {
        let events = lines.iter().filter(|line| line["event_number"].is_u64()).cloned();
        events
            .map(|mut event| {
                let fields = event.as_object_mut().unwrap();
                fields.remove("at");
                fields.remove("event_number");
                event
            })
            .collect()
    };
    assert_eq!(lived(&by_curl), lived(&by_file));
    assert!(lived(&by_file).len() > 15);
}

#[test]
fn the_tables_of_the_page_are_what_there_is() {
    let ran = Shop::new().caisse("terminal --list-faults --json");
    let faults: Vec<Vec<String>> = ran
        .lines()
        .iter()
        .map(|it| {
            let text = |key: &str| it[key].as_str().unwrap().to_owned();
            vec![format!("`{}`", text("name")), format!("`{}`", text("example")), text("text")]
        })
        .collect();
    assert_eq!(table("faults"), faults);
    let answers: Vec<Vec<String>> =
        ANSWERS.iter().map(|it| vec![format!("`{}`", it.example), it.text.to_owned()]).collect();
    assert_eq!(table("answers"), answers);
    let shop = Shop::new();
    let said = "caisse terminal --listen tcp://127.0.0.1:0 --control 127.0.0.1:0 --json > terminal.jsonl 2> /dev/null &\n\
                trap 'kill %1' EXIT\n\
                until grep -q listening terminal.jsonl; do sleep 0.1; done\n\
                control=$(sed -n 's/.*\"control\":\"\\([^\"]*\\)\".*/\\1/p' terminal.jsonl)\n\
                curl -sS $control/answers/magic; curl -sS $control/";
    let out = shell(&shop, said);
    let mut lines = out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let magic: Vec<Vec<String>> = lines
        .next()
        .unwrap()
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let digits = format!("{:02}", it["digits"].as_u64().unwrap());
            vec![
                digits,
                it["text"].as_str().unwrap().to_owned(),
                format!("`{}`", it["turn"].as_str().unwrap()),
            ]
        })
        .collect();
    assert_eq!(table("magic"), magic);
    let routes: Vec<Vec<String>> = lines.next().unwrap()["routes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            let text = |key: &str| it[key].as_str().unwrap().to_owned();
            vec![text("method"), format!("`{}`", text("path")), text("text")]
        })
        .collect();
    assert_eq!(table("control"), routes);
}

#[test]
fn wrong_usage_is_found_before_anything_is_opened() {
    let shop = Shop::new();
    fs::write(shop.path("wrong.toml"), "anwser = 1").unwrap();
    let wrong = shop.path("wrong.toml");
    for (arguments, kind) in [
        (vec!["--answer", "maybe"], "answer"),
        (vec!["--answer", "approve,"], "answer"),
        (vec!["--fault", "dorp"], "fault"),
        (vec!["--fault", "drop@step=lunch"], "fault"),
        (vec!["--dialect", "verifone"], "dialect"),
        (vec!["--scenario", &wrong], "scenario"),
        (vec!["--scenario", "/no/such/file"], "scenario"),
        (vec!["--listen", "serial:/dev/ttyS0"], "listen"),
        (vec!["--control", "nowhere"], "control"),
        (vec!["--control", "0.0.0.0:0"], "control"),
        (vec!["--serial", "/dev/x?baud=fast"], "serial"),
        (vec!["--pty", "--listen", "tcp://127.0.0.1:0"], "usage"),
        (vec!["--answer", "approve", "--scenario", &wrong], "usage"),
        (vec!["--latency", "-1"], "usage"),
    ] {
        let all = [vec!["terminal", "--json"], arguments.clone()].concat();
        let ran = shop.run(&all);
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert_eq!(ran.last()["error"]["kind"], kind, "{arguments:?}: {}", ran.out);
    }
    let ran = shop.run(&["terminal", "--json", "--serial", "/dev/no-such-port"]);
    assert_eq!((ran.code, &ran.last()["error"]["kind"]), (1, &json!("listen")));
}

#[test]
fn movements_of_every_kind_are_printed() {
    let shop = Shop::new();
    let terminal = Terminal::start(&shop, &["--answer", "approve", "--seed", "7"]);
    let journal = shop.path("till.sqlite");
    let pay = |more: &[&str]| {
        let all = [&["pay", "25.00", "--terminal", &terminal.address, "--journal", &journal], more].concat();
        assert_eq!(shop.run(&all).code, 0, "{more:?}");
    };
    pay(&[]);
    pay(&["--operation", "credit"]);
    let told = terminal.stop();
    let words: Vec<(&str, &str, u64)> = told
        .iter()
        .map(|it| {
            let text = |key: &str| it[key].as_str().unwrap();
            (text("event"), text("operation"), it["amount_minor"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(words, [("charged", "debit", 2_500), ("credited", "credit", 2_500)]);
}

#[test]
fn serial_lines_in_each_generation_from_the_command_line() {
    for dialect in ["concert-e", "concert-e-plus", "payxpress"] {
        let shop = Shop::new();
        let script = format!(
            "caisse terminal --pty --dialect {dialect} --answer approve,decline:04 > terminal 2> /dev/null &\n\
             trap 'kill %1' EXIT\n\
             until grep -q listening terminal; do sleep 0.1; done\n\
             terminal=$(sed -n 's/listening //p' terminal)\n\
             caisse pay 25.00 --terminal $terminal --dialect {dialect} > /dev/null\n\
             caisse pay 26.00 --terminal $terminal --dialect {dialect} > /dev/null || echo $?\n\
             cat terminal"
        );
        let out = shell(&shop, &script);
        // A path and nothing behind it: what any other program opens.
        let path = out.lines().nth(1).and_then(|line| line.strip_prefix("listening serial:")).unwrap();
        assert!(
            out.starts_with("1\n") && path.starts_with("/dev/") && !path.contains('?'),
            "{dialect}: {out}"
        );
        assert!(out.ends_with("charged 25.00 EUR, register 01 (charge 1)\n"), "{dialect}: {out}");
    }
}

#[test]
fn another_program_opens_the_path_that_is_printed() {
    let shop = Shop::new();
    let terminal = Terminal::start_on_a_pty(&shop, &["--dialect", "concert-e"]);
    let path = terminal.address.strip_prefix("serial:").unwrap();
    assert_eq!(terminal.ready["path"], path);
    let mut line = fs::File::options().read(true).write(true).open(path).unwrap();
    let body = b"01000025000109780123456789";
    let check = body.iter().fold(3, |check, byte| check ^ byte);
    for (said, heard) in [(&[5][..], 6), (&[&[2], &body[..], &[3, check]].concat(), 6), (&[4], 5)] {
        line.write_all(said).unwrap();
        let mut byte = [0];
        line.read_exact(&mut byte).unwrap();
        assert_eq!(byte, [heard]);
    }
    drop(line);
    assert_eq!(terminal.stop()[0]["event"], "charged");
}

#[test]
fn a_dialect_of_the_till_s_own_file_is_played() {
    let shop = Shop::new();
    for (file, base, line) in [
        ("mine.toml", "concert-e-plus", "generation = \"concert-e\""),
        ("partial.toml", "ingenico", "optional.partial = true"),
        ("slow.toml", "concert-e", "session.line = \"baud=1200&line=8n1\""),
        ("wrong.toml", "ingenico", "generation = \"concert-f\""),
    ] {
        fs::write(shop.path(file), format!("base = \"{base}\"\n{line}\n")).unwrap();
    }
    // Its base speaks another language: each till is understood where its own dialect is played, and nowhere else.
    let [mine, partial] = ["mine.toml", "partial.toml"].map(|file| shop.path(file));
    let pay = |played: &str, till: &str, more: &str| {
        let script = format!(
            "caisse terminal {played} --json > terminal 2> /dev/null &\n\
             trap 'kill %1' EXIT\n\
             until grep -q listening terminal; do kill -0 %1; sleep 0.1; done\n\
             at=$(sed -n 's/.*\"at\":\"\\([^\"]*\\)\".*/\\1/p' terminal)\n\
             caisse pay 25.00 --terminal $at --dialect {till} --timeout 1 {more} > /dev/null 2>&1 || echo $?"
        );
        shell(&Shop::new(), &script)
    };
    let played = format!("--pty --dialect {mine}");
    assert_eq!(pay(&played, &mine, ""), "");
    assert_eq!(pay(&played, "concert-e", ""), "");
    assert_eq!(pay(&played, "concert-e-plus", ""), "3\n");
    // A terminal of the base refuses BF, and one of the file's takes it.
    let answer = "--listen tcp://127.0.0.1:0 --answer partial:20.00";
    assert_eq!(pay(&format!("{answer} --dialect {partial}"), &partial, "--allow-partial"), "5\n");
    assert_eq!(pay(&format!("{answer} --dialect ingenico"), &partial, "--allow-partial"), "1\n");
    // On a port, its line; what the address says comes first.
    let far = Terminal::start_on_a_pty(&shop, &[]);
    let port = far.ready["path"].as_str().unwrap();
    let slow = shop.path("slow.toml");
    for (port, line) in [
        (port.to_owned(), "baud=1200&line=8n1"),
        (format!("{port}?baud=2400&line=7o1"), "baud=2400&line=7o1"),
    ] {
        let near = Terminal::start_at(&shop, &["--serial", &port], &["--dialect", &slow]);
        let path = far.ready["path"].as_str().unwrap();
        assert_eq!(near.address, format!("serial:{path}?{line}"));
    }
    let ran = shop.run(&["terminal", "--json", "--dialect", &shop.path("wrong.toml")]);
    assert_eq!((ran.code, &ran.last()["error"]["kind"]), (2, &json!("dialect")));
    assert!(ran.last()["error"]["message"].as_str().unwrap().contains("generation"), "{}", ran.out);
}

/// The README's own words, in each protocol; and a payment that is declined.
#[test]
fn a_serial_line_from_the_readme_s_own_words() {
    const README: &str = include_str!("../../../README.md");
    let block = README.split("```sh\n").find(|block| block.starts_with("caisse terminal --pty")).unwrap();
    let block = block.split("```").next().unwrap();
    let (terminal, payments) = block.split_once('\n').unwrap();
    assert_eq!(payments.lines().count(), 4);
    for dialect in ["concert-e", "concert-e-plus", "payxpress"] {
        let terminal = terminal.split('#').next().unwrap().trim_end();
        let payments = payments.replace("serial:/dev/pts/3", "$terminal");
        let script = format!(
            "{terminal} --answer approve,approve,approve,approve,decline:04 > terminal 2> /dev/null &\n\
             trap 'kill %1' EXIT\n\
             until grep -q listening terminal; do kill -0 %1; sleep 0.1; done\n\
             terminal=$(sed -n 's/listening //p' terminal)\n\
             {payments}\n\
             caisse pay 26.00 --terminal $terminal --dialect concert-e-plus || echo code $?\n\
             cat terminal"
        );
        let out = shell(&Shop::new(), &script.replace("concert-e-plus", dialect));
        for words in [
            "Payment approved: 25",
            "Cancellation approved: 25",
            "Credit approved: 12",
            "Cheque accepted: 30",
        ] {
            assert_eq!(out.matches(words).count(), 1, "{dialect}: {out}");
        }
        assert!(
            out.contains("Payment declined: 26.00 EUR") && out.contains("\ncode 1\n"),
            "{dialect}: {out}"
        );
        let moved: Vec<&str> = out.lines().rev().take(4).collect();
        let expected = [
            "charged 30.00 EUR, register 01 (charge 4)",
            "credited 12.00 EUR, register 01 (charge 3)",
            "cancelled 25.00 EUR, register 01 (charge 2)",
            "charged 25.00 EUR, register 01 (charge 1)",
        ];
        assert_eq!(moved, expected, "{dialect}");
    }
}

/// Connections to control, or to the terminal, take every descriptor; those that say nothing give theirs back.
#[test]
fn a_terminal_without_descriptors_goes_on() {
    let shop = Shop::new();
    let script = format!(
        "ulimit -n 40; exec {} terminal --json --listen tcp://127.0.0.1:0 --control 127.0.0.1:0",
        env!("CARGO_BIN_EXE_caisse")
    );
    for rush in ["control", "at"] {
        let mut child = Command::new("bash")
            .args(["-c", &script])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let authority = |key: &str| ready[key].as_str().unwrap().split("//").nth(1).unwrap().to_owned();
        let idle: Vec<TcpStream> = (0..100).map(|_| TcpStream::connect(authority(rush)).unwrap()).collect();
        let paid = shop.caisse(&format!("pay 25.00 --json --terminal tcp://{}", authority("at")));
        assert_eq!((paid.code, &paid.last()["outcome"]), (0, &json!("approved")), "{rush}: {}", paid.out);
        let control = authority("control");
        let mut stream = TcpStream::connect(&control).unwrap();
        write!(stream, "GET /ledger HTTP/1.1\r\nHost: {control}\r\nConnection: close\r\n\r\n").unwrap();
        let mut ledger = String::new();
        stream.read_to_string(&mut ledger).unwrap();
        assert!(ledger.contains("\"charges\":1"), "{rush}: {ledger}");
        drop(idle);
        assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{rush}: {err}");
        assert!(!err.contains("panicked"), "{rush}: {err}");
    }
}
