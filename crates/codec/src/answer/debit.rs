//! The answer to a debit, as a terminal writes it.

use core::fmt;

use caisse_payment::{Amount, AuthorisationNumber, ContractNumber, Register};

use crate::ticket::encode_ticket;
use crate::value::{
    Action, Application, Complement, Identifier, ReadingMode, Status, TicketRequest, Version,
};
use crate::{EncodeError, Encoder, Tag};

/// The most bytes that a debit answer takes.
pub const LONGEST_ANSWER: usize = 1280;

/// The answer to a debit request, as a terminal writes it. What is nothing is left out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DebitAnswer<'a> {
    /// The protocol version (CZ).
    pub version: Version,
    /// The identifier (CJ), the till's or the terminal's own.
    pub identifier: Option<Identifier>,
    /// The register (CA), as in the request.
    pub register: Register,
    /// The amount (CB) and currency (CE): as asked, or lower on a partial approval.
    pub amount: Amount,
    /// What was done (AE).
    pub status: Status,
    /// Why (AF).
    pub complement: Option<Complement>,
    /// What the card and the bank gave, when a card was there.
    pub card: Option<CardFields<'a>>,
    /// The merchant contract (CG), 1 to 10 characters.
    pub contract: Option<ContractNumber>,
    /// The ticket (ZT): what was asked for and its text, at most 675 bytes of Latin-1 or HTML.
    pub ticket: Option<(TicketRequest, &'a [u8])>,
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

impl fmt::Debug for DebitAnswer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DebitAnswer")
            .field("version", &self.version)
            .field("identifier", &self.identifier)
            .field("register", &self.register)
            .field("amount", &self.amount)
            .field("status", &self.status)
            .field("complement", &self.complement)
            .field("card", &self.card)
            .field("contract", &self.contract)
            // Of the ticket only the length: its text is personal data.
            .field("ticket", &self.ticket.map(|(request, text)| (request, text.len())))
            .finish()
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

impl DebitAnswer<'_> {
    /// Writes the answer into the caller's buffer, CZ first; [`LONGEST_ANSWER`] bytes are always enough.
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
        out.number(Tag::CB, self.amount.minor(), 2)?;
        out.exact(Tag::CD, [Action::DEBIT.value()])?;
        out.number(Tag::CE, u64::from(self.amount.currency().numeric()), 3)?;
        if let Some(card) = &self.card {
            out.field(Tag::AA, card.number.as_bytes())?;
            out.field(Tag::AB, card.expiry.as_bytes())?;
            if let Some(authorisation) = &card.authorisation {
                out.field(Tag::AC, authorisation.as_str().as_bytes())?;
            }
            out.field(Tag::AI, card.aid.as_bytes())?;
            out.exact(Tag::CC, *card.application.as_bytes())?;
            out.exact(Tag::CI, [card.reading_mode.value()])?;
        }
        out.field(Tag::AE, &self.status.value())?;
        if let Some(complement) = self.complement {
            out.exact(Tag::AF, complement.code())?;
        }
        if let Some(contract) = &self.contract {
            out.field(Tag::CG, contract.as_str().as_bytes())?;
        }
        if let Some((request, text)) = self.ticket {
            encode_ticket(&mut out, request, text)?;
        }
        Ok(out.finish())
    }
}
