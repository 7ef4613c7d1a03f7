//! One of ours against a peer that says anything at any time, a system that does anything with what it is handed, and an
//! owner who takes back whenever he likes.

use std::fmt::Debug;
use std::hash::Hash;

use caisse_link::frame::Control;
use caisse_link::serial::{
    Copies, Effect, Errand, Event, Input, Listening, Once, Permit, Proof, Reaction, Readiness, Rules,
    Speaking, Standing, State, step,
};
use stateright::{Checker, Model, Property};

use crate::{Step, promise};

const ERRANDS: u8 = 2;
/// More than a machine left alone needs to come to rest.
const STEPS_TO_REST: usize = 24;

#[derive(Clone)]
pub struct Alone<M> {
    pub step: Step<M>,
    pub rules: Rules,
    pub permit: M,
    /// How often the permit allows the message to go out.
    pub copies: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World<M> {
    state: State<M>,
    begun: u8,
    ended: u8,
    enquiries: u8,
    emissions: u8,
    /// A byte of this errand's message was accepted, or nobody knows.
    accepted: bool,
    /// This errand's message has left, or nobody knows.
    out: bool,
    /// A message of the peer's has come since.
    answered: bool,
    /// The peer had something to say in this errand before our message was out, or owes an answer to the one before.
    earlier: bool,
    broken: Option<&'static str>,
}

impl<M> World<M> {
    fn breaks(&mut self, promise: &'static str) {
        self.broken.get_or_insert(promise);
    }
}

impl<M: Permit + Copy + Eq + Hash + Debug + Send + Sync + 'static> Alone<M> {
    fn play(&self, world: &mut World<M>, input: Input<M>) {
        let emitting = matches!(world.state, State::Speaking { phase: Speaking::Emitting { .. }, .. });
        let speaking = matches!(world.state, State::Speaking { .. });
        match input {
            Input::Speak(_) => {
                let owes = world.out && !world.answered;
                let peer_speaks = match world.state {
                    State::Listening { phase, .. } => phase != Listening::Closing,
                    _ => false,
                };
                (world.begun, world.enquiries, world.emissions) = (world.begun + 1, 0, 0);
                (world.accepted, world.out, world.answered) = (false, false, false);
                // What the machine says of a session of the peer's is believed here: `pair` checks it.
                world.earlier = owes || peer_speaks;
            }
            Input::Sent { .. } if emitting => world.accepted = true,
            Input::SendUncertain if speaking => (world.accepted, world.out) = (true, true),
            Input::SendFailed if speaking && world.accepted => world.out = true,
            Input::Drained if speaking && !emitting => world.out = true,
            _ => {}
        }
        let before = world.state;
        let (next, effects) = (self.step)(before, input, &self.rules);
        world.state = next;
        for effect in effects {
            match effect {
                Effect::Send(Control::Enquiry) if self.rules.on_message != Reaction::AskAndEnd => {
                    world.enquiries += 1;
                    if world.enquiries > self.rules.attempts {
                        world.breaks(promise::ATTEMPTS);
                    }
                }
                Effect::Send(_) => {}
                Effect::Emit(_) => {
                    world.emissions += 1;
                    if world.emissions > self.copies {
                        world.breaks(if self.copies == 1 { promise::ONCE } else { promise::COPIES });
                    }
                    // Of another copy, nothing is accepted yet.
                    world.accepted = world.out;
                }
                Effect::Show(event) => self.told(world, before, input, event),
            }
        }
        match input {
            Input::Message if world.out => world.answered = true,
            Input::Message | Input::Control(Control::Enquiry) => world.earlier |= !world.out,
            _ => {}
        }
    }

    fn told(&self, world: &mut World<M>, before: State<M>, input: Input<M>, event: Event) {
        match event {
            Event::Received { standing, .. } => {
                if input != Input::Message || (standing != Standing::Earlier && !world.out) {
                    world.breaks(promise::EARLIER);
                }
                if standing == Standing::After && world.earlier {
                    world.breaks(promise::EARLIER);
                }
                if standing == Standing::Earlier && world.out {
                    world.breaks(promise::OURS);
                }
            }
            Event::Delivered => {
                world.ended += 1;
                let due = matches!(
                    before,
                    State::Speaking { phase: Speaking::AwaitingReceipt { drained: true }, .. }
                );
                if input != Input::Control(Control::Acknowledge) || !due || !world.out {
                    world.breaks(promise::RECEIPT);
                }
            }
            Event::GaveUp { proof } => {
                world.ended += 1;
                let unknown = input == Input::Closed && proof == Proof::PerhapsSent && world.emissions > 0;
                if !unknown && (proof == Proof::NothingSent) == (world.accepted || world.out) {
                    world.breaks(promise::PROOF);
                }
                let taken_back = matches!(input, Input::Withdraw | Input::Unsent | Input::Closed);
                let not_taken = input == Input::SendFailed && world.emissions > 0;
                let tried_out = world.enquiries == self.rules.attempts || world.emissions == self.copies;
                if !(taken_back || not_taken || tried_out) {
                    world.breaks(promise::ATTEMPTS);
                }
            }
            _ => {}
        }
        if world.ended > world.begun {
            world.breaks(promise::ONE_END);
        }
    }

