//! Whether an address can lead to a real terminal.

use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use caisse::{Address, CancelHandle, TcpAddress, is_pseudo_terminal};

/// The time for connecting, resolving included.
const CONNECT: Duration = Duration::from_secs(10);

/// How long resolving may take without a word. A name that is wrong usage is told without an event.
const SILENT: Duration = Duration::from_secs(1);

/// What is known of where an address leads.
pub(crate) enum Reach {
    /// Only this machine answers there: the loopback, or a pseudo-terminal.
    Harmless,
    /// Perhaps a real terminal.
    Real,
    /// A host name, which has to be resolved.
    Name,
}

impl Reach {
    /// What the address itself says. Nothing is resolved.
    pub(crate) fn of(address: &Address) -> Self {
        let harmless = match address {
            Address::Tcp(tcp) => match tcp.number() {
                Some(number) => is_loopback(&number),
                None => return Self::Name,
            },
            Address::Serial(serial) => is_pseudo_terminal(serial.path()),
        };
        if harmless { Self::Harmless } else { Self::Real }
    }
}

/// The addresses of a host name. They are resolved once: what is found harmless here is what is connected.
pub(crate) struct Resolved {
    pub(crate) addresses: Vec<SocketAddr>,
    /// How much of the time for connecting is left.
    pub(crate) left: Duration,
    pub(crate) is_announced: bool,
}

impl Resolved {
    /// Resolves the host within the time for connecting; none if a stop is requested first. `announce` is called when this
    /// takes longer than a second.
    pub(crate) fn find(address: &TcpAddress, cancel: &CancelHandle, announce: &dyn Fn()) -> Self {
        let start = Instant::now();
        let is_announced = Cell::new(false);
        let found = address.resolve_unless(CONNECT, &|| {
            if start.elapsed() > SILENT && !is_announced.replace(true) {
                announce();
            }
            cancel.is_requested()
        });
        Self {
            is_announced: is_announced.get(),
            addresses: found.unwrap_or_default(),
            left: CONNECT.saturating_sub(start.elapsed()),
        }
    }

    /// Whether nothing but this machine answers at any of the addresses. What could not be found out may be a real terminal.
    pub(crate) fn is_harmless(&self) -> bool {
        !self.addresses.is_empty() && self.addresses.iter().all(is_loopback)
    }
}

fn is_loopback(address: &SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// Whether the host is this machine by one of its three usual names, which are one terminal. Nothing is resolved.
pub(crate) fn is_this_machine(address: &TcpAddress) -> bool {
    match address.number().map(|number| number.ip().to_canonical()) {
        Some(IpAddr::V4(number)) => number == Ipv4Addr::LOCALHOST,
        Some(IpAddr::V6(number)) => number == Ipv6Addr::LOCALHOST,
        None => address.host().eq_ignore_ascii_case("localhost"),
    }
}
