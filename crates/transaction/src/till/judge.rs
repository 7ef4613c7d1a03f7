//! Reads an answer as it comes: what decides into a few words, the rest into the caller's storage.

use core::fmt;

use caisse_codec::{FieldScanner, Message, Piece, Tag};
use caisse_link::{Ending, Judge, Judgement};
use caisse_payment::entry::{Content, RawStatus};
use caisse_payment::{Doubt, Outcome};

use crate::deciding::{Deciding, LONGEST};
use crate::store::FieldStore;

pub(super) struct AnswerJudge<'s> {
    scanner: FieldScanner,
    store: FieldStore<&'s mut [u8]>,
    deciding: Deciding,
    tag: Option<Tag>,
    /// The start of the value that is being read.
    value: [u8; LONGEST],
    value_length: usize,
    ticket_asked: bool,
    malformed: bool,
}

impl fmt::Debug for AnswerJudge<'_> {
    /// Without the value that is being read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerJudge")
            .field("store", &self.store)
            .field("deciding", &self.deciding)
            .field("scanner", &self.scanner)
            .finish_non_exhaustive()
    }
}

impl<'s> AnswerJudge<'s> {
    pub(super) const fn new(storage: &'s mut [u8]) -> Self {
        Self {
            scanner: FieldScanner::new(),
            store: FieldStore::new(storage),
            deciding: Deciding::NONE,
            tag: None,
            value: [0; LONGEST],
            value_length: 0,
            ticket_asked: false,
            malformed: false,
        }
    }

    pub(super) const fn ask_for_ticket(&mut self, asked: bool) {
        self.ticket_asked = asked;
    }

    fn take(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::Begin { tag, length } => {
                self.tag = Some(tag);
                self.value_length = 0;
                self.store.begin(self.scanner.header(), length);
            }
            Piece::Value(bytes) => {
                let free = self.value.get_mut(self.value_length..).unwrap_or_default();
                for (slot, byte) in free.iter_mut().zip(bytes) {
                    *slot = *byte;
                }
                self.value_length = self.value_length.saturating_add(bytes.len());
                self.store.value(bytes);
            }
            Piece::End => {
                let value = self.value.get(..self.value_length).unwrap_or(&self.value);
                if let Some(tag) = self.tag.take() {
                    self.deciding.take(tag, value, self.value_length);
                }
                self.store.end();
            }
            Piece::Malformed(_) => self.malformed = true,
        }
    }

    /// What the answer proves once it has ended; `None` ended it by the till's own limit of time.
    pub(super) fn outcome(&self, asked: &Content, ending: Option<Ending>, received: usize) -> Outcome {
        if received == 0 {
            let doubt = if ending.is_some() { Doubt::ClosedWithoutAnswer } else { Doubt::Silence };
            return Outcome::Unknown { doubt };
        }
        let cut = !self.scanner.at_boundary();
        let why_cut = match ending {
            Some(Ending::Malformed) => Doubt::AnswerMalformed,
            Some(Ending::TooLong) => Doubt::AnswerTooLong,
            _ => Doubt::AnswerCut,
        };
        // A field that could still change the outcome, cut or garbled, leaves it open.
        let open_letter = self.scanner.header().first().copied().filter(|_| cut);
        let could_decide = match self.scanner.open_tag() {
            Some(tag) => self.deciding.depends_on(tag),
            None => open_letter.is_some_and(|letter| self.deciding.may_begin_with(letter)),
        };
        if cut && could_decide {
            return Outcome::Unknown { doubt: why_cut };
        }
        let outcome = self.deciding.outcome(asked);
        // An approval has all that decides; behind a refusal that breaks off into rubbish, anything may have stood.
        let refused = matches!(outcome, Outcome::Declined { .. } | Outcome::Cancelled { .. });
        if refused && matches!(ending, Some(Ending::Malformed | Ending::TooLong)) {
            return Outcome::Unknown { doubt: why_cut };
        }
        let ended_early = cut || matches!(ending, Some(Ending::Malformed | Ending::TooLong));
        // Where the end of the message explains why something is missing, it is the better reason.
        match outcome {
            Outcome::Unknown {
                doubt: Doubt::StatusMissing | Doubt::EchoMissing | Doubt::RefusalWithoutReason,
            } if ended_early => Outcome::Unknown { doubt: why_cut },
            _ => outcome,
        }
    }

    /// Whether the answer said how the transaction ended, readable or not.
    pub(super) fn answered(&self) -> bool {
        self.deciding.has_status()
    }

    pub(super) fn raw_status(&self) -> RawStatus {
        self.deciding.raw_status()
    }

    pub(super) fn message(&self) -> Message<'_> {
        self.store.message()
    }

    pub(super) const fn skipped(&self) -> usize {
        self.store.skipped()
    }

    /// Whether the answer ended inside a field.
    pub(super) const fn is_cut(&self) -> bool {
        !self.scanner.at_boundary()
    }
}

impl Judge for AnswerJudge<'_> {
    fn feed(&mut self, bytes: &[u8]) -> Judgement {
        let mut input = bytes;
        while !self.malformed {
            let behind_a_field = self.scanner.at_boundary() && self.scanner.offset() > 0;
            if let Some((byte, rest)) = input.split_first().filter(|_| behind_a_field) {
                // Real terminals end their answers so. Fields behind them are read on: they may contradict.
                if matches!(byte, b'\r' | b'\n' | b' ') {
                    input = rest;
                    continue;
                }
            }
            let Some(piece) = self.scanner.next(&mut input) else { break };
            self.take(piece);
        }
        if self.malformed {
            Judgement::Malformed
        } else if !self.scanner.at_boundary() {
            Judgement::NeedMore
        } else if self.deciding.is_complete(self.ticket_asked) {
            Judgement::Complete
        } else {
            Judgement::Boundary
        }
    }
}
