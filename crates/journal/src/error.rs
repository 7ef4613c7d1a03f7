//! Why the journal did not do what it was asked.

/// Why the journal could not be opened, read or written. No message holds a value of a payment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The entry does not fit what is recorded: the id is taken, the transaction has ended already or never began, or
    /// its terminal has another transaction that is not resolved. Nothing was written.
    #[error("the journal already holds something that excludes this entry; nothing was written")]
    Conflict,
    /// A decision about a transaction that is neither unresolved nor disputed, with nothing to correct: unknown to the journal, or
    /// recorded so already.
    #[error(
        "there is no unresolved or disputed transaction under this id, and nothing to correct; nothing was changed"
    )]
    NotUnresolved,
    /// A decision under the lock of another terminal.
    #[error("the lock that is held belongs to another terminal; nothing was changed")]
    WrongLock,
    /// The entry holds what the journal must not keep, or contradicts itself.
    #[error("the journal does not take this entry: {what}")]
    Refused {
        /// What is wrong with it.
        what: &'static str,
    },
    /// Another process kept the file busy for longer than the journal waits (five seconds).
    #[error("another process keeps the journal busy; try again")]
    Locked,
    /// The file is damaged or was changed by something else. It is left as it is.
    #[error(
        "the journal is damaged: {what}; keep a copy of the file, its -wal file included, and restore a backup"
    )]
    Corrupt {
        /// What does not add up.
        what: String,
    },
    /// The file cannot be opened, read or written.
    #[error("the journal cannot be used: {what}")]
    Unwritable {
        /// What the system said.
        what: String,
    },
    /// The file is something else. It is left as it is.
    #[error("the file is not a payment journal, or its beginning is damaged; nothing was changed")]
    Foreign,
    /// A newer version of this software wrote the file. It is left as it is.
    #[error("the journal has version {found} and this program knows up to {known}: update the program")]
    Newer {
        /// The version of the file.
        found: i64,
        /// The newest version that this program reads.
        known: i64,
    },
}

impl JournalError {
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into() }
    }

    pub(crate) fn unwritable(what: impl Into<String>) -> Self {
        Self::Unwritable { what: what.into() }
    }
}
