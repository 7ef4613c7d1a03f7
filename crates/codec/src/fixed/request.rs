//! What the till asks in E and E+, typed.

use caisse_payment::{Amount, Currency, Register};

use super::body::REQUEST_LENGTHS;
use super::layout::Expected;
use super::{
    AnswerFlag, Authorisation, Body, Delay, Fault, FieldName, Layout, Mode, Private, RegisterCode, Tolerance,
    TransactionType,
};

/// The most characters that a request takes.
pub const LONGEST_REQUEST: usize = 34;

/// The largest amount that eight digits hold, in minor units.
pub const LARGEST_AMOUNT: u64 = 99_999_999;

/// Which of the three forms a till sends. E+ always asks for the answer at the end of the transaction (`A010`): there
/// is no way to ask for an immediate one (`A011`), because that answer does not say how the payment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Form {
    /// E: 26 characters.
    E,
    /// E with `T012`: 30 characters. The Nepting application on Spire terminals sends the text of the customer's
    /// receipt in the answer; other terminals do not know it.
    EWithReceipt,
    /// E+: 34 characters.
    EPlus(Authorisation),
}

/// A request as a till sends it.
///
/// ```
/// use caisse_codec::fixed::{AnswerFlag, Authorisation, Form, Mode, Private, Request, TransactionType};
/// use caisse_payment::{Amount, Currency, Register};
///
/// let request = Request {
///     register: Register::FIRST,
///     amount: Amount::from_minor(1242, Currency::EUR),
///     flag: AnswerFlag::WithoutReport,
///     mode: Mode::CARD,
///     transaction: TransactionType::Debit,
///     private: Private::EMPTY,
///     form: Form::EPlus(Authorisation::Terminal),
/// };
/// let mut buffer = [0; caisse_codec::fixed::LONGEST_REQUEST];
/// assert_eq!(request.encode(&mut buffer)?, b"0100001242010978          A010B010");
/// # Ok::<(), caisse_codec::fixed::EncodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The register (POS): two digits.
    pub register: Register,
    /// How much (MNT and DEV): 1 to 99 999 999 minor units.
    pub amount: Amount,
    /// Whether the answer shall carry the report of the application (IND).
    pub flag: AnswerFlag,
    /// How the customer pays (MODE).
    pub mode: Mode,
    /// What shall be done (TYPE).
    pub transaction: TransactionType,
    /// Private data (PRIV).
    pub private: Private,
    /// E, E with a receipt or E+.
    pub form: Form,
}

/// Why a body cannot be written. Nothing is written then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The amount is zero, which no request may carry.
    #[error("the amount must be more than zero")]
    ZeroAmount,
    /// The number has more digits than the field.
    #[error("{0}: the number has more digits than the field")]
    TooLarge(FieldName),
    /// A receipt without a report: it stands behind an answer of 80 characters only.
    #[error("the text of a receipt needs a report before it")]
    ReceiptWithoutReport,
    /// A character that the protocol does not allow there.
    #[error(transparent)]
    Character(Fault),
    /// The caller's buffer is too small.
    #[error("the buffer is too small: {needed} bytes needed")]
    NoRoom {
        /// How many bytes the body takes.
        needed: usize,
    },
}

impl Request {
    /// Writes the request into the caller's buffer; [`LONGEST_REQUEST`] bytes are always enough.
    ///
    /// # Errors
    /// When the amount is zero or has more than eight digits, the private data came from an answer and hold a
    /// character that no till sends (0x7F), or the buffer is too small. The buffer is untouched then.
    pub fn encode<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], EncodeError> {
        if self.amount.is_zero() {
            return Err(EncodeError::ZeroAmount);
        }
        let amount = digits::<8>(self.amount.minor()).ok_or(EncodeError::TooLarge(FieldName::Amount))?;
        let currency = digits::<3>(u64::from(self.amount.currency().numeric()));
        let currency = currency.ok_or(EncodeError::TooLarge(FieldName::Currency))?;
        let single = [self.flag.character(), self.mode.character(), self.transaction.character()];
        let register = RegisterCode::from(self.register);
        let authorised;
        let (option, second): (&[u8], &[u8]) = match self.form {
            Form::E => (b"", b""),
            Form::EWithReceipt => (b"T012", b""),
            Form::EPlus(authorisation) => {
                authorised = [b'B', b'0', b'1', authorisation.character()];
                (b"A010", &authorised)
            }
        };
        let parts = [
            register.characters().as_slice(),
            &amount,
            &single,
            &currency,
            self.private.reveal(),
            option,
            second,
        ];
        write_checked::<LONGEST_REQUEST>(&parts, buffer, Layout::is_request)
    }
}

