//! Wrong usage: found before anything is opened.

use std::fmt;

use clap::error::ErrorKind;
use serde_json::json;

use crate::output::Output;

/// Exit code of wrong usage.
pub(crate) const WRONG_USAGE: u8 = 2;

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
        output.json(&json!({ "error": { "kind": self.kind, "message": self.message } }));
        if !output.is_json() {
            output.notice(format_args!("error: {}: {}", self.kind, self.message));
        }
        self.code
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
        return Wrong::usage("usage", message).report(&Output::new(true));
    }
    // A reader that has gone is no reason to fail.
    let _ = error.print();
    if help { 0 } else { WRONG_USAGE }
}
