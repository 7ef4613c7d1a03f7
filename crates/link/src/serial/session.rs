//! The machine around the transition function: instants, frames, and what waits to be sent or told.

use core::fmt;
use core::time::Duration;

use arrayvec::ArrayVec;

use super::event::add_one;
use super::outbox::{Outbox, Outgoing, Progress};
use super::{
    Copies, Counters, Effect, Errand, Event, Input, Once, Permit, Proof, Rules, SerialConfig, State, Timer,
    step,
};
use crate::Instant;
use crate::frame::{Control, Decoder, Found, LONGEST_BODY, LONGEST_FRAME};

/// What the driver has to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Action<M> {
    /// Hand this character to the line, then report as for a message.
    Send(Control),
    /// Hand the owner's message to the line, from this offset of its frame on, then call
    /// [`handle_sent`](Session::handle_sent) or [`handle_send_failed`](Session::handle_send_failed), and once it has left
    /// [`handle_drained`](Session::handle_drained).
    Emit {
        /// The permit: there is an emission only where there is one.
        permit: M,
        /// How many bytes of the frame were accepted before.
        from: usize,
    },
    /// Something happened.
    Event(Event),
    /// Do nothing until something happens or this moment comes; then call the matching `handle_` method.
    Wait {
        /// When to call [`handle_timeout`](Session::handle_timeout) at the latest.
        until: Option<Instant>,
    },
}

/// Why an errand was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpeakError {
    /// Another one is under way.
    #[error("an earlier message is still under way")]
    Busy,
    /// The line is gone.
    #[error("the line is closed")]
    Closed,
    /// No frame has this length.
    #[error("a frame has 4 to {LONGEST_FRAME} bytes, not {length}")]
    Length {
        /// The length that was given.
        length: usize,
    },
}

/// One end of the line. The driver reports what happens, and after each report drains [`poll`](Self::poll) until it says
/// `Wait`.
///
/// The message stays with the owner, who frames it with [`frame::encode`](crate::frame::encode); the session knows its
/// length and that it may be emitted. The driver reports drained before bytes that came afterwards: an acknowledgement
/// of what has not left is taken for nothing.
///
/// ```
/// use caisse_link::Instant;
/// use caisse_link::frame::Control;
/// use caisse_link::serial::{Action, Event, Once, SerialConfig, Session};
///
/// let mut storage = [0; 512];
/// let mut till = Session::<Once>::new(SerialConfig::TILL, &mut storage);
/// let frame = b"\x020100001242010978          A010B010\x03\x03";
/// let mut now = Instant::from_millis(0);
/// till.send(now, frame.len())?;
/// // The terminal acknowledges whatever it hears.
/// let (mut line, mut delivered) = (Vec::new(), false);
/// while !delivered {
///     let sent = match till.poll() {
///         Action::Event(event) => {
///             delivered = event == Event::Delivered;
///             continue;
///         }
///         Action::Wait { until } => {
///             now = until.unwrap();
///             till.handle_timeout(now);
///             continue;
///         }
///         Action::Send(control) => control.bytes(),
///         Action::Emit { from, .. } => &frame[from..],
///     };
///     line.extend_from_slice(sent);
///     till.handle_sent(now, sent.len());
///     till.handle_drained(now);
///     let mut input: &[u8] = &[0x06];
///     while !input.is_empty() {
///         till.handle_input(now, &mut input);
///     }
/// }
/// assert_eq!(line, [&[0x05], frame.as_slice()].concat());
/// # Ok::<(), caisse_link::serial::SpeakError>(())
/// ```
pub struct Session<'s, M> {
    config: SerialConfig,
    decoder: Decoder<'s>,
    state: State<M>,
    now: Instant,
    timer: Option<(Timer, Instant)>,
    frame_deadline: Option<Instant>,
    opening_deadline: Option<Instant>,
    outbox: Outbox<M>,
    events: ArrayVec<Event, EVENTS>,
    proof: Proof,
    counters: Counters,
}

/// More than one call tells.
const EVENTS: usize = 16;

impl<M: fmt::Debug> fmt::Debug for Session<'_, M> {
    /// Without a byte of any message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("state", &self.state)
            .field("timer", &self.timer)
            .field("decoder", &self.decoder)
            .field("proof", &self.proof)
            .finish_non_exhaustive()
    }
}

impl Session<'_, Once> {
    /// Begins an errand: this frame of so many bytes goes out once at most.
    ///
    /// # Errors
    /// When another errand is under way, the line is gone, or no frame has this length.
    pub fn send(&mut self, now: Instant, length: usize) -> Result<(), SpeakError> {
        self.say(now, Once, length)
    }
}

impl Session<'_, Copies> {
    /// Begins an errand: this frame of so many bytes goes out, and is said again at most `more` times when it was refused
    /// or not acknowledged.
    ///
    /// # Errors
    /// When another errand is under way, the line is gone, or no frame has this length.
    pub fn reply(&mut self, now: Instant, length: usize, more: u8) -> Result<(), SpeakError> {
        self.say(now, Copies { more }, length)
    }
}

