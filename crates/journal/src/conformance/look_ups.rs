//! Rules of the look-ups: each finds what the list contains, in its order, and nothing else.

use std::ops::ControlFlow;

use caisse_payment::{AuthorisationNumber, Conclusion, Operation, Outcome, Reference, Transaction};

use super::Open;
use super::samples::*;
use crate::{Decision, Dispute, Event, Journal, Paid, Record, State, TerminalKey};

const ADDRESS: &str = "tcp:192.0.2.7:8888";

fn credit(key: &str, of: &str) -> Transaction {
    let mut start = debit(key, "t");
    start.operation = Operation::Credit;
    start.original = Some(id(of));
    start
}

fn numbered(outcome: Outcome, number: &str) -> Event {
    Event::Ended(Conclusion { authorisation: Some(number.parse().unwrap()), ..conclusion(outcome) })
}

fn labelled(key: &str, reference: &str) -> Transaction {
    let mut start = debit(key, "t");
    start.reference = Some(reference.parse().unwrap());
    start
}

/// Whether a look-up gives what the list contains of the same kind, and these ids.
#[track_caller]
fn finds(journal: &dyn Journal, found: Vec<Record>, belongs: impl Fn(&Record) -> bool, ids: &[&str]) {
    let mut expected = journal.list().unwrap();
    expected.retain(belongs);
    assert_eq!(found, expected);
    let found: Vec<_> = found.iter().map(|record| record.id().to_string()).collect();
    assert_eq!(found, ids);
}

pub(super) fn what_is_not_settled_is_found(open: Open<'_>) {
    let mut journal = open();
    let unsettled = |journal: &dyn Journal, ids: &[&str]| {
        finds(journal, journal.unsettled().unwrap(), |record| record.state() != State::Final, ids);
    };
    unsettled(&*journal, &[]);
    for (key, on) in [("c", "t"), ("b", "u"), ("a", "v")] {
        journal.append(&id(key), &started(key, on), time(1)).unwrap();
    }
    unsettled(&*journal, &["c", "b", "a"]);
    journal.append(&id("b"), &ended(approved()), time(2)).unwrap();
    let lock = journal.lock(&terminal("v")).unwrap();
    let not_paid = Decision::new(Paid::NotPaid, "Zo\u{e9}", "no ticket").unwrap();
    journal.resolve(&lock, &id("a"), &not_paid, time(3)).unwrap();
    drop(lock);
    unsettled(&*open(), &["c"]);
    // A dispute is not settled either, until a person has settled it.
    let dispute = Dispute::new(Paid::NotPaid, "late result").unwrap();
    journal.append(&id("b"), &Event::Disputed(dispute), time(4)).unwrap();
    unsettled(&*journal, &["c", "b"]);
    unsettled(&*open(), &["c", "b"]);
    let lock = journal.lock(&terminal("u")).unwrap();
    journal.resolve(&lock, &id("b"), &not_paid, time(5)).unwrap();
    unsettled(&*journal, &["c"]);
    // A further attempt counts where it stands.
    journal.append(&id("d"), &never_sent("d", "w"), time(6)).unwrap();
    journal.append(&id("e"), &started("e", "x"), time(7)).unwrap();
    journal.append(&id("d"), &started("d", "w"), time(8)).unwrap();
    unsettled(&*journal, &["c", "e", "d"]);
}

pub(super) fn what_names_an_original_is_found(open: Open<'_>) {
    let mut journal = open();
    for key in ["paid", "other"] {
        journal.append(&id(key), &started(key, "t"), time(1)).unwrap();
        journal.append(&id(key), &ended(approved()), time(2)).unwrap();
    }
    for (key, of) in [("z", "paid"), ("y", "other"), ("x", "paid")] {
        journal.append(&id(key), &Event::Started(credit(key, of)), time(3)).unwrap();
        journal.append(&id(key), &ended(approved()), time(4)).unwrap();
    }
    let not_sent = conclusion(NOT_SENT);
    journal.append(&id("w"), &Event::NeverSent(credit("w", "paid"), not_sent), time(5)).unwrap();
    // Of an original that the journal does not contain.
    journal.append(&id("v"), &Event::Started(credit("v", "elsewhere")), time(6)).unwrap();
    for journal in [&*journal, &*open()] {
        for (original, ids) in
            [("paid", &["z", "x", "w"][..]), ("other", &["y"]), ("elsewhere", &["v"]), ("z", &[])]
        {
            let original = id(original);
            let found = journal.naming_original(&original).unwrap();
            finds(journal, found, |record| record.transaction().original == Some(original), ids);
        }
    }
}

