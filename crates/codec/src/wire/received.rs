//! A request in either generation as a terminal received it, and the answer in the same one.

use caisse_payment::{Amount, Register};

use super::{Generation, NotCarried};
use crate::fixed::{self, AnswerFlag, Mode, ReceiptText, ReceivedForm, Report, Stat, Tolerance};
use crate::value::Status;
use crate::{
    DecodeError, EncodeError, Message, MoneyOperation, ReceivedRequest, RequestFault, TerminalAnswer,
};

/// A request as a terminal received it.
///
/// ```
/// use caisse_codec::wire::{Generation, Received};
/// use caisse_codec::{MoneyOperation, Status, TerminalAnswer, Version};
///
/// let received = Received::read(b"0100001242010978          A010B010")?;
/// assert_eq!(received.generation(), Generation::EPlus);
/// assert_eq!(received.operation(), Some(MoneyOperation::Debit));
///
/// let register = received.register().expect("two digits");
/// let answer = TerminalAnswer {
///     amount: received.amount(),
///     ..TerminalAnswer::new(Version::V3_00, register, Status::Performed)
/// };
/// let mut buffer = [0; caisse_codec::LONGEST_ANSWER];
/// assert_eq!(received.encode_answer(&answer, &mut buffer)?, b"010000012421978          ");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received<'a> {
    /// Of 3.x, in any operation.
    Concert3(ReceivedRequest<'a>),
    /// Of E or E+.
    Fixed(fixed::Received),
}

/// Why bytes are not a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiveFault {
    /// Not a message of 3.x.
    #[error(transparent)]
    Message(#[from] DecodeError),
    /// A message of 3.x that is no request, or not one with all its fields.
    #[error(transparent)]
    Request(#[from] RequestFault),
    /// Not a request of E or E+.
    #[error(transparent)]
    Fixed(#[from] fixed::Fault),
}

/// Why an answer cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// The request is of 3.x and the answer is not of its form.
    #[error(transparent)]
    Concert3(#[from] EncodeError),
    /// The request is of E or E+ and the answer is not of its form.
    #[error(transparent)]
    Fixed(#[from] fixed::EncodeError),
    /// An answer of E and E+ must have an amount, and its status must be one of three.
    #[error("an answer of E and E+ needs an amount and a status 10, 01 or 11")]
    Incomplete,
    /// The text of a receipt holds characters that E does not carry, or too many.
    #[error("E and E+ do not carry {0}")]
    NotCarried(NotCarried),
}

impl<'a> Received<'a> {
    /// Reads a bare body as a terminal does that knows both generations: what begins with `CZ` is 3.x, anything else E
    /// or E+ by its length.
    ///
    /// # Errors
    /// Says what is wrong and where.
    pub fn read(body: &'a [u8]) -> Result<Self, ReceiveFault> {
        Ok(if body.starts_with(b"CZ") {
            Self::Concert3(ReceivedRequest::read(&Message::decode(body)?)?)
        } else {
            Self::Fixed(fixed::Received::decode(body, Tolerance { receipt: false, register_letters: true })?)
        })
    }

    /// The generation of the request.
    #[must_use]
    pub const fn generation(&self) -> Generation {
        match self {
            Self::Concert3(_) => Generation::Concert3,
            Self::Fixed(request) => match request.form {
                ReceivedForm::EPlus { .. } => Generation::EPlus,
                ReceivedForm::E | ReceivedForm::EWithReceipt => Generation::E,
            },
        }
    }

    /// The register that asks; nothing where it is not two digits.
    #[must_use]
    pub fn register(&self) -> Option<Register> {
        match self {
            Self::Concert3(request) => Some(request.header().register),
            Self::Fixed(request) => request.register.register(),
        }
    }

    /// What is to happen with the money; nothing where none is to move.
    #[must_use]
    pub fn operation(&self) -> Option<MoneyOperation<'a>> {
        match self {
            Self::Concert3(ReceivedRequest::Money(request)) => Some(request.operation),
            Self::Concert3(_) => None,
            Self::Fixed(request) => Some(match request.transaction {
                fixed::TransactionType::Debit if request.mode == Mode::CHEQUE => MoneyOperation::Cheque,
                fixed::TransactionType::Debit => MoneyOperation::Debit,
                fixed::TransactionType::Credit => MoneyOperation::Credit,
                fixed::TransactionType::Cancellation => MoneyOperation::Cancellation,
                fixed::TransactionType::PreAuthorisation => MoneyOperation::Preauthorisation,
            }),
        }
    }

    /// How much; nothing where no money is to move.
    #[must_use]
    pub const fn amount(&self) -> Option<Amount> {
        match self {
            Self::Concert3(ReceivedRequest::Money(request)) => Some(request.amount),
            Self::Concert3(_) => None,
            Self::Fixed(request) => Some(request.amount),
        }
    }

    /// Whether the till wants an immediate answer (BA=1, A011), which says nothing of the end.
    #[must_use]
    pub const fn immediate(&self) -> bool {
        match self {
            Self::Concert3(request) => request.header().immediate,
            Self::Fixed(request) => {
                matches!(request.form, ReceivedForm::EPlus { delay: fixed::Delay::Immediate, .. })
            }
        }
    }

    /// Writes the answer in the generation of the request; [`LONGEST_ANSWER`](crate::LONGEST_ANSWER) bytes are
    /// enough, as for [`TerminalAnswer::encode`].
    ///
    /// In E and E+ the register, PRIV and MODE are those of the request. A report (REP) is written when the till asked for
    /// one and there is a card or a cheque: its number or track, then blanks. The first ticket stands behind the report
    /// when the till asked for a receipt (`T012`). Everything else that these answers have no place for is left out, as a
    /// terminal does.
    ///
    /// # Errors
    /// When a value is not of its form, or the buffer is too small.
    pub fn encode_answer<'b>(
        &self,
        answer: &TerminalAnswer<'_>,
        buffer: &'b mut [u8],
    ) -> Result<&'b [u8], ReplyError> {
        match self {
            Self::Concert3(_) => Ok(answer.encode(buffer)?),
            Self::Fixed(request) => encode_fixed(request, answer, buffer),
        }
    }
}

