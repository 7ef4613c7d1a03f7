//! A file that gets its name once it is whole.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::identity::FileState;
use super::registry;
use crate::JournalError;

/// A file that is being written beside its later path. Dropped before it is finished, it is removed.
///
/// A program that is killed leaves its part behind. The next one removes it: the system has dropped the lock of the part, and what
/// still has it is being written.
#[derive(Debug)]
pub(super) struct Part {
    to: PathBuf,
    part: PathBuf,
    file: File,
    has_replaced: bool,
    is_finished: bool,
}

impl Part {
    /// Creates a part of a copy of this source, for a path where nothing is yet.
    pub(super) fn begin(to: &Path, source: &Path) -> Result<Self, JournalError> {
        // SQLite takes a relative path for a URI.
        let to = std::path::absolute(to).map_err(|error| failed(to, &error))?;
        if to.symlink_metadata().is_ok() {
            return Err(failed(&to, &"there is a file already; nothing was overwritten"));
        }
        for ending in LOGS {
            let log = beside(&to, ending);
            if log.symlink_metadata().is_ok() {
                let what = "it belongs to a journal that was there, and may contain its last payments: move it elsewhere first";
                return Err(failed(&log, &what));
            }
            if to.as_os_str().as_encoded_bytes().ends_with(ending.as_bytes()) {
                return Err(failed(&to, &"SQLite removes files with such names; choose another one"));
            }
        }
        if to.as_os_str().as_encoded_bytes().ends_with(PART.as_bytes()) {
            return Err(failed(&to, &"a later backup removes files with such names; choose another one"));
        }
        let part = beside(&to, PART);
        check_removable(&part, source)?;
        let has_replaced = remove_abandoned(&part)?;
        let file = registry::create(&part).map_err(|error| failed(&part, &error))?;
        let part = Self { to, part, file, has_replaced, is_finished: false };
        if cfg!(unix) && is_busy(&part.file) {
            return Err(busy(&part.part));
        }
        Ok(part)
    }

    pub(super) fn path(&self) -> &Path {
        &self.part
    }

    /// Whether the part of a program that was interrupted was in the way, and was removed.
    pub(super) const fn has_replaced(&self) -> bool {
        self.has_replaced
    }

    /// Gives the file the owner and the rights of another one, as far as the system allows it, and its owner the right to write it.
    pub(super) fn take_rights_of(&self, other: &File) {
        #[cfg(unix)]
        if let Ok(other) = other.metadata() {
            use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

            let mode = other.permissions().mode() & 0o666 | 0o600;
            let _ = self.file.set_permissions(fs::Permissions::from_mode(mode));
            if fchown(&self.file, Some(other.uid()), Some(other.gid())).is_err() {
                let _ = fchown(&self.file, None, Some(other.gid()));
            }
        }
        #[cfg(not(unix))]
        let _ = other;
    }

    /// Gives the file its name, durably, and never in the place of another file.
    pub(super) fn finish(mut self) -> Result<(), JournalError> {
        self.file.sync_all().map_err(|error| failed(&self.part, &error))?;
        let is_same = FileState::of(&self.file).and_then(|own| {
            let is_link = self.part.symlink_metadata()?.is_symlink();
            Ok(!is_link && FileState::at(&self.part)?.identity == own.identity)
        });
        if !is_same.unwrap_or_default() {
            return Err(failed(&self.part, &"something else was put in its place"));
        }
        rename(&self.part, &self.to).map_err(|error| failed(&self.to, &error))?;
        self.is_finished = true;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.is_finished {
            // It is ours: nothing was there before.
            let _ = fs::remove_file(&self.part);
            let _ = fs::remove_file(beside(&self.part, "-journal"));
        }
    }
}

/// The end of the name of a part.
const PART: &str = ".part";

/// Refuses a part that is no part: the source under such a name, or a journal, which has a folder for its locks.
fn check_removable(part: &Path, source: &Path) -> Result<(), JournalError> {
    let is_source = match (FileState::at(part), FileState::at(source)) {
        (Ok(part), Ok(source)) => part.identity == source.identity,
        _ => false,
    };
    if is_source || beside(part, ".locks").symlink_metadata().is_ok() {
        return Err(failed(
            part,
            &"it is in the way, and is no file that a backup left: choose another path",
        ));
    }
    Ok(())
}

/// Removes what an interrupted program left. Returns whether there was something. What is no such file is left alone.
fn remove_abandoned(part: &Path) -> Result<bool, JournalError> {
    let mut has_removed = false;
    // First what SQLite would play back into the new part.
    for path in LOGS.map(|ending| beside(part, ending)).into_iter().chain([part.to_owned()]) {
        let found = match path.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            found => found.map_err(|error| failed(&path, &error))?,
        };
        if !found.is_file() {
            return Err(failed(&path, &"it is in the way, and is no file that a backup left: remove it"));
        }
        if cfg!(unix) && path == part {
            // To look at the lock needs the right to read alone; what cannot be looked at is left.
            let file = File::open(&path).map_err(|error| failed(&path, &error))?;
            if is_busy(&file) {
                return Err(busy(&path));
            }
        }
        fs::remove_file(&path).map_err(|error| failed(&path, &error))?;
        has_removed = true;
    }
    Ok(has_removed)
}

/// Whether another program has the file locked. The lock is kept until the file is closed. Where files cannot be locked, none is
/// busy.
fn is_busy(file: &File) -> bool {
    matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock))
}

fn busy(part: &Path) -> JournalError {
    failed(part, &"another program is writing it: wait until it has ended")
}

fn failed(path: &Path, what: &dyn std::fmt::Display) -> JournalError {
    JournalError::unwritable(format!("{}: {what}", path.display()))
}

/// The endings of the files that SQLite keeps beside a database, and plays back into it.
const LOGS: [&str; 3] = ["-wal", "-shm", "-journal"];

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

/// Gives the file its name durably, and never in the place of another file.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};

    renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Gives the file its name, and never in the place of another file where the file system has hard links.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // That nothing was there was checked before.
        Err(_) => fs::rename(from, to),
    }
}
