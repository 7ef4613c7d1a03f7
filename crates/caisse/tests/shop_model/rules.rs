//! The rules that the shop plays by: those of `caisse-settlement` and `caisse-journal`, or ones with a mistake in them. Nothing
//! else in the model names a rule.

use caisse::{JournalError, MemoryJournal, RecordState};
use caisse_journal::{Admitted, FiledResult, Record, Reporter, TerminalLock};
use caisse_payment::evidence::{AttributedResult, LastTransaction, ShownIdentity};
use caisse_payment::{AuthorisationNumber, Doubt, Outcome, Refusal, Transaction};
use caisse_settlement::ask::Asking;
use caisse_settlement::weigh::{self, Context, Knowledge, RecoveryFinding};
use caisse_settlement::{Paid, TerminalIdentity, TerminalKey, attribute};

use crate::history::{self, Write};

/// A result that a terminal reports on the line.
#[derive(Clone, Copy, Debug)]
pub struct Heard {
    /// What was asked of the terminal.
    pub of: Transaction,
    /// The number of the approval; nothing after a refusal.
    pub authorisation: Option<AuthorisationNumber>,
    /// Whether the terminal repeats references.
    pub repeats_references: bool,
    /// What the terminal shows of itself.
    pub shown: ShownIdentity,
}

pub type Filed = Result<Option<FiledResult>, JournalError>;

/// Reads a result as that of this transaction.
pub fn read(heard: &Heard, asked: &Transaction) -> AttributedResult {
    let outcome = if asked.amount != heard.of.amount {
        Outcome::Unknown { doubt: Doubt::AmountDiffers }
    } else if heard.authorisation.is_some() {
        Outcome::Approved { amount: asked.amount }
    } else {
        Outcome::Declined { refusal: Refusal::Refused }
    };
    AttributedResult {
        outcome,
        authorisation: heard.authorisation,
        has_reference: heard.repeats_references && heard.of.reference == asked.reference,
        shown: heard.shown,
    }
}

/// The rules.
#[derive(Clone, Copy)]
pub struct Rules {
    pub admit: fn(&MemoryJournal, &Transaction) -> Admitted,
    pub store: fn(&[Write], Write) -> Result<Vec<Write>, JournalError>,
    pub may_ask: fn(&[Record], &Record, &TerminalIdentity) -> Asking,
    pub is_overtaken: fn(&[Record], &Record, &TerminalKey) -> bool,
    pub context: fn(&[Record], &Record, Option<AuthorisationNumber>) -> Context,
    pub weigh: fn(&LastTransaction, &Knowledge) -> RecoveryFinding,
    pub file: fn(&mut MemoryJournal, &TerminalLock, &Reporter, &Heard) -> Filed,
    /// Whether a till knows that two names at one address are one terminal.
    pub knows_addresses: bool,
    /// Whether all tills use one set of locks.
    pub locks_are_shared: bool,
    /// Whether a connection that is given up is aborted, so that nothing can leave the system's queue later.
    pub aborts: bool,
    /// Whether a payment at a serial line waits while the result of one like it may still come.
    pub waits_for_late_results: bool,
    /// Whether a till asks the journal again once a late result has changed it, before it sends the next request.
    pub heeds_late_results: bool,
    /// Whether the system gives up a connection on which nothing is acknowledged before the till stops waiting for the answer.
    pub system_gives_up: bool,
    /// Whether a till writes only while its journal is the file at the path.
    pub checks_the_path: bool,
}

pub const REAL: Rules = Rules {
    admit: |journal, asked| caisse_journal::admit(journal, asked),
    store: history::store,
    may_ask: |records, record, found| caisse_settlement::ask::may_ask(records, record, found, false),
    is_overtaken,
    context: weigh::context,
    weigh: weigh::weigh,
    file: |journal, held, reporter, heard| {
        caisse_journal::file_result(journal, held, reporter, |asked| read(heard, asked))
    },
    knows_addresses: true,
    locks_are_shared: true,
    aborts: true,
    waits_for_late_results: true,
    heeds_late_results: true,
    system_gives_up: true,
    checks_the_path: true,
};

/// Whether another transaction has reached the terminal since, as `caisse` asks before a duplicata.
fn is_overtaken(records: &[Record], record: &Record, key: &TerminalKey) -> bool {
    let newest = records.iter().rev().find(|record| attribute::reached(record, key));
    newest.is_some_and(|newest| newest.id() != record.id())
}

/// What an answer proves that came on the connection of its own transaction.
pub const fn weigh_answer(outcome: Outcome) -> RecoveryFinding {
    weigh::weigh_answer(outcome)
}

/// Writes a dispute if the answer to a transaction contradicts what the journal holds as its end.
pub fn dispute_contradiction(
    journal: &mut MemoryJournal,
    record: &Record,
    outcome: Outcome,
) -> Result<(), JournalError> {
    caisse_journal::dispute_contradiction(journal, record, outcome, true, "late answer").map(drop)
}

/// What an outcome says about the money.
pub fn paid(outcome: Outcome) -> Option<Paid> {
    Paid::by_outcome(outcome)
}

/// Whether the reference of a transaction names it alone.
pub fn is_named(records: &[Record], record: &Record) -> bool {
    attribute::is_named_by_its_reference(records, record)
}

/// The unresolved transactions of a terminal, under whichever name.
pub fn unresolved(records: &[Record], key: &TerminalKey) -> Vec<Record> {
    let is_open =
        |record: &&Record| record.state() == RecordState::Unresolved && key.may_be_of(record.transaction());
    records.iter().filter(is_open).cloned().collect()
}
