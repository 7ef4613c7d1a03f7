//! What the till asks: the debit request, typed.

use core::fmt;

use caisse_payment::{Amount, Currency, Register};

use crate::value::{self, Action, Application, Identifier, TicketRequest, Version};
use crate::{EncodeError, Encoder, Message, Tag};

/// The most bytes that a debit request takes.
pub const LONGEST_REQUEST: usize = 128;

/// The fewest digits of an amount on the wire.
const AMOUNT_DIGITS: usize = 2;

/// The largest amount that twelve digits hold, in minor units.
pub const LARGEST_AMOUNT: u64 = 999_999_999_999;

/// A request for a debit: the customer pays. The answer always comes at the end of the transaction: there is
/// no way to ask for an immediate one (BA=1), because that answer does not say how the payment ended.
///
/// ```
/// use caisse_codec::{DebitRequest, Identifier, Version};
/// use caisse_payment::{Amount, Currency, Register};
///
/// let request = DebitRequest {
///     version: Version::V3_00,
///     identifier: "247300123456".parse()?,
///     register: Register::FIRST,
///     amount: Amount::from_minor(12345, Currency::EUR),
///     partial: None,
///     application: None,
///     ticket: None,
/// };
/// let mut buffer = [0; caisse_codec::LONGEST_REQUEST];
/// assert_eq!(request.encode(&mut buffer)?, b"CZ0040300CJ012247300123456CA00201CB00512345CD0010CE003978");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DebitRequest {
    /// The protocol version to speak (CZ).
    pub version: Version,
    /// The identifier of the till's editor (CJ).
    pub identifier: Identifier,
    /// The register (CA).
    pub register: Register,
    /// How much (CB and CE): 1 to 999 999 999 999 minor units.
    pub amount: Amount,
    /// Whether a part of the amount may be approved (BF). Some terminals refuse a request that carries the
    /// field, so it is left out unless set.
    pub partial: Option<bool>,
    /// The card application to force (CC).
    pub application: Option<Application>,
    /// The tickets to send for printing (CK).
    pub ticket: Option<TicketRequest>,
}

impl DebitRequest {
    /// Writes the request into the caller's buffer, CZ first; [`LONGEST_REQUEST`] bytes are always enough.
    ///
    /// # Errors
    /// When the amount is zero or has more than twelve digits, or the buffer is too small.
    pub fn encode<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], EncodeError> {
        if self.amount.is_zero() {
            return Err(EncodeError::ZeroAmount);
        }
        let mut out = Encoder::new(buffer);
        out.field(Tag::CZ, self.version.as_bytes())?;
        out.field(Tag::CJ, self.identifier.as_bytes())?;
        out.number(Tag::CA, u64::from(self.register.number()), 2)?;
        out.number(Tag::CB, self.amount.minor(), AMOUNT_DIGITS)?;
        out.field(Tag::CD, &[Action::DEBIT.value()])?;
        out.number(Tag::CE, u64::from(self.amount.currency().numeric()), 3)?;
        if let Some(partial) = self.partial {
            out.field(Tag::BF, if partial { b"1" } else { b"0" })?;
        }
        if let Some(application) = &self.application {
            out.field(Tag::CC, application.as_bytes())?;
        }
        if let Some(ticket) = self.ticket {
            out.field(Tag::CK, &ticket.value())?;
        }
        Ok(out.finish())
    }

    /// Writes the request into anything that grows.
    ///
    /// # Errors
    /// When the amount is zero or has more than twelve digits.
    ///
    /// # Panics
    /// Only if the buffer itself panics for lack of room.
    #[cfg(feature = "bytes")]
    pub fn encode_to(&self, buffer: &mut impl bytes::BufMut) -> Result<(), EncodeError> {
        buffer.put_slice(self.encode(&mut [0; LONGEST_REQUEST])?);
        Ok(())
    }

    /// Reads a debit request as a terminal does. Tolerated, because real tills do it: CA of one digit, CB of
    /// one digit or padded with zeros, CJ absent or of another length, other fields in any order, unknown ones.
    ///
    /// # Errors
    /// Says which field is missing, repeated with another value, or not of its form.
    pub fn read(message: &Message<'_>) -> Result<Received, RequestFault> {
        let mut fields = RequestFields::default();
        for field in message.fields() {
            let Some(slot) = fields.slot(field.tag()) else { continue };
            if slot.is_some_and(|value| value != field.value()) {
                return Err(RequestFault { tag: field.tag(), kind: FaultKind::Contradictory });
            }
            *slot = Some(field.value());
        }
        fields.interpret()
    }
}

#[derive(Default)]
struct RequestFields<'a> {
    version: Option<&'a [u8]>,
    identifier: Option<&'a [u8]>,
    register: Option<&'a [u8]>,
    amount: Option<&'a [u8]>,
    action: Option<&'a [u8]>,
    currency: Option<&'a [u8]>,
    immediate: Option<&'a [u8]>,
    partial: Option<&'a [u8]>,
    application: Option<&'a [u8]>,
    ticket: Option<&'a [u8]>,
}

