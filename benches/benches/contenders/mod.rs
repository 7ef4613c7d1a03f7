//! How others would write it. They read the same bytes; what they leave out is said.

use std::collections::HashMap;

use caisse_codec::DebitRequest;
use nom::Parser;
use nom::bytes::complete::{take, take_while_m_n};
use nom::combinator::{map_res, verify};
use nom::error::Error;
use nom::multi::many0;

use crate::nom_spine::{self, End};

/// The streaming parser of the oracle, without its list.
pub(crate) fn nom_fields(mut bytes: &[u8]) -> usize {
    let mut count = 0;
    while !bytes.is_empty() {
        let Ok((rest, _)) = nom_spine::field(bytes) else { return 0 };
        bytes = rest;
        count += 1;
    }
    count
}

/// The way a nom parser is written first: text, `str::parse`, and a list from `many0`.
pub(crate) fn nom_text_style(bytes: &[u8]) -> usize {
    fn field(input: &str) -> nom::IResult<&str, (&str, &str)> {
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

/// The oracle: every field owned, and exact about how the bytes end.
pub(crate) fn oracle(bytes: &[u8]) -> Option<u64> {
    let walk = nom_spine::spine(bytes);
    let amount = walk.fields.iter().find(|field| field.tag == *b"CB" && field.offset > 0)?;
    assert_eq!(walk.end, End::Boundary);
    std::str::from_utf8(&amount.value).ok()?.parse().ok()
}

/// Owned fields in a list. Does not look at the letters of a tag; `str::parse` would let `+04` through.
pub(crate) fn owned(mut bytes: &[u8]) -> Option<u64> {
    let mut fields: Vec<([u8; 2], Vec<u8>)> = Vec::new();
    while let Some((header, rest)) = bytes.split_first_chunk::<5>() {
        let length: usize = std::str::from_utf8(&header[2..]).ok()?.parse().ok()?;
        let (value, rest) = rest.split_at_checked(length)?;
        fields.push(([header[0], header[1]], value.to_vec()));
        bytes = rest;
    }
    let (_, amount) = fields.iter().find(|(tag, _)| tag == b"CB")?;
    std::str::from_utf8(amount).ok()?.parse().ok()
}

/// The first draft of many tills. Loses order and repeats, and lets through what `owned` does.
pub(crate) fn map(bytes: &[u8]) -> Option<u64> {
    let mut text = std::str::from_utf8(bytes).ok()?;
    let mut fields = HashMap::new();
    while !text.is_empty() {
        let length: usize = text.get(2..5)?.parse().ok()?;
        fields.insert(text.get(..2)?.to_string(), text.get(5..5 + length)?.to_string());
        text = &text[5 + length..];
    }
    fields.get("CB")?.parse().ok()
}

/// A request from a format string.
pub(crate) fn format_request(request: &DebitRequest) -> String {
    let amount = request.amount.minor().to_string();
    format!(
        "CZ004{}CJ012{}CA002{:02}CB{:03}{amount:0>2}CD0010CE003{:03}",
        request.version,
        request.identifier,
        request.register.number(),
        amount.len().max(2),
        request.amount.currency().numeric(),
    )
}
