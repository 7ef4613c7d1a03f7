//! Why the journal did not do what it was asked.

use caisse_payment::Blocked;

/// Why the journal could not be opened, read or written. No message holds a value of a payment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The event does not fit what is recorded: the id is taken, the transaction has ended already or never began, or
    /// its terminal has another transaction that is not resolved. Nothing was written.
    #[error("the journal already holds something that excludes this event; nothing was written")]
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
    /// The event holds what the journal must not keep, or contradicts itself.
    #[error("the journal does not take this event: {what}")]
    Refused {
        /// What is wrong with it.
        what: &'static str,
    },
    /// Others kept the file busy for longer than the write waits: see [`Patience`](crate::Patience).
    #[error("another process keeps the journal busy; try again")]
    Locked,
    /// The file is damaged or was changed by something else. It is left as it is.
    #[error(
        "the journal is damaged: {what}; keep the file, its -wal file and its .locks folder, and write what can be verified into a \
         new journal: caisse journal FILE salvage NEW"
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
    /// The path does not lead to the open file any more, or the write-ahead log was removed. The event was not written, or
    /// only into the file that is gone.
    #[error(
        "the journal was replaced while it was in use: {what}; end the programs that use it and put the right file back"
    )]
    Replaced {
        /// What happened to the file.
        what: &'static str,
    },
    /// A second path leads to the file, whose write-ahead log would be another one: two tills could charge one payment.
    /// Nothing was written.
    #[error("the journal must have one path: {what}")]
    SecondPath {
        /// Which second path, and what to do about it.
        what: &'static str,
    },
    /// The system cannot lock or map files where the journal is stored. Nothing was written.
    #[error(
        "files cannot be locked where the journal is stored: {what}; store it on a local disk, not on a network share"
    )]
    NoLocks {
        /// What the system reported.
        what: String,
    },
    /// The file is an older copy: events that were recorded are missing in it.
    #[error(
        "an older copy is in the journal's place: {what}; put the newest file back. If it is lost, a person may accept this one. It \
         does not know the payments that were recorded later: if the till asks for one of their ids again, the customer is \
         charged again. Compare the sales of the till with the terminal's own journal first, then: caisse journal FILE \
         accept-older --by WHO --because WHY"
    )]
    Older {
        /// Which event is missing.
        what: String,
    },
    /// The file is a backup of a journal. It can be read, and no payment can be recorded in it.
    #[error(
        "the file is a backup of a journal: it can be read, and takes no payment; make a journal of it with: caisse journal \
         FILE restore BACKUP --by WHO --because WHY"
    )]
    Backup,
    /// The file is something else. It is left as it is.
    #[error(
        "the file is not a payment journal, or its beginning is damaged; nothing was changed; of a damaged journal, write what can \
         be verified into a new one: caisse journal FILE salvage NEW"
    )]
    Foreign,
    /// A version of this software that was never published wrote the file. It is left as it is.
    #[error(
        "the file is a journal from before the first published format, which this program does not read; settle what is open \
         in it with the program that wrote it, keep the file, and begin a new journal at another path"
    )]
    Former,
    /// A newer version of this software wrote the file. It is left as it is.
    #[error("the journal has format {found} and this program knows up to {known}: update the program")]
    Newer {
        /// The format of the file.
        found: i64,
        /// The newest format that this program reads.
        known: i64,
    },
}

impl JournalError {
    /// The reason for which a payment that met this error did not begin.
    #[must_use]
    pub const fn blocks(&self) -> Blocked {
        match self {
            Self::Replaced { .. } | Self::SecondPath { .. } | Self::Older { .. } => Blocked::JournalReplaced,
            _ => Blocked::JournalUnavailable,
        }
    }

    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt { what: what.into() }
    }

    pub(crate) fn unwritable(what: impl Into<String>) -> Self {
        Self::Unwritable { what: what.into() }
    }
}
