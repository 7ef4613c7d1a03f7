//! A canary in each sensitive field: no command prints it, records it or serves it, whatever goes wrong with the message.

#[expect(unexpected_cfgs, reason = "a file of the codec's tests, whose features it asks for")]
#[path = "../../codec/tests/support/canary.rs"]
#[allow(dead_code, reason = "only a part of it is needed here")]
mod canary;
mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Child, Stdio};
use std::time::Duration;

use caisse_codec::dictionary::DEFINITIONS;
use caisse_link::frame;
use canary::Printed;
use serde_json::Value;
use support::{Ran, Shop, interrupt, raw_terminal, read_request};

const PAN: &str = "4970101234123457";
const EMAIL: &str = "jean.dupont@example.com";
const PHONE: &str = "33698765432";
const DOSSIER: &str = "dossier-7788-Durand";
/// The next one in base64.
const TICKET: &str = "TW9uc2lldXIgRHVwb250LCB0YWJsZSA3";
const TICKET_TEXT: &str = "Monsieur Dupont, table 7";
/// What fits the private data of E and E+.
const SHORT: &str = "jean.dupon";
/// A mask may show the first six digits and the last four of a card.
const MASKED: &str = "970101234123457";
const CANARIES: &[&str] = &[MASKED, EMAIL, PHONE, DOSSIER, TICKET, TICKET_TEXT, SHORT];
/// The same as they are sent.
const VALUES: &[&str] = &[PAN, EMAIL, PHONE, DOSSIER, TICKET, TICKET_TEXT, SHORT];

fn field(tag: &str, value: &str) -> String {
    format!("{tag}{:03}{value}", value.len())
}

/// Each sensitive tag, and two that nobody documents, with each canary.
fn fields() -> Vec<String> {
    let sensitive = DEFINITIONS.iter().filter(|row| row.sensitive).map(|row| row.tag.to_string());
    let tags = sensitive.chain(["XY", "LB"].map(str::to_owned));
    let mut all: Vec<_> = tags.flat_map(|tag| VALUES.iter().map(move |value| field(&tag, value))).collect();
    all.push(field("ZT", &(field("CK", "100") + &field("AK", TICKET))));
    // A card number hides any value, and behind the code of a complement stands the bank's text.
    all.extend(["CB", "CH", "CJ", "ID", "IM", "AQ"].map(|tag| field(tag, PAN)));
    all.push(field("AF", &format!("0414{EMAIL}  ")));
    all
}

fn took(printed: &mut Printed, what: &str, ran: Ran) {
    printed.text(&format!("standard output of {what}"), ran.out);
    printed.text(&format!("standard error of {what}"), ran.err);
}

/// In both languages, for people and for programs.
fn explain(printed: &mut Printed, shop: &Shop, what: &str, input: &[u8]) {
    for options in [&["--lang", "fr"][..], &["--json"]] {
        let arguments = [&["explain"], options, &["-"]].concat();
        took(printed, what, shop.feed(&arguments, input));
    }
}

#[test]
fn what_explains_a_message_hides_them() {
    let mut printed = Printed::new(CANARIES);
    let shop = Shop::new();
    let messages: Vec<_> =
        fields().iter().map(|field| format!("CZ0040320CA00201{field}CB0042500CE003978AE00210")).collect();
    let all = messages.join("\n");
    explain(&mut printed, &shop, "messages", all.as_bytes());
    let frames: Vec<u8> = messages
        .iter()
        .flat_map(|message| {
            frame::encode(message.as_bytes(), &mut [0; frame::LONGEST_FRAME]).unwrap().to_vec()
        })
        .collect();
    explain(&mut printed, &shop, "frames", &frames);
    // Cut in the canary, led into it by a length that is too short, and followed by what is no field.
    let private = format!("CZ0040320CA00201{}CB0042500", field("CF", DOSSIER));
    explain(&mut printed, &shop, "a cut message", &private.as_bytes()[..30]);
    explain(&mut printed, &shop, "a lying length", private.replace("CF019", "CF002").as_bytes());
    explain(&mut printed, &shop, "no field", (private + "?").as_bytes());
    // A canary where a tag, a length or a whole message should be.
    for canary in VALUES {
        for input in [(*canary).to_owned(), format!("CZ{canary}"), format!("CZ0040320{canary}")] {
            explain(&mut printed, &shop, "a canary out of place", input.as_bytes());
            took(
                &mut printed,
                "a canary for hexadecimal",
                shop.feed(&["explain", "--hex", "-"], input.as_bytes()),
            );
        }
    }
    printed.check();
    assert!(shop.feed(&["explain", "--reveal", "-"], all.as_bytes()).out.contains(EMAIL), "they were there");
}

