//! Which field stands where in a body, and of which characters it is made.

use core::fmt;

use caisse_payment::Text;

/// A field of a body.
///
/// ```
/// use caisse_codec::fixed::FieldName;
///
/// assert_eq!(FieldName::Amount.code(), "MNT");
/// assert_eq!(FieldName::Report.text().fr, "Rapport de l'application");
/// assert!(FieldName::Report.is_sensitive());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldName {
    /// POS: the register, 2 characters.
    Register,
    /// MNT: the amount in minor units, 8 digits.
    Amount,
    /// IND: whether the answer shall carry REP, 1 character.
    Flag,
    /// MODE: how the customer pays, 1 character.
    Mode,
    /// TYPE: what shall be done, 1 character.
    Type,
    /// DEV: the currency, 3 digits.
    Currency,
    /// PRIV: private data, 10 characters.
    Private,
    /// The option T of Nepting: a receipt for the customer, 4 characters.
    Receipt,
    /// DELAI, the option A of E+: when to answer, 4 characters.
    Delay,
    /// AUTO, the option B of E+: the authorisation request, 4 characters.
    Authorisation,
    /// STAT: the result, 1 character.
    Stat,
    /// REP: the report of the payment application, 55 characters.
    Report,
    /// The text of the receipt behind an answer of 80 characters.
    ReceiptText,
}

impl FieldName {
    /// The short name that sources use.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Register => "POS",
            Self::Amount => "MNT",
            Self::Flag => "IND",
            Self::Mode => "MODE",
            Self::Type => "TYPE",
            Self::Currency => "DEV",
            Self::Private => "PRIV",
            Self::Receipt => "T",
            Self::Delay => "DELAI",
            Self::Authorisation => "AUTO",
            Self::Stat => "STAT",
            Self::Report => "REP",
            Self::ReceiptText => "TICKET",
        }
    }

    /// The name in words.
    #[must_use]
    pub const fn text(self) -> Text {
        match self {
            Self::Register => Text { fr: "Numéro de caisse", en: "Register number" },
            Self::Amount => Text { fr: "Montant", en: "Amount" },
            Self::Flag => Text { fr: "Indicateur de réponse", en: "Answer flag" },
            Self::Mode => Text { fr: "Mode de paiement", en: "Payment mode" },
            Self::Type => Text { fr: "Type de transaction", en: "Transaction type" },
            Self::Currency => Text { fr: "Devise", en: "Currency" },
            Self::Private => Text { fr: "Données privées", en: "Private data" },
            Self::Receipt => Text { fr: "Ticket client (Nepting)", en: "Customer's receipt (Nepting)" },
            Self::Delay => Text { fr: "Moment de la réponse", en: "When to answer" },
            Self::Authorisation => Text { fr: "Demande d'autorisation", en: "Authorisation request" },
            Self::Stat => Text { fr: "Résultat", en: "Result" },
            Self::Report => Text { fr: "Rapport de l'application", en: "Report of the application" },
            Self::ReceiptText => Text { fr: "Texte du ticket", en: "Text of the receipt" },
        }
    }

    /// Whether its value may identify a person: REP holds the card number or the line of a cheque, PRIV what the till
    /// or the application put there, the receipt both.
    #[must_use]
    pub const fn is_sensitive(self) -> bool {
        matches!(self, Self::Private | Self::Report | Self::ReceiptText)
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What may stand in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Digits 0-9.
    Digits,
    /// A register: digits, or letters and digits where [`Tolerance::register_letters`](super::Tolerance) is on.
    Register,
    /// Space to `~`.
    Printable,
    /// `!` to `~`: no blank.
    Visible,
    /// The characters of the line, 0x20 to 0x7F.
    Line,
    /// The characters of the line and line feeds.
    Lines,
    /// One of these characters.
    OneOf(&'static str),
    /// An option: these three characters, then one of those.
    Option(&'static str, &'static str),
    /// More than zero.
    MoreThanZero,
    /// A number of ISO 4217.
    KnownCurrency,
}

impl Expected {
    /// Where the first byte stands that may not stand there. The last two are no matter of single bytes.
    pub(super) fn stranger(self, value: &[u8], register_letters: bool) -> Option<usize> {
        match self {
            Self::Register if register_letters => first(value, u8::is_ascii_alphanumeric),
            Self::Digits | Self::Register | Self::MoreThanZero | Self::KnownCurrency => {
                first(value, u8::is_ascii_digit)
            }
            Self::Printable => first(value, |byte| matches!(byte, b' '..=b'~')),
            Self::Visible => first(value, u8::is_ascii_graphic),
            Self::Line => first(value, |byte| matches!(byte, b' '..=0x7f)),
            Self::Lines => first(value, |byte| matches!(byte, b' '..=0x7f | b'\n')),
            Self::OneOf(characters) => first(value, |byte| characters.as_bytes().contains(byte)),
            Self::Option(start, last) => {
                let (start, last) = (start.as_bytes(), last.as_bytes());
                let allowed = |place, byte| start.get(place).map_or(last.contains(byte), |it| it == byte);
                value.iter().enumerate().position(|(place, byte)| !allowed(place, byte))
            }
        }
    }
}

/// Where the first byte stands that is not allowed. Whether there is one is asked without a branch for each byte.
#[inline]
fn first(value: &[u8], allowed: impl Fn(&u8) -> bool) -> Option<usize> {
    let all = value.iter().fold(true, |all, byte| all & allowed(byte));
    if all { None } else { value.iter().position(|byte| !allowed(byte)) }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digits => f.write_str("a digit"),
            Self::Register => f.write_str("a digit (or a letter, where that is tolerated)"),
            Self::Printable => f.write_str("a printable character"),
            Self::Visible => f.write_str("a printable character other than a blank"),
            Self::Line => f.write_str("a character 0x20 to 0x7F"),
            Self::Lines => f.write_str("a character 0x20 to 0x7F or a line feed"),
            Self::OneOf(characters) => write!(f, "one of {characters}"),
            Self::Option(start, last) => write!(f, "{start} and one of {last}"),
            Self::MoreThanZero => f.write_str("more than zero"),
            Self::KnownCurrency => f.write_str("the number of a known currency"),
        }
    }
}

