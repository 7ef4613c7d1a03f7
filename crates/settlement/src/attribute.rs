//! Attribute: to which transaction can a result belong?
//!
//! A result that comes outside its own exchange carries no id. These functions compare it with the records of the journal.

use core::ops::RangeInclusive;

use caisse_payment::evidence::AttributedResult;
use caisse_payment::{
    Amount, AuthorisationNumber, Comparison, Outcome, Proof, Reference, Transaction, TransactionId,
};

use crate::context::context;
use crate::weigh::{LateResult, weigh_answer};
use crate::{Decision, Mismatch, Paid, Record, State, TerminalIdentity, TerminalKey};

/// The number of latest transactions to which a late result may belong. A terminal has one result to report, and gives up
/// after three attempts.
pub const MAX_BACK: usize = 16;

/// Whether the transaction may have reached this terminal.
#[must_use]
pub fn reached(record: &Record, key: &TerminalKey) -> bool {
    key.may_be_of(record.transaction()) && record.told().proof != Proof::NothingSent
}

/// Whether the result of `record` could be taken for the answer to this transaction. A result carries the
/// approved amount, which may be less than the amount asked for, or more where a tip was allowed.
#[must_use]
pub fn looks_like(record: &Record, key: &TerminalKey, asked: &Transaction) -> bool {
    let transaction = record.transaction();
    let approved = record.told().outcome.approved_amount();
    let of_this_amount = transaction.amount == asked.amount
        || approved == Some(asked.amount)
        || (transaction.amount.currency() == asked.amount.currency()
            && overlap(&reportable(record), &asked.approvable()));
    key.may_be_of(transaction) && transaction.register == asked.register && of_this_amount
}

/// Returns the amounts that the result of a transaction may carry, in minor units.
fn reportable(record: &Record) -> RangeInclusive<u64> {
    match record.conclusion().and_then(|conclusion| conclusion.verdict.outcome.approved_amount()) {
        Some(approved) => approved.minor()..=approved.minor(),
        None => record.transaction().approvable(),
    }
}

fn overlap(one: &RangeInclusive<u64>, other: &RangeInclusive<u64>) -> bool {
    one.start() <= other.end() && other.start() <= one.end()
}

/// Returns the authorisation number of a transaction: that of its answer, if the answer was accepted as its approval.
#[must_use]
pub fn accepted_number(record: &Record) -> Option<AuthorisationNumber> {
    record
        .conclusion()
        .filter(|conclusion| conclusion.verdict.outcome.approved_amount().is_some())?
        .authorisation
}

/// Whether the reference of this transaction names it alone: several transactions of one bill may share a reference.
#[must_use]
pub fn is_named_by_its_reference(records: &[Record], record: &Record) -> bool {
    let (transaction, key) = (record.transaction(), TerminalKey::from(record.transaction()));
    let Some(reference) = transaction.reference else { return false };
    let namesake = |other: &Record| {
        let may_be_same = |other: Reference| other.compare(&reference).may_be_same();
        other.id() != record.id()
            && other.transaction().reference.is_some_and(may_be_same)
            && looks_like(other, &key, transaction)
    };
    !records.iter().any(namesake)
}

/// Whether the transaction before this one that reached the terminal looks like this one, so that a result of exactly the
/// amount asked for may be a copy of that one's.
#[must_use]
pub fn is_like_the_last(records: &[Record], record: &Record) -> bool {
    let (transaction, key) = (record.transaction(), TerminalKey::from(record.transaction()));
    let earlier = records.iter().take_while(|other| other.id() != record.id());
    let last = earlier.filter(|other| reached(other, &key)).last();
    let exactly = Transaction { allow_partial: false, allow_tip: None, ..*transaction };
    last.is_some_and(|last| looks_like(last, &key, &exactly))
}

/// Whether no other transaction of the journal is unresolved, so that a payment app that is busy can be busy with this one only.
#[must_use]
pub fn is_only_unresolved(records: &[Record], id: &TransactionId) -> bool {
    !records.iter().any(|record| record.id() != *id && record.state() == State::Unresolved)
}

