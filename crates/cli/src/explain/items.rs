//! What stands in some bytes, one after the other: messages of either generation, bare or framed, and control
//! characters.

use caisse_codec::fixed::{Body, Kind, Reason, Tolerance, recognise};
use caisse_codec::{HEADER, Message, Remainder, Tag};
use caisse_link::frame::{self, Control, Decoder, Fault, Found};

/// One thing in the input. Offsets count from the start of the input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A message of 3.x, whole.
    Tlv { at: usize, framed: bool, bytes: Vec<u8> },
    /// A body of E or E+, whole.
    Fixed { at: usize, framed: bool, bytes: Vec<u8> },
    /// A control character between frames.
    Control { at: usize, control: Control },
    /// Bytes that are none of these.
    Error { offset: usize, expected: String },
    /// Bytes that end too early.
    Incomplete { offset: usize, needed: usize },
}

pub(super) fn find(bytes: &[u8]) -> Vec<Item> {
    let Some(first) = bytes.first() else {
        return vec![Item::Incomplete { offset: 0, needed: HEADER }];
    };
    let begins_a_session = |byte: u8| byte == frame::STX || Control::from_byte(byte).is_some();
    let parity_bits = !begins_a_session(*first);
    if begins_a_session(first & 0x7f) {
        return on_the_line(bytes, frame::Tolerance { parity_bits, line_feeds: true });
    }
    let mut items = Vec::new();
    bare(bytes, 0, false, &mut items);
    items
}

/// A stream of the serial line.
fn on_the_line(bytes: &[u8], tolerance: frame::Tolerance) -> Vec<Item> {
    let mut storage = [0; frame::LONGEST_BODY];
    let mut decoder = Decoder::new(&mut storage, tolerance);
    let mut items = Vec::new();
    let mut rest = bytes;
    // Where the frame that is being read began, if one is.
    let mut begun = 0;
    loop {
        let before = bytes.len().saturating_sub(rest.len());
        let Some(found) = decoder.next(&mut rest) else { break };
        let after = bytes.len().saturating_sub(rest.len());
        let last = after.saturating_sub(1);
        match found {
            Found::Control(control) => items.push(Item::Control { at: last, control }),
            // Line ends behind a frame come from the file, not from the line.
            Found::Stray(b'\r' | b'\n') => {}
            Found::Stray(_) => {
                let expected = "STX, ENQ, ACK, NAK or EOT".to_owned();
                items.push(Item::Error { offset: last, expected });
            }
            Found::Body(body) => bare(body, before.saturating_add(1), true, &mut items),
            Found::Fault(fault) => items.push(fault_of(fault, before, last)),
        }
        begun = after;
    }
    if decoder.is_inside() {
        items.push(Item::Incomplete { offset: begun, needed: 1 });
    }
    items
}

fn fault_of(fault: Fault, stx: usize, check: usize) -> Item {
    let body = stx.saturating_add(1);
    let (offset, expected) = match fault {
        Fault::CheckByte => (check, "a check byte that is the XOR of body and ETX".to_owned()),
        Fault::TooLong => (stx, format!("a body of at most {} bytes", frame::LONGEST_BODY)),
        Fault::Empty => (body, "a body".to_owned()),
        Fault::Character { offset } => (body.saturating_add(offset), "a character 0x20 to 0x7F".to_owned()),
    };
    Item::Error { offset, expected }
}

/// Bodies without a frame, or the one inside a frame. `at` is where they begin in the input.
fn bare(bytes: &[u8], at: usize, framed: bool, items: &mut Vec<Item>) {
    match recognise(bytes) {
        Kind::Fixed(_) => items.push(Item::Fixed { at, framed, bytes: bytes.to_vec() }),
        Kind::Tlv => messages(bytes, at, framed, items),
        Kind::Neither(reason) if bytes.first().is_some_and(u8::is_ascii_digit) => {
            lines(bytes, at, framed, reason, items);
        }
        Kind::Neither(_) => messages(bytes, at, framed, items),
    }
}

/// Bodies of E and E+ that stand in a file, each on a line of its own.
fn lines(bytes: &[u8], at: usize, framed: bool, reason: Reason, items: &mut Vec<Item>) {
    let mut offset = at;
    let whole = bytes.split_inclusive(|byte| *byte == b'\n').map(|line| {
        let body = line.trim_ascii_end();
        // Private data and receipts may end in blanks, which belong to the body.
        let body = if body.len() < line.len() { line.strip_suffix(b"\n").unwrap_or(line) } else { line };
        let body = body.strip_suffix(b"\r").unwrap_or(body);
        let begins = offset;
        offset = offset.saturating_add(line.len());
        Body::decode(body, Tolerance::ALL).is_ok().then(|| Item::Fixed {
            at: begins,
            framed,
            bytes: body.to_vec(),
        })
    });
    match whole.collect::<Option<Vec<_>>>() {
        Some(found) => items.extend(found),
        None => {
            let (offset, expected) = match reason {
                Reason::Fixed(caisse_codec::fixed::Fault::Field { offset, expected, .. }) => {
                    (at.saturating_add(offset), expected.to_string())
                }
                other => (at, other.text().en.to_owned()),
            };
            items.push(Item::Error { offset, expected });
        }
    }
}

