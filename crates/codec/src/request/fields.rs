//! The fields of a request as a terminal looks them up.

use core::fmt;

use caisse_payment::{Amount, Currency, Register};

use super::received::ReceivedHeader;
use crate::value::{self, Action, Application, Identifier, TicketRequest, Version};
use crate::{Message, Tag};

/// The largest amount that twelve digits hold, in minor units.
pub const LARGEST_AMOUNT: u64 = 999_999_999_999;

/// Places for the values of the tags that a reader looks at.
pub(super) trait Slots<'a>: Default {
    /// The place of a tag; nothing when the reader does not look at it.
    fn slot(&mut self, tag: Tag) -> Option<&mut Option<&'a [u8]>>;
}

/// Puts the values of a message in their places.
///
/// # Errors
/// When a tag that the reader looks at is there twice, with different values.
pub(super) fn collect<'a, S: Slots<'a>>(message: &Message<'a>) -> Result<S, RequestFault> {
    let mut slots = S::default();
    for field in message.fields() {
        let Some(slot) = slots.slot(field.tag()) else { continue };
        if slot.is_some_and(|value| value != field.value()) {
            return Err(RequestFault { tag: field.tag(), kind: FaultKind::Contradictory });
        }
        *slot = Some(field.value());
    }
    Ok(slots)
}

/// The fields that a debit is read from.
#[derive(Default)]
pub(super) struct RequestFields<'a> {
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

impl<'a> Slots<'a> for RequestFields<'a> {
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
}

impl RequestFields<'_> {
    /// What is asked for (CD).
    pub(super) fn action(&self) -> Result<Action, RequestFault> {
        Action::from_value(required(Tag::CD, self.action)?).ok_or_else(form(Tag::CD))
    }

    /// That CZ and CA are there.
    pub(super) fn require_header(&self) -> Result<(), RequestFault> {
        required(Tag::CZ, self.version)?;
        required(Tag::CA, self.register).map(drop)
    }

    /// CZ, CJ, CA and BA: CA of one digit is tolerated, CJ may be absent or of another length.
    pub(super) fn header(&self) -> Result<ReceivedHeader, RequestFault> {
        let version = Version::from_value(required(Tag::CZ, self.version)?);
        let register = required(Tag::CA, self.register)?;
        let number = Some(register).filter(|value| value.len() <= 2).and_then(value::number);
        let register = number.and_then(|number| Register::new(u8::try_from(number).ok()?));
        Ok(ReceivedHeader {
            version: version.ok_or_else(form(Tag::CZ))?,
            identifier: self.identifier.and_then(Identifier::from_value),
            register: register.ok_or_else(form(Tag::CA))?,
            immediate: flag(Tag::BA, self.immediate)?.unwrap_or(false),
        })
    }

    /// CB and CE: zeros in front and CB of one digit are tolerated.
    pub(super) fn amount(&self) -> Result<Amount, RequestFault> {
        let minor = value::number(required(Tag::CB, self.amount)?)
            .filter(|minor| (1..=LARGEST_AMOUNT).contains(minor));
        let minor = minor.ok_or_else(form(Tag::CB))?;
        let currency = required(Tag::CE, self.currency)?;
        let currency = Some(currency).filter(|value| value.len() == 3).and_then(value::number);
        let currency = currency.ok_or_else(form(Tag::CE))?;
        let currency = u16::try_from(currency).ok().and_then(Currency::from_numeric);
        let unknown = RequestFault { tag: Tag::CE, kind: FaultKind::Currency };
        Ok(Amount::from_minor(minor, currency.ok_or(unknown)?))
    }

    /// Whether a part of the amount may be approved (BF).
    pub(super) fn partial(&self) -> Result<Option<bool>, RequestFault> {
        flag(Tag::BF, self.partial)
    }

    /// The application to force (CC); 000 forces none.
    pub(super) fn application(&self) -> Result<Option<Application>, RequestFault> {
        match self.application {
            None | Some(b"000") => Ok(None),
            Some(value) => Application::from_value(value).map(Some).ok_or_else(form(Tag::CC)),
        }
    }

    /// The tickets to send (CK).
    pub(super) fn ticket(&self) -> Result<Option<TicketRequest>, RequestFault> {
        self.ticket.map_or(Ok(None), |value| TicketRequest::from_value(value).ok_or_else(form(Tag::CK)))
    }
}

/// A value that must be there.
pub(super) fn required(tag: Tag, value: Option<&[u8]>) -> Result<&[u8], RequestFault> {
    value.ok_or(RequestFault { tag, kind: FaultKind::Missing })
}

/// The fault of a value that does not have the form of its tag.
pub(super) fn form(tag: Tag) -> impl FnOnce() -> RequestFault {
    move || RequestFault { tag, kind: FaultKind::Form }
}

/// A flag: 0 or 1.
pub(super) fn flag(tag: Tag, value: Option<&[u8]>) -> Result<Option<bool>, RequestFault> {
    match value {
        None => Ok(None),
        Some(b"0") => Ok(Some(false)),
        Some(b"1") => Ok(Some(true)),
        Some(_) => Err(form(tag)()),
    }
}

/// Why a message is not the request that it should be.
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
