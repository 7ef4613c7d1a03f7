//! Which writes are allowed: the same for every store of this crate.

use caisse_payment::entry::{End, Entry, Start};
use caisse_payment::{Amount, Currency, Operation, Outcome, Proof};

use crate::{Decision, Dispute, JournalError, Order, Paid, Record, Source, State, TerminalLock, WallTime};

/// A record and what only stores need to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tracked {
    pub(crate) record: Record,
    /// The number of the event that began the attempt that counts.
    pub(crate) started_event: u64,
    pub(crate) decided_at: Option<WallTime>,
}

/// What the transaction becomes by this entry, which is event number `number`.
pub(crate) fn append(
    entry: &Entry,
    at: WallTime,
    number: u64,
    existing: Option<&Tracked>,
    terminal_is_clear: bool,
) -> Result<Tracked, JournalError> {
    match entry {
        Entry::Started(start) => {
            check_start(start, existing)?;
            if !terminal_is_clear {
                return Err(JournalError::Conflict);
            }
            Ok(began(*start, None, at, number))
        }
        Entry::NeverSent(start, end) => {
            check_start(start, existing)?;
            check_end(start, end)?;
            if !matches!(end.verdict.outcome, Outcome::NotSent { .. }) {
                return Err(JournalError::Refused { what: "never sent, and yet another outcome" });
            }
            Ok(began(*start, Some(*end), at, number))
        }
        Entry::Ended(end) => {
            let tracked =
                existing.filter(|tracked| tracked.record.is_open()).ok_or(JournalError::Conflict)?;
            check_end(&tracked.record.start, end)?;
            let mut tracked = tracked.clone();
            tracked.record.end = Some(*end);
            tracked.record.ended_at = Some(at);
            Ok(tracked)
        }
    }
}

/// What the transaction becomes by this decision.
pub(crate) fn resolve(
    lock: &TerminalLock,
    decision: &Decision,
    at: WallTime,
    existing: Option<&Tracked>,
) -> Result<Tracked, JournalError> {
    let tracked = existing.ok_or(JournalError::NotUnresolved)?;
    check_open_for(decision, &tracked.record)?;
    if !lock.covers(&tracked.record.start.content.terminal) {
        return Err(JournalError::WrongLock);
    }
    decide(decision, at, tracked)
}

/// [`resolve`] without the lock, for the replay of what was written under it.
pub(crate) fn decide(decision: &Decision, at: WallTime, tracked: &Tracked) -> Result<Tracked, JournalError> {
    check_open_for(decision, &tracked.record)?;
    if decision.check().is_err() {
        return Err(JournalError::Refused { what: "a decision that is not of the form it must have" });
    }
    if let Paid::Paid(amount) = decision.paid {
        check_amount(amount, tracked.record.start.content.amount.currency())?;
    }
    let mut tracked = tracked.clone();
    tracked.record.decision = Some(decision.clone());
    tracked.record.disputed = false;
    tracked.decided_at = Some(at);
    Ok(tracked)
}

/// A doubt is settled by a person or by evidence. What evidence disputes already needs a person.
fn check_open_for(decision: &Decision, record: &Record) -> Result<(), JournalError> {
    match (record.state(), decision.source) {
        (State::Unresolved, _) | (State::Disputed, Source::Person) => Ok(()),
        (State::Disputed, Source::Evidence) | (State::Final, _) => Err(JournalError::NotUnresolved),
    }
}

/// Whether a person may take responsibility for the transaction; it stays as it is.
pub(crate) fn order(order: &Order, existing: Option<&Tracked>) -> Result<Tracked, JournalError> {
    let tracked = existing.filter(|tracked| tracked.record.is_open()).ok_or(JournalError::Conflict)?;
    let operation = tracked.record.start.content.operation;
    if !matches!(operation, Operation::Credit | Operation::Cancellation) {
        return Err(JournalError::Refused { what: "an order for what gives no money back" });
    }
    if order.check().is_err() {
        return Err(JournalError::Refused { what: "an order that is not of the form it must have" });
    }
    Ok(tracked.clone())
}

/// What the transaction becomes by this dispute.
pub(crate) fn dispute(dispute: &Dispute, existing: Option<&Tracked>) -> Result<Tracked, JournalError> {
    let known = |tracked: &&Tracked| tracked.record.state() != State::Unresolved;
    let tracked = existing.filter(known).ok_or(JournalError::Conflict)?;
    if dispute.check().is_err() {
        return Err(JournalError::Refused { what: "a dispute that is not of the form it must have" });
    }
    if let Paid::Paid(amount) = dispute.paid {
        check_amount(amount, tracked.record.start.content.amount.currency())?;
    }
    let mut tracked = tracked.clone();
    tracked.record.disputed = true;
    Ok(tracked)
}

fn began(start: Start, end: Option<End>, at: WallTime, number: u64) -> Tracked {
    let ended_at = end.map(|_| at);
    let record = Record { start, end, decision: None, disputed: false, started_at: at, ended_at };
    Tracked { record, started_event: number, decided_at: None }
}

fn check_start(start: &Start, existing: Option<&Tracked>) -> Result<(), JournalError> {
    check_amount(start.content.amount, start.content.amount.currency())?;
    match existing {
        Some(tracked)
            if !is_proven_not_sent(&tracked.record) || tracked.record.start.content != start.content =>
        {
            Err(JournalError::Conflict)
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

fn check_end(start: &Start, end: &End) -> Result<(), JournalError> {
    let refused = |what| Err(JournalError::Refused { what });
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
    for amount in [outcome.approved_amount(), outcome.amount_due()].into_iter().flatten() {
        check_amount(amount, start.content.amount.currency())?;
    }
    Ok(())
}

fn check_amount(amount: Amount, currency: Currency) -> Result<(), JournalError> {
    if amount.currency() != currency {
        return Err(JournalError::Refused { what: "an amount in another currency than the transaction's" });
    }
    // SQLite's integers end there; no terminal takes amounts of 19 digits.
    if i64::try_from(amount.minor()).is_err() {
        return Err(JournalError::Refused { what: "an amount that is too large to keep" });
    }
    Ok(())
}
