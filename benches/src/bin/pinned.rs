//! Holds the counts that the bench `counts` printed as JSON to the committed ones: `pinned COUNTS PINS`. With `--pin`
//! behind that it commits them instead.

use std::process::ExitCode;
use std::{env, fs};

use caisse_benches::pins::{counted, faults, pin, pinned};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [counts, pins, rest @ ..] = arguments.as_slice() else {
        eprintln!("usage: pinned COUNTS PINS [--pin]");
        return ExitCode::from(2);
    };
    let read = |path: &String| fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let counts = counted(&read(counts));
    if rest == ["--pin"] {
        fs::write(pins, pin(&counts)).expect("a file that can be written");
        return ExitCode::SUCCESS;
    }
    let faults = faults(&counts, &pinned(&read(pins)));
    for fault in &faults {
        eprintln!("{fault}");
    }
    println!("{} counts held to their pins, {} faults", counts.len(), faults.len());
    if faults.is_empty() && !counts.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
