//! Serial and USB ports.

use std::time::{Duration, Instant};

use ::tokio::io::{AsyncReadExt, AsyncWriteExt};
use ::tokio::task::spawn_blocking;
use ::tokio::time::{sleep, timeout};
use ::tokio_serial::{ClearBuffer, SerialPort, SerialStream};

use super::at_least_a_millisecond;
use crate::deadline::Deadline;
use crate::serial::{CLOSING, LOOK, Pace, SerialAddress, connect_error, settings};
use crate::{AsyncLink, ConnectError, DrainError, ReceiveError, Received, SendError};

/// A serial or USB port of the system; what [`serial::SerialLink`](crate::serial::SerialLink) says of it holds here.
#[derive(Debug)]
pub struct SerialLink {
    address: SerialAddress,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    port: SerialStream,
    pace: Pace,
}

impl SerialLink {
    /// A link to this port, not yet open.
    #[must_use]
    pub const fn new(address: SerialAddress) -> Self {
        Self { address, open: None }
    }

    /// The address.
    #[must_use]
    pub const fn address(&self) -> &SerialAddress {
        &self.address
    }
}

impl Open {
    async fn drain(&self, within: Duration) -> Result<(), DrainError> {
        let deadline = Deadline::after(within);
        loop {
            let queued = self.port.bytes_to_write().map_err(|_| DrainError::Closed)?;
            let wait = match (queued, self.pace.left(Instant::now())) {
                (0, Duration::ZERO) => return Ok(()),
                (0, left) => left,
                (_, left) => left.max(LOOK),
            };
            if deadline.is_over() {
                return Err(DrainError::TimedOut);
            }
            sleep(wait.min(deadline.left())).await;
        }
    }
}

/// Closing must not wait for what has not left, also when a future is dropped half-way.
impl Drop for Open {
    fn drop(&mut self) {
        // What does not wait has left, and must not be called back: on a pseudo-terminal a flush would.
        if self.port.bytes_to_write().is_ok_and(|queued| queued > 0) {
            // A port that has gone has nothing to throw away.
            let _ = self.port.clear(ClearBuffer::Output);
        }
    }
}

impl AsyncLink for SerialLink {
    async fn connect(&mut self, within: Duration) -> Result<(), ConnectError> {
        self.close().await;
        let builder = settings(&self.address);
        // Opening blocks, and has no deadline of its own. A port that opens when nobody waits any more is closed at once.
        let opening = spawn_blocking(move || SerialStream::open(&builder));
        let opened = timeout(within, opening).await;
        let opened = opened.map_err(|_| ConnectError::TimedOut)?.map_err(|_| ConnectError::Other)?;
        let port = opened.map_err(|error| connect_error(&error, &self.address))?;
        self.open = Some(Open { port, pace: Pace::new(self.address.line()) });
        Ok(())
    }

    async fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError> {
        let open = self.open.as_mut().ok_or(SendError::Closed)?;
        if bytes.is_empty() {
            return Ok(0);
        }
        // Under Unix a write that has not come to its end has accepted nothing.
        match timeout(at_least_a_millisecond(within), open.port.write(bytes)).await {
            Err(_) => Err(if cfg!(unix) { SendError::TimedOut } else { SendError::Uncertain }),
            Ok(Ok(0) | Err(_)) => Err(SendError::Closed),
            Ok(Ok(count)) => {
                open.pace.accepted(Instant::now(), count);
                Ok(count)
            }
        }
    }

    async fn drain(&mut self, within: Duration) -> Result<(), DrainError> {
        self.open.as_ref().ok_or(DrainError::Closed)?.drain(within).await
    }

    async fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        let open = self.open.as_mut().ok_or(ReceiveError)?;
        if buffer.is_empty() {
            return Ok(Received::Nothing);
        }
        // A read that has not come to its end has taken nothing.
        match timeout(at_least_a_millisecond(within), open.port.read(buffer)).await {
            Err(_) => Ok(Received::Nothing),
            // A line has no end in order: a read of nothing is a port that has gone.
            Ok(Ok(0) | Err(_)) => Err(ReceiveError),
            Ok(Ok(count)) => Ok(Received::Bytes(count)),
        }
    }

    async fn close(&mut self) {
        if let Some(open) = self.open.take() {
            // Most often nothing is left, and this takes no time.
            let _ = open.drain(CLOSING).await;
        }
    }
}
