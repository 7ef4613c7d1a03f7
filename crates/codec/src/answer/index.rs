//! Where the first field of each documented tag stands.

use crate::dictionary::{DEFINITIONS, FORMS, HIGH, row_in, row_of};
use crate::field::{HEADER, header_faults, length_in, read_header};
use crate::{Field, Fields, Tag};

const ROWS: usize = DEFINITIONS.len();

/// One place for each row of the dictionary.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Index {
    /// Where the value begins; never 0, because a header stands before it.
    starts: [u16; ROWS],
    /// Whether every documented field was found to be as documented; otherwise each is looked at when asked for.
    all_documented: bool,
}

impl Index {
    pub(super) const EMPTY: Self = Self { starts: [0; ROWS], all_documented: false };

    /// Reads whole fields from end to end, of which every documented one is as documented. False when anything may be
    /// otherwise: then a slower reading says what, from an empty index.
    ///
    /// Wrong bytes are gathered and looked at once, at the end: finding a field does not wait for the check of the one
    /// before it.
    #[inline]
    pub(super) fn read(&mut self, bytes: &[u8]) -> bool {
        if bytes.is_empty() || bytes.len() > LAST_START {
            return false;
        }
        let mut faults = 0;
        let mut rest = bytes;
        while let Some(word) = rest.first_chunk() {
            let word = u64::from_le_bytes(*word);
            faults |= header_faults(word);
            let length = length_in(word);
            let Some((field, behind)) = rest.split_at_checked(HEADER.wrapping_add(length)) else {
                return false;
            };
            let row = row_in(word);
            if let (Some(slot), Some(form)) = (self.starts.get_mut(row), FORMS.get(row))
                && *slot == 0
            {
                *slot = start(bytes, rest);
                if !form.has_length(length) {
                    return false;
                }
                faults |= form.value_faults(word, field, length);
            }
            rest = behind;
        }
        self.all_documented = faults & HIGH == 0;
        self.all_documented && (rest.is_empty() || self.read_short(bytes, rest))
    }

    /// Reads what is left when it is shorter than a word: one field, or the start of one.
    fn read_short(&mut self, bytes: &[u8], rest: &[u8]) -> bool {
        let mut fields = Fields::new(rest);
        let Some(field) = fields.next() else { return false };
        let row = row_of(field.tag());
        if let Some((slot, definition)) =
            row.and_then(|row| self.starts.get_mut(row).zip(DEFINITIONS.get(row)))
            && *slot == 0
        {
            *slot = start(bytes, rest);
            self.all_documented = definition.allows(field.value());
        }
        self.all_documented && fields.offset() == rest.len()
    }

    /// Takes a field; later ones of the same tag change nothing.
    pub(super) fn take(&mut self, field: &Field<'_>) {
        if let Some(slot) = row_of(field.tag()).and_then(|row| self.starts.get_mut(row))
            && *slot == 0
        {
            *slot = u16::try_from(field.offset().saturating_add(HEADER)).unwrap_or(0);
        }
    }

    /// The value of the first field of this tag.
    #[inline]
    pub(super) fn value<'a>(&self, tag: Tag, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let start = usize::from(*self.starts.get(row_of(tag)?)?);
        let (before, value) = bytes.split_at_checked(start)?;
        let (_, length) = read_header(before.last_chunk::<HEADER>()?)?;
        value.get(..length)
    }

    pub(super) const fn is_all_documented(&self) -> bool {
        self.all_documented
    }

    /// Whether that field is as documented.
    pub(super) fn is_documented(&self, tag: Tag, bytes: &[u8]) -> Option<bool> {
        let value = self.value(tag, bytes)?;
        let definition = DEFINITIONS.get(row_of(tag)?)?;
        Some(self.all_documented || definition.allows(value))
    }
}

/// The last byte at which the value of a field can begin and still be found.
const LAST_START: usize = u16::MAX as usize;

/// Where the value begins of the field that `rest` begins with.
#[inline]
fn start(bytes: &[u8], rest: &[u8]) -> u16 {
    bytes.len().wrapping_sub(rest.len()).wrapping_add(HEADER) as u16
}
