//! The probe: whatever a peer does, nothing but ENQ and EOT leaves it.

mod support;

use std::collections::{BTreeSet, HashSet, VecDeque};

use caisse_link::Instant;
use caisse_link::frame::Control;
use caisse_link::serial::{
    AttemptFailure, Effect, Errand, Event as E, Input, Never, Probe, ProbeAction, Proof, Readiness, Rules,
    SerialConfig, SessionEnd, SpeakError, State, Timer, step,
};
use support::{ACK, ANSWER, ENQ, EOT, NAK, framed};

/// Runs a probe against a peer that answers each enquiry so; what was sent, and what was told.
fn probe(answer: &[u8]) -> (Vec<u8>, Vec<E>) {
    let mut storage = [0; 512];
    let mut probe = Probe::new(SerialConfig::TILL, &mut storage);
    let mut now = Instant::from_millis(0);
    probe.start(now).unwrap();
    assert_eq!(probe.start(now), Err(SpeakError::Busy));
    let (mut sent, mut told) = (vec![], vec![]);
    loop {
        match probe.poll() {
            ProbeAction::Send(control) => {
                sent.push(control.byte());
                probe.handle_sent(now, 1);
                probe.handle_drained(now);
                if control == Control::Enquiry {
                    let mut input = answer;
                    while !input.is_empty() {
                        probe.handle_input(now, &mut input);
                    }
                }
            }
            ProbeAction::Event(event) => told.push(event),
            ProbeAction::Wait { until } => {
                assert_eq!(until, probe.deadline());
                let Some(until) = until else { break };
                now = until;
                probe.handle_timeout(now);
            }
        }
    }
    assert!(probe.is_idle());
    assert_eq!(
        usize::try_from(probe.counters().enquiries).unwrap(),
        sent.iter().filter(|it| **it == 5).count()
    );
    (sent, told)
}

#[test]
fn it_asks_and_gives_the_line_back() {
    assert_eq!(probe(ACK), (vec![5, 4], vec![E::Opened, E::Ended(SessionEnd::Own)]));
}

#[test]
fn what_happened_can_be_asked_before_anything_is_sent() {
    let mut storage = [0; 512];
    let mut probe = Probe::new(SerialConfig::TILL, &mut storage);
    let now = Instant::from_millis(0);
    probe.start(now).unwrap();
    probe.handle_timeout(probe.deadline().unwrap());
    assert_eq!((probe.poll_event(), probe.poll()), (None, ProbeAction::Send(Control::Enquiry)));
    probe.handle_sent(now, 1);
    probe.handle_drained(now);
    let mut granted = ACK;
    probe.handle_input(now, &mut granted);
    assert_eq!((probe.poll_event(), probe.poll_event()), (Some(E::Opened), None));
}

#[test]
fn it_tells_busy_from_silent() {
    let gave_up = E::GaveUp { proof: Proof::NothingSent };
    let (sent, told) = probe(NAK);
    assert_eq!(sent, [5, 4, 5, 4, 5, 4]);
    assert!(told.contains(&E::AttemptFailed(AttemptFailure::Refused)) && told.contains(&gave_up));
    let (sent, told) = probe(&[]);
    assert_eq!(sent, [5, 4, 5, 4, 5, 4]);
    let failed = E::AttemptFailed(AttemptFailure::Silence);
    assert_eq!(told, [failed, failed, failed, gave_up]);
}

#[test]
fn a_result_is_left_for_the_till() {
    let (sent, told) = probe(&[ENQ, framed(ANSWER).as_slice(), EOT].concat());
    assert_eq!(sent, [5, 4, 5, 4, 5, 4]);
    assert!(told.contains(&E::Unanswered) && told.contains(&E::Ignored));
    assert!(!told.iter().any(|event| matches!(event, E::Received { .. })));
}

#[test]
fn cut_short_it_ends_what_it_has_opened() {
    let mut storage = [0; 512];
    let mut probe = Probe::new(SerialConfig::TILL, &mut storage);
    let now = Instant::from_millis(0);
    probe.start(now).unwrap();
    probe.handle_timeout(Instant::from_millis(30));
    assert_eq!(probe.poll(), ProbeAction::Send(Control::Enquiry));
    probe.handle_send_failed(now, 1);
    probe.withdraw(now);
    assert_eq!(probe.poll(), ProbeAction::Event(E::GaveUp { proof: Proof::NothingSent }));
    assert_eq!(probe.poll(), ProbeAction::Send(Control::EndOfSession));
    probe.handle_closed(now);
    assert_eq!(probe.poll(), ProbeAction::Event(E::Closed));
    assert_eq!(probe.start(now), Err(SpeakError::Closed));
    assert!(!probe.is_idle());
}

/// Every state that the transition function reaches without a permit, by every input and under every readiness: its whole
/// output alphabet.
#[test]
fn nothing_but_control_characters_can_leave_it() {
    let timers = [
        Timer::Clear,
        Timer::Pause,
        Timer::Enquiry,
        Timer::Receipt,
        Timer::Message,
        Timer::End,
        Timer::TurnRound,
    ];
    let inputs: Vec<Input<Never>> = [
        Input::Speak(Errand::Ping),
        Input::Withdraw,
        Input::Message,
        Input::BadFrame,
        Input::Sent { all: false },
        Input::Sent { all: true },
        Input::Drained,
        Input::SendFailed,
        Input::SendUncertain,
        Input::Unsent,
        Input::Closed,
    ]
    .into_iter()
    .chain(Control::ALL.map(Input::Control))
    .chain(timers.map(Input::Expired))
    .collect();
    let mut sent = BTreeSet::new();
    let mut states = 0;
    for readiness in [Readiness::Mute, Readiness::Ready] {
        for takes_bare_messages in [false, true] {
            let rules = Rules { readiness, takes_bare_messages, ..Rules::TILL };
            let mut seen = HashSet::from([State::<Never>::START]);
            let mut queue = VecDeque::from([State::<Never>::START]);
            while let Some(state) = queue.pop_front() {
                assert!(!matches!(state, State::Speaking { .. }));
                for input in &inputs {
                    let (next, effects) = step(state, *input, &rules);
                    for effect in effects {
                        match effect {
                            Effect::Send(control) => {
                                let of_a_probe = readiness == Readiness::Mute && !takes_bare_messages;
                                if of_a_probe {
                                    sent.insert(control.byte());
                                }
                            }
                            Effect::Emit(permit) => match permit {},
                            Effect::Show(_) => {}
                        }
                    }
                    if seen.insert(next) {
                        queue.push_back(next);
                    }
                }
            }
            states += seen.len();
        }
    }
    assert_eq!(sent.into_iter().collect::<Vec<_>>(), [4, 5], "EOT and ENQ");
    assert_eq!(states, 345);
}
