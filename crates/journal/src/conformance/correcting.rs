//! Rules of ends that meet decisions or other ends, and of decisions that correct decisions.

use caisse_payment::{Doubt, Operation, Outcome, Refusal};

use super::samples::*;
use super::{Open, conflict, refuses};
use crate::{Confirmation, Decision, Dispute, Event, Journal, JournalError, Paid, RecordedEvent, State};

const DECLINED: Outcome = Outcome::Declined { refusal: Refusal::Refused };

fn person(paid: Paid) -> Decision {
    Decision::new(paid, "Zo\u{e9}", "seen on the terminal").unwrap()
}

/// Decides under the terminal's lock.
fn decide(
    journal: &mut Box<dyn Journal>,
    key: &str,
    decision: &Decision,
    at: u64,
) -> Result<(), JournalError> {
    let lock = journal.lock(&terminal("t")).unwrap();
    journal.resolve(&lock, &id(key), decision, time(at))
}

fn names(journal: &dyn Journal, key: &str) -> Vec<&'static str> {
    journal.events(&id(key)).unwrap().iter().map(|event| event.event.name()).collect()
}

/// The till still waits for its answer, and somebody without its lock has decided.
pub(super) fn an_end_that_meets_a_decision_is_kept_beside_it(open: Open<'_>) {
    let paid = Paid::Paid(euros(2500));
    let unknown = Outcome::Unknown { doubt: Doubt::Disputed };
    for (number, (decided, outcome, disputed, told)) in [
        (Paid::NotPaid, approved(), true, approved()),
        (paid, approved(), false, approved()),
        (Paid::Paid(euros(2499)), approved(), true, approved()),
        (paid, DECLINED, true, unknown),
        (paid, NOT_SENT, true, unknown),
        (Paid::NotPaid, DECLINED, false, Outcome::Declined { refusal: Refusal::DecidedNotPaid }),
        (Paid::NotPaid, NOT_SENT, false, Outcome::Declined { refusal: Refusal::DecidedNotPaid }),
        (paid, SILENCE, false, approved()),
    ]
    .into_iter()
    .enumerate()
    {
        let key = format!("a-{number}");
        let (mut journal, mut other) = (open(), open());
        journal.append(&id(&key), &started(&key, "t"), time(1)).unwrap();
        decide(&mut other, &key, &person(decided), 2).unwrap();
        journal.append(&id(&key), &ended(outcome), time(3)).unwrap();
        drop((journal, other));

        let mut journal = open();
        let record = journal.find(&id(&key)).unwrap().unwrap();
        assert_eq!(record.conclusion(), Some(&conclusion(outcome)), "the end is kept, with its evidence");
        assert_eq!(record.decision(), Some(&person(decided)), "beside the decision");
        assert_eq!((record.ended_at(), record.decided_at()), (Some(time(3)), Some(time(2))));
        assert_eq!(record.state(), if disputed { State::Disputed } else { State::Final });
        assert_eq!(record.told().outcome, told, "{decided:?}, then {outcome:?}");
        let mut history = vec!["started", "resolved", "ended"];
        history.extend(disputed.then_some("disputed"));
        assert_eq!(names(&*journal, &key), history);
        // It blocks nothing, and the id is never sent again.
        assert_eq!(journal.unresolved(&terminal("t")).unwrap(), []);
        refuses(&mut journal, &id(&key), &started(&key, "t"), conflict);
        refuses(&mut journal, &id(&key), &never_sent(&key, "t"), conflict);
        // A person settles it.
        if disputed {
            decide(&mut journal, &key, &person(paid), 4).unwrap();
            let record = open().find(&id(&key)).unwrap().unwrap();
            assert_eq!((record.state(), record.conclusion()), (State::Final, Some(&conclusion(outcome))));
            assert_eq!(record.told().outcome, approved());
            refuses(&mut journal, &id(&key), &started(&key, "t"), conflict);
        }
    }
}

