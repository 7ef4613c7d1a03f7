//! `caisse journal`: what a journal contains, and a person's word on what is not known.

pub(crate) mod arguments;
mod backup;
mod list;
mod local_time;
mod resolve;
mod salvage;
mod totals;
mod verify;
mod words;

use std::fmt::Display;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use caisse::{
    Amount, Confirmation, Decision, Journal, OperatorOverride, Record, RecordState, Source, SqliteJournal,
    TransactionId, WallTime,
};
use caisse_journal::in_flight;
use serde_json::{Value, json};

use crate::args::LanguageArgument;
use crate::configuration::{own_configuration, own_journal};
use crate::output::Output;
use crate::recover;
use crate::report::{decimal, decision_lines, decision_name};
use crate::usage::{Wrong, quoted};
use arguments::{JournalArguments, JournalCommand};
use words::Words;

/// Exit code when the journal cannot be used.
const UNUSABLE: u8 = 6;

/// Exit code when some transaction is open.
pub(crate) const SOME_OPEN: u8 = 3;

/// The state of a transaction that a program is at.
pub(crate) const IN_FLIGHT: &str = "in_flight";

/// Exit code when there is no such transaction, or none that is open.
const NO_SUCH: u8 = 1;

pub(crate) fn run(arguments: &JournalArguments, output: &Output) -> Result<u8, Wrong> {
    let file = &file(arguments, output)?;
    let is_restored = matches!(arguments.command, JournalCommand::Restore { .. });
    if let (false, Err(error)) = (is_restored, file.metadata()) {
        let file = file.display();
        return Err(match error.kind() {
            ErrorKind::NotFound => Wrong::usage("file", format_args!("{file}: there is no such file")),
            _ => unusable(format_args!("{file}: {error}")),
        });
    }
    // Not every file that can be looked at may be written.
    let open = || SqliteJournal::open(file).map_err(unusable);
    let read = || SqliteJournal::open_for_reading(file).map_err(unusable);
    match &arguments.command {
        JournalCommand::List(arguments) => list::list(&read()?, arguments, output),
        JournalCommand::Show { id, lang, .. } => {
            let journal = read()?;
            show(&journal, &find_by_prefix(&journal, id)?, *lang, output)
        }
        JournalCommand::Totals(arguments) => totals::totals(&read()?, arguments, output),
        JournalCommand::Resolve(arguments) => resolve::resolve(&mut open()?, arguments, output),
        JournalCommand::AcceptOlder { by, because, .. } => accept_older(file, by, because, output),
        JournalCommand::Backup { to, .. } => backup::backup(&read()?, to, output),
        JournalCommand::Restore { backup, by, because, .. } => {
            backup::restore(backup, file, by, because, output)
        }
        JournalCommand::Salvage { into, .. } => salvage::salvage(file, into, output),
        JournalCommand::Verify { .. } => verify::verify(file, output),
        JournalCommand::Forget { older_than, .. } => forget(&mut open()?, *older_than, output),
        JournalCommand::Recover(arguments) => recover::run(&open()?, file, arguments, output),
    }
}

/// The journal that is meant: the given one, or the one in which a payment is recorded by default.
fn file(arguments: &JournalArguments, output: &Output) -> Result<PathBuf, Wrong> {
    if let Some(file) = &arguments.file {
        return Ok(file.clone());
    }
    let of_configuration = own_configuration()?.and_then(|shop| shop.journal().map(Path::to_owned));
    let file = match of_configuration {
        Some(file) => file,
        None => own_journal().map_err(|why| Wrong::usage("file", why))?,
    };
    output.notice(format_args!("journal: {}", file.display()));
    Ok(file)
}

pub(crate) fn unusable(error: impl Display) -> Wrong {
    Wrong::failure(UNUSABLE, "journal", error)
}

fn no_such(id: &str, what: &str) -> Wrong {
    Wrong::failure(NO_SUCH, "id", format_args!("{}: {what}", quoted(id)))
}

/// Returns the transaction of this id.
fn find(journal: &SqliteJournal, id: &str) -> Result<Record, Wrong> {
    let found = match id.parse::<TransactionId>() {
        Ok(id) => journal.find(&id).map_err(unusable)?,
        Err(_) => None,
    };
    found.ok_or_else(|| no_such(id, "there is no such transaction"))
}

/// Returns the transaction of this id, or the only one whose id begins so. To be shown only: a decision needs the whole id.
fn find_by_prefix(journal: &SqliteJournal, id: &str) -> Result<Record, Wrong> {
    if let Ok(record) = find(journal, id) {
        return Ok(record);
    }
    let (mut found, mut count) = (None, 0usize);
    list::each(journal, &mut |record| {
        if !id.is_empty() && record.id().as_str().starts_with(id) {
            count = count.saturating_add(1);
            found = Some(record.clone());
        }
        Ok(())
    })?;
    match (found, count) {
        (Some(record), 1) => Ok(record),
        (None, _) => Err(no_such(id, "there is no such transaction")),
        (Some(_), count) => Err(no_such(id, &format!("{count} transactions begin so; give more of the id"))),
    }
}

fn show(
    journal: &SqliteJournal,
    record: &Record,
    language: LanguageArgument,
    output: &Output,
) -> Result<u8, Wrong> {
    let events = journal.events(&record.id()).map_err(unusable)?;
    let state = state(journal, record)?;
    let mut object = json(record, state);
    object["events"] = events
        .iter()
        .map(|event| json!({ "at": event.at.to_string(), "what": event.event.name(), "detail": event.to_string() }))
        .collect();
    output.json(&object);
    output.text(line(record, state, language));
    if let Some(decision) = record.decision().filter(|decision| decision.is_by_person()) {
        for line in decision_lines(decision, record.decided_at()) {
            output.text(format_args!("  {line}"));
        }
    }
    for event in &events {
        output.text(format_args!("  {}  {}  {}", local_time::local(event.at), event.event.name(), event));
    }
    Ok(0)
}

