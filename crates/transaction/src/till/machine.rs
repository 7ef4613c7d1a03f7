//! The machine around the transition function: instants, the answer, the queue of actions.

mod closing;

use core::fmt;
use core::time::Duration;

use arrayvec::ArrayVec;
use caisse_codec::wire;
use caisse_link::frame::LONGEST_BODY;
use caisse_link::{ConnectError, DrainError, Instant, ReceiveError, Received, SendError};
use caisse_payment::{
    Amount, Blocked, Conclusion, Doubt, NotSent, Outcome, TerminalId, Transaction, TransactionId, Verdict,
};

use super::config::Config;
use super::contradiction::Contradiction;
use super::overheard::Overheard;
use super::reader::Reader;
use super::report::Report;
use super::step::{Dispute, Effect, Effects, Event, Input, State, Timer, step};
use super::watch::Watch;
use crate::channel::{self, Channel, Message};
use crate::results::{WriteError, not_connected};
use crate::{Request, RequestError};

/// How many bytes of storage hold every documented field of an answer at its longest, beside one frame of a line with
/// sessions. Less is allowed: fields that do not fit are skipped and counted, and the verdict stays the same. A till of E
/// or E+ needs 160: half of the storage holds a frame, up to 512 bytes of it.
pub const MOST_STORAGE: usize = 3072;

/// How long a session may go on after the end is recorded: the terminal's EOT comes within 3 s, or not at all.
const LINGER: Duration = Duration::from_secs(5);

/// The time between two attempts to write what a busy journal did not take.
const JOURNAL_PAUSE: Duration = Duration::from_millis(200);

/// How long a busy journal is tried again.
const JOURNAL_PATIENCE: Duration = Duration::from_secs(60);

/// What the driver has to do next.
#[derive(Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Action<'m> {
    /// Write durably that this transaction begins, then call [`handle_written`](TillMachine::handle_written).
    RecordStart(Transaction),
    /// Write durably that the transaction with this id has ended so, then call
    /// [`handle_written`](TillMachine::handle_written).
    RecordEnd(TransactionId, Conclusion),
    /// Write durably, in one write, that this transaction ended before it could begin, then call
    /// [`handle_written`](TillMachine::handle_written).
    RecordNeverSent(Transaction, Conclusion),
    /// Write durably that later bytes contradict the recorded end, then call
    /// [`handle_written`](TillMachine::handle_written).
    Dispute(Contradiction),
    /// Store this body of a message durably: it is another transaction's, or this one's after its end. Then call
    /// [`handle_persisted`](TillMachine::handle_persisted) or
    /// [`handle_persist_failed`](TillMachine::handle_persist_failed); until then nothing else is asked for. The terminal
    /// discards its copy when the message is acknowledged.
    Persist(&'m [u8]),
    /// Open the connection, then call [`handle_connected`](TillMachine::handle_connected).
    Connect,
    /// Take what has come on the line, without waiting, then call [`handle_received`](TillMachine::handle_received).
    /// Asked for before the request leaves, before a time-out or a give-up counts, and before an early verdict.
    Look,
    /// Hand these bytes to the link in one write, then call [`handle_sent`](TillMachine::handle_sent).
    Send(&'m [u8]),
    /// Wait until what the system has accepted has left the machine, then call
    /// [`handle_drained`](TillMachine::handle_drained). Asked for on a line with sessions.
    Drain,
    /// Close the connection in order: the answer is whole, and nothing is outstanding.
    Close,
    /// Abort the connection, so that nothing of this transaction can still leave this machine.
    Abort,
    /// Show the application where the transaction stands.
    Event(Event),
    /// Report the verdict to the application, with the [`report`](TillMachine::report). The end is durable, or cannot be
    /// made so. The terminal is not free before [`Done`](Self::Done).
    Verdict(Verdict),
    /// Do nothing until something happens or this moment comes; then call the matching `handle_` method.
    Wait {
        /// When to call [`handle_timeout`](TillMachine::handle_timeout) at the latest.
        until: Option<Instant>,
    },
    /// The transaction is over, and the terminal is free for the next one.
    Done(Verdict),
}

impl fmt::Debug for Action<'_> {
    /// Bytes of a message are counted, not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RecordStart(transaction) => f.debug_tuple("RecordStart").field(transaction).finish(),
            Self::RecordEnd(id, end) => f.debug_tuple("RecordEnd").field(id).field(end).finish(),
            Self::RecordNeverSent(transaction, end) => {
                f.debug_tuple("RecordNeverSent").field(transaction).field(end).finish()
            }
            Self::Dispute(contradiction) => f.debug_tuple("Dispute").field(contradiction).finish(),
            Self::Persist(body) => write!(f, "Persist({} bytes)", body.len()),
            Self::Connect => f.write_str("Connect"),
            Self::Look => f.write_str("Look"),
            Self::Send(bytes) => write!(f, "Send({} bytes)", bytes.len()),
            Self::Drain => f.write_str("Drain"),
            Self::Close => f.write_str("Close"),
            Self::Abort => f.write_str("Abort"),
            Self::Event(event) => f.debug_tuple("Event").field(event).finish(),
            Self::Verdict(verdict) => f.debug_tuple("Verdict").field(verdict).finish(),
            Self::Wait { until } => f.debug_struct("Wait").field("until", until).finish(),
            Self::Done(verdict) => f.debug_tuple("Done").field(verdict).finish(),
        }
    }
}

