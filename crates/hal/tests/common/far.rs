//! The other ends of real lines.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::time::{Duration, Instant};

use caisse_hal::conformance::{Ended, Peer};
use caisse_hal::pty::PtyLink;
use caisse_hal::serial::SerialLink;
use caisse_hal::tcp::TcpAddress;
use caisse_hal::{Link, Received};

/// A terminal that listens on TCP.
pub struct TcpFar {
    listener: TcpListener,
    stream: Option<TcpStream>,
    /// Whether the link hears of its going.
    silent: bool,
}

impl TcpFar {
    pub fn listen(silent: bool) -> (Self, TcpAddress) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        (Self { listener, stream: None, silent }, TcpAddress::new("127.0.0.1", port))
    }
}

/// An address at which nobody listens.
pub fn dead_address() -> TcpAddress {
    TcpFar::listen(false).1
}

impl Peer for TcpFar {
    fn accept(&mut self) {
        self.stream = Some(self.listener.accept().unwrap().0);
    }

    fn write(&mut self, bytes: &[u8]) {
        self.stream.as_mut().unwrap().write_all(bytes).unwrap();
    }

    fn read(&mut self, most: usize, within: Duration) -> Vec<u8> {
        let stream = self.stream.as_mut().unwrap();
        read(most, within, |buffer, left| {
            stream.set_read_timeout(Some(left)).unwrap();
            match stream.read(buffer) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                Err(error) => panic!("{error}"),
            }
        })
    }

    fn read_to_end(&mut self, within: Duration) -> (Vec<u8>, Ended) {
        let stream = self.stream.as_mut().unwrap();
        stream.set_read_timeout(Some(within)).unwrap();
        let mut got = Vec::new();
        let ended = match stream.read_to_end(&mut got) {
            Ok(_) => Ended::InOrder,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ended::Reset,
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ended::Open,
            Err(error) => panic!("{error}"),
        };
        (got, ended)
    }

    fn unplug(&mut self) {
        // Half-open: no FIN, no reset, nothing ever again.
        if !self.silent {
            self.stream = None;
        }
    }
}

/// A link is the other end of a link.
pub struct LinkFar<L> {
    pub link: L,
    /// The path of a pseudo-terminal is given to the next one that any program opens, unless somebody holds it.
    held: Option<File>,
}

impl<L> LinkFar<L> {
    pub const fn new(link: L) -> Self {
        Self { link, held: None }
    }
}

/// Pulls the plug, and keeps other tests from getting the path as long as the file is held.
pub fn pull(terminal: &mut PtyLink) -> File {
    let flags = rustix::fs::OFlags::NOCTTY.bits().cast_signed();
    let held = File::options().read(true).custom_flags(flags).open(terminal.path().unwrap()).unwrap();
    terminal.close();
    held
}

/// Links that can be unplugged.
pub trait Plug: Link {
    /// Breaks the line.
    fn pull(&mut self) -> Option<File>;
}

impl Plug for PtyLink {
    fn pull(&mut self) -> Option<File> {
        Some(pull(self))
    }
}

impl Plug for SerialLink {
    fn pull(&mut self) -> Option<File> {
        self.close();
        None
    }
}

impl<L: Plug> Peer for LinkFar<L> {
    fn write(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let count = self.link.send(bytes, Duration::from_secs(10)).unwrap();
            bytes = &bytes[count..];
        }
    }

    fn read(&mut self, most: usize, within: Duration) -> Vec<u8> {
        read(most, within, |buffer, left| match self.link.receive(buffer, left) {
            Ok(Received::Bytes(count)) => count,
            other => {
                assert_eq!(other, Ok(Received::Nothing));
                0
            }
        })
    }

    fn unplug(&mut self) {
        self.held = self.link.pull();
    }
}

/// Reads until there is enough or the time is over.
pub fn read(most: usize, within: Duration, mut some: impl FnMut(&mut [u8], Duration) -> usize) -> Vec<u8> {
    let start = Instant::now();
    let mut got = vec![0; most];
    let mut length = 0;
    while length < most {
        let left = within.saturating_sub(start.elapsed());
        if left.is_zero() {
            break;
        }
        length += some(&mut got[length..], left);
    }
    got.truncate(length);
    got
}
