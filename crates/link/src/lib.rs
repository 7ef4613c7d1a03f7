#![doc = include_str!("../README.md")]
#![no_std]
#![deny(
    clippy::alloc_instead_of_core,
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod assembly;
pub mod frame;
mod instant;
mod results;
pub mod serial;

pub use assembly::{Assembly, Ending, Judge, Judgement, Limits};
pub use instant::Instant;
pub use results::{ConnectError, DrainError, ReceiveError, Received, SendError};