/// A body, told by its length alone: each has its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// E request, 26 characters.
    RequestE,
    /// E request with `T012`, 30 characters.
    RequestReceipt,
    /// E+ request, 34 characters.
    RequestEPlus,
    /// Answer without REP, 25 characters.
    AnswerShort,
    /// Answer with REP, 80 characters.
    AnswerLong,
    /// Answer with REP and the text of a receipt, 81 to 512 characters.
    AnswerReceipt,
}

/// Where a field stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) name: FieldName,
    pub(super) offset: usize,
    /// Of the receipt, the most that it may have.
    pub(super) length: usize,
    pub(super) expected: Expected,
}

const fn slot(name: FieldName, offset: usize, length: usize, expected: Expected) -> Slot {
    Slot { name, offset, length, expected }
}

const REQUEST: &[Slot] = &[
    slot(FieldName::Register, 0, 2, Expected::Register),
    slot(FieldName::Amount, 2, 8, Expected::Digits),
    slot(FieldName::Flag, 10, 1, Expected::OneOf("012")),
    slot(FieldName::Mode, 11, 1, Expected::Visible),
    slot(FieldName::Type, 12, 1, Expected::OneOf("0124")),
    slot(FieldName::Currency, 13, 3, Expected::Digits),
    slot(FieldName::Private, 16, 10, Expected::Printable),
];
const REQUEST_RECEIPT: &[Slot] =
    &behind::<8>(REQUEST, &[slot(FieldName::Receipt, 26, 4, Expected::Option("T01", "2"))]);
