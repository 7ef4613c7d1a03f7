//! A journal that several threads use, one call at a time.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use caisse_journal::{
    Decision, Event, Journal, JournalError, LockError, Patience, Record, RecordedEvent, TerminalKey,
    TerminalLock, WallTime,
};
use caisse_payment::{AuthorisationNumber, Reference, TerminalId, TransactionId};

/// Clones are the same journal.
#[derive(Clone)]
pub(super) struct SharedJournal(Arc<Mutex<Box<dyn Journal>>>);

impl SharedJournal {
    pub(super) fn new(journal: Box<dyn Journal>) -> Self {
        Self(Arc::new(Mutex::new(journal)))
    }

    /// A call that panicked has written what it had, as a process that was killed has.
    fn journal(&self) -> MutexGuard<'_, Box<dyn Journal>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for SharedJournal {
    fn set_patience(&mut self, patience: Patience) {
        self.journal().set_patience(patience);
    }

    fn lock(&self, terminal: &TerminalId) -> Result<TerminalLock, LockError> {
        self.journal().lock(terminal)
    }

    fn append(&mut self, id: &TransactionId, event: &Event, at: WallTime) -> Result<(), JournalError> {
        self.journal().append(id, event, at)
    }

    fn find(&self, id: &TransactionId) -> Result<Option<Record>, JournalError> {
        self.journal().find(id)
    }

    fn unresolved(&self, terminal: &TerminalId) -> Result<Vec<Record>, JournalError> {
        self.journal().unresolved(terminal)
    }

    fn unresolved_at(&self, place: &TerminalKey) -> Result<Vec<Record>, JournalError> {
        self.journal().unresolved_at(place)
    }

    fn list(&self) -> Result<Vec<Record>, JournalError> {
        self.journal().list()
    }

    fn visit(&self, visit: &mut dyn FnMut(&Record) -> ControlFlow<()>) -> Result<(), JournalError> {
        self.journal().visit(visit)
    }

    fn walk_back(
        &self,
        place: &TerminalKey,
        see: &mut dyn FnMut(&Record) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        self.journal().walk_back(place, see)
    }

    fn unsettled(&self) -> Result<Vec<Record>, JournalError> {
        self.journal().unsettled()
    }

    fn naming_original(&self, original: &TransactionId) -> Result<Vec<Record>, JournalError> {
        self.journal().naming_original(original)
    }

    fn with_authorisation(&self, number: &AuthorisationNumber) -> Result<Vec<Record>, JournalError> {
        self.journal().with_authorisation(number)
    }

    fn with_reference(&self, reference: &Reference) -> Result<Vec<Record>, JournalError> {
        self.journal().with_reference(reference)
    }

    fn events(&self, id: &TransactionId) -> Result<Vec<RecordedEvent>, JournalError> {
        self.journal().events(id)
    }

    fn resolve(
        &mut self,
        lock: &TerminalLock,
        id: &TransactionId,
        decision: &Decision,
        at: WallTime,
    ) -> Result<(), JournalError> {
        self.journal().resolve(lock, id, decision, at)
    }
}
