//! Frames: every published one, every single-bit error, any pieces.

use caisse_link::frame::{
    self, Control, Decoder, ETX, Fault, Found, FrameError, LONGEST_BODY, STX, Tolerance,
};
use proptest::prelude::*;

/// A thing found, without the decoder's lifetime.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Owned {
    Body(Vec<u8>),
    Control(Control),
    Fault(Fault),
    Stray(u8),
}

fn decode_pieces<'p>(pieces: impl IntoIterator<Item = &'p [u8]>, tolerance: Tolerance) -> (Vec<Owned>, bool) {
    let mut storage = [0; LONGEST_BODY];
    let mut decoder = Decoder::new(&mut storage, tolerance);
    let mut found = Vec::new();
    for piece in pieces {
        let mut input = piece;
        while let Some(next) = decoder.next(&mut input) {
            found.push(match next {
                Found::Body(body) => Owned::Body(body.to_vec()),
                Found::Control(control) => Owned::Control(control),
                Found::Fault(fault) => Owned::Fault(fault),
                Found::Stray(byte) => Owned::Stray(byte),
            });
        }
        assert!(input.is_empty());
    }
    (found, decoder.is_inside())
}

fn decode(bytes: &[u8]) -> Vec<Owned> {
    decode_pieces([bytes], Tolerance::default()).0
}

fn body(text: &[u8]) -> Owned {
    Owned::Body(text.to_vec())
}

const CARD: &[u8] = b"0100001242010978          A011B010";

#[test]
fn published_frames_go_both_ways() {
    // Bodies whose check byte looks like STX, ETX, EOT, ENQ, ACK, a letter.
    for (text, check) in [
        (CARD, 0x02),
        (b"0100001242010978          A010B010".as_slice(), 0x03),
        (b"0100000002010978          A010B010", 0x04),
        (b"0100000003010978          A010B010", 0x05),
        (b"0100000011010978          A010B010", 0x06),
        (b"01000012420C0978          A011B010", b'p'),
        (b"010000012421978          ", 0x30),
        (b"CZ0040300CJ012247300123456CA00201CB0042500CD0010CE003978", 0x14),
    ] {
        assert_eq!(frame::check_byte(text), check);
        let mut buffer = [0; 64];
        let framed = frame::encode(text, &mut buffer).unwrap().to_vec();
        assert_eq!(framed, [&[STX], text, &[ETX, check]].concat());
        assert_eq!(decode(&framed), [body(text)]);
        // Two in a row, with the line's characters around them.
        let line = [&[0x06, 0x05], framed.as_slice(), &framed, &[0x04, b'?', 0x15]].concat();
        let [ack, enq, eot, nak] =
            [Control::Acknowledge, Control::Enquiry, Control::EndOfSession, Control::Refuse]
                .map(Owned::Control);
        assert_eq!(decode(&line), [ack, enq, body(text), body(text), eot, Owned::Stray(b'?'), nak]);
    }
}

#[test]
fn what_the_line_does_not_allow_is_not_written() {
    let mut buffer = [0; 600];
    assert_eq!(frame::encode(b"", &mut buffer), Err(FrameError::Length { length: 0 }));
    assert_eq!(frame::encode(&[b'x'; 513], &mut buffer), Err(FrameError::Length { length: 513 }));
    assert_eq!(frame::encode(&[b'x'; 512], &mut buffer).unwrap().len(), 515);
    for byte in 0..=255u8 {
        let expected = (0x20..=0x7f).contains(&byte);
        let encoded = frame::encode(&[b'a', byte], &mut buffer);
        assert_eq!(encoded.is_ok(), expected, "{byte:#x}");
        assert!(expected || encoded == Err(FrameError::Character { offset: 1 }));
        let framed = [STX, b'a', byte, ETX, b'a' ^ byte ^ ETX];
        match byte {
            ETX => assert_eq!(decode(&framed)[0], Owned::Fault(Fault::CheckByte)),
            _ if expected => assert_eq!(decode(&framed), [body(&[b'a', byte])]),
            _ => assert_eq!(decode(&framed), [Owned::Fault(Fault::Character { offset: 1 })], "{byte:#x}"),
        }
    }
    for room in 0..CARD.len() + 3 {
        assert_eq!(frame::encode(CARD, &mut vec![0; room]), Err(FrameError::NoRoom));
    }
}

#[test]
fn faults_name_themselves_and_the_line_goes_on() {
    let good = [STX, b'A', ETX, b'A' ^ ETX];
    let after = |frame: &[u8]| {
        let found = decode(&[frame, &good].concat());
        assert_eq!(found.last(), Some(&body(b"A")), "the line did not go on: {found:?}");
        found[0].clone()
    };
    assert_eq!(after(b"\x02AB\x03\x01"), Owned::Fault(Fault::CheckByte));
    assert_eq!(after(b"\x02\x03\x03"), Owned::Fault(Fault::Empty));
    assert_eq!(after(b"\x02A\x05B\x03\x05"), Owned::Fault(Fault::Character { offset: 1 }));
    assert_eq!(after(b"\x02A\xe9\x03\x00"), Owned::Fault(Fault::Character { offset: 1 }));
    let long = [[STX].as_slice(), &[b'0'; 513], &[ETX, b'0' ^ ETX]].concat();
    assert_eq!(after(&long), Owned::Fault(Fault::TooLong));
    let longest = [[STX].as_slice(), &[b'0'; 512], &[ETX, ETX]].concat();
    assert_eq!(decode(&longest), [body(&[b'0'; 512])]);
    // A smaller storage has its own limit.
    let mut storage = [0; 1];
    let mut decoder = Decoder::new(&mut storage, Tolerance::default());
    assert_eq!(decoder.next(&mut b"\x02AB\x03\x00".as_slice()), Some(Found::Fault(Fault::TooLong)));
    // Cut frames are no fault yet.
    for cut in 1..good.len() {
        assert_eq!(decode_pieces([&good[..cut]], Tolerance::default()), (vec![], true));
    }
    let mut storage = [0; 8];
    let mut decoder = Decoder::new(&mut storage, Tolerance::default());
    assert_eq!(decoder.next(&mut b"\x02AB".as_slice()), None);
    decoder.reset();
    assert!(!decoder.is_inside());
    assert_eq!(decoder.next(&mut good.as_slice()), Some(Found::Body(b"A")));
}

