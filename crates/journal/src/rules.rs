//! The rules of `caisse_settlement::settle`, applied to the rows of a store.

use caisse_payment::TransactionId;
use caisse_settlement::settle::{self, Appended, Decided, SettleError};

use crate::{Decision, Dispute, Event, JournalError, Record, RecordedEvent, TerminalLock, WallTime};

/// A record, and the number that only stores need to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tracked {
    pub(crate) record: Record,
    /// The number of the event that began the attempt that counts.
    pub(crate) started_event: u64,
}

impl From<SettleError> for JournalError {
    fn from(error: SettleError) -> Self {
        match error {
            SettleError::Conflict => Self::Conflict,
            SettleError::NotUnresolved => Self::NotUnresolved,
            SettleError::Refused { what } => Self::Refused { what },
        }
    }
}

/// Returns what the transaction with this id becomes by this event, which has the number `number`; and the dispute that is
/// written right after it, in the same write, where the event contradicts what the journal holds.
pub(crate) fn append(
    id: &TransactionId,
    event: &Event,
    at: WallTime,
    number: u64,
    existing: Option<&Tracked>,
    terminal_is_clear: bool,
) -> Result<(Tracked, Option<Dispute>), JournalError> {
    if event.transaction().is_some_and(|transaction| transaction.id != *id) {
        return Err(JournalError::Refused { what: "an attempt under the id of another transaction" });
    }
    let existing_record = existing.map(|tracked| &tracked.record);
    let Appended { record, dispute } = settle::append(event, at, existing_record, terminal_is_clear)?;
    let started_event = match (event.transaction(), existing) {
        (None, Some(tracked)) => tracked.started_event,
        _ => number,
    };
    Ok((Tracked { record, started_event }, dispute))
}

/// Returns what the transaction becomes by this decision, which is made under this lock, and what is written: the decision, or
/// the dispute that it becomes. `naming` are the transactions that name this one as their original.
pub(crate) fn resolve(
    lock: &TerminalLock,
    decision: &Decision,
    at: WallTime,
    existing: Option<&Tracked>,
    naming: &[Record],
) -> Result<(Tracked, Event), JournalError> {
    let tracked = existing.ok_or(JournalError::NotUnresolved)?;
    let decided = decide(decision, at, tracked, naming)?;
    if !lock.covers(&tracked.record.transaction().terminal) {
        return Err(JournalError::WrongLock);
    }
    Ok(decided)
}

/// Repeats an event that was written under the rules, as event number `number`: an event that breaks them was not written by a
/// journal.
pub(crate) fn replay(
    id: &TransactionId,
    existing: Option<&Tracked>,
    number: u64,
    recorded: &RecordedEvent,
) -> Result<Tracked, JournalError> {
    let RecordedEvent { at, event } = recorded;
    match event {
        Event::Resolved(decision) => {
            let tracked = existing.ok_or(JournalError::NotUnresolved)?;
            // The credits for which it would have become a dispute may be forgotten, or came later.
            Ok(decide(decision, *at, tracked, &[])?.0)
        }
        event => Ok(append(id, event, *at, number, existing, true)?.0),
    }
}

fn decide(
    decision: &Decision,
    at: WallTime,
    tracked: &Tracked,
    naming: &[Record],
) -> Result<(Tracked, Event), JournalError> {
    let (record, event) = match settle::decide(decision, at, &tracked.record, naming)? {
        Decided::Settled(record) => (record, Event::Resolved(decision.clone())),
        Decided::Disputed(record, dispute) => (record, Event::Disputed(dispute)),
    };
    Ok((Tracked { record, ..*tracked }, event))
}
