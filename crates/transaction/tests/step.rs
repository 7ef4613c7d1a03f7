//! The transition function itself, in every state it can reach by every input, and planted bugs that the check must see.

use std::collections::{HashMap, VecDeque};

use caisse_payment::{Amount, Blocked, Currency, Doubt, NotSent, Outcome, Proof, Refusal, Verdict};
use caisse_transaction::till::{Dispute, Effect, Effects, Input, State, Timer, step};

/// What has really happened outside the machine, kept apart from its own state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct World {
    /// The journal has confirmed the start.
    start_on_disk: bool,
    /// The journal has confirmed an end.
    end_on_disk: bool,
    /// A write is being awaited.
    writing: Option<Write>,
    /// How often the whole message was handed to the link anew.
    handed: u8,
    /// The system has accepted a byte, or nobody knows whether it has.
    perhaps_sent: bool,
    /// The terminal said yes, with a matching answer.
    approved: bool,
    connected: bool,
    /// How often a verdict was reported.
    reported: u8,
    /// The terminal contradicted the verdict after it was reported.
    contradicted: bool,
    /// The journal has confirmed that, or has refused it.
    dispute_answered: bool,
    /// The terminal was freed for the next request.
    freed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Write {
    Start,
    End,
    Both,
    Dispute,
}

type Step = fn(State, Input) -> (State, Effects);

fn approved() -> Outcome {
    Outcome::Approved { amount: Amount::from_minor(2500, Currency::EUR) }
}

fn inputs() -> Vec<Input> {
    let mut inputs = vec![
        Input::Start,
        Input::Connected,
        Input::Disconnected(NotSent::ConnectionRefused),
        Input::Disconnected(NotSent::ClosedBeforeSend),
        Input::Journaled,
        Input::JournalFailed(Blocked::JournalUnavailable),
        Input::JournalBusy,
        Input::Expired(Timer::Journal),
        Input::Contradicted,
        Input::Released,
        Input::Sent { all: false },
        Input::Sent { all: true },
        Input::SendFailed,
        Input::SendUncertain,
        Input::Withdrawn(NotSent::Cancelled),
        Input::Acknowledged,
        Input::AnswerBegan,
        Input::Expired(Timer::Connect),
        Input::Expired(Timer::Send),
        Input::CancelRequested,
        Input::GivenUp,
    ];
    for outcome in [
        approved(),
        Outcome::Declined { refusal: Refusal::Refused },
        Outcome::Unknown { doubt: Doubt::Silence },
    ] {
        inputs.extend([true, false].map(|answered| Input::AnswerEnded { outcome, answered }));
    }
    inputs
}

/// Whether the world can produce the input in this situation: a driver that keeps the contract.
fn possible(state: State, world: World, input: Input) -> bool {
    let in_flight = matches!(state, State::Sending { .. } | State::Waiting { .. });
    match input {
        Input::Start => matches!(state, State::Idle),
        Input::Connected => matches!(state, State::Connecting),
        Input::Journaled | Input::JournalFailed(_) => world.writing.is_some(),
        // Of other entries a busy journal counts as one that failed.
        Input::JournalBusy => matches!(world.writing, Some(Write::End | Write::Dispute)),
        // Bytes contradict an early verdict only, and are read until the terminal is freed.
        Input::Contradicted => world.approved && matches!(state, State::Reported { .. }),
        Input::Sent { .. } | Input::SendFailed | Input::SendUncertain => {
            matches!(state, State::Sending { .. })
        }
        // The message still waits in the machine's queue.
        Input::Withdrawn(_) => {
            world.handed == 1 && !world.perhaps_sent && matches!(state, State::Sending { .. })
        }
        Input::AnswerBegan => in_flight && world.perhaps_sent,
        Input::Acknowledged => matches!(state, State::Waiting { .. }),
        // An answer ends once it has begun; a close or a time-out may end the wait for one.
        Input::AnswerEnded { outcome, .. } => match state {
            State::Waiting { delivered } => delivered || outcome.is_unknown(),
            _ => false,
        },
        _ => true,
    }
}

