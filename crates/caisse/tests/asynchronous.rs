//! The till on Tokio: the same payments, in tasks that nothing but their end ends.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use caisse::asynchronous::AsyncTill;
use caisse::{
    Amount, Blocked, Currency, Decision, Dialect, Doubt, Event, Evidence, Journal, JournalError,
    MemoryJournal, NotSent, Outcome, PaymentRequest, Record, RecoveryFinding, ResolveError, TerminalId, Till,
    TransactionId, WallTime,
};
use caisse_journal::{LockError, TerminalLock};
use caisse_simulator::VirtualTerminal;
use caisse_simulator::persona::Persona;

fn debit(text: &str) -> PaymentRequest {
    PaymentRequest::debit(Amount::parse(text, Currency::EUR).unwrap())
}

fn till(address: &str, journal: impl Journal + 'static) -> AsyncTill {
    Till::builder()
        .address(address)
        .terminal_id("counter")
        .journal(journal)
        .answer_timeout(Duration::from_secs(20))
        .build_async()
        .unwrap()
}

fn virtual_terminal(script: &str) -> (VirtualTerminal, String) {
    let terminal = VirtualTerminal::builder().answer(script.parse().unwrap()).start().unwrap();
    let address = terminal.address().to_string();
    (terminal, address)
}

/// A terminal that answers when the test says so.
fn held_back() -> (String, mpsc::Sender<&'static [u8]>, mpsc::Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let (release, released) = mpsc::channel::<&'static [u8]>();
    let (asked, requests) = mpsc::channel();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = [0; 512];
        let count = stream.read(&mut buffer).unwrap();
        asked.send(buffer[..count].to_vec()).unwrap();
        if let Ok(answer) = released.recv() {
            stream.write_all(answer).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            let _ = asked.send(answer.to_vec());
            // A reset would overtake the answer.
            let _ = stream.read(&mut buffer);
        }
    });
    (address, release, requests)
}

const APPROVED: &[u8] = b"CZ0040320CA00201CB0042500CD0010CE003978AE00210";

