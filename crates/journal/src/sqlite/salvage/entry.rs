//! From a damaged file to a new journal.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use caisse_payment::{Currency, TerminalId, TransactionId};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};

use super::super::chain::{self, Chain, Tail};
use super::super::location::Location;
use super::super::part::Part;
use super::super::unit::{Kind, Unit};
use super::super::{check, format, older_copy, records};
use super::builder::Builder;
use super::found::Found;
use super::outcome::{HeldBackReason, Salvaged};
use super::rescue::Rescue;
use super::source::{PAGE_SIZES, Source, beside};
use super::verified::Chained;
use crate::{JournalError, SqliteJournal, WallTime};

impl SqliteJournal {
    /// Writes everything that can be verified of a damaged journal into a new one, at a path where nothing is yet. The damaged file
    /// is never written to. End all tills that use it first.
    ///
    /// Each event that is carried over is as it was written: its hash proves it. Where a row of the table `transactions` says what a
    /// lost event was, and the hash of a later event proves that, the event is rebuilt. The write-ahead log is read as SQLite would
    /// apply it.
    ///
    /// **What is lost is held back until a person has looked.** A transaction of which events are lost is unresolved in the new
    /// journal, or disputed where an outcome is known ([`Doubt::Salvaged`](caisse_payment::Doubt::Salvaged)), and only a person can
    /// settle it. Where events may be missing of which nothing is left, every terminal that the file names is held back, and
    /// [`may_miss_transactions`](Salvaged::may_miss_transactions) says that ids may be missing: asked for once more, those are charged
    /// once more. Take the write-ahead log and the folder `NAME.locks` along with a file that is copied elsewhere: without the folder
    /// nothing shows whether the file has the newest payments.
    ///
    /// A salvaged backup is a backup again.
    ///
    /// ```
    /// use caisse_journal::{SqliteJournal, WallTime};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let (damaged, new) = (folder.path().join("journal.db"), folder.path().join("salvaged.db"));
    /// drop(SqliteJournal::open(&damaged)?);
    /// let salvaged = SqliteJournal::salvage(&damaged, &new, WallTime::now())?;
    /// assert!(salvaged.held_back.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Unwritable`](JournalError::Unwritable) when there is a file already, or one of the files cannot be read or written, or a
    /// program has the damaged journal open, as far as the system tells;
    /// [`Foreign`](JournalError::Foreign), [`Former`](JournalError::Former) and [`Newer`](JournalError::Newer) when the file is no
    /// journal of this format; [`Corrupt`](JournalError::Corrupt) when nothing in it can be read. No file is at the new path then.
    pub fn salvage(
        from: impl AsRef<Path>,
        into: impl AsRef<Path>,
        at: WallTime,
    ) -> Result<Salvaged, JournalError> {
        let (from, into) = (from.as_ref(), into.as_ref());
        let mut source = Source::open(&Location::of(from)?)?;
        if source.is_in_use() {
            return Err(in_use(from));
        }
        let part = Part::begin(into, from)?;
        check_free(into)?;
        let state = source.state().ok();
        let found = collect(&mut source)?;
        let chained = Chained::follow(&found, &source);
        let identity = Identity::of(&source, &found, &chained)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);
        let connection = Connection::open_with_flags(part.path(), flags)?;
        // It is synced as a whole, or removed.
        connection.pragma_update(None, "synchronous", "OFF")?;
        connection.pragma_update_and_check(None, "journal_mode", "MEMORY", |_| Ok(()))?;
        // What follows from the events is written after them.
        connection.pragma_update(None, "foreign_keys", false)?;
        format::create(&connection)?;
        let damaged = Damaged { source: &source, found: &found, chained: &chained, identity };
        let salvaged = write(&connection, &damaged, at)?;
        if source.state().ok() != state || source.is_in_use() {
            return Err(in_use(from));
        }
        check::all(&connection, &mut |_| {})?;
        if salvaged.is_backup {
            format::mark_as_backup(&connection)?;
        }
        connection.close().map_err(|(_, error)| error)?;
        part.take_rights_of(source.file());
        part.finish()?;
        if !salvaged.is_backup {
            drop(Self::open(into)?);
        }
        Ok(salvaged)
    }
}

