//! A power cut in the middle of a write: what is found afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use caisse_payment::{Outcome, Refusal};

use super::samples::*;
use crate::{Confirmation, Decision, Dispute, Event, Journal, JournalError, Paid, Record, RecordedEvent};

/// What disks write as one piece.
const SECTOR: usize = 512;

/// The files of a store, by their paths in its folder.
type Files = BTreeMap<String, Vec<u8>>;

/// All that a store says.
type Content = Vec<(Record, Vec<RecordedEvent>)>;

/// Checks what a store in files makes of writes that a power cut has torn. `folder` is empty; `open` opens the store in the
/// folder that it is given, where all its files lie. Each kind of write is done once, and then the folder is built anew as a
/// power cut may leave it: each file that changed written up to any sector, or from any sector on, with the other files as
/// they were before or are after. The store must then say what it said before the write or what it said after it, or refuse
/// to open. Gives how many such folders were opened, and how many of them refused.
///
/// # Errors
/// When a folder or file cannot be written.
///
/// # Panics
/// With the write and the folder that broke the rule.
pub fn check_torn_writes(
    folder: &Path,
    open: impl Fn(&Path) -> Result<Box<dyn Journal>, JournalError>,
) -> std::io::Result<(usize, usize)> {
    let (live, torn) = (folder.join("live"), folder.join("torn"));
    fs::create_dir(&live)?;
    let mut journal = open(&live).expect("a new store opens");
    let (mut opened, mut refused) = (0, 0);
    for (name, write) in WRITES {
        let (before, said_before) = (files(&live)?, content(&*journal));
        write(&mut *journal);
        let (after, said_after) = (files(&live)?, content(&*journal));
        assert_ne!(said_before, said_after, "{name} changed nothing");
        for (whole, said) in [(&before, &said_before), (&after, &said_after)] {
            put(&torn, whole)?;
            let journal = open(&torn).unwrap_or_else(|error| panic!("{name}, nothing torn: {error}"));
            assert_eq!(
                &content(&*journal),
                said,
                "{name}: what was acknowledged is not there after a power cut"
            );
        }
        for (how, image) in images(&before, &after) {
            put(&torn, &image)?;
            opened += 1;
            match open(&torn) {
                Ok(journal) => {
                    let said = content(&*journal);
                    assert!(
                        said == said_before || said == said_after,
                        "{name}, {how}: neither what stood there before nor what stands there after: {said:?}"
                    );
                }
                Err(_) => refused += 1,
            }
        }
    }
    Ok((opened, refused))
}

type Write = fn(&mut dyn Journal);

const WRITES: [(&str, Write); 10] = [
    ("a start", |journal| journal.append(&id("a"), &started("a", "t"), time(1)).unwrap()),
    ("an approval", |journal| journal.append(&id("a"), &ended(approved()), time(2)).unwrap()),
    ("never sent", |journal| journal.append(&id("b"), &never_sent("b", "t"), time(3)).unwrap()),
    ("a second start", |journal| {
        journal.append(&id("c"), &Event::Started(debit("c", "t")), time(4)).unwrap()
    }),
    ("a decision", |journal| {
        let lock = journal.lock(&terminal("t")).unwrap();
        let decision = Decision::new(Paid::NotPaid, "Zo\u{e9}", "no ticket").unwrap();
        journal.resolve(&lock, &id("c"), &decision, time(5)).unwrap();
    }),
    ("a dispute", |journal| {
        let dispute = Dispute::new(Paid::Paid(euros(2500)), "late result").unwrap();
        journal.append(&id("c"), &Event::Disputed(dispute), time(6)).unwrap();
    }),
    ("an end beside a decision", |journal| journal.append(&id("c"), &ended(approved()), time(6)).unwrap()),
    ("a correction", |journal| {
        let lock = journal.lock(&terminal("t")).unwrap();
        let decision = Decision::new(Paid::Paid(euros(3000)), "Zo\u{e9}", "bank statement").unwrap();
        let decision = decision.confirming([Confirmation::TerminalJournal, Confirmation::MoreThanAsked]);
        journal.resolve(&lock, &id("c"), &decision, time(6)).unwrap();
    }),
    ("a third start", |journal| journal.append(&id("d"), &started("d", "t"), time(7)).unwrap()),
    ("a refusal", |journal| {
        let declined = Outcome::Declined { refusal: Refusal::Refused };
        journal.append(&id("d"), &ended(declined), time(8)).unwrap();
    }),
];

fn content(journal: &dyn Journal) -> Content {
    let events = |record: &Record| journal.events(&record.id()).expect("the events can be read");
    journal.list().expect("the list can be read").into_iter().map(|it| (it.clone(), events(&it))).collect()
}

/// The files of a folder and of the folders in it.
fn files(folder: &Path) -> std::io::Result<Files> {
    let mut files = Files::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            let inside = self::files(&entry.path())?.into_iter();
            files.extend(inside.map(|(path, bytes)| (format!("{name}/{path}"), bytes)));
        } else if entry.file_type()?.is_file() {
            files.insert(name, fs::read(entry.path())?);
        }
    }
    Ok(files)
}

fn put(folder: &Path, files: &Files) -> std::io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir(folder)?;
    for (name, bytes) in files {
        let path = folder.join(name);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, bytes)?;
    }
    Ok(())
}

/// Each file that changed, torn at each sector in both ways, among the others as they were and as they are.
fn images(before: &Files, after: &Files) -> Vec<(String, Files)> {
    let mut images = Vec::new();
    for (name, new) in after {
        let old = before.get(name).cloned().unwrap_or_default();
        if old == *new {
            continue;
        }
        for others in [before, after] {
            let mut last = Vec::new();
            for place in (SECTOR..old.len().max(new.len())).step_by(SECTOR) {
                let half = |bytes: &[u8], first: bool| match first {
                    true => bytes[..place.min(bytes.len())].to_vec(),
                    false => bytes[place.min(bytes.len())..].to_vec(),
                };
                for (how, first, second) in [("up to", new, &old), ("from", &old, new)] {
                    let mut bytes = half(first, true);
                    // Where a file is not yet as long as the other, a disk gives zeros.
                    if !half(second, false).is_empty() {
                        bytes.resize(place, 0);
                    }
                    bytes.extend(half(second, false));
                    // Between two places that the write changed, every place gives the same.
                    if bytes == old || bytes == *new || last.contains(&bytes) {
                        continue;
                    }
                    last.truncate(3);
                    last.insert(0, bytes.clone());
                    let image = others.clone().into_iter().chain([(name.clone(), bytes)]).collect();
                    images.push((format!("{name} written {how} byte {place}"), image));
                }
            }
        }
    }
    images
}
