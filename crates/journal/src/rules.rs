//! The rules of `caisse_settlement::settle`, applied to the rows of a store.

use caisse_payment::entry::Entry;
use caisse_settlement::settle::{self, Appended, Decided, SettleError};

use crate::{Decision, Dispute, Event, JournalError, Order, Record, TerminalLock, WallTime, What};

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

/// Returns what the transaction becomes by this entry, which is event number `number`; and the dispute that is written right
/// after it, in the same write, where the entry contradicts what the journal holds.
pub(crate) fn append(
    entry: &Entry,
    at: WallTime,
    number: u64,
    existing: Option<&Tracked>,
    terminal_is_clear: bool,
) -> Result<(Tracked, Option<Dispute>), JournalError> {
    let existing_record = existing.map(|tracked| &tracked.record);
    let Appended { record, dispute } = settle::append(entry, at, existing_record, terminal_is_clear)?;
    let started_event = match (entry, existing) {
        (Entry::Ended(_), Some(tracked)) => tracked.started_event,
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
) -> Result<(Tracked, What), JournalError> {
    let tracked = existing.ok_or(JournalError::NotUnresolved)?;
    let decided = decide(decision, at, tracked, naming)?;
    if !lock.covers(&tracked.record.start.content.terminal) {
        return Err(JournalError::WrongLock);
    }
    Ok(decided)
}

/// Repeats an event that was written under the rules, as event number `number`: an event that breaks them was not written by a
/// journal.
pub(crate) fn replay(
    existing: Option<&Tracked>,
    number: u64,
    event: &Event,
) -> Result<Tracked, JournalError> {
    let entry = match &event.what {
        What::Started(start) => Entry::Started(*start),
        What::Ended(end) => Entry::Ended(*end),
        What::NeverSent(start, end) => Entry::NeverSent(*start, *end),
        What::Ordered(word) => return order(word, existing),
        What::Disputed(contradiction) => return dispute(contradiction, existing),
        What::Resolved(decision) => {
            let tracked = existing.ok_or(JournalError::NotUnresolved)?;
            // The credits for which it would have become a dispute may be forgotten, or came later.
            return Ok(decide(decision, event.at, tracked, &[])?.0);
        }
    };
    Ok(append(&entry, event.at, number, existing, true)?.0)
}

fn decide(
    decision: &Decision,
    at: WallTime,
    tracked: &Tracked,
    naming: &[Record],
) -> Result<(Tracked, What), JournalError> {
    let (record, what) = match settle::decide(decision, at, &tracked.record, naming)? {
        Decided::Settled(record) => (record, What::Resolved(decision.clone())),
        Decided::Disputed(record, dispute) => (record, What::Disputed(dispute)),
    };
    Ok((Tracked { record, ..*tracked }, what))
}

/// Returns the transaction, unchanged, if a person may take responsibility for it.
pub(crate) fn order(order: &Order, existing: Option<&Tracked>) -> Result<Tracked, JournalError> {
    let tracked = existing.ok_or(JournalError::Conflict)?;
    let record = settle::order(order, Some(&tracked.record))?;
    Ok(Tracked { record, ..*tracked })
}

/// Returns what the transaction becomes by this dispute.
pub(crate) fn dispute(dispute: &Dispute, existing: Option<&Tracked>) -> Result<Tracked, JournalError> {
    let tracked = existing.ok_or(JournalError::Conflict)?;
    let record = settle::dispute(dispute, Some(&tracked.record))?;
    Ok(Tracked { record, ..*tracked })
}
