//! Opening a journal: what is not ours is left alone, and what is ours is checked before it is trusted.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Row};

use super::chain::Tail;
use super::identity::{FileState, Stamp, network_file_system};
use super::location::{Location, Log};
use super::mark::{self, Mark};
use super::recent::Content;
use super::registry::OpenFile;
use super::state::Current;
use super::turn::Turn;
use super::unit::{Kind, MAX_STATEMENTS, Unit, prepare};
use super::writing::Writer;
use super::{byte_locks, check, format, read_only};
use crate::{Care, JournalError, Patience};

/// How long to wait for another program that keeps the file busy.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How long reading waits for a process that writes, so that a journal can be read while one is stopped in the middle of a write.
const READING: Duration = Duration::from_secs(2);

/// A statement that writes to the file and changes nothing: it sets the number of the format to what it is.
pub(super) const CHANGE_NOTHING: &str = "PRAGMA user_version = 1";

/// Where a journal is, with the file that is open.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) location: Location,
    pub(super) file: Arc<OpenFile>,
    /// Whether the path may be a second one, by which nothing is written.
    pub(super) reads_only: bool,
}

/// An open and checked journal.
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) site: Site,
    /// The write-ahead log that the connection uses.
    pub(super) log: Option<Log>,
    /// The open transactions and the terminals after the last event.
    pub(super) current: Current,
    /// The state of the file when its check began.
    pub(super) stamp: Stamp,
    /// The events up to this number are durable in the database file.
    pub(super) durable: u64,
}

/// What a journal is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// For payments.
    Use,
    /// For reading alone, also by a second path.
    Read,
    /// For a person to accept an older copy.
    AcceptOlder,
}

impl Purpose {
    const fn care(self) -> Care {
        match self {
            Self::Read => Care::Lenient,
            Self::Use | Self::AcceptOlder => Care::Strict,
        }
    }
}

/// Opens or creates the journal at a path.
pub(super) fn open(
    location: Location,
    purpose: Purpose,
    patience: &Patience,
) -> Result<Opened, JournalError> {
    location.check_not_lost()?;
    let file = match OpenFile::open(&location.real) {
        Err(error) if read_only::is_denied(&error) => {
            return read_only::open_backup(location, purpose, &error);
        }
        opened => opened
            .map_err(|error| JournalError::unwritable(format!("{}: {error}", location.file.display())))?,
    };
    let site = Site { location, file, reads_only: purpose == Purpose::Read };
    site.location.check(&site.file, purpose.care())?;
    check_locks(&site.location, &site.file)?;
    let turn = match purpose {
        Purpose::Use | Purpose::AcceptOlder => Some(Turn::take(&site.file, patience.wait())?),
        Purpose::Read => Turn::take(&site.file, Patience::new(READING).wait()).ok(),
    };
    open_at(&site, purpose, turn.is_some(), turn)
}

/// Opens a journal again while the turn is held.
pub(super) fn open_again(site: &Site, purpose: Purpose) -> Result<Opened, JournalError> {
    site.location.check_not_lost()?;
    let state = FileState::at(&site.location.real);
    if state.map_or(true, |state| state.identity != site.file.identity()) {
        return Err(JournalError::Replaced { what: "another file was put in the place of its file" });
    }
    open_at(site, purpose, true, None)
}