#[test]
fn tolerances_are_off_until_asked_for() {
    let parity = Tolerance { parity_bits: true, ..Tolerance::default() };
    // The published frame of a 7E1 line read as eight bits.
    let read: Vec<u8> = [&[STX], CARD, &[ETX, 0x02]].concat();
    let read: Vec<u8> =
        read.iter().map(|byte| if byte.count_ones() % 2 == 1 { byte | 0x80 } else { *byte }).collect();
    assert_eq!(read[0], 0x82);
    assert_eq!(decode_pieces([read.as_slice()], parity).0, [body(CARD)]);
    assert!(!decode(&read).contains(&body(CARD)));
    let feeds = Tolerance { line_feeds: true, ..Tolerance::default() };
    let text = b"A\nB".as_slice();
    let framed = [&[STX], text, &[ETX, frame::check_byte(text)]].concat();
    assert_eq!(decode_pieces([framed.as_slice()], feeds).0, [body(text)]);
    assert_eq!(decode(&framed), [Owned::Fault(Fault::Character { offset: 1 })]);
}

/// Flips every bit of a frame. A flip is seen, or leaves the receiver waiting, or cuts the body where an ETX appears
/// and the next byte happens to fit: none of these gives a body of the same length with other content.
#[test]
fn no_single_bit_flip_gives_another_body_of_the_same_length() {
    let texts: [&[u8]; 3] =
        [CARD, b"010000012421978          ", b"CZ0040320CA00201CB0042500CD0010CE003978AE00210AF00201"];
    let (mut refused, mut waiting, mut truncated) = (0, 0, 0);
    for text in texts {
        let mut buffer = [0; 64];
        let framed = frame::encode(text, &mut buffer).unwrap().to_vec();
        for bit in 0..framed.len() * 8 {
            let mut flipped = framed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let (found, inside) = decode_pieces([flipped.as_slice()], Tolerance::default());
            for thing in &found {
                if let Owned::Body(body) = thing {
                    assert!(body.len() < text.len() && text.starts_with(body), "bit {bit}: {body:?}");
                    truncated += 1;
                }
            }
            if found.iter().any(|thing| matches!(thing, Owned::Fault(_) | Owned::Stray(_))) {
                refused += 1;
            } else {
                waiting += usize::from(inside);
            }
        }
    }
    assert_eq!((refused, waiting, truncated), (944, 24, 0));
}

proptest! {
    #[test]
    fn any_body_comes_back(text in proptest::collection::vec(0x20u8..=0x7f, 1..=512)) {
        let mut buffer = [0; frame::LONGEST_FRAME];
        let framed = frame::encode(&text, &mut buffer).unwrap();
        prop_assert_eq!(decode(framed), [Owned::Body(text)]);
    }

    #[test]
    fn pieces_do_not_matter(
        line in proptest::collection::vec(prop_oneof![Just(STX), Just(ETX), Just(0x05), Just(0x06), 0x20u8..0x30, any::<u8>()], 0..80),
        size in 1usize..9, parity: bool, feeds: bool,
    ) {
        let tolerance = Tolerance { parity_bits: parity, line_feeds: feeds };
        prop_assert_eq!(decode_pieces([line.as_slice()], tolerance), decode_pieces(line.chunks(size), tolerance));
    }
}

/// Where it stands, and no byte of what a terminal says.
#[test]
fn what_is_shown_says_where_it_stands_and_no_more() {
    let mut storage = [0; 8];
    let mut decoder = Decoder::new(&mut storage, Tolerance::default());
    assert_eq!(format!("{decoder:?}"), "Decoder(Between, 0 bytes)");
    let mut shown = vec![];
    let mut input: &[u8] = b"\x05Q\x02\x03\x03\x02WXYZ\x03\x0f\x02WX";
    while let Some(found) = decoder.next(&mut input) {
        shown.push(format!("{found:?}"));
    }
    assert_eq!(shown, ["Control(Enquiry)", "Stray", "Fault(Empty)", "Body(4 bytes)"]);
    assert_eq!(format!("{decoder:?}"), "Decoder(Body, 2 bytes)");
    for (body, said) in [
        (&b""[..], "a body has 1 to 512 bytes, not 0"),
        (b"a\x06", "offset 1: expected a character 0x20 to 0x7F"),
        (b"abc", "the buffer is too small for the frame"),
    ] {
        assert_eq!(frame::encode(body, &mut [0; 5]).unwrap_err().to_string(), said);
    }
}
