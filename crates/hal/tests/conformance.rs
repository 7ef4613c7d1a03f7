//! Every adapter of this crate passes the suite for links.

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use caisse_hal::conformance::{self, Blocking, Executor, Harness, Peer, Unplugged};
use caisse_hal::pty::PtyLink;
use caisse_hal::serial::{Baud, LineSettings, SerialAddress, SerialLink};
use caisse_hal::tcp::TcpLink;
use caisse_hal::{ConnectError, DrainError, Link, ReceiveError, Received, SendError};
use common::far::{LinkFar, TcpFar, dead_address};

struct Tcp {
    silent: bool,
}

impl Harness for Tcp {
    type Link = TcpLink;
    type Peer = TcpFar;

    fn line(&mut self) -> (TcpLink, TcpFar) {
        let (far, address) = TcpFar::listen(self.silent);
        (TcpLink::new(address), far)
    }

    fn nowhere(&mut self) -> Option<TcpLink> {
        Some(TcpLink::new(dead_address()))
    }

    fn tells_ends_apart(&self) -> bool {
        true
    }

    fn unplugged(&self) -> Unplugged {
        if self.silent { Unplugged::Silent } else { Unplugged::Seen }
    }
}

#[test]
fn tcp() {
    conformance::check(&mut Tcp { silent: false });
}

#[test]
fn tcp_whose_peer_is_gone_without_a_word() {
    conformance::check(&mut Tcp { silent: true });
}

fn pty() -> (LinkFar<PtyLink>, SerialAddress) {
    let far = PtyLink::open().unwrap();
    let address = SerialAddress::new(far.path().unwrap().to_str().unwrap(), FAST).unwrap();
    (LinkFar::new(far), address)
}

/// So that twenty thousand bytes do not take their time.
const FAST: LineSettings = LineSettings { baud: Baud::B115200, ..LineSettings::RS232 };

fn no_port() -> SerialAddress {
    "serial:/dev/no-such-port".parse().unwrap()
}

struct Serial;

impl Harness for Serial {
    type Link = SerialLink;
    type Peer = LinkFar<PtyLink>;

    fn line(&mut self) -> (SerialLink, LinkFar<PtyLink>) {
        let (far, address) = pty();
        (SerialLink::new(address), far)
    }

    fn nowhere(&mut self) -> Option<SerialLink> {
        Some(SerialLink::new(no_port()))
    }
}

#[test]
fn serial_over_a_pseudo_terminal() {
    conformance::check(&mut Serial);
}

/// A pseudo-terminal as the link, whose path only opening it tells.
struct Watched {
    link: PtyLink,
    path: Arc<Mutex<Option<String>>>,
}

impl Link for Watched {
    fn connect(&mut self, within: Duration) -> Result<(), ConnectError> {
        self.link.connect(within)?;
        *self.path.lock().unwrap() = Some(self.link.path().unwrap().to_str().unwrap().to_owned());
        Ok(())
    }

    fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError> {
        self.link.send(bytes, within)
    }

    fn drain(&mut self, within: Duration) -> Result<(), DrainError> {
        self.link.drain(within)
    }

    fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        self.link.receive(buffer, within)
    }

    fn close(&mut self) {
        self.link.close();
    }
}

struct Till {
    port: Option<LinkFar<SerialLink>>,
    path: Arc<Mutex<Option<String>>>,
}

impl Peer for Till {
    fn accept(&mut self) {
        self.port = None;
        let path = self.path.lock().unwrap().clone().unwrap();
        let mut link = SerialLink::new(SerialAddress::new(&path, FAST).unwrap());
        link.connect(Duration::from_secs(10)).unwrap();
        self.port = Some(LinkFar::new(link));
    }

    fn write(&mut self, bytes: &[u8]) {
        self.port.as_mut().unwrap().write(bytes);
    }

    fn read(&mut self, most: usize, within: Duration) -> Vec<u8> {
        self.port.as_mut().unwrap().read(most, within)
    }

    fn unplug(&mut self) {
        self.port = None;
    }
}

struct Terminal;

impl Harness for Terminal {
    type Link = Watched;
    type Peer = Till;

    fn line(&mut self) -> (Watched, Till) {
        let path = Arc::default();
        (Watched { link: PtyLink::new(), path: Arc::clone(&path) }, Till { port: None, path })
    }

    fn unplugged(&self) -> Unplugged {
        // A till that closes its port is none of the terminal's business.
        Unplugged::Silent
    }
}

#[test]
fn the_terminals_end_of_a_pseudo_terminal() {
    conformance::check(&mut Terminal);
}

/// A runtime of one thread, or of several.
#[derive(Clone)]
struct Runtime(Arc<tokio::runtime::Runtime>);

impl Runtime {
    fn one() -> Self {
        Self(Arc::new(tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()))
    }

    fn many() -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        Self(Arc::new(builder.worker_threads(2).enable_all().build().unwrap()))
    }
}

impl Executor for Runtime {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }
}

struct TokioTcp {
    runtime: Runtime,
    silent: bool,
}

impl Harness for TokioTcp {
    type Link = Blocking<caisse_hal::tokio::TcpLink, Runtime>;
    type Peer = TcpFar;

    fn line(&mut self) -> (Self::Link, TcpFar) {
        let (far, address) = TcpFar::listen(self.silent);
        (Blocking::new(caisse_hal::tokio::TcpLink::new(address), self.runtime.clone()), far)
    }

    fn nowhere(&mut self) -> Option<Self::Link> {
        Some(Blocking::new(caisse_hal::tokio::TcpLink::new(dead_address()), self.runtime.clone()))
    }

    fn tells_ends_apart(&self) -> bool {
        true
    }

    fn unplugged(&self) -> Unplugged {
        if self.silent { Unplugged::Silent } else { Unplugged::Seen }
    }
}

#[test]
fn tokio_tcp() {
    conformance::check_async(&mut TokioTcp { runtime: Runtime::one(), silent: false });
}

#[test]
fn tokio_tcp_on_many_threads_whose_peer_is_gone_without_a_word() {
    conformance::check_async(&mut TokioTcp { runtime: Runtime::many(), silent: true });
}

struct TokioSerial(Runtime);

impl Harness for TokioSerial {
    type Link = Blocking<caisse_hal::tokio::SerialLink, Runtime>;
    type Peer = LinkFar<PtyLink>;

    fn line(&mut self) -> (Self::Link, LinkFar<PtyLink>) {
        let (far, address) = pty();
        (Blocking::new(caisse_hal::tokio::SerialLink::new(address), self.0.clone()), far)
    }

    fn nowhere(&mut self) -> Option<Self::Link> {
        Some(Blocking::new(caisse_hal::tokio::SerialLink::new(no_port()), self.0.clone()))
    }
}

#[test]
fn tokio_serial_over_a_pseudo_terminal() {
    conformance::check_async(&mut TokioSerial(Runtime::one()));
}

#[test]
fn tokio_serial_over_a_pseudo_terminal_on_many_threads() {
    conformance::check_async(&mut TokioSerial(Runtime::many()));
}
