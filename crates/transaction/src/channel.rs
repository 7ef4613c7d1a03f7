//! The way to the terminal, under the machines of till and probe: one message goes out, and what happens on the line is heard.
//!
//! A stream and a session differ in much: who begins, where a message ends, what is acknowledged. Only this module knows which
//! of them there is.

use core::fmt;

use arrayvec::ArrayVec;
use caisse_link::serial::{
    self, AttemptFailure, Event, Instead, Once, Probe, Proof, Readiness, Rules, SerialConfig, Session,
    SpeakError, Standing, State,
};
use caisse_link::{Assembly, DrainError, Ending, Instant, Judge, Limits, SendError, frame};

use crate::dialect::Trailer;
use crate::unstored::Unstored;

/// The longest message: a request of 3.x with every field that a till sends, in a frame or with a line end.
pub(crate) const LONGEST_MESSAGE: usize = 160;

/// A message as it goes out.
pub(crate) type Message = ArrayVec<u8, LONGEST_MESSAGE>;

/// The way to the terminal.
pub(crate) struct Channel<'s> {
    line: Line<'s>,
    message: Message,
    unstored: Unstored,
    /// Whether the connection is to be aborted before anything else is done.
    aborts: bool,
}

#[derive(Debug)]
enum Line<'s> {
    /// The bytes are the messages.
    Stream(Stream),
    /// Messages are in frames, and frames in sessions.
    Session(Session<'s, Once>),
    /// A session that has no message: it asks with ENQ.
    Presence(Probe<'s>),
}

/// A stream, which carries our message one way and one answer the other way.
#[derive(Debug)]
struct Stream {
    assembly: Assembly,
    /// Whether the message, or the rest of it, waits to be handed out.
    waits: bool,
    /// How much of the message the system has accepted.
    accepted: usize,
    /// Whether bytes that come are an answer.
    reads: bool,
    heard: Option<Heard>,
}

/// What happened on the line.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Heard {
    /// An attempt to open a session failed; another may follow.
    AttemptFailed(AttemptFailure),
    /// The terminal granted our session.
    Opened,
    /// The terminal asks for the line, and nothing of our message has left.
    Called,
    /// The terminal took its enquiry back before it was answered.
    CalledOff,
    /// The system has accepted more of our message.
    Sent {
        /// Whether nothing of it is left.
        all: bool,
    },
    /// The system accepts no more of our message.
    SendFailed,
    /// The system accepts no more of our message, and has perhaps accepted some.
    SendBroken,
    /// Nothing of our message has left, and nothing will.
    NotSent,
    /// Bytes came before our message had left, on a stream. The message is taken back.
    Unexpected,
    /// The last byte of our message has left the machine.
    Drained,
    /// The terminal acknowledged our message.
    Delivered,
    /// The terminal refused our message (NAK).
    Refused,
    /// Something else than an acknowledgement of our message came, or nothing.
    Unacknowledged(Instead),
    /// Bytes of an answer came, on a stream.
    Answer,
    /// A message came in a frame: see [`Channel::body`].
    Message(Standing),
    /// A line with sessions is gone.
    Lost,
}

impl fmt::Debug for Channel<'_> {
    /// Without a byte of any message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let accepted = match &self.line {
            Line::Stream(stream) => stream.accepted,
            Line::Session(_) | Line::Presence(_) => 0,
        };
        f.debug_struct("Channel")
            .field("line", &self.line)
            .field("message", &format_args!("{accepted} of {} bytes accepted", self.message.len()))
            .field("unstored", &self.unstored)
            .field("aborts", &self.aborts)
            .finish()
    }
}

/// The message with this body, in a frame on a line with sessions. `None` if it is too long.
pub(crate) fn message(body: &[u8], has_sessions: bool, trailer: Trailer) -> Option<Message> {
    let mut message = Message::new_const();
    if has_sessions {
        let mut buffer = [0; LONGEST_MESSAGE];
        message.try_extend_from_slice(frame::encode(body, &mut buffer).ok()?).ok()?;
    } else {
        message.try_extend_from_slice(body).ok()?;
        let end: &[u8] = if trailer == Trailer::LineEnd { b"\r\n" } else { b"" };
        message.try_extend_from_slice(end).ok()?;
    }
    Some(message)
}

