//! When is it paid? What a result proves about the request.

use caisse_payment::{Amount, Blocked, Doubt, Operation, Outcome, Refusal, Transaction, TransactionId};

use super::answer::{Answer, Deciding};
use super::fields::Seen;
use crate::{Numbering, ResultCode, Status};

/// What was asked of the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The operation.
    pub operation: Operation,
    /// The amount, in the currency to which the app is set.
    pub amount: Amount,
    /// The reference that the app was given.
    pub reference: TransactionId,
}

impl Asked {
    /// What a recorded transaction asked for: its id is the reference.
    pub(crate) const fn of(transaction: &Transaction) -> Self {
        let Transaction { operation, amount, id: reference, .. } = *transaction;
        Self { operation, amount, reference }
    }
}

/// Whether the app may be busy with something that this device asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OtherPayments {
    /// No other pending entry exists on this device, and this request was launched once, by the process that still runs.
    None,
    /// There is one, or nobody knows.
    Possible,
}

impl Answer {
    /// What this answer proves; the same table as in `docs/app-to-app.en.md`.
    ///
    /// * Approved: status 0, error 0, and reference, type, amount (or the amount less the tip) and currency as asked. The
    ///   amount of the outcome is the one asked for; a tip stands beside it.
    /// * Declined, cancelled: status 1 with error 1 or 7 and our reference; what else is echoed must be ours.
    /// * Blocked: error 3, when nothing on this device can be what the app is busy with.
    /// * Unknown: everything else.
    pub fn outcome(&self, asked: &Asked, others: OtherPayments) -> Outcome {
        self.proves(asked, others).unwrap_or_else(|doubt| Outcome::Unknown { doubt })
    }

    fn proves(&self, asked: &Asked, others: OtherPayments) -> Result<Outcome, Doubt> {
        let Seen::Value(status) = self.status else { return Err(missing_or_unreadable(&self.status)) };
        let status = Status::from_number(status).ok_or(Doubt::StatusUnknown)?;
        let transaction = match (&self.transaction, status) {
            (Seen::Value(transaction), _) => transaction,
            (Seen::Unreadable, _) => return Err(Doubt::AnswerMalformed),
            (Seen::Absent, Status::Accepted) => return Err(Doubt::EchoMissing),
            (Seen::Absent, Status::Denied) => return Err(Doubt::RefusalWithoutReason),
        };
        let Seen::Value(error) = transaction.error else {
            return Err(missing_or_unreadable(&transaction.error));
        };
        let code = ResultCode::from_number(error).ok_or(Doubt::StatusUnknown)?;
        match (status, code) {
            (Status::Accepted, ResultCode::Accepted) => transaction.approval(asked),
            (Status::Accepted, _) | (Status::Denied, ResultCode::Accepted) => Err(Doubt::Contradiction),
            (Status::Denied, ResultCode::Denied) => {
                transaction.is_ours(asked)?;
                Ok(Outcome::Declined { refusal: Refusal::Unspecified })
            }
            (Status::Denied, ResultCode::Cancelled) => {
                transaction.is_ours(asked)?;
                Ok(Outcome::Cancelled { refusal: Refusal::Abandoned })
            }
            (Status::Denied, ResultCode::AlreadyInProgress) => {
                transaction.is_not_anothers(asked)?;
                match others {
                    OtherPayments::None => Ok(Outcome::Blocked { reason: Blocked::Busy }),
                    OtherPayments::Possible => Err(Doubt::PaymentAppBusy),
                }
            }
            (Status::Denied, ResultCode::InvalidParameters) => Err(Doubt::InvalidParameters),
            (Status::Denied, ResultCode::InBackground) => Err(Doubt::InBackground),
            (Status::Denied, ResultCode::Error) => Err(Doubt::PaymentAppError),
            (Status::Denied, ResultCode::ReferenceExists) => Err(Doubt::ReferenceExists),
            (Status::Denied, ResultCode::NotFinished) => Err(Doubt::NotFinished),
            (Status::Denied, ResultCode::TimedOut) => Err(Doubt::PaymentAppTimedOut),
        }
    }
}