impl<'s, M: Permit + Copy> Session<'s, M> {
    /// A session on a line that is open and on which nothing was said. The storage holds one body; 512 bytes hold any.
    #[must_use]
    pub const fn new(config: SerialConfig, storage: &'s mut [u8]) -> Self {
        Self {
            config,
            decoder: Decoder::new(storage, config.tolerance),
            state: State::START,
            now: Instant::from_millis(0),
            timer: None,
            frame_deadline: None,
            opening_deadline: None,
            outbox: Outbox::new(),
            events: ArrayVec::new_const(),
            proof: Proof::NothingSent,
            counters: Counters::ZERO,
        }
    }

    /// Begins an errand without a message: whether the peer grants the line, which is then given back.
    ///
    /// # Errors
    /// When another errand is under way or the line is gone.
    pub fn ping(&mut self, now: Instant) -> Result<(), SpeakError> {
        self.begin(now, Errand::Ping)
    }

    fn say(&mut self, now: Instant, permit: M, length: usize) -> Result<(), SpeakError> {
        if !(4..=LONGEST_FRAME).contains(&length) {
            return Err(SpeakError::Length { length });
        }
        self.begin(now, Errand::Say(permit))?;
        self.outbox.set_length(length);
        Ok(())
    }

    fn begin(&mut self, now: Instant, errand: Errand<M>) -> Result<(), SpeakError> {
        match self.state {
            State::Closed => return Err(SpeakError::Closed),
            State::Speaking { .. } => return Err(SpeakError::Busy),
            state if state.call().is_some() => return Err(SpeakError::Busy),
            _ => {}
        }
        self.proof = Proof::NothingSent;
        self.apply(now, Input::Speak(errand));
        Ok(())
    }

    /// Takes the errand back. Ends with [`Event::GaveUp`] and nothing sent unless the message has been handed out; then
    /// nothing changes.
    pub fn withdraw(&mut self, now: Instant) {
        let input = if self.outbox.take_back() { Input::Unsent } else { Input::Withdraw };
        self.apply(now, input);
    }

    /// How this end behaves from now on: whether the peer is granted the line, what its frames are answered with.
    pub const fn rules_mut(&mut self) -> &mut Rules {
        &mut self.config.rules
    }

    /// The system has accepted so many more bytes of what was last handed out.
    pub fn handle_sent(&mut self, now: Instant, accepted: usize) {
        if let Progress::Message { all } = self.outbox.sent(accepted) {
            self.apply(now, Input::Sent { all });
        }
    }

    /// The system accepts no more of what was last handed out; it had accepted so many bytes of it.
    pub fn handle_send_failed(&mut self, now: Instant, accepted: usize) {
        if self.outbox.is_handed() {
            // What earlier calls told of the message, the state knows.
            let nothing = accepted == 0 && !self.outbox.is_accepted();
            self.land(now, if nothing { Input::SendFailed } else { Input::SendUncertain });
        }
    }

    /// The sending of what was last handed out ended without a word on how many bytes the system has accepted.
    pub fn handle_send_uncertain(&mut self, now: Instant) {
        if self.outbox.is_handed() {
            self.land(now, Input::SendUncertain);
        }
    }

    /// Whether the system has accepted what was last handed out, to the last byte, and has not been seen to let it leave.
    #[must_use]
    pub fn awaits_drain(&self) -> bool {
        self.outbox.is_accepted()
    }

    /// What was last handed out has left the machine, to the last byte. The timer of its acknowledgement starts here: a
    /// frame of 512 bytes takes longer than that at 1200 bits a second. A driver that cannot tell reports it as soon as
    /// the last byte is accepted.
    pub fn handle_drained(&mut self, now: Instant) {
        if self.outbox.is_accepted() {
            self.land(now, Input::Drained);
        }
    }

    /// The first of what goes out is done with.
    fn land(&mut self, now: Instant, how: Input<M>) {
        self.now = now;
        if self.outbox.land().is_some_and(|landed| landed.is_awaited()) {
            self.apply(now, how);
        }
    }

    /// Bytes came, in any pieces: takes them off `input` up to the next thing to report. To be called, and
    /// [`poll`](Self::poll) to be drained, until `input` is empty. What the bytes held before the errand began, or
    /// before our message has left, is never an answer to it.
    pub fn handle_input(&mut self, now: Instant, input: &mut &[u8]) {
        if matches!(self.state, State::Closed) {
            *input = &[];
        }
        if input.is_empty() {
            return;
        }
        // A leave to speak that comes after its time opens nothing.
        if self.timer.is_some_and(|(timer, at)| timer == Timer::Enquiry && now >= at) {
            self.expire(now);
        }
        let found = match self.decoder.next(input) {
            None => None,
            Some(Found::Body(_)) => Some((None, Some(Input::Message))),
            Some(Found::Control(control)) => Some((None, Some(Input::Control(control)))),
            Some(Found::Fault(fault)) => Some((Some(Event::BadFrame(Some(fault))), Some(Input::BadFrame))),
            Some(Found::Stray(_)) => Some((Some(Event::Stray), None)),
        };
        // More bytes than any frame has do not extend its time.
        if !self.decoder.is_inside() {
            self.frame_deadline = None;
        } else if self.decoder.length() <= LONGEST_BODY || self.frame_deadline.is_none() {
            self.frame_deadline = Some(now.after(self.config.timers.frame));
        }
        let Some((event, input)) = found else { return };
        event.into_iter().for_each(|event| self.tell(event));
        input.into_iter().for_each(|input| self.apply(now, input));
    }

