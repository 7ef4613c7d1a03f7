//! Reads the answer of either generation.

use caisse_codec::fixed::Tolerance;
use caisse_codec::wire::{Answer, Generation};
use caisse_link::{Ending, Judge, Judgement};
use caisse_payment::evidence::ShownIdentity;
use caisse_payment::{Amount, AuthorisationNumber, Doubt, Outcome, RawStatus, Transaction};

use super::fixed_reader::FixedReader;
use super::judge::AnswerJudge;
use crate::Dialect;
use crate::deciding::Echo;

/// An answer as it is read, in the storage of the caller.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "no allocator here, and a machine has one reader")]
pub(super) enum Reader<'s> {
    Concert3(AnswerJudge<'s>),
    Fixed(FixedReader<'s>),
}

impl<'s> Reader<'s> {
    /// `framed`: whether a frame may stand around an answer of 3.x.
    pub(super) const fn new(dialect: &Dialect, framed: bool, storage: &'s mut [u8]) -> Self {
        match dialect.generation {
            Generation::Concert3 => Self::Concert3(AnswerJudge::new(storage, framed)),
            Generation::E | Generation::EPlus => {
                let tolerance = Tolerance { receipt: dialect.optional.ticket, register_letters: false };
                Self::Fixed(FixedReader::new(storage, tolerance))
            }
        }
    }

    pub(super) fn ask(&mut self, ticket: bool, nonce: Option<&[u8]>) {
        if let Self::Concert3(judge) = self {
            judge.ask(ticket, nonce);
        }
    }

    /// Reads the body of a frame, which is one whole answer.
    pub(super) fn take_body(&mut self, body: &[u8], asked: &Transaction) -> Outcome {
        match self {
            Self::Concert3(judge) => {
                judge.reset();
                judge.feed(body);
                let ending = if judge.is_malformed() { Ending::Malformed } else { Ending::Closed };
                judge.outcome(asked, Echo::Whole, Some(ending), body.len())
            }
            Self::Fixed(reader) => {
                reader.reset();
                reader.take(body, asked)
            }
        }
    }

    /// What an answer proves that came as a stream; `ending` is `None` where the till's own limit of time ended it.
    pub(super) fn outcome(&self, asked: &Transaction, ending: Option<Ending>, received: usize) -> Outcome {
        match self {
            Self::Concert3(judge) => judge.outcome(asked, Echo::MayLack, ending, received),
            // It comes in frames alone.
            Self::Fixed(_) => Outcome::Unknown { doubt: Doubt::Silence },
        }
    }

    /// The outcome as soon as the content of a stream decides it.
    pub(super) fn decided(&self, asked: &Transaction) -> Option<Outcome> {
        match self {
            Self::Concert3(judge) => judge.decided(asked),
            Self::Fixed(_) => None,
        }
    }

    /// Whether the bytes of a stream end inside a field, or inside a frame.
    pub(super) const fn is_inside(&self) -> bool {
        match self {
            Self::Concert3(judge) => judge.is_inside(),
            Self::Fixed(_) => false,
        }
    }

    /// Forgets the answer that was read.
    pub(super) fn reset(&mut self) {
        match self {
            Self::Concert3(judge) => judge.reset(),
            Self::Fixed(reader) => reader.reset(),
        }
    }

    /// Whether the answer said how the transaction ended, readable or not.
    pub(super) fn answered(&self) -> bool {
        match self {
            Self::Concert3(judge) => judge.answered(),
            Self::Fixed(reader) => reader.stat().is_some(),
        }
    }

    /// Whether the answer carries the reference that was sent, and so is nobody else's.
    pub(super) fn has_our_reference(&self) -> bool {
        match self {
            Self::Concert3(judge) => judge.has_our_reference(),
            Self::Fixed(_) => false,
        }
    }

    pub(super) fn raw_status(&self) -> RawStatus {
        match self {
            Self::Concert3(judge) => judge.raw_status(),
            Self::Fixed(reader) => RawStatus { stat: reader.stat(), ..RawStatus::default() },
        }
    }

    /// What came and fitted; nothing of an answer of E or E+ that did not come.
    pub(super) fn answer(&self) -> Option<Answer<'_>> {
        match self {
            Self::Concert3(judge) => Some(Answer::Concert3(caisse_codec::Answer::new(judge.message()))),
            Self::Fixed(reader) => reader.answer().map(Answer::Fixed),
        }
    }

    /// The amount of an approval, if it is another one than the amount asked for.
    pub(super) fn reported_amount(&self, asked: &Transaction) -> Option<Amount> {
        match self {
            Self::Concert3(judge) => judge.reported_amount(asked),
            Self::Fixed(reader) => reader.reported_amount(),
        }
    }

    pub(super) fn authorisation(&self) -> Option<AuthorisationNumber> {
        self.answer()?.authorisation()
    }

    /// The identities of the terminal in the answer.
    pub(super) fn shown(&self) -> ShownIdentity {
        self.answer().map_or_else(ShownIdentity::default, |answer| answer.shown())
    }

    pub(super) const fn skipped(&self) -> usize {
        match self {
            Self::Concert3(judge) => judge.skipped(),
            Self::Fixed(reader) => reader.skipped(),
        }
    }

    pub(super) const fn is_cut(&self) -> bool {
        match self {
            Self::Concert3(judge) => judge.is_cut(),
            Self::Fixed(_) => false,
        }
    }
}

impl Judge for Reader<'_> {
    fn feed(&mut self, bytes: &[u8]) -> Judgement {
        match self {
            Self::Concert3(judge) => judge.feed(bytes),
            // It comes in frames alone.
            Self::Fixed(_) => Judgement::Malformed,
        }
    }
}
