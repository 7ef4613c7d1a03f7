//! Orders: a person takes responsibility for what gives money back.

#[path = "support/scripted_tcp.rs"]
mod scripted_tcp;

use caisse::{
    Blocked, Journal, MemoryJournal, Operation, OperatorOverride, Outcome, PayError, PaymentRequest,
    RequestError, Till,
};
use scripted_tcp::*;

/// With a debit an order is a mistake of the application, which must not leave an open transaction behind that never left.
#[test]
fn an_ordered_debit_leaves_no_doubt_behind() {
    let journal = MemoryJournal::new();
    let mut till = till(&scripted(vec![]), journal, MINUTES);
    let paid = till.pay(debit("ours", 2500).with_override(OperatorOverride::new("Zoé", "remise").unwrap()));
    assert_eq!(paid.unwrap_err(), PayError::Request(RequestError::Override(Operation::Debit)));
    assert_eq!(till.unresolved().unwrap(), []);
}

fn ordered_credit() -> PaymentRequest {
    let order = OperatorOverride::new("Zoé", "returned goods").unwrap();
    PaymentRequest::credit(euros(2500)).id("back".parse().unwrap()).with_override(order)
}

fn credited() -> String {
    approved(2500, "000001").replace("CD0010", "CD0011")
}

fn written(journal: &MemoryJournal) -> Vec<&'static str> {
    journal.events(&"back".parse().unwrap()).unwrap().iter().map(|event| event.event.name()).collect()
}

const BLOCKED: Outcome = Outcome::Blocked { reason: Blocked::JournalUnavailable };

/// The start is written and the order cannot be: nothing was sent, and the same id gives the money back once there is room.
#[test]
fn an_order_that_cannot_be_written_leaves_no_doubt_behind() {
    let journal = MemoryJournal::new();
    let mut till: Till = till(&scripted(vec![String::new(), credited()]), journal.clone(), MINUTES);
    journal.fail_nth_append(2);
    assert_eq!(till.pay(ordered_credit()).unwrap().outcome, BLOCKED);
    assert_eq!(written(&journal), ["started", "ended"]);
    assert_eq!(till.unresolved().unwrap(), []);
    let again = till.pay(ordered_credit()).unwrap();
    assert_eq!((again.outcome, again.replayed), (Outcome::Approved { amount: euros(2500) }, false));
    assert_eq!(written(&journal), ["started", "ended", "started", "ordered", "ended"]);
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn an_order_that_cannot_be_written_leaves_no_doubt_behind_without_blocking() {
    let journal = MemoryJournal::new();
    let address = scripted(vec![String::new(), credited()]);
    let till = builder("counter", &address, journal.clone(), MINUTES).build_async().unwrap();
    journal.fail_nth_append(2);
    assert_eq!(till.pay(ordered_credit()).unwrap().await.outcome, BLOCKED);
    assert_eq!(written(&journal), ["started", "ended"]);
    let again = till.pay(ordered_credit()).unwrap().await;
    assert_eq!(again.outcome, Outcome::Approved { amount: euros(2500) });
}

/// Where nothing at all can be written any more, the start stays for a person: what may not be known is not made up.
#[test]
fn where_no_end_can_be_written_the_start_stays_open() {
    let journal = MemoryJournal::new();
    let mut till = till(&scripted(vec![String::new()]), journal.clone(), MINUTES);
    journal.fail_nth_append(2);
    journal.fail_nth_append(3);
    assert_eq!(till.pay(ordered_credit()).unwrap().outcome, BLOCKED);
    assert_eq!(written(&journal), ["started"]);
    assert_eq!(till.unresolved().unwrap().len(), 1);
}
