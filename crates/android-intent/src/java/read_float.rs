//! `Float.parseFloat` and `Double.parseDouble`.

use alloc::vec::Vec;

use super::NumberError;
use super::read_decimal::Decimal;
use super::read_hexadecimal::Hexadecimal;

/// `Double.parseDouble`.
pub(crate) fn parse_double(text: &[u16]) -> Result<f64, NumberError> {
    Ok(match read(text)? {
        Number::Nan => f64::NAN,
        Number::Infinity { negative } => signed_double(f64::INFINITY, negative),
        Number::Decimal { negative, number } => signed_double(number.to_double(), negative),
        Number::Hexadecimal { negative, number } => signed_double(number.to_double(), negative),
    })
}

/// `Float.parseFloat`: rounded once, not by way of a double.
pub(crate) fn parse_float(text: &[u16]) -> Result<f32, NumberError> {
    Ok(match read(text)? {
        Number::Nan => f32::NAN,
        Number::Infinity { negative } => signed_float(f32::INFINITY, negative),
        Number::Decimal { negative, number } => signed_float(number.to_float(), negative),
        Number::Hexadecimal { negative, number } => signed_float(number.to_float(), negative),
    })
}

enum Number {
    Nan,
    Infinity { negative: bool },
    Decimal { negative: bool, number: Decimal },
    Hexadecimal { negative: bool, number: Hexadecimal },
}

fn read(text: &[u16]) -> Result<Number, NumberError> {
    let text = trim(text);
    if text.is_empty() {
        return Err(NumberError::plain("empty String"));
    }
    let wrong = || NumberError::input("expected a floating-point number", text);
    // Everything that a number may hold is ASCII.
    let ascii: Option<Vec<u8>> =
        text.iter().map(|unit| u8::try_from(*unit).ok().filter(u8::is_ascii)).collect();
    let ascii = ascii.unwrap_or_default();
    let (negative, unsigned) = match ascii.as_slice() {
        [b'-', unsigned @ ..] => (true, unsigned),
        [b'+', unsigned @ ..] => (false, unsigned),
        unsigned => (false, unsigned),
    };
    match unsigned {
        b"NaN" => Ok(Number::Nan),
        b"Infinity" => Ok(Number::Infinity { negative }),
        [b'0', b'x' | b'X', digits @ ..] => {
            Hexadecimal::read(digits).map(|number| Number::Hexadecimal { negative, number }).ok_or_else(wrong)
        }
        _ => Decimal::read(unsigned).map(|number| Number::Decimal { negative, number }).ok_or_else(wrong),
    }
}

/// `String.trim`: everything up to the blank falls away at both ends, control characters included.
fn trim(text: &[u16]) -> &[u16] {
    const BLANK: u16 = b' ' as u16;
    let begin = text.iter().position(|unit| *unit > BLANK).unwrap_or(text.len());
    let end = text.iter().rposition(|unit| *unit > BLANK).map_or(begin, |last| last.saturating_add(1));
    text.get(begin..end).unwrap_or_default()
}

const fn signed_double(value: f64, negative: bool) -> f64 {
    if negative { f64::from_bits(value.to_bits() | 1 << 63) } else { value }
}

const fn signed_float(value: f32, negative: bool) -> f32 {
    if negative { f32::from_bits(value.to_bits() | 1 << 31) } else { value }
}
