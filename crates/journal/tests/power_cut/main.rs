//! Power cuts.

mod case;
#[path = "../common/mod.rs"]
mod common;
mod disk;
mod images;
mod ledger;
mod operation;
mod recording;
mod scenario;
mod search;
mod system;
mod trace;

#[test]
fn child() {
    if let Some((task, path)) = common::task() {
        recording::child(&task, &path);
    }
}


fn search(scenario: &scenario::Scenario) -> Option<bool> {
    let name = scenario.name;
    let begun = std::time::Instant::now();
    let case::Case { recording, states, first, took_effect } = case::Case::record(&scenario)?;
    println!("{name} {:?} {} operations", begun.elapsed(), recording.operations.len());
    let begun = std::time::Instant::now();
    let mut search = search::Search::new(&states);
    let summary = search.run(&recording, first, images::Bounds { pairs: 1, samples: 1 }, false);
    println!("{name} {:?} {} {} ", begun.elapsed(), summary.moments, summary.images);
    for (what, v) in summary.violations {
        println!("   {what} {v:?}");
    }
    Some(took_effect)
}

#[test]
fn killed() {
    for number in 0.. {
        let moment = scenario::Moment::BeforeSync(number);
        println!("sync {number}");
        match search(&scenario::Scenario::killed_within_a_write(moment)) {
            Some(took) => println!("took {took}"),
            None => break,
        }
    }
}

#[test]
fn try_it() {
    let only = std::env::var("ONLY").unwrap_or_default();
    for scenario in scenario::Scenario::all() {
        if !scenario.name.contains(&only) { continue; }
        search(&scenario);
    }
}
