//! Rules of `order`.

use caisse_payment::Operation;
use caisse_payment::entry::Entry;

use super::samples::*;
use super::{Open, conflict, known, refused};
use crate::{Event, Journal, JournalError, Order, What};

fn order() -> Order {
    Order::new("Zoé", "ticket du client, autre caisse").unwrap()
}

/// An order that must fail, and leave everything as it was.
#[track_caller]
fn disobeyed(journal: &mut Box<dyn Journal>, key: &str, order: &Order, expected: fn(&JournalError) -> bool) {
    let before = known(&**journal, &id(key));
    let error = journal.order(&id(key), order, time(9)).expect_err("this must not be ordered");
    assert!(expected(&error), "another error than it should be: {error:?}");
    assert_eq!(known(&**journal, &id(key)), before, "a refused order left a trace");
}

fn begin(journal: &mut Box<dyn Journal>, key: &str, on: &str, operation: Operation) {
    let mut start = start(key, on);
    start.content.operation = operation;
    journal.append(&Entry::Started(start), time(1)).unwrap();
}

pub(super) fn an_order_is_kept_beside_its_transaction(open: Open<'_>) {
    for (key, operation) in [("credit", Operation::Credit), ("cancellation", Operation::Cancellation)] {
        let mut journal = open();
        begin(&mut journal, key, key, operation);
        let before = journal.find(&id(key)).unwrap();
        let mut history = journal.events(&id(key)).unwrap();
        journal.order(&id(key), &order(), time(2)).unwrap();
        drop(journal);

        let mut journal = open();
        assert_eq!(journal.find(&id(key)).unwrap(), before, "the transaction stays as it was");
        history.push(Event { at: time(2), what: What::Ordered(order()) });
        assert_eq!(journal.events(&id(key)).unwrap(), history);
        assert!(history[1].to_string().contains("Zoé"), "{}", history[1]);
        // It goes on as any other.
        journal.append(&ended(key, approved()), time(3)).unwrap();
        assert_eq!(journal.find(&id(key)).unwrap().unwrap().verdict().outcome, approved());
        assert_eq!(journal.unresolved(&terminal(key)).unwrap(), []);
    }
}

pub(super) fn an_order_is_for_open_returns_of_money_alone(open: Open<'_>) {
    let mut journal = open();
    disobeyed(&mut journal, "nobody", &order(), conflict);
    for (key, operation) in
        [("debit", Operation::Debit), ("cheque", Operation::Cheque), ("later", Operation::DeferredDebit)]
    {
        begin(&mut journal, key, key, operation);
        disobeyed(&mut journal, key, &order(), refused);
    }
    begin(&mut journal, "credit", "t", Operation::Credit);
    for bad in [
        Order { by: String::new(), ..order() },
        Order { because: "4970101234123457".to_owned(), ..order() },
        Order { by: "jean@example.com".to_owned(), ..order() },
    ] {
        disobeyed(&mut journal, "credit", &bad, refused);
    }
    journal.append(&ended("credit", approved()), time(2)).unwrap();
    disobeyed(&mut journal, "credit", &order(), conflict);
}
