//! A mistake for each promise, planted around the transition function, and seen.

use std::collections::BTreeSet;

use caisse_link::frame::Control;
use caisse_link::serial::{
    Call, Copies, Effect, Effects, Errand, Event, Input, Once, Opening, Own, Permit, Proof, Rules, Speaking,
    Spent, Standing, State, Timer, step,
};

use crate::pair::{self, OURS, Pair, Troubles};
use crate::{Step, alone, promise};

type Next<M> = (State<M>, Effects<M>);

const AWAITING: Speaking = Speaking::AwaitingReceipt { drained: true };

fn again(spent: Spent<Once>, phase: Opening) -> State<Once> {
    let Spent { attempt, doubt, .. } = spent;
    State::Opening { call: Call { errand: Errand::Say(Once), attempt, doubt, spoken: true }, phase }
}

fn says_it_again_when_refused(state: State<Once>, input: Input<Once>, rules: &Rules) -> Next<Once> {
    match (state, input) {
        (State::Speaking { spent, phase: AWAITING }, Input::Control(Control::Refuse)) => {
            (again(spent, Opening::Granted), Effects::new())
        }
        _ => step(state, input, rules),
    }
}

fn says_it_again_when_nothing_comes(state: State<Once>, input: Input<Once>, rules: &Rules) -> Next<Once> {
    match (state, input) {
        (State::Speaking { spent, phase: AWAITING }, Input::Expired(Timer::Receipt)) => {
            (again(spent, Opening::Pausing), Effects::new())
        }
        _ => step(state, input, rules),
    }
}

fn told<M: Permit + Copy>(
    state: State<M>,
    input: Input<M>,
    rules: &Rules,
    change: impl Fn(Event) -> Event,
) -> Next<M> {
    let (next, effects) = step(state, input, rules);
    let changed = effects.into_iter().map(|effect| match effect {
        Effect::Show(event) => Effect::Show(change(event)),
        effect => effect,
    });
    (next, changed.collect())
}

fn takes_everything_for_ours(state: State<Once>, input: Input<Once>, rules: &Rules) -> Next<Once> {
    told(state, input, rules, |event| match event {
        Event::Received { again, .. } => Event::Received { standing: Standing::After, again },
        event => event,
    })
}

fn files_ours_as_an_earlier_one(state: State<Once>, input: Input<Once>, rules: &Rules) -> Next<Once> {
    told(state, input, rules, |event| match event {
        Event::Received { again, .. } => Event::Received { standing: Standing::Earlier, again },
        event => event,
    })
}

fn forgets_what_the_peer_had_to_say(state: State<Once>, input: Input<Once>, rules: &Rules) -> Next<Once> {
    let (next, effects) = step(state, input, rules);
    let sure = |call: Call<Once>| Call { doubt: false, ..call };
    let next = match next {
        State::Opening { call, phase } => State::Opening { call: sure(call), phase },
        State::Listening { own: Own::Wanted(call), phase } => {
            State::Listening { own: Own::Wanted(sure(call)), phase }
        }
        next => next,
    };
    (next, effects)
}

fn forgets_that_an_answer_is_owed(state: State<Once>, input: Input<Once>, rules: &Rules) -> Next<Once> {
    match (state, input) {
        (State::Idle(_), Input::Speak(_)) => step(State::START, input, rules),
        _ => step(state, input, rules),
    }
}

fn believes_an_acknowledgement_of_what_has_not_left(
    state: State<Once>,
    input: Input<Once>,
    rules: &Rules,
) -> Next<Once> {
    match (state, input) {
        (State::Speaking { spent, .. }, Input::Control(Control::Acknowledge)) => {
            step(State::Speaking { spent, phase: AWAITING }, input, rules)
        }
        _ => step(state, input, rules),
    }
}

fn takes_a_refusal_for_an_acknowledgement(
    state: State<Once>,
    input: Input<Once>,
    rules: &Rules,
) -> Next<Once> {
    match (state, input) {
        (State::Speaking { phase: AWAITING, .. }, Input::Control(Control::Refuse)) => {
            step(state, Input::Control(Control::Acknowledge), rules)
        }
        _ => step(state, input, rules),
    }
}

fn forgets_that_some_was_accepted(state: State<Once>, input: Input<Once>, rules: &Rules) -> Next<Once> {
    match (state, input) {
        (State::Speaking { spent, phase: Speaking::Emitting { .. } }, Input::SendFailed) => {
            step(State::Speaking { spent, phase: Speaking::Emitting { begun: false } }, input, rules)
        }
        _ => step(state, input, rules),
    }
}

fn doubts_what_is_proven(state: State<Once>, input: Input<Once>, rules: &Rules) -> Next<Once> {
    told(state, input, rules, |event| match event {
        Event::GaveUp { .. } => Event::GaveUp { proof: Proof::PerhapsSent },
        event => event,
    })
}

fn asks_once_more(state: State<Once>, input: Input<Once>, rules: &Rules) -> Next<Once> {
    step(state, input, &Rules { attempts: rules.attempts + 1, ..*rules })
}

fn asks_once_less(state: State<Once>, input: Input<Once>, rules: &Rules) -> Next<Once> {
    step(state, input, &Rules { attempts: rules.attempts - 1, ..*rules })
}

