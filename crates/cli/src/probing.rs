//! What `ping`, `doctor` and `reprint` have in common: the terminal, its dialect, and the journal whose lock they take.

use std::path::{Path, PathBuf};
use std::time::Duration;

use caisse::probe::{Filing, Probe, Reply};
use caisse::{Address, Amount, Identifier, Register, SqliteJournal, TerminalId};
use caisse_journal::{LockError, TerminalLock};
use clap::Args;
use serde_json::{Value, json};

use crate::configuration::{Target, dialect_of};
use crate::harmless::is_this_machine;
use crate::output::Output;
use crate::pay::{default_journal, given};
use crate::usage::Wrong;

/// Exit code when a payment holds the terminal, or the journal cannot be used.
pub(crate) const BLOCKED: u8 = 6;

/// A terminal to be asked.
#[derive(Debug, Args)]
pub(crate) struct ProbeArguments {
    /// The terminal: tcp://HOST:PORT, serial:PATH?baud=9600&line=7e1, or its name in the configuration file.
    #[arg(value_name = "TERMINAL")]
    pub(crate) terminal: String,
    /// The configuration file in which the terminal is named; your own, if you have one, unless given.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The name of the terminal in the shop, as `pay` has it: it is the terminal that is locked.
    #[arg(long, value_name = "ID")]
    pub(crate) terminal_id: Option<String>,
    /// How the terminal is spoken to: payxpress, ingenico, nepting, concert-e, concert-e-plus, or a file. payxpress on TCP
    /// unless given; on a serial line without it, only whether somebody is there is asked.
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) dialect: Option<String>,
    /// The register number, two digits; 01 unless given.
    #[arg(long)]
    pub(crate) register: Option<String>,
    /// The identifier of the till's editor, twelve digits.
    #[arg(long, value_name = "12DIGITS")]
    pub(crate) ipc: Option<String>,
    /// The journal beside which the terminal is locked; that of the configuration file, or your own default file, unless
    /// given.
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
    /// How long to wait for the connection, and for the answer.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) timeout: Option<u64>,
    /// Print JSON lines.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Have a terminal print the ticket of its last transaction once more (duplicata). No money.
///
/// Exit codes: 0 printed, 1 refused, 2 wrong usage (E and E+ have no duplicata), 3 no answer, 6 a payment is running on this
/// terminal, or the journal cannot be used.
#[derive(Debug, Args)]
pub(crate) struct ReprintArguments {
    #[command(flatten)]
    pub(crate) probe: ProbeArguments,
    /// Have the customer's ticket sent, and print it here, instead of on the terminal's paper.
    #[arg(long)]
    pub(crate) ticket: bool,
}

/// The terminal that is meant, and the journal that knows its payments.
pub(crate) struct Asked {
    pub(crate) probe: Probe,
    /// The journal's file, if one is named.
    file: Option<PathBuf>,
}

impl ProbeArguments {
    /// Understands the command line. Nothing is opened.
    pub(crate) fn understand(&self, timeout: u64, output: &Output) -> Result<Asked, Wrong> {
        let target = Target::find(&self.terminal, self.config.as_deref(), output)?;
        let configured = target.terminal();
        let dialect = match (&self.dialect, configured) {
            (Some(dialect), _) => Some(dialect_of(dialect)?),
            (None, Some(terminal)) => Some(terminal.dialect).filter(|_| terminal.dialect_named),
            (None, None) => None,
        };
        let register: Option<Register> = given("register", self.register.as_deref())?;
        let identifier: Option<Identifier> = given("ipc", self.ipc.as_deref())?;
        let id: Option<TerminalId> = given("terminal-id", self.terminal_id.as_deref())?;
        let id = id.or_else(|| configured.map(|terminal| terminal.id));
        let file = self.journal.clone().or_else(|| target.journal().map(Path::to_owned));
        let mut probe = match (id, target.address.clone()) {
            (Some(id), address) => Probe::at(address, id),
            // This machine has several names and is one terminal, as for `pay`.
            (None, Address::Tcp(tcp)) if is_this_machine(&tcp) => {
                let id = format!("tcp:127.0.0.1:{}", tcp.port());
                let id = id.parse().map_err(|error| Wrong::usage("terminal-id", error))?;
                Probe::at(Address::Tcp(tcp), id)
            }
            (None, address) => Probe::new(address).map_err(|error| {
                Wrong::usage("terminal-id", format_args!("needed for this address: {error}"))
            })?,
        };
        if let Some(dialect) = dialect {
            probe = probe.dialect(dialect);
        }
        if let Some(register) = register.or_else(|| configured?.register) {
            probe = probe.register(register);
        }
        if let Some(identifier) = identifier.or_else(|| configured?.identifier) {
            probe = probe.identifier(identifier);
        }
        let probe = probe.timeout(Duration::from_secs(self.timeout.unwrap_or(timeout)));
        Ok(Asked { probe, file })
    }
}

