//! What happens on the line beside the answer, in the words of the transaction, and what is remembered of it for the outcome.

use caisse_link::serial::{AttemptFailure, Instead};
use caisse_payment::{Amount, Doubt, NotSent, Outcome, Refusal};

use super::step::Input;
use crate::channel::Heard;
use crate::dialect::RefusedMessage;

/// What was heard on the line beside the answer.
#[derive(Debug)]
pub(super) struct Overheard {
    refused_message: RefusedMessage,
    /// Why the message has not left, if it has not.
    pub(super) not_sent: NotSent,
    /// Why nobody knows how the transaction ended if the wait ends now; nothing where the answer tells.
    doubt: Option<Doubt>,
    /// Whether a line with sessions is gone.
    lost: bool,
    /// The amount of the message that is the reason, if its amount is.
    reported_amount: Option<Amount>,
    /// Sessions that the terminal asked for before our message, and in which it has not said what it wanted.
    unheard: u8,
    /// Whether an earlier transaction's result could be mistaken for ours.
    similar: bool,
    late: u8,
}

impl Overheard {
    pub(super) const fn new(refused_message: RefusedMessage) -> Self {
        Self {
            refused_message,
            not_sent: NotSent::NoAnswerToEnquiry,
            doubt: None,
            lost: false,
            reported_amount: None,
            unheard: 0,
            similar: false,
            late: 0,
        }
    }

    /// What this means to the transaction, if anything.
    pub(super) const fn hear(&mut self, heard: Heard) -> Option<Input> {
        Some(match heard {
            Heard::Sent { all } => Input::Sent { all },
            Heard::SendFailed => Input::SendFailed,
            Heard::SendBroken => Input::SendUncertain,
            Heard::NotSent => Input::Withdrawn(self.not_sent),
            Heard::Unexpected => Input::Withdrawn(NotSent::UnexpectedBytes),
            Heard::Delivered => Input::Acknowledged,
            Heard::Answer => Input::AnswerBegan,
            Heard::Refused if matches!(self.refused_message, RefusedMessage::Refusal) => {
                let outcome = Outcome::Declined { refusal: Refusal::MessageFormat };
                Input::AnswerEnded { outcome, answered: true }
            }
            other => {
                self.remember(other);
                return None;
            }
        })
    }

    const fn remember(&mut self, heard: Heard) {
        match heard {
            Heard::AttemptFailed(failure) => self.not_sent = not_sent(failure),
            Heard::Refused => self.doubt = Some(Doubt::MessageRefused),
            Heard::Unacknowledged(Instead::Silence | Instead::EndOfSession) => {
                self.doubt = Some(Doubt::NotAcknowledged);
            }
            Heard::Called => self.unheard = self.unheard.saturating_add(1),
            Heard::CalledOff => self.unheard = self.unheard.saturating_sub(1),
            Heard::Lost => self.lost = true,
            _ => {}
        }
    }

    /// A message was an earlier transaction's. `similar`: by its content it could be ours.
    pub(super) const fn file_earlier(&mut self, similar: bool) {
        self.unheard = self.unheard.saturating_sub(1);
        self.similar |= similar;
        self.late = self.late.saturating_add(1);
    }

    /// A message came after ours and is another transaction's by its content. `reported_amount`: its amount, if that is why.
    pub(super) const fn file_stranger(&mut self, doubt: Doubt, reported_amount: Option<Amount>) {
        (self.doubt, self.reported_amount) = (Some(doubt), reported_amount);
        self.late = self.late.saturating_add(1);
    }

    /// Whether something earlier that could be mistaken for our answer may still come, or come again.
    pub(super) const fn is_ambiguous(&self) -> bool {
        self.similar || self.unheard > 0
    }

    /// Why nobody knows how the transaction ended if the wait ends now; nothing where the answer tells.
    pub(super) const fn doubt(&self) -> Option<Doubt> {
        if self.lost { Some(Doubt::LineLost) } else { self.doubt }
    }

    /// The amount of the message that is the reason of the doubt, if its amount is.
    pub(super) const fn reported_amount(&self) -> Option<Amount> {
        self.reported_amount
    }

    /// How many messages were another transaction's.
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
