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

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

pub mod admit;
#[cfg(feature = "alloc")]
pub mod ask;
#[cfg(feature = "alloc")]
pub mod attribute;
mod confirmation;
#[cfg(feature = "alloc")]
mod context;
#[cfg(feature = "alloc")]
mod decision;
#[cfg(feature = "alloc")]
mod event;
#[cfg(feature = "alloc")]
pub mod late;
#[cfg(feature = "alloc")]
mod record;
#[cfg(feature = "alloc")]
pub mod settle;
mod terminal_identity;
#[cfg(feature = "alloc")]
mod terminal_key;
#[cfg(feature = "alloc")]
mod wall_time;
pub mod weigh;

pub use admit::SALVAGED;
pub use confirmation::{Confirmation, Confirmations};
#[cfg(feature = "alloc")]
pub use decision::{Decision, DecisionError, Dispute, OperatorOverride, Paid, Source};
#[cfg(feature = "alloc")]
pub use event::{Event, RecordedEvent};
#[cfg(feature = "alloc")]
pub use record::{Record, State};
pub use terminal_identity::{IdentityPart, Mismatch, TerminalIdentity};
#[cfg(feature = "alloc")]
pub use terminal_key::TerminalKey;
#[cfg(feature = "alloc")]
pub use wall_time::WallTime;
