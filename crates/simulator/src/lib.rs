#![doc = include_str!("../README.md")]
#![deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod conversation;
pub mod ledger;
pub mod payment_app;
mod script;
mod server;
mod ticket;

pub use ledger::{Charge, Ledger};
pub use script::{Script, ScriptError};
pub use server::{Builder, VirtualTerminal};
pub use ticket::VIRTUAL;
