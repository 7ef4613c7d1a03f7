//! What belongs to one payment is no evidence for another. Each test is a case that a model or a random day has found.

#[path = "support/scripted_tcp.rs"]
mod scripted_tcp;
#[path = "support/shop.rs"]
mod shop;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use caisse::{
    Clock, Dialect, Evidence, Journal, LinkKind, MemoryJournal, Open, Outcome, RecordState, RecoveryFinding,
    Till,
};
use caisse_simulator::terminal::Settings;
use scripted_tcp::{MINUTES, approved, builder, debit, duplicata, euros, scripted, till, till_named};
use shop::{Shop, Trouble};

/// The answer of the sale before comes instead of the first payment's, with the number of that sale. The first payment is
/// then found out by a duplicata. If that number were taken for its own, a second payment of the same amount, whose request
/// never arrived, would find the first one's charge under another number and take it for itself.
#[test]
fn a_number_that_was_not_believed_proves_nothing_later() {
    let settings = Settings { persona: "nepting".parse().unwrap(), ..Settings::default() };
    let world = Shop::tcp(settings);
    let journal = MemoryJournal::new();
    let new_journal = move || -> Box<dyn Journal> { Box::new(journal.clone()) };
    let shop = Shop {
        world,
        dialect: Dialect::NEPTING,
        kind: LinkKind::Stream,
        exclusive: true,
        journal: &new_journal,
    };
    let mut till: Till = shop.till();
    let script =
        |text: &str| shop.world.at_terminal(|terminal, _| terminal.set_script(text.parse().unwrap()));
    let later = || shop.world.run_for(Duration::from_secs(301));

    assert_eq!(till.pay(debit("before", 1000)).unwrap().outcome.name(), "approved");
    script("approve+earlier:instead");
    assert_eq!(till.pay(debit("first", 2500)).unwrap().outcome.name(), "unknown");
    script("approve");
    later();
    let _ = till.recover().unwrap();
    assert_eq!(till.unresolved().unwrap(), [], "the duplicata tells of the first payment");

    script("approve+half-open@request-byte=10");
    assert_eq!(till.pay(debit("second", 2500)).unwrap().outcome.name(), "unknown");
    script("approve");
    later();
    let _ = till.recover().unwrap();
    let charged = shop.world.ledger().charges().iter().filter(|charge| charge.amount_minor == 2500).count();
    assert_eq!(charged, 1, "the second request never arrived");
    let second = till.journal().find(&"second".parse().unwrap()).unwrap().unwrap();
    let paid = matches!(second.verdict().outcome, Outcome::Approved { .. });
    assert!(!paid, "told as paid, and never charged: {:?} {:?}", second.state(), RecordState::Unresolved);
}

/// The first payment is approved in part, and its result is told again because the till's word on it was lost. The second
/// payment is for just that part, and its till dies before it asks for the line: the copy is not its result.
#[test]
fn the_copy_of_a_partial_approval_is_no_approval_of_another_payment() {
    for call in 0..30 {
        let settings = Settings { persona: "nepting".parse().unwrap(), ..Settings::default() };
        let world = Shop::serial(settings);
        let journal = MemoryJournal::new();
        let new_journal = move || -> Box<dyn Journal> { Box::new(journal.clone()) };
        let shop = Shop {
            world,
            dialect: Dialect::NEPTING,
            kind: LinkKind::Serial,
            exclusive: true,
            journal: &new_journal,
        };
        let script =
            |text: &str| shop.world.at_terminal(|terminal, _| terminal.set_script(text.parse().unwrap()));
        script("partial:12.00+lost-ack@step=result:3");
        let first = shop.till().pay(debit("first", 2500).allow_partial()).unwrap();
        assert_eq!(first.outcome.name(), "partially_approved");
        script("decline:04");
        let (lived, _) = shop.pay(&debit("second", 1200), Trouble::Kill(call));
        let mut till = lived.map_or_else(|| shop.till(), |(till, _)| till);
        let _ = till.recover_listening(Duration::from_secs(60)).unwrap();
        if let Some(second) = till.journal().find(&"second".parse().unwrap()).unwrap() {
            let paid = second.verdict().outcome.approved_amount();
            assert_eq!(paid, None, "killed at call {call}: told as paid, and never charged");
        }
    }
}

/// One number written with and without its zeros, in both orders: it is neither the number of the payment before nor another
/// one. To the letter it is that one, and another number is another payment.
#[test]
fn a_number_in_another_form_proves_nothing() {
    for (before, told, minor, expected) in [
        ("012345", "12345", 2500, "open"),
        ("12345", "012345", 2500, "open"),
        ("abc123", "ABC123", 2500, "open"),
        ("012345", "12345", 300, "open"),
        ("12345 ", "12345", 300, "open"),
        ("012345", "012345", 300, "not_paid"),
        ("012345", "54321", 2500, "paid"),
    ] {
        let address = scripted(vec![approved(300, before), String::new(), duplicata(minor, told)]);
        let longest = Duration::from_secs(1);
        let mut till = till(&address, MemoryJournal::new(), longest);
        assert!(till.pay(debit("before", 300)).unwrap().outcome.approved_amount().is_some());
        assert!(till.pay(debit("ours", 2500)).unwrap().outcome.is_unknown());
        thread::sleep(longest);
        let recovered = till.recover().unwrap();
        let found = match recovered[0].finding {
            RecoveryFinding::Paid(_) => "paid",
            RecoveryFinding::NotPaid => "not_paid",
            RecoveryFinding::Open(_) => "open",
        };
        assert_eq!(found, expected, "{before:?} then {told:?}: {recovered:?}");
    }
}