fn accept_older(file: &Path, by: &str, because: &str, output: &Output) -> Result<u8, Wrong> {
    let word = OperatorOverride::new(by, because).map_err(|error| Wrong::usage("because", error))?;
    let accepted = SqliteJournal::accept_older(file, &word, WallTime::now()).map_err(unusable)?;
    let Some(copy) = accepted else {
        return Err(Wrong::failure(NO_SUCH, "file", "this is no older copy: nothing was changed"));
    };
    output.json(&json!({ "last_event": copy.last_event, "recorded_event": copy.recorded_event }));
    output.text(format_args!(
        "accepted: the journal ends with event {}; event {} was recorded before it was replaced",
        copy.last_event, copy.recorded_event
    ));
    output.text(format_args!(
        "acceptée : le journal s'arrête à l'événement {} ; l'événement {} avait été enregistré avant qu'il soit remplacé",
        copy.last_event, copy.recorded_event
    ));
    tell_missing(output);
    Ok(0)
}

/// What payments that a journal does not know mean for the next ones.
fn tell_missing(output: &Output) {
    for line in [
        "The journal does not know the payments that were made since. If the till asks for one of their ids again, THE CUSTOMER IS",
        "  CHARGED AGAIN. Before the next payment, compare the sales of the till since then with the terminal's own journal.",
        "Le journal ne connaît pas les paiements faits depuis. Si la caisse redemande l'un de leurs identifiants, LE CLIENT EST DÉBITÉ",
        "  À NOUVEAU. Avant le prochain paiement, comparez les ventes de la caisse depuis lors au journal du terminal.",
    ] {
        output.text(line);
    }
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
    let transaction = record.transaction();
    let amount = transaction.amount;
    let verdict = record.told();
    let approved = verdict.outcome.approved_amount();
    let reason = verdict.outcome.reason_code().zip(verdict.outcome.reason_text());
    let by_person = record.decision().filter(|decision| decision.is_by_person());
    let confirmed =
        |decision: &Decision| decision.confirmed().iter().map(Confirmation::name).collect::<Vec<_>>();
    json!({
        "id": transaction.id.as_str(),
        "operation": transaction.operation.name(),
        "amount": amount.decimal().to_string(),
        "amount_minor": amount.minor(),
        "currency": amount.currency().code(),
        "terminal": transaction.terminal.as_str(),
        "reference": transaction.reference.as_ref().map(|reference| reference.as_str().to_owned()),
        "state": state,
        "outcome": verdict.outcome.name(),
        "approved_amount": approved.map(|amount| amount.decimal().to_string()),
        "approved_amount_minor": approved.map(Amount::minor),
        "tip": record.tip().map(|tip| tip.decimal().to_string()),
        "tip_minor": record.tip().map(Amount::minor),
        "reported_amount": record.reported_amount().map(|amount| amount.decimal().to_string()),
        "reported_amount_minor": record.reported_amount().map(Amount::minor),
        "reason": reason.map(|(code, text)| json!({ "code": code, "fr": text.fr, "en": text.en })),
        "authorisation": record.conclusion().and_then(|conclusion| conclusion.authorisation).map(|number| number.to_string()),
        "proof": verdict.proof.name(),
        "started_at": record.started_at().to_string(),
        "evidence_resolved": record.decision().map(|decision| decision.source() == Source::Evidence),
        "resolved_by": record.decision().map(|decision| decision.by().to_owned()),
        "decision": by_person.map(decision_name),
        "decided_by": by_person.map(|decision| decision.by().to_owned()),
        "decided_because": by_person.map(|decision| decision.because().to_owned()),
        "decided_at": by_person.and(record.decided_at()).map(|at| at.to_string()),
        "confirmed": by_person.map(confirmed),
    })
}

pub(crate) fn line(record: &Record, state: &str, language: LanguageArgument) -> String {
    let transaction = record.transaction();
    let outcome = record.told().outcome;
    let amount = transaction.amount;
    let money = |amount: Amount| format!("{} {}", decimal(amount, language), amount.currency().code());
    let words = Words::of(language);
    let name = words.outcome(&outcome);
    let told = match (outcome.reason_code(), outcome.approved_amount()) {
        // It has no end yet.
        _ if state == IN_FLIGHT => words.running.to_owned(),
        (Some(code), _) => match record.reported_amount() {
            Some(reported) => format!("{name} [{code}] {} {}", words.reported, money(reported)),
            None => format!("{name} [{code}]"),
        },
        (None, Some(approved)) if approved != amount => {
            let tip = record.tip().map(|tip| format!(", {} {}", words.tip, money(tip))).unwrap_or_default();
            format!("{name} {}{tip}", money(approved))
        }
        _ => name.to_owned(),
    };
    let by_person = record.decision().filter(|decision| decision.is_by_person());
    let told = match by_person {
        Some(decision) => format!("{told}, {} {}", words.decided_by, decision.by()),
        None => told,
    };
    format!(
        "{}  {:<10}  {}  {} {}  {told}  terminal {}",
        local_time::local(record.started_at()),
        words.state(state),
        transaction.id,
        words.operation(transaction.operation),
        money(amount),
        transaction.terminal
    )
}