const REQUEST_E_PLUS: &[Slot] = &behind::<9>(
    REQUEST,
    &[
        slot(FieldName::Delay, 26, 4, Expected::Option("A01", "01")),
        slot(FieldName::Authorisation, 30, 4, Expected::Option("B01", "012")),
    ],
);
const ANSWER: &[Slot] = &[
    slot(FieldName::Register, 0, 2, Expected::Register),
    slot(FieldName::Stat, 2, 1, Expected::Printable),
    slot(FieldName::Amount, 3, 8, Expected::Digits),
    slot(FieldName::Mode, 11, 1, Expected::Printable),
];
const ANSWER_SHORT: &[Slot] = &behind::<6>(
    ANSWER,
    &[slot(FieldName::Currency, 12, 3, Expected::Digits), slot(FieldName::Private, 15, 10, Expected::Line)],
);
const ANSWER_LONG: &[Slot] = &behind::<7>(
    ANSWER,
    &[
        slot(FieldName::Report, 12, 55, Expected::Line),
        slot(FieldName::Currency, 67, 3, Expected::Digits),
        slot(FieldName::Private, 70, 10, Expected::Line),
    ],
);
const ANSWER_RECEIPT: &[Slot] =
    &behind::<8>(ANSWER_LONG, &[slot(FieldName::ReceiptText, 80, super::LONGEST_RECEIPT, Expected::Lines)]);

/// `N` fields: the start of a layout and what stands behind it.
#[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "computed by the compiler")]
const fn behind<const N: usize>(start: &[Slot], end: &[Slot]) -> [Slot; N] {
    assert!(start.len() + end.len() == N, "the number of fields");
    let mut slots = [start[0]; N];
    let mut place = 0;
    while place < N {
        slots[place] = if place < start.len() { start[place] } else { end[place - start.len()] };
        place += 1;
    }
    slots
}

impl Layout {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::RequestE,
        Self::RequestReceipt,
        Self::RequestEPlus,
        Self::AnswerShort,
        Self::AnswerLong,
        Self::AnswerReceipt,
    ];

    /// The layout of bodies of this length.
    ///
    /// ```
    /// use caisse_codec::fixed::Layout;
    ///
    /// assert_eq!(Layout::of_length(34), Some(Layout::RequestEPlus));
    /// assert_eq!(Layout::of_length(33), None);
    /// ```
    #[must_use]
    pub const fn of_length(length: usize) -> Option<Self> {
        Some(match length {
            25 => Self::AnswerShort,
            26 => Self::RequestE,
            30 => Self::RequestReceipt,
            34 => Self::RequestEPlus,
            80 => Self::AnswerLong,
            81..=super::LONGEST_ANSWER => Self::AnswerReceipt,
            _ => return None,
        })
    }

    /// Whether it goes from the till to the terminal.
    #[must_use]
    pub const fn is_request(self) -> bool {
        matches!(self, Self::RequestE | Self::RequestReceipt | Self::RequestEPlus)
    }

    /// What it is, in words.
    #[must_use]
    pub const fn text(self) -> Text {
        match self {
            Self::RequestE => Text { fr: "demande E", en: "E request" },
            Self::RequestReceipt => {
                Text { fr: "demande E avec ticket (Nepting)", en: "E request for a receipt (Nepting)" }
            }
            Self::RequestEPlus => Text { fr: "demande E+", en: "E+ request" },
            Self::AnswerShort => {
                Text { fr: "réponse E/E+ sans rapport", en: "E/E+ answer without a report" }
            }
            Self::AnswerLong => Text { fr: "réponse E/E+ avec rapport", en: "E/E+ answer with a report" },
            Self::AnswerReceipt => Text {
                fr: "réponse E/E+ avec rapport et ticket",
                en: "E/E+ answer with a report and a receipt",
            },
        }
    }

    /// The fields in the order of the wire.
    pub(super) const fn slots(self) -> &'static [Slot] {
        match self {
            Self::RequestE => REQUEST,
            Self::RequestReceipt => REQUEST_RECEIPT,
            Self::RequestEPlus => REQUEST_E_PLUS,
            Self::AnswerShort => ANSWER_SHORT,
            Self::AnswerLong => ANSWER_LONG,
            Self::AnswerReceipt => ANSWER_RECEIPT,
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().en)
    }
}
