//! The rules of `caisse_settlement::settle`, applied to the rows of a store.

use caisse_payment::entry::Entry;
use caisse_settlement::settle::{self, SettleError};

use crate::{Decision, Dispute, JournalError, Order, Record, TerminalLock, WallTime};

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

/// Returns what the transaction becomes by this entry, which is event number `number`.
pub(crate) fn append(
    entry: &Entry,
    at: WallTime,
    number: u64,
    existing: Option<&Tracked>,
    terminal_is_clear: bool,
) -> Result<Tracked, JournalError> {
    let record = settle::append(entry, at, existing.map(|tracked| &tracked.record), terminal_is_clear)?;
    let started_event = match (entry, existing) {
        (Entry::Ended(_), Some(tracked)) => tracked.started_event,
        _ => number,
    };
    Ok(Tracked { record, started_event })
}

/// Returns what the transaction becomes by this decision, which is made under this lock.
pub(crate) fn resolve(
    lock: &TerminalLock,
    decision: &Decision,
    at: WallTime,
    existing: Option<&Tracked>,
) -> Result<Tracked, JournalError> {
    let tracked = existing.ok_or(JournalError::NotUnresolved)?;
    let decided = decide(decision, at, tracked)?;
    if !lock.covers(&tracked.record.start.content.terminal) {
        return Err(JournalError::WrongLock);
    }
    Ok(decided)
}

/// Does the same without the lock, to replay what was written under it.
pub(crate) fn decide(decision: &Decision, at: WallTime, tracked: &Tracked) -> Result<Tracked, JournalError> {
    let record = settle::decide(decision, at, &tracked.record)?;
    Ok(Tracked { record, ..*tracked })
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
