//! The terminal's side of a transaction: reads one request, waits for a decision, writes one answer.

use core::fmt;
use core::time::Duration;

use arrayvec::ArrayVec;
use caisse_codec::{
    Action as RequestedAction, Complement, EncodeError, Encoder, FaultKind, FieldScanner, LONGEST_ANSWER,
    Message, Piece, ReceivedRequest, RequestFault, Status, Tag, TerminalAnswer,
};
use caisse_link::{Assembly, Ending, Instant, Judge, Judgement, Limits};
use caisse_payment::Refusal;

use crate::store::FieldStore;

/// Where a request ends. No document says how a terminal knows; some read once. 50 ms after the last mandatory field is
/// ours: optional fields of one write arrive well within it.
pub const REQUEST: Limits =
    Limits { quiet: Duration::from_millis(50), patience: Duration::from_secs(3), longest: 4096 };

/// How many bytes of storage hold every documented field of a request at its longest.
pub const MOST_STORAGE: usize = 1664;

/// The answer is longer than [`LONGEST_ANSWER`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an answer has at most {LONGEST_ANSWER} bytes")]
pub struct TooLong;

/// What the driver of a terminal has to do next.
#[must_use]
pub enum Action<'m> {
    /// A request is there. Decide, then call [`answer`](TerminalMachine::answer),
    /// [`answer_with`](TerminalMachine::answer_with) or [`refuse`](TerminalMachine::refuse). A fault says why the
    /// message is not a request.
    Decide(Result<ReceivedRequest<'m>, RequestFault>),
    /// Hand these bytes to the link, then call [`handle_sent`](TerminalMachine::handle_sent).
    Send(&'m [u8]),
    /// Do nothing until bytes come or this moment does.
    Wait {
        /// When to call [`handle_timeout`](TerminalMachine::handle_timeout) at the latest.
        until: Option<Instant>,
    },
    /// It is over.
    Done(End),
}

impl fmt::Debug for Action<'_> {
    /// Bytes of a message are counted, not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decide(request) => f.debug_tuple("Decide").field(request).finish(),
            Self::Send(bytes) => write!(f, "Send({} bytes)", bytes.len()),
            Self::Wait { until } => f.debug_struct("Wait").field("until", until).finish(),
            Self::Done(end) => f.debug_tuple("Done").field(end).finish(),
        }
    }
}

/// How the conversation ended for the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The answer has left.
    Answered,
    /// The till went before it had sent a whole request.
    NoRequest,
    /// What the till sent is not a message of the protocol, or longer than any.
    Malformed,
    /// The answer could not be delivered.
    Undelivered,
}

/// One conversation as the terminal lives it.
///
/// ```
/// use caisse_codec::ReceivedRequest;
/// use caisse_payment::Refusal;
/// use caisse_transaction::Instant;
/// use caisse_transaction::terminal::{Action, TerminalMachine};
///
/// let mut storage = [0; 1664];
/// let mut terminal = TerminalMachine::new(&mut storage);
/// let start = Instant::from_millis(0);
/// terminal.handle_input(start, b"CZ0040300CJ012247300123456CA00201CB0042500CD0010CE003978");
/// terminal.handle_timeout(Instant::from_millis(50));
/// let Action::Decide(Ok(ReceivedRequest::Money(request))) = terminal.poll() else { unreachable!() };
/// assert_eq!(request.amount.minor(), 2500);
/// terminal.refuse(Refusal::Refused)?;
/// let Action::Send(answer) = terminal.poll() else { unreachable!() };
/// assert!(answer.ends_with(b"AE00201AF00204"));
/// # Ok::<(), caisse_codec::EncodeError>(())
/// ```
pub struct TerminalMachine<S> {
    state: State,
    assembly: Assembly,
    judge: RequestJudge<S>,
    answer: ArrayVec<u8, LONGEST_ANSWER>,
    sent: usize,
}

impl<S: AsRef<[u8]> + AsMut<[u8]>> fmt::Debug for TerminalMachine<S> {
    /// Without the answer's bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TerminalMachine")
            .field("state", &self.state)
            .field("request", &self.judge.store)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Reading,
    Deciding,
    Answering,
    Done(End),
}

