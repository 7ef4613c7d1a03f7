//! The real machine of a till, played from its beginning.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use caisse_link::frame::Control;
use caisse_payment::{Doubt, Outcome, Refusal, Verdict};
use caisse_transaction::{Action, Dialect, DrainError, Instant, SendError, TillMachine};

use crate::support::line::{framed, serial};
use crate::support::{debit, euros};

/// More than a machine left alone needs to come to its end.
const STEPS_TO_REST: usize = 40;

/// How often the line is asked for.
pub const ATTEMPTS: u8 = 2;

/// What happens to a till.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    Control(Control),
    /// The result of a transaction for so many minor units.
    Result {
        minor: u64,
        approved: bool,
    },
    /// A frame whose check byte does not fit.
    Bad,
    /// What is due next.
    Timer,
    /// The whole message is accepted, and leaves.
    Leaves,
    /// It is accepted, and nobody knows whether it leaves.
    Stuck,
    /// Nothing of the message is accepted.
    Fails,
    /// Some bytes of it are, or perhaps some.
    Breaks,
    Closes,
    GivesUp,
}

/// A mistake in a till, planted around its machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mistake {
    None,
    /// It says its message again when it is refused.
    SaysItAgain,
    /// It takes every result for its own.
    TakesEveryResult,
    /// It forgets what came before its message.
    ForgetsWhatCameEarlier,
    /// It takes silence for a refusal, or for an approval.
    SilenceIsRefusal,
    SilenceIsApproval,
    /// It forgets what was accepted before a send failed.
    ForgetsWhatWasAccepted,
    /// It asks once more than it should.
    AsksOnceMore,
    /// It gives up one enquiry early.
    AsksOnceLess,
    /// It does not wait for the journal.
    RecordsLater,
    /// It never looks at the clock.
    WaitsForEver,
}

/// What a till says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Said {
    Control(Control),
    /// The first byte of its message, and the rest, have been handed to the system.
    Message,
}

/// A till after these inputs.
#[derive(Clone, Debug)]
pub struct Till {
    /// What the last input made it say.
    pub said: Vec<Said>,
    /// The system has its message in hands.
    pub sending: bool,
    /// How it ended, if it has.
    pub verdict: Option<Verdict>,
    /// How long until it wants to be woken.
    pub due: Option<Duration>,
    /// Messages that went out, enquiries that did.
    pub messages: u8,
    pub enquiries: u8,
    /// The message was handed out before the start was on disk, or the verdict told before the end was.
    pub unrecorded: bool,
    /// Stands for everything that can matter from here on.
    pub key: u64,
}

struct Play<'s> {
    machine: TillMachine<'s>,
    mistake: Mistake,
    now: Instant,
    till: Till,
    started: bool,
    ended: bool,
}

fn dialect(mistake: Mistake) -> Dialect {
    let mut dialect = Dialect { name: "custom", ..Dialect::CONCERT_E_PLUS };
    dialect.session.rules.attempts = match mistake {
        Mistake::AsksOnceMore => ATTEMPTS + 1,
        Mistake::AsksOnceLess => ATTEMPTS - 1,
        _ => ATTEMPTS,
    };
    dialect.session.rules.bad_frames = 1;
    dialect
}

/// The answer of E+ on the line.
pub fn result(minor: u64, approved: bool) -> Vec<u8> {
    framed(&format!("01{}{minor:08}1978          ", if approved { '0' } else { '7' }))
}

/// A till that asks for so much, and to which this has happened.
pub fn play(minor: u64, inputs: &[Input], mistake: Mistake) -> Till {
    with(minor, inputs, mistake, |play| play.finish())
}

/// Whether it comes to its end when nothing else happens but time, and the system takes what it is given.
pub fn comes_to_rest(minor: u64, inputs: &[Input], mistake: Mistake) -> bool {
    with(minor, inputs, mistake, |mut play| {
        for _ in 0..STEPS_TO_REST {
            if play.till.verdict.is_some() {
                return true;
            }
            play.take(minor, if play.till.sending { Input::Leaves } else { Input::Timer });
            play.drain();
        }
        false
    })
}

