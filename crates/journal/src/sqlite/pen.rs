//! The connection that writes, with all that a write needs to know, and the batch that is being written.

use std::fs::File;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rusqlite::Connection;

use super::chain::Tail;
use super::identity::Stamp;
use super::location::Log;
use super::mark;
use super::open::{self, Opened, Purpose, Site};
use super::recent::{RecentEvent, RecentEvents, SLOTS};
use super::state::Current;
use super::turn::Turn;
use super::unit::{Kind, Unit, run};
use super::writing::Writer;
use crate::{Care, JournalError};

/// How long one attempt to begin a write waits for a program that writes to the file without being a journal.
const ATTEMPT: Duration = Duration::from_millis(20);
/// The most events that one call writes.
const MAX_EVENTS: u64 = 2;
/// The most calls whose events become durable together.
const MAX_MEMBERS: usize = 24;

/// What became of a batch, once that is known.
pub(super) type Outcome = Arc<OnceLock<Result<(), JournalError>>>;

/// The connection that writes. Whoever has the pen is the only one in the process that uses it.
pub(super) struct Pen {
    pub(super) connection: Connection,
    /// The write-ahead log that the connection uses.
    log: Option<Log>,
    /// The last event that this process has written, or read when it opened the journal.
    pub(super) last: Tail,
    /// The open transactions and the terminals after the last event that was read or written.
    current: Option<Current>,
    /// The state of the file after the last check or checkpoint of this process.
    pub(super) stamp: Stamp,
    recent: Option<RecentEvents>,
    /// The events up to this number are durable in the database file.
    durable: u64,
    batch: Option<Batch>,
}

/// Writes of several callers that become durable together.
struct Batch {
    /// Held for its drop.
    _turn: Turn,
    events: Vec<RecentEvent>,
    members: usize,
    care: Care,
    outcome: Outcome,
}

impl From<Opened> for Pen {
    fn from(opened: Opened) -> Self {
        let Opened { connection, log, current, stamp, durable, site: _ } = opened;
        Self {
            connection,
            log,
            last: current.tail,
            current: Some(current),
            stamp,
            recent: None,
            durable,
            batch: None,
        }
    }
}

impl Pen {
    /// Whether a batch is open, and so whether the database has content that is not durable yet.
    pub(super) const fn has_batch(&self) -> bool {
        self.batch.is_some()
    }

