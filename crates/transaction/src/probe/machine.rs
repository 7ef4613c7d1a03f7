//! One question to a terminal, without money.

use core::fmt;

use arrayvec::ArrayVec;
use caisse_codec::{Answer, Tag};
use caisse_link::frame::LONGEST_BODY;
use caisse_link::serial::{AttemptFailure, DataBits, Instead};
use caisse_link::{ConnectError, DrainError, Ending, Instant, ReceiveError, Received, SendError};
use caisse_payment::NotSent;

use super::config::{ProbeConfig, QuestionError};
use super::finding::{Finding, ProbeAction, ProbeReport};
use super::message::{self, Question};
use super::store::{End, Store};
use super::voice::Voice;
use crate::channel::{Channel, Heard};
use crate::look::Look;
use crate::results::not_connected;

/// How long a session may go on after the answer: the terminal's EOT comes within 3 s, or not at all.
const LINGER: core::time::Duration = core::time::Duration::from_secs(5);

/// How much of what was heard is kept to tell who speaks.
const SAMPLE: usize = 128;

/// Asks one [`Question`], without socket, clock or file: the driver reports what happens, and after each report drains
/// [`poll`](Self::poll) until it says `Wait` or `Done`.
///
/// ```
/// use caisse_transaction::probe::{Finding, ProbeAction, ProbeConfig, ProbeMachine, Question};
/// use caisse_transaction::{Dialect, Instant};
///
/// let mut storage = [0; 1024];
/// let config = ProbeConfig::new(Dialect::INGENICO, "012345678901".parse()?);
/// let mut probe = ProbeMachine::new(config, Question::Identification, &mut storage)?;
/// let now = Instant::from_millis(0);
/// probe.start(now);
/// let finding = loop {
///     match probe.poll() {
///         ProbeAction::Connect => probe.handle_connected(now, Ok(())),
///         ProbeAction::Send(bytes) => {
///             assert_eq!(bytes, b"CZ0040300CJ012012345678901CA00201CD001I");
///             let accepted = bytes.len();
///             probe.handle_sent(now, Ok(accepted));
///         }
///         ProbeAction::Drain => probe.handle_drained(now, Ok(())),
///         ProbeAction::Look => probe.handle_idle(now), // nothing has come
///         // Store the body, for it may be the result of a payment.
///         ProbeAction::Persist(_body) => probe.handle_persisted(now),
///         ProbeAction::Wait { until: Some(until) } => {
///             probe.handle_input(now, b"CZ0040301CJ012330538600404CA00201CD001IAE00210");
///             probe.handle_timeout(until);
///         }
///         ProbeAction::Done(finding) => break finding,
///         ProbeAction::Wait { until: None } | ProbeAction::Close | ProbeAction::Abort => {}
///     }
/// };
/// assert!(matches!(finding, Finding::Answered(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ProbeMachine<'s> {
    config: ProbeConfig,
    question: Question,
    phase: Phase,
    channel: Channel<'s>,
    /// Why there will be no answer if the wait ends now; nothing where what has come tells.
    failure: Option<Finding>,
    store: Store<'s>,
    sample: ArrayVec<u8, SAMPLE>,
    /// Of the phase.
    deadline: Option<Instant>,
    look: Look,
    calls: u8,
    late: u8,
}

impl fmt::Debug for ProbeMachine<'_> {
    /// What was heard is counted, not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeMachine")
            .field("question", &self.question)
            .field("phase", &self.phase)
            .field("channel", &self.channel)
            .field("failure", &self.failure)
            .field("store", &self.store)
            .field("sample", &self.sample.len())
            .field("deadline", &self.deadline)
            .field("look", &self.look)
            .field("calls", &self.calls)
            .field("late", &self.late)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    New,
    /// To be opened; whether the driver was told.
    Opening {
        told: bool,
    },
    /// The question goes out, and the answer is awaited.
    Asking,
    /// The answer is there, or there will be none; the line is brought to its end.
    Ending(Finding),
    /// To be closed.
    Closing(Finding),
    Done(Finding),
}

