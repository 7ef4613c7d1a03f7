//! What is known when a transaction is done.

use caisse_codec::Answer;
use caisse_payment::{AuthorisationNumber, Card, Verdict};

/// The end of a transaction, with all that the answer carried; borrows the storage that the caller gave.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    pub(super) verdict: Verdict,
    pub(super) answer: Answer<'a>,
    pub(super) journaled: bool,
    pub(super) skipped: usize,
    pub(super) cut: bool,
}

impl<'a> Report<'a> {
    /// How it ended, and how far the request got.
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Every whole field that the terminal sent and that fitted the storage. After an outcome that is not proven these
    /// are evidence, not facts.
    #[must_use]
    pub const fn answer(&self) -> Answer<'a> {
        self.answer
    }

    /// The card, masked.
    #[must_use]
    pub fn card(&self) -> Option<Card> {
        self.answer.card()
    }

    /// The authorisation number.
    #[must_use]
    pub fn authorisation(&self) -> Option<AuthorisationNumber> {
        self.answer.authorisation()
    }

    /// Whether the end stands in the journal. If not, the terminal stays blocked until it is recovered.
    #[must_use]
    pub const fn journaled(&self) -> bool {
        self.journaled
    }

    /// How many fields did not fit the storage.
    #[must_use]
    pub const fn skipped(&self) -> usize {
        self.skipped
    }

    /// Whether the answer ended inside a field that decides nothing.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.cut
    }
}
