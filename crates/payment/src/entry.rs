//! What the journal holds of a transaction, and nothing more: no ticket, and of the card four digits at most.

use core::fmt;
use core::ops::RangeInclusive;

use crate::identifiers::{
    AuthorisationNumber, ContractNumber, DialectName, Reference, Register, SerialNumber, TerminalId,
    TransactionId, UsbIdentity,
};
use crate::outcome::Verdict;
use crate::{Amount, Operation};

/// What is asked for: the content that belongs to a transaction id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    /// What to do.
    pub operation: Operation,
    /// The transaction that is undone or refunded, for those operations that name one.
    pub original: Option<TransactionId>,
    /// How much.
    pub amount: Amount,
    /// Whether a part of it may be approved.
    pub allow_partial: bool,
    /// The largest tip that may be approved above the amount, for a debit.
    pub allow_tip: Option<Amount>,
    /// On which terminal.
    pub terminal: TerminalId,
    /// For which register.
    pub register: Register,
    /// The till's label.
    pub reference: Option<Reference>,
}

impl Content {
    /// Returns the tip in an approved amount: the part above the amount asked for, if it is at most the tip that was allowed.
    ///
    /// ```
    /// use caisse_payment::entry::Content;
    /// use caisse_payment::{Amount, Currency, Operation, Register};
    ///
    /// let euros = |minor| Amount::from_minor(minor, Currency::EUR);
    /// let content = Content {
    ///     operation: Operation::Debit,
    ///     original: None,
    ///     amount: euros(2500),
    ///     allow_partial: false,
    ///     allow_tip: Some(euros(500)),
    ///     terminal: "counter".parse()?,
    ///     register: Register::FIRST,
    ///     reference: None,
    /// };
    /// assert_eq!(content.tip(euros(2700)), Some(euros(200)));
    /// assert_eq!(content.tip(euros(2500)), None);
    /// assert_eq!(content.tip(euros(3001)), None);
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

/// A transaction as it stands before its first byte leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Its key.
    pub id: TransactionId,
    /// What it asks for.
    pub content: Content,
    /// How the terminal is spoken to.
    pub dialect: DialectName,
    /// Where it is reached, in the form of a name (`tcp:192.0.2.7:8888`): two names at one address are one terminal. None where
    /// it has none: App to App, or a link of the caller's own.
    pub address: Option<TerminalId>,
    /// The USB device at a serial port, where the system shows one. The path of a port goes to another device when that one
    /// is plugged in first; the identity of a device does not.
    pub usb: Option<UsbIdentity>,
}

/// The names in [`Start::dialect`] of the ways to a payment app on the same device.
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

/// A transaction's end, with the evidence that may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Its key.
    pub id: TransactionId,
    /// How it ended and how far the request got.
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
    /// The status as it stood in the answer: AE and the first two characters of AF.
    pub status: RawStatus,
}

/// The status characters of an answer, kept as they came.
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

/// One durable write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "no allocator here, and one entry lives at a time")]
pub enum Entry {
    /// The transaction begins: its request may leave once this is durable.
    Started(Start),
    /// The transaction has ended.
    Ended(End),
    /// The transaction ended before it could begin: both in one write, so that no doubt stays behind when
    /// the power goes between the two.
    NeverSent(Start, End),
}

impl Entry {
    /// The transaction it belongs to.
    #[must_use]
    pub const fn id(&self) -> TransactionId {
        match self {
            Self::Started(start) | Self::NeverSent(start, _) => start.id,
            Self::Ended(end) => end.id,
        }
    }
}
