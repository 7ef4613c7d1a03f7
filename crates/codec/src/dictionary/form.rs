//! The documented forms of fields, laid out so that a tag leads to its own without a search and eight bytes are looked at
//! at once.

use super::charset::{HIGH, Range, WORD, alphanumeric};
use super::{Charset, DEFINITIONS, Definition};
use crate::Tag;
use crate::field::HEADER;

/// How many places the table has: more than there are tags, so that each can have its own.
pub(crate) const PLACES: usize = 64;

/// The forms of fields, header and value, each at the place of its tag. Lengths are those of whole fields. What is said
/// here is enough to find that a field is as documented, not that it is otherwise.
pub(crate) struct Forms {
    /// The word that a field begins with, as far as it is known; 0 stands where any digit can.
    first: [u64; PLACES],
    /// Lifts over 0x7F any difference in a byte that is known, and one of more than nine in a digit.
    lift: [u64; PLACES],
    /// The high bits of the bytes that are known or digits.
    known: [u64; PLACES],
    /// Whether the first word tells all.
    whole: [bool; PLACES],
    /// Whether the set is that of letters and digits; otherwise it is a range.
    alphanumeric: [bool; PLACES],
    range: [[u64; PLACES]; 2],
    /// The high bits of the bytes of the last word that the set is asked about: letters of a header are no digits.
    last: [u64; PLACES],
    least: [u16; PLACES],
    /// Of how many lengths, from the least on, the last word tells what the first does not.
    by_last: [u16; PLACES],
    /// And the last word together with a second one.
    by_second: [u16; PLACES],
    /// Where that one begins.
    second: [u8; PLACES],
    row: [u8; PLACES],
}

/// Arrays side by side, because a place leads into each without a multiplication.
pub(crate) static FORMS: Forms = forms();

/// The place of two letters, as a number of the wire's order of bytes, which is little-endian.
#[inline]
pub(crate) const fn place(letters: u16) -> usize {
    const FACTOR: usize = factor();
    place_by(FACTOR, letters)
}

#[inline]
const fn place_by(factor: usize, letters: u16) -> usize {
    (letters as usize).wrapping_mul(factor).wrapping_shr(7) & (PLACES - 1)
}

/// The least factor with which no two documented tags meet. Should tags come for which there is none, this does not
/// compile: then the table needs more places.
#[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "computed by the compiler")]
const fn factor() -> usize {
    let mut factor = 0;
    let mut met = true;
    while met {
        factor += 1;
        met = false;
        let mut taken = [false; PLACES];
        let mut row = 0;
        while row < DEFINITIONS.len() {
            let place = place_by(factor, u16::from_le_bytes(DEFINITIONS[row].tag.letters()));
            met = met || taken[place];
            taken[place] = true;
            row += 1;
        }
    }
    factor
}

/// A byte that is known: every difference is lifted.
const KNOWN: u8 = 0x7F;
/// A digit: a difference of more than nine is lifted.
const DIGIT: u8 = 0x7F - 9;

#[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "computed by the compiler")]
const fn forms() -> Forms {
    let mut forms = Forms {
        first: [0; PLACES],
        // Where there is no tag, the first byte is lifted whatever it is.
        lift: [0x80; PLACES],
        known: [0x80; PLACES],
        whole: [false; PLACES],
        alphanumeric: [false; PLACES],
        range: [[0; PLACES]; 2],
        last: [0; PLACES],
        // No field is so long.
        least: [u16::MAX; PLACES],
        by_last: [0; PLACES],
        by_second: [0; PLACES],
        second: [0; PLACES],
        row: [u8::MAX; PLACES],
    };
    let mut row = 0;
    while row < DEFINITIONS.len() {
        let &Definition { tag, least, most, charset, .. } = &DEFINITIONS[row];
        let [letter, other] = tag.letters();
        let place = place(u16::from_le_bytes([letter, other]));
        let of_digits = matches!(charset, Charset::Digits);

        let mut first = [letter, other, b'0', b'0', b'0', b'0', b'0', b'0'];
        let mut lift = [KNOWN, KNOWN, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT];
        if least == most {
            [first[2], first[3], first[4]] =
                [b'0' + (least / 100) as u8, b'0' + (least / 10 % 10) as u8, b'0' + (least % 10) as u8];
            [lift[2], lift[3], lift[4]] = [KNOWN; 3];
        }
        // Of a value only so many bytes as it has at the least.
        let covered = if of_digits { min(least, WORD - HEADER) } else { 0 };
        let mut known = [0; WORD];
        let mut byte = 0;
        while byte < HEADER + covered {
            known[byte] = 0x80;
            byte += 1;
        }
        forms.first[place] = u64::from_le_bytes(first);
        forms.lift[place] = u64::from_le_bytes(lift);
        forms.known[place] = u64::from_le_bytes(known);
        forms.whole[place] = covered == most;

        if !matches!(charset, Charset::Base64 | Charset::Fields) {
            // What stands in a header belongs to the other sets too. Of digits two bytes of the last word can be
            // letters: six are left, and the second word overlaps what the first one covers.
            let by_last = if of_digits { covered + 6 } else { WORD };
            let by_second = if of_digits { 1 + WORD + 6 } else { 2 * WORD };
            forms.last[place] = if of_digits { HIGH << 16 } else { HIGH };
            forms.second[place] = if of_digits { HEADER as u8 + 1 } else { HEADER as u8 };
            forms.least[place] = (HEADER + least) as u16;
            forms.by_last[place] = (min(by_last, most) + 1).saturating_sub(least) as u16;
            forms.by_second[place] = (min(by_second, most) + 1).saturating_sub(least) as u16;
            let Range { first, behind } =
                if of_digits { Range::new(b'0', b'9') } else { Range::new(b' ', b'~') };
            (forms.range[0][place], forms.range[1][place]) = (first, behind);
            forms.alphanumeric[place] = matches!(charset, Charset::Alphanumeric);
        }
        forms.row[place] = row as u8;
        row += 1;
    }
    forms
}

