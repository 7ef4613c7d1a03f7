//! The transactions in memory: the store for tests holds one, and the SQLite store replays its events into one to see
//! whether its rows say the same.

use std::collections::HashMap;

use caisse_payment::entry::Entry;
use caisse_payment::{TerminalId, TransactionId};
use caisse_settlement::settle::blocks;

use crate::rules::{self, Tracked};
use crate::{Decision, Dispute, Event, JournalError, Order, Record, State, TerminalLock, WallTime, What};

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    transactions: HashMap<TransactionId, Tracked>,
    /// The one transaction that blocks each terminal.
    unresolved: HashMap<TerminalId, TransactionId>,
    /// How many events there are.
    events: u64,
}

impl Ledger {
    /// An empty one, which goes on after so many events.
    pub(crate) fn after(events: u64) -> Self {
        Self { events, ..Self::default() }
    }

    /// Gives the dispute that is the next event.
    pub(crate) fn append(&mut self, entry: &Entry, at: WallTime) -> Result<Option<Dispute>, JournalError> {
        let clear = match entry {
            Entry::Started(start) => !self.open().any(|other| blocks(&other.start, start)),
            Entry::Ended(_) | Entry::NeverSent(..) => true,
        };
        self.apply(entry, at, clear)
    }

    fn apply(&mut self, entry: &Entry, at: WallTime, clear: bool) -> Result<Option<Dispute>, JournalError> {
        let existing = self.transactions.get(&entry.id());
        let (tracked, dispute) = rules::append(entry, at, self.next_event(), existing, clear)?;
        self.put(tracked);
        Ok(dispute)
    }

    /// The unresolved transactions.
    fn open(&self) -> impl Iterator<Item = &Record> {
        self.unresolved.values().filter_map(|id| self.transactions.get(id)).map(|tracked| &tracked.record)
    }

    /// Gives what is written.
    pub(crate) fn resolve(
        &mut self,
        lock: &TerminalLock,
        id: &TransactionId,
        decision: &Decision,
        at: WallTime,
    ) -> Result<What, JournalError> {
        let naming: Vec<_> =
            self.list().into_iter().filter(|it| it.start.content.original == Some(*id)).collect();
        let (tracked, what) = rules::resolve(lock, decision, at, self.transactions.get(id), &naming)?;
        self.put(tracked);
        Ok(what)
    }

    pub(crate) fn order(&mut self, id: &TransactionId, order: &Order) -> Result<(), JournalError> {
        let tracked = rules::order(order, self.transactions.get(id))?;
        self.put(tracked);
        Ok(())
    }

    pub(crate) fn dispute(&mut self, id: &TransactionId, dispute: &Dispute) -> Result<(), JournalError> {
        let tracked = rules::dispute(dispute, self.transactions.get(id))?;
        self.put(tracked);
        Ok(())
    }

    /// Repeats what was written under the rules; an event that breaks them was not written by us.
    pub(crate) fn replay(&mut self, id: &TransactionId, event: &Event) -> Result<(), JournalError> {
        let entry = match &event.what {
            What::Started(start) => Entry::Started(*start),
            What::Ended(end) => Entry::Ended(*end),
            What::NeverSent(start, end) => Entry::NeverSent(*start, *end),
            What::Ordered(order) => return self.order(id, order),
            What::Disputed(dispute) => return self.dispute(id, dispute),
            What::Resolved(decision) => {
                let tracked = self.transactions.get(id).ok_or(JournalError::NotUnresolved)?;
                // What it would have become a dispute for may be forgotten, or came later.
                let (tracked, _) = rules::decide(decision, event.at, tracked, &[])?;
                self.put(tracked);
                return Ok(());
            }
        };
        // Versions 1 to 3 compared the name of the terminal alone, and so may have two open at one address.
        let clear = match &entry {
            Entry::Started(start) => !self.unresolved.contains_key(&start.content.terminal),
            Entry::Ended(_) | Entry::NeverSent(..) => true,
        };
        self.apply(&entry, event.at, clear).map(drop)
    }

    fn put(&mut self, tracked: Tracked) {
        let (id, terminal) = (tracked.record.start.id, tracked.record.start.content.terminal);
        match tracked.record.state() {
            State::Unresolved => {
                self.unresolved.insert(terminal, id);
            }
            // A transaction that was never sent does not settle the one that blocks its terminal.
            State::Final | State::Disputed if self.unresolved.get(&terminal) == Some(&id) => {
                self.unresolved.remove(&terminal);
            }
            State::Final | State::Disputed => {}
        }
        self.transactions.insert(id, tracked);
        self.events = self.next_event();
    }

    const fn next_event(&self) -> u64 {
        self.events.saturating_add(1)
    }

    pub(crate) const fn event_count(&self) -> u64 {
        self.events
    }

    pub(crate) fn len(&self) -> usize {
        self.transactions.len()
    }

    pub(crate) fn get(&self, id: &TransactionId) -> Option<&Tracked> {
        self.transactions.get(id)
    }

    pub(crate) fn unresolved(&self, terminal: &TerminalId) -> Option<&Record> {
        self.transactions.get(self.unresolved.get(terminal)?).map(|tracked| &tracked.record)
    }

    pub(crate) fn list(&self) -> Vec<Record> {
        let mut all: Vec<_> = self.transactions.values().collect();
        all.sort_by_key(|tracked| tracked.started_event);
        all.into_iter().map(|tracked| tracked.record.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use caisse_payment::entry::{Content, Start};
    use caisse_payment::{Amount, Currency, Operation, Register};

    use super::*;

    /// Versions 1 to 3 wrote this: their journals are not damaged.
    #[test]
    fn two_open_at_one_address_are_read_and_not_written() {
        let start = |id: &str, terminal: &str| Start {
            id: id.parse().unwrap(),
            content: Content {
                operation: Operation::Debit,
                original: None,
                amount: Amount::from_minor(2500, Currency::EUR),
                allow_partial: false,
                allow_tip: None,
                terminal: terminal.parse().unwrap(),
                register: Register::FIRST,
                reference: None,
            },
            dialect: "payxpress".parse().unwrap(),
            address: "tcp:192.0.2.7:8888".parse().ok(),
            usb: None,
        };
        let (one, other) = (start("a", "front"), start("b", "counter"));
        let at = WallTime::from_millis(1);
        let mut ledger = Ledger::default();
        for start in [one, other] {
            ledger.replay(&start.id, &Event { at, what: What::Started(start) }).unwrap();
        }
        assert_eq!(ledger.len(), 2);
        let mut ledger = Ledger::default();
        ledger.append(&Entry::Started(one), at).unwrap();
        assert_eq!(ledger.append(&Entry::Started(other), at), Err(JournalError::Conflict));
    }
}