#[test]
fn what_explains_the_older_generation_hides_them() {
    let mut printed = Printed::new(CANARIES);
    let shop = Shop::new();
    let long = |mode: char, report: &str| format!("01000001242{mode}{report:<55}978{SHORT}");
    for body in [
        format!("01000012420109 78{SHORT}"),
        format!("0100001242010978{SHORT}A010B010"),
        format!("01000001242B978{SHORT}"),
        long('1', PAN),
        long('C', "0416926031017807908011519431044"),
        long('1', PAN) + TICKET_TEXT,
        // Faults in front of the canary, in it and behind it.
        format!("01000O1242010978{SHORT}A010B010"),
        format!("0100001242010978{SHORT}\u{7}A010B01"),
        format!("0100001242010978{SHORT}A010B019"),
        long('1', PAN).replace("978", "97x"),
    ] {
        explain(&mut printed, &shop, "a body", body.as_bytes());
        if let Ok(framed) = frame::encode(body.as_bytes(), &mut [0; frame::LONGEST_FRAME]) {
            explain(&mut printed, &shop, "a body in a frame", framed);
            explain(&mut printed, &shop, "a frame that is cut", &framed[..framed.len() - 9]);
        }
    }
    printed.check();
    let told = shop.feed(&["explain", "--reveal", "-"], long('1', PAN).as_bytes());
    assert!(told.out.contains(PAN) && told.out.contains(SHORT), "they were there: {}", told.out);
}

/// An answer to a payment of 25.00 with a canary in each sensitive field.
fn answer(status: &str) -> String {
    let mut answer =
        format!("CZ0040320CJ012012345678901CA00201CB0042500CD0010CE003978AE002{status}AF029041{EMAIL}   ");
    assert!(answer.ends_with("com   "), "29 characters");
    for (tag, value) in [
        ("AA", PAN),
        ("AB", "2612"),
        ("AD", "0416926031017807908011519431044"),
        ("AG", DOSSIER),
        ("AH", DOSSIER),
        ("AM", PHONE),
        ("AN", EMAIL),
        ("BH", PHONE),
        ("BI", EMAIL),
        ("CF", DOSSIER),
        ("XY", DOSSIER),
    ] {
        answer += &field(tag, value);
    }
    answer + &field("ZT", &(field("CK", "100") + &field("AK", TICKET)))
}

