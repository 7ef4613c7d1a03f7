//! Settle: which events may be written about a transaction, and what the transaction becomes by each.
//!
//! Every store applies these functions, so that all stores refuse the same writes.

use caisse_payment::entry::{End, Entry, Start};
use caisse_payment::{Amount, Currency, Operation, Outcome, Proof, TransactionId};

use crate::record::is_salvaged;
use crate::{Confirmation, Decision, Dispute, Order, Paid, Record, Source, State, TerminalKey, WallTime};

/// Why an event is not written. Nothing changes then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettleError {
    /// The event does not fit the recorded events: the id is taken, the transaction has ended already or never began, or its
    /// terminal has another unresolved transaction.
    #[error("the journal already holds an event that excludes this one; nothing was written")]
    Conflict,
    /// The decision is about a transaction that is neither unresolved nor disputed, and there is nothing to correct: the record
    /// already says so.
    #[error(
        "there is no unresolved or disputed transaction under this id, and nothing to correct; nothing was changed"
    )]
    NotUnresolved,
    /// The event contains data that the journal must not keep, or contradicts itself.
    #[error("the journal does not take this event: {what}")]
    Refused {
        /// The fault of the event.
        what: &'static str,
    },
}

/// What an entry makes of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The transaction, with the entry.
    pub record: Record,
    /// The dispute that is written in the same write, right after the entry: the end contradicts what the journal holds.
    pub dispute: Option<Dispute>,
}

impl From<Record> for Appended {
    fn from(record: Record) -> Self {
        Self { record, dispute: None }
    }
}

/// Returns what the transaction becomes by this entry. `terminal_is_clear` says that no unresolved
/// transaction [`blocks`] it.
///
/// An end is never dropped for a decision that was written before it, nor for an end that contradicts it: both sides are kept,
/// and the transaction is disputed.
///
/// # Errors
/// [`SettleError::Conflict`] and [`SettleError::Refused`].
pub fn append(
    entry: &Entry,
    at: WallTime,
    existing: Option<&Record>,
    terminal_is_clear: bool,
) -> Result<Appended, SettleError> {
    match entry {
        Entry::Started(start) => {
            check_start(start, existing)?;
            if !terminal_is_clear {
                return Err(SettleError::Conflict);
            }
            Ok(began(*start, None, at).into())
        }
        Entry::NeverSent(start, end) => {
            check_start(start, existing)?;
            check_end(start, end)?;
            if !matches!(end.verdict.outcome, Outcome::NotSent { .. }) {
                return Err(SettleError::Refused { what: "never sent, and yet another outcome" });
            }
            Ok(began(*start, Some(*end), at).into())
        }
        Entry::Ended(end) => {
            let record = existing.ok_or(SettleError::Conflict)?;
            check_end(&record.start, end)?;
            ended(record, end, at)
        }
    }
}

/// What an end makes of a transaction that may have been decided or ended meanwhile, by whatever let that happen.
fn ended(record: &Record, end: &End, at: WallTime) -> Result<Appended, SettleError> {
    if is_salvaged(end.verdict.outcome) {
        return Ok(reopened(record, end, at).into());
    }
    let paid = Paid::by_outcome(end.verdict.outcome);
    let contradicts = paid.is_some() && record.paid().is_some_and(|known| Some(known) != paid);
    let known = record.end.map(|end| end.verdict.outcome);
    let with_end = Record { end: Some(*end), ended_at: Some(at), ..record.clone() };
    let record = match known {
        None => with_end,
        // The answer itself, after somebody has stopped waiting for it. Such an end never makes the id sendable again.
        Some(known) if known.is_unknown() && end.verdict.proof != Proof::NothingSent && paid.is_some() => {
            with_end
        }
        // A known end stays the end of the record.
        Some(_) if contradicts => record.clone(),
        Some(_) => return Err(SettleError::Conflict),
    };
    let dispute = paid.filter(|_| contradicts).and_then(|paid| Dispute::new(paid, CONTRADICTS).ok());
    Ok(Appended { record: Record { disputed: record.disputed || dispute.is_some(), ..record }, dispute })
}

/// What a salvage makes of a transaction of which events were lost: unresolved where no outcome is known, disputed where one is.
fn reopened(record: &Record, end: &End, at: WallTime) -> Record {
    match record.state() {
        State::Unresolved => Record { end: Some(*end), ended_at: Some(at), ..record.clone() },
        State::Final | State::Disputed => Record { disputed: true, ..record.clone() },
    }
}