const fn min(left: usize, right: usize) -> usize {
    if left < right { left } else { right }
}

/// What stands at a place; every place is one of the table's.
#[inline]
fn at<T: Copy + Default>(table: &[T; PLACES], place: usize) -> T {
    table.get(place).copied().unwrap_or_default()
}

impl Forms {
    /// Whether a field of the tag that has this place can begin with this word. No other field can.
    #[inline]
    pub(crate) fn fit(&self, place: usize, word: u64) -> bool {
        let difference = word ^ at(&self.first, place);
        // A byte above 0x7F may carry into the next one, and tells itself.
        (difference.wrapping_add(at(&self.lift, place)) | difference) & at(&self.known, place) == 0
    }

    /// Has a high bit when the length or a character is not documented. The field fits; where it is shorter than its
    /// first word, that one ends in the next field.
    #[inline]
    pub(crate) fn value_faults(&self, place: usize, word: u64, field: &[u8]) -> u64 {
        if at(&self.whole, place) {
            return 0;
        }
        let last =
            field.last_chunk().map_or_else(|| alone(word, field.len()), |last| u64::from_le_bytes(*last));
        let faults = self.outside(place, last) & at(&self.last, place);
        let longer = (field.len() as u16).wrapping_sub(at(&self.least, place));
        if longer < at(&self.by_last, place) {
            faults
        } else {
            faults | self.more_faults(place, field, longer)
        }
    }

    #[inline]
    fn more_faults(&self, place: usize, field: &[u8], longer: u16) -> u64 {
        match field.get(usize::from(at(&self.second, place))..).and_then(<[u8]>::first_chunk) {
            Some(second) if longer < at(&self.by_second, place) => {
                self.outside(place, u64::from_le_bytes(*second)) & HIGH
            }
            _ => long_value_faults(at(&self.row, place), field),
        }
    }

    /// The high bits of the bytes outside the set, right up to the one behind the first that is above 0x7F.
    #[inline]
    fn outside(&self, place: usize, word: u64) -> u64 {
        let outside = if at(&self.alphanumeric, place) {
            alphanumeric(word)
        } else {
            let [first, behind] = self.range.each_ref().map(|table| at(table, place));
            Range { first, behind }.outside(word)
        };
        outside | word
    }

    /// The row of the tag that has this place.
    #[inline]
    pub(crate) fn row(&self, place: usize) -> usize {
        usize::from(at(&self.row, place))
    }
}

/// The first bytes of a word, so many and fewer than all. Behind them stand zeros instead of what comes there: digits are
/// of every set that is a range.
#[inline]
const fn alone(word: u64, count: usize) -> u64 {
    let behind = u64::MAX.wrapping_shl((count as u32).wrapping_mul(u8::BITS));
    word & !behind | u64::from_ne_bytes([b'0'; WORD]) & behind
}

#[inline(never)]
fn long_value_faults(row: u8, field: &[u8]) -> u64 {
    let value = field.get(HEADER..).unwrap_or_default();
    let allowed = DEFINITIONS.get(usize::from(row)).is_some_and(|definition| definition.allows(value));
    if allowed { 0 } else { HIGH }
}

/// Finds what is documented of a tag.
///
/// ```
/// use caisse_codec::{Tag, dictionary};
///
/// let amount = dictionary::find(Tag::CB).expect("documented");
/// assert_eq!(amount.lengths(), 2..=12);
/// assert!(dictionary::find(Tag::AA).is_some_and(|pan| pan.sensitive));
/// ```
#[inline]
#[must_use]
pub fn find(tag: Tag) -> Option<&'static Definition> {
    DEFINITIONS.get(row_of(tag)?)
}

/// The row of a tag in the [`DEFINITIONS`].
#[inline]
pub(crate) fn row_of(tag: Tag) -> Option<usize> {
    let row = FORMS.row(place(u16::from_le_bytes(tag.letters())));
    DEFINITIONS.get(row).filter(|definition| definition.tag == tag).map(|_| row)
}
