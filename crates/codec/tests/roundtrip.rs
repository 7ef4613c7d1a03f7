//! Laws that hold for all bytes and all fields.

mod support;

use caisse_codec::{DecodeError, Encoder, HEADER, LONGEST_VALUE, Message, Remainder, Tag};
use proptest::collection::vec;
use proptest::prelude::*;
use support::nom_spine::{End, Walk, spine};
use support::walks;

fn tag() -> impl Strategy<Value = Tag> {
    [b'A'..=b'Z', b'A'..=b'Z'].prop_map(|letters| Tag::new(letters).unwrap())
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => vec(any::<u8>(), 0..24),
        1 => vec(any::<u8>(), 90..110),
        1 => vec(any::<u8>(), LONGEST_VALUE - 2..=LONGEST_VALUE),
    ]
}

fn fields() -> impl Strategy<Value = Vec<(Tag, Vec<u8>)>> {
    vec((tag(), value()), 1..12)
}

fn encode(fields: &[(Tag, Vec<u8>)]) -> Vec<u8> {
    let size = fields.iter().map(|(_, value)| HEADER + value.len()).sum();
    let mut buffer = vec![0; size];
    let mut encoder = Encoder::new(&mut buffer);
    for (tag, value) in fields {
        encoder.raw(*tag, value).unwrap();
    }
    assert_eq!(encoder.finish().len(), size);
    buffer
}

/// Bytes of every kind: noise, the characters of headers in any order, and messages with a byte or two changed.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let damaged = (fields(), vec((any::<prop::sample::Index>(), any::<u8>()), 0..3));
    prop_oneof![
        vec(any::<u8>(), 0..64),
        vec(prop::sample::select(b"ABCZ0012+ a".as_slice()), 0..64),
        damaged.prop_map(|(fields, changes)| {
            let mut bytes = encode(&fields);
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            bytes
        }),
    ]
}

fn chop(mut bytes: &[u8], sizes: &[usize]) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    for size in sizes {
        let (piece, rest) = bytes.split_at((*size).min(bytes.len()));
        pieces.push(piece.to_vec());
        bytes = rest;
    }
    pieces.push(bytes.to_vec());
    pieces
}

