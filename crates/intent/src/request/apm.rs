//! PayXpress APM: alternative payments (QR wallets), amounts in major units. From version 2.7.5 of the app.
//!
//! No public text tells what the app answers, and it is given no reference of the till's: its outcome is unknown until a
//! person has looked.

use std::fmt;
use std::str::FromStr;

use caisse_android_intent::{ComponentName, Intent, Value};
use caisse_payment::{Amount, Operation};

use super::{MoreExtras, RequestError};
use crate::MajorUnits;
use crate::definition::apm::{
    AMOUNT, CLASS, EXTRAS, FROM_ANOTHER_APP, IS_DIRECT_REFUND, IS_REFUND, PACKAGE, TRANSACTION_ID,
};

/// The app's own id of a transaction, as in `1p5jiofow7-1duh`: 1 to 128 printable ASCII characters without blanks. Its
/// form is documented nowhere; the limits are ours.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AppTransactionId(String);

impl AppTransactionId {
    /// The most characters.
    pub const LONGEST: usize = 128;

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AppTransactionId {
    type Err = RequestError;

    fn from_str(text: &str) -> Result<Self, RequestError> {
        let fits =
            (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(text.to_owned())) } else { Err(RequestError::AppTransactionId) }
    }
}

impl fmt::Display for AppTransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The customer pays.
    Debit,
    /// Money goes back. The user scans or types the id of the payment; whether the app looks at an id that is sent is
    /// not clear from its documentation.
    Refund(Option<AppTransactionId>),
    /// Money goes back for this payment, without anything to scan or to type.
    DirectRefund(AppTransactionId),
}

/// A transaction.
///
/// ```
/// use caisse_intent::apm::{Kind, Request};
/// use caisse_payment::{Amount, Currency};
///
/// let request = Request::new(Kind::Debit, Amount::parse("15.10", Currency::EUR)?)?;
/// assert_eq!(request.to_intent().extra("amount").and_then(|it| it.as_double()), Some(15.10));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    kind: Kind,
    amount: MajorUnits,
    more: MoreExtras,
}

impl Request {
    /// A transaction.
    ///
    /// # Errors
    /// When the amount is zero or has more digits than a `double` carries.
    pub fn new(kind: Kind, amount: Amount) -> Result<Self, RequestError> {
        if amount.is_zero() {
            return Err(RequestError::ZeroAmount);
        }
        Ok(Self { kind, amount: MajorUnits::new(amount)?, more: MoreExtras::default() })
    }

    /// Adds an extra that no public text tells of.
    ///
    /// # Errors
    /// When the key is one that this crate knows, or is there already.
    pub fn with_extra(mut self, key: &str, value: impl Into<Value>) -> Result<Self, RequestError> {
        self.more.push(key, value.into(), EXTRAS)?;
        Ok(self)
    }

    /// What is asked for, in the words of the journal.
    #[must_use]
    pub const fn operation(&self) -> Operation {
        match self.kind {
            Kind::Debit => Operation::Debit,
            Kind::Refund(_) | Kind::DirectRefund(_) => Operation::Credit,
        }
    }

    /// How much.
    pub const fn amount(&self) -> Amount {
        self.amount.amount()
    }

    /// The intent to launch for a result.
    #[must_use]
    pub fn to_intent(&self) -> Intent {
        let (original, direct) = match &self.kind {
            Kind::Debit => (None, false),
            Kind::Refund(original) => (original.as_ref(), false),
            Kind::DirectRefund(original) => (Some(original), true),
        };
        let mut intent = Intent::new()
            .with_component(ComponentName::new(PACKAGE, CLASS))
            .with_extra(IS_REFUND, !matches!(self.kind, Kind::Debit));
        if direct {
            intent = intent.with_extra(IS_DIRECT_REFUND, true);
        }
        intent = intent.with_extra(FROM_ANOTHER_APP, true).with_extra(AMOUNT, self.amount.to_double());
        if let Some(original) = original {
            intent = intent.with_extra(TRANSACTION_ID, original.as_str());
        }
        self.more.put_into(intent)
    }
}
