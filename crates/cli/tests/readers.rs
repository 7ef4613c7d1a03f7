//! Readers of the output that stop reading or go away, and output that cannot be written.
#![cfg(target_os = "linux")]

mod support;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Read, Write, pipe};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use support::{Shop, Terminal};

/// What a pipe of Linux holds.
const PIPE: usize = 65_536;

/// A pipe that takes so many more bytes, and whose reader does not read.
fn stalled(room: usize) -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = pipe().unwrap();
    writer.write_all(&vec![b'#'; PIPE - room]).unwrap();
    (reader, writer)
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
}

fn full_disk() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

/// Waits until the journal knows the end of the only payment in it.
fn await_end(shop: &Shop, journal: &str) -> Value {
    loop {
        let list = shop.caisse(&format!("journal {journal} list --json"));
        if let Some(line) = list.lines().first().filter(|line| list.code == 0 && line["state"] == "final") {
            return line.clone();
        }
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_reader_that_stalls_stops_no_payment_and_two_signals_or_one_of_a_program_end_the_wait() {
    let shop = Shop::new();
    let terminal = Terminal::start(&shop, &[]);
    let mut payments = 0;
    for (room, signals) in [
        (0, &["-INT", "-INT"][..]),
        (70, &["-TERM"]),
        (160, &["-INT", "-INT"]),
        (190, &["-HUP"]),
        (400, &["-INT", "-TERM"]),
    ] {
        let journal = shop.path(&format!("{room}.sqlite"));
        let at = format!("--json --terminal {} --journal {journal}", terminal.address);
        let (_reader, writer) = stalled(room);
        let line = format!("pay 25.00 --id sale {at}");
        let mut child = shop
            .command(&line.split(' ').collect::<Vec<_>>())
            .stdout(writer)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let line = await_end(&shop, &journal);
        assert_eq!((&line["outcome"], &line["id"]), (&json!("approved"), &json!("sale")), "{room}");
        // It holds nothing while it waits.
        let other = shop.caisse(&format!("pay 9.00 --id other {at}"));
        assert_eq!(other.last()["outcome"], "approved", "{room}: {}", other.out);
        assert_eq!(child.try_wait().unwrap(), None, "{room}: it waits for its reader");
        for (number, name) in signals.iter().enumerate() {
            if number > 0 {
                thread::sleep(Duration::from_millis(100));
                assert_eq!(child.try_wait().unwrap(), None, "{room}: one Ctrl-C is not enough");
            }
            signal(&child, name);
        }
        assert_eq!(child.wait().unwrap().code(), Some(0), "{room}: the exit code tells the outcome");
        payments += 2;
    }
    assert_eq!(terminal.stop().len(), payments);
}

#[test]
fn a_reader_that_reads_late_reads_everything() {
    let shop = Shop::new();
    let terminal = Terminal::start(&shop, &[]);
    let journal = shop.path("a.sqlite");
    let (mut reader, writer) = stalled(10);
    let line = format!("pay 25.00 --id sale --json --terminal {} --journal {journal}", terminal.address);
    let mut command = shop.command(&line.split(' ').collect::<Vec<_>>());
    let mut child = command.stdout(writer).stderr(Stdio::null()).spawn().unwrap();
    // The parent's own end of the pipe.
    drop(command);
    await_end(&shop, &journal);
    let mut read = Vec::new();
    reader.read_to_end(&mut read).unwrap();
    let text = String::from_utf8(read.split_off(PIPE - 10)).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<&str> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(
        events,
        ["connecting", "connected", "recorded", "sent", "waiting", "answer", "outcome"],
        "{text}"
    );
    let last = lines.last().unwrap();
    assert_eq!((&last["outcome"], &last["dropped_events"]), (&json!("approved"), &json!(0)));
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_pipe_that_does_not_block_loses_nothing() {
    let shop = Shop::new();
    let (mut reader, writer) = stalled(100);
    rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::NONBLOCK).unwrap();
    let mut command = shop.command(&["pay", "25.00", "--json"]);
    let mut child = command.stdout(writer).stderr(Stdio::null()).spawn().unwrap();
    drop(command);
    let mut read = Vec::new();
    reader.read_to_end(&mut read).unwrap();
    let text = String::from_utf8(read.split_off(PIPE - 100)).unwrap();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["outcome"], "approved");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn standard_error_that_nobody_reads_holds_nothing_up() {
    let shop = Shop::new();
    let terminal = Terminal::start(&shop, &[]);
    let (_reader, writer) = stalled(0);
    let line = format!("pay 25.00 --json --terminal {}", terminal.address);
    let output = shop.command(&line.split(' ').collect::<Vec<_>>()).stderr(writer).output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let last: Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!((output.status.code(), &last["outcome"]), (Some(0), &json!("approved")));
    let output = shop.command(&["pay", "25.00", "--json"]).stderr(full_disk()).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(terminal.stop().len(), 1);
}

#[test]
fn a_virtual_terminal_serves_whether_or_not_its_output_is_read() {
    let shop = Shop::new();
    let (reader, mut writer) = pipe().unwrap();
    let mut command = shop.command(&["terminal", "--json", "--events", "--listen", "tcp://127.0.0.1:0"]);
    command.args(["--control", "127.0.0.1:0"]);
    let mut child = command.stdout(writer.try_clone().unwrap()).stderr(Stdio::null()).spawn().unwrap();
    let mut reader = BufReader::new(reader);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    writer.write_all(&vec![b'#'; PIPE]).unwrap();
    let address = ready["at"].as_str().unwrap();
    for _ in 0..3 {
        let paid = shop.caisse(&format!("pay 25.00 --json --terminal {address}"));
        assert_eq!((paid.code, &paid.last()["outcome"]), (0, &json!("approved")), "{}", paid.err);
    }
    let control = ready["control"].as_str().unwrap().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(control).unwrap();
    write!(stream, "GET /ledger HTTP/1.1\r\nHost: {control}\r\nConnection: close\r\n\r\n").unwrap();
    let mut ledger = String::new();
    stream.read_to_string(&mut ledger).unwrap();
    assert!(ledger.contains("\"charges\":3"), "{ledger}");
    signal(&child, "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn output_that_cannot_be_written_is_no_success_where_it_is_what_the_command_is_for() {
    let shop = Shop::new();
    let terminal = Terminal::start(&shop, &[]);
    let journal = shop.path("a.sqlite");
    let pay = format!("--terminal {} --journal {journal}", terminal.address);
    assert_eq!(shop.caisse(&format!("pay 25.00 --id sale {pay}")).code, 0);
    let lost = |line: &str| {
        let arguments: Vec<&str> = line.split(' ').collect();
        let child = shop.command(&arguments).stdout(full_disk()).stderr(Stdio::piped()).spawn().unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let other = shop.path("b.sqlite");
    let message = shop.path("message");
    fs::write(&message, "CZ0040300CJ012247300123456CA00201CB0042500CD0010CE003978").unwrap();
    for line in [
        &format!("journal {journal} list"),
        &format!("journal {journal} list --json"),
        &format!("journal {journal} list --unresolved --json"),
        &format!("journal {journal} show sale"),
        "dialect ingenico",
        &format!("explain {message}"),
        &format!("explain --json {message}"),
        "intent parse intent:#Intent;end",
        "intent parse --json intent:#Intent;end",
        "intent write {}",
        "intent request 25.00 --id x --format uri",
        "intent request 25.00 --id x --format json",
        &format!("intent request 25.00 --id y --json --journal {other}"),
        "terminal --list-faults",
        "--help",
        "--version",
    ] {
        let (code, err) = lost(line);
        // Nothing to print is nothing lost.
        let expected = if line.contains("--unresolved") { 0 } else { 74 };
        assert_eq!(code, Some(expected), "{line}: {err}");
        assert_eq!(err.contains("No space left on device"), expected == 74, "{line}: {err}");
    }
    // The exit code is the outcome, and what was lost is said.
    let (code, err) = lost(&format!("pay 26.00 --json --id last {pay}"));
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("standard output could not be written"), "{err}");
    let (code, _) = lost(&format!("pay 27.00 --json --id last {pay}"));
    assert_eq!(code, Some(6), "another payment under this id is blocked");
    assert_eq!(lost(&format!("ping {}", terminal.address)).0, Some(0));
    assert_eq!(terminal.stop().len(), 2);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let shop = Shop::new();
    let terminal = Terminal::start(&shop, &[]);
    let journal = shop.path("a.sqlite");
    let pay = format!("pay 25.00 --json --id sale --terminal {} --journal {journal}", terminal.address);
    for line in [&pay, &format!("journal {journal} list"), "dialect ingenico", "intent write {}", "--help"] {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let arguments: Vec<&str> = line.split(' ').collect();
        let output = shop.command(&arguments).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        let output = output.wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{line}: {err}");
        assert!(!err.contains("error") && !err.contains("panicked"), "{line}: {err}");
    }
    assert_eq!(terminal.stop().len(), 1);
}

#[test]
fn what_a_person_reads_is_in_its_order_on_both_streams() {
    let shop = Shop::new();
    for _ in 0..20 {
        let (mut reader, writer) = pipe().unwrap();
        let mut command = shop.command(&["pay", "25.00"]);
        command.stdout(writer.try_clone().unwrap()).stderr(writer);
        let mut child = command.spawn().unwrap();
        drop(command);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0));
        assert!(text.starts_with("VIRTUAL TERMINAL: no money moved\n… connecting"), "{text}");
    }
}

#[test]
fn missing_descriptors_folders_and_text_that_is_no_text() {
    let shop = Shop::new();
    let terminal = Terminal::start(&shop, &[]);
    let bin = env!("CARGO_BIN_EXE_caisse");
    let shell = |script: &str| {
        let output = Command::new("bash")
            .args(["-c", script])
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_CONFIG_HOME")
            .env("HOME", shop.path("home"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!err.contains("panicked"), "{script}: {err}");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned(), err)
    };
    let journal = shop.path("a.sqlite");
    let pay = format!("{bin} pay 25.00 --json --terminal {} --journal {journal}", terminal.address);
    for closed in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"] {
        assert_eq!(shell(&format!("{pay} {closed}")).0, Some(0), "{closed}");
    }
    let list = shop.caisse(&format!("journal {journal} list --json"));
    assert_eq!(list.lines().len(), 4, "no descriptor of the journal was taken for another: {}", list.err);
    // A home that is not there, or that nobody may write.
    let (code, out, _) =
        shell(&format!("unset HOME; {bin} pay 25.00 --json --terminal {} < /dev/null", terminal.address));
    assert!(matches!(code, Some(0 | 6)), "{out}");
    let (code, _, err) = shell(&format!("HOME=/proc {bin} pay 25.00 --terminal {}", terminal.address));
    assert_eq!(code, Some(6), "{err}");
    // Arguments and names of files.
    let (code, _, err) = shell(&format!("{bin} pay $'\\xff' ; "));
    assert_eq!(code, Some(2), "{err}");
    let (code, _, err) = shell(&format!("{bin} journal $'/no/\\xff' list"));
    assert_eq!(code, Some(2), "{err}");
    let (code, _, err) = shell(&format!("{bin} explain $'/no/\\xff'"));
    assert_eq!(code, Some(2), "{err}");
    let (code, _, err) = shell(&format!("{bin} pay $(printf '9%.0s' {{1..100000}})"));
    assert_eq!(code, Some(2), "{}", &err[..err.len().min(200)]);
    let (code, _, _) = shell(&format!("head -c 100000 /dev/urandom | {bin} explain -"));
    assert_eq!(code, Some(1));
    terminal.stop();
}
