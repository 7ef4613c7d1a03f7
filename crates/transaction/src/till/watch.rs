//! Reads the line before a time-out, a give-up or an early verdict counts, and reads on after an early verdict.

use core::time::Duration;

use caisse_link::Instant;
use caisse_payment::{Doubt, Outcome, Transaction};

use super::contradiction::Contradiction;
use super::machine::TillMachine;
use super::step::{Dispute, Input, State};
use crate::look::Look;

/// The longest time that the till reads on after an early verdict, however slowly bytes come.
const MAX_READING_ON: Duration = Duration::from_secs(10);

/// What a look at the line is for, and what is known of the line.
#[derive(Debug, Default)]
pub(super) struct Watch {
    look: Look,
    giving_up: bool,
    /// Whether the verdict is an early one, so that later bytes may contradict it.
    reads_on: bool,
    /// What the whole answer proves, if that contradicts the verdict.
    contradiction: Option<Outcome>,
}

impl Watch {
    /// Whether the driver has to look.
    pub(super) const fn looks(&self) -> bool {
        self.look.is_wanted() || (self.giving_up && !self.look.is_closed())
    }

    /// A time is over at this moment, as far as is known before the look.
    pub(super) fn due(&mut self, now: Instant) {
        self.look.due(now);
    }

    pub(super) const fn give_up(&mut self) {
        self.giving_up = true;
    }

    pub(super) const fn look(&mut self) {
        self.look.want();
    }

    /// Nothing is left to be sent, so that the look before it is not needed.
    pub(super) const fn forget_look(&mut self) {
        self.look.forget();
    }

    /// The line is gone; returns whether a give-up waited for its look.
    pub(super) const fn close(&mut self) -> bool {
        self.look.close();
        core::mem::replace(&mut self.giving_up, false)
    }
}

