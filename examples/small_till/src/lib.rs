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

mod drive;
mod record;
mod slot;
mod till;

pub use record::{RECORD_BYTES, Record, Standing};
pub use slot::{Slot, SlotError};
pub use till::{Ended, NotBegun, SettleError, SmallTill, e_plus};
