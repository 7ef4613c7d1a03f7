#![doc = include_str!("../README.md")]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod code;
pub mod definition;
mod major_units;
mod numbering;
mod payment;
mod payment_request;
pub mod request;
mod result;
mod till;

pub use code::{ResultCode, Status};
pub use major_units::{MajorUnits, MajorUnitsError};
pub use numbering::Numbering;
pub use payment::Payment;
pub use payment_request::{App, PaymentRequest};
pub use request::{RequestError, apm, v4};
pub use result::{
    ActivityResult, Answer, Asked, Malformed, OtherPayments, PrintAnswer, PrintOutcome, ReadingMode,
    Timestamp, Unknown, interpret,
};
pub use till::{BeginError, Begun, LaunchFailure, Printing, Till, TillError};

pub use caisse_android_intent as android;
