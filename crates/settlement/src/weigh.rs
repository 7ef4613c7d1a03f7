//! Weigh: what the evidence proves about an unresolved transaction.
//!
//! [`weigh`] judges the terminal's report about its last transaction, [`weigh_result`] a result that came late. Both are pure
//! and enumerated over every combination of report and knowledge (`tests/weigh.rs`). Positive evidence must be able to belong
//! to this transaction and to no other; time only ever excludes.

use core::time::Duration;

use caisse_payment::evidence::{Echoed, LastTransaction};
use caisse_payment::{Amount, AuthorisationNumber, Comparison, Operation, Outcome, Text};

use crate::TerminalIdentity;
#[cfg(feature = "alloc")]
pub use crate::context::{Context, context};
#[cfg(feature = "alloc")]
use crate::{Paid, Record};

/// What the till knows of the transaction in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Knowledge {
    /// What was asked for.
    pub operation: Operation,
    /// How much.
    pub amount: Amount,
    /// The largest tip that may be approved above the amount.
    pub allow_tip: Option<Amount>,
    /// Whether nobody but the tills of this journal uses the terminal.
    pub exclusive: bool,
    /// The terminal to which the transaction was sent, as the journal recorded it.
    pub recorded: TerminalIdentity,
    /// The terminal that makes the report.
    pub found: TerminalIdentity,
    /// What was completed before it on this terminal, as far as the journal knows.
    pub previous: Previous,
    /// Whether the reported transaction may be another one of the journal: see `Context::of_another`.
    pub of_another: bool,
    /// How much of the longest transaction's time has not passed since the request was sent; in full again after a
    /// restart.
    pub time_left: Duration,
}

impl Knowledge {
    /// Whether this amount is the amount asked for with a tip that was allowed.
    fn may_be_with_tip(&self, reported: Amount) -> bool {
        let tip = reported.checked_sub(self.amount);
        self.allow_tip.zip(tip).is_some_and(|(max, tip)| max.checked_sub(tip).is_some())
    }
}

/// The last transaction before the one in doubt that was completed on the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Previous {
    /// The journal has none.
    Unknown,
    /// One with this authorisation number and this amount.
    Authorised(AuthorisationNumber, Amount),
    /// One whose number was not told, with this amount.
    Unnumbered(Amount),
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecoveryFinding {
    /// The customer paid this much.
    Paid(Amount),
    /// Nothing was paid.
    NotPaid,
    /// Nobody knows yet.
    Open(Open),
}

#[cfg(feature = "alloc")]
impl RecoveryFinding {
    /// Returns what is proven about the money; nothing while nobody knows.
    #[must_use]
    pub const fn paid(self) -> Option<Paid> {
        match self {
            Self::Paid(amount) => Some(Paid::Paid(amount)),
            Self::NotPaid => Some(Paid::NotPaid),
            Self::Open(_) => None,
        }
    }
}

/// Why nobody knows yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// A duplicata proves no credit, no cancellation and no cheque.
    NotADebit,
    /// The terminal is not the one that took the transaction.
    AnotherTerminal,
    /// The terminal did not tell what its last transaction was.
    Unclear,
    /// The last transaction can be somebody else's: others use the terminal too.
    NotExclusive,
    /// The last transaction is for another amount, or does not tell its amount and currency.
    AnotherAmount,
    /// The last transaction may be an earlier one of the same amount.
    PerhapsEarlier,
    /// The journal was salvaged from a damaged file, and the outcome was lost: only a person settles the transaction.
    Salvaged,
    /// All speaks for "not paid", and the card holder may still be at the terminal.
    TooSoon {
        /// How much longer that may be.
        left: Duration,
    },
}