/// Waits for the request, and then for word that the answer has left.
async fn requested(requests: mpsc::Receiver<Vec<u8>>) -> mpsc::Receiver<Vec<u8>> {
    let wait = move || {
        requests.recv().unwrap();
        requests
    };
    tokio::task::spawn_blocking(wait).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_end_as_the_terminal_says() {
    for (script, outcome) in [("approve", "approved"), ("decline:04", "declined"), ("cancel", "cancelled")] {
        let (terminal, address) = virtual_terminal(script);
        let payment = till(&address, MemoryJournal::new()).pay(debit("25.00")).unwrap().await;
        assert_eq!((payment.outcome.name(), payment.journaled), (outcome, true));
        assert_eq!(terminal.ledger().len(), usize::from(script == "approve"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handle_that_is_dropped_stops_nothing_and_is_found_again() {
    let (address, release, requests) = held_back();
    let till = till(&address, MemoryJournal::new());
    let request = debit("25.00").id("order-1".parse().unwrap());
    let mut payment = till.pay(&request).unwrap();
    requested(requests).await;
    // A future that is awaiting the end, and the handle, and the till.
    let waiting = tokio::time::timeout(Duration::from_millis(10), payment.outcome()).await;
    assert!(waiting.is_err());
    drop(payment);
    let other = till.clone();
    drop(till);
    assert!(other.attach(&"order-2".parse().unwrap()).is_none());
    let mut found = other.attach(&request.transaction_id()).unwrap();
    // The same request is the same payment; another one is not begun.
    let again = other.pay(&request).unwrap();
    let blocked = other.pay(debit("10.00")).unwrap().await;
    assert_eq!(blocked.outcome, Outcome::Blocked { reason: Blocked::Busy });
    release.send(APPROVED).unwrap();
    assert_eq!(found.outcome().await.outcome.name(), "approved");
    assert_eq!(again.await.outcome.name(), "approved");
    let mut events = Vec::new();
    while let Some(event) = found.next_event().await {
        events.push(event);
    }
    use Event::{Answer, Connected, Connecting, Recorded, Sent, Waiting};
    assert_eq!(events, [Connecting, Connected, Recorded, Sent, Waiting, Answer], "from the beginning");
    // Ended, it is still found, and asking again replays it.
    assert_eq!(other.attach(&request.transaction_id()).unwrap().await.outcome.name(), "approved");
    let replayed = other.pay(&request).unwrap().await;
    assert_eq!((replayed.outcome.name(), replayed.replayed), ("approved", true));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_is_a_request_and_giving_up_is_unknown() {
    let (address, release, requests) = held_back();
    let till = till(&address, MemoryJournal::new());
    let mut payment = till.pay(debit("25.00")).unwrap();
    requested(requests).await;
    payment.cancel();
    while payment.next_event().await.unwrap() != Event::PressRedButton {}
    payment.give_up();
    let ended = payment.outcome().await;
    assert_eq!(ended.outcome, Outcome::Unknown { doubt: Doubt::GivenUp });
    assert_eq!(till.unresolved().await.unwrap().len(), 1);
    drop(release);
}

#[tokio::test]
async fn a_dead_port_is_not_sent() {
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("tcp://{}", listener.local_addr().unwrap())
    };
    let payment = till(&address, MemoryJournal::new()).pay(debit("25.00")).unwrap().await;
    assert_eq!(payment.outcome, Outcome::NotSent { reason: NotSent::ConnectionRefused });
    let missing = Till::builder()
        .address("serial:/dev/there-is-no-such-port")
        .journal(MemoryJournal::new())
        .build_async()
        .unwrap();
    let payment = missing.pay(debit("25.00")).unwrap().await;
    assert_eq!(payment.outcome, Outcome::NotSent { reason: NotSent::PortMissing });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tills_pay_at_once() {
    let terminals: Vec<_> = (0..20).map(|_| virtual_terminal("approve")).collect();
    let payments: Vec<_> = terminals
        .iter()
        .map(|(_, address)| till(address, MemoryJournal::new()).pay(debit("25.00")).unwrap())
        .collect();
    for payment in payments {
        assert_eq!(payment.await.outcome.name(), "approved");
    }
    assert!(terminals.iter().all(|(terminal, _)| terminal.ledger().len() == 1));
}

/// What is left when the runtime goes is what a killed process leaves: a start without an end.
#[test]
fn a_runtime_that_goes_leaves_a_doubt_and_never_a_second_charge() {
    let journal = MemoryJournal::new();
    let (address, release, requests) = held_back();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let payment = runtime.block_on(async { till(&address, journal.clone()).pay(debit("25.00")).unwrap() });
    requests.recv().unwrap();
    runtime.shutdown_background();
    let ended = tokio::runtime::Runtime::new().unwrap().block_on(payment.into_future());
    assert_eq!(ended.outcome, Outcome::Unknown { doubt: Doubt::Interrupted });
    drop(release);
    let (terminal, address) = virtual_terminal("approve");
    let after = tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(async { till(&address, journal).pay(debit("25.00")).unwrap().await });
    assert_eq!(after.outcome, Outcome::Blocked { reason: Blocked::Unresolved });
    assert!(terminal.ledger().is_empty());
}

use std::future::IntoFuture as _;

/// A journal whose writes wait for a word that only the runtime's own thread can give.
struct Slow {
    inner: MemoryJournal,
    word: Arc<Mutex<mpsc::Receiver<()>>>,
}

impl Journal for Slow {
    fn lock(&self, terminal: &TerminalId) -> Result<TerminalLock, LockError> {
        self.inner.lock(terminal)
    }

    fn append(
        &mut self,
        id: &TransactionId,
        event: &caisse_journal::Event,
        at: WallTime,
    ) -> Result<(), JournalError> {
        let word = self.word.lock().unwrap().recv_timeout(Duration::from_secs(20));
        word.map_err(|_| JournalError::Locked)?;
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

/// On a runtime of one thread a write that blocked it could never be let go.
#[tokio::test(flavor = "current_thread")]
async fn a_slow_disk_does_not_hold_the_runtime() {
    let (terminal, address) = virtual_terminal("approve");
    let (speak, word) = mpsc::channel();
    let slow = Slow { inner: MemoryJournal::new(), word: Arc::new(Mutex::new(word)) };
    let mut payment = till(&address, slow).pay(debit("25.00")).unwrap();
    while payment.next_event().await.unwrap() != Event::Connected {}
    speak.send(()).unwrap();
    while payment.next_event().await.unwrap() != Event::Waiting {}
    speak.send(()).unwrap();
    assert_eq!(payment.outcome().await.outcome.name(), "approved");
    assert_eq!(terminal.ledger().len(), 1);
}

/// A till of a terminal that tells its last transaction with its fields, and that nobody else uses.
fn exclusive(terminal: &VirtualTerminal, journal: MemoryJournal) -> AsyncTill {
    Till::builder()
        .address(&terminal.address().to_string())
        .terminal_id("counter")
        .dialect(Dialect::NEPTING)
        .exclusive(true)
        .journal(journal)
        .build_async()
        .unwrap()
}

fn nepting(script: &str) -> VirtualTerminal {
    let builder = VirtualTerminal::builder().dialect(Persona::NEPTING).latency(Duration::ZERO);
    builder.answer(script.parse().unwrap()).start().unwrap()
}

/// On both kinds of runtime: the inquiry waits on a thread of its own, and the runtime goes on.
fn on_each_runtime<F: Future<Output = ()>>(test: impl Fn() -> F) {
    use tokio::runtime::Builder;
    for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        builder.enable_all().build().unwrap().block_on(test());
    }
}

#[test]
fn a_late_answer_is_heard_on_the_connection_that_was_left_open() {
    on_each_runtime(|| async {
        let (address, release, requests) = held_back();
        let journal = MemoryJournal::new();
        let builder = Till::builder().address(&address).terminal_id("counter").journal(journal.clone());
        let till = builder.answer_timeout(Duration::from_millis(200)).build_async().unwrap();
        let request = debit("25.00");
        let payment = till.pay(&request).unwrap().await;
        assert_eq!(payment.outcome, Outcome::Unknown { doubt: Doubt::Silence });
        requested(requests).await;
        let recovered = till.recover().await.unwrap();
        assert!(matches!(recovered[0].evidence, Evidence::Listening { .. }), "{recovered:?}");
        release.send(APPROVED).unwrap();
        let approved = Outcome::Approved { amount: Amount::parse("25.00", Currency::EUR).unwrap() };
        let recovered = loop {
            let recovered = till.recover().await.unwrap();
            if !matches!(recovered[0].evidence, Evidence::Listening { .. }) {
                break recovered;
            }
        };
        assert_eq!(recovered[0].evidence, Evidence::LateAnswer(approved));
        assert_eq!(till.recover().await.unwrap(), []);
        let replayed = till.pay(&request).unwrap().await;
        assert_eq!((replayed.outcome, replayed.replayed), (approved, true));
    });
}

#[test]
fn a_duplicata_is_asked_for_and_settles() {
    on_each_runtime(|| async {
        let terminal = nepting("approve,approve+drop@step=decided,approve");
        let journal = MemoryJournal::new();
        let till = exclusive(&terminal, journal.clone());
        assert_eq!(till.pay(debit("3.00")).unwrap().await.outcome.name(), "approved");
        let lost = debit("25.00");
        assert!(till.pay(&lost).unwrap().await.outcome.is_unknown());
        drop(till);
        // A till of the next morning.
        let till = exclusive(&terminal, journal);
        let recovered = till.recover().await.unwrap();
        let paid = RecoveryFinding::Paid(Amount::parse("25.00", Currency::EUR).unwrap());
        assert_eq!((recovered.len(), recovered[0].finding), (1, paid), "{recovered:?}");
        assert_eq!(till.pay(&lost).unwrap().await.outcome.name(), "approved");
        assert_eq!(till.pay(debit("4.00")).unwrap().await.outcome.name(), "approved");
        assert_eq!(terminal.ledger().len(), 3);
    });
}

/// As the blocking till does: the payment that is in the way is looked into first.
#[test]
fn the_next_payment_recovers_by_itself() {
    on_each_runtime(|| async {
        let terminal = nepting("approve,approve+drop@step=decided,approve");
        let till = exclusive(&terminal, MemoryJournal::new());
        assert_eq!(till.pay(debit("3.00")).unwrap().await.outcome.name(), "approved");
        assert!(till.pay(debit("25.00")).unwrap().await.outcome.is_unknown());
        let mut next = till.pay(debit("4.00")).unwrap();
        assert_eq!(next.next_event().await, Some(Event::Recovering));
        assert_eq!(next.await.outcome.name(), "approved");
        assert_eq!(till.unresolved().await.unwrap(), []);
        assert_eq!(terminal.ledger().len(), 3);
    });
}

#[test]
fn a_payment_that_runs_is_not_disturbed() {
    on_each_runtime(|| async {
        let (address, release, requests) = held_back();
        let till = till(&address, MemoryJournal::new());
        let payment = till.pay(debit("25.00")).unwrap();
        requested(requests).await;
        let recovered = till.recover().await.unwrap();
        assert_eq!((recovered.len(), &recovered[0].evidence), (1, &Evidence::Busy));
        let word = Decision::new(caisse::Paid::NotPaid, "Anne", "no ticket").unwrap();
        assert_eq!(till.resolve(&payment.id(), &word).await, Err(ResolveError::UnderWay));
        release.send(APPROVED).unwrap();
        assert_eq!(payment.await.outcome.name(), "approved");
    });
}

/// What was decided while the connection was open is contradicted by what comes on it.
#[test]
fn what_comes_after_a_person_has_decided_makes_a_dispute() {
    on_each_runtime(|| async {
        let (address, release, requests) = held_back();
        let journal = MemoryJournal::new();
        let builder = Till::builder().address(&address).terminal_id("counter").journal(journal.clone());
        let till = builder.answer_timeout(Duration::from_millis(200)).build_async().unwrap();
        let request = debit("25.00");
        let id = request.transaction_id();
        assert!(till.pay(&request).unwrap().await.outcome.is_unknown());
        let requests = requested(requests).await;
        let decision = Decision::new(caisse::Paid::NotPaid, "Anne", "no ticket").unwrap();
        let record = till.resolve(&id, &decision).await.unwrap();
        assert_eq!(journal.find(&id).unwrap(), Some(record));
        release.send(APPROVED).unwrap();
        requested(requests).await;
        // The next payment hears the answer first, and waits for a person.
        let next = till.pay(debit("4.00")).unwrap().await;
        assert_eq!(next.outcome, Outcome::Blocked { reason: Blocked::Unresolved });
        let replayed = till.pay(&request).unwrap().await;
        assert_eq!(
            (replayed.outcome, replayed.disputed),
            (Outcome::Unknown { doubt: Doubt::Disputed }, true)
        );
    });
}
