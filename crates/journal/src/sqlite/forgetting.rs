//! What is settled does not stay for ever.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::time::Duration;

use caisse_payment::TransactionId;
use rusqlite::{Connection, params};

use super::chain::Tail;
use super::records;
use super::writing::Writer;
use super::{Care, SqliteJournal};
use crate::{JournalError, WallTime};

/// What [`SqliteJournal::forget`] removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// How many transactions.
    pub transactions: u64,
    /// How many events of theirs.
    pub events: u64,
}

/// A transaction's place among the events.
struct Span {
    first: u64,
    last: u64,
    /// When the latest was written.
    at: WallTime,
    /// Whether it is final, and has been for long enough.
    settled: bool,
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
    /// make the last payments old. The journal is held meanwhile, about a second for 40 000 transactions.
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
    /// the file met. Nothing was removed then.
    pub fn forget(&mut self, keep: Duration, now: WallTime) -> Result<Forgotten, JournalError> {
        if keep < Self::KEPT_AT_LEAST {
            return Err(JournalError::Refused { what: "to be forgotten after less than 31 days" });
        }
        self.write(Care::Strict, |writer| {
            let spans = spans(writer, keep, now)?;
            let (last, transactions) = oldest(&spans);
            if transactions == 0 {
                return Ok(Forgotten::default());
            }
            remove(writer.connection, last, transactions)
        })
    }
}

/// All transactions, in the order of their first events, which are all verified.
fn spans(writer: &Writer<'_>, keep: Duration, now: WallTime) -> Result<Vec<Span>, JournalError> {
    let mut spans: HashMap<TransactionId, Span> = HashMap::new();
    records::events_after(writer.connection, Tail::forgotten(writer.connection)?, &mut |event| {
        let new = Span { first: event.number, last: event.number, at: event.event.at, settled: true };
        let span = spans.entry(event.id).or_insert(new);
        (span.last, span.at) = (event.number, span.at.max(event.event.at));
        Ok(ControlFlow::Continue(()))
    })?;
    for open in writer.current.open() {
        if let Some(span) = spans.get_mut(&open.id) {
            span.settled = false;
        }
    }
    let keep = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX);
    let mut spans: Vec<_> = spans.into_values().collect();
    let newest = spans.iter().map(|span| span.at).max();
    let now = newest.map_or(now, |newest| newest.min(now));
    for span in &mut spans {
        span.settled &= now.millis().saturating_sub(span.at.millis()) > keep;
    }
    spans.sort_by_key(|span| span.first);
    let old = spans.len().saturating_sub(SqliteJournal::ALWAYS_KEPT);
    for span in spans.iter_mut().skip(old) {
        span.settled = false;
    }
    Ok(spans)
}

/// The last event that may go, and how many transactions go: the chain is cut in one place, and no transaction is cut.
fn oldest(spans: &[Span]) -> (u64, u64) {
    let (mut reach, mut count, mut found) = (0, 0, (0, 0));
    for span in spans {
        if span.first > reach {
            found = (reach, count);
        }
        if !span.settled {
            return found;
        }
        reach = reach.max(span.last);
        count = count.saturating_add(1);
    }
    (reach, count)
}

fn remove(connection: &Connection, last: u64, transactions: u64) -> Result<Forgotten, JournalError> {
    let number = records::whole;
    let chain =
        records::chain_of(connection, last)?.ok_or_else(|| JournalError::corrupt("an event is missing"))?;
    connection.execute(
        "INSERT INTO forgotten VALUES (1, ?1, ?2, ?3) ON CONFLICT (only) DO UPDATE SET \
         transactions = transactions + excluded.transactions, events = excluded.events, chain = excluded.chain",
        params![number(transactions)?, number(last)?, chain],
    )?;
    let events = connection.execute("DELETE FROM events WHERE number <= ?1", [number(last)?])?;
    let without = "NOT EXISTS (SELECT 1 FROM events WHERE events.id = transactions.id)";
    let rows = connection.execute(&format!("DELETE FROM transactions WHERE {without}"), [])?;
    if u64::try_from(rows) != Ok(transactions) {
        return Err(JournalError::corrupt("a transaction without its events"));
    }
    Ok(Forgotten { transactions, events: u64::try_from(events).unwrap_or_default() })
}
