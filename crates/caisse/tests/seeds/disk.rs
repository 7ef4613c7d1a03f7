//! The journal on disk in virtual time: its file gets a second path, or is replaced by a copy, while tills have it open, or the
//! power fails.

use std::cell::{Cell, RefCell};
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use caisse::{Journal, Record, SqliteJournal, TransactionId};
use tempfile::TempDir;

use crate::plan::Chance;

/// The file of the journal.
pub struct Disk {
    folder: TempDir,
    /// A handle to look at it.
    reader: RefCell<Option<SqliteJournal>>,
    is_linked: Cell<bool>,
    power: Option<Power>,
}

/// A power supply that fails whenever a till is killed.
struct Power {
    chance: RefCell<Chance>,
    /// Whether a mistake of the disk loses what was synced, too.
    loses_synced: bool,
    /// The files at the moment of the failure, until the journal is opened again.
    failed: Arc<Mutex<Option<Files>>>,
    cuts: Cell<usize>,
}

/// The content of each file; nothing for one that is not there.
type Files = Vec<(PathBuf, Option<Vec<u8>>)>;

/// The ends of the names of the files.
const DATABASE: &str = "";
const LOG: &str = "-wal";
const INDEX: &str = "-shm";
const MARK: &str = ".locks/last-event";
const RECENT: &str = ".locks/recent-events";

/// The smallest part of a file that reaches a disk as a whole, in bytes.
const SECTOR: usize = 512;

impl Disk {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, reader: RefCell::new(None), is_linked: Cell::new(false), power: None }
    }

    /// A disk on which each killed till is a power cut.
    pub fn with_power_cuts(seed: u64, loses_synced: bool) -> Self {
        let chance = RefCell::new(Chance::new(seed));
        let power = Power { chance, loses_synced, failed: Arc::default(), cuts: Cell::new(0) };
        Self { power: Some(power), ..Self::new() }
    }

    /// How often the power has failed.
    pub fn power_cuts(&self) -> usize {
        self.power.as_ref().map_or(0, |power| power.cuts.get())
    }

    /// Returns an act for the moment at which a till is killed: it copies the files. Nothing on a disk without power cuts.
    pub fn at_kill(&self) -> Option<impl FnOnce() + Send + 'static> {
        let failed = Arc::clone(&self.power.as_ref()?.failed);
        let paths = [DATABASE, LOG, MARK, RECENT].map(|end| self.path(end));
        Some(move || {
            let files = paths.map(|path| {
                let content = fs::read(&path).ok();
                (path, content)
            });
            *failed.lock().unwrap() = Some(files.into());
        })
    }

    /// Leaves what the disk has after the power cut, if there was one: of what was not synced before, any sectors. The log is
    /// written without a sync, and so is the mark.
    fn power_returns(&self) {
        let Some(power) = &self.power else { return };
        let Some(files) = power.failed.lock().unwrap().take() else { return };
        self.reader.take();
        power.cuts.set(power.cuts.get() + 1);
        let mut chance = power.chance.borrow_mut();
        for (path, content) in files {
            let is = |end| path == self.path(end);
            let content = match content {
                Some(content) if is(LOG) => torn(content, &mut chance),
                Some(_) if is(MARK) && chance.percent(30) => None,
                Some(_) if is(RECENT) && power.loses_synced => None,
                content => content,
            };
            match content {
                Some(content) => fs::write(path, content).unwrap(),
                None => drop(fs::remove_file(path)),
            }
        }
        let _ = fs::remove_file(self.path(INDEX));
    }

    fn path(&self, end: &str) -> PathBuf {
        self.folder.path().join(format!("journal.sqlite{end}"))
    }

    fn second_path(&self) -> PathBuf {
        self.folder.path().join("second.sqlite")
    }

    pub fn open(&self) -> SqliteJournal {
        self.power_returns();
        let journal = SqliteJournal::open(self.path("")).unwrap();
        if self.power.is_some() {
            // So that the log is still the only place in the database of what was written.
            journal.set_checkpoint_delay(Duration::MAX);
        }
        journal
    }

    /// By the second path where there is one. Nothing where the journal refuses that.
    pub fn open_beside(&self) -> Option<SqliteJournal> {
        if self.is_linked.get() { SqliteJournal::open(self.second_path()).ok() } else { Some(self.open()) }
    }

    pub fn find(&self, id: &TransactionId) -> Option<Record> {
        self.power_returns();
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

/// Any sectors of a file that was not synced; nothing if its name has not reached the disk.
fn torn(mut content: Vec<u8>, chance: &mut Chance) -> Option<Vec<u8>> {
    match chance.below(4) {
        0 => return None,
        1 => content.truncate(chance.below(content.len() + 1)),
        2 => {
            for sector in content.chunks_mut(SECTOR) {
                if chance.percent(30) {
                    sector.fill(0);
                }
            }
        }
        _ => {}
    }
    Some(content)
}
