//! `caisse journal list`: lines for people, JSON lines, or a table.

use std::collections::VecDeque;

use caisse::{Amount, Journal, Record, SqliteJournal};
use caisse_journal::FullCheck;

use super::arguments::{ListArguments, SelectionArguments, StateArgument};
use super::{SOME_OPEN, json, line, local_time, state, unusable};
use crate::args::LanguageArgument;
use crate::output::Output;
use crate::report::decimal;
use crate::usage::Wrong;

impl SelectionArguments {
    /// Whether a transaction is selected.
    pub(super) fn selects(&self, record: &Record) -> bool {
        let start = &record.start;
        let is_of = |terminal: &str| {
            start.content.terminal.as_str() == terminal
                || start.address.is_some_and(|address| address.as_str() == terminal)
        };
        self.since.is_none_or(|since| record.started_at >= since)
            && self.until.is_none_or(|until| record.started_at < until)
            && self.terminal.as_deref().is_none_or(is_of)
    }
}

impl StateArgument {
    const fn name(self) -> &'static str {
        match self {
            Self::InFlight => super::IN_FLIGHT,
            Self::Unresolved => "unresolved",
            Self::Final => "final",
            Self::Disputed => "disputed",
        }
    }
}

pub(super) fn list(journal: &SqliteJournal, arguments: &ListArguments, output: &Output) -> Result<u8, Wrong> {
    let mut some_open = false;
    let mut listed = VecDeque::new();
    let records = if arguments.unresolved { journal.unsettled() } else { journal.list() };
    for record in records.map_err(unusable)? {
        if !arguments.selection.selects(&record) {
            continue;
        }
        let state = state(journal, &record)?;
        let is_open = state != "final";
        let is_wanted = arguments.state.is_none_or(|wanted| wanted.name() == state);
        if (arguments.unresolved && !is_open) || !is_wanted {
            continue;
        }
        some_open |= is_open;
        listed.push_back((record, state));
        if arguments.limit.is_some_and(|limit| listed.len() > limit) {
            listed.pop_front();
        }
    }
    if arguments.csv {
        table(&listed, arguments.lang, output)?;
    } else {
        for (record, state) in &listed {
            output.json(&json(record, state));
            output.text(line(record, state, arguments.lang));
        }
    }
    if let Some(FullCheck { at, last_event, .. }) = journal.last_check() {
        let at = local_time::local(at);
        output.notice(format_args!(
            "last full check: {at}, up to event {last_event} / dernière vérification complète : {at}, jusqu'à \
             l'événement {last_event}"
        ));
    }
    Ok(if arguments.unresolved && some_open { SOME_OPEN } else { 0 })
}

const HEADINGS: [&str; 16] = [
    "id",
    "started_at",
    "local_time",
    "terminal",
    "operation",
    "amount",
    "currency",
    "state",
    "outcome",
    "approved_amount",
    "tip",
    "authorisation",
    "reason",
    "reference",
    "original",
    "decided_by",
];

fn table(
    records: &VecDeque<(Record, &str)>,
    language: LanguageArgument,
    output: &Output,
) -> Result<(), Wrong> {
    let separator = match language {
        LanguageArgument::En => b',',
        LanguageArgument::Fr => b';',
    };
    let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
    let failed = |error: &dyn std::fmt::Display| Wrong::failure(70, "csv", error);
    writer.write_record(HEADINGS).map_err(|error| failed(&error))?;
    for (record, state) in records {
        writer.write_record(cells(record, state, language)).map_err(|error| failed(&error))?;
    }
    let bytes = writer.into_inner().map_err(|error| failed(&error))?;
    output.line(String::from_utf8_lossy(&bytes).trim_end_matches('\n'));
    Ok(())
}

fn cells(record: &Record, state: &str, language: LanguageArgument) -> [String; 16] {
    let start = &record.start;
    let content = &start.content;
    let outcome = record.told().outcome;
    let money = |amount: Option<Amount>| amount.map_or_else(String::new, |amount| decimal(amount, language));
    let decision = record.decision.as_ref().filter(|decision| decision.is_by_person());
    [
        start.id.to_string(),
        record.started_at.to_string(),
        local_time::local(record.started_at),
        content.terminal.to_string(),
        content.operation.name().to_owned(),
        decimal(content.amount, language),
        content.amount.currency().code().to_owned(),
        state.to_owned(),
        outcome.name().to_owned(),
        money(outcome.approved_amount()),
        money(record.tip()),
        record.end.and_then(|end| end.authorisation).map_or_else(String::new, |number| number.to_string()),
        outcome.reason_code().unwrap_or_default().to_owned(),
        content.reference.map_or_else(String::new, |reference| reference.as_str().to_owned()),
        content.original.map_or_else(String::new, |original| original.to_string()),
        decision.map_or_else(String::new, |decision| decision.by.clone()),
    ]
    .map(harmless_cell)
}

/// A cell that no spreadsheet takes for a formula, whatever a till or a person has typed.
fn harmless_cell(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}
