//! A till's whole life: what happens to terminals, clocks and cables around its payments, each with what the till makes of it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use caisse::{
    Amount, Currency, Dialect, Evidence, IdentityPart, Journal, MemoryJournal, NotSent, Open, Outcome,
    PaymentRequest, RecoveryFinding, Till,
};
use caisse_simulator::VirtualTerminal;
use caisse_simulator::persona::Persona;

fn euros(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::EUR)
}

fn debit(id: &str, minor: u64) -> PaymentRequest {
    PaymentRequest::debit(euros(minor)).id(id.parse().unwrap())
}

/// Nobody else uses the terminal, and it tells its last transaction; a transaction takes two seconds at most.
fn till(address: &str, journal: &MemoryJournal) -> Till {
    let mut dialect = Dialect::NEPTING;
    dialect.longest_transaction = Duration::from_secs(2);
    Till::builder()
        .address(address)
        .terminal_id("counter")
        .dialect(dialect)
        .exclusive(true)
        .journal(journal.clone())
        .connect_timeout(Duration::from_secs(2))
        .build()
        .unwrap()
}

fn nepting() -> caisse_simulator::Builder {
    VirtualTerminal::builder().dialect(Persona::NEPTING).latency(Duration::ZERO)
}

/// The terminal goes down in the middle of a payment, before or after it has charged; the till finds out which.
#[test]
fn a_terminal_that_reboots_leaves_a_doubt_that_it_resolves_itself() {
    for charged in [false, true] {
        let terminal = nepting().manual_card().authorisation(Duration::from_millis(300)).start().unwrap();
        let address = terminal.address().to_string();
        let journal = MemoryJournal::new();
        let mut till = till(&address, &journal);
        let paying = thread::spawn(move || {
            let before = till.pay(debit("before", 300)).unwrap();
            (before.outcome, till.pay(debit("ours", 2500)).unwrap().outcome, till)
        });
        let present = || {
            while terminal.present_card().is_err() {
                thread::sleep(Duration::from_millis(5));
            }
        };
        present();
        while terminal.ledger().is_empty() || terminal.state() != "waiting_for_card" {
            thread::sleep(Duration::from_millis(5));
        }
        if charged {
            present();
            // At the moment of the charge the answer has not left.
            while terminal.ledger().len() < 2 {
                thread::yield_now();
            }
        }
        terminal.reboot(Duration::from_millis(200));
        let (before, ours, mut till) = paying.join().unwrap();
        assert_eq!(before, Outcome::Approved { amount: euros(300) });
        if !ours.is_unknown() {
            // The answer was faster than the reboot.
            assert_eq!((charged, ours), (true, Outcome::Approved { amount: euros(2500) }));
            continue;
        }
        let finding = loop {
            let recovered = till.recover().unwrap();
            match recovered[0].finding {
                // It is down, or the customer may still be there; and each duplicata has its pause.
                RecoveryFinding::Open(_) => {
                    thread::sleep(Duration::from_millis(500));
                    till = self::till(&address, &journal);
                    thread::sleep(Duration::from_secs(2));
                }
                finding => break finding,
            }
        };
        let expected = if charged { RecoveryFinding::Paid(euros(2500)) } else { RecoveryFinding::NotPaid };
        assert_eq!((finding, terminal.ledger().len()), (expected, 1 + usize::from(charged)));
        let settled = till.pay(debit("ours", 2500)).unwrap().outcome;
        assert_eq!(settled.approved_amount().is_some(), charged, "told once more, not charged");
        assert_eq!(terminal.ledger().len(), 1 + usize::from(charged));
    }
}

#[test]
fn a_sleeping_terminal_is_not_sent_and_pays_once_when_it_wakes() {
    let terminal = nepting().start().unwrap();
    let journal = MemoryJournal::new();
    let address = terminal.address().to_string();
    let mut till = till(&address, &journal);
    terminal.sleep().unwrap();
    // It takes a moment until it listens no more.
    while TcpStream::connect(address.trim_start_matches("tcp://")).is_ok() {
        thread::sleep(Duration::from_millis(20));
    }
    for _ in 0..2 {
        let asleep = till.pay(debit("ours", 2500)).unwrap();
        assert!(matches!(asleep.outcome, Outcome::NotSent { .. }), "{:?}", asleep.outcome);
        assert_eq!(asleep.outcome.retry(), caisse::Retry::SameId);
    }
    terminal.wake().unwrap();
    let mut woken = till.pay(debit("ours", 2500)).unwrap().outcome;
    // It takes a moment until it listens again, and until then the same id may be tried.
    while let Outcome::NotSent { .. } = woken {
        thread::sleep(Duration::from_millis(20));
        woken = till.pay(debit("ours", 2500)).unwrap().outcome;
    }
    assert_eq!(woken, Outcome::Approved { amount: euros(2500) });
    assert!(till.pay(debit("ours", 2500)).unwrap().replayed);
    terminal.assert_charged_once(euros(2500));
}

