//! What the journal holds of a transaction, and nothing more: no ticket, and of the card four digits at most.

use core::fmt;
use core::ops::RangeInclusive;

use crate::identifiers::{
    AuthorisationNumber, ContractNumber, DialectName, Reference, Register, SerialNumber, TerminalId,
    TransactionId, UsbIdentity,
};
use crate::outcome::Verdict;
use crate::{Amount, Operation};

/// The details of one attempt at one terminal: the request of the application, bound to the terminal, the register and the
/// dialect.
///
/// ```
/// use caisse_payment::{Amount, Currency, Operation, Transaction};
///
/// let euros = |minor| Amount::from_minor(minor, Currency::EUR);
/// let (id, terminal, dialect) = ("order-7".parse()?, "counter".parse()?, "payxpress".parse()?);
/// let debit = Transaction::new(id, Operation::Debit, euros(2500), terminal, dialect);
/// let with_tip = Transaction { allow_tip: Some(euros(500)), ..debit };
/// assert!(!with_tip.has_same_content(&debit));
/// # Ok::<(), caisse_payment::IdentifierError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The key under which the transaction is recorded and charged at most once.
    pub id: TransactionId,
    /// The operation.
    pub operation: Operation,
    /// The transaction that is undone or refunded, for those operations that name one.
    pub original: Option<TransactionId>,
    /// The amount that is asked for.
    pub amount: Amount,
    /// Whether a part of the amount may be approved.
    pub allow_partial: bool,
    /// The largest tip that may be approved above the amount, for a debit.
    pub allow_tip: Option<Amount>,
    /// The name of the terminal.
    pub terminal: TerminalId,
    /// The register of the till.
    pub register: Register,
    /// The till's label.
    pub reference: Option<Reference>,
    /// The dialect that the terminal speaks.
    pub dialect: DialectName,
    /// The address of the terminal in the form of a name (`tcp:192.0.2.7:8888`): two names at one address are one terminal. None
    /// for a terminal without an address: App to App, or a link of the caller's own.
    pub address: Option<TerminalId>,
    /// The USB device at a serial port, where the system shows one. The path of a port goes to another device when that one
    /// is plugged in first; the identity of a device does not.
    pub usb: Option<UsbIdentity>,
}

impl Transaction {
    /// Returns a transaction of the first register, without an original, a reference, an address or a USB device, that allows
    /// neither a part nor a tip.
    #[must_use]
    pub const fn new(
        id: TransactionId,
        operation: Operation,
        amount: Amount,
        terminal: TerminalId,
        dialect: DialectName,
    ) -> Self {
        Self {
            id,
            operation,
            original: None,
            amount,
            allow_partial: false,
            allow_tip: None,
            terminal,
            register: Register::FIRST,
            reference: None,
            dialect,
            address: None,
            usb: None,
        }
    }

    /// Whether both ask for the same, so that one id may stand for both. The id, the dialect, the address and the USB device do
    /// not belong to the content.
    #[must_use]
    pub fn has_same_content(&self, other: &Self) -> bool {
        let Self { id, dialect, address, usb, .. } = *other;
        Self { id, dialect, address, usb, ..*self } == *other
    }

    /// Returns the tip in an approved amount: the part above the amount asked for, if it is at most the tip that was allowed.
    ///
    /// ```
    /// use caisse_payment::{Amount, Currency, Operation, Transaction};
    ///
    /// let euros = |minor| Amount::from_minor(minor, Currency::EUR);
    /// let (id, terminal, dialect) = ("order-7".parse()?, "counter".parse()?, "payxpress".parse()?);
    /// let transaction = Transaction {
    ///     allow_tip: Some(euros(500)),
    ///     ..Transaction::new(id, Operation::Debit, euros(2500), terminal, dialect)
    /// };
    /// assert_eq!(transaction.tip(euros(2700)), Some(euros(200)));
    /// assert_eq!(transaction.tip(euros(2500)), None);
    /// assert_eq!(transaction.tip(euros(3001)), None);
    /// # Ok::<(), caisse_payment::IdentifierError>(())
    /// ```
    #[must_use]
    pub fn tip(&self, approved: Amount) -> Option<Amount> {
        let max = self.max_tip()?;
        let tip = approved.checked_sub(self.amount)?;
        (!tip.is_zero() && max.checked_sub(tip).is_some()).then_some(tip)
    }

