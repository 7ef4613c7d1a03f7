//! Outcomes that are reported while the terminal still holds the connection open, and journals that are busy at the end.

#[path = "support/scripted_tcp.rs"]
mod scripted_tcp;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use caisse::{
    Blocked, Decision, Doubt, Event, Journal, JournalError, MemoryJournal, NotSent, Outcome, Paid, Payment,
    Record, RecordState, TerminalId, Till, TransactionId, WallTime,
};
use caisse_journal::{LockError, TerminalLock};
use scripted_tcp::*;

const REFUSED: &str = "CZ0040300AE00201AF00204";

/// A terminal that answers with the first of these and with each next one when the test says so, and then closes. It takes
/// further connections, whose answers it gives whole.
struct Terminal {
    address: String,
    go_on: mpsc::Sender<()>,
    requests: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

impl Terminal {
    fn new(parts: &[&str], later: &[String]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("tcp://{}", listener.local_addr().unwrap());
        let (go_on, told) = mpsc::channel();
        let parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        let (later, requests) = (later.to_vec(), Arc::<AtomicUsize>::default());
        let counted = Arc::clone(&requests);
        let thread = thread::spawn(move || {
            let accept = || -> TcpStream {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 512]).unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                stream
            };
            let mut stream = accept();
            for (number, part) in parts.iter().enumerate() {
                if number > 0 {
                    told.recv_timeout(Duration::from_secs(60)).expect("the outcome is not reported early");
                }
                stream.write_all(part.as_bytes()).unwrap();
            }
            drop(stream);
            for answer in later {
                accept().write_all(answer.as_bytes()).unwrap();
            }
        });
        Self { address, go_on, requests, thread }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    fn end(self) {
        self.thread.join().unwrap();
    }
}

fn patient(address: &str, journal: impl Journal + 'static) -> Till {
    builder("counter", address, journal, MINUTES).answer_timeout(Duration::from_secs(60)).build().unwrap()
}

fn is_locked(journal: &MemoryJournal) -> bool {
    matches!(journal.lock(&"counter".parse().unwrap()), Err(LockError::Busy))
}

/// Pays, and has the terminal go on once the outcome is reported. Gives all that was reported.
fn pay(till: &mut Till, terminal: &Terminal, journal: &MemoryJournal) -> (Vec<Payment>, Payment) {
    let mut reported = Vec::new();
    let payment = till.pay_reporting(
        debit("ours", 2500),
        |_| {},
        |payment| {
            let record = journal.find(&"ours".parse().unwrap()).unwrap().unwrap();
            assert!(record.conclusion().is_some(), "the end is durable before it is reported");
            assert_eq!(is_locked(journal), reported.is_empty(), "the terminal is held until it is free");
            reported.push(payment.clone());
            let _ = terminal.go_on.send(());
        },
    );
    assert!(!is_locked(journal));
    (reported, payment.unwrap())
}

#[test]
fn an_outcome_is_reported_while_the_connection_is_open() {
    for (answer, expected) in [(approved(2500, "000001"), "approved"), (REFUSED.to_owned(), "declined")] {
        let journal = MemoryJournal::new();
        // The second part says nothing new.
        let terminal = Terminal::new(&[&answer, "CA00201"], &[]);
        let mut till = patient(&terminal.address, journal.clone());
        let (reported, payment) = pay(&mut till, &terminal, &journal);
        assert_eq!(reported, std::slice::from_ref(&payment), "reported once");
        assert_eq!((payment.outcome.name(), payment.disputed, payment.journaled), (expected, false, true));
        terminal.end();
    }
}

/// Fields that come after the verdict are in what is returned, and reported.
#[test]
fn later_fields_are_reported_again() {
    let journal = MemoryJournal::new();
    let approval = "CZ0040320CA00201CB0042500CD0010CE003978AE00210";
    let terminal = Terminal::new(&[approval, "AC006000001AA016497010******1234"], &[]);
    let mut till = patient(&terminal.address, journal.clone());
    let (reported, payment) = pay(&mut till, &terminal, &journal);
    let numbers: Vec<_> = reported.iter().map(|payment| payment.authorisation).collect();
    assert_eq!(numbers, [None, "000001".parse().ok()]);
    assert_eq!(reported.last(), Some(&payment));
    assert_eq!(payment.last_four, Some(*b"1234"));
    terminal.end();
}

