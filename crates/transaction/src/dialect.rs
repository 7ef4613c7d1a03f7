//! What differs between terminals, as data.

use core::str::FromStr;
use core::time::Duration;

use caisse_codec::wire::{Format, Generation};
use caisse_codec::{Identifier, Version};
use caisse_link::Limits;
use caisse_link::frame::Tolerance;
use caisse_link::serial::SerialConfig;

/// How one family of terminals is spoken to. Plain data, each value with its source; `docs/dialects.md` has them side by
/// side. Other dialects are changed copies, called `custom`.
///
/// ```
/// use caisse_codec::Version;
/// use caisse_transaction::Dialect;
///
/// let ours = Dialect { version: Version::V3_00, name: "custom", ..Dialect::PAYXPRESS };
/// assert_eq!("payxpress".parse::<Dialect>(), Ok(Dialect::PAYXPRESS));
/// assert_ne!(ours, Dialect::PAYXPRESS);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The name in configuration, journal and messages: 1 to 32 letters, digits, `-`, `_`, `.` or `:`.
    pub name: &'static str,
    /// 3.x, E or E+.
    pub generation: Generation,
    /// The protocol version to send (CZ); of 3.x only.
    pub version: Version,
    /// Which optional fields a request may carry.
    pub optional: OptionalFields,
    /// The fewest digits of the amount (CB), 2 to 12; of 3.x only.
    pub amount_digits: u8,
    /// What stands behind a request of 3.x on TCP.
    pub trailer: Trailer,
    /// Whether a request of E or E+ asks for the report of the application (IND): the card's number, masked on arrival.
    pub report: bool,
    /// What the terminal gives back when it is asked for a duplicata.
    pub duplicata: Duplicata,
    /// What a NAK of the message proves.
    pub refused_message: RefusedMessage,
    /// Where an answer of 3.x ends on TCP.
    pub answer: Limits,
    /// The longest that a transaction may take on the terminal.
    pub longest_transaction: Duration,
    /// Timers, counts and tolerances of a session, and the usual settings of the line.
    pub session: SerialConfig,
}

/// Which optional fields a request may carry. A terminal that does not know one may refuse the whole request (AF=09).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionalFields {
    /// BF: whether a part of the amount may be approved.
    pub partial: bool,
    /// CC: a card application to force. A cheque always carries it.
    pub application: bool,
    /// CK, or `T012` of E: the tickets to send.
    pub ticket: bool,
    /// CF or PRIV: the till's own reference, which the terminal gives back unchanged.
    pub reference: bool,
}

/// What stands behind a request on TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trailer {
    /// Nothing: all clients but one.
    Nothing,
    /// CR and LF: HiPay's page on trouble recommends it to tills whose requests are always refused, perhaps by a slip.
    LineEnd,
}

/// What the terminal gives back when it is asked for a duplicata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Duplicata {
    /// No message asks for one.
    Nothing,
    /// A ticket, and whether there is one: no field that names a transaction.
    TicketOnly,
    /// Amount and currency of the last transaction as fields.
    Fields,
    /// Nobody has written down what comes back.
    Unverified,
}

/// What a NAK instead of the acknowledgement of a request proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusedMessage {
    /// Nothing: the terminal may yet act on it, and the till goes on listening.
    Nothing,
    /// That the terminal does not act on it. Only for a terminal whose maker says so; no public source does.
    Refusal,
}

/// An answer's end, for every dialect until one is known to differ. Tills in the field wait 200 ms to 1 s after a whole
/// field; 300 ms is what the material suggests at the least. The patience is ours: ten times that. The documented fields add up to 2 550 bytes; 16 KiB leaves room
/// for what is not documented.
const ANSWER: Limits =
    Limits { quiet: Duration::from_millis(300), patience: Duration::from_secs(3), longest: 16 * 1024 };

/// Ours: a card holder may type until the terminal's own time-out, which no document states.
const LONGEST_TRANSACTION: Duration = Duration::from_secs(300);

