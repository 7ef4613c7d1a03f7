//! The transactions of the store in memory.

use std::collections::HashMap;

use caisse_payment::entry::Entry;
use caisse_payment::{TerminalId, TransactionId};
use caisse_settlement::settle::blocks;

use crate::rules::{self, Tracked};
use crate::{Decision, Dispute, JournalError, Order, Record, State, TerminalLock, WallTime, What};

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    transactions: HashMap<TransactionId, Tracked>,
    /// The one transaction that blocks each terminal.
    unresolved: HashMap<TerminalId, TransactionId>,
    /// How many events there are.
    events: u64,
}

impl Ledger {
    /// Gives the dispute that is the next event.
    pub(crate) fn append(&mut self, entry: &Entry, at: WallTime) -> Result<Option<Dispute>, JournalError> {
        let clear = match entry {
            Entry::Started(start) => !self.open().any(|other| blocks(&other.start, start)),
            Entry::Ended(_) | Entry::NeverSent(..) => true,
        };
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