/// The cable is out, and then it is in again: on TCP nobody listens, and then somebody does.
#[test]
fn a_cable_that_is_out_is_not_sent_and_in_again_it_pays() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let journal = MemoryJournal::new();
    let mut till = till(&format!("tcp://{port}"), &journal);
    let out = till.pay(debit("ours", 2500)).unwrap().outcome;
    assert_eq!(out, Outcome::NotSent { reason: NotSent::ConnectionRefused });
    let terminal = nepting().listen(port).start().unwrap();
    assert_eq!(till.pay(debit("ours", 2500)).unwrap().outcome, Outcome::Approved { amount: euros(2500) });
    terminal.assert_charged_once(euros(2500));
}

/// A terminal that answers each connection with the next of these, and what it was sent.
fn scripted(answers: &'static [&'static str]) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp://{}", listener.local_addr().unwrap());
    let heard = Arc::new(Mutex::new(Vec::new()));
    let sent = Arc::clone(&heard);
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut buffer = [0; 512];
            let count = stream.read(&mut buffer).unwrap();
            sent.lock().unwrap().push(String::from_utf8_lossy(&buffer[..count]).into_owned());
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (address, heard)
}

/// Another terminal stands in its place, and its last transaction is of the same amount: it proves nothing of ours. What a
/// terminal shows in another form, or not at all, does not make it another one.
#[test]
fn a_terminal_that_was_swapped_proves_nothing() {
    let paid = RecoveryFinding::Paid(euros(2500));
    let another = RecoveryFinding::Open(Open::AnotherTerminal);
    for (shown, finding, parts) in [
        ("CG0071111111AQ003T-1", paid, &[][..]),
        ("CG0072222222AQ003T-1", another, &[IdentityPart::Contract]),
        ("CG0071111111AQ003T-2", another, &[IdentityPart::SerialNumber]),
        ("CG0072222222AQ003T-2", another, &[IdentityPart::Contract, IdentityPart::SerialNumber]),
        ("CG00801111111AQ003t-1", paid, &[]),
        ("CG0070000000", paid, &[]),
        ("", paid, &[]),
    ] {
        let before = "CZ0040320CA00201CB003300CD0010CE003978AE00210AC006000001CG0071111111AQ003T-1";
        let told = format!("CZ0040320CA00201CB0042500CD0013CE003978AE00210AC006000002{shown}");
        let (address, heard) = scripted(Vec::leak(vec![before, "", &*String::leak(told)]));
        let journal = MemoryJournal::new();
        let mut till = till(&address, &journal);
        let outcome = till.pay(debit("before", 300)).unwrap().outcome;
        assert_eq!(outcome, Outcome::Approved { amount: euros(300) });
        assert!(till.pay(debit("ours", 2500)).unwrap().outcome.is_unknown());
        let recovered = self::till(&address, &journal).recover().unwrap();
        assert_eq!(recovered[0].finding, finding, "{shown}: {recovered:?}");
        assert!(matches!(recovered[0].evidence, Evidence::Duplicata { .. }));
        let differ: Vec<_> = recovered[0].mismatch.into_iter().flat_map(|it| it.parts()).collect();
        assert_eq!(differ, parts, "{shown}");
        assert!(heard.lock().unwrap()[2].contains("CD0013"), "a duplicata was asked for, and nothing else");
    }
}

/// A clock on the wall says nothing of how long the customer has been gone.
#[test]
fn whatever_the_wall_says_not_paid_waits_for_the_longest_transaction() {
    for stepped in [0u64, 253_402_300_799_999] {
        let terminal = nepting().start().unwrap();
        terminal.set_answer("approve,cancel+drop@step=decided,approve".parse().unwrap());
        let journal = MemoryJournal::new();
        let address = terminal.address().to_string();
        let mut till = till(&address, &journal);
        let _ = till.pay(debit("before", 300)).unwrap();
        assert!(till.pay(debit("ours", 2500)).unwrap().outcome.is_unknown());
        // The same journal, written under a clock that stood elsewhere.
        let mut other = MemoryJournal::new();
        for record in journal.list().unwrap() {
            for recorded in journal.events(&record.id()).unwrap() {
                let at = caisse::WallTime::from_millis(stepped);
                other.append(&record.id(), &recorded.event, at).unwrap();
            }
        }
        let mut restarted = self::till(&address, &other);
        let early = restarted.recover().unwrap();
        assert!(matches!(early[0].finding, RecoveryFinding::Open(Open::TooSoon { .. })), "{early:?}");
        let mut later = self::till(&address, &other);
        thread::sleep(Duration::from_millis(2100));
        assert_eq!(later.recover().unwrap()[0].finding, RecoveryFinding::NotPaid);
        assert_eq!(terminal.ledger().len(), 1);
    }
}
