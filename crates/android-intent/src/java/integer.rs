//! `Integer`, `Long`, `Short` and `Byte`: `parseX` and `decode`.

use super::NumberError;
use super::digit::digit;

const PLUS: u16 = b'+' as u16;
const MINUS: u16 = b'-' as u16;

/// `Integer.parseInt`: a sign or none, then digits of any script.
pub(crate) fn parse_int(text: &[u16]) -> Result<i32, NumberError> {
    int(text, 10)
}

/// `Long.parseLong`.
pub(crate) fn parse_long(text: &[u16]) -> Result<i64, NumberError> {
    parse(text, 10).ok_or_else(|| NumberError::input("expected a long in decimal digits", text))
}

/// `Short.parseShort`.
pub(crate) fn parse_short(text: &[u16]) -> Result<i16, NumberError> {
    narrow(text)
}

/// `Byte.parseByte`.
pub(crate) fn parse_byte(text: &[u16]) -> Result<i8, NumberError> {
    narrow(text)
}

/// `Integer.decode`: as [`parse_int`], in base 16 after `0x`, `0X` or `#`, in base 8 after a leading `0`.
pub(crate) fn decode_int(text: &[u16]) -> Result<i32, NumberError> {
    if text.is_empty() {
        return Err(NumberError::plain("Zero length string"));
    }
    let (negative, unsigned) = match text {
        [MINUS, rest @ ..] => (true, rest),
        [PLUS, rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (radix, digits) = radix(unsigned);
    if let [PLUS | MINUS, ..] = digits {
        return Err(NumberError::plain("Sign character in wrong position"));
    }
    if negative {
        let mut signed = alloc::vec![MINUS];
        signed.extend(digits);
        int(&signed, radix)
    } else {
        int(digits, radix)
    }
}

fn radix(text: &[u16]) -> (u16, &[u16]) {
    const ZERO: u16 = b'0' as u16;
    const X: u16 = b'X' as u16;
    const SMALL_X: u16 = b'x' as u16;
    const HASH: u16 = b'#' as u16;
    match text {
        [ZERO, X | SMALL_X, digits @ ..] | [HASH, digits @ ..] => (16, digits),
        [ZERO, digits @ ..] if !digits.is_empty() => (8, digits),
        digits => (10, digits),
    }
}

fn int(text: &[u16], radix: u16) -> Result<i32, NumberError> {
    parse(text, radix)
        .and_then(|value| i32::try_from(value).ok())
        .ok_or_else(|| NumberError::input("expected an int of 32 bits", text))
}

fn narrow<T: TryFrom<i32>>(text: &[u16]) -> Result<T, NumberError> {
    T::try_from(parse_int(text)?).map_err(|_| {
        NumberError::quoting(
            "number out of the range of its type",
            "Value out of range. Value:\"",
            text,
            "\" Radix:10",
        )
    })
}

fn parse(text: &[u16], radix: u16) -> Option<i64> {
    let (negative, digits) = match text {
        [MINUS, digits @ ..] => (true, digits),
        [PLUS, digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    // Below zero there is one number more.
    let below = digits.iter().try_fold(0_i64, |value, unit| {
        value.checked_mul(i64::from(radix))?.checked_sub(i64::from(digit(*unit, radix)?))
    })?;
    if negative { Some(below) } else { below.checked_neg() }
}
