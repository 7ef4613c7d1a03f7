//! How a transaction ended, and how far its request got.

use core::fmt;

use crate::outcome_words::{CANCELLATION, CHEQUE, CREDIT, DEFERRED_DEBIT, Words};
use crate::reason::{Blocked, Doubt, Duty, NotSent, Refusal, Text};
use crate::{Amount, Operation};

/// How a transaction ended. There is no "failed": what is not proven is [`Unknown`](Self::Unknown).
///
/// The enum is exhaustive, so that a till which handles every arm has handled every case.
///
/// ```
/// use caisse_payment::{Amount, Currency, Doubt, Outcome, Retry};
///
/// fn what_next(outcome: Outcome) -> &'static str {
///     match outcome {
///         Outcome::Approved { .. } => "hand over the goods",
///         Outcome::PartiallyApproved { .. } => "collect the rest",
///         Outcome::Declined { .. } | Outcome::Cancelled { .. } => "offer another way to pay",
///         Outcome::NotSent { .. } => "try again",
///         Outcome::Unknown { .. } => "look at the terminal",
///         Outcome::Blocked { .. } => "settle what blocks",
///     }
/// }
/// let outcome = Outcome::Unknown { doubt: Doubt::Silence };
/// assert_eq!(what_next(outcome), "look at the terminal");
/// assert_eq!(outcome.retry(), Retry::No);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "an outcome that is not looked at may be a lost payment"]
pub enum Outcome {
    /// The customer paid all of it.
    Approved {
        /// What was paid.
        amount: Amount,
    },
    /// The customer paid a part of it, as the till had allowed.
    PartiallyApproved {
        /// What was paid.
        approved: Amount,
        /// What is still to be paid.
        due: Amount,
    },
    /// The terminal or the bank said no.
    Declined {
        /// Why.
        refusal: Refusal,
    },
    /// The card holder or the operator gave up on the terminal.
    Cancelled {
        /// Who.
        refusal: Refusal,
    },
    /// Proven: no byte of the request left the till.
    NotSent {
        /// Why.
        reason: NotSent,
    },
    /// Nobody knows yet whether the customer paid.
    Unknown {
        /// What was seen.
        doubt: Doubt,
    },
    /// The till refused to begin. Nothing was sent, except where the reason is
    /// [`InFlightElsewhere`](Blocked::InFlightElsewhere): another attempt of the same transaction may have sent its request.
    Blocked {
        /// Why.
        reason: Blocked,
    },
}

