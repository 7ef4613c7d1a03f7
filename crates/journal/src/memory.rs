//! A journal without a file, for tests.

use std::collections::HashSet;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use caisse_payment::{TerminalId, TransactionId};

use crate::ledger::Ledger;
use crate::{
    Care, Decide, JournalError, LockError, Record, RecordedEvent, Records, Selection, Store, TerminalLock,
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
    locked: HashSet<TerminalId>,
    /// How many writes go well until one fails, for each failure asked for.
    failures: Vec<u64>,
}

impl Shared {
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

    /// Lets the next write (an [`append`](crate::Journal::append) or a [`resolve`](crate::Journal::resolve), through whichever clone) fail as
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

impl Store for MemoryJournal {
    fn lock(&self, terminal: &TerminalId) -> Result<TerminalLock, LockError> {
        if !self.state().locked.insert(*terminal) {
            return Err(LockError::Busy);
        }
        let held = Held { shared: Arc::clone(&self.shared), terminal: *terminal };
        Ok(TerminalLock::new(*terminal, held))
    }

    fn update(&mut self, _care: Care, decide: Decide<'_>) -> Result<(), JournalError> {
        let mut state = self.state();
        state.fail_if_asked()?;
        let change = decide(&state.ledger)?;
        state.ledger.put(change);
        Ok(())
    }
}

impl Records for MemoryJournal {
    fn find(&self, id: &TransactionId) -> Result<Option<Record>, JournalError> {
        self.state().ledger.find(id)
    }

    fn events(&self, id: &TransactionId) -> Result<Vec<RecordedEvent>, JournalError> {
        self.state().ledger.events(id)
    }

    fn visit(
        &self,
        selection: &Selection,
        visit: &mut dyn FnMut(&Record) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        let mut after = None;
        if !matches!(selection, Selection::All | Selection::NewestFirst(_)) {
            // As they are at one moment.
            let mut selected = Vec::new();
            self.state().ledger.visit(selection, &mut |record| {
                selected.push(record.clone());
                ControlFlow::Continue(())
            })?;
            let _: ControlFlow<()> = selected.iter().try_for_each(visit);
            return Ok(());
        }
        loop {
            // Not locked during the visit, in which the visitor may read more.
            let Some((place, record)) = self.state().ledger.next(selection, after) else { return Ok(()) };
            if visit(&record).is_break() {
                return Ok(());
            }
            after = Some(place);
        }
    }
}
