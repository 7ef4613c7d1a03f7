//! Links over the byte ports of `embedded-io` 0.7, for programs without an operating system. They need neither std nor an
//! allocator.
//!
//! Those traits know no deadline: a read waits for ever. So each wait is made here, from what the port can say
//! ([`ReadReady`](embedded_io::ReadReady) and a clock), or beside a delay that runs at the same time.

#[cfg(feature = "embedded-io-async")]
mod asynchronous;
#[cfg(feature = "embedded-io")]
mod blocking;

#[cfg(feature = "embedded-io-async")]
pub use asynchronous::AsyncPortLink;
#[cfg(feature = "embedded-io")]
pub use blocking::PortLink;

use embedded_io::ErrorKind;

/// Whether a port that says this is gone. Anything else is noise on the line (parity, framing, overrun): the byte is
/// lost, as the protocol's check byte will show, and the line goes on.
const fn is_gone(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::BrokenPipe
            | ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::NotConnected
            | ErrorKind::NotFound
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_told_from_a_port_that_is_gone() {
        use ErrorKind as K;
        for kind in [K::BrokenPipe, K::ConnectionAborted, K::ConnectionReset, K::NotConnected, K::NotFound] {
            assert!(is_gone(kind), "{kind:?}");
        }
        for kind in [K::Other, K::InvalidData, K::Interrupted, K::TimedOut, K::OutOfMemory, K::InvalidInput] {
            assert!(!is_gone(kind), "{kind:?}");
        }
    }
}
