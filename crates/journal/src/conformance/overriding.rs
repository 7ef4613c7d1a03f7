//! Rules of `append` for the operator's overrides.

use caisse_payment::Operation;

use super::samples::*;
use super::{Open, conflict, refused, refuses};
use crate::{Event, Journal, OperatorOverride, RecordedEvent};

fn overridden() -> Event {
    Event::Overridden(OperatorOverride::new("Zoé", "ticket du client, autre caisse").unwrap())
}

fn begin(journal: &mut Box<dyn Journal>, key: &str, on: &str, operation: Operation) {
    let mut start = debit(key, on);
    start.operation = operation;
    journal.append(&start.id, &Event::Started(start), time(1)).unwrap();
}

pub(super) fn an_override_is_kept_beside_its_transaction(open: Open<'_>) {
    for (key, operation) in [("credit", Operation::Credit), ("cancellation", Operation::Cancellation)] {
        let mut journal = open();
        begin(&mut journal, key, key, operation);
        let before = journal.find(&id(key)).unwrap();
        let mut history = journal.events(&id(key)).unwrap();
        journal.append(&id(key), &overridden(), time(2)).unwrap();
        drop(journal);

        let mut journal = open();
        assert_eq!(journal.find(&id(key)).unwrap(), before, "the transaction stays as it was");
        history.push(RecordedEvent { at: time(2), event: overridden() });
        assert_eq!(journal.events(&id(key)).unwrap(), history);
        assert!(history[1].to_string().contains("Zoé"), "{}", history[1]);
        // It goes on as any other.
        journal.append(&id(key), &ended(approved()), time(3)).unwrap();
        assert_eq!(journal.find(&id(key)).unwrap().unwrap().verdict().outcome, approved());
        assert_eq!(journal.unresolved(&terminal(key)).unwrap(), []);
    }
}

pub(super) fn an_override_is_for_open_returns_of_money_alone(open: Open<'_>) {
    let mut journal = open();
    refuses(&mut journal, &id("nobody"), &overridden(), conflict);
    for (key, operation) in
        [("debit", Operation::Debit), ("cheque", Operation::Cheque), ("later", Operation::DeferredDebit)]
    {
        begin(&mut journal, key, key, operation);
        refuses(&mut journal, &id(key), &overridden(), refused);
    }
    begin(&mut journal, "credit", "t", Operation::Credit);
    journal.append(&id("credit"), &ended(approved()), time(2)).unwrap();
    refuses(&mut journal, &id("credit"), &overridden(), conflict);
}
