//! Pseudo-terminals, and serial ports over them: unplugged, busy, missing, reopened. No test here starts a program: until it
//! has begun it holds every file of this process, and lines would not hang up.
#![cfg(unix)]

mod common;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::thread;
use std::time::{Duration, Instant};

use caisse_hal::pty::{HangUp, PtyLink};
use caisse_hal::serial::{
    Baud, LineSettings, SerialAddress, SerialLink, available_ports, is_pseudo_terminal,
};
use caisse_hal::{ConnectError, DrainError, Link, ReceiveError, Received, SendError};
use common::far::pull;

const SOON: Duration = Duration::from_millis(80);
const LONG: Duration = Duration::from_secs(5);

fn till(terminal: &PtyLink) -> SerialLink {
    at(terminal, LineSettings::default())
}

fn at(terminal: &PtyLink, line: LineSettings) -> SerialLink {
    let path = terminal.path().unwrap().to_str().unwrap();
    let mut link = SerialLink::new(SerialAddress::new(path, line).unwrap());
    link.connect(LONG).unwrap();
    link
}

/// Everything that comes within the time.
fn received(link: &mut impl Link, within: Duration) -> Vec<u8> {
    let start = Instant::now();
    let mut all = Vec::new();
    let mut buffer = [0; 512];
    while let Ok(Received::Bytes(count)) = link.receive(&mut buffer, within.saturating_sub(start.elapsed())) {
        all.extend_from_slice(&buffer[..count]);
    }
    all
}

#[test]
fn a_till_comes_and_goes_and_the_terminal_stays() {
    let mut terminal = PtyLink::open().unwrap();
    let path = terminal.path().unwrap().to_owned();
    for round in 0..3 {
        assert_eq!(terminal.receive(&mut [0; 8], SOON), Ok(Received::Nothing), "{round}");
        let mut link = till(&terminal);
        assert_eq!(link.send(b"\x05", SOON), Ok(1));
        assert_eq!(received(&mut terminal, SOON), b"\x05");
        assert_eq!(terminal.send(b"\x06", SOON), Ok(1));
        assert_eq!(received(&mut link, SOON), b"\x06");
        drop(link);
    }
    assert_eq!(terminal.path().unwrap(), path);
}

#[test]
fn what_is_sent_to_nobody_is_lost() {
    let mut terminal = PtyLink::open().unwrap();
    assert_eq!(terminal.send(b"before", SOON), Ok(6));
    let mut link = till(&terminal);
    assert_eq!(received(&mut link, SOON), b"");
    // Neither does the next till read what the last one has left.
    assert_eq!(terminal.send(b"unread", SOON), Ok(6));
    assert_eq!(terminal.receive(&mut [0; 8], SOON), Ok(Received::Nothing));
    drop(link);
    assert_eq!(terminal.receive(&mut [0; 8], SOON), Ok(Received::Nothing));
    assert_eq!(terminal.send(b"between", SOON), Ok(7));
    let mut link = till(&terminal);
    assert_eq!(received(&mut link, SOON), b"");
    terminal.send(b"now", SOON).unwrap();
    assert_eq!(received(&mut link, SOON), b"now");
}

#[test]
fn a_hang_up_is_told_once_where_it_is_asked_for() {
    let mut terminal = PtyLink::open().unwrap().on_hang_up(HangUp::Closed);
    assert_eq!(terminal.receive(&mut [0; 8], SOON), Ok(Received::Nothing), "nobody was there yet");
    for _ in 0..2 {
        let mut link = till(&terminal);
        link.send(b"x", SOON).unwrap();
        drop(link);
        // What was sent before it comes first.
        assert_eq!(terminal.receive(&mut [0; 8], SOON), Ok(Received::Bytes(1)));
        assert_eq!(terminal.receive(&mut [0; 8], SOON), Ok(Received::Closed));
        assert_eq!(terminal.receive(&mut [0; 8], SOON), Ok(Received::Nothing));
    }
    // A till that came and went between two looks of the terminal, and sent nothing, cannot be seen: it looks first.
    let link = till(&terminal);
    assert_eq!(terminal.receive(&mut [0; 8], SOON), Ok(Received::Nothing), "somebody is there");
    let closing = thread::spawn(move || {
        thread::sleep(SOON);
        drop(link);
    });
    let start = Instant::now();
    assert_eq!(terminal.receive(&mut [0; 8], LONG), Ok(Received::Closed));
    assert!(start.elapsed() < LONG / 2);
    closing.join().unwrap();
}