impl TillMachine<'_> {
    /// A look at the line found nothing more. Harmless when no look was asked for.
    pub fn handle_idle(&mut self, now: Instant) {
        if !self.watch.looks() {
            return;
        }
        let (due, giving_up) = (self.watch.look.end(), core::mem::take(&mut self.watch.giving_up));
        if let Some(outcome) = self.decided() {
            self.watch.reads_on = true;
            self.apply(now, Input::AnswerEnded { outcome, answered: true });
        }
        if giving_up {
            self.stop_waiting(now);
        }
        // Only what was over before the look: bytes may have come since.
        if let Some(at) = due {
            self.expire(at);
        }
    }

    /// Counts bytes of the present look, and ends a look that has no end.
    pub(super) fn count_looked(&mut self, now: Instant, bytes: usize) {
        if self.watch.looks() && self.watch.look.count(bytes) {
            self.handle_idle(now);
        }
    }

    /// Whether bytes can come.
    pub(super) const fn is_open(&self) -> bool {
        let connected = matches!(
            self.state,
            State::Sending { .. }
                | State::Waiting { .. }
                | State::RecordingEnd(_)
                | State::AwaitingJournal(_)
                | State::Reported { .. }
        );
        connected && !self.watch.look.is_closed()
    }

    /// What the content of a stream decides already.
    pub(super) fn decided(&self) -> Option<Outcome> {
        let (State::Waiting { .. }, Some(started)) = (self.state, &self.started) else { return None };
        self.reader.decided(started).filter(|_| self.channel.ending().is_none())
    }

    /// Lets the times count that are over at this moment.
    pub(super) fn expire(&mut self, now: Instant) {
        if let Some((timer, _)) = self.timer.filter(|(_, at)| now >= *at) {
            self.timer = None;
            self.apply(now, Input::Expired(timer));
        }
        if self.linger_deadline.is_some_and(|at| now >= at) {
            self.linger_deadline = None;
        }
        self.channel.handle_timeout(now);
        self.hear(now);
        let late = self.answer_deadline.is_some_and(|deadline| now >= deadline);
        self.settle(now, late);
        self.compare(now);
    }

    /// Ends the wait when the answer has ended, or when its time is over.
    pub(super) fn settle(&mut self, now: Instant, late: bool) {
        let (State::Waiting { .. }, Some(started)) = (self.state, &self.started) else { return };
        let ending = self.channel.ending();
        if ending.is_none() && !late {
            return;
        }
        let outcome = match self.overheard.doubt() {
            Some(doubt) => Outcome::Unknown { doubt },
            None => self.reader.outcome(started, ending, self.channel.received()),
        };
        let answered = self.reader.answered();
        self.apply(now, Input::AnswerEnded { outcome, answered });
    }

    /// The application waits no longer, and the line has been looked at: what has come is judged as if the terminal had
    /// closed the connection.
    pub(super) fn stop_waiting(&mut self, now: Instant) {
        if matches!(self.state, State::Waiting { .. }) && self.reader.answered() {
            self.channel.end_answer();
            self.settle(now, true);
        }
        self.stop(now, Input::GivenUp);
        // Nor does the till wait for the end of a session, for a busy journal, or for bytes after the verdict.
        self.gave_up = true;
        self.compare(now);
    }

    /// Whether bytes on a stream are an answer, or contradict one.
    pub(super) const fn reads(&self) -> bool {
        matches!(self.state, State::Waiting { .. } | State::Sending { begun: true }) || self.is_read_on()
    }

    /// Whether the till reads on although the verdict is certain.
    pub(super) const fn is_read_on(&self) -> bool {
        let decided =
            matches!(self.state, State::RecordingEnd(_) | State::AwaitingJournal(_) | State::Reported { .. });
        decided && self.watch.reads_on
    }

    /// The verdict is reported. What was read while the end was being recorded may contradict it already.
    pub(super) fn begin_to_read_on(&mut self, now: Instant, session: Duration) {
        let limit = if self.channel.is_own() { MAX_READING_ON } else { session };
        self.linger_deadline = Some(now.after(limit)).filter(|_| !self.watch.look.is_closed());
        self.compare(now);
    }

    /// Whether bytes after the verdict may still come: on a line with sessions our acknowledgement of the answer is to be
    /// sent, or the terminal's EOT to be read; on a stream the answer has not been quiet for long enough.
    fn lingers(&self) -> bool {
        let reads_on = self.watch.reads_on && self.channel.ending().is_none();
        (reads_on || self.channel.is_busy()) && !self.gave_up && self.linger_deadline.is_some()
    }

    /// Holds what has come since an early verdict against it.
    pub(super) fn compare(&mut self, now: Instant) {
        let State::Reported { verdict, dispute: Dispute::None, .. } = self.state else { return };
        let Some(started) = self.started.as_ref().filter(|_| self.watch.reads_on) else { return };
        // A field that is not whole may end well.
        if self.reader.is_inside() && self.lingers() {
            return;
        }
        let (ending, received) = (self.channel.ending(), self.channel.received());
        let outcome = self.reader.outcome(started, ending, received);
        if outcome != verdict.outcome {
            self.watch.contradiction = Some(outcome);
            self.apply(now, Input::Contradicted);
        }
    }

    /// What contradicts the verdict.
    pub(super) fn contradiction(&self, started: &Transaction) -> Contradiction {
        let fallback = Outcome::Unknown { doubt: Doubt::Contradiction };
        let verdict = match self.state {
            State::Reported { verdict, .. } | State::Done { verdict, .. } => Some(verdict.outcome),
            _ => None,
        };
        Contradiction {
            id: started.id,
            asked: started.amount,
            reported: verdict.unwrap_or(fallback),
            outcome: self.watch.contradiction.unwrap_or(fallback),
        }
    }

    /// Frees the terminal once nothing more is to be read or written.
    pub(super) fn release(&mut self) {
        if let State::Reported { dispute, .. } = self.state
            && !dispute.is_pending()
            && !self.lingers()
        {
            // This starts no timer, so that the moment does not matter.
            self.apply(Instant::default(), Input::Released);
        }
    }
}
