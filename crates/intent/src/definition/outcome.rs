//! PayXpress V4's result: a JSON object (`IntentTransactionOutcome`) as text in one extra.

use super::{Certainty, Named};

/// The extra of the result's intent that holds the JSON, a `String`. For PRINT_LAST the name is a guess.
pub const RESULT: &str = "result";

/// Android's result code of an activity that says so.
pub const RESULT_OK: i32 = -1;

/// Android's result code of an activity that says so, or that says nothing, or that crashed.
pub const RESULT_CANCELED: i32 = 0;

/// How a value of the result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldType {
    /// Text.
    String,
    /// A whole number, also as text.
    Integer,
    /// True or false, also as text.
    Boolean,
    /// The object of the transaction.
    Transaction,
    /// Both tickets: an array of objects with `type` and `ticket` (base64), or an object with that array as `tickets`, or
    /// either as the text of its JSON.
    Tickets,
}

/// One field of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldDefinition {
    /// Its names, the newest first. Each is read at any time.
    pub names: &'static [&'static str],
    /// The name of its constant.
    pub constant: &'static str,
    /// How it is written.
    pub kind: FieldType,
    /// Whether an approval needs it.
    pub decides: bool,
    /// What it says.
    pub meaning: &'static str,
    /// How sure this is.
    pub certainty: Certainty,
}

const fn field(
    names: &'static [&'static str],
    constant: &'static str,
    kind: FieldType,
    decides: bool,
    meaning: &'static str,
) -> FieldDefinition {
    FieldDefinition { names, constant, kind, decides, meaning, certainty: Certainty::Documented }
}

/// `status` of the outcome.
pub const STATUS: FieldDefinition = field(
    &["status"],
    "STATUS",
    FieldType::Integer,
    true,
    "0 accepted (or printed), 1 denied (or not printed)",
);

/// The transaction of the outcome.
pub const TRANSACTION: FieldDefinition =
    field(&["transaction"], "TRANSACTION", FieldType::Transaction, true, "what happened; may be absent");

/// The tickets, of the outcome or (August 2024) of the transaction.
pub const TICKETS: FieldDefinition = field(
    &["tickets"],
    "TICKETS",
    FieldType::Tickets,
    false,
    "both tickets, base64; which is which is in their type",
);

/// The app's id of the transaction. Its name tells which numbering `transactionType` has.
pub const ID: FieldDefinition =
    field(&["id", "transactionId"], "ID", FieldType::String, true, "the app's id of the transaction");

/// The type of the transaction.
pub const TRANSACTION_TYPE: FieldDefinition = field(
    &["transactionType"],
    "TRANSACTION_TYPE",
    FieldType::Integer,
    true,
    "beside id: 0 debit, 1 refund, 2 cancellation, 8 deferred debit; beside transactionId: 1 debit, 2 cancellation, 3 refund, 4 deferred debit",
);

/// The caller's reference.
pub const REFERENCE: FieldDefinition = field(
    &["reference", "externalReference"],
    "REFERENCE",
    FieldType::String,
    true,
    "the reference of the request",
);

/// The amount.
pub const AMOUNT: FieldDefinition = field(
    &["amount"],
    "AMOUNT",
    FieldType::Integer,
    true,
    "minor units; whether a tip is in it is not documented",
);

/// The tip.
pub const AMOUNT_TIPS: FieldDefinition =
    field(&["amountTips"], "AMOUNT_TIPS", FieldType::Integer, true, "minor units, when tips are active");

/// The currency.
pub const CURRENCY: FieldDefinition = field(
    &["currency"],
    "CURRENCY",
    FieldType::String,
    true,
    "of ISO 4217; whether letters or digits is not documented, both are read",
);

/// The result code.
pub const ERROR: FieldDefinition =
    field(&["error", "resultCode"], "ERROR", FieldType::Integer, true, "the result code, 0 to 9");

/// How the card was read.
pub const MODE: FieldDefinition =
    field(&["mode", "paymentMethod"], "MODE", FieldType::Integer, false, "0 contact, 1 contactless");

/// When.
pub const DATE: FieldDefinition = FieldDefinition {
    names: &["date"],
    constant: "DATE",
    kind: FieldType::Integer,
    decides: false,
    meaning: "a timestamp, very likely in milliseconds; the published sample lacks a digit",
    certainty: Certainty::Guess,
};

/// The card application.
pub const AID: FieldDefinition =
    field(&["aid"], "AID", FieldType::String, false, "the selected card application");

/// Without network.
pub const IS_DEGRADED_MODE: FieldDefinition =
    field(&["isDegradedMode"], "IS_DEGRADED_MODE", FieldType::Boolean, false, "true: without network");

/// The card number.
pub const MASKED_PAN: FieldDefinition = field(
    &["maskedPan"],
    "MASKED_PAN",
    FieldType::String,
    false,
    "the card number, masked on arrival whatever panType says",
);

/// The card's label.
pub const CARD_LABEL: FieldDefinition =
    field(&["cardLabel"], "CARD_LABEL", FieldType::String, false, "the type of card");

/// The card's end of validity.
pub const EXPIRATION_DATE: FieldDefinition = field(
    &["expirationDate"],
    "EXPIRATION_DATE",
    FieldType::Integer,
    false,
    "YYMMDD as a number, so that zeros at the start are lost",
);

/// What `maskedPan` holds.
pub const PAN_TYPE: FieldDefinition = field(
    &["panType"],
    "PAN_TYPE",
    FieldType::Integer,
    false,
    "0 the whole number, 1 a part of it (also when absent), 2 a token",
);

/// The authorisation number.
pub const NUM_AUTHORIZATION: FieldDefinition = field(
    &["numAuthorization"],
    "NUM_AUTHORIZATION",
    FieldType::String,
    false,
    "the authorisation number, if the bank gave one",
);

/// The fields of the outcome.
pub const OUTCOME: &[FieldDefinition] = &[STATUS, TRANSACTION, TICKETS];

/// The fields of the transaction.
pub const TRANSACTION_FIELDS: &[FieldDefinition] = &[
    ID,
    TRANSACTION_TYPE,
    MODE,
    DATE,
    REFERENCE,
    AMOUNT,
    CURRENCY,
    AID,
    IS_DEGRADED_MODE,
    ERROR,
    MASKED_PAN,
    CARD_LABEL,
    EXPIRATION_DATE,
    AMOUNT_TIPS,
    PAN_TYPE,
    NUM_AUTHORIZATION,
    TICKETS,
];

/// The types of a ticket. The second one is a guess: the published example is cut before it.
pub const TICKET_TYPES: [(&str, Certainty); 2] =
    [("CLIENT", Certainty::Documented), ("MERCHANT", Certainty::Guess)];

/// The values of `mode`.
pub const MODES: [Named; 2] =
    [Named { number: 0, constant: "CONTACT" }, Named { number: 1, constant: "CONTACTLESS" }];

/// The values of `panType`.
pub const PAN_TYPES: [Named; 3] = [
    Named { number: 0, constant: "FULL" },
    Named { number: 1, constant: "PARTIAL" },
    Named { number: 2, constant: "TOKEN" },
];
