//! Sessions with frames: 3.x, E and E+ on a serial line, and E and E+ over TCP.

use std::collections::VecDeque;
use std::time::Duration;

use caisse_codec::{Message, ReceivedRequest, fixed};
use caisse_hal::Instant;
use caisse_link::frame::{Control, ETX, LONGEST_FRAME, STX, check_byte};
use caisse_link::serial::{Action, Copies, Event, Reaction, Readiness, SerialConfig, Session};
use caisse_transaction::terminal::refusal_of;

use super::tracker::Tracker;
use super::{Conversation, earlier, note_faults};
use crate::fault::{Fault, Leaves, Lines, Name, Pipe, Step, alter};
use crate::persona::Generation;
use crate::random::Random;
use crate::terminal::{Asked, LineId, Outcome, Reply, Terminal};
use crate::wire;

/// How often a result is said again when it is not acknowledged: a terminal tries three times (PYT, TPES).
const MORE: u8 = 2;

/// After this long without a word of the till, an exchange that has not come to a message is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(10);

/// What the till asked, in the words of its protocol.
#[derive(Debug)]
enum Request {
    Three(Vec<u8>),
    Fixed(Box<fixed::Received>),
}

#[derive(Debug)]
enum Stage {
    /// Nothing was asked; perhaps somebody knocks.
    Listening,
    /// The customer stands at the terminal.
    Deciding(Request, Box<Asked>),
    /// The result is being told.
    Telling,
}

/// A line of its own, from the moment it is plugged in.
pub(crate) struct Framed<'s> {
    session: Session<'s, Copies>,
    tracker: Tracker,
    pipe: Pipe,
    /// The exchange that is going on.
    line: Option<LineId>,
    stage: Stage,
    /// Frames that are still to be told, the first of them on its way.
    outbox: VecDeque<Vec<u8>>,
    /// The till's enquiry has met one of ours in this exchange.
    collided: bool,
    /// The faults that were known before the request.
    early: Vec<Fault>,
    /// A message came in this exchange.
    asked: bool,
    /// When the till was last heard.
    heard: Instant,
    /// When bytes came last, dead line or not.
    spoken: Instant,
    /// How long a frame may pause.
    frame_time: Duration,
    /// Something was handed to the pipe and has not left it.
    draining: bool,
    connected: bool,
    /// Somebody else drives the terminal when the line is gone.
    permanent: bool,
    /// The eighth bit of what comes is nobody's.
    seven_bits: bool,
    /// The customer of this line stands at the terminal, whether the till has its answer or not.
    working: bool,
}

impl std::fmt::Debug for Framed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Framed")
            .field("session", &self.session)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

/// A frame of any length: the faults make longer ones than a line carries.
fn frame(body: &[u8]) -> Vec<u8> {
    [&[STX], body, &[ETX, check_byte(body)]].concat()
}

impl<'s> Framed<'s> {
    /// A line on which nothing was said. The storage holds one body: 512 bytes. A permanent line is over when it is
    /// gone; any other, when the customer at the terminal has gone too.
    pub(crate) fn new(config: SerialConfig, permanent: bool, storage: &'s mut [u8]) -> Self {
        Self {
            session: Session::new(config, storage),
            tracker: Tracker::default(),
            pipe: Pipe::new(&[], Random::of(0, 0)),
            line: None,
            stage: Stage::Listening,
            outbox: VecDeque::new(),
            collided: false,
            early: Vec::new(),
            asked: false,
            heard: Instant::default(),
            spoken: Instant::default(),
            frame_time: config.timers.frame,
            draining: false,
            connected: true,
            permanent,
            seven_bits: config.tolerance.parity_bits,
            working: false,
        }
    }

