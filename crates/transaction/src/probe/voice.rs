//! Who speaks, when it is not a terminal that answers.

use caisse_codec::fixed::{Kind, recognise};
use caisse_codec::{Message, Remainder};
use caisse_link::frame::{self, Control, STX};

/// What some bytes are, told by how they begin. Nothing of their content is kept.
///
/// ```
/// use caisse_transaction::probe::Voice;
///
/// assert_eq!(Voice::of(b"HTTP/1.1 400 Bad Request\r\n"), Some(Voice::Http));
/// assert_eq!(Voice::of(b"\x05"), Some(Voice::Session));
/// assert_eq!(Voice::of(&[0x06, 0x84]), Some(Voice::EvenParity));
/// assert_eq!(Voice::of(b""), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Voice {
    /// Fields of 3.x.
    Concert3,
    /// Fields of 3.x between STX and check byte.
    FramedConcert3,
    /// A message of E or E+, with or without its frame.
    Fixed,
    /// Control characters of a session, or a frame that cannot be read.
    Session,
    /// Seven bits and even parity, read as eight bits: the eighth bit makes the ones of each character even.
    EvenParity,
    /// Seven bits and odd parity, read as eight bits.
    OddParity,
    /// A web server.
    Http,
    /// A server that wants TLS.
    Tls,
    /// A server of SSH.
    Ssh,
    /// Characters that can be printed, of no protocol known here.
    Text,
    /// Other bytes.
    Noise,
}

impl Voice {
    /// Who speaks; nothing when nothing was said.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let first = *bytes.first()?;
        Some(if bytes.starts_with(b"HTTP/") {
            Self::Http
        } else if bytes.starts_with(b"SSH-") {
            Self::Ssh
        } else if is_tls(bytes) {
            Self::Tls
        } else if let Some(parity) = parity(bytes) {
            parity
        } else if let Some(body) = framed(bytes) {
            of_body(body)
        } else if Control::from_byte(first).is_some() || first == STX {
            Self::Session
        } else {
            match recognise(bytes) {
                Kind::Tlv if has_field(bytes) || is_cut_field(bytes) => Self::Concert3,
                Kind::Fixed(_) => Self::Fixed,
                Kind::Tlv | Kind::Neither(_) if bytes.iter().all(is_text) => Self::Text,
                Kind::Tlv | Kind::Neither(_) => Self::Noise,
            }
        })
    }
}

fn has_field(bytes: &[u8]) -> bool {
    Message::read(bytes).0.fields().next().is_some()
}

/// The first field has begun with CZ and may go on.
fn is_cut_field(bytes: &[u8]) -> bool {
    matches!(Message::read(bytes).1, Remainder::NeedMore(_))
}

const fn is_text(byte: &u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\r' | b'\n' | b'\t')
}

/// A record of TLS: an alert or a handshake, of version 3.x. An alert begins with the byte that is NAK elsewhere.
fn is_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [0x15 | 0x16, 0x03, 0x00..=0x04, ..])
}

/// The first frame among control characters, its body whole.
fn framed(bytes: &[u8]) -> Option<&[u8]> {
    let start = bytes.iter().position(|byte| Control::from_byte(*byte).is_none())?;
    let content = bytes.get(start..)?.strip_prefix(&[STX])?;
    let length = content.iter().position(|byte| *byte == frame::ETX)?;
    content.get(..length)
}

fn of_body(body: &[u8]) -> Voice {
    match recognise(body) {
        Kind::Tlv => Voice::FramedConcert3,
        Kind::Fixed(_) => Voice::Fixed,
        Kind::Neither(_) => Voice::Session,
    }
}

/// The parity that the eighth bits show, if they show one: all characters have it, at least one has the bit, and without
/// it they are those of the line: control characters of a session, ends of a frame, printable characters. What stands
/// right behind an ETX is a check byte, of any value.
fn parity(bytes: &[u8]) -> Option<Voice> {
    if bytes.iter().all(u8::is_ascii) {
        return None;
    }
    let mut check = false;
    let of_the_line = bytes.iter().all(|byte| {
        let plain = byte & 0x7f;
        let known =
            check || matches!(plain, b' '..=0x7f | STX | frame::ETX) || Control::from_byte(plain).is_some();
        check = plain == frame::ETX && !check;
        known
    });
    let all = |even: bool| bytes.iter().all(|byte| byte.count_ones().is_multiple_of(2) == even);
    match of_the_line {
        true if all(true) => Some(Voice::EvenParity),
        true if all(false) => Some(Voice::OddParity),
        _ => None,
    }
}
