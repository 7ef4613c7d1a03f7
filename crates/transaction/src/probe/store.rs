//! What the terminal said, whole and as it came.

use core::fmt;

use caisse_codec::{Answer, Message, Remainder, Tag};
use caisse_link::frame::{ETX, STX, check_byte};
use caisse_link::{Judge, Judgement};

/// The bytes that came, in the storage of the caller. What does not fit is counted.
pub(super) struct Store<'s> {
    storage: &'s mut [u8],
    length: usize,
    dropped: usize,
    ticket: bool,
}

/// A stream as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Read<'a> {
    /// The whole fields.
    pub(super) message: Message<'a>,
    /// Whether STX stood in front.
    pub(super) framed: bool,
    /// How they go on.
    pub(super) end: End,
}

/// How a stream goes on behind its whole fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// A field may follow, or nothing.
    Boundary,
    /// A frame has ended, and its check byte is right.
    Closed,
    /// More must follow.
    Cut,
    /// No message.
    Broken,
}

impl fmt::Debug for Store<'_> {
    /// The bytes may be somebody's ticket.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({} bytes, {} dropped)", self.length, self.dropped)
    }
}

impl<'s> Store<'s> {
    /// `ticket`: whether the answer is to carry one.
    pub(super) const fn new(storage: &'s mut [u8], ticket: bool) -> Self {
        Self { storage, length: 0, dropped: 0, ticket }
    }

    pub(super) fn take(&mut self, bytes: &[u8]) {
        let free = self.storage.get_mut(self.length..).unwrap_or_default();
        let count = bytes.len().min(free.len());
        for (slot, byte) in free.iter_mut().zip(bytes) {
            *slot = *byte;
        }
        self.length = self.length.saturating_add(count);
        self.dropped = self.dropped.saturating_add(bytes.len().saturating_sub(count));
    }

    pub(super) const fn clear(&mut self) {
        (self.length, self.dropped) = (0, 0);
    }

    /// How many bytes came.
    pub(super) const fn received(&self) -> usize {
        self.length.saturating_add(self.dropped)
    }

    /// How many of them were not kept.
    pub(super) const fn dropped(&self) -> usize {
        self.dropped
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.storage.get(..self.length).unwrap_or_default()
    }

    pub(super) fn read(&self) -> Read<'_> {
        read(self.bytes())
    }

    pub(super) fn answer(&self) -> Answer<'_> {
        Answer::new(self.read().message)
    }

    /// Whether all that such an answer carries is there.
    fn is_complete(&self, message: Message<'_>) -> bool {
        let has = |tag| message.get(tag).is_some();
        let performed = message.get(Tag::AE).is_some_and(|field| field.value() == b"10");
        let reason = performed || has(Tag::AF);
        has(Tag::AE) && has(Tag::CD) && reason && (!self.ticket || !performed || has(Tag::ZT))
    }
}

fn read(bytes: &[u8]) -> Read<'_> {
    let framed = bytes.first() == Some(&STX);
    if !framed {
        let (message, end) = fields(bytes);
        return Read { message, framed, end };
    }
    let content = bytes.get(1..).unwrap_or_default();
    let Some(length) = content.iter().position(|byte| *byte == ETX) else {
        let (message, end) = fields(content);
        return Read { message, framed, end: if end == End::Broken { end } else { End::Cut } };
    };
    let (body, behind) = content.split_at_checked(length).unwrap_or_default();
    let (message, end) = fields(body);
    // The byte behind ETX is the check byte, whatever it is.
    let end = match (end, behind.get(1)) {
        (End::Boundary, Some(check)) if *check == check_byte(body) => End::Closed,
        (End::Boundary, None) => End::Cut,
        _ => End::Broken,
    };
    Read { message, framed, end }
}

/// Whole fields, and blanks or line ends behind them, which real terminals send.
fn fields(bytes: &[u8]) -> (Message<'_>, End) {
    let (message, remainder) = Message::read(bytes);
    let rest = bytes.get(message.as_bytes().len()..).unwrap_or_default();
    let blank = rest.iter().all(|byte| matches!(byte, b'\r' | b'\n' | b' '));
    let end = match remainder {
        Remainder::Boundary => End::Boundary,
        _ if blank && !message.as_bytes().is_empty() => End::Boundary,
        Remainder::NeedMore(_) => End::Cut,
        Remainder::Malformed(_) => End::Broken,
    };
    (message, end)
}

