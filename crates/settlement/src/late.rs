//! Late: may the result of an earlier transaction still come, and could it be taken for the answer to this one?
//!
//! A terminal on a line with sessions reports a result whenever it has one, also after the till has stopped waiting or a person
//! has decided.

use alloc::vec::Vec;
use core::time::Duration;

use caisse_payment::Transaction;

use crate::attribute::looks_like;
use crate::{Record, RecordedEvent, TerminalKey, WallTime};

/// How far the clocks may drift apart before one of them was set, or the machine slept.
const MAX_DRIFT: Duration = Duration::from_millis(500);

/// What a till reads from its two clocks. The clock on the wall may be set at any time; the monotonic clock says nothing of the
/// time before the till was set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// The time on the wall, now.
    pub wall: WallTime,
    /// The time on the wall when the till was set up.
    pub wall_at_setup: WallTime,
    /// The monotonic time since the till was set up.
    pub since_setup: Duration,
}

impl Clocks {
    /// Returns how far the clock on the wall may have been set forward since the till was set up.
    fn set_forward(&self) -> Duration {
        let lead = between(self.wall_at_setup, self.wall).saturating_sub(self.since_setup);
        if lead > MAX_DRIFT { lead } else { Duration::ZERO }
    }
}

/// Whether the terminal may still be processing a transaction. `events` are those of the transaction, `longest` the longest time
/// that one takes on the terminal, `watched` the monotonic time since this till first asked about it.
///
/// The clock on the wall decides where it is certain: the time since an event is longer than `longest` even if the clock was set
/// forward as far as it may have been. Otherwise the time counts from when this till first asked, and is over after `longest`
/// whatever the clock on the wall shows.
#[must_use]
pub fn may_still_come(
    events: &[RecordedEvent],
    longest: Duration,
    clocks: &Clocks,
    watched: Duration,
) -> bool {
    // A start in the future shows a clock that was set back. What was written after the start, its end or its decision, is
    // certainly later.
    let began = events.iter().rposition(|event| event.event.transaction().is_some()).unwrap_or_default();
    let past = events.iter().skip(began).find(|event| event.at <= clocks.wall);
    let is_over = |event: &RecordedEvent| {
        between(event.at, clocks.wall) >= longest.saturating_add(clocks.set_forward())
    };
    !past.is_some_and(is_over) && watched < longest
}

fn between(earlier: WallTime, later: WallTime) -> Duration {
    Duration::from_millis(later.millis().saturating_sub(earlier.millis()))
}

/// Returns the transactions that were decided without the terminal's answer and whose result could be taken for the answer to
/// this one, among the last ones that [`reached`](crate::attribute::reached) the terminal.
#[must_use]
pub fn decided_alike<'r>(last: &'r [Record], key: &TerminalKey, asked: &Transaction) -> Vec<&'r Record> {
    last.iter().filter(|record| record.decision().is_some() && looks_like(record, key, asked)).collect()
}

/// Whether results that may still come allow a transaction to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LateResults {
    /// None may still come.
    None,
    /// Each would give back another reference: an answer counts only with the reference of this transaction.
    ToldApartByReference,
    /// One could be taken for the answer to this transaction, which has to wait.
    Possible,
}

/// Decides by the results that may still come. `gives_back_references` says that the terminal repeats the reference of a
/// request in its answer.
#[must_use]
pub fn late_results(possible: &[&Record], asked: &Transaction, gives_back_references: bool) -> LateResults {
    let reference = asked.reference.filter(|_| gives_back_references);
    let told_apart = |record: &&Record| reference.is_some() && record.transaction().reference != reference;
    match possible {
        [] => LateResults::None,
        possible if possible.iter().all(told_apart) => LateResults::ToldApartByReference,
        _ => LateResults::Possible,
    }
}
