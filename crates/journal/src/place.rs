//! A terminal as a till knows it.

use caisse_payment::TerminalId;
use caisse_payment::entry::Start;

use crate::{Journal, LockError, TerminalLock};

/// A terminal as a till knows it: by its name, and by its address where it has one. Names change while a transaction is open,
/// and one program may call by its address what another calls by a name: it is one terminal all the same.
///
/// ```
/// use caisse_journal::{Journal, LockError, MemoryJournal, Place};
///
/// let journal = MemoryJournal::new();
/// let address = Some("tcp:192.0.2.7:8888".parse()?);
/// let front = Place { terminal: "front".parse()?, address };
/// let lock = front.lock(&journal)?;
/// // Another name, and the address itself as one.
/// let counter = Place { terminal: "counter".parse()?, address };
/// assert!(matches!(counter.lock(&journal), Err(LockError::Busy)));
/// assert!(matches!(Place::from(address.unwrap()).lock(&journal), Err(LockError::Busy)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub terminal: TerminalId,
    /// Its address, as [`Start::address`].
    pub address: Option<TerminalId>,
}

impl From<TerminalId> for Place {
    /// A terminal of which nothing but the name is known.
    fn from(terminal: TerminalId) -> Self {
        Self { terminal, address: None }
    }
}

impl From<&Start> for Place {
    /// The terminal of this transaction.
    fn from(start: &Start) -> Self {
        Self { terminal: start.content.terminal, address: start.address }
    }
}

impl Place {
    /// Whether this transaction was one of this terminal, under whichever name.
    #[must_use]
    pub fn is_of(&self, start: &Start) -> bool {
        let names = [Some(self.terminal), self.address];
        names.contains(&Some(start.content.terminal))
            || start.address.is_some() && names.contains(&start.address)
    }

    /// Takes the terminal's lock, under its name and under its address. Never waits.
    ///
    /// # Errors
    /// As [`Journal::lock`].
    pub fn lock(&self, journal: &dyn Journal) -> Result<TerminalLock, LockError> {
        let lock = journal.lock(&self.terminal)?;
        match self.address.filter(|address| *address != self.terminal) {
            None => Ok(lock),
            Some(address) => Ok(lock.joined(journal.lock(&address)?)),
        }
    }
}
