//! `caisse intent request`.

use std::fmt::Display;
use std::str::FromStr;

use caisse::{Amount, Currency, Operation, SqliteJournal, TerminalId, TransactionId};
use caisse_android_intent::am::{Start, quote};
use caisse_android_intent::json::{from_intent, from_words};
use caisse_android_intent::{Intent, Value};
use caisse_intent::apm::{self, Kind};
use caisse_intent::v4::{Perform, PrintLast, PrintedTickets};
use caisse_intent::{Begun, PaymentRequest, Till};
use caisse_journal::OperatorOverride;
use serde_json::json;

use super::payment_arguments::{AppArgument, RequestArguments, RequestFormat, TicketsArgument};
use super::{NOT_AN_INTENT, outcome, show};
use crate::output::Output;
use crate::usage::Wrong;

pub(super) fn run(arguments: &RequestArguments, output: &Output) -> Result<u8, Wrong> {
    if let Some(tickets) = arguments.print_last {
        let intent = print_last(arguments, tickets)?;
        return print(&intent, None, arguments, output);
    }
    let request = payment_request(arguments)?;
    let Some(file) = &arguments.journal else {
        return print(&request.to_intent(), Some(&request), arguments, output);
    };
    let terminal: TerminalId = parse("terminal-id", &arguments.terminal_id)?;
    let journal = SqliteJournal::open(file).map_err(|error| Wrong::failure(6, "journal", error))?;
    let mut till = Till::new(journal, terminal, request.amount().currency()).exclusive(arguments.exclusive);
    match till.begin(&request).map_err(|error| Wrong::usage("request", error))? {
        Begun::Launch(intent) => print(&intent, Some(&request), arguments, output),
        Begun::Ended(payment) => Ok(outcome::tell(&payment, outcome::Kept::Journal, output)),
    }
}

pub(super) fn parse<T: FromStr<Err: Display>>(name: &'static str, text: &str) -> Result<T, Wrong> {
    text.parse().map_err(|error| Wrong::usage(name, format_args!("'{text}': {error}")))
}

pub(super) fn amount(text: &str, currency: &str) -> Result<Amount, Wrong> {
    let currency: Currency = parse("currency", currency)?;
    Amount::parse(text, currency).map_err(|error| Wrong::usage("amount", format_args!("'{text}': {error}")))
}

fn payment_request(arguments: &RequestArguments) -> Result<PaymentRequest, Wrong> {
    let wrong = |error| Wrong::usage("request", error);
    let amount = amount(arguments.amount.as_deref().unwrap_or_default(), &arguments.currency)?;
    let id: TransactionId = parse("id", arguments.id.as_deref().unwrap_or_default())?;
    let operation: Operation = parse("operation", &arguments.operation)?;
    let request = match arguments.app {
        AppArgument::V4 => {
            if arguments.app_original.is_some() {
                return Err(Wrong::usage("app-original", "only PayXpress APM is told one; see --app"));
            }
            let mut request = Perform::new(operation, amount, id).map_err(wrong)?;
            if let Some(print) = arguments.print_ticket {
                request = request.with_print_ticket(print);
            }
            for (key, value) in extras(arguments)? {
                request = request.with_extra(key, value).map_err(wrong)?;
            }
            PaymentRequest::v4(request)
        }
        AppArgument::Apm => {
            let mut request = apm::Request::new(kind(arguments, operation)?, amount).map_err(wrong)?;
            for (key, value) in extras(arguments)? {
                request = request.with_extra(key, value).map_err(wrong)?;
            }
            PaymentRequest::apm(id, request)
        }
    };
    let request = match &arguments.original {
        Some(original) => request.with_original(parse("original", original)?),
        None => request,
    };
    Ok(match (&arguments.by, &arguments.because) {
        (Some(by), Some(because)) => request.with_override(
            OperatorOverride::new(by, because).map_err(|error| Wrong::usage("because", error))?,
        ),
        _ => request,
    })
}

