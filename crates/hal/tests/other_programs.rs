//! Programs that a till starts. Alone in its process, because a program that is being started holds what the other tests
//! close.
#![cfg(unix)]

use std::time::Duration;

use caisse_hal::pty::PtyLink;
use caisse_hal::serial::{LineSettings, SerialAddress, SerialLink};
use caisse_hal::{Link, ReceiveError};

const LONG: Duration = Duration::from_secs(5);

fn till(terminal: &PtyLink) -> SerialLink {
    let path = terminal.path().unwrap().to_str().unwrap();
    let mut link = SerialLink::new(SerialAddress::new(path, LineSettings::default()).unwrap());
    link.connect(LONG).unwrap();
    link
}

#[test]
fn a_program_started_meanwhile_does_not_hold_the_plug() {
    let mut terminal = PtyLink::open().unwrap();
    let mut link = till(&terminal);
    let mut other = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    terminal.close();
    assert_eq!(link.receive(&mut [0; 8], LONG), Err(ReceiveError));
    other.kill().unwrap();
    other.wait().unwrap();
}
