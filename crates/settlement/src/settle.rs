//! Settle: which events may be written about a transaction, and what the transaction becomes by each.
//!
//! Every store applies these functions, so that all stores refuse the same writes.

use caisse_payment::entry::{End, Entry, Start};
use caisse_payment::{Amount, Currency, Operation, Outcome, Proof};

use crate::{Decision, Dispute, Order, Paid, Record, Source, State, WallTime};

/// Why an event is not written. Nothing changes then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettleError {
    /// The event does not fit the recorded events: the id is taken, the transaction has ended already or never began, or its
    /// terminal has another unresolved transaction.
    #[error("the journal already holds an event that excludes this one; nothing was written")]
    Conflict,
    /// The decision is about a transaction that is neither unresolved nor disputed.
    #[error("there is no unresolved or disputed transaction under this id; nothing was changed")]
    NotUnresolved,
    /// The event contains data that the journal must not keep, or contradicts itself.
    #[error("the journal does not take this event: {what}")]
    Refused {
        /// The fault of the event.
        what: &'static str,
    },
}

/// Returns what the transaction becomes by this entry. `terminal_is_clear` says that the terminal has no unresolved
/// transaction.
///
/// # Errors
/// [`SettleError::Conflict`] and [`SettleError::Refused`].
pub fn append(
    entry: &Entry,
    at: WallTime,
    existing: Option<&Record>,
    terminal_is_clear: bool,
) -> Result<Record, SettleError> {
    match entry {
        Entry::Started(start) => {
            check_start(start, existing)?;
            if !terminal_is_clear {
                return Err(SettleError::Conflict);
            }
            Ok(began(*start, None, at))
        }
        Entry::NeverSent(start, end) => {
            check_start(start, existing)?;
            check_end(start, end)?;
            if !matches!(end.verdict.outcome, Outcome::NotSent { .. }) {
                return Err(SettleError::Refused { what: "never sent, and yet another outcome" });
            }
            Ok(began(*start, Some(*end), at))
        }
        Entry::Ended(end) => {
            let record = existing.filter(|record| record.is_open()).ok_or(SettleError::Conflict)?;
            check_end(&record.start, end)?;
            Ok(Record { end: Some(*end), ended_at: Some(at), ..record.clone() })
        }
    }
}

/// Returns what the transaction becomes by this decision. The caller holds the lock of the terminal.
///
/// # Errors
/// [`SettleError::NotUnresolved`] and [`SettleError::Refused`].
pub fn decide(decision: &Decision, at: WallTime, record: &Record) -> Result<Record, SettleError> {
    check_open_for(decision, record)?;
    if decision.check().is_err() {
        return Err(SettleError::Refused { what: "a decision that is not of the form it must have" });
    }
    if let Paid::Paid(amount) = decision.paid {
        check_amount(amount, record.start.content.amount.currency())?;
    }
    let decision = Some(decision.clone());
    Ok(Record { decision, decided_at: Some(at), disputed: false, ..record.clone() })
}

/// A doubt is settled by a person or by evidence. What evidence disputes already needs a person.
fn check_open_for(decision: &Decision, record: &Record) -> Result<(), SettleError> {
    match (record.state(), decision.source) {
        (State::Unresolved, _) | (State::Disputed, Source::Person) => Ok(()),
        (State::Disputed, Source::Evidence) | (State::Final, _) => Err(SettleError::NotUnresolved),
    }
}

/// Returns the transaction, unchanged, if a person may take responsibility for it.
///
/// # Errors
/// [`SettleError::Conflict`] and [`SettleError::Refused`].
pub fn order(order: &Order, existing: Option<&Record>) -> Result<Record, SettleError> {
    let record = existing.filter(|record| record.is_open()).ok_or(SettleError::Conflict)?;
    let operation = record.start.content.operation;
    if !matches!(operation, Operation::Credit | Operation::Cancellation) {
        return Err(SettleError::Refused { what: "an order for what gives no money back" });
    }
    if order.check().is_err() {
        return Err(SettleError::Refused { what: "an order that is not of the form it must have" });
    }
    Ok(record.clone())
}

/// Returns what the transaction becomes by this dispute.
///
/// # Errors
/// [`SettleError::Conflict`] and [`SettleError::Refused`].
pub fn dispute(dispute: &Dispute, existing: Option<&Record>) -> Result<Record, SettleError> {
    let known = |record: &&Record| record.state() != State::Unresolved;
    let record = existing.filter(known).ok_or(SettleError::Conflict)?;
    if dispute.check().is_err() {
        return Err(SettleError::Refused { what: "a dispute that is not of the form it must have" });
    }
    if let Paid::Paid(amount) = dispute.paid {
        check_amount(amount, record.start.content.amount.currency())?;
    }
    Ok(Record { disputed: true, ..record.clone() })
}

fn began(start: Start, end: Option<End>, at: WallTime) -> Record {
    let ended_at = end.map(|_| at);
    Record { start, end, decision: None, disputed: false, started_at: at, ended_at, decided_at: None }
}

fn check_start(start: &Start, existing: Option<&Record>) -> Result<(), SettleError> {
    check_amount(start.content.amount, start.content.amount.currency())?;
    if let Some(tip) = start.content.allow_tip {
        check_amount(tip, start.content.amount.currency())?;
        if start.content.operation != Operation::Debit || tip.is_zero() {
            return Err(SettleError::Refused {
                what: "a tip of nothing, or of another operation than a debit",
            });
        }
    }
    match existing {
        Some(record) if !is_proven_not_sent(record) || record.start.content != start.content => {
            Err(SettleError::Conflict)
        }
        _ => Ok(()),
    }
}

fn is_proven_not_sent(record: &Record) -> bool {
    record.decision.is_none()
        && !record.disputed
        && record.end.is_some_and(|end| {
            matches!(end.verdict.outcome, Outcome::NotSent { .. }) && end.verdict.proof == Proof::NothingSent
        })
}

fn check_end(start: &Start, end: &End) -> Result<(), SettleError> {
    let refused = |what| Err(SettleError::Refused { what });
    if end.id != start.id {
        return refused("start and end have different ids");
    }
    // Such an end would let the payment be sent a second time.
    if matches!(end.verdict.outcome, Outcome::NotSent { .. }) && end.verdict.proof != Proof::NothingSent {
        return refused("not sent, and yet something was sent");
    }
    if end.last_four.is_some_and(|last| !last.iter().all(u8::is_ascii_digit)) {
        return refused("the last four characters of the card are not digits");
    }
    if end.status.stat.is_some_and(|stat| !matches!(stat, b' '..=b'~')) {
        return refused("a status of E or E+ that is not printable");
    }
    if end.status.stat.is_some() && end.status.status.is_some() {
        return refused("the status of two generations");
    }
    let outcome = end.verdict.outcome;
    for amount in [outcome.approved_amount(), outcome.amount_due(), end.reported_amount].into_iter().flatten()
    {
        check_amount(amount, start.content.amount.currency())?;
    }
    Ok(())
}

fn check_amount(amount: Amount, currency: Currency) -> Result<(), SettleError> {
    if amount.currency() != currency {
        return Err(SettleError::Refused { what: "an amount in another currency than the transaction's" });
    }
    // SQLite's integers end there; no terminal takes amounts of 19 digits.
    if i64::try_from(amount.minor()).is_err() {
        return Err(SettleError::Refused { what: "an amount that is too large to keep" });
    }
    Ok(())
}
