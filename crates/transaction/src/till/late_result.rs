//! A result that a terminal tells on a line with sessions after the till has gone, or has stopped waiting.

use caisse_codec::wire::Answer;
use caisse_link::Instant;
use caisse_link::frame::LONGEST_BODY;
use caisse_link::serial::{Action, Event, Once, Session, State};
use caisse_payment::Outcome;
use caisse_payment::entry::RawStatus;

use super::reader::Reader;
use crate::{Config, Request};

/// Listens on the line and says nothing but ACK, NAK and EOT. A result that comes is compared with the request in doubt:
/// what it proves beyond that is for [`weigh_result`](crate::recovery::weigh_result) to say.
///
/// The contract is the till's: report what happens, then drain [`poll`](Self::poll).
#[derive(Debug)]
pub struct LateResult<'s> {
    request: Request,
    session: Session<'s, Once>,
    reader: Reader<'s>,
    outcome: Option<Outcome>,
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
    /// Listens on a line that is open. The storage is as for [`TillMachine`](super::TillMachine::new).
    #[must_use]
    pub fn new(config: Config, request: Request, storage: &'s mut [u8]) -> Self {
        let dialect = config.dialect;
        let half = storage.len().div_ceil(2).min(LONGEST_BODY);
        let (frame, rest) = storage.split_at_mut_checked(half).unwrap_or_default();
        let mut reader = Reader::new(&dialect, false, rest);
        reader.ask(false, request.nonce(&dialect));
        Self { request, session: Session::new(dialect.session, frame), reader, outcome: None }
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

    /// The first result that came counts: a copy of it, after a lost acknowledgement, says the same.
    fn hear(&mut self) {
        while let Some(event) = self.session.poll_event() {
            if let (Event::Received { .. }, None) = (event, self.outcome) {
                let outcome = self.reader.take_body(self.session.body(), &self.request.content);
                self.outcome = Some(outcome);
            }
        }
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

    /// What the result that came says of the request; nothing while none has come.
    #[must_use]
    pub const fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }

    /// The result that came, as far as it fitted.
    #[must_use]
    pub fn answer(&self) -> Option<Answer<'_>> {
        self.reader.answer().filter(|_| self.outcome.is_some())
    }

    /// The status as it stood on the wire.
    #[must_use]
    pub fn raw_status(&self) -> RawStatus {
        self.reader.raw_status()
    }
}
