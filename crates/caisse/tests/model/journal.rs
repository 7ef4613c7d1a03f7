//! The journal of the model: notes, and the real rules for what may be written and what may begin.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use caisse::{Decision, Dialect, Dispute, Journal, MemoryJournal, Paid, RecordState, WallTime};
use caisse_journal::{Admitted, Event, Record};
use caisse_payment::{AuthorisationNumber, Conclusion, Outcome, PaymentMeans, Transaction};
use caisse_settlement::TerminalIdentity;
use caisse_settlement::attribute::attribute;
use caisse_settlement::weigh::{Context, Knowledge, LateResult, context};
use caisse_transaction::till::read_result;

use crate::till::{self, Note, id, number, transaction};
use crate::world::{Setup, Slot};

fn at() -> WallTime {
    WallTime::from_millis(0)
}

/// The event of a note, unless it is a decision.
fn event(setup: &Setup, note: Note) -> Option<(Slot, Event)> {
    match note {
        Note::Start(slot) => Some((slot, Event::Started(transaction(setup, slot)))),
        Note::NeverSent(slot, verdict) => {
            Some((slot, Event::NeverSent(transaction(setup, slot), verdict.into())))
        }
        Note::End(slot, verdict, charge) => {
            let end = Conclusion { authorisation: charge.map(number), ..verdict.into() };
            Some((slot, Event::Ended(end)))
        }
        Note::Disputed(of) => {
            let dispute = Dispute::new(Paid::NotPaid, "what came after the verdict").unwrap();
            Some((of, Event::Disputed(dispute)))
        }
        Note::Decided { .. } => None,
    }
}

/// Whether the real journal takes the note.
pub fn write(setup: &Setup, journal: &mut MemoryJournal, note: Note) -> bool {
    let Note::Decided { of, paid, by_a_person } = note else {
        let event = event(setup, note);
        return event.is_some_and(|(slot, event)| journal.append(&id(slot), &event, at()).is_ok());
    };
    let paid = if paid { Paid::Paid(till::amount(setup, of)) } else { Paid::NotPaid };
    let decision = if by_a_person {
        Decision::new(paid, "Zoé", "ticket du terminal")
    } else {
        Decision::proven(paid, "terminal", "what the terminal told")
    };
    let lock = journal.lock(&transaction(setup, of).terminal).unwrap();
    journal.resolve(&lock, &id(of), &decision.unwrap(), at()).is_ok()
}

/// The real journal with these notes in it.
pub fn read(setup: &Setup, notes: &[Note]) -> MemoryJournal {
    let mut journal = MemoryJournal::new();
    for note in notes {
        // A note that the rules do not allow is there only where the model has a mistake in it.
        let _ = write(setup, &mut journal, *note);
    }
    journal
}

pub fn records(setup: &Setup, notes: &[Note]) -> Vec<Record> {
    read(setup, notes).list().unwrap()
}

pub fn record(setup: &Setup, notes: &[Note], slot: Slot) -> Option<Record> {
    read(setup, notes).find(&id(slot)).unwrap()
}

/// The one transaction whose end nobody knows, if there is one. Asked in every state, and so remembered.
pub fn unresolved(setup: &Setup, notes: &[Note]) -> Option<Slot> {
    thread_local! {
        static KNOWN: RefCell<HashMap<Vec<Note>, Option<Slot>>> = RefCell::default();
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some(slot) = known.get(notes) {
            return *slot;
        }
        let open = read(setup, notes).unresolved(&transaction(setup, 0).terminal).unwrap();
        let slot = open.first().map(|record| till::slot_of(record.id()));
        known.insert(notes.to_vec(), slot);
        slot
    })
}

/// The real rule, as the till asks it.
pub fn admit(setup: &Setup, notes: &[Note], slot: Slot) -> Admitted {
    caisse_journal::admit(&read(setup, notes), &transaction(setup, slot))
}

/// What the till knows of the transaction, once the terminal has reported this authorisation number.
pub fn knowledge(
    setup: &Setup,
    notes: &[Note],
    slot: Slot,
    reported: Option<AuthorisationNumber>,
    waited: bool,
) -> Knowledge {
    knowledge_of(setup, &records(setup, notes), slot, reported, waited)
}

/// The same, from the records of the journal.
pub fn knowledge_of(
    setup: &Setup,
    records: &[Record],
    slot: Slot,
    reported: Option<AuthorisationNumber>,
    waited: bool,
) -> Knowledge {
    let record = records.iter().find(|record| record.id() == id(slot)).unwrap();
    let Context { terminal: recorded, previous, of_another } = context(records, record, reported);
    let Dialect { longest_transaction, .. } = setup.dialect;
    Knowledge {
        operation: caisse::Operation::Debit,
        amount: till::amount(setup, slot),
        allow_tip: None,
        exclusive: setup.exclusive,
        recorded,
        found: terminal(setup),
        previous,
        of_another,
        time_left: if waited { Duration::ZERO } else { longest_transaction },
    }
}

/// The terminal of the model, as the journal records it and as it is found: there is one, and it shows nothing of itself.
fn terminal(setup: &Setup) -> TerminalIdentity {
    TerminalIdentity::new(PaymentMeans::CaisseAp, transaction(setup, 0).terminal)
}

/// The real rule: the transaction to which a result belongs, and what is known of that result.
pub fn whose(setup: &Setup, notes: &[Note], body: &[u8]) -> Option<(Slot, LateResult)> {
    let records = records(setup, notes);
    let read = |asked: &Transaction| read_result(&setup.dialect, asked, body);
    let found = attribute(&records, &terminal(setup), None, read)?;
    let result = found.late_result(&records, setup.exclusive);
    assert!(result.same_terminal);
    Some((till::slot_of(found.record.id()), result))
}

/// What a till says about a transaction that it finds in its journal.
pub fn told(record: &Record) -> Option<Outcome> {
    (record.state() != RecordState::Unresolved).then(|| record.verdict().outcome)
}
