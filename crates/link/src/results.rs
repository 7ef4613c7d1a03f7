//! What the calls of a link come to: a driver hands these to the machine as they are.

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
    /// There is no port of this name: the cable is out, or the terminal off.
    #[error("there is no such port")]
    PortNotFound,
    /// Another program has the port.
    #[error("the port is in use by another program")]
    PortBusy,
    /// The system does not let this user open the port.
    #[error("no permission to open the port")]
    PermissionDenied,
    /// There is something of this name, and it is no serial port.
    #[error("this is not a serial port")]
    NotAPort,
    /// The caller stopped the attempt.
    #[error("connecting was cancelled")]
    Cancelled,
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

/// Why what was accepted is not known to have left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrainError {
    /// Bytes still wait for the line: it is slow, or stopped.
    #[error("bytes still wait for the line")]
    TimedOut,
    /// The connection is closed or broken.
    #[error("the connection is closed")]
    Closed,
}

/// The connection broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection broke")]
pub struct ReceiveError;
