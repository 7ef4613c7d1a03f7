//! The characters of a value, checked eight at a time.

/// The characters that a value is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// 0-9.
    Digits,
    /// 0-9, A-Z, a-z.
    Alphanumeric,
    /// Space to `~`.
    Printable,
    /// Base64, with line feeds and blanks anywhere.
    Base64,
    /// Fields of its own.
    Fields,
}

/// Bytes of a word that is checked at once.
pub(crate) const WORD: usize = 8;

/// Half a word.
const HALF: usize = 4;

/// The highest bit of each byte of a word.
pub(crate) const HIGH: u64 = u64::from_ne_bytes([0x80; WORD]);

impl Charset {
    /// Whether the byte belongs to it.
    #[inline]
    #[must_use]
    pub const fn contains(self, byte: u8) -> bool {
        match self {
            Self::Digits => byte.is_ascii_digit(),
            Self::Alphanumeric => byte.is_ascii_alphanumeric(),
            Self::Printable => matches!(byte, b' '..=b'~'),
            Self::Base64 => {
                byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\r' | b'\n' | b' ')
            }
            Self::Fields => matches!(byte, b' '..=b'~' | b'\r' | b'\n'),
        }
    }

    /// Whether every byte of the value belongs to it.
    ///
    /// ```
    /// use caisse_codec::dictionary::Charset;
    ///
    /// assert!(Charset::Digits.holds(b"0123456789"));
    /// assert!(!Charset::Digits.holds(b"01234567:9"));
    /// ```
    #[inline]
    #[must_use]
    pub fn holds(self, value: &[u8]) -> bool {
        let Some(last) = value.last_chunk::<WORD>() else {
            return match (value.first_chunk::<HALF>(), value.last_chunk::<HALF>()) {
                (Some(first), Some(last)) => {
                    let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
                    self.outside(u64::from(first) | u64::from(last).wrapping_shl(u32::BITS)) == 0
                }
                _ => value.iter().all(|byte| self.contains(*byte)),
            };
        };
        let (words, _) = value.as_chunks::<WORD>();
        self.outside(u64::from_le_bytes(*last)) == 0
            && words.iter().all(|word| self.outside(u64::from_le_bytes(*word)) == 0)
    }

    /// The high bits of the bytes that do not belong to it. The other bits say nothing.
    #[inline]
    const fn outside(self, word: u64) -> u64 {
        let outside = match self {
            Self::Digits => beyond(word, b'0', b'9'),
            Self::Printable => beyond(word, b' ', b'~'),
            Self::Alphanumeric => alphanumeric(word),
            Self::Base64 => {
                let sign = equal(word, b'+') & equal(word, b'/') & equal(word, b'=');
                alphanumeric(word) & sign & line_end(word) & equal(word, b' ')
            }
            Self::Fields => beyond(word, b' ', b'~') & line_end(word),
        };
        // A byte with its high bit set may carry into the next one, and is outside itself.
        (outside | word) & HIGH
    }
}

// Each of these sets the high bit of the bytes that are outside, for bytes below 0x80.

#[inline]
pub(super) const fn alphanumeric(word: u64) -> u64 {
    // The bit that tells small letters from capital ones makes no letter of anything else.
    beyond(word, b'0', b'9') & beyond(word | repeated(0x20), b'a', b'z')
}

#[inline]
const fn line_end(word: u64) -> u64 {
    equal(word, b'\r') & equal(word, b'\n')
}

#[inline]
const fn equal(word: u64, byte: u8) -> u64 {
    (word ^ repeated(byte)).wrapping_add(repeated(0x7F))
}

#[inline]
const fn beyond(word: u64, first: u8, last: u8) -> u64 {
    Range::new(first, last).outside(word)
}

/// A range of characters, as what finds the bytes of a word outside of it.
#[derive(Clone, Copy)]
pub(super) struct Range {
    /// Adding it lifts a byte over 0x7F from the first character on.
    pub(super) first: u64,
    /// Adding it lifts a byte over 0x7F from the one behind the last character on.
    pub(super) behind: u64,
}

impl Range {
    #[inline]
    pub(super) const fn new(first: u8, last: u8) -> Self {
        Self { first: repeated(0x80_u8.wrapping_sub(first)), behind: repeated(0x7F_u8.wrapping_sub(last)) }
    }

    #[inline]
    pub(super) const fn outside(self, word: u64) -> u64 {
        !word.wrapping_add(self.first) | word.wrapping_add(self.behind)
    }
}

#[inline]
const fn repeated(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; WORD])
}
