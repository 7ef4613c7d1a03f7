//! Compares the journal of an image with what was promised.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use caisse_journal::{Journal, JournalError, Record, SqliteJournal, State};

use crate::common::{approved, id as parsed, started, time};
use crate::disk::Image;
use crate::recording::JOURNAL;
use crate::scenario::{Content, read};
use crate::search::Promised;

/// The terminal and the id of the payment that is made after the power cut.
const FURTHER: (&str, &str) = ("further", "t-further");

/// The result of opening and using the journal of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It works, and contains what it contained after these numbers of actions.
    Holds(BTreeSet<usize>),
    /// It cannot be opened.
    Refused(JournalError),
    /// It opens, and reports an error when it is used.
    RefusedInUse(&'static str, JournalError),
    /// It opens, and breaks a rule.
    Fails(String),
}

/// A folder in which one image after another is laid out.
#[derive(Debug)]
pub struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Self { folder: memory_folder() }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn journal(&self) -> PathBuf {
        self.folder().join(JOURNAL)
    }

    /// Replaces what is in the folder by an image.
    pub fn lay_out(&self, image: &Image) {
        for entry in fs::read_dir(self.folder()).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
        }
        for path in &image.folders {
            fs::create_dir(self.folder().join(path)).unwrap();
        }
        for (path, content, time) in &image.files {
            let path = self.folder().join(path);
            fs::write(&path, content).unwrap();
            if let Some(time) = time {
                let time = SystemTime::UNIX_EPOCH + Duration::from_nanos(u64::try_from(*time).unwrap());
                File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
            }
        }
    }

    /// Opens the journal of an image and uses it. `states` is what it may contain.
    pub fn examine(&self, image: &Image, states: &[Content]) -> Finding {
        self.lay_out(image);
        let journal = match SqliteJournal::open(self.journal()) {
            Ok(journal) => journal,
            Err(error) => return Finding::Refused(error),
        };
        match use_journal(journal, &self.journal(), states) {
            Ok(numbers) => Finding::Holds(numbers),
            Err(Trouble::Error(what, error)) => Finding::RefusedInUse(what, error),
            Err(Trouble::Wrong(what)) => Finding::Fails(what),
        }
    }

    /// Opens a journal in which something is damaged. Checks that each promised transaction is there or reading it is an
    /// error, and that no start is accepted that must be refused.
    pub fn examine_damaged(&self, image: &Image, states: &[Content], promised: Promised) -> Finding {
        let finding = self.examine(image, states);
        if !matches!(finding, Finding::RefusedInUse(..)) {
            return finding;
        }
        self.lay_out(image);
        let Ok(mut journal) = SqliteJournal::open(self.journal()) else {
            return Finding::Fails("opening it again is refused".to_owned());
        };
        let possible = &states[promised.durable..=promised.begun];
        for (record, _) in &states[promised.durable] {
            let id = record.transaction().id;
            let is_possible = |found: &Record| possible.iter().flatten().any(|(record, _)| record == found);
            match journal.find(&id) {
                Ok(Some(found)) if is_possible(&found) => {}
                Err(error) if is_named(&error) => {}
                other => return Finding::Fails(format!("transaction {id}: {other:?}")),
            }
            let mut starts = vec![(id.as_str(), "elsewhere")];
            if possible
                .iter()
                .all(|state| state.iter().any(|(other, _)| other.transaction().id == id && is_open(other)))
            {
                starts.push(("another", record.transaction().terminal.as_str()));
            }
            for (id, on) in starts {
                match journal.append(&parsed(id), &started(id, on), time(3)) {
                    Err(JournalError::Conflict) => {}
                    Err(error) if is_named(&error) => {}
                    other => return Finding::Fails(format!("a start of {id} on {on}: {other:?}")),
                }
            }
        }
        finding
    }
}

/// Whether this error reports damage, so that no payment begins.
pub fn is_named(error: &JournalError) -> bool {
    matches!(error, JournalError::Corrupt { .. } | JournalError::Older { .. } | JournalError::Foreign)
}

/// A folder in memory where the system has such a place.
pub fn memory_folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

/// Why a journal that was opened cannot be used.
enum Trouble {
    /// The journal returned an error.
    Error(&'static str, JournalError),
    /// The journal broke a rule.
    Wrong(String),
}

fn use_journal(
    mut journal: SqliteJournal,
    path: &Path,
    states: &[Content],
) -> Result<BTreeSet<usize>, Trouble> {
    let during = |what: &'static str| move |error: JournalError| Trouble::Error(what, error);
    let content = read(&journal).map_err(during("reading"))?;
    let numbers: BTreeSet<usize> =
        states.iter().enumerate().filter(|(_, state)| **state == content).map(|(number, _)| number).collect();
    if numbers.is_empty() {
        let ids: Vec<_> = content.iter().map(|(record, _)| record.transaction().id.to_string()).collect();
        return Err(Trouble::Wrong(format!("the journal contains what it never did: {ids:?}")));
    }
    // The last ones: a journal may contain many old payments.
    for (record, _) in content.iter().rev().take(10) {
        is_held(&mut journal, record)?;
    }
    let (id, terminal) = FURTHER;
    journal.append(&parsed(id), &started(id, terminal), time(1)).map_err(during("a further start"))?;
    journal.append(&parsed(id), &approved(), time(2)).map_err(during("a further end"))?;
    drop(journal);

    let mut journal = SqliteJournal::open(path).map_err(during("opening again"))?;
    let mut records = journal.list().map_err(during("reading again"))?;
    let further = records.pop().map(|record| (record.transaction().id.to_string(), record.state()));
    if further != Some((id.to_owned(), State::Final))
        || records.iter().ne(content.iter().map(|(record, _)| record))
    {
        return Err(Trouble::Wrong("the further payment is missing, or another one".to_owned()));
    }
    // Compares every record with its events.
    journal.verify(&mut |_| ()).map_err(during("the full check"))?;
    Ok(numbers)
}

/// Checks that the id of a transaction is not new, and that the terminal of an unresolved one is held back.
fn is_held(journal: &mut SqliteJournal, record: &Record) -> Result<(), Trouble> {
    let mut must_conflict = |id: &str, on: &str| match journal.append(&parsed(id), &started(id, on), time(3))
    {
        Err(JournalError::Conflict) => Ok(()),
        Err(error) => Err(Trouble::Error("a start that must be refused", error)),
        Ok(()) => Err(Trouble::Wrong(format!("a start of {id} on {on} was possible"))),
    };
    must_conflict(record.transaction().id.as_str(), "elsewhere")?;
    if is_open(record) {
        must_conflict("another", record.transaction().terminal.as_str())?;
    }
    Ok(())
}

fn is_open(record: &Record) -> bool {
    record.state() == State::Unresolved
}
