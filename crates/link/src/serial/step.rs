//! The transition function: pure, generic over the permit, and the one that is model-checked.

use arrayvec::ArrayVec;

use super::{
    AttemptFailure, Call, Errand, Event, Listening, Opening, Own, Past, Permit, Proof, Rules, State, Timer,
    listening, opening, speaking,
};
use crate::frame::Control;

/// What can happen to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Input<M> {
    /// The owner has an errand.
    Speak(Errand<M>),
    /// The owner takes the errand back, or its time is over. Once the message is with the system this changes nothing.
    Withdraw,
    /// A control character came, outside a frame.
    Control(Control),
    /// A message came: a frame whose check byte is right.
    Message,
    /// A frame came that is none, or the line fell silent inside one.
    BadFrame,
    /// The system accepted some bytes of our message, or all that were left.
    Sent {
        /// Whether nothing of it is left.
        all: bool,
    },
    /// Our enquiry or message has left the machine.
    Drained,
    /// The system accepts no more of our enquiry or message; what it has accepted was told.
    SendFailed,
    /// The sending ended, and some of it may have been accepted.
    SendUncertain,
    /// The message is taken back: it has not even been handed to the system.
    Unsent,
    /// The timer of the state has fired.
    Expired(Timer),
    /// The line is gone.
    Closed,
}

impl<M> Input<M> {
    /// Whether the peer shows that it has something to say: before our message is on the line, something earlier.
    pub(super) const fn is_earlier(&self) -> bool {
        matches!(self, Self::Control(Control::Enquiry) | Self::Message)
    }
}

/// What a step makes happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect<M> {
    /// Put a control character on the line.
    Send(Control),
    /// Put the message on the line: the permit for it has left the state.
    Emit(M),
    /// Tell the owner.
    Show(Event),
}

/// The effects of one step, in order.
pub type Effects<M> = ArrayVec<Effect<M>, MOST_EFFECTS>;

/// The most effects of one step.
const MOST_EFFECTS: usize = 4;

/// A step's result.
pub(super) type Next<M> = (State<M>, Effects<M>);

/// One transition. An input that means nothing in a state changes nothing; if it came from the line, the owner is told.
///
/// The function moves permits and can neither copy nor make one: what it emits was handed to it by [`Input::Speak`].
///
/// ```
/// use caisse_link::frame::Control;
/// use caisse_link::serial::{Effect, Errand, Event, Input, Once, Rules, State, Timer, step};
///
/// let rules = Rules::TILL;
/// let (state, _) = step(State::START, Input::Speak(Errand::Say(Once)), &rules);
/// let (state, effects) = step(state, Input::Expired(Timer::Clear), &rules);
/// assert_eq!(effects.as_slice(), [Effect::Send(Control::Enquiry)]);
/// let (state, _) = step(state, Input::Drained, &rules);
/// let (state, effects) = step(state, Input::Control(Control::Acknowledge), &rules);
/// assert_eq!(effects.as_slice(), [Effect::Show(Event::Opened)]);
/// let (_state, effects) = step(state, Input::Expired(Timer::TurnRound), &rules);
/// assert_eq!(effects.as_slice(), [Effect::Emit(Once)]);
/// ```
#[must_use]
pub fn step<M: Permit>(state: State<M>, input: Input<M>, rules: &Rules) -> (State<M>, Effects<M>) {
    match (state, input) {
        (State::Closed, _) => keep(State::Closed),
        (state, Input::Closed) => closed(&state),
        (state, Input::Speak(errand)) => speak(state, errand),
        (state, Input::Withdraw) => withdraw(state),
        (State::Idle(past), input) => listening::idle(past, input, rules),
        (State::Opening { call, phase }, input) => opening::step(call, phase, input, rules),
        (State::Speaking { spent, phase }, input) => speaking::step(spent, phase, input, rules),
        (State::Listening { own, phase }, input) => listening::step(own, phase, input, rules),
    }
}

fn closed<M>(state: &State<M>) -> Next<M> {
    let proof = match state {
        // The system may have taken some of it.
        State::Speaking { .. } => Some(Proof::PerhapsSent),
        state => state.call().map(Call::proof),
    };
    let gave_up = proof.map(|proof| Event::GaveUp { proof });
    (State::Closed, gave_up.into_iter().chain([Event::Closed]).map(Effect::Show).collect())
}

