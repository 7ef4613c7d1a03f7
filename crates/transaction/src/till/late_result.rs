//! Results that a terminal sends on a line with sessions after the till has gone, or has stopped waiting.

use core::fmt;

use caisse_link::Instant;
use caisse_link::serial::{Action, Event, Once, Session, State};

use crate::Dialect;
use crate::unstored::Unstored;

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
///             LateAction::Send(character) => {
///                 sent.extend_from_slice(character);
///                 late.handle_sent(now);
///             }
///             LateAction::Wait { until: Some(until) } if until.since(now).as_millis() < 100 => {
///                 now = until;
///                 late.handle_timeout(now);
///             }
///             LateAction::Wait { .. } => break,
///             LateAction::Abort => unreachable!("everything was stored"),
///         }
///     }
/// }
/// assert_eq!((stored, sent), (vec![b"010000009991978          ".to_vec()], b"\x06\x06".to_vec()));
/// ```
#[derive(Debug)]
pub struct LateResult<'s> {
    session: Session<'s, Once>,
    unstored: Unstored,
    /// Whether the line is to be aborted before anything else is done.
    aborts: bool,
}

/// What the driver has to do next.
#[derive(Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum LateAction<'m> {
    /// Store this body of a message durably, then call [`handle_persisted`](LateResult::handle_persisted) or
    /// [`handle_persist_failed`](LateResult::handle_persist_failed); until then nothing else is asked for.
    Persist(&'m [u8]),
    /// Hand this to the line: a single character.
    Send(&'static [u8]),
    /// Abort the line: a message could not be stored, and is not to be acknowledged.
    Abort,
    /// Do nothing until bytes come or this moment does.
    Wait {
        /// When to call [`handle_timeout`](LateResult::handle_timeout) at the latest.
        until: Option<Instant>,
    },
}

impl fmt::Debug for LateAction<'_> {
    /// Bytes of a message are counted, not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Persist(body) => write!(f, "Persist({} bytes)", body.len()),
            Self::Send(character) => f.debug_tuple("Send").field(character).finish(),
            Self::Abort => f.write_str("Abort"),
            Self::Wait { until } => f.debug_struct("Wait").field("until", until).finish(),
        }
    }
}

impl<'s> LateResult<'s> {
    /// Listens on a line that is open. The storage holds a frame: 512 bytes for any.
    #[must_use]
    pub const fn new(dialect: Dialect, storage: &'s mut [u8]) -> Self {
        Self { session: Session::new(dialect.session, storage), unstored: Unstored::new(), aborts: false }
    }

    /// Bytes came, in any pieces.
    pub fn handle_input(&mut self, now: Instant, bytes: &[u8]) {
        let mut input = bytes;
        while !input.is_empty() {
            self.session.handle_input(now, &mut input);
            self.hear(now);
        }
    }

    /// The system accepted the character, and it has left.
    pub fn handle_sent(&mut self, now: Instant) {
        self.session.handle_sent(now, 1);
        self.session.handle_drained(now);
        self.hear(now);
    }

    /// The system did not accept the character.
    pub fn handle_send_failed(&mut self, now: Instant) {
        self.session.handle_send_failed(now, 0);
        self.hear(now);
    }

    /// The line is gone.
    pub fn handle_closed(&mut self, now: Instant) {
        self.session.handle_closed(now);
        self.hear(now);
    }

    /// Time has passed. Harmless when it is early.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.session.handle_timeout(now);
        self.hear(now);
    }

    /// The message of [`LateAction::Persist`] is stored durably, so that the terminal may discard its copy.
    pub fn handle_persisted(&mut self, _now: Instant) {
        self.unstored.clear();
    }

    /// The message of [`LateAction::Persist`] could not be stored. The line is aborted without an acknowledgement, so that
    /// the terminal sends its result again.
    pub fn handle_persist_failed(&mut self, now: Instant) {
        if self.unstored.clear() {
            self.abort(now);
        }
    }

    fn hear(&mut self, now: Instant) {
        while let Some(event) = self.session.poll_event() {
            // There is room for one message: a different one ends the line, and the terminal sends both again.
            if matches!(event, Event::Received { .. }) && !self.unstored.keep(self.session.body()) {
                self.abort(now);
            }
        }
    }

    /// Aborts the line: it counts as closed from now on.
    fn abort(&mut self, now: Instant) {
        self.aborts = true;
        self.session.handle_closed(now);
    }

    /// What to do next. To be drained after each call of another method, until it says `Wait`.
    pub fn poll(&mut self) -> LateAction<'_> {
        if core::mem::take(&mut self.aborts) {
            return LateAction::Abort;
        }
        if self.unstored.is_waiting() {
            return LateAction::Persist(self.unstored.body());
        }
        match self.session.poll() {
            Action::Send(control) => LateAction::Send(control.bytes()),
            // Nothing was given to it that it could emit, and what happened has been heard.
            Action::Emit { .. } | Action::Event(_) => LateAction::Wait { until: None },
            Action::Wait { until } => LateAction::Wait { until },
        }
    }

    /// Whether the terminal is in the middle of something, or a message of it is to be stored.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        let is_open = *self.session.state() != State::Closed;
        self.unstored.is_waiting() || self.aborts || (is_open && !self.session.is_idle())
    }
}
