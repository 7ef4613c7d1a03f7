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
mod dossier;
mod error;
mod filing;
mod journal;
mod ledger;
mod lock;
mod memory;
mod patience;
mod rules;
mod sqlite;
mod store;

pub use admission::{Admitted, admit, admit_original, last_reached};
pub use dossier::{records_about, records_for_asking, records_of_terminal};
pub use error::JournalError;
pub use filing::{FiledResult, Filing, Reporter, dispute_contradiction, file_result, lock_of};
pub use journal::{Journal, in_flight};
pub use lock::{LockError, TerminalLock};
pub use memory::MemoryJournal;
pub use patience::Patience;
pub use sqlite::{
    AcceptedCopy, BackupCopy, CheckProgress, Forgotten, FullCheck, HeldBack, HeldBackReason, Salvaged,
    SqliteJournal,
};
pub use store::{Care, Change, Decide, Records, Selection, Store};

pub use caisse_settlement::settle::{gives_back, is_more_than_asked};
pub use caisse_settlement::{
    Confirmation, Confirmations, Decision, DecisionError, Dispute, Event, OperatorOverride, Paid, Record,
    RecordedEvent, Source, State, TerminalKey, WallTime,
};