/// A new errand, one at a time: begun when nobody speaks, noted while someone does.
fn speak<M>(state: State<M>, errand: Errand<M>) -> Next<M> {
    let call = |past: Past, doubt| Call { errand, attempt: 0, doubt: doubt || past.owes(), spoken: false };
    match state {
        State::Idle(past) => keep(State::Opening { call: call(past, false), phase: Opening::Clearing }),
        State::Listening { own: Own::Past(past), phase } => {
            let peer_speaks = phase != Listening::Closing;
            keep(State::Listening { own: Own::Wanted(call(past, peer_speaks)), phase })
        }
        state => keep(state),
    }
}

/// The errand is taken back. A session that we asked for is ended, one of the peer's goes on.
fn withdraw<M>(state: State<M>) -> Next<M> {
    match state {
        State::Opening { call, phase } => {
            let asked = matches!(phase, Opening::Calling { .. } | Opening::Granted);
            let end = asked.then_some(Effect::Send(Control::EndOfSession));
            (State::Idle(call.past()), end.into_iter().chain([gave_up(call.proof())]).collect())
        }
        State::Listening { own: Own::Wanted(call), phase } => {
            then(State::Listening { own: Own::Past(call.past()), phase }, [gave_up(call.proof())])
        }
        state => keep(state),
    }
}

/// A state and what happens on the way to it.
pub(super) fn then<M, const N: usize>(state: State<M>, effects: [Effect<M>; N]) -> Next<M> {
    const { assert!(N <= MOST_EFFECTS, "no step has so many effects") };
    (state, effects.into_iter().collect())
}

/// A state without any effect.
pub(super) const fn keep<M>(state: State<M>) -> Next<M> {
    (state, ArrayVec::new_const())
}

/// The state does not use the input. What came from the line is told: it is never an answer.
pub(super) fn ignore<M>(state: State<M>, input: &Input<M>) -> Next<M> {
    match input {
        Input::Control(Control::Enquiry) => then(state, [Effect::Show(Event::Unanswered)]),
        Input::Control(_) | Input::Message => then(state, [Effect::Show(Event::Ignored)]),
        _ => keep(state),
    }
}

pub(super) const fn gave_up<M>(proof: Proof) -> Effect<M> {
    Effect::Show(Event::GaveUp { proof })
}

/// An attempt to open our session has failed: the next one, if there is one. `end` closes what the peer may believe open.
pub(super) fn failed<M>(call: Call<M>, why: AttemptFailure, end: bool, rules: &Rules) -> Next<M> {
    let end = (end && rules.ends_failed_attempts).then_some(Effect::Send(Control::EndOfSession));
    let told = Effect::Show(Event::AttemptFailed(why));
    rest(Own::Wanted(call), Opening::Pausing, rules, end.into_iter().chain([told]))
}

/// The line is free, after these effects: for our errand, within its attempts, or for nobody.
pub(super) fn rest<M>(
    own: Own<M>,
    wait: Opening,
    rules: &Rules,
    effects: impl IntoIterator<Item = Effect<M>>,
) -> Next<M> {
    let mut effects: Effects<M> = effects.into_iter().collect();
    let state = match own {
        Own::Past(past) => State::Idle(past),
        // Nothing has failed yet that a pause would follow.
        Own::Wanted(call) if call.attempt == 0 => State::Opening { call, phase: Opening::Clearing },
        Own::Wanted(call) if call.attempt < rules.attempts => State::Opening { call, phase: wait },
        Own::Wanted(call) => {
            effects.extend([gave_up(call.proof())]);
            State::Idle(call.past())
        }
    };
    (state, effects)
}

/// The peer asks for the line.
pub(super) fn called<M>(own: Own<M>, grant: bool, contention: bool) -> Next<M> {
    let state = State::Listening { own, phase: Listening::Called { grant } };
    then(state, [Effect::Show(Event::Called { contention })])
}

/// A message has come, in a session of the peer's or without one. It is told, and answered after the turn-round.
pub(super) fn received<M>(own: Own<M>, refused: u8, again: bool) -> Next<M> {
    let standing = own.standing();
    let phase = Listening::Judging { refused, good: true };
    then(State::Listening { own: own.answered(), phase }, [Effect::Show(Event::Received { standing, again })])
}
