//! The structure: the walker over a slice, the scanner over any chopping, the oracle and the encoder agree.
//!
//! The input is the bytes of a stream; its last bytes say how it is chopped, so that a vector is a seed as it is.
#![no_main]

#[allow(dead_code)]
#[path = "../../crates/codec/tests/support/nom_spine.rs"]
mod nom_spine;
#[allow(dead_code)]
#[path = "../../crates/codec/tests/support/walks.rs"]
mod walks;

use caisse_codec::{DecodeError, Encoder, Message, Remainder};
use libfuzzer_sys::fuzz_target;
use nom_spine::End;

/// Pieces of 0 to 15 bytes, as the bytes themselves say from behind.
fn chop(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut sizes = bytes.iter().rev().map(|byte| usize::from(byte & 15)).cycle();
    let mut rest = bytes;
    let mut empty = false;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let size = sizes.next().unwrap_or(1).min(rest.len());
        // Bytes that all ask for nothing would never end.
        let size = if size == 0 && empty { 1 } else { size };
        empty = size == 0;
        let (piece, after) = rest.split_at(size);
        rest = after;
        Some(piece)
    })
}

fuzz_target!(|bytes: &[u8]| {
    let expected = nom_spine::spine(bytes);
    assert_eq!(walks::slice(bytes), expected);
    assert_eq!(walks::scanner([bytes]), expected);
    assert_eq!(walks::scanner(bytes.chunks(1)), expected);
    assert_eq!(walks::scanner(chop(bytes)), expected);

    let (message, remainder) = Message::read(bytes);
    let mut buffer = vec![0; message.as_bytes().len()];
    let mut encoder = Encoder::new(&mut buffer);
    for field in message.fields() {
        encoder.raw(field.tag(), field.value()).expect("a field that was read can be written");
        assert_eq!(message.get(field.tag()).map(|first| first.offset() <= field.offset()), Some(true));
    }
    assert_eq!(encoder.finish(), message.as_bytes());

    match (Message::decode(bytes), remainder, expected.end) {
        (Ok(whole), Remainder::Boundary, End::Boundary) => assert_eq!(whole.as_bytes(), bytes),
        (Err(DecodeError::Incomplete(more)), Remainder::Boundary, End::Boundary) => {
            assert!(bytes.is_empty() && more.offset == 0);
        }
        (Err(DecodeError::Incomplete(more)), Remainder::NeedMore(same), End::NeedMore { .. }) => {
            assert_eq!(more, same);
        }
        (Err(DecodeError::Malformed(fault)), Remainder::Malformed(same), End::Malformed { .. }) => {
            assert_eq!(fault, same);
        }
        verdicts => panic!("{verdicts:?}"),
    }
});