/// Opens the journal. The turn, if one is given, is given back once the state that is to be checked stands still.
fn open_at(
    site: &Site,
    purpose: Purpose,
    has_turn: bool,
    turn: Option<Turn>,
) -> Result<Opened, JournalError> {
    let Site { location, file, .. } = site;
    // Before the file is read: a mark is written after its event.
    let (mut marks, recent) = (location.marks(), Content::read(&location.recent_events()));
    // Without SQLITE_OPEN_URI: a path is a path, whatever its characters.
    // Without a mutex: a connection is used by one thread at a time.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        .union(OpenFlags::SQLITE_OPEN_CREATE)
        .union(OpenFlags::SQLITE_OPEN_NO_MUTEX);
    let connection = Connection::open_with_flags(&location.file, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(MAX_STATEMENTS);
    // The file may come from anywhere: nothing in its schema may do more than store.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // A plan that was made once stays: SQLite would prepare a statement again for other values.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    if format::is_empty(&connection)? {
        location.check(file, Care::Strict)?;
        format::create(&connection)?;
    }
    format::check_identity(&connection, purpose == Purpose::Read)?;
    if connection.is_readonly("main")? {
        return Err(JournalError::unwritable("the file is read-only"));
    }
    // A backup is read as it is, and stays as it is.
    let is_backup = format::is_backup(&connection)?;
    if !is_backup {
        make_durable(&connection)?;
    }
    // This first read opens the write-ahead log.
    format::check_identity(&connection, purpose == Purpose::Read)?;
    // Without any mark nothing is known of the last writer, and no writer is waited for.
    if !marks.is_empty() && !marks.iter().any(|mark| location.stamp() == Ok(mark.stamp)) {
        empty_log(&connection)?;
    }
    let mut durable = 0;
    if has_turn && !is_backup {
        let before = location.stamp()?;
        let was_sealed = marks.iter().any(|mark| mark.stamp == before);
        catch_up(&connection, &recent, location)?;
        let is_complete = checkpoint(&connection)?;
        let (tail, after) = (Tail::of(&connection)?, location.stamp()?);
        if is_complete {
            durable = tail.number;
        }
        if was_sealed && after != before {
            // The seal covers what this has written into the file.
            for mark in marks.iter_mut().filter(|mark| mark.stamp == before) {
                mark.stamp = after;
                location.write_mark(file, &mark.tail, after);
            }
        }
    }
    let (log, stamp) = (location.log(), location.stamp()?);
    let known = Known { marks: &marks, durable: recent.durable(), stamp };
    let current = check(&connection, site, &known, purpose, turn)?;
    location.check(file, purpose.care())?;
    // Another process that wrote meanwhile writes its own mark.
    let is_marked =
        location.marks().first().is_some_and(|mark| (mark.tail, mark.stamp) == (current.tail, stamp));
    let is_marked = is_marked && !(purpose == Purpose::Use && mark::make_writable(&location.mark())?);
    if purpose == Purpose::Use && !is_marked && location.stamp() == Ok(stamp) {
        location.write_mark(file, &current.tail, stamp);
    }
    Ok(Opened { connection, site: site.clone(), log, current, stamp, durable })
}

/// Repeats the events that are durable and not in the database: after a power cut, or when its log was lost.
fn catch_up(connection: &Connection, recent: &Content, location: &Location) -> Result<(), JournalError> {
    if recent.after(&Tail::of(connection)?).is_empty() {
        return Ok(());
    }
    // The process that wrote them may have been killed before its sync.
    Content::sync(&location.recent_events())?;
    let unit = Unit::begin(connection, Kind::Write)?;
    let mut current = Current::load(&unit)?;
    loop {
        let write = recent.after(&current.tail);
        if write.is_empty() {
            return unit.commit();
        }
        let mut recent = Vec::new();
        let mut writer = Writer::new(&unit, &mut current, &mut recent);
        write.iter().try_for_each(|event| writer.repeat(event))?;
    }
}

/// Writes the log into the database file as far as no other process reads an earlier state. Returns whether everything is there.
pub(super) fn checkpoint(connection: &Connection) -> Result<bool, JournalError> {
    let mut statement = prepare(connection, "PRAGMA wal_checkpoint(PASSIVE)")?;
    let row = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
    let (busy, frames, written) = statement.query_row([], row)?;
    Ok(busy == 0 && frames == written)
}

/// Refuses a place where locks exclude nobody, before anything is written there.
fn check_locks(location: &Location, file: &OpenFile) -> Result<(), JournalError> {
    if let Some(network) = network_file_system(file.file(), &location.real) {
        return Err(JournalError::NoLocks { what: format!("it is stored on a network share ({network})") });
    }
    byte_locks::probe(file.file()).map_err(|error| JournalError::NoLocks { what: error.to_string() })
}

/// The database survives a power cut, as of some commit: in WAL mode with `synchronous=NORMAL` SQLite syncs the log before it
/// writes to the file, and the file before it begins the log again. On macOS only `fullfsync` reaches past the disk's cache.
/// That no acknowledged event is lost is the work of the file of the newest events.
fn make_durable(connection: &Connection) -> Result<(), JournalError> {
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What is forgotten is overwritten, and not only unlinked.
    connection.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    // Only while the turn is held, and not while a payment waits.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    if cfg!(windows) {
        limit_size(connection)?;
    }
    use_wal(connection)
}