const fn missing_or_unreadable<T>(seen: &Seen<T>) -> Doubt {
    match seen {
        Seen::Absent => Doubt::StatusMissing,
        _ => Doubt::StatusUnknown,
    }
}

impl Deciding {
    fn approval(&self, asked: &Asked) -> Result<Outcome, Doubt> {
        let is_whole = self.numbering.is_some()
            && !matches!(self.reference, Seen::Absent)
            && !matches!(self.transaction_type, Seen::Absent)
            && !matches!(self.amount, Seen::Absent)
            && !matches!(self.currency, Seen::Absent);
        if !is_whole {
            return Err(Doubt::EchoMissing);
        }
        self.is_not_anothers(asked)?;
        Ok(Outcome::Approved { amount: asked.amount })
    }

    /// The answer names our reference, and nothing that it echoes is another's.
    fn is_ours(&self, asked: &Asked) -> Result<(), Doubt> {
        if matches!(self.reference, Seen::Absent) {
            return Err(Doubt::EchoMissing);
        }
        self.is_not_anothers(asked)
    }

    /// Nothing that the answer echoes is another's.
    fn is_not_anothers(&self, asked: &Asked) -> Result<(), Doubt> {
        match &self.reference {
            Seen::Value(reference) if reference.reveal() != asked.reference.as_str() => {
                return Err(Doubt::ReferenceDiffers);
            }
            Seen::Unreadable => return Err(Doubt::ReferenceDiffers),
            Seen::Absent | Seen::Value(_) => {}
        }
        if !self.has_type(asked.operation) {
            return Err(Doubt::OperationDiffers);
        }
        match &self.currency {
            Seen::Value(currency) if !is_currency(currency, asked.amount) => {
                return Err(Doubt::CurrencyDiffers);
            }
            Seen::Unreadable => return Err(Doubt::CurrencyDiffers),
            Seen::Absent | Seen::Value(_) => {}
        }
        self.has_amount(asked.amount)
    }

    /// Whether the type is absent or the one asked for. Where the numbering is not certain, either may be meant; an approval
    /// does not get here without it.
    fn has_type(&self, operation: Operation) -> bool {
        let number = match self.transaction_type {
            Seen::Absent => return true,
            Seen::Unreadable => return false,
            Seen::Value(number) => number,
        };
        Numbering::ALL
            .into_iter()
            .filter(|it| self.numbering.is_none_or(|numbering| numbering == *it))
            .any(|numbering| numbering.operation(number) == Some(operation))
    }

    /// The amount asked for, or that and the tip; or none at all.
    fn has_amount(&self, asked: Amount) -> Result<(), Doubt> {
        let amount = match self.amount {
            Seen::Absent => return Ok(()),
            Seen::Unreadable => return Err(Doubt::AmountDiffers),
            Seen::Value(amount) => amount,
        };
        let asked = i64::try_from(asked.minor()).map_err(|_| Doubt::AmountDiffers)?;
        let tip = match self.tips {
            Seen::Value(tip @ 0..) => tip,
            _ => 0,
        };
        let is_equal = amount == asked || amount.checked_sub(tip) == Some(asked);
        match amount {
            _ if is_equal => Ok(()),
            0 => Err(Doubt::AmountZero),
            amount if amount > asked => Err(Doubt::AmountHigher),
            _ => Err(Doubt::AmountDiffers),
        }
    }
}

/// Letters or digits of ISO 4217: which of them the app writes is not documented.
fn is_currency(text: &str, amount: Amount) -> bool {
    let currency = amount.currency();
    let is_number = text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse::<u16>().ok().filter(|_| is_number);
    text.eq_ignore_ascii_case(currency.code()) || number == Some(currency.numeric())
}
