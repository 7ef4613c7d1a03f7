//! Days in a shop by chance: a random terminal and dialect, random payments one after the other, random faults of the
//! simulator's whole grammar, lines cut at random bytes, tills killed at random calls and started again on their journal,
//! recovery and people. In virtual time by the thousand, and a sample of the same on real sockets and pseudo-terminals. What
//! the till says is held against what the terminal did.
//!
//! On three days of ten others are in the shop: a second till on the same journal acts inside the payments of the first and
//! between them, people err and correct, a payment app writes into the journal, terminals are renamed, moved and exchanged, and
//! the file of the journal is replaced by a copy.
//!
//! `CAISSE_SEEDS=10000` runs so many days, `CAISSE_COMPANY=100` with others on each of them; `CAISSE_SEED=7` runs one again and
//! tells its plan.

mod company;
mod day;
mod disk;
mod handle;
mod in_memory;
mod network;
mod plan;
mod real;
mod seat;
#[path = "../support/shop.rs"]
mod shop;
mod truth;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use caisse::LinkKind;
use caisse_simulator::fault::{CATALOGUE, Name};
use day::Tally;
use in_memory::Fault;
use plan::{Chance, Kind, Plan};

/// How often each of these happens at least on a thousand days on which others are in the shop.
const COMPANY: [(&str, usize); 28] = [
    ("renamed", 80),
    ("moved", 80),
    ("spare", 80),
    ("swapped", 80),
    ("sale at the second terminal", 150),
    ("recovery after a change", 110),
    ("same id inside, blocked", 110),
    ("sale inside, blocked", 150),
    ("sale inside, elsewhere", 5),
    ("word inside, refused", 100),
    ("recovery inside", 90),
    ("list inside", 100),
    ("journal replaced inside", 40),
    ("journal replaced", 120),
    ("sale outside", 140),
    ("sale outside, blocked", 130),
    ("sale outside, unknown", 80),
    ("same id outside", 160),
    ("recovery outside", 200),
    ("back office", 1_200),
    ("hasty word", 200),
    ("wrong word", 200),
    ("mistake corrected", 200),
    ("app known", 130),
    ("app unknown", 130),
    ("app blocked", 120),
    ("held back, given up", 25),
    ("held back, silent", 25),
];

/// How many days in virtual time there are.
const DAYS: u64 = 1_500;

/// On how many threads the days in virtual time are run.
const THREADS: usize = 6;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// On how many days in virtual time of a hundred a second till is alive.
fn company_share() -> usize {
    number("CAISSE_COMPANY").map_or(30, |share| share.try_into().expect("a percentage"))
}

/// One day again, or so many.
fn seeds(many: u64) -> Range<u64> {
    number("CAISSE_SEED").map_or(0..many, |seed| seed..seed + 1)
}

/// Runs the day, and says how to run it again if it fails.
fn replayable(test: &str, seed: u64, day: impl FnOnce() -> Tally) -> Tally {
    catch_unwind(AssertUnwindSafe(day)).unwrap_or_else(|why| {
        let share = number("CAISSE_COMPANY").map_or_else(String::new, |it| format!("CAISSE_COMPANY={it} "));
        println!("replay: {share}CAISSE_SEED={seed} cargo test -p caisse --test seeds {test} -- --nocapture");
        resume_unwind(why)
    })
}

/// The plan of a seed, told where one day alone is run.
fn plan(seed: u64, kind: &Kind) -> (Plan, [Chance; 2]) {
    let (mut chance, mut more) = (Chance::new(seed), Chance::new(!seed));
    let plan = Plan::new(&mut chance, &mut more, kind);
    if std::env::var_os("CAISSE_SEED").is_some() {
        println!("{plan:#?}");
    }
    (plan, [chance, more])
}

/// Runs these days. A till that waits for a lock or for a disk waits in real time: meanwhile another day goes on.
fn in_threads(test: &str, seeds: &Range<u64>, day: fn(u64) -> Tally) -> Tally {
    let share = |first| {
        let mut tally = Tally::default();
        for seed in seeds.clone().skip(first).step_by(THREADS) {
            tally.add(replayable(test, seed, || day(seed)));
        }
        tally
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|first| scope.spawn(move || share(first))).collect();
        let mut tally = Tally::default();
        for thread in threads {
            tally.add(thread.join().unwrap_or_else(|why| resume_unwind(why)));
        }
        tally
    })
}

