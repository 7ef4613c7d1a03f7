//! Fields into the caller's buffer.

use core::fmt;

use crate::field::LONGEST_VALUE;
use crate::{Tag, dictionary};

/// Why a field cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The caller's buffer is full.
    #[error("the buffer is too small for field {0}")]
    NoRoom(Tag),
    /// The value has a length that the protocol does not allow.
    #[error("field {tag}: expected {least} to {most} bytes, got {length}")]
    Length {
        /// The field.
        tag: Tag,
        /// The least length.
        least: usize,
        /// The largest length.
        most: usize,
        /// The length of the value.
        length: usize,
    },
    /// A character that the protocol does not allow there.
    #[error("field {tag}: byte {offset} of the value is not in its character set")]
    Character {
        /// The field.
        tag: Tag,
        /// Offset into the value.
        offset: usize,
    },
    /// The number has more digits than the field.
    #[error("field {0}: the number is too large")]
    TooLarge(Tag),
    /// The amount is zero, which no request may carry.
    #[error("the amount must be more than zero")]
    ZeroAmount,
}

/// Writes fields into a buffer, without allocating.
///
/// [`raw`](Self::raw) knows the structure alone; [`field`](Self::field) also holds a documented tag to its
/// lengths and characters. A refused field leaves the buffer as it was.
///
/// ```
/// use caisse_codec::{Encoder, Tag};
///
/// let mut buffer = [0; 64];
/// let mut encoder = Encoder::new(&mut buffer);
/// encoder.field(Tag::CZ, b"0320")?;
/// assert!(encoder.field(Tag::CA, b"1").is_err());
/// encoder.number(Tag::CB, 2500, 2)?;
/// assert_eq!(encoder.finish(), b"CZ0040320CB0042500");
/// # Ok::<(), caisse_codec::EncodeError>(())
/// ```
pub struct Encoder<'b> {
    buffer: &'b mut [u8],
    length: usize,
}

impl<'b> Encoder<'b> {
    /// Writes from the start of the buffer.
    #[must_use]
    pub const fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, length: 0 }
    }

    /// Writes any field of 0 to 999 bytes, whatever the dictionary says of it.
    ///
    /// # Errors
    /// When the value is longer than three digits can say, or the buffer is full.
    pub fn raw(&mut self, tag: Tag, value: &[u8]) -> Result<(), EncodeError> {
        let length = value.len();
        if length > LONGEST_VALUE {
            return Err(EncodeError::Length { tag, least: 0, most: LONGEST_VALUE, length });
        }
        let free = self.buffer.get_mut(self.length..).unwrap_or_default();
        let room = free.split_first_chunk_mut::<5>().filter(|(_, rest)| rest.len() >= length);
        let Some((header, rest)) = room else {
            return Err(EncodeError::NoRoom(tag));
        };
        let [first, second] = tag.letters();
        *header = [first, second, digit(length, 100), digit(length, 10), digit(length, 1)];
        if let Some(target) = rest.get_mut(..length) {
            target.copy_from_slice(value);
        }
        self.length = self.length.saturating_add(header.len()).saturating_add(length);
        Ok(())
    }

    /// Writes a field, held to what is documented of its tag; an undocumented tag only to its structure.
    ///
    /// # Errors
    /// When the length or a character is not allowed, or the buffer is full.
    pub fn field(&mut self, tag: Tag, value: &[u8]) -> Result<(), EncodeError> {
        if let Some(definition) = dictionary::find(tag) {
            if !definition.lengths().contains(&value.len()) {
                let (least, most) = (definition.least, definition.most);
                return Err(EncodeError::Length { tag, least, most, length: value.len() });
            }
            if let Some(offset) = value.iter().position(|byte| !definition.charset.contains(*byte)) {
                return Err(EncodeError::Character { tag, offset });
            }
        }
        self.raw(tag, value)
    }

    /// Writes a number in decimal digits, padded with zeros to at least `width` digits.
    ///
    /// # Errors
    /// When it has more digits than the field allows, or the buffer is full.
    pub fn number(&mut self, tag: Tag, number: u64, width: usize) -> Result<(), EncodeError> {
        let mut digits = [b'0'; 20];
        let mut rest = number;
        let mut start = digits.len();
        for slot in digits.iter_mut().rev() {
            if rest == 0 {
                break;
            }
            *slot = digit_of(rest);
            rest = rest.checked_div(10).unwrap_or(0);
            start = start.saturating_sub(1);
        }
        let start = start.min(digits.len().saturating_sub(width));
        match self.field(tag, digits.get(start..).unwrap_or_default()) {
            Err(EncodeError::Length { most, length, .. }) if length > most => Err(EncodeError::TooLarge(tag)),
            result => result,
        }
    }

    /// The bytes written so far.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }

    /// The message.
    #[must_use]
    pub fn finish(self) -> &'b [u8] {
        let Self { buffer, length } = self;
        buffer.get(..length).unwrap_or_default()
    }
}

impl fmt::Debug for Encoder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encoder({} bytes)", self.length)
    }
}

/// One digit of a length of at most 999.
fn digit(number: usize, place: usize) -> u8 {
    digit_of(u64::try_from(number.checked_div(place).unwrap_or(0)).unwrap_or(0))
}

/// The last digit of a number.
fn digit_of(number: u64) -> u8 {
    u8::try_from(number % 10).unwrap_or(0).saturating_add(b'0')
}
