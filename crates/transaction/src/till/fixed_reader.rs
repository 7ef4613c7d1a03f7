//! Reads an answer of E or E+, which comes whole, and keeps it in the caller's storage.

use core::fmt;

use caisse_codec::fixed::{Answer, Tolerance};
use caisse_payment::{Amount, Doubt, Outcome, Transaction};

use crate::fixed_deciding;

/// The answer with a report, without the receipt that may stand behind it.
const WITHOUT_RECEIPT: usize = 80;

pub(super) struct FixedReader<'s> {
    storage: &'s mut [u8],
    tolerance: Tolerance,
    length: usize,
    stat: Option<u8>,
    /// The amount of an approval, if it is another one than the amount asked for.
    reported_amount: Option<Amount>,
    skipped: usize,
}

impl fmt::Debug for FixedReader<'_> {
    /// Without a byte of the answer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FixedReader({} bytes, {} skipped)", self.length, self.skipped)
    }
}

impl<'s> FixedReader<'s> {
    pub(super) const fn new(storage: &'s mut [u8], tolerance: Tolerance) -> Self {
        Self { storage, tolerance, length: 0, stat: None, reported_amount: None, skipped: 0 }
    }

    /// Forgets the answer that was read.
    pub(super) const fn reset(&mut self) {
        (self.length, self.stat, self.reported_amount, self.skipped) = (0, None, None, 0);
    }

    /// Reads a body and says what it proves.
    pub(super) fn take(&mut self, body: &[u8], asked: &Transaction) -> Outcome {
        let Ok(answer) = Answer::decode(body, self.tolerance) else {
            return Outcome::Unknown { doubt: Doubt::AnswerMalformed };
        };
        self.stat = Some(answer.stat.character());
        self.reported_amount = fixed_deciding::reported_amount(&answer, asked);
        self.keep(body);
        fixed_deciding::outcome(&answer, asked)
    }

    fn keep(&mut self, body: &[u8]) {
        let kept =
            if self.storage.len() >= body.len() { body } else { body.get(..WITHOUT_RECEIPT).unwrap_or(body) };
        self.skipped = usize::from(kept.len() != body.len());
        match self.storage.get_mut(..kept.len()) {
            Some(target) => {
                target.copy_from_slice(kept);
                self.length = kept.len();
            }
            None => self.skipped = 1,
        }
    }

    /// The answer that was read, as far as it fitted.
    pub(super) fn answer(&self) -> Option<Answer<'_>> {
        Answer::decode(self.storage.get(..self.length)?, self.tolerance).ok()
    }

    /// STAT.
    pub(super) const fn stat(&self) -> Option<u8> {
        self.stat
    }

    /// The amount of an approval, if it is another one than the amount asked for.
    pub(super) const fn reported_amount(&self) -> Option<Amount> {
        self.reported_amount
    }

    /// How many parts of the answer did not fit the storage.
    pub(super) const fn skipped(&self) -> usize {
        self.skipped
    }
}
