//! Results that may still come on a line with sessions, after the till has stopped waiting or a person has decided: whose
//! they are, and what the journal makes of them.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use caisse_journal::{
    Decision, Dispute, Event, Journal, JournalError, LockError, Paid, Record, State, TerminalKey,
    TerminalLock, WallTime, What,
};
use caisse_payment::entry::Content;
use caisse_payment::{Outcome, TransactionId};
use caisse_settlement::attribute::{
    Attribution, MAX_BACK, attribute, contradiction, is_like_the_last, looks_like, reached,
};
use caisse_settlement::weigh::{RecoveryFinding, weigh_result};
use caisse_settlement::{Mismatch, TerminalIdentity};
use caisse_transaction::till::read_result;
use caisse_transaction::{Dialect, Instant};

/// What a decision or a dispute rests on when it was told on the line.
const TOLD_ON_THE_LINE: &str = "late result, told on the line";

/// The last transactions that look like the one that is asked for and were decided without the terminal's answer: it may
/// still tell their results on the line, where they would look like the answer to this one.
pub(crate) fn decided_alike(
    journal: &dyn Journal,
    place: &TerminalKey,
    asked: &Content,
) -> Result<Vec<Record>, JournalError> {
    let (mut alike, mut back) = (vec![], 0usize);
    journal.walk_back(place, &mut |record| {
        if reached(record, place) {
            back = back.saturating_add(1);
            if record.decision.is_some() && looks_like(record, place, asked) {
                alike.push(record.clone());
            }
        }
        if back < MAX_BACK { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(alike)
}

/// For how long what was decided has to be waited for.
#[derive(Clone, Debug)]
pub(crate) struct Patience {
    /// When the till was set up, by both clocks.
    built: (Instant, WallTime),
    /// The decided transactions that were waited for, and since when.
    seen: Arc<Mutex<HashMap<TransactionId, Instant>>>,
}

/// How far the clocks may drift apart before one of them was set, or the machine slept.
const DRIFT: Duration = Duration::from_millis(500);

impl Patience {
    pub(crate) fn new(now: Instant) -> Self {
        Self { built: (now, WallTime::now()), seen: Arc::default() }
    }

    /// Whether the terminal may still be at a transaction of which these events were written: one takes `longest` at most.
    /// The clock on the wall may have been set since; so where it says nothing certain the time counts from when this till
    /// first looked, and is over after `longest` whatever the wall says.
    pub(crate) fn may_still_come(
        &self,
        id: &TransactionId,
        events: &[Event],
        longest: Duration,
        now: Instant,
    ) -> bool {
        let wall = WallTime::now();
        let since =
            |at: WallTime, from: WallTime| Duration::from_millis(at.millis().saturating_sub(from.millis()));
        let (built, built_on) = self.built;
        let lead = since(wall, built_on).saturating_sub(now.since(built));
        let doubtful = if lead > DRIFT { lead } else { Duration::ZERO };
        // A start in the future shows a clock that was set back: then it says nothing, and what was written after it, the end
        // or the decision, is what is certainly later.
        let began = events.iter().rposition(|event| event.what.start().is_some()).unwrap_or_default();
        let past = events.iter().skip(began).find(|event| event.at <= wall);
        if past.is_some_and(|event| since(wall, event.at) >= longest.saturating_add(doubtful)) {
            return false;
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let first = *seen.entry(*id).or_insert(now);
        now.since(first) < longest
    }
}

/// The lock of a transaction that was begun under another name of the terminal; none if the one that is held covers it.
///
/// # Errors
/// When somebody else holds it.
pub(crate) fn lock_of(
    journal: &dyn Journal,
    held: &TerminalLock,
    record: &Record,
) -> Result<Option<TerminalLock>, JournalError> {
    let terminal = &record.start.content.terminal;
    if held.covers(terminal) {
        return Ok(None);
    }
    journal.lock(terminal).map(Some).map_err(|error| match error {
        LockError::Busy => JournalError::Locked,
        LockError::Io { what } => JournalError::Unwritable { what },
    })
}

/// What the journal makes of a result that came late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filing {
    /// It says what the journal says, or proves nothing against it.
    Agrees,
    /// It settled the payment, whose end the journal did not know.
    Settled,
    /// It contradicts the journal, which keeps both: a person has to look.
    Disputed,
    /// The journal knows no end of the payment; a person has to settle it, and this is what the terminal said.
    Open,
}

impl Filing {
    /// The stable name: `agrees`, `settled`, `disputed` or `open`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Settled => "settled",
            Self::Disputed => "disputed",
            Self::Open => "open",
        }
    }
}

/// A result that came late, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Late {
    pub(crate) id: TransactionId,
    pub(crate) outcome: Outcome,
    pub(crate) filing: Filing,
    /// What it proves of a payment whose end the journal did not know.
    pub(crate) finding: Option<RecoveryFinding>,
    /// In what the terminal is not the one to which the payment was sent.
    pub(crate) mismatch: Option<Mismatch>,
}

