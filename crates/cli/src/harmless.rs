//! Whether an address can lead to a real terminal.

use std::net::SocketAddr;
use std::time::Duration;

use caisse::{Address, is_pseudo_terminal};

/// How long a name may take to resolve before anything even begins.
const RESOLVE: Duration = Duration::from_secs(10);

/// Whether nothing but this machine answers there: the loopback, or a pseudo-terminal. What cannot be found out may be a
/// real terminal.
pub(crate) fn is_harmless(address: &Address) -> bool {
    match address {
        Address::Tcp(address) => address.resolve(RESOLVE).is_ok_and(|found| {
            !found.is_empty() && found.iter().map(SocketAddr::ip).all(|ip| ip.is_loopback())
        }),
        Address::Serial(address) => is_pseudo_terminal(address.path()),
    }
}
