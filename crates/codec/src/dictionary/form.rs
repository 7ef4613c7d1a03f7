//! The documented forms of fields, laid out so that a tag leads to its own without a search and eight bytes are looked at
//! at once.

use super::charset::{HIGH, WORD};
use super::{Charset, DEFINITIONS, Definition};
use crate::Tag;
use crate::field::HEADER;

/// The form of a field: of its header, and of its value.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    /// The word that a field begins with, as far as it is known: 0 stands for any digit.
    first: u64,
    /// Lifts over 0x7F what is different where the byte is known, and what is more than nine where it is a digit.
    lift: u64,
    /// The high bits of the bytes that these two know.
    known: u64,
    least: u16,
    /// The largest length less the least one.
    span: u16,
    /// How many bytes of the value `first` knows.
    covered: u8,
    /// The length of a value of which it knows all bytes.
    whole: u16,
    charset: Charset,
    row: u8,
}

/// How many places the table has: more than there are tags, so that each can have its own.
pub(crate) const PLACES: usize = 64;

/// The form of each tag at its own place. At the others stands one that no field has.
static FORMS: [Form; PLACES] = forms();

/// The place of two letters in the byte order of the wire, which is little-endian: each documented tag has its own.
#[inline]
pub(crate) const fn place(letters: u16) -> usize {
    const FACTOR: usize = factor();
    place_by(FACTOR, letters)
}

#[inline]
const fn place_by(factor: usize, letters: u16) -> usize {
    (letters as usize).wrapping_mul(factor).wrapping_shr(7) & (PLACES - 1)
}

/// The least factor that has no two documented tags meet. That there is one for all tags to come is not certain: where
/// there is none, this does not compile, and the table needs more places.
#[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "computed by the compiler")]
const fn factor() -> usize {
    let mut factor = 0;
    let mut met = true;
    while met {
        factor += 1;
        let mut taken = [false; PLACES];
        met = false;
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

const fn forms() -> [Form; PLACES] {
    // Lifts whatever stands there.
    let nowhere = Form {
        first: 0,
        lift: 0x80,
        known: 0x80,
        least: 0,
        span: 0,
        covered: 0,
        whole: u16::MAX,
        charset: Charset::Digits,
        row: u8::MAX,
    };
    let mut forms = [nowhere; PLACES];
    let mut row = 0;
    #[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "computed by the compiler")]
    while row < DEFINITIONS.len() {
        forms[place(u16::from_le_bytes(DEFINITIONS[row].tag.letters()))] = Form::of(&DEFINITIONS[row], row);
        row += 1;
    }
    forms
}

impl Form {
    #[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "computed by the compiler")]
    const fn of(definition: &Definition, row: usize) -> Self {
        let &Definition { least, most, charset, .. } = definition;
        let [letter, other] = definition.tag.letters();
        let mut first = [letter, other, b'0', b'0', b'0', b'0', b'0', b'0'];
        let mut lift = [SAME, SAME, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT];
        if least == most {
            let digits = [(least / 100) as u8, (least / 10 % 10) as u8, (least % 10) as u8];
            let mut place = 2;
            while place < HEADER {
                first[place] = b'0' + digits[place - 2];
                lift[place] = SAME;
                place += 1;
            }
        }
        let covered = match charset {
            Charset::Digits if least < WORD - HEADER => least,
            Charset::Digits => WORD - HEADER,
            _ => 0,
        };
        let mut known = [0x80; WORD];
        let mut place = HEADER + covered;
        while place < WORD {
            known[place] = 0;
            place += 1;
        }
        Self {
            first: u64::from_le_bytes(first),
            lift: u64::from_le_bytes(lift),
            known: u64::from_le_bytes(known),
            least: least as u16,
            span: (most - least) as u16,
            covered: covered as u8,
            whole: if covered == least { least as u16 } else { u16::MAX },
            charset,
            row: row as u8,
        }
    }

    /// Whether a field can begin with this word, as far as the word is known.
    #[inline]
    pub(crate) const fn fits(&self, word: u64) -> bool {
        let difference = word ^ self.first;
        // A byte that is above 0x7F may carry into the next one, and says so itself.
        (difference.wrapping_add(self.lift) | difference) & self.known == 0
    }

    /// Has a high bit when the length or a character is not documented, of a field that this form fits: its first word,
    /// all its bytes, and the length of its value.
    #[inline]
    pub(crate) fn value_faults(&self, word: u64, field: &[u8], length: usize) -> u64 {
        if length == usize::from(self.whole) {
            return 0;
        }
        if (length as u16).wrapping_sub(self.least) > self.span {
            return HIGH;
        }
        let last = field.last_chunk().map_or(word, |last| u64::from_le_bytes(*last));
        match self.charset {
            // Six bytes behind those that the first word covers; before them may be letters.
            Charset::Digits if length <= 6 + usize::from(self.covered) => {
                Charset::Digits.outside(last).wrapping_shr(16)
            }
            Charset::Alphanumeric if length <= 2 * WORD => text_faults(Charset::Alphanumeric, word, last, field, length),
            Charset::Printable if length <= 2 * WORD => text_faults(Charset::Printable, word, last, field, length),
            charset => long_value_faults(charset, field),
        }
    }
}

/// A byte that is known: every difference is one.
const SAME: u8 = 0x7F;
/// A digit: a difference of more than nine is one.
const DIGIT: u8 = 0x7F - 9;

/// Where the set holds the letters and digits of a header too, nothing needs to be cut off.
#[inline]
fn text_faults(charset: Charset, word: u64, last: u64, field: &[u8], length: usize) -> u64 {
    // Behind a value that ends inside the first word stands the next header.
    let faults = charset.outside(if length <= WORD - HEADER { word } else { last });
    if length <= WORD {
        return faults;
    }
    let first = field.get(HEADER..).and_then(<[u8]>::first_chunk);
    faults | first.map_or(HIGH, |first| charset.outside(u64::from_le_bytes(*first)))
}

#[inline(never)]
fn long_value_faults(charset: Charset, field: &[u8]) -> u64 {
    if charset.holds(field.get(HEADER..).unwrap_or_default()) { 0 } else { HIGH }
}

/// The form of a tag with these letters; nothing if it is not documented.
#[inline]
pub(crate) fn form_at(place: usize) -> Option<&'static Form> {
    FORMS.get(place)
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
    let form = FORMS.get(place(u16::from_le_bytes(tag.letters())))?;
    DEFINITIONS.get(usize::from(form.row)).filter(|definition| definition.tag == tag)
}
