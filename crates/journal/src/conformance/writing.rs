//! Rules of `append` and of what is read back.

use std::ops::ControlFlow;
use std::thread;

use caisse_payment::entry::{End, Entry, RawStatus};
use caisse_payment::{Amount, Currency, Doubt, NotSent, Outcome, Proof, Verdict};

use super::samples::*;
use super::{Open, conflict, refused, refuses};
use crate::{Event, Journal, Record, State, TerminalKey, What};

pub(super) fn a_new_store_is_empty(open: Open<'_>) {
    let journal = open();
    assert_eq!(journal.list().unwrap(), []);
    assert_eq!(journal.find(&id("a")).unwrap(), None);
    assert_eq!(journal.events(&id("a")).unwrap(), []);
    assert_eq!(journal.unresolved(&terminal("t")).unwrap(), []);
}

pub(super) fn a_start_is_unresolved_until_its_end(open: Open<'_>) {
    let (mut journal, witness) = (open(), open());
    journal.append(&started("a", "t"), time(1)).unwrap();
    let open_start = Record {
        start: start("a", "t"),
        end: None,
        decision: None,
        disputed: false,
        started_at: time(1),
        ended_at: None,
        decided_at: None,
    };
    for reader in [&journal, &witness, &open()] {
        assert_eq!(reader.find(&id("a")).unwrap().as_ref(), Some(&open_start));
        assert_eq!(reader.unresolved(&terminal("t")).unwrap(), std::slice::from_ref(&open_start));
        assert_eq!(reader.unresolved(&terminal("other")).unwrap(), []);
        assert_eq!(reader.find(&id("A")).unwrap(), None, "ids differ by case too");
    }
    assert_eq!(open_start.state(), State::Unresolved);
    let interrupted = Outcome::Unknown { doubt: Doubt::Interrupted };
    assert_eq!(open_start.verdict(), Verdict { outcome: interrupted, proof: Proof::PerhapsSent });

    journal.append(&ended("a", approved()), time(2)).unwrap();
    drop((journal, witness));
    let journal = open();
    let record = journal.find(&id("a")).unwrap().unwrap();
    let end = end("a", approved());
    assert_eq!(record, Record { end: Some(end), ended_at: Some(time(2)), ..open_start });
    assert_eq!(record.state(), State::Final);
    assert_eq!(record.verdict(), end.verdict);
    assert_eq!(journal.unresolved(&terminal("t")).unwrap(), []);
    let history = [
        Event { at: time(1), what: What::Started(start("a", "t")) },
        Event { at: time(2), what: What::Ended(end) },
    ];
    assert_eq!(journal.events(&id("a")).unwrap(), history);
}

pub(super) fn every_end_is_kept_as_it_is(open: Open<'_>) {
    let mut journal = open();
    let mut written = Vec::new();
    for (number, outcome) in every_outcome(euros(2500)).into_iter().enumerate() {
        let proof = match outcome {
            Outcome::NotSent { .. } => Proof::NothingSent,
            _ => Proof::ALL[number % Proof::ALL.len()],
        };
        let (key, on) = (format!("tx-{number}"), format!("terminal-{number}"));
        let mut full = start(&key, &on);
        full.content.allow_partial = number % 2 == 0;
        full.content.allow_tip = (number % 4 == 1).then(|| euros(500));
        full.content.original = (number % 3 == 0).then(|| id("earlier"));
        full.content.reference = (number % 5 == 0).then(|| "order 7".parse().unwrap());
        let end = End {
            id: full.id,
            verdict: Verdict { outcome, proof },
            authorisation: (number % 2 == 0).then(|| " 12'4\"~".parse().unwrap()),
            contract: (number % 3 == 0).then(|| "1234567890".parse().unwrap()),
            serial_number: (number % 4 == 0).then(|| "VX 520/7".parse().unwrap()),
            reported_amount: (number % 3 == 1).then(|| euros(2700)),
            last_four: (number % 2 == 1).then_some(*b"0674"),
            status: RawStatus {
                status: (number % 5 != 0).then_some(*b"10"),
                complement: (number % 7 != 0).then_some([0xff, b'\'']),
                stat: (number % 5 == 0).then_some(b'7'),
            },
        };
        journal.append(&Entry::Started(full), time(7)).unwrap();
        journal.append(&Entry::Ended(end), time(8)).unwrap();
        written.push(Record {
            start: full,
            end: Some(end),
            decision: None,
            disputed: false,
            started_at: time(7),
            ended_at: Some(time(8)),
            decided_at: None,
        });
    }
    drop(journal);
    let journal = open();
    assert_eq!(journal.list().unwrap(), written);
    for record in &written {
        let unknown = record.verdict().outcome.is_unknown();
        assert_eq!(record.state(), if unknown { State::Unresolved } else { State::Final });
        let open = journal.unresolved(&record.start.content.terminal).unwrap();
        assert_eq!(open, if unknown { vec![record.clone()] } else { vec![] });
    }
}

