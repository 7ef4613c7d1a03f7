//! Places in a text, as Java's `String` finds them.

/// The text that is read.
#[derive(Clone, Copy)]
pub(super) struct Text<'t>(pub(super) &'t [u16]);

/// A place that does not exist: Java throws `IndexOutOfBoundsException`.
#[derive(Debug)]
pub(super) struct OutOfBounds;

impl<'t> Text<'t> {
    pub(super) const fn len(self) -> usize {
        self.0.len()
    }

    /// `startsWith(prefix, at)`.
    pub(super) fn starts_with(self, prefix: &str, at: usize) -> bool {
        let Some(rest) = self.0.get(at..) else { return false };
        let mut rest = rest.iter().copied();
        prefix.encode_utf16().all(|unit| rest.next() == Some(unit))
    }

    /// `indexOf(byte, from)`.
    pub(super) fn find(self, byte: u8, from: usize) -> Option<usize> {
        let rest = self.0.get(from..)?;
        let place = rest.iter().position(|unit| *unit == u16::from(byte))?;
        from.checked_add(place)
    }

    /// `lastIndexOf(byte)`.
    pub(super) fn find_last(self, byte: u8) -> Option<usize> {
        self.0.iter().rposition(|unit| *unit == u16::from(byte))
    }

    /// `charAt(at)`.
    pub(super) fn at(self, at: usize) -> Result<u16, OutOfBounds> {
        self.0.get(at).copied().ok_or(OutOfBounds)
    }

    /// `substring(from, to)`; a place that was not found is none.
    pub(super) fn cut(self, from: usize, to: impl Into<Option<usize>>) -> Result<&'t [u16], OutOfBounds> {
        let to = to.into().ok_or(OutOfBounds)?;
        self.0.get(from..to).ok_or(OutOfBounds)
    }

    /// `substring(from)`.
    pub(super) fn behind(self, from: usize) -> Result<&'t [u16], OutOfBounds> {
        self.0.get(from..).ok_or(OutOfBounds)
    }
}

/// Remembers where a byte comes next, so that a text is not searched to its end for every item.
pub(super) struct Next {
    byte: u8,
    from: usize,
    found: Option<usize>,
}

impl Next {
    pub(super) fn new(byte: u8, text: Text<'_>) -> Self {
        Self { byte, from: 0, found: text.find(byte, 0) }
    }

    /// `text.find(byte, from)`.
    pub(super) fn find(&mut self, text: Text<'_>, from: usize) -> Option<usize> {
        let known = from >= self.from && self.found.is_none_or(|found| found >= from);
        if !known {
            self.found = text.find(self.byte, from);
            self.from = from;
        }
        self.found
    }
}
