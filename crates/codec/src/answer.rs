//! What the terminal answers: read leniently by the till, written strictly by a terminal.

mod index;
mod written;

use core::fmt;

use caisse_payment::evidence::ShownIdentity;
use caisse_payment::{AuthorisationNumber, Card, ContractNumber, Currency, Register, Sensitive};

use crate::value::{
    self, Action, Application, Complement, Identifier, LongComplement, ReadingMode, Status, Version,
};
use crate::{DecodeError, Message, Tag, Tickets};
use index::Index;

pub use written::{AnswerComplement, CardFields, ChequeFields, LONGEST_ANSWER, TerminalAnswer};

/// An answer, looked at through its first field of each tag. Reading it never fails: a field that is absent or not of
/// its form is simply not there. Whether the answer proves anything is for `caisse-transaction` to say.
///
/// The fields are found and checked once, when the answer is made; asking for one is a look-up. What begins behind the
/// first 64 KiB is no longer looked at: no terminal writes a hundredth of that.
///
/// ```
/// use caisse_codec::{Answer, Status};
///
/// let answer = Answer::decode(b"CZ0040300AE00210CB0070000005CD0010CE003978CA00201")?;
/// assert_eq!(answer.status(), Some(Status::Performed));
/// assert_eq!(answer.amount_minor(), Some(5));
/// assert!(answer.card().is_none());
/// # Ok::<(), caisse_codec::DecodeError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    message: Message<'a>,
    index: Index,
}

impl PartialEq for Answer<'_> {
    /// The index follows from the message.
    fn eq(&self, other: &Self) -> bool {
        self.message == other.message
    }
}

impl Eq for Answer<'_> {}

impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("message", &self.message).finish()
    }
}

impl<'a> Answer<'a> {
    /// Looks at a message as an answer.
    #[must_use]
    pub fn new(message: Message<'a>) -> Self {
        let mut index = Index::EMPTY;
        message.fields().for_each(|field| index.take(&field));
        Self { message, index }
    }

    /// Reads bytes that are one whole answer, in one pass.
    ///
    /// # Errors
    /// Says where the bytes are cut or stop being fields. No bytes at all are a cut message.
    #[inline]
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut answer = Self { message: Message::of_whole_fields(bytes), index: Index::EMPTY };
        if answer.index.read(bytes) { Ok(answer) } else { Self::decode_slowly(bytes) }
    }

    #[cold]
    #[inline(never)]
    fn decode_slowly(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Message::decode(bytes).map(Self::new)
    }

    /// All its fields, unknown ones included.
    #[must_use]
    pub const fn message(&self) -> Message<'a> {
        self.message
    }

    /// Whether the first field of this tag has the length and the characters that are documented of it. Nothing when
    /// there is no such field, or no public document knows the tag.
    #[must_use]
    pub fn is_documented(&self, tag: Tag) -> Option<bool> {
        self.index.is_documented(tag, self.message.as_bytes())
    }

    /// Whether every field of a documented tag is as documented: of fields of the same tag, the first one.
    #[inline]
    #[must_use]
    pub const fn is_all_documented(&self) -> bool {
        self.index.is_all_documented()
    }

    #[inline(always)]
    fn value(&self, tag: Tag) -> Option<&'a [u8]> {
        self.index.value(tag, self.message.as_bytes())
    }

    /// The value if it has exactly so many bytes, which costs less to find out than how many it has.
    #[inline(always)]
    fn exact<const N: usize>(&self, tag: Tag) -> Option<&'a [u8; N]> {
        self.index.exact(tag, self.message.as_bytes())
    }

    #[inline(always)]
    fn text(&self, tag: Tag) -> Option<&'a str> {
        core::str::from_utf8(self.value(tag)?).ok()
    }

    /// The protocol version of the terminal (CZ); it need not be the one that was sent.
    #[inline]
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        Version::from_value(self.exact::<4>(Tag::CZ)?)
    }

    /// What the terminal did (AE).
    #[inline]
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        Status::from_value(self.exact::<2>(Tag::AE)?)
    }

    /// The complement to the status (AF).
    #[inline]
    #[must_use]
    pub fn complement(&self) -> Option<Complement> {
        Complement::from_value(self.value(Tag::AF)?)
    }

    /// The amount (CB) in minor units, zeros in front of it dropped.
    #[inline]
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

    /// The identities that the terminal shows: its contract (CG) and its serial number (AQ).
    #[must_use]
    pub fn shown(&self) -> ShownIdentity {
        let serial_number = self.serial_number().and_then(|number| number.parse().ok());
        ShownIdentity { contract: self.contract(), serial_number }
    }

    /// The card application (CC).
    #[must_use]
    pub fn application(&self) -> Option<Application> {
        Application::from_value(self.exact::<3>(Tag::CC)?)
    }

    /// How the card was read (CI).
    #[must_use]
    pub fn reading_mode(&self) -> Option<ReadingMode> {
        ReadingMode::from_value(self.exact::<1>(Tag::CI)?)
    }

    /// The tickets (ZT), in their order.
    #[must_use]
    pub fn tickets(&self) -> Tickets<'a> {
        Tickets::new(self.value(Tag::ZT).unwrap_or_default())
    }
}

/// What fewer readers ask for.
impl<'a> Answer<'a> {
    /// The register (CA) that the answer is for; one digit is tolerated.
    #[inline]
    #[must_use]
    pub fn register(&self) -> Option<Register> {
        value::register(self.value(Tag::CA)?)
    }

    /// The identifier (CJ): the till's, or the terminal's own.
    #[must_use]
    pub fn identifier(&self) -> Option<Identifier> {
        Identifier::from_value(self.value(Tag::CJ)?)
    }

    /// The type of action (CD) that was done or refused.
    #[inline]
    #[must_use]
    pub fn action(&self) -> Option<Action> {
        Action::from_value(self.exact::<1>(Tag::CD)?)
    }

    /// The currency (CE): three digits of ISO 4217.
    #[inline]
    #[must_use]
    pub fn currency(&self) -> Option<Currency> {
        Currency::from_numeric(value::three_digits(self.exact(Tag::CE)?)?)
    }

    /// Whether this is an immediate answer (BA=1): then the status says nothing of the payment.
    #[inline]
    #[must_use]
    pub fn immediate(&self) -> Option<bool> {
        match self.exact(Tag::BA)? {
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
        self.text(tag).filter(|_| self.is_documented(tag) == Some(true))
    }

    /// A value whose bounds nobody documents well enough to hold a terminal to them.
    fn sensitive(&self, tag: Tag) -> Option<Sensitive<&'a [u8]>> {
        self.value(tag).filter(|value| !value.is_empty()).map(Sensitive::new)
    }
}
