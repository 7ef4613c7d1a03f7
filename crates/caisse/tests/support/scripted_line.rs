//! A line with sessions and the terminal at its other end, written down; and journals with a sale in them.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use caisse::{
    Amount, Currency, Decision, Dialect, Doubt, Journal, Link, LinkKind, MemoryJournal, NotSent, Outcome,
    Paid, PaymentRequest, Proof, RecordState, Till, TransactionId, Verdict, WallTime,
};
use caisse_hal::{ConnectError, DrainError, ReceiveError, Received, SendError};
use caisse_journal::Event;
use caisse_payment::{Conclusion, Transaction};

pub const ENQ: &[u8] = b"\x05";
pub const ACK: &[u8] = b"\x06";
pub const EOT: &[u8] = b"\x04";

pub fn id(text: &str) -> TransactionId {
    text.parse().unwrap()
}

pub fn euros(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::EUR)
}

pub fn framed(body: &str) -> Vec<u8> {
    let check = body.bytes().fold(0x03, |check, byte| check ^ byte);
    [b"\x02", body.as_bytes(), &[0x03, check]].concat()
}

/// What was sent, and what the journal then had of the sale.
pub type Sent = (Vec<u8>, Option<RecordState>);

/// A terminal written down: what it says to each thing that it is sent, and what the journal had of the sale before when
/// that was sent.
#[derive(Clone)]
pub struct Line {
    pub says: Arc<Mutex<VecDeque<Vec<u8>>>>,
    pub coming: Vec<u8>,
    pub journal: MemoryJournal,
    pub sent: Arc<Mutex<Vec<Sent>>>,
    /// Called with what is sent and how many things were sent before.
    pub hook: Option<Hook>,
    /// What comes by itself, and when.
    pub later: Later,
}

pub type Later = Arc<Mutex<Vec<(std::time::Instant, Vec<u8>)>>>;

pub fn after(later: &Later, millis: u64, bytes: &[u8]) {
    later.lock().unwrap().push((std::time::Instant::now() + Duration::from_millis(millis), bytes.to_vec()));
}

pub type Hook = Arc<dyn Fn(&[u8], usize) + Send + Sync>;

impl Line {
    pub fn calling(self) -> Self {
        Self { coming: ENQ.to_vec(), ..self }
    }

    pub fn hooked(self, hook: impl Fn(&[u8], usize) + Send + Sync + 'static) -> Self {
        Self { hook: Some(Arc::new(hook)), ..self }
    }

    /// Everything that was sent, to be read by people.
    pub fn log(&self) -> Vec<String> {
        self.sent
            .lock()
            .unwrap()
            .iter()
            .map(|(bytes, state)| format!("{} {state:?}", bytes.escape_ascii()))
            .collect()
    }

    pub fn new(journal: &MemoryJournal, says: &[&[u8]]) -> Self {
        let says = says.iter().map(|bytes| bytes.to_vec()).collect();
        let says = Arc::new(Mutex::new(says));
        Self {
            says,
            coming: Vec::new(),
            journal: journal.clone(),
            sent: Arc::default(),
            hook: None,
            later: Arc::default(),
        }
    }

    /// What the journal had when the n-th character of this kind was sent.
    pub fn when_sent(&self, what: &[u8], nth: usize) -> Option<RecordState> {
        let sent = self.sent.lock().unwrap();
        sent.iter().filter(|(bytes, _)| bytes == what).nth(nth).expect("it was sent").1
    }
}

impl Link for Line {
    fn connect(&mut self, _: Duration) -> Result<(), ConnectError> {
        Ok(())
    }

    fn send(&mut self, bytes: &[u8], _: Duration) -> Result<usize, SendError> {
        let state = self.journal.find(&id("sale-1")).unwrap().map(|record| record.state());
        let before = self.sent.lock().unwrap().len();
        self.sent.lock().unwrap().push((bytes.to_vec(), state));
        if let Some(hook) = &self.hook {
            hook(bytes, before);
        }
        self.coming.extend(self.says.lock().unwrap().pop_front().unwrap_or_default());
        Ok(bytes.len())
    }

    fn drain(&mut self, _: Duration) -> Result<(), DrainError> {
        Ok(())
    }

    fn receive(&mut self, buffer: &mut [u8], within: Duration) -> Result<Received, ReceiveError> {
        let mut later = self.later.lock().unwrap();
        while later.first().is_some_and(|(at, _)| *at <= std::time::Instant::now()) {
            self.coming.extend(later.remove(0).1);
        }
        drop(later);
        if self.coming.is_empty() {
            std::thread::sleep(within.min(Duration::from_millis(20)));
            return Ok(Received::Nothing);
        }
        let count = self.coming.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.coming[..count]);
        self.coming.drain(..count);
        Ok(Received::Bytes(count))
    }

    fn close(&mut self) {}
}

