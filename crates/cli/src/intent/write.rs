//! `caisse intent write`.

use std::fmt;

use caisse_android_intent::Intent;
use caisse_android_intent::am::{CannotQuote, CannotSay, Start, quote};
use caisse_android_intent::json::{JsonError, from_string, from_words, to_intent};

use super::arguments::{Format, WriteArguments};
use super::{NOT_AN_INTENT, lines};
use crate::output::Output;
use crate::usage::Wrong;

pub(super) fn run(arguments: &WriteArguments, output: &Output) -> Result<u8, Wrong> {
    if arguments.lines {
        return lines::answer(output, |line| json(&to_intent(line)?, arguments.format));
    }
    let text = arguments.intent.as_deref().unwrap_or_default();
    let intent = to_intent(text).map_err(|error| Wrong::usage("intent", error))?;
    let written =
        if output.is_json() { json(&intent, arguments.format) } else { line(&intent, arguments.format) };
    let written = written.map_err(|error| Wrong::failure(NOT_AN_INTENT, "intent", error))?;
    output.line(written);
    Ok(0)
}

/// Why an intent is not written.
enum CannotWrite {
    Json(JsonError),
    Say(CannotSay),
    Quote(CannotQuote),
    Print,
}

impl fmt::Display for CannotWrite {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => error.fmt(formatter),
            Self::Say(error) => error.fmt(formatter),
            Self::Quote(error) => error.fmt(formatter),
            Self::Print => formatter.write_str("half of a surrogate pair in the data; --json prints it"),
        }
    }
}

impl From<JsonError> for CannotWrite {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

fn json(intent: &Intent, format: Format) -> Result<String, CannotWrite> {
    match format {
        Format::Uri => Ok(from_string(&intent.to_intent_uri())),
        Format::Am => {
            Start::from(intent.clone()).words().map(|words| from_words(&words)).map_err(CannotWrite::Say)
        }
    }
}

/// For people: the URI itself, or the command for the device's shell.
fn line(intent: &Intent, format: Format) -> Result<String, CannotWrite> {
    match format {
        Format::Uri => intent.to_intent_uri().to_utf8().map_err(|_| CannotWrite::Print),
        Format::Am => {
            let mut words = vec!["am".into(), "start".into()];
            words.extend(Start::from(intent.clone()).words().map_err(CannotWrite::Say)?);
            quote(&words).map_err(CannotWrite::Quote)
        }
    }
}
