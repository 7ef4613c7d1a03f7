//! A serial port as a link.

use std::thread;
use std::time::{Duration, Instant};

use super::SerialAddress;
use super::open::open_within;
use super::pace::Pace;
#[cfg(not(unix))]
use super::port_other::Port;
#[cfg(unix)]
use super::port_unix::Port;
use crate::deadline::Deadline;
use crate::{ConnectError, DrainError, Link, ReceiveError, Received, SendError};

/// A serial or USB port of the system.
///
/// * Opened for this program alone (`TIOCEXCL` and a file lock under Unix, no sharing under Windows): a second till gets
///   [`ConnectError::PortBusy`]. Pseudo-terminals are not, since there a killed program would shut out all later ones.
/// * Raw: no echo, no line ends, no flow control. DTR and RTS are as the system sets them.
/// * A write takes what the port takes at once; no stuck device or driver holds it beyond its deadline. Windows does not
///   say what a write that ran out of time has done: there it is [`SendError::Uncertain`].
/// * [`drain`](Link::drain) waits for the system's queue, and for the time that the bytes take at the speed of the line,
///   because some wait in the chip, where no system counts them.
/// * A port that goes (cable, base, restart) is an error of `send` and `receive`; [`Link::connect`] opens it again when
///   it is back.
/// * [`close`](Link::close) gives bytes on their way a tenth of a second and drops the rest; otherwise closing would wait
///   for them, half a minute on some systems.
///
/// ```
/// use caisse_hal::serial::SerialLink;
/// use caisse_hal::{ConnectError, Link};
/// use core::time::Duration;
///
/// let mut link = SerialLink::new("serial:/dev/no-such-port".parse()?);
/// assert_eq!(link.connect(Duration::from_secs(1)), Err(ConnectError::PortNotFound));
/// # Ok::<(), caisse_hal::serial::SerialAddressError>(())
/// ```
#[derive(Debug)]
pub struct SerialLink {
    address: SerialAddress,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    port: Port,
    pace: Pace,
}

/// How long `close` lets bytes leave.
pub(crate) const CLOSING: Duration = Duration::from_millis(100);

/// How often a queue is looked at.
pub(crate) const LOOK: Duration = Duration::from_millis(2);

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
    fn drain(&self, within: Duration) -> Result<(), DrainError> {
        let deadline = Deadline::after(within);
        loop {
            let queued = self.port.queued().map_err(|_| DrainError::Closed)?;
            let wait = match (queued, self.pace.left(Instant::now())) {
                (0, Duration::ZERO) => return Ok(()),
                (0, left) => left,
                (_, left) => left.max(LOOK),
            };
            if deadline.is_over() {
                return Err(DrainError::TimedOut);
            }
            thread::sleep(wait.min(deadline.left()));
        }
    }
}

impl Link for SerialLink {
    fn connect(&mut self, within: Duration) -> Result<(), ConnectError> {
        self.connect_unless(within, &|| false)
    }

    fn connect_unless(
        &mut self,
        within: Duration,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<(), ConnectError> {
        self.close();
        let port = open_within(&self.address, within, is_stopped, Port::open)?;
        self.open = Some(Open { port, pace: Pace::new(self.address.line()) });
        Ok(())
    }

    fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError> {
        let open = self.open.as_mut().ok_or(SendError::Closed)?;
        if bytes.is_empty() {
            return Ok(0);
        }
        match open.port.write(bytes, Deadline::after(within)) {
            Ok(Some(0)) | Err(_) => Err(SendError::Closed),
            Ok(Some(count)) => {
                open.pace.accepted(Instant::now(), count);
                Ok(count)
            }
            Ok(None) => Err(if cfg!(unix) { SendError::TimedOut } else { SendError::Uncertain }),
        }
    }

    fn drain(&mut self, within: Duration) -> Result<(), DrainError> {
        self.open.as_ref().ok_or(DrainError::Closed)?.drain(within)
    }

    fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        let open = self.open.as_mut().ok_or(ReceiveError)?;
        if buffer.is_empty() {
            return Ok(Received::Nothing);
        }
        match open.port.read(buffer, Deadline::after(within)) {
            // A line has no end in order: a read of nothing is a port that has gone.
            Ok(Some(0)) | Err(_) => Err(ReceiveError),
            Ok(Some(count)) => Ok(Received::Bytes(count)),
            Ok(None) => Ok(Received::Nothing),
        }
    }

    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            // Most often nothing is left, and this takes no time.
            let _ = open.drain(CLOSING);
            open.port.discard_output();
        }
    }
}

impl Drop for SerialLink {
    fn drop(&mut self) {
        self.close();
    }
}