/// One transaction as the till lives it, without socket, clock or file: the driver owns these, reports what happens,
/// and after each report drains [`poll`](Self::poll) until it says `Wait` or `Done`.
///
/// ```
/// use caisse_payment::{Amount, Currency, Operation, Transaction};
/// use caisse_transaction::{Action, Config, Dialect, Instant, Request, TillMachine};
///
/// let mut storage = [0; 2560];
/// let mut till = TillMachine::new(Config::new(Dialect::INGENICO, "012345678901".parse()?), &mut storage);
/// let now = Instant::from_millis(0);
/// let (id, terminal, dialect) = ("sale-1".parse()?, "counter".parse()?, "ingenico".parse()?);
/// let amount = Amount::from_minor(2500, Currency::EUR);
/// let transaction = Transaction::new(id, Operation::Debit, amount, terminal, dialect);
/// till.start(now, Request { transaction, ticket: None, application: None })?;
/// let outcome = loop {
///     match till.poll() {
///         Action::Connect => till.handle_connected(now, Ok(None)),
///         // Store the fact.
///         Action::RecordStart(_)
///         | Action::RecordEnd(..)
///         | Action::RecordNeverSent(..)
///         | Action::Dispute(_) => till.handle_written(now, Ok(())),
///         // Store the body, for it may be the result of another payment.
///         Action::Persist(_body) => till.handle_persisted(now),
///         Action::Look => till.handle_idle(now), // nothing has come
///         Action::Send(bytes) => {
///             let accepted = bytes.len();
///             till.handle_sent(now, Ok(accepted));
///         }
///         Action::Drain => till.handle_drained(now, Ok(())),
///         Action::Wait { until: Some(_) } => {
///             till.handle_input(now, b"CZ0040300AE00201AF00204");
///             till.handle_closed(now);
///         }
///         Action::Verdict(verdict) => println!("{}", verdict.outcome.name()),
///         Action::Done(verdict) => break verdict.outcome,
///         Action::Wait { until: None } | Action::Close | Action::Abort | Action::Event(_) => {}
///     }
/// };
/// assert_eq!(outcome.name(), "declined");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TillMachine<'s> {
    pub(super) config: Config,
    pub(super) state: State,
    /// The transaction, once it is started.
    pub(super) started: Option<Transaction>,
    queue: ArrayVec<Effect, QUEUE>,
    pub(super) timer: Option<(Timer, Instant)>,
    pub(super) answer_deadline: Option<Instant>,
    sent_at: Option<Instant>,
    pub(super) linger_deadline: Option<Instant>,
    /// Until when a busy journal is tried again.
    journal_deadline: Option<Instant>,
    pub(super) gave_up: bool,
    pub(super) watch: Watch,
    pub(super) channel: Channel<'s>,
    pub(super) overheard: Overheard,
    pub(super) reader: Reader<'s>,
    /// Whether an answer counts only with the reference that was sent.
    pub(super) needs_reference: bool,
    /// Whether the journal holds the start.
    start_recorded: bool,
}