    /// The till asks for the line: an exchange begins, unless one is going on. Says whether the session hears it.
    fn knock(&mut self, now: Instant, terminal: &mut Terminal) -> bool {
        terminal.advance(now);
        let at_work = !matches!(self.stage, Stage::Listening);
        self.forget(now, terminal);
        if !self.pipe.is_dead() {
            self.heard = now;
        }
        // An enquiry that is repeated before any message belongs to the same exchange.
        if !at_work && (self.line.is_none() || self.asked) {
            self.begin_exchange(terminal);
            self.heard = now;
        }
        let collision = self.pipe.armed(Name::Collision).filter(|_| !at_work && !self.collided);
        if let Some(collision) = collision {
            self.collided = true;
            self.pipe.note(collision);
            self.collide(now, terminal);
            return false;
        }
        let silently = self.pipe.count_down(Name::LostNak, Some(Step::Enquiry));
        let refused = self.pipe.count_down(Name::Nak, Some(Step::Enquiry));
        self.session.rules_mut().readiness = if !terminal.is_reachable() || silently {
            Readiness::Mute
        } else if at_work || refused || !terminal.is_idle() {
            Readiness::Busy
        } else {
            Readiness::Ready
        };
        true
    }

    /// An exchange that has not come to a message is over when the till has been silent for long.
    fn forget(&mut self, now: Instant, terminal: &mut Terminal) {
        if self.line.is_some() && !self.asked && now >= self.heard.after(FORGOTTEN) {
            self.end_exchange(terminal);
            self.pipe = Pipe::new(&[], Random::of(0, 0));
        }
    }

    fn end_exchange(&mut self, terminal: &mut Terminal) {
        if let Some(line) = self.line.take() {
            if self.pipe.has_fired() && !self.asked {
                // No message came of it, but faults happened: that was this turn of the script.
                terminal.spend_turn(&self.early);
            }
            terminal.close(line);
        }
    }

    fn begin_exchange(&mut self, terminal: &mut Terminal) {
        self.end_exchange(terminal);
        let opened = terminal.open(Lines::Framed);
        self.line = Some(opened.line);
        self.pipe = Pipe::new(&opened.faults, opened.random);
        self.early = opened.faults;
        (self.asked, self.collided) = (false, false);
        self.pipe.step(Step::Connected);
    }

    /// The terminal has a result to tell at the same moment: that of an earlier transaction.
    fn collide(&mut self, now: Instant, terminal: &Terminal) {
        let made_up: &[u8] = match terminal.persona().generation {
            Generation::Three => b"CZ0040300CA00201CB003100CD0010CE003978AE00210AC006000000",
            Generation::E | Generation::EPlus => b"01000000100B978          ",
        };
        self.tell(now, &[terminal.last_answer().unwrap_or(made_up).to_vec()]);
    }

    /// Puts messages in the outbox and asks for the line.
    fn tell(&mut self, now: Instant, messages: &[Vec<u8>]) {
        self.outbox.extend(messages.iter().map(|message| frame(message)));
        self.tell_next(now);
    }

    fn tell_next(&mut self, now: Instant) {
        if let Some(next) = self.outbox.front() {
            // The session is busy only with an earlier one of these: its turn comes when the line is free.
            let _ = self.session.reply(now, next.len().clamp(4, LONGEST_FRAME), MORE);
        }
    }

    /// A whole frame is there.
    fn receive(&mut self, now: Instant, terminal: &mut Terminal) {
        let (Some(line), Stage::Listening) = (self.line, &self.stage) else {
            // Said again because our word was lost: it gets the same word.
            return;
        };
        let body = self.session.body().to_vec();
        let persona = *terminal.persona();
        let silently = self.pipe.count_down(Name::LostNak, Some(Step::Message));
        let refused = silently || self.pipe.count_down(Name::Nak, Some(Step::Message));
        let understood = match persona.generation {
            _ if refused => None,
            Generation::Three => Message::decode(&body).ok().map(|_| None),
            Generation::E | Generation::EPlus => wire::fixed::read(&body, &persona).map(Some),
        };
        // What is not of this protocol is refused, as a bad check byte is.
        let Some(fixed) = understood else {
            self.session.rules_mut().on_message = if silently { Reaction::Silence } else { Reaction::Refuse };
            return;
        };
        self.session.rules_mut().on_message = Reaction::Acknowledge;
        self.asked = true;
        let (request, asked) = match fixed {
            Some((request, asked)) => (Request::Fixed(Box::new(request)), asked),
            None => {
                let message = Message::read(&body).0;
                match ReceivedRequest::read(&message) {
                    Ok(request) => {
                        let asked = wire::three::read(&request, &persona);
                        (Request::Three(body), asked)
                    }
                    Err(fault) => {
                        let refusal = wire::three::refuse(&message, refusal_of(fault));
                        self.stage = Stage::Telling;
                        self.pipe.step(Step::Request);
                        self.pipe.step(Step::Decided);
                        let messages = alter(&mut self.pipe, &refusal, None);
                        self.tell(now, &messages);
                        return;
                    }
                }
            }
        };
        let faults = terminal.ask(now, line, asked.clone());
        // Where the request chooses, its faults are known only now.
        self.pipe.rearm(&faults);
        self.pipe.step(Step::Request);
        self.stage = Stage::Deciding(request, Box::new(asked));
    }

