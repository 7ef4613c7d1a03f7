//! Links for Tokio: the same as the blocking ones, as [`AsyncLink`](crate::AsyncLink)s. They need a runtime with time and
//! I/O enabled, on one thread or many.
//!
//! ```
//! use caisse_hal::tokio::TcpLink;
//! use caisse_hal::{AsyncLink, ConnectError};
//! use core::time::Duration;
//!
//! # ::tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let mut link = TcpLink::new("tcp://127.0.0.1:1".parse()?);
//! assert_eq!(link.connect(Duration::from_secs(1)).await, Err(ConnectError::Refused));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "tokio-serial")]
mod serial;
mod tcp;

use std::time::Duration;

#[cfg(feature = "tokio-serial")]
pub use serial::SerialLink;
pub use tcp::TcpLink;

/// The runtime learns what has come only when it next asks the system. A wait of no time at all would find nothing on a
/// line full of bytes, so that stale ones would pass for an answer.
fn at_least_a_millisecond(time: Duration) -> Duration {
    time.max(Duration::from_millis(1))
}
