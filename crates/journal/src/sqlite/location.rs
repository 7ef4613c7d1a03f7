//! The path of a journal, the files beside it, and the checks that the path leads to one file and to the right one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::chain::Tail;
use super::identity::{self, FileIdentity, FileState, Stamp};
use super::mark::Mark;
use super::registry::OpenFile;
use crate::{Care, JournalError};

/// The smallest page of SQLite, in bytes: no database is shorter.
const MIN_SIZE: u64 = 512;

/// The path of a journal.
#[derive(Clone, Debug)]
pub(super) struct Location {
    /// The absolute path as it was given: SQLite has a meaning of its own for names such as `:memory:`.
    pub(super) file: PathBuf,
    /// The path without symbolic links, next to which SQLite puts its files.
    pub(super) real: PathBuf,
}

impl Location {
    pub(super) fn of(path: &Path) -> Result<Self, JournalError> {
        let refused = |what: &str| JournalError::unwritable(format!("{}: {what}", path.display()));
        let failed = |error: io::Error| refused(&error.to_string());
        let file = std::path::absolute(path).map_err(failed)?;
        match fs::metadata(&file) {
            Ok(found) if found.is_dir() => return Err(refused("it is a folder")),
            Ok(found) if !found.is_file() => return Err(refused("it is a device, a pipe or a socket")),
            _ => {}
        }
        let (Some(parent), Some(name)) = (file.parent(), file.file_name()) else {
            return Err(refused("it is no name of a file"));
        };
        if !parent.is_dir() {
            return Err(refused("its folder does not exist"));
        }
        let real = match fs::canonicalize(&file) {
            Ok(real) => real,
            Err(_) if file.is_symlink() => return Err(refused("it is a link to a file that does not exist")),
            Err(_) => fs::canonicalize(parent).map_err(failed)?.join(name),
        };
        Ok(Self { file, real })
    }

    /// The path of the mark.
    pub(super) fn mark(&self) -> PathBuf {
        mark_beside(&self.real)
    }

    /// The path of the file of the newest events.
    pub(super) fn recent_events(&self) -> PathBuf {
        beside(&self.real, ".locks").join("recent-events")
    }

    /// The path of the write-ahead log.
    pub(super) fn log_file(&self) -> PathBuf {
        beside(&self.real, "-wal")
    }

    /// The mark, and with a symbolic link also the one beside the link, from a journal that was there before the link was.
    pub(super) fn marks(&self) -> Vec<Mark> {
        let own = Mark::read(&self.mark());
        own.into_iter()
            .chain((self.file != self.real).then(|| Mark::read(&self.former_mark())).flatten())
            .collect()
    }

    /// Writes the marks.
    pub(super) fn write_mark(&self, open: &OpenFile, tail: &Tail, stamp: Stamp) {
        let mark = Mark { tail: *tail, stamp };
        mark.write(&self.mark(), open.file());
        if self.file != self.real && self.former_mark().exists() {
            mark.write(&self.former_mark(), open.file());
        }
    }

    /// The path of the note about the last full check.
    pub(super) fn last_check(&self) -> PathBuf {
        beside(&self.real, ".locks").join("last-check")
    }

    fn former_mark(&self) -> PathBuf {
        mark_beside(&self.file)
    }

    /// Refuses what SQLite would take for an empty database and write over: a file that is empty or missing although a mark
    /// or a write-ahead log shows that payments were in it, or one that is too short to be any database.
    pub(super) fn check_not_lost(&self) -> Result<(), JournalError> {
        // First: both come into being after the first page of the file.
        let traces = size(&beside(&self.real, "-wal")) > 0 || self.mark().symlink_metadata().is_ok();
        match size(&self.real) {
            0 if traces => Err(JournalError::corrupt(
                "the file is missing or empty, but its -wal file or its .locks folder shows that it was in use",
            )),
            1..MIN_SIZE => Err(JournalError::Foreign),
            _ => Ok(()),
        }
    }

    /// Checks that the path leads to this open file, and with [`Care::Strict`] that no other path does.
    pub(super) fn check(&self, open: &OpenFile, care: Care) -> Result<(), JournalError> {
        let moved = |what| JournalError::Replaced { what };
        let state = FileState::at(&self.file).map_err(|_| moved("its file was moved or removed"))?;
        if state.identity != open.identity() {
            return Err(moved("another file was put in the place of its file"));
        }
        if care == Care::Lenient {
            return Ok(());
        }
        if state.links > 1 {
            return Err(JournalError::SecondPath {
                what: "its file has several hard links: remove all except one",
            });
        }
        if identity::is_mount_point(&self.file) {
            return Err(JournalError::SecondPath {
                what: "its file is a mount point of its own: mount the folder that contains the file",
            });
        }
        Ok(())
    }

    /// The size and the last write of the file.
    pub(super) fn stamp(&self) -> Result<Stamp, JournalError> {
        let state = FileState::at(&self.file);
        Ok(state.map_err(|_| JournalError::Replaced { what: "its file was moved or removed" })?.stamp)
    }

    /// The write-ahead log and its index, once SQLite has opened them. Whoever removes one separates the processes that have
    /// the journal open from those that open it later.
    pub(super) fn log(&self) -> Option<Log> {
        let identity = |ending| Some(FileState::at(&beside(&self.real, ending)).ok()?.identity);
        // Windows lets nobody remove a file that SQLite has open.
        if cfg!(windows) { None } else { Some(Log { files: ["-wal", "-shm"].map(identity) }) }
    }
}

/// The identities of the write-ahead log and its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Log {
    files: [Option<FileIdentity>; 2],
}

/// 0 also for a file that is not there.
fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// The mark of a journal.
fn mark_beside(file: &Path) -> PathBuf {
    beside(file, ".locks").join("last-event")
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(ending);
    path.into()
}
