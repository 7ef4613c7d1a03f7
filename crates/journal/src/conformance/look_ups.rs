//! Rules of the look-ups: each finds what the list contains, in its order, and nothing else.

use std::ops::ControlFlow;

use caisse_payment::entry::{End, Entry, Start};
use caisse_payment::{AuthorisationNumber, Operation, Outcome, Reference};

use super::Open;
use super::samples::*;
use crate::{Decision, Dispute, Journal, Paid, Record, State, TerminalKey};

const ADDRESS: &str = "tcp:192.0.2.7:8888";

fn credit(key: &str, of: &str) -> Start {
    let mut start = start(key, "t");
    start.content.operation = Operation::Credit;
    start.content.original = Some(id(of));
    start
}

fn numbered(key: &str, outcome: Outcome, number: &str) -> Entry {
    Entry::Ended(End { authorisation: Some(number.parse().unwrap()), ..end(key, outcome) })
}

fn labelled(key: &str, reference: &str) -> Start {
    let mut start = start(key, "t");
    start.content.reference = Some(reference.parse().unwrap());
    start
}

/// Whether a look-up gives what the list contains of the same kind, and these ids.
#[track_caller]
fn finds(journal: &dyn Journal, found: Vec<Record>, belongs: impl Fn(&Record) -> bool, ids: &[&str]) {
    let mut expected = journal.list().unwrap();
    expected.retain(belongs);
    assert_eq!(found, expected);
    let found: Vec<_> = found.iter().map(|record| record.start.id.to_string()).collect();
    assert_eq!(found, ids);
}

pub(super) fn what_is_not_settled_is_found(open: Open<'_>) {
    let mut journal = open();
    let unsettled = |journal: &dyn Journal, ids: &[&str]| {
        finds(journal, journal.unsettled().unwrap(), |record| record.state() != State::Final, ids);
    };
    unsettled(&*journal, &[]);
    for (key, on) in [("c", "t"), ("b", "u"), ("a", "v")] {
        journal.append(&started(key, on), time(1)).unwrap();
    }
    unsettled(&*journal, &["c", "b", "a"]);
    journal.append(&ended("b", approved()), time(2)).unwrap();
    let lock = journal.lock(&terminal("v")).unwrap();
    let not_paid = Decision::new(Paid::NotPaid, "Zo\u{e9}", "no ticket").unwrap();
    journal.resolve(&lock, &id("a"), &not_paid, time(3)).unwrap();
    drop(lock);
    unsettled(&*open(), &["c"]);
    // A dispute is not settled either, until a person has settled it.
    journal.dispute(&id("b"), &Dispute::new(Paid::NotPaid, "late result").unwrap(), time(4)).unwrap();
    unsettled(&*journal, &["c", "b"]);
    unsettled(&*open(), &["c", "b"]);
    let lock = journal.lock(&terminal("u")).unwrap();
    journal.resolve(&lock, &id("b"), &not_paid, time(5)).unwrap();
    unsettled(&*journal, &["c"]);
    // A further attempt counts where it stands.
    journal.append(&never_sent("d", "w"), time(6)).unwrap();
    journal.append(&started("e", "x"), time(7)).unwrap();
    journal.append(&started("d", "w"), time(8)).unwrap();
    unsettled(&*journal, &["c", "e", "d"]);
}

pub(super) fn what_names_an_original_is_found(open: Open<'_>) {
    let mut journal = open();
    for key in ["paid", "other"] {
        journal.append(&started(key, "t"), time(1)).unwrap();
        journal.append(&ended(key, approved()), time(2)).unwrap();
    }
    for (key, of) in [("z", "paid"), ("y", "other"), ("x", "paid")] {
        journal.append(&Entry::Started(credit(key, of)), time(3)).unwrap();
        journal.append(&ended(key, approved()), time(4)).unwrap();
    }
    let not_sent = end("w", NOT_SENT);
    journal.append(&Entry::NeverSent(credit("w", "paid"), not_sent), time(5)).unwrap();
    // Of an original that the journal does not contain.
    journal.append(&Entry::Started(credit("v", "elsewhere")), time(6)).unwrap();
    for journal in [&*journal, &*open()] {
        for (original, ids) in
            [("paid", &["z", "x", "w"][..]), ("other", &["y"]), ("elsewhere", &["v"]), ("z", &[])]
        {
            let original = id(original);
            let found = journal.naming_original(&original).unwrap();
            finds(journal, found, |record| record.start.content.original == Some(original), ids);
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
        journal.append(&started(key, key), time(1)).unwrap();
        journal.append(&numbered(key, outcome, number), time(2)).unwrap();
    }
    // A second end takes the place of an unknown one, and its number with it.
    journal.append(&started("b", "b"), time(3)).unwrap();
    journal.append(&numbered("b", SILENCE, "777"), time(4)).unwrap();
    journal.append(&numbered("b", approved(), "888"), time(5)).unwrap();
    journal.append(&started("a", "a"), time(6)).unwrap();
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
                let known = record.end.and_then(|end| end.authorisation);
                known.is_some_and(|known| known.compare(&number).may_be_same())
            };
            finds(journal, journal.with_authorisation(&number).unwrap(), may_be_same, ids);
        }
    }
}

pub(super) fn a_reference_is_found_by_its_meaning(open: Open<'_>) {
    let mut journal = open();
    for (key, reference) in [("d", "Order 7"), ("c", "order7"), ("b", "0"), ("a", "order 8")] {
        journal.append(&Entry::Started(labelled(key, reference)), time(1)).unwrap();
        journal.append(&ended(key, approved()), time(2)).unwrap();
    }
    journal.append(&started("none", "t"), time(3)).unwrap();
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
                record.start.content.reference.is_some_and(|known| known.compare(&reference).may_be_same())
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
            .append(&Entry::Started(Start { address: Some(terminal(ADDRESS)), ..start(key, name) }), time(1))
            .unwrap();
        journal.append(&ended(key, approved()), time(2)).unwrap();
    }
    let (mut seen, key) =
        (Vec::new(), TerminalKey { terminal: terminal("t"), address: Some(terminal(ADDRESS)) });
    journal
        .walk_back(&key, &mut |record| {
            let again = journal.find(&record.start.id).unwrap();
            assert_eq!(again.as_ref(), Some(record));
            assert_eq!(journal.events(&record.start.id).unwrap().len(), 2);
            assert_eq!(journal.unresolved_at(&key).unwrap(), []);
            seen.push(record.start.id.to_string());
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(seen, ["c", "b", "a"]);
}

pub(super) fn a_visit_is_the_list_up_to_where_it_stops(open: Open<'_>) {
    let mut journal = open();
    journal.append(&never_sent("a", "a"), time(1)).unwrap();
    journal.append(&started("b", "b"), time(2)).unwrap();
    journal.append(&started("c", "c"), time(3)).unwrap();
    // A further attempt counts, and its place is that of the attempt.
    journal.append(&started("a", "a"), time(4)).unwrap();
    for journal in [journal, open()] {
        let all = journal.list().unwrap();
        assert_eq!(all.iter().map(|record| record.start.id).collect::<Vec<_>>(), ["b", "c", "a"].map(id));
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