    /// The line is gone: the port was closed, or the cable pulled.
    pub fn handle_closed(&mut self, now: Instant) {
        if self.outbox.take_back() {
            self.apply(now, Input::Unsent);
        }
        self.apply(now, Input::Closed);
    }

    /// Time has passed. Harmless when it is early.
    pub fn handle_timeout(&mut self, now: Instant) {
        let due = |deadline: Option<Instant>| deadline.is_some_and(|at| now >= at);
        if due(self.outbox.deadline()) {
            self.land(now, Input::SendUncertain);
        }
        if due(self.frame_deadline) {
            self.frame_deadline = None;
            self.decoder.reset();
            self.tell(Event::BadFrame(None));
            self.apply(now, Input::BadFrame);
        }
        if due(self.opening_deadline) {
            self.withdraw(now);
        }
        if due(self.timer.map(|(_, at)| at)) {
            self.expire(now);
        }
    }

    /// While the peer is in the middle of a frame we neither begin to speak nor give up: only the frame's own time counts.
    fn expire(&mut self, now: Instant) {
        if self.decoder.is_inside() {
            return;
        }
        if let Some((timer, _)) = self.timer.take() {
            self.apply(now, Input::Expired(timer));
        }
    }

    /// What happened, oldest first, for an owner that wants to know before it lets anything be sent. [`poll`](Self::poll)
    /// gives the same events.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_at(0)
    }

    /// What to do next. To be drained after each call of another method, until it says `Wait`.
    pub fn poll(&mut self) -> Action<M> {
        if let Some(event) = self.poll_event() {
            return Action::Event(event);
        }
        match self.outbox.hand_out(self.now, self.config.line, self.config.timers.send) {
            Some((Outgoing::Control(control), _)) => Action::Send(control),
            Some((Outgoing::Message(permit), from)) => {
                // Only the driver's word can take this back.
                self.proof = self.proof.max(Proof::PerhapsSent);
                Action::Emit { permit, from }
            }
            None => Action::Wait { until: self.deadline() },
        }
    }

    /// When the machine wants [`handle_timeout`](Self::handle_timeout) to be called, whatever `poll` last said.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let timer = self.timer.map(|(_, at)| at).filter(|_| !self.decoder.is_inside());
        [timer, self.frame_deadline, self.opening_deadline, self.outbox.deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// The message that [`Event::Received`] announced, until more input is handed in.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.decoder.body()
    }

    /// Where the session stands.
    #[must_use]
    pub const fn state(&self) -> &State<M> {
        &self.state
    }

    /// Whether nobody speaks, nothing is to be said, and nothing waits to be sent.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle(_)) && self.outbox.is_empty() && !self.decoder.is_inside()
    }

    /// How far the message of the last errand got.
    #[must_use]
    pub const fn proof(&self) -> Proof {
        self.proof
    }

    /// How often things happened.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    fn apply(&mut self, now: Instant, input: Input<M>) {
        self.now = now;
        let before = self.state;
        let (next, effects) = step(before, input, &self.config.rules);
        self.state = next;
        if !before.has_phase_of(&next) {
            self.timer = next.timer().map(|timer| (timer, now.after(self.limit(timer))));
        }
        self.opening_deadline =
            next.call().and(self.opening_deadline.or_else(|| Some(now.after(self.config.timers.opening))));
        if !next.is_calling() {
            self.outbox.forget_enquiry();
        }
        if matches!(next, State::Closed) {
            self.outbox.clear();
            self.frame_deadline = None;
        }
        for effect in effects {
            match effect {
                Effect::Send(control) => {
                    if control == Control::Enquiry {
                        add_one(&mut self.counters.enquiries);
                    }
                    self.outbox.push(Outgoing::Control(control));
                }
                Effect::Emit(permit) => {
                    add_one(&mut self.counters.messages);
                    self.outbox.push(Outgoing::Message(permit));
                }
                Effect::Show(event) => self.tell(event),
            }
        }
    }

    fn tell(&mut self, event: Event) {
        self.counters.count(event);
        match event {
            Event::Delivered => self.proof = Proof::Delivered,
            Event::GaveUp { proof: Proof::NothingSent } => self.proof = Proof::NothingSent,
            _ => {}
        }
        // Nothing is ever lost here when `poll` is drained as it asks to be.
        let _ = self.events.try_push(event);
    }

    const fn limit(&self, timer: Timer) -> Duration {
        let timers = &self.config.timers;
        match timer {
            Timer::Clear => timers.clear,
            Timer::Pause => timers.pause,
            Timer::Enquiry => timers.enquiry,
            Timer::Receipt => timers.receipt,
            Timer::Message => timers.message,
            Timer::End => timers.end,
            Timer::TurnRound => timers.turn_round,
        }
    }
}
