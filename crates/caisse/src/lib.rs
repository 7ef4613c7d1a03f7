#![doc = include_str!("../README.md")]
#![deny(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod admission;
mod asking;
#[cfg(feature = "tokio")]
pub mod asynchronous;
mod builder;
mod cancel;
pub mod configuration;
pub mod doctor;
mod driver;
mod late;
mod payment;
pub mod probe;
mod reach;
mod recovery;
mod request;
mod resolution;
mod till;

pub use builder::{BuildError, Builder};
pub use cancel::CancelHandle;
pub use payment::Payment;
pub use recovery::{Evidence, Recovered};
pub use request::PaymentRequest;
pub use resolution::ResolveError;
pub use till::{PayError, Till};

pub use caisse_codec::{Application, Copies, Identifier, TicketRequest};
pub use caisse_hal::serial::{SerialAddress, SerialLink, is_pseudo_terminal};
pub use caisse_hal::tcp::{TcpAddress, TcpLink};
pub use caisse_hal::{Address, Clock, Link, SystemClock};
pub use caisse_journal::{
    Confirmation, Confirmations, Decision, DecisionError, Dispute, Journal, JournalError, MemoryJournal,
    OperatorOverride, Paid, Record, Source, SqliteJournal, State as RecordState, WallTime,
};
pub use caisse_link::serial::LineSettings;
pub use caisse_payment::evidence::LastTransaction;
pub use caisse_payment::{
    Amount, AmountError, AuthorisationNumber, Blocked, Card, Currency, Doubt, Duty, NotSent, Operation,
    Outcome, PaymentMeans, Proof, Receipt, Reference, Refusal, Register, Retry, TerminalId, Text,
    TransactionId, Verdict, receipt,
};
pub use caisse_settlement::ask::Asking;
pub use caisse_settlement::weigh::{Open, RecoveryFinding};
pub use caisse_settlement::{IdentityPart, Mismatch, TerminalIdentity};
pub use caisse_transaction::{Dialect, Duplicata, Event, LinkKind, OptionalFields, RequestError};

/// The README of the repository: its program is compiled and run with the doc tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct FrontPage;