fn debit(dialect: &Dialect, key: &str, minor: u64) -> Transaction {
    let (terminal, dialect) = ("counter".parse().unwrap(), dialect.name.parse().unwrap());
    Transaction::new(id(key), caisse::Operation::Debit, euros(minor), terminal, dialect)
}

/// Writes a transaction that ended so, with this authorisation number, or has not ended.
fn write(journal: &mut MemoryJournal, debit: Transaction, end: Option<Outcome>, number: Option<&str>) {
    journal.append(&debit.id, &Event::Started(debit), WallTime::now()).unwrap();
    let Some(outcome) = end else { return };
    let end = Conclusion {
        authorisation: number.map(|number| number.parse().unwrap()),
        ..Verdict { outcome, proof: Proof::Delivered }.into()
    };
    journal.append(&debit.id, &Event::Ended(end), WallTime::now()).unwrap();
}

/// A journal with a sale of 9.99 that ended so, or has not ended, and perhaps a person's word on it.
pub fn journal_with(dialect: &Dialect, end: Option<Outcome>, word: Option<Paid>) -> MemoryJournal {
    let mut journal = MemoryJournal::new();
    write(&mut journal, debit(dialect, "sale-1", 999), end, None);
    if let Some(paid) = word {
        let lock = journal.lock(&"counter".parse().unwrap()).unwrap();
        let decision = Decision::new(paid, "Anne", "no ticket").unwrap();
        journal.resolve(&lock, &id("sale-1"), &decision, WallTime::now()).unwrap();
    }
    journal
}

/// With timers for people in a hurry.
pub fn hasty(dialect: Dialect) -> Dialect {
    let mut hasty = dialect;
    let timers = &mut hasty.session.timers;
    (timers.enquiry, timers.pause) = (Duration::from_millis(300), Duration::from_millis(20));
    (timers.receipt, timers.message, timers.end) =
        (Duration::from_millis(300), Duration::from_millis(300), Duration::from_millis(300));
    hasty
}

pub fn till(dialect: Dialect, journal: &MemoryJournal, line: &Line, exclusive: bool) -> Till {
    Till::builder()
        .link(line.clone(), LinkKind::Serial)
        .terminal_id("counter")
        .dialect(hasty(dialect))
        .exclusive(exclusive)
        .journal(journal.clone())
        .answer_timeout(Duration::from_secs(2))
        .build()
        .unwrap()
}

pub const E_APPROVED: &str = "010000009991978          ";
pub const E_DECLINED: &str = "017000009991978          ";
pub const APPROVED: &str = "CZ0040301CA00201CB003999CD0010CE003978AE00210";
pub const SILENCE: Outcome = Outcome::Unknown { doubt: Doubt::Silence };

/// The terminal tells the sale before when the till asks for the line for another one, which it then approves. The other one is
/// not sent where the result contradicts the record: a person has to look first.
pub fn told_before_the_next(dialect: Dialect, journal: &MemoryJournal, earlier: &str, ours: &str) -> Line {
    let line = Line::new(journal, &[ENQ, &framed(earlier), EOT, ACK, ACK, ENQ, &framed(ours), EOT]);
    let payment = till(dialect, journal, &line, false).pay(PaymentRequest::debit(euros(1242))).unwrap();
    let is_sent = line.sent.lock().unwrap().iter().any(|(bytes, _)| bytes.len() > 1);
    let (outcome, may_be_sent) = match state(journal, "sale-1") {
        RecordState::Disputed => (Outcome::NotSent { reason: NotSent::UnexpectedBytes }, false),
        _ => (Outcome::Approved { amount: euros(1242) }, true),
    };
    assert_eq!((payment.outcome, payment.late_answers, is_sent), (outcome, 1, may_be_sent));
    line
}

pub const OURS_E: &str = "010000012421978          ";
pub const EOT_ENQ: &[u8] = b"\x04\x05";

pub fn state(journal: &MemoryJournal, key: &str) -> RecordState {
    journal.find(&id(key)).unwrap().unwrap().state()
}

/// Another transaction after the ones of the journal.
pub fn add(
    journal: &MemoryJournal,
    dialect: &Dialect,
    key: &str,
    minor: u64,
    end: Option<Outcome>,
    number: Option<&str>,
) {
    write(&mut journal.clone(), debit(dialect, key, minor), end, number);
}

pub fn on_tcp(journal: &MemoryJournal, line: &Line) -> Till {
    Till::builder()
        .link(line.clone(), LinkKind::Stream)
        .terminal_id("counter")
        .dialect(Dialect::INGENICO)
        .exclusive(true)
        .journal(journal.clone())
        .answer_timeout(Duration::from_millis(500))
        .build()
        .unwrap()
}

pub fn with_reference(
    dialect: &Dialect,
    end: Option<Outcome>,
    number: Option<&str>,
    reference: &str,
) -> MemoryJournal {
    let mut journal = MemoryJournal::new();
    let reference = Some(reference.parse().unwrap());
    let labelled = Transaction { reference, ..debit(dialect, "sale-1", 999) };
    write(&mut journal, labelled, end, number);
    journal
}
