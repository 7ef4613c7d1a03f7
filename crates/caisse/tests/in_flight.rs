//! The same id twice at once, and a person who decides while the terminal is at it.

#[path = "support/scripted_tcp.rs"]
mod scripted_tcp;

use caisse_payment::Transaction;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use caisse::{
    Blocked, Confirmation, Decision, Event, Journal, MemoryJournal, Outcome, Paid, Payment, Proof,
    RecordState, Refusal, ResolveError, Retry, SqliteJournal, Till, WallTime,
};
use caisse_journal::TerminalLock;
use scripted_tcp::*;

/// A terminal that has the request of a payment, and answers when it is told to.
struct Held {
    stream: TcpStream,
    paying: thread::JoinHandle<Payment>,
}

fn patient(address: &str, journal: impl Journal + 'static) -> Till {
    builder("counter", address, journal, MINUTES).answer_timeout(Duration::from_secs(60)).build().unwrap()
}

impl Held {
    fn begin(listener: &TcpListener, address: &str, journal: impl Journal + 'static) -> Self {
        let mut till = patient(address, journal);
        let paying = thread::spawn(move || till.pay(debit("ours", 2500)).unwrap());
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 512]).unwrap();
        Self { stream, paying }
    }

    fn answer(mut self, answer: &str) -> Payment {
        self.stream.write_all(answer.as_bytes()).unwrap();
        drop(self.stream);
        self.paying.join().unwrap()
    }
}

fn terminal() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    (listener, address)
}

const DECLINED: &str = "CZ0040320CA00201CB0042500CD0010CE003978AE00201AF00204";

fn in_flight() -> Outcome {
    Outcome::Blocked { reason: Blocked::InFlightElsewhere }
}

/// Opens a further handle onto one journal.
type Open = Box<dyn Fn() -> Box<dyn Journal>>;

/// Each journal twice: two tills of one process, and two processes on one file.
fn journals() -> Vec<(Open, Option<tempfile::TempDir>)> {
    let memory = MemoryJournal::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal.sqlite");
    vec![
        (Box::new(move || Box::new(memory.clone())), None),
        (Box::new(move || Box::new(SqliteJournal::open(&file).unwrap())), Some(folder)),
    ]
}

/// A journal behind a pointer.
struct Boxed(Box<dyn Journal>);

impl Journal for Boxed {
    fn lock(&self, terminal: &caisse::TerminalId) -> Result<TerminalLock, caisse_journal::LockError> {
        self.0.lock(terminal)
    }
    fn append(
        &mut self,
        id: &caisse::TransactionId,
        event: &caisse_journal::Event,
        at: WallTime,
    ) -> Result<(), caisse::JournalError> {
        self.0.append(id, event, at)
    }
    fn find(&self, id: &caisse::TransactionId) -> Result<Option<caisse::Record>, caisse::JournalError> {
        self.0.find(id)
    }
    fn unresolved(&self, terminal: &caisse::TerminalId) -> Result<Vec<caisse::Record>, caisse::JournalError> {
        self.0.unresolved(terminal)
    }
    fn list(&self) -> Result<Vec<caisse::Record>, caisse::JournalError> {
        self.0.list()
    }
    fn events(
        &self,
        id: &caisse::TransactionId,
    ) -> Result<Vec<caisse_journal::RecordedEvent>, caisse::JournalError> {
        self.0.events(id)
    }
    fn resolve(
        &mut self,
        lock: &TerminalLock,
        id: &caisse::TransactionId,
        decision: &Decision,
        at: WallTime,
    ) -> Result<(), caisse::JournalError> {
        self.0.resolve(lock, id, decision, at)
    }
}

