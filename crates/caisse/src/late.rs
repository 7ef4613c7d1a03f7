//! Results that may still come on a line with sessions, after the till has stopped waiting or a person has decided.

use std::time::Duration;

use caisse_journal::{Dispute, Journal, JournalError, Paid, Record, State, WallTime};
use caisse_payment::entry::Content;
use caisse_payment::{Outcome, Proof, TerminalId, TransactionId};

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

/// The transaction whose result this terminal may still tell: the last one that may have reached it.
pub(crate) fn last_reached(
    journal: &dyn Journal,
    terminal: &TerminalId,
) -> Result<Option<Record>, JournalError> {
    let reached = |record: &Record| {
        record.start.content.terminal == *terminal && record.told().proof != Proof::NothingSent
    };
    Ok(journal.list()?.into_iter().rfind(reached))
}

/// What a dispute rests on when it was told on the line.
pub(crate) const TOLD_ON_THE_LINE: &str = "late result, told on the line";

/// What the journal makes of a result that came late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filing {
    /// It says what the journal says, or proves nothing against it.
    Agrees,
    /// It contradicts the journal, which keeps both: a person has to look.
    Disputed,
    /// The journal knows no end of the payment; a person has to settle it, and this is what the terminal said.
    Open,
    /// The journal could not be read or written: it is kept nowhere.
    Failed,
}

impl Filing {
    /// The stable name: `agrees`, `disputed`, `open` or `failed`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Disputed => "disputed",
            Self::Open => "open",
            Self::Failed => "failed",
        }
    }
}

/// Writes down what a result that came late says of this transaction, if it contradicts what is recorded: then the
/// transaction is disputed. One whose end nobody knows stays as it is, for whoever weighs evidence.
///
/// That nothing was paid contradicts a decision alone: after an approval of the terminal's it is another refusal, told
/// twice.
pub(crate) fn file(journal: &mut dyn Journal, id: &TransactionId, outcome: Outcome, because: &str) -> Filing {
    try_to_file(journal, id, outcome, because).unwrap_or(Filing::Failed)
}

fn try_to_file(
    journal: &mut dyn Journal,
    id: &TransactionId,
    outcome: Outcome,
    because: &str,
) -> Result<Filing, JournalError> {
    let Some(record) = journal.find(id)? else { return Ok(Filing::Agrees) };
    if record.state() == State::Unresolved {
        return Ok(Filing::Open);
    }
    let known = record.verdict().outcome.approved_amount();
    let paid = match outcome.approved_amount() {
        Some(amount) if known != Some(amount) => Paid::Paid(amount),
        None if known.is_some() && record.decision.is_some() && !outcome.is_unknown() => Paid::NotPaid,
        _ => return Ok(Filing::Agrees),
    };
    // The words are ours, and no approval is of nothing: this is always one.
    if let Ok(dispute) = Dispute::new(paid, because) {
        journal.dispute(id, &dispute, WallTime::now())?;
    }
    Ok(Filing::Disputed)
}