/// Keeps the file smaller than the offset of the bytes that are locked: Windows lets no other process write those.
fn limit_size(connection: &Connection) -> Result<(), JournalError> {
    let page_size: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let limit = i64::try_from(byte_locks::FIRST).unwrap_or(i64::MAX);
    let pages = limit.checked_div(page_size).unwrap_or(limit);
    Ok(connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?)
}

/// Empties the write-ahead log, after writing to the file what is not there yet. Something may have written to the file that
/// is no journal, and what the log holds of a page hides what the file holds of it.
pub(super) fn empty_log(connection: &Connection) -> Result<(), JournalError> {
    patiently(|| {
        let query = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy: i64 = connection.query_row(query, [], |row| row.get(0))?;
        if busy == 0 { Ok(()) } else { Err(JournalError::Locked) }
    })
}

fn use_wal(connection: &Connection) -> Result<(), JournalError> {
    patiently(|| {
        let mode: String =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        if mode == "wal" {
            return Ok(());
        }
        Err(JournalError::NoLocks { what: "the file system does not allow a write-ahead log".to_owned() })
    })
}

/// Tries again while the file is locked: a change of the mode and a checkpoint do not wait for other connections as
/// everything else does.
fn patiently(mut attempt: impl FnMut() -> Result<(), JournalError>) -> Result<(), JournalError> {
    let give_up = Instant::now().checked_add(PATIENCE);
    loop {
        match attempt() {
            Err(JournalError::Locked) if give_up.is_some_and(|end| Instant::now() < end) => {
                thread::sleep(Duration::from_millis(20));
            }
            ended => return ended,
        }
    }
}

/// What is known of a journal beside its file.
struct Known<'k> {
    marks: &'k [Mark],
    /// An event that was durable.
    durable: Option<Tail>,
    /// The state of the file.
    stamp: Stamp,
}

impl Known<'_> {
    /// Checks that no event is missing of which one of them knows.
    fn check_contained(&self, connection: &Connection) -> Result<(), JournalError> {
        let marked = self.marks.iter().map(|mark| &mark.tail);
        marked.chain(&self.durable).try_for_each(|last| mark::check_contains(connection, last))
    }
}

/// Checks what the seal does not cover, or everything where no seal is in order: in one snapshot, so that no write of another
/// process comes in between.
fn check(
    connection: &Connection,
    site: &Site,
    known: &Known<'_>,
    purpose: Purpose,
    turn: Option<Turn>,
) -> Result<Current, JournalError> {
    let snapshot = Unit::begin(connection, Kind::Read)?;
    let seal = match purpose {
        Purpose::AcceptOlder => None,
        Purpose::Use | Purpose::Read if known.check_contained(&snapshot).is_err() => None,
        Purpose::Use | Purpose::Read => mark::seal(&snapshot, known.marks, known.stamp)?,
    };
    // The snapshot stands still since the first read, and others may write.
    drop(turn);
    if let Some(seal) = seal {
        return check::since(&snapshot, seal);
    }
    let (checked, current) = check::all(&snapshot, &mut |_| {})?;
    if purpose != Purpose::AcceptOlder {
        known.check_contained(&snapshot)?;
    }
    if purpose == Purpose::Use {
        checked.note(&site.location, &site.file);
    }
    Ok(current)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As on a share of a network: a write that was acknowledged could be lost there.
    #[test]
    fn a_journal_without_a_write_ahead_log_is_none() {
        let connection = Connection::open_in_memory().unwrap();
        let error = use_wal(&connection).unwrap_err();
        assert!(
            matches!(&error, JournalError::NoLocks { what } if what.contains("write-ahead log")),
            "{error:?}"
        );
    }

    #[test]
    fn a_journal_cannot_grow_to_the_bytes_that_are_locked() {
        let connection = Connection::open_in_memory().unwrap();
        limit_size(&connection).unwrap();
        let value = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(value("max_page_count") * value("page_size"), 0x5000_0000);
    }
}
