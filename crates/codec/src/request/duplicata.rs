//! The request for a copy of the last ticket.

use caisse_payment::Amount;

use super::{Extra, RequestError, RequestHeader};
use crate::value::{Action, TicketRequest};
use crate::{Encoder, Tag};

/// A request for a duplicata (CD=3): the terminal prints, or sends, the ticket of its last transaction. It
/// moves no money.
///
/// PayXpert's form has neither CB nor CE; HiPay's has both, with any amount, which the terminal ignores.
///
/// ```
/// use caisse_codec::{DuplicataRequest, Extra, RequestHeader, TicketRequest, Version};
/// use caisse_payment::Register;
///
/// let request = DuplicataRequest {
///     header: RequestHeader {
///         version: Version::V3_20,
///         identifier: "323540032810".parse()?,
///         register: Register::FIRST,
///     },
///     amount: None,
///     ticket: Some(TicketRequest::CUSTOMER_TEXT),
///     extra: Extra::NONE,
/// };
/// let mut buffer = [0; caisse_codec::LONGEST_REQUEST];
/// assert_eq!(request.encode(&mut buffer)?, b"CZ0040320CJ012323540032810CA00201CD0013CK003100");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DuplicataRequest<'a> {
    /// CZ, CJ and CA.
    pub header: RequestHeader,
    /// Nothing for PayXpert's form; some amount, 1 to 999 999 999 999 minor units, for HiPay's (CB and CE).
    pub amount: Option<Amount>,
    /// The tickets to send for printing (CK).
    pub ticket: Option<TicketRequest>,
    /// Fields without a place of their own.
    pub extra: Extra<'a>,
}

impl DuplicataRequest<'_> {
    /// Writes the request into the caller's buffer, CZ first; [`LONGEST_REQUEST`](crate::LONGEST_REQUEST) bytes
    /// are enough when there are no extra fields.
    ///
    /// # Errors
    /// When the amount is zero or has more than twelve digits, an extra field may not stand there, or the
    /// buffer is too small.
    pub fn encode<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], RequestError> {
        let mut out = Encoder::new(buffer);
        self.header.encode(Action::DUPLICATA, self.amount, &mut out)?;
        if let Some(ticket) = self.ticket {
            out.field(Tag::CK, &ticket.value())?;
        }
        self.extra.encode(&[Tag::CK], &mut out)?;
        Ok(out.finish())
    }
}
