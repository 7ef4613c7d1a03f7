//! Every fault of the catalogue has an effect that a till sees, on a bare line and on a framed one. In virtual time, so
//! that nothing but the fault can make the difference.

mod support;

use std::time::Duration;

use caisse_simulator::VirtualWorld;
use caisse_simulator::fault::{CATALOGUE, Fault, Lines, Name, Position, Step};
use caisse_simulator::persona::Persona;
use caisse_simulator::script::{ANSWERS, Script, Turn};
use caisse_simulator::terminal::{Event, Settings};
use support::{Counter, E_PLUS, REQUEST, Seen};

/// What a till sees and the terminal has charged, with these faults.
fn exchange(persona: Persona, framed: bool, faults: &[Fault], seed: u64) -> (Seen, usize, Vec<String>) {
    let single = faults.iter().any(|fault| fault.name() == Name::SingleRead);
    run(persona, framed, faults, seed, if single { 2 } else { 1 })
}

fn run(
    persona: Persona,
    framed: bool,
    faults: &[Fault],
    seed: u64,
    pieces: usize,
) -> (Seen, usize, Vec<String>) {
    let script = Script::sequence([Turn { faults: faults.to_vec(), ..Turn::default() }]);
    let settings = Settings { persona, script, seed, ..Settings::default() };
    let mut storage = [0; 512];
    let shop =
        if framed { VirtualWorld::serial(settings, &mut storage) } else { VirtualWorld::tcp(settings) };
    let mut line = shop.line();
    let mut counter = Counter { link: &mut line, clock: &shop, patience: Duration::from_secs(15), pieces };
    let seen = match persona.generation {
        _ if !framed => counter.plain(REQUEST),
        caisse_simulator::persona::Generation::Three => counter.framed(REQUEST),
        _ => counter.framed(E_PLUS),
    };
    shop.run_for(Duration::from_secs(60));
    let told = shop.at_terminal(|terminal, _| terminal.events_since(0));
    let told = told.into_iter().filter_map(|happened| match happened.event {
        Event::Fault { fault } => Some(fault),
        _ => None,
    });
    (seen, shop.ledger().len(), told.collect())
}

/// Every line on which a fault can happen, and whether it is a framed one.
fn lines(fault: &Fault) -> Vec<(Persona, bool)> {
    let mut lines = vec![(Persona::PAYXPRESS, true), (Persona::CONCERT_E_PLUS, true)];
    if fault.name() == Name::WrongAction {
        // E and E+ echo no action.
        lines.pop();
    }
    if fault.name().description().lines == Lines::Any {
        lines.push((Persona::PAYXPRESS, false));
    }
    lines
}

/// Every place where a fault may happen: each step, and some bytes.
fn everywhere(name: Name) -> Vec<Fault> {
    let usual = Fault::new(name);
    let mut faults = vec![usual];
    for place in name.description().places() {
        match place.as_str() {
            "byte=N" => {
                faults.extend([0, 1, 2, 3, 10, 25].map(|byte| usual.at(Position::Byte(byte))));
            }
            "request-byte=N" => {
                faults.extend([0, 1, 10, 30].map(|byte| usual.at(Position::RequestByte(byte))));
            }
            step => {
                let step = step.strip_prefix("step=").unwrap();
                let step = *Step::ALL.iter().find(|it| it.name() == step).unwrap();
                faults.push(usual.at(Position::Step(step)));
            }
        }
    }
    faults
}

#[test]
fn none_is_without_effect() {
    let mut tried = 0;
    for description in CATALOGUE {
        let name = description.fault;
        for fault in everywhere(name) {
            for (persona, framed) in lines(&fault) {
                let what = format!("{fault} on {} {}", persona.name, if framed { "framed" } else { "tcp" });
                let pieces = if name == Name::SingleRead { 2 } else { 1 };
                let well = run(persona, framed, &[], 1, pieces);
                assert_eq!(well.1, 1, "{what}: the exchange without faults");
                if name == Name::Random {
                    let different = (0..40).filter(|seed| {
                        let seen = exchange(persona, framed, &[Fault::new(name).with(100)], *seed);
                        seen.0 != well.0
                    });
                    assert!(different.count() >= 20, "{what}");
                    continue;
                }
                let (seen, _, told) = exchange(persona, framed, &[fault], 1);
                if is_unseen(&fault, framed) {
                    continue;
                }
                assert_ne!(seen, well.0, "{what}: nothing happened");
                assert!(!told.is_empty(), "{what}: nobody was told");
                assert_eq!(exchange(persona, framed, &[fault], 1).0, seen, "{what}: not the same again");
                tried += 1;
            }
        }
    }
    println!("{tried} faults at their places");
    assert_eq!(tried, 293, "the catalogue has changed: look whether the new number is right");
}

/// Places where a till cannot see the fault: behind the answer, where nothing follows that could be late, and where the
/// terminal closes the connection anyway.
fn is_unseen(fault: &Fault, framed: bool) -> bool {
    let behind = fault.position() == Some(Position::Step(Step::Answered));
    behind
        && match fault.name() {
            Name::Delay | Name::Stall => true,
            Name::Drop => !framed,
            _ => false,
        }
}

#[test]
fn the_catalogue_says_of_each_how_it_is_written() {
    for description in CATALOGUE {
        let example: Fault = description.example.parse().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(example.name(), description.fault);
        assert!(description.example.starts_with(description.name));
        let usual: Fault = description.name.parse().unwrap();
        assert_eq!(usual, Fault::new(description.fault));
        assert_eq!(usual.to_string().parse::<Fault>(), Ok(usual));
        assert_eq!(description.fault.description().name, description.name);
        for wrong in ["@byte=x", "@byte=-1", "@step=lunch", "@lunch", "@", ":x", ":-1", ":+1", ":"] {
            let text = format!("{}{wrong}", description.name);
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }
    let error = "dorp".parse::<Fault>().unwrap_err().to_string();
    assert!(error.contains("drop") && error.contains("half-open"), "{error}");
    let error = "drop@step=lunch".parse::<Fault>().unwrap_err().to_string();
    assert!(error.contains("step=decided") && !error.contains("lunch"), "{error}");
    let error = "split:0".parse::<Fault>().unwrap_err().to_string();
    assert!(error.contains("1 to 3600000 milliseconds"), "{error}");
}

#[test]
fn the_table_of_answers_says_of_each_how_it_is_written() {
    let error = "aprove".parse::<Script>().unwrap_err().to_string();
    for line in ANSWERS {
        let example: Script = line.example.parse().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(example.to_string(), line.example);
        assert!(line.example.starts_with(line.name) && error.contains(line.name), "{}: {error}", line.name);
        for wrong in [":", ":x", "@byte=1", "@", " "] {
            let text = format!("{}{wrong}", line.name);
            assert!(text.parse::<Script>().is_err(), "{text}");
        }
    }
    for wrong in ["by-amount,approve", "approve,random", "partial", "decline", "decline:01", "decline:4", ""]
    {
        assert!(wrong.parse::<Script>().is_err(), "{wrong}");
    }
}
