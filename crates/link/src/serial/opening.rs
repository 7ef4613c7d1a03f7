//! Asking for the line: ENQ, and what answers it.

use super::step::{Next, called, failed, ignore, keep, received, then};
use super::{
    AttemptFailure, Call, Contention, Effect, Errand, Event, Input, Listening, Opening, Own, Permit, Rules,
    SessionEnd, Speaking, Spent, State, Timer,
};
use crate::frame::Control;

pub(super) fn step<M: Permit>(call: Call<M>, phase: Opening, input: Input<M>, rules: &Rules) -> Next<M> {
    let asked = matches!(phase, Opening::Calling { .. } | Opening::Granted);
    let yields = !asked || rules.contention == Contention::Yield;
    let call = Call { doubt: call.doubt || input.is_earlier(), ..call };
    match (phase, input) {
        (Opening::Clearing, Input::Expired(Timer::Clear))
        | (Opening::Pausing, Input::Expired(Timer::Pause)) => {
            let call = Call { attempt: call.attempt.saturating_add(1), ..call };
            let phase = Opening::Calling { drained: false };
            then(State::Opening { call, phase }, [Effect::Send(Control::Enquiry)])
        }

        (Opening::Calling { drained: false }, Input::Drained | Input::SendUncertain) => {
            keep(State::Opening { call, phase: Opening::Calling { drained: true } })
        }
        (Opening::Calling { .. }, Input::SendFailed) => {
            failed(call, AttemptFailure::SendFailed, false, rules)
        }
        (Opening::Calling { drained: true }, Input::Control(Control::Acknowledge)) => {
            then(State::Opening { call, phase: Opening::Granted }, [Effect::Show(Event::Opened)])
        }
        (Opening::Calling { drained: true } | Opening::Granted, Input::Control(Control::Refuse)) => {
            if !rules.ends_failed_attempts {
                return failed(call, AttemptFailure::Refused, false, rules);
            }
            then(
                State::Listening { own: Own::Wanted(call), phase: Listening::Closing },
                [Effect::Show(Event::AttemptFailed(AttemptFailure::Refused))],
            )
        }
        (Opening::Calling { drained: true }, Input::Expired(Timer::Enquiry)) => {
            failed(call, AttemptFailure::Silence, true, rules)
        }

        // The peer takes the line back.
        (Opening::Granted, Input::Control(Control::EndOfSession)) => {
            failed(call, AttemptFailure::Ended, false, rules)
        }
        (Opening::Granted, Input::Expired(Timer::TurnRound)) => granted(call),

        (phase, input @ Input::Control(Control::Enquiry)) => match rules.readiness.grant() {
            Some(grant) if yields => called(Own::Wanted(call), grant, asked),
            _ => ignore(State::Opening { call, phase }, &input),
        },
        (_, Input::Message) if rules.takes_bare_messages => received(Own::Wanted(call), 0, false),
        (phase, input) => ignore(State::Opening { call, phase }, &input),
    }
}

/// The line is ours.
fn granted<M: Permit>(call: Call<M>) -> Next<M> {
    let past = call.past();
    let Call { errand, attempt, doubt, spoken } = call;
    match errand {
        Errand::Ping => then(
            State::Idle(past),
            [Effect::Send(Control::EndOfSession), Effect::Show(Event::Ended(SessionEnd::Own))],
        ),
        Errand::Say(message) => {
            let (emitted, spare) = message.spend();
            let spent = Spent { spare, attempt, doubt, spoken };
            let phase = Speaking::Emitting { begun: false };
            then(State::Speaking { spent, phase }, [Effect::Emit(emitted)])
        }
    }
}
