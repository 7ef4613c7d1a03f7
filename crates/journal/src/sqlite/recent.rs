//! The newest events, in a file of their own beside the database: the copy that makes an event durable.
//!
//! Writing an event into the database takes many pages and, to be durable there, several syncs. Here an event takes one slot,
//! which is written twice, into two pages far apart, and one sync makes both durable. The database is brought up to date from
//! this file when it is opened after a power cut, or when its write-ahead log was lost or damaged.
//!
//! The file has a fixed length and is a ring: an event is written in the place of the one that came [`SLOTS`] events before it,
//! which must be durable in the database by then.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;

use super::chain::{self, Chain, Tail};
use super::identity::{FileIdentity, FileState};
use super::mark;
use crate::JournalError;

/// The number of slots: so many of the newest events are in the file.
pub(super) const SLOTS: u64 = 24;
/// The size of a slot in bytes. A power cut damages no other slot than the one that is written: a slot fills the largest sector
/// of today's disks.
const SLOT: usize = 4096;
/// The length of each of the two copies of the ring in bytes.
const COPY: u64 = SLOTS * SLOT as u64;
/// The first bytes of a slot that is in use. The last two are the number of the format.
const MAGIC: [u8; 8] = *b"CJevnt01";
/// What precedes the columns in a slot: the first bytes, the number of the event, the length of the columns, the number of events
/// that follow in the same write, the chain before, and the number and the chain of the last event that was durable before this
/// one was written. Numbers begin with their most significant byte.
const PREFIX: usize = 8 + 8 + 4 + 4 + 32 + 8 + 32;

/// An event as this file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RecentEvent {
    /// The chain of the event before it.
    pub(super) before: Chain,
    /// The number and the chain of the event.
    pub(super) tail: Tail,
    /// How many events follow that were written by the same call: all of them happened, or none.
    pub(super) followers: u32,
    /// The last event that was durable before this one was written.
    pub(super) durable: Tail,
    /// Its columns without the chain, as [`chain::bytes`] writes them.
    columns: Vec<u8>,
}

impl RecentEvent {
    pub(super) const fn new(before: Chain, tail: Tail, columns: Vec<u8>) -> Self {
        Self { before, tail, followers: 0, durable: Tail::BEGINNING, columns }
    }

    /// The row of the event, its chain included.
    pub(super) fn row(&self) -> Option<Vec<Value>> {
        let mut row = chain::parse(&self.columns)?;
        row.push(Value::Blob(self.tail.chain.to_vec()));
        Some(row)
    }

    fn put(&self, slot: &mut [u8]) -> Option<()> {
        let Self { before, tail, followers, durable, columns } = self;
        let length = u32::try_from(columns.len()).ok()?;
        let parts: [&[u8]; 9] = [
            &MAGIC,
            &tail.number.to_be_bytes(),
            &length.to_be_bytes(),
            &followers.to_be_bytes(),
            before,
            &durable.number.to_be_bytes(),
            &durable.chain,
            columns,
            &tail.chain,
        ];
        let mut end = 0usize;
        for part in parts {
            let place = slot.get_mut(end..end.checked_add(part.len())?)?;
            place.copy_from_slice(part);
            end = end.saturating_add(part.len());
        }
        let (content, rest) = slot.split_at_mut_checked(end)?;
        *rest.first_chunk_mut()? = mark::checksum(content);
        Some(())
    }

    /// Reads the event of this number from a slot; nothing where the slot has another one, which costs no checksum.
    fn numbered(slot: &[u8], expected: u64) -> Option<Self> {
        (number(slot) == Some(expected)).then(|| Self::parse(slot))?
    }

    /// Reads a slot; nothing where it is empty, or was written in part, or was changed.
    fn parse(slot: &[u8]) -> Option<Self> {
        let number = number(slot)?;
        let (length, fields) = slot.get(16..)?.split_first_chunk::<4>()?;
        let (followers, fields) = fields.split_first_chunk::<4>()?;
        let (before, fields) = fields.split_first_chunk::<32>()?;
        let (durable_number, fields) = fields.split_first_chunk::<8>()?;
        let (durable_chain, fields) = fields.split_first_chunk::<32>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (columns, fields) = fields.split_at_checked(length)?;
        let (chain, fields) = fields.split_first_chunk::<32>()?;
        let (sum, _) = fields.split_first_chunk::<8>()?;
        let content = slot.get(..PREFIX.checked_add(length)?.checked_add(32)?)?;
        (mark::checksum(content) == *sum).then(|| Self {
            before: *before,
            tail: Tail { number, chain: *chain },
            followers: u32::from_be_bytes(*followers),
            durable: Tail { number: u64::from_be_bytes(*durable_number), chain: *durable_chain },
            columns: columns.to_vec(),
        })
    }
}