impl<'s> ProbeMachine<'s> {
    /// A machine for one question. The storage holds the answer; the
    /// [`MOST_STORAGE`](crate::till::MOST_STORAGE) of a till is enough for any.
    ///
    /// # Errors
    /// When the dialect has no such message, or may not be asked it on this line.
    pub fn new(
        config: ProbeConfig,
        question: Question,
        storage: &'s mut [u8],
    ) -> Result<Self, QuestionError> {
        let message = message::encode(&config, question)?;
        let half = storage.len().div_ceil(2).min(LONGEST_BODY);
        let (frame, rest) = storage.split_at_mut_checked(half).unwrap_or_default();
        let session = config.dialect.session;
        // The frame of a session is read beside what is kept; a stream needs no such place.
        let (mut channel, failure) = match (config.has_sessions(), question) {
            (false, _) => (Channel::stream(config.dialect.answer), Finding::SendFailed),
            (true, Question::Presence) => (Channel::presence(session, frame), Finding::EnquiryUnanswered),
            (true, _) => (Channel::mute_session(session, frame), Finding::EnquiryUnanswered),
        };
        channel.set_message(message);
        Ok(Self {
            config,
            question,
            phase: Phase::New,
            channel,
            failure: Some(failure),
            store: Store::new(rest, question == (Question::Duplicata { ticket: true })),
            sample: ArrayVec::new_const(),
            deadline: None,
            look: Look::default(),
            calls: 0,
            late: 0,
        })
    }

    /// Begins, once.
    pub fn start(&mut self, now: Instant) {
        if self.phase == Phase::New {
            self.phase = Phase::Opening { told: false };
            self.deadline = Some(now.after(self.config.connect_timeout));
        }
    }

    /// What came of [`ProbeAction::Connect`].
    pub fn handle_connected(&mut self, now: Instant, opened: Result<(), ConnectError>) {
        let Phase::Opening { told: true } = self.phase else { return };
        if let Err(error) = opened {
            self.phase = Phase::Done(Finding::NotOpened(not_connected(error)));
            return;
        }
        self.deadline = None;
        self.phase = Phase::Asking;
        self.channel.set_reading(true);
        if self.question == Question::Presence && !self.config.has_sessions() {
            return self.end(now, Finding::Connected);
        }
        if !self.channel.acknowledges() {
            self.deadline = Some(now.after(self.config.answer_timeout));
        }
        // A fresh line takes a message that has the length of a frame.
        if self.channel.send(now).is_err() {
            self.end(now, Finding::SendFailed);
        }
    }

    /// The peer closed the connection, in order or not, or the line broke.
    pub fn handle_closed(&mut self, now: Instant) {
        self.look.end();
        match self.phase {
            Phase::Opening { .. } => self.phase = Phase::Done(Finding::NotOpened(NotSent::ConnectFailed)),
            Phase::Asking => {
                self.failure = self.failure.and(Some(Finding::Closed));
                self.channel.handle_closed(now);
                self.hear(now);
                self.settle(now);
                let finding = if let Phase::Ending(finding) = self.phase { finding } else { Finding::Closed };
                self.phase = Phase::Closing(finding);
            }
            Phase::Ending(finding) => self.phase = Phase::Closing(finding),
            Phase::New | Phase::Closing(_) | Phase::Done(_) => {}
        }
    }

    /// What came of [`ProbeAction::Send`]: how many bytes the system has accepted. On an error it accepts no more; a question
    /// that is perhaps cut is not answered, and nothing worse can come of it.
    pub fn handle_sent(&mut self, now: Instant, sent: Result<usize, SendError>) {
        self.channel.handle_sent(now, sent.map_err(|_| SendError::Closed));
        self.hear(now);
    }

    /// What came of [`ProbeAction::Drain`].
    pub fn handle_drained(&mut self, now: Instant, drained: Result<(), DrainError>) {
        self.channel.handle_drained(now, drained);
        self.hear(now);
    }

    /// What came of [`ProbeAction::Look`] or of waiting: bytes at the start of this buffer, nothing, or the end of the
    /// connection.
    pub fn handle_received(&mut self, now: Instant, received: Result<Received, ReceiveError>, buffer: &[u8]) {
        match received {
            Ok(Received::Bytes(count)) => self.handle_input(now, buffer.get(..count).unwrap_or_default()),
            Ok(Received::Nothing) => self.handle_idle(now),
            Ok(Received::Closed) | Err(ReceiveError) => self.handle_closed(now),
        }
    }