fn after(world: World, state: State, input: Input, effects: &Effects) -> Result<World, String> {
    let mut next = world;
    match input {
        Input::Connected => next.connected = true,
        Input::Journaled => {
            next.start_on_disk |= matches!(world.writing, Some(Write::Start | Write::Both));
            next.end_on_disk |= matches!(world.writing, Some(Write::End | Write::Both));
            next.dispute_answered |= world.writing == Some(Write::Dispute);
            next.writing = None;
        }
        Input::JournalFailed(_) => {
            next.dispute_answered |= world.writing == Some(Write::Dispute);
            next.writing = None;
        }
        Input::JournalBusy => next.writing = None,
        Input::GivenUp if matches!(state, State::Reported { dispute: Dispute::AwaitingJournal, .. }) => {
            next.dispute_answered = true;
        }
        Input::Contradicted => next.contradicted = true,
        Input::Withdrawn(_) => next.handed = 0,
        Input::Sent { .. } | Input::SendUncertain => next.perhaps_sent = true,
        // The time is over while the system still has the message in its hands.
        Input::Expired(Timer::Send) => next.perhaps_sent |= matches!(state, State::Sending { .. }),
        Input::AnswerEnded { outcome, .. } => next.approved |= outcome == approved(),
        _ => {}
    }
    for effect in effects {
        match effect {
            Effect::Send => {
                if !next.start_on_disk {
                    return Err("sent before the start was on disk".into());
                }
                if !next.connected {
                    return Err("sent without a connection".into());
                }
                // What follows a partial write is the rest of the message, not the message again.
                if input != (Input::Sent { all: false }) {
                    next.handed += 1;
                }
            }
            Effect::RecordStart => next.writing = Some(Write::Start),
            Effect::RecordEnd(_) => next.writing = Some(Write::End),
            Effect::RecordNeverSent(_) => next.writing = Some(Write::Both),
            Effect::RecordDispute => next.writing = Some(Write::Dispute),
            Effect::Report(verdict) => {
                if next.writing.is_some() {
                    return Err("reported before the journal has answered".into());
                }
                next.reported += 1;
                says(*verdict, next)?;
            }
            Effect::Close => next.freed = true,
            _ => {}
        }
    }
    Ok(next)
}

/// Holds what the application is told against the world.
fn says(verdict: Verdict, world: World) -> Result<(), String> {
    let Verdict { outcome, proof } = verdict;
    let says_approved = outcome.approved_amount().is_some();
    if says_approved != world.approved && (says_approved || !outcome.is_unknown()) {
        return Err(format!("told {} although approved is {}", outcome.name(), world.approved));
    }
    if (proof == Proof::NothingSent) && world.perhaps_sent {
        return Err("told that nothing was sent although something may have been".into());
    }
    if proof != Proof::NothingSent && world.handed == 0 {
        return Err("told that something was sent although nothing was handed over".into());
    }
    let not_sent = matches!(outcome, Outcome::NotSent { .. } | Outcome::Blocked { .. });
    if not_sent != (proof == Proof::NothingSent) {
        return Err(format!("{} with {}", outcome.name(), proof.name()));
    }
    Ok(())
}

fn check(state: State, world: World) -> Result<(), String> {
    if world.handed > 1 {
        return Err("handed to the link twice".into());
    }
    let is_over = matches!(state, State::Done { .. });
    if world.freed != is_over {
        return Err("freed for the next request before the end".into());
    }
    if world.reported != u8::from(is_over || matches!(state, State::Reported { .. })) {
        return Err("reported never, or twice".into());
    }
    let State::Done { verdict, journaled, dispute } = state else { return Ok(()) };
    if journaled != world.end_on_disk {
        return Err("journaled and the disk disagree".into());
    }
    if world.contradicted != world.dispute_answered || world.contradicted != (dispute != Dispute::None) {
        return Err("a contradiction is dropped".into());
    }
    says(verdict, world)
}

#[derive(Debug, PartialEq, Eq)]
struct Explored {
    states: usize,
    transitions: usize,
}

fn explore(step: Step) -> Result<Explored, String> {
    let start = (State::Idle, World::default());
    let mut seen: HashMap<String, usize> = HashMap::from([(format!("{start:?}"), 0)]);
    let mut queue = VecDeque::from([(start.0, start.1, 0usize)]);
    let mut edges: Vec<Vec<usize>> = vec![vec![]];
    let mut done: Vec<bool> = vec![false];
    let mut transitions = 0;
    while let Some((state, world, number)) = queue.pop_front() {
        check(state, world)?;
        done[number] = matches!(state, State::Done { .. });
        for input in inputs() {
            if !possible(state, world, input) {
                continue;
            }
            let (next, effects) = step(state, input);
            if matches!(state, State::Done { .. }) && (next != state || !effects.is_empty()) {
                return Err(format!("{input:?} moves a transaction that is over"));
            }
            let world = after(world, state, input, &effects)?;
            transitions += 1;
            let fresh = seen.len();
            let reached = *seen.entry(format!("{:?}", (next, world))).or_insert(fresh);
            if reached == fresh {
                queue.push_back((next, world, fresh));
                edges.push(vec![]);
                done.push(false);
            }
            edges[number].push(reached);
        }
    }
    // From everywhere there is a way to the end.
    let mut ends = done;
    loop {
        let more: Vec<usize> =
            (0..ends.len()).filter(|&at| !ends[at] && edges[at].iter().any(|&next| ends[next])).collect();
        if more.is_empty() {
            break;
        }
        for at in more {
            ends[at] = true;
        }
    }
    if let Some(stuck) = ends.iter().position(|end| !end) {
        let name = seen.iter().find(|(_, at)| **at == stuck).map(|(name, _)| name.clone());
        return Err(format!("no way to an end from {name:?}"));
    }
    Ok(Explored { states: seen.len(), transitions })
}