pub(super) fn an_id_is_used_once(open: Open<'_>) {
    let mut journal = open();
    journal.append(&started("open", "t-open"), time(1)).unwrap();
    let mut taken = vec![("open".to_owned(), "t-open".to_owned())];
    for (number, outcome) in every_outcome(euros(2500)).into_iter().enumerate() {
        if matches!(outcome, Outcome::NotSent { .. }) {
            continue;
        }
        let (key, on) = (format!("tx-{number}"), format!("t-{number}"));
        journal.append(&started(&key, &on), time(1)).unwrap();
        journal.append(&ended(&key, outcome), time(2)).unwrap();
        taken.push((key, on));
    }
    for (key, on) in taken {
        refuses(&mut journal, &started(&key, &on), conflict);
        refuses(&mut journal, &never_sent(&key, &on), conflict);
        refuses(&mut journal, &started(&key, "another"), conflict);
        refuses(&mut journal, &never_sent(&key, "another"), conflict);
    }
}

pub(super) fn a_proven_not_sent_may_be_tried_again_with_the_same_content(open: Open<'_>) {
    let mut journal = open();
    journal.append(&never_sent("a", "t"), time(1)).unwrap();
    let record = journal.find(&id("a")).unwrap().unwrap();
    assert_eq!((record.state(), record.end), (State::Final, Some(end("a", NOT_SENT))));
    assert_eq!((record.started_at, record.ended_at), (time(1), Some(time(1))));
    for other in other_contents(&start("a", "t")) {
        refuses(&mut journal, &Entry::Started(other), conflict);
        refuses(&mut journal, &Entry::NeverSent(other, end("a", NOT_SENT)), conflict);
    }

    // Another way to speak to the terminal is no other content.
    let mut again = start("a", "t");
    again.dialect = "ingenico".parse().unwrap();
    journal.append(&Entry::NeverSent(again, end("a", NOT_SENT)), time(2)).unwrap();
    journal.append(&Entry::Started(again), time(3)).unwrap();
    let record = journal.find(&id("a")).unwrap().unwrap();
    assert_eq!((record.start, record.end), (again, None));
    assert_eq!((record.started_at, record.ended_at), (time(3), None));
    assert_eq!(journal.unresolved(&terminal("t")).unwrap(), [record]);
    refuses(&mut journal, &Entry::Started(again), conflict);

    journal.append(&ended("a", Outcome::NotSent { reason: NotSent::SendFailed }), time(4)).unwrap();
    journal.append(&started("a", "t"), time(5)).unwrap();
    journal.append(&ended("a", approved()), time(6)).unwrap();
    refuses(&mut journal, &started("a", "t"), conflict);
    let names: Vec<_> =
        journal.events(&id("a")).unwrap().iter().map(|event| (event.what.name(), event.at)).collect();
    let expected = ["never_sent", "never_sent", "started", "ended", "started", "ended"];
    assert_eq!(names, expected.into_iter().zip([1, 2, 3, 4, 5, 6].map(time)).collect::<Vec<_>>());
    assert_eq!(journal.list().unwrap().len(), 1);
}

