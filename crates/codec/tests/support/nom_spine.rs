//! The structure read a second time, by nom and without a line of the codec: the judge of its walkers.

use nom::bytes::streaming::take;
use nom::character::streaming::satisfy;
use nom::combinator::recognize;
use nom::{Err, IResult, Needed, Parser};

/// A field, as `spine` sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawField {
    pub(crate) offset: usize,
    pub(crate) tag: [u8; 2],
    pub(crate) value: Vec<u8>,
}

/// How the bytes end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Boundary,
    NeedMore { offset: usize, needed: usize },
    Malformed { offset: usize, letter: bool },
}

/// Whole fields and how the bytes go on behind them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Walk {
    pub(crate) fields: Vec<RawField>,
    pub(crate) end: End,
}

/// One field. Every part is streaming, so that a cut is never taken for a fault.
pub(crate) fn field(input: &[u8]) -> IResult<&[u8], ([u8; 2], &[u8])> {
    let letter = || satisfy(|character| character.is_ascii_uppercase());
    let digit = || satisfy(|character| character.is_ascii_digit()).map(|digit| digit as usize - '0' as usize);
    let (input, tag) = recognize((letter(), letter())).parse(input)?;
    let (input, (hundreds, tens, units)) = (digit(), digit(), digit()).parse(input)?;
    let (input, value) = take(hundreds * 100 + tens * 10 + units)(input)?;
    Ok((input, ([tag[0], tag[1]], value)))
}

/// All the fields.
pub(crate) fn spine(bytes: &[u8]) -> Walk {
    let mut fields = Vec::new();
    let mut rest = bytes;
    let end = loop {
        let offset = bytes.len() - rest.len();
        if rest.is_empty() {
            break End::Boundary;
        }
        match field(rest) {
            Ok((after, (tag, value))) => {
                fields.push(RawField { offset, tag, value: value.to_vec() });
                rest = after;
            }
            // In a header nom counts to the next character, we count to the end of the header.
            Err(Err::Incomplete(_)) if rest.len() < 5 => {
                break End::NeedMore { offset, needed: 5 - rest.len() };
            }
            Err(Err::Incomplete(Needed::Size(needed))) => {
                break End::NeedMore { offset, needed: needed.get() };
            }
            Err(Err::Incomplete(Needed::Unknown)) => unreachable!("take knows its size"),
            Err(Err::Error(fault) | Err::Failure(fault)) => {
                let at = bytes.len() - fault.input.len();
                // A tag is one thing: a wrong letter is told at its first one.
                let letter = at - offset < 2;
                break End::Malformed { offset: if letter { offset } else { at }, letter };
            }
        }
    };
    Walk { fields, end }
}
