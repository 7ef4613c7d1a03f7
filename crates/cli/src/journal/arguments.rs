//! The arguments of `caisse journal`.

use std::path::PathBuf;

use caisse::{Confirmation, WallTime};
use clap::{Args, Subcommand, ValueEnum};

use super::local_time;
use super::totals::TicketTotal;
use crate::args::LanguageArgument;

/// Read a journal, and settle what is not known.
#[derive(Debug, Args)]
#[command(subcommand_precedence_over_arg = true)]
pub(crate) struct JournalArguments {
    /// The journal file. Unless given: the one that your own configuration file names, or the one in which `caisse pay` records
    /// without --journal. A file with the name of a command below is given with its folder, as in ./list.
    pub(crate) file: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: JournalCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JournalCommand {
    /// List the transactions, oldest first. With --unresolved: exit code 0 when none is open, 3 when some are.
    List(ListArguments),
    /// Show one transaction with its history. Exit code 1 when there is no such one.
    Show {
        /// The id of the transaction, or its first letters where no other begins with them.
        id: String,
        /// The language of the text.
        #[arg(long, value_enum, default_value_t = LanguageArgument::En)]
        lang: LanguageArgument,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Add up what was paid by day, terminal and operation. With --ticket: compare with the totals that a terminal prints; exit
    /// code 0 when they agree, 1 when they differ.
    Totals(TotalsArguments),
    /// Record what a person found out about an unknown or disputed outcome, or correct what a person recorded before. Exit code
    /// 1 when there is nothing to decide or to correct, and when the terminal's own proof says otherwise: then both are kept,
    /// as a dispute.
    Resolve(ResolveArguments),
    /// Ask the terminals what became of the transactions whose end nobody knows; a terminal may print a ticket. Exit code
    /// 0 when none is open afterwards, 3 when some are.
    Recover(RecoverArguments),
    /// Accept an older copy as the journal, where the newest file is lost. The copy does not know the payments that were recorded
    /// after it was made: if the till asks for one of their ids again, the customer is charged again. Compare the sales of the till
    /// with the terminal's own journal first. Exit code 1 when the file is not an older copy.
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
    /// Copy the journal while it is in use. The copy can be read, and no payment can be recorded in it.
    Backup {
        /// The file to write, where nothing is yet.
        to: PathBuf,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Make a journal of a backup, in the place of one that is lost. The backup does not know the payments that were recorded after
    /// it was made: if the till asks for one of their ids again, the customer is charged again. Compare the sales of the till with
    /// the terminal's own journal first.
    Restore {
        /// The backup.
        backup: PathBuf,
        /// Who restores it.
        #[arg(long, value_name = "WHO")]
        by: String,
        /// Why: what became of the journal.
        #[arg(long, value_name = "WHY")]
        because: String,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Write all that can be verified of a damaged journal into a new one. What is lost is held back until a person has looked. The
    /// damaged file stays as it is; end the tills that use it first. Exit code 0 when everything was recovered, 3 when something is
    /// held back, 6 when nothing can be read, a program has the journal open, or the new file is there already.
    Salvage {
        /// The new journal, where nothing is yet.
        into: PathBuf,
        /// Print JSON lines.
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

/// Which transactions.
#[derive(Debug, Args)]
pub(crate) struct SelectionArguments {
    /// Those that began then or later: a day, or a day and a time, as in 2026-12-01 or "2026-12-01 09:30", in local time; or a
    /// time with its offset, as in 2026-12-01T09:30:00Z.
    #[arg(long, value_name = "WHEN", value_parser = local_time::since)]
    pub(crate) since: Option<WallTime>,
    /// Those that began before the end of that day, or before that time.
    #[arg(long, value_name = "WHEN", value_parser = local_time::until)]
    pub(crate) until: Option<WallTime>,
    /// Those of this terminal, by its name or its address as it is recorded.
    #[arg(long, value_name = "ID")]
    pub(crate) terminal: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    pub(crate) selection: SelectionArguments,
    /// Those in this state.
    #[arg(long, value_enum, conflicts_with = "unresolved")]
    pub(crate) state: Option<StateArgument>,
    /// The newest of them, at most so many.
    #[arg(long, value_name = "COUNT")]
    pub(crate) limit: Option<usize>,
    /// Only those whose end nobody knows, and the disputed ones.
    #[arg(long)]
    pub(crate) unresolved: bool,
    /// The language of the text and of the table. In French the table has semicolons and decimal commas.
    #[arg(long, value_enum, default_value_t = LanguageArgument::En)]
    pub(crate) lang: LanguageArgument,
    /// Print a table of comma-separated values (CSV), with a heading.
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,
    /// Print JSON lines.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TotalsArguments {
    #[command(flatten)]
    pub(crate) selection: SelectionArguments,
    /// What the terminal's ticket says of an operation: its count and amount, as in debit=12:345.60. Once for each operation on
    /// the ticket; operations that are not given are compared with nothing.
    #[arg(long, value_name = "OPERATION=COUNT:AMOUNT")]
    pub(crate) ticket: Vec<TicketTotal>,
    /// The language of the text.
    #[arg(long, value_enum, default_value_t = LanguageArgument::En)]
    pub(crate) lang: LanguageArgument,
    /// Print JSON lines.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The state of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum StateArgument {
    /// A program is at it.
    InFlight,
    /// Nobody knows its end.
    Unresolved,
    /// Its end is known.
    Final,
    /// Its end is known, and later proof contradicts it.
    Disputed,
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
    /// The customer paid: the whole amount, or this one. It may be less than the amount asked for; more than that and the allowed
    /// tip needs --confirmed more-than-asked.
    #[arg(long, value_name = "AMOUNT", num_args = 0..=1, default_missing_value = "", conflicts_with = "not_paid")]
    pub(crate) paid: Option<String>,
    /// The customer did not pay.
    #[arg(long, required_unless_present = "paid")]
    pub(crate) not_paid: bool,
    /// What was done before the decision, once for each: the till asked the terminal (recovered), the terminal's own journal
    /// was read (terminal-journal), the terminal was restarted (restarted), the till asked it again (recovered-again). And that
    /// the customer paid more than was asked for (more-than-asked). It is recorded with the decision.
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
    MoreThanAsked,
}

impl From<ConfirmedArgument> for Confirmation {
    fn from(argument: ConfirmedArgument) -> Self {
        match argument {
            ConfirmedArgument::Recovered => Self::Recovered,
            ConfirmedArgument::TerminalJournal => Self::TerminalJournal,
            ConfirmedArgument::Restarted => Self::Restarted,
            ConfirmedArgument::RecoveredAgain => Self::RecoveredAgain,
            ConfirmedArgument::MoreThanAsked => Self::MoreThanAsked,
        }
    }
}

impl JournalCommand {
    pub(crate) const fn wants_json(&self) -> bool {
        match self {
            Self::Show { json, .. }
            | Self::AcceptOlder { json, .. }
            | Self::Verify { json }
            | Self::Backup { json, .. }
            | Self::Restore { json, .. }
            | Self::Salvage { json, .. }
            | Self::Forget { json, .. } => *json,
            Self::List(arguments) => arguments.json,
            Self::Totals(arguments) => arguments.json,
            Self::Resolve(arguments) => arguments.json,
            Self::Recover(arguments) => arguments.json,
        }
    }
}
