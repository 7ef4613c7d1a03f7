//! What the values of fields mean: small types, each with its wire form.

mod application;
mod complement;

use core::fmt;
use core::str::FromStr;

use caisse_payment::{Operation, Refusal, Register, Text};

pub use application::{APPLICATIONS, KnownApplication};
pub use complement::LongComplement;

/// A whole number in decimal digits and nothing else; nothing when it needs more than 64 bits.
#[inline]
#[must_use]
pub fn number(value: &[u8]) -> Option<u64> {
    // So many digits need no more than 64 bits.
    const CERTAIN: usize = 19;
    let mut number = 0u64;
    for byte in value {
        let digit = u64::from(digit(*byte)?);
        number = if value.len() <= CERTAIN {
            number.wrapping_mul(10).wrapping_add(digit)
        } else {
            number.checked_mul(10)?.checked_add(digit)?
        };
    }
    (!value.is_empty()).then_some(number)
}

#[inline]
fn digit(byte: u8) -> Option<u8> {
    let digit = byte.wrapping_sub(b'0');
    (digit <= 9).then_some(digit)
}

/// The register of CA: two digits, of which one may be missing.
#[inline]
pub(crate) fn register(value: &[u8]) -> Option<Register> {
    let (tens, units) = match value {
        [units] => (0, digit(*units)?),
        [tens, units] => (digit(*tens)?, digit(*units)?),
        _ => return None,
    };
    Register::new(tens.wrapping_mul(10).wrapping_add(units))
}

/// The number of CE: three digits.
#[inline]
pub(crate) fn three_digits([hundreds, tens, units]: &[u8; 3]) -> Option<u16> {
    let (hundreds, tens, units) = (digit(*hundreds)?, digit(*tens)?, digit(*units)?);
    Some(
        u16::from(hundreds)
            .wrapping_mul(100)
            .wrapping_add(u16::from(tens.wrapping_mul(10).wrapping_add(units))),
    )
}

#[inline]
fn text<const N: usize>(value: &[u8], allowed: fn(u8) -> bool) -> Option<[u8; N]> {
    let value: [u8; N] = value.try_into().ok()?;
    value.iter().all(|byte| allowed(*byte)).then_some(value)
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

/// A value that does not have the form its tag asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct ValueError {
    /// The form, in words.
    pub expected: &'static str,
}

