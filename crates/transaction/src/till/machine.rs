//! The machine around the transition function: instants, the answer, the queue of actions.

use core::fmt;
use core::time::Duration;

use arrayvec::ArrayVec;
use caisse_codec::{Answer, Identifier, LONGEST_REQUEST};
use caisse_link::{Assembly, Ending, Instant};
use caisse_payment::entry::{End, Entry, Start};
use caisse_payment::{Blocked, NotSent, Verdict};

use super::judge::AnswerJudge;
use super::report::Report;
use super::step::{Effect, Effects, Event, Input, State, Timer, step};
use crate::{Dialect, Request, RequestError};

/// How many bytes of storage hold every documented field of an answer at its longest. Less is allowed: fields that do
/// not fit are skipped and counted, and the verdict stays the same.
pub const MOST_STORAGE: usize = 2560;

/// How the till is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// How the terminal is spoken to.
    pub dialect: Dialect,
    /// The identifier of the till's editor (CJ).
    pub identifier: Identifier,
    /// The longest wait for the connection.
    pub connect_timeout: Duration,
    /// The longest wait for the system to accept the message.
    pub send_timeout: Duration,
    /// The longest wait for the end of the answer, from the last byte sent.
    pub answer_timeout: Duration,
}

impl Config {
    /// Times that tills in the field use: 10 s to connect, 180 s for the answer; 10 s to send is ours.
    #[must_use]
    pub const fn new(dialect: Dialect, identifier: Identifier) -> Self {
        Self {
            dialect,
            identifier,
            connect_timeout: Duration::from_secs(10),
            send_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(180),
        }
    }
}

/// What the driver has to do next.
#[derive(Clone, Copy, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "no allocator here, and one action lives at a time")]
#[must_use]
pub enum Action<'m> {
    /// Write this entry durably, then call [`handle_journaled`](TillMachine::handle_journaled) or
    /// [`handle_journal_failed`](TillMachine::handle_journal_failed).
    Record(Entry),
    /// Open the connection, then call [`handle_connected`](TillMachine::handle_connected) or
    /// [`handle_closed`](TillMachine::handle_closed).
    Connect,
    /// Hand these bytes to the link in one write, then call [`handle_sent`](TillMachine::handle_sent) or
    /// [`handle_send_failed`](TillMachine::handle_send_failed).
    Send(&'m [u8]),
    /// Close the connection.
    Close,
    /// Show the application where the transaction stands.
    Event(Event),
    /// Do nothing until something happens or this moment comes; then call the matching `handle_` method.
    Wait {
        /// When to call [`handle_timeout`](TillMachine::handle_timeout) at the latest.
        until: Option<Instant>,
    },
    /// It is over.
    Done(Verdict),
}

impl fmt::Debug for Action<'_> {
    /// Bytes of a message are counted, not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(entry) => f.debug_tuple("Record").field(entry).finish(),
            Self::Connect => f.write_str("Connect"),
            Self::Send(bytes) => write!(f, "Send({} bytes)", bytes.len()),
            Self::Close => f.write_str("Close"),
            Self::Event(event) => f.debug_tuple("Event").field(event).finish(),
            Self::Wait { until } => f.debug_struct("Wait").field("until", until).finish(),
            Self::Done(verdict) => f.debug_tuple("Done").field(verdict).finish(),
        }
    }
}

