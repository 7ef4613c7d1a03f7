//! What a new journal contains in the place of what was lost.

use caisse_payment::{
    Amount, Currency, Doubt, Operation, Outcome, Proof, TerminalId, Transaction, TransactionId, UsbIdentity,
    Verdict,
};

use super::super::columns::TransactionRow;
use crate::{Event, JournalError, RecordedEvent, WallTime};

pub(super) use caisse_settlement::SALVAGED;

/// The terminal of a transaction, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reached {
    pub(super) terminal: TerminalId,
    pub(super) address: Option<TerminalId>,
    pub(super) usb: Option<UsbIdentity>,
}

impl Reached {
    pub(super) const fn of(transaction: &Transaction) -> Self {
        let Transaction { terminal, address, usb, .. } = *transaction;
        Self { terminal, address, usb }
    }
}

/// The outcome of a transaction of which events were lost.
pub(super) fn lost_outcome(at: WallTime) -> RecordedEvent {
    let outcome = Outcome::Unknown { doubt: Doubt::Salvaged };
    RecordedEvent { at, event: Event::Ended(Verdict { outcome, proof: Proof::PerhapsSent }.into()) }
}

/// The start of a transaction that stands in the place of one that was lost. Its amount is 0, which no payment asks for.
pub(super) fn lost_start(
    id: TransactionId,
    reached: Option<Reached>,
    currency: Currency,
    at: WallTime,
) -> Result<RecordedEvent, JournalError> {
    let unnamed = || JournalError::corrupt("a name in the place of one that was lost");
    let terminal = match reached {
        Some(reached) => reached.terminal,
        None => SALVAGED.parse().map_err(|_| unnamed())?,
    };
    let (amount, dialect) = (Amount::from_minor(0, currency), SALVAGED.parse().map_err(|_| unnamed())?);
    let transaction = Transaction {
        address: reached.and_then(|reached| reached.address),
        usb: reached.and_then(|reached| reached.usb),
        ..Transaction::new(id, Operation::Debit, amount, terminal, dialect)
    };
    Ok(RecordedEvent { at, event: Event::Started(transaction) })
}

/// The event that began a transaction, as its row has it.
pub(super) fn start_of(row: &TransactionRow) -> RecordedEvent {
    let record = &row.tracked.record;
    RecordedEvent { at: record.started_at(), event: Event::Started(*record.transaction()) }
}

/// The event of this number, as far as it follows from the row of its transaction. Whether it was that event, only the chain of a
/// later one can prove.
pub(super) fn event_of(row: &TransactionRow, number: u64) -> Option<RecordedEvent> {
    let record = &row.tracked.record;
    let ended = || Some((*record.conclusion()?, record.ended_at()?));
    if row.tracked.started_event == number {
        // Nothing but the start, or both in one event.
        let event = match ended() {
            Some((end, _)) if row.last_event == number => Event::NeverSent(*record.transaction(), end),
            _ => Event::Started(*record.transaction()),
        };
        return Some(RecordedEvent { at: record.started_at(), event });
    }
    let decided = || Some((record.decision()?, record.decided_at()?));
    match (decided(), row.last_event == number) {
        (Some((decision, at)), true) => Some(RecordedEvent { at, event: Event::Resolved(decision.clone()) }),
        _ => ended().map(|(end, at)| RecordedEvent { at, event: Event::Ended(end) }),
    }
}

/// What the row of a transaction says, in lines for a person.
pub(super) fn lines(row: &TransactionRow) -> Vec<String> {
    let record = &row.tracked.record;
    let mut lines = vec![Event::Started(*record.transaction()).to_string()];
    lines.extend(record.conclusion().map(|end| Event::Ended(*end).to_string()));
    lines.extend(record.decision().map(|decision| Event::Resolved(decision.clone()).to_string()));
    if record.is_disputed() {
        lines.push("disputed".to_owned());
    }
    lines
}
