//! Wrong usage: found before anything is opened.

use std::fmt;
use std::io::{self, Write};

use clap::error::ErrorKind;
use serde_json::{Value, json};

use crate::output::Output;

/// Exit code of wrong usage.
pub(crate) const WRONG_USAGE: u8 = 2;

/// Exit code of a command whose output is what it is for and could not be written, as `sysexits.h` numbers it.
pub(crate) const UNWRITTEN: u8 = 74;

/// Why a command does not run.
#[derive(Debug)]
pub(crate) struct Wrong {
    kind: &'static str,
    message: String,
    code: u8,
}

impl Wrong {
    /// Wrong usage: which argument, and what is wrong with it.
    pub(crate) fn usage(kind: &'static str, message: impl fmt::Display) -> Self {
        Self { kind, message: message.to_string(), code: WRONG_USAGE }
    }

    /// Another failure, with its exit code.
    pub(crate) fn failure(code: u8, kind: &'static str, message: impl fmt::Display) -> Self {
        Self { kind, message: message.to_string(), code }
    }

    pub(crate) fn report(&self, output: &Output) -> u8 {
        output.json(&self.json());
        if !output.is_json() {
            output.notice(self.text());
        }
        self.code
    }

    /// Reports it where there is no output yet.
    pub(crate) fn print(&self, json: bool) -> u8 {
        // The exit code stays, whether or not this can be written.
        let _ = if json {
            writeln!(io::stdout(), "{}", self.json())
        } else {
            writeln!(io::stderr(), "{}", self.text())
        };
        self.code
    }

    fn json(&self) -> Value {
        json!({ "error": { "kind": self.kind, "message": self.message } })
    }

    fn text(&self) -> String {
        format!("error: {}: {}", self.kind, self.message)
    }
}

/// What was typed, unless a card reader may have typed it.
pub(crate) fn quoted(text: &str) -> String {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if digits < 13 { format!("'{text}'") } else { "(not repeated)".to_owned() }
}

/// What the parser of the command line refuses, or shows when asked for help.
pub(crate) fn of_the_parser(error: &clap::Error) -> u8 {
    let help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if !help && std::env::args_os().any(|argument| argument == "--json") {
        let message = error.to_string();
        let message = message.strip_prefix("error: ").unwrap_or(&message).trim_end();
        return Wrong::usage("usage", message).print(true);
    }
    let printed = error.print();
    match printed {
        _ if !help => WRONG_USAGE,
        // A reader that has gone is no reason to fail.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Wrong::failure(UNWRITTEN, "output", error).print(false)
        }
        _ => 0,
    }
}
