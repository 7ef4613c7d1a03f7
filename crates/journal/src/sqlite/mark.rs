//! The mark: the last event, kept outside the database file, so that an older copy put in its place is noticed.
//!
//! The mark is written after the event is durable and without a sync. A mark that lags, is absent or cannot be read proves
//! nothing. Only a mark of an event that the file does not contain does.
//!
//! The mark is also the seal: whoever writes it has checked the whole journal once, or has opened one that was sealed, and wrote
//! every event since under the rules. An opening that finds the seal in order checks only what follows it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use rusqlite::Connection;
use sha2::{Digest, Sha256};

use super::chain::Tail;
use super::identity::{FileState, Stamp};
use super::records;
use crate::JournalError;

/// The first bytes of a mark.
const MAGIC: [u8; 8] = *b"CJmark01";
/// The length of a mark in bytes: the first bytes, the number of the event, its chain, the size of the database, the time of its
/// last write, and a checksum. All numbers begin with their most significant byte.
const LENGTH: usize = 8 + 8 + 32 + 8 + 16 + 8;

/// The last event, and the state of the database file after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) tail: Tail,
    pub(super) stamp: Stamp,
}

impl Mark {
    /// Reads a mark; nothing if there is none or it makes no sense.
    pub(super) fn read(path: &Path) -> Option<Self> {
        // One byte more than a mark has.
        let bytes = read_beside(path, LENGTH.saturating_add(1))?;
        Self::parse(&bytes)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; LENGTH] = bytes.try_into().ok()?;
        let (content, sum) = bytes.split_last_chunk::<8>()?;
        if *sum != checksum(content) {
            return None;
        }
        let (magic, content) = content.split_first_chunk::<8>()?;
        let (number, content) = content.split_first_chunk::<8>()?;
        let (chain, content) = content.split_first_chunk::<32>()?;
        let (size, content) = content.split_first_chunk::<8>()?;
        let modified = content.try_into().ok()?;
        (*magic == MAGIC).then(|| Self {
            tail: Tail { number: u64::from_be_bytes(*number), chain: *chain },
            stamp: Stamp { size: u64::from_be_bytes(*size), modified: i128::from_be_bytes(modified) },
        })
    }

    fn bytes(&self) -> Vec<u8> {
        let Self { tail, stamp } = self;
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend(MAGIC);
        bytes.extend(tail.number.to_be_bytes());
        bytes.extend(tail.chain);
        bytes.extend(stamp.size.to_be_bytes());
        bytes.extend(stamp.modified.to_be_bytes());
        bytes.extend(checksum(&bytes));
        bytes
    }

    /// Writes the mark beside a database file, for every account that may write the database. A mark that cannot be written
    /// lags, and no payment waits for it.
    pub(super) fn write(&self, path: &Path, database: &File) {
        // Before the first event nothing can be lost.
        if self.tail.number > 0 {
            // One length for all, so that each write replaces all of the one before.
            let _ = write_beside(path, database, &self.bytes());
        }
    }
}

/// Writes a file beside a database file, for every account that may write the database.
pub(super) fn write_beside(path: &Path, database: &File, bytes: &[u8]) -> io::Result<()> {
    let mut file = open_beside(path, database)?;
    file.write_all(bytes)?;
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if FileState::of(&file)?.stamp.size > length { file.set_len(length) } else { Ok(()) }
}

/// Opens a file beside a database file for reading and writing, for every account that may write the database. Creates it where
/// there is none.
pub(super) fn open_beside(path: &Path, database: &File) -> io::Result<File> {
    if leads_elsewhere(path) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let file = match options().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(path, database)?,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            set_aside(path)?;
            create(path, database)?
        }
        opened => opened?,
    };
    // Not through a link that somebody made to a file of another kind.
    if !file.metadata()?.is_file() || FileState::of(&file)?.links > 1 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Ok(file)
}

/// Puts the folder of a mark aside if this account may not write the mark, as where the journal was given to another account later.
/// A mark that stands still protects nothing. Returns whether that was necessary.
pub(super) fn make_writable(path: &Path) -> Result<bool, JournalError> {
    match options().write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let refused = |_| {
                let path = path.display();
                JournalError::unwritable(format!(
                    "{path}: {error}; give it the owner and the rights of the journal"
                ))
            };
            set_aside(path).map_err(refused)?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

fn set_aside(path: &Path) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::NotFound)?;
    let mut aside = folder.as_os_str().to_owned();
    aside.push(format!(".{}", std::process::id()));
    std::fs::rename(folder, aside)
}

