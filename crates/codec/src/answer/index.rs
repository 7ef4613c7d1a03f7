//! Where the first field of each documented tag stands.

use crate::dictionary::{self, DEFINITIONS, FORMS, HIGH, WORD, place};
use crate::field::{HEADER, length, length_of, read_header};
use crate::{Field, Tag};

/// The letters of a tag in front of a length.
const LETTERS: u16 = 2;

const ROWS: usize = DEFINITIONS.len();

/// One place for each row of the dictionary.
#[derive(Clone, Copy)]
pub(super) struct Index {
    /// Where the length stands; never 0, because two letters stand before it.
    lengths: [u16; ROWS],
    /// Whether every documented field is as documented.
    all_documented: bool,
}

impl Index {
    pub(super) const EMPTY: Self = Self { lengths: [0; ROWS], all_documented: true };

    /// Reads whole fields from end to end. False when they may be otherwise: then a slower reading says what, from an
    /// empty index.
    ///
    /// What is wrong with values is gathered and looked at once, at the end: finding a field does not wait for the
    /// check of the one before it.
    #[inline]
    pub(super) fn read(&mut self, bytes: &[u8]) -> bool {
        if bytes.is_empty() || bytes.len() > LAST {
            return false;
        }
        let mut faults = 0;
        let mut at = LETTERS;
        let mut rest = bytes;
        while let Some(first) = rest.first_chunk::<WORD>() {
            // The length before the word: the other way round the compiler takes the digits out of the word.
            let header = rest.first_chunk().unwrap_or(&[0; HEADER]);
            let Some((field, next)) = rest.split_at_checked(HEADER.wrapping_add(length_of(header))) else {
                return false;
            };
            let word = u64::from_le_bytes(*first);
            let place = place(word as u16);
            if FORMS.fit(place, word)
                && let Some(slot) = self.lengths.get_mut(FORMS.row(place))
            {
                if *slot == 0 {
                    *slot = at;
                    faults |= FORMS.value_faults(place, word, field);
                }
            } else {
                let Some((tag, _)) = read_header(header) else { return false };
                if let Some(slot) = self.slot(tag)
                    && *slot == 0
                {
                    *slot = at;
                    faults = HIGH;
                }
            }
            at = at.wrapping_add(field.len() as u16);
            rest = next;
        }
        self.all_documented = faults == 0;
        if rest.is_empty() {
            return true;
        }
        // What is left is shorter than a word: one field, or the start of one.
        let Some(field) = short_field(rest) else { return false };
        if let Some(slot) = self.lengths.get_mut(field.row)
            && *slot == 0
        {
            *slot = at;
            self.all_documented &= field.documented;
        }
        true
    }

    fn slot(&mut self, tag: Tag) -> Option<&mut u16> {
        self.lengths.get_mut(dictionary::row_of(tag)?)
    }

    /// Takes a field; later ones of the same tag change nothing.
    pub(super) fn take(&mut self, field: &Field<'_>) {
        let at = u16::try_from(field.offset()).ok().and_then(|offset| offset.checked_add(LETTERS));
        if let Some(at) = at
            && let Some(slot) = self.slot(field.tag())
            && *slot == 0
        {
            *slot = at;
            let definition = dictionary::find(field.tag());
            self.all_documented &= definition.is_some_and(|definition| definition.allows(field.value()));
        }
    }

    /// The value of the first field of this tag. Always in the place where the tag is known: there its place is too.
    #[inline(always)]
    pub(super) fn value<'a>(&self, tag: Tag, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let at = self.lengths.get(dictionary::row_of(tag)?).copied().filter(|at| *at != 0)?;
        let (digits, value) = bytes.get(usize::from(at)..)?.split_first_chunk()?;
        value.get(..length(*digits))
    }

    /// The same, if it has exactly so many bytes, 0 to 9.
    #[inline(always)]
    pub(super) fn exact<'a, const N: usize>(&self, tag: Tag, bytes: &'a [u8]) -> Option<&'a [u8; N]> {
        let at = self.lengths.get(dictionary::row_of(tag)?).copied().filter(|at| *at != 0)?;
        let (digits, value) = bytes.get(usize::from(at)..)?.split_first_chunk()?;
        if *digits == [b'0', b'0', b'0'.wrapping_add(N as u8)] { value.first_chunk() } else { None }
    }

    #[inline]
    pub(super) const fn is_all_documented(&self) -> bool {
        self.all_documented
    }

    /// Whether that field is as documented.
    pub(super) fn is_documented(&self, tag: Tag, bytes: &[u8]) -> Option<bool> {
        let value = self.value(tag, bytes)?;
        Some(self.all_documented || dictionary::find(tag)?.allows(value))
    }
}

/// A field that is shorter than a word, and documented or of no documented tag.
struct ShortField {
    row: usize,
    documented: bool,
}

/// Reads one field from end to end.
#[inline(never)]
fn short_field(bytes: &[u8]) -> Option<ShortField> {
    let (header, value) = bytes.split_first_chunk()?;
    let (tag, _) = read_header(header).filter(|(_, length)| *length == value.len())?;
    let documented = dictionary::find(tag).is_some_and(|definition| definition.allows(value));
    Some(ShortField { row: dictionary::row_of(tag).unwrap_or(ROWS), documented })
}

/// The last byte at which the length of a field can begin and still be found.
const LAST: usize = u16::MAX as usize;
