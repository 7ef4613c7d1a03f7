//! Our message on the line: it is emitted, then acknowledged, refused or neither. Nothing here emits a message a second
//! time unless a permit for that is left, and for a request none is.

use super::step::{Next, called, gave_up, ignore, keep, received, rest, then};
use super::{
    Contention, Effect, Event, Input, Instead, Listening, Opening, Own, Past, Proof, Rules, SessionEnd,
    Speaking, Spent, State, Timer,
};
use crate::frame::Control;

pub(super) fn step<M>(spent: Spent<M>, phase: Speaking, input: Input<M>, rules: &Rules) -> Next<M> {
    let out = |spent, drained| State::Speaking { spent, phase: Speaking::AwaitingReceipt { drained } };
    match (phase, input) {
        (Speaking::Emitting { .. }, Input::Sent { all: false }) => {
            keep(State::Speaking { spent, phase: Speaking::Emitting { begun: true } })
        }
        (Speaking::Emitting { .. }, Input::Sent { all: true }) => {
            then(out(spent, false), [Effect::Show(Event::Emitted)])
        }
        // Not a byte was accepted: proven.
        (Speaking::Emitting { begun: false }, Input::SendFailed | Input::Unsent) => unsent(&spent, rules),
        (Speaking::AwaitingReceipt { drained: false }, Input::Drained) => {
            then(out(spent, true), [Effect::Show(Event::Drained)])
        }
        // A part may be with the peer, which may even act on it.
        (
            Speaking::Emitting { .. } | Speaking::AwaitingReceipt { drained: false },
            Input::SendFailed | Input::SendUncertain,
        ) => then(out(spent, true), [Effect::Show(Event::SendBroken)]),

        (Speaking::AwaitingReceipt { drained: true }, input) => awaiting_receipt(spent, input, rules),
        (phase, input) => overheard(spent, phase, &input, rules),
    }
}

/// Our message was taken back, or the system did not take a byte of it. The session that the peer granted is ended.
fn unsent<M>(spent: &Spent<M>, rules: &Rules) -> Next<M> {
    let (past, proof) =
        if spent.spoken { (spent.past(), Proof::PerhapsSent) } else { (Past::Nothing, Proof::NothingSent) };
    close(Own::Past(past), rules.ends_failed_attempts, rules, [gave_up(proof)])
}

/// The peer says something while our message has not left entirely. That is no answer to it, and shows that the peer has
/// something earlier to say.
fn overheard<M>(spent: Spent<M>, phase: Speaking, input: &Input<M>, rules: &Rules) -> Next<M> {
    let told = matches!(input, Input::Message) && rules.takes_bare_messages;
    let doubt = spent.doubt || input.is_earlier();
    let standing = spent.standing();
    let state = State::Speaking { spent: Spent { doubt, ..spent }, phase };
    if told {
        then(state, [Effect::Show(Event::Received { standing, again: false })])
    } else {
        ignore(state, input)
    }
}

fn awaiting_receipt<M>(spent: Spent<M>, input: Input<M>, rules: &Rules) -> Next<M> {
    let gives_way = rules.contention == Contention::Yield;
    match (input, rules.readiness.grant()) {
        (Input::Control(Control::Acknowledge), _) => {
            let own = Own::Past(spent.past());
            close(own, rules.ends_delivered, rules, [Effect::Show(Event::Delivered)])
        }
        (Input::Control(Control::Refuse), _) => match spent.again() {
            // The session is still ours: it is said once more after the turn-round.
            Ok(call) => {
                then(State::Opening { call, phase: Opening::Granted }, [Effect::Show(Event::Refused)])
            }
            Err(past) => {
                let told = [Effect::Show(Event::Refused), gave_up(Proof::PerhapsSent)];
                close(Own::Past(past), rules.ends_undelivered, rules, told)
            }
        },
        (Input::Control(Control::EndOfSession), _) => {
            let (own, told) = unacknowledged(spent, Instead::EndOfSession);
            let ended = [Effect::Show(Event::Ended(SessionEnd::Peer))];
            rest(own, Opening::Pausing, rules, told.chain(ended))
        }
        (Input::Expired(Timer::Receipt), _) => {
            let (own, told) = unacknowledged(spent, Instead::Silence);
            let end = rules.ends_undelivered.then_some(Effect::Send(Control::EndOfSession));
            let ended = [Effect::Show(Event::Ended(SessionEnd::Own))];
            rest(own, Opening::Pausing, rules, end.into_iter().chain(told).chain(ended))
        }
        // Perhaps with our answer.
        (Input::Control(Control::Enquiry), Some(grant)) if gives_way => {
            let (own, told) = unacknowledged(spent, Instead::Enquiry);
            let (state, more) = called(own, grant, true);
            (state, told.chain(more).collect())
        }
        (Input::Message, _) if rules.takes_bare_messages => {
            let (own, told) = unacknowledged(spent, Instead::Message);
            let (state, more) = received(own, 0, false);
            (state, told.chain(more).collect())
        }
        (input, _) => {
            let phase = Speaking::AwaitingReceipt { drained: true };
            ignore(State::Speaking { spent, phase }, &input)
        }
    }
}

/// Our session ends: with an EOT after the turn-round, or without.
fn close<M, const N: usize>(own: Own<M>, with_end: bool, rules: &Rules, told: [Effect<M>; N]) -> Next<M> {
    if with_end {
        then(State::Listening { own, phase: Listening::Closing }, told)
    } else {
        rest(
            own,
            Opening::Pausing,
            rules,
            told.into_iter().chain([Effect::Show(Event::Ended(SessionEnd::Own))]),
        )
    }
}

/// Something else than a word on our message has come. Another copy is left to be said, or nothing is.
fn unacknowledged<M>(spent: Spent<M>, instead: Instead) -> (Own<M>, impl Iterator<Item = Effect<M>>) {
    let (own, over) = match spent.again() {
        Ok(call) => (Own::Wanted(call), None),
        Err(past) => (Own::Past(past), Some(gave_up(Proof::PerhapsSent))),
    };
    (own, [Effect::Show(Event::Unacknowledged(instead))].into_iter().chain(over))
}
