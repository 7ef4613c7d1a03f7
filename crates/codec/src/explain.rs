//! What a field says, in words.

use core::fmt;

use caisse_payment::{Amount, Currency, Refusal, Text};

use crate::value::{
    self, Action, Application, Complement, Copies, LongComplement, ReadingMode, Status, TicketRequest,
};
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
    /// What stands between a name and its value: French puts a blank before the colon.
    #[must_use]
    pub const fn colon(self) -> &'static str {
        match self {
            Self::French => " : ",
            Self::English => ": ",
        }
    }

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
    pub fn meaning(&self) -> Option<Meaning<'a>> {
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
            Tag::AF => self.complement(value)?,
            Tag::CC => words(Application::from_value(value)?.known()?.label),
            Tag::CD => words(Action::from_value(value)?.text()?),
            Tag::CI => {
                let mode = ReadingMode::from_value(value)?;
                words(match Direction::of(self.message) {
                    Direction::Request => asked_for(mode),
                    Direction::Answer => mode.text(),
                })
            }
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

    /// The code in words, and the codes of the long form; never the bank's text.
    fn complement(&self, value: &'a [u8]) -> Option<Meaning<'a>> {
        let authorised = Text { fr: "transaction autorisée", en: "transaction authorised" };
        let text = Complement::from_value(value)?.refusal().map_or(authorised, Refusal::text);
        let words = self.language.of(text);
        Some(match LongComplement::from_value(value) {
            None => Meaning::Words(words),
            Some(long) => Meaning::Complement(words, self.language, long),
        })
    }

    fn tickets(&self, request: Option<TicketRequest>) -> Meaning<'a> {
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

/// A reading mode in a request: what the till wants.
const fn asked_for(mode: ReadingMode) -> Text {
    match mode {
        ReadingMode::Any => Text { fr: "au choix", en: "any" },
        ReadingMode::Contact => Text { fr: "puce demandée", en: "chip asked for" },
        ReadingMode::Contactless => Text { fr: "sans contact demandé", en: "contactless asked for" },
        ReadingMode::Stripe => Text { fr: "piste magnétique demandée", en: "magnetic stripe asked for" },
        ReadingMode::Manual => Text { fr: "saisie manuelle demandée", en: "manual entry asked for" },
    }
}

fn currency(value: &[u8]) -> Option<Currency> {
    let number = value::number(value).filter(|_| value.len() == 3)?;
    Currency::from_numeric(u16::try_from(number).ok()?)
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        self.meaning().map_or(Ok(()), |meaning| write!(f, "{}{meaning}", self.language.colon()))
    }
}

/// What a value says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning<'a> {
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
    /// A complement of the long form: its code in words, their language, and the codes behind it.
    Complement(&'static str, Language, LongComplement<'a>),
}

impl fmt::Display for Meaning<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(words) => f.write_str(words),
            Self::Amount(amount) => write!(f, "{amount}"),
            Self::MinorUnits(minor, units) => write!(f, "{minor} {units}"),
            Self::Version(version) => write!(f, "{}.{:02}", version / 100, version % 100),
            Self::Tickets(copies, format) => write!(f, "{copies}, {format}"),
            Self::Complement(words, language, long) => {
                f.write_str(words)?;
                let field = language.of(Text { fr: "champ CB2A", en: "CB2A field" });
                let codes = [(39, long.bank_answer()), (55, long.acceptance_checks()), (58, long.reason())];
                let said = codes.into_iter().filter_map(|(number, code)| code.map(|code| (number, code)));
                for (place, (number, code)) in said.enumerate() {
                    let before = if place == 0 { " (" } else { ", " };
                    write!(f, "{before}{field} {number}{}{code}", language.colon())?;
                }
                let ended = codes.iter().any(|(_, code)| code.is_some());
                f.write_str(if ended { ")" } else { "" })
            }
        }
    }
}
