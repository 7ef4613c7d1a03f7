//! Faults around any link: a till's own line breaks where the test wants it.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use caisse_hal::conformance::{self, Harness, Peer};
use caisse_hal::tcp::{TcpAddress, TcpLink};
use caisse_hal::{Clock, Link, Received, SendError, SystemClock};
use caisse_simulator::fault::{Fault, FaultyLink, Step};
use caisse_simulator::terminal::Settings;
use caisse_simulator::{VirtualLine, VirtualWorld};

const REQUEST: &[u8] = b"CZ0040300CJ012012345678901CA00207CB0042500CD0010CE003978";
const SOON: Duration = Duration::from_secs(10);

/// A listener at the other end of a real line.
struct Far {
    listener: TcpListener,
    stream: Option<TcpStream>,
}

impl Peer for Far {
    fn accept(&mut self) {
        self.stream = Some(self.listener.accept().unwrap().0);
    }

    fn write(&mut self, bytes: &[u8]) {
        self.stream.as_mut().unwrap().write_all(bytes).unwrap();
    }

    fn read(&mut self, most: usize, within: Duration) -> Vec<u8> {
        let (stream, start) = (self.stream.as_mut().unwrap(), Instant::now());
        let (mut got, mut length) = (vec![0; most], 0);
        while length < most {
            let left = within.saturating_sub(start.elapsed());
            if left.is_zero() {
                break;
            }
            stream.set_read_timeout(Some(left)).unwrap();
            match stream.read(&mut got[length..]) {
                Ok(count) => length += count,
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        }
        got.truncate(length);
        got
    }

    fn unplug(&mut self) {
        self.stream = None;
    }
}

struct Wrapped;

impl Harness for Wrapped {
    type Link = FaultyLink<TcpLink, SystemClock>;
    type Peer = Far;

    fn line(&mut self) -> (Self::Link, Far) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let link = TcpLink::new(TcpAddress::new("127.0.0.1", port));
        (FaultyLink::new(link, SystemClock::new(), &[], 1), Far { listener, stream: None })
    }
}

#[test]
fn without_faults_it_is_a_link_like_any_other() {
    conformance::check(&mut Wrapped);
}

type Line = FaultyLink<VirtualLine<'static>, VirtualWorld<'static>>;

fn line(shop: &VirtualWorld<'static>, faults: &[&str]) -> Line {
    let faults: Vec<Fault> = faults.iter().map(|fault| fault.parse().unwrap()).collect();
    let mut link = FaultyLink::new(shop.line(), shop.clone(), &faults, 1);
    link.connect(SOON).unwrap();
    link
}

fn all(link: &mut dyn Link) -> Vec<u8> {
    let mut buffer = [0; 1024];
    let mut seen = Vec::new();
    while let Ok(Received::Bytes(count)) = link.receive(&mut buffer, SOON) {
        seen.extend(&buffer[..count]);
    }
    seen
}

#[test]
fn the_request_itself_is_split_dripped_delayed_turned_over_and_cut() {
    for (fault, served, least) in [
        ("split@byte=20:40", true, 40),
        ("drip:3", true, 3 * REQUEST.len() as u64),
        ("delay@step=connected:500", true, 500),
        ("merge:300", true, 300),
        ("flip@byte=1:0", false, 0),
        ("garbage@byte=9:3", false, 0),
        ("drop@byte=20", false, 0),
        ("half-open@byte=20", false, 0),
        ("stall@byte=20", false, 0),
    ] {
        let shop = VirtualWorld::tcp(Settings::default());
        let mut link = line(&shop, &[fault]);
        let sent = link.send(REQUEST, SOON);
        assert_eq!(sent, Ok(REQUEST.len()), "{fault}");
        assert!(shop.now().millis() >= least, "{fault}: {:?}", shop.now());
        let seen = all(&mut link);
        assert_eq!(seen.windows(7).any(|window| window == b"AE00210"), served, "{fault}: {seen:?}");
        assert_eq!(shop.ledger().len(), usize::from(served), "{fault}");
    }
}

#[test]
fn what_comes_back_is_lost_where_the_test_says() {
    for (fault, charged) in [("half-open@request-byte=30", 1), ("drop@request-byte=30", 1)] {
        let shop = VirtualWorld::tcp(Settings::default());
        let mut link = line(&shop, &[fault]);
        link.send(REQUEST, SOON).unwrap();
        assert_eq!(all(&mut link).len(), 30, "{fault}");
        assert_eq!(shop.ledger().len(), charged, "{fault}");
    }
}

#[test]
fn steps_happen_when_the_owner_says_so_and_wraps_nest() {
    let shop = VirtualWorld::tcp(Settings::default());
    let mut link = line(&shop, &["drop@step=request"]);
    link.send(&REQUEST[..20], SOON).unwrap();
    link.reach(Step::Request, SOON);
    assert_eq!(link.send(&REQUEST[20..], SOON), Err(SendError::Closed));
    let shop = VirtualWorld::tcp(Settings::default());
    let inner = FaultyLink::new(shop.line(), shop.clone(), &["split@byte=10:100".parse().unwrap()], 1);
    let mut link = FaultyLink::new(inner, shop.clone(), &["split@byte=30:200".parse().unwrap()], 1);
    link.connect(SOON).unwrap();
    link.send(REQUEST, SOON).unwrap();
    assert_eq!(shop.now().millis(), 300);
    assert!(!all(&mut link).is_empty());
    // A new connection has its faults anew.
    link.connect(SOON).unwrap();
    let before = shop.now().millis();
    link.send(REQUEST, SOON).unwrap();
    assert_eq!(shop.now().millis() - before, 300);
}