/// A terminal of one connection that answers whatever it is asked.
fn answering(answer: String) -> (String, std::thread::JoinHandle<()>) {
    raw_terminal(move |mut stream| {
        read_request(&mut stream);
        stream.write_all(answer.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        // The till closes after a whole answer, and aborts the connection after any other.
        let _ = stream.read(&mut [0; 64]);
    })
}

#[test]
fn payments_and_their_journal_hide_them() {
    // The ticket that the terminal sends is printed: that is what the customer shall have.
    let mut printed = Printed::new(&[MASKED, EMAIL, PHONE, DOSSIER, SHORT]);
    let mut stored = Printed::new(CANARIES);
    let mut codes = Vec::new();
    // As it should be, refused, cut in the canary, contradicted behind it, no answer at all.
    let approved = answer("10");
    let cut = approved[..approved.find("dossier").unwrap() + 8].to_owned();
    for text in
        [approved.clone(), answer("01"), cut, approved.replace("AE00210", "AE00199"), DOSSIER.to_owned()]
    {
        let shop = Shop::new();
        let journal = shop.path("payments.sqlite");
        // What one leaves open does not block the other.
        for (json, counter) in [("--json", "counter-a"), ("", "counter-b")] {
            let (address, served) = answering(text.clone());
            // A terminal that is named by its address would leave a port in the journal, right before the register "01": now
            // and then that looks like a piece of a canary ("9701" and "01").
            let mut line = vec!["pay", "25.00", "--terminal", &address, "--terminal-id", counter];
            line.extend(["--journal", &journal, "--timeout", "3"]);
            line.extend((json == "--json").then_some(json));
            let ran = shop.run(&line);
            codes.push(ran.code);
            took(&mut printed, "pay", ran);
            if codes.last() != Some(&6) {
                served.join().unwrap();
            }
        }
        for arguments in ["list", "list --json", "list --unresolved"] {
            took(&mut printed, "journal", shop.caisse(&format!("journal {journal} {arguments}")));
        }
        for line in shop.caisse(&format!("journal {journal} list --json")).lines() {
            if let Some(id) = line["id"].as_str() {
                took(&mut printed, "journal show", shop.caisse(&format!("journal {journal} show {id}")));
            }
        }
        for file in std::fs::read_dir(std::path::Path::new(&journal).parent().unwrap()).unwrap() {
            let path = file.unwrap().path();
            if path.is_file() {
                let bytes = std::fs::read(&path).unwrap();
                stored
                    .text(&path.display().to_string(), bytes.iter().map(|byte| char::from(*byte)).collect());
            }
        }
    }
    assert!(codes.contains(&0) && codes.contains(&1) && codes.contains(&3), "{codes:?}");
    printed.check();
    stored.check();
}

#[test]
fn probes_hide_them() {
    let mut printed = Printed::new(CANARIES);
    for line in ["ping", "doctor", "ping --json", "doctor --json"] {
        for text in [answer("10"), answer("01"), DOSSIER.to_owned()] {
            let (address, _served) = answering(text);
            let shop = Shop::new();
            took(&mut printed, line, shop.caisse(&format!("{line} --timeout 2 {address}")));
        }
    }
    printed.check();
}

const SECOND: Duration = Duration::from_secs(1);
const MOMENT: Duration = Duration::from_millis(150);

/// `caisse terminal` that tells all it can, on standard output and over control.
struct Told {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    address: String,
    control: String,
}

impl Told {
    fn start(shop: &Shop) -> Self {
        let arguments =
            ["terminal", "--json", "--events", "--listen", "tcp://127.0.0.1:0", "--control", "127.0.0.1:0"];
        let mut command = shop.command(&arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let text = |key: &str| ready[key].as_str().unwrap_or_else(|| panic!("{key}: {ready}")).to_owned();
        let control = text("control").trim_start_matches("http://").to_owned();
        Self { child, out, address: text("at").trim_start_matches("tcp://").to_owned(), control }
    }

    fn exchange(&self, request: &[u8], patience: Duration) -> Vec<u8> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(patience)).unwrap();
        stream.write_all(request).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.control).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.control).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        answer
    }

    /// Everything it has said until now, on both outputs.
    fn stop(mut self) -> (String, String) {
        interrupt(&self.child);
        let (mut out, mut err) = (String::new(), String::new());
        self.out.read_to_string(&mut out).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        self.child.wait().unwrap();
        (out, err)
    }
}

#[test]
fn a_terminal_hides_what_a_till_sends() {
    let mut printed = Printed::new(CANARIES);
    let shop = Shop::new();
    let terminal = Told::start(&shop);
    let plain = "CZ0040320CJ012012345678901CA00201CB0042500CD0010CE003978";
    let mut paid = 0;
    for (tag, value) in [
        ("BH", PHONE),
        ("BI", EMAIL),
        ("CF", DOSSIER),
        ("CF", PAN),
        ("CH", PAN),
        ("XY", DOSSIER),
        ("IM", PAN),
        ("ZT", &(field("CK", "100") + &field("AK", TICKET))),
    ] {
        let request = plain.to_owned() + &field(tag, value);
        paid +=
            usize::from(terminal.exchange(request.as_bytes(), SECOND).windows(7).any(|it| it == b"AE00210"));
        // A fault in front of it, in it and behind it.
        terminal.exchange(request.replace("CB004", "CB00X").as_bytes(), MOMENT);
        terminal.exchange(&request.as_bytes()[..request.len() - 3], MOMENT);
        terminal.exchange((request + "?").as_bytes(), MOMENT);
    }
    assert!(paid >= 5, "{paid} were answered");
    for path in ["/state", "/ledger", "/events?follow=false"] {
        printed.text(path, terminal.get(path));
    }
    let (out, err) = terminal.stop();
    assert!(out.lines().count() > 20, "{out}");
    printed.text("standard output", out);
    printed.text("standard error", err);
    printed.check();
}