fn with<T>(minor: u64, inputs: &[Input], mistake: Mistake, end: impl FnOnce(Play<'_>) -> T) -> T {
    let mut storage = [0; 320];
    let mut machine = TillMachine::new(serial(dialect(mistake)), &mut storage);
    let now = Instant::from_millis(1_000_000);
    machine.start(now, debit(minor)).unwrap();
    let till = Till {
        said: vec![],
        sending: false,
        verdict: None,
        due: None,
        messages: 0,
        enquiries: 0,
        unrecorded: false,
        key: 0,
    };
    let mut play = Play { machine, mistake, now, till, started: false, ended: false };
    play.drain();
    for input in inputs {
        play.till.said.clear();
        play.take(minor, *input);
        play.drain();
    }
    end(play)
}

impl Play<'_> {
    fn take(&mut self, minor: u64, input: Input) {
        let (machine, now) = (&mut self.machine, self.now);
        if matches!(input, Input::Leaves | Input::Stuck | Input::Fails | Input::Breaks) {
            self.till.sending = false;
        }
        match input {
            Input::Control(Control::Refuse)
                if self.mistake == Mistake::SaysItAgain && self.till.messages == 1 =>
            {
                self.till.said.push(Said::Message);
                self.till.messages += 1;
                machine.handle_input(now, &[Control::Refuse.byte()]);
            }
            Input::Control(control) => machine.handle_input(now, &[control.byte()]),
            Input::Result { approved, .. } if self.mistake == Mistake::TakesEveryResult => {
                machine.handle_input(now, &result(minor, approved));
            }
            Input::Result { .. }
                if self.mistake == Mistake::ForgetsWhatCameEarlier && self.till.messages == 0 => {}
            Input::Result { minor, approved } => machine.handle_input(now, &result(minor, approved)),
            Input::Bad => {
                let mut frame = result(minor, true);
                *frame.last_mut().unwrap() ^= 1;
                machine.handle_input(now, &frame);
            }
            Input::Timer if self.mistake == Mistake::WaitsForEver && self.till.messages > 0 => {}
            Input::Timer => {
                self.now = machine.deadline().map_or(now, |at| now.max(at));
                machine.handle_timeout(self.now);
            }
            Input::Leaves => {
                machine.handle_sent(now, Ok(usize::MAX));
                machine.handle_drained(now, Ok(()));
            }
            Input::Stuck => {
                machine.handle_sent(now, Ok(usize::MAX));
                machine.handle_drained(now, Err(DrainError::TimedOut));
            }
            Input::Fails => machine.handle_sent(now, Err(SendError::Closed)),
            Input::Breaks if self.mistake == Mistake::ForgetsWhatWasAccepted => {
                machine.handle_sent(now, Err(SendError::Closed))
            }
            Input::Breaks => machine.handle_sent(now, Err(SendError::Uncertain)),
            Input::Closes => machine.handle_closed(now),
            Input::GivesUp => machine.give_up(now),
        }
    }

    /// Does at once what the machine wants: the journal writes, the port opens, control characters leave.
    fn drain(&mut self) {
        for _ in 0..64 {
            match self.machine.poll() {
                Action::Connect => self.machine.handle_connected(self.now, Ok(None)),
                action @ (Action::RecordStart(_) | Action::RecordEnd(..) | Action::RecordNeverSent(..)) => {
                    if self.mistake != Mistake::RecordsLater {
                        self.started |= !matches!(action, Action::RecordEnd(..));
                        self.ended |= !matches!(action, Action::RecordStart(_));
                    }
                    self.machine.handle_written(self.now, Ok(()));
                }
                Action::Send(&[byte]) => {
                    let control = Control::from_byte(byte).expect("a control character");
                    self.till.said.push(Said::Control(control));
                    self.till.enquiries += u8::from(control == Control::Enquiry);
                    self.machine.handle_sent(self.now, Ok(1));
                    self.machine.handle_drained(self.now, Ok(()));
                }
                Action::Send(bytes) => {
                    self.till.sending = true;
                    if bytes.starts_with(&[2]) {
                        self.till.said.push(Said::Message);
                        self.till.messages += 1;
                        self.till.unrecorded |= !self.started;
                    }
                }
                Action::Drain => panic!("what is sent is drained at once"),
                Action::Persist(_) => self.machine.handle_persisted(self.now),
                Action::Look => self.machine.handle_idle(self.now),
                Action::Event(_)
                | Action::Close
                | Action::Abort
                | Action::Verdict(_)
                | Action::Dispute(_) => {}
                Action::Wait { until } => {
                    self.till.due = until.map(|at| at.since(self.now));
                    return;
                }
                Action::Done(verdict) => {
                    self.till.unrecorded |= !self.ended;
                    self.till.verdict = Some(self.believed(verdict));
                    return;
                }
            }
        }
        panic!("it always has something to do");
    }

    fn believed(&self, verdict: Verdict) -> Verdict {
        let outcome = match (self.mistake, verdict.outcome) {
            (Mistake::SilenceIsRefusal, Outcome::Unknown { doubt: Doubt::Silence }) => {
                Outcome::Declined { refusal: Refusal::Refused }
            }
            (Mistake::SilenceIsApproval, Outcome::Unknown { doubt: Doubt::Silence }) => {
                Outcome::Approved { amount: euros(1) }
            }
            (_, outcome) => outcome,
        };
        Verdict { outcome, ..verdict }
    }

    fn finish(mut self) -> Till {
        let shown = relative(&format!("{:?}", self.machine), self.now.millis());
        let mut hasher = DefaultHasher::new();
        (shown, self.till.sending, self.till.messages, self.till.enquiries).hash(&mut hasher);
        self.till.key = hasher.finish();
        self.till
    }
}

/// The same text with each moment counted from now on, what is past as one, and without what is only counted.
fn relative(text: &str, now: u64) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("Instant(") {
        let (front, behind) = rest.split_at(at + "Instant(".len());
        out.push_str(front);
        let (digits, behind) = behind.split_once(')').expect("a closing bracket");
        let at: u64 = digits.parse().expect("milliseconds");
        out.push_str(&at.checked_sub(now).map_or("past".to_owned(), |left| left.to_string()));
        rest = behind;
    }
    out.push_str(rest);
    match out.split_once("counters: Counters {") {
        Some((front, behind)) => format!("{front}{}", behind.split_once('}').expect("a brace").1),
        None => out,
    }
}
