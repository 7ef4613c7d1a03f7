//! `caisse journal FILE recover`: finding out what became of transactions whose end nobody knows.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use caisse::{
    Address, Dialect, Evidence, Finding, Journal, Open, Record, RecordState, Recovered, SqliteJournal,
    TerminalId, Till,
};
use serde_json::json;

use crate::args::RecoverArguments;
use crate::configuration::{Target, dialect_of};
use crate::harmless::is_harmless;
use crate::journal::{self, SOME_OPEN, unusable};
use crate::output::Output;
use crate::report::harmless;
use crate::usage::Wrong;

/// Above the time that is left: the terminal's clock is not ours.
const MARGIN: Duration = Duration::from_secs(1);

pub(crate) fn run(file: &PathBuf, arguments: &RecoverArguments, output: &Output) -> Result<u8, Wrong> {
    let dialect = arguments.dialect.as_deref().map(dialect_of).transpose()?;
    let said = arguments.terminal.as_deref();
    let said = said.map(|text| Target::find(text, arguments.config.as_deref(), output)).transpose()?;
    let (known, open) = {
        let journal = SqliteJournal::open(file).map_err(unusable)?;
        let known = journal.list().map_err(unusable)?;
        (known.iter().map(|it| it.start.content.terminal).collect::<Vec<_>>(), open_entries(&journal)?)
    };
    let mut terminals: Vec<TerminalId> = Vec::new();
    for terminal in open.iter().map(|record| record.start.content.terminal) {
        if !terminals.contains(&terminal) {
            terminals.push(terminal);
        }
    }
    let alone = terminals.len() == 1;
    for terminal in terminals {
        let record = open.iter().find(|record| record.start.content.terminal == terminal);
        let Some(record) = record else { continue };
        if said.as_ref().is_some_and(|target| !is_meant(target, terminal, &known, alone)) {
            let en = "not asked: --terminal does not mean this one; its name in a file would (--config)";
            let fr = "non interrogé : --terminal ne désigne pas celui-ci ; son nom dans un fichier le ferait (--config)";
            tell(file, record, None, en, fr, None, output)?;
            continue;
        }
        let target = match (&said, &arguments.config) {
            (Some(target), _) => Some(target.clone()),
            (None, Some(config)) => Target::listed(&terminal, config)?,
            (None, None) => None,
        };
        match till(file, record, dialect, target, arguments)? {
            Some(mut till) => recover(&mut till, file, arguments.wait, output)?,
            None => {
                let en = "no address: say --terminal, or --config with a terminal of this name";
                let fr = "pas d'adresse : dites --terminal, ou --config avec un terminal de ce nom";
                tell(file, record, None, en, fr, None, output)?;
            }
        }
    }
    let records = SqliteJournal::open(file).map_err(unusable)?.list().map_err(unusable)?;
    for record in records.iter().filter(|record| record.state() == RecordState::Disputed) {
        let en = "later proof says otherwise: a person has to look, and to settle it with resolve";
        let fr = "une preuve venue plus tard dit autre chose : une personne doit vérifier, puis trancher avec resolve";
        tell(file, record, None, en, fr, None, output)?;
    }
    let settled = records.iter().all(|record| record.state() == RecordState::Final);
    Ok(if settled { 0 } else { SOME_OPEN })
}

fn open_entries(journal: &SqliteJournal) -> Result<Vec<Record>, Wrong> {
    let mut records = journal.list().map_err(unusable)?;
    records.retain(|record| record.state() == RecordState::Unresolved);
    Ok(records)
}

/// Whether what `--terminal` says is the terminal of an entry: no other may be asked about it, its last transaction could
/// be taken for this one. An address belongs to the terminal of the journal whose id was made of it; one that is new to
/// the journal, to the only terminal that has an open entry.
fn is_meant(target: &Target, terminal: TerminalId, known: &[TerminalId], alone: bool) -> bool {
    if let Some(configured) = target.terminal()
        && configured.id == terminal
    {
        return true;
    }
    let is_there = |known: &&TerminalId| {
        address_of(known).is_some_and(|address| is_same_place(&address, &target.address))
    };
    match known.iter().find(is_there) {
        Some(owner) => *owner == terminal,
        None => alone && target.terminal().is_none(),
    }
}

/// Whether both lead to one terminal, whatever the settings of the line, and whichever name this machine goes by.
fn is_same_place(one: &Address, other: &Address) -> bool {
    match (one, other) {
        (Address::Tcp(a), Address::Tcp(b)) => {
            a.port() == b.port()
                && (a.host().eq_ignore_ascii_case(b.host()) || (is_harmless(one) && is_harmless(other)))
        }
        (Address::Serial(a), Address::Serial(b)) => a.path() == b.path(),
        _ => false,
    }
}

