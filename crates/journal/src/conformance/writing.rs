//! Rules of `append` and of what is read back.

use std::ops::ControlFlow;
use std::thread;

use caisse_payment::{
    Amount, Conclusion, Currency, Doubt, NotSent, Outcome, Proof, RawStatus, Transaction, Verdict,
};

use super::samples::*;
use super::{Open, conflict, refused, refuses};
use crate::{Decision, Event, Journal, Paid, Record, RecordedEvent, State, TerminalKey};

pub(super) fn a_new_store_is_empty(open: Open<'_>) {
    let journal = open();
    assert_eq!(journal.list().unwrap(), []);
    assert_eq!(journal.find(&id("a")).unwrap(), None);
    assert_eq!(journal.events(&id("a")).unwrap(), []);
    assert_eq!(journal.unresolved(&terminal("t")).unwrap(), []);
}

pub(super) fn a_start_is_unresolved_until_its_end(open: Open<'_>) {
    let (mut journal, witness) = (open(), open());
    journal.append(&id("a"), &started("a", "t"), time(1)).unwrap();
    let open_start = Record::new(debit("a", "t"), time(1)).unwrap();
    for reader in [&journal, &witness, &open()] {
        assert_eq!(reader.find(&id("a")).unwrap().as_ref(), Some(&open_start));
        assert_eq!(reader.unresolved(&terminal("t")).unwrap(), std::slice::from_ref(&open_start));
        assert_eq!(reader.unresolved(&terminal("other")).unwrap(), []);
        assert_eq!(reader.find(&id("A")).unwrap(), None, "ids differ by case too");
    }
    assert_eq!(open_start.state(), State::Unresolved);
    let interrupted = Outcome::Unknown { doubt: Doubt::Interrupted };
    assert_eq!(open_start.verdict(), Verdict { outcome: interrupted, proof: Proof::PerhapsSent });

    journal.append(&id("a"), &ended(approved()), time(2)).unwrap();
    drop((journal, witness));
    let journal = open();
    let record = journal.find(&id("a")).unwrap().unwrap();
    let end = conclusion(approved());
    assert_eq!(record, open_start.with_conclusion(end, time(2)).unwrap());
    assert_eq!(record.state(), State::Final);
    assert_eq!(record.verdict(), end.verdict);
    assert_eq!(journal.unresolved(&terminal("t")).unwrap(), []);
    let history = [
        RecordedEvent { at: time(1), event: Event::Started(debit("a", "t")) },
        RecordedEvent { at: time(2), event: Event::Ended(end) },
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
        let mut full = debit(&key, &on);
        full.allow_partial = number % 2 == 0;
        full.allow_tip = (number % 4 == 1).then(|| euros(500));
        full.original = (number % 3 == 0).then(|| id("earlier"));
        full.reference = (number % 5 == 0).then(|| "order 7".parse().unwrap());
        let end = Conclusion {
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
        journal.append(&full.id, &Event::Started(full), time(7)).unwrap();
        journal.append(&full.id, &Event::Ended(end), time(8)).unwrap();
        written.push(Record::new(full, time(7)).unwrap().with_conclusion(end, time(8)).unwrap());
    }
    drop(journal);
    let journal = open();
    assert_eq!(journal.list().unwrap(), written);
    for record in &written {
        let unknown = record.verdict().outcome.is_unknown();
        assert_eq!(record.state(), if unknown { State::Unresolved } else { State::Final });
        let open = journal.unresolved(&record.transaction().terminal).unwrap();
        assert_eq!(open, if unknown { vec![record.clone()] } else { vec![] });
    }
}

pub(super) fn an_id_is_used_once(open: Open<'_>) {
    let mut journal = open();
    journal.append(&id("open"), &started("open", "t-open"), time(1)).unwrap();
    let mut taken = vec![("open".to_owned(), "t-open".to_owned())];
    for (number, outcome) in every_outcome(euros(2500)).into_iter().enumerate() {
        if matches!(outcome, Outcome::NotSent { .. }) {
            continue;
        }
        let (key, on) = (format!("tx-{number}"), format!("t-{number}"));
        journal.append(&id(&key), &started(&key, &on), time(1)).unwrap();
        journal.append(&id(&key), &ended(outcome), time(2)).unwrap();
        taken.push((key, on));
    }
    for (key, on) in taken {
        refuses(&mut journal, &id(&key), &started(&key, &on), conflict);
        refuses(&mut journal, &id(&key), &never_sent(&key, &on), conflict);
        refuses(&mut journal, &id(&key), &started(&key, "another"), conflict);
        refuses(&mut journal, &id(&key), &never_sent(&key, "another"), conflict);
    }
}

pub(super) fn a_proven_not_sent_may_be_tried_again_with_the_same_content(open: Open<'_>) {
    let mut journal = open();
    journal.append(&id("a"), &never_sent("a", "t"), time(1)).unwrap();
    let record = journal.find(&id("a")).unwrap().unwrap();
    assert_eq!((record.state(), record.conclusion()), (State::Final, Some(&conclusion(NOT_SENT))));
    assert_eq!((record.started_at(), record.ended_at()), (time(1), Some(time(1))));
    for other in other_contents(&debit("a", "t")) {
        refuses(&mut journal, &other.id, &Event::Started(other), conflict);
        refuses(&mut journal, &other.id, &Event::NeverSent(other, conclusion(NOT_SENT)), conflict);
    }

    // Another way to speak to the terminal is no other content.
    let again = Transaction { dialect: "ingenico".parse().unwrap(), ..debit("a", "t") };
    journal.append(&again.id, &Event::NeverSent(again, conclusion(NOT_SENT)), time(2)).unwrap();
    journal.append(&again.id, &Event::Started(again), time(3)).unwrap();
    let record = journal.find(&id("a")).unwrap().unwrap();
    assert_eq!((record.transaction(), record.conclusion()), (&again, None));
    assert_eq!((record.started_at(), record.ended_at()), (time(3), None));
    assert_eq!(journal.unresolved(&terminal("t")).unwrap(), [record]);
    refuses(&mut journal, &again.id, &Event::Started(again), conflict);

    journal.append(&id("a"), &ended(Outcome::NotSent { reason: NotSent::SendFailed }), time(4)).unwrap();
    journal.append(&id("a"), &started("a", "t"), time(5)).unwrap();
    journal.append(&id("a"), &ended(approved()), time(6)).unwrap();
    refuses(&mut journal, &id("a"), &started("a", "t"), conflict);
    let names: Vec<_> =
        journal.events(&id("a")).unwrap().iter().map(|event| (event.event.name(), event.at)).collect();
    let expected = ["never_sent", "never_sent", "started", "ended", "started", "ended"];
    assert_eq!(names, expected.into_iter().zip([1, 2, 3, 4, 5, 6].map(time)).collect::<Vec<_>>());
    assert_eq!(journal.list().unwrap().len(), 1);
}

/// An end that contradicts a recorded one is in `correcting`.
pub(super) fn an_end_needs_an_open_start(open: Open<'_>) {
    let mut journal = open();
    refuses(&mut journal, &id("a"), &ended(approved()), conflict);
    journal.append(&id("never"), &never_sent("never", "t"), time(1)).unwrap();
    refuses(&mut journal, &id("never"), &ended(NOT_SENT), conflict);
    journal.append(&id("a"), &started("a", "t"), time(1)).unwrap();
    refuses(&mut journal, &id("b"), &ended(approved()), conflict);
    journal.append(&id("a"), &ended(SILENCE), time(2)).unwrap();
    refuses(&mut journal, &id("a"), &ended(SILENCE), conflict);
    // It would make the id sendable.
    refuses(&mut journal, &id("a"), &ended(NOT_SENT), conflict);
    journal.append(&id("b"), &started("b", "u"), time(3)).unwrap();
    journal.append(&id("b"), &ended(approved()), time(4)).unwrap();
    refuses(&mut journal, &id("b"), &ended(SILENCE), conflict);
    refuses(&mut journal, &id("b"), &ended(approved()), conflict);
}

pub(super) fn a_terminal_has_one_doubt(open: Open<'_>) {
    let mut journal = open();
    journal.append(&id("a"), &started("a", "t"), time(1)).unwrap();
    refuses(&mut journal, &id("b"), &started("b", "t"), conflict);
    journal.append(&id("b"), &started("b", "T"), time(2)).unwrap();
    journal.append(&id("a"), &ended(SILENCE), time(3)).unwrap();
    refuses(&mut journal, &id("c"), &started("c", "t"), conflict);
    journal.append(&id("b"), &ended(approved()), time(4)).unwrap();
    journal.append(&id("c"), &started("c", "T"), time(5)).unwrap();
    assert_eq!(journal.unresolved(&terminal("t")).unwrap().len(), 1);
}

pub(super) fn never_sent_settles_nothing_else(open: Open<'_>) {
    let mut journal = open();
    journal.append(&id("a"), &started("a", "t"), time(1)).unwrap();
    journal.append(&id("b"), &never_sent("b", "t"), time(2)).unwrap();
    let doubt = journal.find(&id("a")).unwrap().unwrap();
    assert_eq!(journal.unresolved(&terminal("t")).unwrap(), [doubt]);
    refuses(&mut journal, &id("b"), &started("b", "t"), conflict);
    refuses(&mut journal, &id("c"), &started("c", "t"), conflict);
}

pub(super) fn what_contradicts_itself_is_refused(open: Open<'_>) {
    let mut journal = open();
    journal.append(&id("a"), &started("a", "t"), time(1)).unwrap();
    let francs = Amount::from_minor(2500, Currency::from_code("CHF").unwrap());
    let too_large = euros(u64::MAX);
    let not_sent_but_sent = |proof| {
        let mut end = conclusion(NOT_SENT);
        end.verdict.proof = proof;
        Event::Ended(end)
    };
    for proof in [Proof::PerhapsSent, Proof::Delivered, Proof::Answered] {
        refuses(&mut journal, &id("a"), &not_sent_but_sent(proof), refused);
    }
    for outcome in [
        Outcome::Approved { amount: francs },
        Outcome::Approved { amount: too_large },
        Outcome::PartiallyApproved { approved: francs, due: euros(1) },
        Outcome::PartiallyApproved { approved: euros(1), due: francs },
        Outcome::PartiallyApproved { approved: euros(1), due: too_large },
    ] {
        refuses(&mut journal, &id("a"), &ended(outcome), refused);
    }
    for last_four in [*b"067*", *b"O674", [0xff; 4]] {
        refuses(
            &mut journal,
            &id("a"),
            &Event::Ended(Conclusion { last_four: Some(last_four), ..conclusion(approved()) }),
            refused,
        );
    }
    // An attempt under the id of another transaction, and a decision without the lock of its terminal.
    refuses(&mut journal, &id("c"), &started("b", "u"), refused);
    refuses(&mut journal, &id("c"), &never_sent("b", "u"), refused);
    let decision = Decision::new(Paid::NotPaid, "Zo\u{e9}", "no ticket").unwrap();
    refuses(&mut journal, &id("a"), &Event::Resolved(decision), refused);
    for outcome in every_outcome(euros(2500)) {
        if !matches!(outcome, Outcome::NotSent { .. }) {
            refuses(&mut journal, &id("b"), &Event::NeverSent(debit("b", "u"), conclusion(outcome)), refused);
        }
    }
    let mut wide = debit("b", "u");
    wide.amount = euros(u64::MAX / 2 + 1);
    refuses(&mut journal, &wide.id, &Event::Started(wide), refused);
    wide.amount = euros(u64::MAX / 2);
    journal.append(&wide.id, &Event::Started(wide), time(2)).unwrap();
    assert_eq!(*journal.find(&id("b")).unwrap().unwrap().transaction(), wide);
    journal.append(&id("a"), &ended(approved()), time(3)).unwrap();
}

pub(super) fn the_order_is_that_of_the_writes(open: Open<'_>) {
    let mut journal = open();
    // The clock steps back in between, and the ids are not in alphabetic order.
    journal.append(&id("c"), &never_sent("c", "t"), time(9)).unwrap();
    journal.append(&id("b"), &started("b", "t"), time(5)).unwrap();
    journal.append(&id("a"), &started("a", "u"), time(7)).unwrap();
    journal.append(&id("b"), &ended(approved()), time(1)).unwrap();
    let order = |journal: &dyn Journal| {
        let all = journal.list().unwrap();
        all.iter().map(|record| record.id().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(order(&*journal), ["c", "b", "a"]);
    // A further attempt is a new one.
    journal.append(&id("c"), &started("c", "t"), time(2)).unwrap();
    assert_eq!(order(&*journal), ["b", "a", "c"]);
    assert_eq!(order(&*open()), ["b", "a", "c"]);
}

pub(super) fn the_way_back_is_the_list_from_its_end(open: Open<'_>) {
    let mut journal = open();
    journal.append(&id("c"), &never_sent("c", "t"), time(1)).unwrap();
    for (key, on) in [("b", "t"), ("z", "u"), ("a", "t")] {
        journal.append(&id(key), &started(key, on), time(2)).unwrap();
        journal.append(&id(key), &ended(approved()), time(3)).unwrap();
    }
    // A further attempt counts where it stands, and once.
    journal.append(&id("c"), &started("c", "t"), time(4)).unwrap();
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
        newest_first.retain(|record| record.transaction().terminal.as_str() == "t");
        newest_first.reverse();
        let ids: Vec<_> = newest_first.iter().map(|record| record.id().to_string()).collect();
        assert_eq!(ids, ["c", "a", "b"]);
        assert_eq!(back(&*journal, "t", usize::MAX), newest_first);
        assert_eq!(back(&*journal, "t", 2), newest_first[..2]);
        assert_eq!(back(&*journal, "u", 1).len(), 1);
        assert_eq!(back(&*journal, "v", 1), []);
    }
}

pub(super) fn of_writers_at_the_same_time_one_wins(open: Open<'_>) {
    const WRITERS: usize = 8;
    let race = |write: &(dyn Fn(usize) -> (String, Event) + Sync)| {
        thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS)
                .map(|number| {
                    let (key, event) = write(number);
                    scope.spawn(move || open().append(&id(&key), &event, time(1)))
                })
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
    let start = |key: String, on: &str| (key.clone(), started(&key, on));
    assert_eq!(race(&|number| start("same".to_owned(), &format!("t-{number}"))), 1, "one id");
    assert_eq!(race(&|number| start(format!("tx-{number}"), "same")), 1, "one terminal");
    assert_eq!(race(&|number| start(format!("a-{number}"), &format!("u-{number}"))), WRITERS);
    assert_eq!(race(&|_| ("a-0".to_owned(), ended(approved()))), 1, "one end");
    assert_eq!(open().list().unwrap().len(), WRITERS + 2);
}
