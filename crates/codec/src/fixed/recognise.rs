//! Which generation of the protocol a body speaks.

use core::fmt;

use caisse_payment::Text;

use super::{Body, Fault, Layout, Tolerance};
use crate::Message;

/// What some bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 3.x: they begin with CZ or with a whole field. They may still be cut or broken further on, which
    /// [`Message::read`] tells.
    Tlv,
    /// E or E+: whole, every field of its characters.
    Fixed(Layout),
    /// Neither, and why.
    Neither(Reason),
}

/// Why bytes are of neither generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There are none.
    Empty,
    /// A control character stands first: a frame with its ends still on, or the bytes of a serial session.
    FramedOrSession,
    /// The first byte has its eighth bit set: a line of seven bits with parity that was read as eight, if anything.
    EighthBit,
    /// No field of 3.x stands first, and as E or E+ this is wrong.
    Fixed(Fault),
}

/// Tells what a bare body is, without frame and check byte. Two letters in the register are tolerated, and a receipt
/// behind an answer. What could be either (a register of two letters before digits that make the length of a field)
/// is taken for 3.x, because such registers were never seen.
///
/// ```
/// use caisse_codec::fixed::{Kind, Layout, Reason, recognise};
///
/// assert_eq!(recognise(b"CZ0040300AE00210"), Kind::Tlv);
/// assert_eq!(recognise(b"01000001242B978          "), Kind::Fixed(Layout::AnswerShort));
/// assert_eq!(recognise(b"\x02010000\x03\x02"), Kind::Neither(Reason::FramedOrSession));
/// assert_eq!(
///     recognise(b"20000150001097800000000000A010B01").to_string(),
///     "neither 3.x nor E/E+: a body of 33 characters: expected 25 or 80, or more with a receipt where that is \
///      tolerated (an answer), or 26, 30 or 34 (a request)"
/// );
/// ```
#[must_use]
pub fn recognise(body: &[u8]) -> Kind {
    let Some(first) = body.first() else { return Kind::Neither(Reason::Empty) };
    if first.is_ascii_control() {
        return Kind::Neither(Reason::FramedOrSession);
    }
    if !first.is_ascii() {
        return Kind::Neither(Reason::EighthBit);
    }
    if body.starts_with(b"CZ") || Message::decode(body).is_ok() {
        return Kind::Tlv;
    }
    match Body::decode(body, Tolerance::ALL) {
        Ok(found) => Kind::Fixed(found.layout()),
        Err(_) if Message::read(body).0.fields().next().is_some() => Kind::Tlv,
        Err(fault) => Kind::Neither(Reason::Fixed(fault)),
    }
}

impl Kind {
    /// What they are, in words.
    #[must_use]
    pub const fn text(self) -> Text {
        match self {
            Self::Tlv => Text { fr: "message 3.x (TLV)", en: "3.x message (TLV)" },
            Self::Fixed(layout) => layout.text(),
            Self::Neither(reason) => reason.text(),
        }
    }
}

impl Reason {
    /// Why, in words.
    #[must_use]
    pub const fn text(self) -> Text {
        match self {
            Self::Empty => Text { fr: "rien", en: "nothing" },
            Self::FramedOrSession => {
                Text { fr: "une trame ou une session série", en: "framed or a serial session" }
            }
            Self::EighthBit => Text {
                fr: "huitième bit à 1 : une ligne à 7 bits avec parité, lue sur 8 bits",
                en: "eighth bit set: a line of 7 bits with parity, read as 8 bits",
            },
            Self::Fixed(_) => Text { fr: "ni 3.x ni E/E+", en: "neither 3.x nor E/E+" },
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().en)?;
        match self {
            Self::Neither(Reason::Fixed(fault)) => write!(f, ": {fault}"),
            _ => Ok(()),
        }
    }
}
