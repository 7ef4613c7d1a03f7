//! A frame around an answer on TCP, where none belongs: taken off, and its check byte checked.

use caisse_link::frame::{ETX, STX};

/// Takes STX, ETX and the check byte off a stream that begins with STX; leaves any other stream as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Envelope {
    /// Nothing has come, and a frame may.
    Expected,
    /// There is none.
    Bare,
    /// Inside it.
    Body {
        /// The XOR of the bytes so far and ETX.
        check: u8,
    },
    /// Its check byte is next.
    Check {
        /// What it has to be.
        check: u8,
    },
    /// It has ended well. A second frame, or fields behind the first, are read on: they may contradict it.
    Closed,
    /// Its check byte is wrong.
    Broken,
}

impl Envelope {
    /// The next bytes of content, taken off `input`; nothing when there are none left in it.
    pub(super) fn content<'a>(&mut self, input: &mut &'a [u8]) -> Option<&'a [u8]> {
        loop {
            let (first, rest) = input.split_first()?;
            match *self {
                Self::Expected if *first == STX => {
                    (*self, *input) = (Self::Body { check: ETX }, rest);
                }
                Self::Expected => *self = Self::Bare,
                Self::Bare => return Some(core::mem::take(input)),
                Self::Body { check } => {
                    let length = input.iter().position(|byte| *byte == ETX).unwrap_or(input.len());
                    let (content, behind) = input.split_at_checked(length)?;
                    let check = content.iter().fold(check, |check, byte| check ^ byte);
                    *self = match behind.split_first() {
                        Some((_, behind)) => {
                            *input = behind;
                            Self::Check { check }
                        }
                        None => {
                            *input = behind;
                            Self::Body { check }
                        }
                    };
                    if !content.is_empty() {
                        return Some(content);
                    }
                }
                Self::Check { check } => {
                    *self = if *first == check { Self::Closed } else { Self::Broken };
                    *input = rest;
                }
                Self::Closed if *first == STX => (*self, *input) = (Self::Body { check: ETX }, rest),
                // ENQ, EOT and line ends: habits of the serial line, and no part of an answer.
                Self::Closed if first.is_ascii_control() => *input = rest,
                Self::Closed => *self = Self::Bare,
                Self::Broken => {
                    *input = &[];
                    return None;
                }
            }
        }
    }

    /// Whether a frame has begun and not ended.
    pub(super) const fn is_open(self) -> bool {
        matches!(self, Self::Body { .. } | Self::Check { .. })
    }
}