/// A contradiction is in the journal, is reported, and blocks the terminal until a person has decided.
#[test]
fn a_contradiction_after_the_verdict_blocks_the_terminal() {
    let approval = approved(2500, "000001");
    let ours = Outcome::Approved { amount: euros(2500) };
    let disputed = Outcome::Unknown { doubt: Doubt::Disputed };
    for (answer, later, told) in [
        (approval.as_str(), "BA0011", ours),
        (approval.as_str(), REFUSED, ours),
        (approval.as_str(), "CB0042600", ours),
        (REFUSED, approval.as_str(), disputed),
        (REFUSED, "CA00202", disputed),
        (REFUSED, "HTTP", disputed),
    ] {
        let journal = MemoryJournal::new();
        let terminal = Terminal::new(&[answer, later], &[approved(700, "000002")]);
        let mut till = patient(&terminal.address, journal.clone());
        let (reported, payment) = pay(&mut till, &terminal, &journal);
        assert_eq!(reported.len(), 2, "{later}");
        assert!(!reported[0].disputed && !reported[0].outcome.is_unknown());
        assert_eq!(reported[1], payment);
        assert_eq!((payment.outcome, payment.disputed), (told, true), "{answer} {later}");
        let record = journal.find(&payment.id).unwrap().unwrap();
        assert_eq!((record.state(), record.told().outcome), (RecordState::Disputed, told));
        assert_eq!(till.contested().unwrap().map(|record| record.id()), Some(payment.id));
        // The next sale would destroy the evidence: it is not sent.
        let next = till.pay(debit("next", 700)).unwrap();
        assert_eq!(next.outcome, Outcome::Blocked { reason: Blocked::Unresolved });
        assert_eq!(terminal.requests(), 1);
        // The same id is told what is known, and is not sent either.
        let again = till.pay(debit("ours", 2500)).unwrap();
        assert_eq!((again.outcome, again.disputed, again.replayed), (told, true, true));
        let decision = Decision::new(Paid::NotPaid, "Zoé", "no ticket").unwrap();
        let settled = till.resolve(&payment.id, &decision).unwrap();
        assert_eq!(settled.state(), RecordState::Final);
        assert_eq!(till.contested().unwrap(), None);
        let next = till.pay(debit("next", 700)).unwrap();
        assert_eq!(next.outcome, Outcome::Approved { amount: euros(700) });
        terminal.end();
    }
}

/// A journal in which the end, or a dispute, meets this so many times.
struct Stubborn {
    inner: MemoryJournal,
    error: JournalError,
    left: usize,
    attempts: Arc<AtomicUsize>,
}

impl Stubborn {
    fn refuses(&mut self) -> Result<(), JournalError> {
        self.attempts.fetch_add(1, Ordering::SeqCst);
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Err(self.error.clone())
            }
            None => Ok(()),
        }
    }
}

impl Journal for Stubborn {
    fn lock(&self, terminal: &TerminalId) -> Result<TerminalLock, LockError> {
        self.inner.lock(terminal)
    }

    fn append(
        &mut self,
        id: &TransactionId,
        event: &caisse_journal::Event,
        at: WallTime,
    ) -> Result<(), JournalError> {
        if matches!(event, caisse_journal::Event::Ended(_) | caisse_journal::Event::NeverSent(..)) {
            self.refuses()?;
        }
        self.inner.append(id, event, at)
    }

    fn find(&self, id: &TransactionId) -> Result<Option<Record>, JournalError> {
        self.inner.find(id)
    }

    fn unresolved(&self, terminal: &TerminalId) -> Result<Vec<Record>, JournalError> {
        self.inner.unresolved(terminal)
    }

    fn list(&self) -> Result<Vec<Record>, JournalError> {
        self.inner.list()
    }

    fn events(&self, id: &TransactionId) -> Result<Vec<caisse_journal::RecordedEvent>, JournalError> {
        self.inner.events(id)
    }

    fn resolve(
        &mut self,
        lock: &TerminalLock,
        id: &TransactionId,
        decision: &Decision,
        at: WallTime,
    ) -> Result<(), JournalError> {
        self.inner.resolve(lock, id, decision, at)
    }
}

fn stubborn(error: JournalError, left: usize) -> (Stubborn, MemoryJournal, Arc<AtomicUsize>) {
    let (inner, attempts) = (MemoryJournal::new(), Arc::<AtomicUsize>::default());
    (Stubborn { inner: inner.clone(), error, left, attempts: Arc::clone(&attempts) }, inner, attempts)
}

/// The end is tried again while the journal is busy, and only then.
#[test]
fn a_busy_journal_is_tried_again_at_the_end_and_a_failed_write_is_not() {
    let unwritable = || JournalError::Unwritable { what: "no space left".to_owned() };
    for (error, left, journaled, expected) in [
        (JournalError::Locked, 3, true, 4),
        (unwritable(), 1, false, 1),
        (JournalError::Conflict, 1, false, 1),
    ] {
        let (journal, inner, attempts) = stubborn(error, left);
        let terminal = Terminal::new(&[&approved(2500, "000001")], &[]);
        let mut till = patient(&terminal.address, journal);
        let payment = till.pay(debit("ours", 2500)).unwrap();
        assert_eq!(payment.outcome, Outcome::Approved { amount: euros(2500) });
        assert_eq!((payment.journaled, attempts.load(Ordering::SeqCst)), (journaled, expected));
        let record = inner.find(&payment.id).unwrap().unwrap();
        assert_eq!(record.conclusion().is_some(), journaled);
        terminal.end();
    }
}