/// One transaction as the till lives it, without socket, clock or file: the driver owns these, reports what happens,
/// and after each report drains [`poll`](Self::poll) until it says `Wait` or `Done`.
///
/// ```
/// use caisse_payment::entry::{Content, Entry};
/// use caisse_payment::{Amount, Currency, Operation, Outcome, Register};
/// use caisse_transaction::{Action, Config, Dialect, Instant, Request, TillMachine};
///
/// let mut storage = [0; 2560];
/// let mut till = TillMachine::new(Config::new(Dialect::INGENICO, "012345678901".parse()?), &mut storage);
/// let now = Instant::from_millis(0);
/// let content = Content {
///     operation: Operation::Debit,
///     original: None,
///     amount: Amount::from_minor(2500, Currency::EUR),
///     allow_partial: false,
///     terminal: "counter".parse()?,
///     register: Register::FIRST,
///     reference: None,
/// };
/// till.start(now, Request { id: "sale-1".parse()?, content, ticket: None, application: None })?;
/// let outcome = loop {
///     match till.poll() {
///         Action::Connect => till.handle_connected(now),
///         Action::Record(_entry) => till.handle_journaled(now),
///         Action::Send(bytes) => {
///             let accepted = bytes.len();
///             till.handle_sent(now, accepted);
///         }
///         Action::Wait { until: Some(_) } => {
///             till.handle_input(now, b"CZ0040300AE00201AF00204");
///             till.handle_closed(now, caisse_transaction::till::Closed::ByPeer);
///         }
///         Action::Done(verdict) => break verdict.outcome,
///         Action::Wait { until: None } | Action::Close | Action::Event(_) => {}
///     }
/// };
/// assert_eq!(outcome.name(), "declined");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TillMachine<'s> {
    config: Config,
    state: State,
    started: Option<Started>,
    queue: ArrayVec<Effect, QUEUE>,
    timer: Option<(Timer, Instant)>,
    answer_deadline: Option<Instant>,
    assembly: Assembly,
    judge: AnswerJudge<'s>,
}

/// More than there are kinds of effects.
const QUEUE: usize = 16;

struct Started {
    entry: Start,
    message: ArrayVec<u8, LONGEST_REQUEST>,
    /// How much of the message the system has accepted.
    accepted: usize,
}

impl fmt::Debug for Started {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Started({:?}, {} of {} bytes accepted)", self.entry, self.accepted, self.message.len())
    }
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It could not be opened.
    NotOpened(NotSent),
    /// The peer closed it, in order or not, or the line broke.
    ByPeer,
}

impl<'s> TillMachine<'s> {
    /// A machine for one transaction. The storage holds the fields of the answer; see [`MOST_STORAGE`].
    #[must_use]
    pub const fn new(config: Config, storage: &'s mut [u8]) -> Self {
        Self {
            config,
            state: State::Idle,
            started: None,
            queue: ArrayVec::new_const(),
            timer: None,
            answer_deadline: None,
            assembly: Assembly::new(config.dialect.answer),
            judge: AnswerJudge::new(storage),
        }
    }

    /// Begins. After this, [`poll`](Self::poll) tells what to do.
    ///
    /// # Errors
    /// When the request cannot be made; nothing was recorded or sent.
    pub fn start(&mut self, now: Instant, request: Request) -> Result<(), RequestError> {
        if self.started.is_some() {
            return Err(RequestError::AlreadyStarted);
        }
        request.validate()?;
        let entry = request.start(&self.config.dialect)?;
        let mut buffer = [0; LONGEST_REQUEST];
        let message = request.message(&self.config.dialect, self.config.identifier);
        let bytes = message.encode(&mut buffer).map_err(RequestError::Encode)?;
        let message = bytes.iter().copied().collect();
        self.started = Some(Started { entry, message, accepted: 0 });
        self.judge.ask_for_ticket(request.ticket.is_some());
        self.apply(now, Input::Start);
        Ok(())
    }

    /// The journal has written the entry durably.
    pub fn handle_journaled(&mut self, now: Instant) {
        self.apply(now, Input::Journaled);
    }

    /// The journal could not write the entry. Before the message left this ends the transaction as blocked; after it,
    /// the outcome stands and is marked as not journaled.
    pub fn handle_journal_failed(&mut self, now: Instant, why: Blocked) {
        self.apply(now, Input::JournalFailed(why));
    }

    /// The connection is open.
    pub fn handle_connected(&mut self, now: Instant) {
        self.apply(now, Input::Connected);
    }

