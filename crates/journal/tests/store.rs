//! A small store, as for another database: what it has to do, and what the suite finds when it does something else.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use caisse_journal::{
    Care, Decide, Journal, JournalError, LockError, Record, RecordedEvent, Records, Selection, Store,
    TerminalLock, conformance,
};
use caisse_payment::{TerminalId, TransactionId};

/// A row with the record of a transaction, the number of the event that began the attempt that counts, and the events.
#[derive(Clone)]
struct Row {
    record: Record,
    place: usize,
    events: Vec<RecordedEvent>,
}

/// A table without an index.
#[derive(Clone, Default)]
struct Table(Vec<Row>);

/// What a store may do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// A further attempt stays in the place of the first one.
    KeepsPlace,
    /// The dispute of an end is not written.
    ForgetsDispute,
    /// A refused change is written.
    WritesRefused,
    /// The newest transactions come last.
    NewestLast,
    /// A visit does not end when the visitor has seen enough.
    NeverStops,
    /// What was changed is seen by the next handle alone.
    SeenLate,
    /// Locks exclude nobody.
    LocksNothing,
}

/// A handle onto a store. Clones share the content.
#[derive(Clone)]
struct Small {
    fault: Fault,
    table: Arc<Mutex<Table>>,
    locked: Arc<Mutex<HashSet<TerminalId>>>,
}

impl Records for Table {
    fn find(&self, id: &TransactionId) -> Result<Option<Record>, JournalError> {
        Ok(self.0.iter().find(|row| row.record.id() == *id).map(|row| row.record.clone()))
    }

    fn events(&self, id: &TransactionId) -> Result<Vec<RecordedEvent>, JournalError> {
        let row = self.0.iter().find(|row| row.record.id() == *id);
        Ok(row.map_or_else(Vec::new, |row| row.events.clone()))
    }

    fn visit(
        &self,
        selection: &Selection,
        visit: &mut dyn FnMut(&Record) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        let mut rows: Vec<&Row> = self.0.iter().filter(|row| selection.contains(&row.record)).collect();
        rows.sort_by_key(|row| row.place);
        if let Selection::NewestFirst(_) = selection {
            rows.reverse();
        }
        let _: ControlFlow<()> = rows.iter().try_for_each(|row| visit(&row.record));
        Ok(())
    }
}

impl Records for Small {
    fn find(&self, id: &TransactionId) -> Result<Option<Record>, JournalError> {
        self.read().find(id)
    }

    fn events(&self, id: &TransactionId) -> Result<Vec<RecordedEvent>, JournalError> {
        self.read().events(id)
    }

    fn visit(
        &self,
        selection: &Selection,
        visit: &mut dyn FnMut(&Record) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        match (self.fault, selection) {
            (Fault::NewestLast, Selection::NewestFirst(key)) => {
                let all = &mut |record: &Record| match key.may_be_of(record.transaction()) {
                    true => visit(record),
                    false => ControlFlow::Continue(()),
                };
                self.read().visit(&Selection::All, all)
            }
            (Fault::NeverStops, _) => self.read().visit(selection, &mut |record| {
                let _: ControlFlow<()> = visit(record);
                ControlFlow::Continue(())
            }),
            _ => self.read().visit(selection, visit),
        }
    }
}

impl Small {
    fn new(fault: Fault) -> Self {
        Self { fault, table: Arc::default(), locked: Arc::default() }
    }

    /// A copy of the content: a visitor may read while it visits.
    fn read(&self) -> Table {
        self.table.lock().unwrap().clone()
    }
}

impl Store for Small {
    fn lock(&self, terminal: &TerminalId) -> Result<TerminalLock, LockError> {
        if !self.locked.lock().unwrap().insert(*terminal) && self.fault != Fault::LocksNothing {
            return Err(LockError::Busy);
        }
        Ok(TerminalLock::new(*terminal, Unlock(Arc::clone(&self.locked), *terminal)))
    }

    fn update(&mut self, _care: Care, decide: Decide<'_>) -> Result<(), JournalError> {
        let mut table = self.table.lock().unwrap();
        let decided = match self.fault {
            Fault::SeenLate => decide(&Table::default()),
            _ => decide(&*table),
        };
        if let (Fault::WritesRefused, Err(_)) = (self.fault, &decided) {
            table.0.pop();
        }
        let mut change = decided?;
        if self.fault == Fault::ForgetsDispute {
            change.events.truncate(1);
        }
        let mut number = table.0.iter().map(|row| row.events.len()).sum::<usize>();
        let known = table.0.iter().position(|row| row.record.id() == change.record.id());
        let mut row = match known {
            Some(known) => table.0.remove(known),
            None => Row { record: change.record.clone(), place: 0, events: Vec::new() },
        };
        for event in change.events {
            number += 1;
            if event.event.transaction().is_some() && (row.place == 0 || self.fault != Fault::KeepsPlace) {
                row.place = number;
            }
            row.events.push(event);
        }
        row.record = change.record;
        table.0.push(row);
        Ok(())
    }
}

/// Unlocks the terminal.
struct Unlock(Arc<Mutex<HashSet<TerminalId>>>, TerminalId);

impl Drop for Unlock {
    fn drop(&mut self) {
        self.0.lock().unwrap().remove(&self.1);
    }
}

fn check(fault: Fault) {
    conformance::check(|| {
        let store = Small::new(fault);
        move || Box::new(store.clone()) as Box<dyn Journal>
    });
}

fn check_store(fault: Fault) {
    conformance::check_store(|| {
        let store = Small::new(fault);
        move || Box::new(store.clone()) as Box<dyn Store>
    });
}

#[test]
fn a_small_store_is_a_journal() {
    check(Fault::None);
    check_store(Fault::None);
}

#[test]
fn a_faulty_store_is_found() {
    let fails = |check: fn(Fault), fault| std::panic::catch_unwind(|| check(fault)).is_err();
    for fault in [
        Fault::KeepsPlace,
        Fault::ForgetsDispute,
        Fault::WritesRefused,
        Fault::NewestLast,
        Fault::NeverStops,
        Fault::SeenLate,
    ] {
        assert!(fails(check_store, fault), "{fault:?} is not found");
        assert!(fails(check, fault), "{fault:?} is not found in the journal");
    }
    assert!(fails(check, Fault::LocksNothing));
}
