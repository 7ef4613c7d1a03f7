//! Days in a shop by chance: a random terminal and dialect, random payments one after the other, random faults of the
//! simulator's whole grammar, lines cut at random bytes, tills killed at random calls and started again on their journal,
//! recovery and people. In virtual time by the thousand, and a sample of the same on real sockets and pseudo-terminals. What
//! the till says is held against what the terminal did.
//!
//! `CAISSE_SEEDS=10000` runs so many days; `CAISSE_SEED=7` runs one again and tells its plan.

mod day;
mod in_memory;
mod plan;
mod real;
#[path = "../support/shop.rs"]
mod shop;
mod truth;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use caisse::LinkKind;
use caisse_simulator::fault::{CATALOGUE, Name};
use day::Tally;
use in_memory::Till;
use plan::{Chance, Kind, Plan};

const DAYS: u64 = 1_500;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// One day again, or so many.
fn seeds(many: u64) -> Range<u64> {
    number("CAISSE_SEED").map_or(0..many, |seed| seed..seed + 1)
}

/// Runs the day, and says how to run it again if it fails.
fn replayable(test: &str, seed: u64, day: impl FnOnce() -> Tally) -> Tally {
    catch_unwind(AssertUnwindSafe(day)).unwrap_or_else(|why| {
        println!("replay: CAISSE_SEED={seed} cargo test -p caisse --test seeds {test} -- --nocapture");
        resume_unwind(why)
    })
}

/// The plan of a seed, told where one day alone is run.
fn plan(seed: u64, kind: &Kind) -> (Plan, Chance) {
    let mut chance = Chance::new(seed);
    let plan = Plan::new(&mut chance, kind);
    if std::env::var_os("CAISSE_SEED").is_some() {
        println!("{plan:#?}");
    }
    (plan, chance)
}

#[test]
fn in_virtual_time() {
    let seeds = seeds(number("CAISSE_SEEDS").unwrap_or(DAYS));
    let mut tally = Tally::default();
    for seed in seeds {
        tally.add(replayable("in_virtual_time", seed, || in_memory::one_day(seed, Till::Remembers)));
    }
    println!("{tally:?}, {} % known, {} % at the best terminals", tally.known(), tally.best_known());
    if tally.days < 1_000 {
        return;
    }
    // Safety alone is easy: a till that always says unknown is safe and useless.
    assert!(tally.known() >= 55, "only {} % are known without a person", tally.known());
    assert!(tally.best_known() >= 70, "only {} % at terminals that name their last", tally.best_known());
    let per_thousand = |count: usize| count * 1_000 / tally.days;
    for description in CATALOGUE.iter().filter(|it| it.fault != Name::Random) {
        let happened = tally.faults.get(description.name).copied().unwrap_or(0);
        assert!(per_thousand(happened) >= 20, "{} happened {happened} times", description.name);
    }
    assert!(per_thousand(tally.kills) >= 300, "{} kills", tally.kills);
    assert!(per_thousand(tally.retries) >= 350, "{} retries", tally.retries);
    // A person has to look at these, and finds that all was well.
    assert!(per_thousand(tally.disputed) <= 2, "{} disputed", tally.disputed);
}

/// A till whose journal does not outlive it asks for a payment twice: if that is not seen, nothing is.
#[test]
fn a_journal_that_forgets_is_seen() {
    let seen = (0..100).any(|seed| {
        catch_unwind(|| in_memory::one_day(seed, Till::Forgets)).is_err_and(|why| {
            let why = why.downcast_ref::<String>().map_or("", String::as_str);
            println!("{seed}: {why}");
            why.contains("was asked for twice")
        })
    });
    assert!(seen);
}

#[test]
fn on_real_sockets() {
    on_real_lines("on_real_sockets", &[LinkKind::Stream]);
}

#[test]
#[cfg(unix)]
fn on_real_pseudo_terminals() {
    on_real_lines("on_real_pseudo_terminals", &[LinkKind::Serial]);
}

/// A dozen days at once: they wait more than they work.
fn on_real_lines(test: &str, lines: &'static [LinkKind]) {
    let mut tally = Tally::default();
    let days: Vec<_> =
        seeds(12).map(|seed| thread::spawn(move || real::one_day(seed, lines))).zip(seeds(12)).collect();
    for (day, seed) in days {
        tally.add(replayable(test, seed, || day.join().unwrap_or_else(|why| resume_unwind(why))));
    }
    println!("{tally:?}, {} % known", tally.known());
    assert!(tally.days < 12 || tally.known() >= 40, "{tally:?}");
}
