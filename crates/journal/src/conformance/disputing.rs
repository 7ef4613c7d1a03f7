//! Rules of `dispute`.

use caisse_payment::{Amount, Currency, NotSent, Outcome, Refusal};

use super::samples::*;
use super::{Open, conflict, known, refused, refuses};
use crate::{Decision, Dispute, Event, Journal, JournalError, Paid, Source, State, What};

fn paid_after_all() -> Dispute {
    Dispute::new(Paid::Paid(euros(2500)), "résultat tardif du terminal").unwrap()
}

/// A dispute that must fail, and leave everything as it was.
#[track_caller]
fn not_taken(
    journal: &mut Box<dyn Journal>,
    key: &str,
    dispute: &Dispute,
    expected: fn(&JournalError) -> bool,
) {
    let before = known(&**journal, &id(key));
    let error = journal.dispute(&id(key), dispute, time(9)).expect_err("this must not be taken");
    assert!(expected(&error), "another error than it should be: {error:?}");
    assert_eq!(known(&**journal, &id(key)), before, "a refused dispute left a trace");
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
        journal.append(&started(key, key), time(1)).unwrap();
        if let Some(outcome) = end {
            journal.append(&ended(key, outcome), time(2)).unwrap();
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
            journal.dispute(&id(key), &paid_after_all(), time(4)).unwrap();
            drop(journal);

            journal = open();
            let record = journal.find(&id(key)).unwrap().unwrap();
            assert_eq!(record.state(), State::Disputed, "{key}, {again}");
            // Never silently changed: all but the state is as it was.
            assert_eq!(record.verdict(), before.verdict());
            assert_eq!((record.end, record.decision.clone()), (before.end, before.decision.clone()));
            history.push(Event { at: time(4), what: What::Disputed(paid_after_all()) });
            assert_eq!(journal.events(&id(key)).unwrap(), history);
            // It blocks no payment.
            assert_eq!(journal.unresolved(&terminal(key)).unwrap(), []);
        }
        journal.append(&started(&format!("{key}-next"), key), time(5)).unwrap();
    }
}

pub(super) fn only_a_known_end_can_be_disputed(open: Open<'_>) {
    let mut journal = open();
    not_taken(&mut journal, "nobody", &paid_after_all(), conflict);
    journal.append(&started("open", "t"), time(1)).unwrap();
    not_taken(&mut journal, "open", &paid_after_all(), conflict);
    journal.append(&ended("open", SILENCE), time(2)).unwrap();
    not_taken(&mut journal, "open", &paid_after_all(), conflict);
    journal.append(&started("known", "u"), time(1)).unwrap();
    journal.append(&ended("known", approved()), time(2)).unwrap();
    let francs = Amount::from_minor(2500, Currency::from_code("CHF").unwrap());
    for bad in [
        Dispute { paid: Paid::Paid(francs), ..paid_after_all() },
        Dispute { paid: Paid::Paid(euros(0)), ..paid_after_all() },
        Dispute { because: String::new(), ..paid_after_all() },
        Dispute { because: "4970101234123457".to_owned(), ..paid_after_all() },
    ] {
        not_taken(&mut journal, "known", &bad, refused);
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
            journal.append(&started(&key, &key), time(1)).unwrap();
            let lock = journal.lock(&terminal(&key)).unwrap();
            let person = Decision::new(paid, "Zo\u{e9}", "seen on the statement").unwrap();
            match end {
                Some(outcome) => journal.append(&ended(&key, outcome), time(2)).unwrap(),
                None => {
                    let early = Decision::new(Paid::NotPaid, "Zo\u{e9}", "no ticket").unwrap();
                    journal.resolve(&lock, &id(&key), &early, time(2)).unwrap();
                }
            }
            journal.dispute(&id(&key), &paid_after_all(), time(3)).unwrap();
            let before = journal.find(&id(&key)).unwrap().unwrap();
            let mut history = journal.events(&id(&key)).unwrap();

            // More evidence does not settle what evidence made doubtful, nor does anybody without the terminal's lock.
            let evidence = Decision { source: Source::Evidence, ..person.clone() };
            for (on, decision) in [(&key[..], &evidence), ("elsewhere", &person)] {
                let other = (on != key).then(|| journal.lock(&terminal(on)).unwrap());
                let lock = other.as_ref().unwrap_or(&lock);
                let error = journal.resolve(lock, &id(&key), decision, time(4)).expect_err("not settled so");
                assert!(matches!(error, JournalError::NotUnresolved | JournalError::WrongLock), "{error:?}");
            }
            assert_eq!(journal.events(&id(&key)).unwrap(), history);
            // While it lasts, nothing is tried again.
            refuses(&mut journal, &started(&key, &key), conflict);
            refuses(&mut journal, &never_sent(&key, &key), conflict);

            journal.resolve(&lock, &id(&key), &person, time(5)).unwrap();
            drop((lock, journal));
            let mut journal = open();
            let record = journal.find(&id(&key)).unwrap().unwrap();
            assert_eq!(record.state(), State::Final, "{key}");
            assert_eq!(
                record.verdict().outcome.approved_amount(),
                (paid != Paid::NotPaid).then_some(euros(2500))
            );
            assert_eq!(record.decision, Some(person.clone()));
            // What it was before stays readable.
            assert_eq!((record.start, record.end), (before.start, before.end));
            assert_eq!((record.started_at, record.ended_at), (before.started_at, before.ended_at));
            history.push(Event { at: time(5), what: What::Resolved(person) });
            assert_eq!(journal.events(&id(&key)).unwrap(), history);
            refuses(&mut journal, &started(&key, &key), conflict);

            // And later proof disputes it again.
            journal.dispute(&id(&key), &paid_after_all(), time(6)).unwrap();
            assert_eq!(journal.find(&id(&key)).unwrap().unwrap().state(), State::Disputed);
        }
    }
}
