//! One question to a terminal, without money.

use core::fmt;

use arrayvec::ArrayVec;
use caisse_codec::{Answer, Tag};
use caisse_link::frame::LONGEST_BODY;
use caisse_link::serial::{
    self, AttemptFailure, DataBits, Event, Instead, Once, Probe, Proof, Readiness, Rules, SerialConfig,
    Session, SpeakError,
};
use caisse_link::{Assembly, ConnectError, DrainError, Ending, Instant, SendError};
use caisse_payment::NotSent;

use super::config::{ProbeConfig, QuestionError};
use super::finding::{Finding, ProbeAction, ProbeReport};
use super::message::{self, LONGEST, Question};
use super::store::{End, Store};
use super::voice::Voice;
use crate::results::not_connected;
use crate::unstored::Unstored;

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
///             probe.handle_drained(now, Ok(()));
///         }
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
    message: ArrayVec<u8, LONGEST>,
    /// How much of the message the system has accepted, on a stream.
    accepted: usize,
    phase: Phase,
    line: Line<'s>,
    store: Store<'s>,
    sample: ArrayVec<u8, SAMPLE>,
    /// Of the phase.
    deadline: Option<Instant>,
    calls: u8,
    late: u8,
    unstored: Unstored,
    /// Whether the connection is to be aborted before anything else is done.
    aborts: bool,
}

impl fmt::Debug for ProbeMachine<'_> {
    /// What was heard is counted, not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeMachine")
            .field("question", &self.question)
            .field("accepted", &self.accepted)
            .field("phase", &self.phase)
            .field("line", &self.line)
            .field("store", &self.store)
            .field("sample", &self.sample.len())
            .field("deadline", &self.deadline)
            .field("calls", &self.calls)
            .field("late", &self.late)
            .field("unstored", &self.unstored)
            .field("aborts", &self.aborts)
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
    /// On a stream: the message is to go out; whether the driver has it.
    Sending {
        handed: bool,
    },
    /// In a session, or awaiting the answer of a stream.
    Asking,
    /// The answer is there, or there will be none; the line is brought to its end.
    Ending(Finding),
    /// To be closed.
    Closing(Finding),
    Done(Finding),
}

