//! The full check: SQLite's own, every event against the one before it, and every transaction against its events. And the check
//! of what the seal does not cover.

use std::ops::ControlFlow;
use std::str;

use caisse_payment::TransactionId;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::chain::Tail;
use super::forgotten::ForgottenRow;
use super::location::Location;
use super::records::Reader;
use super::registry::OpenFile;
use super::state::Current;
use super::unit::{Kind, Unit, prepare};
use super::{SqliteJournal, format, mark, older_copy, records};
use crate::{JournalError, WallTime};

/// A check of the whole journal that found nothing wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FullCheck {
    /// When it ended.
    pub at: WallTime,
    /// How many events it checked.
    pub events: u64,
    /// The number of the last of them.
    pub last_event: u64,
}

/// How far a full check has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckProgress {
    /// How many events have been checked.
    pub events: u64,
    /// How many events there are.
    pub total: u64,
}

impl FullCheck {
    /// Notes it beside the journal. A note that cannot be written is missed by nobody: it proves nothing.
    pub(super) fn note(&self, location: &Location, file: &OpenFile) {
        if self.last_event > 0 {
            let Self { at, events, last_event } = self;
            let text = format!("{at} {events:020} {last_event:020}\n");
            let _ = mark::write_beside(&location.last_check(), file.file(), text.as_bytes());
        }
    }

    /// Reads the note.
    pub(super) fn read(location: &Location) -> Option<Self> {
        let bytes = mark::read_beside(&location.last_check(), 128)?;
        let words: Vec<&str> = str::from_utf8(&bytes).ok()?.trim_end().split(' ').collect();
        let [at, events, last_event] = words.as_slice() else { return None };
        Some(Self {
            at: WallTime::from_text(at)?,
            events: events.parse().ok()?,
            last_event: last_event.parse().ok()?,
        })
    }
}

/// How many rows are checked between two reports of the progress.
const STEP: usize = 1000;

impl SqliteJournal {
    /// Checks the whole journal: SQLite's own check, every event against the one before it, and every transaction against its
    /// events. Every change to the events and transactions that are kept is found, also one that no payment would have met, and every
    /// change to the row that says what was forgotten. No check can find that a person who recomputes all hashes removed the oldest
    /// transactions, or changed the number of those that were forgotten: nothing else in the file depends on them. Takes a time in
    /// proportion to the journal; `report` is called about every thousand events. Other tills pay meanwhile.
    ///
    /// The journal notes when this was: see [`last_check`](Self::last_check). A journal in which the check found damage is
    /// refused by the next [`open`](Self::open), unless another till that has it open writes to it before.
    ///
    /// ```
    /// use caisse_journal::SqliteJournal;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut journal = SqliteJournal::open(folder.path().join("journal.db"))?;
    /// let checked = journal.verify(&mut |progress| println!("{} of {}", progress.events, progress.total))?;
    /// assert_eq!(checked.events, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Corrupt`](JournalError::Corrupt) with the first thing that does not add up, otherwise what the file met.
    pub fn verify(&mut self, report: &mut dyn FnMut(CheckProgress)) -> Result<FullCheck, JournalError> {
        let last = self.read(Tail::of)?;
        // With a connection of its own: others go on meanwhile.
        let connection = Connection::open_with_flags(
            &self.site().location.file,
            OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX),
        )?;
        let checked = {
            let snapshot = Unit::begin(&connection, Kind::Read)?;
            mark::check_contains(&snapshot, &last).and_then(|()| all(&snapshot, report))
        };
        let (checked, _) = checked.inspect_err(|error| self.unseal(error))?;
        self.note(&checked);
        Ok(checked)
    }

    /// Checks the next part of the journal, at most about `max` rows, and returns the whole check once it has come to the end;
    /// the next call begins anew. For the idle time of a till: a payment waits for one part at most. It checks what
    /// [`verify`](Self::verify) checks, except for the structure of the file, which SQLite can only check as a whole.
    ///
    /// ```
    /// use caisse_journal::SqliteJournal;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut journal = SqliteJournal::open(folder.path().join("journal.db"))?;
    /// let checked = loop {
    ///     // The till waits for its next payment here.
    ///     if let Some(checked) = journal.verify_portion(100)? {
    ///         break checked;
    ///     }
    /// };
    /// assert_eq!(checked.events, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_portion(&mut self, max: usize) -> Result<Option<FullCheck>, JournalError> {
        let portion = self.portion.take();
        let next = self.read(|connection| Portion::go_on(portion, connection, max));
        let next = next.inspect_err(|error| self.unseal(error))?;
        if let Some(checked) = next.ended() {
            self.note(&checked);
            return Ok(Some(checked));
        }
        self.portion = Some(next);
        Ok(None)
    }

    /// The last full check of this journal that is known here: by [`verify`](Self::verify), or by an opening that had to check
    /// everything. Nothing where none is noted.
    #[must_use]
    pub fn last_check(&self) -> Option<FullCheck> {
        FullCheck::read(&self.site().location)
    }

    fn note(&self, checked: &FullCheck) {
        let site = self.site();
        if !site.reads_only {
            checked.note(&site.location, &site.file);
        }
    }

    /// Lets the next opening check everything, and refuse what is damaged.
    fn unseal(&self, error: &JournalError) {
        if matches!(error, JournalError::Corrupt { .. }) && !self.site().reads_only {
            self.shared.engine.refuse_payments(error.clone());
        }
    }
}

