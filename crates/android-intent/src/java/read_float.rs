//! `Float.parseFloat` and `Double.parseDouble`.

use alloc::string::String;
use core::str::FromStr;

use super::NumberError;
use super::read_decimal;
use super::read_hexadecimal::Hexadecimal;

/// `Double.parseDouble`.
pub(crate) fn parse_double(text: &[u16]) -> Result<f64, NumberError> {
    parse(text)
}

/// `Float.parseFloat`: rounded once, not by way of a double.
pub(crate) fn parse_float(text: &[u16]) -> Result<f32, NumberError> {
    parse(text)
}

trait Ieee: FromStr {
    const INFINITY: Self;
    const NAN: Self;
    fn negative(self) -> Self;
    fn nearest(number: &Hexadecimal) -> Self;
}

impl Ieee for f64 {
    const INFINITY: Self = Self::INFINITY;
    const NAN: Self = Self::NAN;

    fn negative(self) -> Self {
        self.copysign(-1.0)
    }

    fn nearest(number: &Hexadecimal) -> Self {
        number.to_double()
    }
}

impl Ieee for f32 {
    const INFINITY: Self = Self::INFINITY;
    const NAN: Self = Self::NAN;

    fn negative(self) -> Self {
        self.copysign(-1.0)
    }

    fn nearest(number: &Hexadecimal) -> Self {
        number.to_float()
    }
}

fn parse<T: Ieee>(text: &[u16]) -> Result<T, NumberError> {
    let text = trim(text);
    if text.is_empty() {
        return Err(NumberError::plain("empty String"));
    }
    read(text).ok_or_else(|| NumberError::input("expected a floating-point number", text))
}

fn read<T: Ieee>(text: &[u16]) -> Option<T> {
    // Everything that a number may hold is ASCII.
    let ascii = String::from_utf16(text).ok().filter(|text| text.is_ascii())?;
    let (negative, unsigned) = match ascii.as_bytes() {
        [b'-', unsigned @ ..] => (true, unsigned),
        [b'+', unsigned @ ..] => (false, unsigned),
        unsigned => (false, unsigned),
    };
    let value = match unsigned {
        b"NaN" => return Some(T::NAN),
        b"Infinity" => T::INFINITY,
        [b'0', b'x' | b'X', digits @ ..] => T::nearest(&Hexadecimal::read(digits)?),
        // Both languages give the nearest number, ties to even, however many digits there are.
        decimal => read_decimal::checked(decimal)?.parse().ok()?,
    };
    Some(if negative { value.negative() } else { value })
}

/// `String.trim`: everything up to the blank falls away at both ends, control characters included.
fn trim(text: &[u16]) -> &[u16] {
    const BLANK: u16 = b' ' as u16;
    let begin = text.iter().position(|unit| *unit > BLANK).unwrap_or(text.len());
    let end = text.iter().rposition(|unit| *unit > BLANK).map_or(begin, |last| last.saturating_add(1));
    text.get(begin..end).unwrap_or_default()
}
