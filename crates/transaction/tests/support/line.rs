//! A till on a line with sessions: the test plays the terminal, byte by byte, in virtual time.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::VecDeque;
use std::time::Duration;

use caisse_payment::{Amount, Verdict};
use caisse_transaction::till::{LinkKind, MOST_STORAGE};
use caisse_transaction::{Action, Config, Dialect, Event, Instant, Request, SendError, TillMachine};

use super::{Write, config};

pub const ENQ: u8 = 0x05;
pub const ACK: u8 = 0x06;
pub const NAK: u8 = 0x15;
pub const EOT: u8 = 0x04;

/// A body in its frame, by the definition.
pub fn framed(body: &str) -> Vec<u8> {
    let check = body.bytes().fold(0x03, |check, byte| check ^ byte);
    [&[0x02], body.as_bytes(), &[0x03, check]].concat()
}

pub fn serial(dialect: Dialect) -> Config {
    Config { link: LinkKind::Serial, ..config(dialect) }
}

/// What a terminal does: at each byte string of the till's it says what it sends back, and after how many milliseconds.
pub trait Terminal {
    fn hear(&mut self, sent: &[u8]) -> Vec<(u64, Vec<u8>)>;
}

impl<F: FnMut(&[u8]) -> Vec<(u64, Vec<u8>)>> Terminal for F {
    fn hear(&mut self, sent: &[u8]) -> Vec<(u64, Vec<u8>)> {
        self(sent)
    }
}

/// The terminal of the published diagram: grants the line, takes the message, and later says its result.
#[derive(Clone, Debug, Default)]
pub struct Usual {
    pub result: Vec<u8>,
    /// Milliseconds from the till's EOT to the terminal's ENQ.
    pub takes: u64,
    pub requests: Vec<Vec<u8>>,
    said: bool,
    over: bool,
}

impl Usual {
    pub fn answering(body: &str) -> Self {
        Self { result: framed(body), takes: 5_000, ..Self::default() }
    }
}

impl Terminal for Usual {
    fn hear(&mut self, sent: &[u8]) -> Vec<(u64, Vec<u8>)> {
        let after = |byte| vec![(20, vec![byte])];
        match sent {
            [ENQ] => after(ACK),
            [0x02, ..] => {
                self.requests.push(sent.to_vec());
                after(ACK)
            }
            [EOT] => vec![(self.takes, vec![ENQ])],
            [ACK] if !self.said => {
                self.said = true;
                vec![(20, self.result.clone())]
            }
            [ACK] if !self.over => {
                self.over = true;
                after(EOT)
            }
            _ => vec![],
        }
    }
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub verdict: Verdict,
    /// All that the till sent, a piece for each write.
    pub sent: Vec<Vec<u8>>,
    pub writes: Vec<Write>,
    pub events: Vec<Event>,
    pub late: u8,
    pub elapsed: Duration,
    pub receipt: Option<Vec<u8>>,
    pub skipped: usize,
    pub reported_amount: Option<Amount>,
    /// What the machine shows of its reader at the end.
    pub reader: String,
}

impl Run {
    /// How often the till put a message on the line.
    pub fn messages(&self) -> usize {
        self.sent.iter().filter(|bytes| bytes.starts_with(&[0x02])).count()
    }

    pub fn outcome(&self) -> &'static str {
        self.verdict.outcome.name()
    }
}

/// Where a run is broken off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Break {
    /// The line goes after so many bytes of the terminal's have arrived.
    pub after_received: Option<usize>,
    /// The line goes after so many bytes of the till's have been accepted.
    pub after_sent: Option<usize>,
    /// Whether a gone line is told (the port vanishes) or only silent (the cable is out).
    pub silent: bool,
}

pub fn run(config: Config, request: Request, terminal: &mut dyn Terminal) -> Run {
    run_broken(config, request, terminal, Break::default(), 4096)
}

/// Runs a transaction; bytes of the terminal's come in pieces of at most `piece`.
pub fn run_broken(
    config: Config,
    request: Request,
    terminal: &mut dyn Terminal,
    broken: Break,
    piece: usize,
) -> Run {
    run_with_storage(config, request, terminal, broken, piece, MOST_STORAGE)
}

