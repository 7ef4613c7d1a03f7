//! The words of `caisse intent request` and `caisse intent result`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Write the intent that asks PayXpress for a transaction. Nothing is launched.
///
/// With --journal the transaction is recorded first, as a till has to: an id that is there already is answered from the
/// journal with the exit codes of `caisse pay`, and no intent is printed.
#[derive(Debug, Args)]
pub(crate) struct RequestArguments {
    /// How much, in decimal digits with a point, as in 25.00.
    #[arg(
        allow_negative_numbers = true,
        required_unless_present = "print_last",
        conflicts_with = "print_last"
    )]
    pub(crate) amount: Option<String>,
    /// The currency to which the app is set, by its code of ISO 4217. It is not sent.
    #[arg(long, default_value = "EUR")]
    pub(crate) currency: String,
    /// debit, credit, cancellation or deferred_debit; PayXpress APM takes debit and credit.
    #[arg(long, default_value = "debit")]
    pub(crate) operation: String,
    /// The id of the transaction. PayXpress V4 is given it as its reference.
    #[arg(long, required_unless_present = "print_last", conflicts_with = "print_last")]
    pub(crate) id: Option<String>,
    /// The payment app.
    #[arg(long, value_enum, default_value_t = AppArgument::V4)]
    pub(crate) app: AppArgument,
    /// Ask for the tickets of the last transaction instead (PayXpress V4).
    #[arg(long, value_enum, value_name = "TICKETS", conflicts_with_all = ["journal", "original"])]
    pub(crate) print_last: Option<TicketsArgument>,
    /// Whether the app prints its tickets and shows the paperless page (PayXpress V4); its default decides unless given.
    #[arg(long, value_name = "BOOL")]
    pub(crate) print_ticket: Option<bool>,
    /// PayXpress APM's own id of the payment that is refunded.
    #[arg(long, value_name = "APP_ID")]
    pub(crate) app_original: Option<String>,
    /// A direct refund (PayXpress APM): nothing to scan or to type.
    #[arg(long, requires = "app_original")]
    pub(crate) direct: bool,
    /// The id in the journal of the transaction that is undone or refunded; a cancellation with --journal needs it.
    #[arg(long, value_name = "ID", requires = "journal")]
    pub(crate) original: Option<String>,
    /// Who takes responsibility for a cancellation or a credit that the journal cannot prove to be right.
    #[arg(long, value_name = "WHO", requires_all = ["because", "journal"])]
    pub(crate) by: Option<String>,
    /// Why they do.
    #[arg(long, value_name = "WHY", requires = "by")]
    pub(crate) because: Option<String>,
    /// Nobody but the tills of this journal uses the payment app.
    #[arg(long, requires = "journal")]
    pub(crate) exclusive: bool,
    /// An extra that no public text tells of: string, int, long, boolean or double. May be repeated.
    #[arg(long, value_name = "TYPE:KEY=VALUE")]
    pub(crate) extra: Vec<String>,
    /// Record the transaction in this file before the intent is printed.
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
    /// The name of the device in the shop, for the journal.
    #[arg(long, default_value = "device", value_name = "ID")]
    pub(crate) terminal_id: String,
    /// The form: words for people, an intent: URI, a line for the device's shell, or JSON with the types kept.
    #[arg(long, value_enum, default_value_t = RequestFormat::Text)]
    pub(crate) format: RequestFormat,
    /// Print one JSON object with every form.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AppArgument {
    /// PayXpress V4: cards.
    V4,
    /// PayXpress APM: alternative payments.
    Apm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TicketsArgument {
    Both,
    Client,
    Merchant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RequestFormat {
    Text,
    Uri,
    Am,
    Json,
}

/// Say what a result of PayXpress V4 proves: the exit codes of `caisse pay`.
///
/// 0 approved, 1 declined or cancelled, 2 wrong usage, 3 unknown (look at PayXpress, do not pay again), 4 not sent,
/// 6 blocked.
#[derive(Debug, Args)]
pub(crate) struct ResultArguments {
    /// The id of the transaction: the reference that was sent.
    #[arg(long)]
    pub(crate) id: String,
    /// How much was asked for; with --journal it is known.
    #[arg(
        long,
        allow_negative_numbers = true,
        required_unless_present = "journal",
        conflicts_with = "journal"
    )]
    pub(crate) amount: Option<String>,
    /// The currency to which the app is set.
    #[arg(long, default_value = "EUR")]
    pub(crate) currency: String,
    /// What was asked for: debit, credit, cancellation or deferred_debit.
    #[arg(long, default_value = "debit", conflicts_with = "journal")]
    pub(crate) operation: String,
    /// Android's result code: -1 is RESULT_OK, 0 RESULT_CANCELED. Evidence only: it decides nothing.
    #[arg(long, default_value_t = -1, allow_negative_numbers = true, value_name = "CODE")]
    pub(crate) code: i32,
    /// Another payment of this device is open: error 3 (busy) may be about that one. With --journal it is known.
    #[arg(long, conflicts_with = "journal")]
    pub(crate) pending: bool,
    /// The result's intent was null.
    #[arg(long, conflicts_with = "result")]
    pub(crate) null: bool,
    /// The form of RESULT: the text of the extra, or the result's intent.
    #[arg(long, value_enum, default_value_t = ResultFormat::Text)]
    pub(crate) format: ResultFormat,
    /// Take the transaction from this journal, and record its end there.
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
    /// Print one JSON object, with the keys of `caisse pay`.
    #[arg(long)]
    pub(crate) json: bool,
    /// The result, or - for standard input; the words of --format am stand behind --.
    #[arg(value_name = "RESULT", required_unless_present = "null")]
    pub(crate) result: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResultFormat {
    /// The JSON in the extra `result`.
    Text,
    /// An intent: URI of the result's intent.
    Uri,
    /// The words behind `am start` that say the result's intent.
    Am,
    /// The result's intent as JSON with the types kept.
    Json,
}