/// An end that contradicts a recorded one is in `correcting`.
pub(super) fn an_end_needs_an_open_start(open: Open<'_>) {
    let mut journal = open();
    refuses(&mut journal, &ended("a", approved()), conflict);
    journal.append(&never_sent("never", "t"), time(1)).unwrap();
    refuses(&mut journal, &ended("never", NOT_SENT), conflict);
    journal.append(&started("a", "t"), time(1)).unwrap();
    refuses(&mut journal, &ended("b", approved()), conflict);
    journal.append(&ended("a", SILENCE), time(2)).unwrap();
    refuses(&mut journal, &ended("a", SILENCE), conflict);
    // It would make the id sendable.
    refuses(&mut journal, &ended("a", NOT_SENT), conflict);
    journal.append(&started("b", "u"), time(3)).unwrap();
    journal.append(&ended("b", approved()), time(4)).unwrap();
    refuses(&mut journal, &ended("b", SILENCE), conflict);
    refuses(&mut journal, &ended("b", approved()), conflict);
}

pub(super) fn a_terminal_has_one_doubt(open: Open<'_>) {
    let mut journal = open();
    journal.append(&started("a", "t"), time(1)).unwrap();
    refuses(&mut journal, &started("b", "t"), conflict);
    journal.append(&started("b", "T"), time(2)).unwrap();
    journal.append(&ended("a", SILENCE), time(3)).unwrap();
    refuses(&mut journal, &started("c", "t"), conflict);
    journal.append(&ended("b", approved()), time(4)).unwrap();
    journal.append(&started("c", "T"), time(5)).unwrap();
    assert_eq!(journal.unresolved(&terminal("t")).unwrap().len(), 1);
}

pub(super) fn never_sent_settles_nothing_else(open: Open<'_>) {
    let mut journal = open();
    journal.append(&started("a", "t"), time(1)).unwrap();
    journal.append(&never_sent("b", "t"), time(2)).unwrap();
    let doubt = journal.find(&id("a")).unwrap().unwrap();
    assert_eq!(journal.unresolved(&terminal("t")).unwrap(), [doubt]);
    refuses(&mut journal, &started("b", "t"), conflict);
    refuses(&mut journal, &started("c", "t"), conflict);
}

pub(super) fn what_contradicts_itself_is_refused(open: Open<'_>) {
    let mut journal = open();
    journal.append(&started("a", "t"), time(1)).unwrap();
    let francs = Amount::from_minor(2500, Currency::from_code("CHF").unwrap());
    let too_large = euros(u64::MAX);
    let not_sent_but_sent = |proof| {
        let mut end = end("a", NOT_SENT);
        end.verdict.proof = proof;
        Entry::Ended(end)
    };
    for proof in [Proof::PerhapsSent, Proof::Delivered, Proof::Answered] {
        refuses(&mut journal, &not_sent_but_sent(proof), refused);
    }
    for outcome in [
        Outcome::Approved { amount: francs },
        Outcome::Approved { amount: too_large },
        Outcome::PartiallyApproved { approved: francs, due: euros(1) },
        Outcome::PartiallyApproved { approved: euros(1), due: francs },
        Outcome::PartiallyApproved { approved: euros(1), due: too_large },
    ] {
        refuses(&mut journal, &ended("a", outcome), refused);
    }
    for last_four in [*b"067*", *b"O674", [0xff; 4]] {
        refuses(
            &mut journal,
            &Entry::Ended(End { last_four: Some(last_four), ..end("a", approved()) }),
            refused,
        );
    }
    refuses(&mut journal, &Entry::NeverSent(start("b", "u"), end("c", NOT_SENT)), refused);
    for outcome in every_outcome(euros(2500)) {
        if !matches!(outcome, Outcome::NotSent { .. }) {
            refuses(&mut journal, &Entry::NeverSent(start("b", "u"), end("b", outcome)), refused);
        }
    }
    let mut wide = start("b", "u");
    wide.content.amount = euros(u64::MAX / 2 + 1);
    refuses(&mut journal, &Entry::Started(wide), refused);
    wide.content.amount = euros(u64::MAX / 2);
    journal.append(&Entry::Started(wide), time(2)).unwrap();
    assert_eq!(journal.find(&id("b")).unwrap().unwrap().start, wide);
    journal.append(&ended("a", approved()), time(3)).unwrap();
}

