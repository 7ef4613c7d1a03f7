//! A mistake for each promise, planted in the till, the disk, the admission or the recovery, and seen.

use std::collections::BTreeSet;
use std::time::Duration;

use caisse_journal::{Admitted, Record};
use caisse_payment::evidence::LastTransaction;
use caisse_payment::{AuthorisationNumber, NotSent, Outcome, Proof, Refusal, Verdict};
use caisse_settlement::weigh::{Knowledge, LateResult, Open, Previous, RecoveryFinding, weigh, weigh_result};

use crate::journal;
use crate::till::{self, Demand, Note, Op, real};
use crate::world::{Amounts, Parts, REAL, Setup, Slot, Troubles};
use crate::{NOTHING, SERIAL, TCP, check, promise};

// Mistakes of the machine.

fn sends_before_the_record(setup: &Setup, slot: Slot, history: &[Op]) -> Demand {
    let mut believed = history.to_vec();
    if let Some(place) = history.iter().position(|op| *op == Op::Connected) {
        believed.insert(place + 1, Op::Journaled);
    }
    real(setup, slot, &believed)
}

fn says_it_again_after_silence(setup: &Setup, slot: Slot, history: &[Op]) -> Demand {
    let sent = history.iter().position(|op| *op == Op::Sent);
    let silence = history.iter().position(|op| *op == Op::Timer);
    match (sent, silence) {
        (Some(sent), Some(silence)) if sent < silence => {
            let mut believed = history.to_vec();
            believed.drain(sent..=silence);
            real(setup, slot, &believed)
        }
        _ => real(setup, slot, history),
    }
}

fn takes_an_uncertain_send_for_none(setup: &Setup, slot: Slot, history: &[Op]) -> Demand {
    let believed: Vec<Op> =
        { history.iter() }.map(|op| if *op == Op::SendUncertain { Op::SendFailed } else { *op }).collect();
    real(setup, slot, &believed)
}

/// Another verdict in the place of one.
fn says(demand: Demand, change: impl Fn(Verdict) -> Verdict) -> Demand {
    match demand {
        Demand::Record(Note::End(slot, verdict, charge)) => {
            Demand::Record(Note::End(slot, change(verdict), charge))
        }
        Demand::Done { verdict, journaled, listens } => {
            Demand::Done { verdict: change(verdict), journaled, listens }
        }
        demand => demand,
    }
}

fn takes_doubt_for_a_refusal(setup: &Setup, slot: Slot, history: &[Op]) -> Demand {
    says(real(setup, slot, history), |verdict| match verdict.outcome {
        Outcome::Unknown { .. } => {
            Verdict { outcome: Outcome::Declined { refusal: Refusal::Refused }, ..verdict }
        }
        _ => verdict,
    })
}

fn takes_doubt_for_a_yes(setup: &Setup, slot: Slot, history: &[Op]) -> Demand {
    let amount = till::amount(setup, slot);
    says(real(setup, slot, history), |verdict| match verdict.outcome {
        Outcome::Unknown { .. } => Verdict { outcome: Outcome::Approved { amount }, ..verdict },
        _ => verdict,
    })
}

fn takes_giving_up_for_the_end(setup: &Setup, slot: Slot, history: &[Op]) -> Demand {
    says(real(setup, slot, history), |verdict| {
        if history.contains(&Op::GiveUp) {
            let outcome = Outcome::NotSent { reason: NotSent::Cancelled };
            return Verdict { outcome, proof: Proof::NothingSent };
        }
        verdict
    })
}

fn says_written_what_is_not(setup: &Setup, slot: Slot, history: &[Op]) -> Demand {
    match real(setup, slot, history) {
        Demand::Done { verdict, listens, .. } => Demand::Done { verdict, journaled: true, listens },
        demand => demand,
    }
}

fn waits_for_ever(setup: &Setup, slot: Slot, history: &[Op]) -> Demand {
    match real(setup, slot, history) {
        Demand::Done { journaled: false, .. } => Demand::Wait { timer: false },
        demand => demand,
    }
}