/// A till at the terminal of an entry; nothing when its address is not known.
fn till(
    file: &Path,
    record: &Record,
    dialect: Option<Dialect>,
    target: Option<Target>,
    arguments: &RecoverArguments,
) -> Result<Option<Till>, Wrong> {
    let terminal = record.start.content.terminal;
    let configured = target.as_ref().and_then(|target| target.terminal()).cloned();
    let Some(address) = target.map(|target| target.address).or_else(|| address_of(&terminal)) else {
        return Ok(None);
    };
    let recorded = record.start.dialect.as_str().parse::<Dialect>().ok();
    let dialect = dialect.or_else(|| configured.as_ref().map(|it| it.dialect)).or(recorded);
    let dialect = dialect.unwrap_or(Dialect::PAYXPRESS);
    let exclusive = arguments.exclusive || configured.as_ref().is_some_and(|it| it.exclusive);
    let mut builder = Till::builder()
        .address(&address.to_string())
        .terminal_id(terminal.as_str())
        .dialect(dialect)
        .exclusive(exclusive)
        .register(&record.start.content.register.to_string())
        .journal(SqliteJournal::open(file).map_err(unusable)?);
    if let Some(identifier) = configured.and_then(|it| it.identifier) {
        builder = builder.identifier(&identifier.to_string());
    }
    builder.build().map(Some).map_err(|error| Wrong::usage("till", error))
}

/// The address that an id was made of, where it was.
fn address_of(terminal: &TerminalId) -> Option<Address> {
    let text = terminal.as_str();
    if let Some(host_and_port) = text.strip_prefix("tcp:") {
        return format!("tcp://{host_and_port}").parse().ok();
    }
    // In the id of a serial port each slash is a colon.
    let path = text.strip_prefix("serial:")?.replace(':', "/");
    Path::new(&path).exists().then(|| format!("serial:{path}").parse().ok())?
}

fn recover(till: &mut Till, file: &Path, wait: bool, output: &Output) -> Result<(), Wrong> {
    output.json(&json!({ "event": "recovering", "terminal": till.terminal().as_str() }));
    output.text(format_args!("… asking terminal {} (it may print a ticket)", till.terminal()));
    let listen = if wait { Duration::MAX } else { Duration::ZERO };
    let mut recovered = till.recover_listening(listen).map_err(unusable)?;
    while let (true, Some(left)) = (wait, too_soon(&recovered)) {
        output
            .notice(format_args!("the customer may still be at the terminal: waiting {} s", left.as_secs()));
        thread::sleep(left.saturating_add(MARGIN));
        recovered = till.recover_listening(Duration::ZERO).map_err(unusable)?;
    }
    for Recovered { record, finding, evidence } in recovered {
        let ticket = match &evidence {
            Evidence::Duplicata { ticket: Some(ticket), .. } => Some(harmless(ticket.text().trim_end())),
            _ => None,
        };
        let text = evidence.text();
        tell(file, &record, Some(finding), text.en, text.fr, ticket, output)?;
    }
    Ok(())
}

fn too_soon(recovered: &[Recovered]) -> Option<Duration> {
    recovered.iter().find_map(|recovered| match recovered.finding {
        Finding::Open(Open::TooSoon { left }) => Some(left),
        _ => None,
    })
}

fn tell(
    file: &Path,
    record: &Record,
    finding: Option<Finding>,
    en: &str,
    fr: &str,
    ticket: Option<String>,
    output: &Output,
) -> Result<(), Wrong> {
    let journal = SqliteJournal::open(file).map_err(unusable)?;
    let state = journal::state(&journal, record)?;
    let (name, why) = match finding {
        Some(Finding::Paid(_)) => ("paid", None),
        Some(Finding::NotPaid) => ("not_paid", None),
        Some(Finding::Open(open)) => ("open", Some(open)),
        None => ("open", None),
    };
    let mut object = journal::json(record, state);
    object["finding"] = json!(name);
    object["evidence"] = json!({
        "en": en,
        "fr": fr,
        "why_open": why.map(|open| json!({ "code": open.code(), "en": open.text().en, "fr": open.text().fr })),
        "ticket": ticket.clone(),
    });
    output.json(&object);
    output.text(journal::line(record, state));
    output.text(format_args!("  {en} / {fr}"));
    if let Some(open) = why {
        output.text(format_args!("  {} [{}]", open.text().en, open.code()));
        output.text(format_args!("  {}", open.text().fr));
    }
    if let Some(ticket) = ticket {
        output.text("---------- ticket ----------");
        output.text(ticket);
        output.text("----------------------------");
    }
    Ok(())
}
