//! Rules of a [`Store`]: what the rules about money, which stand above it, rely on.

use std::ops::ControlFlow;

use caisse_payment::{AuthorisationNumber, Conclusion, Outcome, Reference, Transaction};

use super::samples::*;
use crate::{
    Care, Decision, Event, JournalError, Paid, Record, Records, Selection, Store, TerminalKey, rules,
};

/// A closure that opens a handle onto one store.
pub(super) type OpenStore<'o> = &'o dyn Fn() -> Box<dyn Store>;

const ADDRESS: &str = "tcp:192.0.2.7:8888";

fn visited(records: &dyn Records, selection: &Selection) -> Vec<Record> {
    let mut found = Vec::new();
    let visited = records.visit(selection, &mut |record| {
        found.push(record.clone());
        ControlFlow::Continue(())
    });
    visited.expect("the selection can be read");
    found
}

fn append(store: &mut dyn Store, key: &str, event: &Event, at: u64) {
    let appended =
        store.update(Care::Lenient, &mut |records| rules::append(records, &id(key), event, time(at)));
    appended.expect("this event must be taken");
}

/// Transactions of every kind that a selection tells apart.
fn fill(store: &mut dyn Store) {
    let at_address = |key: &str, on: &str| Transaction { address: Some(terminal(ADDRESS)), ..debit(key, on) };
    let labelled =
        |key: &str, reference: &str| Transaction { reference: reference.parse().ok(), ..debit(key, "t") };
    let on_device = Transaction { usb: "usb:2341:0043:1".parse().ok(), ..debit("e", "usb") };
    let numbered = |number: &str| {
        Event::Ended(Conclusion { authorisation: number.parse().ok(), ..conclusion(approved()) })
    };
    append(store, "a", &Event::Started(labelled("a", "Table 7")), 1);
    append(store, "a", &numbered("012345"), 2);
    append(store, "z", &Event::NeverSent(labelled("z", "0"), conclusion(NOT_SENT)), 3);
    append(store, "b", &Event::Started(at_address("b", "t")), 4);
    append(store, "b", &numbered("0"), 5);
    append(store, "c", &Event::Started(at_address("c", "u")), 6);
    let credit = Transaction {
        operation: caisse_payment::Operation::Credit,
        original: Some(id("a")),
        ..debit("d", "v")
    };
    append(store, "d", &Event::Started(credit), 7);
    append(store, "d", &Event::Ended(conclusion(SILENCE)), 8);
    append(store, "e", &Event::Started(on_device), 9);
    // A further attempt takes the last place.
    append(store, "z", &Event::Started(labelled("z", "0")), 10);
    append(
        store,
        "z",
        &Event::Ended(conclusion(Outcome::Declined { refusal: caisse_payment::Refusal::Refused })),
        11,
    );
    let dispute = crate::Dispute::new(Paid::NotPaid, "late result").expect("a dispute");
    append(store, "a", &Event::Disputed(dispute), 12);
}

fn selections() -> Vec<Selection> {
    let number =
        |text: &str| Selection::Authorisation(text.parse::<AuthorisationNumber>().expect("a number"));
    let reference = |text: &str| Selection::Reference(text.parse::<Reference>().expect("a reference"));
    let key = |name: &str, address: Option<&str>| TerminalKey {
        terminal: terminal(name),
        address: address.map(terminal),
    };
    let usb = "usb:2341:0043:1".parse().ok();
    let mut selections =
        vec![Selection::All, Selection::Open, number("12345"), number("54321"), number("00")];
    selections.extend([reference("table7"), reference("table 8"), reference(" 0")]);
    selections.extend(["a", "b", "nobody"].map(|key| Selection::Original(id(key))));
    for key in [
        key("t", None),
        key("t", Some(ADDRESS)),
        key("new", Some(ADDRESS)),
        key("new", None),
        key("usb", None),
    ] {
        selections.push(Selection::NewestFirst(key));
        selections.extend([None, usb].map(|usb| Selection::OpenAt { key, usb }));
    }
    selections
}

