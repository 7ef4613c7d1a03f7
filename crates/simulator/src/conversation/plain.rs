//! 3.x over TCP: a request, an answer, the end of the connection.

use std::time::Duration;

use caisse_hal::Instant;
use caisse_link::Limits;
use caisse_transaction::terminal::{Action, End, MOST_STORAGE, TerminalMachine, refusal_of};

use super::{Conversation, earlier, note_faults};
use crate::fault::{Fault, Leaves, Lines, Name, Pipe, Step, alter};
use crate::terminal::{Asked, LineId, Outcome, Reply, Terminal};
use crate::wire::three;

/// The longest that a till may take to send its request, however it drips.
const REQUEST_TIME: Duration = Duration::from_secs(30);

/// How long the terminal waits for the till to take the answer and close.
const FAREWELL: Duration = Duration::from_secs(5);

/// How long a line without an answer is kept open for a till that does not close it.
const SILENCE: Duration = Duration::from_secs(3_600);

#[derive(Debug)]
enum Stage {
    /// Until when the request must be whole.
    Reading(Instant),
    /// The customer stands at the terminal.
    Deciding(Box<Asked>),
    /// Nothing will come any more; until when the line is kept.
    Silent(Instant),
    /// The answer is on its way, or has left; until when the line is kept.
    Answered(Instant),
    Over,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Plain {
    line: LineId,
    machine: TerminalMachine<[u8; MOST_STORAGE]>,
    pipe: Pipe,
    stage: Stage,
    read_something: bool,
    /// The faults that were known before the request.
    early: Vec<Fault>,
    /// The till is there, as far as anybody knows.
    connected: bool,
    /// Its customer stands at the terminal, whether it has its answer or not.
    working: bool,
}

impl Plain {
    /// A connection that has just been taken.
    pub(crate) fn new(now: Instant, limits: Limits, terminal: &mut Terminal) -> Self {
        let opened = terminal.open(Lines::Any);
        let mut pipe = Pipe::new(&opened.faults, opened.random);
        pipe.step(Step::Connected);
        Self {
            line: opened.line,
            machine: TerminalMachine::with_limits(limits, [0; MOST_STORAGE]),
            pipe,
            stage: Stage::Reading(now.after(REQUEST_TIME)),
            read_something: false,
            early: opened.faults,
            connected: true,
            working: false,
        }
    }

    fn ask(&mut self, now: Instant, terminal: &mut Terminal) {
        let persona = *terminal.persona();
        let Action::Decide(request) = self.machine.poll() else { return };
        match request {
            Ok(request) => {
                let asked = three::read(&request, &persona);
                let faults = terminal.ask(now, self.line, asked.clone());
                // Where the request chooses, its faults are known only now.
                self.pipe.rearm(&faults);
                self.pipe.step(Step::Request);
                self.stage = Stage::Deciding(Box::new(asked));
            }
            Err(fault) => {
                self.pipe.step(Step::Request);
                // What cannot be read is refused by the machine itself, whatever the terminal is told to answer.
                let refused = self.machine.refuse(refusal_of(fault)).is_ok();
                self.stage = Stage::Answered(now.after(SILENCE));
                if refused {
                    self.emit(terminal, false);
                }
            }
        }
    }

    /// The line broke while the request was read. A whole request goes on, as it does when the till closes behind it;
    /// anything less is nothing, and this turn of the script is over.
    fn read_no_more(&mut self, now: Instant, terminal: &mut Terminal) {
        self.machine.handle_closed(now);
        if matches!(self.machine.poll(), Action::Decide(_)) {
            self.ask(now, terminal);
            return self.advance(now, terminal);
        }
        self.end_unasked(Stage::Silent(now.after(SILENCE)), terminal);
    }

    /// No request will come. If one of its faults has happened, that was this turn of the script.
    fn end_unasked(&mut self, stage: Stage, terminal: &mut Terminal) {
        if self.pipe.has_fired() && matches!(self.stage, Stage::Reading(_)) {
            terminal.spend_turn(&self.early);
        }
        self.stage = stage;
    }

    /// Hands the machine's answer to the line.
    fn emit(&mut self, terminal: &mut Terminal, known: bool) {
        self.pipe.step(Step::Decided);
        let mut messages = Vec::new();
        if let Action::Send(bytes) = self.machine.poll() {
            let earlier = if known { terminal.note_answer(bytes) } else { None };
            messages = alter(&mut self.pipe, bytes, earlier.as_deref());
            let length = bytes.len();
            self.machine.handle_sent(Instant::default(), length);
        }
        self.pipe.step(Step::Answer);
        for message in messages {
            self.pipe.write(&message, true);
        }
        self.pipe.step(Step::Answered);
        self.pipe.finish();
    }

