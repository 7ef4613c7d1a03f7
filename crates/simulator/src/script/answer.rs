//! How one transaction ends.

use std::fmt;
use std::str::FromStr;

use caisse_payment::Amount;

use super::catalogue::{ANSWERS, Read};
use crate::fault::Spec;
use crate::random::Random;
use crate::terminal::Asked;

/// How the terminal answers one request for money.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Answer {
    /// `approve`: the money moves.
    #[default]
    Approve,
    /// `partial:20.00`: the card is charged for less than was asked. An amount that is not less, or not one of the
    /// request's currency, is declined with 00; so is every partial approval of E and E+, which have none.
    Partial(String),
    /// `tip:2.00`: the card is charged for this much more than was asked, as after a tip. A tip of nothing, or not one of the
    /// request's currency, is declined with 00; so is every tip of E and E+, and of another operation than a debit.
    Tip(String),
    /// `decline:04`: no money moves, with these two digits for the reason (AF; in E and E+, STAT 7).
    Decline([u8; 2]),
    /// `cancel`: the card holder presses the red button (06).
    Cancel,
    /// `timeout`: the terminal takes the request and never answers. No money moves.
    Timeout,
}

/// The text is not an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an answer: expected approve, partial:AMOUNT, tip:AMOUNT, decline:NN, cancel or timeout, several with commas; or \
     by-amount or random alone"
)]
pub struct AnswerError;

impl Answer {
    /// A refusal with two digits for the reason; anything else than two digits is 00.
    #[must_use]
    pub fn decline(code: &str) -> Self {
        match code.as_bytes() {
            [first @ b'0'..=b'9', second @ b'0'..=b'9'] if code != "01" => Self::Decline([*first, *second]),
            _ => Self::Decline(*b"00"),
        }
    }

    pub(crate) fn by_chance(asked: &Asked, random: &mut Random) -> Self {
        let half = || {
            let amount = asked.amount.filter(|amount| amount.minor() > 1)?;
            Some(Amount::from_minor(amount.minor() / 2, amount.currency()).decimal().to_string())
        };
        match random.below(10) {
            0 => Self::decline("04"),
            1 => Self::decline("02"),
            2 => Self::Cancel,
            3 => Self::Timeout,
            4 => half().map_or(Self::Approve, Self::Partial),
            _ => Self::Approve,
        }
    }
}

impl FromStr for Answer {
    type Err = AnswerError;

    fn from_str(text: &str) -> Result<Self, AnswerError> {
        let spec = Spec::of(text);
        let line = ANSWERS.iter().find(|line| line.name == spec.name && spec.place.is_none());
        match line.map(|line| &line.read) {
            Some(Read::One(read)) => read(spec.value).ok_or(AnswerError),
            // Those that stand alone are no answers to one transaction.
            Some(Read::Alone(_)) | None => Err(AnswerError),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Approve => f.write_str("approve"),
            Self::Partial(amount) => write!(f, "partial:{amount}"),
            Self::Tip(amount) => write!(f, "tip:{amount}"),
            Self::Decline(code) => {
                let [first, second] = code.map(char::from);
                write!(f, "decline:{first}{second}")
            }
            Self::Cancel => f.write_str("cancel"),
            Self::Timeout => f.write_str("timeout"),
        }
    }
}