    fn reply(&mut self, now: Instant, reply: &Reply, terminal: &mut Terminal) {
        let Stage::Deciding(request, asked) = std::mem::replace(&mut self.stage, Stage::Telling) else {
            return;
        };
        let body = match &request {
            Request::Fixed(request) => wire::fixed::write(request, reply),
            Request::Three(body) => {
                let message = Message::read(body).0;
                let whole = wire::three::write(&message, &asked, reply, terminal.persona());
                if whole.len() <= LONGEST_FRAME - 3 {
                    whole
                } else {
                    // How a longer message is divided is not public: the ticket stays with the terminal.
                    let bare = Asked { ticket: None, ..*asked };
                    wire::three::write(&message, &bare, reply, terminal.persona())
                }
            }
        };
        let earlier = terminal.note_answer(&body);
        self.pipe.step(Step::Decided);
        let messages = alter(&mut self.pipe, &body, earlier.as_deref());
        self.tell(now, &messages);
    }

    fn happened(&mut self, now: Instant, event: Event, terminal: &mut Terminal) {
        match event {
            Event::Received { .. } => self.receive(now, terminal),
            Event::BadFrame(_) => self.tracker = Tracker::default(),
            Event::Delivered => {
                self.outbox.pop_front();
                if matches!(self.stage, Stage::Telling) && self.outbox.is_empty() {
                    self.pipe.step(Step::Answered);
                    terminal.note_answered(now);
                    self.stage = Stage::Listening;
                }
            }
            Event::GaveUp { .. } => {
                // The result is lost for the till.
                self.outbox.clear();
                if matches!(self.stage, Stage::Telling) {
                    self.stage = Stage::Listening;
                }
            }
            _ => {}
        }
    }

    /// Puts a word on the line, unless a fault takes it away.
    fn say(&mut self, now: Instant, control: Control) {
        if control == Control::Enquiry {
            self.pipe.step(Step::Answer);
        }
        let said = match (control, &self.stage) {
            (Control::Acknowledge, stage) => {
                let step = if matches!(stage, Stage::Listening) { Step::Enquiry } else { Step::Message };
                let lost = self.pipe.count_down(Name::LostAck, Some(step));
                (!lost).then_some(control)
            }
            (Control::EndOfSession, _) => match self.pipe.armed(Name::NoEot) {
                Some(fault) => {
                    self.pipe.note(fault);
                    None
                }
                None => Some(control),
            },
            _ => Some(control),
        };
        if let Some(said) = said {
            self.pipe.write(&[said.byte()], false);
        }
        self.session.handle_sent(now, 1);
        self.draining = true;
    }

    fn emit(&mut self, now: Instant) {
        let Some(mut bytes) = self.outbox.front().cloned() else {
            // Cannot be: a frame waits as long as the session has its errand.
            return self.session.handle_send_failed(now, 0);
        };
        let length = bytes.len().clamp(4, LONGEST_FRAME);
        if self.pipe.count_down(Name::BadLrc, None)
            && let Some(check) = bytes.last_mut()
        {
            *check ^= 0x7f;
        }
        self.pipe.write(&bytes, true);
        self.session.handle_sent(now, length);
        self.draining = true;
    }

    /// Does what the session wants, until it waits.
    fn drive(&mut self, now: Instant, terminal: &mut Terminal) {
        loop {
            match self.session.poll() {
                Action::Event(event) => self.happened(now, event, terminal),
                Action::Send(control) => self.say(now, control),
                Action::Emit { .. } => self.emit(now),
                Action::Wait { .. } => {
                    if self.draining && self.pipe.is_empty() {
                        self.draining = false;
                        self.session.handle_drained(now);
                    } else if self.session.is_idle() && !self.outbox.is_empty() {
                        // However the session of the one before has ended.
                        self.tell_next(now);
                    } else {
                        return;
                    }
                }
            }
        }
    }