#[test]
fn in_virtual_time() {
    let seeds = seeds(number("CAISSE_SEEDS").unwrap_or(DAYS));
    let tally = in_threads("in_virtual_time", &seeds, |seed| in_memory::one_day(seed, Fault::None));
    println!("{tally:?}, {} % known, {} % at the best terminals", tally.known(), tally.best_known());
    if tally.quiet_days < 1_000 {
        return;
    }
    // Safety alone is easy: a till that always says unknown is safe and useless.
    assert!(tally.known() >= 55, "only {} % are known without a person", tally.known());
    assert!(tally.best_known() >= 70, "only {} % at terminals that name their last", tally.best_known());
    let per_thousand = |count: usize| count * 1_000 / tally.days;
    for description in CATALOGUE.iter().filter(|it| it.fault != Name::Random) {
        let happened = tally.faults.get(description.name).copied().unwrap_or(0);
        assert!(happened * 1_000 / tally.quiet_days >= 20, "{} happened {happened} times", description.name);
    }
    for (what, floor) in COMPANY {
        let happened = tally.company.get(what).copied().unwrap_or(0);
        let crowded_days = tally.days - tally.quiet_days;
        assert!(happened * 1_000 / crowded_days >= floor, "{what}: {happened} times");
    }
    assert!(per_thousand(tally.kills) >= 300, "{} kills", tally.kills);
    assert!(per_thousand(tally.retries) >= 350, "{} retries", tally.retries);
    // A person has to look at these, and finds that all was well.
    assert!(per_thousand(tally.disputed) <= 2, "{} disputed", tally.disputed);
}

/// The same with the journal on disk: its file gets a second path and is replaced for real.
#[test]
#[cfg_attr(not(unix), ignore = "a file that is open is not replaced there")]
fn on_disk_in_virtual_time() {
    let tally = in_threads("on_disk_in_virtual_time", &seeds(40), in_memory::day_on_disk);
    println!("{tally:?}");
    for what in ["journal refused", "journal replaced", "journal replaced inside"] {
        assert!(tally.days < 40 || tally.company.contains_key(what), "{what} did not happen");
    }
}

/// The power fails whenever a till is killed, and the disk has any sectors of what was not synced.
#[test]
fn power_cuts_in_virtual_time() {
    let day = |seed| in_memory::day_with_power_cuts(seed, false);
    let tally = in_threads("power_cuts_in_virtual_time", &seeds(150), day);
    println!("{tally:?}");
    assert!(tally.days < 150 || tally.power_cuts > 60, "{} power cuts", tally.power_cuts);
}

/// A disk that loses what was synced loses payments: if that is not seen, nothing is.
#[test]
fn a_disk_that_loses_what_was_synced_is_seen() {
    let day = |seed| catch_unwind(|| in_memory::day_with_power_cuts(seed, true)).is_err();
    assert!((0..60).any(day));
}

/// Whether a day with this mistake shows it, by what the terminals did, before so many seeds are over. What shows it has one of
/// these texts.
fn is_seen(fault: Fault, seeds: u64, texts: &[&str]) -> bool {
    (0..seeds).any(|seed| {
        catch_unwind(|| in_memory::one_day(seed, fault)).is_err_and(|why| {
            let why = why.downcast_ref::<String>().map_or("", String::as_str);
            println!("{seed}: {why}");
            texts.iter().any(|text| why.contains(text))
        })
    })
}

/// A till whose journal does not outlive it asks for a payment twice: if that is not seen, nothing is.
#[test]
fn a_journal_that_forgets_is_seen() {
    assert!(is_seen(Fault::Forgets, 100, &["was asked for twice"]));
}

/// The journal has two paths, and the locks lie beside the path: two tills at once at one terminal.
#[test]
fn locks_that_exclude_nobody_are_seen() {
    assert!(is_seen(Fault::HardLink, 400, &["was asked for twice"]));
    assert!(is_seen(Fault::HardLink, 400, &["paid 2 times"]));
}

/// The same, and an approval meets a person's "not paid". It is not lost where it is written beside that word.
#[test]
fn an_end_that_is_dropped_is_seen() {
    assert!(is_seen(Fault::EndDropped, 400, &["the approval of"]));
    assert!(!is_seen(Fault::HardLink, 150, &["the approval of"]));
}

#[test]
fn evidence_of_another_terminal_is_seen() {
    assert!(is_seen(Fault::TerminalExchanged, 600, &["Declined { refusal: NotCompleted }, and moved"]));
}

#[test]
fn a_request_that_outlives_its_connection_is_seen() {
    assert!(is_seen(Fault::QueueSurvives, 300, &["Declined { refusal: DecidedNotPaid }, and moved"]));
}

/// A till leaves its connection open after a silence. Another one proves by the evidence that nothing was paid.
#[test]
fn a_request_that_waits_without_a_limit_is_seen() {
    assert!(is_seen(Fault::QueueHasNoLimit, 300, &["Declined { refusal: NotCompleted }, and moved"]));
}

#[test]
fn a_journal_whose_file_was_replaced_is_seen() {
    assert!(is_seen(Fault::FileReplacedUnseen, 300, &["was asked for twice", "is written nowhere"]));
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

/// All days at once: they wait more than they work.
fn on_real_lines(test: &str, lines: &'static [LinkKind]) {
    let mut tally = Tally::default();
    let seeds = || seeds(real::QUIET + 4);
    let days: Vec<_> =
        seeds().map(|seed| thread::spawn(move || real::one_day(seed, lines))).zip(seeds()).collect();
    for (day, seed) in days {
        tally.add(replayable(test, seed, || day.join().unwrap_or_else(|why| resume_unwind(why))));
    }
    println!("{tally:?}, {} % known", tally.known());
    assert!(tally.days < 12 || tally.known() >= 40, "{tally:?}");
}
