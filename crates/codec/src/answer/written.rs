//! Answers as a terminal writes them.

use core::fmt;

use caisse_payment::{
    Amount, AuthorisationNumber, ContractNumber, REDACTED, Register, Sensitive, holds_card_number,
};

use crate::ticket::encode_tickets;
use crate::value::{
    Action, Application, Complement, Identifier, LongComplement, ReadingMode, Status, TicketRequest, Version,
};
use crate::{EncodeError, Encoder, Tag};

/// Room for an answer with each field at its longest, with a whole ZT and an ID of 999 characters. What was read from a
/// cheque comes on top: nobody documents largest lengths for these three fields, which could take 1004 bytes each.
pub const LONGEST_ANSWER: usize = 2560;

/// An answer of any operation, as a terminal writes it. What is nothing is left out; which fields an operation's answer
/// has says [`Exchange::presence`](crate::dictionary::Exchange::presence).
///
/// ```
/// use caisse_codec::{Action, Complement, LONGEST_ANSWER, Status, TerminalAnswer, Version};
/// use caisse_payment::{Amount, Currency, Register};
///
/// let answer = TerminalAnswer {
///     action: Some(Action::CANCELLATION),
///     amount: Some(Amount::from_minor(2500, Currency::EUR)),
///     complement: Some(Complement::AUTHORISED.into()),
///     ..TerminalAnswer::new(Version::V3_00, Register::FIRST, Status::Performed)
/// };
/// let mut buffer = [0; LONGEST_ANSWER];
/// assert_eq!(answer.encode(&mut buffer)?, b"CZ0040300CA00201CB0042500CD0012CE003978AE00210AF00201");
/// # Ok::<(), caisse_codec::EncodeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TerminalAnswer<'a> {
    /// The protocol version (CZ).
    pub version: Version,
    /// The identifier (CJ), the till's or the terminal's own.
    pub identifier: Option<Identifier>,
    /// The register (CA), as in the request.
    pub register: Register,
    /// The action (CD), as in the request. PayXpert's answer to a duplicata has none.
    pub action: Option<Action>,
    /// The amount (CB) and currency (CE): as asked, or lower on a partial approval. Identifications have none.
    pub amount: Option<Amount>,
    /// What was done (AE).
    pub status: Status,
    /// Why (AF), in its short or its long form.
    pub complement: Option<AnswerComplement<'a>>,
    /// What the card and the bank gave, when a card was there.
    pub card: Option<CardFields<'a>>,
    /// What was read from a cheque.
    pub cheque: Option<ChequeFields<'a>>,
    /// The merchant contract (CG), 1 to 10 characters.
    pub contract: Option<ContractNumber>,
    /// The private data (CF): the till's, given back, or the terminal's own. 1 to 99 printable characters.
    pub private: Option<Sensitive<&'a [u8]>>,
    /// The till's reference (CH), given back: 1 to 99 printable characters.
    pub reference: Option<&'a str>,
    /// PayXpert's id of the transaction (ID): 1 to 999 printable characters.
    pub transaction_id: Option<&'a str>,
    /// PayXpert's serial number of the terminal (AQ): 2 to 20 printable characters.
    pub serial_number: Option<&'a str>,
    /// The tickets (ZT) in their order: of which kind, and the text in Latin-1 or HTML. One may have 675 bytes; two
    /// share the 999 characters of ZT.
    pub tickets: &'a [(TicketRequest, &'a [u8])],
}

/// The complement to the status (AF) as a terminal writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerComplement<'a> {
    /// Two digits.
    Short(Complement),
    /// 29 characters, with fields of the protocol between terminal and bank.
    Long(LongComplement<'a>),
}

impl From<Complement> for AnswerComplement<'_> {
    fn from(complement: Complement) -> Self {
        Self::Short(complement)
    }
}

/// The fields that come from the card and the bank.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CardFields<'a> {
    /// The card number (AA), masked by the terminal: 1 to 64 printable characters.
    pub number: &'a str,
    /// The expiry date (AB): four digits, year first.
    pub expiry: &'a str,
    /// The authorisation number (AC).
    pub authorisation: Option<AuthorisationNumber>,
    /// The card application (AI), at most 32 hexadecimal digits.
    pub aid: &'a str,
    /// The application (CC).
    pub application: Application,
    /// How the card was read (CI).
    pub reading_mode: ReadingMode,
}

/// The fields that come from a cheque. Only examples of them are public, no bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChequeFields<'a> {
    /// The CMC7 track (AD): 35 characters in the only example.
    pub track: Option<Sensitive<&'a [u8]>>,
    /// The answer of the file of irregular cheques (AG): 4 characters in the only example.
    pub file: Option<Sensitive<&'a [u8]>>,
    /// The answer of the cheque guarantee (AH): 6 characters in the only example.
    pub guarantee: Option<Sensitive<&'a [u8]>>,
}

