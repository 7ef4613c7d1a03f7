#![doc = include_str!("../README.md")]

mod args;
mod configuration;
mod dialect;
mod doctor;
mod explain;
mod harmless;
mod intent;
mod journal;
mod output;
mod pay;
mod ping;
mod probing;
mod recover;
mod report;
mod reprint;
mod stop;
mod terminal;
mod usage;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use args::{Arguments, Command};
use clap::Parser;
use output::Output;
use usage::Wrong;

/// Our own bug, as `sysexits.h` numbers it.
const BUG: u8 = 70;

fn main() -> ExitCode {
    ExitCode::from(catch_unwind(run).unwrap_or(BUG))
}

fn run() -> u8 {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage::of_the_parser(&error),
    };
    let json = arguments.command.wants_json();
    let started = stop::survive_limits().map_err(|error| Wrong::failure(BUG, "signals", error));
    let output = match started.and_then(|()| Output::new(json)) {
        Ok(output) => output,
        Err(wrong) => return wrong.print(json),
    };
    let ending = arguments.command.ending();
    // Whatever the command held is dropped when it returns: nothing is locked while its output waits for a reader.
    let result = catch_unwind(AssertUnwindSafe(|| obey(arguments.command, &output)));
    let code = result.map_or(BUG, |result| result.unwrap_or_else(|wrong| wrong.report(&output)));
    output.end(code, &ending)
}

fn obey(command: Command, output: &Output) -> Result<u8, Wrong> {
    match command {
        Command::Pay(arguments) => pay::run(&arguments, output),
        Command::Terminal(arguments) => terminal::run(&arguments, output),
        Command::Explain(arguments) => explain::run(&arguments, output),
        Command::Journal(arguments) => journal::run(&arguments, output),
        Command::Intent(arguments) => intent::run(&arguments.command, output),
        Command::Dialect(arguments) => dialect::run(&arguments, output),
        Command::Ping(arguments) => ping::run(&arguments, output),
        Command::Doctor(arguments) => doctor::run(&arguments, output),
        Command::Reprint(arguments) => reprint::run(&arguments, output),
    }
}