/// The transaction to which a late result belongs.
#[derive(Clone, Copy, Debug)]
pub struct Attribution<'r> {
    /// The transaction.
    pub record: &'r Record,
    /// The result, read for this transaction.
    pub result: AttributedResult,
    /// Whether the result names the transaction by a reference that no other transaction shares.
    pub named: bool,
    /// The terminal that reports the result, with the identities in the message.
    pub found: TerminalIdentity,
}

impl Attribution<'_> {
    /// Returns in what the terminal that reports the result is not the one to which the transaction was sent. `records` are those
    /// of the journal.
    #[must_use]
    pub fn mismatch(&self, records: &[Record]) -> Option<Mismatch> {
        let recorded = context(records, self.record, self.result.authorisation).terminal;
        Mismatch::between(&recorded, &self.found)
    }

    /// Returns what [`weigh_result`](crate::weigh::weigh_result) needs to know. `records` are those of the journal, and
    /// `exclusive` says that only its tills use the terminal.
    #[must_use]
    pub fn late_result(&self, records: &[Record], exclusive: bool) -> LateResult {
        let Self { record, result, named, .. } = self;
        let approved = result.outcome.approved_amount().map(Amount::minor);
        LateResult {
            outcome: result.outcome,
            same_terminal: self.mismatch(records).is_none(),
            exclusive: exclusive || *named,
            like_the_last: !named && is_like_the_last(records, record),
            unproven_tip: !named && approved > Some(record.transaction().amount.minor()),
        }
    }
}

/// Finds the transaction to which a late result belongs, among the last ones that may have reached the terminal. `found` is
/// the terminal that reports the result. `read` reads the message as the result of this transaction. `running`
/// is the transaction under way: until its end is written, a message beside its answer is not its result.
///
/// Of several transactions that look alike: the one with the authorisation number of the result, the one that the result
/// names, the newest that is unresolved or decided by a person, the newest. Transactions that were sent to this very terminal
/// are not preferred: a doubt about the terminal is left to a person.
pub fn attribute<'r>(
    records: &'r [Record],
    found: &TerminalIdentity,
    running: Option<TransactionId>,
    read: impl Fn(&Transaction) -> AttributedResult,
) -> Option<Attribution<'r>> {
    let key = TerminalKey { terminal: found.name, address: found.address };
    let is_running = |record: &Record| running == Some(record.id()) && record.is_open();
    let last = || records.iter().rev().filter(|record| reached(record, &key)).take(MAX_BACK);
    let possible = || {
        last()
            .filter(|record| !is_running(record))
            .map(|record| {
                let result = read(record.transaction());
                let numbers = accepted_number(record)
                    .zip(result.authorisation)
                    .map(|(number, reported)| number.compare(&reported));
                (record, result, numbers)
            })
            .filter(|(_, result, numbers)| {
                !result.outcome.is_unknown() && *numbers != Some(Comparison::Differs)
            })
    };
    let is_named = |record: &Record, result: &AttributedResult| {
        result.has_reference && is_named_by_its_reference(records, record)
    };
    let in_doubt = |record: &Record| {
        let person = record.decision().is_some_and(Decision::is_by_person);
        record.state() == State::Unresolved || person
    };
    let (record, result, _) = possible()
        .find(|(_, _, numbers)| *numbers == Some(Comparison::Same))
        .or_else(|| possible().find(|(record, result, _)| is_named(record, result)))
        .or_else(|| possible().find(|(record, ..)| in_doubt(record)))
        .or_else(|| possible().next())?;
    Some(Attribution { record, result, named: is_named(record, &result), found: found.showing(result.shown) })
}

/// Returns what a late result proves against the recorded end of a transaction, if it contradicts that end. `is_its_own` says
/// that the result is certainly that of this transaction: it came on its own connection, or it names it.
///
/// A result that need not be its own and says "not paid" contradicts a decision only: after an approval of the terminal it is
/// another refusal, reported twice.
#[must_use]
pub fn contradiction(record: &Record, outcome: Outcome, is_its_own: bool) -> Option<Paid> {
    let known = record.verdict().outcome.approved_amount();
    let reported = weigh_answer(outcome).paid()?;
    let contradicts = match reported {
        Paid::Paid(amount) => known != Some(amount),
        Paid::NotPaid => known.is_some() && (is_its_own || record.decision().is_some()),
    };
    contradicts.then_some(reported)
}