pub(super) fn an_end_that_meets_an_end_is_never_dropped_where_it_matters(open: Open<'_>) {
    for (number, (first, second, state, told)) in [
        // The answer itself, after somebody has stopped waiting for it.
        (SILENCE, approved(), State::Final, approved()),
        (SILENCE, DECLINED, State::Final, DECLINED),
        // Both are known, and differ about the money.
        (approved(), DECLINED, State::Disputed, approved()),
        (DECLINED, approved(), State::Disputed, Outcome::Unknown { doubt: Doubt::Disputed }),
        (NOT_SENT, approved(), State::Disputed, Outcome::Unknown { doubt: Doubt::Disputed }),
    ]
    .into_iter()
    .enumerate()
    {
        let key = format!("a-{number}");
        let mut journal = open();
        journal.append(&id(&key), &started(&key, "t"), time(1)).unwrap();
        journal.append(&id(&key), &ended(first), time(2)).unwrap();
        journal.append(&id(&key), &ended(second), time(3)).unwrap();
        drop(journal);
        let mut journal = open();
        let record = journal.find(&id(&key)).unwrap().unwrap();
        assert_eq!((record.state(), record.told().outcome), (state, told), "{first:?}, then {second:?}");
        let kept = if first.is_unknown() { second } else { first };
        assert_eq!(record.conclusion(), Some(&conclusion(kept)), "a known end stays");
        let events = journal.events(&id(&key)).unwrap();
        assert_eq!(events[2], RecordedEvent { at: time(3), event: Event::Ended(conclusion(second)) });
        assert_eq!(events.len(), if state == State::Disputed { 4 } else { 3 });
        refuses(&mut journal, &id(&key), &started(&key, "t"), conflict);
    }
}

pub(super) fn a_person_corrects_a_person(open: Open<'_>) {
    let words = [Paid::NotPaid, Paid::Paid(euros(2500)), Paid::Paid(euros(2600)), Paid::NotPaid];
    let mut journal = open();
    journal.append(&id("a"), &started("a", "t"), time(1)).unwrap();
    let mut history = journal.events(&id("a")).unwrap();
    for (number, paid) in (2..).zip(words) {
        let decision = Decision::new(paid, format!("person {number}"), "looked again").unwrap();
        let decision = decision.confirming([Confirmation::MoreThanAsked]);
        decide(&mut journal, "a", &decision, number).unwrap();
        drop(journal);
        journal = open();
        let record = journal.find(&id("a")).unwrap().unwrap();
        assert_eq!((record.state(), record.decided_at()), (State::Final, Some(time(number))));
        assert_eq!(record.decision(), Some(&decision), "the newest is shown");
        let approved = match paid {
            Paid::Paid(amount) => Some(amount),
            Paid::NotPaid => None,
        };
        assert_eq!(record.told().outcome.approved_amount(), approved);
        history.push(RecordedEvent { at: time(number), event: Event::Resolved(decision) });
        assert_eq!(journal.events(&id("a")).unwrap(), history, "the earlier ones stay");
        refuses(&mut journal, &id("a"), &started("a", "t"), conflict);
        refuses(&mut journal, &id("a"), &never_sent("a", "t"), conflict);
    }
    // In flight: somebody holds the terminal. And a correction needs its lock, as a decision does.
    let lock = journal.lock(&terminal("other")).unwrap();
    let error = journal.resolve(&lock, &id("a"), &person(Paid::Paid(euros(1))), time(9)).unwrap_err();
    assert_eq!(error, JournalError::WrongLock);
    assert_eq!(journal.events(&id("a")).unwrap(), history);
}

