//! PayXpress V4: card payments, amounts in minor units.

use caisse_android_intent::{ComponentName, Intent, Value};
use caisse_payment::{Amount, Operation, TransactionId};

use super::{MoreExtras, RequestError};
use crate::Numbering;
use crate::definition::v4::{
    ACTION, AMOUNT, CLASS, EXTRAS, PACKAGE, PERFORM, PRINT_LAST, PRINT_TICKET, REFERENCE, TRANSACTION_TYPE,
    TYPE_PRINT_TICKET,
};

fn intent() -> Intent {
    // Nothing but the component, and no flag: with FLAG_ACTIVITY_NEW_TASK no result would come back.
    Intent::new().with_component(ComponentName::new(PACKAGE, CLASS))
}

/// A transaction: a debit, a cancellation, a refund (credit) or a deferred debit.
///
/// ```
/// use caisse_intent::v4::Perform;
/// use caisse_payment::{Amount, Currency};
///
/// let amount = Amount::parse("15.00", Currency::EUR)?;
/// let request = Perform::debit(amount, "order-7".parse()?)?;
/// let intent = request.to_intent();
/// assert_eq!(intent.extra("transaction_bundle_key_amount").and_then(|it| it.as_int()), Some(1500));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Perform {
    operation: Operation,
    transaction_type: i32,
    amount: Amount,
    minor_units: i32,
    reference: TransactionId,
    print_ticket: Option<bool>,
    more: MoreExtras,
}

impl Perform {
    /// A transaction. Its id is the reference that the app is given: the app refuses a second one of the same reference,
    /// and its answer is known by it. That the text is short and plain is our rule, for no public text limits it.
    ///
    /// The currency is not sent: the app's own setting decides, and its answer is compared.
    ///
    /// # Errors
    /// When the amount is zero or more than a Java `int` holds, or the app has no such operation.
    pub fn new(operation: Operation, amount: Amount, reference: TransactionId) -> Result<Self, RequestError> {
        // The type is always sent: without it the app's own default decides, which can be a refund.
        let transaction_type =
            Numbering::First.number(operation).ok_or(RequestError::Unsupported(operation))?;
        if amount.is_zero() {
            return Err(RequestError::ZeroAmount);
        }
        let minor_units = i32::try_from(amount.minor()).map_err(|_| RequestError::AmountTooLarge)?;
        let more = MoreExtras::default();
        Ok(Self { operation, transaction_type, amount, minor_units, reference, print_ticket: None, more })
    }

    /// A debit.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn debit(amount: Amount, reference: TransactionId) -> Result<Self, RequestError> {
        Self::new(Operation::Debit, amount, reference)
    }

    /// The cancellation of a debit of this amount. The app looks for it by card and amount.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn cancellation(amount: Amount, reference: TransactionId) -> Result<Self, RequestError> {
        Self::new(Operation::Cancellation, amount, reference)
    }

    /// A refund to the card that is presented, not linked to a sale.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn refund(amount: Amount, reference: TransactionId) -> Result<Self, RequestError> {
        Self::new(Operation::Credit, amount, reference)
    }

    /// A debit that the bank takes later.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn deferred_debit(amount: Amount, reference: TransactionId) -> Result<Self, RequestError> {
        Self::new(Operation::DeferredDebit, amount, reference)
    }

    /// Whether the app prints its tickets and offers the customer a paperless one. Not said unless called: the app's
    /// default is not documented.
    #[must_use]
    pub const fn with_print_ticket(mut self, print: bool) -> Self {
        self.print_ticket = Some(print);
        self
    }

    /// Adds an extra that no public text tells of, such as those of the direct refund (documentation 1.5). What it does
    /// is between the caller and the app: the answer is judged as if it were not there.
    ///
    /// # Errors
    /// When the key is one that this crate knows, or is there already.
    pub fn with_extra(mut self, key: &str, value: impl Into<Value>) -> Result<Self, RequestError> {
        self.more.push(key, value.into(), EXTRAS)?;
        Ok(self)
    }

    /// What is asked for.
    #[must_use]
    pub const fn operation(&self) -> Operation {
        self.operation
    }

    /// How much.
    pub const fn amount(&self) -> Amount {
        self.amount
    }

    /// Its key, and the reference that the app is given.
    #[must_use]
    pub const fn reference(&self) -> TransactionId {
        self.reference
    }

    /// The intent to launch for a result.
    #[must_use]
    pub fn to_intent(&self) -> Intent {
        let intent = intent()
            .with_extra(ACTION, PERFORM)
            .with_extra(AMOUNT, self.minor_units)
            .with_extra(TRANSACTION_TYPE, self.transaction_type);
        let intent = match self.print_ticket {
            Some(print) => intent.with_extra(PRINT_TICKET, print),
            None => intent,
        };
        self.more.put_into(intent.with_extra(REFERENCE, self.reference.as_str()))
    }
}

/// Which tickets are printed again. The answer holds both, whichever is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrintedTickets {
    /// The merchant's and the customer's.
    Both,
    /// The customer's.
    Client,
    /// The merchant's.
    Merchant,
}

impl PrintedTickets {
    /// All of them, by their number.
    pub const ALL: [Self; 3] = [Self::Both, Self::Client, Self::Merchant];

    /// The number in the request.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Self::Both => 0,
            Self::Client => 1,
            Self::Merchant => 2,
        }
    }
}

/// The tickets of the last transaction once more. No money moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrintLast {
    tickets: PrintedTickets,
    more: MoreExtras,
}

impl PrintLast {
    /// The last transaction's tickets.
    #[must_use]
    pub fn new(tickets: PrintedTickets) -> Self {
        Self { tickets, more: MoreExtras::default() }
    }

    /// Adds an extra that no public text tells of.
    ///
    /// # Errors
    /// As [`Perform::with_extra`]: a print carries nothing of a transaction either.
    pub fn with_extra(mut self, key: &str, value: impl Into<Value>) -> Result<Self, RequestError> {
        self.more.push(key, value.into(), EXTRAS)?;
        Ok(self)
    }

    /// The intent to launch for a result.
    #[must_use]
    pub fn to_intent(&self) -> Intent {
        let intent =
            intent().with_extra(ACTION, PRINT_LAST).with_extra(TYPE_PRINT_TICKET, self.tickets.number());
        self.more.put_into(intent)
    }
}