impl<S: AsRef<[u8]> + AsMut<[u8]>> TerminalMachine<S> {
    /// A machine for one conversation. The storage, borrowed bytes or anything that holds some, takes the fields of the
    /// request; see [`MOST_STORAGE`].
    #[must_use]
    pub const fn new(storage: S) -> Self {
        Self::with_limits(REQUEST, storage)
    }

    /// A machine with other bounds of a request.
    #[must_use]
    pub const fn with_limits(limits: Limits, storage: S) -> Self {
        Self {
            state: State::Reading,
            assembly: Assembly::new(limits),
            judge: RequestJudge::new(storage),
            answer: ArrayVec::new_const(),
            sent: 0,
        }
    }

    /// Bytes came, in any pieces. After the end of the request they are dropped: a second request on the connection is
    /// not documented.
    pub fn handle_input(&mut self, now: Instant, bytes: &[u8]) {
        if self.state == State::Reading {
            self.assembly.handle_input(now, bytes, &mut self.judge);
            self.settle();
        }
    }

    /// The till closed the connection. A terminal that decides goes on deciding: the card holder is still there.
    pub fn handle_closed(&mut self, _now: Instant) {
        match self.state {
            State::Reading => {
                self.assembly.handle_closed();
                self.settle();
            }
            State::Answering => self.state = State::Done(End::Undelivered),
            State::Deciding | State::Done(_) => {}
        }
    }

    /// Time has passed. Harmless when it is early.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.state == State::Reading {
            self.assembly.handle_timeout(now);
            self.settle();
        }
    }

    /// Nothing more will be read, although the till may still send: what is there is the request. Some terminals read
    /// once and no more.
    pub fn handle_end_of_input(&mut self) {
        if self.state == State::Reading {
            let some = self.request().fields().next().is_some();
            self.assembly.handle_closed();
            self.state = if some { State::Deciding } else { State::Done(End::Malformed) };
        }
    }

    fn settle(&mut self) {
        self.state = match self.assembly.ending() {
            None => return,
            Some(Ending::Malformed | Ending::TooLong) => State::Done(End::Malformed),
            Some(Ending::Quiet) => State::Deciding,
            // A whole request followed by a close: the till does not listen, the terminal goes on all the same.
            Some(Ending::Closed) if self.judge.is_whole() => State::Deciding,
            Some(Ending::Closed) => State::Done(End::NoRequest),
        };
    }

    /// The request, field by field.
    #[must_use]
    pub fn request(&self) -> Message<'_> {
        self.judge.store.message()
    }

    /// Answers the request.
    ///
    /// # Errors
    /// When the answer cannot be written; the machine still waits for one.
    pub fn answer(&mut self, answer: &TerminalAnswer<'_>) -> Result<(), EncodeError> {
        let mut buffer = [0; LONGEST_ANSWER];
        let bytes = answer.encode(&mut buffer)?;
        self.send(bytes);
        Ok(())
    }

    /// Answers with these bytes: any answer that [`TerminalAnswer`] is not.
    ///
    /// # Errors
    /// When there are more than [`LONGEST_ANSWER`]; the machine still waits for an answer.
    pub fn answer_with(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if bytes.len() > LONGEST_ANSWER {
            return Err(TooLong);
        }
        self.send(bytes);
        Ok(())
    }

    /// Says no, with the echo of what the request held of it.
    ///
    /// # Errors
    /// When the answer cannot be written; the machine still waits for one.
    pub fn refuse(&mut self, refusal: Refusal) -> Result<(), EncodeError> {
        let mut buffer = [0; LONGEST_ANSWER];
        let mut out = Encoder::new(&mut buffer);
        for tag in [Tag::CZ, Tag::CJ, Tag::CA, Tag::CB, Tag::CD, Tag::CE] {
            // What is not of its form is not repeated.
            if let Some(field) = self.request().get(tag) {
                let _ = out.field(tag, field.value());
            }
        }
        out.field(Tag::AE, &Status::NotPerformed.value())?;
        out.field(Tag::AF, &Complement::from_refusal(refusal).code())?;
        let bytes = out.finish();
        self.send(bytes);
        Ok(())
    }

    fn send(&mut self, bytes: &[u8]) {
        if self.state == State::Deciding {
            self.answer = bytes.iter().copied().take(LONGEST_ANSWER).collect();
            self.state = State::Answering;
        }
    }

    /// The system has accepted so many more bytes of the answer.
    pub fn handle_sent(&mut self, _now: Instant, accepted: usize) {
        self.sent = self.sent.saturating_add(accepted);
        if self.state == State::Answering && self.sent >= self.answer.len() {
            self.state = State::Done(End::Answered);
        }
    }

    /// The answer cannot be sent.
    pub fn handle_send_failed(&mut self, _now: Instant) {
        if self.state == State::Answering {
            self.state = State::Done(End::Undelivered);
        }
    }

    /// What to do next.
    pub fn poll(&mut self) -> Action<'_> {
        match self.state {
            State::Reading => Action::Wait { until: self.assembly.deadline() },
            State::Deciding => Action::Decide(ReceivedRequest::read(&self.request())),
            State::Answering => Action::Send(self.answer.get(self.sent..).unwrap_or_default()),
            State::Done(end) => Action::Done(end),
        }
    }
}

