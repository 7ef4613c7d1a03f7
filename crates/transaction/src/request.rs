//! What the application asks for.

use caisse_codec::wire::{self, NotCarried};
use caisse_codec::{Application, MoneyOperation, Options, TicketRequest};
use caisse_payment::{Amount, Currency, Operation, Sensitive, Transaction};

use crate::Dialect;

/// A transaction to perform, with the options that the journal does not record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The details of the attempt. [`TillMachine::start`](crate::TillMachine::start) sets the dialect to its own.
    pub transaction: Transaction,
    /// The tickets that the terminal is to send, where the dialect has any to send; elsewhere the terminal prints them.
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
    #[error("the amount is too large: the dialect carries at most {largest} minor units")]
    AmountTooLarge {
        /// The largest amount that the dialect carries, in minor units.
        largest: u64,
    },
    /// The dialect does not have the operation.
    #[error("dialect {dialect} has no {operation}")]
    Unsupported {
        /// What was asked for.
        operation: Operation,
        /// The name of the dialect.
        dialect: &'static str,
    },
    /// A payment names no original.
    #[error("a {0} has no original transaction")]
    Original(Operation),
    /// Nobody takes responsibility for what takes money.
    #[error("a {0} takes no order: only a credit or a cancellation is ordered")]
    Override(Operation),
    /// Only a debit may be approved with a tip.
    #[error("a {0} allows no tip: only a debit does")]
    Tip(Operation),
    /// The largest tip is zero.
    #[error("the largest tip must be more than zero")]
    ZeroTip,
    /// The amount with the largest tip does not fit the protocol's field.
    #[error(
        "the amount with the largest tip is too large: the dialect carries at most {largest} minor units"
    )]
    TipTooLarge {
        /// The largest amount that the dialect carries, in minor units.
        largest: u64,
    },
    /// The largest tip is in another currency.
    #[error("the largest tip is in {tip}, and the amount in {amount}: both must be in the same currency")]
    TipCurrency {
        /// The currency of the tip.
        tip: Currency,
        /// The currency of the amount.
        amount: Currency,
    },
    /// The dialect carries no application to force.
    #[error("dialect {dialect} cannot force a card application")]
    Application {
        /// The name of the dialect.
        dialect: &'static str,
    },
    /// The dialect's name is not one that the journal can hold.
    #[error("the name of the dialect is not 1 to 32 letters, digits, '-', '_', '.' or ':'")]
    DialectName,
    /// The message could not be written.
    #[error("the request cannot be written: {0}")]
    Encode(wire::RequestError),
    /// The message does not fit one frame of a serial line: 512 bytes.
    #[error("the request has {length} bytes: a frame of the line carries 512")]
    TooLongForFrame {
        /// How many bytes it has.
        length: usize,
    },
    /// The machine was started before: each transaction has its own.
    #[error("this machine has already been started")]
    AlreadyStarted,
}

impl Request {
    /// Whether the request can be made at all in this dialect, before anything is opened.
    ///
    /// # Errors
    /// Says why not.
    pub fn validate(&self, dialect: &Dialect) -> Result<(), RequestError> {
        let Transaction { operation, original, amount, .. } = self.transaction;
        let takes_money =
            matches!(operation, Operation::Debit | Operation::Cheque | Operation::DeferredDebit);
        if takes_money && original.is_some() {
            return Err(RequestError::Original(operation));
        }
        let largest = dialect.largest_amount();
        check_amount(amount, largest)?;
        check_tip(&self.transaction, largest)?;
        let forced = self
            .application
            .is_some_and(|application| operation != Operation::Cheque || application != Application::CHEQUE);
        if forced && !dialect.optional.application {
            return Err(RequestError::Application { dialect: dialect.name });
        }
        Ok(())
    }

    /// The reference as it goes to the terminal, where the terminal gives it back.
    pub(crate) fn nonce(&self, dialect: &Dialect) -> Option<&[u8]> {
        nonce(&self.transaction, dialect)
    }

    /// The message, whatever carries it.
    pub(crate) fn message(&self, dialect: &Dialect) -> wire::Request<'_> {
        let Transaction { operation, amount, allow_partial, register, .. } = self.transaction;
        let optional = dialect.optional;
        wire::Request {
            register,
            operation: match operation {
                Operation::Debit => MoneyOperation::Debit,
                Operation::Credit => MoneyOperation::Credit,
                Operation::Cancellation => MoneyOperation::Cancellation,
                Operation::Cheque => MoneyOperation::Cheque,
                Operation::DeferredDebit => MoneyOperation::DeferredDebit,
            },
            amount,
            options: Options {
                partial: (optional.partial && allow_partial).then_some(true),
                application: self
                    .application
                    .filter(|it| *it != Application::CHEQUE || !is_cheque(operation)),
                ticket: self.ticket.filter(|_| optional.ticket),
                private: self.nonce(dialect).map(Sensitive::new),
                ..Options::NONE
            },
        }
    }

    /// Why the dialect cannot write the message, in the words of the application.
    pub(crate) fn refused(&self, dialect: &Dialect, error: wire::RequestError) -> RequestError {
        match error {
            wire::RequestError::NotCarried(NotCarried::DeferredDebit) => {
                RequestError::Unsupported { operation: self.transaction.operation, dialect: dialect.name }
            }
            error => RequestError::Encode(error),
        }
    }
}

/// The reference of a transaction as it goes to the terminal, where the dialect says that it comes back as it went.
pub(crate) fn nonce<'t>(transaction: &'t Transaction, dialect: &Dialect) -> Option<&'t [u8]> {
    let reference = transaction.reference.as_ref().filter(|_| dialect.optional.reference)?;
    Some(reference.as_str().as_bytes())
}

const fn is_cheque(operation: Operation) -> bool {
    matches!(operation, Operation::Cheque)
}

fn check_amount(amount: Amount, largest: u64) -> Result<(), RequestError> {
    if amount.is_zero() {
        return Err(RequestError::ZeroAmount);
    }
    if amount.minor() > largest {
        return Err(RequestError::AmountTooLarge { largest });
    }
    Ok(())
}

/// The amount with the largest tip has to fit the field of the answer.
fn check_tip(transaction: &Transaction, largest: u64) -> Result<(), RequestError> {
    let Transaction { operation, amount, allow_tip, .. } = *transaction;
    let Some(tip) = allow_tip else { return Ok(()) };
    if operation != Operation::Debit {
        return Err(RequestError::Tip(operation));
    }
    if tip.is_zero() {
        return Err(RequestError::ZeroTip);
    }
    if tip.currency() != amount.currency() {
        return Err(RequestError::TipCurrency { tip: tip.currency(), amount: amount.currency() });
    }
    match amount.checked_add(tip) {
        Some(total) if total.minor() <= largest => Ok(()),
        _ => Err(RequestError::TipTooLarge { largest }),
    }
}
