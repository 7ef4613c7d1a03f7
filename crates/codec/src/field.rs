//! Raw fields: tag, three digits of length, value. Structure only, borrowed from the caller's bytes.

use core::fmt;

use caisse_payment::{REDACTED, holds_card_number};

use crate::{Tag, dictionary};

/// Bytes of a field before its value: two letters and three digits.
pub const HEADER: usize = 5;

/// The longest value that three digits can announce, in bytes.
pub const LONGEST_VALUE: usize = 999;

/// One field as it stands on the wire.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    tag: Tag,
    offset: usize,
    value: &'a [u8],
}

impl<'a> Field<'a> {
    /// The tag.
    #[must_use]
    pub const fn tag(&self) -> Tag {
        self.tag
    }

    /// Where the field begins, in bytes from the start of what was scanned.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The value in clear, 0 to 999 bytes. Some values are personal data: print [`shown`](Self::shown) instead.
    #[must_use]
    pub const fn value(&self) -> &'a [u8] {
        self.value
    }

    /// The value if it may be shown: the tag is documented and not sensitive, the value no longer than documented,
    /// printable, and without a card number.
    #[must_use]
    pub fn shown(&self) -> Option<&'a str> {
        let definition = dictionary::find(self.tag).filter(|definition| !definition.sensitive)?;
        let printable = definition.charset.holds(self.value);
        // What is longer than its tag allows is not what the tag says it is.
        let fits = self.value.len() <= definition.most;
        // Of a complement only the code is known to be harmless: the rest is the bank's free text.
        let value = if self.tag == Tag::AF { self.value.get(..2).unwrap_or(self.value) } else { self.value };
        let text = core::str::from_utf8(value).ok()?;
        (printable && fits && !holds_card_number(text)).then_some(text)
    }
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}[{}]={}", self.tag, self.offset, self.value.len(), self.shown().unwrap_or(REDACTED))
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Field<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = serializer.serialize_struct("Field", 4)?;
        out.serialize_field("tag", &self.tag)?;
        out.serialize_field("offset", &self.offset)?;
        out.serialize_field("length", &self.value.len())?;
        out.serialize_field("value", &self.shown())?;
        out.end()
    }
}

/// What stands next in the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan<'a> {
    /// A whole field.
    Field(Field<'a>),
    /// The bytes end where a field ends. That is not the end of a message on TCP: more may come.
    Boundary,
    /// The bytes end inside a field.
    NeedMore(NeedMore),
    /// No continuation makes these bytes a field.
    Malformed(Malformed),
}

/// The bytes end inside a field; more of them may complete it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeedMore {
    /// Where the cut field begins.
    pub offset: usize,
    /// How many bytes are missing at the least.
    pub needed: usize,
}

/// Bytes that cannot stand where they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("offset {offset}: expected {expected}")]
pub struct Malformed {
    /// Where the wrong digit of a length stands, or where the tag begins that is not two letters.
    pub offset: usize,
    /// What could stand there.
    pub expected: Expected,
}

/// What a part of a field's header may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The two letters A-Z of a tag.
    TagLetter,
    /// A digit of a length.
    LengthDigit,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TagLetter => "a tag of two letters A-Z",
            Self::LengthDigit => "one of the three digits of a length",
        })
    }
}

/// A walk over the fields of some bytes, without copying.
///
/// ```
/// use caisse_codec::{Fields, Scan, Tag};
///
/// let mut fields = Fields::new(b"CZ0040300CA00201CB0");
/// assert!(matches!(fields.read_field(), Scan::Field(field) if field.tag() == Tag::CZ && field.value() == b"0300"));
/// assert!(matches!(fields.read_field(), Scan::Field(field) if field.tag() == Tag::CA));
/// assert!(matches!(fields.read_field(), Scan::NeedMore(more) if more.offset == 16 && more.needed == 2));
/// ```
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Fields<'a> {
    /// Walks from the first byte.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, offset: 0 }
    }

    /// Reads what stands next. After anything but a field it answers the same again.
    #[inline]
    #[must_use]
    pub fn read_field(&mut self) -> Scan<'a> {
        let Some((header, rest)) = self.rest.split_first_chunk::<HEADER>() else {
            return short_header(self.rest, self.offset);
        };
        let Some((tag, length)) = read_header(header) else {
            return Scan::Malformed(first_fault(header, self.offset));
        };
        let Some((value, rest)) = rest.split_at_checked(length) else {
            let needed = length.saturating_sub(rest.len());
            return Scan::NeedMore(NeedMore { offset: self.offset, needed });
        };
        let field = Field { tag, offset: self.offset, value };
        self.rest = rest;
        // No slice is longer than half of what a `usize` counts.
        self.offset = self.offset.wrapping_add(HEADER).wrapping_add(length);
        Scan::Field(field)
    }

    /// Where the next field begins.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }
}

