//! TCP through the standard library.

use std::borrow::ToOwned;
use std::fmt;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
use std::str::FromStr;
use std::string::String;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use std::vec::Vec;

use crate::deadline::Deadline;
use crate::{ConnectError, DrainError, Link, ReceiveError, Received, SendError};

/// The port on which terminals listen unless they are set up otherwise.
pub const DEFAULT_PORT: u16 = 8888;

/// The address of a terminal: `tcp://HOST:PORT`, where `:PORT` may be left out for 8888 and an IPv6 address stands in
/// brackets.
///
/// ```
/// use caisse_hal::tcp::TcpAddress;
///
/// let address: TcpAddress = "tcp://192.168.1.50".parse()?;
/// assert_eq!((address.host(), address.port()), ("192.168.1.50", 8888));
/// assert!("tcp://counter:99999".parse::<TcpAddress>().is_err());
/// # Ok::<(), caisse_hal::tcp::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TcpAddress {
    host: String,
    port: u16,
}

/// The text is not the address of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address: expected tcp://HOST:PORT, such as tcp://192.168.1.50:8888")]
pub struct AddressError;

impl TcpAddress {
    /// An address from its parts.
    #[must_use]
    pub fn new(host: &str, port: u16) -> Self {
        Self { host: host.to_owned(), port }
    }

    /// The name or number of the host, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Every socket address that the host has now.
    ///
    /// # Errors
    /// When it has none, or finding it out takes too long.
    pub fn resolve(&self, within: Duration) -> Result<Vec<SocketAddr>, ConnectError> {
        if let Ok(number) = self.host.parse::<IpAddr>() {
            return Ok([SocketAddr::new(number, self.port)].into());
        }
        // The system's resolver has no deadline: it runs in a thread of its own and may be left behind.
        let (sender, receiver) = mpsc::channel();
        let target = (self.host.clone(), self.port);
        let resolver = thread::Builder::new().name("resolve".to_owned());
        let spawned = resolver.spawn(move || {
            let found = target.to_socket_addrs().map(Iterator::collect);
            // Nobody waits any more when this fails.
            let _ = sender.send(found);
        });
        spawned.map_err(|_| ConnectError::Other)?;
        match receiver.recv_timeout(within) {
            Ok(Ok(addresses)) => Ok(addresses),
            Ok(Err(_)) => Err(ConnectError::NameNotResolved),
            Err(_) => Err(ConnectError::TimedOut),
        }
    }
}

impl FromStr for TcpAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let authority = text.strip_prefix("tcp://").ok_or(AddressError)?;
        let (host, port) = match authority.strip_prefix('[') {
            Some(bracketed) => {
                let (host, rest) = bracketed.split_once(']').ok_or(AddressError)?;
                host.parse::<std::net::Ipv6Addr>().map_err(|_| AddressError)?;
                (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':').ok_or(AddressError)?) })
            }
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        let forbidden =
            |byte: u8| !byte.is_ascii_graphic() || matches!(byte, b'/' | b'?' | b'#' | b'@' | b'[' | b']');
        if host.is_empty() || host.bytes().any(forbidden) {
            return Err(AddressError);
        }
        let port = match port {
            None => DEFAULT_PORT,
            // `parse` alone would take a sign.
            Some(port) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
                port.parse().map_err(|_| AddressError)?
            }
            Some(_) => return Err(AddressError),
        };
        if port == 0 { Err(AddressError) } else { Ok(Self::new(host, port)) }
    }
}

impl fmt::Display for TcpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "tcp://[{host}]:{port}") } else { write!(f, "tcp://{host}:{port}") }
    }
}

/// A connection to a terminal that listens on TCP. One connection is one transaction.
#[derive(Debug)]
pub struct TcpLink {
    address: TcpAddress,
    stream: Option<TcpStream>,
}

impl TcpLink {
    /// A link to this address, not yet open.
    #[must_use]
    pub const fn new(address: TcpAddress) -> Self {
        Self { address, stream: None }
    }

    /// A link over a connection that is already open.
    ///
    /// # Errors
    /// When the system refuses the settings that a payment needs.
    pub fn from_stream(stream: TcpStream) -> std::io::Result<Self> {
        let peer = stream.peer_addr()?;
        stream.set_nodelay(true)?;
        Ok(Self {
            address: TcpAddress::new(&std::format!("{}", peer.ip()), peer.port()),
            stream: Some(stream),
        })
    }

