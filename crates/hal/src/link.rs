//! The traits that a driver asks for.

use core::time::Duration;

use caisse_link::Instant;

/// A way to a terminal: bytes with deadlines. No call may block for longer than the time it is given, and none may send
/// a byte twice.
///
/// A link can be opened again after it was closed.
pub trait Link {
    /// Opens the connection.
    ///
    /// # Errors
    /// When it does not open within the time; then nothing was sent.
    fn connect(&mut self, within: Duration) -> Result<(), ConnectError>;

    /// Hands bytes to the system in one write and says how many it accepted, at least one. What was accepted may reach
    /// the terminal whatever happens later.
    ///
    /// # Errors
    /// When the system accepted no byte of this call; only [`SendError::Uncertain`] says that this is not certain.
    fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError>;

    /// Takes what has come, waiting for at most this long for a first byte. With no time at all it takes only what is
    /// there.
    ///
    /// # Errors
    /// When the connection broke. What had come before was delivered by earlier calls.
    fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError>;

    /// Closes the connection. Harmless when it is closed.
    fn close(&mut self);
}

impl<L: Link + ?Sized> Link for &mut L {
    fn connect(&mut self, within: Duration) -> Result<(), ConnectError> {
        (**self).connect(within)
    }

    fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, SendError> {
        (**self).send(bytes, within)
    }

    fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        (**self).receive(buffer, within)
    }

    fn close(&mut self) {
        (**self).close();
    }
}

/// A monotonic clock.
pub trait Clock {
    /// The moment. Never earlier than one it gave before.
    fn now(&self) -> Instant;
}

/// What a link received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// So many bytes, at least one, at the start of the buffer.
    Bytes(usize),
    /// Nothing within the time.
    Nothing,
    /// The terminal closed the connection in order; nothing more will come.
    Closed,
}

/// Why a connection did not open. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// Nobody listens there.
    #[error("the connection was refused")]
    Refused,
    /// There is no way there.
    #[error("the address cannot be reached")]
    Unreachable,
    /// No answer in time.
    #[error("no connection in time")]
    TimedOut,
    /// The name has no address.
    #[error("the name has no address")]
    NameNotResolved,
    /// Something else.
    #[error("the connection failed")]
    Other,
}

/// Why a write accepted nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Not in time.
    #[error("nothing could be sent in time")]
    TimedOut,
    /// The connection is closed or broken.
    #[error("the connection is closed")]
    Closed,
    /// The system does not say whether it accepted anything.
    #[error("it is not certain whether anything was sent")]
    Uncertain,
}

/// The connection broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection broke")]
pub struct ReceiveError;
