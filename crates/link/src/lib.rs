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
pub mod serial;

pub use assembly::{Assembly, Ending, Judge, Judgement, Limits};
pub use instant::Instant;
