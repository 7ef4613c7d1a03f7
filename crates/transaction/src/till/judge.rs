//! Reads an answer as it comes: what decides into a few words, the rest into the caller's storage.

use core::fmt;

use arrayvec::ArrayVec;
use caisse_codec::{FieldScanner, Message, Piece, Tag};
use caisse_link::frame::STX;
use caisse_link::{Ending, Judge, Judgement};
use caisse_payment::{Amount, Doubt, Outcome, RawStatus, Transaction};

use super::envelope::Envelope;
use crate::deciding::{Deciding, Echo, LONGEST, Missing};
use crate::store::FieldStore;

pub(super) struct AnswerJudge<'s> {
    scanner: FieldScanner,
    store: FieldStore<&'s mut [u8]>,
    deciding: Deciding,
    tag: Option<Tag>,
    /// The start of the value that is being read.
    value: [u8; LONGEST],
    value_length: usize,
    /// Whether the value is the nonce so far.
    value_is_nonce: bool,
    ticket_asked: bool,
    /// What CF has to be where it comes back as it went.
    nonce: ArrayVec<u8, LONGEST_REFERENCE>,
    envelope: Envelope,
    framed: bool,
    malformed: bool,
}

/// The most bytes of a reference.
const LONGEST_REFERENCE: usize = 64;

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
    /// `framed`: whether a frame may stand around the answer.
    pub(super) const fn new(storage: &'s mut [u8], framed: bool) -> Self {
        Self {
            scanner: FieldScanner::new(),
            store: FieldStore::new(storage),
            deciding: Deciding::NONE,
            tag: None,
            value: [0; LONGEST],
            value_length: 0,
            value_is_nonce: false,
            ticket_asked: false,
            nonce: ArrayVec::new_const(),
            envelope: if framed { Envelope::Expected } else { Envelope::Bare },
            framed,
            malformed: false,
        }
    }

    /// What the answer is held to: whether it has to carry a ticket, and what CF has to be if it comes back as it went.
    pub(super) fn ask(&mut self, ticket: bool, nonce: Option<&[u8]>) {
        self.ticket_asked = ticket;
        self.nonce = nonce.unwrap_or_default().iter().copied().take(LONGEST_REFERENCE).collect();
    }

    /// Forgets the answer that was read, and not what was asked.
    pub(super) fn reset(&mut self) {
        self.scanner = FieldScanner::new();
        self.store.reset();
        self.deciding = Deciding::NONE;
        self.tag = None;
        self.value_length = 0;
        self.envelope = if self.framed { Envelope::Expected } else { Envelope::Bare };
        self.malformed = false;
    }

    fn take(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::Begin { tag, length } => {
                self.tag = Some(tag);
                self.value_length = 0;
                self.value_is_nonce = true;
                self.store.begin(self.scanner.header(), length);
            }
            Piece::Value(bytes) => {
                let expected = self.nonce.get(self.value_length..).unwrap_or_default();
                self.value_is_nonce &= expected.starts_with(bytes);
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
                    if tag == Tag::CF && !self.nonce.is_empty() && self.value_length > 0 {
                        let ours = self.value_is_nonce && self.value_length == self.nonce.len();
                        self.deciding.take_reference(ours);
                    }
                }
                self.store.end();
            }
            Piece::Malformed(_) => self.malformed = true,
        }
    }

    /// What the answer proves once it has ended; `None` ended it by the till's own limit of time.
    pub(super) fn outcome(
        &self,
        asked: &Transaction,
        echo: Echo,
        ending: Option<Ending>,
        received: usize,
    ) -> Outcome {
        if received == 0 {
            let doubt = if ending.is_some() { Doubt::ClosedWithoutAnswer } else { Doubt::Silence };
            return Outcome::Unknown { doubt };
        }
        let cut = self.is_cut();
        let why_cut = match ending {
            Some(Ending::Malformed) => Doubt::AnswerMalformed,
            Some(Ending::TooLong) => Doubt::AnswerTooLong,
            _ => Doubt::AnswerCut,
        };
        // A field that could still change the outcome, cut or garbled, leaves it open.
        if cut && self.could_decide() {
            return Outcome::Unknown { doubt: why_cut };
        }
        let outcome = self.deciding.outcome(asked, echo);
        if self.envelope == Envelope::Broken {
            return Outcome::Unknown { doubt: Doubt::AnswerMalformed };
        }
        // An approval has all that decides; behind a refusal that breaks off into rubbish, anything may have stood.
        let refused = matches!(outcome, Outcome::Declined { .. } | Outcome::Cancelled { .. });
        let unfinished =
            matches!(ending, Some(Ending::Malformed | Ending::TooLong)) || self.envelope.is_open();
        if refused && unfinished {
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

    /// Whether the field that is open could still change the outcome.
    fn could_decide(&self) -> bool {
        let open_letter = self.scanner.header().first().copied();
        match self.scanner.open_tag() {
            Some(tag) => self.deciding.depends_on(tag) || (tag == Tag::CF && self.awaits_reference()),
            None => open_letter.is_some_and(|letter| {
                self.deciding.may_begin_with(letter) || (letter == b'C' && self.awaits_reference())
            }),
        }
    }

    /// The outcome as soon as the content decides it: an approval or a refusal that has all it needs, at the end of a field,
    /// and at the end of a frame where there is one.
    pub(super) fn decided(&self, asked: &Transaction) -> Option<Outcome> {
        let ticket_awaited = self.ticket_asked && !self.deciding.has_ticket();
        if self.is_cut() || self.malformed || self.envelope == Envelope::Broken {
            return None;
        }
        let outcome = self.deciding.outcome(asked, Echo::MayLack);
        let awaits_ticket = ticket_awaited && outcome.approved_amount().is_some();
        Some(outcome).filter(|outcome| !outcome.is_unknown() && !awaits_ticket)
    }

    /// Whether the bytes end inside a field, or inside a frame.
    pub(super) const fn is_inside(&self) -> bool {
        !self.malformed && self.is_cut()
    }

    /// Whether the answer said how the transaction ended, readable or not.
    pub(super) fn answered(&self) -> bool {
        self.deciding.has_status()
    }

    /// The amount of an approval, if it is another one than the amount asked for.
    pub(super) fn reported_amount(&self, asked: &Transaction) -> Option<Amount> {
        self.deciding.reported_amount(asked)
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

    pub(super) const fn is_malformed(&self) -> bool {
        self.malformed
    }

    /// Whether the answer ended inside a field, or inside a frame around it.
    pub(super) const fn is_cut(&self) -> bool {
        !self.scanner.at_boundary() || self.envelope.is_open()
    }

    /// Whether a reference was sent that comes back as it went, and has not come yet.
    fn awaits_reference(&self) -> bool {
        !self.nonce.is_empty() && !self.deciding.has_reference()
    }

    /// Whether the answer carries the reference that was sent.
    pub(super) fn has_our_reference(&self) -> bool {
        self.deciding.has_our_reference()
    }
}

impl Judge for AnswerJudge<'_> {
    fn feed(&mut self, bytes: &[u8]) -> Judgement {
        let mut input = bytes;
        while let Some(content) = self.envelope.content(&mut input) {
            let frame = self.read(content);
            if self.malformed && self.envelope.is_open() {
                // Whatever its check byte is: it need not have come.
                self.envelope = Envelope::Broken;
            }
            if !frame.is_empty() {
                // Bare content is all of the input.
                (self.envelope, input) = (Envelope::Expected, frame);
            }
        }
        if self.malformed || self.envelope == Envelope::Broken {
            Judgement::Malformed
        } else if self.envelope == Envelope::Closed {
            Judgement::Complete
        } else if self.envelope.is_open() || (!self.scanner.at_boundary() && self.could_decide()) {
            Judgement::NeedMore
        } else {
            match self.deciding.missing(self.ticket_asked) {
                Missing::Deciding => Judgement::NeedMore,
                Missing::Optional => Judgement::Boundary,
                // A field that decides nothing has begun, and the rest of it should come.
                Missing::Nothing if !self.scanner.at_boundary() => Judgement::Boundary,
                Missing::Nothing => Judgement::Complete,
            }
        }
    }
}

impl AnswerJudge<'_> {
    /// Reads fields; returns what is left where a frame begins after bare fields: it may contradict them.
    fn read<'c>(&mut self, content: &'c [u8]) -> &'c [u8] {
        let mut input = content;
        while !self.malformed {
            let behind_a_field = self.scanner.at_boundary() && self.scanner.offset() > 0;
            if let Some((byte, rest)) = input.split_first().filter(|_| behind_a_field) {
                if *byte == STX && self.envelope == Envelope::Bare {
                    return input;
                }
                // Real terminals end their answers so. Fields behind them are read on: they may contradict.
                if matches!(byte, b'\r' | b'\n' | b' ') {
                    input = rest;
                    continue;
                }
            }
            let Some(piece) = self.scanner.next(&mut input) else { break };
            self.take(piece);
        }
        &[]
    }
}
