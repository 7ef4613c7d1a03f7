//! One request and one answer over both generations: a till speaks of a debit, the [`Format`] decides the bytes.
//!
//! | | 3.x | E, E+ |
//! |---|---|---|
//! | debit, credit, cancellation, pre-authorisation | CD 0, 1, 2, 4 | TYPE 0, 1, 2, 4 |
//! | cheque | CD 0 and CC `00C` | TYPE 0 and MODE `C` |
//! | deferred debit, credit linked to a debit | CD 7, IM | not carried |
//! | private data | CF, 1 to 99 characters | PRIV, at most 10 |
//! | authorisation forced | BB | E+ only: AUTO |
//! | partial approval, reading mode, reference, telephone, e-mail, forced application | BF, CI, CH, BH, BI, CC | not carried |
//! | ticket | CK | customer's text only, on terminals that know `T012` |
//! | status | AE 10, 01, 11 | STAT 0, 7, 9 |
//!
//! What a format does not carry is refused when it is asked for; it is never dropped in silence.

mod answer;
mod received;
mod request;

use crate::fixed::Tolerance;
use crate::value::{Identifier, Version};

pub use answer::{Answer, AnswerError, Standing};
pub use received::{ReceiveFault, Received, ReplyError};
pub use request::{LONGEST_REQUEST, NotCarried, Request, RequestError};

/// A generation of the protocol: what a body looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Generation {
    /// 3.x: fields of tag, length and value.
    Concert3,
    /// E: bodies of 26 and 30 characters.
    E,
    /// E+: bodies of 34 characters.
    EPlus,
}

impl Generation {
    /// Every one of them.
    pub const ALL: [Self; 3] = [Self::Concert3, Self::E, Self::EPlus];

    /// The stable name: `concert-3`, `concert-e` or `concert-e-plus`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Concert3 => "concert-3",
            Self::E => "concert-e",
            Self::EPlus => "concert-e-plus",
        }
    }
}

/// How a till's requests are written and its answers read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// 3.x.
    Concert3 {
        /// The protocol version to speak (CZ).
        version: Version,
        /// The identifier of the till's editor (CJ).
        identifier: Identifier,
        /// The fewest digits of the amount (CB), zeros in front: 2 to 12. No terminal is known to need more than 2, and
        /// one refused 12.
        amount_digits: u8,
    },
    /// E.
    E {
        /// Whether the terminal knows `T012`, with which the customer's receipt is asked for. Nepting's does.
        receipt: bool,
        /// Whether the answer shall carry the report of the application (IND).
        report: bool,
    },
    /// E+.
    EPlus {
        /// Whether the answer shall carry the report of the application (IND).
        report: bool,
    },
}

impl Format {
    /// The generation that it belongs to.
    #[must_use]
    pub const fn generation(&self) -> Generation {
        match self {
            Self::Concert3 { .. } => Generation::Concert3,
            Self::E { .. } => Generation::E,
            Self::EPlus { .. } => Generation::EPlus,
        }
    }

    /// The largest amount that its field holds, in minor units.
    #[must_use]
    pub const fn largest_amount(&self) -> u64 {
        match self {
            Self::Concert3 { .. } => crate::LARGEST_AMOUNT,
            Self::E { .. } | Self::EPlus { .. } => crate::fixed::LARGEST_AMOUNT,
        }
    }

    /// What is forgiven in an answer: a receipt behind it only where one can be asked for.
    const fn tolerance(&self) -> Tolerance {
        Tolerance { receipt: matches!(self, Self::E { receipt: true, .. }), register_letters: false }
    }
}
