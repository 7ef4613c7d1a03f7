//! The mark: the last event, kept outside the database file, so that an older copy put in its place is noticed.
//!
//! The mark is written after the event is durable and without a sync. A mark that lags, is absent or cannot be read proves
//! nothing. Only a mark of an event that the file does not contain does.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::chain::Tail;
use super::identity::Stamp;
use crate::JournalError;

/// The first word of a mark.
const MAGIC: &str = "caisse-mark-1";
/// More than the length of any mark, in bytes.
const MAX_LENGTH: u64 = 512;

/// The last event, and the state of the database file after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) tail: Tail,
    pub(super) stamp: Stamp,
}

impl Mark {
    /// Reads a mark; nothing if there is none or it makes no sense.
    pub(super) fn read(path: &Path) -> Option<Self> {
        if leads_elsewhere(path) {
            return None;
        }
        let mut text = String::new();
        let file = options().read(true).open(path).ok()?;
        if !file.metadata().ok()?.is_file() {
            return None;
        }
        file.take(MAX_LENGTH).read_to_string(&mut text).ok()?;
        Self::parse(text.trim_end())
    }

    fn parse(text: &str) -> Option<Self> {
        let (content, sum) = text.rsplit_once(' ')?;
        if sum != checksum(content) {
            return None;
        }
        let words: Vec<&str> = content.split(' ').collect();
        let [MAGIC, number, chain, size, modified] = words.as_slice() else { return None };
        Some(Self {
            tail: Tail { number: number.parse().ok()?, chain: (*chain).to_owned() },
            stamp: Stamp { size: size.parse().ok()?, modified: modified.parse().ok()? },
        })
    }

    fn text(&self) -> String {
        let Self { tail, stamp } = self;
        // One length for all, so that each write replaces all of the one before.
        let content =
            format!("{MAGIC} {:020} {} {:020} {:039}", tail.number, tail.chain, stamp.size, stamp.modified);
        format!("{content} {}\n", checksum(&content))
    }

    /// Writes the mark beside a database file, for every account that may write the database. A mark that cannot be written
    /// lags, and no payment waits for it.
    pub(super) fn write(&self, path: &Path, database: &File) {
        // Before the first event nothing can be lost.
        if self.tail.number > 0 {
            let _ = self.try_write(path, database);
        }
    }

    fn try_write(&self, path: &Path, database: &File) -> io::Result<()> {
        if leads_elsewhere(path) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut file = match options().write(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => create(path, database)?,
            opened => opened?,
        };
        let state = super::identity::FileState::of(&file)?;
        // Not through a link that somebody made to a file of another kind.
        if !file.metadata()?.is_file() || state.links > 1 {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let text = self.text();
        file.write_all(text.as_bytes())?;
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        if state.stamp.size > length { file.set_len(length) } else { Ok(()) }
    }
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
    let number = i64::try_from(last.number).map_err(|_| JournalError::corrupt("the number of an event"))?;
    // Of what was forgotten before that, no chain is known.
    let chain =
        "SELECT chain FROM events WHERE number = ?1 UNION ALL SELECT chain FROM forgotten WHERE events = ?1";
    let chain: Option<String> = connection.query_row(chain, params![number], |row| row.get(0)).optional()?;
    match chain {
        Some(chain) if chain != last.chain => older(format!(
            "event {} of the file is not the event {} that was recorded",
            last.number, last.number
        )),
        _ => Ok(()),
    }
}

/// The first 16 digits of a SHA-256.
fn checksum(content: &str) -> String {
    Sha256::digest(content).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
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
    let file = options().write(true).create_new(true).open(path)?;
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
    options().write(true).create_new(true).open(path)
}

/// Whether the folder of the mark is a link to another place.
fn leads_elsewhere(path: &Path) -> bool {
    path.parent().is_some_and(Path::is_symlink)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(number: u64) -> Mark {
        let chain = "0123456789abcdef".repeat(4);
        Mark {
            tail: Tail { number, chain },
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
        let text = mark(12).text();
        let whole = text.trim_end();
        assert_eq!(Mark::parse(whole), Some(mark(12)));
        for length in 0..whole.len() {
            assert_eq!(Mark::parse(&whole[..length]), None, "{length}");
            let mut changed = whole.as_bytes().to_vec();
            changed[length] ^= 1;
            assert_eq!(Mark::parse(std::str::from_utf8(&changed).unwrap()), None, "{length}");
        }
        let strange = "caisse-mark-2 1 ab 1 1";
        assert_eq!(Mark::parse(&format!("{strange} {}", checksum(strange))), None);
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
