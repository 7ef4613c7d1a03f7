//! What is known when a transaction is done.

use caisse_codec::wire::Answer;
use caisse_codec::{Message, Tickets};
use caisse_payment::{Amount, AuthorisationNumber, Card, Verdict};

/// The end of a transaction, with all that the answer carried; borrows the storage that the caller gave.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    pub(super) verdict: Verdict,
    pub(super) answer: Option<Answer<'a>>,
    pub(super) reported_amount: Option<Amount>,
    pub(super) journaled: bool,
    pub(super) disputed: bool,
    pub(super) skipped: usize,
    pub(super) cut: bool,
    pub(super) late: u8,
}

impl<'a> Report<'a> {
    /// How it ended, and how far the request got.
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// What the terminal sent and what fitted the storage; nothing where nothing came. After an outcome that is not proven
    /// this is evidence, no fact.
    #[must_use]
    pub const fn answer(&self) -> Option<Answer<'a>> {
        self.answer
    }

    /// Every whole field of an answer of 3.x.
    #[must_use]
    pub fn message(&self) -> Message<'a> {
        match self.answer {
            Some(Answer::Concert3(answer)) => answer.message(),
            _ => Message::read(b"").0,
        }
    }

    /// The tickets of an answer of 3.x, in their order.
    #[must_use]
    pub fn tickets(&self) -> Tickets<'a> {
        self.answer.map_or(Tickets::new(b""), |answer| answer.tickets())
    }

    /// The card, masked.
    #[must_use]
    pub fn card(&self) -> Option<Card> {
        self.answer?.card()
    }

    /// The authorisation number.
    #[must_use]
    pub fn authorisation(&self) -> Option<AuthorisationNumber> {
        self.answer?.authorisation()
    }

    /// The amount of an approval that could not be accepted because of its amount. A person who finds that the customer paid
    /// it resolves the transaction with it.
    #[must_use]
    pub const fn reported_amount(&self) -> Option<Amount> {
        self.reported_amount
    }

    /// Whether the end stands in the journal. If not, the terminal stays blocked until it is recovered.
    #[must_use]
    pub const fn journaled(&self) -> bool {
        self.journaled
    }

    /// Whether bytes after the verdict contradict it, so that a person has to look.
    #[must_use]
    pub const fn is_disputed(&self) -> bool {
        self.disputed
    }

    /// How many fields did not fit the storage.
    #[must_use]
    pub const fn skipped(&self) -> usize {
        self.skipped
    }

    /// Whether an answer that decides the outcome broke off after the deciding fields, such as in its ticket.
    #[must_use]
    pub const fn is_cut(&self) -> bool {
        self.cut
    }

    /// How many messages came that were an earlier transaction's: they changed nothing here, and may end a doubt about that
    /// one.
    #[must_use]
    pub const fn late_answers(&self) -> u8 {
        self.late
    }
}