/// A terminal that gives all offline approvals one number (blanks, zeros): the amount still tells them apart.
#[test]
fn a_number_that_names_nothing_does_not_say_not_paid() {
    for number in ["000000", "      "] {
        let journal = MemoryJournal::new();
        let address = scripted(vec![approved(300, number), String::new(), duplicata(2500, number)]);
        let longest = Duration::from_secs(1);
        let mut till = till(&address, journal, longest);
        assert!(till.pay(debit("before", 300)).unwrap().outcome.approved_amount().is_some());
        assert!(till.pay(debit("ours", 2500)).unwrap().outcome.is_unknown());
        thread::sleep(longest);
        let recovered = till.recover().unwrap();
        assert_ne!(recovered[0].finding, RecoveryFinding::NotPaid, "{recovered:?}");
    }
}

/// The journal holds another terminal's sale, and of this one none before ours: its last transaction may be older than the
/// journal. What was taken elsewhere does not tell how long its numbers have been given.
#[test]
fn the_sale_of_another_terminal_is_not_the_one_before() {
    let journal = MemoryJournal::new();
    let elsewhere = scripted(vec![approved(300, "000009")]);
    let address = scripted(vec![String::new(), duplicata(2500, "000002")]);
    let mut front = till_named("front", &elsewhere, journal.clone(), MINUTES);
    assert!(front.pay(debit("elsewhere", 300)).unwrap().outcome.approved_amount().is_some());
    let mut till = till(&address, journal, MINUTES);
    assert!(till.pay(debit("ours", 2500)).unwrap().outcome.is_unknown());
    let recovered = till.recover().unwrap();
    assert_eq!(recovered[0].finding, RecoveryFinding::Open(Open::PerhapsEarlier), "{recovered:?}");
}

/// Nor does a sale of the same amount elsewhere, whose number nobody knows, throw a doubt on ours.
#[test]
fn the_sale_of_another_terminal_throws_no_doubt_on_ours() {
    let journal = MemoryJournal::new();
    let elsewhere = scripted(vec![approved(2500, "").replace("AC000", "")]);
    let address = scripted(vec![approved(300, "000001"), String::new(), duplicata(2500, "000002")]);
    let mut till = till(&address, journal.clone(), MINUTES);
    assert!(till.pay(debit("before", 300)).unwrap().outcome.approved_amount().is_some());
    let mut front = till_named("front", &elsewhere, journal, MINUTES);
    assert!(front.pay(debit("elsewhere", 2500)).unwrap().outcome.approved_amount().is_some());
    assert!(till.pay(debit("ours", 2500)).unwrap().outcome.is_unknown());
    let recovered = till.recover().unwrap();
    assert_eq!(recovered[0].finding, RecoveryFinding::Paid(euros(2500)), "{recovered:?}");
}

/// A clock that goes when it is told to.
#[derive(Clone, Default)]
struct Hand(Arc<AtomicU64>);

impl Clock for Hand {
    fn now(&self) -> caisse_hal::Instant {
        caisse_hal::Instant::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Each duplicata prints paper and occupies the terminal: it is asked for once in half a minute, whoever asks, and then again.
#[test]
fn the_terminal_is_asked_for_a_duplicata_once_in_half_a_minute() {
    let clock = Hand::default();
    let journal = MemoryJournal::new();
    let address = scripted(vec![
        approved(300, "000001"),
        String::new(),
        duplicata(300, "000001"),
        duplicata(2500, "000002"),
    ]);
    let mut till = builder("counter", &address, journal, MINUTES).clock(clock.clone()).build().unwrap();
    assert!(till.pay(debit("before", 300)).unwrap().outcome.approved_amount().is_some());
    assert!(till.pay(debit("ours", 2500)).unwrap().outcome.is_unknown());
    assert!(matches!(till.recover().unwrap()[0].evidence, Evidence::Duplicata { .. }));
    for passed in [0, 29_999] {
        clock.0.store(passed, Ordering::SeqCst);
        assert_eq!(till.recover().unwrap()[0].evidence, Evidence::NotAsked);
        assert!(till.pay(debit("ours", 2500)).unwrap().outcome.is_unknown());
        assert_eq!(till.pay(debit("next", 700)).unwrap().outcome.name(), "blocked");
    }
    clock.0.store(30_000, Ordering::SeqCst);
    let recovered = till.recover().unwrap();
    assert!(matches!(recovered[0].evidence, Evidence::Duplicata { .. }), "{recovered:?}");
    assert_eq!(recovered[0].finding, RecoveryFinding::Paid(euros(2500)));
}