pub(super) fn an_authorisation_number_is_found_by_its_meaning(open: Open<'_>) {
    let mut journal = open();
    for (key, outcome, number) in [
        ("g", approved(), "012345"),
        ("f", Outcome::Declined { refusal: caisse_payment::Refusal::Refused }, "12345 "),
        ("e", SILENCE, "0A1b"),
        ("d", approved(), "0000"),
        ("c", approved(), "54321"),
    ] {
        journal.append(&id(key), &started(key, key), time(1)).unwrap();
        journal.append(&id(key), &numbered(outcome, number), time(2)).unwrap();
    }
    // A second end takes the place of an unknown one, and its number with it.
    journal.append(&id("b"), &started("b", "b"), time(3)).unwrap();
    journal.append(&id("b"), &numbered(SILENCE, "777"), time(4)).unwrap();
    journal.append(&id("b"), &numbered(approved(), "888"), time(5)).unwrap();
    journal.append(&id("a"), &started("a", "a"), time(6)).unwrap();
    for journal in [&*journal, &*open()] {
        for (number, ids) in [
            ("012345", &["g", "f", "d"][..]),
            ("1 2345", &["g", "f", "d"]),
            ("a1B", &["e", "d"]),
            ("54321", &["d", "c"]),
            ("543210", &["d"]),
            ("777", &["d"]),
            ("888", &["d", "b"]),
            // Blanks and zeros alone may be any number.
            (" 0", &["g", "f", "e", "d", "c", "b"]),
        ] {
            let number: AuthorisationNumber = number.parse().unwrap();
            let may_be_same = |record: &Record| {
                let known = record.conclusion().and_then(|conclusion| conclusion.authorisation);
                known.is_some_and(|known| known.compare(&number).may_be_same())
            };
            finds(journal, journal.with_authorisation(&number).unwrap(), may_be_same, ids);
        }
    }
}

pub(super) fn a_reference_is_found_by_its_meaning(open: Open<'_>) {
    let mut journal = open();
    for (key, reference) in [("d", "Order 7"), ("c", "order7"), ("b", "0"), ("a", "order 8")] {
        journal.append(&id(key), &Event::Started(labelled(key, reference)), time(1)).unwrap();
        journal.append(&id(key), &ended(approved()), time(2)).unwrap();
    }
    journal.append(&id("none"), &started("none", "t"), time(3)).unwrap();
    for journal in [&*journal, &*open()] {
        for (reference, ids) in [
            ("order 7", &["d", "c", "b"][..]),
            ("00 ORDER7", &["d", "c", "b"]),
            ("order 8", &["b", "a"]),
            ("order 9", &["b"]),
            ("0 0", &["d", "c", "b", "a"]),
        ] {
            let reference: Reference = reference.parse().unwrap();
            let may_be_same = |record: &Record| {
                record.transaction().reference.is_some_and(|known| known.compare(&reference).may_be_same())
            };
            finds(journal, journal.with_reference(&reference).unwrap(), may_be_same, ids);
        }
    }
}

/// Two tills may ask while a third one visits, and so may the visitor.
pub(super) fn a_visitor_may_ask_for_more(open: Open<'_>) {
    let mut journal = open();
    for key in ["a", "b", "c"] {
        let name = if key == "b" { "new" } else { "t" };
        journal
            .append(
                &id(key),
                &Event::Started(Transaction { address: Some(terminal(ADDRESS)), ..debit(key, name) }),
                time(1),
            )
            .unwrap();
        journal.append(&id(key), &ended(approved()), time(2)).unwrap();
    }
    let (mut seen, key) =
        (Vec::new(), TerminalKey { terminal: terminal("t"), address: Some(terminal(ADDRESS)) });
    journal
        .walk_back(&key, &mut |record| {
            let again = journal.find(&record.id()).unwrap();
            assert_eq!(again.as_ref(), Some(record));
            assert_eq!(journal.events(&record.id()).unwrap().len(), 2);
            assert_eq!(journal.unresolved_at(&key).unwrap(), []);
            seen.push(record.id().to_string());
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(seen, ["c", "b", "a"]);
}

pub(super) fn a_visit_is_the_list_up_to_where_it_stops(open: Open<'_>) {
    let mut journal = open();
    journal.append(&id("a"), &never_sent("a", "a"), time(1)).unwrap();
    journal.append(&id("b"), &started("b", "b"), time(2)).unwrap();
    journal.append(&id("c"), &started("c", "c"), time(3)).unwrap();
    // A further attempt counts, and its place is that of the attempt.
    journal.append(&id("a"), &started("a", "a"), time(4)).unwrap();
    for journal in [journal, open()] {
        let all = journal.list().unwrap();
        assert_eq!(all.iter().map(|record| record.id()).collect::<Vec<_>>(), ["b", "c", "a"].map(id));
        for enough in 0..=all.len() {
            let mut seen = vec![];
            journal
                .visit(&mut |record| {
                    seen.push(record.clone());
                    if seen.len() > enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                })
                .unwrap();
            assert_eq!(seen, all[..all.len().min(enough + 1)]);
        }
    }
}
