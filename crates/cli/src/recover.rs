//! `caisse journal FILE recover`: finding out what became of transactions whose end nobody knows.

use std::path::Path;
use std::time::Duration;

use caisse::{
    Address, Asking, Dialect, Doubt, Evidence, IdentityPart, Journal, Mismatch, Open, Outcome, PaymentMeans,
    Record, RecordState, Recovered, RecoveryFinding, SqliteJournal, TerminalId, TerminalIdentity, Text, Till,
};
use serde_json::json;

use crate::args::LanguageArgument;
use crate::configuration::{Target, dialect_of};
use crate::journal::arguments::RecoverArguments;
use crate::journal::{self, IN_FLIGHT, SOME_OPEN, unusable};
use crate::output::Output;
use crate::ping;
use crate::report::{AmountKnown, harmless, how_to_settle};
use crate::stop;
use crate::usage::Wrong;

const DISPUTE: Text = Text {
    en: "later proof says otherwise: a person has to look, and to settle it with resolve",
    fr: "une preuve venue plus tard dit autre chose : une personne doit vérifier, puis trancher avec resolve",
};
const SALVAGED_DISPUTE: Text = Text {
    en: "the journal file was damaged, and more may have been recorded: a person has to look, and to settle it with resolve",
    fr: "le fichier du journal était endommagé, la suite est peut-être perdue : une personne doit vérifier, puis trancher avec resolve",
};

/// Whether events of a disputed transaction were lost with a damaged file.
fn is_salvaged(journal: &SqliteJournal, record: &Record) -> Result<bool, Wrong> {
    let events = journal.events(&record.id()).map_err(unusable)?;
    let lost = Outcome::Unknown { doubt: Doubt::Salvaged };
    Ok(events.iter().any(|event| {
        matches!(&event.event, caisse_journal::Event::Ended(conclusion) if conclusion.verdict.outcome == lost)
    }))
}

/// Above the time that is left: the terminal's clock is not ours.
const MARGIN: Duration = Duration::from_secs(1);

/// A terminal that has a result to tell asks for the line every four seconds: three for an answer, one before it asks again.
const CALL: Duration = Duration::from_secs(5);

/// `journal` is open at `file`. A till that asks a terminal opens it once more.
pub(crate) fn run(
    journal: &SqliteJournal,
    file: &Path,
    arguments: &RecoverArguments,
    output: &Output,
) -> Result<u8, Wrong> {
    let dialect = arguments.dialect.as_deref().map(dialect_of).transpose()?;
    let said = arguments.terminal.as_deref();
    let said = said.map(|text| Target::find(text, arguments.config.as_deref(), output)).transpose()?;
    for record in journal.unsettled().map_err(unusable)? {
        if record.state() != RecordState::Unresolved {
            continue;
        }
        if record.is_salvaged() {
            let text = Text {
                en: "not asked: the journal file was damaged, and only a person can settle this, with resolve",
                fr: "non interrogé : le fichier du journal était endommagé, seule une personne peut trancher, avec resolve",
            };
            tell(journal, &record, None, &Heard::Nothing("salvaged", text), None, output)?;
            continue;
        }
        let target = match (&said, &arguments.config) {
            (Some(target), _) => Some(target.clone()),
            (None, Some(config)) => Target::listed(&record.transaction().terminal, config)?,
            (None, None) => None,
        };
        match till(file, &record, dialect, target, arguments)? {
            Some((mut till, address)) => {
                recover(&mut till, &address, &record, journal, arguments.wait, output)?;
            }
            None => tell(journal, &record, None, &not_asked(&record), None, output)?,
        }
    }
    let unsettled = journal.unsettled().map_err(unusable)?;
    for record in unsettled.iter().filter(|record| record.state() == RecordState::Disputed) {
        let (code, text) = match is_salvaged(journal, record)? {
            true => ("salvaged", SALVAGED_DISPUTE),
            false => ("disputed", DISPUTE),
        };
        tell(journal, record, None, &Heard::Nothing(code, text), None, output)?;
    }
    for record in &unsettled {
        // A payment that runs has an end to come.
        if journal::state(journal, record)? != IN_FLIGHT {
            how_to_settle(file, &[(record.id(), AmountKnown::of(record))], output);
        }
    }
    Ok(if unsettled.is_empty() { 0 } else { SOME_OPEN })
}

