//! What the till asks of a payment app, checked before anything is recorded or launched.

pub mod apm;
mod more;
pub mod v4;

use caisse_payment::Operation;

pub(crate) use more::MoreExtras;

use crate::MajorUnitsError;

/// Why a request cannot be made. Nothing was recorded, nothing was launched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The amount is zero.
    #[error("the amount must be more than zero")]
    ZeroAmount,
    /// The amount is more than a Java `int` holds.
    #[error("the amount is too large: an int carries at most {} minor units", i32::MAX)]
    AmountTooLarge,
    /// The amount is more than a `double` holds without loss.
    #[error(transparent)]
    MajorUnits(#[from] MajorUnitsError),
    /// The app has no such operation.
    #[error("the payment app has no {0}")]
    Unsupported(Operation),
    /// An extra of the caller's own has the key of one that this crate sets.
    #[error("the extra {key:?} is set by the request itself or given twice")]
    ExtraTaken {
        /// The key.
        key: String,
    },
    /// The id of a transaction of the app is not of its form.
    #[error(
        "an id of the payment app: expected 1 to {} printable ASCII characters without blanks",
        apm::AppTransactionId::LONGEST
    )]
    AppTransactionId,
}
