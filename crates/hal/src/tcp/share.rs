//! The time for connecting, shared by the addresses of a host.

use std::net::SocketAddr;
use std::time::Duration;
use std::vec::{IntoIter, Vec};

use crate::deadline::Deadline;

/// The addresses of a host, one after the other, each with its share of the time that is left.
#[derive(Debug)]
pub(crate) struct Shares {
    addresses: IntoIter<SocketAddr>,
    deadline: Deadline,
}

impl Shares {
    pub(crate) fn new(addresses: Vec<SocketAddr>, deadline: Deadline) -> Self {
        Self { addresses: addresses.into_iter(), deadline }
    }
}

impl Iterator for Shares {
    type Item = (SocketAddr, Duration);

    fn next(&mut self) -> Option<Self::Item> {
        let waiting = u32::try_from(self.addresses.len()).unwrap_or(u32::MAX);
        let address = self.addresses.next()?;
        // What an address does not need is left to those after it.
        Some((address, self.deadline.left().checked_div(waiting).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[test]
    fn two_addresses_get_half_of_the_time_each_and_the_second_what_is_left() {
        const TIME: Duration = Duration::from_secs(10);
        let mut shares = Shares::new([address(1), address(2)].into(), Deadline::after(TIME));
        let (first, half) = shares.next().unwrap();
        assert_eq!(first, address(1));
        assert!(half <= TIME / 2 && half > TIME / 4, "{half:?}");
        // The first address has not used its share.
        let (second, rest) = shares.next().unwrap();
        assert_eq!(second, address(2));
        assert!(rest <= TIME && rest > TIME / 2, "{rest:?}");
        assert_eq!(shares.next(), None);
    }

    #[test]
    fn no_time_and_endless_time_are_shared_too() {
        let mut shares = Shares::new([address(1), address(2)].into(), Deadline::after(Duration::ZERO));
        assert_eq!(shares.next(), Some((address(1), Duration::ZERO)));
        let mut shares = Shares::new([address(1), address(2)].into(), Deadline::after(Duration::MAX));
        assert_eq!(shares.next(), Some((address(1), Duration::MAX / 2)));
    }
}
