#![doc = include_str!("../README.md")]
#![deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod builder;
#[cfg(feature = "control")]
mod control;
mod conversation;
mod descriptors;
pub mod fault;
pub mod ledger;
pub mod payment_app;
pub mod persona;
mod random;
pub mod script;
mod shared;
pub mod terminal;
mod ticket;
mod transport;
mod virtual_terminal;
mod wire;

pub use builder::Builder;
pub use ledger::{Charge, Ledger};
pub use script::Script;
pub use ticket::{TicketContent, VIRTUAL};
pub use transport::{VirtualLine, VirtualWorld};
pub use virtual_terminal::VirtualTerminal;

/// The page about the terminal, whose code is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/virtual-terminal.md")]
struct Page;
