//! The words of `caisse intent`.

use clap::{Args, Subcommand, ValueEnum};

use super::payment_arguments::{RequestArguments, ResultArguments};

/// Read and write Android intents in their text forms. Nothing is started.
#[derive(Debug, Args)]
pub(crate) struct IntentArguments {
    #[command(subcommand)]
    pub(crate) command: IntentCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum IntentCommand {
    Request(RequestArguments),
    Parse(ParseArguments),
    Write(WriteArguments),
    Result(ResultArguments),
}

impl IntentCommand {
    pub(crate) const fn wants_json(&self) -> bool {
        match self {
            Self::Request(arguments) => arguments.json,
            Self::Result(arguments) => arguments.json,
            Self::Parse(arguments) => arguments.json || arguments.lines,
            Self::Write(arguments) => arguments.json || arguments.lines,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// An intent: or android-app: URI, as Intent.toUri writes and Intent.parseUri reads it.
    Uri,
    /// The words behind `am start`.
    Am,
}

/// Say what Android reads in a URI or in the words behind `am start`. Exit code 1 when it refuses them.
#[derive(Debug, Args)]
pub(crate) struct ParseArguments {
    /// The form of the text.
    #[arg(long, value_enum, default_value_t = Format::Uri)]
    pub(crate) format: Format,
    /// Read standard input: one JSON value a line (a string, or an array of words), and print one JSON object for each.
    #[arg(long, conflicts_with = "text")]
    pub(crate) lines: bool,
    /// Print a JSON object.
    #[arg(long)]
    pub(crate) json: bool,
    /// The URI, or the words (behind -- if they begin with a dash).
    #[arg(value_name = "TEXT", required_unless_present = "lines")]
    pub(crate) text: Vec<String>,
}

/// Write an intent, given as JSON, as Android writes it. Exit code 1 when it cannot be said in that form.
#[derive(Debug, Args)]
pub(crate) struct WriteArguments {
    /// The form of the text: a URI, or a line for the device's shell.
    #[arg(long, value_enum, default_value_t = Format::Uri)]
    pub(crate) format: Format,
    /// Read standard input: one intent a line, and print one JSON value for each (a string, or an array of words).
    #[arg(long, conflicts_with = "intent")]
    pub(crate) lines: bool,
    /// Print a JSON value.
    #[arg(long)]
    pub(crate) json: bool,
    /// The intent, as `caisse intent parse --json` prints it.
    #[arg(value_name = "JSON", required_unless_present = "lines")]
    pub(crate) intent: Option<String>,
}
