//! Terminals on TCP that answer what is written down for them, and tills at them.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use caisse::{Amount, Currency, Dialect, Journal, PaymentRequest, Till};

/// The time of the longest transaction where no test waits for it.
pub const MINUTES: Duration = Duration::from_secs(300);

pub fn euros(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::EUR)
}

pub fn debit(id: &str, minor: u64) -> PaymentRequest {
    PaymentRequest::debit(euros(minor)).id(id.parse().unwrap())
}

/// A till whose terminal is exclusive and tells its last transaction.
pub fn builder(
    name: &str,
    address: &str,
    journal: impl Journal + 'static,
    longest: Duration,
) -> caisse::Builder {
    let mut dialect = Dialect::NEPTING;
    dialect.longest_transaction = longest;
    Till::builder()
        .address(address)
        .terminal_id(name)
        .dialect(dialect)
        .exclusive(true)
        .journal(journal)
        .connect_timeout(Duration::from_secs(2))
        .answer_timeout(Duration::from_secs(1))
}

/// The same till, on its terminal.
pub fn till_named(name: &str, address: &str, journal: impl Journal + 'static, longest: Duration) -> Till {
    builder(name, address, journal, longest).build().unwrap()
}

pub fn till(address: &str, journal: impl Journal + 'static, longest: Duration) -> Till {
    till_named("counter", address, journal, longest)
}

/// A terminal that answers each connection with the next of these; an empty answer closes it.
pub fn scripted(answers: Vec<String>) -> String {
    format!("tcp://127.0.0.1:{}", scripted_everywhere(answers))
}

/// The same, at this port of each address of the loopback.
pub fn scripted_everywhere(answers: Vec<String>) -> u16 {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut buffer = [0; 512];
            // A connection on which nothing was sent is aborted by the till.
            if stream.read(&mut buffer).is_ok() {
                stream.write_all(answer.as_bytes()).unwrap();
            }
        }
    });
    port
}

pub fn approved(minor: u64, number: &str) -> String {
    let minor = minor.to_string();
    format!("CZ0040320CA00201CB{:03}{minor}CD0010CE003978AE00210AC{:03}{number}", minor.len(), number.len())
}

pub fn duplicata(minor: u64, number: &str) -> String {
    approved(minor, number).replace("CD0010", "CD0013")
}
