//! The journal of the model: notes, and the real rules for what may be written and what may begin.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use caisse::{Decision, Dialect, Journal, MemoryJournal, Paid, RecordState, WallTime};
use caisse_journal::{Admitted, Record, Source};
use caisse_payment::entry::{End, Entry, RawStatus, Start};
use caisse_payment::evidence::AttributedResult;
use caisse_payment::{AuthorisationNumber, Outcome, Proof};
use caisse_settlement::weigh::{Knowledge, Previous};
use caisse_transaction::till::read_result;

use crate::till::{self, Note, content, id, number};
use crate::world::{Setup, Slot};

fn at() -> WallTime {
    WallTime::from_millis(0)
}

fn entry(setup: &Setup, note: Note) -> Option<Entry> {
    let start = |slot| Start {
        id: id(slot),
        content: content(setup, slot),
        dialect: setup.dialect.name.parse().unwrap(),
        address: None,
    };
    let end = |slot, verdict, charge: Option<u8>| End {
        id: id(slot),
        verdict,
        authorisation: charge.map(number),
        contract: None,
        reported_amount: None,
        last_four: None,
        status: RawStatus::default(),
    };
    match note {
        Note::Start(slot) => Some(Entry::Started(start(slot))),
        Note::NeverSent(slot, verdict) => Some(Entry::NeverSent(start(slot), end(slot, verdict, None))),
        Note::End(slot, verdict, charge) => Some(Entry::Ended(end(slot, verdict, charge))),
        Note::Decided { .. } => None,
    }
}

/// Whether the real journal takes the note.
pub fn write(setup: &Setup, journal: &mut MemoryJournal, note: Note) -> bool {
    let Note::Decided { of, paid, by_a_person } = note else {
        return entry(setup, note).is_some_and(|entry| journal.append(&entry, at()).is_ok());
    };
    let paid = if paid { Paid::Paid(till::amount(setup, of)) } else { Paid::NotPaid };
    let decision = if by_a_person {
        Decision::new(paid, "Zoé", "ticket du terminal")
    } else {
        Decision::proven(paid, "terminal", "what the terminal told")
    };
    let lock = journal.lock(&content(setup, of).terminal).unwrap();
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
        let open = read(setup, notes).unresolved(&content(setup, 0).terminal).unwrap();
        let slot = open.first().map(|record| till::slot_of(record.start.id));
        known.insert(notes.to_vec(), slot);
        slot
    })
}

/// The real rule, as the till asks it.
pub fn admit(setup: &Setup, notes: &[Note], slot: Slot) -> Admitted {
    caisse_journal::admit(&read(setup, notes), &id(slot), &content(setup, slot), None)
}

/// What the till knows of the transaction. The number of an earlier one counts only where its answer was believed.
pub fn knowledge(setup: &Setup, notes: &[Note], slot: Slot, waited: bool) -> Knowledge {
    knowledge_by(setup, notes, slot, waited, |record| {
        record.end.filter(|end| end.verdict.outcome.approved_amount().is_some())?.authorisation
    })
}

/// The same, with another way to tell the number of an earlier transaction.
pub fn knowledge_by(
    setup: &Setup,
    notes: &[Note],
    slot: Slot,
    waited: bool,
    number: fn(&Record) -> Option<AuthorisationNumber>,
) -> Knowledge {
    let amount = till::amount(setup, slot);
    let mut previous = Previous::Unknown;
    for earlier in read(setup, notes).list().unwrap() {
        if earlier.start.id == id(slot) {
            break;
        }
        let number = number(&earlier);
        let verdict = earlier.verdict();
        let by_a_person = earlier.decision.is_some_and(|decision| decision.source == Source::Person);
        previous = match (verdict.outcome.approved_amount(), number) {
            (Some(paid), Some(number)) => Previous::Authorised(number, paid),
            (Some(paid), None) if !by_a_person => Previous::Unnumbered(paid),
            _ if by_a_person
                && verdict.proof != Proof::NothingSent
                && earlier.start.content.amount == amount =>
            {
                Previous::Unnumbered(amount)
            }
            _ => previous,
        };
    }
    let Dialect { longest_transaction, .. } = setup.dialect;
    Knowledge {
        operation: caisse::Operation::Debit,
        amount,
        allow_tip: None,
        exclusive: setup.exclusive,
        contracts: [None, None],
        previous,
        of_another: false,
        time_left: if waited { Duration::ZERO } else { longest_transaction },
    }
}

/// Whether the last transaction before this one that may have reached the terminal could have the same result.
pub fn like_the_last(setup: &Setup, notes: &[Note], slot: Slot) -> bool {
    let earlier = read(setup, notes).list().unwrap().into_iter();
    let earlier = earlier.take_while(|other| other.start.id != id(slot));
    let last = earlier.filter(|other| other.verdict().proof != Proof::NothingSent).last();
    last.is_some_and(|last| last.start.content.amount == till::amount(setup, slot))
}

/// Of the transactions that may have reached the terminal the one that this result is about, as `caisse` files it: of several
/// the one that has its number, then the newest in doubt, then the newest.
pub fn whose(setup: &Setup, notes: &[Note], body: &[u8]) -> Option<(Slot, Outcome)> {
    let records = read(setup, notes).list().unwrap();
    let reached = records.iter().rev().filter(|record| record.told().proof != Proof::NothingSent);
    let possible: Vec<_> = reached
        .map(|record| (record, read_result(&setup.dialect, &record.start.content, body)))
        .filter(|(_, told)| !told.outcome.is_unknown())
        .collect();
    let same_number = |(record, told): &&(&Record, AttributedResult)| {
        let number = record.end.and_then(|end| end.authorisation);
        number.is_some() && number == told.authorisation
    };
    let in_doubt = |(record, _): &&(&Record, AttributedResult)| {
        let by_a_person = record.decision.as_ref().is_some_and(|it| it.source == Source::Person);
        record.state() == RecordState::Unresolved || by_a_person
    };
    let found = possible.iter().find(same_number).or_else(|| possible.iter().find(in_doubt));
    let (record, told) = found.or(possible.first())?;
    Some((till::slot_of(record.start.id), told.outcome))
}

/// What a till says about a transaction that it finds in its journal.
pub fn told(record: &Record) -> Option<Outcome> {
    (record.state() != RecordState::Unresolved).then(|| record.verdict().outcome)
}
