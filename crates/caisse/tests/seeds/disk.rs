//! The journal on disk in virtual time: its file gets a second path, or is replaced by a copy, while tills have it open.

use std::cell::{Cell, RefCell};
use std::fs;
use std::path::PathBuf;

use caisse::{Journal, Record, SqliteJournal, TransactionId};
use tempfile::TempDir;

/// The file of the journal.
pub struct Disk {
    folder: TempDir,
    /// A handle to look at it.
    reader: RefCell<Option<SqliteJournal>>,
    is_linked: Cell<bool>,
}

impl Disk {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), reader: RefCell::new(None), is_linked: Cell::new(false) }
    }

    fn path(&self, end: &str) -> PathBuf {
        self.folder.path().join(format!("journal.sqlite{end}"))
    }

    fn second_path(&self) -> PathBuf {
        self.folder.path().join("second.sqlite")
    }

    pub fn open(&self) -> SqliteJournal {
        SqliteJournal::open(self.path("")).unwrap()
    }

    /// By the second path where there is one. Nothing where the journal refuses that.
    pub fn open_beside(&self) -> Option<SqliteJournal> {
        if self.is_linked.get() { SqliteJournal::open(self.second_path()).ok() } else { Some(self.open()) }
    }

    pub fn find(&self, id: &TransactionId) -> Option<Record> {
        let mut reader = self.reader.borrow_mut();
        reader
            .get_or_insert_with(|| SqliteJournal::open_for_reading(self.path("")).unwrap())
            .find(id)
            .unwrap()
    }

    /// Puts a copy of the file and of its log in their place.
    pub fn replace(&self) {
        self.reader.take();
        for end in ["", "-wal"] {
            let copy = self.folder.path().join(format!("copy{end}"));
            if fs::copy(self.path(end), &copy).is_ok() {
                fs::rename(copy, self.path(end)).unwrap();
            }
        }
        let _ = fs::remove_file(self.path("-shm"));
    }

    /// Makes or removes a hard link.
    pub fn link(&self, is_linked: bool) {
        if is_linked {
            // Before the first till has opened it there is no file.
            drop(self.open());
            fs::hard_link(self.path(""), self.second_path()).unwrap();
        } else if self.is_linked.get() {
            fs::remove_file(self.second_path()).unwrap();
        }
        self.is_linked.set(is_linked);
    }
}
