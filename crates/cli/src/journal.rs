//! `caisse journal`: what stands in the file, and an operator's word on what is not known.

use caisse::{
    Amount, Decision, Journal, JournalError, Order, Paid, Record, RecordState, Source, SqliteJournal,
    TransactionId, WallTime,
};
use caisse_journal::{LockError, in_flight};
use serde_json::{Value, json};
use std::fmt::Display;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use crate::args::{JournalArguments, JournalCommand, ResolveArguments};
use crate::output::Output;
use crate::recover;
use crate::usage::Wrong;

/// Exit code when the journal cannot be used.
const UNUSABLE: u8 = 6;

/// Exit code when some transaction is open.
pub(crate) const SOME_OPEN: u8 = 3;

/// The state of a transaction that a program is at.
pub(crate) const IN_FLIGHT: &str = "in_flight";

/// Exit code when there is no such transaction, or none that is open.
const NO_SUCH: u8 = 1;

pub(crate) fn run(arguments: &JournalArguments, output: &Output) -> Result<u8, Wrong> {
    let file = &arguments.file;
    if let Err(error) = file.metadata() {
        let file = file.display();
        return Err(match error.kind() {
            ErrorKind::NotFound => Wrong::usage("file", format_args!("{file}: there is no such file")),
            _ => unusable(format_args!("{file}: {error}")),
        });
    }
    // An older copy does not open as a journal.
    let open = || SqliteJournal::open(file).map_err(unusable);
    match &arguments.command {
        JournalCommand::List { unresolved, .. } => list(&open()?, *unresolved, output),
        JournalCommand::Show { id, .. } => show(&open()?, id, output),
        JournalCommand::Resolve(arguments) => resolve(&mut open()?, arguments, output),
        JournalCommand::AcceptOlder { by, because, .. } => accept_older(file, by, because, output),
        JournalCommand::Forget { older_than, .. } => forget(&mut open()?, *older_than, output),
        JournalCommand::Recover(arguments) => {
            drop(open()?);
            recover::run(file, arguments, output)
        }
    }
}

pub(crate) fn unusable(error: impl Display) -> Wrong {
    Wrong::failure(UNUSABLE, "journal", error)
}

fn list(journal: &SqliteJournal, unresolved: bool, output: &Output) -> Result<u8, Wrong> {
    let mut some_open = false;
    for record in journal.list().map_err(unusable)? {
        let state = state(journal, &record)?;
        let open = state != "final";
        if unresolved && !open {
            continue;
        }
        some_open |= open;
        output.json(&json(&record, state));
        output.text(line(&record, state));
    }
    Ok(if unresolved && some_open { SOME_OPEN } else { 0 })
}

fn find(journal: &SqliteJournal, id: &str) -> Result<Record, Wrong> {
    let none = || Wrong::failure(NO_SUCH, "id", format_args!("'{id}': there is no such transaction"));
    let id: TransactionId = id.parse().map_err(|_| none())?;
    journal.find(&id).map_err(unusable)?.ok_or_else(none)
}

fn show(journal: &SqliteJournal, id: &str, output: &Output) -> Result<u8, Wrong> {
    let record = find(journal, id)?;
    let events = journal.events(&record.start.id).map_err(unusable)?;
    let state = state(journal, &record)?;
    let mut object = json(&record, state);
    object["events"] = events
        .iter()
        .map(|event| json!({ "at": event.at.to_string(), "what": event.what.name(), "detail": event.to_string() }))
        .collect();
    output.json(&object);
    output.text(line(&record, state));
    for event in &events {
        output.text(format_args!("  {}  {}  {}", event.at, event.what.name(), event));
    }
    Ok(0)
}

fn resolve(journal: &mut SqliteJournal, arguments: &ResolveArguments, output: &Output) -> Result<u8, Wrong> {
    let record = find(journal, &arguments.id)?;
    let start = &record.start;
    let asked = start.content.amount;
    let paid = match arguments.paid.as_deref() {
        None => Paid::NotPaid,
        Some("") => Paid::Paid(asked),
        Some(text) => {
            let amount = Amount::parse(text, asked.currency());
            let amount = amount.map_err(|error| Wrong::usage("paid", format_args!("'{text}': {error}")))?;
            if amount.minor() > asked.minor() {
                return Err(Wrong::usage(
                    "paid",
                    format_args!("{amount} is more than the {asked} that were asked for"),
                ));
            }
            Paid::Paid(amount)
        }
    };
    let decision = Decision::new(paid, &arguments.by, &arguments.because)
        .map_err(|error| Wrong::usage("decision", error))?;
    let lock = journal.lock(&start.content.terminal).map_err(|error| match error {
        LockError::Busy => {
            Wrong::failure(NO_SUCH, "busy", "a payment is running on this terminal: wait for its end")
        }
        error => Wrong::failure(UNUSABLE, "journal", error),
    })?;
    journal.resolve(&lock, &start.id, &decision, WallTime::now()).map_err(|error| match error {
        JournalError::NotUnresolved => Wrong::failure(NO_SUCH, "id", error),
        error => unusable(error),
    })?;
    drop(lock);
    show(journal, &arguments.id, output)
}