#[test]
fn a_second_attempt_of_an_id_waits_for_the_first_and_charges_nobody() {
    for (answer, name) in [(approved(2500, "000007"), "approved"), (DECLINED.to_owned(), "declined")] {
        for (open, _folder) in journals() {
            let (listener, address) = terminal();
            let held = Held::begin(&listener, &address, Boxed(open()));
            // Whoever does not want to wait is told at once, and never that nothing was sent.
            let mut second = patient(&address, Boxed(open()));
            let told = second.pay(debit("ours", 2500).without_waiting()).unwrap();
            assert_eq!((told.outcome, told.replayed), (in_flight(), false));
            assert!(told.proof > Proof::NothingSent && told.retry() == Retry::No);
            // Another id is busy, and so is it at once.
            let other = second.pay(debit("other", 700)).unwrap();
            assert_eq!(other.outcome, Outcome::Blocked { reason: Blocked::Busy });
            assert_eq!(other.proof, Proof::NothingSent);

            let (waits, waiting) = mpsc::channel();
            let second = thread::spawn(move || {
                let on_event = |event| waits.send(event).unwrap();
                second.pay_with(debit("ours", 2500), on_event).unwrap()
            });
            assert_eq!(waiting.recv().unwrap(), Event::Waiting);
            let first = held.answer(&answer);
            let second = second.join().unwrap();
            assert_eq!((first.outcome.name(), first.replayed), (name, false));
            assert_eq!((second.outcome, second.replayed), (first.outcome, true));
            assert!(waiting.recv().is_err(), "no event of an attempt of its own");
            listener.set_nonblocking(true).unwrap();
            assert!(listener.accept().is_err(), "the terminal was called once");
        }
    }
}

/// The first attempt ends without an answer: whoever waited is told so, and does not begin either.
#[test]
fn whoever_waited_never_begins() {
    let journal = MemoryJournal::new();
    let (listener, address) = terminal();
    let held = Held::begin(&listener, &address, journal.clone());
    let mut second = patient(&address, journal.clone());
    let (waits, waiting) = mpsc::channel();
    let second = thread::spawn(move || {
        second.pay_with(debit("ours", 2500), |event| waits.send(event).unwrap()).unwrap()
    });
    assert_eq!(waiting.recv().unwrap(), Event::Waiting);
    let first = held.answer("");
    let second = second.join().unwrap();
    assert!(first.outcome.is_unknown());
    assert!(second.outcome.is_unknown() && second.replayed, "{second:?}");
    assert_eq!(journal.events(&first.id).unwrap().len(), 2, "one start and one end");
}

/// Dropping the lock without an end is what a killed process leaves.
#[test]
fn the_owner_that_dies_leaves_an_unknown_outcome() {
    let mut journal = MemoryJournal::new();
    let (_listener, address) = terminal();
    let request = debit("ours", 2500);
    let id = request.transaction_id();
    let (terminal, dialect) = ("counter".parse().unwrap(), "nepting".parse().unwrap());
    let start = Transaction::new(id, caisse::Operation::Debit, request.amount(), terminal, dialect);
    let caisse_journal::Admitted::Proceed(lock) = caisse_journal::admit(&journal, &start) else { panic!() };
    journal.append(&id, &caisse_journal::Event::Started(start), WallTime::now()).unwrap();
    let mut second = builder("counter", &address, journal.clone(), MINUTES).exclusive(false).build().unwrap();
    // The limit is over while the owner lives.
    let told = second.pay(&request).unwrap();
    assert_eq!(told.outcome, in_flight());
    let waits = thread::spawn(move || second.pay(&request).unwrap());
    thread::sleep(Duration::from_millis(100));
    drop(lock);
    let told = waits.join().unwrap();
    assert!(told.outcome.is_unknown() && told.replayed, "{told:?}");
    assert_eq!(journal.events(&id).unwrap().len(), 1);
}

#[test]
fn a_wait_for_the_first_attempt_heeds_a_cancel() {
    let journal = MemoryJournal::new();
    let (listener, address) = terminal();
    let held = Held::begin(&listener, &address, journal.clone());
    let mut second = patient(&address, journal);
    let cancel = second.cancel_handle();
    let (waits, waiting) = mpsc::channel();
    let second = thread::spawn(move || {
        second.pay_with(debit("ours", 2500), |event| waits.send(event).unwrap()).unwrap()
    });
    assert_eq!(waiting.recv().unwrap(), Event::Waiting);
    cancel.cancel();
    assert_eq!(second.join().unwrap().outcome, in_flight());
    // The first one goes on.
    assert_eq!(held.answer(&approved(2500, "000007")).outcome, Outcome::Approved { amount: euros(2500) });
}

