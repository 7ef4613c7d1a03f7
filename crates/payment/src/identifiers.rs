//! Names: of a transaction, a terminal, a register. Each is short, inline and checked when it is made.

use core::fmt;
use core::str::FromStr;

use arrayvec::ArrayString;

use crate::card::holds_card_number;
use crate::comparison::Comparison;

/// Why a text cannot be such a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// Too short or too long.
    #[error("expected {} characters, got {length}", Count(*least, *most))]
    Length {
        /// The least number of characters.
        least: usize,
        /// The largest number of characters.
        most: usize,
        /// The number of bytes given.
        length: usize,
    },
    /// A character that may not stand there.
    #[error("position {offset}: expected {expected}")]
    Character {
        /// Byte offset of the character.
        offset: usize,
        /// What may stand there.
        expected: &'static str,
    },
    /// It looks like a card number or an e-mail address, which the journal never holds.
    #[error("it looks like a card number or an e-mail address, and these are never kept")]
    Personal,
}

/// How many characters there may be.
struct Count(usize, usize);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self(least, most) if least == most => write!(f, "{most}"),
            Self(least, most) => write!(f, "{least} to {most}"),
        }
    }
}

fn checked<const N: usize>(
    text: &str,
    least: usize,
    allowed: fn(u8) -> bool,
    expected: &'static str,
) -> Result<ArrayString<N>, IdentifierError> {
    let wrong_length = IdentifierError::Length { least, most: N, length: text.len() };
    if let Some(offset) = text.bytes().position(|byte| !allowed(byte)) {
        return Err(IdentifierError::Character { offset, expected });
    }
    if text.len() < least {
        return Err(wrong_length);
    }
    ArrayString::from(text).map_err(|_| wrong_length)
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $least:literal..=$most:literal, $allowed:expr, $expected:literal, $personal:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(ArrayString<$most>);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdentifierError;

            fn from_str(text: &str) -> Result<Self, IdentifierError> {
                let name = checked(text, $least, $allowed, $expected)?;
                if $personal(text) {
                    return Err(IdentifierError::Personal);
                }
                Ok(Self(name))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    };
}

/// Numbers that a till counts up (dates, ticket numbers) satisfy Luhn's check one time in ten: a key made of them
/// must not fail by chance.
fn never(_: &str) -> bool {
    false
}

/// An e-mail address needs a character on both sides of its `@`.
fn holds_personal_data(text: &str) -> bool {
    let email = text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    email || holds_card_number(text)
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':')
}

fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

identifier! {
    /// The key of a transaction: 1 to 64 letters, digits, `-`, `_`, `.` or `:`. The same id never charges
    /// twice.
    ///
    /// ```
    /// use caisse_payment::TransactionId;
    ///
    /// assert!("order-7:payment-1".parse::<TransactionId>().is_ok());
    /// assert!("order 7".parse::<TransactionId>().is_err());
    /// ```
    TransactionId, 1..=64, is_name, "a letter, a digit, '-', '_', '.' or ':'", never
}

identifier! {
    /// The name under which a shop knows one terminal, whatever its address: 1 to 64 letters, digits, `-`,
    /// `_`, `.` or `:`.
    TerminalId, 1..=64, is_name, "a letter, a digit, '-', '_', '.' or ':'", never
}

identifier! {
    /// The till's own label of a transaction: 1 to 64 printable ASCII characters, and nothing that looks
    /// like a card number or an e-mail address. A label is never a key.
    ///
    /// ```
    /// use caisse_payment::Reference;
    ///
    /// assert!("order 7".parse::<Reference>().is_ok());
    /// assert!("4970101234123457".parse::<Reference>().is_err());
    /// assert!("jean@example.com".parse::<Reference>().is_err());
    /// ```
    Reference, 1..=64, is_printable, "a printable ASCII character", holds_personal_data
}

identifier! {
    /// The name of a dialect: 1 to 32 letters, digits, `-`, `_`, `.` or `:`.
    DialectName, 1..=32, is_name, "a letter, a digit, '-', '_', '.' or ':'", never
}

identifier! {
    /// An authorisation number (tag AC): 1 to 10 printable ASCII characters.
    AuthorisationNumber, 1..=10, is_printable, "a printable ASCII character", never
}

identifier! {
    /// A merchant contract number (tag CG): 1 to 10 printable ASCII characters.
    ContractNumber, 1..=10, is_printable, "a printable ASCII character", never
}

identifier! {
    /// The serial number of a terminal (tag AQ): 1 to 20 printable ASCII characters.
    SerialNumber, 1..=20, is_printable, "a printable ASCII character", never
}

identifier! {
    /// The identity of a USB device in the form of a name: `usb:VENDOR:PRODUCT:SERIAL`, or `usb:VENDOR:PRODUCT` for a device
    /// that shows no serial number of its own. 1 to 64 letters, digits, `-`, `_`, `.` or `:`.
    ///
    /// ```
    /// use caisse_payment::UsbIdentity;
    ///
    /// assert!("usb:079b:0028:1234".parse::<UsbIdentity>()?.has_serial_number());
    /// assert!(!"usb:079b:0028".parse::<UsbIdentity>()?.has_serial_number());
    /// # Ok::<(), caisse_payment::IdentifierError>(())
    /// ```
    UsbIdentity, 1..=64, is_name, "a letter, a digit, '-', '_', '.' or ':'", never
}

impl UsbIdentity {
    /// Whether the identity contains a serial number. Without one, two devices of the same model look alike.
    #[must_use]
    pub fn has_serial_number(&self) -> bool {
        self.as_str().splitn(4, ':').nth(3).is_some_and(|number| !number.is_empty())
    }
}

macro_rules! compared_by_meaning {
    ($($name:ident),*) => {
        $(impl $name {
            /// Compares two values by their meaning: see [`Comparison`].
            #[must_use]
            pub fn compare(&self, other: &Self) -> Comparison {
                Comparison::between(self.as_str(), other.as_str())
            }
        })*
    };
}

compared_by_meaning!(AuthorisationNumber, ContractNumber, SerialNumber, Reference);

/// The number of a register within a shop: two digits (tag CA), managed by the till alone.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Register(u8);

impl Register {
    /// Register 01.
    pub const FIRST: Self = Self(1);

    /// A register by its number, 0 to 99.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number <= 99 { Some(Self(number)) } else { None }
    }

    /// Its number, 0 to 99.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl FromStr for Register {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let text = checked::<2>(text, 2, |byte| byte.is_ascii_digit(), "a digit")?;
        let number =
            text.bytes().fold(0u8, |number, digit| number.saturating_mul(10).saturating_add(digit & 0x0f));
        Ok(Self(number))
    }
}

impl fmt::Display for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

impl fmt::Debug for Register {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Register {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
