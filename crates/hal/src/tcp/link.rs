//! The blocking link.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;
use std::vec::Vec;

use super::address::TcpAddress;
use super::open::{abort, close_in_order, connect};
use super::share::Shares;
use crate::deadline::Deadline;
use crate::{ConnectError, DrainError, Link, ReceiveError, Received, SendError};

/// A connection to a terminal that listens on TCP. One connection is one transaction.
///
/// The host is resolved once for each connection. Its addresses are tried one after the other, never two at once, and share
/// the time. Unless it is closed in order, a connection is aborted, also when the link is dropped or the process is killed.
#[derive(Debug)]
pub struct TcpLink {
    address: TcpAddress,
    /// The addresses of the host, if they are not to be resolved.
    resolved: Option<Vec<SocketAddr>>,
    stream: Option<TcpStream>,
}

impl TcpLink {
    /// A link to this address, not yet open.
    #[must_use]
    pub const fn new(address: TcpAddress) -> Self {
        Self { address, resolved: None, stream: None }
    }

    /// A link to the socket addresses that this address was resolved to. It never resolves the host again.
    #[must_use]
    pub const fn with_resolved(address: TcpAddress, resolved: Vec<SocketAddr>) -> Self {
        Self { address, resolved: Some(resolved), stream: None }
    }

    /// A link over a connection that is already open. Such a connection lingers as it did before: dropping the link closes
    /// it in order.
    ///
    /// # Errors
    /// When the system refuses the settings that a payment needs.
    pub fn from_stream(stream: TcpStream) -> std::io::Result<Self> {
        let peer = stream.peer_addr()?;
        stream.set_nodelay(true)?;
        Ok(Self {
            address: TcpAddress::new(&std::format!("{}", peer.ip()), peer.port()),
            resolved: None,
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
        self.connect_unless(within, &|| false)
    }

    fn connect_unless(
        &mut self,
        within: Duration,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<(), ConnectError> {
        self.abort();
        let deadline = Deadline::after(within);
        let addresses = match &self.resolved {
            Some(addresses) => addresses.clone(),
            None => self.address.resolve_unless(within, is_stopped)?,
        };
        let mut last = ConnectError::NameNotResolved;
        for (address, share) in Shares::new(addresses, deadline) {
            match connect(address, share, is_stopped) {
                Ok(stream) => {
                    self.stream = Some(stream);
                    return Ok(());
                }
                Err(ConnectError::Cancelled) => return Err(ConnectError::Cancelled),
                Err(error) => last = error,
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
        if let Some(stream) = self.stream.take() {
            close_in_order(&stream);
        }
    }

    fn abort(&mut self) {
        if let Some(stream) = self.stream.take() {
            abort(&stream);
        }
    }

    fn peer(&self) -> Option<SocketAddr> {
        self.stream.as_ref()?.peer_addr().ok()
    }
}