/// A till that goes on would record payments that the new journal does not know.
fn in_use(from: &Path) -> JournalError {
    let what = "a program has it open: end all tills that use it first";
    JournalError::unwritable(format!("{}: {what}", from.display()))
}

/// Reads all that can be read. A damaged header may say another size of the pages.
fn collect(source: &mut Source) -> Result<Found, JournalError> {
    let found = Found::collect(source)?;
    if found.is_empty || !found.events.is_empty() {
        return Ok(found);
    }
    let stated = source.page_size.0;
    for size in PAGE_SIZES {
        source.set_page_size(size);
        let found = Found::collect(source)?;
        if !found.events.is_empty() {
            return Ok(found);
        }
    }
    source.set_page_size(stated);
    Ok(found)
}

/// What the file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Identity {
    Journal,
    Backup,
    /// A journal or a copy of one: its header is damaged, or no file is beside it.
    Unclear,
}

impl Identity {
    /// Refuses what is no journal of this format, and a file in which nothing of one can be read.
    fn of(source: &Source, found: &Found, chained: &Chained) -> Result<Self, JournalError> {
        let has_proof = chained.events.values().any(|event| event.is_linked);
        // Only a journal has a mark.
        let is_marked = source.recorded.iter().any(|recorded| {
            chained.events.get(&recorded.number).is_some_and(|event| event.chain == recorded.chain)
        });
        let by_header =
            found.identity.map(|(application, version)| format::kind(application.into(), version.into()));
        match by_header {
            Some(Err(error @ JournalError::Former)) => return Err(error),
            Some(Err(error)) if !has_proof => return Err(error),
            Some(Ok(true)) => return Ok(Self::Backup),
            Some(Ok(false)) if found.is_empty => return Ok(Self::Journal),
            _ => {}
        }
        // The index has the ids of the transactions, which are held back.
        let has_ids = matches!(by_header, Some(Ok(_))) && found.is_indexed();
        if found.events.is_empty() && found.rows.is_empty() && !has_ids {
            return Err(JournalError::corrupt("nothing of a journal can be read in the file"));
        }
        // Without the files beside it, it may be a copy that knows nothing of the last payments.
        let has_company = !source.recorded.is_empty();
        let is_journal = is_marked || matches!(by_header, Some(Ok(false))) && has_company;
        Ok(if is_journal { Self::Journal } else { Self::Unclear })
    }
}

/// Refuses a path at which a journal was used before: its mark says that events are missing.
fn check_free(into: &Path) -> Result<(), JournalError> {
    let marks = beside(into, ".locks");
    if marks.symlink_metadata().is_err() {
        return Ok(());
    }
    let what = "it belongs to a journal that was there: move it elsewhere first, or choose another path";
    Err(JournalError::unwritable(format!("{}: {what}", marks.display())))
}

/// What is left of a journal.
struct Damaged<'d> {
    source: &'d Source,
    found: &'d Found,
    chained: &'d Chained,
    identity: Identity,
}

impl Damaged<'_> {
    /// The last event that began each of these transactions, if that is as it was written.
    fn starts(&self, owners: &BTreeMap<u64, BTreeSet<TransactionId>>) -> BTreeMap<TransactionId, u64> {
        let ids: BTreeSet<TransactionId> = owners.values().flatten().copied().collect();
        let linked = self.chained.events.values().filter(|event| !ids.is_empty() && event.is_linked);
        let events = linked.filter_map(|event| event.place.event(self.source)).map(|(_, row)| row);
        let starts = events.filter(|row| row.event.event.transaction().is_some() && ids.contains(&row.id));
        starts.map(|row| (row.id, row.number)).collect()
    }

    /// The newest attempts before the first event that is kept: each terminal's first event that is kept names the one before.
    fn last_attempts(&self) -> BTreeMap<TerminalId, u64> {
        let begins = self.chained.begins.unwrap_or(Tail::BEGINNING).number;
        let mut last: BTreeMap<TerminalId, Option<u64>> = BTreeMap::new();
        if begins == 0 {
            return BTreeMap::new();
        }
        for (_, row) in self.chained.events.values().filter_map(|event| event.place.event(self.source)) {
            let Some(start) = row.event.event.transaction() else { continue };
            last.entry(start.terminal).or_insert(row.previous.at_terminal);
            if let Some(address) = start.address.filter(|address| *address != start.terminal) {
                last.entry(address).or_insert(row.previous.at_address);
            }
        }
        for (name, attempt) in &self.found.terminals {
            last.entry(*name).or_insert(Some(*attempt));
        }
        let last = last.into_iter().filter_map(|(name, attempt)| Some((name, attempt?)));
        last.filter(|(_, attempt)| *attempt <= begins).collect()
    }
}