/// Checks everything.
pub(super) fn all(
    connection: &Connection,
    report: &mut dyn FnMut(CheckProgress),
) -> Result<(FullCheck, Current), JournalError> {
    let verdict: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(JournalError::corrupt(format!("SQLite reports: {verdict}")));
    }
    let total = Tail::of(connection)?.number.saturating_sub(Tail::forgotten(connection)?.number);
    let mut portion = Portion::go_on(None, connection, STEP)?;
    while portion.place != Place::End {
        report(CheckProgress { events: portion.events, total });
        portion = Portion::go_on(Some(portion), connection, STEP)?;
    }
    Ok((portion.checked(), Current::load(connection)?))
}

/// Checks what the seal does not cover: the events after it, with all that was ever written about their transactions; what is
/// open; and the tables themselves. What the seal covers is checked when it is used.
pub(super) fn since(connection: &Connection, seal: Tail) -> Result<Current, JournalError> {
    format::check_tables(connection)?;
    older_copy::verify(connection)?;
    ForgottenRow::read(connection)?;
    let mut ids = Vec::new();
    let tail = records::events_after(connection, seal, &mut |event| {
        ids.push(event.id);
        Ok(ControlFlow::Continue(()))
    })?;
    ids.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
    ids.dedup();
    let mut reader = Reader::new(connection)?;
    for id in ids {
        reader.known(&id)?;
    }
    let current = Current::load(connection)?;
    if current.tail == tail {
        Ok(current)
    } else {
        Err(JournalError::corrupt("the last event is another one"))
    }
}

/// How far a full check has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Portion {
    place: Place,
    /// How many events have been checked.
    events: u64,
    /// The number of the last of them.
    last_event: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// All events up to this one have been checked.
    Events(Tail),
    /// All events, and the rows of the transactions up to this one.
    Transactions(Option<TransactionId>),
    /// Everything.
    End,
}

impl Portion {
    /// Checks at most about `max` rows more.
    pub(super) fn go_on(
        earlier: Option<Self>,
        connection: &Connection,
        max: usize,
    ) -> Result<Self, JournalError> {
        let begins = Tail::forgotten(connection)?;
        let next = match earlier {
            // What was to be checked next may be forgotten.
            Some(Self { place: Place::Events(after), .. }) if after.number < begins.number => None,
            earlier => earlier,
        };
        match next {
            None => {
                format::check_tables(connection)?;
                older_copy::verify(connection)?;
                ForgottenRow::read(connection)?;
                Self { place: Place::Events(begins), events: 0, last_event: begins.number }
                    .check_events(connection, begins, max)
            }
            Some(next) => match next.place {
                Place::Events(after) => next.check_events(connection, after, max),
                Place::Transactions(after) => next.check_transactions(connection, after, max),
                Place::End => Ok(next),
            },
        }
    }

    fn check_events(self, connection: &Connection, after: Tail, max: usize) -> Result<Self, JournalError> {
        let max = max.max(1);
        let (mut count, mut reader) = (0usize, Reader::new(connection)?);
        let mut last_event_of = prepare(connection, records::LAST_EVENT_OF)?;
        let tail = records::events_after(connection, after, &mut |event| {
            let last = last_event_of.query_row([event.id.as_str()], |row| row.get::<_, i64>(0)).optional()?;
            match last.and_then(|last| u64::try_from(last).ok()) {
                Some(last) if last > event.number => {}
                // All that was written about it, once.
                Some(last) if last == event.number => drop(reader.known(&event.id)?),
                _ => return Err(JournalError::corrupt("a transaction is missing")),
            }
            count = count.saturating_add(1);
            Ok(if count < max { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        let place = if count < max { Place::Transactions(None) } else { Place::Events(tail) };
        let events = self.events.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(Self { place, events, last_event: tail.number })
    }

    /// Checks that the transactions are those of the events, which have been checked.
    fn check_transactions(
        self,
        connection: &Connection,
        after: Option<TransactionId>,
        max: usize,
    ) -> Result<Self, JournalError> {
        let max = max.max(1);
        let query = "SELECT id, (SELECT id FROM events WHERE number = last_event) FROM transactions \
                     WHERE id > ?1 ORDER BY id LIMIT ?2";
        let mut statement = prepare(connection, query)?;
        let from = after.as_ref().map_or("", TransactionId::as_str);
        let mut rows = statement.query((from, i64::try_from(max).unwrap_or(i64::MAX)))?;
        let (mut count, mut last) = (0usize, after);
        while let Some(row) = rows.next()? {
            let (id, of_event): (String, Option<String>) = (row.get(0)?, row.get(1)?);
            if of_event.as_ref() != Some(&id) {
                return Err(JournalError::corrupt("a transaction without its events"));
            }
            last = Some(id.parse().map_err(|_| JournalError::corrupt("the id of a transaction"))?);
            count = count.saturating_add(1);
        }
        if count == max {
            return Ok(Self { place: Place::Transactions(last), ..self });
        }
        // What is open, and the terminals.
        Current::load(connection)?;
        Ok(Self { place: Place::End, ..self })
    }

    /// The check, if it has come to its end.
    pub(super) fn ended(&self) -> Option<FullCheck> {
        (self.place == Place::End).then(|| self.checked())
    }

    fn checked(&self) -> FullCheck {
        FullCheck { at: WallTime::now(), events: self.events, last_event: self.last_event }
    }
}
