//! Results that may still come on a line after a person has decided.

use std::time::Duration;

use caisse_journal::{Journal, JournalError, WallTime};
use caisse_payment::entry::Content;

/// Whether a transaction of this register, amount and currency was decided by a person so lately that the terminal may
/// still tell its result on the line, where it would look like the answer to the one that is asked for now.
///
/// A transaction takes at most `longest` on the terminal. A start in the future shows a clock that was set back: how long
/// ago it was nobody knows, so it counts as now.
pub(crate) fn late_result_possible(
    journal: &dyn Journal,
    asked: &Content,
    longest: Duration,
    now: WallTime,
) -> Result<bool, JournalError> {
    let same = |content: &Content| {
        content.terminal == asked.terminal
            && content.register == asked.register
            && content.amount == asked.amount
    };
    let longest = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
    Ok(journal.list()?.iter().any(|record| {
        let age = now.millis().saturating_sub(record.started_at.millis());
        record.decision.is_some() && same(&record.start.content) && age < longest
    }))
}