impl Outcome {
    /// The stable name: `approved`, `partially_approved`, `declined`, `cancelled`, `not_sent`, `unknown` or
    /// `blocked`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approved { .. } => "approved",
            Self::PartiallyApproved { .. } => "partially_approved",
            Self::Declined { .. } => "declined",
            Self::Cancelled { .. } => "cancelled",
            Self::NotSent { .. } => "not_sent",
            Self::Unknown { .. } => "unknown",
            Self::Blocked { .. } => "blocked",
        }
    }

    /// Whether the payment may be tried again, and under which id.
    #[must_use]
    pub const fn retry(self) -> Retry {
        match self {
            Self::NotSent { .. } => Retry::SameId,
            Self::Declined { .. } | Self::Cancelled { .. } => Retry::NewId,
            Self::Approved { .. }
            | Self::PartiallyApproved { .. }
            | Self::Unknown { .. }
            | Self::Blocked { .. } => Retry::No,
        }
    }

    /// What the customer is known to have paid.
    #[must_use]
    pub const fn approved_amount(self) -> Option<Amount> {
        match self {
            Self::Approved { amount } => Some(amount),
            Self::PartiallyApproved { approved, .. } => Some(approved),
            _ => None,
        }
    }

    /// What the customer still has to pay after a partial approval.
    #[must_use]
    pub const fn amount_due(self) -> Option<Amount> {
        match self {
            Self::PartiallyApproved { due, .. } => Some(due),
            _ => None,
        }
    }

    /// Whether money may have moved without the till knowing it.
    #[must_use]
    pub const fn is_unknown(self) -> bool {
        matches!(self, Self::Unknown { .. })
    }

    /// The code of the reason, for all that is not an approval.
    #[must_use]
    pub const fn reason_code(self) -> Option<&'static str> {
        match self {
            Self::Approved { .. } | Self::PartiallyApproved { .. } => None,
            Self::Declined { refusal } | Self::Cancelled { refusal } => Some(refusal.code()),
            Self::NotSent { reason } => Some(reason.code()),
            Self::Unknown { doubt } => Some(doubt.code()),
            Self::Blocked { reason } => Some(reason.code()),
        }
    }

    /// The reason in words, for all that is not an approval.
    #[must_use]
    pub const fn reason_text(self) -> Option<Text> {
        match self {
            Self::Approved { .. } | Self::PartiallyApproved { .. } => None,
            Self::Declined { refusal } | Self::Cancelled { refusal } => Some(refusal.text()),
            Self::NotSent { reason } => Some(reason.text()),
            Self::Unknown { doubt } => Some(doubt.text()),
            Self::Blocked { reason } => Some(reason.text()),
        }
    }

    /// The headline for the cashier of a debit; [`headline`](Self::headline) knows the other operations.
    #[must_use]
    pub const fn text(self) -> Text {
        match self {
            Self::Approved { .. } => Text { fr: "Paiement accepté", en: "Payment approved" },
            Self::PartiallyApproved { .. } => {
                Text { fr: "Paiement accepté en partie", en: "Payment approved in part" }
            }
            Self::Declined { .. } => Text { fr: "Paiement refusé", en: "Payment declined" },
            Self::Cancelled { .. } => Text { fr: "Paiement abandonné", en: "Payment cancelled" },
            Self::NotSent { .. } => Text {
                fr: "Rien n'a été envoyé, vous pouvez réessayer",
                en: "Nothing was sent, it is safe to try again",
            },
            Self::Unknown { .. } => Text {
                fr: "RÉSULTAT INCONNU, le client a peut-être payé",
                en: "OUTCOME UNKNOWN, the customer may have paid",
            },
            Self::Blocked { reason: Blocked::InFlightElsewhere } => Text {
                fr: "Opération déjà en cours, son résultat n'est pas encore connu",
                en: "Transaction already under way, its outcome is not known yet",
            },
            Self::Blocked { .. } => Text {
                fr: "Paiement non commencé, rien n'a été envoyé",
                en: "Payment not begun, nothing was sent",
            },
        }
    }

    /// The headline for the cashier, in the words of the operation.
    ///
    /// ```
    /// use caisse_payment::{Amount, Currency, Operation, Outcome};
    ///
    /// let outcome = Outcome::Approved { amount: Amount::from_minor(2500, Currency::EUR) };
    /// assert_eq!(outcome.headline(Operation::Debit).en, "Payment approved");
    /// assert_eq!(outcome.headline(Operation::Credit).en, "Credit approved");
    /// ```
    #[must_use]
    pub const fn headline(self, operation: Operation) -> Text {
        match operation {
            Operation::Debit => self.text(),
            Operation::Credit => self.words(&CREDIT),
            Operation::Cancellation => self.words(&CANCELLATION),
            Operation::Cheque => self.words(&CHEQUE),
            Operation::DeferredDebit => self.words(&DEFERRED_DEBIT),
        }
    }

    const fn words(self, words: &Words) -> Text {
        match self {
            Self::Approved { .. } => words.approved,
            Self::PartiallyApproved { .. } => words.partially,
            Self::Declined { .. } => words.declined,
            Self::Cancelled { .. } => words.cancelled,
            Self::NotSent { .. } | Self::Blocked { reason: Blocked::InFlightElsewhere } => self.text(),
            Self::Unknown { .. } => words.unknown,
            Self::Blocked { .. } => words.blocked,
        }
    }

    /// What a person has to do, if anything.
    #[must_use]
    pub const fn duty(self) -> Option<Duty> {
        match self {
            Self::Unknown { .. } => Some(Duty::CheckTerminal),
            Self::PartiallyApproved { .. } => Some(Duty::CollectRest),
            Self::Declined { refusal: Refusal::CallBank | Refusal::Forcing } => Some(Duty::CallBank),
            Self::Blocked { reason } => Some(match reason {
                Blocked::Unresolved => Duty::ResolveEarlier,
                Blocked::Busy => Duty::WaitForOther,
                Blocked::InFlightElsewhere => Duty::WaitForFirstAttempt,
                Blocked::IdConflict => Duty::UseNewId,
                Blocked::LateResultPossible => Duty::WaitForLateResult,
                Blocked::OriginalMissing
                | Blocked::OriginalNotApproved
                | Blocked::OriginalNotLast
                | Blocked::OriginalCurrencyDiffers
                | Blocked::OriginalAmountDiffers
                | Blocked::CreditExceedsOriginal => Duty::CheckOriginal,
                Blocked::JournalUnavailable | Blocked::JournalReplaced => Duty::RepairJournal,
            }),
            _ => None,
        }
    }
}

