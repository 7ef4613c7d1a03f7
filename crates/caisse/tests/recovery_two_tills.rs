//! Two tills with one journal at one terminal: what one of them leaves open is looked into by the other.

#[path = "support/scripted_tcp.rs"]
mod scripted_tcp;

use std::thread;
use std::time::Duration;

use caisse::{MemoryJournal, Open, RecoveryFinding};
use scripted_tcp::*;

/// The first has been up for long; the second sends and dies. The first must not say "not paid" while the customer may still
/// be at the terminal.
#[test]
fn a_till_that_was_up_before_the_send_waits_for_the_longest_transaction() {
    let longest = Duration::from_secs(2);
    let journal = MemoryJournal::new();
    let address = scripted(vec![approved(300, "000001"), String::new(), duplicata(300, "000001")]);
    let mut first = till(&address, journal.clone(), longest);
    assert!(first.pay(debit("before", 300)).unwrap().outcome.approved_amount().is_some());
    thread::sleep(longest + Duration::from_millis(200));
    {
        let mut second = till(&address, journal.clone(), longest);
        assert!(second.pay(debit("ours", 2500)).unwrap().outcome.is_unknown());
    }
    // The request left a moment ago.
    let recovered = first.recover().unwrap();
    assert!(matches!(recovered[0].finding, RecoveryFinding::Open(Open::TooSoon { .. })), "{recovered:?}");
}
