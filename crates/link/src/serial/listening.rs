//! A session of the peer's: it calls, speaks and ends, and we acknowledge or refuse. And the end of our own.

use super::step::{Next, called, ignore, keep, received, rest, then};
use super::{Effect, Event, Input, Listening, Opening, Own, Past, Reaction, Rules, SessionEnd, State, Timer};
use crate::frame::Control;

/// Nobody speaks.
pub(super) fn idle<M>(past: Past, input: Input<M>, rules: &Rules) -> Next<M> {
    match (input, rules.readiness.grant()) {
        (Input::Control(Control::Enquiry), Some(grant)) => called(Own::Past(past), grant, false),
        (Input::Message, _) if rules.takes_bare_messages => received(Own::Past(past), 0, false),
        (input, _) => ignore(State::Idle(past), &input),
    }
}

pub(super) fn step<M>(own: Own<M>, phase: Listening, input: Input<M>, rules: &Rules) -> Next<M> {
    let own = if input.is_earlier() { own.called() } else { own };
    let over = |own, end| rest(own, Opening::Clearing, rules, [Effect::Show(Event::Ended(end))]);
    match (phase, input) {
        (Listening::Closing, Input::Expired(Timer::TurnRound)) => {
            let end = [Effect::Send(Control::EndOfSession), Effect::Show(Event::Ended(SessionEnd::Own))];
            rest(own, Opening::Pausing, rules, end)
        }
        // A peer that does not wait for our EOT gets none: it might take it for the end of its own session.
        (Listening::Closing, Input::Control(Control::Enquiry)) => match rules.readiness.grant() {
            Some(grant) => called(own, grant, false),
            None => ignore(State::Listening { own, phase }, &Input::Control(Control::Enquiry)),
        },
        (Listening::Closing, Input::Message) if rules.takes_bare_messages => received(own, 0, false),

        (Listening::Called { grant: true }, Input::Expired(Timer::TurnRound)) => {
            let phase = Listening::Receiving { refused: 0 };
            then(State::Listening { own, phase }, [Effect::Send(Control::Acknowledge)])
        }
        (Listening::Called { grant: false }, Input::Expired(Timer::TurnRound)) => {
            rest(own, Opening::Clearing, rules, [Effect::Send(Control::Refuse)])
        }
        // It tries anew, or has given up: nobody waits for our answer any more.
        (Listening::Called { .. }, Input::Control(Control::EndOfSession)) => {
            rest(own, Opening::Clearing, rules, [Effect::Show(Event::CalledOff)])
        }
        // A peer that does not wait for our acknowledgements still gets each of them.
        (Listening::Called { grant: true }, Input::Message) => {
            let (state, told) = received(own, 0, false);
            (state, [Effect::Send(Control::Acknowledge)].into_iter().chain(told).collect())
        }
        (Listening::Called { grant: true }, Input::BadFrame) => {
            let phase = Listening::Judging { refused: 0, good: false };
            then(State::Listening { own, phase }, [Effect::Send(Control::Acknowledge)])
        }

        (Listening::Receiving { refused }, Input::Message) => received(own, refused, false),
        (Listening::Receiving { refused }, Input::BadFrame) => {
            keep(State::Listening { own, phase: Listening::Judging { refused, good: false } })
        }
        (Listening::Receiving { .. } | Listening::Ending, Input::Control(Control::EndOfSession)) => {
            over(own, SessionEnd::Peer)
        }
        (Listening::Receiving { .. }, Input::Expired(Timer::Message))
        | (Listening::Ending, Input::Expired(Timer::End)) => over(own, SessionEnd::Silence),

        (Listening::Judging { refused, good }, Input::Expired(Timer::TurnRound)) => {
            let reaction = if good { rules.on_message } else { rules.on_bad_frame };
            react(own, refused, reaction, rules)
        }
        (Listening::Judging { refused, .. }, Input::Message) => received(own, refused, true),
        // The peer has not waited for our word, and hears it no more.
        (Listening::Judging { .. }, Input::Control(Control::EndOfSession)) => over(own, SessionEnd::Peer),

        // Our acknowledgement was lost, or it goes on.
        (Listening::Ending, Input::Message) => received(own, 0, true),
        (Listening::Ending, Input::BadFrame) => {
            keep(State::Listening { own, phase: Listening::Judging { refused: 0, good: false } })
        }

        // A session anew: the peer has not heard our word, or has left out its EOT.
        (
            Listening::Receiving { .. } | Listening::Judging { .. } | Listening::Ending,
            Input::Control(Control::Enquiry),
        ) => match rules.readiness.grant() {
            Some(grant) => called(own, grant, false),
            None => ignore(State::Listening { own, phase }, &Input::Control(Control::Enquiry)),
        },

        (phase, input) => ignore(State::Listening { own, phase }, &input),
    }
}

/// The word on the peer's frame.
fn react<M>(own: Own<M>, refused: u8, reaction: Reaction, rules: &Rules) -> Next<M> {
    let dropped = Effect::Show(Event::Ended(SessionEnd::Dropped));
    match reaction {
        Reaction::Acknowledge => {
            then(State::Listening { own, phase: Listening::Ending }, [Effect::Send(Control::Acknowledge)])
        }
        Reaction::Refuse if refused < rules.bad_frames => {
            let phase = Listening::Receiving { refused: refused.saturating_add(1) };
            then(State::Listening { own, phase }, [Effect::Send(Control::Refuse)])
        }
        Reaction::Refuse => rest(own, Opening::Clearing, rules, [dropped]),
        Reaction::EndSession => {
            rest(own, Opening::Clearing, rules, [Effect::Send(Control::EndOfSession), dropped])
        }
        Reaction::AskAndEnd => rest(
            own,
            Opening::Clearing,
            rules,
            [Effect::Send(Control::Enquiry), Effect::Send(Control::EndOfSession), dropped],
        ),
        Reaction::Silence => keep(State::Listening { own, phase: Listening::Receiving { refused } }),
    }
}