impl<'s> Channel<'s> {
    /// A stream whose answer has these limits.
    pub(crate) const fn stream(limits: Limits) -> Self {
        Self::new(Line::Stream(Stream {
            assembly: Assembly::new(limits),
            waits: false,
            accepted: 0,
            reads: false,
            heard: None,
        }))
    }

    /// A line with sessions. The storage holds a frame.
    pub(crate) const fn session(config: SerialConfig, storage: &'s mut [u8]) -> Self {
        Self::new(Line::Session(Session::new(config, storage)))
    }

    /// A line with sessions on which the terminal is granted nothing before our message has left: what it sends then is a
    /// result of an earlier payment, for the till that files it.
    pub(crate) const fn mute_session(config: SerialConfig, storage: &'s mut [u8]) -> Self {
        let rules = Rules { readiness: Readiness::Mute, takes_bare_messages: false, ..config.rules };
        Self::session(SerialConfig { rules, ..config }, storage)
    }

    /// A line with sessions on which no message exists.
    pub(crate) const fn presence(config: SerialConfig, storage: &'s mut [u8]) -> Self {
        Self::new(Line::Presence(Probe::new(config, storage)))
    }

    const fn new(line: Line<'s>) -> Self {
        Self { line, message: Message::new_const(), unstored: Unstored::new(), aborts: false }
    }

    /// Sets the message that goes out.
    pub(crate) fn set_message(&mut self, message: Message) {
        self.message = message;
    }

    /// Sends the message, or the rest of it; where there is none, asks for the line.
    pub(crate) fn send(&mut self, now: Instant) -> Result<(), SpeakError> {
        match &mut self.line {
            Line::Stream(stream) => {
                stream.waits = true;
                Ok(())
            }
            Line::Session(session) => session.send(now, self.message.len()),
            Line::Presence(probe) => probe.start(now),
        }
    }

    /// Takes the message back unless it has been handed out, and the request for the line with it.
    pub(crate) fn withdraw(&mut self, now: Instant) {
        match &mut self.line {
            Line::Stream(stream) => stream.withdraw(Heard::NotSent),
            Line::Session(session) => session.withdraw(now),
            Line::Presence(probe) => probe.withdraw(now),
        }
    }

    /// Hands out nothing more of the message on a stream.
    pub(crate) const fn stop_sending(&mut self) {
        if let Line::Stream(stream) = &mut self.line {
            stream.waits = false;
        }
    }

    /// Whether the message waits in the machine, whole, and the line is not being asked for.
    pub(crate) const fn holds_message(&self) -> bool {
        matches!(&self.line, Line::Stream(Stream { waits: true, accepted: 0, .. }))
    }

    /// Whether bytes that come on a stream are an answer. On a line with sessions the frames tell.
    pub(crate) const fn set_reading(&mut self, reads: bool) {
        if let Line::Stream(stream) = &mut self.line {
            stream.reads = reads;
        }
    }

    /// From now on what the terminal has to send may be the answer: it is granted the line.
    pub(crate) const fn grant(&mut self) {
        if let Line::Session(session) = &mut self.line {
            let rules = session.rules_mut();
            (rules.readiness, rules.takes_bare_messages) = (Readiness::Ready, true);
        }
    }

    /// Whether the line has its own limits for sending, and acknowledges what is sent.
    pub(crate) const fn acknowledges(&self) -> bool {
        !matches!(self.line, Line::Stream(_))
    }

    /// Whether the connection belongs to this transaction alone, so that a late answer can come only on it.
    pub(crate) const fn is_own(&self) -> bool {
        matches!(self.line, Line::Stream(_))
    }

    /// Whether a session is under way.
    pub(crate) fn is_busy(&self) -> bool {
        match &self.line {
            Line::Stream(_) => false,
            Line::Session(session) => !session.is_idle() && *session.state() != State::Closed,
            Line::Presence(probe) => !probe.is_idle(),
        }
    }

    /// Whether the system has accepted all that was to be sent, and no session is under way.
    pub(crate) fn is_settled(&self) -> bool {
        match &self.line {
            Line::Stream(stream) => stream.accepted == self.message.len(),
            Line::Session(_) | Line::Presence(_) => !self.is_busy(),
        }
    }

    /// Whether an answer that decides nothing has ended all the same. `is_cut`: whether it ended inside a field.
    pub(crate) const fn has_ended(&self, is_cut: bool) -> bool {
        match &self.line {
            Line::Stream(stream) => {
                matches!(stream.assembly.ending(), Some(Ending::Quiet | Ending::Closed)) && !is_cut
            }
            Line::Session(_) | Line::Presence(_) => true,
        }
    }