pub(super) fn a_person_does_not_overrule_proof(open: Open<'_>) {
    let paid = Paid::Paid(euros(2500));
    let proven = |paid| Decision::proven(paid, "duplicata", "CB, CE and AC").unwrap();
    for (number, (outcome, evidence, says)) in [
        (Some(approved()), None, Paid::NotPaid),
        (Some(approved()), None, Paid::Paid(euros(2400))),
        (Some(DECLINED), None, paid),
        (Some(NOT_SENT), None, paid),
        (Some(SILENCE), Some(paid), Paid::NotPaid),
        (None, Some(Paid::NotPaid), paid),
    ]
    .into_iter()
    .enumerate()
    {
        let key = format!("a-{number}");
        let mut journal = open();
        journal.append(&id(&key), &started(&key, "t"), time(1)).unwrap();
        if let Some(outcome) = outcome {
            journal.append(&id(&key), &ended(outcome), time(2)).unwrap();
        }
        if let Some(paid) = evidence {
            decide(&mut journal, &key, &proven(paid), 3).unwrap();
        }
        let before = journal.find(&id(&key)).unwrap().unwrap();
        let mut history = journal.events(&id(&key)).unwrap();
        let decision = person(says).confirming([Confirmation::TerminalJournal]);
        decide(&mut journal, &key, &decision, 4).unwrap();
        drop(journal);

        let mut journal = open();
        let record = journal.find(&id(&key)).unwrap().unwrap();
        assert_eq!(record.state(), State::Disputed);
        assert_eq!((record.conclusion(), record.decision()), (before.conclusion(), before.decision()));
        history.push(RecordedEvent { at: time(4), event: Event::Disputed(Dispute::by_person(&decision)) });
        assert_eq!(journal.events(&id(&key)).unwrap(), history, "who, why and what was confirmed");
        refuses(&mut journal, &id(&key), &started(&key, "t"), conflict);
        // The same person, or another one, settles the dispute.
        decide(&mut journal, &key, &decision, 5).unwrap();
        let record = journal.find(&id(&key)).unwrap().unwrap();
        assert_eq!((record.state(), record.decision()), (State::Final, Some(&decision)));
        refuses(&mut journal, &id(&key), &started(&key, "t"), conflict);
    }
}

pub(super) fn a_decision_on_which_credits_rest_is_not_corrected(open: Open<'_>) {
    for (number, (outcome, rests)) in
        [(approved(), true), (SILENCE, true), (DECLINED, false), (NOT_SENT, false)].into_iter().enumerate()
    {
        let mut journal = open();
        let (sale, key) = (format!("sale-{number}"), format!("credit-{number}"));
        journal.append(&id(&sale), &started(&sale, "t"), time(1)).unwrap();
        decide(&mut journal, &sale, &person(Paid::Paid(euros(2500))), 2).unwrap();
        let mut credit = debit(&key, &format!("u-{number}"));
        credit.operation = Operation::Credit;
        credit.original = Some(id(&sale));
        journal.append(&credit.id, &Event::Started(credit), time(3)).unwrap();
        journal.append(&id(&key), &ended(outcome), time(4)).unwrap();
        decide(&mut journal, &sale, &person(Paid::NotPaid), 5).unwrap();
        drop(journal);
        let record = open().find(&id(&sale)).unwrap().unwrap();
        assert_eq!(record.state(), if rests { State::Disputed } else { State::Final }, "{outcome:?}");
        let decided = if rests { Paid::Paid(euros(2500)) } else { Paid::NotPaid };
        assert_eq!(record.decision(), Some(&person(decided)));
    }
}

pub(super) fn what_was_confirmed_is_kept(open: Open<'_>) {
    let steps = Confirmation::ALL;
    for count in 0..=steps.len() {
        let key = format!("a-{count}");
        let decision = person(Paid::NotPaid).confirming(steps.into_iter().take(count));
        let mut journal = open();
        journal.append(&id(&key), &started(&key, "t"), time(1)).unwrap();
        decide(&mut journal, &key, &decision, 2).unwrap();
        drop(journal);
        let journal = open();
        let record = journal.find(&id(&key)).unwrap().unwrap();
        assert_eq!(record.decision(), Some(&decision));
        let last = journal.events(&id(&key)).unwrap().pop().unwrap();
        let expected = if count == 0 { "confirmed: nothing" } else { "confirmed: recovered" };
        assert!(last.to_string().contains(expected), "{last}");
        assert_eq!(last.event, Event::Resolved(decision));
    }
}