/// Reads the first `max` bytes of a file beside a database file; nothing if there is none.
pub(super) fn read_beside(path: &Path, max: usize) -> Option<Vec<u8>> {
    if leads_elsewhere(path) {
        return None;
    }
    let file = options().read(true).open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::with_capacity(max);
    file.take(u64::try_from(max).ok()?).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// The seal that covers the file as it is: the events up to the one of the seal need no check. The file is as the last writer
/// left it, or has further events, which a journal wrote that had no time to write its mark.
pub(super) fn seal(
    connection: &Connection,
    marks: &[Mark],
    stamp: Stamp,
) -> Result<Option<Tail>, JournalError> {
    let Some(newest) = marks.iter().max_by_key(|mark| mark.tail.number) else { return Ok(None) };
    // What came after it is forgotten: it covers nothing of what is there.
    if newest.tail.number < Tail::forgotten(connection)?.number {
        return Ok(None);
    }
    let is_covered =
        marks.iter().any(|mark| mark.stamp == stamp) || Tail::of(connection)?.number > newest.tail.number;
    Ok(is_covered.then_some(newest.tail))
}

/// A journal in which this event is missing, or is another one, is an older copy, or one of which an older copy was used
/// in between.
pub(super) fn check_contains(connection: &Connection, last: &Tail) -> Result<(), JournalError> {
    let tail = Tail::of(connection)?;
    let older = |what| Err(JournalError::Older { what });
    if tail.number < last.number {
        return older(format!(
            "the file ends with event {}, and event {} was recorded",
            tail.number, last.number
        ));
    }
    // Of what was forgotten before that, no chain is known.
    match records::chain_of(connection, last.number)? {
        Some(chain) if chain != last.chain => older(format!(
            "event {} of the file is not the event {} that was recorded",
            last.number, last.number
        )),
        _ => Ok(()),
    }
}

/// The first bytes of a SHA-256.
pub(super) fn checksum(content: &[u8]) -> [u8; 8] {
    let hash: [u8; 32] = Sha256::digest(content).into();
    hash.first_chunk().copied().unwrap_or_default()
}

/// Opens without following a symbolic link and without waiting for the other end of a pipe.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        let flags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).bits();
        options.custom_flags(i32::try_from(flags).unwrap_or_default());
    }
    options
}

/// Creates the mark, and its folder, with the permissions of the database, and with its owner as far as the system allows
/// that.
#[cfg(unix)]
fn create(path: &Path, database: &File) -> io::Result<File> {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

    let of_database = database.metadata()?;
    let give = |file: &File, mode: u32| {
        file.set_permissions(Permissions::from_mode(mode))?;
        let group = Some(of_database.gid());
        if fchown(file, Some(of_database.uid()), group).is_err() {
            let _ = fchown(file, None, group);
        }
        io::Result::Ok(())
    };
    let mode = of_database.permissions().mode() & 0o666;
    if let Some(folder) = path.parent() {
        match fs::create_dir(folder) {
            // Whoever may read a file may look for it in its folder.
            Ok(()) => give(&File::open(folder)?, mode | ((mode & 0o444) >> 2))?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    let file = options().read(true).write(true).create_new(true).open(path)?;
    give(&file, mode)?;
    Ok(file)
}

#[cfg(not(unix))]
fn create(path: &Path, _database: &File) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        match std::fs::create_dir(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    options().read(true).write(true).create_new(true).open(path)
}

/// Whether the folder of the mark is a link to another place.
fn leads_elsewhere(path: &Path) -> bool {
    path.parent().is_some_and(Path::is_symlink)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(number: u64) -> Mark {
        Mark {
            tail: Tail { number, chain: [0xa5; 32] },
            stamp: Stamp { size: 4096, modified: -1_795_424_400_000_000_000 },
        }
    }

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let (path, database) = (folder.path().join("mark"), tempfile::tempfile().unwrap());
        assert_eq!(Mark::read(&path), None);
        for number in [u64::MAX, 1, 77] {
            mark(number).write(&path, &database);
            assert_eq!(Mark::read(&path), Some(mark(number)));
        }
        // Over something longer, too.
        std::fs::write(&path, "x".repeat(1000)).unwrap();
        assert_eq!(Mark::read(&path), None);
        mark(3).write(&path, &database);
        assert_eq!(Mark::read(&path), Some(mark(3)));
    }

    #[test]
    fn nothing_is_marked_before_the_first_event() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mark");
        mark(0).write(&path, &tempfile::tempfile().unwrap());
        assert!(!path.exists());
    }

    #[test]
    fn a_mark_that_is_cut_or_changed_is_none() {
        let whole = mark(12).bytes();
        assert_eq!(whole.len(), LENGTH);
        assert_eq!(Mark::parse(&whole), Some(mark(12)));
        for length in 0..whole.len() {
            assert_eq!(Mark::parse(&whole[..length]), None, "{length}");
            let mut changed = whole.clone();
            changed[length] ^= 1;
            assert_eq!(Mark::parse(&changed), None, "{length}");
        }
        assert_eq!(Mark::parse(&[whole.as_slice(), b"x"].concat()), None);
        let mut strange = whole[..LENGTH - 8].to_vec();
        strange[7] = b'2';
        strange.extend(checksum(&strange));
        assert_eq!(Mark::parse(&strange), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_mark_goes_through_no_link_and_waits_for_no_pipe() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("mark"), folder.path().join("other"));
        let database = tempfile::tempfile().unwrap();
        std::fs::write(&other, "precious").unwrap();
        std::os::unix::fs::symlink(&other, &path).unwrap();
        mark(1).write(&path, &database);
        std::fs::remove_file(&path).unwrap();
        std::fs::hard_link(&other, &path).unwrap();
        mark(1).write(&path, &database);
        assert_eq!(std::fs::read(&other).unwrap(), b"precious");
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        mark(1).write(&path, &database);
        assert_eq!(Mark::read(&path), None);
        std::fs::remove_dir(&path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        mark(1).write(&path, &database);
        assert_eq!(Mark::read(&path), None);
    }
}
