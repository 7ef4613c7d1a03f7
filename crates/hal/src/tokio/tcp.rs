//! TCP.

use std::time::Duration;

use ::tokio::io::{AsyncReadExt, AsyncWriteExt};
use ::tokio::net::{TcpStream, lookup_host};
use ::tokio::time::timeout;

use super::at_least_a_millisecond;
use crate::tcp::{TcpAddress, not_connected};
use crate::{AsyncLink, ConnectError, DrainError, ReceiveError, Received, SendError};

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

    /// The address.
    #[must_use]
    pub const fn address(&self) -> &TcpAddress {
        &self.address
    }
}

/// The first of the host's addresses that answers.
async fn open(address: &TcpAddress) -> Result<TcpStream, ConnectError> {
    let target = (address.host(), address.port());
    let found = lookup_host(target).await.map_err(|_| ConnectError::NameNotResolved)?;
    let mut last = ConnectError::NameNotResolved;
    for address in found {
        // No fast open: the request must not travel with the handshake.
        match TcpStream::connect(address).await {
            Ok(stream) => {
                stream.set_nodelay(true).map_err(|_| ConnectError::Other)?;
                return Ok(stream);
            }
            Err(error) => last = not_connected(&error),
        }
    }
    Err(last)
}

impl AsyncLink for TcpLink {
    async fn connect(&mut self, within: Duration) -> Result<(), ConnectError> {
        self.stream = None;
        let opened = timeout(within, open(&self.address)).await;
        self.stream = Some(opened.map_err(|_| ConnectError::TimedOut)??);
        Ok(())
    }

    async fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError> {
        let stream = self.stream.as_mut().ok_or(SendError::Closed)?;
        if bytes.is_empty() {
            return Ok(0);
        }
        // A write that has not come to its end has accepted nothing.
        match timeout(at_least_a_millisecond(within), stream.write(bytes)).await {
            Err(_) => Err(SendError::TimedOut),
            Ok(Ok(0) | Err(_)) => Err(SendError::Closed),
            Ok(Ok(count)) => Ok(count),
        }
    }

    async fn drain(&mut self, _: Duration) -> Result<(), DrainError> {
        // What was accepted is the system's, which does not say when it leaves.
        if self.stream.is_some() { Ok(()) } else { Err(DrainError::Closed) }
    }

    async fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        let stream = self.stream.as_mut().ok_or(ReceiveError)?;
        if buffer.is_empty() {
            return Ok(Received::Nothing);
        }
        // A read that has not come to its end has taken nothing.
        match timeout(at_least_a_millisecond(within), stream.read(buffer)).await {
            Err(_) => Ok(Received::Nothing),
            Ok(Ok(0)) => Ok(Received::Closed),
            Ok(Ok(count)) => Ok(Received::Bytes(count)),
            Ok(Err(_)) => Err(ReceiveError),
        }
    }

    async fn close(&mut self) {
        self.stream = None;
    }
}
