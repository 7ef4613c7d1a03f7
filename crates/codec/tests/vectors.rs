//! Every published vector, through every way of reading: a test of its own name each.

mod support;

use std::process::ExitCode;

use caisse_codec::{Encoder, Malformed, Message, NeedMore, Remainder, check};
use support::named::{conclude, named};
use support::nom_spine::{End, spine};
use support::vectors::{Vector, all, bytes};
use support::walks;

/// The number of lines that the file had when this was written: it may grow, never shrink unnoticed.
const FLOOR: usize = 130;

fn message_of(name: &str, bytes: &[u8], structure: &str, offset: Option<usize>) -> Vec<u8> {
    let (message, remainder) = Message::read(bytes);
    match structure {
        "ok" => {
            assert_eq!(remainder, Remainder::Boundary, "{name}");
            assert_eq!(message.as_bytes(), bytes, "{name}");
            assert_eq!(offset, None, "{name}");
            assert!(Message::decode(bytes).is_ok(), "{name}");
        }
        "incomplete" => {
            // No bytes at all end at a boundary, but they are no message.
            let at = match remainder {
                Remainder::NeedMore(NeedMore { offset, needed }) => {
                    assert!(needed > 0, "{name}");
                    offset
                }
                Remainder::Boundary if bytes.is_empty() => 0,
                other => panic!("{name}: expected an incomplete message, got {other:?}"),
            };
            assert_eq!(Some(at), offset, "{name}");
            let error = Message::decode(bytes).expect_err(name);
            assert!(
                matches!(error, caisse_codec::DecodeError::Incomplete(more) if Some(more.offset) == offset),
                "{name}: {error}"
            );
            assert_eq!(message.as_bytes(), &bytes[..at], "{name}");
        }
        "malformed" => {
            let Remainder::Malformed(Malformed { offset: at, .. }) = remainder else {
                panic!("{name}: expected a malformed message, got {remainder:?}");
            };
            assert_eq!(Some(at), offset, "{name}");
            let error = Message::decode(bytes).expect_err(name);
            assert!(
                matches!(error, caisse_codec::DecodeError::Malformed(fault) if Some(fault.offset) == offset),
                "{name}: {error}"
            );
        }
        stranger => panic!("{name}: structure {stranger}"),
    }
    message.as_bytes().to_vec()
}

fn run(vector: &Vector) {
    let name = vector.name.as_str();
    let structure = vector.structure.as_deref().unwrap_or_else(|| panic!("{name}: no structure"));
    let whole = message_of(name, &vector.bytes, structure, vector.offset);
    let message = Message::decode(&whole).ok();

    let mut buffer = vec![0; whole.len()];
    let mut encoder = Encoder::new(&mut buffer);
    for field in message.iter().flat_map(Message::fields) {
        encoder.raw(field.tag(), field.value()).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    assert_eq!(encoder.finish(), whole, "{name}: the raw encoder writes other bytes");

    let order = message.filter(|_| vector.layer == "message").and_then(check::first_fault_of_order);
    let faults = message.into_iter().flat_map(check::faults);
    let semantic: Vec<_> = order.into_iter().chain(faults).map(|fault| fault.to_string()).collect();
    assert_eq!(semantic, vector.semantic, "{name}: semantic");

    let expected = spine(&vector.bytes);
    assert_eq!(walks::slice(&vector.bytes), expected, "{name}: the slice walker");
    assert_eq!(walks::scanner(vector.bytes.chunks(1)), expected, "{name}: byte by byte");
    for cut in 0..=vector.bytes.len() {
        let (left, right) = vector.bytes.split_at(cut);
        assert_eq!(walks::scanner([left, right]), expected, "{name}: cut at {cut}");
    }
}

/// STX, a message, ETX and the exclusive or of all that follows STX.
fn unframe(name: &str, frame: &[u8]) -> Vec<u8> {
    let [0x02, body @ .., 0x03, check] = frame else { panic!("{name}: no frame") };
    let mut naive = 0x03;
    for byte in body {
        naive ^= byte;
    }
    assert_eq!(*check, naive, "{name}: the check byte");
    body.to_vec()
}

/// The only vector in a frame is one of the messages.
fn framed(vector: &Vector) {
    let name = &vector.name;
    let body = unframe(name, &vector.bytes);
    assert_eq!(body, bytes("msg.common.request.debit-25"), "{name}");
    message_of(name, &body, "ok", None);
}

fn main() -> ExitCode {
    let lines = all().into_iter().map(|vector| {
        named(vector.name.clone(), move || match vector.layer.as_str() {
            "message" | "fragment" => run(&vector),
            "frame" => framed(&vector),
            stranger => panic!("{}: layer {stranger}", vector.name),
        })
    });
    conclude(
        lines.chain([named("there_are_vectors_of_each_kind".to_owned(), there_are_vectors_of_each_kind)]),
    )
}

fn there_are_vectors_of_each_kind() {
    let vectors = all();
    assert!(vectors.len() >= FLOOR, "only {} vectors", vectors.len());
    assert_eq!(vectors.iter().filter(|vector| vector.layer == "frame").count(), 1);
    for (structure, least) in [("ok", 100), ("incomplete", 10), ("malformed", 10)] {
        let count = vectors.iter().filter(|vector| vector.structure.as_deref() == Some(structure)).count();
        assert!(count >= least, "{structure}: {count}");
    }
    assert!(vectors.iter().filter(|vector| !vector.semantic.is_empty()).count() >= 20);
    assert_eq!(spine(b"").end, End::Boundary);
}
