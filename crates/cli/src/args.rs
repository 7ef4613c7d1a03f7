//! The words of the command line.

use std::path::PathBuf;
use std::time::Duration;

use caisse::Confirmation;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::intent::arguments::{IntentArguments, IntentCommand};
use crate::output::Ending;
use crate::probing::{ProbeArguments, ReprintArguments};
use crate::terminal::TerminalArguments;
use crate::usage::UNWRITTEN;

/// Take card payments on French payment terminals (Caisse-AP / Concert), or play such a terminal.
#[derive(Debug, Parser)]
#[command(name = "caisse", version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Pay(Box<PayArguments>),
    Terminal(TerminalArguments),
    Explain(ExplainArguments),
    Journal(JournalArguments),
    Intent(IntentArguments),
    Dialect(DialectArguments),
    /// Ask whether a terminal is there. No money: exit code 0 alive, 1 not, 2 wrong usage, 6 the journal cannot be used.
    Ping(ProbeArguments),
    /// Find what is wrong between till and terminal. No money: exit code 0 healthy, 1 findings, 2 wrong usage.
    Doctor(ProbeArguments),
    Reprint(ReprintArguments),
}

impl Command {
    pub(crate) const fn wants_json(&self) -> bool {
        match self {
            Self::Pay(arguments) => arguments.json,
            Self::Terminal(arguments) => arguments.json,
            Self::Explain(arguments) => arguments.json,
            Self::Journal(arguments) => arguments.command.wants_json(),
            Self::Intent(arguments) => arguments.command.wants_json(),
            Self::Dialect(_) => false,
            Self::Ping(arguments) | Self::Doctor(arguments) => arguments.json,
            Self::Reprint(arguments) => arguments.probe.json,
        }
    }

    /// How the command ends when its output is not read, or cannot be written.
    pub(crate) const fn ending(&self) -> Ending {
        let output_is_all = match self {
            Self::Explain(_) | Self::Dialect(_) => true,
            Self::Journal(arguments) => {
                matches!(arguments.command, JournalCommand::List { .. } | JournalCommand::Show { .. })
            }
            Self::Intent(arguments) => !matches!(arguments.command, IntentCommand::Result(_)),
            Self::Terminal(arguments) => arguments.list_faults,
            // The exit code is what a payment or a question has come to.
            Self::Pay(_) | Self::Ping(_) | Self::Doctor(_) | Self::Reprint(_) => false,
        };
        let serves = matches!(self, Self::Terminal(arguments) if !arguments.list_faults);
        Ending {
            unwritten: if output_is_all { Some(UNWRITTEN) } else { None },
            patience: if serves { Some(Duration::from_secs(1)) } else { None },
        }
    }
}

