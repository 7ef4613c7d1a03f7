//! What a till asks, whatever carries it.

use core::fmt;

use caisse_payment::{Amount, Register};

use super::Format;
use crate::fixed::{self, AnswerFlag, Authorisation, Form, Mode, Private, TransactionType};
use crate::request::AMOUNT_DIGITS;
use crate::value::TicketRequest;
use crate::{Extra, LONGEST_MONEY_REQUEST, MoneyOperation, MoneyRequest, Options, RequestHeader};

/// The most bytes that a request takes in any format.
pub const LONGEST_REQUEST: usize = LONGEST_MONEY_REQUEST;

/// A request that moves money, before it is known what carries it.
///
/// ```
/// use caisse_codec::wire::{Format, LONGEST_REQUEST, Request};
/// use caisse_codec::{MoneyOperation, Options, Version};
/// use caisse_payment::{Amount, Currency, Register};
///
/// let request = Request {
///     register: Register::FIRST,
///     operation: MoneyOperation::Debit,
///     amount: Amount::from_minor(1242, Currency::EUR),
///     options: Options::NONE,
/// };
/// let concert3 = Format::Concert3 {
///     version: Version::V3_00,
///     identifier: "012345678901".parse()?,
///     amount_digits: 2,
/// };
/// let mut buffer = [0; LONGEST_REQUEST];
/// assert_eq!(
///     request.encode(&concert3, &mut buffer)?,
///     b"CZ0040300CJ012012345678901CA00201CB0041242CD0010CE003978"
/// );
/// assert_eq!(
///     request.encode(&Format::EPlus { report: false }, &mut buffer)?,
///     b"0100001242010978          A010B010"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The register: two digits.
    pub register: Register,
    /// What is to happen.
    pub operation: MoneyOperation<'a>,
    /// How much: 1 to [`Format::largest_amount`] minor units.
    pub amount: Amount,
    /// The optional fields.
    pub options: Options<'a>,
}

/// Why a request cannot be written. Nothing is written then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// It asks for something that the format has no place for.
    #[error("E and E+ do not carry {0}")]
    NotCarried(NotCarried),
    /// 3.x does not allow it.
    #[error(transparent)]
    Concert3(#[from] crate::RequestError),
    /// E or E+ does not allow it.
    #[error(transparent)]
    Fixed(#[from] fixed::EncodeError),
}

/// What E, or E and E+, have no place for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotCarried {
    /// A credit of one debit.
    LinkedCredit,
    /// A debit that the bank takes later.
    DeferredDebit,
    /// A forced authorisation request; E+ carries one.
    ForcedAuthorisation,
    /// A word on partial approvals.
    Partial,
    /// A forced card application.
    Application,
    /// A reference of the till's.
    Reference,
    /// A reading mode.
    ReadingMode,
    /// A ticket, or one of this kind.
    Ticket,
    /// The customer's telephone.
    Phone,
    /// The customer's e-mail address.
    Email,
    /// Private data of more than ten characters, or others than space to `~`.
    PrivateData,
}

impl NotCarried {
    /// Every one of them.
    pub const ALL: [Self; 11] = [
        Self::LinkedCredit,
        Self::DeferredDebit,
        Self::ForcedAuthorisation,
        Self::Partial,
        Self::Application,
        Self::Reference,
        Self::ReadingMode,
        Self::Ticket,
        Self::Phone,
        Self::Email,
        Self::PrivateData,
    ];
}

impl fmt::Display for NotCarried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LinkedCredit => "a credit linked to a debit",
            Self::DeferredDebit => "a deferred debit",
            Self::ForcedAuthorisation => "a forced authorisation (E+ does)",
            Self::Partial => "a word on partial approvals",
            Self::Application => "a forced card application",
            Self::Reference => "a reference",
            Self::ReadingMode => "a reading mode",
            Self::Ticket => "a request for this ticket",
            Self::Phone => "a telephone number",
            Self::Email => "an e-mail address",
            Self::PrivateData => "these private data (at most 10 printable characters)",
        })
    }
}

