//! What chance has done can be done again: the seed alone does it, and so does the line that a failing run prints.

mod support;

use std::time::Duration;

use caisse_simulator::persona::Persona;
use caisse_simulator::script::Script;
use caisse_simulator::terminal::Settings;
use caisse_simulator::{VirtualTerminal, VirtualWorld};
use support::{Counter, E_PLUS, REQUEST, Seen};

/// Some transactions with everything left to chance, as a till sees them.
fn run(settings: Settings, framed: bool) -> (Vec<Seen>, String, usize) {
    let mut storage = [0; 512];
    let plain = settings.persona == Persona::PAYXPRESS;
    let shop =
        if framed { VirtualWorld::serial(settings, &mut storage) } else { VirtualWorld::tcp(settings) };
    let mut seen = Vec::new();
    for _ in 0..4 {
        let mut line = shop.line();
        let mut counter =
            Counter { link: &mut line, clock: &shop, patience: Duration::from_secs(20), pieces: 1 };
        seen.push(match (framed, plain) {
            (false, _) => counter.plain(REQUEST),
            (true, true) => counter.framed(REQUEST),
            (true, false) => counter.framed(E_PLUS),
        });
        shop.run_for(Duration::from_secs(60));
    }
    let replay = shop.at_terminal(|terminal, _| terminal.replay());
    (seen, replay, shop.ledger().len())
}

/// The settings that a replay line means.
fn settings_of(line: &str) -> Settings {
    let mut words = line.strip_prefix("caisse terminal ").unwrap().split(' ');
    let mut settings = Settings::default();
    while let (Some(name), Some(value)) = (words.next(), words.next()) {
        match name {
            "--dialect" => settings.persona = value.parse().unwrap(),
            "--seed" => settings.seed = value.parse().unwrap(),
            "--latency" => settings.latency = Duration::from_millis(value.parse().unwrap()),
            "--answer" => settings.script = value.parse().unwrap(),
            "--fault" => settings.faults.push(value.parse().unwrap()),
            other => panic!("{other}"),
        }
    }
    settings
}

#[test]
fn runs_by_chance_and_each_of_them_again_from_its_line() {
    let seeds: u64 = std::env::var("CAISSE_SEEDS").ok().map_or(200, |count| count.parse().unwrap());
    let mut different = std::collections::BTreeSet::new();
    for seed in 0..seeds {
        for (persona, framed) in
            [(Persona::PAYXPRESS, false), (Persona::PAYXPRESS, true), (Persona::CONCERT_E_PLUS, true)]
        {
            let faults = vec!["random:70".parse().unwrap()];
            let settings =
                Settings { persona, seed, faults, script: Script::random(), ..Settings::default() };
            let (seen, line, charged) = run(settings.clone(), framed);
            assert_eq!(run(settings, framed).0, seen, "seed {seed} does not do the same again");
            let (again, same_line, charged_again) = run(settings_of(&line), framed);
            assert_eq!(again, seen, "not the same from: {line}");
            assert_eq!((same_line, charged_again), (line, charged));
            different.insert(format!("{seen:?}"));
        }
    }
    let runs = usize::try_from(seeds * 3).unwrap();
    println!("{} different of {runs} runs", different.len());
    assert!(different.len() * 10 >= runs * 9, "chance has little choice: {}", different.len());
}

#[test]
fn a_fault_by_chance_that_breaks_the_line_early_is_not_there_for_ever() {
    let mut all = 0;
    for seed in 0..20 {
        let faults = vec!["random:100".parse().unwrap()];
        let shop = VirtualWorld::tcp(Settings { seed, faults, ..Settings::default() });
        for _ in 0..40 {
            let mut line = shop.line();
            let patience = Duration::from_secs(20);
            Counter { link: &mut line, clock: &shop, patience, pieces: 1 }.plain(REQUEST);
        }
        let charged = shop.ledger().len();
        assert!(charged >= 25, "seed {seed}: {charged} of 40");
        all += charged;
    }
    assert!(all < 800, "no line broke before its request was whole");
}

#[test]
fn a_failing_assertion_prints_the_line() {
    let terminal = VirtualTerminal::builder()
        .seed(7)
        .answer("random".parse().unwrap())
        .fault("random:100".parse().unwrap())
        .start()
        .unwrap();
    #[cfg(feature = "serial")]
    support::at(&terminal, Duration::from_millis(300), 1, REQUEST);
    let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        terminal.assert_charged_once_for("no such reference");
    }));
    let message = *failed.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("\nreplay: caisse terminal --dialect payxpress --seed 7 "), "{message}");
    assert!(message.contains(&terminal.replay()), "{message}");
}