/// More than there are kinds of effects.
const QUEUE: usize = 16;

impl<'s> TillMachine<'s> {
    /// A machine for one transaction. The storage holds the fields of the answer; see [`MOST_STORAGE`].
    #[must_use]
    pub fn new(config: Config, storage: &'s mut [u8]) -> Self {
        let dialect = config.dialect;
        let (channel, reader) = if config.has_sessions() {
            let half = storage.len().div_ceil(2).min(LONGEST_BODY);
            let (frame, rest) = storage.split_at_mut_checked(half).unwrap_or_default();
            (Channel::session(dialect.session, frame), Reader::new(&dialect, false, rest))
        } else {
            (Channel::stream(dialect.answer), Reader::new(&dialect, true, storage))
        };
        Self {
            config,
            state: State::Idle,
            started: None,
            queue: ArrayVec::new_const(),
            timer: None,
            answer_deadline: None,
            sent_at: None,
            linger_deadline: None,
            journal_deadline: None,
            gave_up: false,
            watch: Watch::default(),
            channel,
            overheard: Overheard::new(dialect.refused_message),
            reader,
            needs_reference: false,
            start_recorded: false,
        }
    }

    /// On a line with sessions, where a result of an earlier transaction of the same amount may still come: an answer counts
    /// only if it gives back the reference that was sent.
    pub const fn require_reference(&mut self) {
        self.needs_reference = true;
    }

    /// Begins. After this, [`poll`](Self::poll) tells what to do.
    ///
    /// # Errors
    /// When the request cannot be made; nothing was recorded or sent.
    pub fn start(&mut self, now: Instant, request: Request) -> Result<(), RequestError> {
        if self.started.is_some() {
            return Err(RequestError::AlreadyStarted);
        }
        let dialect = self.config.dialect;
        request.validate(&dialect)?;
        let name = dialect.name.parse().map_err(|_| RequestError::DialectName)?;
        let message = self.message(&request)?;
        self.started = Some(Transaction { dialect: name, ..request.transaction });
        self.channel.set_message(message);
        let ticket = request.ticket.is_some() && dialect.optional.ticket;
        self.reader.ask(ticket, request.nonce(&dialect));
        self.apply(now, Input::Start);
        Ok(())
    }

    /// The message as it goes out.
    fn message(&self, request: &Request) -> Result<Message, RequestError> {
        let Config { dialect, identifier, .. } = self.config;
        let mut body = [0; wire::LONGEST_REQUEST];
        let body = request
            .message(&dialect)
            .encode(&dialect.format(identifier), &mut body)
            .map_err(|error| request.refused(&dialect, error))?;
        channel::message(body, self.config.has_sessions(), dialect.trailer)
            .ok_or(RequestError::TooLongForFrame { length: body.len() })
    }

    /// What came of the write that [`Action::RecordStart`], [`Action::RecordEnd`], [`Action::RecordNeverSent`] or
    /// [`Action::Dispute`] asked for. Before the message left, a write that
    /// failed ends the transaction as blocked; after it, the outcome stands and is marked as not journaled.
    pub fn handle_written(&mut self, now: Instant, written: Result<(), WriteError>) {
        let input = match written {
            Ok(()) => Input::Journaled,
            Err(WriteError::Busy) if self.tries_again(now) => Input::JournalBusy,
            Err(WriteError::Busy) => Input::JournalFailed(Blocked::JournalUnavailable),
            Err(WriteError::Failed(why)) => Input::JournalFailed(why),
        };
        if written != Err(WriteError::Busy) {
            self.journal_deadline = None;
        }
        self.apply(now, input);
    }

