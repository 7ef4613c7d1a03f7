//! What a driver reports: how the journal wrote, and why a connection did not open.

use caisse_link::ConnectError;
use caisse_payment::{Blocked, NotSent};

/// Why the journal has not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Another process keeps the journal busy, and nothing was written. The end of a transaction, and a dispute, are tried
    /// again for a minute; any other event counts as failed.
    #[error("the journal is busy")]
    Busy,
    /// The event was not written, or perhaps not durably: a failed write, a failed sync, a replaced file, a conflict. It is
    /// never tried again.
    #[error("the journal could not be written")]
    Failed(Blocked),
}

/// Why nothing was sent when the connection did not open.
pub(crate) const fn not_connected(error: ConnectError) -> NotSent {
    match error {
        ConnectError::Refused => NotSent::ConnectionRefused,
        ConnectError::Unreachable => NotSent::Unreachable,
        ConnectError::PortNotFound => NotSent::PortMissing,
        ConnectError::PortBusy => NotSent::PortBusy,
        ConnectError::PermissionDenied => NotSent::PortForbidden,
        ConnectError::NotAPort => NotSent::NotAPort,
        ConnectError::TimedOut => NotSent::ConnectTimedOut,
        ConnectError::NameNotResolved => NotSent::NameNotResolved,
        ConnectError::Cancelled => NotSent::Cancelled,
        ConnectError::Other => NotSent::ConnectFailed,
    }
}
