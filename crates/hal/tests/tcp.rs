//! TCP through the standard library: deadlines, single writes, and errors that tell the truth.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use caisse_hal::tcp::{AddressError, TcpAddress, TcpLink};
use caisse_hal::{Clock, ConnectError, DrainError, Link, ReceiveError, Received, SendError, SystemClock};

const SOON: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(5);

fn listen() -> (TcpListener, TcpAddress) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, TcpAddress::new("127.0.0.1", port))
}

fn open() -> (TcpLink, TcpStream) {
    let (listener, address) = listen();
    let mut link = TcpLink::new(address);
    link.connect(LONG).unwrap();
    (link, listener.accept().unwrap().0)
}

#[test]
fn addresses_are_read_strictly_and_written_back() {
    for (text, host, port) in [
        ("tcp://192.168.1.50:8888", "192.168.1.50", 8888),
        ("tcp://counter-1.shop", "counter-1.shop", 8888),
        ("tcp://[::1]:20002", "::1", 20002),
        ("tcp://[fe80::1]", "fe80::1", 8888),
    ] {
        let address: TcpAddress = text.parse().unwrap();
        assert_eq!((address.host(), address.port()), (host, port));
        assert_eq!(address.to_string().parse::<TcpAddress>().unwrap(), address);
    }
    for (text, host) in [
        ("tcp://0.0.0.0", "0.0.0.0"),
        ("tcp://255.255.255.255", "255.255.255.255"),
        ("tcp://10.tpe", "10.tpe"),
        ("tcp://tpe.1", "tpe.1"),
        ("tcp://0xtpe", "0xtpe"),
        ("tcp://1e5", "1e5"),
        ("tcp://192-168-1-50", "192-168-1-50"),
        ("tcp://[::ffff:192.168.1.50]", "::ffff:192.168.1.50"),
    ] {
        assert_eq!(text.parse::<TcpAddress>().unwrap().host(), host);
    }
    // Resolvers read these as numbers, some of them as other ones than they seem.
    for text in [
        "tcp://192.168.001.050:8888",
        "tcp://192.168.1.050",
        "tcp://00.0.0.0",
        "tcp://10.1:8888",
        "tcp://10.1.1",
        "tcp://2130706433",
        "tcp://0",
        "tcp://017700000001",
        "tcp://1.2.3.4.",
        "tcp://1.2.3.4.5",
        "tcp://1.2.3",
        "tcp://1..2.3",
        "tcp://.1.2.3.4",
        "tcp://.",
        "tcp://256.1.1.1",
        "tcp://192.168.1.500:8888",
        "tcp://0x7f.1",
        "tcp://0X7F.0.0.1",
        "tcp://0x7f000001",
        "tcp://127.0.0.0x1",
        "tcp://0x",
    ] {
        assert_eq!(text.parse::<TcpAddress>(), Err(AddressError::Number), "{text}");
        // Nor does an address that was made otherwise reach a resolver.
        let host = text.trim_start_matches("tcp://").trim_end_matches(":8888");
        let made = TcpAddress::new(host, 8888);
        assert_eq!(made.resolve(LONG), Err(ConnectError::NameNotResolved), "{text}");
    }
    assert_eq!("tcp://[::ffff:192.168.001.050]".parse::<TcpAddress>(), Err(AddressError::Form));
    let why = AddressError::Number.to_string();
    assert!(why.contains("four decimals") && why.contains("leading zeros"), "{why}");
    for text in [
        "",
        "192.168.1.50:8888",
        "tcp://",
        "tcp://:8888",
        "tcp://host:",
        "tcp://host:0",
        "tcp://host:65536",
        "tcp://host:+80",
        "tcp://host:80/",
        "tcp://a b:80",
        "tcp://[::1",
        "tcp://[::1]80",
        "tcp://[host]:80",
        "tcp://::1:80",
        "udp://host:80",
        "tcp://user@host:80",
        "tcp://hôte:80",
    ] {
        assert!(text.parse::<TcpAddress>().is_err(), "{text}");
    }
}

#[test]
fn a_dead_port_is_refused() {
    let (listener, address) = listen();
    drop(listener);
    assert_eq!(TcpLink::new(address).connect(LONG), Err(ConnectError::Refused));
}

#[test]
fn a_name_without_address_is_told_as_such() {
    let mut link = TcpLink::new(TcpAddress::new("no-such-terminal.invalid", 8888));
    let error = link.connect(LONG).unwrap_err();
    assert!(matches!(error, ConnectError::NameNotResolved | ConnectError::TimedOut), "{error:?}");
}

