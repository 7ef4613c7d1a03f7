//! A handle on the journal of the shop, as each till has one of its own: locks that all tills share, and a file that may be
//! replaced while a till uses it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use caisse::{Decision, Journal, JournalError, MemoryJournal, Record, TerminalId, TransactionId, WallTime};
use caisse_journal::{Event, LockError, RecordedEvent, TerminalLock};

/// The file of the journal and its locks.
#[derive(Clone, Default)]
pub struct File {
    pub content: MemoryJournal,
    /// The locks lie beside the file, and stay when it is replaced.
    locks: MemoryJournal,
    /// How often the file has been replaced.
    replaced: Arc<AtomicUsize>,
}

/// Mistakes of a handle.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mistakes {
    /// An end that meets a decision or another end is not written.
    pub drops_ends: bool,
    /// It goes on with the file that it has opened, whatever has taken the place of that file.
    pub is_heedless: bool,
}

/// One open handle.
pub struct Handle {
    file: File,
    opened: usize,
    mistakes: Mistakes,
}

impl File {
    pub fn open(&self, mistakes: Mistakes) -> Handle {
        Handle { file: self.clone(), opened: self.replaced.load(Ordering::SeqCst), mistakes }
    }

    /// Puts a copy in the place of the file.
    pub fn replace(&mut self) {
        self.content = copy(&self.content);
        self.replaced.fetch_add(1, Ordering::SeqCst);
    }
}

/// Repeats all that was written.
fn copy(journal: &MemoryJournal) -> MemoryJournal {
    let mut copied = MemoryJournal::new();
    for record in journal.list().unwrap() {
        let id = record.id();
        for RecordedEvent { at, event } in journal.events(&id).unwrap() {
            match event {
                Event::Resolved(decision) => {
                    let lock = copied.lock(&record.transaction().terminal).unwrap();
                    copied.resolve(&lock, &id, &decision, at)
                }
                event => copied.append(&id, &event, at),
            }
            .unwrap();
        }
        assert_eq!(copied.find(&id).unwrap(), Some(record), "the copy is another journal");
    }
    copied
}

impl Handle {
    fn check(&self) -> Result<(), JournalError> {
        let is_replaced = self.opened != self.file.replaced.load(Ordering::SeqCst);
        if is_replaced && !self.mistakes.is_heedless {
            return Err(JournalError::Unwritable {
                what: "another file is in the place of the journal".into(),
            });
        }
        Ok(())
    }
}

impl Journal for Handle {
    fn lock(&self, terminal: &TerminalId) -> Result<TerminalLock, LockError> {
        self.check().map_err(|error| LockError::Io { what: error.to_string() })?;
        self.file.locks.lock(terminal)
    }

    fn append(&mut self, id: &TransactionId, event: &Event, at: WallTime) -> Result<(), JournalError> {
        self.check()?;
        if self.mistakes.drops_ends
            && matches!(event, Event::Ended(_))
            && self.find(id)?.is_some_and(|record| !record.is_open())
        {
            return Err(JournalError::Conflict);
        }
        self.file.content.append(id, event, at)
    }

    fn find(&self, id: &TransactionId) -> Result<Option<Record>, JournalError> {
        self.file.content.find(id)
    }

    fn unresolved(&self, terminal: &TerminalId) -> Result<Vec<Record>, JournalError> {
        self.file.content.unresolved(terminal)
    }

    fn list(&self) -> Result<Vec<Record>, JournalError> {
        self.file.content.list()
    }

    fn events(&self, id: &TransactionId) -> Result<Vec<RecordedEvent>, JournalError> {
        self.file.content.events(id)
    }

    fn resolve(
        &mut self,
        lock: &TerminalLock,
        id: &TransactionId,
        decision: &Decision,
        at: WallTime,
    ) -> Result<(), JournalError> {
        self.check()?;
        self.file.content.resolve(lock, id, decision, at)
    }
}