    /// Whether what a busy journal did not take is tried again.
    fn tries_again(&mut self, now: Instant) -> bool {
        let patience = *self.journal_deadline.get_or_insert(now.after(JOURNAL_PATIENCE));
        // A transaction that never began leaves nothing open without its record.
        let counts = match self.state {
            State::RecordingEnd(_) => self.start_recorded,
            State::Reported { .. } => true,
            _ => false,
        };
        counts && now < patience && !self.gave_up
    }

    /// What came of [`Action::Connect`]. The journal records the address to which an open connection leads, if one is known,
    /// as [`Transaction::address`] instead of the one that the request has.
    pub fn handle_connected(&mut self, now: Instant, opened: Result<Option<TerminalId>, ConnectError>) {
        match (opened, &mut self.started) {
            (Ok(address), Some(started)) if self.state == State::Connecting => {
                started.address = address.or(started.address);
                self.apply(now, Input::Connected);
            }
            (Ok(_), _) => {}
            (Err(error), _) => self.close(now, not_connected(error)),
        }
    }

    /// The peer closed the connection, in order or not, or the line broke.
    pub fn handle_closed(&mut self, now: Instant) {
        let connecting = self.state == State::Connecting;
        self.close(now, if connecting { NotSent::ConnectFailed } else { NotSent::ClosedBeforeSend });
    }

    /// No connection is open any more, for this reason if nothing was sent.
    fn close(&mut self, now: Instant, reason: NotSent) {
        self.gave_up |= self.watch.close();
        self.overheard.not_sent = NotSent::ClosedBeforeSend;
        self.channel.handle_closed(now);
        self.hear(now);
        self.settle(now, false);
        self.compare(now);
        self.apply(now, Input::Disconnected(reason));
    }

    /// What came of [`Action::Send`]: how many bytes the system has accepted. On an error it accepts no more, and has
    /// accepted none of these bytes, unless the error says that this is uncertain.
    pub fn handle_sent(&mut self, now: Instant, sent: Result<usize, SendError>) {
        self.channel.handle_sent(now, sent);
        self.hear(now);
    }

    /// What came of [`Action::Drain`]. The timer of the acknowledgement starts here, also where nobody knows whether the bytes
    /// will ever leave.
    pub fn handle_drained(&mut self, now: Instant, drained: Result<(), DrainError>) {
        self.channel.handle_drained(now, drained);
        self.hear(now);
    }

    /// What came of [`Action::Look`] or of waiting: bytes at the start of this buffer, nothing, or the end of the connection.
    pub fn handle_received(&mut self, now: Instant, received: Result<Received, ReceiveError>, buffer: &[u8]) {
        match received {
            Ok(Received::Bytes(count)) => self.handle_input(now, buffer.get(..count).unwrap_or_default()),
            Ok(Received::Nothing) => self.handle_idle(now),
            Ok(Received::Closed) | Err(ReceiveError) => self.handle_closed(now),
        }
    }

    /// Bytes came, in any pieces. Bytes that come before the message has been handed out cannot be its answer.
    pub fn handle_input(&mut self, now: Instant, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let mut input = bytes;
        while !input.is_empty() {
            self.channel.handle_input(now, &mut input, &mut self.reader);
            self.hear(now);
        }
        self.settle(now, false);
        self.compare(now);
        if self.decided().is_some() {
            self.watch.look();
        }
        self.count_looked(now, bytes.len());
    }

