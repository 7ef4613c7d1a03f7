//! PayXpress V4: component and extras.

use super::{Certainty, ExtraDefinition, ExtraType, Named, Presence, Values};
use Presence::{Always, Never, Optional};

/// The package of the app.
pub const PACKAGE: &str = "com.payxpert.merchant";

/// The class of the activity. A published sample has a blank behind it, with which Android finds nothing.
pub const CLASS: &str = "com.payxpert.merchant.ui.transaction.TransactionActivity";

/// The name in the journal of this way to a terminal.
pub const DIALECT: &str = "payxpress-v4";

/// What is to be done: [`PERFORM`] or [`PRINT_LAST`].
pub const ACTION: &str = "transaction_bundle_key_action";

/// The amount in minor units.
pub const AMOUNT: &str = "transaction_bundle_key_amount";

/// The type of the transaction, by [`Numbering::First`](crate::Numbering::First).
pub const TRANSACTION_TYPE: &str = "transaction_bundle_key_transaction_type";

/// Whether tickets are printed and the paperless page is shown.
pub const PRINT_TICKET: &str = "transaction_bundle_key_print_ticket";

/// The caller's id of the transaction.
pub const REFERENCE: &str = "transaction_bundle_key_reference";

/// Which tickets are printed again.
pub const TYPE_PRINT_TICKET: &str = "transaction_bundle_key_type_print_ticket";

/// The action that starts a transaction.
pub const PERFORM: &str = "PERFORM";

/// The action that prints the tickets of the last transaction again.
pub const PRINT_LAST: &str = "PRINT_LAST";

/// The app's requests: the columns of [`ExtraDefinition::presence`].
pub const REQUESTS: [&str; 2] = [PERFORM, PRINT_LAST];

/// The types of a transaction, by [`Numbering::First`](crate::Numbering::First).
pub const TRANSACTION_TYPES: &[Named] = &[
    Named { number: 1, constant: "DEBIT" },
    Named { number: 2, constant: "CANCELLATION" },
    Named { number: 3, constant: "REFUND" },
    Named { number: 4, constant: "DEFERRED_DEBIT" },
];

/// Which tickets are printed again.
pub const PRINTED_TICKETS: &[Named] = &[
    Named { number: 0, constant: "BOTH" },
    Named { number: 1, constant: "CLIENT" },
    Named { number: 2, constant: "MERCHANT" },
];

const fn extra(
    key: &'static str,
    constant: &'static str,
    kind: ExtraType,
    presence: &'static [Presence],
    values: Values,
    meaning: &'static str,
) -> ExtraDefinition {
    ExtraDefinition { key, constant, kind, presence, values, meaning, certainty: Certainty::Documented }
}

/// Every documented extra.
pub const EXTRAS: &[ExtraDefinition] = &[
    extra(
        ACTION,
        "ACTION",
        ExtraType::String,
        &[Always, Always],
        Values::Words(&REQUESTS),
        "PERFORM starts a transaction, PRINT_LAST prints the last tickets again",
    ),
    extra(
        AMOUNT,
        "AMOUNT",
        ExtraType::Int,
        &[Always, Never],
        Values::Positive,
        "minor units: 1050 is 10.50 EUR",
    ),
    extra(
        TRANSACTION_TYPE,
        "TRANSACTION_TYPE",
        ExtraType::Int,
        &[Always, Never],
        Values::Numbers(TRANSACTION_TYPES),
        "optional in the documentation; always sent here, for the app's own default can be a refund",
    ),
    extra(
        PRINT_TICKET,
        "PRINT_TICKET",
        ExtraType::Boolean,
        &[Optional, Never],
        Values::Any,
        "true: tickets are printed and the paperless page is shown; false: neither",
    ),
    extra(
        REFERENCE,
        "REFERENCE",
        ExtraType::String,
        &[Always, Never],
        Values::Pattern("[A-Za-z0-9_.:-]{1,64}"),
        "the caller's id of the transaction, which must be new; the documentation has no rule for its form",
    ),
    extra(
        TYPE_PRINT_TICKET,
        "TYPE_PRINT_TICKET",
        ExtraType::Int,
        &[Never, Always],
        Values::Numbers(PRINTED_TICKETS),
        "which tickets are printed; the result holds both",
    ),
];
