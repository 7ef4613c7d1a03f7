//! `caisse journal list`: lines for people, JSON lines, or a table.

use std::collections::VecDeque;
use std::ops::ControlFlow;

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
        let transaction = record.transaction();
        let is_of = |terminal: &str| {
            transaction.terminal.as_str() == terminal
                || transaction.address.is_some_and(|address| address.as_str() == terminal)
        };
        self.since.is_none_or(|since| record.started_at() >= since)
            && self.until.is_none_or(|until| record.started_at() < until)
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
    let mut list = List { journal, arguments, output, some_open: false, newest: VecDeque::new() };
    if arguments.csv {
        row(arguments.lang, &HEADINGS.map(str::to_owned), output)?;
    }
    if arguments.unresolved {
        for record in journal.unsettled().map_err(unusable)? {
            list.take(&record)?;
        }
    } else {
        each(journal, &mut |record| list.take(record))?;
    }
    list.end()?;
    if let Some(FullCheck { at, last_event, .. }) = journal.last_check() {
        let at = local_time::local(at);
        output.notice(format_args!(
            "last full check: {at}, up to event {last_event} / dernière vérification complète : {at}, jusqu'à \
             l'événement {last_event}"
        ));
    }
    Ok(if arguments.unresolved && list.some_open { SOME_OPEN } else { 0 })
}

/// Visits every transaction of a journal of any size, until one meets an error.
pub(super) fn each(
    journal: &SqliteJournal,
    visit: &mut dyn FnMut(&Record) -> Result<(), Wrong>,
) -> Result<(), Wrong> {
    let mut ended = Ok(());
    let visited = journal.visit(&mut |record| {
        ended = visit(record);
        if ended.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    ended.and(visited.map_err(unusable))
}

/// A list that is being printed.
struct List<'l> {
    journal: &'l SqliteJournal,
    arguments: &'l ListArguments,
    output: &'l Output,
    some_open: bool,
    /// The newest transactions, where a limit was given: which ones they are shows at the end.
    newest: VecDeque<(Record, &'static str)>,
}

impl List<'_> {
    fn take(&mut self, record: &Record) -> Result<(), Wrong> {
        let arguments = self.arguments;
        if !arguments.selection.selects(record) {
            return Ok(());
        }
        let state = state(self.journal, record)?;
        if arguments.state.is_some_and(|wanted| wanted.name() != state) {
            return Ok(());
        }
        self.some_open |= state != "final";
        let Some(limit) = arguments.limit else { return self.print(record, state) };
        self.newest.push_back((record.clone(), state));
        if self.newest.len() > limit {
            self.newest.pop_front();
        }
        Ok(())
    }

    fn print(&self, record: &Record, state: &str) -> Result<(), Wrong> {
        // The journal is free meanwhile: it is read in portions.
        self.output.wait_for_room();
        let language = self.arguments.lang;
        if self.arguments.csv {
            return row(language, &cells(record, state, language), self.output);
        }
        self.output.json(&json(record, state));
        self.output.text(line(record, state, language));
        Ok(())
    }

    fn end(&self) -> Result<(), Wrong> {
        self.newest.iter().try_for_each(|(record, state)| self.print(record, state))
    }
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

/// One row of the table.
fn row(language: LanguageArgument, cells: &[String], output: &Output) -> Result<(), Wrong> {
    let separator = match language {
        LanguageArgument::En => b',',
        LanguageArgument::Fr => b';',
    };
    let failed = |error: &dyn std::fmt::Display| Wrong::failure(70, "csv", error);
    let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(Vec::new());
    writer.write_record(cells).map_err(|error| failed(&error))?;
    let bytes = writer.into_inner().map_err(|error| failed(&error))?;
    output.line(String::from_utf8_lossy(&bytes).trim_end_matches('\n'));
    Ok(())
}

fn cells(record: &Record, state: &str, language: LanguageArgument) -> [String; 16] {
    let transaction = record.transaction();
    let outcome = record.told().outcome;
    let money = |amount: Option<Amount>| amount.map_or_else(String::new, |amount| decimal(amount, language));
    let decision = record.decision().filter(|decision| decision.is_by_person());
    [
        transaction.id.to_string(),
        record.started_at().to_string(),
        local_time::local(record.started_at()),
        transaction.terminal.to_string(),
        transaction.operation.name().to_owned(),
        decimal(transaction.amount, language),
        transaction.amount.currency().code().to_owned(),
        state.to_owned(),
        outcome.name().to_owned(),
        money(outcome.approved_amount()),
        money(record.tip()),
        record
            .conclusion()
            .and_then(|conclusion| conclusion.authorisation)
            .map_or_else(String::new, |number| number.to_string()),
        outcome.reason_code().unwrap_or_default().to_owned(),
        transaction.reference.map_or_else(String::new, |reference| reference.as_str().to_owned()),
        transaction.original.map_or_else(String::new, |original| original.to_string()),
        decision.map_or_else(String::new, |decision| decision.by().to_owned()),
    ]
    .map(harmless_cell)
}

/// A cell that no spreadsheet takes for a formula, whatever a till or a person has typed.
fn harmless_cell(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}