macro_rules! fixed_text {
    ($(#[$doc:meta])* $name:ident, $length:literal, $allowed:expr, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $name([u8; $length]);

        impl $name {
            /// Reads the value of a field.
            #[inline]
            #[must_use]
            pub fn from_value(value: &[u8]) -> Option<Self> {
                text(value, $allowed).map(Self)
            }

            /// The value of the field.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = ValueError;

            fn from_str(text: &str) -> Result<Self, ValueError> {
                Self::from_value(text.as_bytes()).ok_or(ValueError { expected: $expected })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(core::str::from_utf8(&self.0).unwrap_or_default())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

fixed_text! {
    /// The protocol version (CZ): four digits, `0320` for 3.20.
    Version, 4, is_digit, "a protocol version of four digits, such as 0320"
}

fixed_text! {
    /// The identifier that the association gives to the editor of a till (CJ, "IPC"): twelve digits.
    ///
    /// ```
    /// use caisse_codec::Identifier;
    ///
    /// assert!("012345678901".parse::<Identifier>().is_ok());
    /// assert!("01234567890".parse::<Identifier>().is_err());
    /// ```
    Identifier, 12, is_digit, "an identifier of twelve digits"
}

fixed_text! {
    /// The card application (CC): three letters or digits, `00B` for contactless CB.
    Application, 3, is_alphanumeric, "an application of three letters or digits, such as 001"
}

impl Identifier {
    /// The one that most published tills send. A till's editor gets its own from the association.
    pub const COMMON: Self = Self(*b"012345678901");
}

impl Version {
    /// 3.00, what most tills send.
    pub const V3_00: Self = Self(*b"0300");
    /// 3.01, what real Ingenico terminals answer, whatever was sent.
    pub const V3_01: Self = Self(*b"0301");
    /// 3.10, in the Fidecoin document; a comment elsewhere says that Ingenico terminals do not take it.
    pub const V3_10: Self = Self(*b"0310");
    /// 3.20, PayXpert's default.
    pub const V3_20: Self = Self(*b"0320");
    /// The versions that public material knows, the oldest first.
    pub const KNOWN: [Self; 4] = [Self::V3_00, Self::V3_01, Self::V3_10, Self::V3_20];
}

/// What the terminal did with the request (AE).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// 01: not performed.
    NotPerformed,
    /// 10: performed. With an immediate answer (BA=1) it only means that the request arrived.
    Performed,
    /// 11: taken into account; how it ends is not said.
    Taken,
    /// A status that no public document explains.
    Other([u8; 2]),
}

impl Status {
    /// Reads the value of AE: two characters.
    #[inline]
    #[must_use]
    pub fn from_value(value: &[u8]) -> Option<Self> {
        Some(match value {
            b"01" => Self::NotPerformed,
            b"10" => Self::Performed,
            b"11" => Self::Taken,
            other => Self::Other(other.try_into().ok()?),
        })
    }

    /// The value of AE.
    #[must_use]
    pub const fn value(self) -> [u8; 2] {
        match self {
            Self::NotPerformed => *b"01",
            Self::Performed => *b"10",
            Self::Taken => *b"11",
            Self::Other(value) => value,
        }
    }

    /// What it means.
    #[must_use]
    pub const fn text(self) -> Text {
        match self {
            Self::NotPerformed => Text { fr: "opération non effectuée", en: "operation not performed" },
            Self::Performed => Text { fr: "opération effectuée", en: "operation performed" },
            Self::Taken => Text {
                fr: "demande prise en compte, sans résultat",
                en: "request taken into account, no result yet",
            },
            Self::Other(_) => Text { fr: "état inconnu", en: "unknown status" },
        }
    }
}

/// The complement to the status (AF): its first two characters decide, whatever follows them.
///
/// ```
/// use caisse_codec::Complement;
/// use caisse_payment::Refusal;
///
/// let long = Complement::from_value(b"04148HOLDER INVALID          ").expect("two digits and more");
/// assert_eq!(long.refusal(), Some(Refusal::Refused));
/// assert_eq!(Complement::from_value(b"01").and_then(|it| it.refusal()), None); // an authorisation
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Complement([u8; 2]);

impl Complement {
    /// 01: the transaction is authorised.
    pub const AUTHORISED: Self = Self(*b"01");

    /// Reads the value of AF: two digits, then anything.
    #[inline]
    #[must_use]
    pub fn from_value(value: &[u8]) -> Option<Self> {
        text(value.get(..2)?, is_digit).map(Self)
    }

    /// The complement that says no for this reason. A refusal without a code of its own becomes 00.
    #[must_use]
    pub fn from_refusal(refusal: Refusal) -> Self {
        text(refusal.code().as_bytes(), is_digit).map_or(Self(*b"00"), Self)
    }

    /// The two digits.
    #[must_use]
    pub const fn code(self) -> [u8; 2] {
        self.0
    }

    /// Why the terminal says no; nothing for 01, which is an authorisation.
    #[must_use]
    pub fn refusal(self) -> Option<Refusal> {
        if self == Self::AUTHORISED {
            return None;
        }
        let code = core::str::from_utf8(&self.0).unwrap_or_default();
        Some(Refusal::from_code(code).unwrap_or(Refusal::Other))
    }
}

/// The type of action (CD).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Action(u8);

impl Action {
    /// 0: the customer pays.
    pub const DEBIT: Self = Self(b'0');
    /// 1: money goes back to the card.
    pub const CREDIT: Self = Self(b'1');
    /// 2: a debit is undone.
    pub const CANCELLATION: Self = Self(b'2');
    /// 3: a copy of the last ticket. PayXpert's reading; Fidecoin's document says consultation.
    pub const DUPLICATA: Self = Self(b'3');
    /// 4: an amount is reserved. Fidecoin's document alone.
    pub const PREAUTHORISATION: Self = Self(b'4');
    /// 7: a debit that the bank takes later. PayXpert's reading; Fidecoin's document says transfer.
    pub const DEFERRED_DEBIT: Self = Self(b'7');
    /// I: who is there.
    pub const IDENTIFICATION: Self = Self(b'I');
    /// P: print a text of the till's.
    pub const PRINT: Self = Self(b'P');
    /// T: what became of a transaction.
    pub const TRANSACTION_STATUS: Self = Self(b'T');

    /// Reads the value of CD: one letter or digit.
    #[inline]
    #[must_use]
    pub fn from_value(value: &[u8]) -> Option<Self> {
        text(value, is_alphanumeric).map(|[action]| Self(action))
    }

    /// The action that an operation is on the wire. A cheque is a debit with its own application.
    #[must_use]
    pub const fn of(operation: Operation) -> Self {
        match operation {
            Operation::Debit | Operation::Cheque => Self::DEBIT,
            Operation::Credit => Self::CREDIT,
            Operation::Cancellation => Self::CANCELLATION,
            Operation::DeferredDebit => Self::DEFERRED_DEBIT,
        }
    }

    /// The value of CD.
    #[must_use]
    pub const fn value(self) -> u8 {
        self.0
    }

    /// What it means. Sources disagree on 3 and 7: PayXpert's reading stands. 5 and 6 have no text: only Fidecoin's
    /// document knows them, and gives two meanings to 5.
    #[must_use]
    pub const fn text(self) -> Option<Text> {
        Some(match self.0 {
            b'0' => Text { fr: "débit", en: "debit" },
            b'1' => Text { fr: "crédit", en: "credit" },
            b'2' => Text { fr: "annulation", en: "cancellation" },
            b'3' => Text { fr: "duplicata", en: "duplicata" },
            b'4' => Text { fr: "pré-autorisation", en: "pre-authorisation" },
            b'7' => Text { fr: "débit différé", en: "deferred debit" },
            b'B' => Text { fr: "télécollecte", en: "telecollection" },
            b'C' => Text { fr: "état CTMS", en: "CTMS status" },
            b'I' => Text { fr: "identification", en: "identification" },
            b'P' => Text { fr: "impression d'un ticket", en: "print a ticket" },
            b'R' => Text { fr: "redémarrage", en: "reboot" },
            b'T' => Text { fr: "état de la transaction", en: "transaction status" },
            _ => return None,
        })
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CD={}", char::from(self.0))
    }
}

/// How the card was read (CI).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReadingMode {
    /// 0: indifferent.
    Any,
    /// 1: chip.
    Contact,
    /// 2: contactless.
    Contactless,
    /// 3: magnetic stripe.
    Stripe,
    /// 4: typed by hand.
    Manual,
}

impl ReadingMode {
    /// Every mode.
    pub const ALL: [Self; 5] = [Self::Any, Self::Contact, Self::Contactless, Self::Stripe, Self::Manual];

    /// Reads the value of CI: one digit, 0 to 4.
    #[must_use]
    pub fn from_value(value: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| value == [mode.value()])
    }

    /// The value of CI.
    #[must_use]
    pub const fn value(self) -> u8 {
        match self {
            Self::Any => b'0',
            Self::Contact => b'1',
            Self::Contactless => b'2',
            Self::Stripe => b'3',
            Self::Manual => b'4',
        }
    }

    /// What it means.
    #[must_use]
    pub const fn text(self) -> Text {
        match self {
            Self::Any => Text { fr: "indifférent", en: "indifferent" },
            Self::Contact => Text { fr: "puce", en: "chip" },
            Self::Contactless => Text { fr: "sans contact", en: "contactless" },
            Self::Stripe => Text { fr: "piste magnétique", en: "magnetic stripe" },
            Self::Manual => Text { fr: "saisie manuelle", en: "manual entry" },
        }
    }
}

/// Which tickets the terminal sends for the till to print, and how they are written (CK).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct TicketRequest {
    /// Which tickets.
    pub copies: Copies,
    /// Latin-1 text or HTML.
    pub html: bool,
}

/// Which tickets (the second character of CK).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Copies {
    /// The customer's.
    Customer,
    /// The merchant's.
    Merchant,
    /// Both.
    Both,
}

impl TicketRequest {
    /// The customer's ticket as Latin-1 text: `100`, the only form that every source knows.
    pub const CUSTOMER_TEXT: Self = Self { copies: Copies::Customer, html: false };

    /// Reads the value of CK. The outer nothing is a value that is not documented, the inner one says that
    /// no ticket is asked for.
    #[must_use]
    pub fn from_value(value: &[u8]) -> Option<Option<Self>> {
        let [asked, copies, format] = text(value, is_digit)?;
        let copies = match copies {
            b'0' => Copies::Customer,
            b'1' => Copies::Merchant,
            b'2' => Copies::Both,
            _ => return None,
        };
        let html = match format {
            b'0' => false,
            b'1' => true,
            _ => return None,
        };
        match asked {
            b'0' => Some(None),
            b'1' => Some(Some(Self { copies, html })),
            _ => None,
        }
    }

    /// The value of CK.
    #[must_use]
    pub const fn value(self) -> [u8; 3] {
        let copies = match self.copies {
            Copies::Customer => b'0',
            Copies::Merchant => b'1',
            Copies::Both => b'2',
        };
        [b'1', copies, if self.html { b'1' } else { b'0' }]
    }
}
