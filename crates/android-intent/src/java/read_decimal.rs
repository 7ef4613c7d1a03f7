//! Decimal floating-point numbers as Java reads them.

/// The text of a number without its suffix, if it is `digits [. digits] [e [sign] digits] [f|F|d|D]` with at least one
/// digit before or after the point.
pub(super) fn checked(text: &[u8]) -> Option<&str> {
    let (before, behind) = digits(text);
    let (behind_the_point, behind) = behind.strip_prefix(b".").map_or((&[][..], behind), digits);
    if before.is_empty() && behind_the_point.is_empty() {
        return None;
    }
    let suffix = match behind {
        [b'e' | b'E', exponent @ ..] => self::exponent(exponent)?.1,
        suffix => suffix,
    };
    let number = text.get(..text.len().checked_sub(suffix.len())?)?;
    ends(suffix).then_some(str::from_utf8(number).ok()?)
}

/// Whether a number may end so: with nothing more, or with the suffix of its type.
pub(super) const fn ends(text: &[u8]) -> bool {
    matches!(text, [] | [b'f' | b'F' | b'd' | b'D'])
}

/// `[sign] digits`, and what stands behind. Numbers beyond 64 bits become the largest.
pub(super) fn exponent(text: &[u8]) -> Option<(i64, &[u8])> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let (digits, rest) = digits(text);
    if digits.is_empty() {
        return None;
    }
    let value = digits.iter().fold(0_i64, |value, byte| {
        value.saturating_mul(10).saturating_add(i64::from(byte.saturating_sub(b'0')))
    });
    Some((if negative { value.saturating_neg() } else { value }, rest))
}

fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, &[]))
}
