//! Results that a terminal sends on a line with sessions after the till has gone, or has stopped waiting.

use core::fmt;

use caisse_link::{DrainError, Instant, Judge, Judgement, ReceiveError, Received, SendError};

use crate::Dialect;
use crate::channel::{Channel, Heard};
use crate::look::Look;

/// Listens on the line and sends nothing but ACK, NAK and EOT. Each message is for the driver to store, whose-ever it is,
/// before the terminal receives its acknowledgement: with that the terminal discards it.
/// [`read_result`](super::read_result) reads it.
///
/// The contract is the till's: report what happens, then drain [`poll`](Self::poll).
///
/// ```
/// use caisse_transaction::till::{LateAction, LateResult};
/// use caisse_transaction::{Dialect, Instant};
///
/// let mut storage = [0; 512];
/// let mut late = LateResult::new(Dialect::CONCERT_E_PLUS, &mut storage);
/// let (mut now, mut stored, mut sent) = (Instant::from_millis(0), vec![], vec![]);
/// for bytes in [&b"\x05"[..], b"\x02010000009991978          \x03\x3c", b"\x04"] {
///     late.handle_input(now, bytes);
///     loop {
///         match late.poll() {
///             LateAction::Persist(body) => {
///                 stored.push(body.to_vec());
///                 late.handle_persisted(now);
///             }
///             LateAction::Look => late.handle_idle(now), // nothing has come
///             LateAction::Send(character) => {
///                 sent.extend_from_slice(character);
///                 late.handle_sent(now, Ok(1));
///             }
///             LateAction::Drain => late.handle_drained(now, Ok(())),
///             LateAction::Wait { until: Some(until) } if until.since(now).as_millis() < 100 => {
///                 now = until;
///                 late.handle_timeout(now);
///             }
///             LateAction::Wait { .. } => break,
///             LateAction::Abort | LateAction::Done => unreachable!("everything was stored"),
///         }
///     }
/// }
/// assert_eq!((stored, sent), (vec![b"010000009991978          ".to_vec()], b"\x06\x06".to_vec()));
/// ```
#[derive(Debug)]
pub struct LateResult<'s> {
    channel: Channel<'s>,
    look: Look,
    closed: bool,
}

/// What the driver has to do next.
#[derive(Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum LateAction<'m> {
    /// Store this body of a message durably, then call [`handle_persisted`](LateResult::handle_persisted) or
    /// [`handle_persist_failed`](LateResult::handle_persist_failed); until then nothing else is asked for.
    Persist(&'m [u8]),
    /// Take what has come on the line, without waiting, then call [`handle_received`](LateResult::handle_received). Asked for
    /// before a time-out counts.
    Look,
    /// Hand this to the line, a single character, then call [`handle_sent`](LateResult::handle_sent).
    Send(&'m [u8]),
    /// Wait until the character has left the machine, then call [`handle_drained`](LateResult::handle_drained).
    Drain,
    /// Abort the line: a message could not be stored, and is not to be acknowledged.
    Abort,
    /// Do nothing until bytes come or this moment does.
    Wait {
        /// When to call [`handle_timeout`](LateResult::handle_timeout) at the latest.
        until: Option<Instant>,
    },
    /// The line is gone.
    Done,
}

impl fmt::Debug for LateAction<'_> {
    /// Bytes of a message are counted, not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Persist(body) => write!(f, "Persist({} bytes)", body.len()),
            Self::Look => f.write_str("Look"),
            Self::Send(bytes) => write!(f, "Send({} bytes)", bytes.len()),
            Self::Drain => f.write_str("Drain"),
            Self::Abort => f.write_str("Abort"),
            Self::Wait { until } => f.debug_struct("Wait").field("until", until).finish(),
            Self::Done => f.write_str("Done"),
        }
    }
}

/// A line with sessions carries no stream.
struct NoStream;

impl Judge for NoStream {
    fn feed(&mut self, _: &[u8]) -> Judgement {
        Judgement::Malformed
    }
}