impl Asked {
    /// The journal's file: yours by default, whose path is printed. Or why there is none.
    pub(crate) fn file(&self, output: &Output) -> Result<PathBuf, String> {
        self.file.clone().map_or_else(|| default_journal(output), Ok)
    }

    pub(crate) fn open(&self, output: &Output) -> Result<SqliteJournal, Wrong> {
        let file = self.file(output).map_err(|why| Wrong::failure(BLOCKED, "journal", why))?;
        let unusable =
            |error| Wrong::failure(BLOCKED, "journal", format_args!("{}: {error}", file.display()));
        SqliteJournal::open(&file).map_err(unusable)
    }

    /// The terminal's lock, if no payment holds it.
    pub(crate) fn lock(&self, journal: &SqliteJournal) -> Result<Option<TerminalLock>, Wrong> {
        match self.probe.lock(journal) {
            Ok(lock) => Ok(Some(lock)),
            Err(LockError::Busy) => Ok(None),
            Err(error) => Err(Wrong::failure(BLOCKED, "journal", error)),
        }
    }

    /// The name of the dialect that is spoken; none on a serial line where nobody has named one.
    pub(crate) fn dialect(&self) -> Option<&'static str> {
        let config = self.probe.config();
        let spoken = config.named || matches!(self.probe.address(), Address::Tcp(_));
        spoken.then_some(config.dialect.name)
    }
}

/// Tells of results of earlier payments that came where they were not asked for: the terminal does not tell them again.
pub(crate) fn tell_earlier(reply: &Reply, output: &Output) -> Value {
    if reply.late > 0 {
        output.notice(
            "a result of another transaction came on the line: look at the terminal before you pay again",
        );
        output.notice("le résultat d'une autre transaction est arrivé : regardez le terminal avant tout nouveau paiement");
    }
    let Some(earlier) = reply.earlier else { return Value::Null };
    let (id, outcome) = (earlier.id, earlier.outcome);
    let amount = outcome.approved_amount().map(|amount| format!(" {amount}")).unwrap_or_default();
    output.notice(format_args!("it says of payment {id}: {}{amount}", outcome.name()));
    output.notice(format_args!("il dit du paiement {id} : {}{amount}", outcome.name()));
    match earlier.filing {
        Filing::Agrees => {}
        Filing::Settled => {
            output.notice("this settled it in the journal, which knew no end of it");
            output.notice("le journal, qui n'en connaissait pas la fin, l'a inscrit");
        }
        Filing::Disputed => {
            output.notice(
                "the journal holds another end and keeps both: settle it with caisse journal FILE resolve",
            );
            output.notice(
                "le journal dit autre chose et garde les deux : tranchez avec caisse journal FICHIER resolve",
            );
        }
        Filing::Open => {
            output.notice("the journal knows no end of it: settle it with caisse journal FILE resolve");
            output
                .notice("le journal n'en connaît pas la fin : tranchez avec caisse journal FICHIER resolve");
        }
    }
    json!({
        "id": id.as_str(),
        "outcome": outcome.name(),
        "approved_amount_minor": outcome.approved_amount().map(Amount::minor),
        "journal": earlier.filing.name(),
    })
}
