//! What the app says, typed. Nothing personal shows unless asked for by name.

use std::fmt;

use caisse_journal::WallTime;
use caisse_payment::{AuthorisationNumber, Card, Operation, Receipt, Sensitive};

use super::fields::{Fields, Malformed, Seen, boolean, integer, text, time};
use super::tickets::Tickets;
use super::unknown::{Unknown, masked};
use crate::definition::outcome as field;
use crate::definition::outcome::FieldDefinition;
use crate::{Numbering, ResultCode, Status};

/// How the card was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReadingMode {
    /// By its chip.
    Contact,
    /// Without contact.
    Contactless,
}

/// When the app says that it happened. The unit is documented nowhere, and the only published sample lacks a digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timestamp {
    raw: i64,
}

impl Timestamp {
    /// The number as it came.
    #[must_use]
    pub const fn raw(self) -> i64 {
        self.raw
    }

    /// The time, if the number has the thirteen digits of milliseconds or the ten of seconds; with any other number of
    /// digits nobody can tell.
    #[must_use]
    pub fn wall_time(self) -> Option<WallTime> {
        let number = u64::try_from(self.raw).ok()?;
        match number.checked_ilog10()? {
            12 => Some(WallTime::from_millis(number)),
            9 => number.checked_mul(1000).map(WallTime::from_millis),
            _ => None,
        }
    }
}

/// The fields of the transaction that decide.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Deciding {
    pub(crate) error: Seen<i64>,
    pub(crate) transaction_type: Seen<i64>,
    pub(crate) numbering: Option<Numbering>,
    pub(crate) reference: Seen<Sensitive<String>>,
    pub(crate) amount: Seen<i64>,
    pub(crate) tips: Seen<i64>,
    pub(crate) currency: Seen<String>,
}

/// The result of a PayXpress V4 transaction: `IntentTransactionOutcome`, in both generations of its field names.
///
/// It is read leniently (text for numbers, `tickets` in three shapes, unknown fields kept) and judged strictly: a field that
/// decides and is there twice, saying two things, proves nothing.
#[derive(Clone, PartialEq)]
pub struct Answer {
    pub(crate) status: Seen<i64>,
    pub(crate) transaction: Seen<Deciding>,
    id: Option<Sensitive<String>>,
    card: Option<Card>,
    label: Option<Sensitive<String>>,
    aid: Option<Sensitive<String>>,
    expiry: Option<Sensitive<String>>,
    authorisation: Option<AuthorisationNumber>,
    mode: Option<ReadingMode>,
    date: Option<Timestamp>,
    degraded: Option<bool>,
    tickets: Tickets,
    unknown: Vec<Unknown>,
}

impl Answer {
    /// The longest text that is read, in bytes: what Android's Binder can carry at all.
    pub const LONGEST: usize = 1 << 20;

    /// Reads the text of the extra `result`.
    ///
    /// # Errors
    /// When it is not a JSON object, or longer than [`LONGEST`](Self::LONGEST). No message shows the text.
    pub fn read(json: &str) -> Result<Self, Malformed> {
        if json.len() > Self::LONGEST {
            return Err(Malformed { offset: Self::LONGEST, expected: "at most 1048576 bytes" });
        }
        let outcome = Fields::read(json)?;
        let mut tickets = Tickets::default();
        let mut unknown = Vec::new();
        sort(&outcome, field::OUTCOME, &mut tickets, &mut unknown);
        // The same text twice is no contradiction.
        let transaction = outcome.get(&field::TRANSACTION, |value| Some(value.get()));
        let transaction = transaction.and_then(|text| Fields::read(text).ok());
        if let Seen::Value(fields) = &transaction {
            sort(fields, field::TRANSACTION_FIELDS, &mut tickets, &mut unknown);
        }
        let fields = transaction.as_ref().value();
        let text = |field| fields.and_then(|fields| fields.get(field, text).value());
        let kept = |field| text(field).map(|it: String| Sensitive::new(masked(&it)));
        let number = |field| fields.and_then(|fields| fields.get(field, integer).value());
        Ok(Self {
            status: outcome.get(&field::STATUS, integer),
            id: kept(&field::ID),
            card: text(&field::MASKED_PAN)
                .filter(|pan| !pan.is_empty())
                .map(|pan| Card::from_raw(pan.as_bytes())),
            label: kept(&field::CARD_LABEL),
            aid: kept(&field::AID),
            // The zeros that a number loses.
            expiry: number(&field::EXPIRATION_DATE).map(|date| Sensitive::new(format!("{date:06}"))),
            // At most ten characters: no card number fits.
            authorisation: text(&field::NUM_AUTHORIZATION).and_then(|it| it.parse().ok()),
            mode: number(&field::MODE).and_then(|mode| match mode {
                0 => Some(ReadingMode::Contact),
                1 => Some(ReadingMode::Contactless),
                _ => None,
            }),
            date: fields.and_then(|it| it.get(&field::DATE, time).value()).map(|raw| Timestamp { raw }),
            degraded: fields.and_then(|it| it.get(&field::IS_DEGRADED_MODE, boolean).value()),
            transaction: transaction.as_ref().and_then(|fields| Some(Deciding::of(fields))),
            tickets,
            unknown,
        })
    }

