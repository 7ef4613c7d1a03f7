//! What is settled does not stay for ever.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::Duration;

use caisse_payment::TransactionId;
use rusqlite::{Connection, OptionalExtension};

use super::SqliteJournal;
use super::chain::Tail;
use super::forgotten::ForgottenRow;
use super::records::{self, Reader};
use super::state::Current;
use super::unit::prepare;
use crate::{Care, JournalError, State, WallTime};

/// What [`SqliteJournal::forget`] removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// How many transactions.
    pub transactions: u64,
    /// How many events of theirs.
    pub events: u64,
}

/// How many transactions one portion removes, unless the events of one transaction stand among those of many others.
const PORTION: usize = 256;

/// How many pages one write gives back to the system, in a file with a page size of 4 KiB: 1 MiB.
const PAGES: i64 = 256;

/// What limits what may go.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// The last time of an event that may go.
    until: u64,
    /// The event with which the newest transactions begin, which stay whatever their age.
    newest_begin: u64,
}

/// The events up to a place in the chain, and the transactions that they are about, all of which may go.
#[derive(Debug, Default)]
struct Cut {
    last_event: u64,
    transactions: Vec<TransactionId>,
}

impl SqliteJournal {
    /// The shortest time that may be asked for: 31 days.
    pub const KEPT_AT_LEAST: Duration = Duration::from_secs(31 * 24 * 3600);

    /// How many of the newest transactions are kept whatever their age.
    pub const ALWAYS_KEPT: usize = 100;

    /// Removes transactions that have been settled for longer than `keep`, oldest first, up to the first that must stay:
    /// what is unresolved or disputed is never removed, and nothing that came after it is. An id that was removed is new
    /// again, and a credit can no longer name it: keep transactions for as long as either may happen.
    ///
    /// The age is counted from the newest event, or from `now` if that is earlier, and the last
    /// [`ALWAYS_KEPT`](Self::ALWAYS_KEPT) transactions stay whatever their age: a clock that runs ahead for a while does not
    /// make the last payments old.
    ///
    /// The transactions are removed in portions of 256, and payments are recorded between two portions. A portion is larger where
    /// a transaction was decided or disputed long after it began, since all that was recorded meanwhile goes with it. The file is
    /// shortened in place.
    ///
    /// ```
    /// use std::time::Duration;
    /// use caisse_journal::{SqliteJournal, WallTime};
    ///
    /// let folder = tempfile::tempdir()?;
    /// let mut journal = SqliteJournal::open(folder.path().join("journal.db"))?;
    /// let thirteen_months = Duration::from_secs(400 * 24 * 3600);
    /// assert_eq!(journal.forget(thirteen_months, WallTime::now())?.transactions, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Refused`](JournalError::Refused) when `keep` is shorter than [`KEPT_AT_LEAST`](Self::KEPT_AT_LEAST), otherwise what
    /// the file met. The portions before the error are removed then.
    pub fn forget(&mut self, keep: Duration, now: WallTime) -> Result<Forgotten, JournalError> {
        if keep < Self::KEPT_AT_LEAST {
            return Err(JournalError::Refused { what: "to be forgotten after less than 31 days" });
        }
        let mut forgotten = Forgotten::default();
        let Some(limits) = self.read(|connection| limits(connection, keep, now))? else {
            return Ok(forgotten);
        };
        loop {
            // Found without holding the journal; what changes before it is removed is seen then.
            let cut = self.read(|connection| next_cut(connection, &limits))?;
            if cut.transactions.is_empty() {
                break;
            }
            let gone = self.write(Care::Strict, |writer| remove(writer.connection, &cut))?;
            if gone == Forgotten::default() {
                break;
            }
            forgotten.transactions = forgotten.transactions.saturating_add(gone.transactions);
            forgotten.events = forgotten.events.saturating_add(gone.events);
        }
        while self.write(Care::Strict, |writer| give_back(writer.connection))? {}
        Ok(forgotten)
    }
}

