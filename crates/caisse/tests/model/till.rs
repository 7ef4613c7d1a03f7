//! The till, as a function from what has happened to what it wants: the real machine, started anew and told all of it
//! again. So a state of the model is a history, and two states are the same only if the machine cannot tell them apart.

use std::time::Duration;

use caisse::{Amount, Blocked, Currency, Operation, TransactionId};
use caisse_payment::{AuthorisationNumber, Transaction, Verdict};
use caisse_transaction::till::MOST_STORAGE;
use caisse_transaction::{
    Action, Config, ConnectError, Instant, Request, SendError, TillMachine, WriteError,
};

use crate::world::{Amounts, Setup, Slot};

pub const ENQ: u8 = 0x05;
pub const ACK: u8 = 0x06;
pub const NAK: u8 = 0x15;
pub const EOT: u8 = 0x04;

/// What happens to a running payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    Connected,
    NotConnected,
    Journaled,
    /// The start is written, and the driver, which looks before it sends, finds this on the line.
    JournaledBehind(Say),
    /// The same, and it finds the line closed.
    JournaledAndClosed,
    JournalFailed,
    /// All that was handed out has been accepted, and has left.
    Sent,
    /// Half of it has been accepted.
    SentInPart,
    SendFailed,
    SendUncertain,
    Heard(Say),
    Closed,
    /// Nothing has happened until the machine's next moment.
    Timer,
    /// The machine's next moment passes while the process is stopped, and this is on the line when it goes on.
    TimerFinds(Say),
    /// The first is heard, and the rest is on the line already: perhaps more, and the close.
    Answered(Say, Option<Say>),
    /// A wish that the driver sees before it looks what the machine wants.
    Cancel,
    GiveUp,
    /// The same, and this is on the line.
    GiveUpFinds(Say),
}

/// What a terminal says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Say {
    Control(u8),
    /// An answer, in a frame where the line has frames.
    Answer(Answer),
    /// The first half of it.
    Half(Answer),
}

/// The answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Answer {
    pub of: Slot,
    /// The number of the charge; nothing after a refusal.
    pub charged: Option<u8>,
}

/// What the till wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Demand {
    Connect,
    Record(Note),
    /// A control character of a session.
    SendControl(u8),
    /// The request, or what is left of it.
    SendMessage {
        whole: bool,
    },
    Wait {
        /// Whether time alone can end the wait.
        timer: bool,
    },
    /// The verdict is reported, and the line is read on.
    Reads {
        verdict: Verdict,
        journaled: bool,
    },
    Done {
        verdict: Verdict,
        journaled: bool,
        /// Whether the connection stays open for a late answer.
        listens: bool,
    },
}

/// What stands in the journal, in the model's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Note {
    Start(Slot),
    NeverSent(Slot, Verdict),
    End(Slot, Verdict, Option<u8>),
    Decided { of: Slot, paid: bool, by_a_person: bool },
    Disputed(Slot),
}

pub type Till = fn(&Setup, Slot, &[Op]) -> Demand;

pub fn id(slot: Slot) -> TransactionId {
    ["before", "first", "second"][slot].parse().unwrap()
}

pub fn slot_of(id: TransactionId) -> Slot {
    (0..3).find(|slot| self::id(*slot) == id).unwrap()
}

pub fn amount(setup: &Setup, slot: Slot) -> Amount {
    let minor = match setup.amounts {
        Amounts::Distinct => [1000, 2500, 3700],
        Amounts::OursAlike => [1000, 2500, 2500],
        Amounts::AllAlike => [2500; 3],
    }[slot];
    Amount::from_minor(minor, Currency::EUR)
}

pub fn transaction(setup: &Setup, slot: Slot) -> Transaction {
    let (terminal, dialect) = ("counter".parse().unwrap(), setup.dialect.name.parse().unwrap());
    Transaction::new(id(slot), Operation::Debit, amount(setup, slot), terminal, dialect)
}

pub fn request(setup: &Setup, slot: Slot) -> Request {
    Request { transaction: transaction(setup, slot), ticket: None, application: None }
}

pub fn config(setup: &Setup) -> Config {
    Config { link: setup.kind, ..Config::new(setup.dialect, "012345678901".parse().unwrap()) }
}

pub fn number(charge: u8) -> AuthorisationNumber {
    format!("{charge:06}").parse().unwrap()
}

/// An answer as it stands on the wire.
pub fn body(setup: &Setup, answer: Answer) -> Vec<u8> {
    let minor = amount(setup, answer.of).minor();
    let end = match answer.charged {
        Some(charge) => format!("AC006{}AE00210", number(charge)),
        None => "AE00201AF00204".to_owned(),
    };
    format!("CZ0040320CA00201CB007{minor:07}CD0010CE003978{end}").into_bytes()
}

/// A frame around it.
pub fn frame(body: &[u8]) -> Vec<u8> {
    let mut buffer = [0; 256];
    caisse_link::frame::encode(body, &mut buffer).unwrap().to_vec()
}

fn bytes(setup: &Setup, say: Say) -> Vec<u8> {
    let whole = |answer| {
        let body = body(setup, answer);
        if config(setup).has_sessions() { frame(&body) } else { body }
    };
    match say {
        Say::Control(control) => vec![control],
        Say::Answer(answer) => whole(answer),
        Say::Half(answer) => {
            let mut bytes = whole(answer);
            bytes.truncate(bytes.len() / 2);
            bytes
        }
    }
}

