//! The history of a transaction: what was written, in order, never changed.

use core::fmt;

use caisse_payment::{Conclusion, RawStatus, Transaction};

use crate::{Confirmations, Decision, Dispute, OperatorOverride, Paid, Source, WallTime};

/// One fact about a transaction. Its `Display` is one line in English for a support person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An attempt begins: its request may leave once this is durable.
    Started(Transaction),
    /// The transaction has ended.
    Ended(Conclusion),
    /// The transaction ended before it could begin: both in one write, so that a power cut between the two leaves no unresolved
    /// transaction.
    NeverSent(Transaction, Conclusion),
    /// A person or the evidence decided, or a person corrected a person's decision.
    Resolved(Decision),
    /// Proof that contradicts the end came later, or a person contradicts the terminal's proof.
    Disputed(Dispute),
    /// A person took responsibility for a cancellation or a credit.
    Overridden(OperatorOverride),
}

/// An event in the history of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEvent {
    /// When the event was written.
    pub at: WallTime,
    /// The event.
    pub event: Event,
}

impl Event {
    /// The stable name: `started`, `ended`, `never_sent`, `resolved`, `recovered`, `disputed` or `ordered`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Started(_) => "started",
            Self::Ended(_) => "ended",
            Self::NeverSent(..) => "never_sent",
            Self::Resolved(decision) => match decision.source() {
                Source::Person => "resolved",
                Source::Evidence => "recovered",
            },
            Self::Disputed(_) => "disputed",
            Self::Overridden(_) => "ordered",
        }
    }

    /// The attempt that begins with this event.
    #[must_use]
    pub const fn transaction(&self) -> Option<&Transaction> {
        match self {
            Self::Started(transaction) | Self::NeverSent(transaction, _) => Some(transaction),
            Self::Ended(_) | Self::Resolved(_) | Self::Disputed(_) | Self::Overridden(_) => None,
        }
    }

    /// The end in this event.
    #[must_use]
    pub const fn conclusion(&self) -> Option<&Conclusion> {
        match self {
            Self::Ended(conclusion) | Self::NeverSent(_, conclusion) => Some(conclusion),
            Self::Started(_) | Self::Resolved(_) | Self::Disputed(_) | Self::Overridden(_) => None,
        }
    }

    /// The decision in this event.
    #[must_use]
    pub const fn decision(&self) -> Option<&Decision> {
        match self {
            Self::Resolved(decision) => Some(decision),
            _ => None,
        }
    }
}

impl fmt::Display for RecordedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.event, f)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started(transaction) => write_transaction(f, transaction),
            Self::Ended(conclusion) => write_conclusion(f, conclusion),
            Self::NeverSent(transaction, conclusion) => {
                write_transaction(f, transaction)?;
                f.write_str("; ")?;
                write_conclusion(f, conclusion)
            }
            Self::Resolved(decision) => {
                write_paid(f, decision.paid())?;
                write!(f, ", says {}: {}", decision.by(), decision.because())?;
                let needs_steps = decision.is_by_person() && decision.paid() == Paid::NotPaid;
                write_confirmed(f, decision.confirmed(), needs_steps)
            }
            Self::Disputed(dispute) => {
                write_paid(f, dispute.paid())?;
                match dispute.by() {
                    Some(by) => write!(f, " after all, says {by}: {}", dispute.because())?,
                    None => write!(f, " after all, by later proof: {}", dispute.because())?,
                }
                let needs_steps = dispute.by().is_some() && dispute.paid() == Paid::NotPaid;
                write_confirmed(f, dispute.confirmed(), needs_steps)
            }
            Self::Overridden(person) => write!(f, "ordered by {}: {}", person.by(), person.because()),
        }
    }
}

fn write_paid(f: &mut fmt::Formatter<'_>, paid: Paid) -> fmt::Result {
    match paid {
        Paid::Paid(amount) => write!(f, "paid {amount}"),
        Paid::NotPaid => f.write_str("not paid"),
    }
}

fn write_confirmed(f: &mut fmt::Formatter<'_>, confirmed: Confirmations, needs_steps: bool) -> fmt::Result {
    match (confirmed.is_empty(), needs_steps) {
        (false, _) => write!(f, "; confirmed: {confirmed}"),
        (true, true) => f.write_str("; confirmed: nothing"),
        (true, false) => Ok(()),
    }
}

fn write_transaction(f: &mut fmt::Formatter<'_>, transaction: &Transaction) -> fmt::Result {
    let Transaction { operation, amount, terminal, register, .. } = transaction;
    write!(f, "{operation} of {amount} on {terminal}, register {register}")?;
    if let Some(original) = transaction.original {
        write!(f, ", original {original}")?;
    }
    if let Some(reference) = transaction.reference {
        write!(f, ", reference {reference}")?;
    }
    if transaction.allow_partial {
        f.write_str(", a part may be approved")?;
    }
    if let Some(tip) = transaction.allow_tip {
        write!(f, ", with a tip of at most {tip}")?;
    }
    write!(f, ", dialect {}", transaction.dialect)
}

fn write_conclusion(f: &mut fmt::Formatter<'_>, conclusion: &Conclusion) -> fmt::Result {
    write!(f, "{}", conclusion.verdict.outcome.name())?;
    if let Some(code) = conclusion.verdict.outcome.reason_code() {
        write!(f, " ({code})")?;
    }
    if let Some(amount) = conclusion.verdict.outcome.approved_amount() {
        write!(f, " {amount}")?;
    }
    if let Some(due) = conclusion.verdict.outcome.amount_due() {
        write!(f, ", due {due}")?;
    }
    if let Some(amount) = conclusion.reported_amount {
        write!(f, ", reported {amount}")?;
    }
    write!(f, ", {}", conclusion.verdict.proof.name())?;
    if let Some(number) = conclusion.authorisation {
        write!(f, ", authorisation {number}")?;
    }
    if let Some(number) = conclusion.contract {
        write!(f, ", contract {number}")?;
    }
    if let Some(digits) = conclusion.last_four {
        write!(f, ", card ending in {}", digits.escape_ascii())?;
    }
    let RawStatus { status, complement, stat } = conclusion.status;
    if let Some(stat) = stat {
        write!(f, ", STAT={}", [stat].escape_ascii())?;
    }
    for (tag, code) in [("AE", status), ("AF", complement)] {
        if let Some(code) = code {
            write!(f, ", {tag}={}", code.escape_ascii())?;
        }
    }
    Ok(())
}