#[test]
fn a_plain_file_sees_no_echo_and_no_line_ends() {
    let mut terminal = PtyLink::open().unwrap();
    let mut file = File::options().read(true).write(true).open(terminal.path().unwrap()).unwrap();
    let all: Vec<u8> = (0..=255).collect();
    assert_eq!(terminal.send(&all, LONG), Ok(256));
    let mut got = vec![0; 256];
    file.read_exact(&mut got).unwrap();
    assert_eq!(got, all);
    file.write_all(&all).unwrap();
    assert_eq!(received(&mut terminal, SOON), all);
}

#[test]
fn pulling_the_plug_breaks_every_call_in_time() {
    for wait in [Duration::ZERO, SOON] {
        let mut terminal = PtyLink::open().unwrap();
        let mut link = till(&terminal);
        let pulling = thread::spawn(move || {
            thread::sleep(wait);
            let held = pull(&mut terminal);
            assert_eq!(terminal.path(), None);
            assert_eq!(terminal.send(b"x", SOON), Err(SendError::Closed));
            assert_eq!(terminal.receive(&mut [0; 1], SOON), Err(ReceiveError));
            assert_eq!(terminal.drain(SOON), Err(DrainError::Closed));
            held
        });
        let start = Instant::now();
        assert_eq!(link.receive(&mut [0; 8], LONG), Err(ReceiveError));
        assert!(start.elapsed() >= wait && start.elapsed() < LONG / 2);
        let _held = pulling.join().unwrap();
        let start = Instant::now();
        assert_eq!(link.receive(&mut [0; 8], LONG), Err(ReceiveError));
        assert_eq!(link.send(b"x", LONG), Err(SendError::Closed));
        assert_eq!(link.drain(LONG), Err(DrainError::Closed));
        assert_eq!(link.connect(LONG), Err(ConnectError::PortNotFound));
        assert_eq!(link.send(b"x", LONG), Err(SendError::Closed));
        assert!(start.elapsed() < LONG / 2);
    }
}

#[test]
fn a_line_plugged_in_again_is_another_one() {
    let mut terminal = PtyLink::new();
    assert_eq!(terminal.path(), None);
    assert_eq!(terminal.receive(&mut [0; 1], SOON), Err(ReceiveError));
    terminal.connect(SOON).unwrap();
    let first = till(&terminal);
    terminal.connect(SOON).unwrap();
    let mut second = till(&terminal);
    assert_eq!(second.send(b"x", SOON), Ok(1));
    assert_eq!(received(&mut terminal, SOON), b"x");
    drop(first);
}

#[test]
fn a_port_that_another_program_keeps_is_busy() {
    let terminal = PtyLink::open().unwrap();
    let address = SerialAddress::new(terminal.path().unwrap().to_str().unwrap(), LineSettings::default());
    let mut link = SerialLink::new(address.unwrap());
    let other = File::options().read(true).write(true).open(terminal.path().unwrap()).unwrap();
    other.lock().unwrap();
    let start = Instant::now();
    assert_eq!(link.connect(LONG), Err(ConnectError::PortBusy));
    assert!(start.elapsed() < LONG / 2);
    drop(other);
    assert_eq!(link.connect(LONG), Ok(()));
}

#[test]
fn what_is_no_port_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("ttyUSB7");
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let dangling = folder.path().join("dangling");
    symlink(&missing, &dangling).unwrap();
    let below = file.join("below");
    for (path, expected) in [
        (&missing, ConnectError::PortNotFound),
        (&dangling, ConnectError::PortNotFound),
        (&below, ConnectError::PortNotFound),
        (&file, ConnectError::NotAPort),
        (&folder.path().to_owned(), ConnectError::NotAPort),
    ] {
        let address = SerialAddress::new(path.to_str().unwrap(), LineSettings::default()).unwrap();
        assert_eq!(SerialLink::new(address).connect(LONG), Err(expected), "{}", path.display());
    }
    let null = SerialAddress::new("/dev/null", LineSettings::default()).unwrap();
    assert_eq!(SerialLink::new(null).connect(LONG), Err(ConnectError::Other));
}

#[test]
fn a_pseudo_terminal_is_told_from_the_rest() {
    let mut terminal = PtyLink::open().unwrap();
    let path = terminal.path().unwrap().to_owned();
    assert!(is_pseudo_terminal(&path));
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("terminal");
    symlink(&path, &link).unwrap();
    assert!(is_pseudo_terminal(&link));
    // A name proves nothing.
    let pretender = folder.path().join("pts");
    fs::create_dir(&pretender).unwrap();
    fs::write(pretender.join("0"), "").unwrap();
    assert!(!is_pseudo_terminal(pretender.join("0")));
    for other in ["/dev/null", "/dev/tty0", "/dev/ptmx", "/dev", "/dev/ttyS0", "", "COM3"] {
        assert!(!is_pseudo_terminal(other), "{other}");
    }
    let _held = pull(&mut terminal);
    assert!(!is_pseudo_terminal(&path));
}

