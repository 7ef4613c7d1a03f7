//! Decimal floating-point numbers as Java reads them.

use alloc::format;
use alloc::string::String;

/// `0.DIGITS * 10^exponent`.
#[derive(Debug)]
pub(super) struct Decimal {
    digits: String,
    exponent: i64,
}

/// The exponent beyond which every number of one digit is zero or infinite; Java's own bound.
const LARGEST_EXPONENT: i64 = 324;

impl Decimal {
    /// Reads `digits [. digits] [e [sign] digits] [f|F|d|D]`, at least one digit before or after the point.
    ///
    /// An exponent that is large for the digits that stand before it replaces the place of the point, as in Java: a `1`
    /// far behind the point is not moved back by a large exponent, it becomes infinite.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let digit_or_point = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
        let (mantissa, rest) =
            text.split_at_checked(text.iter().position(|byte| !digit_or_point(byte)).unwrap_or(text.len()))?;
        let point = mantissa.iter().position(|byte| *byte == b'.');
        let all: String =
            mantissa.iter().filter(|byte| **byte != b'.').map(|byte| char::from(*byte)).collect();
        let one_point_at_most = mantissa.len().saturating_sub(all.len()) <= 1;
        if !one_point_at_most || all.is_empty() {
            return None;
        }
        let significant = all.trim_start_matches('0');
        let leading = length(&all).saturating_sub(length(significant));
        let digits = significant.trim_end_matches('0');
        let place = point.map_or(length(significant), |point| {
            i64::try_from(point).unwrap_or(i64::MAX).saturating_sub(leading)
        });
        let (exponent, rest) = match rest {
            [b'e' | b'E', rest @ ..] => {
                let (shift, rest) = exponent(rest)?;
                let limit = LARGEST_EXPONENT.saturating_add(length(significant));
                let capped = shift.clamp(limit.saturating_neg(), limit);
                (if capped == shift { place.saturating_add(shift) } else { capped }, rest)
            }
            rest => (place, rest),
        };
        let ends = matches!(rest, [] | [b'f' | b'F' | b'd' | b'D']);
        ends.then(|| Self { digits: digits.into(), exponent })
    }

    pub(super) fn to_double(&self) -> f64 {
        // Never fails: digits and an exponent.
        self.text().parse().unwrap_or(f64::NAN)
    }

    pub(super) fn to_float(&self) -> f32 {
        self.text().parse().unwrap_or(f32::NAN)
    }

    fn text(&self) -> String {
        format!("0.{}e{}", if self.digits.is_empty() { "0" } else { &self.digits }, self.exponent)
    }
}

fn length(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap_or(i64::MAX)
}

/// `[sign] digits`, and what stands behind.
pub(super) fn exponent(text: &[u8]) -> Option<(i64, &[u8])> {
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    if digits.is_empty() {
        return None;
    }
    let value = digits.iter().fold(0_i64, |value, byte| {
        value.saturating_mul(10).saturating_add(i64::from(byte.saturating_sub(b'0')))
    });
    Some((if negative { value.saturating_neg() } else { value }, rest))
}
