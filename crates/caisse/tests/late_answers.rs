//! Answers that come on a connection that was left open for them, after a person has decided.

#[path = "support/scripted_tcp.rs"]
mod scripted_tcp;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use caisse::{Blocked, Decision, Event, Evidence, Journal, MemoryJournal, Outcome, Paid, WallTime};
use scripted_tcp::*;

/// A terminal that approves the first payment, of 25.00, only when the test says so, and answers each later connection with
/// the next of these; it keeps the first one open.
struct Terminal {
    address: String,
    say: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl Terminal {
    fn new(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("tcp://{}", listener.local_addr().unwrap());
        let (say, when) = mpsc::channel::<()>();
        let thread = thread::spawn(move || {
            let accept = || -> TcpStream {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 512]).unwrap();
                stream
            };
            let mut late = accept();
            when.recv().unwrap();
            late.write_all(approved(2500, "000001").as_bytes()).unwrap();
            for answer in answers {
                accept().write_all(answer.as_bytes()).unwrap();
            }
            // Until the test has ended.
            let _ = when.recv();
        });
        Self { address, say, thread }
    }

    fn say_it(&self) {
        self.say.send(()).unwrap();
        // It has arrived by then.
        thread::sleep(Duration::from_millis(300));
    }

    fn end(self) {
        drop(self.say);
        self.thread.join().unwrap();
    }
}

/// A person writes that the first payment was not paid.
fn decide_not_paid(journal: &MemoryJournal) {
    let mut journal = journal.clone();
    let lock = journal.lock(&"counter".parse().unwrap()).unwrap();
    let decision = Decision::new(Paid::NotPaid, "Zoé", "no ticket").unwrap();
    journal.resolve(&lock, &"ours".parse().unwrap(), &decision, WallTime::now()).unwrap();
}

fn is_disputed(journal: &MemoryJournal) -> bool {
    journal.find(&"ours".parse().unwrap()).unwrap().unwrap().is_disputed()
}

/// The next payment hears the approval of what a person called unpaid before anything leaves. The customer may be paying for
/// the same sale again: a person has to look first.
#[test]
fn a_payment_that_hears_a_late_approval_waits_for_a_person() {
    let journal = MemoryJournal::new();
    let terminal = Terminal::new(vec![approved(700, "000002")]);
    let mut till = till(&terminal.address, journal.clone(), MINUTES);
    assert!(till.pay(debit("ours", 2500)).unwrap().outcome.is_unknown());
    decide_not_paid(&journal);
    terminal.say_it();
    let mut events = Vec::new();
    let next = till.pay_with(debit("next", 700), |event| events.push(event)).unwrap();
    assert_eq!(next.outcome, Outcome::Blocked { reason: Blocked::Unresolved });
    assert!(is_disputed(&journal));
    assert_eq!(events, [Event::LateAnswer]);
    // Once a person has settled the dispute the terminal takes payments again.
    let decision = Decision::new(Paid::Paid(euros(2500)), "Zoé", "the terminal's journal").unwrap();
    let record = till.resolve(&"ours".parse().unwrap(), &decision).unwrap();
    assert_eq!(record.verdict().outcome, Outcome::Approved { amount: euros(2500) });
    let next = till.pay(debit("next", 700)).unwrap();
    assert_eq!(next.outcome, Outcome::Approved { amount: euros(700) });
    terminal.end();
}

/// Another till's sale is in doubt now. Looking into that one must not throw away the answer that lies on the open
/// connection.
#[test]
fn looking_into_another_sale_loses_no_late_answer() {
    let journal = MemoryJournal::new();
    let terminal = Terminal::new(vec![String::new(), "CZ0040320AE00201AF00209".to_owned()]);
    let mut first = till(&terminal.address, journal.clone(), MINUTES);
    assert!(first.pay(debit("ours", 2500)).unwrap().outcome.is_unknown());
    decide_not_paid(&journal);
    terminal.say_it();
    let mut second = till(&terminal.address, journal.clone(), MINUTES);
    assert!(second.pay(debit("other", 700)).unwrap().outcome.is_unknown());
    drop(second);
    let recovered = first.recover().unwrap();
    assert!(is_disputed(&journal), "the approval that came late is written down: {recovered:?}");
    terminal.end();
}

/// Whoever asks first hears it: the inquiry, the same id again, or the next payment. The terminal need not be able to prove
/// anything else.
#[test]
fn an_answer_on_the_open_connection_settles_its_own_payment() {
    let ours = Outcome::Approved { amount: euros(2500) };
    for ask in ["recover", "same id", "next"] {
        let journal = MemoryJournal::new();
        let later = if ask == "next" { vec![approved(700, "000002")] } else { vec![] };
        let terminal = Terminal::new(later);
        let shared = builder("counter", &terminal.address, journal.clone(), MINUTES).exclusive(false);
        let mut till = shared.build().unwrap();
        assert!(till.pay(debit("ours", 2500)).unwrap().outcome.is_unknown());
        let recovered = till.recover().unwrap();
        assert!(matches!(recovered[0].evidence, Evidence::Listening { .. }), "{recovered:?}");
        terminal.say_it();
        let mut events = Vec::new();
        match ask {
            "recover" => {
                assert_eq!(till.recover().unwrap()[0].evidence, Evidence::LateAnswer(ours));
            }
            "same id" => {
                let told = till.pay_with(debit("ours", 2500), |event| events.push(event)).unwrap();
                assert_eq!((told.outcome, told.replayed), (ours, true));
                assert_eq!(events, [Event::Recovering]);
            }
            _ => {
                let next = till.pay_with(debit("next", 700), |event| events.push(event)).unwrap();
                assert_eq!(next.outcome, Outcome::Approved { amount: euros(700) });
                assert_eq!(events.first(), Some(&Event::Recovering));
            }
        }
        let record = journal.find(&"ours".parse().unwrap()).unwrap().unwrap();
        assert_eq!((record.verdict().outcome, record.is_disputed()), (ours, false));
        terminal.end();
    }
}
