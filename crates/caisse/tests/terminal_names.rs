//! One terminal under two names: renamed while something is open on it, or called by its address here and by a name there. What
//! is open holds it back under each, is listed under each and decided by a person under each, and one payment runs on it at a
//! time. Evidence counts under the recorded name alone.

#[path = "support/scripted_tcp.rs"]
mod scripted_tcp;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use caisse::probe::Probe;
use caisse::{
    Blocked, Builder, Decision, Dialect, Evidence, IdentityPart, Journal, JournalError, MemoryJournal, Open,
    Outcome, Paid, RecordState, Recovered, RecoveryFinding, Till,
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
const LAST_NOT_COMPLETED: &str = "CZ0040320CA00201CD0013AE00201AF00207";

/// A journal in which `ours`, of 25.00, is open on the terminal `front`.
fn with_open_entry(front: &mut Till) {
    assert_eq!(front.pay(debit("before", 300)).unwrap().outcome.name(), "approved");
    assert!(front.pay(debit("ours", 2500)).unwrap().outcome.is_unknown());
}

#[test]
fn a_new_name_is_held_back_until_somebody_decides() {
    let journal = MemoryJournal::new();
    // No till that is held back asks the terminal for a duplicata: the answers would be used up.
    let port = scripted(&[BEFORE, LOST, OTHER]);
    with_open_entry(&mut named("front", &at("127.0.0.1", port), &journal));
    // By another name, and by other names of the address.
    for host in ["127.0.0.1", "localhost", "LOCALHOST"] {
        let mut counter = named("counter", &at(host, port), &journal);
        assert_eq!(counter.pay(debit("other", 700)).unwrap().outcome, HELD_BACK, "{host}");
        let open = counter.unresolved().unwrap();
        assert_eq!(
            open.iter().map(|it| it.transaction().id.as_str()).collect::<Vec<_>>(),
            ["ours"],
            "{host}"
        );
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
    assert_eq!((record.state(), record.transaction().terminal.as_str()), (RecordState::Final, "front"));
    assert_eq!(counter.pay(debit("other", 700)).unwrap().outcome.name(), "approved");
}

/// Whether the new name means the same terminal or a spare one at its address, the journal cannot tell.
#[test]
fn what_a_terminal_reports_counts_under_the_recorded_name() {
    for (answer, finding, state) in [
        (LAST_IS_OURS, "paid", RecordState::Final),
        (LAST_NOT_COMPLETED, "not_paid", RecordState::Final),
        (OTHER, "open", RecordState::Unresolved),
    ] {
        let journal = MemoryJournal::new();
        let port = scripted(&[BEFORE, LOST, answer]);
        let here = at("127.0.0.1", port);
        with_open_entry(&mut named("front", &here, &journal));
        let found = || journal.find(&"ours".parse().unwrap()).unwrap().unwrap().state();
        let (mut counter, mut front) = (named("counter", &here, &journal), named("front", &here, &journal));
        thread::sleep(Duration::from_millis(1_100));
        assert_eq!(differences(&counter.recover().unwrap()), [IdentityPart::Name]);
        assert_eq!(found(), RecordState::Unresolved);
        // Nothing was asked: the answer is still there.
        let recovered = front.recover().unwrap();
        let name = match recovered[0].finding {
            RecoveryFinding::Paid(_) => "paid",
            RecoveryFinding::NotPaid => "not_paid",
            RecoveryFinding::Open(_) => "open",
        };
        assert_eq!((recovered.len(), name, found()), (1, finding, state), "{recovered:?}");
    }
}

/// In what the terminal of the one open entry is not the one that is found.
fn differences(recovered: &[Recovered]) -> Vec<IdentityPart> {
    let [recovered] = recovered else { panic!("{recovered:?}") };
    let Recovered { finding, evidence, mismatch, .. } = recovered;
    assert_eq!(*finding, RecoveryFinding::Open(Open::AnotherTerminal));
    assert!(matches!(evidence, Evidence::AnotherTerminal | Evidence::NewAddress), "{evidence:?}");
    mismatch.unwrap().parts().collect()
}

/// Each way in which a name or an address comes to lead to another terminal, whose last transaction looks like ours. A person
/// may look at it where the address is new, and even that settles nothing.
#[test]
fn a_terminal_at_another_address_proves_nothing() {
    for answer in [LAST_IS_OURS, LAST_NOT_COMPLETED] {
        let journal = MemoryJournal::new();
        let port = scripted(&[BEFORE, LOST]);
        let spare = scripted(&[answer]);
        with_open_entry(&mut named("front", &at("127.0.0.1", port), &journal));
        thread::sleep(Duration::from_millis(1_100));
        let spare_at = at("127.0.0.1", spare);
        for address in [&spare_at, &at("127.0.0.2", port)] {
            let recovered = named("front", address, &journal).recover().unwrap();
            assert_eq!(differences(&recovered), [IdentityPart::Address], "{address}");
            assert_eq!(recovered[0].evidence, Evidence::NewAddress, "{address}");
        }
        let dialect = Dialect { longest_transaction: SECOND, ..Dialect::NEPTING };
        let builder = at_address(&spare_at, &journal, dialect).terminal_id("front");
        let mut shown = builder.ask_at_new_address(true).build().unwrap();
        thread::sleep(Duration::from_millis(1_100));
        let recovered = shown.recover().unwrap();
        assert!(matches!(recovered[0].evidence, Evidence::Duplicata { .. }), "{recovered:?}");
        assert_eq!(recovered[0].finding, RecoveryFinding::Open(Open::AnotherTerminal));
        assert_eq!(recovered[0].record.state(), RecordState::Unresolved);
    }
}

/// Once another terminal is known at an address, no word makes a till ask it about this one's payment.
#[test]
fn swapped_addresses_prove_nothing() {
    let journal = MemoryJournal::new();
    let (front, back) = (scripted(&[BEFORE, LOST]), scripted(&[OTHER]));
    let back_at = at("127.0.0.1", back);
    assert!(named("back", &back_at, &journal).pay(debit("other", 700)).unwrap().outcome.name() == "approved");
    with_open_entry(&mut named("front", &at("127.0.0.1", front), &journal));
    let dialect = Dialect { longest_transaction: SECOND, ..Dialect::NEPTING };
    let builder = at_address(&back_at, &journal, dialect).terminal_id("front");
    let mut swapped = builder.ask_at_new_address(true).build().unwrap();
    let recovered = swapped.recover().unwrap();
    assert_eq!(differences(&recovered), [IdentityPart::Address]);
    assert_eq!(recovered[0].evidence, Evidence::AnotherTerminal);
    // And the other way round: the name of the back one, at the address of the front one.
    let mut other = named("back", &at("127.0.0.1", front), &journal);
    assert_eq!(differences(&other.recover().unwrap()), [IdentityPart::Name]);
    assert_eq!(other.pay(debit("next", 700)).unwrap().outcome, HELD_BACK);
}

/// Under its address as its name, the names of the loopback are one.
#[test]
fn the_names_of_the_loopback_are_one_terminal() {
    for (host, same) in [("localhost", true), ("127.0.0.1", true), ("127.0.0.2", false)] {
        let journal = MemoryJournal::new();
        let port = scripted(&[BEFORE, LOST, LAST_IS_OURS]);
        with_open_entry(&mut unnamed(&at("127.0.0.1", port), &journal));
        let mut till = unnamed(&at(host, port), &journal);
        let id = "ours".parse().unwrap();
        let recovered = till.recover_transaction(&id, Duration::ZERO).unwrap().unwrap();
        let paid = matches!(recovered.finding, RecoveryFinding::Paid(_));
        assert_eq!(paid, same, "{host}: {recovered:?}");
        if !same {
            assert_eq!(differences(&[recovered]), [IdentityPart::Name, IdentityPart::Address]);
        }
    }
}

/// A payment app on the same device may have the same name, and neither has an address.
#[test]
fn a_terminal_is_not_asked_about_a_payment_of_a_payment_app() {
    let journal = MemoryJournal::new();
    let port = scripted(&[BEFORE, LOST, LAST_IS_OURS]);
    let here = at("127.0.0.1", port);
    with_open_entry(&mut named("front", &here, &journal));
    let record = journal.find(&"ours".parse().unwrap()).unwrap().unwrap();
    let mut apps = MemoryJournal::new();
    let dialect = "payxpress-v4".parse().unwrap();
    let start = caisse_payment::Transaction { dialect, ..*record.transaction() };
    apps.append(&start.id, &caisse_journal::Event::Started(start), caisse::WallTime::now()).unwrap();
    let recovered = named("front", &here, &apps).recover().unwrap();
    assert_eq!(differences(&recovered), [IdentityPart::Means]);
    // The same entry of the terminal itself is asked about.
    assert!(matches!(
        named("front", &here, &journal).recover().unwrap()[0].evidence,
        Evidence::Duplicata { .. }
    ));
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
        journal.find(&payment.id).unwrap().unwrap().transaction().address.unwrap()
    });
    assert_eq!(addresses[0], addresses[1]);
}
