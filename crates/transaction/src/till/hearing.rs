//! What a line tells of the message: the answer, or what earlier transactions have left on the line.

use caisse_link::Instant;
use caisse_link::serial::Standing;
use caisse_payment::{Doubt, NotSent, Outcome};

use super::machine::TillMachine;
use super::result::read_result;
use super::step::{Event, Input, State};
use crate::channel::Heard;

impl TillMachine<'_> {
    /// Takes what has happened on the line.
    pub(super) fn hear(&mut self, now: Instant) {
        while let Some(heard) = self.channel.hear() {
            if let Heard::Message(standing) = heard {
                self.hear_message(now, standing);
            } else if let Some(input) = self.overheard.hear(heard) {
                self.apply(now, input);
            }
        }
    }

    /// Tells the answer from what earlier transactions have left on the line.
    fn hear_message(&mut self, now: Instant, standing: Standing) {
        let Some(started) = &self.started else { return };
        let body = self.channel.body();
        if let State::RecordingEnd(verdict)
        | State::AwaitingJournal(verdict)
        | State::Reported { verdict, .. }
        | State::Done { verdict, .. } = self.state
        {
            // A copy of the answer changes nothing. The reader keeps the answer itself.
            if read_result(&self.config.dialect, started, body).outcome != verdict.outcome {
                self.overheard.file_stranger(Doubt::PerhapsEarlier, None);
                self.persist(now);
            }
            return;
        }
        let outcome = self.reader.take_body(body, started);
        let stranger = stranger(outcome);
        let waiting = matches!(self.state, State::Waiting { .. });
        if !waiting || standing == Standing::Earlier || stranger.is_some() {
            match stranger {
                Some(doubt) if waiting && standing != Standing::Earlier => {
                    self.overheard.file_stranger(doubt, self.reader.reported_amount(started));
                }
                stranger => self.overheard.file_earlier(stranger.is_none()),
            }
            self.reader.reset();
            return self.persist(now);
        }
        let named = self.reader.has_our_reference();
        let ours = named
            || (!self.needs_reference && (standing == Standing::After || !self.overheard.is_ambiguous()));
        let outcome = match outcome {
            Outcome::Unknown { doubt } => Outcome::Unknown { doubt },
            outcome if ours => outcome,
            _ => Outcome::Unknown { doubt: Doubt::PerhapsEarlier },
        };
        let answered = self.reader.answered();
        // Whoever answers has the message.
        self.apply(now, Input::Acknowledged);
        self.show(Event::Answer);
        self.apply(now, Input::AnswerEnded { outcome, answered });
    }

    /// Asks for the message that has come to be stored. There is room for one: a different one ends the line, and the
    /// terminal sends both again.
    fn persist(&mut self, now: Instant) {
        if !self.channel.keep() {
            self.abort(now);
        }
    }

    /// The message of [`Action::Persist`](super::Action::Persist) is stored durably, so that the terminal may discard its
    /// copy.
    pub fn handle_persisted(&mut self, _now: Instant) {
        if self.channel.clear_unstored() {
            self.show(Event::LateAnswer);
        }
    }

    /// The message of [`Action::Persist`](super::Action::Persist) is stored, and contradicts what is recorded of its transaction: a
    /// person has to look at the terminal first. Before the message of this transaction leaves, that ends the transaction as not
    /// sent. Afterwards it is [`handle_persisted`](Self::handle_persisted).
    pub fn handle_contradiction(&mut self, now: Instant) {
        self.handle_persisted(now);
        self.withdraw(now, NotSent::UnexpectedBytes);
    }

    /// The message of [`Action::Persist`](super::Action::Persist) could not be stored. The line is aborted without an
    /// acknowledgement, so that the terminal sends its result again.
    pub fn handle_persist_failed(&mut self, now: Instant) {
        if self.channel.clear_unstored() {
            self.show(Event::LateAnswer);
            self.abort(now);
        }
    }

    /// Aborts the line: it counts as closed from now on.
    fn abort(&mut self, now: Instant) {
        self.channel.abort();
        self.handle_closed(now);
    }
}

/// Why an answer is another transaction's by its content, if it is: on a line that is shared with what came before, such
/// a one ends nothing.
const fn stranger(outcome: Outcome) -> Option<Doubt> {
    match outcome {
        Outcome::Unknown {
            doubt:
                doubt @ (Doubt::RegisterDiffers
                | Doubt::OperationDiffers
                | Doubt::CurrencyDiffers
                | Doubt::AmountDiffers
                | Doubt::AmountHigher
                | Doubt::PartialNotAllowed
                | Doubt::ReferenceDiffers),
        } => Some(doubt),
        _ => None,
    }
}