fn kind(arguments: &RequestArguments, operation: Operation) -> Result<Kind, Wrong> {
    if arguments.print_ticket.is_some() {
        return Err(Wrong::usage("print-ticket", "PayXpress APM is not told whether to print"));
    }
    let original = match &arguments.app_original {
        Some(original) => Some(parse("app-original", original)?),
        None => None,
    };
    match (operation, original) {
        (Operation::Debit, None) => Ok(Kind::Debit),
        (Operation::Credit, Some(original)) if arguments.direct => Ok(Kind::DirectRefund(original)),
        (Operation::Credit, original) => Ok(Kind::Refund(original)),
        (Operation::Debit, Some(_)) => Err(Wrong::usage("app-original", "a debit has no original")),
        (operation, _) => {
            Err(Wrong::usage("operation", format_args!("PayXpress APM has debit and credit, no {operation}")))
        }
    }
}

fn print_last(arguments: &RequestArguments, tickets: TicketsArgument) -> Result<Intent, Wrong> {
    if arguments.app == AppArgument::Apm {
        return Err(Wrong::usage("print-last", "only PayXpress V4 prints again"));
    }
    let tickets = match tickets {
        TicketsArgument::Both => PrintedTickets::Both,
        TicketsArgument::Client => PrintedTickets::Client,
        TicketsArgument::Merchant => PrintedTickets::Merchant,
    };
    let mut request = PrintLast::new(tickets);
    for (key, value) in extras(arguments)? {
        request = request.with_extra(key, value).map_err(|error| Wrong::usage("extra", error))?;
    }
    Ok(request.to_intent())
}

/// The extras of `--extra`.
fn extras(arguments: &RequestArguments) -> Result<Vec<(&str, Value)>, Wrong> {
    let read = |text: &'_ String| -> Option<(usize, usize, Value)> {
        let (kind, rest) = text.split_once(':')?;
        let (key, value) = rest.split_once('=').filter(|(key, _)| !key.is_empty())?;
        let start = kind.len().checked_add(1)?;
        let value = match kind {
            "string" => Value::from(value),
            "int" => Value::Int(value.parse().ok()?),
            "long" => Value::Long(value.parse().ok()?),
            "boolean" => Value::Boolean(value.parse().ok()?),
            "double" => Value::Double(value.parse().ok().filter(|it: &f64| it.is_finite())?),
            _ => return None,
        };
        Some((start, start.checked_add(key.len())?, value))
    };
    let numbered = |(number, text)| {
        // The value is not repeated: nobody knows what it is.
        let expected = "expected TYPE:KEY=VALUE with string, int, long, boolean or double";
        let (start, end, value) = read(text)
            .ok_or_else(|| Wrong::usage("extra", format_args!("extra number {number}: {expected}")))?;
        Ok((text.get(start..end).unwrap_or_default(), value))
    };
    (1..).zip(&arguments.extra).map(numbered).collect()
}

fn print(
    intent: &Intent,
    request: Option<&PaymentRequest>,
    arguments: &RequestArguments,
    output: &Output,
) -> Result<u8, Wrong> {
    let cannot = |error: &dyn Display| Wrong::failure(NOT_AN_INTENT, "intent", error);
    let start = Start::from(intent.clone());
    let words = start.words().map_err(|error| cannot(&error))?;
    let mut command = vec!["am".into(), "start".into()];
    command.extend(words.iter().cloned());
    let shell = quote(&command).map_err(|error| cannot(&error))?;
    let uri = intent.to_intent_uri().to_utf8().map_err(|error| cannot(&error))?;
    let raw = |text: String| serde_json::from_str::<serde_json::Value>(&text).unwrap_or_default();
    if output.is_json() {
        let amount = request.map(PaymentRequest::amount);
        output.json(&json!({
            "id": request.map(|it| it.id().to_string()),
            "operation": request.map(|it| it.operation().name()),
            "amount": amount.map(|it| it.decimal().to_string()),
            "amount_minor": amount.map(Amount::minor),
            "currency": amount.map(|it| it.currency().code()),
            "recorded": arguments.journal.is_some(),
            "intent": raw(from_intent(intent)),
            "uri": uri,
            "am": raw(from_words(&words)),
            "shell": shell,
        }));
        return Ok(0);
    }
    match arguments.format {
        RequestFormat::Text => {
            show::start(&(intent.clone(), None), output);
            output.text("");
            output.text(format_args!("URI    {uri}"));
            output.text(format_args!("shell  {shell}"));
        }
        RequestFormat::Uri => output.text(&uri),
        RequestFormat::Am => output.text(&shell),
        RequestFormat::Json => output.line(from_intent(intent)),
    }
    Ok(0)
}
