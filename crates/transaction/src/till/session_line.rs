//! A line with sessions: what they tell of the message, in the words of the transaction.

use caisse_link::serial::{
    AttemptFailure, Event, Instead, Once, Proof, SerialConfig, Session, Standing, State,
};
use caisse_link::{DrainError, Instant, SendError};
use caisse_payment::{Amount, Doubt, NotSent, Outcome, Refusal};

use super::step::Input;
use crate::dialect::RefusedMessage;

/// A session, and what is remembered of it for the outcome.
#[derive(Debug)]
pub(super) struct SessionLine<'s> {
    session: Session<'s, Once>,
    refused_message: RefusedMessage,
    /// Why the message has not left, if it has not.
    not_sent: NotSent,
    /// Why nobody knows how it ended, if the wait ends now.
    doubt: Doubt,
    /// The amount of the message that is the reason, if its amount is.
    reported_amount: Option<Amount>,
    /// Sessions that the terminal asked for before our message, and in which it has not said what it wanted.
    unheard: u8,
    /// Whether an earlier transaction's result could be mistaken for ours.
    similar: bool,
    late: u8,
}

/// What an event of the session means to the transaction.
pub(super) enum Heard {
    /// Nothing.
    Nothing,
    /// This.
    Input(Input),
    /// A message came: see [`SessionLine::body`].
    Message(Standing),
}

impl<'s> SessionLine<'s> {
    pub(super) const fn new(
        config: SerialConfig,
        refused_message: RefusedMessage,
        storage: &'s mut [u8],
    ) -> Self {
        Self {
            session: Session::new(config, storage),
            refused_message,
            not_sent: NotSent::NoAnswerToEnquiry,
            doubt: Doubt::Silence,
            reported_amount: None,
            unheard: 0,
            similar: false,
            late: 0,
        }
    }

    pub(super) const fn session(&mut self) -> &mut Session<'s, Once> {
        &mut self.session
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.session.deadline()
    }

    /// Whether somebody is still speaking.
    pub(super) fn is_busy(&self) -> bool {
        !self.session.is_idle() && *self.session.state() != State::Closed
    }

    /// Takes the message back, for this reason, unless it has been handed out.
    pub(super) fn withdraw(&mut self, now: Instant, reason: NotSent) {
        self.not_sent = reason;
        self.session.withdraw(now);
    }

    /// What came of the last sending.
    pub(super) fn handle_sent(&mut self, now: Instant, sent: Result<usize, SendError>) {
        match sent {
            Ok(accepted) => self.session.handle_sent(now, accepted),
            Err(SendError::TimedOut | SendError::Closed) => self.session.handle_send_failed(now, 0),
            Err(SendError::Uncertain) => self.session.handle_send_uncertain(now),
        }
    }

    /// Whether what was accepted has left.
    pub(super) fn handle_drained(&mut self, now: Instant, drained: Result<(), DrainError>) {
        match drained {
            Ok(()) => self.session.handle_drained(now),
            // It may never leave: the line is stopped, or gone.
            Err(_) => self.session.handle_send_uncertain(now),
        }
    }

    /// The line is gone.
    pub(super) fn close(&mut self, now: Instant) {
        self.not_sent = NotSent::ClosedBeforeSend;
        self.session.handle_closed(now);
    }

    /// The next thing that the session has to tell.
    pub(super) fn hear(&mut self) -> Option<Heard> {
        Some(match self.session.poll_event()? {
            Event::AttemptFailed(failure) => {
                self.not_sent = not_sent(failure);
                Heard::Nothing
            }
            Event::Emitted => Heard::Input(Input::Sent { all: true }),
            Event::SendBroken => Heard::Input(Input::SendUncertain),
            Event::Delivered => Heard::Input(Input::Acknowledged),
            Event::Refused if self.refused_message == RefusedMessage::Refusal => {
                let outcome = Outcome::Declined { refusal: Refusal::MessageFormat };
                Heard::Input(Input::AnswerEnded { outcome, answered: true })
            }
            Event::Refused => {
                self.doubt = Doubt::MessageRefused;
                Heard::Nothing
            }
            Event::Unacknowledged(Instead::Silence | Instead::EndOfSession) => {
                self.doubt = Doubt::NotAcknowledged;
                Heard::Nothing
            }
            Event::GaveUp { proof: Proof::NothingSent } => Heard::Input(Input::Withdrawn(self.not_sent)),
            Event::Called { .. } | Event::Unanswered if self.session.proof() == Proof::NothingSent => {
                self.unheard = self.unheard.saturating_add(1);
                Heard::Nothing
            }
            Event::CalledOff => {
                self.unheard = self.unheard.saturating_sub(1);
                Heard::Nothing
            }
            Event::Received { standing, .. } => Heard::Message(standing),
            _ => Heard::Nothing,
        })
    }

    pub(super) fn body(&self) -> &[u8] {
        self.session.body()
    }

    /// A message was an earlier transaction's. `similar`: by its content it could be ours.
    pub(super) const fn file_earlier(&mut self, similar: bool) {
        self.unheard = self.unheard.saturating_sub(1);
        self.similar |= similar;
        self.late = self.late.saturating_add(1);
    }

    /// A message came after ours and is another transaction's by its content. `reported_amount`: its amount, if that is why.
    pub(super) const fn file_stranger(&mut self, doubt: Doubt, reported_amount: Option<Amount>) {
        (self.doubt, self.reported_amount) = (doubt, reported_amount);
        self.late = self.late.saturating_add(1);
    }

    /// Whether something earlier that could be mistaken for our answer may still come, or come again.
    pub(super) const fn is_ambiguous(&self) -> bool {
        self.similar || self.unheard > 0
    }

    /// Why nobody knows how the transaction ended, if the wait ends now.
    pub(super) const fn doubt(&self) -> Doubt {
        self.doubt
    }

    /// The amount of the message that is the reason of the doubt, if its amount is.
    pub(super) const fn reported_amount(&self) -> Option<Amount> {
        self.reported_amount
    }

    pub(super) const fn late(&self) -> u8 {
        self.late
    }
}

const fn not_sent(failure: AttemptFailure) -> NotSent {
    match failure {
        AttemptFailure::Silence => NotSent::NoAnswerToEnquiry,
        AttemptFailure::Refused | AttemptFailure::Ended => NotSent::LineRefused,
        AttemptFailure::SendFailed => NotSent::SendFailed,
    }
}
