//! How it is written where memory costs nothing: every field owned, then looked up.

use std::collections::HashMap;

use crate::Deciding;

/// Owned fields in a list. Does not look at the letters of a tag; `str::parse` would let a length of `+04` through.
#[must_use]
pub fn list(mut bytes: &[u8]) -> Option<Deciding> {
    let mut fields: Vec<([u8; 2], Vec<u8>)> = Vec::new();
    while let Some((header, rest)) = bytes.split_first_chunk::<5>() {
        let length: usize = std::str::from_utf8(&header[2..]).ok()?.parse().ok()?;
        let (value, rest) = rest.split_at_checked(length)?;
        fields.push(([header[0], header[1]], value.to_vec()));
        bytes = rest;
    }
    let get = |tag: &[u8; 2]| {
        let (_, value) = fields.iter().find(|(it, _)| it == tag)?;
        std::str::from_utf8(value).ok()
    };
    deciding(|tag| get(tag.as_bytes().first_chunk()?))
}

/// The first draft of many tills. Loses order and repeats, and lets through what `list` does.
#[must_use]
pub fn map(bytes: &[u8]) -> Option<Deciding> {
    let mut text = std::str::from_utf8(bytes).ok()?;
    let mut fields = HashMap::new();
    while !text.is_empty() {
        let length: usize = text.get(2..5)?.parse().ok()?;
        fields.insert(text.get(..2)?.to_string(), text.get(5..5 + length)?.to_string());
        text = &text[5 + length..];
    }
    deciding(|tag| fields.get(tag).map(String::as_str))
}

fn deciding<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Option<Deciding> {
    Some(Deciding {
        register: get("CA")?.parse().ok()?,
        minor: get("CB")?.parse().ok()?,
        currency: get("CE")?.parse().ok()?,
        action: get("CD")?.bytes().next(),
        performed: get("AE").map(|status| status == "10"),
        complement: get("AF").and_then(|complement| complement.as_bytes().first_chunk().copied()),
        immediate: get("BA") == Some("1"),
    })
}

/// Names and lengths of the fields of a request of E+.
pub const E_PLUS: &[(&str, usize)] = &[
    ("POS", 2),
    ("MNT", 8),
    ("IND", 1),
    ("MODE", 1),
    ("TYPE", 1),
    ("DEV", 3),
    ("PRIV", 10),
    ("DELAI", 4),
    ("AUTO", 4),
];
/// Of an answer without a report.
pub const SHORT_ANSWER: &[(&str, usize)] =
    &[("POS", 2), ("STAT", 1), ("MNT", 8), ("MODE", 1), ("DEV", 3), ("PRIV", 10)];
/// Of an answer with one.
pub const LONG_ANSWER: &[(&str, usize)] =
    &[("POS", 2), ("STAT", 1), ("MNT", 8), ("MODE", 1), ("REP", 55), ("DEV", 3), ("PRIV", 10)];

/// Fields of fixed length in a list. The characters of what it does not read are not looked at.
#[must_use]
pub fn fixed_list(bytes: &[u8], layout: &[(&'static str, usize)]) -> Option<Deciding> {
    let mut text = std::str::from_utf8(bytes).ok()?;
    let mut fields: Vec<(&str, String)> = Vec::new();
    for (name, length) in layout {
        fields.push((name, text.get(..*length)?.to_string()));
        text = &text[*length..];
    }
    fixed_deciding(|name| {
        let (_, value) = fields.iter().find(|(it, _)| *it == name)?;
        Some(value.as_str())
    })
}

/// The same in a map.
#[must_use]
pub fn fixed_map(bytes: &[u8], layout: &[(&'static str, usize)]) -> Option<Deciding> {
    let mut text = std::str::from_utf8(bytes).ok()?;
    let mut fields = HashMap::new();
    for (name, length) in layout {
        fields.insert((*name).to_string(), text.get(..*length)?.to_string());
        text = &text[*length..];
    }
    fixed_deciding(|name| fields.get(name).map(String::as_str))
}

fn fixed_deciding<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Option<Deciding> {
    Some(Deciding {
        register: get("POS")?.parse().ok()?,
        minor: get("MNT")?.parse().ok()?,
        currency: get("DEV")?.parse().ok()?,
        action: get("TYPE").and_then(|action| action.bytes().next()),
        performed: get("STAT").map(|stat| stat == "0"),
        complement: None,
        immediate: get("DELAI") == Some("A011"),
    })
}
