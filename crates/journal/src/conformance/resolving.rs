//! Rules of `resolve`.

use caisse_payment::{Amount, Currency, Outcome, Proof, Refusal};

use super::samples::*;
use super::{Open, conflict, known, refused, refuses};
use crate::{Confirmation, Decision, Event, Journal, JournalError, Paid, RecordedEvent, State};

fn decision(paid: Paid) -> Decision {
    let decision = Decision::new(paid, "Zoé", "vu sur le ticket du terminal; n° 12").unwrap();
    match paid {
        // More than was asked for needs the word.
        Paid::Paid(amount) if amount.minor() > 2500 => decision.confirming([Confirmation::MoreThanAsked]),
        _ => decision,
    }
}

/// A decision that must fail, and leave everything as it was.
#[track_caller]
fn undecided(
    journal: &mut Box<dyn Journal>,
    on: &str,
    key: &str,
    decision: &Decision,
    expected: fn(&JournalError) -> bool,
) {
    let before = known(&**journal, &id(key));
    let lock = journal.lock(&terminal(on)).unwrap();
    let error = journal.resolve(&lock, &id(key), decision, time(9)).expect_err("this must not be decided");
    assert!(expected(&error), "another error than it should be: {error:?}");
    assert_eq!(known(&**journal, &id(key)), before, "a refused decision left a trace");
}

fn not_unresolved(error: &JournalError) -> bool {
    matches!(error, JournalError::NotUnresolved)
}

pub(super) fn a_decision_settles_a_doubt(open: Open<'_>) {
    let due = |approved, due| Outcome::PartiallyApproved { approved: euros(approved), due: euros(due) };
    let declined = Outcome::Declined { refusal: Refusal::DecidedNotPaid };
    for (number, (paid, outcome)) in [
        (Paid::NotPaid, declined),
        (Paid::Paid(euros(2500)), approved()),
        (Paid::Paid(euros(2499)), due(2499, 1)),
        (Paid::Paid(euros(2501)), Outcome::Approved { amount: euros(2501) }),
    ]
    .into_iter()
    .enumerate()
    {
        for (kind, end) in [("open", None), ("ended", Some(SILENCE))] {
            let key = format!("{kind}-{number}");
            let mut journal = open();
            journal.append(&id(&key), &started(&key, "t"), time(1)).unwrap();
            if let Some(outcome) = end {
                journal.append(&id(&key), &ended(outcome), time(2)).unwrap();
            }
            let before = journal.find(&id(&key)).unwrap().unwrap();
            let history = journal.events(&id(&key)).unwrap();
            let lock = journal.lock(&terminal("t")).unwrap();
            journal.resolve(&lock, &id(&key), &decision(paid), time(3)).unwrap();
            drop((lock, journal));

            let mut journal = open();
            let record = journal.find(&id(&key)).unwrap().unwrap();
            assert_eq!(record.state(), State::Final);
            assert_eq!(record.verdict().outcome, outcome);
            let proof = if end.is_some() { Proof::Answered } else { Proof::PerhapsSent };
            assert_eq!(record.verdict().proof, proof);
            assert_eq!(record.decision(), Some(&decision(paid)));
            // What was recorded before stays as it was.
            assert_eq!(
                (record.transaction(), record.conclusion()),
                (before.transaction(), before.conclusion())
            );
            assert_eq!((record.started_at(), record.ended_at()), (before.started_at(), before.ended_at()));
            let mut expected = history;
            expected.push(RecordedEvent { at: time(3), event: Event::Resolved(decision(paid)) });
            assert_eq!(journal.events(&id(&key)).unwrap(), expected);
            assert_eq!(journal.unresolved(&terminal("t")).unwrap(), []);
            // Decided is never sent again, and what is recorded already is no further decision.
            refuses(&mut journal, &id(&key), &started(&key, "t"), conflict);
            refuses(&mut journal, &id(&key), &never_sent(&key, "t"), conflict);
            undecided(&mut journal, "t", &key, &decision(paid), not_unresolved);
            let evidence = Decision::proven(Paid::Paid(euros(1)), "duplicata", "CB and CE").unwrap();
            undecided(&mut journal, "t", &key, &evidence, not_unresolved);
        }
    }
}

pub(super) fn a_decision_is_for_open_doubts_alone(open: Open<'_>) {
    let mut journal = open();
    undecided(&mut journal, "t", "nobody", &decision(Paid::NotPaid), not_unresolved);
    for (number, outcome) in every_outcome(euros(2500)).into_iter().enumerate() {
        if !outcome.is_unknown() {
            let key = format!("tx-{number}");
            journal.append(&id(&key), &started(&key, "t"), time(1)).unwrap();
            journal.append(&id(&key), &ended(outcome), time(2)).unwrap();
            // A person who says what is known decides nothing; one who says otherwise is in `correcting`.
            let known = outcome.approved_amount().map_or(Paid::NotPaid, Paid::Paid);
            undecided(&mut journal, "t", &key, &decision(known), not_unresolved);
            let evidence = Decision::proven(Paid::Paid(euros(1)), "duplicata", "CB and CE").unwrap();
            undecided(&mut journal, "t", &key, &evidence, not_unresolved);
        }
    }
    journal.append(&id("never"), &never_sent("never", "t"), time(3)).unwrap();
    undecided(&mut journal, "t", "never", &decision(Paid::NotPaid), not_unresolved);
}

pub(super) fn a_decision_needs_the_lock_of_its_terminal(open: Open<'_>) {
    let mut journal = open();
    journal.append(&id("a"), &started("a", "t"), time(1)).unwrap();
    let wrong = |error: &JournalError| matches!(error, JournalError::WrongLock);
    undecided(&mut journal, "other", "a", &decision(Paid::NotPaid), wrong);
    undecided(&mut journal, "T", "a", &decision(Paid::NotPaid), wrong);
}

pub(super) fn a_decision_is_in_the_currency_of_its_transaction(open: Open<'_>) {
    let mut journal = open();
    journal.append(&id("a"), &Event::Started(debit("a", "t")), time(1)).unwrap();
    let francs = Amount::from_minor(2500, Currency::from_code("CHF").unwrap());
    for amount in [francs, euros(u64::MAX)] {
        undecided(&mut journal, "t", "a", &decision(Paid::Paid(amount)), refused);
    }
    // A slip of the keyboard: nobody confirmed that the customer paid more than was asked for.
    let slip = Decision::new(Paid::Paid(euros(250_000)), "Zoé", "vu").unwrap();
    undecided(&mut journal, "t", "a", &slip, refused);
}

pub(super) fn what_evidence_proves_is_told_from_a_person_s_word(open: Open<'_>) {
    for (key, paid) in [("paid", Paid::Paid(euros(2500))), ("not-paid", Paid::NotPaid)] {
        let mut journal = open();
        journal.append(&id(key), &started(key, key), time(1)).unwrap();
        let proven = Decision::proven(paid, "duplicata", "CB, CE and AC").unwrap();
        let lock = journal.lock(&terminal(key)).unwrap();
        journal.resolve(&lock, &id(key), &proven, time(3)).unwrap();
        drop((lock, journal));
        let journal = open();
        let record = journal.find(&id(key)).unwrap().unwrap();
        assert_eq!(record.decision(), Some(&proven));
        assert_ne!(record.decision(), Some(&Decision::new(paid, "duplicata", "CB, CE and AC").unwrap()));
        let last = journal.events(&id(key)).unwrap().pop().unwrap();
        assert_eq!((last.event.name(), last.event), ("recovered", Event::Resolved(proven)));
    }
}