fn accept_older(file: &Path, by: &str, because: &str, output: &Output) -> Result<u8, Wrong> {
    let word = Order::new(by, because).map_err(|error| Wrong::usage("because", error))?;
    let accepted = SqliteJournal::accept_older(file, &word, WallTime::now()).map_err(unusable)?;
    let Some(copy) = accepted else {
        return Err(Wrong::failure(NO_SUCH, "file", "this is no older copy: nothing was changed"));
    };
    output.json(&json!({ "last_event": copy.last_event, "recorded_event": copy.recorded_event }));
    output.text(format_args!(
        "accepted with {} events, of {} recorded: what is missing can be charged again",
        copy.last_event, copy.recorded_event
    ));
    output.text(format_args!(
        "acceptée avec {} événements, sur {} enregistrés : ce qui manque peut être débité à nouveau",
        copy.last_event, copy.recorded_event
    ));
    Ok(0)
}

fn forget(journal: &mut SqliteJournal, days: u32, output: &Output) -> Result<u8, Wrong> {
    let keep = Duration::from_secs(u64::from(days).saturating_mul(24 * 3600));
    let gone = journal.forget(keep, WallTime::now()).map_err(unusable)?;
    output.json(&json!({ "transactions": gone.transactions, "events": gone.events }));
    let text = match gone.transactions {
        0 => "nothing to forget / rien à oublier".to_owned(),
        1 => "1 transaction forgotten / 1 transaction oubliée".to_owned(),
        count => format!("{count} transactions forgotten / {count} transactions oubliées"),
    };
    output.text(text);
    Ok(0)
}

pub(crate) fn state(journal: &SqliteJournal, record: &Record) -> Result<&'static str, Wrong> {
    Ok(match record.state() {
        RecordState::Final => "final",
        RecordState::Disputed => "disputed",
        RecordState::Unresolved if in_flight(journal, record).map_err(unusable)? => IN_FLIGHT,
        RecordState::Unresolved => "unresolved",
    })
}

pub(crate) fn json(record: &Record, state: &str) -> Value {
    let start = &record.start;
    let amount = start.content.amount;
    let verdict = record.told();
    let approved = verdict.outcome.approved_amount();
    let reason = verdict.outcome.reason_code().zip(verdict.outcome.reason_text());
    json!({
        "id": start.id.as_str(),
        "operation": start.content.operation.name(),
        "amount": amount.decimal().to_string(),
        "amount_minor": amount.minor(),
        "currency": amount.currency().code(),
        "terminal": start.content.terminal.as_str(),
        "reference": start.content.reference.as_ref().map(|reference| reference.as_str().to_owned()),
        "state": state,
        "outcome": verdict.outcome.name(),
        "approved_amount": approved.map(|amount| amount.decimal().to_string()),
        "approved_amount_minor": approved.map(Amount::minor),
        "tip": record.tip().map(|tip| tip.decimal().to_string()),
        "tip_minor": record.tip().map(Amount::minor),
        "reported_amount": record.reported_amount().map(|amount| amount.decimal().to_string()),
        "reported_amount_minor": record.reported_amount().map(Amount::minor),
        "reason": reason.map(|(code, text)| json!({ "code": code, "fr": text.fr, "en": text.en })),
        "authorisation": record.end.and_then(|end| end.authorisation).map(|number| number.to_string()),
        "proof": verdict.proof.name(),
        "started_at": record.started_at.to_string(),
        "evidence_resolved": record.decision.as_ref().map(|decision| decision.source == Source::Evidence),
        "resolved_by": record.decision.as_ref().map(|decision| decision.by.clone()),
    })
}

pub(crate) fn line(record: &Record, state: &str) -> String {
    let start = &record.start;
    let outcome = record.told().outcome;
    let amount = start.content.amount;
    let tip = record.tip().map(|tip| format!(", tip {tip}")).unwrap_or_default();
    let told = match (outcome.reason_code(), outcome.approved_amount()) {
        // It has no end yet.
        _ if state == IN_FLIGHT => "running".to_owned(),
        (Some(code), _) => match record.reported_amount() {
            Some(reported) => format!("{} [{code}] reported {reported}", outcome.name()),
            None => format!("{} [{code}]", outcome.name()),
        },
        (None, Some(approved)) if approved != amount => format!("{} {approved}{tip}", outcome.name()),
        _ => outcome.name().to_owned(),
    };
    format!(
        "{}  {state:<10}  {}  {} {amount}  {told}  terminal {}",
        record.started_at, start.id, start.content.operation, start.content.terminal
    )
}
