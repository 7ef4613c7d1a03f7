//! A journal without a file, for tests.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use caisse_payment::{TerminalId, TransactionId};

use crate::ledger::Ledger;
use crate::{
    Decision, Event, Journal, JournalError, LockError, Record, RecordedEvent, TerminalKey, TerminalLock,
    WallTime,
};

/// A journal in memory, for tests: it keeps nothing once the process ends, and so must never stand behind a real
/// terminal. Clones share their content: dropping a till and building another one on a clone is a restart.
///
/// ```
/// use caisse_journal::{Journal, MemoryJournal};
///
/// let journal = MemoryJournal::new();
/// let after_restart = journal.clone();
/// let lock = journal.lock(&"front".parse()?);
/// assert!(after_restart.lock(&"front".parse()?).is_err());
/// # Ok::<(), caisse_payment::IdentifierError>(())
/// ```
#[derive(Clone, Default)]
pub struct MemoryJournal {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    ledger: Ledger,
    history: HashMap<TransactionId, Vec<RecordedEvent>>,
    locked: HashSet<TerminalId>,
    /// How many writes go well until one fails, for each failure asked for.
    failures: Vec<u64>,
}

impl Shared {
    fn note(&mut self, id: &TransactionId, at: WallTime, event: Event) {
        self.history.entry(*id).or_default().push(RecordedEvent { at, event });
    }

    fn fail_if_asked(&mut self) -> Result<(), JournalError> {
        let fails = self.failures.contains(&0);
        self.failures = self.failures.iter().filter_map(|writes| writes.checked_sub(1)).collect();
        if fails { Err(JournalError::unwritable("a failure that a test asked for")) } else { Ok(()) }
    }
}

impl MemoryJournal {
    /// An empty journal.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the next write (an [`append`](Journal::append) or a [`resolve`](Journal::resolve), through whichever clone) fail as
    /// [`Unwritable`](JournalError::Unwritable) and write nothing.
    pub fn fail_next_append(&self) {
        self.fail_nth_append(1);
    }

    /// Lets the n-th write from now fail in that way; 1 is the next one, and 0 means it too. Failed writes count. May be
    /// called for several.
    pub fn fail_nth_append(&self, n: u64) {
        self.state().failures.push(n.saturating_sub(1));
    }

    /// A test that panicked elsewhere has not left the content half-written: each change is one call.
    fn state(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryJournal").field("transactions", &self.state().ledger.len()).finish()
    }
}

/// Gives the terminal back.
struct Held {
    shared: Arc<Mutex<Shared>>,
    terminal: TerminalId,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).locked.remove(&self.terminal);
    }
}

impl Journal for MemoryJournal {
    fn lock(&self, terminal: &TerminalId) -> Result<TerminalLock, LockError> {
        if !self.state().locked.insert(*terminal) {
            return Err(LockError::Busy);
        }
        let held = Held { shared: Arc::clone(&self.shared), terminal: *terminal };
        Ok(TerminalLock::new(*terminal, held))
    }

    fn append(&mut self, id: &TransactionId, event: &Event, at: WallTime) -> Result<(), JournalError> {
        let mut state = self.state();
        state.fail_if_asked()?;
        let dispute = state.ledger.append(id, event, at)?;
        state.note(id, at, event.clone());
        if let Some(dispute) = dispute {
            let event = Event::Disputed(dispute);
            state.ledger.append(id, &event, at)?;
            state.note(id, at, event);
        }
        Ok(())
    }

    fn find(&self, id: &TransactionId) -> Result<Option<Record>, JournalError> {
        Ok(self.state().ledger.get(id).map(|tracked| tracked.record.clone()))
    }

    fn unresolved(&self, terminal: &TerminalId) -> Result<Vec<Record>, JournalError> {
        let mut records = self.state().ledger.unresolved_at(&TerminalKey::from(*terminal));
        records.retain(|record| record.transaction().terminal == *terminal);
        Ok(records)
    }

    fn unresolved_at(&self, key: &TerminalKey) -> Result<Vec<Record>, JournalError> {
        Ok(self.state().ledger.unresolved_at(key))
    }

    fn unsettled(&self) -> Result<Vec<Record>, JournalError> {
        Ok(self.state().ledger.unsettled())
    }

    fn naming_original(&self, original: &TransactionId) -> Result<Vec<Record>, JournalError> {
        Ok(self.state().ledger.naming_original(original))
    }

    fn walk_back(
        &self,
        key: &TerminalKey,
        see: &mut dyn FnMut(&Record) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        let mut place = u64::MAX;
        loop {
            // Not locked during the visit, in which the visitor may ask for more.
            let Some((earlier, record)) = self.state().ledger.before(key, place) else { return Ok(()) };
            if see(&record).is_break() {
                return Ok(());
            }
            place = earlier;
        }
    }

    fn list(&self) -> Result<Vec<Record>, JournalError> {
        Ok(self.state().ledger.list())
    }

    fn events(&self, id: &TransactionId) -> Result<Vec<RecordedEvent>, JournalError> {
        Ok(self.state().history.get(id).cloned().unwrap_or_default())
    }

    fn resolve(
        &mut self,
        lock: &TerminalLock,
        id: &TransactionId,
        decision: &Decision,
        at: WallTime,
    ) -> Result<(), JournalError> {
        let mut state = self.state();
        state.fail_if_asked()?;
        let event = state.ledger.resolve(lock, id, decision, at)?;
        state.note(id, at, event);
        Ok(())
    }
}
