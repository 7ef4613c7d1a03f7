//! What the till asks the terminal to do with money.

use core::fmt;
use core::str::FromStr;

/// A financial operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Operation {
    /// The customer pays.
    Debit,
    /// Money goes back to the customer's card.
    Credit,
    /// An earlier debit is undone in full.
    Cancellation,
    /// The customer pays by cheque.
    Cheque,
    /// The customer pays, and the bank takes the money later.
    DeferredDebit,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 5] =
        [Self::Debit, Self::Credit, Self::Cancellation, Self::Cheque, Self::DeferredDebit];

    /// The name on the command line and in the journal.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Debit => "debit",
            Self::Credit => "credit",
            Self::Cancellation => "cancellation",
            Self::Cheque => "cheque",
            Self::DeferredDebit => "deferred_debit",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Operation {
    type Err = UnknownOperation;

    fn from_str(text: &str) -> Result<Self, UnknownOperation> {
        Self::ALL.into_iter().find(|operation| operation.name() == text).ok_or(UnknownOperation)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Operation {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// The text is not the name of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an operation: expected debit, credit, cancellation, cheque or deferred_debit")]
pub struct UnknownOperation;