fn believes_a_time_out_unread(setup: &Setup, slot: Slot, history: &[Op]) -> Demand {
    let unread = |op: &Op| if matches!(op, Op::TimerFinds(_)) { Op::Timer } else { *op };
    real(setup, slot, &history.iter().map(unread).collect::<Vec<_>>())
}

fn gives_up_unread(setup: &Setup, slot: Slot, history: &[Op]) -> Demand {
    let unread = |op: &Op| if matches!(op, Op::GiveUpFinds(_)) { Op::GiveUp } else { *op };
    real(setup, slot, &history.iter().map(unread).collect::<Vec<_>>())
}

fn tells_before_the_line_is_empty(setup: &Setup, slot: Slot, history: &[Op]) -> Demand {
    let unread = |op: &Op| if let Op::Answered(first, Some(_)) = op { Op::Heard(*first) } else { *op };
    real(setup, slot, &history.iter().map(unread).collect::<Vec<_>>())
}

fn drops_a_contradiction(setup: &Setup, slot: Slot, history: &[Op]) -> Demand {
    let mut believed = vec![];
    for op in history {
        believed.push(*op);
        if let Demand::Record(Note::Disputed(_)) = real(setup, slot, &believed) {
            believed.push(Op::JournalFailed);
        }
    }
    real(setup, slot, &believed)
}

fn frees_the_terminal_with_the_verdict(setup: &Setup, slot: Slot, history: &[Op]) -> Demand {
    match real(setup, slot, history) {
        Demand::Reads { verdict, journaled } => Demand::Done { verdict, journaled, listens: false },
        demand => demand,
    }
}

// Mistakes of disk and admission.

fn loses_what_it_confirmed(mut notes: Vec<Note>) -> Vec<Note> {
    if matches!(notes.last(), Some(Note::Start(_))) {
        notes.pop();
    }
    notes
}

fn begins_again_what_has_ended(setup: &Setup, notes: &[Note], slot: Slot) -> Admitted {
    match journal::admit(setup, notes, slot) {
        Admitted::Replay(_) => journal::admit(setup, &notes[..2], slot),
        admitted => admitted,
    }
}

fn asks_nobody_what_is_open(setup: &Setup, notes: &[Note], slot: Slot) -> Admitted {
    match journal::admit(setup, notes, slot) {
        Admitted::Blocked(_) => journal::admit(setup, &notes[..2], slot),
        admitted => admitted,
    }
}

// Mistakes of recovery.

fn does_not_wait(told: &LastTransaction, known: &Knowledge) -> RecoveryFinding {
    weigh(told, &Knowledge { time_left: Duration::ZERO, ..*known })
}

fn takes_every_terminal_for_its_own(told: &LastTransaction, known: &Knowledge) -> RecoveryFinding {
    weigh(told, &Knowledge { exclusive: true, ..*known })
}

fn forgets_the_one_before(told: &LastTransaction, known: &Knowledge) -> RecoveryFinding {
    let previous = Previous::Authorised(till::number(99), known.amount);
    weigh(told, &Knowledge { previous, of_another: false, ..*known })
}

fn takes_any_amount(told: &LastTransaction, known: &Knowledge) -> RecoveryFinding {
    let told = match *told {
        LastTransaction::Completed { currency, authorisation, reference, .. } => {
            let minor = Some(known.amount.minor());
            LastTransaction::Completed { minor, currency, authorisation, reference }
        }
        told => told,
    };
    weigh(&told, &Knowledge { previous: Previous::Authorised(till::number(99), known.amount), ..*known })
}

fn never_finds_out(_: &LastTransaction, _: &Knowledge) -> RecoveryFinding {
    RecoveryFinding::Open(Open::Unclear)
}

