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
// The derive of `Arbitrary` needs it.
#[cfg(feature = "arbitrary")]
extern crate std;

mod amount;
mod card;
mod comparison;
mod currency;
pub mod evidence;
mod identifiers;
mod operation;
mod outcome;
mod outcome_words;
mod reason;
#[cfg(feature = "alloc")]
pub mod receipt;
mod sensitive;
mod transaction;

pub use amount::{Amount, AmountError, Decimal};
pub use card::{Card, holds_card_number};
pub use comparison::Comparison;
pub use currency::{Currency, UnknownCurrency};
pub use identifiers::{
    AuthorisationNumber, ContractNumber, DialectName, IdentifierError, Reference, Register, SerialNumber,
    TerminalId, TransactionId, UsbIdentity,
};
pub use operation::{Operation, UnknownOperation};
pub use outcome::{Outcome, Proof, Retry, Verdict};
pub use reason::{Blocked, Doubt, Duty, NotSent, Refusal, Text};
#[cfg(feature = "alloc")]
pub use receipt::Receipt;
pub use sensitive::{REDACTED, Sensitive};
pub use transaction::{APP_TO_APP_DIALECTS, Conclusion, PaymentMeans, RawStatus, Transaction};