    /// Returns the amounts that an answer may approve, in minor units: the amount asked for, less where a part is allowed,
    /// more where a tip is allowed.
    #[must_use]
    pub fn approvable(&self) -> RangeInclusive<u64> {
        let asked = self.amount.minor();
        let min = if self.allow_partial { asked.min(1) } else { asked };
        let max = asked.saturating_add(self.max_tip().map_or(0, Amount::minor));
        min..=max
    }

    /// Returns the largest tip that counts. A tip in another currency or of another operation than a debit does not.
    fn max_tip(&self) -> Option<Amount> {
        let is_debit = matches!(self.operation, Operation::Debit);
        self.allow_tip.filter(|tip| is_debit && tip.currency() == self.amount.currency())
    }
}

/// The names in [`Transaction::dialect`] of the ways to a payment app on the same device.
pub const APP_TO_APP_DIALECTS: [&str; 2] = ["payxpress-v4", "payxpress-apm"];

/// The means by which a transaction reaches its terminal. What one means reports says nothing of a transaction of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PaymentMeans {
    /// A terminal that speaks Caisse-AP or Concert.
    CaisseAp,
    /// A payment app on the same device.
    AppToApp,
}

impl PaymentMeans {
    /// Returns the means to which a recorded dialect belongs.
    #[must_use]
    pub fn of(dialect: &DialectName) -> Self {
        if APP_TO_APP_DIALECTS.contains(&dialect.as_str()) { Self::AppToApp } else { Self::CaisseAp }
    }

    /// The stable name: `caisse_ap` or `app_to_app`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CaisseAp => "caisse_ap",
            Self::AppToApp => "app_to_app",
        }
    }
}

/// How a transaction ended: the verdict, with the evidence that may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conclusion {
    /// The outcome, and how far the request got.
    pub verdict: Verdict,
    /// The authorisation number (AC).
    pub authorisation: Option<AuthorisationNumber>,
    /// The merchant contract (CG): part of the terminal's identity.
    pub contract: Option<ContractNumber>,
    /// The serial number of the terminal (AQ): part of its identity.
    pub serial_number: Option<SerialNumber>,
    /// The amount of an approval that could not be accepted because of its amount.
    pub reported_amount: Option<Amount>,
    /// The last four digits of the card.
    pub last_four: Option<[u8; 4]>,
    /// The status of the answer: AE and the first two characters of AF, or STAT.
    pub status: RawStatus,
}

impl From<Verdict> for Conclusion {
    /// Returns a conclusion without evidence.
    fn from(verdict: Verdict) -> Self {
        Self {
            verdict,
            authorisation: None,
            contract: None,
            serial_number: None,
            reported_amount: None,
            last_four: None,
            status: RawStatus::default(),
        }
    }
}

/// The status characters of an answer, as they were received.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct RawStatus {
    /// AE, in an answer of 3.x.
    pub status: Option<[u8; 2]>,
    /// The first two characters of AF.
    pub complement: Option<[u8; 2]>,
    /// STAT, in an answer of E or E+: a printable character.
    pub stat: Option<u8>,
}

impl fmt::Debug for RawStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text =
            |code: Option<[u8; 2]>| code.map(|[first, second]| [char::from(first), char::from(second)]);
        if let Some(stat) = self.stat {
            write!(f, "STAT={:?} ", char::from(stat))?;
        }
        write!(f, "AE={:?} AF={:?}", text(self.status), text(self.complement))
    }
}