    /// How the answer of a stream ended, or that the line with sessions is closed.
    pub(crate) fn ending(&self) -> Option<Ending> {
        match &self.line {
            Line::Stream(stream) => stream.assembly.ending(),
            Line::Session(session) => (*session.state() == State::Closed).then_some(Ending::Closed),
            Line::Presence(_) => None,
        }
    }

    /// How many bytes of an answer came on a stream.
    pub(crate) const fn received(&self) -> usize {
        match &self.line {
            Line::Stream(stream) => stream.assembly.received(),
            Line::Session(_) | Line::Presence(_) => 0,
        }
    }

    /// The body of the last message that came in a frame.
    pub(crate) fn body(&self) -> &[u8] {
        match &self.line {
            Line::Stream(_) | Line::Presence(_) => &[],
            Line::Session(session) => session.body(),
        }
    }

    /// Reports what came of the last bytes that were handed out.
    pub(crate) fn handle_sent(&mut self, now: Instant, sent: Result<usize, SendError>) {
        match (&mut self.line, sent) {
            // No byte accepted is no progress.
            (Line::Stream(_), Ok(0)) => {}
            (Line::Stream(stream), Ok(accepted)) => {
                stream.accepted = stream.accepted.saturating_add(accepted).min(self.message.len());
                stream.heard = Some(Heard::Sent { all: stream.accepted == self.message.len() });
            }
            (Line::Stream(stream), Err(error)) => {
                stream.waits = false;
                stream.heard = Some(match error {
                    SendError::TimedOut | SendError::Closed => Heard::SendFailed,
                    SendError::Uncertain => Heard::SendBroken,
                });
            }
            (Line::Session(session), Ok(accepted)) => session.handle_sent(now, accepted),
            (Line::Session(session), Err(SendError::Uncertain)) => session.handle_send_uncertain(now),
            (Line::Session(session), Err(_)) => session.handle_send_failed(now, 0),
            (Line::Presence(probe), Ok(accepted)) => probe.handle_sent(now, accepted),
            (Line::Presence(probe), Err(_)) => probe.handle_send_failed(now, 0),
        }
    }

    /// Whether the driver has to wait until what the system has accepted has left the machine.
    pub(crate) fn awaits_drain(&self) -> bool {
        match &self.line {
            Line::Stream(_) => false,
            Line::Session(session) => session.awaits_drain(),
            Line::Presence(probe) => probe.awaits_drain(),
        }
    }

    /// Reports whether what was accepted has left the machine.
    pub(crate) fn handle_drained(&mut self, now: Instant, drained: Result<(), DrainError>) {
        match (&mut self.line, drained) {
            (Line::Stream(_), _) => {}
            (Line::Session(session), Ok(())) => session.handle_drained(now),
            // It may never leave: the line is stopped, or gone.
            (Line::Session(session), Err(_)) => session.handle_send_uncertain(now),
            (Line::Presence(probe), Ok(())) => probe.handle_drained(now),
            (Line::Presence(probe), Err(_)) => probe.handle_send_uncertain(now),
        }
    }

    /// Takes bytes off `input`, up to the next thing to hear.
    pub(crate) fn handle_input<J: Judge>(&mut self, now: Instant, input: &mut &[u8], judge: &mut J) {
        match &mut self.line {
            Line::Stream(stream) => stream.handle_input(now, core::mem::take(input), judge),
            Line::Session(session) => session.handle_input(now, input),
            Line::Presence(probe) => probe.handle_input(now, input),
        }
    }

    /// The connection has ended.
    pub(crate) fn handle_closed(&mut self, now: Instant) {
        match &mut self.line {
            Line::Stream(stream) => {
                stream.withdraw(Heard::NotSent);
                if stream.reads {
                    stream.assembly.handle_closed();
                }
            }
            Line::Session(session) => session.handle_closed(now),
            Line::Presence(probe) => probe.handle_closed(now),
        }
    }

    /// Takes what has come on a stream as if the peer had closed the connection.
    pub(crate) fn end_answer(&mut self) {
        if let Line::Stream(stream) = &mut self.line {
            stream.assembly.handle_closed();
        }
    }

