//! The database files that this process has open, one descriptor for each.
//!
//! On Unix, a process that closes any descriptor of a file drops all its POSIX locks of that file, and with them those of
//! SQLite. So the registry closes none while a connection may be open: the descriptors of a file that still has a path stay
//! open until the process ends.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use caisse_payment::TerminalId;
use sha2::{Digest, Sha256};

use super::byte_locks::{self, ByteLock};
use super::identity::{FileIdentity, FileState};
use crate::{LockError, TerminalLock};

static REGISTRY: LazyLock<Mutex<Registry>> = LazyLock::new(Mutex::default);

#[derive(Debug, Default)]
struct Registry {
    files: HashMap<FileIdentity, Arc<OpenFile>>,
    /// Further descriptors of those files. A file that was renamed while it was opened has one.
    spare: Vec<Arc<File>>,
}

/// A database file, with the terminals that this process has locked in it.
#[derive(Debug)]
pub(super) struct OpenFile {
    identity: FileIdentity,
    file: Arc<File>,
    /// Whether this process may not write the file.
    is_read_only: bool,
    held: Mutex<Held>,
    /// Whether one in this process has the turn to write.
    has_turn: AtomicBool,
}

#[derive(Debug, Default)]
struct Held {
    terminals: HashSet<TerminalId>,
    /// The byte of each terminal, by its hash, with the number of terminals that share it.
    bytes: HashMap<u64, (ByteLock, usize)>,
    /// Keeps SQLite from closing the file, which would unlock the bytes.
    #[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
    anchor: Option<rusqlite::Connection>,
}

impl OpenFile {
    /// Opens the file at a path without symbolic links, or creates it.
    pub(super) fn open(path: &Path) -> io::Result<Arc<Self>> {
        let mut registry = lock(&REGISTRY);
        registry.close_removed();
        loop {
            match FileState::at(path) {
                Ok(state) => {
                    if let Some(known) = registry.files.get(&state.identity) {
                        return Ok(Arc::clone(known));
                    }
                    match OpenOptions::new().read(true).write(true).open(path) {
                        Ok(file) => return registry.add(file),
                        // Removed in between.
                        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                        Err(error) => return Err(error),
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => match create(path) {
                    Ok(file) => return registry.add(file),
                    // Another process created it in between.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                    Err(error) => return Err(error),
                },
                Err(error) => return Err(error),
            }
        }
    }

    /// Opens a file that this process may not write. No payment is recorded in it, so its terminals are locked within this process
    /// alone.
    pub(super) fn open_to_read(path: &Path) -> io::Result<Arc<Self>> {
        let file = File::open(path)?;
        let identity = FileState::of(&file)?.identity;
        let (file, held) = (Arc::new(file), Mutex::default());
        Ok(Arc::new(Self { identity, file, is_read_only: true, held, has_turn: AtomicBool::new(false) }))
    }

    /// The identity of the file.
    pub(super) const fn identity(&self) -> FileIdentity {
        self.identity
    }

    /// The open file. No clone of it may be closed.
    pub(super) fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Locks a terminal against other processes and against this one.
    pub(super) fn lock(self: &Arc<Self>, terminal: &TerminalId) -> Result<TerminalLock, LockError> {
        let mut held = lock(&self.held);
        if held.terminals.contains(terminal) {
            return Err(LockError::Busy);
        }
        match held.bytes.entry(hash(terminal)) {
            // Its bytes cannot be locked, and need not be.
            Entry::Vacant(_) if self.is_read_only => {}
            Entry::Occupied(mut shared) => {
                let (_, terminals) = shared.get_mut();
                *terminals = terminals.saturating_add(1);
            }
            Entry::Vacant(free) => {
                let lock = byte_locks::try_lock(&self.file, *free.key())?.ok_or(LockError::Busy)?;
                free.insert((lock, 1));
            }
        }
        held.terminals.insert(*terminal);
        Ok(TerminalLock::new(*terminal, HeldTerminal { file: Arc::clone(self), terminal: *terminal }))
    }

    /// Takes the turn to write among those that have the file open in this process; nothing while another one has it.
    pub(super) fn turn_in_process(self: &Arc<Self>) -> Option<TurnInProcess> {
        let is_free = !self.has_turn.swap(true, Ordering::Acquire);
        is_free.then(|| TurnInProcess(Arc::clone(self)))
    }

    /// Keeps this connection, which has read the file, until the last terminal is unlocked.
    #[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
    pub(super) fn keep(&self, connection: rusqlite::Connection) {
        lock(&self.held).anchor.get_or_insert(connection);
    }

    fn unlock(&self, terminal: &TerminalId) {
        let mut held = lock(&self.held);
        held.terminals.remove(terminal);
        if let Entry::Occupied(mut shared) = held.bytes.entry(hash(terminal)) {
            let (_, terminals) = shared.get_mut();
            *terminals = terminals.saturating_sub(1);
            if *terminals == 0 {
                drop(shared.remove());
            }
        }
        #[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
        if held.terminals.is_empty() {
            held.anchor = None;
        }
    }
}

/// Gives the turn in this process back when it drops.
#[derive(Debug)]
pub(super) struct TurnInProcess(Arc<OpenFile>);

impl Drop for TurnInProcess {
    fn drop(&mut self) {
        self.0.has_turn.store(false, Ordering::Release);
    }
}

/// Unlocks a terminal when it drops.
struct HeldTerminal {
    file: Arc<OpenFile>,
    terminal: TerminalId,
}

impl Drop for HeldTerminal {
    fn drop(&mut self) {
        self.file.unlock(&self.terminal);
    }
}

impl Registry {
    fn add(&mut self, file: File) -> io::Result<Arc<OpenFile>> {
        let file = Arc::new(file);
        let state = FileState::of(&file).inspect_err(|_| self.spare.push(Arc::clone(&file)))?;
        match self.files.entry(state.identity) {
            Entry::Occupied(known) => {
                self.spare.push(file);
                Ok(Arc::clone(known.get()))
            }
            Entry::Vacant(free) => {
                let opened = OpenFile {
                    identity: state.identity,
                    file,
                    is_read_only: false,
                    held: Mutex::default(),
                    has_turn: AtomicBool::new(false),
                };
                Ok(Arc::clone(free.insert(Arc::new(opened))))
            }
        }
    }

    /// Closes what no journal of this process uses and no path leads to any more. On Windows closing drops no other lock,
    /// and an open file would keep its folder from being removed.
    fn close_removed(&mut self) {
        let removed = |file: &File| FileState::of(file).is_ok_and(|state| state.links == 0);
        self.files.retain(|_, file| Arc::strong_count(file) > 1 || !(cfg!(windows) || removed(&file.file)));
        self.spare.retain(|file| !removed(file));
    }
}

/// Creates a file that is not there, with the permissions that SQLite would give it. A file that the administrator creates
/// in another account's folder belongs to that account: its till has to be able to write it.
#[cfg(unix)]
pub(super) fn create(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};

    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o644).open(path)?;
    if let Some(folder) = path.parent().and_then(|folder| folder.metadata().ok())
        && folder.uid() != 0
        && file.metadata()?.uid() == 0
    {
        fchown(&file, Some(folder.uid()), Some(folder.gid()))?;
    }
    Ok(file)
}

/// Creates a file that is not there.
#[cfg(not(unix))]
pub(super) fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create_new(true).open(path)
}

fn hash(terminal: &TerminalId) -> u64 {
    let hash = Sha256::digest(terminal.as_str());
    hash.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// A thread that panicked has left no change half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
