//! The history of a transaction: what was written, in order, never changed.

use core::fmt;

use caisse_payment::entry::{End, Entry, RawStatus, Start};

use crate::{Confirmations, Decision, Dispute, Order, Paid, Source, WallTime};

/// One write about a transaction. Its `Display` is one line in English for a support person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When it was written.
    pub at: WallTime,
    /// What was written.
    pub what: What,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "most events are starts and ends")]
pub enum What {
    /// An attempt began.
    Started(Start),
    /// It ended.
    Ended(End),
    /// It ended before it could begin.
    NeverSent(Start, End),
    /// A person or the evidence decided, or a person corrected a person's decision.
    Resolved(Decision),
    /// Proof that contradicts the end came later, or a person contradicts the terminal's proof.
    Disputed(Dispute),
    /// A person took responsibility for a cancellation or a credit.
    Ordered(Order),
}

impl What {
    /// The stable name: `started`, `ended`, `never_sent`, `resolved`, `recovered`, `disputed` or `ordered`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Started(_) => "started",
            Self::Ended(_) => "ended",
            Self::NeverSent(..) => "never_sent",
            Self::Resolved(Decision { source: Source::Person, .. }) => "resolved",
            Self::Resolved(Decision { source: Source::Evidence, .. }) => "recovered",
            Self::Disputed(_) => "disputed",
            Self::Ordered(_) => "ordered",
        }
    }

    /// The start in it.
    #[must_use]
    pub const fn start(&self) -> Option<&Start> {
        match self {
            Self::Started(start) | Self::NeverSent(start, _) => Some(start),
            Self::Ended(_) | Self::Resolved(_) | Self::Disputed(_) | Self::Ordered(_) => None,
        }
    }

    /// The end in it.
    #[must_use]
    pub const fn end(&self) -> Option<&End> {
        match self {
            Self::Ended(end) | Self::NeverSent(_, end) => Some(end),
            Self::Started(_) | Self::Resolved(_) | Self::Disputed(_) | Self::Ordered(_) => None,
        }
    }

    /// The decision in it.
    #[must_use]
    pub const fn decision(&self) -> Option<&Decision> {
        match self {
            Self::Resolved(decision) => Some(decision),
            _ => None,
        }
    }
}

impl From<Entry> for What {
    fn from(entry: Entry) -> Self {
        match entry {
            Entry::Started(start) => Self::Started(start),
            Entry::Ended(end) => Self::Ended(end),
            Entry::NeverSent(start, end) => Self::NeverSent(start, end),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.what, f)
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started(start) => write_start(f, start),
            Self::Ended(end) => write_end(f, end),
            Self::NeverSent(start, end) => {
                write_start(f, start)?;
                f.write_str("; ")?;
                write_end(f, end)
            }
            Self::Resolved(decision) => {
                write_paid(f, decision.paid)?;
                write!(f, ", says {}: {}", decision.by, decision.because)?;
                let needs_steps = decision.is_by_person() && decision.paid == Paid::NotPaid;
                write_confirmed(f, decision.confirmed, needs_steps)
            }
            Self::Disputed(dispute) => {
                write_paid(f, dispute.paid)?;
                match &dispute.by {
                    Some(by) => write!(f, " after all, says {by}: {}", dispute.because)?,
                    None => write!(f, " after all, by later proof: {}", dispute.because)?,
                }
                let needs_steps = dispute.by.is_some() && dispute.paid == Paid::NotPaid;
                write_confirmed(f, dispute.confirmed, needs_steps)
            }
            Self::Ordered(order) => write!(f, "ordered by {}: {}", order.by, order.because),
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

fn write_start(f: &mut fmt::Formatter<'_>, start: &Start) -> fmt::Result {
    let content = &start.content;
    let (terminal, register) = (content.terminal, content.register);
    write!(f, "{} of {} on {terminal}, register {register}", content.operation, content.amount)?;
    if let Some(original) = content.original {
        write!(f, ", original {original}")?;
    }
    if let Some(reference) = content.reference {
        write!(f, ", reference {reference}")?;
    }
    if content.allow_partial {
        f.write_str(", a part may be approved")?;
    }
    if let Some(tip) = content.allow_tip {
        write!(f, ", with a tip of at most {tip}")?;
    }
    write!(f, ", dialect {}", start.dialect)
}

fn write_end(f: &mut fmt::Formatter<'_>, end: &End) -> fmt::Result {
    write!(f, "{}", end.verdict.outcome.name())?;
    if let Some(code) = end.verdict.outcome.reason_code() {
        write!(f, " ({code})")?;
    }
    if let Some(amount) = end.verdict.outcome.approved_amount() {
        write!(f, " {amount}")?;
    }
    if let Some(due) = end.verdict.outcome.amount_due() {
        write!(f, ", due {due}")?;
    }
    if let Some(amount) = end.reported_amount {
        write!(f, ", reported {amount}")?;
    }
    write!(f, ", {}", end.verdict.proof.name())?;
    if let Some(number) = end.authorisation {
        write!(f, ", authorisation {number}")?;
    }
    if let Some(number) = end.contract {
        write!(f, ", contract {number}")?;
    }
    if let Some(digits) = end.last_four {
        write!(f, ", card ending in {}", digits.escape_ascii())?;
    }
    let RawStatus { status, complement, stat } = end.status;
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