/// One terminal's line, and who listens on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ear {
    /// The terminal, as it is reached now.
    pub(crate) terminal: TerminalIdentity,
    pub(crate) dialect: Dialect,
    pub(crate) exclusive: bool,
    /// The transaction that runs: until its end is written, what comes beside its answer is not its.
    pub(crate) running: Option<TransactionId>,
}

impl Ear {
    /// Finds whose result a message is, and writes what it proves or contradicts. To be called before the terminal hears that
    /// somebody has it. Nothing when it says nothing of any transaction that it can be.
    pub(crate) fn file(
        &self,
        journal: &mut dyn Journal,
        lock: &TerminalLock,
        body: &[u8],
    ) -> Result<Option<Late>, JournalError> {
        let records = journal.list()?;
        let read = |asked: &Content| read_result(&self.dialect, asked, body);
        let Some(attribution) = attribute(&records, &self.terminal, self.running, read) else {
            return Ok(None);
        };
        let Attribution { record, result, named, recorded, found } = attribution;
        let (id, outcome, mismatch) = (record.start.id, result.outcome, Mismatch::between(&recorded, &found));
        if record.state() != State::Unresolved {
            let filing = match mismatch {
                None => contradict(journal, record, outcome, TOLD_ON_THE_LINE)?,
                // It proves nothing of a payment at another terminal.
                Some(_) => Filing::Agrees,
            };
            return Ok(Some(Late { id, outcome, filing, finding: None, mismatch }));
        }
        let like_the_last = is_like_the_last(&records, record) && !named;
        let unproven_tip = attribution.has_unproven_tip();
        let same_terminal = mismatch.is_none();
        let finding =
            weigh_result(outcome, same_terminal, self.exclusive || named, like_the_last, unproven_tip);
        let paid = match finding {
            RecoveryFinding::Paid(amount) => Some(Paid::Paid(amount)),
            RecoveryFinding::NotPaid => Some(Paid::NotPaid),
            RecoveryFinding::Open(_) => None,
        };
        let mut filing = Filing::Open;
        if let Some(Ok(decision)) = paid.map(|paid| Decision::proven(paid, "late result", TOLD_ON_THE_LINE)) {
            let own = lock_of(journal, lock, record)?;
            journal.resolve(own.as_ref().unwrap_or(lock), &id, &decision, WallTime::now())?;
            filing = Filing::Settled;
        }
        Ok(Some(Late { id, outcome, filing, finding: Some(finding), mismatch }))
    }
}

/// Writes down what came late about a transaction whose end is known, if it contradicts that: then it is disputed.
pub(crate) fn contradict(
    journal: &mut dyn Journal,
    record: &Record,
    outcome: Outcome,
    because: &str,
) -> Result<Filing, JournalError> {
    let Some(paid) = contradiction(record, outcome) else { return Ok(Filing::Agrees) };
    let is_known =
        |what: &What| matches!(what, What::Disputed(dispute) if record.disputed && dispute.paid == paid);
    let is_written = journal.events(&record.start.id)?.last().is_some_and(|event| is_known(&event.what));
    // The words are ours, and no approval is of nothing: this is always a dispute.
    if let (false, Ok(dispute)) = (is_written, Dispute::new(paid, because)) {
        journal.dispute(&record.start.id, &dispute, WallTime::now())?;
    }
    Ok(Filing::Disputed)
}