impl fmt::Display for Outcome {
    /// One line in English: what happened, why, how much, and what to do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().en)?;
        if let Some(amount) = self.approved_amount() {
            write!(f, ": {amount}")?;
        }
        if let Some(due) = self.amount_due() {
            write!(f, ", {due} still to be paid")?;
        }
        if let Some(reason) = self.reason_text() {
            write!(f, ". {}", reason.en)?;
        }
        match self.duty() {
            Some(duty) if self.reason_code().is_some() => write!(f, " {}", duty.text().en),
            Some(duty) => write!(f, ". {}", duty.text().en),
            None => Ok(()),
        }
    }
}

/// How far the request got. Ordered: each step includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proof {
    /// The system accepted no byte of it.
    NothingSent,
    /// The system accepted some of it; whether the terminal has it is not known.
    PerhapsSent,
    /// The terminal has it: an acknowledgement on serial, a first byte of an answer on TCP.
    Delivered,
    /// The terminal answered it: the answer carried a status.
    Answered,
}

impl Proof {
    /// Every one, in order.
    pub const ALL: [Self; 4] = [Self::NothingSent, Self::PerhapsSent, Self::Delivered, Self::Answered];

    /// The stable name: `nothing_sent`, `perhaps_sent`, `delivered` or `answered`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NothingSent => "nothing_sent",
            Self::PerhapsSent => "perhaps_sent",
            Self::Delivered => "delivered",
            Self::Answered => "answered",
        }
    }

    /// The proof that has this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|proof| proof.name() == name)
    }
}

/// Whether a payment may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retry {
    /// Yes, under the id it had: nothing was sent.
    SameId,
    /// Yes, as a new transaction: this one has ended without payment.
    NewId,
    /// No: the customer has paid, may have paid, or something must be settled first.
    No,
}

impl Retry {
    /// The stable name: `same_id`, `new_id` or `no`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SameId => "same_id",
            Self::NewId => "new_id",
            Self::No => "no",
        }
    }

    /// Whether it is safe to try again at all.
    #[must_use]
    pub const fn is_safe(self) -> bool {
        !matches!(self, Self::No)
    }
}

/// An outcome with the proof of how far the request got: the small verdict of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a verdict that is not looked at may be a lost payment"]
pub struct Verdict {
    /// How it ended.
    pub outcome: Outcome,
    /// How far the request got.
    pub proof: Proof,
}

impl Verdict {
    /// An outcome of a transaction of which nothing left the till.
    pub const fn nothing_sent(outcome: Outcome) -> Self {
        Self { outcome, proof: Proof::NothingSent }
    }

    /// The till refuses to begin. Nothing was sent, except perhaps by another attempt of the same transaction.
    ///
    /// ```
    /// use caisse_payment::{Blocked, Proof, Verdict};
    ///
    /// assert_eq!(Verdict::blocked(Blocked::Busy).proof, Proof::NothingSent);
    /// assert_eq!(Verdict::blocked(Blocked::InFlightElsewhere).proof, Proof::PerhapsSent);
    /// ```
    pub const fn blocked(reason: Blocked) -> Self {
        let proof = match reason {
            Blocked::InFlightElsewhere => Proof::PerhapsSent,
            _ => Proof::NothingSent,
        };
        Self { outcome: Outcome::Blocked { reason }, proof }
    }
}