    /// The connection could not be opened, or it has ended.
    pub fn handle_closed(&mut self, now: Instant, how: Closed) {
        if let State::Waiting { .. } = self.state {
            self.assembly.handle_closed();
            return self.settle(now);
        }
        if self.take_back() {
            return self.apply(now, Input::Withdrawn(NotSent::ClosedBeforeSend));
        }
        let reason = match how {
            Closed::NotOpened(reason) => reason,
            Closed::ByPeer if self.state == State::Connecting => NotSent::ConnectFailed,
            Closed::ByPeer => NotSent::ClosedBeforeSend,
        };
        self.apply(now, Input::Disconnected(reason));
    }

    /// The system has accepted so many more bytes of the message.
    pub fn handle_sent(&mut self, now: Instant, accepted: usize) {
        let Some(started) = &mut self.started else { return };
        started.accepted = started.accepted.saturating_add(accepted).min(started.message.len());
        let all = started.accepted == started.message.len();
        // No byte accepted is no progress: there is nothing to report, and the send timer goes on.
        if accepted > 0 {
            self.apply(now, Input::Sent { all });
        }
    }

    /// The system accepts no more of the message; of the last `Send` it had accepted so many bytes.
    pub fn handle_send_failed(&mut self, now: Instant, accepted: usize) {
        let Some(started) = &mut self.started else { return };
        started.accepted = started.accepted.saturating_add(accepted).min(started.message.len());
        self.apply(now, if accepted > 0 { Input::SendUncertain } else { Input::SendFailed });
    }

    /// The sending ended without a word on how many bytes the system has accepted.
    pub fn handle_send_uncertain(&mut self, now: Instant) {
        self.apply(now, Input::SendUncertain);
    }

    /// The bytes sent have left the machine. On TCP that changes nothing; on a serial line the timers of the
    /// acknowledgement start here.
    pub fn handle_drained(&mut self, _now: Instant) {}

    /// Bytes came, in any pieces. What comes before the message has been handed out cannot be its answer: a driver that
    /// looks for such bytes right before it polls for the send keeps an earlier transaction's answer from being taken for
    /// this one's.
    pub fn handle_input(&mut self, now: Instant, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if self.take_back() {
            return self.apply(now, Input::Withdrawn(NotSent::UnexpectedBytes));
        }
        if !matches!(self.state, State::Waiting { .. } | State::Sending { begun: true }) {
            return;
        }
        self.apply(now, Input::AnswerBegan);
        self.assembly.handle_input(now, bytes, &mut self.judge);
        self.settle(now);
    }

