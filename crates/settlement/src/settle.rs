//! Settle: which events may be written about a transaction, and what the transaction becomes by each.
//!
//! Every store applies these functions, so that all stores refuse the same writes.

use caisse_payment::{
    Amount, Conclusion, Currency, Operation, Outcome, Proof, Transaction, TransactionId, Verdict,
};

use crate::record::{check_paid, is_salvaged};
use crate::{
    Confirmation, Decision, Dispute, Event, OperatorOverride, Paid, Record, Source, State, TerminalKey,
    WallTime,
};

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

/// What an event makes of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The transaction, with the event.
    pub record: Record,
    /// The dispute that is written in the same write, right after the event: the end contradicts what the journal holds.
    pub dispute: Option<Dispute>,
}

impl From<Record> for Appended {
    fn from(record: Record) -> Self {
        Self { record, dispute: None }
    }
}

/// Returns what the transaction becomes by this event. `existing` is the record under the same id, and `terminal_is_clear` says
/// that no unresolved transaction [`blocks`] it.
///
/// An end is never dropped for a decision that was written before it, nor for an end that contradicts it: both sides are kept,
/// and the transaction is disputed.
///
/// # Errors
/// [`SettleError::Conflict`] and [`SettleError::Refused`]. A decision is refused: it needs the lock of the terminal, and
/// [`decide`] settles it.
pub fn append(
    event: &Event,
    at: WallTime,
    existing: Option<&Record>,
    terminal_is_clear: bool,
) -> Result<Appended, SettleError> {
    match event {
        Event::Started(transaction) => {
            let record = begin(transaction, at, existing)?;
            if terminal_is_clear { Ok(record.into()) } else { Err(SettleError::Conflict) }
        }
        Event::NeverSent(transaction, conclusion) => {
            let record = begin(transaction, at, existing)?.with_conclusion(*conclusion, at)?;
            if !matches!(conclusion.verdict.outcome, Outcome::NotSent { .. }) {
                return Err(SettleError::Refused { what: "never sent, and yet another outcome" });
            }
            Ok(record.into())
        }
        Event::Ended(conclusion) => end(existing.ok_or(SettleError::Conflict)?, conclusion, at),
        Event::Disputed(dispute) => Ok(contradict(dispute, existing)?.into()),
        Event::Overridden(person) => Ok(override_rules(person, existing)?.into()),
        Event::Resolved(_) => {
            Err(SettleError::Refused { what: "a decision is written under the lock of its terminal" })
        }
    }
}

/// What an end makes of a transaction that may have been decided or ended meanwhile, by whatever let that happen.
fn end(record: &Record, conclusion: &Conclusion, at: WallTime) -> Result<Appended, SettleError> {
    let with_end = record.clone().with_conclusion(*conclusion, at)?;
    if is_salvaged(conclusion.verdict.outcome) {
        // Events of the transaction were lost: it is unresolved where no outcome is known, and disputed where one is.
        let is_unresolved = record.state() == State::Unresolved;
        return Ok(if is_unresolved { with_end } else { record.clone().with_dispute(true) }.into());
    }
    let paid = Paid::by_outcome(conclusion.verdict.outcome);
    let contradicts = paid.is_some() && record.paid().is_some_and(|known| Some(known) != paid);
    let record = match record.conclusion().map(|known| known.verdict.outcome) {
        None => with_end,
        // The answer itself, after somebody has stopped waiting for it. Such an end never makes the id sendable again.
        Some(known)
            if known.is_unknown() && conclusion.verdict.proof != Proof::NothingSent && paid.is_some() =>
        {
            with_end
        }
        // A known end stays the end of the record.
        Some(_) if contradicts => record.clone(),
        Some(_) => return Err(SettleError::Conflict),
    };
    let dispute = paid.filter(|_| contradicts).and_then(|paid| Dispute::new(paid, CONTRADICTS).ok());
    let is_disputed = record.is_disputed() || dispute.is_some();
    Ok(Appended { record: record.with_dispute(is_disputed), dispute })
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
/// A doubt is settled by a person or by evidence, a dispute or a [salvaged](Record::is_salvaged) transaction by a person. A person
/// also corrects the decision of a person. The terminal's own proof (a known end, a decision by evidence) is not overruled but
/// disputed, and so is a decision on which [credits or cancellations](gives_back) already rest.
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
    if record.is_stand_in() && decision.paid() != Paid::NotPaid {
        return Err(SettleError::Refused { what: "a payment in an entry that only holds its terminal back" });
    }
    let is_doubtful = match (record.state(), decision.source()) {
        (State::Unresolved, _) | (State::Disputed, Source::Person) => true,
        (State::Final, Source::Person) if record.paid() != Some(decision.paid()) => false,
        (State::Disputed | State::Final, _) => return Err(SettleError::NotUnresolved),
    };
    let settled = record.clone().with_decision(decision.clone(), at)?.with_dispute(false);
    if let Paid::Paid(amount) = decision.paid()
        && decision.is_by_person()
        && !decision.confirmed().contains(Confirmation::MoreThanAsked)
        && is_more_than_asked(record, amount)
    {
        return Err(SettleError::Refused {
            what: "more than was asked for, and no person confirmed that it is no mistake",
        });
    }
    let is_overruled = !is_doubtful
        && (is_proven(record, decision.paid()) || naming.iter().any(|other| gives_back(other, &record.id())));
    if is_overruled {
        return Ok(Decided::Disputed(record.clone().with_dispute(true), Dispute::by_person(decision)));
    }
    Ok(Decided::Settled(settled))
}

