//! The documented forms of fields, laid out so that a tag leads to its own without a search and eight bytes are looked at
//! at once.

use super::charset::{HIGH, Range, WORD, alphanumeric};
use super::{Charset, DEFINITIONS, Definition};
use crate::Tag;
use crate::field::HEADER;

/// The form of a field, its header and its value.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Form {
    /// The word that a field begins with, as far as it is known; 0 stands where any digit can.
    first: u64,
    /// Lifts over 0x7F any difference in a byte that is known, and one of more than nine in a digit.
    lift: u64,
    /// The high bits of the bytes that are known or digits.
    known: u64,
    /// The characters, of sets that are one range.
    range: Range,
    /// The least length of a whole field, as all lengths here.
    least: u16,
    /// The largest length less the least one.
    span: u16,
    /// The length of fields of which `first` tells all.
    whole: u8,
    /// The longest field of which the last word tells what `first` does not.
    by_one_word: u8,
    /// The longest field of which the last word and the one at `second` do.
    by_two_words: u8,
    /// Where that one begins.
    second: u8,
    /// How many bits of the last word can belong to letters of the header, and be no digits.
    letters: u8,
    alphanumeric: bool,
    row: u8,
}

/// How many places the table has: more than there are tags, so that each can have its own.
pub(crate) const PLACES: usize = 64;

/// The form of each tag at its own place. At the others stands one that no field has.
static FORMS: [Form; PLACES] = forms();

/// The form of a tag that has this place.
#[inline]
pub(crate) fn form_at(place: usize) -> Option<&'static Form> {
    FORMS.get(place)
}

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

#[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "computed by the compiler")]
const fn forms() -> [Form; PLACES] {
    let mut forms = [Form::NONE; PLACES];
    let mut row = 0;
    while row < DEFINITIONS.len() {
        let definition = &DEFINITIONS[row];
        forms[place(u16::from_le_bytes(definition.tag.letters()))] = Form::of(definition, row as u8);
        row += 1;
    }
    forms
}

/// A byte that is known: every difference is lifted.
const KNOWN: u8 = 0x7F;
/// A digit: a difference of more than nine is lifted.
const DIGIT: u8 = 0x7F - 9;

impl Form {
    /// Lifts the first byte whatever it is.
    const NONE: Self = Self { lift: 0x80, known: 0x80, row: u8::MAX, ..Self::of(&DEFINITIONS[0], 0) };

    #[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "computed by the compiler")]
    const fn of(definition: &Definition, row: u8) -> Self {
        let &Definition { tag, least, most, charset, .. } = definition;
        let [letter, other] = tag.letters();
        let mut first = [letter, other, b'0', b'0', b'0', b'0', b'0', b'0'];
        let mut lift = [KNOWN, KNOWN, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT];
        if least == most {
            [first[2], first[3], first[4]] =
                [b'0' + (least / 100) as u8, b'0' + (least / 10 % 10) as u8, b'0' + (least % 10) as u8];
            [lift[2], lift[3], lift[4]] = [KNOWN; 3];
        }
        let of_digits = matches!(charset, Charset::Digits);
        // A value shorter than the least one has no business to be looked at.
        let covered = if !of_digits { 0 } else if least < WORD - HEADER { least } else { WORD - HEADER };
        let mut known = [0; WORD];
        let mut place = 0;
        while place < HEADER + covered {
            known[place] = 0x80;
            place += 1;
        }
        let (by_one_word, by_two_words, second, letters) = match charset {
            // Two bytes of the last word can be letters: six are left, and at least two digits are covered.
            Charset::Digits => (covered + 6, 15, HEADER + 1, 16),
            // What stands in a header belongs to these sets too.
            Charset::Alphanumeric | Charset::Printable => (WORD, 2 * WORD, HEADER, 0),
            Charset::Base64 | Charset::Fields => (0, 0, 0, 0),
        };
        Self {
            first: u64::from_le_bytes(first),
            lift: u64::from_le_bytes(lift),
            known: u64::from_le_bytes(known),
            range: if of_digits { Range::new(b'0', b'9') } else { Range::new(b' ', b'~') },
            least: (HEADER + least) as u16,
            span: (most - least) as u16,
            whole: if covered == least { (HEADER + least) as u8 } else { 0 },
            by_one_word: (HEADER + by_one_word) as u8,
            by_two_words: (HEADER + by_two_words) as u8,
            second: second as u8,
            letters,
            alphanumeric: matches!(charset, Charset::Alphanumeric),
            row,
        }
    }

    /// Whether a field can begin with this word.
    #[inline]
    pub(crate) const fn fits(&self, word: u64) -> bool {
        let difference = word ^ self.first;
        // A byte above 0x7F may carry into the next one, and tells itself.
        (difference.wrapping_add(self.lift) | difference) & self.known == 0
    }

    /// Has a high bit when the length or a character is not documented. The form fits the first word of the field;
    /// where the field is shorter, that word ends in the next one.
    #[inline]
    pub(crate) fn value_faults(&self, word: u64, field: &[u8]) -> u64 {
        let length = field.len();
        if length == usize::from(self.whole) {
            return 0;
        }
        if (length as u16).wrapping_sub(self.least) > self.span {
            return HIGH;
        }
        let last = field.last_chunk().map_or(word, |last| u64::from_le_bytes(*last));
        let faults = self.outside(last).wrapping_shr(u32::from(self.letters));
        if length <= usize::from(self.by_one_word) { faults } else { faults | self.more_faults(field) }
    }

    #[inline]
    fn more_faults(&self, field: &[u8]) -> u64 {
        match field.get(usize::from(self.second)..).and_then(<[u8]>::first_chunk) {
            Some(second) if field.len() <= usize::from(self.by_two_words) => {
                self.outside(u64::from_le_bytes(*second))
            }
            _ => self.long_value_faults(field),
        }
    }

    #[inline(never)]
    fn long_value_faults(&self, field: &[u8]) -> u64 {
        let value = field.get(HEADER..).unwrap_or_default();
        let holds = DEFINITIONS.get(usize::from(self.row)).is_some_and(|row| row.charset.holds(value));
        if holds { 0 } else { HIGH }
    }

    /// The high bits of the bytes outside the set, right up to the one behind the first that is above 0x7F.
    #[inline]
    const fn outside(&self, word: u64) -> u64 {
        (if self.alphanumeric { alphanumeric(word) } else { self.range.outside(word) }) | word
    }
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
    let form = form_at(place(u16::from_le_bytes(tag.letters())))?;
    DEFINITIONS.get(usize::from(form.row)).filter(|definition| definition.tag == tag)
}
