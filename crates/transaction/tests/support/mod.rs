//! A till machine on a table: the test plays driver, journal and terminal.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::time::Duration;

use caisse_codec::{Identifier, TicketRequest};
use caisse_payment::{
    Amount, Conclusion, Currency, Operation, Outcome, Proof, Transaction, TransactionId, Verdict,
};
use caisse_transaction::till::{Contradiction, MOST_STORAGE};
use caisse_transaction::{Action, Config, Dialect, Event, Instant, Request, TillMachine};

pub mod line;

pub const IDENTIFIER: &str = "012345678901";

pub fn euros(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::EUR)
}

/// A debit. A machine sets the dialect to its own.
pub fn transaction(amount: Amount) -> Transaction {
    let (id, terminal) = ("sale-1".parse().unwrap(), "counter".parse().unwrap());
    Transaction::new(id, Operation::Debit, amount, terminal, "payxpress".parse().unwrap())
}

pub fn debit(minor: u64) -> Request {
    Request { transaction: transaction(euros(minor)), ticket: None, application: None }
}

/// What a machine asks the journal to write about its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    Start(Transaction),
    End(TransactionId, Conclusion),
    NeverSent(Transaction, Conclusion),
}

impl Write {
    /// Returns the write that an action asks for.
    pub fn new(action: Action<'_>) -> Self {
        match action {
            Action::RecordStart(transaction) => Self::Start(transaction),
            Action::RecordEnd(id, conclusion) => Self::End(id, conclusion),
            Action::RecordNeverSent(transaction, conclusion) => Self::NeverSent(transaction, conclusion),
            other => panic!("{other:?} writes nothing about the transaction"),
        }
    }
}

pub fn with_ticket(request: Request) -> Request {
    Request { ticket: Some(TicketRequest::CUSTOMER_TEXT), ..request }
}

pub fn config(dialect: Dialect) -> Config {
    Config::new(dialect, IDENTIFIER.parse::<Identifier>().unwrap())
}

/// How the terminal's stream ends after the pieces of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    Close,
    Silence,
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub verdict: Verdict,
    pub contradictions: Vec<Contradiction>,
    pub sent: Vec<u8>,
    pub writes: Vec<Write>,
    pub events: Vec<Event>,
    pub answer: Vec<u8>,
    pub skipped: usize,
    pub cut: bool,
    pub reported_amount: Option<Amount>,
    pub elapsed: Duration,
}

impl Run {
    pub fn outcome(&self) -> Outcome {
        self.verdict.outcome
    }

    pub fn proof(&self) -> Proof {
        self.verdict.proof
    }
}

/// Runs a debit whose connection opens at once and whose terminal sends these pieces, `gap` apart.
pub fn run<'p>(
    dialect: Dialect,
    request: Request,
    pieces: impl IntoIterator<Item = &'p [u8]>,
    gap: Duration,
    then: Then,
) -> Run {
    run_with_storage(dialect, request, pieces, gap, then, MOST_STORAGE)
}

pub fn run_with_storage<'p>(
    dialect: Dialect,
    request: Request,
    pieces: impl IntoIterator<Item = &'p [u8]>,
    gap: Duration,
    then: Then,
    storage: usize,
) -> Run {
    let mut storage = vec![0; storage];
    let mut machine = TillMachine::new(config(dialect), &mut storage);
    let start = Instant::from_millis(1_000_000);
    let mut now = start;
    let mut pieces = pieces.into_iter().peekable();
    let (mut last, mut early, mut contradictions) = (start, None, Vec::new());
    let (mut sent, mut writes, mut events) = (Vec::new(), Vec::new(), Vec::new());
    machine.start(now, request).unwrap();
    for _ in 0..100_000 {
        match machine.poll() {
            action @ (Action::RecordStart(_) | Action::RecordEnd(..) | Action::RecordNeverSent(..)) => {
                writes.push(Write::new(action));
                machine.handle_written(now, Ok(()));
            }
            Action::Connect => machine.handle_connected(now, Ok(None)),
            Action::Send(bytes) => {
                sent.extend_from_slice(bytes);
                let accepted = bytes.len();
                machine.handle_sent(now, Ok(accepted));
                machine.handle_drained(now, Ok(()));
            }
            Action::Event(event) => events.push(event),
            Action::Verdict(verdict) => {
                assert_eq!(machine.report().unwrap().verdict(), verdict);
                early.get_or_insert(verdict);
            }
            Action::Dispute(contradiction) => {
                contradictions.push(contradiction);
                machine.handle_written(now, Ok(()));
            }
            Action::Persist(_) | Action::Drain => panic!("a stream carries one answer"),
            Action::Look => machine.handle_idle(now),
            Action::Close | Action::Abort => {}
            Action::Wait { until } => {
                let until = until.expect("a wait without end");
                match pieces.peek() {
                    Some(piece) if last.after(gap) < until => {
                        now = last.after(gap);
                        last = now;
                        machine.handle_input(now, piece);
                        pieces.next();
                    }
                    Some(_) => {
                        now = until;
                        machine.handle_timeout(now);
                    }
                    None if then == Then::Close => machine.handle_closed(now),
                    None => {
                        now = until;
                        machine.handle_timeout(now);
                    }
                }
            }
            Action::Done(verdict) => {
                let report = machine.report().unwrap();
                assert_eq!(report.verdict(), verdict);
                assert_eq!(early, Some(verdict), "the verdict is reported once, and stays");
                assert_eq!(report.is_disputed(), !contradictions.is_empty());
                return Run {
                    verdict,
                    contradictions,
                    sent,
                    writes,
                    events,
                    answer: report.message().as_bytes().to_vec(),
                    skipped: report.skipped(),
                    cut: report.is_cut(),
                    reported_amount: report.reported_amount(),
                    elapsed: now.since(start),
                };
            }
        }
    }
    panic!("the machine never ends");
}

/// The same with the whole answer in one piece.
pub fn answered(dialect: Dialect, request: Request, answer: &[u8], then: Then) -> Run {
    run(dialect, request, [answer], Duration::ZERO, then)
}