/// Returns what limits what may go; nothing where everything is too new.
fn limits(connection: &Connection, keep: Duration, now: WallTime) -> Result<Option<Limits>, JournalError> {
    let newest: Option<String> = connection.query_row("SELECT max(at) FROM events", [], |row| row.get(0))?;
    // Times of one form are in order as texts.
    let newest = newest.as_deref().and_then(WallTime::from_text);
    let keep = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX);
    let Some(until) = newest.and_then(|newest| newest.min(now).millis().checked_sub(keep)) else {
        return Ok(None);
    };
    let mut attempts = prepare(
        connection,
        "SELECT number FROM events AS attempt WHERE what IN ('started', 'never_sent') AND NOT EXISTS \
         (SELECT 1 FROM events INDEXED BY events_by_id WHERE id = attempt.id AND number < attempt.number) \
         ORDER BY number DESC LIMIT 1 OFFSET ?1",
    )?;
    let before = i64::try_from(SqliteJournal::ALWAYS_KEPT.saturating_sub(1)).unwrap_or(i64::MAX);
    let mut rows = attempts.query([before])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let newest_begin: i64 = row.get(0)?;
    Ok(Some(Limits { until, newest_begin: u64::try_from(newest_begin).unwrap_or_default() }))
}

/// Finds the next place where the chain can be cut without cutting a transaction, so that all before it may go. Every event
/// before it is verified, and what is open is known from the last event.
fn next_cut(connection: &Connection, limits: &Limits) -> Result<Cut, JournalError> {
    let begins = Tail::forgotten(connection)?;
    let open: BTreeSet<_> = Current::load(connection)?.open().map(|open| open.id).collect();
    let (mut cut, mut candidate) = (Cut::default(), Cut { last_event: begins.number, ..Cut::default() });
    let (mut known, mut reader, mut goes_on) = (BTreeSet::new(), Reader::new(connection)?, true);
    records::events_after(connection, begins, &mut |event| {
        if event.number > candidate.last_event {
            // No transaction that began before this event goes on after it.
            cut.take(&mut candidate);
        }
        goes_on = !cut.is_full()
            && (known.contains(&event.id) || {
                let stored = reader.known(&event.id)?;
                let is_old = stored.events.iter().all(|event| event.at.millis() < limits.until);
                let is_settled = stored.record().state() == State::Final && !open.contains(&event.id);
                known.insert(event.id);
                candidate.last_event = candidate.last_event.max(stored.row.last_event);
                candidate.transactions.push(event.id);
                is_old && is_settled && event.number < limits.newest_begin
            });
        Ok(if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    if goes_on {
        cut.take(&mut candidate);
    }
    Ok(cut)
}

impl Cut {
    /// Takes everything up to a later cut.
    fn take(&mut self, later: &mut Self) {
        self.last_event = later.last_event;
        self.transactions.append(&mut later.transactions);
    }

    const fn is_full(&self) -> bool {
        self.transactions.len() >= PORTION
    }
}

fn remove(connection: &Connection, cut: &Cut) -> Result<Forgotten, JournalError> {
    let last = records::whole(cut.last_event)?;
    // Whatever happened to one of them meanwhile has added an event.
    let mut last_event_of = prepare(connection, records::LAST_EVENT_OF)?;
    for id in &cut.transactions {
        let number: Option<i64> = last_event_of.query_row([id.as_str()], |row| row.get(0)).optional()?;
        if number.is_none_or(|number| number > last) {
            return Ok(Forgotten::default());
        }
    }
    let chain = records::chain_of(connection, cut.last_event)?
        .ok_or_else(|| JournalError::corrupt("an event is missing"))?;
    let before = ForgottenRow::read(connection)?.map_or(0, |row| row.transactions);
    let transactions = u64::try_from(cut.transactions.len()).unwrap_or(u64::MAX);
    let row =
        ForgottenRow { transactions: before.saturating_add(transactions), events: cut.last_event, chain };
    row.write(connection)?;
    let events = connection.execute("DELETE FROM events WHERE number <= ?1", [last])?;
    let mut delete = prepare(connection, "DELETE FROM transactions WHERE id = ?1")?;
    for id in &cut.transactions {
        if delete.execute([id.as_str()])? != 1 {
            return Err(JournalError::corrupt("a transaction is missing"));
        }
    }
    Ok(Forgotten { transactions, events: u64::try_from(events).unwrap_or_default() })
}

/// Gives free pages at the end of the file back to the system. Returns whether there are more.
fn give_back(connection: &Connection) -> Result<bool, JournalError> {
    let free = || connection.pragma_query_value(None, "freelist_count", |row| row.get::<_, i64>(0));
    let before = free()?;
    if before == 0 {
        return Ok(false);
    }
    let mut vacuum = prepare(connection, &format!("PRAGMA incremental_vacuum({PAGES})"))?;
    let mut rows = vacuum.query([])?;
    // Each step gives one page back.
    while rows.next()?.is_some() {}
    let after = free()?;
    Ok(after > 0 && after < before)
}

#[cfg(test)]
mod tests {
    use caisse_payment::{Amount, Conclusion, Currency, Operation, Outcome, Proof, Transaction, Verdict};

    use super::*;
    use crate::{Dispute, Event, Journal, Paid};

    fn pay(journal: &mut SqliteJournal, number: usize) {
        let amount = Amount::from_minor(100, Currency::EUR);
        let id = format!("sale-{number}").parse().unwrap();
        let (terminal, dialect) = ("t".parse().unwrap(), "d".parse().unwrap());
        let debit = Transaction::new(id, Operation::Debit, amount, terminal, dialect);
        let verdict = Verdict { outcome: Outcome::Approved { amount }, proof: Proof::Answered };
        for event in [Event::Started(debit), Event::Ended(Conclusion::from(verdict))] {
            journal.append(&id, &event, WallTime::from_millis(1)).unwrap();
        }
    }

    /// However many may go, one write removes a portion.
    #[test]
    fn a_portion_is_of_one_size() {
        // In memory where the system has such a place: nothing here has to survive.
        let memory = std::path::Path::new("/dev/shm");
        let folder =
            if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        let mut journal = SqliteJournal::open(folder.path().join("journal.db")).unwrap();
        for number in 0..2 * PORTION + 51 {
            pay(&mut journal, number);
        }
        // All but the last one.
        let newest_begin = journal.read(Tail::of).unwrap().number - 1;
        let limits = Limits { until: u64::MAX, newest_begin };
        let mut sizes = Vec::new();
        loop {
            let cut = journal.read(|connection| next_cut(connection, &limits)).unwrap();
            if cut.transactions.is_empty() {
                break;
            }
            sizes.push(cut.transactions.len());
            journal.write(Care::Strict, |writer| remove(writer.connection, &cut)).unwrap();
        }
        assert_eq!(sizes, [PORTION, PORTION, 50]);
    }

    /// What happens to a transaction between the look and the write keeps it.
    #[test]
    fn a_cut_that_is_out_of_date_removes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = SqliteJournal::open(folder.path().join("journal.db")).unwrap();
        (0..4).for_each(|number| pay(&mut journal, number));
        let limits = Limits { until: u64::MAX, newest_begin: 7 };
        let cut = journal.read(|connection| next_cut(connection, &limits)).unwrap();
        assert_eq!((cut.last_event, cut.transactions.len()), (6, 3));
        let dispute = Event::Disputed(Dispute::new(Paid::NotPaid, "it answered twice").unwrap());
        journal.append(&"sale-1".parse().unwrap(), &dispute, WallTime::from_millis(2)).unwrap();
        let gone = journal.write(Care::Strict, |writer| remove(writer.connection, &cut)).unwrap();
        assert_eq!(gone, Forgotten::default());
        assert_eq!(journal.list().unwrap().len(), 4);
    }
}
