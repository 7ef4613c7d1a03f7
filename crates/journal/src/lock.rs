//! One process at a time on a terminal.

use std::any::Any;
use std::fmt::{self, Write as _};
use std::fs::{self, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

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
    /// [`File`](fs::File).
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

/// Locks the terminal's file in this folder. The system takes the lock back when its holder dies, however it dies, so
/// that no process id and no age has to be judged; and the file stays, because a lock on a file that somebody removed
/// excludes nobody who makes a new one.
pub(crate) fn lock_file(folder: &Path, terminal: &TerminalId) -> Result<TerminalLock, LockError> {
    if let Err(error) = fs::create_dir(folder)
        && !folder.is_dir()
    {
        return Err(error.into());
    }
    let path = folder.join(file_name(terminal));
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(TerminalLock::new(*terminal, file)),
        Err(TryLockError::WouldBlock) => Err(LockError::Busy),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// A name that differs whenever the ids differ, also where file names ignore case, and that Windows allows: small
/// letters, digits, `-` and `_` stand for themselves, all else is `=` and two hexadecimal digits. At most 206 bytes.
fn file_name(terminal: &TerminalId) -> String {
    let mut name = String::from("terminal-");
    for byte in terminal.as_str().bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            // Writing into a String cannot fail.
            _ => drop(write!(name, "={byte:02x}")),
        }
    }
    name.push_str(".lock");
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(id: &str) -> String {
        file_name(&id.parse().unwrap())
    }

    #[test]
    fn names_are_safe_everywhere() {
        assert_eq!(name("front-desk_1"), "terminal-front-desk_1.lock");
        assert_eq!(name("A"), "terminal-=41.lock");
        assert_eq!(name("usb:0.1"), "terminal-usb=3a0=2e1.lock");
        assert_eq!(name(".."), "terminal-=2e=2e.lock");
        assert_eq!(name("con"), "terminal-con.lock");
        let longest = name(&"Z".repeat(64));
        assert_eq!(longest.len(), 206);
    }

    #[test]
    fn no_two_ids_share_a_name() {
        let mut ids: Vec<String> = (b'!'..=b'~').map(|byte| char::from(byte).to_string()).collect();
        ids.extend(["3a", ":", "=3a", "3A", "a:", "a3a", "_:", "terminal-a", "a.lock"].map(str::to_owned));
        ids.retain(|id| id.parse::<TerminalId>().is_ok());
        ids.sort();
        ids.dedup();
        let mut names: Vec<String> = ids.iter().map(|id| name(id).to_lowercase()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), ids.len());
        assert!(names.len() > 66);
    }
}
