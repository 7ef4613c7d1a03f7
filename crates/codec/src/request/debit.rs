//! The debit request in its shortest form, and how a terminal reads a debit.

use caisse_payment::{Amount, Register};

use super::fields::{self, FaultKind, RequestFault, RequestFields};
use super::header::RequestHeader;
use crate::value::{Action, Application, Identifier, TicketRequest, Version};
use crate::{EncodeError, Encoder, Message, Tag};

/// The most bytes that a [`DebitRequest`] takes; enough for every request without an amount too, as long as it
/// has no extra field and no ticket.
pub const LONGEST_REQUEST: usize = 128;

/// A request for a debit: the customer pays. [`MoneyRequest`](super::MoneyRequest) has every optional field. The answer always comes at the end of the transaction: there is
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
        let Self { version, identifier, register, .. } = *self;
        let mut out = Encoder::new(buffer);
        RequestHeader { version, identifier, register }.encode(Action::DEBIT, Some(self.amount), &mut out)?;
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

    /// Reads a debit request as a terminal does. Tolerated, because real tills do it: CA of one digit, CB of
    /// one digit or padded with zeros, CJ absent or of another length, other fields in any order, unknown ones.
    ///
    /// # Errors
    /// Says which field is missing, repeated with another value, or not of its form.
    pub fn read(message: &Message<'_>) -> Result<Received, RequestFault> {
        let fields: RequestFields<'_> = fields::collect(message)?;
        if fields.action()? != Action::DEBIT {
            return Err(RequestFault { tag: Tag::CD, kind: FaultKind::NotADebit });
        }
        fields.require_header()?;
        let amount = fields.amount()?;
        let (application, ticket) = (fields.application()?, fields.ticket()?);
        let header = fields.header()?;
        Ok(Received {
            version: header.version,
            identifier: header.identifier,
            register: header.register,
            amount,
            immediate: header.immediate,
            partial: fields.partial()?,
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