impl<'s> LateResult<'s> {
    /// Listens on a line that is open. The storage holds a frame: 512 bytes for any.
    #[must_use]
    pub fn new(dialect: Dialect, storage: &'s mut [u8]) -> Self {
        let channel = Channel::session(dialect.session, storage);
        Self { channel, look: Look::default(), closed: false }
    }

    /// What came of [`LateAction::Look`] or of waiting: bytes at the start of this buffer, nothing, or the end of the line.
    pub fn handle_received(&mut self, now: Instant, received: Result<Received, ReceiveError>, buffer: &[u8]) {
        match received {
            Ok(Received::Bytes(count)) => self.handle_input(now, buffer.get(..count).unwrap_or_default()),
            Ok(Received::Nothing) => self.handle_idle(now),
            Ok(Received::Closed) | Err(ReceiveError) => self.handle_closed(now),
        }
    }

    /// Bytes came, in any pieces.
    pub fn handle_input(&mut self, now: Instant, bytes: &[u8]) {
        let mut input = bytes;
        while !input.is_empty() {
            self.channel.handle_input(now, &mut input, &mut NoStream);
            self.hear(now);
        }
        if self.look.is_wanted() && self.look.count(bytes.len()) {
            self.handle_idle(now);
        }
    }

    /// A look at the line found nothing more. Harmless when no look was asked for.
    pub fn handle_idle(&mut self, _now: Instant) {
        if let Some(at) = self.look.end() {
            self.channel.handle_timeout(at);
            self.hear(at);
        }
    }

    /// What came of [`LateAction::Send`].
    pub fn handle_sent(&mut self, now: Instant, sent: Result<usize, SendError>) {
        self.channel.handle_sent(now, sent);
        self.hear(now);
    }

    /// What came of [`LateAction::Drain`].
    pub fn handle_drained(&mut self, now: Instant, drained: Result<(), DrainError>) {
        self.channel.handle_drained(now, drained);
        self.hear(now);
    }

    /// The line is gone.
    pub fn handle_closed(&mut self, now: Instant) {
        self.closed = true;
        self.channel.handle_closed(now);
        self.hear(now);
    }

    /// Time has passed. Harmless when it is early. Where a time is over, [`poll`](Self::poll) asks for a last look at the
    /// line before it counts.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.channel.deadline().is_some_and(|at| now >= at) {
            self.look.due(now);
        }
    }

    /// The message of [`LateAction::Persist`] is stored durably, so that the terminal may discard its copy.
    pub fn handle_persisted(&mut self, _now: Instant) {
        self.channel.clear_unstored();
    }

    /// The message of [`LateAction::Persist`] could not be stored. The line is aborted without an acknowledgement, so that
    /// the terminal sends its result again.
    pub fn handle_persist_failed(&mut self, now: Instant) {
        if self.channel.clear_unstored() {
            self.abort(now);
        }
    }

    fn hear(&mut self, now: Instant) {
        while let Some(heard) = self.channel.hear() {
            // There is room for one message: a different one ends the line, and the terminal sends both again.
            if matches!(heard, Heard::Message(_)) && !self.channel.keep() {
                self.abort(now);
            }
        }
    }

    /// Aborts the line: it counts as closed from now on.
    fn abort(&mut self, now: Instant) {
        self.channel.abort();
        self.handle_closed(now);
    }

    /// What to do next. To be drained after each call of another method, until it says `Wait` or `Done`.
    pub fn poll(&mut self) -> LateAction<'_> {
        if self.channel.take_abort() {
            return LateAction::Abort;
        }
        if self.channel.unstored().is_waiting() {
            return LateAction::Persist(self.channel.unstored().body());
        }
        if self.closed {
            return LateAction::Done;
        }
        if self.channel.awaits_drain() {
            return LateAction::Drain;
        }
        if self.look.is_wanted() {
            return LateAction::Look;
        }
        let until = self.channel.deadline();
        self.channel.poll().map_or(LateAction::Wait { until }, LateAction::Send)
    }

    /// Whether the terminal is in the middle of something.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.channel.is_busy()
    }
}
