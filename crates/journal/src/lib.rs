#![doc = include_str!("../README.md")]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod admission;
pub mod conformance;
mod decision;
mod error;
mod event;
mod journal;
mod ledger;
mod lock;
mod memory;
mod place;
mod record;
mod rules;
mod sqlite;
mod wall_time;

pub use admission::{Admitted, admit, admit_original, contested};
pub use decision::{Decision, DecisionError, Dispute, Order, Paid, Source};
pub use error::JournalError;
pub use event::{Event, What};
pub use journal::{Journal, in_flight};
pub use lock::{LockError, TerminalLock};
pub use memory::MemoryJournal;
pub use place::Place;
pub use record::{Record, State};
pub use sqlite::{Forgotten, SqliteJournal};
pub use wall_time::WallTime;
