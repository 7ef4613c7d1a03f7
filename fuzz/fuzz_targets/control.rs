//! The HTTP interface of a virtual terminal against any body, path and header, through a real connection: every request gets
//! an answer that says what was done or what is wrong, none an error of the server's, and the terminal stays as bounded
//! as it is said to be.
//!
//! The first line of the input is method and path, the second a header, the rest is the body.
#![no_main]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use caisse_simulator::VirtualTerminal;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

/// The longest answer: ten thousand turns of the longest kind that a request can carry are far below it.
const MOST: usize = 8 << 20;

struct Control {
    terminal: VirtualTerminal,
    stream: Option<BufReader<TcpStream>>,
}

impl Control {
    fn start() -> Self {
        let control = ([127, 0, 0, 1], 0).into();
        let terminal = VirtualTerminal::builder().control(control).start().expect("a free port");
        Self { terminal, stream: None }
    }

    fn stream(&mut self) -> &mut BufReader<TcpStream> {
        let address = self.terminal.control_address().expect("it has control");
        self.stream.get_or_insert_with(|| {
            let stream = TcpStream::connect(address).expect("control listens");
            stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a time");
            stream.set_nodelay(true).expect("no delay");
            BufReader::new(stream)
        })
    }

    /// Sends it, and reads status and body.
    fn ask(&mut self, method: &str, path: &str, header: &str, body: &[u8]) -> (u16, Vec<u8>) {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{header}Content-Length: {}\r\n\r\n",
            body.len()
        );
        let stream = self.stream();
        stream.get_mut().write_all(&[head.as_bytes(), body].concat()).expect("it reads");
        let mut line = String::new();
        stream.read_line(&mut line).expect("a status line");
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status: {line:?}"));
        let (mut length, mut closes) = (0, false);
        loop {
            line.clear();
            stream.read_line(&mut line).expect("a header");
            let lower = line.trim_end().to_ascii_lowercase();
            if lower.is_empty() {
                break;
            }
            if let Some(value) = lower.strip_prefix("content-length: ") {
                length = value.parse().expect("a number");
            }
            closes |= lower == "connection: close";
        }
        assert!(length <= MOST, "{length} bytes");
        let mut answer = vec![0; length];
        stream.read_exact(&mut answer).expect("a body");
        if closes {
            self.stream = None;
        }
        (status, answer)
    }
}

/// Only what RFC 3986 lets stand in a path and its query; a stream of events has no end.
fn path(text: &[u8]) -> Option<String> {
    let fits = text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"/?&=%+-._~:@!$'()*,;".contains(byte));
    let path = fits.then(|| format!("/{}", String::from_utf8_lossy(text)))?;
    (!path.starts_with("/events")).then_some(path)
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes)
        .unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(bytes)))
}

fuzz_target!(|input: &[u8]| {
    static CONTROL: OnceLock<Mutex<Control>> = OnceLock::new();
    let control = CONTROL.get_or_init(|| Mutex::new(Control::start()));
    let mut control = control.lock().expect("no other thread");
    assert_eq!(control.ask("POST", "/reset", "", b"").0, 200);
    let mut parts = input.splitn(3, |byte| *byte == b'\n');
    let (first, header, body) = (parts.next(), parts.next(), parts.next().unwrap_or_default());
    let first = first.unwrap_or_default();
    let (method, rest) = first.split_first().unwrap_or((&b'g', &[]));
    let method = ["GET", "PUT", "POST", "DELETE", "PATCH"][usize::from(*method) % 5];
    let Some(path) = path(rest) else { return };
    let origin = header.unwrap_or_default();
    let fits = !origin.is_empty() && origin.iter().all(|byte| (b'!'..=b'~').contains(byte));
    let origin = fits.then(|| String::from_utf8_lossy(origin));
    let header = origin.as_ref().map(|origin| format!("Origin: {origin}\r\n")).unwrap_or_default();
    let (status, answer) = control.ask(method, &path, &header, body);
    match (&origin, status) {
        (Some(origin), status) if origin != "http://127.0.0.1" => assert_eq!(status, 403, "{origin}"),
        (_, 200) => drop(json(&answer)),
        (_, 400 | 404 | 405 | 409) => {
            let error = &json(&answer)["error"];
            let said = error["kind"].as_str().zip(error["message"].as_str());
            assert!(said.is_some_and(|(kind, message)| !kind.is_empty() && !message.is_empty()), "{error}");
        }
        (_, status) => panic!("{status} to {method} {path}"),
    }
    let (status, state) = control.ask("GET", "/state", "", b"");
    let state = json(&state);
    assert!(status == 200 && state["virtual"] == true && state["charges"] == 0, "{state}");
    assert!(state["next"].as_array().is_some_and(|next| next.len() <= 10_000));
    // What it is told, it can be told again.
    let answer = format!("{{\"answer\": {}}}", state["answer"]);
    assert_eq!(control.ask("PUT", "/answer", "", answer.as_bytes()).0, 200, "{answer}");
    let faults = format!("{{\"faults\": {}}}", state["faults"]);
    assert_eq!(control.ask("PUT", "/faults", "", faults.as_bytes()).0, 200, "{faults}");
});
