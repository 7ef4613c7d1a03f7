//! What a field says, in words.

use core::fmt;

use caisse_payment::{Amount, Currency, Text};

use super::{AnswerFlag, Authorisation, Body, Delay, Field, FieldName, Mode, Stat, TransactionType};
use crate::explain::{Language, Meaning};
use crate::value;

/// Explains a field of a body; shows nothing of REP, PRIV and the receipt.
///
/// ```
/// use caisse_codec::explain::Language;
/// use caisse_codec::fixed::{Body, Explanation, Tolerance};
///
/// let body = Body::decode(b"01700000124B0978order-7   ", Tolerance::default());
/// assert!(body.is_err()); // 26 characters are a request, and this is none
///
/// let body = Body::decode(b"01000001242B978order-7   ", Tolerance::default())?;
/// let texts: Vec<_> =
///     body.fields().map(|field| Explanation::new(field, body, Language::English).to_string()).collect();
/// assert_eq!(
///     texts,
///     [
///         "Register number",
///         "Result: accepted",
///         "Amount: 12.42 EUR",
///         "Payment mode: contactless CB",
///         "Currency: EUR",
///         "Private data",
///     ]
/// );
/// # Ok::<(), caisse_codec::fixed::Fault>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Explanation<'a> {
    field: Field<'a>,
    body: Body<'a>,
    language: Language,
}

impl<'a> Explanation<'a> {
    /// Explains a field of a body.
    #[must_use]
    pub const fn new(field: Field<'a>, body: Body<'a>, language: Language) -> Self {
        Self { field, body, language }
    }

    /// The field: its short name, offset, characters.
    #[must_use]
    pub const fn field(&self) -> Field<'a> {
        self.field
    }

    /// The name of the field.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.language.of(self.field.name().text())
    }

    /// What the value says, where that is documented and may be shown.
    #[must_use]
    pub fn meaning(&self) -> Option<Meaning<'a>> {
        let value = self.field.value();
        let last = *value.last()?;
        let words = |text: Text| Meaning::Words(self.language.of(text));
        Some(match self.field.name() {
            FieldName::Amount => {
                let minor = value::number(value)?;
                match self.body.get(FieldName::Currency).and_then(|field| currency(field.value())) {
                    Some(currency) => Meaning::Amount(Amount::from_minor(minor, currency)),
                    None => {
                        let units = Text { fr: "unités mineures", en: "minor units" };
                        Meaning::MinorUnits(minor, self.language.of(units))
                    }
                }
            }
            FieldName::Currency => Meaning::Words(currency(value)?.code()),
            FieldName::Flag => words(AnswerFlag::from_character(last)?.text()),
            FieldName::Mode => words(Mode::new(last)?.text()?),
            FieldName::Type => words(TransactionType::from_character(last)?.text()),
            FieldName::Delay => words(Delay::from_character(last)?.text()),
            FieldName::Authorisation => words(Authorisation::from_character(last)?.text()),
            FieldName::Stat => words(Stat::from_character(last)?.text()),
            FieldName::Receipt => {
                words(Text { fr: "ticket client demandé", en: "customer's receipt wanted" })
            }
            FieldName::Register | FieldName::Private | FieldName::Report | FieldName::ReceiptText => {
                return None;
            }
        })
    }
}

fn currency(value: &[u8]) -> Option<Currency> {
    Currency::from_numeric(u16::try_from(value::number(value)?).ok()?)
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        self.meaning().map_or(Ok(()), |meaning| write!(f, "{}{meaning}", self.language.colon()))
    }
}