    /// The address.
    #[must_use]
    pub const fn address(&self) -> &TcpAddress {
        &self.address
    }

    /// Tells the peer that nothing more will be sent, and goes on receiving.
    pub fn finish_sending(&mut self) {
        if let Some(stream) = &self.stream {
            // A peer that has gone needs no telling.
            let _ = stream.shutdown(Shutdown::Write);
        }
    }
}

/// Why the system did not connect.
pub(crate) fn not_connected(error: &std::io::Error) -> ConnectError {
    match error.kind() {
        ErrorKind::ConnectionRefused => ConnectError::Refused,
        ErrorKind::TimedOut | ErrorKind::WouldBlock => ConnectError::TimedOut,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            ConnectError::Unreachable
        }
        _ => ConnectError::Other,
    }
}

/// The standard library takes zero for "no deadline at all".
fn at_least_a_millisecond(time: Duration) -> Duration {
    time.max(Duration::from_millis(1))
}

/// Nothing happened, or a signal came first.
fn is_silence(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// What is there now. A deadline of a millisecond takes eight: the system rounds it up to its own ticks.
fn look(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<Received, ReceiveError> {
    stream.set_nonblocking(true).map_err(|_| ReceiveError)?;
    let read = stream.read(buffer);
    stream.set_nonblocking(false).map_err(|_| ReceiveError)?;
    match read {
        Ok(0) => Ok(Received::Closed),
        Ok(count) => Ok(Received::Bytes(count)),
        Err(error) if is_silence(&error) => Ok(Received::Nothing),
        Err(_) => Err(ReceiveError),
    }
}

impl Link for TcpLink {
    fn connect(&mut self, within: Duration) -> Result<(), ConnectError> {
        self.close();
        let deadline = Deadline::after(within);
        let mut last = ConnectError::NameNotResolved;
        for address in self.address.resolve(within)? {
            let left = deadline.left();
            if left.is_zero() {
                return Err(ConnectError::TimedOut);
            }
            // No fast open: the request must not travel with the handshake.
            match TcpStream::connect_timeout(&address, left) {
                Ok(stream) => {
                    stream.set_nodelay(true).map_err(|_| ConnectError::Other)?;
                    self.stream = Some(stream);
                    return Ok(());
                }
                Err(error) => {
                    last = not_connected(&error);
                }
            }
        }
        Err(last)
    }

    fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError> {
        let stream = self.stream.as_mut().ok_or(SendError::Closed)?;
        if bytes.is_empty() {
            return Ok(0);
        }
        let deadline = Deadline::after(within);
        loop {
            let left = at_least_a_millisecond(deadline.left());
            stream.set_write_timeout(Some(left)).map_err(|_| SendError::Closed)?;
            return match stream.write(bytes) {
                Ok(0) => Err(SendError::Closed),
                Ok(accepted) => Ok(accepted),
                // A signal came before any byte was accepted.
                Err(error) if error.kind() == ErrorKind::Interrupted && !deadline.is_over() => continue,
                Err(error) if is_silence(&error) => {
                    // Winsock leaves it open what a timed-out send has done.
                    Err(if cfg!(windows) { SendError::Uncertain } else { SendError::TimedOut })
                }
                Err(_) => Err(SendError::Closed),
            };
        }
    }

    fn drain(&mut self, _: Duration) -> Result<(), DrainError> {
        // What was accepted is the system's, which does not say when it leaves.
        if self.stream.is_some() { Ok(()) } else { Err(DrainError::Closed) }
    }

    fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        let stream = self.stream.as_mut().ok_or(ReceiveError)?;
        if buffer.is_empty() {
            return Ok(Received::Nothing);
        }
        if within.is_zero() {
            return look(stream, buffer);
        }
        let deadline = Deadline::after(within);
        loop {
            let left = at_least_a_millisecond(deadline.left());
            stream.set_read_timeout(Some(left)).map_err(|_| ReceiveError)?;
            match stream.read(buffer) {
                Ok(0) => return Ok(Received::Closed),
                Ok(count) => return Ok(Received::Bytes(count)),
                Err(error) if !is_silence(&error) => return Err(ReceiveError),
                Err(_) if deadline.is_over() => return Ok(Received::Nothing),
                Err(_) => {}
            }
        }
    }

    fn close(&mut self) {
        self.stream = None;
    }
}