impl<'a> RequestFields<'a> {
    fn slot(&mut self, tag: Tag) -> Option<&mut Option<&'a [u8]>> {
        Some(match tag {
            Tag::CZ => &mut self.version,
            Tag::CJ => &mut self.identifier,
            Tag::CA => &mut self.register,
            Tag::CB => &mut self.amount,
            Tag::CD => &mut self.action,
            Tag::CE => &mut self.currency,
            Tag::BA => &mut self.immediate,
            Tag::BF => &mut self.partial,
            Tag::CC => &mut self.application,
            Tag::CK => &mut self.ticket,
            _ => return None,
        })
    }

    fn interpret(self) -> Result<Received, RequestFault> {
        let required =
            |tag, value: Option<&'a [u8]>| value.ok_or(RequestFault { tag, kind: FaultKind::Missing });
        let form = |tag, kind| move || RequestFault { tag, kind };

        let action = Action::from_value(required(Tag::CD, self.action)?);
        let action = action.ok_or_else(form(Tag::CD, FaultKind::Form))?;
        if action != Action::DEBIT {
            return Err(RequestFault { tag: Tag::CD, kind: FaultKind::NotADebit });
        }
        let version = Version::from_value(required(Tag::CZ, self.version)?);
        let register = required(Tag::CA, self.register)?;
        let number = Some(register).filter(|value| value.len() <= 2).and_then(value::number);
        let register = number.and_then(|number| Register::new(u8::try_from(number).ok()?));
        let minor = value::number(required(Tag::CB, self.amount)?)
            .filter(|minor| (1..=LARGEST_AMOUNT).contains(minor));
        let minor = minor.ok_or_else(form(Tag::CB, FaultKind::Form))?;
        let currency = required(Tag::CE, self.currency)?;
        let currency = Some(currency).filter(|value| value.len() == 3).and_then(value::number);
        let currency = currency.ok_or_else(form(Tag::CE, FaultKind::Form))?;
        let currency = u16::try_from(currency).ok().and_then(Currency::from_numeric);
        let currency = currency.ok_or_else(form(Tag::CE, FaultKind::Currency))?;
        let flag = |tag, value: Option<&[u8]>| match value {
            None => Ok(None),
            Some(b"0") => Ok(Some(false)),
            Some(b"1") => Ok(Some(true)),
            Some(_) => Err(RequestFault { tag, kind: FaultKind::Form }),
        };
        let application = match self.application {
            None | Some(b"000") => None,
            Some(value) => Some(Application::from_value(value).ok_or_else(form(Tag::CC, FaultKind::Form))?),
        };
        let ticket = match self.ticket {
            None => None,
            Some(value) => TicketRequest::from_value(value).ok_or_else(form(Tag::CK, FaultKind::Form))?,
        };
        Ok(Received {
            version: version.ok_or_else(form(Tag::CZ, FaultKind::Form))?,
            identifier: self.identifier.and_then(Identifier::from_value),
            register: register.ok_or_else(form(Tag::CA, FaultKind::Form))?,
            amount: Amount::from_minor(minor, currency),
            immediate: flag(Tag::BA, self.immediate)?.unwrap_or(false),
            partial: flag(Tag::BF, self.partial)?,
            application,
            ticket,
        })
    }
}

/// A debit request as a terminal received it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// The protocol version (CZ).
    pub version: Version,
    /// The identifier of the till's editor (CJ), if it has its form.
    pub identifier: Option<Identifier>,
    /// The register (CA).
    pub register: Register,
    /// How much (CB and CE).
    pub amount: Amount,
    /// Whether the till wants an immediate answer (BA=1), which says nothing of the end.
    pub immediate: bool,
    /// Whether a part of the amount may be approved (BF).
    pub partial: Option<bool>,
    /// The card application to force (CC).
    pub application: Option<Application>,
    /// The tickets to send (CK).
    pub ticket: Option<TicketRequest>,
}

/// Why a message is not a debit request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field {tag}: {kind}")]
pub struct RequestFault {
    /// The field.
    pub tag: Tag,
    /// What is wrong with it.
    pub kind: FaultKind,
}

/// What is wrong with a field of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// It is not there.
    Missing,
    /// It is there twice, with different values.
    Contradictory,
    /// Its value does not have the form of its tag.
    Form,
    /// It asks for another action than a debit.
    NotADebit,
    /// It names a currency that is not known.
    Currency,
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "missing",
            Self::Contradictory => "repeated with another value",
            Self::Form => "not of its form",
            Self::NotADebit => "not a debit",
            Self::Currency => "not a known currency",
        })
    }
}