impl fmt::Debug for TerminalAnswer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tickets = self.tickets.iter().map(|(request, text)| (*request, text.len()));
        f.debug_struct("TerminalAnswer")
            .field("version", &self.version)
            .field("identifier", &self.identifier)
            .field("register", &self.register)
            .field("action", &self.action)
            .field("amount", &self.amount)
            .field("status", &self.status)
            .field("complement", &self.complement)
            .field("card", &self.card)
            .field("cheque", &self.cheque)
            .field("contract", &self.contract)
            .field("private", &self.private)
            .field("reference", &self.reference.map(harmless))
            .field("transaction_id", &self.transaction_id.map(harmless))
            .field("serial_number", &self.serial_number.map(harmless))
            // Of the tickets only the lengths: their text is personal data.
            .field("tickets", &DebugList(tickets))
            .finish()
    }
}

/// A label may be shown unless somebody wrote a card number into it.
fn harmless(label: &str) -> &str {
    if holds_card_number(label) { REDACTED } else { label }
}

struct DebugList<I>(I);

impl<I: Iterator<Item: fmt::Debug> + Clone> fmt::Debug for DebugList<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.clone()).finish()
    }
}

impl fmt::Debug for CardFields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CardFields")
            .field("application", &self.application)
            .field("reading_mode", &self.reading_mode)
            .finish_non_exhaustive()
    }
}

impl TerminalAnswer<'_> {
    /// An answer with nothing but CZ, CA and AE.
    #[must_use]
    pub const fn new(version: Version, register: Register, status: Status) -> Self {
        Self {
            version,
            identifier: None,
            register,
            action: None,
            amount: None,
            status,
            complement: None,
            card: None,
            cheque: None,
            contract: None,
            private: None,
            reference: None,
            transaction_id: None,
            serial_number: None,
            tickets: &[],
        }
    }

    /// Writes the answer into the caller's buffer, CZ first; [`LONGEST_ANSWER`] bytes are enough but for
    /// the fields of a cheque at lengths that nobody has seen.
    ///
    /// # Errors
    /// When a value does not have the form that the protocol asks for, or the buffer is too small.
    pub fn encode<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], EncodeError> {
        let mut out = Encoder::new(buffer);
        out.exact(Tag::CZ, *self.version.as_bytes())?;
        if let Some(identifier) = &self.identifier {
            out.exact(Tag::CJ, *identifier.as_bytes())?;
        }
        out.number(Tag::CA, u64::from(self.register.number()), 2)?;
        if let Some(amount) = self.amount {
            out.number(Tag::CB, amount.minor(), 2)?;
        }
        if let Some(action) = self.action {
            out.exact(Tag::CD, [action.value()])?;
        }
        if let Some(amount) = self.amount {
            out.number(Tag::CE, u64::from(amount.currency().numeric()), 3)?;
        }
        if let Some(card) = &self.card {
            card.encode(&mut out)?;
        }
        out.field(Tag::AE, &self.status.value())?;
        match &self.complement {
            None => {}
            Some(AnswerComplement::Short(complement)) => out.exact(Tag::AF, complement.code())?,
            Some(AnswerComplement::Long(complement)) => out.field(Tag::AF, &complement.value())?,
        }
        if let Some(contract) = &self.contract {
            out.field(Tag::CG, contract.as_str().as_bytes())?;
        }
        self.encode_rare(&mut out)?;
        if !self.tickets.is_empty() {
            encode_tickets(&mut out, self.tickets)?;
        }
        Ok(out.finish())
    }

    /// Writes what only some operations and some vendors have.
    #[inline]
    fn encode_rare(&self, out: &mut Encoder<'_>) -> Result<(), EncodeError> {
        if let Some(cheque) = &self.cheque {
            encode_if(out, Tag::AD, cheque.track.map(Sensitive::into_revealed))?;
            encode_if(out, Tag::AG, cheque.file.map(Sensitive::into_revealed))?;
            encode_if(out, Tag::AH, cheque.guarantee.map(Sensitive::into_revealed))?;
        }
        encode_if(out, Tag::CF, self.private.map(Sensitive::into_revealed))?;
        encode_if(out, Tag::CH, self.reference.map(str::as_bytes))?;
        encode_if(out, Tag::ID, self.transaction_id.map(str::as_bytes))?;
        encode_if(out, Tag::AQ, self.serial_number.map(str::as_bytes))
    }
}

/// Writes a field that is rarely there: looking costs little, and the check and the copy stand in one place.
#[inline]
fn encode_if(out: &mut Encoder<'_>, tag: Tag, value: Option<&[u8]>) -> Result<(), EncodeError> {
    value.map_or(Ok(()), |value| encode_present(out, tag, value))
}

#[inline(never)]
fn encode_present(out: &mut Encoder<'_>, tag: Tag, value: &[u8]) -> Result<(), EncodeError> {
    out.field(tag, value)
}

impl CardFields<'_> {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<(), EncodeError> {
        out.field(Tag::AA, self.number.as_bytes())?;
        out.field(Tag::AB, self.expiry.as_bytes())?;
        if let Some(authorisation) = &self.authorisation {
            out.field(Tag::AC, authorisation.as_str().as_bytes())?;
        }
        out.field(Tag::AI, self.aid.as_bytes())?;
        out.exact(Tag::CC, *self.application.as_bytes())?;
        out.exact(Tag::CI, [self.reading_mode.value()])
    }
}
