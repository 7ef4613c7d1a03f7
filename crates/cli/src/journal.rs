//! `caisse journal`: what stands in the file, and an operator's word on what is not known.

use caisse::{
    Amount, Confirmation, Decision, Journal, JournalError, Order, Paid, Record, RecordState, Source,
    SqliteJournal, TransactionId, WallTime,
};
use caisse_journal::{CheckProgress, FullCheck, LockError, TerminalKey, gives_back, in_flight};
use serde_json::{Value, json};
use std::fmt::Display;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use crate::args::{JournalArguments, JournalCommand, ResolveArguments};
use crate::output::Output;
use crate::recover;
use crate::report::{decision_lines, decision_name};
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
    // Not every file that can be looked at may be written.
    let open = || SqliteJournal::open(file).map_err(unusable);
    let read = || SqliteJournal::open_for_reading(file).map_err(unusable);
    match &arguments.command {
        JournalCommand::List { unresolved, .. } => list(&read()?, *unresolved, output),
        JournalCommand::Show { id, .. } => show(&read()?, id, output),
        JournalCommand::Resolve(arguments) => resolve(&mut open()?, arguments, output),
        JournalCommand::AcceptOlder { by, because, .. } => accept_older(file, by, because, output),
        JournalCommand::Verify { .. } => verify(&mut open_whichever_path(file)?, output),
        JournalCommand::Forget { older_than, .. } => forget(&mut open()?, *older_than, output),
        JournalCommand::Recover(arguments) => recover::run(&open()?, file, arguments, output),
    }
}

pub(crate) fn unusable(error: impl Display) -> Wrong {
    Wrong::failure(UNUSABLE, "journal", error)
}

fn list(journal: &SqliteJournal, unresolved: bool, output: &Output) -> Result<u8, Wrong> {
    let records = if unresolved { journal.unsettled() } else { journal.list() };
    let mut some_open = false;
    for record in records.map_err(unusable)? {
        let state = state(journal, &record)?;
        some_open |= state != "final";
        output.json(&json(&record, state));
        output.text(line(&record, state));
    }
    if let Some(checked) = journal.last_check() {
        let FullCheck { at, last_event, .. } = checked;
        output.notice(format_args!(
            "last full check: {at}, up to event {last_event} / dernière vérification complète : {at}, jusqu'à \
             l'événement {last_event}"
        ));
    }
    Ok(if unresolved && some_open { SOME_OPEN } else { 0 })
}

/// Opens a journal for a check, which needs to write nothing where the file has a second path.
fn open_whichever_path(file: &Path) -> Result<SqliteJournal, Wrong> {
    let opened = match SqliteJournal::open(file) {
        Err(JournalError::SecondPath { .. }) => SqliteJournal::open_for_reading(file),
        opened => opened,
    };
    opened.map_err(unusable)
}

/// How many lines of progress a check prints at most.
const REPORTS: u64 = 10;

fn verify(journal: &mut SqliteJournal, output: &Output) -> Result<u8, Wrong> {
    let mut reported = 0;
    let checked = journal.verify(&mut |CheckProgress { events, total }| {
        let part = events.saturating_mul(REPORTS).checked_div(total).unwrap_or(REPORTS);
        if part > reported && events < total {
            reported = part;
            let text = format_args!("… {events} of {total} events / {events} événements sur {total}");
            output.progress(&json!({ "event": "verifying", "events": events, "total": total }), text);
        }
    });
    let FullCheck { at, events, last_event } = checked.map_err(unusable)?;
    output.json(&json!({
        "event": "verified", "at": at.to_string(), "events": events, "last_event": last_event,
    }));
    output.text(format_args!("whole: {events} events checked / intact : {events} événements vérifiés"));
    Ok(0)
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
    if let Some(decision) = record.decision.as_ref().filter(|decision| decision.is_by_person()) {
        for line in decision_lines(decision, record.decided_at) {
            output.text(format_args!("  {line}"));
        }
    }
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
            Paid::Paid(amount.map_err(|error| Wrong::usage("paid", format_args!("'{text}': {error}")))?)
        }
    };
    let decision = Decision::new(paid, &arguments.by, &arguments.because)
        .map_err(|error| Wrong::usage("decision", error))?
        .confirming(arguments.confirmed.iter().map(|&step| step.into()));
    if paid == Paid::NotPaid && decision.confirmed.is_empty() {
        ask_for_confirmation(output);
    }
    let lock = journal.lock_terminal(&TerminalKey::from(start)).map_err(|error| match error {
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
    show(journal, &arguments.id, output)?;
    let after = find(journal, &arguments.id)?;
    if after.state() != RecordState::Disputed {
        return Ok(0);
    }
    let naming = journal.naming_original(&start.id).map_err(unusable)?;
    let credits = naming.iter().filter(|record| gives_back(record, &start.id));
    tell_dispute(&credits.map(|record| record.start.id.to_string()).collect::<Vec<_>>(), output);
    Ok(NO_SUCH)
}

/// The procedure for a terminal that hung, when nothing of it was confirmed.
fn ask_for_confirmation(output: &Output) {
    for line in [
        "warning: nothing was confirmed. A terminal that hung may still have the request and charge the customer:",
        "  1. recover  2. read the terminal's own journal  3. restart the terminal  4. recover again  5. decide",
        "  A restart may erase the terminal's journal. Say what was done: --confirmed recovered --confirmed",
        "  terminal-journal --confirmed restarted --confirmed recovered-again. It is recorded with the decision.",
        "attention : rien n'a été confirmé. Un terminal bloqué détient peut-être la demande et peut encore débiter :",
        "  1. recover  2. lire le journal du terminal  3. redémarrer le terminal  4. recover encore  5. décider",
        "  Un redémarrage peut effacer le journal du terminal. Dites ce qui a été fait (--confirmed) : c'est noté.",
    ] {
        output.notice(line);
    }
}

/// The decision has become a dispute.
fn tell_dispute(credits: &[String], output: &Output) {
    let credits = credits.join(", ");
    if credits.is_empty() {
        output
            .notice("not settled: the terminal's own proof says otherwise. Both are recorded, as a dispute.");
        output.notice("non réglé : la preuve du terminal dit le contraire. Les deux sont notées : contesté.");
    } else {
        output.notice(format_args!(
            "not settled: credits or cancellations rest on the earlier decision ({credits}). Both are recorded, as a dispute."
        ));
        output.notice(format_args!(
            "non réglé : des crédits ou annulations reposent sur la décision précédente ({credits}). Contesté."
        ));
    }
    output.notice("  Look again, then decide once more: that settles the dispute.");
    output.notice("  Vérifiez encore, puis décidez à nouveau : cela règle la contestation.");
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
    let by_person = record.decision.as_ref().filter(|decision| decision.is_by_person());
    let confirmed =
        |decision: &Decision| decision.confirmed.iter().map(Confirmation::name).collect::<Vec<_>>();
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
        "decision": by_person.map(decision_name),
        "decided_by": by_person.map(|decision| decision.by.clone()),
        "decided_because": by_person.map(|decision| decision.because.clone()),
        "decided_at": by_person.and(record.decided_at).map(|at| at.to_string()),
        "confirmed": by_person.map(confirmed),
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
    let by_person = record.decision.as_ref().filter(|decision| decision.is_by_person());
    let told = match by_person {
        Some(decision) => format!("{told}, decided by {}", decision.by),
        None => told,
    };
    format!(
        "{}  {state:<10}  {}  {} {amount}  {told}  terminal {}",
        record.started_at, start.id, start.content.operation, start.content.terminal
    )
}