impl Open {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotADebit => "not_a_debit",
            Self::AnotherTerminal => "another_terminal",
            Self::Unclear => "unclear",
            Self::NotExclusive => "not_exclusive",
            Self::AnotherAmount => "another_amount",
            Self::PerhapsEarlier => "perhaps_earlier",
            Self::Salvaged => "salvaged",
            Self::TooSoon { .. } => "too_soon",
        }
    }

    /// The sentence for the cashier.
    #[must_use]
    pub const fn text(self) -> Text {
        match self {
            Self::NotADebit => Text {
                fr: "Un duplicata ne prouve ni crédit, ni annulation, ni chèque.",
                en: "A duplicata proves no credit, no cancellation and no cheque.",
            },
            Self::AnotherTerminal => Text {
                fr: "Ce n'est pas le terminal qui a reçu la transaction.",
                en: "This is not the terminal that took the transaction.",
            },
            Self::Unclear => Text {
                fr: "Le terminal ne dit pas quelle était sa dernière transaction.",
                en: "The terminal does not tell what its last transaction was.",
            },
            Self::NotExclusive => Text {
                fr: "D'autres utilisent ce terminal : sa dernière transaction peut être la leur.",
                en: "Others use this terminal: its last transaction may be theirs.",
            },
            Self::AnotherAmount => Text {
                fr: "Le terminal n'annonce pas ce montant pour sa dernière transaction : comparez son ticket.",
                en: "The terminal does not tell this amount for its last transaction: compare its ticket.",
            },
            Self::PerhapsEarlier => Text {
                fr: "La dernière transaction du terminal peut être une précédente du même montant.",
                en: "The terminal's last transaction may be an earlier one of the same amount.",
            },
            Self::Salvaged => Text {
                fr: "Le fichier du journal était endommagé : seule une personne peut décider, après vérification.",
                en: "The journal file was damaged: only a person can decide, after checking.",
            },
            Self::TooSoon { .. } => Text {
                fr: "Le client peut encore être devant le terminal : attendez.",
                en: "The customer may still be at the terminal: wait.",
            },
        }
    }
}

/// Weighs what the terminal told against what the till knows.
#[must_use]
pub fn weigh(told: &LastTransaction, known: &Knowledge) -> RecoveryFinding {
    match find(told, known) {
        Ok(finding) => finding,
        Err(open) => RecoveryFinding::Open(open),
    }
}

/// Returns the finding about a transaction that no evidence settles, whatever a terminal reports: one that was
/// [salvaged](Record::is_salvaged).
#[cfg(feature = "alloc")]
#[must_use]
pub fn needs_person(record: &Record) -> Option<RecoveryFinding> {
    record.is_salvaged().then_some(RecoveryFinding::Open(Open::Salvaged))
}

/// What is known of a result that a terminal reports after the till had gone or had stopped waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LateResult {
    /// The outcome of the unresolved transaction by this result.
    pub outcome: Outcome,
    /// Whether the terminal is the one to which the transaction was sent.
    pub same_terminal: bool,
    /// Whether the result can be of no other till: only the tills of this journal use the terminal, or the result names the
    /// transaction.
    pub exclusive: bool,
    /// Whether the transaction before it on this terminal had the same register, amount and currency, so that the result may
    /// be a copy of that one's.
    pub like_the_last: bool,
    /// Whether the result reports more than the amount asked for, and does not name the transaction.
    pub unproven_tip: bool,
}

/// Weighs a late result.
#[must_use]
pub const fn weigh_result(result: &LateResult) -> RecoveryFinding {
    if !result.same_terminal {
        return RecoveryFinding::Open(Open::AnotherTerminal);
    }
    let finding = match result.outcome {
        // The amount may as well be the whole of an earlier payment.
        Outcome::Approved { .. } if result.unproven_tip => RecoveryFinding::Open(Open::AnotherAmount),
        Outcome::Approved { amount } => RecoveryFinding::Paid(amount),
        // The amount may as well be the whole of an earlier payment.
        Outcome::PartiallyApproved { .. } => RecoveryFinding::Open(Open::AnotherAmount),
        Outcome::Declined { .. } | Outcome::Cancelled { .. } => RecoveryFinding::NotPaid,
        Outcome::NotSent { .. } | Outcome::Unknown { .. } | Outcome::Blocked { .. } => {
            return RecoveryFinding::Open(Open::Unclear);
        }
    };
    if !result.exclusive {
        return RecoveryFinding::Open(Open::NotExclusive);
    }
    if result.like_the_last { RecoveryFinding::Open(Open::PerhapsEarlier) } else { finding }
}

