//! The number of an answer that was not believed is no number of its transaction.

#[path = "support/shop.rs"]
#[allow(dead_code, reason = "each test file uses its own part")]
mod shop;

use std::time::Duration;

use caisse::{
    Amount, Currency, Dialect, Journal, LinkKind, MemoryJournal, Outcome, PaymentRequest, RecordState, Till,
};
use caisse_simulator::terminal::Settings;
use shop::Shop;

fn debit(id: &str, minor: u64) -> PaymentRequest {
    PaymentRequest::debit(Amount::from_minor(minor, Currency::EUR)).id(id.parse().unwrap())
}

/// The answer of the sale before comes instead of the first payment's, with the number of that sale. The first payment is
/// then found out by a duplicata. If that number were taken for its own, a second payment of the same amount, whose request
/// never arrived, would find the first one's charge under another number and take it for itself.
#[test]
#[ignore = "fails: recovery takes the number of an answer that was not believed for the transaction's own"]
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
