//! One process at a time on a terminal.

use std::any::Any;
use std::fmt;
use std::io;

use caisse_payment::TerminalId;

/// The exclusive right to use a terminal; dropping it gives it back.
#[must_use = "the terminal is free again as soon as this drops"]
pub struct TerminalLock {
    terminal: TerminalId,
    /// Another name of it.
    also: Option<TerminalId>,
    /// Held for its drop alone.
    _held: Box<dyn Any + Send + Sync>,
}

impl TerminalLock {
    /// A lock for a store of your own: `held` is whatever gives the terminal back when it drops, such as a locked
    /// [`File`](std::fs::File).
    pub fn new(terminal: TerminalId, held: impl Any + Send + Sync) -> Self {
        Self { terminal, also: None, _held: Box::new(held) }
    }

    /// The same terminal under two names: both stay locked until this drops.
    pub(crate) fn joined(self, other: Self) -> Self {
        Self { terminal: self.terminal, also: Some(other.terminal), _held: Box::new((self, other)) }
    }

    /// Keeps another lock for as long as this one.
    pub(crate) fn holding(self, other: Self) -> Self {
        Self { terminal: self.terminal, also: self.also, _held: Box::new((self, other)) }
    }

    /// Whose it is.
    #[must_use]
    pub const fn terminal(&self) -> &TerminalId {
        &self.terminal
    }

    /// Whether it locks the terminal of this name.
    #[must_use]
    pub fn covers(&self, terminal: &TerminalId) -> bool {
        self.terminal == *terminal || self.also == Some(*terminal)
    }
}

impl fmt::Debug for TerminalLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TerminalLock").field("terminal", &self.terminal).finish_non_exhaustive()
    }
}

/// Why a terminal could not be locked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// Somebody else uses the terminal now.
    #[error("the terminal is in use by another payment or program")]
    Busy,
    /// The system cannot lock here. Nothing may be sent without the lock.
    #[error("the terminal cannot be locked: {what}")]
    Io {
        /// What the system said.
        what: String,
    },
}

impl From<io::Error> for LockError {
    fn from(error: io::Error) -> Self {
        Self::Io { what: error.to_string() }
    }
}