#[test]
fn a_frame_is_drained_when_the_slow_line_has_taken_it() {
    let terminal = PtyLink::open().unwrap();
    let mut link = at(&terminal, LineSettings { baud: Baud::B1200, ..LineSettings::default() });
    // 120 characters of 10 bits at 1200 baud: one second.
    let start = Instant::now();
    assert_eq!(link.drain(LONG), Ok(()));
    assert!(start.elapsed() < LONG / 10, "nothing was sent");
    assert_eq!(link.send(&[b'x'; 120], LONG), Ok(120));
    assert!(start.elapsed() < LONG / 10, "accepted is not yet drained");
    assert_eq!(link.drain(Duration::ZERO), Err(DrainError::TimedOut));
    assert_eq!(link.drain(SOON), Err(DrainError::TimedOut));
    let waited = start.elapsed();
    assert!(waited >= SOON && waited < Duration::from_millis(990), "{waited:?}");
    assert_eq!(link.drain(LONG), Ok(()));
    let waited = start.elapsed();
    assert!(waited >= Duration::from_secs(1) && waited < Duration::from_millis(2_500), "{waited:?}");

    // Closing lets it leave for a while, and not for as long as it wants.
    let closed_in_time = |close: &mut dyn FnMut()| {
        let start = Instant::now();
        close();
        let waited = start.elapsed();
        assert!(waited >= Duration::from_millis(100) && waited < Duration::from_millis(1_900), "{waited:?}");
    };
    link.connect(LONG).unwrap();
    assert_eq!(link.send(&[b'x'; 240], LONG), Ok(240));
    closed_in_time(&mut || link.close());
    link.connect(LONG).unwrap();
    assert_eq!(link.send(&[b'x'; 240], LONG), Ok(240));
    let mut link = Some(link);
    closed_in_time(&mut || drop(link.take()));
}

#[test]
fn what_was_sent_before_closing_arrives() {
    let mut terminal = PtyLink::open().unwrap();
    let fast = LineSettings { baud: Baud::B115200, ..LineSettings::default() };
    for round in 0..300 {
        let mut link = at(&terminal, fast);
        let frame = [b'a' + (round % 26) as u8; 37];
        assert_eq!(link.send(&frame, LONG), Ok(37));
        link.close();
        let mut buffer = [0; 64];
        let mut got = 0;
        while got < 37 {
            match terminal.receive(&mut buffer, LONG) {
                Ok(Received::Bytes(count)) => got += count,
                other => panic!("{other:?} after {got} bytes of round {round}"),
            }
        }
        assert_eq!((got, buffer[0]), (37, frame[0]));
    }
}

#[test]
fn pseudo_terminals_are_not_among_the_ports() {
    let terminal = PtyLink::open().unwrap();
    let path = terminal.path().unwrap().to_str().unwrap().to_owned();
    let ports = available_ports().unwrap();
    assert!(ports.iter().all(|port| port.path != path));
    assert!(ports.iter().all(|port| !is_pseudo_terminal(&port.path)));
    assert!(ports.is_sorted_by(|one, other| one.path < other.path));
}

#[test]
fn a_terminal_that_reads_nothing_holds_no_write_beyond_its_deadline() {
    let mut terminal = PtyLink::open().unwrap();
    let mut link = till(&terminal);
    let chunk: Vec<u8> = (0..4_096).map(|number| b'a' + (number % 23) as u8).collect();
    let mut accepted = 0;
    let error = loop {
        let start = Instant::now();
        match link.send(&chunk, SOON) {
            Ok(count) => accepted += count,
            Err(error) => {
                assert!(start.elapsed() >= SOON && start.elapsed() < LONG / 2);
                break error;
            }
        }
        assert!(accepted < 1 << 24, "the line never filled");
    };
    assert_eq!(error, SendError::TimedOut);
    // Closing does not wait for it either.
    let start = Instant::now();
    let mut got = received(&mut terminal, SOON).len();
    link.close();
    assert!(start.elapsed() < LONG / 2);
    got += received(&mut terminal, SOON).len();
    assert_eq!(got, accepted);
}
