//! Signals: those that ask to stop are heeded in every wait, and those of a limit are errors.
#![cfg(target_os = "linux")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use support::{Shop, Terminal, raw_terminal, read_request};

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

/// A terminal that takes a request, says so, and then never ends its answer: a byte every now and then.
fn dripping() -> (String, std::sync::mpsc::Receiver<()>) {
    let (sender, asked) = std::sync::mpsc::channel();
    let (address, _) = raw_terminal(move |mut stream| {
        read_request(&mut stream);
        sender.send(()).unwrap();
        let _ = stream.write_all(b"CZ0040320CJ012");
        while stream.write_all(b"0").is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    });
    (address, asked)
}

/// A terminal that takes a request, says so, and never answers.
fn silent() -> (String, std::sync::mpsc::Receiver<()>) {
    let (sender, asked) = std::sync::mpsc::channel();
    let (address, _) = raw_terminal(move |mut stream| {
        read_request(&mut stream);
        sender.send(()).unwrap();
        let _ = stream.read(&mut [0]);
    });
    (address, asked)
}

/// A terminal that closes on each payment, and says to whoever asks that its last transaction was not completed: until the
/// customer is certainly gone that proves nothing.
fn forgetful() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let request = read_request(&mut stream);
            if request.windows(6).any(|bytes| bytes == b"CD0013") {
                stream.write_all(b"CZ0040320CA00201CD0013AE00201AF00207").unwrap();
                let _ = stream.read(&mut [0]);
            }
        }
    });
    address
}

#[test]
fn a_question_ends_with_a_signal_whatever_the_terminal_does() {
    for name in ["-INT", "-TERM", "-HUP", "-ALRM"] {
        for (command, code, key, expected) in [
            ("ping", 1, "/reason/code", json!("stopped")),
            ("reprint", 3, "/outcome", json!("no_answer")),
            ("doctor", 1, "/event", json!("examined")),
        ] {
            for (address, asked) in [silent(), dripping()] {
                let shop = Shop::new();
                let arguments = [command, &address, "--json", "--timeout", "600"];
                let child =
                    shop.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
                asked.recv().unwrap();
                signal(&child, name);
                let output = child.wait_with_output().unwrap();
                let out = String::from_utf8(output.stdout).unwrap();
                assert_eq!(output.status.code(), Some(code), "{command} {name}: {out}");
                let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
                assert_eq!(last.pointer(key), Some(&expected), "{command} {name}: {out}");
            }
        }
    }
}

#[test]
fn a_terminal_that_drips_keeps_no_question_from_its_end() {
    for (command, code) in [("ping", 1), ("reprint", 3), ("doctor", 1)] {
        let (address, _asked) = dripping();
        let ran = Shop::new().caisse(&format!("{command} {address} --json --timeout 1"));
        assert_eq!(ran.code, code, "{command}: {}", ran.out);
    }
}

#[test]
fn a_recovery_that_waits_ends_with_a_signal_and_leaves_open_what_is() {
    for name in ["-INT", "-TERM", "-HUP"] {
        let shop = Shop::new();
        let address = forgetful();
        let journal = shop.path("a.sqlite");
        let paid = shop
            .caisse(&format!("pay 25.00 --id doubt --exclusive --terminal {address} --journal {journal}"));
        assert_eq!(paid.code, 3, "{}", paid.out);
        let arguments = ["journal", &journal, "recover", "--wait", "--json", "--exclusive"];
        let mut child =
            shop.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut err = BufReader::new(child.stderr.take().unwrap());
        let mut heard = String::new();
        while !heard.contains("the customer may still be at the terminal") {
            assert_ne!(err.read_line(&mut heard).unwrap(), 0, "it does not wait: {heard}");
        }
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(3), "{name}: {out}");
        let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
        assert_eq!((&last["id"], &last["finding"]), (&json!("doubt"), &json!("open")), "{out}");
    }
}

#[test]
fn a_signal_that_means_nothing_here_ends_no_payment() {
    let shop = Shop::new();
    let (address, terminal) = raw_terminal(|mut stream| {
        read_request(&mut stream);
        thread::sleep(Duration::from_millis(500));
        stream.write_all(b"CZ0040320CA00201CB0042500CD0010CE003978AE00210AC006012345").unwrap();
    });
    let journal = shop.path("a.sqlite");
    let arguments = ["pay", "25.00", "--json", "--terminal", &address, "--journal", &journal];
    let mut child = shop.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut heard = String::new();
    while !heard.contains("waiting") {
        assert_ne!(out.read_line(&mut heard).unwrap(), 0);
    }
    for name in ["-USR1", "-USR2", "-XFSZ", "-VTALRM", "-PROF", "-IO", "-PIPE"] {
        signal(&child, name);
    }
    out.read_to_string(&mut heard).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{heard}");
    terminal.join().unwrap();
}

/// The journal meets the limit of a file's size at some write of some payment, at its start or at its end.
#[test]
fn a_file_that_may_not_grow_is_an_error() {
    let shop = Shop::new();
    let terminal = Terminal::start(&shop, &[]);
    let bin = env!("CARGO_BIN_EXE_caisse");
    let (mut approved, mut blocked, mut unwritten) = (0, 0, 0);
    for length in [1, 10, 19, 28, 37] {
        let journal = shop.path(&format!("{length}.sqlite"));
        let at = format!("--json --terminal {} --journal {journal}", terminal.address);
        assert_eq!(shop.caisse(&format!("pay 25.00 --id first {at}")).code, 0);
        approved += 1;
        for number in 0..20 {
            let id = format!("{}{number:02}", "x".repeat(length));
            let script = format!("ulimit -f 32; exec {bin} pay 25.00 --id {id} {at}");
            let mut command = Command::new("bash");
            command.args(["-c", &script]).env("HOME", shop.path("home")).stdin(Stdio::null());
            let output = command.output().unwrap();
            let out = String::from_utf8(output.stdout).unwrap();
            let code = output.status.code().unwrap_or_else(|| panic!("ended by a signal: {out}"));
            let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
            match code {
                0 => {
                    assert_eq!(last["outcome"], "approved");
                    approved += 1;
                    unwritten += u32::from(last["journaled"] == false);
                }
                6 => {
                    assert_eq!(
                        (&last["outcome"], &last["proof"]),
                        (&json!("blocked"), &json!("nothing_sent"))
                    );
                    blocked += 1;
                    break;
                }
                other => panic!("{other}: {out}"),
            }
        }
    }
    assert!(blocked > 0, "the limit was not met");
    eprintln!("{approved} approved, {unwritten} of them not written, {blocked} blocked");
    assert_eq!(terminal.stop().len(), approved, "each charge was told");
}
