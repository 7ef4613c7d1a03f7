//! Whether a byte stands inside a frame.

use caisse_link::frame::{ETX, STX};

/// Follows frames, and nothing else: a byte that looks like a control character is one only between two of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tracker {
    #[default]
    Between,
    Body,
    Check,
}

impl Tracker {
    pub(crate) fn is_inside(self) -> bool {
        self != Self::Between
    }

    pub(crate) const fn take(&mut self, byte: u8) {
        *self = match (*self, byte) {
            (Self::Between, STX) => Self::Body,
            (Self::Body, ETX) => Self::Check,
            (Self::Body, _) => Self::Body,
            (Self::Between | Self::Check, _) => Self::Between,
        };
    }
}