    /// Bytes came, in any pieces.
    pub fn handle_input(&mut self, now: Instant, bytes: &[u8]) {
        if let Phase::New | Phase::Opening { .. } | Phase::Closing(_) | Phase::Done(_) = self.phase {
            return;
        }
        let room = self.sample.remaining_capacity().min(bytes.len());
        // Never more than there is room for.
        let _ = self.sample.try_extend_from_slice(bytes.get(..room).unwrap_or_default());
        let mut input = bytes;
        while !input.is_empty() {
            self.channel.handle_input(now, &mut input, &mut self.store);
            self.hear(now);
        }
        self.settle(now);
        if self.look.is_wanted() && self.look.count(bytes.len()) {
            self.handle_idle(now);
        }
    }

    /// A look at the line found nothing more. Harmless when no look was asked for.
    pub fn handle_idle(&mut self, _now: Instant) {
        // Only what was over before the look: bytes may have come since.
        if let Some(at) = self.look.end() {
            self.expire(at);
        }
    }

    /// Time has passed. Harmless when it is early. Where a time is over, [`poll`](Self::poll) asks for a last look at the
    /// line before it counts.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.deadline().is_none_or(|at| now < at) {
            return;
        }
        if let Phase::Asking | Phase::Ending(_) = self.phase {
            self.look.due(now);
        } else {
            self.expire(now);
        }
    }

    /// Lets the times count that are over at this moment.
    fn expire(&mut self, now: Instant) {
        self.channel.handle_timeout(now);
        self.hear(now);
        self.settle(now);
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        self.deadline = None;
        match self.phase {
            Phase::Opening { .. } => {
                self.phase = Phase::Closing(Finding::NotOpened(NotSent::ConnectTimedOut))
            }
            Phase::Asking => self.end(now, self.in_vain()),
            Phase::Ending(finding) => self.phase = Phase::Closing(finding),
            Phase::New | Phase::Closing(_) | Phase::Done(_) => {}
        }
    }

    /// The caller waits no longer.
    pub fn give_up(&mut self, now: Instant) {
        match self.phase {
            Phase::New | Phase::Opening { .. } => self.phase = Phase::Closing(Finding::GivenUp),
            Phase::Asking => self.end(now, Finding::GivenUp),
            Phase::Ending(finding) => self.phase = Phase::Closing(finding),
            Phase::Closing(_) | Phase::Done(_) => {}
        }
    }

    /// What to do next. To be drained after each call of another method, until it says `Wait` or `Done`.
    pub fn poll(&mut self) -> ProbeAction<'_> {
        if self.channel.take_abort() {
            return ProbeAction::Abort;
        }
        if self.channel.unstored().is_waiting() {
            return ProbeAction::Persist(self.channel.unstored().body());
        }
        if self.channel.awaits_drain() {
            return ProbeAction::Drain;
        }
        if self.look.is_wanted() {
            return ProbeAction::Look;
        }
        match self.phase {
            Phase::New => ProbeAction::Wait { until: None },
            Phase::Opening { told: false } => {
                self.phase = Phase::Opening { told: true };
                ProbeAction::Connect
            }
            Phase::Opening { told: true } => ProbeAction::Wait { until: self.deadline() },
            Phase::Ending(finding) if self.is_quiet() => {
                self.phase = Phase::Done(finding);
                closing(finding)
            }
            Phase::Asking | Phase::Ending(_) => {
                let until = self.deadline();
                self.channel.poll().map_or(ProbeAction::Wait { until }, ProbeAction::Send)
            }
            Phase::Closing(finding) => {
                self.phase = Phase::Done(finding);
                closing(finding)
            }
            Phase::Done(finding) => ProbeAction::Done(finding),
        }
    }

    /// Whether nothing is left to be said or listened to.
    fn is_quiet(&self) -> bool {
        !self.channel.is_busy() && (self.question != Question::Presence || self.deadline.is_none())
    }

    /// When the machine wants [`handle_timeout`](Self::handle_timeout) to be called, whatever `poll` last said.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let is_open = matches!(self.phase, Phase::Asking | Phase::Ending(_));
        self.channel.deadline().filter(|_| is_open).into_iter().chain(self.deadline).min()
    }

    /// What is known, once it is over.
    #[must_use]
    pub fn report(&self) -> Option<ProbeReport<'_>> {
        let Phase::Done(finding) = self.phase else { return None };
        let answered = matches!(finding, Finding::Answered(_));
        Some(ProbeReport {
            finding,
            answer: answered.then(|| self.store.answer()),
            framed: answered && !self.config.has_sessions() && self.store.read().framed,
            voice: Voice::of(&self.sample),
            calls: self.calls,
            late: self.late,
        })
    }

    fn end(&mut self, now: Instant, finding: Finding) {
        self.phase = Phase::Ending(finding);
        self.deadline = None;
        // A session that was granted ends by itself.
        if finding != Finding::Granted {
            self.channel.withdraw(now);
            self.hear(now);
        }
        if self.question != Question::Presence {
            self.deadline = Some(now.after(LINGER)).filter(|_| self.channel.acknowledges());
        } else if self.listens() {
            self.deadline = Some(now.after(self.config.listen));
        }
    }

    /// Whether the line is listened to after ENQ and EOT.
    fn listens(&self) -> bool {
        let eight = self.config.dialect.session.line.data_bits == DataBits::Eight;
        self.channel.acknowledges() && eight && !self.config.listen.is_zero()
    }

    /// Takes what has happened on the line.
    fn hear(&mut self, now: Instant) {
        while let Some(heard) = self.channel.hear() {
            match (heard, self.phase) {
                (heard, Phase::Asking) => self.hear_of_question(now, heard),
                // The answer is kept; what comes after it is a result of an earlier payment.
                (Heard::Message(_), _) => self.persist(now),
                _ => {}
            }
        }
    }

    fn hear_of_question(&mut self, now: Instant, heard: Heard) {
        match heard {
            Heard::Opened if self.question == Question::Presence => self.end(now, Finding::Granted),
            // One refusal shows that somebody is there. Silence is what is assumed until something else shows.
            Heard::AttemptFailed(AttemptFailure::Refused | AttemptFailure::Ended) => {
                self.failure = Some(Finding::LineRefused);
            }
            Heard::AttemptFailed(AttemptFailure::SendFailed) => self.failure = Some(Finding::SendFailed),
            Heard::Called => {
                self.calls = self.calls.saturating_add(1);
                self.end(now, Finding::Calling);
            }
            Heard::Sent { all } => {
                self.deadline = Some(now.after(self.config.answer_timeout));
                if all {
                    let unacknowledged = Some(Finding::MessageUnacknowledged);
                    self.failure = unacknowledged.filter(|_| self.channel.acknowledges());
                } else {
                    let _ = self.channel.send(now);
                }
            }
            Heard::SendFailed => self.end(now, Finding::SendFailed),
            Heard::SendBroken => {
                self.failure = Some(Finding::MessageUnacknowledged);
                self.deadline = Some(now.after(self.config.answer_timeout));
            }
            // From now on what the terminal has to say may be the answer.
            Heard::Drained => {
                self.deadline = Some(now.after(self.config.answer_timeout));
                self.channel.grant();
            }
            Heard::Delivered => self.failure = Some(Finding::Silence),
            Heard::Refused => self.end(now, Finding::MessageRefused),
            Heard::Unacknowledged(Instead::EndOfSession) => self.failure = Some(Finding::MessageRefused),
            Heard::Message(_) => self.take_message(now),
            Heard::NotSent => self.end(now, self.in_vain()),
            Heard::AttemptFailed(AttemptFailure::Silence)
            | Heard::Opened
            | Heard::CalledOff
            | Heard::Unexpected
            | Heard::Unacknowledged(Instead::Silence | Instead::Enquiry | Instead::Message)
            | Heard::Answer
            | Heard::Lost => {}
        }
    }

    /// What the end of the wait means without an answer.
    fn in_vain(&self) -> Finding {
        self.failure.unwrap_or_else(|| self.judged())
    }

    /// A message came after ours was out, or it would not have been taken.
    fn take_message(&mut self, now: Instant) {
        self.store.clear();
        self.store.take(self.channel.body());
        match self.judged() {
            Finding::Answered(status) => self.end(now, Finding::Answered(status)),
            other => {
                if let Finding::Strange(_) | Finding::OtherAnswer = other {
                    self.failure = Some(other);
                }
                self.persist(now);
            }
        }
    }

    /// Asks for the message that has come to be stored. There is room for one: a different one ends the line, and the
    /// terminal sends both again.
    fn persist(&mut self, now: Instant) {
        self.late = self.late.saturating_add(1);
        if !self.channel.keep() {
            self.abort(now);
        }
    }

    /// The message of [`ProbeAction::Persist`] is stored durably, so that the terminal may discard its copy.
    pub fn handle_persisted(&mut self, _now: Instant) {
        self.channel.clear_unstored();
    }

    /// The message of [`ProbeAction::Persist`] could not be stored. The line is aborted without an acknowledgement, so that
    /// the terminal sends its result again.
    pub fn handle_persist_failed(&mut self, now: Instant) {
        if self.channel.clear_unstored() {
            self.abort(now);
        }
    }

    /// Aborts the line: it counts as closed from now on.
    fn abort(&mut self, now: Instant) {
        self.channel.abort();
        self.handle_closed(now);
    }

    /// Ends when the answer of a stream has ended, or when the line is closed.
    fn settle(&mut self, now: Instant) {
        let (Phase::Asking, Some(ending)) = (self.phase, self.channel.ending()) else { return };
        let finding = match (ending, self.failure) {
            (Ending::Closed, Some(failure)) => failure,
            (Ending::Closed, None) if self.store.received() == 0 => Finding::Closed,
            _ => self.judged(),
        };
        self.end(now, finding);
    }

    /// What the bytes are that have come.
    fn judged(&self) -> Finding {
        let read = self.store.read();
        let whole = matches!(read.end, End::Boundary | End::Closed);
        let answer = Answer::new(read.message);
        let has_status = read.message.get(Tag::AE).is_some();
        match answer.status() {
            Some(status) if whole && self.is_ours(&answer) => Finding::Answered(status),
            Some(_) if whole => Finding::OtherAnswer,
            _ if read.end == End::Cut || has_status || self.store.dropped() > 0 => self.cut_or_strange(),
            _ => self.strange(),
        }
    }

    /// What broke off may still be something else than an answer.
    fn cut_or_strange(&self) -> Finding {
        match self.strange() {
            Finding::Strange(Voice::Concert3 | Voice::FramedConcert3) => Finding::AnswerCut,
            Finding::Strange(Voice::Session) if self.store.bytes().starts_with(b"\x02CZ") => {
                Finding::AnswerCut
            }
            other => other,
        }
    }

    fn strange(&self) -> Finding {
        Voice::of(self.store.bytes()).map_or(Finding::Silence, Finding::Strange)
    }

    /// Whether an answer does not contradict the question.
    fn is_ours(&self, answer: &Answer<'_>) -> bool {
        let register = answer.register().is_none_or(|register| register == self.config.register);
        register && answer.action().is_none_or(|action| Some(action) == self.question.action())
    }
}

/// How the connection ends: in order where the terminal has received what was sent, or nothing was sent. Otherwise the
/// question may still wait in this machine, and has to be thrown away.
const fn closing(finding: Finding) -> ProbeAction<'static> {
    match finding {
        Finding::Answered(_)
        | Finding::Connected
        | Finding::Granted
        | Finding::LineRefused
        | Finding::Calling
        | Finding::MessageRefused => ProbeAction::Close,
        Finding::NotOpened(_)
        | Finding::EnquiryUnanswered
        | Finding::SendFailed
        | Finding::MessageUnacknowledged
        | Finding::OtherAnswer
        | Finding::AnswerCut
        | Finding::Strange(_)
        | Finding::Silence
        | Finding::Closed
        | Finding::GivenUp => ProbeAction::Abort,
    }
}
