//! Card numbers, masked before anything else sees them.

use core::fmt;

use arrayvec::ArrayString;

use crate::sensitive::REDACTED;

/// The longest card number or token that the protocol carries (tag AA): 64 characters.
const LONGEST: usize = 64;

/// A masked card number: at most the first six and the last four characters, and from fifteen characters
/// downward only the last four.
///
/// `Debug` and serde show nothing of it; [`masked`](Self::masked) is the explicit way to the text that a
/// cashier may see.
///
/// ```
/// use caisse_payment::Card;
///
/// let card = Card::from_raw(b"5017677122000674");
/// assert_eq!(card.masked(), "501767******0674");
/// assert_eq!(card.last_four(), Some("0674"));
/// assert_eq!(format!("{card:?}"), "Card([redacted])");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Card {
    masked: ArrayString<LONGEST>,
}

impl Card {
    /// Masks what a terminal sent: a number in clear, partly masked, or a token. Bytes beyond 64 are dropped,
    /// and all that is not printable ASCII becomes `*`.
    #[must_use]
    pub fn from_raw(raw: &[u8]) -> Self {
        let raw = raw.get(..LONGEST).unwrap_or(raw);
        let shown_first = if raw.len() >= 16 { 6 } else { 0 };
        // Of four characters and fewer nothing stays hidden unless all of it is.
        let last = if raw.len() > 4 { raw.len().saturating_sub(4) } else { raw.len() };
        let mut masked = ArrayString::new();
        for (position, byte) in raw.iter().enumerate() {
            let in_clear = position < shown_first || position >= last;
            let character = match byte {
                b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' if in_clear => char::from(*byte),
                b'*' | b'#' => char::from(*byte),
                b'x' | b'X' => 'X',
                _ => '*',
            };
            masked.push(character);
        }
        Self { masked }
    }

    /// The masked number, as in `501767******0674`.
    #[must_use]
    pub fn masked(&self) -> &str {
        &self.masked
    }

    /// The last four digits; nothing when the terminal hid them too.
    #[must_use]
    pub fn last_four(&self) -> Option<&str> {
        let start = self.masked.len().checked_sub(4)?;
        let last = self.masked.get(start..)?;
        last.bytes().all(|byte| byte.is_ascii_digit()).then_some(last)
    }
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Card({REDACTED})")
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Card {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}

/// Whether a text holds a card number in clear: 13 to 19 digits, in one run or in groups with one blank, point or
/// hyphen between them, that satisfy Luhn's check.
///
/// ```
/// assert!(caisse_payment::holds_card_number("order 7 4970-1012-3412-3457"));
/// assert!(!caisse_payment::holds_card_number("order 20261123"));
/// ```
#[must_use]
pub fn holds_card_number(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut before = None;
    for (start, byte) in bytes.iter().enumerate() {
        let begins_a_run = byte.is_ascii_digit() && !before.is_some_and(|byte: u8| byte.is_ascii_digit());
        if begins_a_run && bytes.get(start..).is_some_and(starts_with_card_number) {
            return true;
        }
        before = Some(*byte);
    }
    false
}

/// Whether groups of digits at the start of the text, taken whole, make a card number.
fn starts_with_card_number(text: &[u8]) -> bool {
    // Luhn doubles every second digit counted from the right; both parities are kept while the end is open.
    let (mut doubled, mut plain, mut count) = (0u32, 0u32, 0u32);
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        let next_is_digit = after.first().is_some_and(u8::is_ascii_digit);
        if byte.is_ascii_digit() {
            let digit = u32::from(byte & 0x0f);
            let twice = digit.saturating_mul(2);
            let twice = if twice > 9 { twice.saturating_sub(9) } else { twice };
            (doubled, plain) = (plain.saturating_add(twice), doubled.saturating_add(digit));
            count = count.saturating_add(1);
            // `plain` counts the newest digit once, as the rightmost one of a number that ends here.
            if !next_is_digit && (13..=19).contains(&count) && plain.is_multiple_of(10) {
                return true;
            }
        } else if !(matches!(byte, b' ' | b'-' | b'.') && next_is_digit) {
            return false;
        }
        if count > 19 {
            return false;
        }
        rest = after;
    }
    false
}
