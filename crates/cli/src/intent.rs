//! `caisse intent`: App to App on Android.

pub(crate) mod arguments;
mod lines;
mod outcome;
mod parse;
mod payment_arguments;
mod request;
mod result;
mod show;
mod write;

use arguments::IntentCommand;

use crate::output::Output;
use crate::usage::Wrong;

/// Exit code for texts that are no intent.
const NOT_AN_INTENT: u8 = 1;

pub(crate) fn run(command: &IntentCommand, output: &Output) -> Result<u8, Wrong> {
    match command {
        IntentCommand::Parse(arguments) => parse::run(arguments, output),
        IntentCommand::Write(arguments) => write::run(arguments, output),
        IntentCommand::Request(arguments) => request::run(arguments, output),
        IntentCommand::Result(arguments) => result::run(arguments, output),
    }
}
