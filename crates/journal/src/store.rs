//! What a store has to do, so that a journal stands on it: lock a terminal, read by a key and in order, and write.

use std::ops::ControlFlow;

use caisse_payment::{AuthorisationNumber, Reference, TerminalId, TransactionId, UsbIdentity};

use crate::{JournalError, LockError, Patience, Record, RecordedEvent, State, TerminalKey, TerminalLock};

/// A place that keeps transactions durably, such as a file or a database. Every store is a [`Journal`](crate::Journal): the
/// rules about money stand above it, and are the same for all stores.
///
/// [`conformance::check`](crate::conformance::check) tests a store.
pub trait Store: Records + Send {
    /// Sets how long [`update`](Self::update) waits for others that write to the store. Stores that never wait ignore it.
    fn set_patience(&mut self, _patience: Patience) {}

    /// Takes the exclusive lock of a terminal: see [`Journal::lock`](crate::Journal::lock).
    ///
    /// # Errors
    /// [`LockError::Busy`] when somebody holds it; [`LockError::Io`] when the system cannot lock.
    fn lock(&self, terminal: &TerminalId) -> Result<TerminalLock, LockError>;

    /// Calls `decide` once while nobody else can write, and writes its change: everything or nothing. What `decide` reads includes
    /// all earlier changes. The change is durable when this returns `Ok`.
    ///
    /// # Errors
    /// The error of `decide`, and then nothing is written; otherwise the error of the store.
    fn update(&mut self, care: Care, decide: Decide<'_>) -> Result<(), JournalError>;
}

/// Decides on a change, by what a store contains.
pub type Decide<'d> = &'d mut dyn FnMut(&dyn Records) -> Result<Change, JournalError>;

/// Reads the transactions of a store.
pub trait Records {
    /// Returns the transaction with this id.
    ///
    /// # Errors
    /// When the store cannot be read or its content makes no sense; never a guess.
    fn find(&self, id: &TransactionId) -> Result<Option<Record>, JournalError>;

    /// Returns everything that was written about a transaction, oldest first; nothing for an id that is not known.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    fn events(&self, id: &TransactionId) -> Result<Vec<RecordedEvent>, JournalError>;

    /// Visits the selected transactions in their order, until `visit` has seen enough. `visit` may read from the same store.
    ///
    /// # Errors
    /// As [`find`](Self::find). Some transactions may have been visited then.
    fn visit(
        &self,
        selection: &Selection,
        visit: &mut dyn FnMut(&Record) -> ControlFlow<()>,
    ) -> Result<(), JournalError>;
}

/// A choice of transactions. Each choice is small, whatever the size of the journal, except [`All`](Self::All) and
/// [`NewestFirst`](Self::NewestFirst), of which few are visited: a store with an index for each costs the same as it grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Every transaction, oldest first: in the order in which the attempts that count were written.
    All,
    /// Every transaction that is unresolved or disputed, oldest first.
    Open,
    /// Every unresolved transaction that may have been sent to this terminal or to this USB device, oldest first.
    OpenAt {
        /// The terminal.
        key: TerminalKey,
        /// The device.
        usb: Option<UsbIdentity>,
    },
    /// Every transaction that may have been sent to this terminal, newest first.
    NewestFirst(TerminalKey),
    /// Every transaction that names this one as its original, oldest first.
    Original(TransactionId),
    /// Every transaction whose end contains this number or one that may be the same, oldest first.
    Authorisation(AuthorisationNumber),
    /// Every transaction with this reference or one that may be the same, oldest first.
    Reference(Reference),
}

impl Selection {
    /// Whether a transaction is in the selection. A store without an index asks this for each of its transactions.
    #[must_use]
    pub fn contains(&self, record: &Record) -> bool {
        let transaction = record.transaction();
        match self {
            Self::All => true,
            Self::Open => record.state() != State::Final,
            Self::OpenAt { key, usb } => {
                let is_there = key.may_be_of(transaction) || usb.is_some() && transaction.usb == *usb;
                is_there && record.state() == State::Unresolved
            }
            Self::NewestFirst(key) => key.may_be_of(transaction),
            Self::Original(original) => transaction.original == Some(*original),
            Self::Authorisation(number) => {
                let known = record.conclusion().and_then(|conclusion| conclusion.authorisation);
                known.is_some_and(|known| known.compare(number).may_be_same())
            }
            Self::Reference(reference) => {
                transaction.reference.is_some_and(|known| known.compare(reference).may_be_same())
            }
        }
    }
}

/// A change of one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What the transaction becomes. A store writes it in the place of the record with the same id.
    pub record: Record,
    /// What happened to it: one event, or an event and the dispute that follows from it. A store adds them to its events. A
    /// transaction takes the place of its newest event that is an attempt
    /// ([`Event::transaction`](crate::Event::transaction)).
    pub events: Vec<RecordedEvent>,
}

/// How careful a store is before it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Care {
    /// A request may leave once this is written. A store refuses if it cannot be sure that the next reader finds it: for example
    /// because a second path leads to its file.
    Strict,
    /// This has happened already. A store writes it wherever it can.
    Lenient,
}
