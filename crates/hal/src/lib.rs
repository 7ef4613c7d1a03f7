#![doc = include_str!("../README.md")]
#![no_std]
#![deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

#[cfg(feature = "std")]
extern crate std;

mod link;
#[cfg(feature = "std")]
mod system_clock;
#[cfg(feature = "std")]
pub mod tcp;

pub use caisse_link::Instant;
pub use link::{Clock, ConnectError, Link, ReceiveError, Received, SendError};
#[cfg(feature = "std")]
pub use system_clock::SystemClock;
#[cfg(feature = "std")]
pub use tcp::TcpLink;
