//! What an application asks a till for.

use std::sync::{Mutex, PoisonError};

use caisse_codec::{Application, TicketRequest};
use caisse_journal::{OperatorOverride, TerminalKey, WallTime};
use caisse_payment::{Amount, Operation, Reference, Register, TerminalId, Transaction, TransactionId};
use caisse_transaction::{Dialect, Request, RequestError};
use uuid::{ContextV7, Timestamp, Uuid};

/// A payment to take. Only the amount is needed; the id is generated unless it is given.
///
/// Give your own id (an order's, say, with the number of the attempt) and keep it before you call `pay`: with it a
/// program that was restarted learns what became of the payment, without charging again.
///
/// ```
/// use caisse::{Amount, Currency, PaymentRequest};
///
/// let request = PaymentRequest::debit(Amount::parse("25.00", Currency::EUR)?)
///     .id("order-7:1".parse()?)
///     .with_ticket();
/// assert_eq!(request.transaction_id().as_str(), "order-7:1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct PaymentRequest {
    id: TransactionId,
    operation: Operation,
    original: Option<TransactionId>,
    operator_override: Option<OperatorOverride>,
    amount: Amount,
    reference: Option<Reference>,
    allow_partial: bool,
    allow_tip: Option<Amount>,
    ticket: Option<TicketRequest>,
    application: Option<Application>,
    /// Whether to wait for the outcome of another attempt of the same id that is under way.
    waits: bool,
}

impl PaymentRequest {
    /// The customer pays this much.
    pub fn debit(amount: Amount) -> Self {
        Self::new(Operation::Debit, amount)
    }

    /// The customer pays this much by cheque.
    pub fn cheque(amount: Amount) -> Self {
        Self::new(Operation::Cheque, amount)
    }

    /// The customer gets this much back. Name the [`original`](Self::original) where there is one: then the credits of one
    /// payment never exceed it.
    pub fn credit(amount: Amount) -> Self {
        Self::new(Operation::Credit, amount)
    }

    /// An earlier payment is undone, in full. The terminal cancels its last transaction, whichever that is: so the journal
    /// must know this one as approved and as the last of an exclusive terminal
    /// ([`Builder::exclusive`](crate::Builder::exclusive)), or somebody must
    /// [take responsibility](Self::with_override).
    pub fn cancellation(original: TransactionId, amount: Amount) -> Self {
        Self::new(Operation::Cancellation, amount).original(original)
    }

    /// Any operation.
    pub fn new(operation: Operation, amount: Amount) -> Self {
        Self {
            id: generate_id(),
            operation,
            original: None,
            operator_override: None,
            amount,
            reference: None,
            allow_partial: false,
            allow_tip: None,
            ticket: None,
            application: None,
            waits: true,
        }
    }

    /// Sets the id: the key under which this payment is taken once.
    pub const fn id(mut self, id: TransactionId) -> Self {
        self.id = id;
        self
    }

    /// Names the payment that is undone or refunded.
    pub const fn original(mut self, original: TransactionId) -> Self {
        self.original = Some(original);
        self
    }

    /// A person takes responsibility for a cancellation or a credit that the journal cannot prove to be right. It is
    /// recorded with the transaction.
    pub fn with_override(mut self, operator_override: OperatorOverride) -> Self {
        self.operator_override = Some(operator_override);
        self
    }

    /// Sets the till's own label; it is recorded and never a key. Terminals that give it back unchanged are sent it too:
    /// then it tells this transaction's answer from any other's.
    pub const fn reference(mut self, reference: Reference) -> Self {
        self.reference = Some(reference);
        self
    }

    /// Allows the terminal to approve a part of the amount.
    pub const fn allow_partial(mut self) -> Self {
        self.allow_partial = true;
        self
    }

    /// Allows the terminal to approve more than the amount, for a debit: the rest is a tip. `max` is the largest tip; an
    /// approval above it leaves the outcome unknown. The tip is a part of what the id stands for: the same id with another
    /// `max` is an id conflict.
    ///
    /// ```
    /// use caisse::{Amount, Currency, PaymentRequest};
    ///
    /// let euros = |text| Amount::parse(text, Currency::EUR);
    /// let request = PaymentRequest::debit(euros("25.00")?).allow_tip(euros("5.00")?);
    /// # let _ = request;
    /// # Ok::<(), caisse::AmountError>(())
    /// ```
    pub const fn allow_tip(mut self, max: Amount) -> Self {
        self.allow_tip = Some(max);
        self
    }

