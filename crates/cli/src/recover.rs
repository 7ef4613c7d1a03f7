//! `caisse journal FILE recover`: finding out what became of transactions whose end nobody knows.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use caisse::{
    Address, Dialect, Evidence, Finding, Journal, Open, Record, RecordState, Recovered, SqliteJournal,
    TerminalId, Text, Till,
};
use serde_json::json;

use crate::args::RecoverArguments;
use crate::configuration::{Target, dialect_of};
use crate::harmless::is_this_machine;
use crate::journal::{self, IN_FLIGHT, SOME_OPEN, unusable};
use crate::output::Output;
use crate::ping;
use crate::report::{harmless, how_to_settle};
use crate::usage::Wrong;

/// Above the time that is left: the terminal's clock is not ours.
const MARGIN: Duration = Duration::from_secs(1);

/// A terminal that has a result to tell asks for the line every four seconds: three for an answer, one before it asks again.
const CALL: Duration = Duration::from_secs(5);

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
            let text = Text {
                en: "not asked: --terminal does not mean this one; its name in a file would (--config)",
                fr: "non interrogé : --terminal ne désigne pas celui-ci ; son nom dans un fichier le ferait (--config)",
            };
            tell(file, record, None, &Heard::Nothing("not_meant", text), output)?;
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
                let text = Text {
                    en: "no address: say --terminal, or --config with a terminal of this name",
                    fr: "pas d'adresse : dites --terminal, ou --config avec un terminal de ce nom",
                };
                tell(file, record, None, &Heard::Nothing("no_address", text), output)?;
            }
        }
    }
    let records = SqliteJournal::open(file).map_err(unusable)?.list().map_err(unusable)?;
    for record in records.iter().filter(|record| record.state() == RecordState::Disputed) {
        let text = Text {
            en: "later proof says otherwise: a person has to look, and to settle it with resolve",
            fr: "une preuve venue plus tard dit autre chose : une personne doit vérifier, puis trancher avec resolve",
        };
        tell(file, record, None, &Heard::Nothing("disputed", text), output)?;
    }
    let mut settled = true;
    let journal = SqliteJournal::open(file).map_err(unusable)?;
    for record in records.iter().filter(|record| record.state() != RecordState::Final) {
        settled = false;
        // A payment that runs has an end to come.
        if journal::state(&journal, record)? != IN_FLIGHT {
            how_to_settle(file, [record.start.id], output);
        }
    }
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
                && (a.host().eq_ignore_ascii_case(b.host()) || (is_this_machine(a) && is_this_machine(b)))
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
    if wait {
        output.notice(
            "waiting as long as the customer may be at the terminal; Ctrl-C ends it, and nothing is lost",
        );
        output.notice(
            "attente tant que le client peut être devant le terminal ; Ctrl-C l'arrête, rien n'est perdu",
        );
    }
    // Only on a line where the terminal tells its result by itself.
    let listen = if wait { Duration::MAX } else { CALL };
    let mut recovered = till.recover_listening(listen).map_err(unusable)?;
    while let (true, Some(left)) = (wait, too_soon(&recovered)) {
        output
            .notice(format_args!("the customer may still be at the terminal: waiting {} s", left.as_secs()));
        thread::sleep(left.saturating_add(MARGIN));
        recovered = till.recover_listening(Duration::ZERO).map_err(unusable)?;
    }
    for Recovered { record, finding, evidence } in recovered {
        tell(file, &record, Some(finding), &Heard::Evidence(evidence), output)?;
    }
    Ok(())
}

fn too_soon(recovered: &[Recovered]) -> Option<Duration> {
    recovered.iter().find_map(|recovered| match recovered.finding {
        Finding::Open(Open::TooSoon { left }) => Some(left),
        _ => None,
    })
}

/// What a finding rests on, as it is told.
enum Heard {
    Evidence(Evidence),
    /// Nobody was asked: why, as a code and in words.
    Nothing(&'static str, Text),
}

impl Heard {
    fn code(&self) -> &'static str {
        match self {
            Self::Evidence(evidence) => evidence.code(),
            Self::Nothing(code, _) => code,
        }
    }

    fn text(&self) -> Text {
        match self {
            Self::Evidence(evidence) => evidence.text(),
            Self::Nothing(_, text) => *text,
        }
    }

    fn ticket(&self) -> Option<String> {
        match self {
            Self::Evidence(Evidence::Duplicata { ticket, .. }) => {
                ticket.as_ref().map(|ticket| harmless(ticket.text().trim_end()))
            }
            _ => None,
        }
    }

    /// What came of asking a terminal that did not answer.
    fn no_answer(&self) -> Option<(&'static str, Text)> {
        match self {
            Self::Evidence(Evidence::NoAnswer(finding)) => Some(ping::words(*finding)),
            _ => None,
        }
    }

    /// Whether the terminal said something, of which there is something to say.
    const fn is_word_of_the_terminal(&self) -> bool {
        matches!(
            self,
            Self::Evidence(Evidence::Duplicata { .. } | Evidence::LateAnswer(_) | Evidence::LateResult(_))
        )
    }
}

fn tell(
    file: &Path,
    record: &Record,
    finding: Option<Finding>,
    heard: &Heard,
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
    let (text, ticket, no_answer) = (heard.text(), heard.ticket(), heard.no_answer());
    let with_code = |code, text: Text| json!({ "code": code, "en": text.en, "fr": text.fr });
    let mut object = journal::json(record, state);
    object["finding"] = json!(name);
    object["evidence"] = json!({
        "code": heard.code(),
        "en": text.en,
        "fr": text.fr,
        "no_answer": no_answer.map(|(code, text)| with_code(code, text)),
        "why_open": why.map(|open| with_code(open.code(), open.text())),
        "ticket": ticket.clone(),
    });
    output.json(&object);
    output.text(journal::line(record, state));
    output.text(format_args!("  {} / {}", text.en, text.fr));
    if let Some((code, text)) = no_answer {
        output.text(format_args!("  {} [{code}]", text.en));
        output.text(format_args!("  {}", text.fr));
    }
    // Of a terminal that said nothing there is no more to say than that, unless it is too soon to ask.
    if let Some(open) = why.filter(|open| *open != Open::Unclear || heard.is_word_of_the_terminal()) {
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
