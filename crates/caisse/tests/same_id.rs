//! The same id again, after the program went down: it is told how it ended, where the terminal can tell that.

#[path = "support/scripted_tcp.rs"]
mod scripted_tcp;

use caisse::{Blocked, Event, MemoryJournal, Outcome};
use scripted_tcp::*;

/// The payment behind one that the journal knows, then killed: the next till asks under the same id.
fn after_a_restart(last: String) -> (MemoryJournal, String) {
    let journal = MemoryJournal::new();
    let address = scripted(vec![approved(300, "000001"), String::new(), last]);
    let mut till = till(&address, journal.clone(), MINUTES);
    assert!(till.pay(debit("before", 300)).unwrap().outcome.approved_amount().is_some());
    assert!(till.pay(debit("ours", 2500)).unwrap().outcome.is_unknown());
    (journal, address)
}

#[test]
fn the_same_id_after_a_restart_is_told_how_it_ended() {
    let (journal, address) = after_a_restart(duplicata(2500, "000002"));
    let mut events = Vec::new();
    let mut again = till(&address, journal, MINUTES);
    let told = again.pay_with(debit("ours", 2500), |event| events.push(event)).unwrap();
    assert_eq!((told.outcome, told.replayed), (Outcome::Approved { amount: euros(2500) }, true));
    assert_eq!(events, [Event::Recovering]);
    // It is written, and nobody is asked again: the terminal answers no more.
    events.clear();
    let told = again.pay_with(debit("ours", 2500), |event| events.push(event)).unwrap();
    assert_eq!((told.outcome, told.replayed), (Outcome::Approved { amount: euros(2500) }, true));
    assert_eq!(events, []);
}

/// What the terminal says proves nothing before the customer is certainly gone.
#[test]
fn the_same_id_after_a_restart_stays_unknown_where_nothing_is_proven() {
    let (journal, address) = after_a_restart(duplicata(300, "000001"));
    let mut events = Vec::new();
    let mut again = till(&address, journal, MINUTES);
    let told = again.pay_with(debit("ours", 2500), |event| events.push(event)).unwrap();
    assert!(told.outcome.is_unknown() && told.replayed, "{told:?}");
    assert_eq!(events, [Event::Recovering]);
    assert_eq!(again.unresolved().unwrap().len(), 1);
}

/// A terminal that cannot prove it alone is not asked: the paper would be for nobody.
#[test]
fn the_same_id_asks_nobody_where_others_use_the_terminal() {
    let (journal, address) = after_a_restart(duplicata(2500, "000002"));
    let mut events = Vec::new();
    let mut again = builder("counter", &address, journal, MINUTES).exclusive(false).build().unwrap();
    let told = again.pay_with(debit("ours", 2500), |event| events.push(event)).unwrap();
    assert!(told.outcome.is_unknown() && told.replayed, "{told:?}");
    assert_eq!(events, []);
}

/// Another payment under that id is no question about the first one.
#[test]
fn another_payment_under_the_same_id_asks_nobody() {
    let (journal, address) = after_a_restart(duplicata(2500, "000002"));
    let mut events = Vec::new();
    let told = till(&address, journal, MINUTES).pay_with(debit("ours", 2600), |event| events.push(event));
    assert_eq!(told.unwrap().outcome, Outcome::Blocked { reason: Blocked::IdConflict });
    assert_eq!(events, []);
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn the_same_id_after_a_restart_is_told_how_it_ended_without_blocking() {
    let (journal, address) = after_a_restart(duplicata(2500, "000002"));
    let again = builder("counter", &address, journal, MINUTES).build_async().unwrap();
    for asks in [true, false] {
        let mut running = again.pay(debit("ours", 2500)).unwrap();
        let mut events = Vec::new();
        while let Some(event) = running.next_event().await {
            events.push(event);
        }
        assert_eq!(events == [Event::Recovering], asks, "{events:?}");
        let told = running.await;
        assert_eq!((told.outcome, told.replayed), (Outcome::Approved { amount: euros(2500) }, true));
    }
}
