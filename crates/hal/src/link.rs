//! The traits that a driver asks for.

use core::net::SocketAddr;
use core::time::Duration;

use caisse_link::Instant;

use crate::{ConnectError, DrainError, ReceiveError, Received, SendError};

/// A way to a terminal: bytes with deadlines.
///
/// # Contract
///
/// * **Deadlines.** No call takes longer than the time it is given, whatever the other end, a cable or a driver does.
///   With no time at all a call does what can be done at once.
/// * **No byte twice.** A byte handed over is handed over once: nothing is repeated, not by a lost acknowledgement, not
///   by opening the link again.
/// * **Nothing kept.** Once [`send`](Link::send) has returned, what it accepted travels on its own: it needs no further
///   call.
/// * **Bytes as they are.** Eight bits each, in order; no line ends translated, no control characters obeyed, no echo.
/// * **Open and closed.** A link begins closed. On a closed link `send` and `drain` say `Closed`, `receive` is an error,
///   and `close` and `abort` do nothing. A closed link, or one whose connection broke, can be opened again.
/// * **Two ways to end.** `close` lets what was accepted arrive. `abort`, dropping the link, and the end of the process
///   throw away what still waits in this machine, where the line has such an end (TCP).
/// * **Nothing waits for ever.** What was accepted and cannot be delivered is thrown away after a minute, also while the link
///   stays open, where the system has such a limit (TCP on Linux and Android).
///
/// The feature `conformance` has the suite that checks an implementation against this.
pub trait Link {
    /// Opens the connection, and closes an open one before. Opening sends no byte of its own.
    ///
    /// # Errors
    /// When it does not open within the time; then nothing was sent and the link is closed.
    fn connect(&mut self, within: Duration) -> Result<(), ConnectError>;

    /// As [`connect`](Link::connect), and gives up within a tenth of a second after `is_stopped` returns `true`. The default
    /// asks only before it connects.
    ///
    /// # Errors
    /// As [`connect`](Link::connect), and [`ConnectError::Cancelled`].
    fn connect_unless(
        &mut self,
        within: Duration,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<(), ConnectError> {
        if is_stopped() {
            self.abort();
            return Err(ConnectError::Cancelled);
        }
        self.connect(within)
    }

    /// Hands bytes to the system in one write and says how many it accepted, at least one (none if there are none to
    /// send). What was accepted may reach the terminal whatever happens later, also while the link is closed. The rest
    /// was not accepted, and is the caller's to send or not.
    ///
    /// # Errors
    /// When the system accepted no byte of this call; only [`SendError::Uncertain`] says that this is not certain.
    fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError>;

    /// Waits until all that was accepted has left this machine for the line, as far as the system can know: on a serial
    /// line until the last stop bit, or the hand-over to the USB device. Timers for an acknowledgement start here, since
    /// a frame at 1200 baud takes longer than such a timer. On TCP, where no such moment exists, it returns at once.
    ///
    /// # Errors
    /// When bytes still wait after this time, or the link is closed or broken. This takes nothing back: what was accepted
    /// may still reach the terminal.
    fn drain(&mut self, within: Duration) -> Result<(), DrainError>;

    /// Takes what has come, waiting this long for a first byte and never for a second. With no time at all it takes only
    /// what is there: repeated until [`Received::Nothing`] it empties the line of what is stale. Without room in the
    /// buffer it does nothing and says [`Received::Nothing`].
    ///
    /// # Errors
    /// When the connection broke, or is closed on this side. What had come before was delivered by earlier calls.
    fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError>;

    /// Closes the connection in order, within a fraction of a second: what was accepted still arrives. Harmless when it is
    /// closed. On a serial line what was not drained may be lost: drain first what must arrive.
    fn close(&mut self);

    /// Closes the connection at once and throws away what still waits in this machine, so that nothing of it arrives later.
    /// An abort proves nothing: the terminal may have received what was accepted, or may still read it from its own queue.
    /// The default closes, which is right for a line without such an end. A link that wraps another forwards this call.
    fn abort(&mut self) {
        self.close();
    }

    /// Returns the address to which the link is connected, where it has one. A link that wraps another forwards this call.
    fn peer(&self) -> Option<SocketAddr> {
        None
    }
}

impl<L: Link + ?Sized> Link for &mut L {
    fn connect(&mut self, within: Duration) -> Result<(), ConnectError> {
        (**self).connect(within)
    }

    fn connect_unless(
        &mut self,
        within: Duration,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<(), ConnectError> {
        (**self).connect_unless(within, is_stopped)
    }

    fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError> {
        (**self).send(bytes, within)
    }

    fn drain(&mut self, within: Duration) -> Result<(), DrainError> {
        (**self).drain(within)
    }

    fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        (**self).receive(buffer, within)
    }

    fn close(&mut self) {
        (**self).close();
    }

    fn abort(&mut self) {
        (**self).abort();
    }

    fn peer(&self) -> Option<SocketAddr> {
        (**self).peer()
    }
}

/// A monotonic clock.
pub trait Clock {
    /// The moment. Never earlier than one it gave before.
    fn now(&self) -> Instant;
}

impl<C: Clock + ?Sized> Clock for &C {
    fn now(&self) -> Instant {
        (**self).now()
    }
}
