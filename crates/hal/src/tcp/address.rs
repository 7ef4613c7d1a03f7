//! Addresses on TCP, and the host's socket addresses.

use std::borrow::ToOwned;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::str::FromStr;
use std::string::String;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use std::vec::Vec;

use crate::ConnectError;
use crate::deadline::Deadline;

/// The port on which terminals listen unless they are set up otherwise.
pub const DEFAULT_PORT: u16 = 8888;

/// The address of a terminal: `tcp://HOST:PORT`, where `:PORT` may be left out for 8888 and an IPv6 address is written in
/// brackets. A host of numbers is an IPv4 address of four decimals: resolvers read `010` as eight, and `10.1` as
/// `10.0.0.1`.
///
/// ```
/// use caisse_hal::tcp::TcpAddress;
///
/// let address: TcpAddress = "tcp://192.168.1.50".parse()?;
/// assert_eq!((address.host(), address.port()), ("192.168.1.50", 8888));
/// assert!("tcp://counter:99999".parse::<TcpAddress>().is_err());
/// assert!("tcp://192.168.001.050".parse::<TcpAddress>().is_err());
/// # Ok::<(), caisse_hal::tcp::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TcpAddress {
    host: String,
    port: u16,
}

/// The text is not the address of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// The text does not have the form of an address.
    #[error("not an address: expected tcp://HOST:PORT, such as tcp://192.168.1.50:8888")]
    Form,
    /// The host consists of numbers and is not an IPv4 address.
    #[error(
        "a host of numbers must be four decimals from 0 to 255 without leading zeros, such as \
         tcp://192.168.1.50:8888: other forms can lead to another host"
    )]
    Number,
}

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

    /// The socket address, if the host is a number. No name is resolved.
    #[must_use]
    pub fn number(&self) -> Option<SocketAddr> {
        Some(SocketAddr::new(self.host.parse::<IpAddr>().ok()?, self.port))
    }

    /// Every socket address that the host has now.
    ///
    /// # Errors
    /// When it has none, or finding it out takes too long.
    pub fn resolve(&self, within: Duration) -> Result<Vec<SocketAddr>, ConnectError> {
        self.resolve_unless(within, &|| false)
    }

    /// As [`resolve`](Self::resolve), and ends within a tenth of a second after `is_stopped` returns `true`.
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve), and [`ConnectError::Cancelled`].
    pub fn resolve_unless(
        &self,
        within: Duration,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Vec<SocketAddr>, ConnectError> {
        let deadline = Deadline::after(within);
        let (sender, receiver) = mpsc::channel();
        look_up(self, move |found| {
            // The receiver is gone when the time was over first.
            let _ = sender.send(found);
        })?;
        deadline.receive(&receiver, is_stopped)?
    }
}

/// Finds the addresses of the host in a thread of its own, which may be left behind: the system's resolver has no deadline.
pub(crate) fn look_up(
    address: &TcpAddress,
    deliver: impl FnOnce(Result<Vec<SocketAddr>, ConnectError>) + Send + 'static,
) -> Result<(), ConnectError> {
    if let Some(number) = address.number() {
        deliver(Ok([number].into()));
        return Ok(());
    }
    if is_number(&address.host) {
        deliver(Err(ConnectError::NameNotResolved));
        return Ok(());
    }
    let target = (address.host.clone(), address.port);
    let resolver = thread::Builder::new().name("resolve".to_owned());
    let spawned = resolver.spawn(move || deliver(addresses_of(target.to_socket_addrs())));
    spawned.map(drop).map_err(|_| ConnectError::Other)
}

/// Each address once, in the order of the system.
fn addresses_of(
    found: io::Result<impl Iterator<Item = SocketAddr>>,
) -> Result<Vec<SocketAddr>, ConnectError> {
    let mut addresses = Vec::new();
    for address in found.map_err(|_| ConnectError::NameNotResolved)? {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() { Err(ConnectError::NameNotResolved) } else { Ok(addresses) }
}

/// Whether a resolver may take the host for a number: each part is one, decimal or hexadecimal, or is empty.
fn is_number(host: &str) -> bool {
    host.split('.').all(|part| {
        let hexadecimal = part.strip_prefix("0x").or_else(|| part.strip_prefix("0X"));
        part.bytes().all(|byte| byte.is_ascii_digit())
            || hexadecimal.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    })
}

impl FromStr for TcpAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let authority = text.strip_prefix("tcp://").ok_or(AddressError::Form)?;
        let (host, port) = match authority.strip_prefix('[') {
            Some(bracketed) => {
                let (host, rest) = bracketed.split_once(']').ok_or(AddressError::Form)?;
                host.parse::<Ipv6Addr>().map_err(|_| AddressError::Form)?;
                let port = rest.strip_prefix(':');
                (host, if rest.is_empty() { None } else { Some(port.ok_or(AddressError::Form)?) })
            }
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        let forbidden =
            |byte: u8| !byte.is_ascii_graphic() || matches!(byte, b'/' | b'?' | b'#' | b'@' | b'[' | b']');
        if host.is_empty() || host.bytes().any(forbidden) {
            return Err(AddressError::Form);
        }
        if is_number(host) && host.parse::<IpAddr>().is_err() {
            return Err(AddressError::Number);
        }
        let port = match port {
            None => DEFAULT_PORT,
            // `parse` alone would take a sign.
            Some(port) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
                port.parse().map_err(|_| AddressError::Form)?
            }
            Some(_) => return Err(AddressError::Form),
        };
        if port == 0 { Err(AddressError::Form) } else { Ok(Self::new(host, port)) }
    }
}

impl fmt::Display for TcpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "tcp://[{host}]:{port}") } else { write!(f, "tcp://{host}:{port}") }
    }
}
