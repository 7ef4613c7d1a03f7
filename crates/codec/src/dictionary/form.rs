//! The documented forms of values, laid out for the walk over a whole message.

use super::charset::{HIGH, WORD, Within, alphanumeric};
use super::{Charset, DEFINITIONS};
use crate::field::HEADER;

/// Length and characters of the values of a tag.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    range: Within,
    least: u16,
    most: u16,
    charset: Charset,
    /// The longest value that is checked as two words that may overlap.
    longest_by_words: u16,
}

/// One for each of the [`DEFINITIONS`], in their order.
pub(crate) static FORMS: [Form; DEFINITIONS.len()] = forms();

#[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "computed by the compiler")]
const fn forms() -> [Form; DEFINITIONS.len()] {
    let digits = Within::new(b'0', b'9');
    let empty = Form { range: digits, least: 0, most: 0, charset: Charset::Digits, longest_by_words: 0 };
    let mut forms = [empty; DEFINITIONS.len()];
    let mut row = 0;
    while row < DEFINITIONS.len() {
        let definition = &DEFINITIONS[row];
        let range = match definition.charset {
            Charset::Printable => Within::new(b' ', b'~'),
            _ => digits,
        };
        let longest_by_words = match definition.charset {
            Charset::Base64 | Charset::Fields => 0,
            Charset::Digits | Charset::Alphanumeric | Charset::Printable => 2 * WORD as u16,
        };
        let (least, most) = (definition.least as u16, definition.most as u16);
        forms[row] = Form { range, least, most, charset: definition.charset, longest_by_words };
        row += 1;
    }
    forms
}

impl Form {
    /// Whether the length is documented.
    #[inline]
    pub(crate) fn has_length(&self, length: usize) -> bool {
        (usize::from(self.least)..=usize::from(self.most)).contains(&length)
    }

    /// Has a high bit when a character of the value is not documented. The field is a header and a value of at least one
    /// byte, `word` its first eight bytes.
    #[inline]
    pub(crate) fn value_faults(&self, word: u64, field: &[u8], length: usize) -> u64 {
        if length > usize::from(self.longest_by_words) {
            return self.long_value_faults(field);
        }
        let last = match field.last_chunk::<WORD>() {
            Some(last) => u64::from_le_bytes(*last),
            // The value ends inside the first word.
            None => word.wrapping_shl(bits(WORD.wrapping_sub(field.len()))),
        };
        let faults = self.outside(last);
        if length <= WORD {
            return faults.wrapping_shr(bits(WORD.wrapping_sub(length)));
        }
        let first = field.get(HEADER..).and_then(<[u8]>::first_chunk::<WORD>);
        faults | first.map_or(0, |first| self.outside(u64::from_le_bytes(*first)))
    }

    #[inline(never)]
    fn long_value_faults(&self, field: &[u8]) -> u64 {
        if self.charset.holds(field.get(HEADER..).unwrap_or_default()) { 0 } else { HIGH }
    }

    /// The high bits of the bytes that are not documented; right for every byte up to the one behind the first that is
    /// above 0x7F.
    #[inline]
    fn outside(&self, word: u64) -> u64 {
        if self.charset == Charset::Alphanumeric {
            !alphanumeric(word) | word
        } else {
            !self.range.of(word) | word
        }
    }
}

#[inline]
fn bits(bytes: usize) -> u32 {
    (bytes as u32).wrapping_mul(8)
}