/// Take a payment. Without --terminal, on a virtual terminal inside this process: no money moves.
///
/// Exit codes: 0 approved, 1 declined or cancelled, 2 wrong usage, 3 unknown (look at the terminal, do not pay again),
/// 4 not sent (safe to retry under the same id), 5 approved in part, 6 blocked, 70 a bug of ours.
#[derive(Debug, Args)]
pub(crate) struct PayArguments {
    /// How much, in decimal digits with a point, as in 25.00.
    #[arg(allow_negative_numbers = true)]
    pub(crate) amount: String,
    /// The currency, by its code of ISO 4217.
    #[arg(long, default_value = "EUR")]
    pub(crate) currency: String,
    /// debit, credit, cancellation, cheque or deferred_debit.
    #[arg(long, default_value = "debit")]
    pub(crate) operation: String,
    /// The id of the payment that is cancelled, or of which money is given back.
    #[arg(long, value_name = "ID")]
    pub(crate) original: Option<String>,
    /// Who takes responsibility for a cancellation or a credit that the journal cannot prove to be right.
    #[arg(long, value_name = "WHO", requires = "because")]
    pub(crate) by: Option<String>,
    /// Why they do.
    #[arg(long, value_name = "WHY", requires = "by")]
    pub(crate) because: Option<String>,
    /// Accept an approval of a part of the amount (no dialect known here tells the terminal so).
    #[arg(long)]
    pub(crate) allow_partial: bool,
    /// Accept an approval of a debit above the amount, by a tip of at most MAX, as in 5.00 (3.x only).
    #[arg(long, value_name = "MAX", allow_negative_numbers = true)]
    pub(crate) allow_tip: Option<String>,
    /// The terminal: tcp://HOST:PORT, serial:PATH?baud=9600&line=7e1, or its name in the configuration file.
    #[arg(long, value_name = "ADDRESS|NAME")]
    pub(crate) terminal: Option<String>,
    /// The configuration file in which the terminal is named; your own, if you have one, unless given. What the command
    /// line says goes before what the file says.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The name of the terminal in the shop, whatever its address: that in the configuration file, or made of the address,
    /// unless given.
    #[arg(long, value_name = "ID")]
    pub(crate) terminal_id: Option<String>,
    /// How the terminal is spoken to: payxpress, ingenico, nepting, concert-e, concert-e-plus, or the file of a dialect of
    /// your own, such as ./mine.toml. payxpress unless given.
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) dialect: Option<String>,
    /// Nobody but the tills of this journal uses the terminal.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(crate) exclusive: Option<bool>,
    /// The id of the payment. The same id never charges twice; generated unless given.
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// A label of your own, kept in the journal.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reference: Option<String>,
    /// The register number, two digits; 01 unless given.
    #[arg(long)]
    pub(crate) register: Option<String>,
    /// The identifier of the till's editor, twelve digits.
    #[arg(long, value_name = "12DIGITS")]
    pub(crate) ipc: Option<String>,
    /// The card application to force, three characters.
    #[arg(long, value_name = "CC")]
    pub(crate) application: Option<String>,
    /// The journal file; that of the configuration file, or your own default file, unless given.
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
    /// How long to wait for the answer, from the last byte sent; as long as the dialect's longest transaction, 300 s for the
    /// known ones, unless given.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: Option<u64>,
    /// Do not wait where a payment of the same id is under way in another process: say so at once, with exit code 6. Unless
    /// given, its outcome is waited for, no longer than --timeout.
    #[arg(long)]
    pub(crate) no_wait: bool,
    /// Ask for the customer's ticket and print it.
    #[arg(long)]
    pub(crate) ticket: bool,
    /// Needed for any terminal that may be a real one.
    #[arg(long)]
    pub(crate) confirm_real_payment: bool,
    /// Print JSON lines.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Say what the bytes of a message mean. Exit code 1 when they are cut or not a message.
#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// The input is hexadecimal text.
    #[arg(long)]
    pub(crate) hex: bool,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// Show sensitive values.
    #[arg(long)]
    pub(crate) reveal: bool,
    /// The language of the explanations.
    #[arg(long, value_enum, default_value_t = LanguageArgument::En)]
    pub(crate) lang: LanguageArgument,
    /// The file, or - for standard input.
    #[arg(default_value = "-")]
    pub(crate) file: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LanguageArgument {
    En,
    Fr,
}

/// Print a dialect as a file with every key: to begin one of your own, or to see what yours comes to.
#[derive(Debug, Args)]
pub(crate) struct DialectArguments {
    /// payxpress, ingenico, nepting, concert-e, concert-e-plus, or a file of your own, such as ./mine.toml.
    #[arg(value_name = "NAME|FILE")]
    pub(crate) dialect: String,
}

