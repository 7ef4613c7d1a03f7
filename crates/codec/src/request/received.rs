//! Every request as a terminal received it.

use caisse_payment::{Amount, Register, Sensitive};

use super::fields::{self, FaultKind, RequestFault, RequestFields, Slots};
use super::{MoneyOperation, Options};
use crate::value::{Action, Application, Identifier, ReadingMode, TicketRequest, Version};
use crate::{Message, Tag, Tickets};

/// A request as a terminal received it, by its type of action (CD).
///
/// ```
/// use caisse_codec::{Message, MoneyOperation, ReceivedRequest};
///
/// let wire = b"CZ0040300CJ012012345678901CA00201CE003978BA0010CD0010CC00300CCB00511245";
/// let ReceivedRequest::Money(request) = ReceivedRequest::read(&Message::decode(wire)?)? else { unreachable!() };
/// assert_eq!(request.operation, MoneyOperation::Cheque);
/// assert_eq!(request.amount.to_string(), "112.45 EUR");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceivedRequest<'a> {
    /// Money is to move: CD is 0, 1, 2, 4 or 7.
    Money(ReceivedMoney<'a>),
    /// A copy of the last ticket: CD=3.
    Duplicata(ReceivedDuplicata),
    /// Who is there: CD=I.
    Identification(ReceivedHeader),
    /// A text to print: CD=P.
    Print(ReceivedPrint<'a>),
    /// What became of a transaction: CD=T. How it is named is not public: look into the message.
    TransactionStatus(ReceivedHeader),
    /// Another action. What it needs is not public, or only one vendor has it.
    Other {
        /// CZ, CJ, CA and BA.
        header: ReceivedHeader,
        /// The action (CD).
        action: Action,
    },
}

/// What every request begins with, as a terminal received it, and whether the answer is to come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceivedHeader {
    /// The protocol version (CZ).
    pub version: Version,
    /// The identifier of the till's editor (CJ), if it has its form.
    pub identifier: Option<Identifier>,
    /// The register (CA).
    pub register: Register,
    /// Whether the till wants an immediate answer (BA=1), which says nothing of the end.
    pub immediate: bool,
}

/// A request that moves money, as a terminal received it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceivedMoney<'a> {
    /// CZ, CJ, CA and BA.
    pub header: ReceivedHeader,
    /// What is to happen (CD, and CC of a cheque, IM of a linked credit).
    pub operation: MoneyOperation<'a>,
    /// How much (CB and CE).
    pub amount: Amount,
    /// The optional fields. The texts are as they came: of any length but 0, in any characters.
    pub options: Options<'a>,
}

/// A request for a duplicata, as a terminal received it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceivedDuplicata {
    /// CZ, CJ, CA and BA.
    pub header: ReceivedHeader,
    /// The amount (CB and CE) of HiPay's form, which says nothing; nothing where it cannot be read.
    pub amount: Option<Amount>,
    /// The tickets to send (CK).
    pub ticket: Option<TicketRequest>,
}

/// A request to print, as a terminal received it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceivedPrint<'a> {
    /// CZ, CJ, CA and BA.
    pub header: ReceivedHeader,
    /// The value of ZT, up to 999 bytes; see [`tickets`](Self::tickets).
    pub constructed: Sensitive<&'a [u8]>,
}

impl<'a> ReceivedPrint<'a> {
    /// The tickets to print, in their order.
    #[must_use]
    pub fn tickets(&self) -> Tickets<'a> {
        Tickets::new(self.constructed.reveal())
    }
}

