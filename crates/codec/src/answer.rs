//! What the terminal answers: read leniently by the till, written strictly by a terminal.

use core::fmt;

use caisse_payment::{Amount, AuthorisationNumber, Card, ContractNumber, Currency, Register, Sensitive};

use crate::ticket::encode_ticket;
use crate::value::{
    self, Action, Application, Complement, Identifier, LongComplement, ReadingMode, Status, TicketRequest,
    Version,
};
use crate::{EncodeError, Encoder, Field, Message, Tag, Tickets};

/// An answer, looked at through its first field of each tag. Reading it never fails: a field that is absent or not of
/// its form is simply not there. Whether the answer proves anything is for `caisse-transaction` to say.
///
/// ```
/// use caisse_codec::{Answer, Message, Status};
///
/// let message = Message::decode(b"CZ0040300AE00210CB0070000005CD0010CE003978CA00201")?;
/// let answer = Answer::new(message);
/// assert_eq!(answer.status(), Some(Status::Performed));
/// assert_eq!(answer.amount_minor(), Some(5));
/// assert!(answer.card().is_none());
/// # Ok::<(), caisse_codec::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    message: Message<'a>,
}

impl<'a> Answer<'a> {
    /// Looks at a message as an answer.
    #[must_use]
    pub const fn new(message: Message<'a>) -> Self {
        Self { message }
    }

