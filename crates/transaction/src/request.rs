//! What the application asks for.

use caisse_codec::{Application, DebitRequest, EncodeError, Identifier, LARGEST_AMOUNT, TicketRequest};
use caisse_payment::entry::{Content, Start};
use caisse_payment::{Amount, Operation, TransactionId};

use crate::Dialect;

/// A transaction to perform: its key, its content, and what does not belong to its identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The key. The same id never charges twice.
    pub id: TransactionId,
    /// What is asked for.
    pub content: Content,
    /// The tickets that the terminal is to send.
    pub ticket: Option<TicketRequest>,
    /// The card application to force.
    pub application: Option<Application>,
}

/// Why a request cannot even begin. Nothing was recorded, nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The amount is zero.
    #[error("the amount must be more than zero")]
    ZeroAmount,
    /// The amount does not fit the protocol's field.
    #[error(
        "the amount is too large: the protocol carries at most twelve digits ({LARGEST_AMOUNT} minor units)"
    )]
    AmountTooLarge,
    /// The operation is not available yet.
    #[error("{0} is not available yet: this version takes debits only")]
    Unsupported(Operation),
    /// A debit names no original.
    #[error("a debit has no original transaction")]
    OriginalOnDebit,
    /// The dialect's name is not one that the journal can hold.
    #[error("the name of the dialect is not 1 to 32 letters, digits, '-', '_', '.' or ':'")]
    DialectName,
    /// The message could not be written.
    #[error("the request cannot be written: {0}")]
    Encode(EncodeError),
    /// The machine was started before: each transaction has its own.
    #[error("this machine has already been started")]
    AlreadyStarted,
}

impl Request {
    /// Whether the request can be made at all, before anything is opened.
    ///
    /// # Errors
    /// Says why not.
    pub fn validate(&self) -> Result<(), RequestError> {
        let Content { operation, original, amount, .. } = self.content;
        validate(operation, original, amount)
    }

    pub(crate) fn start(&self, dialect: &Dialect) -> Result<Start, RequestError> {
        let dialect = dialect.name.parse().map_err(|_| RequestError::DialectName)?;
        Ok(Start { id: self.id, content: self.content, dialect })
    }

    pub(crate) fn message(&self, dialect: &Dialect, identifier: Identifier) -> DebitRequest {
        DebitRequest {
            version: dialect.version,
            identifier,
            register: self.content.register,
            amount: self.content.amount,
            partial: (dialect.sends_partial && self.content.allow_partial).then_some(true),
            application: self.application,
            ticket: self.ticket,
        }
    }
}

/// Whether an operation can be asked for with this amount and this original.
///
/// # Errors
/// Says why not.
pub fn validate(
    operation: Operation,
    original: Option<TransactionId>,
    amount: Amount,
) -> Result<(), RequestError> {
    match operation {
        Operation::Debit if original.is_some() => Err(RequestError::OriginalOnDebit),
        Operation::Debit if amount.is_zero() => Err(RequestError::ZeroAmount),
        Operation::Debit if amount.minor() > LARGEST_AMOUNT => Err(RequestError::AmountTooLarge),
        Operation::Debit => Ok(()),
        Operation::Credit | Operation::Cancellation | Operation::Cheque | Operation::DeferredDebit => {
            Err(RequestError::Unsupported(operation))
        }
    }
}