#[cfg(feature = "tokio")]
#[tokio::test(flavor = "multi_thread")]
async fn an_asynchronous_till_waits_for_the_first_attempt_too() {
    let journal = MemoryJournal::new();
    let (listener, address) = terminal();
    let held = Held::begin(&listener, &address, journal.clone());
    let second = builder("counter", &address, journal.clone(), MINUTES)
        .answer_timeout(Duration::from_secs(60))
        .build_async()
        .unwrap();
    let told = second.pay(debit("ours", 2500).without_waiting()).unwrap().await;
    assert_eq!(told.outcome, in_flight());
    let mut stopped = second.pay(debit("ours", 2500)).unwrap();
    assert_eq!(stopped.next_event().await, Some(Event::Waiting));
    stopped.cancel();
    assert_eq!(stopped.await.outcome, in_flight());
    let mut waiting = second.pay(debit("ours", 2500)).unwrap();
    assert_eq!(waiting.next_event().await, Some(Event::Waiting));
    let answered = tokio::task::spawn_blocking(move || held.answer(&approved(2500, "000007")));
    let told = waiting.await;
    assert_eq!((told.outcome, told.replayed), (Outcome::Approved { amount: euros(2500) }, true));
    drop(answered.await);
    assert_eq!(journal.list().unwrap().len(), 1);
}

/// Decides without the lock, as where somebody has removed it.
fn decide(mut journal: impl Journal, paid: Paid) {
    let removed = TerminalLock::new("counter".parse().unwrap(), ());
    let decision = Decision::new(paid, "Anne", "no ticket").unwrap();
    let decision = decision.confirming([Confirmation::MoreThanAsked]);
    journal.resolve(&removed, &"ours".parse().unwrap(), &decision, WallTime::now()).unwrap();
}

#[test]
fn a_decision_during_the_payment_never_hides_the_terminals_answer() {
    let paid = Paid::Paid(euros(2500));
    let yes = approved(2500, "000007");
    for (decided, answer, name, disputed) in [
        (Paid::NotPaid, &yes[..], "approved", true),
        (paid, &yes[..], "approved", false),
        (Paid::Paid(euros(2600)), &yes[..], "approved", true),
        // A refusal against a person's "paid": nobody knows, now and when the id is asked for again.
        (paid, DECLINED, "unknown", true),
        (Paid::NotPaid, DECLINED, "declined", false),
        // Silence proves nothing: the person's word stands.
        (paid, "", "approved", false),
        (Paid::NotPaid, "", "declined", false),
    ] {
        for (open, _folder) in journals() {
            let (listener, address) = terminal();
            let held = Held::begin(&listener, &address, Boxed(open()));
            // With the lock nobody decides.
            let refused = patient(&address, Boxed(open()))
                .resolve(&"ours".parse().unwrap(), &Decision::new(decided, "Anne", "no ticket").unwrap());
            assert_eq!(refused, Err(ResolveError::UnderWay));
            decide(Boxed(open()), decided);
            // The payment is under way all the same.
            let mut second = patient(&address, Boxed(open()));
            let told = second.pay(debit("ours", 2500).without_waiting()).unwrap();
            assert_eq!(told.outcome, in_flight());

            let payment = held.answer(answer);
            assert_eq!((payment.outcome.name(), payment.disputed), (name, disputed), "{decided:?} {answer}");
            assert!(payment.journaled);
            assert!(!disputed || payment.retry() == Retry::No);
            assert_eq!(payment.decision_by_person().map(|decision| decision.paid()), Some(decided));
            let record = open().find(&payment.id).unwrap().unwrap();
            assert_eq!(record.state() == RecordState::Disputed, disputed);
            let number = record.conclusion().unwrap().authorisation.map(|number| number.to_string());
            assert_eq!(number.as_deref() == Some("000007"), answer == yes, "the evidence is kept");

            // Told again: an approval is approved, and nobody pays again while it is disputed.
            let again = second.pay(debit("ours", 2500)).unwrap();
            assert_eq!((again.outcome.name(), again.replayed, again.disputed), (name, true, disputed));
            assert_eq!(again.decision_by_person().map(|it| (it.by(), it.paid())), Some(("Anne", decided)));
            assert!(again.decided_at.is_some());
        }
    }
}