    /// Time has passed. Harmless when it is early. Where a time is over, [`poll`](Self::poll) asks for a last look at the
    /// line before it counts.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.deadline().is_none_or(|at| now < at) {
            return;
        }
        if self.is_open() {
            self.watch.due(now);
        } else {
            self.expire(now);
        }
    }

    /// The application would like to stop. Before the message leaves that ends the transaction as not sent; after it,
    /// nothing is sent and nothing is closed, since no message exists that stops a terminal: the wait goes on.
    pub fn request_cancel(&mut self, now: Instant) {
        self.stop(now, Input::CancelRequested);
    }

    /// The application stops waiting. What has come is judged as if the terminal had closed the connection; without an answer
    /// the outcome is "not sent" if that is proven, otherwise unknown.
    pub fn give_up(&mut self, now: Instant) {
        if self.is_open() && self.state != State::Connecting && !self.channel.holds_message() {
            // What has come is judged first.
            return self.watch.give_up();
        }
        self.stop_waiting(now);
    }

    pub(super) fn stop(&mut self, now: Instant, wish: Input) {
        if !self.withdraw(now, NotSent::Cancelled) {
            self.apply(now, wish);
        }
    }

    /// Takes the message back if it waits to be sent. Returns whether that ended the transaction as not sent.
    pub(super) fn withdraw(&mut self, now: Instant, why: NotSent) -> bool {
        if !matches!(self.state, State::Sending { .. }) {
            return false;
        }
        self.overheard.not_sent = why;
        self.channel.withdraw(now);
        self.hear(now);
        !matches!(self.state, State::Sending { .. })
    }

    /// What to do next. To be drained after each call of another method, until it says `Wait` or `Done`.
    pub fn poll(&mut self) -> Action<'_> {
        if self.channel.take_abort() {
            return Action::Abort;
        }
        if self.channel.unstored().is_waiting() {
            return Action::Persist(self.channel.unstored().body());
        }
        if self.channel.awaits_drain() {
            return Action::Drain;
        }
        self.release();
        let shows = matches!(self.queue.first(), Some(Effect::Show(_)));
        if self.watch.looks() && !shows {
            return Action::Look;
        }
        let Some(effect) = self.queue.first().copied() else {
            return self.poll_channel();
        };
        self.queue.remove(0);
        if effect == Effect::Close && self.stays_open() {
            return self.poll_channel();
        }
        let Some(started) = &self.started else {
            return Action::Wait { until: None };
        };
        match effect {
            Effect::Connect => Action::Connect,
            Effect::RecordStart => Action::RecordStart(*started),
            Effect::RecordEnd(verdict) => Action::RecordEnd(started.id, self.conclusion(verdict)),
            Effect::RecordNeverSent(verdict) => Action::RecordNeverSent(*started, self.conclusion(verdict)),
            Effect::RecordDispute => Action::Dispute(self.contradiction(started)),
            Effect::Report(verdict) => Action::Verdict(verdict),
            Effect::Close => self.closing(),
            Effect::Show(event) => Action::Event(event),
            // These never wait in the queue.
            Effect::Send | Effect::Arm(_) | Effect::AwaitAnswer => Action::Wait { until: self.deadline() },
        }
    }

    /// What is to be sent, or nothing but time.
    fn poll_channel(&mut self) -> Action<'_> {
        if let State::Done { verdict, .. } = self.state {
            return Action::Done(verdict);
        }
        let until = self.deadline();
        let bytes = if self.gave_up { None } else { self.channel.poll() };
        bytes.map_or(Action::Wait { until }, Action::Send)
    }

    /// Whether the connection is to be left open although the transaction is over: the terminal has not said a word on it,
    /// and a late answer can come only there. A [`LateAnswer`](super::LateAnswer) reads it.
    #[must_use]
    pub fn stays_open(&self) -> bool {
        let silence = Outcome::Unknown { doubt: Doubt::Silence };
        let is_silent = matches!(self.state, State::Done { verdict, .. } if verdict.outcome == silence);
        is_silent && self.channel.is_own()
    }

    /// When the last byte of the message had been sent, as far as it was.
    #[must_use]
    pub const fn sent_at(&self) -> Option<Instant> {
        self.sent_at
    }

    /// When the machine wants [`handle_timeout`](Self::handle_timeout) to be called, whatever `poll` last said.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let waiting = matches!(self.state, State::Waiting { .. });
        let answer = self.answer_deadline.filter(|_| waiting);
        let timer = self.timer.map(|(_, at)| at);
        [timer, answer, self.channel.deadline(), self.linger_deadline].into_iter().flatten().min()
    }

    /// What is known once the verdict is reported. Until the transaction is done, fields of the answer may be added.
    #[must_use]
    pub fn report(&self) -> Option<Report<'_>> {
        let (State::Reported { verdict, journaled, dispute } | State::Done { verdict, journaled, dispute }) =
            self.state
        else {
            return None;
        };
        // An answer that decides nothing did not break off behind what decides.
        let cut = self.reader.is_cut() && !verdict.outcome.is_unknown();
        let (skipped, disputed) = (self.reader.skipped(), dispute != Dispute::None);
        let (answer, reported_amount) = (self.reader.answer(), self.reported_amount(verdict.outcome));
        let late = self.overheard.late();
        Some(Report { verdict, answer, reported_amount, journaled, disputed, skipped, cut, late })
    }

    pub(super) fn apply(&mut self, now: Instant, input: Input) {
        let (next, effects): (State, Effects) = step(self.state, input);
        let still_sending = matches!((self.state, next), (State::Sending { .. }, State::Sending { .. }));
        if next != self.state && !still_sending {
            self.timer = None;
        }
        let reports = !matches!(self.state, State::Reported { .. }) && matches!(next, State::Reported { .. });
        self.start_recorded |=
            matches!((self.state, input), (State::RecordingStart { .. }, Input::Journaled));
        let begins = matches!((self.state, next), (State::RecordingStart { .. }, State::Sending { .. }));
        self.state = next;
        if begins {
            // What is on the line now belongs to no request of ours.
            self.watch.look();
        }
        if let State::RecordingEnd(_) = next {
            self.watch.forget_look();
        }
        if !matches!(next, State::Sending { .. }) {
            self.channel.stop_sending();
        }
        self.channel.set_reading(self.reads());
        for effect in effects {
            match effect {
                // A line that acknowledges has limits of its own.
                Effect::Arm(Timer::Send) if self.channel.acknowledges() => {}
                Effect::Arm(timer) => self.timer = Some((timer, now.after(self.limit(timer)))),
                Effect::AwaitAnswer => {
                    self.sent_at = Some(now);
                    self.answer_deadline = Some(now.after(self.config.answer_timeout));
                }
                Effect::Send => {
                    // A fresh session takes a message of any length that a frame can have.
                    let _ = self.channel.send(now);
                }
                effect => self.show_or_do(effect),
            }
        }
        if reports {
            self.begin_to_read_on(now, LINGER);
        }
    }

    pub(super) fn show(&mut self, event: Event) {
        self.show_or_do(Effect::Show(event));
    }

    /// No effect waits twice, and the queue is longer than there are kinds: nothing is ever lost here.
    fn show_or_do(&mut self, effect: Effect) {
        if !self.queue.contains(&effect) {
            let _ = self.queue.try_push(effect);
        }
    }

    const fn limit(&self, timer: Timer) -> Duration {
        match timer {
            Timer::Connect => self.config.connect_timeout,
            Timer::Send => self.config.send_timeout,
            Timer::Journal => JOURNAL_PAUSE,
        }
    }

    fn conclusion(&self, verdict: Verdict) -> Conclusion {
        let card = self.reader.answer().and_then(|answer| answer.card());
        let last_four = card.as_ref().and_then(|card| card.last_four()?.as_bytes().try_into().ok());
        let shown = self.reader.shown();
        Conclusion {
            verdict,
            authorisation: self.reader.authorisation(),
            contract: shown.contract,
            serial_number: shown.serial_number,
            reported_amount: self.reported_amount(verdict.outcome),
            last_four,
            status: self.reader.raw_status(),
        }
    }

    /// The amount of an approval that leaves the outcome unknown because of its amount.
    fn reported_amount(&self, outcome: Outcome) -> Option<Amount> {
        let Outcome::Unknown { doubt } = outcome else { return None };
        if !matches!(doubt, Doubt::AmountHigher | Doubt::PartialNotAllowed | Doubt::AmountDiffers) {
            return None;
        }
        let started = self.started.as_ref()?;
        self.overheard.reported_amount().or_else(|| self.reader.reported_amount(started))
    }
}
