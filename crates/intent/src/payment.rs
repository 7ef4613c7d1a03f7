//! What a till is told at the end.

use caisse_journal::{Decision, Record, WallTime};
use caisse_payment::{
    Amount, AuthorisationNumber, Blocked, Card, Operation, Outcome, Proof, Receipt, TransactionId, Verdict,
};

use crate::{Answer, Asked};

/// How a transaction ended, with everything the till may show and print.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a payment that is not looked at may be a lost one"]
pub struct Payment {
    /// The id under which it stands in the journal.
    pub id: TransactionId,
    /// What was asked for.
    pub operation: Operation,
    /// How it ended.
    pub outcome: Outcome,
    /// How far the request got.
    pub proof: Proof,
    /// How much was asked for.
    pub amount: Amount,
    /// The tip that the app says was paid on top or within; only of an approval that this call has read.
    pub tip: Option<Amount>,
    /// The last four digits of the card.
    pub last_four: Option<[u8; 4]>,
    /// The authorisation number.
    pub authorisation: Option<AuthorisationNumber>,
    /// What the app said, if this call has read it. It is not kept anywhere.
    pub answer: Option<Answer>,
    /// Whether this is what the journal holds of an earlier call.
    pub replayed: bool,
    /// Whether the outcome stands in the journal. If not, the terminal stays blocked until a person has settled it.
    pub journaled: bool,
    /// Whether the journal contains a contradiction, so that a person has to look: later proof against the recorded end, or an
    /// end against a decision that was written before it.
    pub disputed: bool,
    /// The newest decision of a person, or of evidence, about this transaction: who and why.
    pub decision: Option<Decision>,
    /// When the decision was written.
    pub decided_at: Option<WallTime>,
}

impl Payment {
    pub(crate) const fn bare(asked: &Asked, verdict: Verdict) -> Self {
        let Asked { operation, amount, reference: id } = *asked;
        Self {
            id,
            operation,
            outcome: verdict.outcome,
            proof: verdict.proof,
            amount,
            tip: None,
            last_four: None,
            authorisation: None,
            answer: None,
            replayed: false,
            journaled: false,
            disputed: false,
            decision: None,
            decided_at: None,
        }
    }

    pub(crate) const fn blocked(asked: &Asked, reason: Blocked) -> Self {
        Self::bare(asked, Verdict::blocked(reason))
    }

    /// What the journal holds.
    pub(crate) fn recorded(record: &Record) -> Self {
        let end = record.conclusion();
        Self {
            last_four: end.and_then(|end| end.last_four),
            authorisation: end.and_then(|end| end.authorisation),
            replayed: true,
            journaled: true,
            disputed: record.is_disputed(),
            decision: record.decision().cloned(),
            decided_at: record.decided_at(),
            ..Self::bare(&Asked::of(record.transaction()), record.told())
        }
    }

    /// What [`interpret`](crate::interpret) says, told as a till tells it: for a tool without a journal too.
    pub fn answered(asked: &Asked, verdict: Verdict, answer: Option<Answer>) -> Self {
        let is_approved = verdict.outcome.approved_amount().is_some();
        let tip = answer.as_ref().filter(|_| is_approved).and_then(Answer::tip_minor);
        let tip = tip.and_then(|tip| u64::try_from(tip).ok()).filter(|tip| *tip > 0);
        Self {
            tip: tip.map(|tip| Amount::from_minor(tip, asked.amount.currency())),
            last_four: answer.as_ref().and_then(Answer::last_four),
            authorisation: answer.as_ref().and_then(Answer::authorisation),
            answer,
            ..Self::bare(asked, verdict)
        }
    }

    /// The card, masked, if this call has read it.
    #[must_use]
    pub fn card(&self) -> Option<Card> {
        self.answer.as_ref()?.card()
    }

    /// The tickets to print, if this call has read them.
    #[must_use]
    pub fn receipts(&self) -> &[Receipt] {
        self.answer.as_ref().map(Answer::receipts).unwrap_or_default()
    }
}
