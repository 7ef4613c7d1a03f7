//! TCP through the standard library.

mod address;
mod link;
mod open;
mod share;

#[cfg(feature = "tokio")]
pub(crate) use address::look_up;
pub use address::{AddressError, DEFAULT_PORT, TcpAddress};
pub use link::TcpLink;
#[cfg(feature = "tokio")]
pub(crate) use open::{abort, close_in_order, is_own_end, not_connected, socket};
#[cfg(feature = "tokio")]
pub(crate) use share::Shares;
