//! What a new journal contains in the place of what was lost.

use caisse_payment::entry::{Content, End, RawStatus, Start};
use caisse_payment::{
    Amount, Currency, Doubt, Operation, Outcome, Proof, Register, TerminalId, TransactionId, UsbIdentity,
    Verdict,
};

use super::super::columns::TransactionRow;
use crate::{Event, JournalError, WallTime, What};

/// The dialect of a transaction that stands in the place of one that was lost, and the name of a terminal that is not known.
pub(super) const SALVAGED: &str = "salvaged";

/// The terminal of a transaction, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reached {
    pub(super) terminal: TerminalId,
    pub(super) address: Option<TerminalId>,
    pub(super) usb: Option<UsbIdentity>,
}

impl Reached {
    pub(super) const fn of(start: &Start) -> Self {
        Self { terminal: start.content.terminal, address: start.address, usb: start.usb }
    }
}

/// The outcome of a transaction of which events were lost.
pub(super) fn lost_outcome(id: TransactionId, at: WallTime) -> Event {
    let outcome = Outcome::Unknown { doubt: Doubt::Salvaged };
    let end = End {
        id,
        verdict: Verdict { outcome, proof: Proof::PerhapsSent },
        authorisation: None,
        contract: None,
        serial_number: None,
        reported_amount: None,
        last_four: None,
        status: RawStatus::default(),
    };
    Event { at, what: What::Ended(end) }
}

/// The start of a transaction that stands in the place of one that was lost. Its amount is 0, which no payment asks for.
pub(super) fn lost_start(
    id: TransactionId,
    reached: Option<Reached>,
    currency: Currency,
    at: WallTime,
) -> Result<Event, JournalError> {
    let unnamed = || JournalError::corrupt("a name in the place of one that was lost");
    let terminal = match reached {
        Some(reached) => reached.terminal,
        None => SALVAGED.parse().map_err(|_| unnamed())?,
    };
    let start = Start {
        id,
        content: Content {
            operation: Operation::Debit,
            original: None,
            amount: Amount::from_minor(0, currency),
            allow_partial: false,
            allow_tip: None,
            terminal,
            register: Register::FIRST,
            reference: None,
        },
        dialect: SALVAGED.parse().map_err(|_| unnamed())?,
        address: reached.and_then(|reached| reached.address),
        usb: reached.and_then(|reached| reached.usb),
    };
    Ok(Event { at, what: What::Started(start) })
}

/// The event that began a transaction, as its row has it.
pub(super) fn start_of(row: &TransactionRow) -> Event {
    let record = &row.tracked.record;
    Event { at: record.started_at, what: What::Started(record.start) }
}

/// The event of this number, as far as it follows from the row of its transaction. Whether it was that event, only the chain of a
/// later one can prove.
pub(super) fn event_of(row: &TransactionRow, number: u64) -> Option<Event> {
    let record = &row.tracked.record;
    let is_start = row.tracked.started_event == number;
    let ended = || Some((record.end?, record.ended_at?));
    if is_start {
        // Nothing but the start, or both in one event.
        let what = match ended() {
            Some((end, _)) if row.last_event == number => What::NeverSent(record.start, end),
            _ => What::Started(record.start),
        };
        return Some(Event { at: record.started_at, what });
    }
    let decided = || Some((record.decision.as_ref()?, record.decided_at?));
    match (decided(), row.last_event == number) {
        (Some((decision, at)), true) => Some(Event { at, what: What::Resolved(decision.clone()) }),
        _ => ended().map(|(end, at)| Event { at, what: What::Ended(end) }),
    }
}

/// What the row of a transaction says, in lines for a person.
pub(super) fn lines(row: &TransactionRow) -> Vec<String> {
    let record = &row.tracked.record;
    let mut lines = vec![What::Started(record.start).to_string()];
    lines.extend(record.end.map(|end| What::Ended(end).to_string()));
    lines.extend(record.decision.clone().map(|decision| What::Resolved(decision).to_string()));
    if record.disputed {
        lines.push("disputed".to_owned());
    }
    lines
}
