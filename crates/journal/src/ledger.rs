//! The transactions of the store in memory, with an index for each look-up.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use caisse_payment::{TerminalId, Transaction, TransactionId, UsbIdentity};
use caisse_settlement::settle::blocks;

use crate::rules::{self, Tracked};
use crate::{Decision, Dispute, Event, JournalError, Record, State, TerminalKey, TerminalLock, WallTime};

/// The transactions. A place is the number of the event that began the attempt that counts.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    transactions: HashMap<TransactionId, Tracked>,
    /// Every transaction by its place.
    places: BTreeMap<u64, TransactionId>,
    /// The transactions of each terminal, by its name and by its address.
    at: HashMap<TerminalId, BTreeSet<u64>>,
    /// Those that are unresolved.
    unresolved_at: HashMap<TerminalId, BTreeSet<u64>>,
    /// The unresolved transactions of each USB device.
    unresolved_on: HashMap<UsbIdentity, BTreeSet<u64>>,
    /// The transactions that are unresolved or disputed.
    unsettled: BTreeSet<u64>,
    /// The transactions that name each original.
    naming: HashMap<TransactionId, BTreeSet<u64>>,
    /// How many events there are.
    events: u64,
}

impl Ledger {
    /// Returns the dispute that is to be written as the next event.
    pub(crate) fn append(
        &mut self,
        id: &TransactionId,
        event: &Event,
        at: WallTime,
    ) -> Result<Option<Dispute>, JournalError> {
        let clear = match event {
            Event::Started(transaction) => {
                !self.perhaps_blocking(transaction).any(|other| blocks(other.transaction(), transaction))
            }
            _ => true,
        };
        let existing = self.transactions.get(id);
        let (tracked, dispute) = rules::append(id, event, at, self.next_event(), existing, clear)?;
        self.put(tracked);
        Ok(dispute)
    }

    /// The unresolved transactions that may exclude this start.
    fn perhaps_blocking(&self, transaction: &Transaction) -> impl Iterator<Item = &Record> {
        let by_device = transaction.usb.and_then(|usb| self.unresolved_on.get(&usb));
        let by_terminal = of_terminal(&self.unresolved_at, transaction.into());
        let places = by_terminal.chain(by_device.into_iter().flatten());
        places.filter_map(|place| self.at_place(*place)).map(|tracked| &tracked.record)
    }

    /// Gives what is written.
    pub(crate) fn resolve(
        &mut self,
        lock: &TerminalLock,
        id: &TransactionId,
        decision: &Decision,
        at: WallTime,
    ) -> Result<Event, JournalError> {
        let naming = self.naming_original(id);
        let (tracked, event) = rules::resolve(lock, decision, at, self.transactions.get(id), &naming)?;
        self.put(tracked);
        Ok(event)
    }

    fn put(&mut self, tracked: Tracked) {
        if let Some(before) = self.transactions.remove(&tracked.record.id()) {
            self.index(&before, false);
        }
        self.index(&tracked, true);
        self.transactions.insert(tracked.record.id(), tracked);
        self.events = self.next_event();
    }

    /// Writes a transaction into the indexes, or removes it from them.
    fn index(&mut self, tracked: &Tracked, is_present: bool) {
        let (place, transaction) = (tracked.started_event, tracked.record.transaction());
        let set = |places: &mut BTreeSet<u64>, is_in: bool| match is_in {
            true => drop(places.insert(place)),
            false => drop(places.remove(&place)),
        };
        match is_present {
            true => drop(self.places.insert(place, transaction.id)),
            false => drop(self.places.remove(&place)),
        }
        let state = tracked.record.state();
        let is_unresolved = is_present && state == State::Unresolved;
        set(&mut self.unsettled, is_present && state != State::Final);
        for name in [Some(transaction.terminal), transaction.address].into_iter().flatten() {
            set(self.at.entry(name).or_default(), is_present);
            set(self.unresolved_at.entry(name).or_default(), is_unresolved);
        }
        if let Some(usb) = transaction.usb {
            set(self.unresolved_on.entry(usb).or_default(), is_unresolved);
        }
        if let Some(original) = transaction.original {
            set(self.naming.entry(original).or_default(), is_present);
        }
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

    fn at_place(&self, place: u64) -> Option<&Tracked> {
        self.places.get(&place).and_then(|id| self.transactions.get(id))
    }

    fn records<'p>(&self, places: impl Iterator<Item = &'p u64>) -> Vec<Record> {
        places.filter_map(|place| self.at_place(*place)).map(|tracked| tracked.record.clone()).collect()
    }

    /// The unresolved transactions of this terminal, oldest first.
    pub(crate) fn unresolved_at(&self, key: &TerminalKey) -> Vec<Record> {
        let places: BTreeSet<u64> = of_terminal(&self.unresolved_at, *key).copied().collect();
        self.records(places.iter())
    }

    pub(crate) fn unsettled(&self) -> Vec<Record> {
        self.records(self.unsettled.iter())
    }

    pub(crate) fn naming_original(&self, original: &TransactionId) -> Vec<Record> {
        self.records(self.naming.get(original).into_iter().flatten())
    }

    /// The newest transaction of this terminal before a place, with its own place.
    pub(crate) fn before(&self, key: &TerminalKey, place: u64) -> Option<(u64, Record)> {
        let names = [Some(key.terminal), key.address].map(|name| name.and_then(|name| self.at.get(&name)));
        let newest =
            names.into_iter().flatten().filter_map(|places| places.range(..place).next_back()).max()?;
        self.at_place(*newest).map(|tracked| (*newest, tracked.record.clone()))
    }

    pub(crate) fn list(&self) -> Vec<Record> {
        self.records(self.places.keys())
    }
}

/// The places of a terminal, by its name and by its address. One may come twice.
fn of_terminal(index: &HashMap<TerminalId, BTreeSet<u64>>, key: TerminalKey) -> impl Iterator<Item = &u64> {
    let names = [Some(key.terminal), key.address].map(|name| name.and_then(|name| index.get(&name)));
    names.into_iter().flatten().flatten()
}