/// Messages of 3.x, one behind the other: each begins with its version.
fn messages(bytes: &[u8], at: usize, framed: bool, items: &mut Vec<Item>) {
    let (mut rest, mut at) = (bytes, at);
    loop {
        let (message, remainder) = Message::read(rest);
        split_at_versions(message, at, framed, items);
        let end = message.as_bytes().len();
        let behind = rest.get(end..).unwrap_or_default();
        let blanks = behind.iter().take_while(|byte| matches!(byte, b'\r' | b'\n' | b' ')).count();
        match remainder {
            Remainder::Boundary => return,
            // A file usually ends with a line end, some terminals end their answers so, and the next message may follow.
            Remainder::Malformed(_) if blanks > 0 && end > 0 => {
                rest = behind.get(blanks..).unwrap_or_default();
                at = at.saturating_add(end).saturating_add(blanks);
            }
            Remainder::Malformed(fault) => {
                let (offset, expected) = (at.saturating_add(fault.offset), fault.expected.to_string());
                return items.push(Item::Error { offset, expected });
            }
            Remainder::NeedMore(more) => {
                let offset = at.saturating_add(more.offset);
                return items.push(Item::Incomplete { offset, needed: more.needed });
            }
        }
    }
}

/// A version right behind a version is a repeated field; behind other fields it begins the next message.
fn split_at_versions(message: Message<'_>, at: usize, framed: bool, items: &mut Vec<Item>) {
    let mut push = |from: usize, to: usize| {
        if let Some(bytes) = message.as_bytes().get(from..to).filter(|bytes| !bytes.is_empty()) {
            items.push(Item::Tlv { at: at.saturating_add(from), framed, bytes: bytes.to_vec() });
        }
    };
    let (mut start, mut fields) = (0, 0);
    for field in message.fields() {
        if field.tag() == Tag::CZ && fields > 1 {
            push(start, field.offset());
            (start, fields) = (field.offset(), 0);
        }
        fields += 1;
    }
    push(start, message.as_bytes().len());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tlv(at: usize, bytes: &[u8]) -> Item {
        Item::Tlv { at, framed: false, bytes: bytes.to_vec() }
    }

    #[test]
    fn messages_stand_one_behind_the_other() {
        let one = b"CZ0040320AE00210".as_slice();
        assert_eq!(find(&[one, one].concat()), [tlv(0, one), tlv(16, one)]);
        assert_eq!(find(&[one, b"\r\n", one, b"\n"].concat()), [tlv(0, one), tlv(18, one)]);
        assert_eq!(find(b"CZ0040320CZ0040300"), [tlv(0, b"CZ0040320CZ0040300")]);
        let cut = [one, b"CZ0040320CB0"].concat();
        assert_eq!(
            find(&cut),
            [tlv(0, one), tlv(16, b"CZ0040320"), Item::Incomplete { offset: 25, needed: 2 }]
        );
        let many = b"CZ0040320AE00210\n".repeat(60_000);
        assert_eq!(find(&many).len(), 60_000);
    }

    #[test]
    fn a_session_is_read_in_its_order() {
        let session = b"\x05\x06\x020100001242010978          A011B010\x03\x02\x06\x04\n";
        let body = b"0100001242010978          A011B010".to_vec();
        let control = |at, control| Item::Control { at, control };
        assert_eq!(
            find(session),
            [
                control(0, Control::Enquiry),
                control(1, Control::Acknowledge),
                Item::Fixed { at: 3, framed: true, bytes: body.clone() },
                control(39, Control::Acknowledge),
                control(40, Control::EndOfSession),
            ]
        );
        // The same frame off a line of seven bits with parity, read as eight.
        let even = |byte: &u8| if byte.count_ones() % 2 == 1 { byte | 0x80 } else { *byte };
        let parity: Vec<u8> = session[2..39].iter().map(even).collect();
        assert_eq!(find(&parity), [Item::Fixed { at: 1, framed: true, bytes: body }]);
        assert_eq!(
            find(b"\x02AB\x03\x01"),
            [Item::Error { offset: 4, expected: "a check byte that is the XOR of body and ETX".into() }]
        );
        assert_eq!(find(b"\x02AB"), [Item::Incomplete { offset: 0, needed: 1 }]);
    }

    #[test]
    fn fixed_bodies_stand_alone_or_on_lines() {
        let body = b"01000001242B978          ".as_slice();
        let fixed = |at| Item::Fixed { at, framed: false, bytes: body.to_vec() };
        assert_eq!(find(body), [fixed(0)]);
        assert_eq!(find(&[body, b"\n"].concat()), [fixed(0)]);
        assert_eq!(find(&[body, b"\r\n", body].concat()), [fixed(0), fixed(27)]);
        assert!(matches!(find(&body[..24])[..], [Item::Error { offset: 0, .. }]));
        assert!(matches!(find(b"01000001A42B978          ")[..], [Item::Error { .. }]));
    }
}
