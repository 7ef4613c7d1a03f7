//! A mistake for each promise, planted around the machines, and seen.

use std::collections::BTreeSet;

use caisse_link::serial::{Copies, Effect, Effects, Event, Input, Rules, State, step};

use crate::alone::{self, Alone};
use crate::pair::{self, OURS, Pair, Troubles};
use crate::promise;
use crate::till::Mistake;

/// Against a peer that says anything: a promise that the mistake breaks.
const ALONE: [(Mistake, &str); 10] = [
    (Mistake::SaysItAgain, promise::ONCE),
    (Mistake::TakesEveryResult, promise::APPROVED),
    (Mistake::TakesEveryResult, promise::REFUSED),
    (Mistake::ForgetsWhatCameEarlier, promise::EARLIER),
    (Mistake::SilenceIsRefusal, promise::REFUSED),
    (Mistake::ForgetsWhatWasAccepted, promise::PROOF),
    (Mistake::AsksOnceMore, promise::ATTEMPTS),
    (Mistake::AsksOnceLess, promise::ATTEMPTS),
    (Mistake::RecordsLater, promise::RECORD),
    (Mistake::WaitsForEver, promise::REST),
];

/// Between two of ours, on a line with few troubles: the promise that the mistake breaks first.
const PAIR: [(Mistake, &str); 7] = [
    (Mistake::SaysItAgain, promise::ONCE),
    (Mistake::SilenceIsApproval, promise::APPROVED),
    (Mistake::SilenceIsRefusal, promise::REFUSED),
    (Mistake::ForgetsWhatWasAccepted, promise::PROOF),
    (Mistake::AsksOnceMore, promise::ATTEMPTS),
    (Mistake::RecordsLater, promise::RECORD),
    (Mistake::WaitsForEver, promise::REST),
];

fn takes_a_copy_for_another_request(
    state: State<Copies>,
    input: Input<Copies>,
    rules: &Rules,
) -> (State<Copies>, Effects<Copies>) {
    let (next, effects) = step(state, input, rules);
    let changed = effects.into_iter().map(|effect| match effect {
        Effect::Show(Event::Received { standing, .. }) => {
            Effect::Show(Event::Received { standing, again: false })
        }
        effect => effect,
    });
    (next, changed.collect())
}

#[test]
fn each_mistake_is_seen_and_each_promise_sees_one() {
    let mut seen = BTreeSet::new();
    for (mistake, promise) in ALONE {
        let broken = alone::check(&Alone { mistake, words: 3 }).expect_err(promise);
        assert!(broken.contains(&promise), "{mistake:?}: {broken:?}");
        seen.insert(promise);
    }
    let troubles = Troubles { losses: 1, duplicates: 1, send_failures: 1, ..Troubles::default() };
    let ours = Pair { troubles, ..OURS };
    for (mistake, promise) in PAIR {
        let broken = pair::check(&Pair { mistake, ..ours.clone() }).expect_err(promise);
        assert!(broken.contains(&promise), "{mistake:?}: {broken:?}");
        seen.insert(promise);
    }
    let terminal = Pair { terminal: takes_a_copy_for_another_request, ..ours };
    let broken = pair::check(&terminal).expect_err("a copy");
    assert!(broken.contains(&promise::ONE_DELIVERY), "{broken:?}");
    seen.insert(promise::ONE_DELIVERY);
    assert_eq!(seen, BTreeSet::from(promise::ALL));
}