    fn answer(&mut self, now: Instant, asked: &Asked, reply: &Reply, terminal: &mut Terminal) {
        let bytes = three::write(&self.machine.request(), asked, reply, terminal.persona());
        if self.machine.answer_with(&bytes).is_ok() {
            self.emit(terminal, true);
        }
        self.stage = Stage::Answered(now.after(SILENCE));
    }
}

impl Conversation for Plain {
    fn handle_input(&mut self, now: Instant, bytes: &[u8], terminal: &mut Terminal) {
        if !self.read_something && !bytes.is_empty() {
            self.read_something = true;
            self.pipe.step(Step::Reading);
        }
        let single = self.pipe.armed(Name::SingleRead);
        if single.is_some() && self.pipe.reads() > 0 {
            return;
        }
        let taken = self.pipe.receive(bytes);
        self.machine.handle_input(now, bytes.get(..taken).unwrap_or_default());
        if let Some(single) = single.filter(|_| taken > 0) {
            self.pipe.note(single);
            self.machine.handle_end_of_input();
        }
        self.advance(now, terminal);
    }

    fn handle_closed(&mut self, now: Instant, terminal: &mut Terminal) {
        if !self.connected {
            return;
        }
        self.connected = false;
        self.machine.handle_closed(now);
        // A whole request and a close: the card holder is at the terminal all the same.
        self.advance(now, terminal);
        self.pipe.break_off();
        match self.stage {
            Stage::Deciding(_) => terminal.line_lost(now, self.line),
            _ => self.end_unasked(Stage::Over, terminal),
        }
    }

    fn advance(&mut self, now: Instant, terminal: &mut Terminal) {
        terminal.advance(now);
        self.machine.handle_timeout(now);
        let outcome = terminal.take(self.line);
        if outcome == Outcome::Lost {
            self.pipe.lose();
            self.stage = Stage::Silent(now);
        }
        match (&self.stage, outcome) {
            (Stage::Reading(until), _) => match self.machine.poll() {
                Action::Decide(_) => {
                    self.ask(now, terminal);
                    self.advance(now, terminal);
                }
                Action::Done(End::Malformed | End::NoRequest) => self.end_unasked(Stage::Over, terminal),
                _ if self.pipe.is_dead() => self.read_no_more(now, terminal),
                _ if now >= *until => self.end_unasked(Stage::Over, terminal),
                _ => {}
            },
            (Stage::Deciding(asked), Outcome::Reply(reply)) => {
                let asked = asked.clone();
                self.answer(now, &asked, &reply, terminal);
            }
            (Stage::Deciding(_), Outcome::Silent) => {
                self.pipe.step(Step::Decided);
                self.stage = Stage::Silent(now.after(SILENCE));
            }
            _ => {}
        }
        note_faults(now, &mut self.pipe, terminal);
        self.working = terminal.is_working_for(self.line);
        if !self.connected && !self.working {
            self.stage = Stage::Over;
        }
    }

    fn poll(&mut self, now: Instant, terminal: &mut Terminal) -> Leaves {
        match self.pipe.poll(now) {
            Leaves::Wait(until) => {
                let own = match &self.stage {
                    Stage::Reading(until) => {
                        let machine = match self.machine.poll() {
                            Action::Wait { until } => until,
                            _ => None,
                        };
                        earlier(Some(*until), machine)
                    }
                    Stage::Deciding(_) => terminal.deadline(),
                    Stage::Silent(until) | Stage::Answered(until) => {
                        earlier(Some(*until), terminal.deadline())
                    }
                    Stage::Over => terminal.deadline(),
                };
                Leaves::Wait(earlier(until, own))
            }
            Leaves::Cut { reset } => {
                self.connected = false;
                Leaves::Cut { reset }
            }
            Leaves::Finish => {
                terminal.note_answered(now);
                self.stage = Stage::Answered(now.after(FAREWELL));
                Leaves::Finish
            }
            Leaves::Bytes(bytes) => Leaves::Bytes(bytes),
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        let ended = match self.stage {
            Stage::Over => true,
            Stage::Silent(until) | Stage::Answered(until) => now >= until || !self.connected,
            Stage::Reading(_) | Stage::Deciding(_) => false,
        };
        // An answer at once is not the end: the customer is still there.
        ended && !self.working
    }

    fn close(&self, terminal: &mut Terminal) {
        terminal.close(self.line);
    }
}
