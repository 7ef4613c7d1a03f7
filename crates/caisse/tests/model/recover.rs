//! Finding out what became of a transaction, with the real readers and the real rules.

use caisse::Dialect;
use caisse_codec::{Answer as Fields, Message};
use caisse_payment::Outcome;
use caisse_payment::evidence::LastTransaction;
use caisse_settlement::weigh::RecoveryFinding;
use caisse_transaction::till::{LateAction, LateAnswer, LateResult, MOST_STORAGE};
use caisse_transaction::{Duplicata, Instant};

use crate::journal;
use crate::till::{self, Answer, Note};
use crate::world::{Last, Setup, Slot, World};

/// What `caisse` does for the one transaction whose end nobody knows; `hears`: the terminal says what it has to say.
pub fn recover(setup: &Setup, world: &mut World, hears: bool) {
    let Some(slot) = journal::unresolved(setup, &world.notes) else { return };
    if till::config(setup).has_sessions() {
        if hears {
            let Some(result) = world.terminal.result.take() else { return };
            let body = late_result(setup, result);
            // What is not this one's is filed, and agrees.
            let whose = journal::whose(setup, &world.notes, &body);
            let Some((_, result)) = whose.filter(|(of, _)| *of == slot) else { return };
            return found(setup, world, slot, (setup.parts.weigh_result)(&result));
        }
    } else if world.listening == Some(slot) {
        if hears {
            let Some(result) = world.terminal.result.take() else { return };
            world.listening = None;
            return found(setup, world, slot, proven_by(late_answer(setup, slot, result)));
        }
        if !world.waited {
            return;
        }
        world.listening = None;
        world.terminal.result = None;
    } else if hears {
        return;
    }
    let Dialect { duplicata, .. } = setup.dialect;
    if duplicata == Duplicata::Nothing || world.terminal.work.is_some() {
        return;
    }
    let told = duplicata_of(setup, world.terminal.last);
    let reported = match told {
        LastTransaction::Completed { authorisation, .. } => authorisation,
        LastTransaction::NotCompleted | LastTransaction::Unclear => None,
    };
    let known = (setup.parts.knowledge)(setup, &world.notes, slot, reported, world.waited);
    found(setup, world, slot, (setup.parts.weigh)(&told, &known));
}

fn found(setup: &Setup, world: &mut World, slot: Slot, finding: RecoveryFinding) {
    let paid = match finding {
        RecoveryFinding::Paid(_) => true,
        RecoveryFinding::NotPaid => false,
        RecoveryFinding::Open(_) => return,
    };
    decide(setup, world, Note::Decided { of: slot, paid, by_a_person: false });
}

/// Writes what was found out, and tells the cashier what the journal says now.
pub fn decide(setup: &Setup, world: &mut World, note: Note) {
    let Note::Decided { of, .. } = note else { return };
    let mut journal = journal::read(setup, &world.notes);
    assert!(journal::write(setup, &mut journal, note), "{note:?} in {world:?}");
    world.notes.push(note);
    if let Some(outcome) = journal::record(setup, &world.notes, of).as_ref().and_then(journal::told) {
        world.tell(setup, of, outcome);
    }
}

fn duplicata_of(setup: &Setup, last: Last) -> LastTransaction {
    let bytes = match last {
        Last::Completed { of, charge } => {
            let minor = till::amount(setup, of).minor();
            format!("CZ0040320CA00201CB007{minor:07}CE003978AC006{}AE00210", till::number(charge))
        }
        Last::NotCompleted => "CZ0040320CA00201AE00201AF00207".to_owned(),
    };
    caisse_transaction::recovery::read_last_transaction(
        &Fields::new(Message::read(bytes.as_bytes()).0),
        None,
        till::config(setup).has_sessions(),
    )
}

/// What the answer proves that came on the connection that was left open for it.
fn late_answer(setup: &Setup, slot: Slot, answer: Answer) -> Outcome {
    let mut storage = [0; MOST_STORAGE];
    let mut late = LateAnswer::new(till::config(setup), till::request(setup, slot), &mut storage);
    let now = Instant::default();
    late.handle_input(now, &till::body(setup, answer));
    late.handle_closed(now);
    late.outcome().unwrap()
}

/// The result as a till hears it that listens on the line.
fn late_result(setup: &Setup, answer: Answer) -> Vec<u8> {
    let mut storage = [0; 512];
    let mut late = LateResult::new(setup.dialect, &mut storage);
    let mut now = Instant::default();
    let mut heard = vec![];
    let frame = till::frame(&till::body(setup, answer));
    for bytes in [&[till::ENQ][..], &frame, &[till::EOT]] {
        late.handle_input(now, bytes);
        loop {
            match late.poll() {
                LateAction::Persist(body) => {
                    heard.push(body.to_vec());
                    late.handle_persisted(now);
                }
                LateAction::Abort | LateAction::Done => unreachable!("everything is stored"),
                LateAction::Look => late.handle_idle(now),
                LateAction::Drain => late.handle_drained(now, Ok(())),
                LateAction::Send(_) => late.handle_sent(now, Ok(1)),
                LateAction::Wait { until: Some(until) } if until.since(now) <= till::AT_ONCE => {
                    now = until;
                    late.handle_timeout(now);
                }
                LateAction::Wait { .. } => break,
            }
        }
    }
    heard.pop().unwrap()
}

const fn proven_by(outcome: Outcome) -> RecoveryFinding {
    match outcome {
        Outcome::Approved { amount } | Outcome::PartiallyApproved { approved: amount, .. } => {
            RecoveryFinding::Paid(amount)
        }
        Outcome::Declined { .. } | Outcome::Cancelled { .. } => RecoveryFinding::NotPaid,
        Outcome::NotSent { .. } | Outcome::Unknown { .. } | Outcome::Blocked { .. } => {
            RecoveryFinding::Open(caisse::Open::Unclear)
        }
    }
}
