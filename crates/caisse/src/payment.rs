//! What a till answers.

use caisse_journal::{Decision, Journal, Record, WallTime};
use caisse_payment::receipt::{Copy, Format};
use caisse_payment::{
    Amount, AuthorisationNumber, Blocked, Card, Doubt, Operation, Outcome, Proof, Receipt, Retry,
    TransactionId, Verdict,
};
use caisse_transaction::{Report, Request, TillMachine};

use crate::admission::Refused;

/// How a payment ended, with everything the till may show and print.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a payment that is not looked at may be a lost one"]
pub struct Payment {
    /// The id under which it stands in the journal.
    pub id: TransactionId,
    /// How it ended.
    pub outcome: Outcome,
    /// How far the request got.
    pub proof: Proof,
    /// What was to be done.
    pub operation: Operation,
    /// What was asked for.
    pub amount: Amount,
    /// The tip in what was paid, where the request allowed one.
    pub tip: Option<Amount>,
    /// The amount of an approval that could not be accepted because of its amount. A person who finds that the customer paid
    /// it resolves the payment with it.
    pub reported_amount: Option<Amount>,
    /// The card, masked, if the terminal told it.
    pub card: Option<Card>,
    /// The last four digits of the card, also of a recorded payment.
    pub last_four: Option<[u8; 4]>,
    /// The authorisation number.
    pub authorisation: Option<AuthorisationNumber>,
    /// The tickets to print, if they were asked for. They are not kept anywhere.
    pub receipts: Vec<Receipt>,
    /// Whether this is an earlier payment's outcome out of the journal.
    pub replayed: bool,
    /// Whether the outcome stands in the journal. If not, the terminal stays blocked until it is settled.
    pub journaled: bool,
    /// Whether the journal contains a contradiction, so that a person has to look: later proof against the recorded end, or an
    /// end against a decision that was written before it.
    pub disputed: bool,
    /// The newest decision of a person, or of evidence, about this payment: who and why. Where a person decided, the outcome is
    /// that person's word and not the terminal's, unless the payment is [`disputed`](Self::disputed).
    pub decision: Option<Decision>,
    /// When the decision was written.
    pub decided_at: Option<WallTime>,
    /// Whether the answer broke off in a part that decides nothing, such as the ticket.
    pub cut: bool,
    /// How many fields of the answer were too much for the till's storage.
    pub skipped_fields: usize,
    /// How many results of earlier transactions came while this one ran: none of them counts here.
    pub late_answers: u8,
}

impl Payment {
    /// A payment that did not begin, for an application that finds out before it has a till.
    pub const fn blocked(id: TransactionId, operation: Operation, amount: Amount, reason: Blocked) -> Self {
        Self::bare(id, operation, amount, Verdict::blocked(reason))
    }

    pub(crate) fn of(request: &Request, verdict: Verdict) -> Self {
        let transaction = &request.transaction;
        let tip = verdict.outcome.approved_amount().and_then(|approved| transaction.tip(approved));
        Self { tip, ..Self::bare(transaction.id, transaction.operation, transaction.amount, verdict) }
    }

    /// What the journal holds of a payment that took place before.
    pub(crate) fn replayed(request: &Request, record: &Record) -> Self {
        Self {
            reported_amount: record.reported_amount(),
            last_four: record.conclusion().and_then(|conclusion| conclusion.last_four),
            authorisation: record.conclusion().and_then(|conclusion| conclusion.authorisation),
            replayed: true,
            journaled: true,
            disputed: record.is_disputed(),
            decision: record.decision().cloned(),
            decided_at: record.decided_at(),
            ..Self::of(request, record.told())
        }
    }

    /// What a machine that was driven to its end reports.
    pub(crate) fn at_the_end(request: &Request, machine: &TillMachine<'_>) -> Result<Self, Refused> {
        // A driver returns at the end only, where there is a report; if not, the start stands in the journal.
        let report = machine.report().ok_or(Refused::Blocked(Blocked::Unresolved))?;
        let card = report.card();
        Ok(Self {
            last_four: card.as_ref().and_then(|card| card.last_four()?.as_bytes().try_into().ok()),
            card,
            reported_amount: report.reported_amount(),
            authorisation: report.authorisation(),
            receipts: receipts(&report),
            journaled: report.journaled(),
            disputed: report.is_disputed(),
            cut: report.is_cut(),
            skipped_fields: report.skipped(),
            late_answers: report.late_answers(),
            ..Self::of(request, report.verdict())
        })
    }

    /// Adds what the journal has learnt since the verdict: on a line with sessions the answer may come after the wait for it,
    /// a person may have decided before the end was written, and later bytes may contradict an early verdict. The terminal's
    /// approval stays an approval; a contradiction is told beside it.
    pub(crate) fn settled(mut self, journal: &dyn Journal) -> Self {
        // The record under the id of a payment that was refused may be another one's.
        if matches!(self.outcome, Outcome::Blocked { .. }) {
            return self;
        }
        let record = journal.find(&self.id).ok().flatten();
        let Some(record) = record else { return self.with_unrecorded_dispute() };
        let approved = self.outcome.approved_amount().is_some();
        if !approved && (record.decision().is_some() || record.is_disputed()) {
            let Verdict { outcome, proof } = record.told();
            self.outcome = outcome;
            self.tip = record.tip();
            self.reported_amount = record.reported_amount();
            self.proof = if record.is_disputed() { proof } else { self.proof };
        }
        let is_recorded = record.is_disputed() || !self.disputed;
        self.disputed |= record.is_disputed();
        self.decision = record.decision().cloned();
        self.decided_at = record.decided_at();
        if is_recorded { self } else { self.with_unrecorded_dispute() }
    }

    /// A dispute that could not be written still leaves what was no approval unknown.
    fn with_unrecorded_dispute(mut self) -> Self {
        if self.disputed && self.outcome.approved_amount().is_none() {
            self.outcome = Outcome::Unknown { doubt: Doubt::Disputed };
        }
        self
    }

    /// Whether the payment may be tried again, and under which id: as the outcome says, and never while it is disputed.
    #[must_use]
    pub const fn retry(&self) -> Retry {
        if self.disputed { Retry::No } else { self.outcome.retry() }
    }

    /// The decision, if a person took it.
    #[must_use]
    pub fn decision_by_person(&self) -> Option<&Decision> {
        self.decision.as_ref().filter(|decision| decision.is_by_person())
    }

    /// A payment that has nothing but a verdict.
    const fn bare(id: TransactionId, operation: Operation, amount: Amount, verdict: Verdict) -> Self {
        Self {
            id,
            outcome: verdict.outcome,
            proof: verdict.proof,
            operation,
            amount,
            tip: None,
            reported_amount: None,
            card: None,
            last_four: None,
            authorisation: None,
            receipts: Vec::new(),
            replayed: false,
            journaled: false,
            disputed: false,
            decision: None,
            decided_at: None,
            cut: false,
            skipped_fields: 0,
            late_answers: 0,
        }
    }
}

/// The tickets that can be read. One that cannot is not worth an error: the payment stands.
fn receipts(report: &Report<'_>) -> Vec<Receipt> {
    let behind = report.answer().and_then(|answer| answer.receipt_text()).map(|text| {
        // Its characters are those of the line: ASCII.
        Receipt::new(Copy::Customer, Format::Text, String::from_utf8_lossy(text.reveal()).into_owned())
    });
    report.tickets().filter_map(|ticket| ticket.receipt().ok()).chain(behind).collect()
}