/// The number that a slot has in its first bytes.
fn number(slot: &[u8]) -> Option<u64> {
    let (magic, slot) = slot.split_first_chunk::<8>()?;
    let (number, _) = slot.split_first_chunk::<8>()?;
    (*magic == MAGIC).then(|| u64::from_be_bytes(*number))
}

/// What a file of the newest events contains.
#[derive(Debug, Default)]
pub(super) struct Content(Vec<u8>);

impl Content {
    /// Reads a file without opening it for writing; nothing where there is none.
    pub(super) fn read(path: &Path) -> Self {
        let max = usize::try_from(COPY.saturating_mul(2)).unwrap_or_default();
        Self(mark::read_beside(path, max).unwrap_or_default())
    }

    /// Makes the file at a path durable as it is.
    pub(super) fn sync(path: &Path) -> Result<(), JournalError> {
        let synced = File::options().read(true).write(true).open(path).and_then(|file| file.sync_data());
        synced.map_err(|error| JournalError::unwritable(format!("{}: {error}", path.display())))
    }

    /// The newest event.
    fn newest(&self) -> Option<RecentEvent> {
        let mut numbers: Vec<_> = self.0.chunks(SLOT).filter_map(number).collect();
        numbers.sort_unstable();
        numbers.into_iter().rev().find_map(|number| self.event(number))
    }

    /// The newest event of which the file proves that it was durable: the last one before the newest batch. A power cut may have
    /// left that batch in part.
    pub(super) fn durable(&self) -> Option<Tail> {
        self.newest().map(|newest| newest.durable)
    }

    /// The event of this number.
    pub(super) fn event(&self, number: u64) -> Option<RecentEvent> {
        places(number).into_iter().find_map(|start| {
            let slot = self.0.get(usize::try_from(start).ok()?..)?;
            RecentEvent::numbered(slot.get(..SLOT)?, number)
        })
    }

    /// Every event in order, except those of a write of which a part is missing.
    pub(super) fn all(&self) -> Vec<RecentEvent> {
        let mut numbers: Vec<_> = self.0.chunks(SLOT).filter_map(number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let events: Vec<RecentEvent> = numbers.into_iter().filter_map(|number| self.event(number)).collect();
        let is_here = |number: u64| events.iter().any(|event| event.tail.number == number);
        let is_whole = |event: &&RecentEvent| {
            (1..=u64::from(event.followers))
                .all(|follower| is_here(event.tail.number.saturating_add(follower)))
        };
        events.iter().filter(is_whole).cloned().collect()
    }

    /// Whether each slot contains an event or was never used: then no event is newer than the newest one here. Of the slot for the
    /// next event both copies count: the next event may have been written over one of them alone.
    pub(super) fn is_whole(&self) -> bool {
        let slot = |start: u64| self.0.get(usize::try_from(start).ok()?..)?.get(..SLOT);
        let is_known = |number: u64| {
            let slots = places(number).map(slot);
            let is_unused =
                |slot: &Option<&[u8]>| slot.is_some_and(|slot| slot.iter().all(|byte| *byte == 0));
            slots.iter().flatten().any(|slot| RecentEvent::parse(slot).is_some())
                || slots.iter().all(is_unused)
        };
        let is_intact =
            |slot: &[u8]| slot.iter().all(|byte| *byte == 0) || RecentEvent::parse(slot).is_some();
        let next = self.newest().map_or(0, |newest| newest.tail.next());
        let has_no_next = places(next).map(slot).iter().all(|slot| slot.is_some_and(is_intact));
        has_no_next && (0..SLOTS).all(is_known)
    }

    /// The events of the write that follows an event; none unless all of them are here.
    pub(super) fn after(&self, tail: &Tail) -> Vec<RecentEvent> {
        write_after(tail, |number| Ok(self.event(number))).unwrap_or_default()
    }
}

/// The events of the write that follows an event; none unless all of them can be had.
fn write_after(
    tail: &Tail,
    event: impl Fn(u64) -> Result<Option<RecentEvent>, JournalError>,
) -> Result<Vec<RecentEvent>, JournalError> {
    let (mut tail, mut events) = (*tail, Vec::new());
    loop {
        let Some(next) = event(tail.next())?.filter(|next| next.before == tail.chain) else {
            return Ok(Vec::new());
        };
        (tail, _) = (next.tail, events.push(next));
        if events.last().is_none_or(|last| last.followers == 0) {
            return Ok(events);
        }
    }
}

/// The open file of the newest events.
#[derive(Debug)]
pub(super) struct RecentEvents {
    file: File,
    path: PathBuf,
    identity: FileIdentity,
}

impl RecentEvents {
    /// Opens the file for writing. Creates it, durably, where there is none.
    pub(super) fn open(path: &Path, database: &File) -> Result<Self, JournalError> {
        let failed = |error: io::Error| JournalError::unwritable(format!("{}: {error}", path.display()));
        let file = mark::open_beside(path, database).map_err(failed)?;
        let state = FileState::of(&file).map_err(failed)?;
        if state.stamp.size != COPY.saturating_mul(2) {
            create(&file, path).map_err(failed)?;
        }
        Ok(Self { file, path: path.to_owned(), identity: state.identity })
    }