#[test]
fn the_whole_space_keeps_the_promises() {
    let explored = explore(step).unwrap();
    println!("{explored:?}");
    assert_eq!(explored, Explored { states: 152, transitions: 1336 });
}

/// Each promise has a bug that breaks it; a check that does not see the bug is no check.
#[test]
fn planted_bugs_are_seen() {
    let bugs: [(&str, Step, &str); 14] = [
        (
            "sends before the record",
            |state, input| match (state, input) {
                (State::Connecting, Input::Connected) => {
                    (State::Sending { begun: false }, [Effect::Send].into_iter().collect())
                }
                _ => step(state, input),
            },
            "before the start was on disk",
        ),
        (
            "sends again after a failure",
            |state, input| match (state, input) {
                (State::Sending { .. }, Input::SendFailed) => (state, [Effect::Send].into_iter().collect()),
                _ => step(state, input),
            },
            "twice",
        ),
        (
            "takes a broken send for not sent",
            |state, input| match (state, input) {
                (State::Sending { begun: true }, Input::SendFailed) => {
                    step(State::Sending { begun: false }, input)
                }
                _ => step(state, input),
            },
            "nothing was sent although",
        ),
        (
            "takes an uncertain send for not sent",
            |state, input| match (state, input) {
                (State::Sending { .. }, Input::SendUncertain) => {
                    step(State::Sending { begun: false }, Input::SendFailed)
                }
                _ => step(state, input),
            },
            "nothing was sent although",
        ),
        (
            "reports a cancel as an outcome",
            |state, input| match (state, input) {
                (State::Waiting { .. }, Input::CancelRequested) => step(State::Connecting, input),
                _ => step(state, input),
            },
            "nothing was sent although",
        ),
        (
            "takes silence for a refusal",
            |state, input| match (state, input) {
                (
                    State::Waiting { .. },
                    Input::AnswerEnded { outcome: Outcome::Approved { .. }, answered },
                ) => {
                    let outcome = Outcome::Declined { refusal: Refusal::Refused };
                    step(state, Input::AnswerEnded { outcome, answered })
                }
                _ => step(state, input),
            },
            "told declined",
        ),
        (
            "says journaled although the write failed",
            |state, input| match (state, input) {
                (State::RecordingEnd(verdict), Input::JournalFailed(_)) => {
                    step(State::RecordingEnd(verdict), Input::Journaled)
                }
                _ => step(state, input),
            },
            "disagree",
        ),
        (
            "never ends after a failed write",
            |state, input| match (state, input) {
                (State::RecordingEnd(_), Input::JournalFailed(_) | Input::Journaled) => {
                    (state, Effects::new())
                }
                (State::AwaitingJournal(_), Input::GivenUp) => (state, Effects::new()),
                _ => step(state, input),
            },
            "no way to an end",
        ),
        (
            "reports before the end is durable",
            |state, input| match (state, input) {
                (State::Waiting { .. }, Input::AnswerEnded { outcome, .. }) => {
                    let (next, mut effects) = step(state, input);
                    effects.push(Effect::Report(Verdict { outcome, proof: Proof::Answered }));
                    (next, effects)
                }
                _ => step(state, input),
            },
            "before the journal has answered",
        ),
        (
            "drops a contradiction after the verdict",
            |state, input| match (state, input) {
                (State::Reported { .. }, Input::Contradicted) => (state, Effects::new()),
                _ => step(state, input),
            },
            "dropped",
        ),
        (
            "frees the terminal while the dispute is being recorded",
            |state, input| match (state, input) {
                (State::Reported { verdict, journaled, .. }, Input::Released) => {
                    let state = State::Reported { verdict, journaled, dispute: Dispute::Recorded };
                    step(state, input)
                }
                _ => step(state, input),
            },
            "dropped",
        ),
        (
            "frees the terminal with the verdict",
            |state, input| match (state, input) {
                (State::RecordingEnd(_), Input::Journaled) => {
                    let (next, mut effects) = step(state, input);
                    effects.push(Effect::Close);
                    (next, effects)
                }
                _ => step(state, input),
            },
            "freed for the next request",
        ),
        (
            "takes a busy journal for a written end",
            |state, input| match (state, input) {
                (State::RecordingEnd(_), Input::JournalBusy) => step(state, Input::Journaled),
                _ => step(state, input),
            },
            "disagree",
        ),
        (
            "wakes up after the end",
            |state, input| match (state, input) {
                (State::Done { .. }, Input::GivenUp) => (State::Idle, Effects::new()),
                _ => step(state, input),
            },
            "over",
        ),
    ];
    for (name, bug, complaint) in bugs {
        let found = explore(bug).expect_err(name);
        assert!(found.contains(complaint), "{name}: {found}");
    }
}