    /// What will become of the open batch.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        self.batch.as_ref().map(|batch| Arc::clone(&batch.outcome))
    }

    /// Whether another caller's write fits into the open batch.
    pub(super) fn has_room(&self) -> bool {
        self.batch.as_ref().is_some_and(|batch| batch.members < MAX_MEMBERS) && self.has_slots()
    }

    fn has_slots(&self) -> bool {
        let tail = self.current.as_ref().map_or(self.last, |current| current.tail);
        tail.number.saturating_add(MAX_EVENTS) <= self.durable.saturating_add(SLOTS)
    }

    /// Reads in one snapshot, in which no other process writes.
    pub(super) fn read<T>(
        &mut self,
        read: impl FnOnce(&Connection, &mut Option<Current>) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let snapshot = Unit::begin(&self.connection, Kind::Read)?;
        read(&snapshot, &mut self.current)
    }

    /// Checks that the path leads to the open file and its log, and that nothing but a journal has written to it.
    pub(super) fn examine(&mut self, site: &Site, care: Care) -> Result<(), JournalError> {
        self.check_log(site)?;
        site.location.check(&site.file, care)?;
        self.check_again_if_changed(site)
    }

    /// Writes the mark if there is none.
    pub(super) fn mark(&self, site: &Site) {
        if site.location.marks().is_empty() {
            site.location.write_mark(&site.file, &self.last, self.stamp);
        }
    }

    /// Begins a batch. No other process writes until it is closed.
    pub(super) fn begin(&mut self, site: &Site, turn: Turn, care: Care) -> Result<(), JournalError> {
        self.examine(site, care)?;
        self.open_recent(site)?;
        self.begin_unit()?;
        let prepared = self.prepare(site);
        if prepared.is_err() {
            self.roll_back();
        }
        prepared?;
        let outcome = Outcome::default();
        self.batch = Some(Batch { _turn: turn, events: Vec::new(), members: 0, care, outcome });
        Ok(())
    }

    /// Brings the database up to the newest event, and makes room for further ones.
    fn prepare(&mut self, site: &Site) -> Result<(), JournalError> {
        mark::check_contains(&self.connection, &self.last)?;
        load(&mut self.current, &self.connection)?;
        if self.catch_up()? {
            run(&self.connection, "COMMIT")?;
            self.begin_unit()?;
        }
        self.last = self.current.as_ref().map_or(self.last, |current| current.tail);
        if !self.has_slots() {
            run(&self.connection, "ROLLBACK")?;
            self.make_durable(site)?;
            self.begin_unit()?;
        }
        Ok(())
    }

    fn begin_unit(&self) -> Result<(), JournalError> {
        self.connection.busy_timeout(ATTEMPT)?;
        let begun = run(&self.connection, "BEGIN IMMEDIATE");
        self.connection.busy_timeout(open::PATIENCE)?;
        begun
    }

    /// Repeats the events that are durable and not yet in the database. Returns whether there were any.
    fn catch_up(&mut self) -> Result<bool, JournalError> {
        let (Some(current), Some(recent)) = (&mut self.current, &self.recent) else { return Ok(false) };
        let mut any = false;
        loop {
            let write = recent.after(&current.tail)?;
            if write.is_empty() {
                return Ok(any);
            }
            if !any {
                // The process that wrote them may have been killed before its sync.
                recent.sync()?;
            }
            let mut repeated = Vec::new();
            let mut writer = Writer::new(&self.connection, current, &mut repeated);
            write.iter().try_for_each(|event| writer.repeat(event))?;
            any = true;
        }
    }

    /// Adds a caller's write to the open batch: all of it or nothing.
    pub(super) fn add<T>(
        &mut self,
        site: &Site,
        care: Care,
        write: impl FnOnce(&mut Writer<'_>) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let Some(batch) = &mut self.batch else { return Err(JournalError::Locked) };
        let is_first = batch.members == 0;
        site.location.check(&site.file, care)?;
        if !is_first {
            run(&self.connection, "SAVEPOINT member")?;
        }
        let before = batch.events.len();
        let written = load(&mut self.current, &self.connection)
            .and_then(|current| write(&mut Writer::new(&self.connection, current, &mut batch.events)));
        match &written {
            Ok(_) => {
                let added = batch.events.get_mut(before..).unwrap_or_default();
                for (followers, event) in (0u32..).zip(added.iter_mut().rev()) {
                    (event.followers, event.durable) = (followers, self.last);
                }
                batch.members = batch.members.saturating_add(1);
                if care == Care::Strict {
                    batch.care = care;
                }
                if !is_first {
                    run(&self.connection, "RELEASE member")?;
                }
            }
            Err(_) => {
                batch.events.truncate(before);
                // Read again for the next one.
                self.current = None;
                if !is_first {
                    run(&self.connection, "ROLLBACK TO member")?;
                    run(&self.connection, "RELEASE member")?;
                }
            }
        }
        written
    }

    /// Whether the batch contains the write of any caller.
    pub(super) fn is_empty(&self) -> bool {
        self.batch.as_ref().is_none_or(|batch| batch.members == 0)
    }

    /// Gives up a batch to which nothing was added.
    pub(super) fn abandon(&mut self) {
        self.roll_back();
        self.batch = None;
    }

    /// Makes the open batch durable. Everyone whose write is in it learns the outcome.
    pub(super) fn close(&mut self, site: &Site) {
        let Some(batch) = self.batch.take() else { return };
        let closed = self.commit(site, &batch);
        let _ = batch.outcome.set(closed);
    }

    fn commit(&mut self, site: &Site, batch: &Batch) -> Result<(), JournalError> {
        let missing = || JournalError::unwritable("the file of the newest events is not open");
        let durable = match batch.events.is_empty() {
            true => Ok(()),
            false => self.recent.as_ref().ok_or_else(missing).and_then(|recent| recent.write(&batch.events)),
        };
        let committed = durable.and_then(|()| run(&self.connection, "COMMIT"));
        if let Err(error) = committed {
            self.roll_back();
            if let Some(recent) = &self.recent {
                recent.withdraw(&batch.events);
            }
            return Err(error);
        }
        self.last = self.current.as_ref().map_or(self.last, |current| current.tail);
        site.location.write_mark(&site.file, &self.last, self.stamp);
        if batch.events.is_empty() {
            // What no event describes has no other copy.
            self.make_durable(site)?;
        }
        self.check_log(site)?;
        site.location.check(&site.file, batch.care)
    }

    fn roll_back(&mut self) {
        self.current = None;
        if !self.connection.is_autocommit() {
            // What cannot be rolled back now is rolled back with the connection.
            let _ = run(&self.connection, "ROLLBACK");
        }
    }

    /// Writes the log into the database file, as far as no other process still reads an earlier state. The turn is held.
    /// Returns whether everything is there.
    pub(super) fn checkpoint(&mut self, site: &Site) -> Result<bool, JournalError> {
        let (stamp, is_complete) = (site.location.stamp()?, open::checkpoint(&self.connection)?);
        let after = site.location.stamp()?;
        if after != stamp || after != self.stamp {
            self.stamp = after;
            site.location.write_mark(&site.file, &self.last, after);
        }
        if is_complete {
            self.durable = self.last.number;
        }
        Ok(is_complete)
    }

    /// Makes everything durable without the file of the newest events. The turn is held.
    fn make_durable(&mut self, site: &Site) -> Result<(), JournalError> {
        if !self.checkpoint(site)? {
            // Another process reads an earlier state, and may do so for long.
            let failed = |error| JournalError::unwritable(format!("the write-ahead log: {error}"));
            let log = File::options().read(true).write(true).open(site.location.log_file());
            log.and_then(|log| log.sync_data()).map_err(failed)?;
            self.durable = self.last.number;
        }
        Ok(())
    }

    /// Writes the log into the database file and begins it again, so that no write of a payment has to. The turn is held.
    pub(super) fn tidy(&mut self, site: &Site) -> Result<(), JournalError> {
        self.examine(site, Care::Lenient)?;
        if self.checkpoint(site)? {
            self.begin_unit()?;
            // The first commit after a checkpoint syncs the head of the log. This one changes nothing.
            run(&self.connection, open::CHANGE_NOTHING)?;
            run(&self.connection, "COMMIT")?;
        }
        Ok(())
    }

    /// Empties the file of the newest events: a person accepted that they are missing in the database. The turn is held.
    pub(super) fn clear_recent(&mut self, site: &Site) -> Result<(), JournalError> {
        self.open_recent(site)?;
        self.recent.as_ref().map_or(Ok(()), RecentEvents::clear)
    }

    /// Opens the file of the newest events, or opens it again if the path leads to another one by now.
    fn open_recent(&mut self, site: &Site) -> Result<(), JournalError> {
        if self.recent.as_ref().is_some_and(RecentEvents::is_at_path) {
            return Ok(());
        }
        // Another file, or a new one, has no copy of what is not in the database file yet.
        if self.recent.take().is_some() || self.durable < self.last.number {
            self.make_durable(site)?;
        }
        self.recent = Some(RecentEvents::open(&site.location.recent_events(), site.file.file())?);
        Ok(())
    }

    /// Checks that the write-ahead log is still the one that is open.
    fn check_log(&self, site: &Site) -> Result<(), JournalError> {
        if site.location.log() == self.log {
            return Ok(());
        }
        // Whoever opens the path later finds that payments were here.
        site.location.write_mark(&site.file, &self.last, self.stamp);
        Err(JournalError::Replaced { what: "its -wal or -shm file was removed or replaced" })
    }

    /// Opens the file anew, with all its checks, if something wrote to the file that left no mark of it: a copy may have been
    /// written over the content. What SQLite has read of the file before is then worth nothing.
    fn check_again_if_changed(&mut self, site: &Site) -> Result<(), JournalError> {
        let stamp = site.location.stamp()?;
        let is_marked = || site.location.marks().iter().any(|mark| mark.stamp == stamp);
        if stamp == self.stamp || is_marked() {
            self.stamp = stamp;
            return Ok(());
        }
        open::empty_log(&self.connection)?;
        let opened = open::open_again(site, Purpose::Use)?;
        mark::check_contains(&opened.connection, &self.last)?;
        *self = Self::from(opened);
        Ok(())
    }

    /// Lets the next opening check everything, and refuse what is damaged.
    pub(super) fn unseal(&self, site: &Site) {
        site.location.write_mark(&site.file, &self.last, Stamp::NONE);
    }

    /// Closes the connection. Before the last connection of all closes, SQLite writes into the file what is only in its log so
    /// far: the turn is held, so that the mark covers the file afterwards.
    pub(super) fn close_file(mut self, site: &Site) {
        let is_marked = |stamp| site.location.marks().first().is_some_and(|mark| mark.stamp == stamp);
        let Ok(before) = site.location.stamp() else { return };
        if site.location.log() != self.log || !is_marked(before) {
            return;
        }
        let complete = self.checkpoint(site);
        let (last, tail) = (self.last, Tail::of(&self.connection));
        drop(self);
        if let (Ok(_), Ok(tail), Ok(after)) = (complete, tail, site.location.stamp())
            && after != before
        {
            let newest = if tail.number > last.number { tail } else { last };
            site.location.write_mark(&site.file, &newest, after);
        }
    }
}

/// The open transactions and the terminals, as the last event leaves them.
pub(super) fn load<'c>(
    current: &'c mut Option<Current>,
    connection: &Connection,
) -> Result<&'c mut Current, JournalError> {
    let known = match current.take() {
        Some(known) if known.tail == Tail::of(connection)? => known,
        _ => Current::load(connection)?,
    };
    Ok(current.insert(known))
}
