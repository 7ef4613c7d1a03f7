//! TCP.

use std::io::{ErrorKind, Read};
use std::net::SocketAddr;
use std::time::Duration;
use std::vec::Vec;

use ::tokio::io::{AsyncReadExt, AsyncWriteExt};
use ::tokio::net::{TcpSocket, TcpStream};
use ::tokio::sync::oneshot;
use ::tokio::time::timeout;
use socket2::SockRef;

use super::at_least_a_millisecond;
use crate::deadline::Deadline;
use crate::tcp::{Shares, TcpAddress, abort, close_in_order, is_own_end, look_up, not_connected, socket};
use crate::{AsyncLink, ConnectError, DrainError, ReceiveError, Received, SendError};

/// A connection to a terminal that listens on TCP; what [`tcp::TcpLink`](crate::tcp::TcpLink) says of it holds here.
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

    /// The address.
    #[must_use]
    pub const fn address(&self) -> &TcpAddress {
        &self.address
    }

    /// The socket addresses of the host.
    async fn resolve(&self, within: Duration) -> Result<Vec<SocketAddr>, ConnectError> {
        if let Some(addresses) = &self.resolved {
            return Ok(addresses.clone());
        }
        let (sender, receiver) = oneshot::channel();
        look_up(&self.address, move |found| {
            // The receiver is gone when the time was over first.
            let _ = sender.send(found);
        })?;
        let found = timeout(within, receiver).await.map_err(|_| ConnectError::TimedOut)?;
        found.map_err(|_| ConnectError::Other)?
    }
}

/// Connects to one address. However the attempt fails, also when the future is dropped, it is aborted.
async fn connect(address: SocketAddr, within: Duration) -> Result<TcpStream, ConnectError> {
    let socket = socket(&address).map_err(|_| ConnectError::Other)?;
    // No fast open: the request must not travel with the handshake.
    let connecting = TcpSocket::from_std_stream(socket.into()).connect(address);
    let opened = timeout(within, connecting).await.map_err(|_| ConnectError::TimedOut)?;
    let stream = opened.map_err(|error| not_connected(&error))?;
    if is_own_end(&stream).map_err(|error| not_connected(&error))? {
        return Err(ConnectError::Refused);
    }
    Ok(stream)
}

/// Receives what is there now, from the system itself: the runtime learns of it only when it next asks, after a millisecond at
/// the earliest.
fn look(stream: &TcpStream, buffer: &mut [u8]) -> Result<Received, ReceiveError> {
    match (&*SockRef::from(stream)).read(buffer) {
        Ok(0) => Ok(Received::Closed),
        Ok(count) => Ok(Received::Bytes(count)),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
            Ok(Received::Nothing)
        }
        Err(_) => Err(ReceiveError),
    }
}

impl AsyncLink for TcpLink {
    async fn connect(&mut self, within: Duration) -> Result<(), ConnectError> {
        self.abort().await;
        let deadline = Deadline::after(within);
        let mut last = ConnectError::NameNotResolved;
        for (address, share) in Shares::new(self.resolve(within).await?, deadline) {
            match connect(address, share).await {
                Ok(stream) => {
                    self.stream = Some(stream);
                    return Ok(());
                }
                Err(error) => last = error,
            }
        }
        Err(last)
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
        if within.is_zero() {
            return look(stream, buffer);
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
        if let Some(stream) = self.stream.take() {
            close_in_order(&stream);
        }
    }

    async fn abort(&mut self) {
        if let Some(stream) = self.stream.take() {
            abort(&stream);
        }
    }

    fn peer(&self) -> Option<SocketAddr> {
        self.stream.as_ref()?.peer_addr().ok()
    }
}
