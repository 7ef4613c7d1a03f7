//! What a till answers.

use caisse_payment::{
    Amount, AuthorisationNumber, Blocked, Card, Operation, Outcome, Proof, Receipt, TransactionId, Verdict,
};

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
        Self::bare(id, operation, amount, Verdict::nothing_sent(Outcome::Blocked { reason }))
    }

    /// A payment that has nothing but a verdict.
    pub(crate) const fn bare(
        id: TransactionId,
        operation: Operation,
        amount: Amount,
        verdict: Verdict,
    ) -> Self {
        Self {
            id,
            outcome: verdict.outcome,
            proof: verdict.proof,
            operation,
            amount,
            card: None,
            last_four: None,
            authorisation: None,
            receipts: Vec::new(),
            replayed: false,
            journaled: false,
            cut: false,
            skipped_fields: 0,
            late_answers: 0,
        }
    }
}
