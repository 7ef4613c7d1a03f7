//! Rules of terminals that are known under several names, or by their address.

use std::ops::ControlFlow;

use caisse_payment::{TerminalId, Transaction};

use super::samples::*;
use super::{Open, conflict, refuses};
use crate::{Event, Journal, Record, TerminalKey};

const ADDRESS: &str = "tcp:192.0.2.7:8888";

fn reached(key: &str, on: &str, address: &str) -> Transaction {
    Transaction { address: Some(terminal(address)), ..debit(key, on) }
}

fn place(name: &str, address: Option<&str>) -> TerminalKey {
    TerminalKey { terminal: terminal(name), address: address.map(terminal) }
}

fn ids(records: &[Record]) -> Vec<String> {
    records.iter().map(|record| record.id().to_string()).collect()
}

fn open_at(journal: &dyn Journal, place: &TerminalKey) -> Vec<String> {
    ids(&journal.unresolved_at(place).unwrap())
}

pub(super) fn a_terminal_is_known_by_its_address_too(open: Open<'_>) {
    let mut journal = open();
    let ours = reached("a", "t", ADDRESS);
    journal.append(&ours.id, &Event::Started(ours), time(1)).unwrap();
    journal.append(&id("b"), &started("b", "u"), time(2)).unwrap();
    journal.append(&id("c"), &Event::Started(reached("c", "v", "tcp:192.0.2.8:8888")), time(3)).unwrap();
    for journal in [journal, open()] {
        let record = journal.find(&id("a")).unwrap().unwrap();
        assert_eq!(*record.transaction(), ours, "the address comes back");
        assert!(journal.list().unwrap().contains(&record));
        assert_eq!(journal.events(&id("a")).unwrap()[0].event.transaction(), Some(&ours));
        for (at, expected) in [
            (place("t", None), vec!["a"]),
            (place("t", Some(ADDRESS)), vec!["a"]),
            // Under a new name, and by the address alone.
            (place("new", Some(ADDRESS)), vec!["a"]),
            (place(ADDRESS, None), vec!["a"]),
            (place("u", None), vec!["b"]),
            (place("u", Some(ADDRESS)), vec!["a", "b"]),
            (place("new", None), vec![]),
            (place("new", Some("tcp:192.0.2.9:8888")), vec![]),
        ] {
            assert_eq!(open_at(&*journal, &at), expected, "{at:?}");
            let mut seen = vec![];
            journal
                .walk_back(&at, &mut |record| {
                    seen.insert(0, record.clone());
                    ControlFlow::Continue(())
                })
                .unwrap();
            assert_eq!(ids(&seen), expected, "{at:?}");
        }
        // A name is asked for as before.
        let named = |name: &str| ids(&journal.unresolved(&terminal(name)).unwrap());
        assert_eq!((named("t"), named("new"), named(ADDRESS)), (vec!["a".to_owned()], vec![], vec![]));
    }
}

pub(super) fn a_start_is_refused_while_another_is_open_at_its_address(open: Open<'_>) {
    let mut journal = open();
    let usb = |key: &str, on: &str, address: &str, device: &str| Transaction {
        usb: device.parse().ok(),
        ..reached(key, on, address)
    };
    let (path, other_path) = ("serial::dev:ttyACM0", "serial::dev:ttyACM1");
    journal.append(&id("a"), &Event::Started(reached("a", "t", ADDRESS)), time(1)).unwrap();
    journal.append(&id("b"), &Event::Started(usb("b", "u", path, "usb:079b:0028:1")), time(2)).unwrap();
    for excluded in [
        reached("c", "new", ADDRESS),
        // Its address alone is its name.
        reached("c", ADDRESS, ADDRESS),
        debit("c", ADDRESS),
        reached("c", "t", "tcp:192.0.2.8:8888"),
        debit("c", "t"),
        reached("c", "new", path),
        // Another port, and the same device.
        usb("c", "new", other_path, "usb:079b:0028:1"),
    ] {
        refuses(&mut journal, &excluded.id, &Event::Started(excluded), conflict);
    }
    let mut other = open();
    refuses(&mut other, &id("c"), &Event::Started(reached("c", "new", ADDRESS)), conflict);
    // Another terminal, and another device of the same model.
    for (number, allowed) in [
        reached("d", "v", "tcp:192.0.2.8:8888"),
        usb("e", "w", other_path, "usb:079b:0028:2"),
        debit("f", "x"),
    ]
    .into_iter()
    .enumerate()
    {
        journal.append(&allowed.id, &Event::Started(allowed), time(10 + number as u64)).unwrap();
    }
    // What was never sent is in nobody's way.
    journal
        .append(&id("g"), &Event::NeverSent(reached("g", "new", ADDRESS), conclusion(NOT_SENT)), time(20))
        .unwrap();
    journal.append(&id("a"), &ended(approved()), time(21)).unwrap();
    journal.append(&id("h"), &Event::Started(reached("h", "new", ADDRESS)), time(22)).unwrap();
}

pub(super) fn a_further_attempt_may_reach_it_elsewhere(open: Open<'_>) {
    let mut journal = open();
    let attempt = |address: Option<TerminalId>| Transaction { address, ..debit("a", "t") };
    let end = conclusion(NOT_SENT);
    journal.append(&id("a"), &Event::NeverSent(attempt(Some(terminal(ADDRESS))), end), time(1)).unwrap();
    assert_eq!(open_at(&*journal, &place("new", Some(ADDRESS))), Vec::<String>::new());
    let elsewhere = "serial:_dev_ttyUSB0";
    journal.append(&id("a"), &Event::Started(attempt(Some(terminal(elsewhere)))), time(2)).unwrap();
    for journal in [journal, open()] {
        assert_eq!(journal.find(&id("a")).unwrap().unwrap().transaction().address, Some(terminal(elsewhere)));
        assert_eq!(open_at(&*journal, &place("new", Some(elsewhere))), ["a"]);
        assert_eq!(open_at(&*journal, &place("new", Some(ADDRESS))), Vec::<String>::new());
    }
}
