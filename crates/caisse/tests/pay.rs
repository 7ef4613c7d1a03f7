//! Payments through real sockets and a journal, compared with what the terminal charged.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use caisse::{
    Amount, Blocked, Currency, Dialect, Doubt, Event, Journal, JournalError, LinkKind, MemoryJournal,
    NotSent, Operation, Outcome, PayError, PaymentRequest, Proof, Refusal, RequestError, Retry,
    SqliteJournal, Till,
};
use caisse_simulator::VirtualTerminal;

const LONG: Duration = Duration::from_secs(20);

fn euros(text: &str) -> Amount {
    Amount::parse(text, Currency::EUR).unwrap()
}

fn debit(text: &str) -> PaymentRequest {
    PaymentRequest::debit(euros(text))
}

fn till(address: &str, journal: impl Journal + 'static) -> Till {
    Till::builder()
        .tcp(address)
        .terminal_id("counter")
        .journal(journal)
        .answer_timeout(Duration::from_secs(2))
        .build()
        .unwrap()
}

fn virtual_terminal(script: &str) -> (VirtualTerminal, String) {
    let terminal = VirtualTerminal::builder().answer(script.parse().unwrap()).start().unwrap();
    let address = terminal.address().to_string();
    (terminal, address)
}

/// A terminal that does with one connection whatever the test likes.
fn raw_terminal(serve: impl FnOnce(TcpStream) + Send + 'static) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    (address, thread::spawn(move || serve(listener.accept().unwrap().0)))
}

fn read_request(stream: &mut TcpStream) -> Vec<u8> {
    let mut request = vec![0; 512];
    let count = stream.read(&mut request).unwrap();
    request.truncate(count);
    request
}

#[test]
fn an_approval_is_charged_once_and_told_with_everything() {
    let (terminal, address) = virtual_terminal("approve");
    let mut till = till(&address, MemoryJournal::new());
    let mut events = Vec::new();
    let payment = till.pay_with(debit("25.00").with_ticket(), |event| events.push(event)).unwrap();
    assert_eq!(payment.outcome, Outcome::Approved { amount: euros("25.00") });
    assert_eq!((payment.proof, payment.replayed, payment.journaled), (Proof::Answered, false, true));
    assert_eq!(payment.card.unwrap().masked(), "497010******1234");
    assert_eq!(payment.last_four, Some(*b"1234"));
    assert_eq!(payment.authorisation.unwrap().as_str(), "000001");
    let [receipt] = payment.receipts.as_slice() else { panic!("one ticket was asked for") };
    assert!(receipt.text().contains("DÉBIT\nTICKET CLIENT\nÀ CONSERVER"), "{}", receipt.text());
    assert!(receipt.text().starts_with("VIRTUAL TERMINAL: no money moved"));
    use Event::{Answer, Connected, Connecting, Recorded, Sent, Waiting};
    assert_eq!(events, [Connecting, Connected, Recorded, Sent, Waiting, Answer]);
    let charges = terminal.ledger().charges();
    assert_eq!(charges.len(), 1);
    assert_eq!((charges[0].amount_minor, charges[0].currency, charges[0].register), (2500, 978, 1));
}

#[test]
fn every_script_ends_as_it_says_and_the_ledger_agrees() {
    for (script, outcome, charged) in [
        ("approve", Outcome::Approved { amount: euros("25.00") }, Some(2500)),
        ("decline:04", Outcome::Declined { refusal: Refusal::Refused }, None),
        ("decline:02", Outcome::Declined { refusal: Refusal::CallBank }, None),
        ("decline:42", Outcome::Declined { refusal: Refusal::Other }, None),
        ("cancel", Outcome::Cancelled { refusal: Refusal::Abandoned }, None),
        (
            "partial:20.00",
            Outcome::PartiallyApproved { approved: euros("20.00"), due: euros("5.00") },
            Some(2000),
        ),
        ("partial:30.00", Outcome::Declined { refusal: Refusal::Unspecified }, None),
        ("timeout", Outcome::Unknown { doubt: Doubt::Silence }, None),
    ] {
        let (terminal, address) = virtual_terminal(script);
        let payment = till(&address, MemoryJournal::new()).pay(debit("25.00").allow_partial()).unwrap();
        assert_eq!(payment.outcome, outcome, "{script}");
        let charges: Vec<u64> =
            terminal.ledger().charges().iter().map(|charge| charge.amount_minor).collect();
        assert_eq!(charges, charged.into_iter().collect::<Vec<_>>(), "{script}");
    }
}