    /// `status`, if it is one that is documented.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        self.status.as_ref().value().and_then(|&number| Status::from_number(number))
    }

    pub(crate) const fn has_status(&self) -> bool {
        matches!(self.status, Seen::Value(_))
    }

    /// `error`, if there is a transaction with one that is documented.
    #[must_use]
    pub fn code(&self) -> Option<ResultCode> {
        let error = self.deciding()?.error.as_ref().value()?;
        ResultCode::from_number(*error)
    }

    pub(crate) fn deciding(&self) -> Option<&Deciding> {
        self.transaction.as_ref().value()
    }

    /// By which numbering the type of the transaction is to be read: its id's name tells.
    #[must_use]
    pub fn numbering(&self) -> Option<Numbering> {
        self.deciding()?.numbering
    }

    /// The number of the type of the transaction, as it came.
    #[must_use]
    pub fn transaction_type(&self) -> Option<i64> {
        self.deciding()?.transaction_type.as_ref().value().copied()
    }

    /// What the transaction was, if its numbering is certain.
    #[must_use]
    pub fn operation(&self) -> Option<Operation> {
        self.numbering()?.operation(self.transaction_type()?)
    }

    /// The amount in minor units of the currency that the answer names.
    #[must_use]
    pub fn amount_minor(&self) -> Option<i64> {
        self.deciding()?.amount.as_ref().value().copied()
    }

    /// The tip in minor units, if the app says one.
    #[must_use]
    pub fn tip_minor(&self) -> Option<i64> {
        self.deciding()?.tips.as_ref().value().copied()
    }

    /// The app's own id of the transaction, for a later refund and for the support.
    #[must_use]
    pub fn reveal_id(&self) -> Option<&str> {
        self.id.as_ref().map(|it| it.reveal().as_str())
    }

    /// The card, masked: whatever `panType` says, what came in clear was masked when it was read.
    #[must_use]
    pub const fn card(&self) -> Option<Card> {
        self.card
    }

    /// The card's last four digits, if the app shows them.
    #[must_use]
    pub fn last_four(&self) -> Option<[u8; 4]> {
        self.card.as_ref()?.last_four()?.as_bytes().try_into().ok()
    }

    /// The card's end of validity, YYMMDD.
    #[must_use]
    pub fn reveal_expiry(&self) -> Option<&str> {
        self.expiry.as_ref().map(|it| it.reveal().as_str())
    }

    /// The card's label.
    #[must_use]
    pub fn reveal_label(&self) -> Option<&str> {
        self.label.as_ref().map(|it| it.reveal().as_str())
    }

    /// The selected card application.
    #[must_use]
    pub fn reveal_aid(&self) -> Option<&str> {
        self.aid.as_ref().map(|it| it.reveal().as_str())
    }

    /// The authorisation number, if it has the form of one.
    #[must_use]
    pub const fn authorisation(&self) -> Option<AuthorisationNumber> {
        self.authorisation
    }

    /// How the card was read.
    #[must_use]
    pub const fn reading_mode(&self) -> Option<ReadingMode> {
        self.mode
    }

    /// When.
    #[must_use]
    pub const fn date(&self) -> Option<Timestamp> {
        self.date
    }

    /// Whether the terminal had no network.
    #[must_use]
    pub const fn is_degraded(&self) -> Option<bool> {
        self.degraded
    }

    /// The tickets that could be read.
    #[must_use]
    pub fn receipts(&self) -> &[Receipt] {
        &self.tickets.receipts
    }

    /// How many tickets could not be read.
    #[must_use]
    pub const fn unreadable_tickets(&self) -> usize {
        self.tickets.unreadable
    }

    /// The fields that no public text tells of.
    #[must_use]
    pub fn unknown(&self) -> &[Unknown] {
        &self.unknown
    }
}

impl Deciding {
    fn of(fields: &Fields<'_>) -> Self {
        let [second, first] = [Numbering::Second, Numbering::First];
        // Both names at once say two things.
        let numbering = match field::ID.names {
            [newest, oldest] => match (fields.has(newest), fields.has(oldest)) {
                (true, false) => Some(second),
                (false, true) => Some(first),
                _ => None,
            },
            _ => None,
        };
        let text = |field| fields.get(field, text);
        Self {
            error: fields.get(&field::ERROR, integer),
            transaction_type: fields.get(&field::TRANSACTION_TYPE, integer),
            numbering,
            reference: text(&field::REFERENCE).and_then(|it| Some(Sensitive::new(it))),
            amount: fields.get(&field::AMOUNT, integer),
            tips: fields.get(&field::AMOUNT_TIPS, integer),
            currency: text(&field::CURRENCY),
        }
    }
}

/// Reads the tickets, and keeps what is not documented.
fn sort(fields: &Fields<'_>, known: &[FieldDefinition], tickets: &mut Tickets, unknown: &mut Vec<Unknown>) {
    for (name, value) in fields.iter() {
        if field::TICKETS.names.contains(&name) {
            tickets.take(value);
        } else if !known.iter().any(|field| field.names.contains(&name)) {
            unknown.push(Unknown::new(name, value));
        }
    }
}

impl fmt::Debug for Answer {
    /// Numbers that say what happened; no text that came from the app.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status())
            .field("code", &self.code())
            .field("operation", &self.operation())
            .field("amount_minor", &self.amount_minor())
            .field("tip_minor", &self.tip_minor())
            .field("reading_mode", &self.mode)
            .field("degraded", &self.degraded)
            .field("card", &self.card)
            .field("receipts", &self.tickets.receipts.len())
            .field("unreadable_tickets", &self.tickets.unreadable)
            .field("unknown", &self.unknown.len())
            .finish_non_exhaustive()
    }
}
