//! Text as Java holds it.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write as _};

/// A string of Java: any sequence of UTF-16 units, also one with half of a surrogate pair, which no `String` can hold.
///
/// Lengths, offsets, hashes and characters in this crate count such units, as Android does.
///
/// ```
/// use caisse_android_intent::JavaString;
///
/// let smile = JavaString::from("😀");
/// assert_eq!(smile.len(), 2);
/// assert_eq!(smile, "😀");
/// let half = JavaString::from(vec![0xd83d]);
/// assert!(half.to_utf8().is_err());
/// assert_eq!(half.to_string(), "\u{fffd}"); // printing is for people, and loses the half pair
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JavaString {
    units: Vec<u16>,
}

/// The text holds half of a surrogate pair, which UTF-8 cannot say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoneSurrogate {
    /// Where the half pair stands, in UTF-16 units.
    pub offset: usize,
}

impl JavaString {
    /// The empty string.
    pub const fn new() -> Self {
        Self { units: Vec::new() }
    }

    /// The UTF-16 units.
    pub fn units(&self) -> &[u16] {
        &self.units
    }

    /// How many UTF-16 units it has.
    pub fn len(&self) -> usize {
        self.units.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// The text in UTF-8.
    ///
    /// # Errors
    ///
    /// [`LoneSurrogate`] if it holds half of a surrogate pair.
    pub fn to_utf8(&self) -> Result<String, LoneSurrogate> {
        let mut text = String::with_capacity(self.units.len());
        let mut offset = 0_usize;
        for character in char::decode_utf16(self.units.iter().copied()) {
            let character = character.map_err(|_| LoneSurrogate { offset })?;
            text.push(character);
            offset = offset.saturating_add(character.len_utf16());
        }
        Ok(text)
    }

    /// `String.hashCode()`, by which Android orders extras and categories: `31 * hash + unit` over the units, in 32
    /// bits with wrapping.
    ///
    /// ```
    /// # use caisse_android_intent::JavaString;
    /// assert_eq!(JavaString::from("Aa").hash_code(), JavaString::from("BB").hash_code());
    /// ```
    pub fn hash_code(&self) -> i32 {
        self.units.iter().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(*unit)))
    }

    pub(crate) fn push(&mut self, unit: u16) {
        self.units.push(unit);
    }

    pub(crate) fn push_str(&mut self, text: &str) {
        self.units.extend(text.encode_utf16());
    }

    pub(crate) fn push_units(&mut self, units: &[u16]) {
        self.units.extend_from_slice(units);
    }
}

impl From<&str> for JavaString {
    fn from(text: &str) -> Self {
        Self { units: text.encode_utf16().collect() }
    }
}

impl From<&String> for JavaString {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<String> for JavaString {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<&Self> for JavaString {
    fn from(text: &Self) -> Self {
        text.clone()
    }
}

impl From<Vec<u16>> for JavaString {
    fn from(units: Vec<u16>) -> Self {
        Self { units }
    }
}

impl From<&[u16]> for JavaString {
    fn from(units: &[u16]) -> Self {
        Self { units: units.into() }
    }
}

impl PartialEq<str> for JavaString {
    fn eq(&self, other: &str) -> bool {
        self.units.iter().copied().eq(other.encode_utf16())
    }
}

impl PartialEq<&str> for JavaString {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl fmt::Display for JavaString {
    /// For people: half of a surrogate pair prints as U+FFFD.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        char::decode_utf16(self.units.iter().copied())
            .try_for_each(|character| formatter.write_char(character.unwrap_or(char::REPLACEMENT_CHARACTER)))
    }
}

impl fmt::Debug for JavaString {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_char('"')?;
        for character in char::decode_utf16(self.units.iter().copied()) {
            match character {
                Ok(character) => write!(formatter, "{}", character.escape_debug())?,
                Err(half) => write!(formatter, "\\u{{{:x}}}", half.unpaired_surrogate())?,
            }
        }
        formatter.write_char('"')
    }
}

impl fmt::Display for LoneSurrogate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "half of a surrogate pair at unit {}", self.offset)
    }
}

impl core::error::Error for LoneSurrogate {}