/// A give-up ends that: the verdict is told, and never unknown.
#[test]
fn a_give_up_ends_the_wait_for_a_busy_journal_with_the_verdict() {
    let (journal, _, attempts) = stubborn(JournalError::Locked, usize::MAX);
    let terminal = Terminal::new(&[&approved(2500, "000001")], &[]);
    let mut till = patient(&terminal.address, journal);
    let cancel = till.cancel_handle();
    let asked = Arc::clone(&attempts);
    let waiter = thread::spawn(move || {
        while asked.load(Ordering::SeqCst) < 2 {
            thread::sleep(Duration::from_millis(5));
        }
        cancel.give_up();
    });
    let payment = till.pay(debit("ours", 2500)).unwrap();
    waiter.join().unwrap();
    assert_eq!(payment.outcome, Outcome::Approved { amount: euros(2500) });
    assert!(!payment.journaled);
    terminal.end();
}

/// What was never sent is not worth a minute: its id may be sent again as it is.
#[test]
fn what_was_never_sent_does_not_wait_for_the_journal() {
    let (journal, _, attempts) = stubborn(JournalError::Locked, usize::MAX);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut till = patient(&format!("tcp://{free}"), journal);
    let payment = till.pay(debit("ours", 2500)).unwrap();
    assert_eq!(payment.outcome, Outcome::NotSent { reason: NotSent::ConnectionRefused });
    assert_eq!(attempts.load(Ordering::SeqCst), 1);
}

#[cfg(feature = "tokio")]
mod asynchronous {
    use super::*;

    /// The outcome comes early, the next payment waits until the terminal is free, and both handles hear of the dispute.
    #[tokio::test]
    async fn the_handle_has_the_outcome_before_the_terminal_is_free() {
        for contradicts in [false, true] {
            let journal = MemoryJournal::new();
            let later = if contradicts { "BA0011" } else { "BA0010" };
            let terminal = Terminal::new(&[&approved(2500, "000001"), later], &[approved(700, "000002")]);
            let till = builder("counter", &terminal.address, journal.clone(), MINUTES)
                .answer_timeout(Duration::from_secs(60))
                .build_async()
                .unwrap();
            let mut ours = till.pay(debit("ours", 2500)).unwrap();
            let early = ours.outcome().await;
            assert!(early.outcome.approved_amount().is_some() && !early.disputed && early.journaled);
            assert!(is_locked(&journal));
            let mut next = till.pay(debit("next", 700)).unwrap();
            assert_eq!(terminal.requests(), 1, "the next request waits");
            terminal.go_on.send(()).unwrap();
            let finished = ours.finished().await;
            assert_eq!((finished.outcome, finished.disputed), (early.outcome, contradicts));
            let expected = if contradicts {
                Outcome::Blocked { reason: Blocked::Unresolved }
            } else {
                Outcome::Approved { amount: euros(700) }
            };
            assert_eq!(next.outcome().await.outcome, expected);
            if contradicts {
                assert_eq!(terminal.requests(), 1);
                // The thread still waits for a second payment.
                drop(TcpStream::connect(terminal.address.trim_start_matches("tcp://")).map(|mut stream| {
                    let _ = stream.write_all(b"x");
                }));
            }
            terminal.end();
        }
    }

    #[tokio::test]
    async fn a_busy_journal_is_tried_again() {
        let (journal, inner, attempts) = stubborn(JournalError::Locked, 2);
        let terminal = Terminal::new(&[&approved(2500, "000001")], &[]);
        let till = builder("counter", &terminal.address, journal, MINUTES).build_async().unwrap();
        let payment = till.pay(debit("ours", 2500)).unwrap().finished().await;
        assert_eq!(payment.outcome, Outcome::Approved { amount: euros(2500) });
        assert!(payment.journaled && inner.find(&payment.id).unwrap().unwrap().conclusion().is_some());
        assert_eq!(attempts.load(Ordering::SeqCst), 3);
        terminal.end();
    }
}

/// Replays and blocked payments are reported too.
#[test]
fn every_payment_is_reported_once_at_least() {
    let journal = MemoryJournal::new();
    let terminal = Terminal::new(&[&approved(2500, "000001")], &[]);
    let mut till = patient(&terminal.address, journal.clone());
    let _ = till.pay(debit("ours", 2500)).unwrap();
    let lock = journal.lock(&"counter".parse().unwrap()).unwrap();
    for (request, replayed) in [(debit("ours", 2500), true), (debit("next", 700), false)] {
        let mut reported = Vec::new();
        let mut events: Vec<Event> = Vec::new();
        let payment = till
            .pay_reporting(request, |event| events.push(event), |payment| reported.push(payment.clone()))
            .unwrap();
        assert_eq!((payment.replayed, reported), (replayed, vec![payment.clone()]));
    }
    drop(lock);
    terminal.end();
}
