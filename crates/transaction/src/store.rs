//! Whole fields of a stream, kept in the caller's storage.

use core::fmt;

use caisse_codec::{HEADER, Message};

/// Collects fields as they come. One that does not fit is skipped by its length and counted; one that is cut leaves no
/// trace. The storage is borrowed bytes, or anything that holds some.
pub(crate) struct FieldStore<S> {
    storage: S,
    /// Bytes of whole fields.
    whole: usize,
    /// Bytes of the field that is being read; nothing while it is skipped.
    open: Option<usize>,
    skipped: usize,
}

impl<S: AsRef<[u8]> + AsMut<[u8]>> fmt::Debug for FieldStore<S> {
    /// The bytes are somebody's card and ticket: `Message` shows what may be shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldStore({:?}, {} skipped)", self.message(), self.skipped)
    }
}

impl<S: AsRef<[u8]> + AsMut<[u8]>> FieldStore<S> {
    pub(crate) const fn new(storage: S) -> Self {
        Self { storage, whole: 0, open: None, skipped: 0 }
    }

    /// Forgets what was kept.
    pub(crate) const fn reset(&mut self) {
        (self.whole, self.open, self.skipped) = (0, None, 0);
    }

    pub(crate) fn begin(&mut self, header: &[u8; HEADER], length: usize) {
        let free = self.storage.as_mut().get_mut(self.whole..).unwrap_or_default();
        let fits = free.len() >= HEADER.saturating_add(length);
        self.open = None;
        if let Some(target) = free.get_mut(..HEADER).filter(|_| fits) {
            target.copy_from_slice(header);
            self.open = Some(HEADER);
        }
    }

    pub(crate) fn value(&mut self, bytes: &[u8]) {
        let Some(open) = self.open else { return };
        let start = self.whole.saturating_add(open);
        let end = start.saturating_add(bytes.len());
        if let Some(target) = self.storage.as_mut().get_mut(start..end) {
            target.copy_from_slice(bytes);
            self.open = Some(open.saturating_add(bytes.len()));
        }
    }

    pub(crate) fn end(&mut self) {
        match self.open.take() {
            Some(length) => self.whole = self.whole.saturating_add(length),
            None => self.skipped = self.skipped.saturating_add(1),
        }
    }

    pub(crate) fn message(&self) -> Message<'_> {
        Message::read(self.storage.as_ref().get(..self.whole).unwrap_or_default()).0
    }

    /// Fields that did not fit.
    pub(crate) const fn skipped(&self) -> usize {
        self.skipped
    }
}