impl Dialect {
    /// PayXpert's PayXpress: CZ 0320 by default, echoed. Its pages do not know BF; CF comes back as it went, and is kept
    /// with the transaction. Its duplicata has AE and ZT alone.
    pub const PAYXPRESS: Self = Self {
        name: "payxpress",
        generation: Generation::Concert3,
        version: Version::V3_20,
        optional: OptionalFields { partial: false, application: true, ticket: true, reference: true },
        amount_digits: 2,
        trailer: Trailer::Nothing,
        report: false,
        duplicata: Duplicata::TicketOnly,
        refused_message: RefusedMessage::Nothing,
        answer: ANSWER,
        longest_transaction: LONGEST_TRANSACTION,
        session: SerialConfig::TILL,
    };

    /// Ingenico's "CONCERT V3" application: most tills send 0300; newer software refuses a request with BF, and a
    /// Desk/5000 answered AF=09 to one with CF.
    pub const INGENICO: Self = Self {
        name: "ingenico",
        version: Version::V3_00,
        optional: OptionalFields { reference: false, ..Self::PAYXPRESS.optional },
        duplicata: Duplicata::Unverified,
        ..Self::PAYXPRESS
    };

    /// Nepting, as HiPay documents it: CZ is 0320; BF is not in its list, yet the answered amount may be lower. CF has a
    /// form of its own (merchant id, separator, data), so that a plain reference does not go there. A duplicata gives the
    /// amount and the currency that were really paid, as tried on a Verifone V240m.
    pub const NEPTING: Self = Self {
        name: "nepting",
        optional: OptionalFields { reference: false, ..Self::PAYXPRESS.optional },
        duplicata: Duplicata::Fields,
        session: SerialConfig {
            tolerance: Tolerance { line_feeds: true, ..SerialConfig::TILL.tolerance },
            ..SerialConfig::TILL
        },
        ..Self::PAYXPRESS
    };

    /// E: debit, credit, cancellation and cheque, the answer at the end of the transaction. No field is known to come
    /// back as it went, and no message asks for a duplicata.
    pub const CONCERT_E: Self = Self {
        name: "concert-e",
        generation: Generation::E,
        optional: OptionalFields { partial: false, application: false, ticket: false, reference: false },
        duplicata: Duplicata::Nothing,
        ..Self::PAYXPRESS
    };

    /// E+: E with the moment of the answer, always the end (`A010`), and the authorisation request.
    pub const CONCERT_E_PLUS: Self =
        Self { name: "concert-e-plus", generation: Generation::EPlus, ..Self::CONCERT_E };

    /// Every dialect known by name.
    pub const ALL: [Self; 5] =
        [Self::PAYXPRESS, Self::INGENICO, Self::NEPTING, Self::CONCERT_E, Self::CONCERT_E_PLUS];

    /// How its requests are written.
    #[must_use]
    pub const fn format(&self, identifier: Identifier) -> Format {
        let Self { version, amount_digits, report, .. } = *self;
        match self.generation {
            Generation::Concert3 => Format::Concert3 { version, identifier, amount_digits },
            Generation::E => Format::E { receipt: self.optional.ticket, report },
            Generation::EPlus => Format::EPlus { report },
        }
    }

    /// The largest amount that its field holds, in minor units.
    #[must_use]
    pub const fn largest_amount(&self) -> u64 {
        match self.generation {
            Generation::Concert3 => caisse_codec::LARGEST_AMOUNT,
            Generation::E | Generation::EPlus => caisse_codec::fixed::LARGEST_AMOUNT,
        }
    }
}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(name: &str) -> Result<Self, UnknownDialect> {
        Self::ALL.into_iter().find(|dialect| dialect.name == name).ok_or(UnknownDialect)
    }
}

/// The text is not the name of a dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a dialect: expected payxpress, ingenico, nepting, concert-e or concert-e-plus")]
pub struct UnknownDialect;