#[test]
fn other_currencies_keep_their_decimals() {
    for (code, text, minor) in [("JPY", "1500", 1500), ("TND", "1.234", 1234), ("USD", "0.01", 1)] {
        let (terminal, address) = virtual_terminal("approve");
        let amount = Amount::parse(text, code.parse().unwrap()).unwrap();
        let payment = till(&address, MemoryJournal::new()).pay(PaymentRequest::debit(amount)).unwrap();
        assert_eq!(payment.outcome, Outcome::Approved { amount });
        assert_eq!(terminal.ledger().charges()[0].amount_minor, minor);
    }
}

#[test]
fn a_dead_port_is_not_sent_and_may_be_tried_again_under_the_same_id() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let journal = MemoryJournal::new();
    let request = debit("25.00").id("order-1".parse().unwrap());
    let address = format!("tcp://127.0.0.1:{port}");
    let payment = till(&address, journal.clone()).pay(&request).unwrap();
    assert_eq!(payment.outcome, Outcome::NotSent { reason: NotSent::ConnectionRefused });
    assert_eq!((payment.proof, payment.outcome.retry()), (Proof::NothingSent, Retry::SameId));
    assert!(payment.journaled);
    let (terminal, address) = virtual_terminal("approve");
    let payment = till(&address, journal.clone()).pay(&request).unwrap();
    assert_eq!((payment.outcome.name(), payment.replayed), ("approved", false));
    let payment = till(&address, journal).pay(&request).unwrap();
    assert_eq!((payment.outcome.name(), payment.replayed), ("approved", true));
    assert_eq!(terminal.ledger().len(), 1);
}

#[test]
fn the_same_id_never_charges_twice_and_never_means_something_else() {
    for script in ["approve", "decline:04", "cancel", "timeout"] {
        let (terminal, address) = virtual_terminal(script);
        let journal = MemoryJournal::new();
        let request = debit("25.00").id("order-1".parse().unwrap());
        let first = till(&address, journal.clone()).pay(&request).unwrap();
        let charged = terminal.ledger().len();
        terminal.set_answer("approve".parse().unwrap());
        let again = till(&address, journal.clone()).pay(&request).unwrap();
        assert_eq!((again.outcome, again.proof), (first.outcome, first.proof), "{script}");
        assert!(again.replayed && again.receipts.is_empty());
        assert_eq!(again.authorisation, first.authorisation);
        assert_eq!(again.last_four, first.last_four);
        for other in [
            debit("25.01").id("order-1".parse().unwrap()),
            request.clone().reference("another".parse().unwrap()),
            request.clone().allow_partial(),
        ] {
            let blocked = till(&address, journal.clone()).pay(other).unwrap();
            assert_eq!(blocked.outcome, Outcome::Blocked { reason: Blocked::IdConflict }, "{script}");
        }
        assert_eq!(terminal.ledger().len(), charged, "{script}");
    }
}

#[test]
fn doubt_blocks_the_terminal_until_somebody_decides() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("journal.sqlite");
    let (terminal, address) = virtual_terminal("timeout");
    let open = || SqliteJournal::open(&file).unwrap();
    let unknown = till(&address, open()).pay(debit("25.00")).unwrap();
    assert_eq!(unknown.outcome, Outcome::Unknown { doubt: Doubt::Silence });
    terminal.set_answer("approve".parse().unwrap());
    let mut second = till(&address, open());
    let blocked = second.pay(debit("10.00")).unwrap();
    assert_eq!(blocked.outcome, Outcome::Blocked { reason: Blocked::Unresolved });
    assert_eq!(second.unresolved().unwrap()[0].id(), unknown.id);
    // Another terminal is not concerned.
    let (other_terminal, other_address) = virtual_terminal("approve");
    let mut elsewhere =
        Till::builder().tcp(&other_address).terminal_id("other").journal(open()).build().unwrap();
    assert_eq!(elsewhere.pay(debit("1.00")).unwrap().outcome.name(), "approved");
    let decision =
        caisse::Decision::new(caisse::Paid::NotPaid, "Anne", "the terminal says: abandoned").unwrap();
    // Not by the till of another terminal, not while something runs, and not what is known or was never there.
    assert_eq!(elsewhere.resolve(&unknown.id, &decision), Err(JournalError::WrongLock.into()));
    let other = open();
    let running = other.lock(&second.terminal()).unwrap();
    assert_eq!(second.resolve(&unknown.id, &decision), Err(caisse::ResolveError::UnderWay));
    drop(running);
    for id in ["no-such", blocked.id.as_str()] {
        let resolved = second.resolve(&id.parse().unwrap(), &decision);
        assert_eq!(resolved, Err(JournalError::NotUnresolved.into()), "{id}");
    }
    assert_eq!(second.unresolved().unwrap().len(), 1);
    let record = second.resolve(&unknown.id, &decision).unwrap();
    assert_eq!((record.state(), record.decision()), (caisse::RecordState::Final, Some(&decision)));
    assert_eq!(second.resolve(&unknown.id, &decision), Err(JournalError::NotUnresolved.into()));
    drop(second);
    assert_eq!(till(&address, open()).pay(debit("10.00")).unwrap().outcome.name(), "approved");
    assert_eq!((terminal.ledger().len(), other_terminal.ledger().len()), (1, 1));
}