    /// Asks for the customer's ticket as text.
    pub const fn with_ticket(self) -> Self {
        self.tickets(TicketRequest::CUSTOMER_TEXT)
    }

    /// Asks for tickets of a kind; terminals differ in which they know.
    pub const fn tickets(mut self, tickets: TicketRequest) -> Self {
        self.ticket = Some(tickets);
        self
    }

    /// Forces a card application (CC).
    pub const fn application(mut self, application: Application) -> Self {
        self.application = Some(application);
        self
    }

    /// Does not wait where the transaction of this id is under way in another process or till: the payment then ends at once as
    /// blocked, with the reason [`InFlightElsewhere`](caisse_payment::Blocked::InFlightElsewhere). Otherwise the outcome of the
    /// first attempt is waited for, up to the time limit of the payment itself, and returned as a replayed one.
    pub const fn without_waiting(mut self) -> Self {
        self.waits = false;
        self
    }

    pub(crate) const fn waits(&self) -> bool {
        self.waits
    }

    /// The id of the payment.
    #[must_use]
    pub const fn transaction_id(&self) -> TransactionId {
        self.id
    }

    /// How much is asked for.
    pub const fn amount(&self) -> Amount {
        self.amount
    }

    /// What is to be done.
    pub const fn operation(&self) -> Operation {
        self.operation
    }

    /// Whether the payment can be asked for at all in this dialect, before anything is opened.
    ///
    /// # Errors
    /// Says why not: `pay` would give the same error.
    pub fn validate(&self, dialect: &Dialect) -> Result<(), RequestError> {
        // The terminal and the register do not matter here.
        let Ok(terminal) = "any".parse::<TerminalId>() else { return Ok(()) };
        self.bind(&terminal.into(), Register::FIRST, dialect).map(drop)
    }

    pub(crate) const fn operator_override(&self) -> Option<&OperatorOverride> {
        self.operator_override.as_ref()
    }

    /// Returns the request, bound to this terminal, register and dialect. The journal would refuse an override for what takes
    /// money as well, but by then the start is written and stays open.
    pub(crate) fn bind(
        &self,
        key: &TerminalKey,
        register: Register,
        dialect: &Dialect,
    ) -> Result<Request, RequestError> {
        let gives_back = matches!(self.operation, Operation::Credit | Operation::Cancellation);
        if self.operator_override.is_some() && !gives_back {
            return Err(RequestError::Override(self.operation));
        }
        let name = dialect.name.parse().map_err(|_| RequestError::DialectName)?;
        let transaction = Transaction {
            original: self.original,
            allow_partial: self.allow_partial,
            allow_tip: self.allow_tip,
            register,
            reference: self.reference,
            address: key.address,
            ..Transaction::new(self.id, self.operation, self.amount, key.terminal, name)
        };
        let request = Request { transaction, ticket: self.ticket, application: self.application };
        request.validate(dialect)?;
        Ok(request)
    }
}

/// Counts the ids of one millisecond, and those that come while the clock is behind an earlier one.
static IDS: Mutex<ContextV7> = Mutex::new(ContextV7::new());

/// A new id: a UUID of version 7, which sorts by time. A clock before 1970 gives 1970; its random digits keep it unique then.
fn generate_id() -> TransactionId {
    // `Uuid::now_v7` panics where the clock stands before 1970.
    let millis = WallTime::now().millis();
    let (seconds, rest) = (millis / 1_000, millis % 1_000);
    let nanoseconds = u32::try_from(rest).unwrap_or_default().saturating_mul(1_000_000);
    let timestamp = {
        let context = IDS.lock().unwrap_or_else(PoisonError::into_inner);
        Timestamp::from_unix(&*context, seconds, nanoseconds)
    };
    let text = Uuid::new_v7(timestamp).hyphenated().to_string();
    // 36 hexadecimal digits and hyphens are always an id.
    text.parse().unwrap_or_else(|_| unreachable!("a UUID is an id"))
}