/// The reason of the dispute that an end causes.
const CONTRADICTS: &str = "the end was written after the journal held another one, and contradicts it";

/// What a decision makes of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decided {
    /// The decision is written: it settles the transaction, or corrects a person's decision.
    Settled(Record),
    /// The person contradicts what the journal must not let a person overrule. This dispute is written instead.
    Disputed(Record, Dispute),
}

/// Returns what the transaction becomes by this decision. The caller holds the lock of the terminal. `naming` are the
/// transactions that name this one as their original.
///
/// A doubt is settled by a person or by evidence, a dispute or a [salvaged](Record::is_salvaged) transaction by a person. A person also corrects the decision of a person. The
/// terminal's own proof (a known end, a decision by evidence) is not overruled but disputed, and so is a decision on which
/// [credits or cancellations](gives_back) already rest.
///
/// A person's decision for more than was asked for needs [`Confirmation::MoreThanAsked`].
///
/// # Errors
/// [`SettleError::NotUnresolved`] and [`SettleError::Refused`].
pub fn decide(
    decision: &Decision,
    at: WallTime,
    record: &Record,
    naming: &[Record],
) -> Result<Decided, SettleError> {
    if record.is_salvaged() && record.state() == State::Unresolved && !decision.is_by_person() {
        return Err(SettleError::Refused {
            what: "evidence about a salvaged transaction, which a person settles",
        });
    }
    let is_doubtful = match (record.state(), decision.source) {
        (State::Unresolved, _) | (State::Disputed, Source::Person) => true,
        (State::Final, Source::Person) if record.paid() != Some(decision.paid) => false,
        (State::Disputed | State::Final, _) => return Err(SettleError::NotUnresolved),
    };
    if decision.check().is_err() {
        return Err(SettleError::Refused { what: "a decision that is not of the form it must have" });
    }
    if let Paid::Paid(amount) = decision.paid {
        check_amount(amount, record.start.content.amount.currency())?;
        let is_confirmed = decision.confirmed.contains(Confirmation::MoreThanAsked);
        if decision.is_by_person() && !is_confirmed && is_more_than_asked(record, amount) {
            return Err(SettleError::Refused {
                what: "more than was asked for, and no person confirmed that it is no mistake",
            });
        }
    }
    let is_overruled = !is_doubtful
        && (is_proven(record, decision.paid)
            || naming.iter().any(|other| gives_back(other, &record.start.id)));
    if is_overruled {
        let record = Record { disputed: true, ..record.clone() };
        return Ok(Decided::Disputed(record, Dispute::by_person(decision)));
    }
    let decision = Some(decision.clone());
    Ok(Decided::Settled(Record { decision, decided_at: Some(at), disputed: false, ..record.clone() }))
}

/// Whether an amount is more than the amount that a transaction asked for and the tip that it allowed, and is not the amount that
/// the terminal reported.
#[must_use]
pub fn is_more_than_asked(record: &Record, paid: Amount) -> bool {
    let reported = record.end.and_then(|end| end.reported_amount);
    paid.minor() > *record.start.content.approvable().end() && reported != Some(paid)
}

/// Whether the terminal's own proof says otherwise than this.
fn is_proven(record: &Record, paid: Paid) -> bool {
    let by_end = record.end.and_then(|end| Paid::by_outcome(end.verdict.outcome));
    let by_person = record.decision.as_ref().is_some_and(Decision::is_by_person);
    !by_person || by_end.is_some_and(|proven| proven != paid)
}

/// Whether this transaction gives money of the original back, or may have done so: it names the original, and was approved or is
/// not known to have failed.
#[must_use]
pub fn gives_back(record: &Record, original: &TransactionId) -> bool {
    let outcome = record.told().outcome;
    record.start.content.original == Some(*original)
        && (outcome.is_unknown() || outcome.approved_amount().is_some())
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

/// Whether an unresolved transaction excludes that another one begins: both may reach one terminal. The name, the address or
/// the USB device is the same.
///
/// Every store applies this to the unresolved transactions inside the write of [`Entry::Started`].
#[must_use]
pub fn blocks(unresolved: &Start, start: &Start) -> bool {
    let same_device =
        unresolved.usb.is_some_and(|usb| usb.has_serial_number()) && unresolved.usb == start.usb;
    TerminalKey::from(start).may_be_of(unresolved) || same_device
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
