//! Fields into the caller's buffer.

use core::fmt;

use crate::Tag;
use crate::dictionary::{self, Charset};
use crate::field::{HEADER, LONGEST_VALUE};

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
    /// The value does not fit the field: a number of too many digits, tickets that are too long together.
    #[error("field {0}: the value is too large")]
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
    #[inline]
    pub fn raw(&mut self, tag: Tag, value: &[u8]) -> Result<(), EncodeError> {
        if value.len() > LONGEST_VALUE {
            return Err(EncodeError::Length { tag, least: 0, most: LONGEST_VALUE, length: value.len() });
        }
        self.place(tag, value.len())?.copy_from_slice(value);
        Ok(())
    }

    /// Writes a field whose value cannot have another form than the documented one, because its type has no other.
    #[inline]
    pub(crate) fn exact<const LENGTH: usize>(
        &mut self,
        tag: Tag,
        value: [u8; LENGTH],
    ) -> Result<(), EncodeError> {
        if let Ok(place) = self.place(tag, LENGTH)?.try_into() {
            let place: &mut [u8; LENGTH] = place;
            *place = value;
        }
        Ok(())
    }

    /// Writes a header and hands out the place of the value: 0 to 999 bytes.
    #[inline]
    fn place(&mut self, tag: Tag, length: usize) -> Result<&mut [u8], EncodeError> {
        let free = self.buffer.get_mut(self.length..).unwrap_or_default();
        let Some((header, value)) = free.split_first_chunk_mut::<HEADER>() else {
            return Err(EncodeError::NoRoom(tag));
        };
        let Some(value) = value.get_mut(..length) else {
            return Err(EncodeError::NoRoom(tag));
        };
        let [first, second] = tag.letters();
        let [hundreds, tens, units] = three_digits(length);
        *header = [first, second, hundreds, tens, units];
        self.length = self.length.wrapping_add(HEADER).wrapping_add(length);
        Ok(value)
    }

    /// Writes a field, held to what is documented of its tag; an undocumented tag only to its structure.
    ///
    /// # Errors
    /// When the length or a character is not allowed, or the buffer is full.
    #[inline(always)]
    pub fn field(&mut self, tag: Tag, value: &[u8]) -> Result<(), EncodeError> {
        if let Some(definition) = dictionary::find(tag) {
            if !definition.lengths().contains(&value.len()) {
                let (least, most) = (definition.least, definition.most);
                return Err(EncodeError::Length { tag, least, most, length: value.len() });
            }
            if !definition.charset.holds(value) {
                return Err(first_stranger(tag, definition.charset, value));
            }
        }
        self.raw(tag, value)
    }

    /// Writes a number in decimal digits, padded with zeros to at least `width` digits.
    ///
    /// # Errors
    /// When it has more digits than the field allows, or the buffer is full.
    #[inline(always)]
    pub fn number(&mut self, tag: Tag, number: u64, width: usize) -> Result<(), EncodeError> {
        let digits = number.checked_ilog10().map_or(0, |log| (log as usize).wrapping_add(1));
        let length = digits.max(width);
        let (least, most) = dictionary::find(tag)
            .map_or((0, LONGEST_VALUE), |definition| (definition.least, definition.most));
        if length > most {
            return Err(EncodeError::TooLarge(tag));
        }
        if length < least {
            return Err(EncodeError::Length { tag, least, most, length });
        }
        let mut rest = number;
        for place in self.place(tag, length)?.iter_mut().rev() {
            *place = digit_of(rest);
            rest = rest.checked_div(10).unwrap_or(0);
        }
        Ok(())
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

#[cold]
fn first_stranger(tag: Tag, charset: Charset, value: &[u8]) -> EncodeError {
    let offset = value.iter().position(|byte| !charset.contains(*byte)).unwrap_or(0);
    EncodeError::Character { tag, offset }
}

/// The digits of a length of at most 999.
#[inline]
fn three_digits(length: usize) -> [u8; 3] {
    let length = length as u32;
    let hundreds = length / 100;
    let rest = length.wrapping_sub(hundreds.wrapping_mul(100));
    let tens = rest / 10;
    let units = rest.wrapping_sub(tens.wrapping_mul(10));
    [hundreds, tens, units].map(|digit| (digit as u8).wrapping_add(b'0'))
}

/// The last digit of a number.
#[inline]
fn digit_of(number: u64) -> u8 {
    u8::try_from(number % 10).unwrap_or(0).saturating_add(b'0')
}