#[test]
fn bytes_go_both_ways_and_the_end_is_seen() {
    let (mut link, mut peer) = open();
    assert_eq!(link.send(b"request", LONG), Ok(7));
    let mut received = [0; 7];
    peer.read_exact(&mut received).unwrap();
    assert_eq!(&received, b"request");
    peer.write_all(b"answer").unwrap();
    drop(peer);
    let mut buffer = [0; 64];
    assert_eq!(link.receive(&mut buffer, LONG), Ok(Received::Bytes(6)));
    assert_eq!(&buffer[..6], b"answer");
    assert_eq!(link.receive(&mut buffer, LONG), Ok(Received::Closed));
}

#[test]
fn a_silent_peer_costs_no_more_than_the_deadline() {
    let (mut link, _peer) = open();
    let before = Instant::now();
    assert_eq!(link.receive(&mut [0; 8], SOON), Ok(Received::Nothing));
    assert_eq!(link.receive(&mut [0; 8], Duration::ZERO), Ok(Received::Nothing));
    assert!(before.elapsed() >= SOON && before.elapsed() < LONG);
}

#[test]
fn a_full_line_ends_in_a_deadline_and_never_lies_about_what_was_accepted() {
    let (mut link, mut peer) = open();
    let chunk = vec![b'x'; 1 << 20];
    let mut accepted = 0;
    let error = loop {
        match link.send(&chunk, SOON) {
            Ok(count) => accepted += count,
            Err(error) => break error,
        }
    };
    assert_eq!(error, SendError::TimedOut);
    // Dropping it would abort, and take back what waits here.
    link.close();
    let mut received = Vec::new();
    peer.read_to_end(&mut received).unwrap();
    assert_eq!(received.len(), accepted);
}

#[test]
fn a_closed_link_says_so_and_opens_again() {
    let (listener, address) = listen();
    let mut link = TcpLink::new(address);
    assert_eq!(link.send(b"x", SOON), Err(SendError::Closed));
    assert_eq!(link.receive(&mut [0; 1], SOON), Err(ReceiveError));
    for _ in 0..2 {
        link.connect(LONG).unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        link.close();
        link.close();
        assert_eq!(peer.read(&mut [0; 1]).unwrap(), 0);
        assert_eq!(link.send(b"x", SOON), Err(SendError::Closed));
    }
}

#[test]
fn half_a_close_still_lets_the_answer_through() {
    let (mut link, mut peer) = open();
    link.finish_sending();
    let answering = thread::spawn(move || {
        let mut end = [0; 1];
        assert_eq!(peer.read(&mut end).unwrap(), 0);
        peer.write_all(b"late").unwrap();
    });
    let mut buffer = [0; 8];
    assert_eq!(link.receive(&mut buffer, LONG), Ok(Received::Bytes(4)));
    answering.join().unwrap();
}

/// A link and a clock may be lent.
fn converse<C: Clock>(mut link: impl Link, clock: C, peer: &TcpListener) {
    let before = clock.now();
    link.connect(LONG).unwrap();
    let (mut peer, _) = peer.accept().unwrap();
    assert_eq!(link.send(b"question", LONG), Ok(8));
    assert_eq!(link.drain(LONG), Ok(()));
    let mut question = [0; 8];
    peer.read_exact(&mut question).unwrap();
    assert_eq!(&question, b"question");
    peer.write_all(b"answer").unwrap();
    assert_eq!(link.receive(&mut [0; 16], LONG), Ok(Received::Bytes(6)));
    thread::sleep(SOON);
    assert!(clock.now().since(before) >= SOON);
    link.close();
    assert_eq!(link.drain(LONG), Err(DrainError::Closed));
    assert_eq!(peer.read(&mut question).unwrap(), 0);
}

#[test]
fn a_lent_link_is_the_same_link() {
    let (listener, address) = listen();
    let mut link = TcpLink::new(address.clone());
    assert_eq!(link.address(), &address);
    let clock = SystemClock::default();
    converse::<&SystemClock>(&mut link, &clock, &listener);
    converse::<&&SystemClock>(&mut &mut link, &&clock, &listener);
    converse(link, clock, &listener);
}

#[test]
fn the_clock_goes_forward() {
    let clock = SystemClock::new();
    let first = clock.now();
    thread::sleep(Duration::from_millis(5));
    assert!(clock.now().since(first) >= Duration::from_millis(5));
}
