//! The till against a peer that says anything at any time, a system that does anything with its message, and an owner who
//! loses patience.

use std::hash::{Hash, Hasher};

use caisse_link::frame::Control;
use caisse_payment::Proof;
use stateright::{Checker, Model, Property};

use crate::promise;
use crate::till::{ATTEMPTS, Input, Mistake, Till, comes_to_rest, play};

pub const OURS: u64 = 2_500;
const OTHER: u64 = 2_600;

#[derive(Clone)]
pub struct Alone {
    pub mistake: Mistake,
    /// How often the peer speaks, at the most.
    pub words: u8,
}

#[derive(Clone, Debug)]
pub struct World {
    inputs: Vec<Input>,
    pub till: Till,
    words: u8,
    /// A byte of the message was accepted, or nobody knows.
    accepted: bool,
    /// A result that is ours by its content came when the message could be out: approved, refused.
    matched: [bool; 2],
    /// The till was hindered: nothing can be said of how often it asks.
    hindered: bool,
    broken: Option<&'static str>,
}

impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        (self.till.key, self.words, self.accepted, self.matched, self.hindered)
            == (other.till.key, other.words, other.accepted, other.matched, other.hindered)
    }
}

impl Eq for World {}

impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.till.key, self.words, self.accepted, self.matched, self.hindered).hash(state);
    }
}

const WORDS: [Input; 9] = [
    Input::Control(Control::Enquiry),
    Input::Control(Control::Acknowledge),
    Input::Control(Control::Refuse),
    Input::Control(Control::EndOfSession),
    Input::Result { minor: OURS, approved: true },
    Input::Result { minor: OURS, approved: false },
    Input::Result { minor: OTHER, approved: true },
    Input::Result { minor: OTHER, approved: false },
    Input::Bad,
];

impl Alone {
    fn after(&self, world: &World, input: Input) -> World {
        let mut next = world.clone();
        next.inputs.push(input);
        next.words += u8::from(WORDS.contains(&input));
        // A time that ends while the system has the message in its hands leaves that unknown.
        next.accepted |= matches!(input, Input::Leaves | Input::Stuck | Input::Breaks)
            || (input == Input::Timer && world.till.sending);
        next.hindered |= !matches!(input, Input::Timer);
        // A session may say that its message is out only when it is: the till has to hold the result against that.
        if let Input::Result { minor: OURS, approved } = input
            && next.accepted
        {
            next.matched[usize::from(approved)] = true;
        }
        next.till = play(OURS, &next.inputs, self.mistake);
        next.broken = self.broken(&next);
        next
    }

    fn broken(&self, world: &World) -> Option<&'static str> {
        let Till { messages, enquiries, unrecorded, verdict, .. } = &world.till;
        if *messages > 1 {
            return Some(promise::ONCE);
        }
        if *unrecorded {
            return Some(promise::RECORD);
        }
        if *enquiries > ATTEMPTS {
            return Some(promise::ATTEMPTS);
        }
        let Some(verdict) = verdict else {
            let rests = comes_to_rest(OURS, &world.inputs, self.mistake);
            return (!rests).then_some(promise::REST);
        };
        let nothing = verdict.proof == Proof::NothingSent;
        if nothing && world.accepted {
            return Some(promise::PROOF);
        }
        // Left alone it has asked as often as it should.
        if !world.hindered && (*enquiries != ATTEMPTS || !nothing) {
            return Some(promise::ATTEMPTS);
        }
        match verdict.outcome.name() {
            "approved" if !world.matched[1] => Some(promise::APPROVED),
            "declined" | "cancelled" if !world.matched[0] => Some(promise::REFUSED),
            "not_sent" | "blocked" if !nothing => Some(promise::REFUSED),
            _ => None,
        }
    }
}

impl Model for Alone {
    type State = World;
    type Action = Input;

    fn init_states(&self) -> Vec<World> {
        let till = play(OURS, &[], self.mistake);
        let matched = [false; 2];
        vec![World {
            inputs: vec![],
            till,
            words: 0,
            accepted: false,
            matched,
            hindered: false,
            broken: None,
        }]
    }

    fn actions(&self, world: &World, inputs: &mut Vec<Input>) {
        if world.till.verdict.is_some() || world.broken.is_some() {
            return;
        }
        inputs.extend([Input::Timer, Input::Closes, Input::GivesUp]);
        if world.till.sending {
            inputs.extend([Input::Leaves, Input::Stuck, Input::Fails, Input::Breaks]);
        }
        if world.words < self.words {
            inputs.extend(WORDS);
        }
    }

    fn next_state(&self, world: &World, input: Input) -> Option<World> {
        Some(self.after(world, input))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        macro_rules! holds {
            ($($promise:ident),*) => {
                vec![$(Property::always(promise::$promise, |_: &Self, world: &World| {
                    world.broken != Some(promise::$promise)
                })),*]
            };
        }
        holds!(ONCE, APPROVED, REFUSED, PROOF, ATTEMPTS, RECORD, REST)
    }
}

/// Checks everything; the number of states, or every promise that was broken.
pub fn check(alone: &Alone) -> Result<usize, Vec<&'static str>> {
    let checker = alone.clone().checker().threads(2).spawn_bfs().join();
    let discoveries = checker.discoveries();
    for (promise, path) in &discoveries {
        println!("{:?}: {promise}: {:?}", alone.mistake, path.clone().into_actions());
    }
    if discoveries.is_empty() {
        Ok(checker.unique_state_count())
    } else {
        Err(discoveries.into_keys().collect())
    }
}

#[test]
fn a_till_against_anything() {
    let states = check(&Alone { mistake: Mistake::None, words: 4 });
    println!("a till alone: {states:?} states");
    assert_eq!(states, Ok(44_150));
}

#[test]
#[ignore = "a minute: to be run when the machine has changed"]
fn a_till_against_anything_for_longer() {
    let states = check(&Alone { mistake: Mistake::None, words: 5 });
    println!("a till alone: {states:?} states");
    assert_eq!(states, Ok(186_324));
}
