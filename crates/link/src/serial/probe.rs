//! Whether a terminal is there, asked without a message.

use super::{Action, Counters, Event, Never, Readiness, Rules, SerialConfig, Session, SpeakError};
use crate::Instant;
use crate::frame::Control;

/// What the driver of a probe has to do next. There is no message in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum ProbeAction {
    /// Hand this character to the line: ENQ or EOT, nothing else.
    Send(Control),
    /// Something happened.
    Event(Event),
    /// Do nothing until something happens or this moment comes.
    Wait {
        /// When to call [`handle_timeout`](Probe::handle_timeout) at the latest.
        until: Option<Instant>,
    },
}

/// Asks for the line and gives it back: ENQ, ACK, EOT, the presence test of PYT, NM and CSV. [`Event::Opened`] says that the
/// terminal is there and ready; [`Event::AttemptFailed`] that it is busy (NAK), or silent.
///
/// It holds a [`Never`] where others hold the right to a message, so no message can leave it: whatever a terminal of the
/// older generation reads as a body, it reads an amount out of it. It grants the line to nobody: a result that a terminal
/// wants to tell is left for the till that files it, and shows as [`Event::Unanswered`].
///
/// ```compile_fail
/// # use caisse_link::Instant;
/// # use caisse_link::serial::{Probe, SerialConfig};
/// let mut storage = [0; 512];
/// let mut probe = Probe::new(SerialConfig::TILL, &mut storage);
/// probe.send(Instant::from_millis(0), 37); // there is no such method
/// ```
#[derive(Debug)]
pub struct Probe<'s>(Session<'s, Never>);

impl<'s> Probe<'s> {
    /// A probe on a line that is open. Frames that come are read into the storage and dropped.
    #[must_use]
    pub const fn new(config: SerialConfig, storage: &'s mut [u8]) -> Self {
        let rules = Rules { readiness: Readiness::Mute, takes_bare_messages: false, ..config.rules };
        Self(Session::new(SerialConfig { rules, ..config }, storage))
    }

    /// Begins.
    ///
    /// # Errors
    /// When it has begun already, or the line is gone.
    pub fn start(&mut self, now: Instant) -> Result<(), SpeakError> {
        self.0.ping(now)
    }

    /// As [`Session::poll_event`].
    pub fn poll_event(&mut self) -> Option<Event> {
        self.0.poll_event()
    }

    /// As [`Session::poll`].
    pub fn poll(&mut self) -> ProbeAction {
        match self.0.poll() {
            Action::Send(control) => ProbeAction::Send(control),
            Action::Emit { permit, .. } => match permit {},
            Action::Event(event) => ProbeAction::Event(event),
            Action::Wait { until } => ProbeAction::Wait { until },
        }
    }

    /// As [`Session::handle_sent`].
    pub fn handle_sent(&mut self, now: Instant, accepted: usize) {
        self.0.handle_sent(now, accepted);
    }

    /// As [`Session::handle_send_failed`].
    pub fn handle_send_failed(&mut self, now: Instant, accepted: usize) {
        self.0.handle_send_failed(now, accepted);
    }

    /// As [`Session::handle_send_uncertain`].
    pub fn handle_send_uncertain(&mut self, now: Instant) {
        self.0.handle_send_uncertain(now);
    }

    /// As [`Session::awaits_drain`].
    #[must_use]
    pub fn awaits_drain(&self) -> bool {
        self.0.awaits_drain()
    }

    /// As [`Session::handle_drained`].
    pub fn handle_drained(&mut self, now: Instant) {
        self.0.handle_drained(now);
    }

    /// As [`Session::handle_input`].
    pub fn handle_input(&mut self, now: Instant, input: &mut &[u8]) {
        self.0.handle_input(now, input);
    }

    /// As [`Session::handle_timeout`].
    pub fn handle_timeout(&mut self, now: Instant) {
        self.0.handle_timeout(now);
    }

    /// As [`Session::handle_closed`].
    pub fn handle_closed(&mut self, now: Instant) {
        self.0.handle_closed(now);
    }

    /// Takes the question back; an open session is ended.
    pub fn withdraw(&mut self, now: Instant) {
        self.0.withdraw(now);
    }

    /// As [`Session::deadline`].
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.0.deadline()
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.0.is_idle()
    }

    /// As [`Session::counters`].
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.0.counters()
    }
}
