//! What a field says, in words.

use core::fmt;

use caisse_payment::{Amount, Currency, Refusal, Text};

use crate::value::{self, Action, Complement, Copies, ReadingMode, Status, TicketRequest};
use crate::{Field, Message, Tag, dictionary};

/// A language of the explanations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// French.
    French,
    /// English.
    #[default]
    English,
}

impl Language {
    /// The text in this language.
    #[must_use]
    pub const fn of(self, text: Text) -> &'static str {
        match self {
            Self::French => text.fr,
            Self::English => text.en,
        }
    }
}

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the till to the terminal.
    Request,
    /// From the terminal to the till.
    Answer,
}

impl Direction {
    /// The way a message goes: only an answer has a status (AE).
    #[must_use]
    pub fn of(message: Message<'_>) -> Self {
        if message.get(Tag::AE).is_some() { Self::Answer } else { Self::Request }
    }
}

/// Explains a field; shows nothing of sensitive values.
///
/// ```
/// use caisse_codec::explain::{Explanation, Language};
/// use caisse_codec::Message;
///
/// let message = Message::decode(b"CZ0040320CB0042500CE003978")?;
/// let explain = |tag| Explanation::new(message.get(tag).unwrap(), message, Language::English).to_string();
/// assert_eq!(explain(caisse_codec::Tag::CB), "Amount: 25.00 EUR");
/// # Ok::<(), caisse_codec::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Explanation<'a> {
    field: Field<'a>,
    message: Message<'a>,
    language: Language,
}

impl<'a> Explanation<'a> {
    /// Explains a field of a message.
    #[must_use]
    pub const fn new(field: Field<'a>, message: Message<'a>, language: Language) -> Self {
        Self { field, message, language }
    }

    /// The name of the field's tag.
    #[must_use]
    pub fn name(&self) -> &'static str {
        let unknown = Text { fr: "Champ non documenté", en: "Undocumented field" };
        self.language.of(dictionary::find(self.field.tag()).map_or(unknown, |definition| definition.name))
    }

    /// What the value says, where that is documented and may be shown.
    #[must_use]
    pub fn meaning(&self) -> Option<Meaning> {
        let value = self.field.value();
        let words = |text| Meaning::Words(self.language.of(text));
        Some(match self.field.tag() {
            Tag::CB => {
                let minor = value::number(self.field.shown()?.as_bytes())?;
                let currency = self.message.get(Tag::CE).and_then(|field| currency(field.value()));
                match currency {
                    Some(currency) => Meaning::Amount(Amount::from_minor(minor, currency)),
                    None => {
                        let units = Text { fr: "unités mineures", en: "minor units" };
                        Meaning::MinorUnits(minor, self.language.of(units))
                    }
                }
            }
            Tag::CE => Meaning::Words(currency(value)?.code()),
            Tag::AE => words(Status::from_value(value)?.text()),
            Tag::AF => {
                let authorised = Text { fr: "transaction autorisée", en: "transaction authorised" };
                words(Complement::from_value(value)?.refusal().map_or(authorised, Refusal::text))
            }
            Tag::CD => words(Action::from_value(value)?.text()?),
            Tag::CI => words(ReadingMode::from_value(value)?.text()),
            Tag::CK => self.tickets(TicketRequest::from_value(value)?),
            Tag::CZ => {
                Meaning::Version(u16::try_from(value::number(value).filter(|_| value.len() == 4)?).ok()?)
            }
            Tag::BA => words(match value {
                b"0" => {
                    Text { fr: "réponse en fin de transaction", en: "answer at the end of the transaction" }
                }
                b"1" => Text {
                    fr: "réponse immédiate : ne dit rien du paiement",
                    en: "immediate answer: says nothing of the payment",
                },
                _ => return None,
            }),
            Tag::BB | Tag::BF => words(match value {
                b"0" => Text { fr: "non", en: "no" },
                b"1" => Text { fr: "oui", en: "yes" },
                _ => return None,
            }),
            Tag::AL if value == b"1" => words(Text { fr: "partiel", en: "partial" }),
            _ => return None,
        })
    }

    fn tickets(&self, request: Option<TicketRequest>) -> Meaning {
        let Some(request) = request else {
            let none = Text { fr: "pas de ticket pour la caisse", en: "no ticket for the till" };
            return Meaning::Words(self.language.of(none));
        };
        let copies = match request.copies {
            Copies::Customer => Text { fr: "ticket client", en: "customer's ticket" },
            Copies::Merchant => Text { fr: "ticket commerçant", en: "merchant's ticket" },
            Copies::Both => {
                Text { fr: "tickets client et commerçant", en: "customer's and merchant's tickets" }
            }
        };
        Meaning::Tickets(self.language.of(copies), if request.html { "HTML" } else { "Latin-1" })
    }
}

fn currency(value: &[u8]) -> Option<Currency> {
    let number = value::number(value).filter(|_| value.len() == 3)?;
    Currency::from_numeric(u16::try_from(number).ok()?)
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        self.meaning().map_or(Ok(()), |meaning| write!(f, ": {meaning}"))
    }
}

/// What a value says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Words of a table.
    Words(&'static str),
    /// An amount in a currency.
    Amount(Amount),
    /// An amount in a currency that is not known, and the words for "minor units".
    MinorUnits(u64, &'static str),
    /// A protocol version, 320 for 3.20.
    Version(u16),
    /// Which tickets, and how they are written.
    Tickets(&'static str, &'static str),
}

impl fmt::Display for Meaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(words) => f.write_str(words),
            Self::Amount(amount) => write!(f, "{amount}"),
            Self::MinorUnits(minor, units) => write!(f, "{minor} {units}"),
            Self::Version(version) => write!(f, "{}.{:02}", version / 100, version % 100),
            Self::Tickets(copies, format) => write!(f, "{copies}, {format}"),
        }
    }
}