#[cold]
fn short_header<'a>(rest: &[u8], offset: usize) -> Scan<'a> {
    if rest.is_empty() {
        return Scan::Boundary;
    }
    if let Some(fault) = find_fault(rest, offset) {
        return Scan::Malformed(fault);
    }
    Scan::NeedMore(NeedMore { offset, needed: HEADER.saturating_sub(rest.len()) })
}

impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fields(at {}, {} bytes left)", self.offset, self.rest.len())
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    /// The next whole field; nothing at a boundary, in a cut field or at a fault.
    #[inline]
    fn next(&mut self) -> Option<Field<'a>> {
        match self.read_field() {
            Scan::Field(field) => Some(field),
            _ => None,
        }
    }
}

/// Two letters A-Z and exactly three digits. No sign and no blank, which `str::parse` would let through.
#[inline]
pub(crate) fn read_header(header: &[u8; HEADER]) -> Option<(Tag, usize)> {
    let [first, second, .., units] = *header;
    let length = length_of(header);
    let word = u32::from_le_bytes(*header.first_chunk()?);
    let allowed = faults(word) & HIGH == 0 && units.is_ascii_digit();
    allowed.then_some((Tag::of_letters([first, second]), length))
}

const HIGH: u32 = u32::from_ne_bytes([0x80; 4]);

/// The high bits of the first four bytes that a header does not have there. A byte above 0x7F may carry into the next
/// one, and has its own high bit.
#[inline]
const fn faults(word: u32) -> u32 {
    // Adding `FIRST` lifts a byte over 0x7F from the first one allowed in its place on, adding `BEHIND` from the one
    // behind the last one on.
    const FIRST: u32 = u32::from_le_bytes([0x80 - b'A', 0x80 - b'A', 0x80 - b'0', 0x80 - b'0']);
    const BEHIND: u32 = u32::from_le_bytes([0x7F - b'Z', 0x7F - b'Z', 0x7F - b'9', 0x7F - b'9']);
    !word.wrapping_add(FIRST) | word.wrapping_add(BEHIND) | word
}

/// The length in a header; of no header, anything.
#[inline]
pub(crate) const fn length_of(header: &[u8; HEADER]) -> usize {
    let [_, _, hundreds, tens, units] = *header;
    length([hundreds, tens, units])
}

/// The number that three digits write; of other bytes, anything.
#[inline]
pub(crate) const fn length([hundreds, tens, units]: [u8; 3]) -> usize {
    #[expect(clippy::arithmetic_side_effects, reason = "bytes make at most 28 305")]
    let sum = hundreds as usize * 100 + tens as usize * 10 + units as usize;
    // What the three zeros of ASCII add.
    sum.wrapping_sub(5328)
}

/// The first fault of a header, or of the beginning of one.
fn find_fault(header: &[u8], offset: usize) -> Option<Malformed> {
    header.iter().take(HEADER).enumerate().find_map(|(place, byte)| fault_at(place, *byte, offset))
}

/// What is wrong with a byte at this place of the header of a field at `offset`.
#[inline]
pub(crate) const fn fault_at(place: usize, byte: u8, offset: usize) -> Option<Malformed> {
    if place < 2 {
        if byte.is_ascii_uppercase() {
            None
        } else {
            Some(Malformed { offset, expected: Expected::TagLetter })
        }
    } else if byte.is_ascii_digit() {
        None
    } else {
        Some(Malformed { offset: offset.saturating_add(place), expected: Expected::LengthDigit })
    }
}

#[cold]
fn first_fault(header: &[u8; HEADER], offset: usize) -> Malformed {
    find_fault(header, offset).unwrap_or(Malformed { offset, expected: Expected::TagLetter })
}
