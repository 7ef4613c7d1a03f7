//! What a person decided about a transaction that nobody could resolve otherwise.

use alloc::string::String;
use alloc::vec::Vec;

use caisse_payment::{Amount, Outcome, holds_card_number};

use crate::{Confirmation, Confirmations};

/// The longest `by` and `because`, in characters.
const LONGEST: usize = 200;

/// Whether the customer paid, as a person found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paid {
    /// This much was paid, in the transaction's currency; it may differ from what was asked for.
    Paid(Amount),
    /// Nothing was paid.
    NotPaid,
}

impl Paid {
    /// Returns what an outcome says about the money; nothing where the outcome is unknown.
    #[must_use]
    pub const fn by_outcome(outcome: Outcome) -> Option<Self> {
        match (outcome, outcome.approved_amount()) {
            (_, Some(amount)) => Some(Self::Paid(amount)),
            (Outcome::Unknown { .. }, None) => None,
            (_, None) => Some(Self::NotPaid),
        }
    }
}

/// What a decision rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A person's word.
    Person,
    /// What the terminal told, weighed by the till's recovery.
    Evidence,
}

/// A decision about an unresolved or disputed transaction, or the correction of an earlier decision: what, who and why.
///
/// ```
/// use caisse_settlement::{Decision, DecisionError, Paid};
///
/// assert!(Decision::new(Paid::NotPaid, "Camille", "aucun ticket sur le terminal").is_ok());
/// let refused = Decision::new(Paid::NotPaid, "camille@example.com", "no ticket");
/// assert_eq!(refused, Err(DecisionError::Personal));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    paid: Paid,
    by: String,
    because: String,
    source: Source,
    confirmed: Confirmations,
}

impl Decision {
    /// A decision of a person, with the author and the reason.
    ///
    /// # Errors
    /// When a text is blank, longer than 200 characters, holds what cannot be printed on one line, or looks like a card
    /// number or an e-mail address; when the amount paid is zero.
    pub fn new(paid: Paid, by: impl Into<String>, because: impl Into<String>) -> Result<Self, DecisionError> {
        check_paid(paid)?;
        let (by, because) = (checked(by)?, checked(because)?);
        Ok(Self { paid, by, because, source: Source::Person, confirmed: Confirmations::NONE })
    }

    /// What evidence proves: by which way it came, and what it was.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn proven(
        paid: Paid,
        by: impl Into<String>,
        because: impl Into<String>,
    ) -> Result<Self, DecisionError> {
        Ok(Self { source: Source::Evidence, ..Self::new(paid, by, because)? })
    }

    /// Adds the steps of the procedure for a hung terminal that the person confirmed.
    #[must_use]
    pub fn confirming(mut self, steps: impl IntoIterator<Item = Confirmation>) -> Self {
        self.confirmed = steps.into_iter().fold(self.confirmed, Confirmations::with);
        self
    }

    /// Whether the customer paid, and how much.
    #[must_use]
    pub const fn paid(&self) -> Paid {
        self.paid
    }

    /// The author of the decision: 1 to 200 printable characters.
    #[must_use]
    pub fn by(&self) -> &str {
        &self.by
    }

    /// The reason: 1 to 200 printable characters.
    #[must_use]
    pub fn because(&self) -> &str {
        &self.because
    }

    /// What the decision rests on.
    #[must_use]
    pub const fn source(&self) -> Source {
        self.source
    }

    /// The steps of the procedure for a hung terminal that the person confirmed.
    #[must_use]
    pub const fn confirmed(&self) -> Confirmations {
        self.confirmed
    }

    /// Whether a person decided, and not evidence.
    #[must_use]
    pub const fn is_by_person(&self) -> bool {
        matches!(self.source, Source::Person)
    }
}

/// Proof, or a person's word, that contradicts what the journal holds as the end of a transaction. The end stays as it is: a
/// person has to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    paid: Paid,
    because: String,
    by: Option<String>,
    confirmed: Confirmations,
}

impl Dispute {
    /// A dispute by evidence, with its reason.
    ///
    /// # Errors
    /// As [`Decision::new`].
    pub fn new(paid: Paid, because: impl Into<String>) -> Result<Self, DecisionError> {
        check_paid(paid)?;
        Ok(Self { paid, because: checked(because)?, by: None, confirmed: Confirmations::NONE })
    }

