//! The rules of `caisse_settlement::settle`, applied to what a store contains.

use std::ops::ControlFlow;

use caisse_payment::TransactionId;
use caisse_settlement::settle::{self, Appended, Decided, SettleError, blocks};

use crate::{
    Change, Decision, Dispute, Event, JournalError, Record, RecordedEvent, Records, Selection, TerminalLock,
    WallTime,
};

impl From<SettleError> for JournalError {
    fn from(error: SettleError) -> Self {
        match error {
            SettleError::Conflict => Self::Conflict,
            SettleError::NotUnresolved => Self::NotUnresolved,
            SettleError::Refused { what } => Self::Refused { what },
        }
    }
}

/// Returns the change that this event makes to the transaction with this id: with the dispute that is written right after it where
/// the event contradicts what the journal contains.
pub(crate) fn append(
    records: &dyn Records,
    id: &TransactionId,
    event: &Event,
    at: WallTime,
) -> Result<Change, JournalError> {
    let existing = records.find(id)?;
    let is_clear = match event {
        Event::Started(transaction) => {
            let nearby = Selection::OpenAt { key: transaction.into(), usb: transaction.usb };
            let mut is_clear = true;
            records.visit(&nearby, &mut |other| {
                is_clear &= !blocks(other.transaction(), transaction);
                ControlFlow::Continue(())
            })?;
            is_clear
        }
        _ => true,
    };
    let (record, dispute) = appended(id, event, at, existing.as_ref(), is_clear)?;
    let dispute = dispute.map(|dispute| RecordedEvent { at, event: Event::Disputed(dispute) });
    let event = RecordedEvent { at, event: event.clone() };
    Ok(Change { record, events: [Some(event), dispute].into_iter().flatten().collect() })
}

/// Returns the change that this decision, which is made under this lock, makes to the transaction with this id: the decision, or
/// the dispute that it becomes.
pub(crate) fn resolve(
    records: &dyn Records,
    lock: &TerminalLock,
    id: &TransactionId,
    decision: &Decision,
    at: WallTime,
) -> Result<Change, JournalError> {
    let record = records.find(id)?.ok_or(JournalError::NotUnresolved)?;
    let mut naming = Vec::new();
    records.visit(&Selection::Original(*id), &mut |other| {
        naming.push(other.clone());
        ControlFlow::Continue(())
    })?;
    let (decided, event) = match settle::decide(decision, at, &record, &naming)? {
        Decided::Settled(decided) => (decided, Event::Resolved(decision.clone())),
        Decided::Disputed(disputed, dispute) => (disputed, Event::Disputed(dispute)),
    };
    if !lock.covers(&record.transaction().terminal) {
        return Err(JournalError::WrongLock);
    }
    Ok(Change { record: decided, events: vec![RecordedEvent { at, event }] })
}

/// Repeats an event that was written under the rules: an event that breaks them was not written by a journal.
pub(crate) fn replay(
    id: &TransactionId,
    existing: Option<&Record>,
    recorded: &RecordedEvent,
) -> Result<Record, JournalError> {
    let RecordedEvent { at, event } = recorded;
    match event {
        Event::Resolved(decision) => {
            let record = existing.ok_or(JournalError::NotUnresolved)?;
            // The credits for which it would have become a dispute may be forgotten, or came later.
            Ok(match settle::decide(decision, *at, record, &[])? {
                Decided::Settled(record) | Decided::Disputed(record, _) => record,
            })
        }
        event => Ok(appended(id, event, *at, existing, true)?.0),
    }
}

fn appended(
    id: &TransactionId,
    event: &Event,
    at: WallTime,
    existing: Option<&Record>,
    terminal_is_clear: bool,
) -> Result<(Record, Option<Dispute>), JournalError> {
    if event.transaction().is_some_and(|transaction| transaction.id != *id) {
        return Err(JournalError::Refused { what: "an attempt under the id of another transaction" });
    }
    let Appended { record, dispute } = settle::append(event, at, existing, terminal_is_clear)?;
    Ok((record, dispute))
}
