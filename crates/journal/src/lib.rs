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
mod error;
mod journal;
mod ledger;
mod lock;
mod memory;
mod rules;
mod sqlite;

pub use admission::{Admitted, admit, admit_original, contested};
pub use error::JournalError;
pub use journal::{Journal, in_flight};
pub use lock::{LockError, TerminalLock};
pub use memory::MemoryJournal;
pub use sqlite::{AcceptedCopy, CheckProgress, Forgotten, FullCheck, SqliteJournal};

pub use caisse_settlement::settle::gives_back;
pub use caisse_settlement::{
    Confirmation, Confirmations, Decision, DecisionError, Dispute, Event, Order, Paid, Record, Source, State,
    TerminalKey, WallTime, What,
};
