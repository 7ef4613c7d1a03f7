//! Where a message ends on TCP, which marks no end.

use core::time::Duration;

use crate::Instant;

/// What a judge says of the bytes it has seen so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Something that decides is missing, or they end inside a field that may decide: no silence ends the message.
    NeedMore,
    /// All that decides is there, and something that should follow is missing: a long silence ends the message.
    Boundary,
    /// All that the message must have is there; optional fields may follow: a short silence ends the message.
    Complete,
    /// They are not a message, and nothing that follows will make them one.
    Malformed,
}

/// Knows the content that the link does not: sees every byte once, in any pieces, and says whether the message
/// may be at its end.
pub trait Judge {
    /// Takes the next bytes, at least one.
    fn feed(&mut self, bytes: &[u8]) -> Judgement;
}

/// How a message came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Nothing came for long enough after all that decides.
    Quiet,
    /// The peer closed the connection.
    Closed,
    /// A byte could not stand where it stood.
    Malformed,
    /// More bytes than any message has.
    TooLong,
}

/// The bounds of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The silence that ends a message which is [`Complete`](Judgement::Complete).
    pub quiet: Duration,
    /// The silence that ends one which only stands at a [`Boundary`](Judgement::Boundary): longer, because something
    /// that should come is missing.
    pub patience: Duration,
    /// The most bytes of one message.
    pub longest: usize,
}

/// Finds the end of one message in a stream of bytes. Cutting the stream into other pieces changes nothing, as long
/// as no gap reaches the quiet time.
///
/// ```
/// use caisse_link::{Assembly, Ending, Instant, Judge, Judgement, Limits};
/// use core::time::Duration;
///
/// struct UntilDot;
/// impl Judge for UntilDot {
///     fn feed(&mut self, bytes: &[u8]) -> Judgement {
///         if bytes.ends_with(b".") { Judgement::Complete } else { Judgement::NeedMore }
///     }
/// }
/// let second = Duration::from_secs(1);
/// let mut assembly = Assembly::new(Limits { quiet: second, patience: second * 3, longest: 100 });
/// let start = Instant::from_millis(0);
/// assembly.handle_input(start, b"Hello.", &mut UntilDot);
/// assert_eq!(assembly.deadline(), Some(start.after(second)));
/// assembly.handle_timeout(start.after(second));
/// assert_eq!(assembly.ending(), Some(Ending::Quiet));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Assembly {
    limits: Limits,
    received: usize,
    judgement: Judgement,
    deadline: Option<Instant>,
    ending: Option<Ending>,
}

impl Assembly {
    /// Waits for the first byte of a message.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { limits, received: 0, judgement: Judgement::NeedMore, deadline: None, ending: None }
    }

    /// Takes bytes of the stream. After the end of the message they are only counted.
    pub fn handle_input<J: Judge + ?Sized>(&mut self, now: Instant, bytes: &[u8], judge: &mut J) {
        let room = self.limits.longest.saturating_sub(self.received);
        self.received = self.received.saturating_add(bytes.len());
        if self.ending.is_some() || bytes.is_empty() {
            return;
        }
        let taken = bytes.get(..room).unwrap_or(bytes);
        if !taken.is_empty() {
            self.judgement = judge.feed(taken);
        }
        self.deadline = match self.judgement {
            Judgement::NeedMore | Judgement::Malformed => None,
            Judgement::Boundary => Some(now.after(self.limits.patience)),
            Judgement::Complete => Some(now.after(self.limits.quiet)),
        };
        if self.judgement == Judgement::Malformed {
            self.end(Ending::Malformed);
        } else if taken.len() < bytes.len() {
            self.end(Ending::TooLong);
        }
    }

    /// The peer closed the connection.
    pub fn handle_closed(&mut self) {
        self.end(Ending::Closed);
    }

    /// Time has passed. Harmless when nothing is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_some_and(|deadline| now >= deadline) {
            self.end(Ending::Quiet);
        }
    }

    fn end(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
        self.deadline = None;
    }

    /// When silence will end the message, if nothing else comes.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// How the message ended; nothing while it goes on.
    #[must_use]
    pub const fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// How many bytes came, those after the end included.
    #[must_use]
    pub const fn received(&self) -> usize {
        self.received
    }
}