#[test]
fn a_terminal_that_takes_the_request_and_closes_leaves_it_unknown() {
    for reset in [false, true] {
        let (address, serving) = raw_terminal(move |mut stream| {
            if !reset {
                read_request(&mut stream);
            }
            // Dropped with bytes unread, the connection is reset.
            thread::sleep(Duration::from_millis(50));
        });
        let payment = till(&address, MemoryJournal::new()).pay(debit("25.00")).unwrap();
        assert_eq!(payment.outcome, Outcome::Unknown { doubt: Doubt::ClosedWithoutAnswer }, "reset: {reset}");
        assert_eq!(payment.proof, Proof::PerhapsSent);
        serving.join().unwrap();
    }
}

#[test]
fn the_request_arrives_in_one_read_byte_for_byte() {
    let (address, serving) = raw_terminal(|mut stream| {
        let request = read_request(&mut stream);
        assert_eq!(request, b"CZ0040320CJ012012345678901CA00201CB0042500CD0010CE003978CK003100");
        stream.write_all(b"CZ0040300AE00201AF00204").unwrap();
        // Half a close, and the till does not go on sending.
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(stream.read(&mut [0; 64]).unwrap(), 0);
    });
    let payment = till(&address, MemoryJournal::new()).pay(debit("25.00").with_ticket()).unwrap();
    assert_eq!(payment.outcome, Outcome::Declined { refusal: Refusal::Refused });
    serving.join().unwrap();
}

const ANSWER: &[u8] = b"CZ0040320CA00201CB0042500CD0010CE003978AE00210AF00201AC006A00395";

/// The answer cut behind every byte, over a real socket: what a till believes is what the machine test proved.
#[test]
fn an_answer_cut_anywhere_on_a_real_socket_is_unknown_or_true() {
    let decided = 9 + 7 + 9 + 6 + 8 + 7;
    for cut in 0..=ANSWER.len() {
        let (address, serving) = raw_terminal(move |mut stream| {
            read_request(&mut stream);
            stream.write_all(&ANSWER[..cut]).unwrap();
        });
        let payment = till(&address, MemoryJournal::new()).pay(debit("25.00")).unwrap();
        if cut < decided {
            assert!(payment.outcome.is_unknown(), "cut at {cut}: {:?}", payment.outcome);
        } else {
            assert_eq!(payment.outcome.name(), "approved", "cut at {cut}");
        }
        serving.join().unwrap();
    }
}