impl<'a> ReceivedRequest<'a> {
    /// Reads a request as a terminal does. Tolerated, because real tills do it: CA of one digit, CB of one
    /// digit or padded with zeros, CJ absent or of another length, CF longer than documented, other fields in
    /// any order, unknown ones.
    ///
    /// # Errors
    /// Says which field is missing, repeated with another value, or not of its form.
    pub fn read(message: &Message<'a>) -> Result<Self, RequestFault> {
        let AllFields { base, options } = fields::collect(message)?;
        let action = base.action()?;
        Ok(match action {
            Action::DEBIT
            | Action::CREDIT
            | Action::CANCELLATION
            | Action::PREAUTHORISATION
            | Action::DEFERRED_DEBIT => Self::Money(money(action, &base, &options)?),
            Action::DUPLICATA => Self::Duplicata(ReceivedDuplicata {
                header: base.header()?,
                amount: base.amount().ok(),
                ticket: base.ticket()?,
            }),
            Action::IDENTIFICATION => Self::Identification(base.header()?),
            Action::PRINT => Self::Print(ReceivedPrint {
                header: base.header()?,
                constructed: Sensitive::new(fields::required(Tag::ZT, options.constructed)?),
            }),
            Action::TRANSACTION_STATUS => Self::TransactionStatus(base.header()?),
            _ => Self::Other { header: base.header()?, action },
        })
    }

    /// CZ, CJ, CA and BA.
    #[must_use]
    pub const fn header(&self) -> ReceivedHeader {
        match self {
            Self::Money(request) => request.header,
            Self::Duplicata(request) => request.header,
            Self::Print(request) => request.header,
            Self::Identification(header) | Self::TransactionStatus(header) | Self::Other { header, .. } => {
                *header
            }
        }
    }
}

fn money<'a>(
    action: Action,
    base: &RequestFields<'a>,
    options: &OptionFields<'a>,
) -> Result<ReceivedMoney<'a>, RequestFault> {
    base.require_header()?;
    let amount = base.amount()?;
    let application = base.application()?;
    let operation = match action {
        Action::DEBIT if application == Some(Application::CHEQUE) => MoneyOperation::Cheque,
        Action::DEBIT => MoneyOperation::Debit,
        Action::CANCELLATION => MoneyOperation::Cancellation,
        Action::PREAUTHORISATION => MoneyOperation::Preauthorisation,
        Action::DEFERRED_DEBIT => MoneyOperation::DeferredDebit,
        _ => match options.original {
            None => MoneyOperation::Credit,
            // An empty id must not turn a linked credit into one that is not.
            Some(b"") => return Err(RequestFault { tag: Tag::IM, kind: FaultKind::Form }),
            Some(original) => MoneyOperation::LinkedCredit { original: Sensitive::new(original) },
        },
    };
    let text = |value: Option<&'a [u8]>| value.filter(|value| !value.is_empty()).map(Sensitive::new);
    let reading_mode = match options.reading_mode {
        None => None,
        Some(value) => Some(ReadingMode::from_value(value).ok_or_else(fields::form(Tag::CI))?),
    };
    let options = Options {
        force_authorisation: fields::flag(Tag::BB, options.force_authorisation)?,
        partial: base.partial()?,
        application: application.filter(|_| operation != MoneyOperation::Cheque),
        private: text(options.private),
        reference: text(options.reference),
        reading_mode,
        ticket: base.ticket()?,
        phone: text(options.phone),
        email: text(options.email),
    };
    Ok(ReceivedMoney { header: base.header()?, operation, amount, options })
}

#[derive(Default)]
struct AllFields<'a> {
    base: RequestFields<'a>,
    options: OptionFields<'a>,
}

/// The fields that the short form of a debit does not have.
#[derive(Default)]
struct OptionFields<'a> {
    force_authorisation: Option<&'a [u8]>,
    phone: Option<&'a [u8]>,
    email: Option<&'a [u8]>,
    private: Option<&'a [u8]>,
    reference: Option<&'a [u8]>,
    reading_mode: Option<&'a [u8]>,
    original: Option<&'a [u8]>,
    constructed: Option<&'a [u8]>,
}

impl<'a> Slots<'a> for AllFields<'a> {
    fn slot(&mut self, tag: Tag) -> Option<&mut Option<&'a [u8]>> {
        Some(match tag {
            Tag::BB => &mut self.options.force_authorisation,
            Tag::BH => &mut self.options.phone,
            Tag::BI => &mut self.options.email,
            Tag::CF => &mut self.options.private,
            Tag::CH => &mut self.options.reference,
            Tag::CI => &mut self.options.reading_mode,
            Tag::IM => &mut self.options.original,
            Tag::ZT => &mut self.options.constructed,
            _ => return self.base.slot(tag),
        })
    }
}
