//! What the virtual terminal is told to answer.

use std::fmt;
use std::str::FromStr;

use caisse_codec::Complement;
use caisse_payment::Amount;

/// How the terminal answers a debit.
///
/// ```
/// use caisse_simulator::Script;
///
/// assert_eq!("approve".parse(), Ok(Script::Approve));
/// assert!(matches!("decline:04".parse(), Ok(Script::Decline(_))));
/// assert!("decline:4".parse::<Script>().is_err());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Script {
    /// `approve`: the card is charged.
    #[default]
    Approve,
    /// `partial:20.00`: the card is charged for less than was asked. An amount that is not less, or not one of the
    /// request's currency, is declined with 00.
    Partial(String),
    /// `decline:04`: the card is not charged, with this complement (AF).
    Decline(Complement),
    /// `cancel`: the card holder presses the red button (06).
    Cancel,
    /// `timeout`: the terminal takes the request and never answers. The card is not charged.
    Timeout,
}

/// The text is not a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an answer: expected approve, partial:AMOUNT, decline:NN, cancel or timeout")]
pub struct ScriptError;

impl FromStr for Script {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        match text.split_once(':') {
            None => match text {
                "approve" => Ok(Self::Approve),
                "cancel" => Ok(Self::Cancel),
                "timeout" => Ok(Self::Timeout),
                _ => Err(ScriptError),
            },
            Some(("decline", code)) if code.len() == 2 && code != "01" => {
                Complement::from_value(code.as_bytes()).map(Self::Decline).ok_or(ScriptError)
            }
            // Whether it fits the currency shows when a request comes.
            Some(("partial", amount)) if !amount.is_empty() => {
                let decimal = amount.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
                if decimal { Ok(Self::Partial(amount.to_owned())) } else { Err(ScriptError) }
            }
            Some(_) => Err(ScriptError),
        }
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Approve => f.write_str("approve"),
            Self::Partial(amount) => write!(f, "partial:{amount}"),
            Self::Decline(complement) => {
                let [first, second] = complement.code().map(char::from);
                write!(f, "decline:{first}{second}")
            }
            Self::Cancel => f.write_str("cancel"),
            Self::Timeout => f.write_str("timeout"),
        }
    }
}

/// What the terminal has decided to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Charge(Amount),
    Refuse(Complement),
    Silence,
}

impl Script {
    pub(crate) fn decide(&self, asked: Amount) -> Decision {
        let refuse =
            |code: &[u8; 2]| Complement::from_value(code).map_or(Decision::Silence, Decision::Refuse);
        match self {
            Self::Approve => Decision::Charge(asked),
            Self::Partial(text) => match Amount::parse(text, asked.currency()) {
                Ok(part) if !part.is_zero() && part.minor() < asked.minor() => Decision::Charge(part),
                _ => refuse(b"00"),
            },
            Self::Decline(complement) => Decision::Refuse(*complement),
            Self::Cancel => refuse(b"06"),
            Self::Timeout => Decision::Silence,
        }
    }
}