#[test]
fn a_drip_and_a_flood_end_in_bounded_time() {
    // One byte every 20 ms, without end, inside one field: the limit of the answer is absolute.
    let (address, serving) = raw_terminal(|mut stream| {
        read_request(&mut stream);
        let mut alive = stream.write_all(b"CF999").is_ok();
        while alive {
            thread::sleep(Duration::from_millis(20));
            alive = stream.write_all(b"x").is_ok();
        }
    });
    let before = Instant::now();
    let payment = till(&address, MemoryJournal::new()).pay(debit("25.00")).unwrap();
    assert_eq!(payment.outcome, Outcome::Unknown { doubt: Doubt::AnswerCut });
    assert!(before.elapsed() < LONG);
    serving.join().unwrap();
    // Ten megabytes of fields.
    let (address, serving) = raw_terminal(|mut stream| {
        read_request(&mut stream);
        let field = [b"XX999".as_slice(), &[b'x'; 999]].concat();
        for _ in 0..10_000 {
            if stream.write_all(&field).is_err() {
                return;
            }
        }
    });
    let payment = till(&address, MemoryJournal::new()).pay(debit("25.00")).unwrap();
    assert_eq!(payment.outcome, Outcome::Unknown { doubt: Doubt::AnswerTooLong });
    serving.join().unwrap();
    // Rubbish.
    let (address, serving) = raw_terminal(|mut stream| {
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    let payment = till(&address, MemoryJournal::new()).pay(debit("25.00")).unwrap();
    assert_eq!(payment.outcome, Outcome::Unknown { doubt: Doubt::AnswerMalformed });
    serving.join().unwrap();
}

#[test]
fn one_terminal_takes_one_payment_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("journal.sqlite");
    let terminal = VirtualTerminal::builder().latency(Duration::from_millis(600)).start().unwrap();
    let address = terminal.address().to_string();
    let first = {
        let (address, file) = (address.clone(), file.clone());
        thread::spawn(move || till(&address, SqliteJournal::open(file).unwrap()).pay(debit("25.00")).unwrap())
    };
    thread::sleep(Duration::from_millis(250));
    let second = till(&address, SqliteJournal::open(&file).unwrap()).pay(debit("10.00")).unwrap();
    assert_eq!(second.outcome, Outcome::Blocked { reason: Blocked::Busy });
    assert_eq!(first.join().unwrap().outcome.name(), "approved");
    assert_eq!(terminal.ledger().len(), 1);
    // The lock is free again.
    let third = till(&address, SqliteJournal::open(&file).unwrap()).pay(debit("10.00")).unwrap();
    assert_eq!(third.outcome.name(), "approved");
}

#[test]
fn cancel_is_honest() {
    // Before the payment: nothing is sent, and the wish is used up.
    let (terminal, address) = virtual_terminal("approve");
    let mut till_ = till(&address, MemoryJournal::new());
    till_.cancel_handle().cancel();
    let payment = till_.pay(debit("25.00")).unwrap();
    assert_eq!(payment.outcome, Outcome::NotSent { reason: NotSent::Cancelled });
    assert!(terminal.ledger().is_empty());
    assert_eq!(till_.pay(debit("25.00")).unwrap().outcome.name(), "approved");
    // While the card holder types: the wait goes on, and the truth is told.
    let terminal = VirtualTerminal::builder().latency(Duration::from_millis(300)).start().unwrap();
    let mut till_ = till(&terminal.address().to_string(), MemoryJournal::new());
    let handle = till_.cancel_handle();
    let mut red_button = 0;
    let payment = till_
        .pay_with(debit("25.00"), |event| match event {
            Event::Waiting => handle.cancel(),
            Event::PressRedButton => red_button += 1,
            _ => {}
        })
        .unwrap();
    assert_eq!((payment.outcome.name(), red_button), ("approved", 1));
    // Giving up: unknown, and the terminal is blocked.
    let handle = till_.cancel_handle();
    let payment = till_
        .pay_with(debit("25.00"), |event| {
            if event == Event::Waiting {
                // The terminal has the request: what it had not read by then would go with the connection.
                while terminal.state() == "idle" {
                    thread::sleep(Duration::from_millis(1));
                }
                handle.give_up()
            }
        })
        .unwrap();
    assert_eq!(payment.outcome, Outcome::Unknown { doubt: Doubt::GivenUp });
    assert_eq!(till_.pay(debit("1.00")).unwrap().outcome, Outcome::Blocked { reason: Blocked::Unresolved });
    // The terminal went on without the till.
    assert!(terminal.ledger().wait_for(2, LONG));
}

#[test]
fn a_journal_that_cannot_write_stops_the_payment_before_it_and_never_after_it() {
    let (terminal, address) = virtual_terminal("approve");
    let journal = MemoryJournal::new();
    journal.fail_nth_append(1);
    let payment = till(&address, journal.clone()).pay(debit("25.00")).unwrap();
    assert_eq!(payment.outcome, Outcome::Blocked { reason: Blocked::JournalUnavailable });
    assert!(terminal.ledger().is_empty());
    journal.fail_nth_append(2);
    let payment = till(&address, journal.clone()).pay(debit("25.00")).unwrap();
    assert_eq!((payment.outcome.name(), payment.journaled), ("approved", false));
    assert_eq!(terminal.ledger().len(), 1);
    let payment = till(&address, journal).pay(debit("10.00")).unwrap();
    assert_eq!(payment.outcome, Outcome::Blocked { reason: Blocked::Unresolved });
}

#[test]
fn what_cannot_be_asked_for_is_an_error_and_leaves_no_trace() {
    let (terminal, address) = virtual_terminal("approve");
    let journal = MemoryJournal::new();
    let mut till = till(&address, journal.clone());
    for (request, error) in [
        (debit("0"), RequestError::ZeroAmount),
        (debit("10000000000.00"), RequestError::AmountTooLarge { largest: 999_999_999_999 }),
        (debit("1.00").original("sale-1".parse().unwrap()), RequestError::Original(Operation::Debit)),
    ] {
        assert_eq!(request.validate(&Dialect::PAYXPRESS), Err(error));
        assert_eq!(till.pay(request).unwrap_err(), PayError::Request(error));
    }
    assert!(journal.list().unwrap().is_empty());
    assert!(terminal.ledger().is_empty());
    assert_eq!(till.pay(debit("9999999999.99")).unwrap().outcome.name(), "approved");
}

#[test]
fn a_till_needs_a_terminal_and_a_journal() {
    use caisse::BuildError as E;
    let journal = MemoryJournal::new;
    assert_eq!(Till::builder().journal(journal()).build().unwrap_err(), E::NoTerminal);
    assert_eq!(Till::builder().tcp("tcp://127.0.0.1:1").build().unwrap_err(), E::NoJournal);
    let build = |change: fn(caisse::Builder) -> caisse::Builder| {
        change(Till::builder().tcp("tcp://127.0.0.1:1").journal(MemoryJournal::new()))
            .build()
            .map(|till| till.terminal())
    };
    assert_eq!(build(|builder| builder).unwrap().as_str(), "tcp:127.0.0.1:1");
    assert_eq!(build(|builder| builder.tcp("tcp://Counter:1")).unwrap().as_str(), "tcp:counter:1");
    let mine = build(|builder| builder.terminal_id("mine").tcp("tcp://127.0.0.1:2"));
    assert_eq!(mine.unwrap().as_str(), "mine");
    let long = "a".repeat(70);
    let built = Till::builder().tcp(&format!("tcp://{long}:1")).journal(journal()).build();
    assert!(matches!(built, Err(E::TerminalId(_))));
    assert!(matches!(
        build(|builder| builder.link(Uncertain(false), LinkKind::Stream)),
        Err(E::NoTerminalId)
    ));
    assert!(matches!(build(|builder| builder.tcp("127.0.0.1:1")), Err(E::Address(_))));
    // Each takes its own kind of address; `address` takes both.
    assert!(matches!(build(|builder| builder.tcp("serial:/dev/ttyACM0")), Err(E::Address(_))));
    assert!(matches!(build(|builder| builder.serial("tcp://127.0.0.1:1")), Err(E::Address(_))));
    assert_eq!(
        build(|builder| builder.serial("serial:/dev/ttyACM0")).unwrap().as_str(),
        "serial::dev:ttyACM0"
    );
    assert_eq!(
        build(|builder| builder.address("serial:/dev/ttyACM0")).unwrap().as_str(),
        "serial::dev:ttyACM0"
    );
    assert!(matches!(build(|builder| builder.terminal_id("a b")), Err(E::TerminalId(_))));
    assert!(matches!(build(|builder| builder.register("1")), Err(E::Register(_))));
    assert!(matches!(build(|builder| builder.identifier("1")), Err(E::Identifier)));
}

/// A link whose system does not say what became of a write, as Winsock's.
struct Uncertain(bool);

impl caisse::Link for Uncertain {
    fn connect(&mut self, _: Duration) -> Result<(), caisse_hal::ConnectError> {
        Ok(())
    }

    fn send(&mut self, _: &[u8], _: Duration) -> Result<usize, caisse_hal::SendError> {
        self.0 = true;
        Err(caisse_hal::SendError::Uncertain)
    }

    fn drain(&mut self, _: Duration) -> Result<(), caisse_hal::DrainError> {
        Ok(())
    }

    fn receive(
        &mut self,
        _: &mut [u8],
        _: Duration,
    ) -> Result<caisse_hal::Received, caisse_hal::ReceiveError> {
        Ok(if self.0 { caisse_hal::Received::Closed } else { caisse_hal::Received::Nothing })
    }

    fn close(&mut self) {}
}

#[test]
fn an_uncertain_write_is_never_not_sent() {
    let link = Uncertain(false);
    let built = Till::builder()
        .link(link, LinkKind::Stream)
        .terminal_id("counter")
        .journal(MemoryJournal::new())
        .build();
    let payment = built.unwrap().pay(debit("25.00")).unwrap();
    assert_eq!((payment.outcome.name(), payment.proof), ("unknown", Proof::PerhapsSent));
}

#[test]
fn a_cut_ticket_and_a_flood_are_told_beside_the_approval() {
    let flood = [b"XX999".as_slice(), &[b'x'; 999]].concat().repeat(4);
    for (tail, cut, skipped) in [(b"ZT374CK003100AK361ICBD".to_vec(), true, 0), (flood, false, 2)] {
        let (address, serving) = raw_terminal(move |mut stream| {
            read_request(&mut stream);
            stream.write_all(&[ANSWER, &tail].concat()).unwrap();
        });
        let payment = till(&address, MemoryJournal::new()).pay(debit("25.00")).unwrap();
        serving.join().unwrap();
        assert_eq!((payment.outcome.name(), payment.cut, payment.skipped_fields), ("approved", cut, skipped));
    }
}

/// A journal whose answers the test decides. The lock is that of the terminal: an id that is locked is in flight elsewhere.
struct Stubborn {
    inner: MemoryJournal,
    lock: Option<caisse_journal::LockError>,
    append: Option<JournalError>,
}

impl Journal for Stubborn {
    fn lock(
        &self,
        terminal: &caisse::TerminalId,
    ) -> Result<caisse_journal::TerminalLock, caisse_journal::LockError> {
        let of_an_id = terminal.as_str().starts_with("attempt:");
        self.lock.clone().filter(|_| !of_an_id).map_or_else(|| self.inner.lock(terminal), Err)
    }

    fn append(
        &mut self,
        id: &caisse::TransactionId,
        event: &caisse_journal::Event,
        at: caisse::WallTime,
    ) -> Result<(), JournalError> {
        self.append.clone().map_or_else(|| self.inner.append(id, event, at), Err)
    }

    fn find(&self, id: &caisse::TransactionId) -> Result<Option<caisse::Record>, JournalError> {
        self.inner.find(id)
    }

    fn unresolved(&self, terminal: &caisse::TerminalId) -> Result<Vec<caisse::Record>, JournalError> {
        self.inner.unresolved(terminal)
    }

    fn list(&self) -> Result<Vec<caisse::Record>, JournalError> {
        self.inner.list()
    }

    fn events(&self, id: &caisse::TransactionId) -> Result<Vec<caisse_journal::RecordedEvent>, JournalError> {
        self.inner.events(id)
    }

    fn resolve(
        &mut self,
        lock: &caisse_journal::TerminalLock,
        id: &caisse::TransactionId,
        decision: &caisse::Decision,
        at: caisse::WallTime,
    ) -> Result<(), JournalError> {
        self.inner.resolve(lock, id, decision, at)
    }
}

#[test]
fn each_refusal_of_the_journal_has_its_reason() {
    let io = caisse_journal::LockError::Io { what: "no locks here".into() };
    for (lock, append, reason) in [
        (Some(caisse_journal::LockError::Busy), None, Blocked::Busy),
        (Some(io), None, Blocked::JournalUnavailable),
        (None, Some(JournalError::Conflict), Blocked::Unresolved),
        (None, Some(JournalError::Locked), Blocked::JournalUnavailable),
    ] {
        let (terminal, address) = virtual_terminal("approve");
        let journal = Stubborn { inner: MemoryJournal::new(), lock, append };
        let payment = till(&address, journal).pay(debit("25.00")).unwrap();
        assert_eq!(payment.outcome, Outcome::Blocked { reason });
        assert!(terminal.ledger().is_empty());
    }
}
