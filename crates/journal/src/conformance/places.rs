//! Rules of terminals that are known under several names, or by their address.

use std::ops::ControlFlow;

use caisse_payment::TerminalId;
use caisse_payment::entry::{Entry, Start};

use super::samples::*;
use super::{Open, conflict, refuses};
use crate::{Journal, Record, TerminalKey};

const ADDRESS: &str = "tcp:192.0.2.7:8888";

fn reached(key: &str, on: &str, address: &str) -> Start {
    Start { address: Some(terminal(address)), ..start(key, on) }
}

fn place(name: &str, address: Option<&str>) -> TerminalKey {
    TerminalKey { terminal: terminal(name), address: address.map(terminal) }
}

fn ids(records: &[Record]) -> Vec<String> {
    records.iter().map(|record| record.start.id.to_string()).collect()
}

fn open_at(journal: &dyn Journal, place: &TerminalKey) -> Vec<String> {
    ids(&journal.unresolved_at(place).unwrap())
}

pub(super) fn a_terminal_is_known_by_its_address_too(open: Open<'_>) {
    let mut journal = open();
    let ours = reached("a", "t", ADDRESS);
    journal.append(&Entry::Started(ours), time(1)).unwrap();
    journal.append(&started("b", "u"), time(2)).unwrap();
    journal.append(&Entry::Started(reached("c", "v", "tcp:192.0.2.8:8888")), time(3)).unwrap();
    for journal in [journal, open()] {
        let record = journal.find(&id("a")).unwrap().unwrap();
        assert_eq!(record.start, ours, "the address comes back");
        assert!(journal.list().unwrap().contains(&record));
        assert_eq!(journal.events(&id("a")).unwrap()[0].what.start(), Some(&ours));
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
    let usb = |key: &str, on: &str, address: &str, device: &str| Start {
        usb: device.parse().ok(),
        ..reached(key, on, address)
    };
    let (path, other_path) = ("serial::dev:ttyACM0", "serial::dev:ttyACM1");
    journal.append(&Entry::Started(reached("a", "t", ADDRESS)), time(1)).unwrap();
    journal.append(&Entry::Started(usb("b", "u", path, "usb:079b:0028:1")), time(2)).unwrap();
    for excluded in [
        reached("c", "new", ADDRESS),
        // Its address alone is its name.
        reached("c", ADDRESS, ADDRESS),
        start("c", ADDRESS),
        reached("c", "t", "tcp:192.0.2.8:8888"),
        start("c", "t"),
        reached("c", "new", path),
        // Another port, and the same device.
        usb("c", "new", other_path, "usb:079b:0028:1"),
    ] {
        refuses(&mut journal, &Entry::Started(excluded), conflict);
    }
    let mut other = open();
    refuses(&mut other, &Entry::Started(reached("c", "new", ADDRESS)), conflict);
    // Another terminal, and another device of the same model.
    for (number, allowed) in [
        reached("d", "v", "tcp:192.0.2.8:8888"),
        usb("e", "w", other_path, "usb:079b:0028:2"),
        start("f", "x"),
    ]
    .into_iter()
    .enumerate()
    {
        journal.append(&Entry::Started(allowed), time(10 + number as u64)).unwrap();
    }
    // What was never sent is in nobody's way.
    journal.append(&Entry::NeverSent(reached("g", "new", ADDRESS), end("g", NOT_SENT)), time(20)).unwrap();
    journal.append(&ended("a", approved()), time(21)).unwrap();
    journal.append(&Entry::Started(reached("h", "new", ADDRESS)), time(22)).unwrap();
}

pub(super) fn a_further_attempt_may_reach_it_elsewhere(open: Open<'_>) {
    let mut journal = open();
    let attempt = |address: Option<TerminalId>| Start { address, ..start("a", "t") };
    let end = end("a", NOT_SENT);
    journal.append(&Entry::NeverSent(attempt(Some(terminal(ADDRESS))), end), time(1)).unwrap();
    assert_eq!(open_at(&*journal, &place("new", Some(ADDRESS))), Vec::<String>::new());
    let elsewhere = "serial:_dev_ttyUSB0";
    journal.append(&Entry::Started(attempt(Some(terminal(elsewhere)))), time(2)).unwrap();
    for journal in [journal, open()] {
        assert_eq!(journal.find(&id("a")).unwrap().unwrap().start.address, Some(terminal(elsewhere)));
        assert_eq!(open_at(&*journal, &place("new", Some(elsewhere))), ["a"]);
        assert_eq!(open_at(&*journal, &place("new", Some(ADDRESS))), Vec::<String>::new());
    }
}