/// Why nobody is asked about a transaction when no terminal is named.
fn not_asked(record: &Record) -> Heard {
    let (code, text) = match PaymentMeans::of(&record.transaction().dialect) {
        PaymentMeans::AppToApp => (
            "app_to_app",
            Text {
                en: "not asked: the payment app took this payment, and no terminal can be asked about it",
                fr: "non interrogé : l'application de paiement a pris ce paiement, aucun terminal ne peut être interrogé",
            },
        ),
        PaymentMeans::CaisseAp => (
            "no_address",
            Text {
                en: "no address: say --terminal, or --config with a terminal of this name",
                fr: "pas d'adresse : dites --terminal, ou --config avec un terminal de ce nom",
            },
        ),
    };
    Heard::Nothing(code, text)
}

/// A till at the terminal that is named, and its address; nothing when that is not known. An address alone says no name: then
/// the terminal goes by the name of the transaction.
fn till(
    file: &Path,
    record: &Record,
    dialect: Option<Dialect>,
    target: Option<Target>,
    arguments: &RecoverArguments,
) -> Result<Option<(Till, Address)>, Wrong> {
    let configured = target.as_ref().and_then(|target| target.terminal()).cloned();
    let recorded = record.transaction().terminal;
    let terminal = configured.as_ref().map_or(recorded, |configured| configured.id);
    let Some(address) = target.map(|target| target.address).or_else(|| address_of(&recorded)) else {
        return Ok(None);
    };
    let recorded = record.transaction().dialect.as_str().parse::<Dialect>().ok();
    let dialect = dialect.or_else(|| configured.as_ref().map(|it| it.dialect)).or(recorded);
    let dialect = dialect.unwrap_or(Dialect::PAYXPRESS);
    let exclusive = arguments.exclusive || configured.as_ref().is_some_and(|it| it.exclusive);
    let mut builder = Till::builder()
        .address(&address.to_string())
        .terminal_id(terminal.as_str())
        .dialect(dialect)
        .exclusive(exclusive)
        .ask_at_new_address(arguments.new_address)
        .register(&record.transaction().register.to_string())
        .journal(SqliteJournal::open(file).map_err(unusable)?);
    if let Some(identifier) = configured.and_then(|it| it.identifier) {
        builder = builder.identifier(&identifier.to_string());
    }
    let till = builder.build().map_err(|error| Wrong::usage("till", error))?;
    Ok(Some((till, address)))
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

fn recover(
    till: &mut Till,
    address: &Address,
    record: &Record,
    journal: &SqliteJournal,
    wait: bool,
    output: &Output,
) -> Result<(), Wrong> {
    stop::end_on_signal(till.cancel_handle(), SOME_OPEN)?;
    let asks = matches!(till.may_ask(record).map_err(unusable)?, Asking::Allowed | Asking::ToShow(_));
    if asks {
        let name = till.terminal();
        output.json(
            &json!({ "event": "recovering", "terminal": name.as_str(), "address": address.to_string() }),
        );
        output.text(format_args!("… asking terminal {name} at {address} (it may print a ticket)"));
    }
    if asks && wait {
        output.notice(
            "waiting as long as the customer may be at the terminal; Ctrl-C ends it, and nothing is lost",
        );
        output.notice(
            "attente tant que le client peut être devant le terminal ; Ctrl-C l'arrête, rien n'est perdu",
        );
    }
    // Only on a line where the terminal tells its result by itself.
    let listen = if wait { Duration::MAX } else { CALL };
    let id = record.id();
    let mut recovered = till.recover_transaction(&id, listen).map_err(unusable)?;
    while let (true, Some(left)) = (wait, recovered.as_ref().and_then(too_soon)) {
        output
            .notice(format_args!("the customer may still be at the terminal: waiting {} s", left.as_secs()));
        if stop::wait(Some(left.saturating_add(MARGIN))) {
            break;
        }
        recovered = till.recover_transaction(&id, Duration::ZERO).map_err(unusable)?.or(recovered);
    }
    // Another process has settled it meanwhile.
    let Some(Recovered { record, finding, evidence, mismatch }) = recovered else { return Ok(()) };
    let asked = Asked { address: asks.then_some(address), mismatch };
    tell(journal, &record, Some(finding), &Heard::Evidence(evidence), Some(&asked), output)
}

fn too_soon(recovered: &Recovered) -> Option<Duration> {
    match recovered.finding {
        RecoveryFinding::Open(Open::TooSoon { left }) => Some(left),
        _ => None,
    }
}

/// Which terminal was to be asked.
struct Asked<'a> {
    /// Its address, if it was asked.
    address: Option<&'a Address>,
    /// In what it is not the terminal to which the transaction was sent.
    mismatch: Option<Mismatch>,
}

