//! Where the first field of each documented tag stands.

use crate::dictionary::{self, HIGH, PLACES, WORD, form_at, place};
use crate::field::{HEADER, length_of, read_header};
use crate::{Field, Tag};

/// One place for each documented tag.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Index {
    /// Where the value begins; never 0, because a header stands before it.
    starts: [u16; PLACES],
    /// Whether every documented field was found to be as documented; otherwise each is looked at when asked for.
    all_documented: bool,
}

impl Index {
    pub(super) const EMPTY: Self = Self { starts: [0; PLACES], all_documented: false };

    /// Reads whole fields from end to end. False when they may be otherwise: then a slower reading says what, from an
    /// empty index.
    #[inline]
    pub(super) fn read(&mut self, bytes: &[u8]) -> bool {
        if bytes.is_empty() || bytes.len() > LAST_START {
            return false;
        }
        let mut faults = 0;
        let mut start = HEADER;
        let mut rest = bytes;
        while let Some(first) = rest.first_chunk::<WORD>() {
            // The length before the word: the other way round the compiler takes the digits out of the word.
            let header = rest.first_chunk().unwrap_or(&[0; HEADER]);
            let Some((field, next)) = rest.split_at_checked(HEADER.wrapping_add(length_of(header))) else {
                return false;
            };
            let word = u64::from_le_bytes(*first);
            let place = place(word as u16);
            let (Some(slot), Some(form)) = (self.starts.get_mut(place), form_at(place)) else { return false };
            if form.fits(word) {
                if *slot == 0 {
                    *slot = start as u16;
                    faults |= form.value_faults(word, field);
                }
            } else {
                let Some((tag, _)) = read_header(header) else { return false };
                if dictionary::find(tag).is_some() && *slot == 0 {
                    *slot = start as u16;
                    faults = HIGH;
                }
            }
            start = start.wrapping_add(field.len());
            rest = next;
        }
        self.all_documented = faults & HIGH == 0;
        rest.is_empty() || self.read_short(bytes, rest)
    }

    /// Reads what is left when it is shorter than a word: one field, or the start of one.
    #[inline(never)]
    fn read_short(&mut self, bytes: &[u8], rest: &[u8]) -> bool {
        let Some((header, value)) = rest.split_first_chunk() else { return false };
        let Some((tag, length)) = read_header(header) else { return false };
        let slot = self.starts.get_mut(place(u16::from_le_bytes(tag.letters())));
        if let (Some(slot), Some(definition)) = (slot, dictionary::find(tag))
            && *slot == 0
        {
            *slot = bytes.len().wrapping_sub(value.len()) as u16;
            self.all_documented &= definition.allows(value);
        }
        value.len() == length
    }

    /// Takes a field; later ones of the same tag change nothing.
    pub(super) fn take(&mut self, field: &Field<'_>) {
        let slot = self.starts.get_mut(place(u16::from_le_bytes(field.tag().letters())));
        if let (Some(slot), Some(_)) = (slot, dictionary::find(field.tag()))
            && *slot == 0
        {
            *slot = u16::try_from(field.offset().saturating_add(HEADER)).unwrap_or(0);
        }
    }

    /// The value of the first field of this tag.
    #[inline]
    pub(super) fn value<'a>(&self, tag: Tag, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let place = place(u16::from_le_bytes(tag.letters()));
        dictionary::find(tag)?;
        let (before, value) = bytes.split_at_checked(usize::from(*self.starts.get(place)?))?;
        // The header was read before.
        value.get(..length_of(before.last_chunk()?))
    }

    pub(super) const fn is_all_documented(&self) -> bool {
        self.all_documented
    }

    /// Whether that field is as documented.
    pub(super) fn is_documented(&self, tag: Tag, bytes: &[u8]) -> Option<bool> {
        let value = self.value(tag, bytes)?;
        Some(self.all_documented || dictionary::find(tag)?.allows(value))
    }
}

/// The last byte at which the value of a field can begin and still be found.
const LAST_START: usize = u16::MAX as usize;