pub(super) fn the_order_is_that_of_the_writes(open: Open<'_>) {
    let mut journal = open();
    // The clock steps back in between, and the ids are not in alphabetic order.
    journal.append(&never_sent("c", "t"), time(9)).unwrap();
    journal.append(&started("b", "t"), time(5)).unwrap();
    journal.append(&started("a", "u"), time(7)).unwrap();
    journal.append(&ended("b", approved()), time(1)).unwrap();
    let order = |journal: &dyn Journal| {
        let all = journal.list().unwrap();
        all.iter().map(|record| record.start.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(order(&*journal), ["c", "b", "a"]);
    // A further attempt is a new one.
    journal.append(&started("c", "t"), time(2)).unwrap();
    assert_eq!(order(&*journal), ["b", "a", "c"]);
    assert_eq!(order(&*open()), ["b", "a", "c"]);
}

pub(super) fn the_way_back_is_the_list_from_its_end(open: Open<'_>) {
    let mut journal = open();
    journal.append(&never_sent("c", "t"), time(1)).unwrap();
    for (id, on) in [("b", "t"), ("z", "u"), ("a", "t")] {
        journal.append(&started(id, on), time(2)).unwrap();
        journal.append(&ended(id, approved()), time(3)).unwrap();
    }
    // A further attempt counts where it stands, and once.
    journal.append(&started("c", "t"), time(4)).unwrap();
    let back = |journal: &dyn Journal, on: &str, most: usize| {
        let mut seen = vec![];
        let mut see = |record: &Record| {
            seen.push(record.clone());
            if seen.len() == most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        journal.walk_back(&TerminalKey::from(terminal(on)), &mut see).unwrap();
        seen
    };
    for journal in [journal, open()] {
        let mut newest_first = journal.list().unwrap();
        newest_first.retain(|record| record.start.content.terminal.as_str() == "t");
        newest_first.reverse();
        let ids: Vec<_> = newest_first.iter().map(|record| record.start.id.to_string()).collect();
        assert_eq!(ids, ["c", "a", "b"]);
        assert_eq!(back(&*journal, "t", usize::MAX), newest_first);
        assert_eq!(back(&*journal, "t", 2), newest_first[..2]);
        assert_eq!(back(&*journal, "u", 1).len(), 1);
        assert_eq!(back(&*journal, "v", 1), []);
    }
}

pub(super) fn of_writers_at_the_same_time_one_wins(open: Open<'_>) {
    const WRITERS: usize = 8;
    let race = |entry: &(dyn Fn(usize) -> Entry + Sync)| {
        thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS)
                .map(|number| scope.spawn(move || open().append(&entry(number), time(1))))
                .collect();
            let results = writers.into_iter().map(|writer| writer.join().unwrap());
            results
                .filter(|result| match result {
                    Ok(()) => true,
                    Err(error) => {
                        assert!(conflict(error), "{error:?}");
                        false
                    }
                })
                .count()
        })
    };
    assert_eq!(race(&|number| started("same", &format!("t-{number}"))), 1, "one id");
    assert_eq!(race(&|number| started(&format!("tx-{number}"), "same")), 1, "one terminal");
    assert_eq!(race(&|number| started(&format!("a-{number}"), &format!("u-{number}"))), WRITERS);
    assert_eq!(race(&|_| ended("a-0", approved())), 1, "one end");
    assert_eq!(open().list().unwrap().len(), WRITERS + 2);
}
