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

/// Cuts the power at each moment of a case. The counts are about the moments and the images of the short search.
#[track_caller]
fn search(name: &str, case: &Case, one_in: usize, expected: (usize, usize)) {
    let summary =
        Search::new(&case.states).run(&case.recording, case.first, bounds(one_in).unwrap_or(LONG), false);
    println!("{name}: {} moments, {} images", summary.moments, summary.images);
    assert!(summary.violations.is_empty(), "{name}: {:#?}", summary.violations);
    if bounds(one_in).is_some() {
        assert_eq!((summary.moments, summary.images), expected, "{name}");
    }
}

fn recorded(scenario: &Scenario) -> Case {
    Case::record(scenario).unwrap()
}

#[test]
fn a_new_journal_and_payments_in_one_process() {
    search("one process", &recorded(&Scenario::one_process()), 12, (161, 530));
}

#[test]
fn a_process_for_each_payment() {
    search("process per payment", &recorded(&Scenario::process_per_payment()), 8, (104, 373));
}

#[test]
fn two_processes_on_one_journal() {
    search("two processes", &recorded(&Scenario::two_processes()), 10, (142, 426));
}

#[test]
fn another_program_reads_for_a_while() {
    search("long read", &recorded(&Scenario::long_read()), 8, (69, 335));
}

#[test]
fn processes_that_are_killed_between_writes() {
    search("killed between writes", &recorded(&Scenario::killed_between_writes()), 8, (130, 405));
}

/// In the middle of a write, and before its only sync. What the next process reads must stay.
#[test]
fn processes_that_are_killed_within_a_write() {
    for (moment, expected) in [(Moment::Half, (54, 234)), (Moment::BeforeSync(0), (54, 264))] {
        let case = recorded(&Scenario::killed_within_a_write(moment));
        // The next process finds the event, and makes it durable before it reports it.
        assert!(case.took_effect, "{moment:?}");
        search(&format!("killed: {moment:?}"), &case, 4, expected);
    }
    assert!(Case::record(&Scenario::killed_within_a_write(Moment::BeforeSync(1))).is_none(), "one more sync");
}

#[test]
fn unknown_ends_decisions_disputes_and_orders() {
    search("unknown ends", &recorded(&Scenario::unknown_ends()), 14, (146, 527));
}

/// A power cut may leave the write of the first till without that of the second one: neither was promised.
#[test]
fn two_tills_in_one_batch() {
    let case = recorded(&Scenario::two_tills());
    let syncs_between = |action: usize| {
        let operations = case.recording.operations.iter();
        let during = operations.skip_while(|operation| **operation != Operation::WriteBegins { action });
        let during = during.take_while(|operation| **operation != Operation::IsDurable { action });
        during.filter(|operation| matches!(operation, Operation::SyncBegins { .. })).count()
    };
    // The first write of a process also makes its files.
    assert_eq!(syncs_between(5), 1, "the two writes were no batch");
    search("two tills", &case, 6, (93, 392));
}

#[test]
fn old_payments_are_forgotten() {
    search("forgetting", &recorded(&Scenario::forgetting()), 16, (72, 196));
}

#[test]
fn the_power_fails_again_during_the_recovery() {
    search("second cut", &recorded(&Scenario::second_cut()), 6, (67, 218));
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
        let summary = search.run(&changed, first, bounds(8).unwrap_or(LONG), true);
        println!("{name}: {:?}", summary.violations);
        assert!(!summary.violations.is_empty(), "{name}: not found");
    }
}

/// What is lost is never lost unnoticed.
#[test]
fn a_lost_log_or_a_bad_sector_is_noticed() {
    let counts = |name: &str, case: &Case, damage, besides| {
        let counts = damage::search(case, damage, besides);
        println!("{name}: {counts:?}");
        counts
    };
    let one = recorded(&Scenario::one_process());
    let read = recorded(&Scenario::long_read());
    let few = Besides::AnyPowerCut(Bounds { one_in: 24, pairs: 0, samples: 1 });
    let of = |counts: &Counts, what| counts.get(what).copied().unwrap_or_default();
    let (there, refused, in_use) = ("everything is there", "refused", "refused in use");
    // The newest events come back from their own file.
    let lost = counts("lost log", &one, Damage::Lost("-wal"), Besides::PowerCut);
    assert!(of(&lost, there) >= 8 && lost.len() == 1, "{lost:?}");
    let lost = counts("lost log, any power cut", &one, Damage::Lost("-wal"), few);
    assert!(of(&lost, there) > 100, "{lost:?}");
    let bad = counts("bad sector", &one, Damage::EachSector(83), Besides::PowerCut);
    assert!(of(&bad, there) > 100 && of(&bad, refused) + of(&bad, in_use) > 3, "{bad:?}");
    let bad = counts("bad sector, any power cut", &one, Damage::AnySector(1), few);
    assert!(of(&bad, there) > 100, "{bad:?}");
    let lost = counts("lost log, long read", &read, Damage::Lost("-wal"), Besides::Nothing);
    assert!(of(&lost, there) >= 2, "{lost:?}");
    let bad = counts("bad sector, long read", &read, Damage::EachSector(47), Besides::Nothing);
    assert!(of(&bad, there) > 50, "{bad:?}");
}

/// One read after another fails.
#[test]
fn an_unreadable_sector_is_noticed() {
    let case = recorded(&Scenario::one_process());
    let (content, image) = (case.states.last().unwrap(), case::image_of(&case.recording));
    let readings: Vec<_> = (1..).map_while(|read| damage::unreadable(&image, content, read)).collect();
    let is_named = |said: &str| ["Corrupt", "Unwritable"].iter().any(|name| said.starts_with(name));
    for reading in &readings {
        assert!(
            matches!(reading, Reading::Whole) || matches!(reading, Reading::Refused(said) if is_named(said))
        );
    }
    let whole = readings.iter().filter(|reading| **reading == Reading::Whole).count();
    assert_eq!(whole, 0, "{readings:?}");
    assert!((8..=30).contains(&readings.len()), "{readings:?}");
}