fn believes_the_number_of_any_answer(
    setup: &Setup,
    notes: &[Note],
    slot: Slot,
    reported: Option<AuthorisationNumber>,
    waited: bool,
) -> Knowledge {
    // An answer that was not accepted counts as the approval that was found out without it.
    let accepts = |record: Record| {
        let outcome = record.verdict().outcome;
        let ended = record.conclusion().copied().zip(record.ended_at());
        let Some((mut end, at)) = ended.filter(|_| outcome.approved_amount().is_some()) else {
            return record;
        };
        end.verdict.outcome = outcome;
        record.with_conclusion(end, at).unwrap()
    };
    let records: Vec<_> = journal::records(setup, notes).into_iter().map(accepts).collect();
    journal::knowledge_of(setup, &records, slot, reported, waited)
}

fn takes_a_copy_for_the_result(result: &LateResult) -> RecoveryFinding {
    weigh_result(&LateResult { like_the_last: false, ..*result })
}

struct Bug {
    name: &'static str,
    setup: Setup,
    /// What it breaks; there may be more.
    breaks: &'static [&'static str],
}

fn bugs() -> Vec<Bug> {
    use promise::{
        ANSWER_KEPT, CONTRADICTION_KEPT, EMPTY_FIRST, END, END_ON_DISK, NO_FALSE_APPROVAL, NO_LOST_APPROVAL,
        ONE_CHARGE, ONE_CUSTOMER, ONE_HANDING, QUIET_FIRST, START_FIRST,
    };
    let troubles = Troubles { losses: 1, ..NOTHING };
    let tcp = Setup { troubles, attempts: 1, ..TCP };
    let twice = Setup { attempts: 2, ..tcp.clone() };
    let alike = Setup { amounts: Amounts::AllAlike, ..tcp.clone() };
    let failing = Setup { troubles: Troubles { write_failures: 1, ..NOTHING }, ..tcp.clone() };
    let crashing = Setup { troubles: Troubles { crashes: 1, ..NOTHING }, attempts: 2, ..TCP };
    let uncertain = Setup { troubles: Troubles { send_failures: 1, ..NOTHING }, attempts: 2, ..TCP };
    let impatient = Setup { troubles: Troubles { wishes: 1, ..NOTHING }, attempts: 2, ..TCP };
    let again = Setup {
        same_sale: true,
        operator: true,
        troubles: Troubles { losses: 2, ..NOTHING },
        ..alike.clone()
    };
    let shared =
        Setup { exclusive: false, troubles: Troubles { losses: 1, strangers: 1, ..NOTHING }, ..tcp.clone() };
    let strays = Setup {
        amounts: Amounts::OursAlike,
        troubles: Troubles { losses: 1, strays: 1, ..NOTHING },
        ..tcp.clone()
    };
    let copies = Setup {
        amounts: Amounts::AllAlike,
        troubles: Troubles { losses: 1, crashes: 1, ..NOTHING },
        attempts: 1,
        ..SERIAL
    };
    let open = Setup { troubles: Troubles { open: 1, strays: 1, wishes: 1, ..NOTHING }, attempts: 1, ..TCP };
    let bug =
        |name, setup: &Setup, parts, breaks| Bug { name, setup: Setup { parts, ..setup.clone() }, breaks };
    let till = |till| Parts { till, ..REAL };
    let weigh = |weigh| Parts { weigh, ..REAL };
    let serial = |setup: &Setup| Setup { kind: caisse::LinkKind::Serial, ..setup.clone() };
    vec![
        bug("sends before the record", &tcp, till(sends_before_the_record), &[START_FIRST]),
        bug(
            "says it again after silence",
            &tcp,
            till(says_it_again_after_silence),
            &[ONE_HANDING, ONE_CHARGE],
        ),
        bug(
            "takes an uncertain send for none",
            &uncertain,
            till(takes_an_uncertain_send_for_none),
            &[NO_LOST_APPROVAL, ONE_HANDING, ONE_CHARGE],
        ),
        bug("takes doubt for a refusal", &tcp, till(takes_doubt_for_a_refusal), &[NO_LOST_APPROVAL]),
        bug(
            "takes doubt for a refusal, on a line",
            &serial(&tcp),
            till(takes_doubt_for_a_refusal),
            &[NO_LOST_APPROVAL],
        ),
        bug("takes doubt for a yes", &tcp, till(takes_doubt_for_a_yes), &[NO_FALSE_APPROVAL]),
        bug(
            "takes giving up for the end",
            &impatient,
            till(takes_giving_up_for_the_end),
            &[NO_LOST_APPROVAL],
        ),
        bug("believes a time-out unread", &open, till(believes_a_time_out_unread), &[ANSWER_KEPT]),
        bug("gives up unread", &open, till(gives_up_unread), &[ANSWER_KEPT]),
        bug("tells before the line is empty", &open, till(tells_before_the_line_is_empty), &[EMPTY_FIRST]),
        bug("drops a contradiction", &open, till(drops_a_contradiction), &[CONTRADICTION_KEPT]),
        bug(
            "frees the terminal with the verdict",
            &open,
            till(frees_the_terminal_with_the_verdict),
            &[QUIET_FIRST],
        ),
        bug("says written what is not", &failing, till(says_written_what_is_not), &[END_ON_DISK]),
        bug("waits for ever", &failing, till(waits_for_ever), &[END]),
        bug(
            "loses what it confirmed",
            &crashing,
            Parts { disk: loses_what_it_confirmed, ..REAL },
            &[ONE_HANDING, ONE_CHARGE],
        ),
        bug(
            "begins again what has ended",
            &twice,
            Parts { admit: begins_again_what_has_ended, ..REAL },
            &[NO_LOST_APPROVAL],
        ),
        bug("does not wait", &tcp, weigh(does_not_wait), &[NO_LOST_APPROVAL]),
        bug("does not wait, and the customer tries again", &again, weigh(does_not_wait), &[ONE_CUSTOMER]),
        bug(
            "takes every terminal for its own",
            &shared,
            weigh(takes_every_terminal_for_its_own),
            &[NO_FALSE_APPROVAL],
        ),
        bug("forgets the one before", &alike, weigh(forgets_the_one_before), &[NO_FALSE_APPROVAL]),
        bug("takes any amount", &tcp, weigh(takes_any_amount), &[NO_FALSE_APPROVAL]),
        bug("never finds out", &tcp, weigh(never_finds_out), &[END]),
        bug(
            "believes the number of any answer",
            &strays,
            Parts { knowledge: believes_the_number_of_any_answer, ..REAL },
            &[NO_FALSE_APPROVAL],
        ),
        bug(
            "takes a copy for the result",
            &copies,
            Parts { weigh_result: takes_a_copy_for_the_result, ..REAL },
            &[NO_FALSE_APPROVAL],
        ),
    ]
}

#[test]
fn each_mistake_is_seen_and_each_promise_sees_one() {
    let mut seen = BTreeSet::new();
    for Bug { name, setup, breaks } in bugs() {
        println!("{name}:");
        check(&Setup { parts: REAL, ..setup.clone() }).expect(name);
        let broken = check(&setup).expect_err(name);
        for promise in breaks {
            assert!(broken.contains(promise), "{name}: {broken:?}");
            seen.insert(*promise);
        }
    }
    assert_eq!(seen, BTreeSet::from(promise::ALL));
}

/// The door has two locks: where admission forgets to ask, the journal still refuses the start of a second transaction at a
/// terminal whose last one is open.
#[test]
fn the_journal_refuses_what_admission_overlooks() {
    let parts = Parts { admit: asks_nobody_what_is_open, ..REAL };
    let setup = Setup { troubles: Troubles { losses: 1, crashes: 1, ..NOTHING }, attempts: 1, ..TCP };
    let states = check(&setup).unwrap();
    assert!(check(&Setup { parts, ..setup }).unwrap() > states, "the mistake is reached");
}
