//! Fields out of a stream that comes in any pieces, without keeping the stream.

use core::fmt;

use crate::field::{HEADER, fault_at, read_header};
use crate::{Malformed, NeedMore, Tag};

/// Reads fields from bytes as they arrive: the state between two pieces is twenty-odd bytes, whatever the
/// length of the fields.
///
/// ```
/// use caisse_codec::{FieldScanner, Piece, Tag};
///
/// let mut scanner = FieldScanner::new();
/// let mut input: &[u8] = b"CA0020";
/// assert_eq!(scanner.next(&mut input), Some(Piece::Begin { tag: Tag::CA, length: 2 }));
/// assert_eq!(scanner.next(&mut input), Some(Piece::Value(b"0")));
/// assert_eq!(scanner.next(&mut input), None); // needs more
/// let mut input: &[u8] = b"1";
/// assert_eq!(scanner.next(&mut input), Some(Piece::Value(b"1")));
/// assert_eq!(scanner.next(&mut input), Some(Piece::End));
/// assert!(scanner.at_boundary());
/// ```
#[derive(Clone, Copy, Default)]
pub struct FieldScanner {
    header: [u8; HEADER],
    /// Bytes of the header read; all of them while a value is being read.
    have: usize,
    /// Bytes of the value still to come.
    left: usize,
    /// Where the field that is being read begins.
    offset: usize,
    length: usize,
    fault: Option<Malformed>,
}

/// A step in the reading of a stream.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A field begins.
    Begin {
        /// Its tag.
        tag: Tag,
        /// The length of its value in bytes, 0 to 999.
        length: usize,
    },
    /// Some bytes of its value.
    Value(&'a [u8]),
    /// The field ends.
    End,
    /// Bytes that cannot stand there; the scanner stays here.
    Malformed(Malformed),
}

impl fmt::Debug for Piece<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begin { tag, length } => write!(f, "Begin({tag}, {length})"),
            Self::Value(value) => write!(f, "Value({} bytes)", value.len()),
            Self::End => f.write_str("End"),
            Self::Malformed(fault) => write!(f, "Malformed({fault})"),
        }
    }
}

impl fmt::Debug for FieldScanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the header's bytes: behind a wrong length they are a piece of some value.
        f.debug_struct("FieldScanner")
            .field("offset", &self.offset)
            .field("have", &self.have)
            .field("left", &self.left)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

impl FieldScanner {
    /// A scanner at the start of a stream.
    #[must_use]
    pub const fn new() -> Self {
        Self { header: [0; HEADER], have: 0, left: 0, offset: 0, length: 0, fault: None }
    }

    /// Takes bytes off `input` up to the next step; nothing when more bytes are needed.
    pub fn next<'a>(&mut self, input: &mut &'a [u8]) -> Option<Piece<'a>> {
        if let Some(fault) = self.fault {
            return Some(Piece::Malformed(fault));
        }
        if self.have == HEADER {
            return self.value(input);
        }
        while let Some((byte, rest)) = input.split_first() {
            *input = rest;
            if let Some(slot) = self.header.get_mut(self.have) {
                *slot = *byte;
            }
            let place = self.have;
            self.have = self.have.saturating_add(1);
            if let Some(fault) = fault_at(place, *byte, self.offset) {
                self.fault = Some(fault);
                return Some(Piece::Malformed(fault));
            }
            if self.have == HEADER {
                let (tag, length) = read_header(&self.header)?;
                self.length = length;
                self.left = length;
                return Some(Piece::Begin { tag, length });
            }
        }
        None
    }

    fn value<'a>(&mut self, input: &mut &'a [u8]) -> Option<Piece<'a>> {
        if self.left == 0 {
            self.have = 0;
            self.offset = self.offset.saturating_add(HEADER).saturating_add(self.length);
            return Some(Piece::End);
        }
        let (value, rest) = input.split_at_checked(self.left.min(input.len()))?;
        if value.is_empty() {
            return None;
        }
        *input = rest;
        self.left = self.left.saturating_sub(value.len());
        Some(Piece::Value(value))
    }

    /// Whether the stream so far ends where a field ends (an empty stream does).
    #[must_use]
    pub const fn at_boundary(&self) -> bool {
        self.have == 0 && self.fault.is_none()
    }

    /// Where the field that is being read begins, or the next one will: bytes from the start of the stream.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The header of the field that began last, as it stood on the wire.
    #[must_use]
    pub const fn header(&self) -> &[u8; HEADER] {
        &self.header
    }

    /// The field that is being read, once its whole tag is there.
    #[must_use]
    pub fn open_tag(&self) -> Option<Tag> {
        let [first, second, ..] = self.header;
        if self.have < 2 { None } else { Tag::new([first, second]) }
    }

    /// What is missing at the least to end the field that is being read.
    #[must_use]
    pub const fn need_more(&self) -> NeedMore {
        let needed = if self.have == HEADER { self.left } else { HEADER.saturating_sub(self.have) };
        NeedMore { offset: self.offset, needed }
    }
}
