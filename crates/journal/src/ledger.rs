//! The transactions of the store in memory, with an index for each selection.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::{Bound, ControlFlow};

use caisse_payment::{Comparison, TerminalId, TransactionId, UsbIdentity};

use crate::{Change, JournalError, Record, RecordedEvent, Records, Selection, State, TerminalKey};

/// The transactions. A place is the number of the event that began the attempt that counts.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    transactions: HashMap<TransactionId, Known>,
    /// Every transaction by its place.
    places: BTreeMap<u64, TransactionId>,
    /// The transactions of each terminal, by its name and by its address.
    at: Index<TerminalId>,
    /// Those that are unresolved.
    unresolved_at: Index<TerminalId>,
    /// The unresolved transactions of each USB device.
    unresolved_on: Index<UsbIdentity>,
    /// The transactions that are unresolved or disputed.
    open: BTreeSet<u64>,
    /// The transactions that name each original.
    naming: Index<TransactionId>,
    /// The transactions with each authorisation number, by what is significant of it.
    authorised: Index<Vec<u8>>,
    /// The transactions with each reference, by what is significant of it.
    referenced: Index<Vec<u8>>,
    /// How many events there are.
    events: u64,
}

/// The places for each value.
type Index<V> = HashMap<V, BTreeSet<u64>>;

/// A transaction, its place and everything that was written about it.
#[derive(Debug)]
struct Known {
    record: Record,
    place: u64,
    events: Vec<RecordedEvent>,
}

impl Ledger {
    pub(crate) fn put(&mut self, change: Change) {
        let Change { record, events } = change;
        let (mut place, mut known) = (self.events.saturating_add(1), Vec::new());
        if let Some(before) = self.transactions.remove(&record.id()) {
            self.index(&before.record, before.place, false);
            (place, known) = (before.place, before.events);
        }
        for recorded in events {
            self.events = self.events.saturating_add(1);
            if recorded.event.transaction().is_some() {
                place = self.events;
            }
            known.push(recorded);
        }
        self.index(&record, place, true);
        self.transactions.insert(record.id(), Known { record, place, events: known });
    }

    /// Writes a transaction into the indexes, or removes it from them.
    fn index(&mut self, record: &Record, place: u64, is_present: bool) {
        let transaction = record.transaction();
        match is_present {
            true => drop(self.places.insert(place, transaction.id)),
            false => drop(self.places.remove(&place)),
        }
        let is_unresolved = is_present && record.state() == State::Unresolved;
        set(&mut self.open, place, is_present && record.state() != State::Final);
        for name in [Some(transaction.terminal), transaction.address].into_iter().flatten() {
            set(self.at.entry(name).or_default(), place, is_present);
            set(self.unresolved_at.entry(name).or_default(), place, is_unresolved);
        }
        if let Some(usb) = transaction.usb {
            set(self.unresolved_on.entry(usb).or_default(), place, is_unresolved);
        }
        if let Some(original) = transaction.original {
            set(self.naming.entry(original).or_default(), place, is_present);
        }
        if let Some(number) = record.conclusion().and_then(|conclusion| conclusion.authorisation) {
            set(self.authorised.entry(significant(number.as_str())).or_default(), place, is_present);
        }
        if let Some(reference) = transaction.reference {
            set(self.referenced.entry(significant(reference.as_str())).or_default(), place, is_present);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.transactions.len()
    }

    /// The first selected transaction after a place in the order of the selection, with its own place.
    pub(crate) fn next(&self, selection: &Selection, after: Option<u64>) -> Option<(u64, Record)> {
        let mut after = after;
        loop {
            let place = self.next_place(selection, after)?;
            let known = self.places.get(&place).and_then(|id| self.transactions.get(id))?;
            if selection.contains(&known.record) {
                return Some((place, known.record.clone()));
            }
            after = Some(place);
        }
    }

    fn next_place(&self, selection: &Selection, after: Option<u64>) -> Option<u64> {
        let later = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let earlier = (Bound::Unbounded, after.map_or(Bound::Unbounded, Bound::Excluded));
        let first = |sets: &[Option<&BTreeSet<u64>>]| {
            sets.iter().flatten().filter_map(|places| places.range(later).next().copied()).min()
        };
        match selection {
            Selection::All => self.places.range(later).next().map(|(place, _)| *place),
            Selection::Open => first(&[Some(&self.open)]),
            Selection::OpenAt { key, usb } => {
                let [name, address] = of_terminal(&self.unresolved_at, key);
                first(&[name, address, usb.and_then(|usb| self.unresolved_on.get(&usb))])
            }
            Selection::NewestFirst(key) => {
                let names = of_terminal(&self.at, key).into_iter().flatten();
                names.filter_map(|places| places.range(earlier).next_back().copied()).max()
            }
            Selection::Original(original) => first(&[self.naming.get(original)]),
            Selection::Authorisation(number) => match significant(number.as_str()) {
                // It may be any number.
                number if number.is_empty() => self.next_place(&Selection::All, after),
                number => first(&[self.authorised.get(&number), self.authorised.get(&Vec::new())]),
            },
            Selection::Reference(reference) => match significant(reference.as_str()) {
                reference if reference.is_empty() => self.next_place(&Selection::All, after),
                reference => first(&[self.referenced.get(&reference), self.referenced.get(&Vec::new())]),
            },
        }
    }
}

impl Records for Ledger {
    fn find(&self, id: &TransactionId) -> Result<Option<Record>, JournalError> {
        Ok(self.transactions.get(id).map(|known| known.record.clone()))
    }

    fn events(&self, id: &TransactionId) -> Result<Vec<RecordedEvent>, JournalError> {
        Ok(self.transactions.get(id).map_or_else(Vec::new, |known| known.events.clone()))
    }

    fn visit(
        &self,
        selection: &Selection,
        visit: &mut dyn FnMut(&Record) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        let mut after = None;
        while let Some((place, record)) = self.next(selection, after) {
            if visit(&record).is_break() {
                break;
            }
            after = Some(place);
        }
        Ok(())
    }
}

fn set(places: &mut BTreeSet<u64>, place: u64, is_in: bool) {
    match is_in {
        true => drop(places.insert(place)),
        false => drop(places.remove(&place)),
    }
}

fn significant(value: &str) -> Vec<u8> {
    Comparison::significant(value.as_bytes()).collect()
}

/// The places of a terminal, by its name and by its address.
fn of_terminal<'i>(index: &'i Index<TerminalId>, key: &TerminalKey) -> [Option<&'i BTreeSet<u64>>; 2] {
    [Some(key.terminal), key.address].map(|name| name.and_then(|name| index.get(&name)))
}
