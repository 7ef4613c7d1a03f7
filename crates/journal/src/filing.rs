//! Files the results that come outside their own exchange: finds the transaction, weighs the result by `caisse_settlement`, and
//! writes what is proven or contradicted.

use caisse_payment::evidence::AttributedResult;
use caisse_payment::{Outcome, Transaction, TransactionId};
use caisse_settlement::attribute::{attribute, contradiction};
use caisse_settlement::weigh::{RecoveryFinding, needs_person, weigh_result};
use caisse_settlement::{Mismatch, TerminalIdentity};

use crate::dossier::{records_about, records_of_terminal};
use crate::{
    Decision, Dispute, Event, Journal, JournalError, LockError, Record, State, TerminalKey, TerminalLock,
    WallTime,
};

/// The reason of a decision or a dispute that rests on a late result.
const REPORTED_ON_THE_LINE: &str = "late result, told on the line";

/// What the journal makes of a result that came late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filing {
    /// The result agrees with the record, or proves nothing against it.
    Agrees,
    /// It settled the transaction, whose end was not known.
    Settled,
    /// It contradicts the record, which keeps both: a person has to look.
    Disputed,
    /// It proves nothing, and the end is not known: a person has to settle the transaction.
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

/// A terminal that reports a late result, and how far it can be trusted.
#[derive(Clone, Copy, Debug)]
pub struct Reporter {
    /// The terminal, as it is reached now.
    pub terminal: TerminalIdentity,
    /// Whether nobody but the tills of this journal uses the terminal.
    pub exclusive: bool,
    /// The transaction under way: until its end is written, a message beside its answer is not its result.
    pub running: Option<TransactionId>,
}

/// A late result, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FiledResult {
    /// The transaction to which it belongs.
    pub id: TransactionId,
    /// The outcome of the transaction by this result.
    pub outcome: Outcome,
    /// What the journal made of it.
    pub filing: Filing,
    /// What it proves of a transaction whose end was not known.
    pub finding: Option<RecoveryFinding>,
    /// In what the terminal is not the one to which the transaction was sent.
    pub mismatch: Option<Mismatch>,
}

/// Finds the transaction to which a result belongs, and writes what it proves or contradicts. To be called before the terminal's
/// message is acknowledged: the terminal forgets a result that was acknowledged. `held` is the lock of the terminal. `read` reads
/// the message as the result of this transaction.
///
/// Returns nothing if the message is about no transaction of the journal.
///
/// # Errors
/// As [`Journal::list`] and [`Journal::resolve`]; nothing was written then, and the message must not be acknowledged.
pub fn file_result(
    journal: &mut dyn Journal,
    held: &TerminalLock,
    reporter: &Reporter,
    read: impl Fn(&Transaction) -> AttributedResult,
) -> Result<Option<FiledResult>, JournalError> {
    let key = TerminalKey { terminal: reporter.terminal.name, address: reporter.terminal.address };
    let last = records_of_terminal(journal, &key)?;
    let Some(attribution) = attribute(&last, &reporter.terminal, reporter.running, read) else {
        return Ok(None);
    };
    let (record, outcome) = (attribution.record, attribution.result.outcome);
    let records = records_about(journal, record, attribution.result.authorisation)?;
    let mismatch = attribution.mismatch(&records);
    let filed = |filing, finding| FiledResult { id: record.id(), outcome, filing, finding, mismatch };
    if record.state() != State::Unresolved {
        let filing = match mismatch {
            None => dispute_contradiction(journal, record, outcome, false, REPORTED_ON_THE_LINE)?,
            // The result of another terminal proves nothing.
            Some(_) => Filing::Agrees,
        };
        return Ok(Some(filed(filing, None)));
    }
    let weighed = || weigh_result(&attribution.late_result(&records, reporter.exclusive));
    let finding = needs_person(record).unwrap_or_else(weighed);
    let decision = finding.paid().map(|paid| Decision::proven(paid, "late result", REPORTED_ON_THE_LINE));
    // The words are ours: this is always a decision.
    let Some(Ok(decision)) = decision else { return Ok(Some(filed(Filing::Open, Some(finding)))) };
    let own = lock_of(journal, held, record)?;
    journal.resolve(own.as_ref().unwrap_or(held), &record.id(), &decision, WallTime::now())?;
    Ok(Some(filed(Filing::Settled, Some(finding))))
}

/// Writes a dispute if a late result contradicts the known end of a transaction. `is_its_own`: see
/// [`contradiction`](caisse_settlement::attribute::contradiction). The same contradiction is written once.
///
/// # Errors
/// As [`Journal::append`].
pub fn dispute_contradiction(
    journal: &mut dyn Journal,
    record: &Record,
    outcome: Outcome,
    is_its_own: bool,
    because: &str,
) -> Result<Filing, JournalError> {
    let Some(paid) = contradiction(record, outcome, is_its_own) else { return Ok(Filing::Agrees) };
    let is_known = |event: &Event| matches!(event, Event::Disputed(dispute) if dispute.paid() == paid);
    let is_written = record.is_disputed()
        && journal.events(&record.id())?.last().is_some_and(|last| is_known(&last.event));
    // The words are ours, and no approval is of nothing: this is always a dispute.
    if let (false, Ok(dispute)) = (is_written, Dispute::new(paid, because)) {
        journal.append(&record.id(), &Event::Disputed(dispute), WallTime::now())?;
    }
    Ok(Filing::Disputed)
}

/// Returns the lock of a transaction that was begun under another name of the terminal; nothing if the one that is held covers
/// the transaction.
///
/// # Errors
/// [`JournalError::Locked`] while another till holds it.
pub fn lock_of(
    journal: &dyn Journal,
    held: &TerminalLock,
    record: &Record,
) -> Result<Option<TerminalLock>, JournalError> {
    let terminal = &record.transaction().terminal;
    if held.covers(terminal) {
        return Ok(None);
    }
    journal.lock(terminal).map(Some).map_err(|error| match error {
        LockError::Busy => JournalError::Locked,
        LockError::Io { what } => JournalError::Unwritable { what },
    })
}