/// What `Message::read` says, in the words of the oracle.
fn read(bytes: &[u8]) -> End {
    match Message::read(bytes).1 {
        Remainder::Boundary => End::Boundary,
        Remainder::NeedMore(more) => End::NeedMore { offset: more.offset, needed: more.needed },
        Remainder::Malformed(fault) => {
            let letter = fault.expected == caisse_codec::Expected::TagLetter;
            End::Malformed { offset: fault.offset, letter }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_is_written_is_read(written in fields()) {
        let bytes = encode(&written);
        let message = Message::decode(&bytes).unwrap();
        let read: Vec<_> = message.fields().map(|field| (field.tag(), field.value().to_vec())).collect();
        prop_assert_eq!(&read, &written);
        for (tag, _) in &written {
            let first = written.iter().find(|(other, _)| other == tag).unwrap();
            prop_assert_eq!(message.get(*tag).unwrap().value(), &first.1);
        }
        let offsets: Vec<_> = message.fields().map(|field| field.offset()).collect();
        prop_assert_eq!(offsets[0], 0);
        prop_assert!(offsets.is_sorted_by(|left, right| left < right));
    }

    #[test]
    fn what_is_read_is_written_back(bytes in bytes()) {
        let (message, _) = Message::read(&bytes);
        let fields: Vec<_> = message.fields().map(|field| (field.tag(), field.value().to_vec())).collect();
        prop_assert_eq!(encode(&fields), message.as_bytes());
        prop_assert!(bytes.starts_with(message.as_bytes()));
    }

    #[test]
    fn a_prefix_is_a_boundary_or_needs_more_and_never_a_fault(written in vec((tag(), value()), 1..5)) {
        let bytes = encode(&written);
        let mut boundaries = vec![0];
        for (_, value) in &written {
            boundaries.push(boundaries.last().unwrap() + HEADER + value.len());
        }
        for end in 0..=bytes.len() {
            let (message, remainder) = Message::read(&bytes[..end]);
            let start = *boundaries.iter().rfind(|boundary| **boundary <= end).unwrap();
            prop_assert_eq!(message.as_bytes(), &bytes[..start]);
            match remainder {
                Remainder::Boundary => prop_assert_eq!(start, end),
                Remainder::NeedMore(more) => {
                    prop_assert!(start < end);
                    prop_assert_eq!(more.offset, start);
                    // The promise of `needed`: one byte fewer still leaves the field cut.
                    prop_assert!(more.needed > 0 && end + more.needed <= bytes.len());
                    let almost = Message::read(&bytes[..end + more.needed - 1]).1;
                    prop_assert!(matches!(almost, Remainder::NeedMore(_)));
                    let decoded = Message::decode(&bytes[..end]);
                    prop_assert_eq!(decoded, Err(DecodeError::Incomplete(more)));
                }
                Remainder::Malformed(fault) => prop_assert!(false, "{}", fault),
            }
        }
    }

    #[test]
    fn the_slice_the_stream_and_the_oracle_agree(bytes in bytes(), sizes in vec(0usize..40, 0..12)) {
        let expected = spine(&bytes);
        prop_assert_eq!(&walks::slice(&bytes), &expected);
        prop_assert_eq!(read(&bytes), expected.end);
        let pieces = chop(&bytes, &sizes);
        prop_assert_eq!(&walks::scanner(pieces.iter().map(Vec::as_slice)), &expected);
        prop_assert_eq!(&walks::scanner(bytes.chunks(1)), &expected);
        prop_assert_eq!(&walks::scanner([bytes.as_slice()]), &expected);
    }

    #[test]
    fn a_fault_is_seen_with_its_byte_and_stays(bytes in bytes()) {
        // Once a prefix is malformed every longer one is, at the same place; before it none is.
        let Walk { end, .. } = spine(&bytes);
        for length in 0..bytes.len() {
            let prefix = read(&bytes[..length]);
            if let End::Malformed { .. } = prefix {
                prop_assert_eq!(prefix, end);
            }
        }
    }
}

#[test]
fn the_longest_field_passes_and_the_next_does_not() {
    let mut buffer = vec![0; 2 * (HEADER + LONGEST_VALUE)];
    let mut encoder = Encoder::new(&mut buffer);
    encoder.raw(Tag::ID, &[b'x'; LONGEST_VALUE]).unwrap();
    assert!(encoder.raw(Tag::ID, &[b'x'; LONGEST_VALUE + 1]).is_err());
    let message = encoder.finish();
    assert!(message.starts_with(b"ID999xxx"));
    assert_eq!(Message::decode(message).unwrap().fields().count(), 1);
}

#[test]
fn an_empty_value_is_read() {
    // A terminal after the red button: the amount is there and empty.
    let message = Message::decode(b"CZ0040300AE00201AF00206CB000").unwrap();
    assert_eq!(message.get(Tag::CB).unwrap().value(), b"");
    assert_eq!(message.get(Tag::CB).unwrap().offset(), 23);
    assert_eq!(message.get(Tag::CE), None);
}

#[test]
fn a_buffer_holds_a_field_exactly_or_not_at_all() {
    for size in 0..=HEADER + 4 {
        let mut buffer = vec![b'.'; size];
        let mut encoder = Encoder::new(&mut buffer);
        let result = encoder.raw(Tag::CZ, b"0300");
        if size == HEADER + 4 {
            assert_eq!(result, Ok(()));
            assert_eq!(encoder.finish(), b"CZ0040300");
        } else {
            assert_eq!(result, Err(caisse_codec::EncodeError::NoRoom(Tag::CZ)));
            assert_eq!(encoder.finish(), b"");
            assert_eq!(buffer, vec![b'.'; size]);
        }
    }
}
