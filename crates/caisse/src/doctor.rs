//! Finds out what is wrong between till and terminal, without money: see [`examine`].

mod examination;
mod fault;
mod format;
mod ports;
mod serial;
mod tcp;

use std::fmt;

pub use examination::{Examination, examine};
pub use fault::Fault;
pub use format::FormatReason;
pub use ports::{Port, ports};

/// A sentence in French and in English, with what was seen in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// In French.
    pub fr: String,
    /// In English.
    pub en: String,
}

impl Words {
    pub(crate) fn new(fr: impl fmt::Display, en: impl fmt::Display) -> Self {
        Self { fr: fr.to_string(), en: en.to_string() }
    }
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub fault: Fault,
    /// What was seen. Never a byte of what the terminal said.
    pub seen: Words,
    /// What to try: an address, or an option of the command.
    pub attempt: Option<String>,
    /// Likely reasons of a refusal for its format, the likeliest first.
    pub reasons: Vec<FormatReason>,
}

impl Finding {
    pub(crate) fn new(fault: Fault, seen: Words) -> Self {
        Self { fault, seen, attempt: None, reasons: Vec::new() }
    }

    pub(crate) fn attempt(self, attempt: impl fmt::Display) -> Self {
        Self { attempt: Some(attempt.to_string()), ..self }
    }
}
