//! Where words go. A reader that has gone away never stops a payment.

use std::fmt;
use std::io::{self, Write};

use serde_json::Value;

/// The output of a command: text for people or JSON lines for programs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    pub(crate) const fn is_json(self) -> bool {
        self.json
    }

    /// A line for people, on standard output.
    pub(crate) fn text(self, line: impl fmt::Display) {
        if !self.json {
            print(format_args!("{line}"));
        }
    }

    /// A line for programs, on standard output.
    pub(crate) fn json(self, value: &Value) {
        if self.json {
            print(format_args!("{value}"));
        }
    }

    /// A warning or a hint, on standard error whatever the form of the output.
    pub(crate) fn notice(self, line: impl fmt::Display) {
        // Nobody reads it: nothing to be done.
        let _ = writeln!(io::stderr(), "{line}");
    }
}

fn print(line: fmt::Arguments<'_>) {
    let mut out = io::stdout().lock();
    // As above; what matters stands in the journal and in the exit code.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