    /// Returns the dispute that a person's decision becomes where the record holds the terminal's own proof of the contrary.
    #[must_use]
    pub fn by_person(decision: &Decision) -> Self {
        let Decision { paid, by, because, source: _, confirmed } = decision.clone();
        Self { paid, because, by: Some(by), confirmed }
    }

    /// Whether the customer paid, by the proof or by the person's word.
    #[must_use]
    pub const fn paid(&self) -> Paid {
        self.paid
    }

    /// The reason: 1 to 200 printable characters.
    #[must_use]
    pub fn because(&self) -> &str {
        &self.because
    }

    /// The person who contradicts the record; nothing where evidence does.
    #[must_use]
    pub fn by(&self) -> Option<&str> {
        self.by.as_deref()
    }

    /// The steps of the procedure for a hung terminal that the person confirmed.
    #[must_use]
    pub const fn confirmed(&self) -> Confirmations {
        self.confirmed
    }
}

/// A person takes responsibility for what the journal cannot prove to be right: a cancellation or a credit.
///
/// ```
/// use caisse_settlement::OperatorOverride;
///
/// assert!(OperatorOverride::new("Camille", "ticket du client, autre caisse").is_ok());
/// assert!(OperatorOverride::new("", "no name").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorOverride {
    by: String,
    because: String,
}

impl OperatorOverride {
    /// An override with its author and its reason.
    ///
    /// # Errors
    /// When a text is blank, longer than 200 characters, holds what cannot be printed on one line, or looks like a card
    /// number or an e-mail address.
    pub fn new(by: impl Into<String>, because: impl Into<String>) -> Result<Self, DecisionError> {
        Ok(Self { by: checked(by)?, because: checked(because)? })
    }

    /// The person who takes responsibility: 1 to 200 printable characters.
    #[must_use]
    pub fn by(&self) -> &str {
        &self.by
    }

    /// The reason: 1 to 200 printable characters.
    #[must_use]
    pub fn because(&self) -> &str {
        &self.because
    }
}

const fn check_paid(paid: Paid) -> Result<(), DecisionError> {
    match paid {
        Paid::Paid(amount) if amount.is_zero() => Err(DecisionError::ZeroAmount),
        Paid::Paid(_) | Paid::NotPaid => Ok(()),
    }
}

fn checked(text: impl Into<String>) -> Result<String, DecisionError> {
    let text = text.into();
    check_text(&text)?;
    Ok(text)
}

fn check_text(text: &str) -> Result<(), DecisionError> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > LONGEST {
        return Err(DecisionError::Length { length });
    }
    if !text.chars().all(is_printable) {
        return Err(DecisionError::NotPrintable);
    }
    // Card numbers are also copied with no-break spaces, or several blanks, between their groups.
    let plain_blanks = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if holds_card_number(&plain_blanks) || holds_email(text) {
        return Err(DecisionError::Personal);
    }
    Ok(())
}

/// Control characters and those that hide or reorder text would let a record say something else than it shows.
fn is_printable(character: char) -> bool {
    let hides = matches!(
        character,
        '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fffd}'
    );
    !character.is_control() && !hides
}

/// An `@` with something on both sides.
fn holds_email(text: &str) -> bool {
    text.trim().trim_start_matches('@').trim_end_matches('@').contains('@')
}

/// Why such a decision is not recorded. No message repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecisionError {
    /// Blank or too long.
    #[error("who and why: expected 1 to 200 characters each, got {length} (or only blanks)")]
    Length {
        /// The number of characters given.
        length: usize,
    },
    /// A line end, a control character, or one that hides or reorders text.
    #[error("who and why: expected printable characters on one line")]
    NotPrintable,
    /// It looks like a card number or an e-mail address, which the journal never holds.
    #[error("who and why: it looks like a card number or an e-mail address, and these are never kept")]
    Personal,
    /// Paid, but nothing.
    #[error("an amount paid is more than zero: for nothing, say that it was not paid")]
    ZeroAmount,
}
