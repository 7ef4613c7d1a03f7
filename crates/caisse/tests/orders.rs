//! Orders: a person takes responsibility for what gives money back.

#[path = "support/scripted_tcp.rs"]
mod scripted_tcp;

use caisse::{MemoryJournal, Operation, Order, PayError, PaymentRequest, RequestError};
use scripted_tcp::*;

/// With a debit an order is a mistake of the application, which must not leave an open transaction behind that never left.
#[test]
fn an_ordered_debit_leaves_no_doubt_behind() {
    let journal = MemoryJournal::new();
    let mut till = till(&scripted(vec![]), journal, MINUTES);
    let paid = till.pay(debit("ours", 2500).ordered(Order::new("Zoé", "remise").unwrap()));
    assert_eq!(paid.unwrap_err(), PayError::Request(RequestError::Order(Operation::Debit)));
    assert_eq!(till.unresolved().unwrap(), []);
}

/// An order whose fields were filled in by hand is refused: nothing was sent, so nothing may stay open.
#[test]
fn a_malformed_order_leaves_no_doubt_behind() {
    let journal = MemoryJournal::new();
    let mut till = till(&scripted(vec![]), journal, MINUTES);
    let order = Order { by: "zoe@example.com".into(), because: "remise".into() };
    let credit = PaymentRequest::credit(euros(2500)).id("back".parse().unwrap()).ordered(order);
    let paid = till.pay(credit);
    assert!(matches!(paid, Err(PayError::Order(_))), "{paid:?}");
    assert_eq!(till.unresolved().unwrap(), []);
}
