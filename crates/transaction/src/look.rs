//! A last look at the line before something counts: a process that was stopped may find there what came in time.

use caisse_link::Instant;

/// The most bytes of one look. A line that never falls silent does not hold the machine.
const MAX_BYTES: usize = 64 * 1024;

/// Whether the driver has to look at the line, and what counts after that.
#[derive(Debug, Default)]
pub(crate) struct Look {
    wanted: bool,
    /// When a time was found to be over.
    due: Option<Instant>,
    /// The bytes of the present look.
    bytes: usize,
    closed: bool,
}

impl Look {
    /// Whether the driver has to look.
    pub(crate) const fn is_wanted(&self) -> bool {
        !self.closed && (self.wanted || self.due.is_some())
    }

    /// Whether nothing can come any more.
    pub(crate) const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Asks for a look.
    pub(crate) const fn want(&mut self) {
        self.wanted = true;
    }

    /// No look is needed but for a time that is over.
    pub(crate) const fn forget(&mut self) {
        self.wanted = false;
    }

    /// A time is over at this moment, as far as is known before the look.
    pub(crate) fn due(&mut self, now: Instant) {
        self.due.get_or_insert(now);
    }

    /// Counts bytes of a look; returns whether it has gone on for long enough.
    pub(crate) const fn count(&mut self, bytes: usize) -> bool {
        self.bytes = self.bytes.saturating_add(bytes);
        self.bytes > MAX_BYTES
    }

    /// The look found nothing more; returns when a time was over before it.
    pub(crate) const fn end(&mut self) -> Option<Instant> {
        (self.wanted, self.bytes) = (false, 0);
        self.due.take()
    }

    /// The line is gone: there is nothing to look at.
    pub(crate) const fn close(&mut self) {
        self.closed = true;
    }
}
