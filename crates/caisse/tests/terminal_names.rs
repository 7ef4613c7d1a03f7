//! One terminal under two names: renamed while something is open on it, or called by its address here and by a name there. What
//! is open holds it back under each, is listed and settled under each, and one payment runs on it at a time.

#[path = "support/scripted_tcp.rs"]
mod scripted_tcp;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use caisse::probe::Probe;
use caisse::{
    Blocked, Builder, Decision, Dialect, Evidence, Journal, JournalError, MemoryJournal, Open, Outcome, Paid,
    RecordState, RecoveryFinding, Till,
};
use caisse_journal::LockError;
use caisse_link::serial::{Rules, SerialConfig, Timers};
use scripted_tcp::{debit, scripted_everywhere, till_named};

const HELD_BACK: Outcome = Outcome::Blocked { reason: Blocked::Unresolved };

const SECOND: Duration = Duration::from_secs(1);

fn named(name: &str, address: &str, journal: &MemoryJournal) -> Till {
    till_named(name, address, journal.clone(), SECOND)
}

/// It goes by its address.
fn unnamed(address: &str, journal: &MemoryJournal) -> Till {
    let dialect = Dialect { longest_transaction: SECOND, ..Dialect::NEPTING };
    at_address(address, journal, dialect).build().unwrap()
}

fn at_address(address: &str, journal: &MemoryJournal, dialect: Dialect) -> Builder {
    Till::builder().address(address).dialect(dialect).exclusive(true).journal(journal.clone())
}

/// A terminal that answers each connection with the next of these, at each address of the loopback.
fn scripted(answers: &[&str]) -> u16 {
    scripted_everywhere(answers.iter().map(|answer| (*answer).to_owned()).collect())
}

fn at(host: &str, port: u16) -> String {
    format!("tcp://{host}:{port}")
}

const BEFORE: &str = "CZ0040320CA00201CB003300CD0010CE003978AE00210AC006000001";
const LOST: &str = "";
const OTHER: &str = "CZ0040320CA00201CB003700CD0010CE003978AE00210AC006000003";
const LAST_IS_OURS: &str = "CZ0040320CA00201CB0042500CD0013CE003978AE00210AC006000002";
const UNCLEAR: &str = "CZ0040320AE00201AF00209";
const LAST_NOT_COMPLETED: &str = "CZ0040320CA00201CD0013AE00201AF00207";

/// A journal in which `ours`, of 25.00, is open on the terminal `front`.
fn with_open_entry(front: &mut Till) {
    assert_eq!(front.pay(debit("before", 300)).unwrap().outcome.name(), "approved");
    assert!(front.pay(debit("ours", 2500)).unwrap().outcome.is_unknown());
}

#[test]
fn a_new_name_is_held_back_until_somebody_decides() {
    let journal = MemoryJournal::new();
    // Each till that is held back asks for a duplicata first; the answers say nothing.
    let port = scripted(&[BEFORE, LOST, UNCLEAR, UNCLEAR, UNCLEAR, UNCLEAR, OTHER]);
    with_open_entry(&mut named("front", &at("127.0.0.1", port), &journal));
    // By another name, and by other names of the address.
    for host in ["127.0.0.1", "localhost", "LOCALHOST"] {
        let mut counter = named("counter", &at(host, port), &journal);
        assert_eq!(counter.pay(debit("other", 700)).unwrap().outcome, HELD_BACK, "{host}");
        let open = counter.unresolved().unwrap();
        assert_eq!(open.iter().map(|it| it.start.id.as_str()).collect::<Vec<_>>(), ["ours"], "{host}");
    }
    // By the address alone.
    let mut by_address = unnamed(&at("127.0.0.1", port), &journal);
    assert_eq!(by_address.pay(debit("other", 700)).unwrap().outcome, HELD_BACK);
    // Another terminal is free, and has nothing to do with it.
    let mut elsewhere = named("elsewhere", &at("127.0.0.1", scripted(&[OTHER])), &journal);
    let word = Decision::new(Paid::NotPaid, "Zoé", "no ticket").unwrap();
    assert_eq!(elsewhere.resolve(&"ours".parse().unwrap(), &word), Err(JournalError::WrongLock.into()));
    assert_eq!(elsewhere.pay(debit("elsewhere", 700)).unwrap().outcome.name(), "approved");

    let mut counter = named("counter", &at("127.0.0.1", port), &journal);
    let record = counter.resolve(&"ours".parse().unwrap(), &word).unwrap();
    assert_eq!((record.state(), record.start.content.terminal.as_str()), (RecordState::Final, "front"));
    assert_eq!(counter.pay(debit("other", 700)).unwrap().outcome.name(), "approved");
}

