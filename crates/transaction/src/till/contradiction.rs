//! Bytes after the verdict that contradict it.

use caisse_payment::{Amount, Outcome, TransactionId};

/// A contradiction between the reported outcome of a transaction and what the terminal sent on the same connection right
/// after it. The recorded end stays; a person has to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The transaction.
    pub id: TransactionId,
    /// The amount that was asked for.
    pub asked: Amount,
    /// The outcome that was reported.
    pub reported: Outcome,
    /// What the whole answer proves, the later bytes included.
    pub outcome: Outcome,
}

impl Contradiction {
    /// The amount that was perhaps paid although a refusal was reported; nothing where an approval was reported, which
    /// perhaps was none.
    #[must_use]
    pub fn paid(&self) -> Option<Amount> {
        match self.reported.approved_amount() {
            Some(_) => None,
            None => Some(self.outcome.approved_amount().unwrap_or(self.asked)),
        }
    }

    /// The reason in words, for the journal.
    #[must_use]
    pub const fn because(&self) -> &'static str {
        match self.reported {
            Outcome::Approved { .. } | Outcome::PartiallyApproved { .. } => {
                "after its approval the terminal sent fields that contradict it"
            }
            _ => "after its refusal the terminal sent bytes that contradict it",
        }
    }
}