/// Puts the parts of a body together, holds the whole to the table of its layout and hands it out.
#[inline(always)]
pub(super) fn write_checked<'b, const N: usize>(
    parts: &[&[u8]],
    buffer: &'b mut [u8],
    wanted: fn(Layout) -> bool,
) -> Result<&'b [u8], EncodeError> {
    let mut body = [0; N];
    let mut length = 0usize;
    for part in parts {
        let free = body.get_mut(length..).unwrap_or_default();
        // What no layout has room for is cut, and is of no layout then.
        let count = part.len().min(free.len());
        for (slot, byte) in free.iter_mut().zip(*part) {
            *slot = *byte;
        }
        length = length.saturating_add(count);
    }
    let body = body.get(..length).unwrap_or_default();
    Body::expect(body, Tolerance::ALL, "a body", wanted).map_err(EncodeError::Character)?;
    let target = buffer.get_mut(..body.len()).ok_or(EncodeError::NoRoom { needed: length })?;
    target.copy_from_slice(body);
    Ok(target)
}

/// A number in exactly `N` digits; nothing when it has more.
pub(super) fn digits<const N: usize>(number: u64) -> Option<[u8; N]> {
    let mut digits = [b'0'; N];
    let mut rest = number;
    for slot in digits.iter_mut().rev() {
        *slot = u8::try_from(rest % 10).ok()?.checked_add(b'0')?;
        rest = rest.checked_div(10)?;
    }
    (rest == 0).then_some(digits)
}

/// Which form of request a terminal received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum ReceivedForm {
    /// E: 26 characters.
    E,
    /// E with `T012`: 30 characters.
    EWithReceipt,
    /// E+: 34 characters.
    EPlus {
        /// When the till wants the answer.
        delay: Delay,
        /// The authorisation request.
        authorisation: Authorisation,
    },
}

/// A request as a terminal received it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// The register (POS).
    pub register: RegisterCode,
    /// How much (MNT and DEV).
    pub amount: Amount,
    /// Whether the answer shall carry the report of the application (IND).
    pub flag: AnswerFlag,
    /// How the customer pays (MODE).
    pub mode: Mode,
    /// What shall be done (TYPE).
    pub transaction: TransactionType,
    /// Private data (PRIV).
    pub private: Private,
    /// E, E with a receipt or E+.
    pub form: ReceivedForm,
}

impl Received {
    /// Reads a request as a terminal should: 26, 30 or 34 characters, each field of its own. Real terminals are less
    /// strict about the length and then read an amount out of whatever stands there.
    ///
    /// # Errors
    /// Says that the length is none of these, or which field is wrong and where: not of its characters, an amount of
    /// zero, an unknown currency.
    ///
    /// ```
    /// use caisse_codec::fixed::{Delay, Received, ReceivedForm, Tolerance};
    ///
    /// let received = Received::decode(b"0100001242010978          A011B010", Tolerance::default())?;
    /// assert_eq!(received.amount.to_string(), "12.42 EUR");
    /// assert!(matches!(received.form, ReceivedForm::EPlus { delay: Delay::Immediate, .. }));
    ///
    /// // Meant as 3.00; read at fixed offsets without looking at the length it would be 10 000.00.
    /// assert!(Received::decode(b"00010000000300978", Tolerance::default()).is_err());
    /// # Ok::<(), caisse_codec::fixed::Fault>(())
    /// ```
    pub fn decode(bytes: &[u8], tolerance: Tolerance) -> Result<Self, Fault> {
        let body = Body::expect(bytes, tolerance, REQUEST_LENGTHS, Layout::is_request)?;
        let minor = u64::from(body.number::<8>(FieldName::Amount)?);
        if minor == 0 {
            return Err(fault(&body, FieldName::Amount, Expected::MoreThanZero));
        }
        let currency = u16::try_from(body.number::<3>(FieldName::Currency)?).ok();
        let currency = currency.and_then(Currency::from_numeric);
        let currency = currency.ok_or_else(|| fault(&body, FieldName::Currency, Expected::KnownCurrency))?;
        let register = RegisterCode::new(*body.characters(FieldName::Register)?);
        let form = match body.layout() {
            Layout::RequestReceipt => ReceivedForm::EWithReceipt,
            Layout::RequestEPlus => ReceivedForm::EPlus {
                delay: last(&body, FieldName::Delay, Delay::from_character)?,
                authorisation: last(&body, FieldName::Authorisation, Authorisation::from_character)?,
            },
            _ => ReceivedForm::E,
        };
        Ok(Self {
            register: register.ok_or_else(|| fault(&body, FieldName::Register, Expected::Register))?,
            amount: Amount::from_minor(minor, currency),
            flag: last(&body, FieldName::Flag, AnswerFlag::from_character)?,
            mode: last(&body, FieldName::Mode, Mode::new)?,
            transaction: last(&body, FieldName::Type, TransactionType::from_character)?,
            private: Private::from_body(body.characters(FieldName::Private)?),
            form,
        })
    }
}

/// Reads a field whose last character says it all.
fn last<T>(body: &Body<'_>, field: FieldName, read: fn(u8) -> Option<T>) -> Result<T, Fault> {
    let value = body.get(field).and_then(|it| read(*it.value().last()?));
    value.ok_or_else(|| fault(body, field, Expected::Printable))
}

/// A fault of a whole field.
fn fault(body: &Body<'_>, field: FieldName, expected: Expected) -> Fault {
    let offset = body.get(field).map_or(0, |field| field.offset());
    Fault::Field { field, offset, expected }
}