/// Whether an amount is more than the amount that a transaction asked for and the tip that it allowed, and is neither the amount
/// that the terminal reported nor the one that the record has already. A request that was lost with a damaged journal file asks for
/// 0: every amount is more.
#[must_use]
pub fn is_more_than_asked(record: &Record, paid: Amount) -> bool {
    let reported = record.conclusion().and_then(|conclusion| conclusion.reported_amount);
    let is_known = reported == Some(paid) || record.paid() == Some(Paid::Paid(paid));
    paid.minor() > *record.transaction().approvable().end() && !is_known
}

/// Whether the terminal's own proof says otherwise than this.
fn is_proven(record: &Record, paid: Paid) -> bool {
    let by_person = record.decision().is_some_and(Decision::is_by_person);
    !by_person || record.paid_by_conclusion().is_some_and(|proven| proven != paid)
}

/// Whether this transaction gives money of the original back, or may have done so: it names the original, and was approved or is
/// not known to have failed.
#[must_use]
pub fn gives_back(record: &Record, original: &TransactionId) -> bool {
    let outcome = record.told().outcome;
    record.transaction().original == Some(*original)
        && (outcome.is_unknown() || outcome.approved_amount().is_some())
}

/// Returns the transaction, unchanged, if a person may take responsibility for it.
fn override_rules(_: &OperatorOverride, existing: Option<&Record>) -> Result<Record, SettleError> {
    let record = existing.filter(|record| record.is_open()).ok_or(SettleError::Conflict)?;
    if !matches!(record.transaction().operation, Operation::Credit | Operation::Cancellation) {
        return Err(SettleError::Refused { what: "an order for what gives no money back" });
    }
    Ok(record.clone())
}

/// Returns what the transaction becomes by this dispute.
fn contradict(dispute: &Dispute, existing: Option<&Record>) -> Result<Record, SettleError> {
    let known = |record: &&Record| record.state() != State::Unresolved;
    let record = existing.filter(known).ok_or(SettleError::Conflict)?;
    check_paid(dispute.paid(), record.transaction())?;
    Ok(record.clone().with_dispute(true))
}

/// Whether an unresolved transaction excludes that another one begins: both may reach one terminal. The name, the address or
/// the USB device is the same.
///
/// Every store applies this to the unresolved transactions inside the write of [`Event::Started`].
#[must_use]
pub fn blocks(unresolved: &Transaction, transaction: &Transaction) -> bool {
    let same_device =
        unresolved.usb.is_some_and(|usb| usb.has_serial_number()) && unresolved.usb == transaction.usb;
    TerminalKey::from(transaction).may_be_of(unresolved) || same_device
}

fn begin(transaction: &Transaction, at: WallTime, existing: Option<&Record>) -> Result<Record, SettleError> {
    let record = Record::new(*transaction, at)?;
    match existing {
        Some(existing)
            if !is_proven_not_sent(existing) || !existing.transaction().has_same_content(transaction) =>
        {
            Err(SettleError::Conflict)
        }
        _ => Ok(record),
    }
}

fn is_proven_not_sent(record: &Record) -> bool {
    record.decision().is_none()
        && !record.is_disputed()
        && record.conclusion().is_some_and(|conclusion| {
            let Verdict { outcome, proof } = conclusion.verdict;
            matches!(outcome, Outcome::NotSent { .. }) && proof == Proof::NothingSent
        })
}

/// Checks the details of a transaction by themselves.
pub(crate) fn check_transaction(transaction: &Transaction) -> Result<(), SettleError> {
    let currency = transaction.amount.currency();
    check_amount(transaction.amount, currency)?;
    if let Some(tip) = transaction.allow_tip {
        check_amount(tip, currency)?;
        if transaction.operation != Operation::Debit || tip.is_zero() {
            return Err(SettleError::Refused {
                what: "a tip of nothing, or of another operation than a debit",
            });
        }
    }
    Ok(())
}

/// Checks an end of this transaction.
pub(crate) fn check_conclusion(
    transaction: &Transaction,
    conclusion: &Conclusion,
) -> Result<(), SettleError> {
    let refused = |what| Err(SettleError::Refused { what });
    let Conclusion { verdict: Verdict { outcome, proof }, reported_amount, last_four, status, .. } =
        *conclusion;
    // Such an end would let the payment be sent a second time.
    if matches!(outcome, Outcome::NotSent { .. }) && proof != Proof::NothingSent {
        return refused("not sent, and yet something was sent");
    }
    if last_four.is_some_and(|last| !last.iter().all(u8::is_ascii_digit)) {
        return refused("the last four characters of the card are not digits");
    }
    if status.stat.is_some_and(|stat| !matches!(stat, b' '..=b'~')) {
        return refused("a status of E or E+ that is not printable");
    }
    if status.stat.is_some() && status.status.is_some() {
        return refused("the status of two generations");
    }
    let amounts = [outcome.approved_amount(), outcome.amount_due(), reported_amount];
    amounts.into_iter().flatten().try_for_each(|amount| check_amount(amount, transaction.amount.currency()))
}

/// Checks an amount that belongs to a transaction in this currency.
pub(crate) fn check_amount(amount: Amount, currency: Currency) -> Result<(), SettleError> {
    if amount.currency() != currency {
        return Err(SettleError::Refused { what: "an amount in another currency than the transaction's" });
    }
    // SQLite's integers end there; no terminal takes amounts of 19 digits.
    if i64::try_from(amount.minor()).is_err() {
        return Err(SettleError::Refused { what: "an amount that is too large to keep" });
    }
    Ok(())
}
