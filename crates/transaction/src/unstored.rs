//! A message that is to be stored before anything is sent.

use core::fmt;

use arrayvec::ArrayVec;
use caisse_link::frame::LONGEST_BODY;

/// A message of another transaction, from its arrival until the driver has answered whether it is stored. It is a copy:
/// the frame that comes next on the line changes nothing here.
pub(crate) struct Unstored(ArrayVec<u8, LONGEST_BODY>);

impl fmt::Debug for Unstored {
    /// Without a byte of the message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unstored({} bytes)", self.0.len())
    }
}

impl Unstored {
    pub(crate) const fn new() -> Self {
        Self(ArrayVec::new_const())
    }

    /// Keeps the message. Returns `false` if a different one is still to be stored: there is room for one.
    #[must_use]
    pub(crate) fn keep(&mut self, body: &[u8]) -> bool {
        (self.0.is_empty() && self.0.try_extend_from_slice(body).is_ok()) || self.0.as_slice() == body
    }

    /// Whether a message is to be stored.
    pub(crate) const fn is_waiting(&self) -> bool {
        !self.0.is_empty()
    }

    /// The body of the message.
    pub(crate) fn body(&self) -> &[u8] {
        &self.0
    }

    /// Forgets the message; returns whether there was one.
    pub(crate) fn clear(&mut self) -> bool {
        let waited = self.is_waiting();
        self.0.clear();
        waited
    }
}
