//! Rules of `append` for disputes.

use caisse_payment::{Amount, Currency, NotSent, Outcome, Refusal};

use super::samples::*;
use super::{Open, conflict, refused, refuses};
use crate::{Decision, Dispute, Event, JournalError, Paid, RecordedEvent, State};

fn disputed(paid: Paid) -> Event {
    Event::Disputed(Dispute::new(paid, "résultat tardif du terminal").unwrap())
}

fn paid_after_all() -> Event {
    disputed(Paid::Paid(euros(2500)))
}

pub(super) fn later_proof_is_kept_and_changes_no_end(open: Open<'_>) {
    let declined = Outcome::Declined { refusal: Refusal::Refused };
    for (key, end, decide) in [
        ("ended", Some(declined), false),
        ("decided", Some(SILENCE), true),
        ("interrupted", None, true),
        ("approved", Some(approved()), false),
    ] {
        let mut journal = open();
        journal.append(&id(key), &started(key, key), time(1)).unwrap();
        if let Some(outcome) = end {
            journal.append(&id(key), &ended(outcome), time(2)).unwrap();
        }
        if decide {
            let lock = journal.lock(&terminal(key)).unwrap();
            let decision = Decision::new(Paid::NotPaid, "Zoé", "no ticket").unwrap();
            journal.resolve(&lock, &id(key), &decision, time(3)).unwrap();
        }
        let before = journal.find(&id(key)).unwrap().unwrap();
        assert_eq!(before.state(), State::Final);
        let mut history = journal.events(&id(key)).unwrap();
        for again in 1..=2 {
            journal.append(&id(key), &paid_after_all(), time(4)).unwrap();
            drop(journal);

            journal = open();
            let record = journal.find(&id(key)).unwrap().unwrap();
            assert_eq!(record.state(), State::Disputed, "{key}, {again}");
            // Never silently changed: all but the state is as it was.
            assert_eq!(record.verdict(), before.verdict());
            assert_eq!((record.conclusion(), record.decision()), (before.conclusion(), before.decision()));
            history.push(RecordedEvent { at: time(4), event: paid_after_all() });
            assert_eq!(journal.events(&id(key)).unwrap(), history);
            // It blocks no payment.
            assert_eq!(journal.unresolved(&terminal(key)).unwrap(), []);
        }
        let next = format!("{key}-next");
        journal.append(&id(&next), &started(&next, key), time(5)).unwrap();
    }
}

pub(super) fn only_a_known_end_can_be_disputed(open: Open<'_>) {
    let mut journal = open();
    refuses(&mut journal, &id("nobody"), &paid_after_all(), conflict);
    journal.append(&id("open"), &started("open", "t"), time(1)).unwrap();
    refuses(&mut journal, &id("open"), &paid_after_all(), conflict);
    journal.append(&id("open"), &ended(SILENCE), time(2)).unwrap();
    refuses(&mut journal, &id("open"), &paid_after_all(), conflict);
    journal.append(&id("known"), &started("known", "u"), time(1)).unwrap();
    journal.append(&id("known"), &ended(approved()), time(2)).unwrap();
    let francs = Amount::from_minor(2500, Currency::from_code("CHF").unwrap());
    for amount in [francs, euros(u64::MAX)] {
        refuses(&mut journal, &id("known"), &disputed(Paid::Paid(amount)), refused);
    }
}

pub(super) fn a_person_settles_a_dispute(open: Open<'_>) {
    let declined = Outcome::Declined { refusal: Refusal::Refused };
    let not_sent = Outcome::NotSent { reason: NotSent::Unreachable };
    let decisions = [Paid::Paid(euros(2500)), Paid::NotPaid];
    let ends = [
        ("declined", Some(declined)),
        ("approved", Some(approved())),
        ("decided", None),
        ("not-sent", Some(not_sent)),
    ];
    for (kind, end) in ends {
        for (number, paid) in decisions.into_iter().enumerate() {
            let key = format!("{kind}-{number}");
            let mut journal = open();
            journal.append(&id(&key), &started(&key, &key), time(1)).unwrap();
            let lock = journal.lock(&terminal(&key)).unwrap();
            let person = Decision::new(paid, "Zo\u{e9}", "seen on the statement").unwrap();
            match end {
                Some(outcome) => journal.append(&id(&key), &ended(outcome), time(2)).unwrap(),
                None => {
                    let early = Decision::new(Paid::NotPaid, "Zo\u{e9}", "no ticket").unwrap();
                    journal.resolve(&lock, &id(&key), &early, time(2)).unwrap();
                }
            }
            journal.append(&id(&key), &paid_after_all(), time(3)).unwrap();
            let before = journal.find(&id(&key)).unwrap().unwrap();
            let mut history = journal.events(&id(&key)).unwrap();

            // More evidence does not settle what evidence made doubtful, nor does anybody without the terminal's lock.
            let evidence = Decision::proven(paid, "Zo\u{e9}", "seen on the statement").unwrap();
            for (on, decision) in [(&key[..], &evidence), ("elsewhere", &person)] {
                let other = (on != key).then(|| journal.lock(&terminal(on)).unwrap());
                let lock = other.as_ref().unwrap_or(&lock);
                let error = journal.resolve(lock, &id(&key), decision, time(4)).expect_err("not settled so");
                assert!(matches!(error, JournalError::NotUnresolved | JournalError::WrongLock), "{error:?}");
            }
            assert_eq!(journal.events(&id(&key)).unwrap(), history);
            // While it lasts, nothing is tried again.
            refuses(&mut journal, &id(&key), &started(&key, &key), conflict);
            refuses(&mut journal, &id(&key), &never_sent(&key, &key), conflict);

            journal.resolve(&lock, &id(&key), &person, time(5)).unwrap();
            drop((lock, journal));
            let mut journal = open();
            let record = journal.find(&id(&key)).unwrap().unwrap();
            assert_eq!(record.state(), State::Final, "{key}");
            assert_eq!(
                record.verdict().outcome.approved_amount(),
                (paid != Paid::NotPaid).then_some(euros(2500))
            );
            assert_eq!(record.decision(), Some(&person));
            // What it was before stays readable.
            assert_eq!(
                (record.transaction(), record.conclusion()),
                (before.transaction(), before.conclusion())
            );
            assert_eq!((record.started_at(), record.ended_at()), (before.started_at(), before.ended_at()));
            history.push(RecordedEvent { at: time(5), event: Event::Resolved(person) });
            assert_eq!(journal.events(&id(&key)).unwrap(), history);
            refuses(&mut journal, &id(&key), &started(&key, &key), conflict);

            // And later proof disputes it again.
            journal.append(&id(&key), &paid_after_all(), time(6)).unwrap();
            assert_eq!(journal.find(&id(&key)).unwrap().unwrap().state(), State::Disputed);
        }
    }
}