    /// Time has passed. Harmless when it is early.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        match &mut self.line {
            Line::Stream(stream) if stream.reads => stream.assembly.handle_timeout(now),
            Line::Stream(_) => {}
            Line::Session(session) => session.handle_timeout(now),
            Line::Presence(probe) => probe.handle_timeout(now),
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.line {
            Line::Stream(stream) => stream.assembly.deadline().filter(|_| stream.reads),
            Line::Session(session) => session.deadline(),
            Line::Presence(probe) => probe.deadline(),
        }
    }

    /// The next thing that happened. What means nothing to a message or an answer is left out.
    pub(crate) fn hear(&mut self) -> Option<Heard> {
        loop {
            let (event, proof) = match &mut self.line {
                Line::Stream(stream) => return stream.heard.take(),
                Line::Session(session) => (session.poll_event()?, session.proof()),
                Line::Presence(probe) => (probe.poll_event()?, Proof::NothingSent),
            };
            return Some(match event {
                Event::AttemptFailed(failure) => Heard::AttemptFailed(failure),
                Event::Opened => Heard::Opened,
                Event::Called { .. } | Event::Unanswered if proof == Proof::NothingSent => Heard::Called,
                Event::CalledOff => Heard::CalledOff,
                Event::Emitted => Heard::Sent { all: true },
                Event::SendBroken => Heard::SendBroken,
                Event::GaveUp { proof: Proof::NothingSent } => Heard::NotSent,
                Event::Drained => Heard::Drained,
                Event::Delivered => Heard::Delivered,
                Event::Refused => Heard::Refused,
                Event::Unacknowledged(instead) => Heard::Unacknowledged(instead),
                Event::Received { standing, .. } => Heard::Message(standing),
                Event::Closed => Heard::Lost,
                Event::Called { .. }
                | Event::Unanswered
                | Event::GaveUp { .. }
                | Event::BadFrame(_)
                | Event::Ended(_)
                | Event::Ignored
                | Event::Stray => continue,
            });
        }
    }

    /// The bytes that are to be handed out next.
    pub(crate) fn poll(&mut self) -> Option<&[u8]> {
        let from = match &mut self.line {
            Line::Stream(stream) => core::mem::take(&mut stream.waits).then_some(stream.accepted)?,
            Line::Session(session) => match session.poll() {
                serial::Action::Send(control) => return Some(control.bytes()),
                serial::Action::Emit { from, .. } => from,
                // What happened has been heard.
                serial::Action::Event(_) | serial::Action::Wait { .. } => return None,
            },
            Line::Presence(probe) => match probe.poll() {
                serial::ProbeAction::Send(control) => return Some(control.bytes()),
                serial::ProbeAction::Event(_) | serial::ProbeAction::Wait { .. } => return None,
            },
        };
        Some(self.message.get(from..).unwrap_or_default())
    }

    /// Keeps the message that has come until the driver has stored it. Returns `false` if a different one is still to be stored:
    /// there is room for one, and the line is to be aborted, so that the terminal sends both again.
    #[must_use]
    pub(crate) fn keep(&mut self) -> bool {
        match &self.line {
            Line::Stream(_) | Line::Presence(_) => true,
            Line::Session(session) => self.unstored.keep(session.body()),
        }
    }

    /// The message that is to be stored.
    pub(crate) const fn unstored(&self) -> &Unstored {
        &self.unstored
    }

    /// Forgets the message that was to be stored; returns whether there was one.
    pub(crate) fn clear_unstored(&mut self) -> bool {
        self.unstored.clear()
    }

    /// Asks for the connection to be aborted.
    pub(crate) const fn abort(&mut self) {
        self.aborts = true;
    }

    /// Whether the connection is to be aborted now; asks once.
    pub(crate) const fn take_abort(&mut self) -> bool {
        core::mem::replace(&mut self.aborts, false)
    }
}

impl Stream {
    /// Takes the message back for this reason if it waits whole.
    fn withdraw(&mut self, reason: Heard) {
        if self.waits && self.accepted == 0 {
            (self.waits, self.heard) = (false, Some(reason));
        }
    }

    fn handle_input<J: Judge>(&mut self, now: Instant, bytes: &[u8], judge: &mut J) {
        if self.reads {
            self.heard = Some(Heard::Answer);
            self.assembly.handle_input(now, bytes, judge);
        } else {
            self.withdraw(Heard::Unexpected);
        }
    }
}
