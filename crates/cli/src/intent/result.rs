//! `caisse intent result`.

use std::io::{self, Read};

use caisse::{Operation, SqliteJournal, TransactionId};
use caisse_android_intent::am::Start;
use caisse_android_intent::{Intent, JavaString, UriFlags, json};
use caisse_intent::{ActivityResult, Answer, Asked, OtherPayments, Payment, Till, TillError, interpret};

use super::outcome::{self, Kept};
use super::payment_arguments::{ResultArguments, ResultFormat};
use super::request::{amount, parse};
use crate::output::Output;
use crate::usage::Wrong;

/// What is left of a longer input is not read: the result is too long already.
const LONGEST: u64 = 4 * Answer::LONGEST as u64;

pub(super) fn run(arguments: &ResultArguments, output: &Output) -> Result<u8, Wrong> {
    let id: TransactionId = parse("id", &arguments.id)?;
    let Some(file) = &arguments.journal else {
        let operation: Operation = parse("operation", &arguments.operation)?;
        let amount = amount(arguments.amount.as_deref().unwrap_or_default(), &arguments.currency)?;
        let asked = Asked { operation, amount, reference: id };
        let others = if arguments.pending { OtherPayments::Possible } else { OtherPayments::None };
        let (verdict, answer) = interpret(&asked, &result(arguments)?, others);
        let payment = Payment::answered(&asked, verdict, answer);
        return Ok(outcome::tell(&payment, Kept::Nowhere, output));
    };
    if !file.exists() {
        return Err(Wrong::usage("journal", format_args!("{}: there is no such file", file.display())));
    }
    let result = result(arguments)?;
    let journal = SqliteJournal::open(file).map_err(|error| Wrong::failure(6, "journal", error))?;
    // The terminal and the currency are those of the record.
    let mut till =
        Till::new(journal, parse("terminal-id", "device")?, parse("currency", &arguments.currency)?);
    let payment = till.answer(&id, &result).map_err(|error| match error {
        TillError::NoSuchTransaction => Wrong::usage("id", format_args!("'{id}': {error}")),
        error => Wrong::failure(6, "journal", error),
    })?;
    Ok(outcome::tell(&payment, Kept::Journal, output))
}

fn result(arguments: &ResultArguments) -> Result<ActivityResult, Wrong> {
    let code = arguments.code;
    if arguments.null {
        return Ok(ActivityResult::new(code, None));
    }
    let words = &arguments.result;
    if arguments.format == ResultFormat::Am {
        let words: Vec<JavaString> = words.iter().map(JavaString::from).collect();
        let start = Start::parse(&words).map_err(|error| Wrong::usage("result", error))?;
        return Ok(ActivityResult::from_intent(code, Some(&start.intent)));
    }
    let [text] = words.as_slice() else {
        return Err(Wrong::usage("result", "expected one text; quote it for the shell"));
    };
    let text = if text == "-" { standard_input()? } else { text.clone() };
    let intent: Intent = match arguments.format {
        ResultFormat::Text | ResultFormat::Am => return Ok(ActivityResult::new(code, Some(&text))),
        ResultFormat::Uri => Intent::parse_uri(text.trim_end(), UriFlags::INTENT_SCHEME)
            .map_err(|error| Wrong::usage("result", error))?,
        ResultFormat::Json => json::to_intent(&text).map_err(|error| Wrong::usage("result", error))?,
    };
    Ok(ActivityResult::from_intent(code, Some(&intent)))
}

fn standard_input() -> Result<String, Wrong> {
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .take(LONGEST)
        .read_to_end(&mut bytes)
        .map_err(|error| Wrong::usage("result", format_args!("standard input: {error}")))?;
    // A result that is not UTF-8 is no JSON either.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