fn find(told: &LastTransaction, known: &Knowledge) -> Result<RecoveryFinding, Open> {
    if !known.recorded.is(&known.found) {
        return Err(Open::AnotherTerminal);
    }
    if known.operation != Operation::Debit {
        return Err(Open::NotADebit);
    }
    let (minor, currency, authorisation, reference) = match *told {
        LastTransaction::Unclear => return Err(Open::Unclear),
        LastTransaction::NotCompleted => return not_paid(known),
        LastTransaction::Completed { minor, currency, authorisation, reference } => {
            (minor, currency, authorisation, reference)
        }
    };
    let ours = reference == Echoed::Ours;
    let authorisation = authorisation.filter(names_one);
    let previous = match known.previous {
        Previous::Authorised(number, amount) if !names_one(&number) => Previous::Unnumbered(amount),
        previous => previous,
    };
    // Of the previous number and the reported one, where there are both.
    let numbers = match (previous, authorisation) {
        (Previous::Authorised(previous, _), Some(number)) => previous.compare(&number),
        _ => Comparison::Unclear,
    };
    if let Previous::Authorised(_, amount) = previous
        && matches!(reference, Echoed::Absent | Echoed::Another)
        && numbers == Comparison::Same
        && minor.is_none_or(|minor| minor == amount.minor())
        && currency.is_none_or(|currency| currency == amount.currency().numeric())
    {
        return not_paid(known);
    }
    let same_currency = currency == Some(known.amount.currency().numeric());
    let reported = minor.filter(|_| same_currency).ok_or(Open::AnotherAmount)?;
    let reported = Amount::from_minor(reported, known.amount.currency());
    // With a tip it may as well be the whole of another payment, except where it names ours.
    if reported != known.amount && !(ours && known.may_be_with_tip(reported)) {
        return Err(Open::AnotherAmount);
    }
    if ours {
        return Ok(RecoveryFinding::Paid(reported));
    }
    if !known.exclusive || reference == Echoed::Another {
        return Err(Open::NotExclusive);
    }
    // Without a number, or behind a payment of the same amount whose number nobody knows, it may be that one.
    let earlier_is_possible = match previous {
        Previous::Unnumbered(amount) => amount == known.amount,
        // Its number, or its number in another form, and not its amount: one of both says nothing.
        Previous::Authorised(..) => numbers.may_be_same(),
        // It may be older than the journal, which somebody may have moved away.
        Previous::Unknown => true,
    };
    if authorisation.is_none() || earlier_is_possible || known.of_another {
        return Err(Open::PerhapsEarlier);
    }
    Ok(RecoveryFinding::Paid(known.amount))
}

/// Whether a number tells transactions apart. Blanks and zeros are what stands there where nobody gave one.
fn names_one(number: &AuthorisationNumber) -> bool {
    number.compare(number) == Comparison::Same
}

fn not_paid(known: &Knowledge) -> Result<RecoveryFinding, Open> {
    if !known.exclusive {
        return Err(Open::NotExclusive);
    }
    if !known.time_left.is_zero() {
        return Err(Open::TooSoon { left: known.time_left });
    }
    Ok(RecoveryFinding::NotPaid)
}

/// Returns what an answer proves that came on the connection of its own transaction.
#[must_use]
pub const fn weigh_answer(outcome: Outcome) -> RecoveryFinding {
    match outcome {
        Outcome::Approved { amount } | Outcome::PartiallyApproved { approved: amount, .. } => {
            RecoveryFinding::Paid(amount)
        }
        Outcome::Declined { .. } | Outcome::Cancelled { .. } => RecoveryFinding::NotPaid,
        Outcome::NotSent { .. } | Outcome::Unknown { .. } | Outcome::Blocked { .. } => {
            RecoveryFinding::Open(Open::Unclear)
        }
    }
}