fn encode_fixed<'b>(
    request: &fixed::Received,
    answer: &TerminalAnswer<'_>,
    buffer: &'b mut [u8],
) -> Result<&'b [u8], ReplyError> {
    let stat = match answer.status {
        Status::Performed => Stat::Accepted,
        Status::NotPerformed => Stat::Refused,
        Status::Taken => Stat::Taken,
        Status::Other(_) => return Err(ReplyError::Incomplete),
    };
    let amount = answer.amount.ok_or(ReplyError::Incomplete)?;
    let minor =
        u32::try_from(amount.minor()).map_err(|_| fixed::EncodeError::TooLarge(fixed::FieldName::Amount))?;
    let mut characters = [b' '; 55];
    let read = match (&answer.card, &answer.cheque) {
        (Some(card), _) => Some(card.number.as_bytes()),
        (None, Some(cheque)) => cheque.track.map(|track| *track.reveal()),
        (None, None) => None,
    };
    for (slot, byte) in characters.iter_mut().zip(read.unwrap_or_default()) {
        *slot = *byte;
    }
    let receipt_asked = request.form == ReceivedForm::EWithReceipt;
    let receipt = match answer.tickets.first().filter(|_| receipt_asked) {
        Some((_, text)) => {
            Some(ReceiptText::new(text).map_err(|_| ReplyError::NotCarried(NotCarried::Ticket))?)
        }
        None => None,
    };
    let with_report = receipt.is_some() || (request.flag == AnswerFlag::WithReport && read.is_some());
    let report = if with_report {
        Some(Report::new(&characters).map_err(fixed::EncodeError::Character)?)
    } else {
        None
    };
    let answer = fixed::Answer {
        register: request.register,
        stat,
        minor,
        mode: Some(request.mode),
        report,
        currency: amount.currency().numeric(),
        private: request.private,
        receipt,
    };
    Ok(answer.encode(buffer)?)
}
