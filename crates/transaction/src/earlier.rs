//! What a line that was there before may still tell of the transaction before.

use caisse_payment::Outcome;
use caisse_payment::entry::Content;

/// The transaction whose result may come, and what came.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Earlier {
    asked: Option<Content>,
    outcome: Option<Outcome>,
}

impl Earlier {
    pub(crate) const fn expect(&mut self, asked: Content) {
        self.asked = Some(asked);
    }

    pub(crate) const fn asked(&self) -> Option<Content> {
        self.asked
    }

    /// A message that was not ours says this of the earlier one. What proves nothing is not kept, and an approval outweighs
    /// everything.
    pub(crate) fn hear(&mut self, outcome: Outcome) {
        let approved = |outcome: Outcome| outcome.approved_amount().is_some();
        if !outcome.is_unknown() && !self.outcome.is_some_and(approved) {
            self.outcome = Some(outcome);
        }
    }

    pub(crate) const fn outcome(&self) -> Option<Outcome> {
        self.outcome
    }
}