#[test]
fn a_new_name_finds_out_what_became_of_the_old_one_s() {
    for (answer, finding, state) in [
        (LAST_IS_OURS, "paid", RecordState::Final),
        (LAST_NOT_COMPLETED, "not_paid", RecordState::Final),
        (OTHER, "open", RecordState::Unresolved),
    ] {
        let journal = MemoryJournal::new();
        let port = scripted(&[BEFORE, LOST, answer]);
        with_open_entry(&mut named("front", &at("127.0.0.1", port), &journal));
        let mut counter = named("counter", &at("127.0.0.1", port), &journal);
        thread::sleep(Duration::from_millis(1_100));
        let recovered = counter.recover().unwrap();
        let found = match recovered[0].finding {
            RecoveryFinding::Paid(_) => "paid",
            RecoveryFinding::NotPaid => "not_paid",
            RecoveryFinding::Open(_) => "open",
        };
        assert_eq!((recovered.len(), found), (1, finding), "{recovered:?}");
        assert_eq!(journal.find(&"ours".parse().unwrap()).unwrap().unwrap().state(), state);
    }
}

/// The terminal has moved to another address and has another name: nothing tells that it is the same. Once the first name is
/// given the new address, what was paid meanwhile shows that its last transaction is not ours.
#[test]
fn a_terminal_that_was_used_since_is_not_asked_about_its_last() {
    let journal = MemoryJournal::new();
    let port = scripted(&[BEFORE, LOST, OTHER, LAST_NOT_COMPLETED]);
    with_open_entry(&mut named("front", &at("127.0.0.1", port), &journal));
    let mut counter = named("counter", &at("127.0.0.2", port), &journal);
    assert_eq!(counter.pay(debit("other", 700)).unwrap().outcome.name(), "approved");
    thread::sleep(Duration::from_millis(1_100));
    let mut moved = named("front", &at("127.0.0.2", port), &journal);
    let recovered = moved.recover().unwrap();
    let (finding, evidence) = (recovered[0].finding, &recovered[0].evidence);
    assert_eq!((finding, evidence), (RecoveryFinding::Open(Open::Unclear), &Evidence::NotAsked));
}

/// It has moved and has another name, and its last transaction looks like ours: but the journal has its number as another's.
#[test]
fn what_the_journal_has_as_another_sale_proves_nothing() {
    let other = LAST_IS_OURS.replace("CD0013", "CD0010");
    for (number, expected) in [("000002", false), ("000004", true)] {
        let journal = MemoryJournal::new();
        let last = LAST_IS_OURS.replace("000002", number);
        let port = scripted(&[BEFORE, LOST, &other, &last]);
        let mut front = named("front", &at("127.0.0.1", port), &journal);
        with_open_entry(&mut front);
        let mut counter = named("counter", &at("127.0.0.2", port), &journal);
        assert_eq!(counter.pay(debit("other", 2500)).unwrap().outcome.name(), "approved");
        let recovered = front.recover().unwrap();
        let paid = matches!(recovered[0].finding, RecoveryFinding::Paid(_));
        assert_eq!(paid, expected, "{recovered:?}");
    }
}

#[test]
fn one_payment_at_a_time_whatever_it_is_called() {
    let journal = MemoryJournal::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = at("127.0.0.1", listener.local_addr().unwrap().port());
    let probe = Probe::new(address.parse().unwrap()).unwrap();
    let named_probe = Probe::at(address.parse().unwrap(), "third".parse().unwrap());
    thread::scope(|scope| {
        let mut front = named("front", &address, &journal);
        let paying = scope.spawn(move || front.pay(debit("ours", 2500)).unwrap());
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 512]).unwrap();
        let mut counter = named("counter", &address, &journal);
        let mut by_address = unnamed(&address, &journal);
        for till in [&mut counter, &mut by_address] {
            let outcome = till.pay(debit("other", 700)).unwrap().outcome;
            assert_eq!(outcome, Outcome::Blocked { reason: Blocked::Busy });
        }
        // Nor does a probe disturb it.
        assert!(matches!(probe.lock(&journal), Err(LockError::Busy)));
        assert!(matches!(named_probe.lock(&journal), Err(LockError::Busy)));
        stream.write_all(BEFORE.replace("CB003300", "CB0042500").as_bytes()).unwrap();
        drop(stream);
        assert_eq!(paying.join().unwrap().outcome.name(), "approved");
    });
    assert!(probe.lock(&journal).is_ok());
}

/// A port and a link to it are one port.
#[cfg(unix)]
#[test]
fn a_link_to_a_port_is_the_port() {
    let line = caisse_hal::pty::PtyLink::open().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("terminal");
    std::os::unix::fs::symlink(line.path().unwrap(), &link).unwrap();
    let journal = MemoryJournal::new();
    let rules = Rules { attempts: 1, ..Rules::TILL };
    let timers = Timers { enquiry: Duration::from_millis(100), ..Timers::USUAL };
    let session = SerialConfig { rules, timers, ..SerialConfig::TILL };
    let addresses = [("front", line.path().unwrap()), ("counter", link.as_path())].map(|(name, path)| {
        let dialect = Dialect { name: "custom", session, ..Dialect::CONCERT_E_PLUS };
        let address = format!("serial:{}", path.display());
        let payment = at_address(&address, &journal, dialect)
            .terminal_id(name)
            .build()
            .unwrap()
            .pay(debit(name, 700))
            .unwrap();
        assert_eq!(payment.outcome.name(), "not_sent");
        journal.find(&payment.id).unwrap().unwrap().start.address.unwrap()
    });
    assert_eq!(addresses[0], addresses[1]);
}