/// Turn-round times and the reading before an ENQ: nothing else happens in them.
pub const AT_ONCE: Duration = Duration::from_millis(50);

struct Running<'s> {
    setup: &'s Setup,
    machine: TillMachine<'s>,
    now: Instant,
    /// How many bytes the machine has just handed out.
    handed: usize,
    /// How long its message is.
    length: Option<usize>,
    /// The verdict that was reported, and whether its end is written.
    told: Option<(Verdict, bool)>,
}

/// The real till.
pub fn real(setup: &Setup, slot: Slot, history: &[Op]) -> Demand {
    let mut storage = [0; MOST_STORAGE];
    let mut machine = TillMachine::new(config(setup), &mut storage);
    let now = Instant::default();
    machine.start(now, request(setup, slot)).unwrap();
    let mut running = Running { setup, machine, now, handed: 0, length: None, told: None };
    for op in history {
        if !matches!(op, Op::Cancel | Op::GiveUp) {
            running.settle();
        }
        running.apply(*op);
    }
    running.settle()
}

impl Running<'_> {
    /// Lets the machine go on until it wants something of somebody.
    fn settle(&mut self) -> Demand {
        loop {
            match self.machine.poll() {
                Action::Event(_) | Action::Close | Action::Abort => {}
                Action::Verdict(verdict) => {
                    let journaled = self.machine.report().unwrap().journaled();
                    self.told = Some((verdict, journaled));
                }
                // What it proves is written by the rules of `recover`, when the world has the terminal say it.
                Action::Persist(_) => self.machine.handle_persisted(self.now),
                Action::Drain => panic!("what is sent is drained at once"),
                Action::Look => self.machine.handle_idle(self.now),
                Action::Dispute(contradiction) => {
                    return Demand::Record(Note::Disputed(slot_of(contradiction.id)));
                }
                Action::Connect => return Demand::Connect,
                Action::RecordStart(start) => return Demand::Record(Note::Start(slot_of(start.id))),
                Action::RecordNeverSent(start, end) => {
                    return Demand::Record(Note::NeverSent(slot_of(start.id), end.verdict));
                }
                Action::RecordEnd(id, end) => {
                    let charge = end.authorisation.map(|number| number.as_str().parse().unwrap());
                    return Demand::Record(Note::End(slot_of(id), end.verdict, charge));
                }
                Action::Send(bytes) => {
                    self.handed = bytes.len();
                    if let [control] = bytes {
                        return Demand::SendControl(*control);
                    }
                    let length = *self.length.get_or_insert(bytes.len());
                    return Demand::SendMessage { whole: bytes.len() == length };
                }
                Action::Wait { until: Some(until) } if until.since(self.now) <= AT_ONCE => {
                    self.now = self.now.max(until);
                    self.machine.handle_timeout(self.now);
                }
                Action::Wait { until } => {
                    return match self.told.filter(|_| !config(self.setup).has_sessions()) {
                        Some((verdict, journaled)) => Demand::Reads { verdict, journaled },
                        None => Demand::Wait { timer: until.is_some() },
                    };
                }
                Action::Done(verdict) => {
                    let journaled = self.machine.report().unwrap().journaled();
                    return Demand::Done { verdict, journaled, listens: self.machine.stays_open() };
                }
            }
        }
    }

    fn apply(&mut self, op: Op) {
        let (machine, now) = (&mut self.machine, self.now);
        match op {
            Op::Connected => machine.handle_connected(now, Ok(None)),
            Op::NotConnected => machine.handle_connected(now, Err(ConnectError::Refused)),
            Op::Journaled => machine.handle_written(now, Ok(())),
            Op::JournaledBehind(say) => {
                machine.handle_written(now, Ok(()));
                machine.handle_input(now, &bytes(self.setup, say));
            }
            Op::JournaledAndClosed => {
                machine.handle_written(now, Ok(()));
                machine.handle_closed(now);
            }
            Op::JournalFailed => {
                machine.handle_written(now, Err(WriteError::Failed(Blocked::JournalUnavailable)))
            }
            Op::Sent => {
                machine.handle_sent(now, Ok(self.handed));
                machine.handle_drained(now, Ok(()));
            }
            Op::SentInPart => machine.handle_sent(now, Ok(self.handed / 2)),
            Op::SendFailed => machine.handle_sent(now, Err(SendError::Closed)),
            Op::SendUncertain => machine.handle_sent(now, Err(SendError::Uncertain)),
            Op::Heard(say) => machine.handle_input(now, &bytes(self.setup, say)),
            Op::Closed => machine.handle_closed(now),
            Op::Timer => {
                self.now = now.max(machine.deadline().unwrap());
                machine.handle_timeout(self.now);
            }
            Op::TimerFinds(say) => {
                self.now = now.max(machine.deadline().unwrap());
                machine.handle_timeout(self.now);
                machine.handle_input(self.now, &bytes(self.setup, say));
            }
            Op::Answered(first, then) => {
                for say in [Some(first), then].into_iter().flatten() {
                    machine.handle_input(now, &bytes(self.setup, say));
                }
                machine.handle_closed(now);
            }
            Op::Cancel => machine.request_cancel(now),
            Op::GiveUp => machine.give_up(now),
            Op::GiveUpFinds(say) => {
                machine.give_up(now);
                machine.handle_input(now, &bytes(self.setup, say));
            }
        }
    }
}