/// The refusal with which a terminal answers a message that is not a request.
#[must_use]
pub const fn refusal_of(fault: RequestFault) -> Refusal {
    match fault.kind {
        FaultKind::Missing | FaultKind::Contradictory | FaultKind::Form => Refusal::MessageFormat,
        FaultKind::NotADebit => Refusal::UnknownOperation,
        FaultKind::Currency => Refusal::CurrencyNotSupported,
    }
}

struct RequestJudge<S> {
    scanner: FieldScanner,
    store: FieldStore<S>,
    malformed: bool,
}

impl<S: AsRef<[u8]> + AsMut<[u8]>> RequestJudge<S> {
    const fn new(storage: S) -> Self {
        Self { scanner: FieldScanner::new(), store: FieldStore::new(storage), malformed: false }
    }

    fn is_whole(&self) -> bool {
        self.scanner.at_boundary() && self.has_what_its_action_needs()
    }

    /// What a request must have depends on its action: where money moves, the amount too.
    fn has_what_its_action_needs(&self) -> bool {
        let message = self.store.message();
        let has = |tags: &[Tag]| tags.iter().all(|tag| message.get(*tag).is_some());
        let action = message.get(Tag::CD).map(|field| RequestedAction::from_value(field.value()));
        let Some(action) = action.filter(|_| has(&[Tag::CZ, Tag::CA])) else { return false };
        match action {
            Some(
                RequestedAction::DUPLICATA
                | RequestedAction::IDENTIFICATION
                | RequestedAction::TRANSACTION_STATUS,
            ) => true,
            Some(RequestedAction::PRINT) => has(&[Tag::ZT]),
            // Of an action that is not known, as of one of money.
            _ => has(&[Tag::CB, Tag::CE]),
        }
    }
}

impl<S: AsRef<[u8]> + AsMut<[u8]>> Judge for RequestJudge<S> {
    fn feed(&mut self, bytes: &[u8]) -> Judgement {
        let mut input = bytes;
        while !self.malformed {
            // HiPay's page advises CR and LF behind a request.
            let behind_a_field = self.scanner.at_boundary() && self.scanner.offset() > 0;
            if let [b'\r' | b'\n', rest @ ..] = input
                && behind_a_field
            {
                input = rest;
                continue;
            }
            let Some(piece) = self.scanner.next(&mut input) else { break };
            match piece {
                Piece::Begin { length, .. } => self.store.begin(self.scanner.header(), length),
                Piece::Value(value) => self.store.value(value),
                Piece::End => self.store.end(),
                Piece::Malformed(_) => self.malformed = true,
            }
        }
        if self.malformed {
            Judgement::Malformed
        } else if !self.scanner.at_boundary() {
            Judgement::NeedMore
        } else if self.has_what_its_action_needs() {
            Judgement::Complete
        } else {
            Judgement::Boundary
        }
    }
}