/// Writes the new journal.
fn write(connection: &Connection, damaged: &Damaged<'_>, at: WallTime) -> Result<Salvaged, JournalError> {
    let Damaged { source, found, chained, .. } = *damaged;
    let transaction = Unit::begin(connection, Kind::Write)?;
    if let Some(forgotten) = found.forgotten {
        forgotten.write(connection)?;
    }
    let begins = chained.begins.unwrap_or(Tail::BEGINNING);
    let is_lost = |number| !chained.events.get(&number).is_some_and(|event| event.is_linked);
    let owners = found.owners(source, &is_lost);
    let mut rescue = Rescue {
        source,
        found,
        chained,
        builder: Builder::new(&transaction, begins, damaged.last_attempts())?,
        at,
        starts: damaged.starts(&owners),
        owners,
        is_exact: chained.begins.is_some(),
        lost: Vec::new(),
        // A copy knows nothing of the payments since it was made.
        may_miss: damaged.identity == Identity::Unclear,
        unnamed_until: 0,
        incomplete: BTreeMap::new(),
        unplaced: BTreeMap::new(),
        strangers: found.strangers.iter().chain(&chained.forks).copied().collect(),
        carried: 0,
        rebuilt: 0,
        currency: Currency::EUR,
    };
    rescue.carry_over()?;
    let held_back = rescue.hold_back()?;
    let Rescue { builder, carried, rebuilt, lost, unplaced, may_miss, .. } = rescue;
    builder.finish()?;
    let lost_acceptances = copy_acceptances(&transaction, found)?;
    let all: i64 = transaction.query_row("SELECT count(*) FROM transactions", [], |row| row.get(0))?;
    transaction.commit()?;
    let stand_ins = held_back.iter().filter(|held| held.why == HeldBackReason::Terminal).count();
    let all = u64::try_from(all).unwrap_or_default();
    Ok(Salvaged {
        transactions: all.saturating_sub(u64::try_from(stand_ins).unwrap_or_default()),
        events: carried,
        rebuilt_events: rebuilt,
        lost_events: lost,
        unplaced_events: unplaced.into_keys().collect(),
        may_miss_transactions: may_miss,
        held_back,
        is_alone: may_miss && source.recorded.is_empty(),
        is_backup: damaged.identity == Identity::Backup,
        lost_forgotten: chained.begins.is_none(),
        lost_acceptances,
    })
}

/// Copies the rows about older copies that were accepted, up to the first that is not as it was written. Returns how many are lost.
fn copy_acceptances(connection: &Connection, found: &Found) -> Result<u64, JournalError> {
    let (mut before, mut kept) = (Chain::default(), 0i64);
    for (number, row) in &found.accepted_copies {
        let Some((Value::Blob(chain), columns)) = row.split_last() else { break };
        let is_next = kept.checked_add(1) == Some(*number);
        let linked = chain::link(&before, columns);
        if !is_next || linked.as_slice() != chain.as_slice() {
            break;
        }
        let insert = records::insert(older_copy::TABLE, older_copy::COLUMNS);
        connection.execute(&insert, params_from_iter(row))?;
        (before, kept) = (linked, *number);
    }
    let all = found.accepted_copies.keys().next_back().copied().unwrap_or_default();
    Ok(u64::try_from(all.saturating_sub(kept)).unwrap_or_default())
}