pub fn run_with_storage(
    config: Config,
    request: Request,
    terminal: &mut dyn Terminal,
    broken: Break,
    piece: usize,
    storage: usize,
) -> Run {
    let mut storage = vec![0; storage];
    let mut machine = TillMachine::new(config, &mut storage);
    let start = Instant::from_millis(1_000_000);
    let mut now = start;
    let mut coming: VecDeque<(Instant, Vec<u8>)> = VecDeque::new();
    let (mut sent, mut writes, mut events) = (Vec::new(), Vec::new(), Vec::new());
    let (mut received, mut accepted_total, mut gone, mut told) = (0, 0, false, false);
    machine.start(now, request).unwrap();
    for _ in 0..100_000 {
        gone |= broken.after_received.is_some_and(|most| received >= most);
        gone |= broken.after_sent.is_some_and(|most| accepted_total >= most);
        match machine.poll() {
            action @ (Action::RecordStart(_) | Action::RecordEnd(..) | Action::RecordNeverSent(..)) => {
                writes.push(Write::new(action));
                machine.handle_written(now, Ok(()));
            }
            Action::Connect => machine.handle_connected(now, Ok(None)),
            Action::Send(bytes) => {
                let bytes = bytes.to_vec();
                let room = broken.after_sent.map_or(usize::MAX, |most| most.saturating_sub(accepted_total));
                let count = if gone && !broken.silent {
                    0
                } else {
                    bytes.len().min(room.max(usize::from(broken.silent) * bytes.len()))
                };
                if count > 0 {
                    accepted_total += count;
                    sent.push(bytes[..count].to_vec());
                    machine.handle_sent(now, Ok(count));
                }
                if count == bytes.len() {
                    let lost = gone || broken.after_sent.is_some_and(|most| accepted_total > most);
                    now = now.after(config.dialect.session.line.time_of(count));
                    machine.handle_drained(now, Ok(()));
                    if !lost {
                        for (delay, answer) in terminal.hear(&bytes) {
                            let at = now.after(Duration::from_millis(delay));
                            let place = coming.partition_point(|(other, _)| *other <= at);
                            coming.insert(place, (at, answer));
                        }
                    }
                } else {
                    machine.handle_sent(now, Err(SendError::Closed));
                }
            }
            Action::Event(event) => events.push(event),
            Action::Drain => panic!("what is sent is drained at once"),
            Action::Persist(_) => machine.handle_persisted(now),
            Action::Look => machine.handle_idle(now),
            Action::Verdict(_) => {}
            Action::Dispute(_) => panic!("a frame ends with its check byte"),
            Action::Close | Action::Abort => {}
            Action::Wait { until } => {
                if gone && !broken.silent && !told {
                    told = true;
                    machine.handle_closed(now);
                    continue;
                }
                let until = until.expect("a wait without end");
                match coming.pop_front().filter(|_| !gone) {
                    Some((at, bytes)) if at <= until => {
                        now = now.max(at);
                        let most = broken.after_received.map_or(usize::MAX, |most| most - received);
                        let count = bytes.len().min(piece).min(most);
                        received += count;
                        machine.handle_input(now, &bytes[..count]);
                        if count < bytes.len() {
                            coming.push_front((now, bytes[count..].to_vec()));
                        }
                    }
                    Some(later) => {
                        coming.push_front(later);
                        now = until;
                        machine.handle_timeout(now);
                    }
                    None => {
                        now = until;
                        machine.handle_timeout(now);
                    }
                }
            }
            Action::Done(verdict) => {
                let report = machine.report().unwrap();
                assert_eq!(report.verdict(), verdict);
                let receipt = report.answer().and_then(|answer| answer.receipt_text());
                return Run {
                    verdict,
                    sent,
                    writes,
                    events,
                    late: report.late_answers(),
                    elapsed: now.since(start),
                    receipt: receipt.map(|text| text.reveal().to_vec()),
                    skipped: report.skipped(),
                    reported_amount: report.reported_amount(),
                    reader: format!("{machine:?}").split_once("reader: ").unwrap().1.to_owned(),
                };
            }
        }
    }
    panic!("the machine never ends");
}