    /// The character that a byte stands for, as the session reads it.
    const fn meant(&self, byte: u8) -> u8 {
        if self.seven_bits { byte & 0x7f } else { byte }
    }

    /// A byte of the till's is lost on its way: the acknowledgement of a result.
    fn is_lost(&mut self, byte: u8) -> bool {
        if self.meant(byte) != Control::Acknowledge.byte() || self.tracker.is_inside() {
            return false;
        }
        let step = match self.session.state() {
            caisse_link::serial::State::Opening { .. } => Step::ResultEnquiry,
            caisse_link::serial::State::Speaking { .. } => Step::Result,
            _ => return false,
        };
        self.pipe.count_down(Name::LostAck, Some(step))
    }
}

impl Conversation for Framed<'_> {
    fn handle_input(&mut self, now: Instant, bytes: &[u8], terminal: &mut Terminal) {
        // A line that is dead does not hear how a frame breaks off: its time is over all the same.
        if now >= self.spoken.after(self.frame_time) {
            self.tracker = Tracker::default();
        }
        self.spoken = now;
        if self.pipe.armed(Name::SingleRead).is_some() && self.tracker.is_inside() {
            // The rest of a message that did not come at once.
            return self.advance(now, terminal);
        }
        for byte in bytes {
            let control = self.meant(*byte);
            let between = !self.tracker.is_inside();
            if between && control == Control::Enquiry.byte() && !self.knock(now, terminal) {
                self.drive(now, terminal);
                continue;
            }
            if between && control == STX {
                self.pipe.step(Step::Reading);
            }
            self.tracker.take(control);
            if self.pipe.receive(&[*byte]) == 0 || self.is_lost(*byte) {
                continue;
            }
            let mut input: &[u8] = &[*byte];
            self.session.handle_input(now, &mut input);
            self.drive(now, terminal);
        }
        if let Some(single) = self.pipe.armed(Name::SingleRead).filter(|_| self.tracker.is_inside()) {
            self.pipe.note(single);
        }
        self.advance(now, terminal);
    }

    fn handle_closed(&mut self, now: Instant, terminal: &mut Terminal) {
        if !self.connected {
            return;
        }
        self.connected = false;
        self.pipe.break_off();
        self.session.handle_closed(now);
        if let (Stage::Deciding(..), Some(line)) = (&self.stage, self.line) {
            terminal.line_lost(now, line);
        }
        self.advance(now, terminal);
    }

    fn advance(&mut self, now: Instant, terminal: &mut Terminal) {
        terminal.advance(now);
        self.session.handle_timeout(now);
        self.drive(now, terminal);
        self.forget(now, terminal);
        if let Some(line) = self.line {
            match (terminal.take(line), &self.stage) {
                // The terminal has forgotten what it had to say.
                (Outcome::Lost | Outcome::Silent, Stage::Deciding(..)) => self.stage = Stage::Listening,
                (Outcome::Reply(reply), Stage::Deciding(..)) => self.reply(now, &reply, terminal),
                _ => {}
            }
        }
        self.drive(now, terminal);
        note_faults(now, &mut self.pipe, terminal);
        self.working = self.line.is_some_and(|line| terminal.is_working_for(line));
    }

    fn poll(&mut self, now: Instant, terminal: &mut Terminal) -> Leaves {
        match self.pipe.poll(now) {
            Leaves::Wait(until) => {
                if self.draining && self.pipe.is_empty() {
                    // What was handed out has left.
                    self.drive(now, terminal);
                    if !self.pipe.is_empty() {
                        return self.poll(now, terminal);
                    }
                }
                let waiting = self.line.filter(|_| !self.asked).map(|_| self.heard.after(FORGOTTEN));
                let own = earlier(self.session.deadline(), terminal.deadline());
                Leaves::Wait(earlier(earlier(until, own), waiting))
            }
            Leaves::Cut { reset } => {
                self.connected = false;
                Leaves::Cut { reset }
            }
            leaves => leaves,
        }
    }

    fn is_over(&self, _: Instant) -> bool {
        !self.connected && (self.permanent || !self.working)
    }

    fn close(&self, terminal: &mut Terminal) {
        if let Some(line) = self.line {
            terminal.close(line);
        }
    }
}