impl Judge for Store<'_> {
    fn feed(&mut self, bytes: &[u8]) -> Judgement {
        self.take(bytes);
        let read = self.read();
        match read.end {
            // What does not fit any more is not read: silence or the bounds end it.
            _ if self.dropped > 0 => Judgement::Boundary,
            End::Cut => Judgement::NeedMore,
            End::Boundary if self.is_complete(read.message) => Judgement::Complete,
            End::Boundary => Judgement::Boundary,
            // Not a message: a little more of it may show what it is.
            End::Closed | End::Broken => Judgement::Complete,
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;

    fn end(bytes: &[u8]) -> End {
        read(bytes).end
    }

    #[test]
    fn each_way_a_stream_goes_on() {
        for (bytes, expected) in [
            (b"".as_slice(), End::Boundary),
            (b"CZ0040300", End::Boundary),
            (b"CZ0040300AE00210\r\n ", End::Boundary),
            (b"CZ0040300A", End::Cut),
            (b"CZ00403", End::Cut),
            (b"HTTP/1.1 400", End::Broken),
            (b"\r\n", End::Broken),
            (b"CZ0040300\r\nHTTP", End::Broken),
            (b"\x05", End::Broken),
            (b"\x02", End::Cut),
            (b"\x02CZ0040300", End::Cut),
            (b"\x02CZ0040300\x03", End::Cut),
            // The check byte of CZ0040300.
            (b"\x02CZ0040300\x03\x2d", End::Closed),
            (b"\x02CZ0040300\x03\x2c", End::Broken),
            (b"\x02CZ00403\x03\x2d", End::Broken),
            (b"\x020171\x03", End::Broken),
        ] {
            assert_eq!(end(bytes), expected, "{bytes:02x?}");
        }
        assert_eq!(check_byte(b"CZ0040300"), 0x2d);
        assert!(read(b"\x02CZ0040300\x03\x2d").framed && !read(b"CZ0040300").framed);
        assert_eq!(read(b"\x02CZ0040300\x03\x2d").message.as_bytes(), b"CZ0040300");
    }

    #[test]
    fn what_ends_an_answer() {
        let judge = |bytes: &[u8], ticket| Store::new(&mut [0; 128], ticket).feed(bytes);
        for (bytes, ticket, expected) in [
            (b"CZ0040301CA00201CD001IAE00210".as_slice(), false, Judgement::Complete),
            (b"CZ0040301CA00201CD001I", false, Judgement::Boundary),
            (b"CZ0040301CA00201AE00210", false, Judgement::Boundary),
            (b"CZ0040301CD0013AE00201", false, Judgement::Boundary),
            (b"CZ0040301CD0013AE00201AF00212", false, Judgement::Complete),
            (b"CZ0040301CD0013AE00210", true, Judgement::Boundary),
            (b"CZ0040301CD0013AE00210ZT003abc", true, Judgement::Complete),
            (b"CZ0040301CD0013AE00201AF00207", true, Judgement::Complete),
            (b"CZ0040301CD00", false, Judgement::NeedMore),
            (b"HTTP/1.1", false, Judgement::Complete),
        ] {
            assert_eq!(judge(bytes, ticket), expected, "{bytes:02x?}");
        }
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let mut storage = [0; 12];
        let mut store = Store::new(&mut storage, false);
        assert_eq!(store.feed(b"CZ0040300AE0"), Judgement::NeedMore);
        // What is not kept is not missed: only silence or the bounds end it.
        assert_eq!(store.feed(b"0210CD001I"), Judgement::Boundary);
        assert_eq!((store.received(), store.dropped()), (22, 10));
        assert_eq!(store.bytes(), b"CZ0040300AE0");
        assert_eq!(std::format!("{store:?}"), "Store(12 bytes, 10 dropped)");
        store.clear();
        assert_eq!((store.received(), store.bytes()), (0, b"".as_slice()));
    }
}