impl<'a> Request<'a> {
    /// Writes the request into the caller's buffer; [`LONGEST_REQUEST`] bytes are always enough.
    ///
    /// # Errors
    /// When the amount is zero or has more digits than the format's field, a value is not of its form, the format has no
    /// place for what is asked, or the buffer is too small.
    pub fn encode<'b>(&self, format: &Format, buffer: &'b mut [u8]) -> Result<&'b [u8], RequestError> {
        match *format {
            Format::Concert3 { version, identifier, amount_digits } => {
                let header = RequestHeader { version, identifier, register: self.register };
                let Self { operation, amount, options, .. } = *self;
                let request = MoneyRequest { header, operation, amount, options, extra: Extra::NONE };
                Ok(request.encode_wide(usize::from(amount_digits).max(AMOUNT_DIGITS), buffer)?)
            }
            Format::E { receipt, report } => {
                let wanted = self.options.ticket;
                let form = match wanted {
                    None => Form::E,
                    Some(ticket) if receipt && ticket == TicketRequest::CUSTOMER_TEXT => Form::EWithReceipt,
                    Some(_) => return Err(RequestError::NotCarried(NotCarried::Ticket)),
                };
                if self.options.force_authorisation == Some(true) {
                    return Err(RequestError::NotCarried(NotCarried::ForcedAuthorisation));
                }
                Ok(self.fixed(form, report)?.encode(buffer)?)
            }
            Format::EPlus { report } => {
                if self.options.ticket.is_some() {
                    return Err(RequestError::NotCarried(NotCarried::Ticket));
                }
                let forced = self.options.force_authorisation == Some(true);
                let authorisation = if forced { Authorisation::Forced } else { Authorisation::Terminal };
                Ok(self.fixed(Form::EPlus(authorisation), report)?.encode(buffer)?)
            }
        }
    }

    fn fixed(&self, form: Form, report: bool) -> Result<fixed::Request, RequestError> {
        let (transaction, mode) = match self.operation {
            MoneyOperation::Debit => (TransactionType::Debit, Mode::CARD),
            MoneyOperation::Cheque => (TransactionType::Debit, Mode::CHEQUE),
            MoneyOperation::Credit => (TransactionType::Credit, Mode::CARD),
            MoneyOperation::Cancellation => (TransactionType::Cancellation, Mode::CARD),
            MoneyOperation::Preauthorisation => (TransactionType::PreAuthorisation, Mode::CARD),
            MoneyOperation::LinkedCredit { .. } => {
                return Err(RequestError::NotCarried(NotCarried::LinkedCredit));
            }
            MoneyOperation::DeferredDebit => return Err(RequestError::NotCarried(NotCarried::DeferredDebit)),
        };
        if let Some(option) = not_carried(&self.options) {
            return Err(RequestError::NotCarried(option));
        }
        let private = match self.options.private {
            None => Private::EMPTY,
            Some(data) => core::str::from_utf8(data.reveal())
                .ok()
                .and_then(|text| Private::new(text).ok())
                .ok_or(RequestError::NotCarried(NotCarried::PrivateData))?,
        };
        Ok(fixed::Request {
            register: self.register,
            amount: self.amount,
            // Nepting sends its receipt behind a report.
            flag: if report || form == Form::EWithReceipt {
                AnswerFlag::WithReport
            } else {
                AnswerFlag::WithoutReport
            },
            mode,
            transaction,
            private,
            form,
        })
    }
}

/// The first option that is set and has no place in E and E+. A cheque is an operation, not an application.
fn not_carried(options: &Options<'_>) -> Option<NotCarried> {
    let Options { partial, application, reference, reading_mode, phone, email, .. } = options;
    [
        (partial.is_some(), NotCarried::Partial),
        (application.is_some(), NotCarried::Application),
        (reference.is_some(), NotCarried::Reference),
        (reading_mode.is_some(), NotCarried::ReadingMode),
        (phone.is_some(), NotCarried::Phone),
        (email.is_some(), NotCarried::Email),
    ]
    .into_iter()
    .find_map(|(asked, option)| asked.then_some(option))
}
