//! A payment takes as long with the journal of a year as with that of a day: it looks back a few transactions and never reads
//! them all.

#[path = "support/shop.rs"]
mod shop;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use caisse::{
    Amount, Currency, Decision, Dialect, Journal, JournalError, LinkKind, MemoryJournal, PaymentRequest,
    Record, TerminalId, Till, TransactionId, WallTime,
};
use caisse_journal::{Event, LockError, RecordedEvent, TerminalKey, TerminalLock};
use caisse_simulator::terminal::Settings;
use shop::Shop;

/// How far back a till looks: a terminal has one result to tell, and gives up after three times.
const BACK: usize = 16;

/// Counts the records that are read.
struct Counted {
    inner: MemoryJournal,
    read: Arc<AtomicUsize>,
}

impl Counted {
    fn read(&self, records: usize) {
        self.read.fetch_add(records, Ordering::SeqCst);
    }
}

impl Journal for Counted {
    fn lock(&self, terminal: &TerminalId) -> Result<TerminalLock, LockError> {
        self.inner.lock(terminal)
    }

    fn append(&mut self, id: &TransactionId, event: &Event, at: WallTime) -> Result<(), JournalError> {
        self.inner.append(id, event, at)
    }

    fn find(&self, id: &TransactionId) -> Result<Option<Record>, JournalError> {
        self.inner.find(id).inspect(|record| self.read(usize::from(record.is_some())))
    }

    fn unresolved(&self, terminal: &TerminalId) -> Result<Vec<Record>, JournalError> {
        self.inner.unresolved(terminal).inspect(|records| self.read(records.len()))
    }

    fn unresolved_at(&self, place: &TerminalKey) -> Result<Vec<Record>, JournalError> {
        self.inner.unresolved_at(place).inspect(|records| self.read(records.len()))
    }

    fn list(&self) -> Result<Vec<Record>, JournalError> {
        self.inner.list().inspect(|records| self.read(records.len()))
    }

    fn walk_back(
        &self,
        place: &TerminalKey,
        see: &mut dyn FnMut(&Record) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        self.inner.walk_back(place, &mut |record| {
            self.read(1);
            see(record)
        })
    }

    fn events(&self, id: &TransactionId) -> Result<Vec<RecordedEvent>, JournalError> {
        self.inner.events(id)
    }

    fn resolve(
        &mut self,
        lock: &TerminalLock,
        id: &TransactionId,
        decision: &Decision,
        at: WallTime,
    ) -> Result<(), JournalError> {
        self.inner.resolve(lock, id, decision, at)
    }
}

#[test]
fn a_payment_reads_the_last_few_transactions_and_no_more() {
    for (kind, most) in [(LinkKind::Stream, 0), (LinkKind::Serial, BACK)] {
        let world = match kind {
            LinkKind::Stream => Shop::tcp(Settings::default()),
            LinkKind::Serial => Shop::serial(Settings::default()),
        };
        let read = Arc::new(AtomicUsize::new(0));
        let journal = Counted { inner: MemoryJournal::new(), read: Arc::clone(&read) };
        let mut till = Till::builder()
            .link(world.line(), kind)
            .clock(world.clone())
            .terminal_id("counter")
            .dialect(Dialect::PAYXPRESS)
            .journal(journal)
            .build()
            .unwrap();
        let counts: Vec<_> = (1..=60)
            .map(|number| {
                let before = read.load(Ordering::SeqCst);
                let payment =
                    till.pay(PaymentRequest::debit(Amount::from_minor(number, Currency::EUR))).unwrap();
                assert_eq!(payment.outcome.name(), "approved", "{kind:?} {number}");
                read.load(Ordering::SeqCst) - before
            })
            .collect();
        // The newest one is read for a dispute, the last few for results that may still come, and the own record at the end: a
        // person may have decided meanwhile.
        let expected: Vec<_> = (0..60).map(|earlier| most.min(earlier) + earlier.min(1) + 1).collect();
        assert_eq!(counts, expected, "{kind:?}");
    }
}
