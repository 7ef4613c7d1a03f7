#![doc = include_str!("../README.md")]
#![no_std]
#![deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "std")]
mod address;
mod async_link;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "std")]
mod deadline;
#[cfg(any(feature = "embedded-io", feature = "embedded-io-async"))]
pub mod embedded;
mod link;
#[cfg(all(feature = "pty", unix))]
pub mod pty;
#[cfg(feature = "std")]
pub mod serial;
#[cfg(feature = "std")]
mod system_clock;
#[cfg(feature = "std")]
pub mod tcp;
#[cfg(feature = "tokio")]
pub mod tokio;

#[cfg(feature = "std")]
pub use address::{Address, AddressError};
pub use async_link::{AsyncLink, LocalAsyncLink};
pub use caisse_link::{ConnectError, DrainError, Instant, ReceiveError, Received, SendError};
pub use link::{Clock, Link};
#[cfg(feature = "std")]
pub use system_clock::SystemClock;
#[cfg(feature = "std")]
pub use tcp::TcpLink;

/// The guide's example, compiled and run.
#[cfg(all(doctest, feature = "conformance"))]
#[doc = include_str!("../../../docs/porting.md")]
struct PortingGuide;
