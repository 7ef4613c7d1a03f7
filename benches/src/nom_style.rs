//! The same with nom, in the two ways that it is written.

use nom::bytes::complete::{take, take_while_m_n};
use nom::character::complete::u64 as decimal;
use nom::combinator::{all_consuming, map_res, verify};
use nom::error::Error;
use nom::multi::many0;
use nom::{IResult, Parser};

use crate::Deciding;

type Plain<'a, T> = Result<(&'a [u8], T), nom::Err<()>>;

/// One field in `take` style: two letters and three digits are taken as arrays and looked at.
fn field(input: &[u8]) -> Plain<'_, ([u8; 2], &[u8])> {
    let (input, header) = take(5usize)(input)?;
    let [first, second, digits @ ..] = header else { return Err(nom::Err::Error(())) };
    if !(first.is_ascii_uppercase() && second.is_ascii_uppercase() && digits.iter().all(u8::is_ascii_digit)) {
        return Err(nom::Err::Error(()));
    }
    let length = digits.iter().fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
    let (input, value) = take(length)(input)?;
    Ok((input, ([*first, *second], value)))
}

/// The fields, in `take` style: structure only.
#[must_use]
pub fn fields(mut bytes: &[u8]) -> usize {
    let mut count = 0;
    while !bytes.is_empty() {
        let Ok((rest, _)) = field(bytes) else { return 0 };
        bytes = rest;
        count += 1;
    }
    count
}

fn number(value: &[u8]) -> Option<u64> {
    let parsed: Plain<'_, u64> = all_consuming(decimal).parse(value);
    parsed.ok().map(|(_, number)| number)
}

/// One pass in `take` style into what decides. Holds nothing to its length or characters but what it reads.
#[must_use]
pub fn deciding(mut bytes: &[u8]) -> Option<Deciding> {
    let (mut register, mut minor, mut currency, mut action) = (None, None, None, None);
    let (mut performed, mut complement, mut immediate) = (None, None, false);
    while !bytes.is_empty() {
        let (rest, (tag, value)) = field(bytes).ok()?;
        match &tag {
            b"CA" => register = Some(u8::try_from(number(value)?).ok()?),
            b"CB" => minor = Some(number(value)?),
            b"CE" => currency = Some(u16::try_from(number(value)?).ok()?),
            b"CD" => action = Some(*value.first()?),
            b"AE" => performed = Some(value == b"10"),
            b"AF" => complement = Some(*value.first_chunk()?),
            b"BA" => immediate = value == b"1",
            _ => {}
        }
        bytes = rest;
    }
    let (register, minor, currency) = (register?, minor?, currency?);
    Some(Deciding { register, minor, currency, action, performed, complement, immediate })
}

/// The way a parser is written first: text, `str::parse`, and a list from `many0`. Structure only.
#[must_use]
pub fn text(bytes: &[u8]) -> usize {
    fn field(input: &str) -> IResult<&str, (&str, &str)> {
        let mut tag = take_while_m_n(2, 2, |character: char| character.is_ascii_uppercase());
        let digits = verify(take(3usize), |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit()));
        let (input, tag) = tag.parse(input)?;
        let (input, length) = map_res(digits, str::parse::<usize>).parse(input)?;
        let (input, value) = take::<_, _, Error<&str>>(length)(input)?;
        Ok((input, (tag, value)))
    }
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    match many0(field).parse(text) {
        Ok(("", fields)) => fields.len(),
        _ => 0,
    }
}

/// A request of E+ in `take` style, its numbers read and its options named; no other character is looked at.
#[must_use]
pub fn fixed_request(bytes: &[u8]) -> Option<Deciding> {
    let mut parts = (take(2usize), take(8usize), take(2usize), take(1usize), take(3usize), take(10usize));
    let parsed: Plain<'_, _> = parts.parse(bytes);
    let (rest, (register, minor, _, action, currency, _)) = parsed.ok()?;
    let (delay, b"B010" | b"B011" | b"B012") = rest.split_first_chunk::<4>()? else { return None };
    Some(Deciding {
        register: u8::try_from(number(register)?).ok()?,
        minor: number(minor)?,
        currency: u16::try_from(number(currency)?).ok()?,
        action: action.first().copied(),
        performed: None,
        complement: None,
        immediate: delay == b"A011",
    })
}

/// An answer of E or E+ in `take` style, its numbers read; no other character is looked at.
#[must_use]
pub fn fixed_answer(bytes: &[u8]) -> Option<Deciding> {
    let report = match bytes.len() {
        25 => 0usize,
        80 => 55,
        _ => return None,
    };
    let mut parts = (take(2usize), take(1usize), take(8usize), take(1usize), take(report), take(3usize));
    let parsed: Plain<'_, _> = parts.parse(bytes);
    let (_, (register, stat, minor, _, _, currency)) = parsed.ok()?;
    Some(Deciding {
        register: u8::try_from(number(register)?).ok()?,
        minor: number(minor)?,
        currency: u16::try_from(number(currency)?).ok()?,
        action: None,
        performed: Some(stat == b"0"),
        complement: None,
        immediate: false,
    })
}
