//! A record with its place in the file.

use caisse_payment::TransactionId;

use crate::{JournalError, Record, RecordedEvent, rules};

/// A record, and the number of the event that began the attempt that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tracked {
    pub(super) record: Record,
    pub(super) started_event: u64,
}

impl Tracked {
    /// The transaction has become this record by the event of this number.
    pub(super) fn after(existing: Option<&Self>, record: Record, event: &RecordedEvent, number: u64) -> Self {
        let started_event = match (event.event.transaction(), existing) {
            (None, Some(existing)) => existing.started_event,
            _ => number,
        };
        Self { record, started_event }
    }

    /// Repeats an event that was written under the rules, as event number `number`.
    pub(super) fn replay(
        id: &TransactionId,
        existing: Option<&Self>,
        number: u64,
        recorded: &RecordedEvent,
    ) -> Result<Self, JournalError> {
        let record = rules::replay(id, existing.map(|existing| &existing.record), recorded)?;
        Ok(Self::after(existing, record, recorded, number))
    }
}
