//! Any journal, with any damage.

use caisse_journal::JournalError;
use proptest::prelude::*;

use crate::damage::Damage;
use crate::shop::{LIVES, Life, Shop};

fn damage() -> impl Strategy<Value = Damage> {
    let place = || 0..1usize << 24;
    prop_oneof![
        place().prop_map(Damage::Flip),
        (place(), any::<u8>()).prop_map(|(at, value)| Damage::Byte(at, value)),
        place().prop_map(Damage::ZeroSector),
        place().prop_map(Damage::ZeroPage),
        (place(), any::<u64>()).prop_map(|(page, seed)| Damage::Garbage(page, seed)),
        (place(), place()).prop_map(|(one, other)| Damage::Overwrite(one, other)),
        (place(), place()).prop_map(|(one, other)| Damage::Swap(one, other)),
        place().prop_map(Damage::Cut),
    ]
}

fn lives() -> impl Strategy<Value = Vec<(Life, usize)>> {
    let life = prop_oneof![8 => Just(Life::Approved), 1 => Just(Life::SentAgain), 2 => prop::sample::select(&LIVES[..])];
    prop::collection::vec((life, 0..4usize), 1..90)
}

/// How many journals are tried. The environment variable `CAISSE_SALVAGES` sets another number, as for a search of an hour.
fn cases() -> u32 {
    std::env::var("CAISSE_SALVAGES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(24)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_whole_is_kept_and_what_is_lost_is_held_back(
        lives in lives(),
        damages in prop::collection::vec(damage(), 0..5),
        of_newest in prop::collection::vec(damage(), 0..3),
        keeps in prop_oneof![2 => Just((false, true)), 1 => Just((true, true)), 1 => Just((false, false))],
    ) {
        let mut shop = Shop::new(&lives);
        shop.keeps = keeps;
        of_newest.iter().for_each(|damage| damage.apply(&mut shop.recent));
        let mut bytes = shop.bytes();
        damages.iter().for_each(|damage| damage.apply(&mut bytes));
        match shop.salvage(&bytes) {
            Ok(salvaged) => shop.check(&salvaged, &bytes),
            // Not with a page of events left.
            Err(JournalError::Corrupt { .. } | JournalError::Foreign) => {
                let damaged = shop.damaged(&bytes);
                let left = (0..shop.bytes().len() / 4096).filter(|page| !damaged.contains(page));
                prop_assert_eq!(left.filter(|page| shop.has_events(*page)).count(), 0);
            }
            Err(error) => panic!("{error:?}"),
        }
    }
}