    /// Whether the path still leads to the open file.
    pub(super) fn is_at_path(&self) -> bool {
        FileState::at(&self.path).is_ok_and(|state| state.identity == self.identity)
    }

    /// The events of the write that follows an event; none unless all of them are here.
    pub(super) fn after(&self, tail: &Tail) -> Result<Vec<RecentEvent>, JournalError> {
        write_after(tail, |number| self.event(number))
    }

    /// Reads the event of this number, if the file has it.
    fn event(&self, number: u64) -> Result<Option<RecentEvent>, JournalError> {
        let mut slot = vec![0; SLOT];
        for start in places(number) {
            read_at(&self.file, &mut slot, start).map_err(|error| self.failed(&error))?;
            if let Some(event) = RecentEvent::numbered(&slot, number) {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    /// Writes events, which follow one another, and returns once they are durable. At most [`SLOTS`] of them.
    pub(super) fn write(&self, events: &[RecentEvent]) -> Result<(), JournalError> {
        // Slots that lie side by side are written at once: up to the end of the ring, and from its beginning.
        for run in events.chunk_by(|one, _| one.tail.number % SLOTS != SLOTS - 1) {
            let Some(first) = run.first() else { continue };
            let mut slots = vec![0; run.len().saturating_mul(SLOT)];
            for (event, slot) in run.iter().zip(slots.chunks_exact_mut(SLOT)) {
                let too_long = JournalError::Refused { what: "more text than an event can contain" };
                event.put(slot).ok_or(too_long)?;
            }
            for start in places(first.tail.number) {
                write_at(&self.file, &slots, start).map_err(|error| self.failed(&error))?;
            }
        }
        self.sync()
    }

    /// Empties the slots of these events, as far as the disk allows that: they did not happen.
    pub(super) fn withdraw(&self, events: &[RecentEvent]) {
        for start in events.iter().flat_map(|event| places(event.tail.number)) {
            let _ = write_at(&self.file, &[0; SLOT], start);
        }
        let _ = self.file.sync_data();
    }

    /// Empties all slots.
    pub(super) fn clear(&self) -> Result<(), JournalError> {
        create(&self.file, &self.path).map_err(|error| self.failed(&error))
    }

    /// Makes everything durable that is in the file, whoever wrote it.
    pub(super) fn sync(&self) -> Result<(), JournalError> {
        self.file.sync_data().map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &io::Error) -> JournalError {
        JournalError::unwritable(format!("{}: {error}", self.path.display()))
    }
}

/// The places of an event in the file.
const fn places(number: u64) -> [u64; 2] {
    let place = (number % SLOTS).saturating_mul(SLOT as u64);
    [place, place.saturating_add(COPY)]
}

/// Fills the file with empty slots, so that writing an event later changes neither its length nor where its bytes are on the
/// disk; and makes its name durable.
fn create(file: &File, path: &Path) -> io::Result<()> {
    let empty = vec![0; usize::try_from(COPY.saturating_mul(2)).unwrap_or_default()];
    write_at(file, &empty, 0)?;
    file.set_len(COPY.saturating_mul(2))?;
    file.sync_all()?;
    #[cfg(unix)]
    for folder in path.ancestors().skip(1).take(2) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], start: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, start)
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], start: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, start)
}

#[cfg(not(unix))]
fn read_at(mut file: &File, bytes: &mut [u8], start: u64) -> io::Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(bytes)
}

