//! Power cuts: whatever a power cut leaves of the files, no promise of the journal is broken.
//!
//! `docs/power-cut.md` describes the test.

#![cfg(target_os = "linux")]

mod case;
#[path = "../common/mod.rs"]
mod common;
mod damage;
mod disk;
mod images;
mod ledger;
mod model;
mod operation;
mod planted;
mod recording;
mod scenario;
mod search;
mod system;
mod trace;

use case::Case;
use damage::{Besides, Counts, Damage, Reading};
use images::Bounds;
use operation::Operation;
use scenario::{Moment, Scenario};
use search::Search;

#[test]
fn child() {
    if let Some((task, path)) = common::task() {
        recording::child(&task, &path);
    }
}

/// With `CAISSE_POWER_CUT=long` in the environment all images are looked at, and many more samples.
fn bounds(one_in: usize) -> Option<Bounds> {
    std::env::var_os("CAISSE_POWER_CUT").is_none().then_some(Bounds { one_in, pairs: 1, samples: 1 })
}

const LONG: Bounds = Bounds { one_in: 1, pairs: 6, samples: 12 };

/// Cuts the power at each moment of a case. The counts are the moments and the images of the short search.
#[track_caller]
fn search(name: &str, case: &Case, one_in: usize, expected: (usize, usize)) {
    let summary =
        Search::new(&case.states).run(&case.recording, case.first, bounds(one_in).unwrap_or(LONG), false);
    println!("{name}: {} moments, {} images", summary.moments, summary.images);
    assert!(summary.violations.is_empty(), "{name}: {:#?}", summary.violations);
    if bounds(one_in).is_some() {
        assert_eq!(
            (summary.moments, summary.images),
            expected,
            "{name}: other images than were looked at before"
        );
    }
}

fn recorded(scenario: &Scenario) -> Case {
    Case::record(scenario).unwrap()
}

#[test]
fn a_new_journal_and_payments_in_one_process() {
    search("one process", &recorded(&Scenario::one_process()), 3, (160, 0));
}

#[test]
fn a_process_for_each_payment() {
    search("process per payment", &recorded(&Scenario::process_per_payment()), 3, (100, 0));
}

#[test]
fn two_processes_on_one_journal() {
    search("two processes", &recorded(&Scenario::two_processes()), 4, (124, 0));
}

#[test]
fn another_program_reads_for_a_while() {
    search("long read", &recorded(&Scenario::long_read()), 3, (0, 0));
}

#[test]
fn processes_that_are_killed_between_writes() {
    search("killed between writes", &recorded(&Scenario::killed_between_writes()), 4, (0, 0));
}

/// Before each sync of a write, and in the middle of the write. What the next process reads must stay.
#[test]
fn processes_that_are_killed_within_a_write() {
    let half = recorded(&Scenario::killed_within_a_write(Moment::Half));
    search("killed in the middle of a write", &half, 4, (0, 0));
    let mut took_effect = vec![half.took_effect];
    while let Some(case) =
        Case::record(&Scenario::killed_within_a_write(Moment::BeforeSync(took_effect.len() - 1)))
    {
        let name = format!("killed before sync {}", took_effect.len() - 1);
        search(&name, &case, 4, (0, 0));
        took_effect.push(case.took_effect);
    }
    assert_eq!(took_effect, [false, false, true, true, true]);
}

#[test]
fn unknown_ends_decisions_disputes_and_orders() {
    search("unknown ends", &recorded(&Scenario::unknown_ends()), 6, (0, 0));
}

#[test]
fn old_payments_are_forgotten() {
    search("forgetting", &recorded(&Scenario::forgetting()), 16, (0, 0));
}

#[test]
fn the_power_fails_again_during_the_recovery() {
    search("second cut", &recorded(&Scenario::second_cut()), 2, (0, 0));
}

/// A search that finds none of these would prove nothing.
#[test]
fn every_planted_fault_is_found() {
    let case = recorded(&Scenario::one_process());
    let is_begin = |operation: &Operation| matches!(operation, Operation::WriteBegins { .. });
    let first = case.recording.operations.iter().position(is_begin).unwrap();
    let mut search = Search::new(&case.states);
    for (name, fault) in planted::FAULTS {
        let mut changed = case.recording.clone();
        fault(&mut changed);
        assert_ne!(changed.operations, case.recording.operations, "{name}: nothing was planted");
        let summary = search.run(&changed, first, bounds(2).unwrap_or(LONG), true);
        println!("{name}: {:?}", summary.violations);
        assert!(!summary.violations.is_empty(), "{name}: not found");
    }
}

/// What is lost is never lost unnoticed.
#[test]
fn a_lost_log_or_a_bad_sector_is_noticed() {
    let counts = |name: &str, case: &Case, damage, besides, expected: &[(&'static str, usize)]| {
        let counts = damage::search(case, damage, besides);
        println!("{name}: {counts:?}");
        if bounds(1).is_some() && std::env::var_os("PIN").is_none() {
            assert_eq!(counts, expected.iter().copied().collect::<Counts>(), "{name}");
        }
    };
    let one = recorded(&Scenario::one_process());
    let read = recorded(&Scenario::long_read());
    let few = Besides::AnyPowerCut(Bounds { one_in: 10, pairs: 0, samples: 1 });
    counts("lost log", &one, Damage::Lost("-wal"), Besides::PowerCut, &[]);
    counts("lost log, any power cut", &one, Damage::Lost("-wal"), few, &[]);
    counts("bad sector", &one, Damage::EachSector(5), Besides::PowerCut, &[]);
    counts("bad sector, any power cut", &one, Damage::AnySector(1), few, &[]);
    // While another program reads, the log is the only copy of the newest events.
    counts("lost log, long read", &read, Damage::Lost("-wal"), Besides::Nothing, &[]);
    counts("bad sector, long read", &read, Damage::EachSector(5), Besides::Nothing, &[]);
}

/// One read after another fails.
#[test]
fn an_unreadable_sector_is_noticed() {
    let case = recorded(&Scenario::one_process());
    let (content, image) = (case.states.last().unwrap(), case::image_of(&case.recording));
    let readings: Vec<_> = (1..).map_while(|read| damage::unreadable(&image, content, read)).collect();
    println!("{} reads: {readings:?}", readings.len());
    for reading in &readings {
        let is_named = |said: &str| ["Corrupt", "Unwritable"].iter().any(|name| said.starts_with(name));
        assert!(matches!(reading, Reading::Refused(said) if is_named(said)), "{reading:?}");
    }
    assert_eq!(readings.len(), 0);
}