    /// All its fields, unknown ones included.
    #[must_use]
    pub const fn message(&self) -> Message<'a> {
        self.message
    }

    fn value(&self, tag: Tag) -> Option<&'a [u8]> {
        self.message.get(tag).map(|field: Field<'a>| field.value())
    }

    fn text(&self, tag: Tag) -> Option<&'a str> {
        core::str::from_utf8(self.value(tag)?).ok()
    }

    /// The protocol version of the terminal (CZ); it need not be the one that was sent.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        Version::from_value(self.value(Tag::CZ)?)
    }

    /// What the terminal did (AE).
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        Status::from_value(self.value(Tag::AE)?)
    }

    /// The complement to the status (AF).
    #[must_use]
    pub fn complement(&self) -> Option<Complement> {
        Complement::from_value(self.value(Tag::AF)?)
    }

    /// The amount (CB) in minor units, zeros in front of it dropped.
    #[must_use]
    pub fn amount_minor(&self) -> Option<u64> {
        value::number(self.value(Tag::CB)?)
    }

    /// The card (AA), masked whatever the terminal sent.
    #[must_use]
    pub fn card(&self) -> Option<Card> {
        self.value(Tag::AA).filter(|value| !value.is_empty()).map(Card::from_raw)
    }

    /// The authorisation number (AC).
    #[must_use]
    pub fn authorisation(&self) -> Option<AuthorisationNumber> {
        self.text(Tag::AC)?.parse().ok()
    }

    /// The merchant contract (CG).
    #[must_use]
    pub fn contract(&self) -> Option<ContractNumber> {
        self.text(Tag::CG)?.parse().ok()
    }

    /// The card application (CC).
    #[must_use]
    pub fn application(&self) -> Option<Application> {
        Application::from_value(self.value(Tag::CC)?)
    }

    /// How the card was read (CI).
    #[must_use]
    pub fn reading_mode(&self) -> Option<ReadingMode> {
        ReadingMode::from_value(self.value(Tag::CI)?)
    }

    /// The tickets (ZT), in their order.
    #[must_use]
    pub fn tickets(&self) -> Tickets<'a> {
        Tickets::new(self.value(Tag::ZT).unwrap_or_default())
    }
}

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
        out.field(Tag::CZ, self.version.as_bytes())?;
        if let Some(identifier) = &self.identifier {
            out.field(Tag::CJ, identifier.as_bytes())?;
        }
        out.number(Tag::CA, u64::from(self.register.number()), 2)?;
        out.number(Tag::CB, self.amount.minor(), 2)?;
        out.field(Tag::CD, &[Action::DEBIT.value()])?;
        out.number(Tag::CE, u64::from(self.amount.currency().numeric()), 3)?;
        if let Some(card) = &self.card {
            out.field(Tag::AA, card.number.as_bytes())?;
            out.field(Tag::AB, card.expiry.as_bytes())?;
            if let Some(authorisation) = &card.authorisation {
                out.field(Tag::AC, authorisation.as_str().as_bytes())?;
            }
            out.field(Tag::AI, card.aid.as_bytes())?;
            out.field(Tag::CC, card.application.as_bytes())?;
            out.field(Tag::CI, &[card.reading_mode.value()])?;
        }
        out.field(Tag::AE, &self.status.value())?;
        if let Some(complement) = self.complement {
            out.field(Tag::AF, &complement.code())?;
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

/// What fewer readers ask for.
impl<'a> Answer<'a> {
    /// The register (CA) that the answer is for; one digit is tolerated.
    #[must_use]
    pub fn register(&self) -> Option<Register> {
        let number = value::number(self.value(Tag::CA).filter(|value| value.len() <= 2)?)?;
        Register::new(u8::try_from(number).ok()?)
    }

    /// The identifier (CJ): the till's, or the terminal's own.
    #[must_use]
    pub fn identifier(&self) -> Option<Identifier> {
        Identifier::from_value(self.value(Tag::CJ)?)
    }

    /// The type of action (CD) that was done or refused.
    #[must_use]
    pub fn action(&self) -> Option<Action> {
        Action::from_value(self.value(Tag::CD)?)
    }

    /// The currency (CE): three digits of ISO 4217.
    #[must_use]
    pub fn currency(&self) -> Option<Currency> {
        let number = value::number(self.value(Tag::CE).filter(|value| value.len() == 3)?)?;
        Currency::from_numeric(u16::try_from(number).ok()?)
    }

    /// Whether this is an immediate answer (BA=1): then the status says nothing of the payment.
    #[must_use]
    pub fn immediate(&self) -> Option<bool> {
        match self.value(Tag::BA)? {
            b"0" => Some(false),
            b"1" => Some(true),
            _ => None,
        }
    }

    /// The long form of the complement (AF of 29 characters).
    #[must_use]
    pub fn long_complement(&self) -> Option<LongComplement<'a>> {
        LongComplement::from_value(self.value(Tag::AF)?)
    }

    /// The expiry date of the card (AB): four digits, the year first.
    #[must_use]
    pub fn expiry(&self) -> Option<Sensitive<&'a str>> {
        self.documented(Tag::AB).map(Sensitive::new)
    }

    /// The card application (AI): at most 32 letters and digits, hexadecimal in every sample.
    #[must_use]
    pub fn aid(&self) -> Option<&'a str> {
        self.documented(Tag::AI)
    }

    /// The till's reference of the transaction (CH), where the terminal gives it back: 1 to 99 characters.
    #[must_use]
    pub fn reference(&self) -> Option<&'a str> {
        self.documented(Tag::CH)
    }

    /// PayXpert's id of the transaction (ID), which a credit linked to it names: 1 to 999 characters.
    #[must_use]
    pub fn transaction_id(&self) -> Option<&'a str> {
        self.documented(Tag::ID)
    }

    /// PayXpert's date of the operation (AP): 13 characters whose format is not public.
    #[must_use]
    pub fn date(&self) -> Option<&'a str> {
        self.documented(Tag::AP)
    }

    /// PayXpert's serial number of the terminal (AQ): 2 to 20 characters.
    #[must_use]
    pub fn serial_number(&self) -> Option<&'a str> {
        self.documented(Tag::AQ)
    }

    /// The private data (CF): the till's own, given back, or the terminal's. Of any length but 0, in any
    /// characters.
    #[must_use]
    pub fn private(&self) -> Option<Sensitive<&'a [u8]>> {
        self.sensitive(Tag::CF)
    }

    /// The CMC7 track of a cheque (AD).
    #[must_use]
    pub fn cheque_track(&self) -> Option<Sensitive<&'a [u8]>> {
        self.sensitive(Tag::AD)
    }

    /// What the file of irregular cheques (FNCI) answered (AG).
    #[must_use]
    pub fn cheque_file(&self) -> Option<Sensitive<&'a [u8]>> {
        self.sensitive(Tag::AG)
    }

    /// What the cheque guarantee answered (AH).
    #[must_use]
    pub fn cheque_guarantee(&self) -> Option<Sensitive<&'a [u8]>> {
        self.sensitive(Tag::AH)
    }

    /// The telephone that the customer typed on the terminal (AM).
    #[must_use]
    pub fn phone(&self) -> Option<Sensitive<&'a [u8]>> {
        self.sensitive(Tag::AM)
    }

    /// The e-mail address that the customer typed on the terminal (AN).
    #[must_use]
    pub fn email(&self) -> Option<Sensitive<&'a [u8]>> {
        self.sensitive(Tag::AN)
    }

    /// A text that has the length and the characters of its tag.
    fn documented(&self, tag: Tag) -> Option<&'a str> {
        let value = self.value(tag)?;
        let fits = crate::dictionary::find(tag)?.allows(value);
        core::str::from_utf8(value).ok().filter(|_| fits)
    }

    /// A value whose bounds nobody documents well enough to hold a terminal to them.
    fn sensitive(&self, tag: Tag) -> Option<Sensitive<&'a [u8]>> {
        self.value(tag).filter(|value| !value.is_empty()).map(Sensitive::new)
    }
}