    /// Time has passed. Harmless when it is early.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let Some((timer, _)) = self.timer.filter(|(_, at)| now >= *at) {
            self.timer = None;
            self.apply(now, Input::Expired(timer));
        }
        if let State::Waiting { .. } = self.state {
            self.assembly.handle_timeout(now);
            self.settle(now);
        }
    }

    /// The application would like to stop. Before the message leaves that ends the transaction as not sent; after it,
    /// nothing is sent and nothing is closed, since no message exists that stops a terminal: the wait goes on.
    pub fn request_cancel(&mut self, now: Instant) {
        self.stop(now, Input::CancelRequested);
    }

    /// The application stops waiting: "not sent" if that is proven, otherwise unknown.
    pub fn give_up(&mut self, now: Instant) {
        self.stop(now, Input::GivenUp);
    }

    fn stop(&mut self, now: Instant, wish: Input) {
        let input = if self.take_back() { Input::Withdrawn(NotSent::Cancelled) } else { wish };
        self.apply(now, input);
    }

    /// Takes back a message that still waits in the queue; says whether there was one.
    fn take_back(&mut self) -> bool {
        let nothing_accepted = self.started.as_ref().is_some_and(|started| started.accepted == 0);
        let held_back = nothing_accepted && self.queue.contains(&Effect::Send);
        if held_back {
            self.queue.retain(|effect| *effect != Effect::Send);
        }
        held_back
    }

    /// What to do next. To be drained after each call of another method, until it says `Wait` or `Done`.
    pub fn poll(&mut self) -> Action<'_> {
        let Some(effect) = self.queue.pop_at(0) else {
            return match self.state {
                State::Done { verdict, .. } => Action::Done(verdict),
                _ => Action::Wait { until: self.deadline() },
            };
        };
        let Some(started) = &self.started else {
            return Action::Wait { until: None };
        };
        match effect {
            Effect::Connect => Action::Connect,
            Effect::RecordStart => Action::Record(Entry::Started(started.entry)),
            Effect::RecordEnd(verdict) => Action::Record(Entry::Ended(self.end(started, verdict))),
            Effect::RecordNeverSent(verdict) => {
                Action::Record(Entry::NeverSent(started.entry, self.end(started, verdict)))
            }
            Effect::Send => Action::Send(started.message.get(started.accepted..).unwrap_or_default()),
            Effect::Close => Action::Close,
            Effect::Show(event) => Action::Event(event),
            // These never wait in the queue.
            Effect::Arm(_) | Effect::AwaitAnswer => Action::Wait { until: self.deadline() },
        }
    }

    /// When the machine wants [`handle_timeout`](Self::handle_timeout) to be called, whatever `poll` last said.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let waiting = matches!(self.state, State::Waiting { .. });
        let answer = self.answer_deadline.filter(|_| waiting);
        let quiet = self.assembly.deadline().filter(|_| waiting);
        [self.timer.map(|(_, at)| at), answer, quiet].into_iter().flatten().min()
    }

    /// What is known once the transaction is done.
    #[must_use]
    pub fn report(&self) -> Option<Report<'_>> {
        let State::Done { verdict, journaled } = self.state else {
            return None;
        };
        Some(Report {
            verdict,
            answer: Answer::new(self.judge.message()),
            journaled,
            skipped: self.judge.skipped(),
            cut: self.judge.is_cut(),
        })
    }

    /// Ends the wait when the answer has ended or its time is over.
    fn settle(&mut self, now: Instant) {
        let (State::Waiting { .. }, Some(started)) = (self.state, &self.started) else { return };
        let ending: Option<Ending> = self.assembly.ending();
        let late = self.answer_deadline.is_some_and(|deadline| now >= deadline);
        if ending.is_some() || late {
            let outcome = self.judge.outcome(&started.entry.content, ending, self.assembly.received());
            let answered = self.judge.answered();
            self.apply(now, Input::AnswerEnded { outcome, answered });
        }
    }

    fn apply(&mut self, now: Instant, input: Input) {
        let (next, effects): (State, Effects) = step(self.state, input);
        let still_sending = matches!((self.state, next), (State::Sending { .. }, State::Sending { .. }));
        if next != self.state && !still_sending {
            self.timer = None;
        }
        self.state = next;
        if !matches!(next, State::Sending { .. }) {
            self.queue.retain(|effect| *effect != Effect::Send);
        }
        for effect in effects {
            match effect {
                Effect::Arm(timer) => self.timer = Some((timer, now.after(self.limit(timer)))),
                Effect::AwaitAnswer => self.answer_deadline = Some(now.after(self.config.answer_timeout)),
                // No effect waits twice, and the queue is longer than there are kinds: nothing is ever lost here.
                effect if self.queue.contains(&effect) => {}
                effect => drop(self.queue.try_push(effect)),
            }
        }
    }

    const fn limit(&self, timer: Timer) -> Duration {
        match timer {
            Timer::Connect => self.config.connect_timeout,
            Timer::Send => self.config.send_timeout,
        }
    }

    fn end(&self, started: &Started, verdict: Verdict) -> End {
        let answer = Answer::new(self.judge.message());
        let card = answer.card();
        let last_four = card.as_ref().and_then(|card| card.last_four()?.as_bytes().try_into().ok());
        End {
            id: started.entry.id,
            verdict,
            authorisation: answer.authorisation(),
            contract: answer.contract(),
            last_four,
            status: self.judge.raw_status(),
        }
    }
}