fn ends_twice(state: State<Once>, input: Input<Once>, rules: &Rules) -> Next<Once> {
    let (next, mut effects) = step(state, input, rules);
    if effects.contains(&Effect::Show(Event::Delivered)) {
        effects.push(Effect::Show(Event::GaveUp { proof: Proof::PerhapsSent }));
    }
    (next, effects)
}

fn waits_for_ever(state: State<Once>, input: Input<Once>, rules: &Rules) -> Next<Once> {
    match input {
        Input::Expired(Timer::Receipt) => (state, Effects::new()),
        _ => step(state, input, rules),
    }
}

fn never_tires_of_asking(state: State<Once>, input: Input<Once>, rules: &Rules) -> Next<Once> {
    let state = match state {
        State::Opening { call, phase: Opening::Pausing } => {
            State::Opening { call: Call { attempt: 0, ..call }, phase: Opening::Pausing }
        }
        state => state,
    };
    step(state, input, rules)
}

fn never_runs_out_of_copies(state: State<Copies>, input: Input<Copies>, rules: &Rules) -> Next<Copies> {
    let (next, effects) = step(state, input, rules);
    let next = match next {
        State::Speaking { spent, phase } => {
            State::Speaking { spent: Spent { spare: Some(Copies { more: 9 }), ..spent }, phase }
        }
        next => next,
    };
    (next, effects)
}

fn takes_a_copy_for_another_request(
    state: State<Copies>,
    input: Input<Copies>,
    rules: &Rules,
) -> Next<Copies> {
    told(state, input, rules, |event| match event {
        Event::Received { standing, .. } => Event::Received { standing, again: false },
        event => event,
    })
}

/// Against a peer that says anything: every promise that the mistake breaks.
const ALONE: [(&str, Step<Once>, &str); 15] = [
    ("says it again when refused", says_it_again_when_refused, promise::ONCE),
    ("says it again when nothing comes", says_it_again_when_nothing_comes, promise::ONCE),
    ("takes everything for ours", takes_everything_for_ours, promise::EARLIER),
    ("files ours as an earlier one", files_ours_as_an_earlier_one, promise::OURS),
    ("forgets what the peer had to say", forgets_what_the_peer_had_to_say, promise::EARLIER),
    ("forgets that an answer is owed", forgets_that_an_answer_is_owed, promise::EARLIER),
    (
        "believes an acknowledgement of what has not left",
        believes_an_acknowledgement_of_what_has_not_left,
        promise::RECEIPT,
    ),
    ("takes a refusal for an acknowledgement", takes_a_refusal_for_an_acknowledgement, promise::RECEIPT),
    ("forgets that some was accepted", forgets_that_some_was_accepted, promise::PROOF),
    ("doubts what is proven", doubts_what_is_proven, promise::PROOF),
    ("asks once more", asks_once_more, promise::ATTEMPTS),
    ("asks once less", asks_once_less, promise::ATTEMPTS),
    ("ends twice", ends_twice, promise::ONE_END),
    ("waits for ever", waits_for_ever, promise::REST),
    ("never tires of asking", never_tires_of_asking, promise::ATTEMPTS),
];

/// Between two of ours, on a line with few troubles: the first promise that the mistake breaks.
fn pairs() -> Vec<(&'static str, Pair, &'static str)> {
    let troubles =
        Troubles { losses: 1, duplicates: 1, corruptions: 1, flips: 0, send_failures: 1, closes: 0 };
    let ours = Pair { troubles, ..OURS };
    let till = |step| Pair { till: step, ..ours.clone() };
    let terminal = |step| Pair { terminal: step, ..ours.clone() };
    vec![
        ("says it again when refused", till(says_it_again_when_refused), promise::ONCE),
        ("takes everything for ours", till(takes_everything_for_ours), promise::EARLIER),
        ("files ours as an earlier one", till(files_ours_as_an_earlier_one), promise::OURS),
        (
            "takes a refusal for an acknowledgement",
            till(takes_a_refusal_for_an_acknowledgement),
            promise::HEARD,
        ),
        ("forgets that some was accepted", till(forgets_that_some_was_accepted), promise::PROOF),
        ("asks once more", till(asks_once_more), promise::ATTEMPTS),
        ("waits for ever", till(waits_for_ever), promise::REST),
        ("ends twice", till(ends_twice), promise::ONE_END),
        ("never runs out of copies", terminal(never_runs_out_of_copies), promise::COPIES),
        (
            "takes a copy for another request",
            terminal(takes_a_copy_for_another_request),
            promise::ONE_DELIVERY,
        ),
    ]
}

#[test]
fn each_mistake_is_seen_and_each_promise_sees_one() {
    let mut seen = BTreeSet::new();
    for (name, step, promise) in ALONE {
        let broken = alone::check(&alone::till(step)).expect_err(name);
        assert!(broken.contains(&promise), "{name}: {broken:?}");
        seen.insert(promise);
    }
    let broken = alone::check(&alone::terminal(never_runs_out_of_copies)).expect_err("copies");
    assert!(broken.contains(&promise::COPIES), "{broken:?}");
    for (name, pair, promise) in pairs() {
        assert_eq!(pair::check(&pair), Err(promise), "{name}");
        seen.insert(promise);
    }
    let all = BTreeSet::from(promise::ALL);
    assert_eq!(seen, all);
}