#[derive(Debug)]
enum Line<'s> {
    Stream(Assembly),
    /// Asks with ENQ: no message can leave it.
    Presence {
        probe: Probe<'s>,
        failure: Finding,
    },
    Session {
        session: Session<'s, Once>,
        /// Why there will be no answer, if the wait ends now.
        failure: Finding,
    },
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
        let line = match (config.has_sessions(), question) {
            (false, _) => Line::Stream(Assembly::new(config.dialect.answer)),
            (true, Question::Presence) => {
                Line::Presence { probe: Probe::new(session, frame), failure: Finding::EnquiryUnanswered }
            }
            (true, _) => Line::Session {
                session: Session::new(mute(session), frame),
                failure: Finding::EnquiryUnanswered,
            },
        };
        Ok(Self {
            config,
            question,
            message,
            accepted: 0,
            phase: Phase::New,
            line,
            store: Store::new(rest, question == (Question::Duplicata { ticket: true })),
            sample: ArrayVec::new_const(),
            deadline: None,
            calls: 0,
            late: 0,
            unstored: Unstored::new(),
            aborts: false,
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
        let length = self.message.len();
        let begun = match &mut self.line {
            Line::Stream(_) if self.question == Question::Presence => {
                return self.end(now, Finding::Connected);
            }
            Line::Stream(_) => {
                self.phase = Phase::Sending { handed: false };
                self.deadline = Some(now.after(self.config.answer_timeout));
                return;
            }
            Line::Presence { probe, .. } => probe.start(now),
            Line::Session { session, .. } => session.send(now, length),
        };
        self.phase = Phase::Asking;
        // A fresh session takes an errand; the message has the length of a frame.
        if let Err(SpeakError::Busy | SpeakError::Closed | SpeakError::Length { .. }) = begun {
            self.end(now, Finding::SendFailed);
        }
    }

    /// The peer closed the connection, in order or not, or the line broke.
    pub fn handle_closed(&mut self, now: Instant) {
        match self.phase {
            Phase::Opening { .. } => self.phase = Phase::Done(Finding::NotOpened(NotSent::ConnectFailed)),
            Phase::Sending { .. } => self.end(now, Finding::Closed),
            Phase::Asking => {
                match &mut self.line {
                    Line::Stream(assembly) => {
                        assembly.handle_closed();
                        return self.settle(now);
                    }
                    Line::Presence { probe, .. } => probe.handle_closed(now),
                    Line::Session { session, .. } => session.handle_closed(now),
                }
                self.fail(Finding::Closed);
                self.hear(now);
                let finding = if let Phase::Ending(finding) = self.phase { finding } else { Finding::Closed };
                self.phase = Phase::Closing(finding);
            }
            Phase::Ending(finding) => self.phase = Phase::Closing(finding),
            Phase::New | Phase::Closing(_) | Phase::Done(_) => {}
        }
    }

    /// What came of [`ProbeAction::Send`]: how many bytes the system has accepted. On an error it accepts no more.
    pub fn handle_sent(&mut self, now: Instant, sent: Result<usize, SendError>) {
        match (&mut self.line, sent) {
            (Line::Stream(_), Ok(accepted)) => {
                if let Phase::Sending { handed: true } = self.phase {
                    self.accepted = self.accepted.saturating_add(accepted).min(self.message.len());
                    let all = self.accepted == self.message.len();
                    self.phase = if all { Phase::Asking } else { Phase::Sending { handed: false } };
                    self.deadline = Some(now.after(self.config.answer_timeout));
                }
            }
            (Line::Stream(_), Err(_)) => {
                if let Phase::Sending { .. } = self.phase {
                    self.end(now, Finding::SendFailed);
                }
            }
            (Line::Presence { probe, .. }, Ok(accepted)) => probe.handle_sent(now, accepted),
            (Line::Presence { probe, .. }, Err(_)) => probe.handle_send_failed(now, 0),
            (Line::Session { session, .. }, Ok(accepted)) => session.handle_sent(now, accepted),
            (Line::Session { session, .. }, Err(_)) => session.handle_send_failed(now, 0),
        }
        self.hear(now);
    }

    /// Whether what was last handed out has left the machine. A question that does not leave is not answered; nothing
    /// worse can come of it.
    pub fn handle_drained(&mut self, now: Instant, drained: Result<(), DrainError>) {
        match &mut self.line {
            _ if drained.is_err() => {}
            Line::Stream(_) => {}
            Line::Presence { probe, .. } => probe.handle_drained(now),
            Line::Session { session, .. } => session.handle_drained(now),
        }
        self.hear(now);
    }

    /// Bytes came, in any pieces.
    pub fn handle_input(&mut self, now: Instant, bytes: &[u8]) {
        if let Phase::New | Phase::Opening { .. } | Phase::Closing(_) | Phase::Done(_) = self.phase {
            return;
        }
        let room = self.sample.remaining_capacity().min(bytes.len());
        // Never more than there is room for.
        let _ = self.sample.try_extend_from_slice(bytes.get(..room).unwrap_or_default());
        if let Line::Stream(assembly) = &mut self.line {
            assembly.handle_input(now, bytes, &mut self.store);
            return self.settle(now);
        }
        let mut input = bytes;
        while !input.is_empty() {
            match &mut self.line {
                Line::Stream(_) => return,
                Line::Presence { probe, .. } => probe.handle_input(now, &mut input),
                Line::Session { session, .. } => session.handle_input(now, &mut input),
            }
            self.hear(now);
        }
    }

    /// Time has passed. Harmless when it is early.
    pub fn handle_timeout(&mut self, now: Instant) {
        match &mut self.line {
            Line::Stream(assembly) => assembly.handle_timeout(now),
            Line::Presence { probe, .. } => probe.handle_timeout(now),
            Line::Session { session, .. } => session.handle_timeout(now),
        }
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
            Phase::Sending { .. } => self.end(now, Finding::SendFailed),
            Phase::Asking => {
                let finding = self.in_vain();
                self.end(now, finding);
            }
            Phase::Ending(finding) => self.phase = Phase::Closing(finding),
            Phase::New | Phase::Closing(_) | Phase::Done(_) => {}
        }
    }

    /// The caller waits no longer.
    pub fn give_up(&mut self, now: Instant) {
        match self.phase {
            Phase::New | Phase::Opening { .. } => self.phase = Phase::Closing(Finding::GivenUp),
            Phase::Sending { .. } | Phase::Asking => self.end(now, Finding::GivenUp),
            Phase::Ending(finding) => self.phase = Phase::Closing(finding),
            Phase::Closing(_) | Phase::Done(_) => {}
        }
    }

    /// What to do next. To be drained after each call of another method, until it says `Wait` or `Done`.
    pub fn poll(&mut self) -> ProbeAction<'_> {
        if core::mem::take(&mut self.aborts) {
            return ProbeAction::Abort;
        }
        if self.unstored.is_waiting() {
            return ProbeAction::Persist(self.unstored.body());
        }
        let until = self.deadline();
        match self.phase {
            Phase::New => ProbeAction::Wait { until: None },
            Phase::Opening { told: false } => {
                self.phase = Phase::Opening { told: true };
                ProbeAction::Connect
            }
            Phase::Sending { handed: false } => {
                self.phase = Phase::Sending { handed: true };
                ProbeAction::Send(self.message.get(self.accepted..).unwrap_or_default())
            }
            Phase::Opening { told: true } | Phase::Sending { handed: true } => ProbeAction::Wait { until },
            Phase::Asking | Phase::Ending(_) => self.poll_line(),
            Phase::Closing(finding) => {
                self.phase = Phase::Done(finding);
                closing(finding)
            }
            Phase::Done(finding) => ProbeAction::Done(finding),
        }
    }

    fn poll_line(&mut self) -> ProbeAction<'_> {
        let sent = match &mut self.line {
            Line::Stream(_) => None,
            Line::Presence { probe, .. } => loop {
                match probe.poll() {
                    // What matters was heard as it came.
                    serial::ProbeAction::Event(_) => {}
                    serial::ProbeAction::Send(control) => break Some((Some(control), 0)),
                    serial::ProbeAction::Wait { .. } => break None,
                }
            },
            Line::Session { session, .. } => loop {
                match session.poll() {
                    serial::Action::Event(_) => {}
                    serial::Action::Send(control) => break Some((Some(control), 0)),
                    serial::Action::Emit { from, .. } => break Some((None, from)),
                    serial::Action::Wait { .. } => break None,
                }
            },
        };
        match sent {
            Some((Some(control), _)) => ProbeAction::Send(control.bytes()),
            Some((None, from)) => ProbeAction::Send(self.message.get(from..).unwrap_or_default()),
            None => match self.phase {
                Phase::Ending(finding) if self.is_quiet() => {
                    self.phase = Phase::Done(finding);
                    closing(finding)
                }
                _ => ProbeAction::Wait { until: self.deadline() },
            },
        }
    }

    /// Whether nothing is left to be said or listened to.
    fn is_quiet(&self) -> bool {
        match &self.line {
            Line::Stream(_) => true,
            Line::Presence { probe, .. } => probe.is_idle() && self.deadline.is_none(),
            Line::Session { session, .. } => session.is_idle(),
        }
    }

    /// When the machine wants [`handle_timeout`](Self::handle_timeout) to be called, whatever `poll` last said.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let line = match (&self.line, self.phase) {
            (_, Phase::New | Phase::Opening { .. } | Phase::Closing(_) | Phase::Done(_)) => None,
            (Line::Stream(assembly), _) => assembly.deadline(),
            (Line::Presence { probe, .. }, _) => probe.deadline(),
            (Line::Session { session, .. }, _) => session.deadline(),
        };
        line.into_iter().chain(self.deadline).min()
    }

    /// What is known, once it is over.
    #[must_use]
    pub fn report(&self) -> Option<ProbeReport<'_>> {
        let Phase::Done(finding) = self.phase else { return None };
        let answered = matches!(finding, Finding::Answered(_));
        let on_a_stream = matches!(self.line, Line::Stream(_));
        Some(ProbeReport {
            finding,
            answer: answered.then(|| self.store.answer()),
            framed: answered && on_a_stream && self.store.read().framed,
            voice: Voice::of(&self.sample),
            calls: self.calls,
            late: self.late,
        })
    }

    fn end(&mut self, now: Instant, finding: Finding) {
        self.phase = Phase::Ending(finding);
        self.deadline = None;
        match &mut self.line {
            Line::Stream(_) => {}
            Line::Presence { probe, .. } => {
                // A session that was granted ends by itself.
                if finding != Finding::Granted {
                    probe.withdraw(now);
                }
                let eight = self.config.dialect.session.line.data_bits == DataBits::Eight;
                if eight && !self.config.listen.is_zero() {
                    self.deadline = Some(now.after(self.config.listen));
                }
            }
            Line::Session { session, .. } => {
                session.withdraw(now);
                self.deadline = Some(now.after(LINGER));
            }
        }
    }

    /// Takes what the line has to tell.
    fn hear(&mut self, now: Instant) {
        loop {
            let event = match &mut self.line {
                Line::Stream(_) => None,
                Line::Presence { probe, .. } => probe.poll_event(),
                Line::Session { session, .. } => session.poll_event(),
            };
            match (event, self.phase) {
                (None, _) => return,
                (Some(event), Phase::Asking) => self.hear_event(now, event),
                // The answer is kept; what comes after it is a result of an earlier payment.
                (Some(Event::Received { .. }), _) => self.persist(now),
                (Some(_), _) => {}
            }
        }
    }

    fn hear_event(&mut self, now: Instant, event: Event) {
        let is_presence = matches!(self.line, Line::Presence { .. });
        match event {
            Event::Opened if is_presence => self.end(now, Finding::Granted),
            // One refusal shows that somebody is there. Silence is what is assumed until something else shows.
            Event::AttemptFailed(AttemptFailure::Refused | AttemptFailure::Ended) => {
                self.fail(Finding::LineRefused);
            }
            Event::AttemptFailed(AttemptFailure::SendFailed) => self.fail(Finding::SendFailed),
            Event::Unanswered | Event::Called { .. } if self.nothing_is_out() => {
                self.calls = self.calls.saturating_add(1);
                self.end(now, Finding::Calling);
            }
            Event::Emitted | Event::SendBroken => {
                self.fail(Finding::MessageUnacknowledged);
                self.deadline = Some(now.after(self.config.answer_timeout));
            }
            // From now on what the terminal has to say may be the answer.
            Event::Drained => {
                self.deadline = Some(now.after(self.config.answer_timeout));
                if let Line::Session { session, .. } = &mut self.line {
                    let rules = session.rules_mut();
                    (rules.readiness, rules.takes_bare_messages) = (Readiness::Ready, true);
                }
            }
            Event::Delivered => self.fail(Finding::Silence),
            Event::Refused => self.end(now, Finding::MessageRefused),
            Event::Unacknowledged(Instead::EndOfSession) => self.fail(Finding::MessageRefused),
            Event::Received { .. } => self.take_message(now),
            Event::GaveUp { proof: Proof::NothingSent } => {
                let finding = self.in_vain();
                self.end(now, finding);
            }
            _ => {}
        }
    }

    fn fail(&mut self, why: Finding) {
        if let Line::Presence { failure, .. } | Line::Session { failure, .. } = &mut self.line {
            *failure = why;
        }
    }

    fn nothing_is_out(&self) -> bool {
        match &self.line {
            Line::Stream(_) => false,
            Line::Presence { .. } => true,
            Line::Session { session, .. } => session.proof() == Proof::NothingSent,
        }
    }

    /// What the end of the wait means without an answer.
    fn in_vain(&self) -> Finding {
        match &self.line {
            Line::Stream(_) => self.judged(),
            Line::Presence { failure, .. } => *failure,
            Line::Session { failure, .. } => *failure,
        }
    }

    /// A message came after ours was out, or it would not have been taken.
    fn take_message(&mut self, now: Instant) {
        let Line::Session { session, .. } = &mut self.line else { return };
        self.store.clear();
        self.store.take(session.body());
        match self.judged() {
            Finding::Answered(status) => self.end(now, Finding::Answered(status)),
            other => {
                if let Finding::Strange(_) | Finding::OtherAnswer = other {
                    self.fail(other);
                }
                self.persist(now);
            }
        }
    }

    /// Asks for the message that has come to be stored. There is room for one: a different one ends the line, and the
    /// terminal sends both again.
    fn persist(&mut self, now: Instant) {
        self.late = self.late.saturating_add(1);
        if let Line::Session { session, .. } = &self.line
            && !self.unstored.keep(session.body())
        {
            self.abort(now);
        }
    }

    /// The message of [`ProbeAction::Persist`] is stored durably, so that the terminal may discard its copy.
    pub fn handle_persisted(&mut self, _now: Instant) {
        self.unstored.clear();
    }

    /// The message of [`ProbeAction::Persist`] could not be stored. The line is aborted without an acknowledgement, so that
    /// the terminal sends its result again.
    pub fn handle_persist_failed(&mut self, now: Instant) {
        if self.unstored.clear() {
            self.abort(now);
        }
    }

    /// Aborts the line: it counts as closed from now on.
    fn abort(&mut self, now: Instant) {
        self.aborts = true;
        self.handle_closed(now);
    }

    /// Ends when the stream's answer has ended.
    fn settle(&mut self, now: Instant) {
        let Line::Stream(assembly) = &self.line else { return };
        let (Phase::Asking | Phase::Sending { .. }, Some(ending)) = (self.phase, assembly.ending()) else {
            return;
        };
        let finding = match ending {
            Ending::Closed if self.store.received() == 0 => Finding::Closed,
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

/// Until its own message is out a probe grants the line to nobody: what a terminal has to tell then is a result of an
/// earlier payment, for the till that files it.
const fn mute(config: SerialConfig) -> SerialConfig {
    let rules = Rules { readiness: Readiness::Mute, takes_bare_messages: false, ..config.rules };
    SerialConfig { rules, ..config }
}
