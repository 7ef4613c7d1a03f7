//! The command as a process, with a home of its own.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::thread::{self, JoinHandle};

use serde_json::Value;
use tempfile::TempDir;

pub struct Shop {
    home: TempDir,
}

pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    fn new(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            err: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// Every line of standard output, which must be JSON and nothing else.
    pub fn lines(&self) -> Vec<Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
            .collect()
    }

    pub fn last(&self) -> Value {
        self.lines().pop().unwrap_or_else(|| panic!("no output; {}", self.err))
    }
}

impl Shop {
    pub fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> String {
        self.home.path().join(name).to_str().unwrap().to_owned()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_caisse"));
        command
            .args(arguments)
            .env("TZ", "UTC")
            .env("HOME", self.home.path())
            .env("XDG_DATA_HOME", self.home.path().join("data"))
            .env("XDG_CONFIG_HOME", self.home.path().join("config"));
        command.stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::new(&self.command(arguments).output().unwrap())
    }

    /// The arguments in one text, split at blanks.
    pub fn caisse(&self, line: &str) -> Ran {
        self.run(&line.split_whitespace().collect::<Vec<_>>())
    }

    pub fn feed(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let mut command = self.command(arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        Ran::new(&child.wait_with_output().unwrap())
    }
}

/// `caisse terminal` on a free port, until dropped.
pub struct Terminal {
    child: Child,
    reader: BufReader<std::process::ChildStdout>,
    pub address: String,
    /// What it said when it was ready.
    pub ready: Value,
}

impl Terminal {
    pub fn start(shop: &Shop, arguments: &[&str]) -> Self {
        Self::start_at(shop, &["--listen", "tcp://127.0.0.1:0"], arguments)
    }

    /// The same on a pseudo-terminal.
    pub fn start_on_a_pty(shop: &Shop, arguments: &[&str]) -> Self {
        Self::start_at(shop, &["--pty"], arguments)
    }

    /// Anywhere.
    pub fn start_at(shop: &Shop, place: &[&str], arguments: &[&str]) -> Self {
        let mut command = shop.command(&["terminal", "--json"]);
        command.args(place);
        let mut child = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(ready["event"], "listening");
        Self { child, reader, address: ready["at"].as_str().unwrap().to_owned(), ready }
    }

    /// Stops it and gives what it charged.
    pub fn stop(mut self) -> Vec<Value> {
        interrupt(&self.child);
        let mut rest = String::new();
        self.reader.read_to_string(&mut rest).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        rest.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ctrl-C.
pub fn interrupt(child: &Child) {
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
}

/// A terminal that does with one connection whatever the test likes.
pub fn raw_terminal(serve: impl FnOnce(TcpStream) + Send + 'static) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    (address, thread::spawn(move || serve(listener.accept().unwrap().0)))
}

pub fn read_request(stream: &mut TcpStream) -> Vec<u8> {
    let mut request = vec![0; 512];
    let count = stream.read(&mut request).unwrap();
    request.truncate(count);
    request
}
