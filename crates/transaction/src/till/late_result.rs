//! Results that a terminal tells on a line with sessions after the till has gone, or has stopped waiting.

use caisse_link::Instant;
use caisse_link::serial::{Action, Event, Once, Session, State};

use crate::Dialect;

/// Listens on the line and says nothing but ACK, NAK and EOT. What comes is for the driver to file, whose-ever it is, before
/// it polls for what to send: with the ACK the terminal forgets it. [`read_result`](super::read_result) reads it.
///
/// The contract is the till's: report what happens, look at [`message`](Self::message), then drain [`poll`](Self::poll).
#[derive(Debug)]
pub struct LateResult<'s> {
    session: Session<'s, Once>,
    heard: bool,
}

/// What the driver has to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum LateAction {
    /// Hand this to the line: a single character.
    Send(&'static [u8]),
    /// Do nothing until bytes come or this moment does.
    Wait {
        /// When to call [`handle_timeout`](LateResult::handle_timeout) at the latest.
        until: Option<Instant>,
    },
}

impl<'s> LateResult<'s> {
    /// Listens on a line that is open. The storage holds a frame: 512 bytes for any.
    #[must_use]
    pub const fn new(dialect: Dialect, storage: &'s mut [u8]) -> Self {
        Self { session: Session::new(dialect.session, storage), heard: false }
    }

    /// Bytes came, in any pieces.
    pub fn handle_input(&mut self, now: Instant, bytes: &[u8]) {
        let mut input = bytes;
        while !input.is_empty() {
            self.session.handle_input(now, &mut input);
            self.hear();
        }
    }

    /// The system accepted the character, and it has left.
    pub fn handle_sent(&mut self, now: Instant) {
        self.session.handle_sent(now, 1);
        self.session.handle_drained(now);
        self.hear();
    }

    /// The system did not accept the character.
    pub fn handle_send_failed(&mut self, now: Instant) {
        self.session.handle_send_failed(now, 0);
        self.hear();
    }

    /// The line is gone.
    pub fn handle_closed(&mut self, now: Instant) {
        self.session.handle_closed(now);
        self.hear();
    }

    /// Time has passed. Harmless when it is early.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.session.handle_timeout(now);
        self.hear();
    }

    fn hear(&mut self) {
        while let Some(event) = self.session.poll_event() {
            self.heard |= matches!(event, Event::Received { .. });
        }
    }

    /// The body of the message that has just come, once: to be filed before the next [`poll`](Self::poll).
    #[must_use]
    pub fn message(&mut self) -> Option<&[u8]> {
        let heard = core::mem::take(&mut self.heard);
        heard.then(|| self.session.body())
    }

    /// What to do next.
    pub fn poll(&mut self) -> LateAction {
        match self.session.poll() {
            Action::Send(control) => LateAction::Send(control.bytes()),
            // Nothing was given to it that it could emit, and what happened has been heard.
            Action::Emit { .. } | Action::Event(_) => LateAction::Wait { until: None },
            Action::Wait { until } => LateAction::Wait { until },
        }
    }

    /// Whether the terminal is in the middle of something.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        !self.session.is_idle() && *self.session.state() != State::Closed
    }
}