/// Each selection is what all transactions contain of it, in its order, for as long as the visitor wants.
pub(super) fn a_selection_is_what_all_transactions_contain_of_it(open: OpenStore<'_>) {
    let mut store = open();
    fill(&mut *store);
    let mut sizes = Vec::new();
    for store in [store, open()] {
        let all = visited(&*store, &Selection::All);
        let ids: Vec<_> = all.iter().map(|record| record.id().to_string()).collect();
        assert_eq!(
            ids,
            ["a", "b", "c", "d", "e", "z"],
            "the place of a transaction is that of its newest attempt"
        );
        for selection in selections() {
            let mut expected: Vec<_> =
                all.iter().filter(|record| selection.contains(record)).cloned().collect();
            if matches!(selection, Selection::NewestFirst(_)) {
                expected.reverse();
            }
            assert_eq!(visited(&*store, &selection), expected, "{selection:?}");
            for enough in 1..=expected.len() {
                let mut seen = Vec::new();
                let visit = store.visit(&selection, &mut |record| {
                    assert_eq!(store.find(&record.id()).expect("it can be found").as_ref(), Some(record));
                    seen.push(record.clone());
                    if seen.len() < enough { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
                });
                visit.expect("the selection can be read");
                assert_eq!(seen, expected[..enough], "{selection:?}");
            }
            sizes.push(expected.len());
        }
    }
    assert!(
        sizes.contains(&0) && sizes.iter().any(|size| (2..5).contains(size)),
        "the samples tell nothing apart"
    );
}

/// The events of a transaction make its record.
pub(super) fn the_events_make_the_record(open: OpenStore<'_>) {
    let mut store = open();
    fill(&mut *store);
    for record in visited(&*store, &Selection::All) {
        let events = store.events(&record.id()).expect("the events can be read");
        let made = events.iter().fold(None, |made: Option<Record>, event| {
            Some(rules::replay(&record.id(), made.as_ref(), event).expect("an event under the rules"))
        });
        assert_eq!(made.as_ref(), Some(&record));
    }
    assert_eq!(store.events(&id("nobody")).expect("the events can be read"), []);
}

/// A change that is refused leaves nothing, and a change is seen by the next one. Both events of a change are there.
pub(super) fn a_change_is_everything_or_nothing(open: OpenStore<'_>) {
    let mut store = open();
    fill(&mut *store);
    let before = visited(&*store, &Selection::All);
    let mut calls = 0;
    let refused = store.update(Care::Strict, &mut |records| {
        calls += 1;
        assert_eq!(visited(records, &Selection::All), before);
        Err(JournalError::Conflict)
    });
    assert_eq!((refused, calls), (Err(JournalError::Conflict), 1));
    assert_eq!(visited(&*store, &Selection::All), before);
    // An approval that meets the decision "not paid" is written with the dispute that follows.
    let not_paid = Decision::new(Paid::NotPaid, "Zo\u{e9}", "no ticket").expect("a decision");
    let lock = Store::lock(&*store, &terminal("u")).expect("the lock");
    let decided = store
        .update(Care::Lenient, &mut |records| rules::resolve(records, &lock, &id("c"), &not_paid, time(20)));
    decided.expect("a decision that must be taken");
    drop(lock);
    append(&mut *store, "c", &ended(approved()), 21);
    let mut seen = 0;
    let again = store.update(Care::Lenient, &mut |records| {
        seen = records.events(&id("c"))?.len();
        assert!(records.find(&id("c"))?.is_some_and(|record| record.is_disputed()));
        Err(JournalError::Conflict)
    });
    assert_eq!(again, Err(JournalError::Conflict));
    assert_eq!(seen, 4, "start, decision, end and dispute");
    assert_eq!(open().events(&id("c")).expect("the events can be read").len(), 4);
}