/// Read a journal, and settle what is not known.
#[derive(Debug, Args)]
pub(crate) struct JournalArguments {
    /// The journal file.
    pub(crate) file: PathBuf,
    #[command(subcommand)]
    pub(crate) command: JournalCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// List the transactions, oldest first. With --unresolved: exit code 0 when none is open, 3 when some are.
    List {
        /// Only those whose end nobody knows.
        #[arg(long)]
        unresolved: bool,
        /// Print JSON lines.
        #[arg(long)]
        json: bool,
    },
    /// Show one transaction with its history. Exit code 1 when there is no such one.
    Show {
        /// The id of the transaction.
        id: String,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Record what a person found out about an unknown or disputed outcome, or correct what a person recorded before. Exit code
    /// 1 when there is nothing to decide or to correct, and when the terminal's own proof says otherwise: then both are kept,
    /// as a dispute.
    Resolve(ResolveArguments),
    /// Ask the terminals what became of the transactions whose end nobody knows; a terminal may print a ticket. Exit code
    /// 0 when none is open afterwards, 3 when some are.
    Recover(RecoverArguments),
    /// Accept an older copy as the journal, where the newest file is lost. Payments that were recorded after the copy was made
    /// are unknown to it and can be charged again. Exit code 1 when the file is not an older copy.
    AcceptOlder {
        /// Who accepts it.
        #[arg(long, value_name = "WHO")]
        by: String,
        /// Why: what became of the newest file.
        #[arg(long, value_name = "WHY")]
        because: String,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Check the whole journal: every event, every transaction and the file itself. Payments check only what they use. Exit code
    /// 6 when something does not add up.
    Verify {
        /// Print JSON lines.
        #[arg(long)]
        json: bool,
    },
    /// Remove what has been settled for a long time; what is unresolved or disputed stays, and all that came after it.
    Forget {
        /// How many days settled transactions are kept, 31 at least. An id that is forgotten can be charged again.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(31..))]
        older_than: u32,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct RecoverArguments {
    /// The terminal: tcp://HOST:PORT, serial:PATH or a name from the configuration file. It is asked about what was sent to
    /// it, and about nothing else. Unless given, a terminal whose id was made of its address is found there.
    #[arg(long, value_name = "ADDRESS|NAME")]
    pub(crate) terminal: Option<String>,
    /// How the terminal is spoken to; as recorded with the transaction unless given.
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) dialect: Option<String>,
    /// Nobody but the tills of this journal uses the terminal.
    #[arg(long)]
    pub(crate) exclusive: bool,
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Ask the terminal also at an address that the journal does not know, and show what it reports. That proves nothing: what
    /// is open stays open.
    #[arg(long, requires = "terminal")]
    pub(crate) new_address: bool,
    /// Wait as long as the customer may still be at the terminal, five minutes at most: only then "not paid" is certain. On
    /// a serial line the terminal's own result is listened for meanwhile, without it for five seconds.
    #[arg(long)]
    pub(crate) wait: bool,
    /// Print JSON lines.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ResolveArguments {
    /// The id of the transaction.
    pub(crate) id: String,
    /// The customer paid: the whole amount, or this one, which may be less or more than the amount asked for.
    #[arg(long, value_name = "AMOUNT", num_args = 0..=1, default_missing_value = "", conflicts_with = "not_paid")]
    pub(crate) paid: Option<String>,
    /// The customer did not pay.
    #[arg(long, required_unless_present = "paid")]
    pub(crate) not_paid: bool,
    /// What was done before the decision, once for each: the till asked the terminal (recovered), the terminal's own journal
    /// was read (terminal-journal), the terminal was restarted (restarted), the till asked it again (recovered-again). It is
    /// recorded with the decision.
    #[arg(long, value_name = "WHAT", value_enum, value_delimiter = ',')]
    pub(crate) confirmed: Vec<ConfirmedArgument>,
    /// Who found out.
    #[arg(long, value_name = "WHO")]
    pub(crate) by: String,
    /// How: what the terminal or its ticket showed.
    #[arg(long, value_name = "WHY")]
    pub(crate) because: String,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ConfirmedArgument {
    Recovered,
    TerminalJournal,
    Restarted,
    RecoveredAgain,
}

impl From<ConfirmedArgument> for Confirmation {
    fn from(argument: ConfirmedArgument) -> Self {
        match argument {
            ConfirmedArgument::Recovered => Self::Recovered,
            ConfirmedArgument::TerminalJournal => Self::TerminalJournal,
            ConfirmedArgument::Restarted => Self::Restarted,
            ConfirmedArgument::RecoveredAgain => Self::RecoveredAgain,
        }
    }
}

impl JournalCommand {
    pub(crate) const fn wants_json(&self) -> bool {
        match self {
            Self::List { json, .. }
            | Self::Show { json, .. }
            | Self::AcceptOlder { json, .. }
            | Self::Verify { json }
            | Self::Forget { json, .. } => *json,
            Self::Resolve(arguments) => arguments.json,
            Self::Recover(arguments) => arguments.json,
        }
    }
}