    /// The peer has fallen silent, and the system works: what is left to come, comes, and then every errand has ended.
    fn comes_to_rest(&self, world: &World<M>) -> bool {
        let mut world = world.clone();
        for _ in 0..STEPS_TO_REST {
            let input = match world.state {
                State::Speaking { phase: Speaking::Emitting { .. }, .. } => Input::Sent { all: true },
                State::Idle(_) | State::Closed => return world.ended == world.begun,
                state => state.timer().map_or(Input::Drained, Input::Expired),
            };
            self.play(&mut world, input);
        }
        false
    }
}

impl<M: Permit + Copy + Eq + Hash + Debug + Send + Sync + 'static> Model for Alone<M> {
    type State = World<M>;
    type Action = Input<M>;

    fn init_states(&self) -> Vec<World<M>> {
        vec![World {
            state: State::START,
            begun: 0,
            ended: 0,
            enquiries: 0,
            emissions: 0,
            accepted: false,
            out: false,
            answered: false,
            earlier: false,
            broken: None,
        }]
    }

    fn actions(&self, world: &World<M>, inputs: &mut Vec<Input<M>>) {
        if world.broken.is_some() {
            return;
        }
        inputs.extend(Control::ALL.map(Input::Control));
        inputs.extend([Input::Message, Input::BadFrame, Input::Withdraw, Input::Closed]);
        let speaking = matches!(world.state, State::Speaking { .. });
        if world.begun < ERRANDS && world.state.call().is_none() && !speaking && world.state != State::Closed
        {
            inputs.push(Input::Speak(Errand::Say(self.permit)));
        }
        inputs.extend(world.state.timer().map(Input::Expired));
        match world.state {
            State::Speaking { phase: Speaking::Emitting { begun }, .. } => {
                inputs.extend([true, false].map(|all| Input::Sent { all }));
                inputs.extend([Input::SendFailed, Input::SendUncertain]);
                if !begun {
                    inputs.push(Input::Unsent);
                }
            }
            state if state.timer().is_none() => {
                inputs.extend([Input::Drained, Input::SendFailed, Input::SendUncertain]);
            }
            _ => {}
        }
    }

    fn next_state(&self, world: &World<M>, input: Input<M>) -> Option<World<M>> {
        let mut next = world.clone();
        self.play(&mut next, input);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        macro_rules! holds {
            ($($promise:ident),*) => {
                vec![
                    Property::always(promise::REST, |model: &Self, world: &World<M>| {
                        world.broken.is_some() || model.comes_to_rest(world)
                    }),
                    $(Property::always(promise::$promise, |_, world: &World<M>| {
                        world.broken != Some(promise::$promise)
                    })),*
                ]
            };
        }
        holds!(ONCE, EARLIER, OURS, RECEIPT, PROOF, ATTEMPTS, COPIES, ONE_END)
    }
}

/// Checks everything; the number of states, or every promise that was broken.
pub fn check<M: Permit + Copy + Eq + Hash + Debug + Send + Sync + 'static>(
    alone: &Alone<M>,
) -> Result<usize, Vec<&'static str>> {
    let checker = alone.clone().checker().threads(2).spawn_bfs().join();
    let discoveries = checker.discoveries();
    for (promise, path) in &discoveries {
        println!("{promise}: {:?}", path.clone().into_actions());
    }
    if discoveries.is_empty() {
        Ok(checker.unique_state_count())
    } else {
        Err(discoveries.into_keys().collect())
    }
}

pub fn till(step: Step<Once>) -> Alone<Once> {
    Alone { step, rules: Rules::TILL, permit: Once, copies: 1 }
}

pub fn terminal(step: Step<Copies>) -> Alone<Copies> {
    Alone {
        step,
        rules: Rules { readiness: Readiness::Ready, ..Rules::TERMINAL },
        permit: Copies { more: 2 },
        copies: 3,
    }
}

#[test]
fn a_till_against_anything() {
    let usual = till(step);
    let quiet = Rules {
        ends_failed_attempts: false,
        ends_delivered: false,
        ends_undelivered: false,
        attempts: 1,
        ..Rules::TILL
    };
    let strict = Rules { takes_bare_messages: false, on_bad_frame: Reaction::Acknowledge, ..Rules::TILL };
    let counts = [Rules::TILL, quiet, strict].map(|rules| check(&Alone { rules, ..usual.clone() }).unwrap());
    println!("a till alone: {counts:?} states");
    assert_eq!(counts, [870, 326, 664]);
}

#[test]
fn a_terminal_against_anything() {
    let usual = terminal(step);
    let reactions = [Reaction::Acknowledge, Reaction::Refuse, Reaction::EndSession, Reaction::Silence];
    let counts = reactions.map(|on_message| {
        check(&Alone { rules: Rules { on_message, ..usual.rules }, ..usual.clone() }).unwrap()
    });
    println!("a terminal alone: {counts:?} states");
    assert_eq!(counts, [3927, 3802, 3802, 3802]);
}