/// Decided by mistake, and corrected. The id is never sent again.
#[test]
fn a_persons_mistake_is_corrected_and_every_replay_says_who_decided() {
    let journal = MemoryJournal::new();
    let (listener, address) = terminal();
    assert!(Held::begin(&listener, &address, journal.clone()).answer("").outcome.is_unknown());
    let mut till = patient(&address, journal.clone());
    let more = [Confirmation::MoreThanAsked];
    let word = |paid, by| Decision::new(paid, by, "looked at the terminal").unwrap().confirming(more);
    let id = "ours".parse().unwrap();
    for (paid, by, outcome) in [
        (Paid::NotPaid, "Anne", Outcome::Declined { refusal: Refusal::DecidedNotPaid }),
        (Paid::Paid(euros(2500)), "Zoé", Outcome::Approved { amount: euros(2500) }),
        (Paid::Paid(euros(2700)), "Zoé", Outcome::Approved { amount: euros(2700) }),
        (Paid::NotPaid, "Anne", Outcome::Declined { refusal: Refusal::DecidedNotPaid }),
    ] {
        assert_eq!(till.resolve(&id, &word(paid, by)).unwrap().state(), RecordState::Final);
        let told = till.pay(debit("ours", 2500)).unwrap();
        assert_eq!((told.outcome, told.replayed, told.outcome.amount_due()), (outcome, true, None));
        assert_eq!(told.decision_by_person(), Some(&word(paid, by)));
    }
    assert_eq!(journal.events(&id).unwrap().len(), 6);
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "nothing was sent again");
}

/// What was really paid may be given back: also what was paid above the amount asked for.
#[test]
fn credits_go_up_to_what_was_really_paid_and_hold_the_decision() {
    let journal = MemoryJournal::new();
    let (listener, address) = terminal();
    assert!(Held::begin(&listener, &address, journal.clone()).answer("").outcome.is_unknown());
    let mut till = patient(&address, journal.clone());
    let more = [Confirmation::MoreThanAsked];
    let word = |paid| Decision::new(paid, "Anne", "ticket").unwrap().confirming(more);
    let id = "ours".parse().unwrap();
    till.resolve(&id, &word(Paid::Paid(euros(2700)))).unwrap();
    let credit = |minor, name: &str| {
        caisse::PaymentRequest::credit(euros(minor)).original(id).id(name.parse().unwrap())
    };
    let answers = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 512]).unwrap();
        stream.write_all(approved(2700, "000008").replace("CD0010", "CD0011").as_bytes()).unwrap();
    });
    let too_much = till.pay(credit(2701, "credit-1")).unwrap().outcome;
    assert_eq!(too_much, Outcome::Blocked { reason: Blocked::CreditExceedsOriginal });
    let given = till.pay(credit(2700, "credit-2")).unwrap();
    assert_eq!(given.outcome, Outcome::Approved { amount: euros(2700) });
    answers.join().unwrap();
    // The credit rests on the decision.
    let record = till.resolve(&id, &word(Paid::NotPaid)).unwrap();
    assert_eq!(record.state(), RecordState::Disputed);
    let resting: Vec<_> = journal
        .list()
        .unwrap()
        .iter()
        .filter(|it| caisse_journal::gives_back(it, &id))
        .map(|it| it.id())
        .collect();
    assert_eq!(resting, ["credit-2".parse().unwrap()]);
}
