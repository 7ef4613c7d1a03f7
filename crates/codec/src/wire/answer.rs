//! What a terminal answers, whatever carried it.

use caisse_payment::evidence::ShownIdentity;
use caisse_payment::{AuthorisationNumber, Card, Register};

use super::Format;
use crate::fixed;
use crate::value::{Action, Complement, Status};
use crate::{DecodeError, Tickets};

/// An answer in either generation, read as a till does.
///
/// ```
/// use caisse_codec::Version;
/// use caisse_codec::wire::{Answer, Format, Standing};
///
/// let format = Format::EPlus { report: false };
/// let answer = Answer::decode(b"01000001242B978          ", &format)?;
/// assert_eq!((answer.standing(), answer.amount_minor()), (Some(Standing::Performed), Some(1242)));
///
/// let format = Format::Concert3 {
///     version: Version::V3_00,
///     identifier: "012345678901".parse()?,
///     amount_digits: 2,
/// };
/// let answer = Answer::decode(b"CZ0040300AE00201AF00204", &format)?;
/// assert!(matches!(answer.standing(), Some(Standing::NotPerformed { complement: Some(_) })));
/// assert_eq!(answer.amount_minor(), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// Of 3.x.
    Concert3(crate::Answer<'a>),
    /// Of E or E+: the answer does not say which.
    Fixed(fixed::Answer<'a>),
}

/// What the terminal says of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// AE=10, STAT=0.
    Performed,
    /// AE=01, STAT=7. E and E+ never say why.
    NotPerformed {
        /// Why (AF).
        complement: Option<Complement>,
    },
    /// AE=11, or any AE with an immediate answer (BA=1); STAT=9. How the payment ended is not said.
    Taken,
    /// Anything that no public document explains.
    Other,
}

/// Bytes that are not an answer of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Not 3.x.
    #[error(transparent)]
    Concert3(#[from] DecodeError),
    /// Not E or E+.
    #[error(transparent)]
    Fixed(#[from] fixed::Fault),
}

impl<'a> Answer<'a> {
    /// Reads a bare body, which is one whole answer of the format.
    ///
    /// # Errors
    /// Says where the bytes stop being one.
    pub fn decode(body: &'a [u8], format: &Format) -> Result<Self, AnswerError> {
        Ok(match format {
            Format::Concert3 { .. } => Self::Concert3(crate::Answer::decode(body)?),
            Format::E { .. } | Format::EPlus { .. } => {
                Self::Fixed(fixed::Answer::decode(body, format.tolerance())?)
            }
        })
    }

    /// What the terminal says of the request; nothing without a status.
    #[must_use]
    pub fn standing(&self) -> Option<Standing> {
        Some(match self {
            Self::Concert3(answer) => match answer.status()? {
                Status::Other(_) => Standing::Other,
                Status::Taken => Standing::Taken,
                // With an immediate answer the status tells that the request arrived.
                _ if answer.immediate() == Some(true) => Standing::Taken,
                Status::Performed => Standing::Performed,
                Status::NotPerformed => Standing::NotPerformed { complement: answer.complement() },
            },
            Self::Fixed(answer) => match answer.stat {
                fixed::Stat::Accepted => Standing::Performed,
                fixed::Stat::Refused => Standing::NotPerformed { complement: None },
                fixed::Stat::Taken => Standing::Taken,
                fixed::Stat::Other(_) => Standing::Other,
            },
        })
    }

    /// The register that the answer is for.
    #[must_use]
    pub fn register(&self) -> Option<Register> {
        match self {
            Self::Concert3(answer) => answer.register(),
            Self::Fixed(answer) => answer.register.register(),
        }
    }

    /// The amount in minor units.
    #[must_use]
    pub fn amount_minor(&self) -> Option<u64> {
        match self {
            Self::Concert3(answer) => answer.amount_minor(),
            Self::Fixed(answer) => Some(u64::from(answer.minor)),
        }
    }

    /// The number of the currency, 0 to 999: it need not be a known one.
    #[must_use]
    pub fn currency_number(&self) -> Option<u16> {
        match self {
            Self::Concert3(answer) => answer.currency().map(|currency| currency.numeric()),
            Self::Fixed(answer) => Some(answer.currency),
        }
    }

    /// The action that was done or refused; E and E+ do not say.
    #[must_use]
    pub fn action(&self) -> Option<Action> {
        match self {
            Self::Concert3(answer) => answer.action(),
            Self::Fixed(_) => None,
        }
    }

    /// The card, masked whatever the terminal sent.
    #[must_use]
    pub fn card(&self) -> Option<Card> {
        match self {
            Self::Concert3(answer) => answer.card(),
            Self::Fixed(answer) => answer.card(),
        }
    }

    /// The authorisation number; E and E+ do not give it.
    #[must_use]
    pub fn authorisation(&self) -> Option<AuthorisationNumber> {
        match self {
            Self::Concert3(answer) => answer.authorisation(),
            Self::Fixed(_) => None,
        }
    }

    /// The identities that the terminal shows; E and E+ have none.
    #[must_use]
    pub fn shown(&self) -> ShownIdentity {
        match self {
            Self::Concert3(answer) => answer.shown(),
            Self::Fixed(_) => ShownIdentity::default(),
        }
    }

    /// The tickets of 3.x, in their order.
    #[must_use]
    pub fn tickets(&self) -> Tickets<'a> {
        match self {
            Self::Concert3(answer) => answer.tickets(),
            Self::Fixed(_) => Tickets::new(b""),
        }
    }

    /// The text of the customer's receipt that Nepting sends behind an answer of E.
    #[must_use]
    pub const fn receipt_text(&self) -> Option<fixed::ReceiptText<'a>> {
        match self {
            Self::Concert3(_) => None,
            Self::Fixed(answer) => answer.receipt,
        }
    }
}