impl Asked<'_> {
    /// Each part that differs, as recorded and as found.
    fn differences(&self) -> Vec<(IdentityPart, Option<String>, Option<String>)> {
        let Some(mismatch) = self.mismatch else { return Vec::new() };
        let value = |identity: &TerminalIdentity, part| identity.part(part).map(str::to_owned);
        let parts = mismatch.parts();
        parts.map(|part| (part, value(&mismatch.recorded, part), value(&mismatch.found, part))).collect()
    }
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

    /// What a person can do where nobody was asked, in English and in French.
    fn advice(&self, recorded: Option<&TerminalId>) -> Option<[String; 2]> {
        match (self, recorded) {
            (Self::Evidence(Evidence::NewAddress), _) => Some([
                "--new-address asks the terminal there and shows what it reports; that proves nothing".to_owned(),
                "--new-address interroge le terminal à cette adresse et montre sa réponse, qui ne prouve rien"
                    .to_owned(),
            ]),
            (Self::Nothing("no_address", _), Some(address)) => Some([
                format!("the payment was sent to {address}"),
                format!("le paiement a été envoyé à {address}"),
            ]),
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
    journal: &SqliteJournal,
    record: &Record,
    finding: Option<RecoveryFinding>,
    heard: &Heard,
    asked: Option<&Asked<'_>>,
    output: &Output,
) -> Result<(), Wrong> {
    let state = journal::state(journal, record)?;
    let (name, why) = match finding {
        Some(RecoveryFinding::Paid(_)) => ("paid", None),
        Some(RecoveryFinding::NotPaid) => ("not_paid", None),
        Some(RecoveryFinding::Open(open)) => ("open", Some(open)),
        None => ("open", None),
    };
    let (text, ticket, no_answer) = (heard.text(), heard.ticket(), heard.no_answer());
    let with_code = |code, text: Text| json!({ "code": code, "en": text.en, "fr": text.fr });
    let differences = asked.map(Asked::differences).unwrap_or_default();
    let recorded = TerminalIdentity::of(record.transaction()).address;
    let mut object = journal::json(record, state);
    object["finding"] = json!(name);
    object["evidence"] = json!({
        "code": heard.code(),
        "en": text.en,
        "fr": text.fr,
        "no_answer": no_answer.map(|(code, text)| with_code(code, text)),
        "why_open": why.map(|open| with_code(open.code(), open.text())),
        "ticket": ticket.clone(),
        "asked_address": asked.and_then(|asked| asked.address).map(ToString::to_string),
        "recorded_address": recorded.map(|address| address.to_string()),
        "differences": differences.iter().map(|(part, recorded, found)| json!({
            "code": part.code(),
            "en": part.text().en,
            "fr": part.text().fr,
            "recorded": recorded,
            "found": found,
        })).collect::<Vec<_>>(),
    });
    output.json(&object);
    output.text(journal::line(record, state, LanguageArgument::En));
    output.text(format_args!("  {} / {}", text.en, text.fr));
    for (part, recorded, found) in &differences {
        let told = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        let (recorded, found) = (told(recorded), told(found));
        output.text(format_args!("  {}: recorded {recorded}, found {found}", part.text().en));
        output.text(format_args!("  {} : inscrit {recorded}, trouvé {found}", part.text().fr));
    }
    if let Some(advice) = heard.advice(recorded.as_ref()) {
        output.text(format_args!("  {}", advice[0]));
        output.text(format_args!("  {}", advice[1]));
    }
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
