#![doc = include_str!("../README.md")]
#![deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

pub mod fault;
pub mod ledger;
pub mod persona;
mod random;
pub mod script;
pub mod terminal;
mod ticket;
mod wire;

pub use ledger::{Charge, Ledger};
pub use script::Script;
pub use ticket::VIRTUAL;