#[cfg(not(unix))]
fn write_at(mut file: &File, bytes: &[u8], start: u64) -> io::Result<()> {
    use std::io::{Seek, SeekFrom, Write};
    file.seek(SeekFrom::Start(start))?;
    file.write_all(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What follows the columns: the chain, and a checksum over everything before.
    const SUFFIX: usize = 32 + 8;

    fn event(number: u64, before: Chain, text: &str) -> RecentEvent {
        let columns = chain::bytes(&[Value::Integer(number.cast_signed()), Value::Text(text.to_owned())]);
        let chain = chain::link_bytes(&before, &columns);
        RecentEvent::new(before, Tail { number, chain }, columns)
    }

    fn file() -> (tempfile::TempDir, PathBuf, RecentEvents) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("locks").join("recent-events");
        let events = RecentEvents::open(&path, &tempfile::tempfile().unwrap()).unwrap();
        (folder, path, events)
    }

    #[test]
    fn the_newest_events_are_in_the_ring() {
        let (_folder, path, ring) = file();
        assert_eq!(Content::read(&path).newest(), None);
        let (mut before, mut all) = ([0; 32], Vec::new());
        for number in 1..=3 * SLOTS + 5 {
            all.push(event(number, before, "a"));
            before = all.last().unwrap().tail.chain;
        }
        let slots = usize::try_from(SLOTS).unwrap();
        for run in all.chunks(9) {
            ring.write(run).unwrap();
        }
        let newest = &all[all.len() - slots..];
        let content = Content::read(&path);
        assert_eq!(content.newest().as_ref(), all.last());
        for (event, next) in newest.iter().zip(newest.iter().skip(1).map(Some).chain([None])) {
            assert_eq!(content.event(event.tail.number).as_ref(), Some(event));
            assert_eq!(content.after(&event.tail).first(), next);
            assert_eq!(content.after(&Tail { chain: [1; 32], ..event.tail }), []);
            assert_eq!(ring.after(&event.tail).unwrap().first(), next);
            assert_eq!(ring.event(event.tail.number).unwrap().as_ref(), Some(event));
            assert_eq!(ring.event(event.tail.number - SLOTS).unwrap(), None);
        }
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 2 * COPY);
        ring.withdraw(&newest[slots - 1..]);
        assert_eq!(Content::read(&path).newest().as_ref(), newest.get(slots - 2));
        ring.clear().unwrap();
        assert_eq!(Content::read(&path).newest(), None);
        // Opened again it is as it was.
        ring.write(&all[..1]).unwrap();
        let again = RecentEvents::open(&path, &tempfile::tempfile().unwrap()).unwrap();
        assert_eq!(again.event(1).unwrap().as_ref(), all.first());
        assert!(again.is_at_path());
        std::fs::remove_file(&path).unwrap();
        assert!(!again.is_at_path());
    }

    /// A damaged sector costs no event, and two in one slot are not taken for one.
    #[test]
    fn one_copy_is_enough_and_a_changed_one_is_none() {
        let (_folder, path, ring) = file();
        let written = event(7, [3; 32], "some text");
        ring.write(std::slice::from_ref(&written)).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let length = PREFIX + written.columns.len() + SUFFIX;
        for place in places(7) {
            for offset in 0..length {
                let mut bytes = whole.clone();
                bytes[usize::try_from(place).unwrap() + offset] ^= 1;
                std::fs::write(&path, &bytes).unwrap();
                assert_eq!(Content::read(&path).newest().as_ref(), Some(&written), "{offset}");
                let both = usize::try_from(places(7).iter().sum::<u64>() - place).unwrap();
                bytes[both + offset] ^= 1;
                std::fs::write(&path, &bytes).unwrap();
                assert_eq!(Content::read(&path).newest(), None, "{offset}");
            }
        }
    }

    /// What one call wrote happened as a whole, or not at all.
    #[test]
    fn a_write_is_read_as_a_whole() {
        let (_folder, path, ring) = file();
        let first = RecentEvent { followers: 1, ..event(1, [0; 32], "end") };
        let second = event(2, first.tail.chain, "dispute");
        let third = RecentEvent { durable: second.tail, ..event(3, second.tail.chain, "start") };
        ring.write(&[first.clone(), second.clone()]).unwrap();
        assert_eq!(Content::read(&path).after(&Tail::BEGINNING), [first.clone(), second.clone()]);
        assert_eq!(Content::read(&path).after(&first.tail).first(), Some(&second));
        assert_eq!(Content::read(&path).durable(), Some(Tail::BEGINNING));
        ring.withdraw(std::slice::from_ref(&second));
        assert_eq!(Content::read(&path).after(&Tail::BEGINNING), []);
        ring.write(std::slice::from_ref(&third)).unwrap();
        assert_eq!(Content::read(&path).durable(), Some(second.tail));
    }

    #[test]
    fn the_longest_event_fits() {
        let (_folder, _path, ring) = file();
        let fits = SLOT - PREFIX - SUFFIX - 9 - 5;
        ring.write(&[event(1, [0; 32], &"x".repeat(fits))]).unwrap();
        let error = ring.write(&[event(2, [0; 32], &"x".repeat(fits + 1))]).unwrap_err();
        assert!(matches!(error, JournalError::Refused { .. }), "{error:?}");
        // The longest texts that are ever written: twice 200 characters of four bytes.
        assert!(2 * 800 + 1000 < fits);
    }
}
