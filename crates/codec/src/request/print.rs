//! The request to print a text of the till's.

use caisse_payment::Sensitive;

use super::{Extra, RequestError, RequestHeader};
use crate::ticket::encode_ticket;
use crate::value::{Action, TicketRequest};
use crate::{Encoder, Tag};

/// The most bytes that a [`PrintRequest`] without extra fields takes.
pub const LONGEST_PRINT_REQUEST: usize = 957;

/// A request to print a ticket that the till made (CD=P with ZT). PayXpert names it; its example is not public,
/// and neither is the answer.
///
/// ```
/// use caisse_codec::{Extra, PrintRequest, RequestHeader, TicketRequest, Version};
/// use caisse_payment::{Register, Sensitive};
///
/// let request = PrintRequest {
///     header: RequestHeader {
///         version: Version::V3_20,
///         identifier: "323540032810".parse()?,
///         register: Register::FIRST,
///     },
///     kind: TicketRequest::CUSTOMER_TEXT,
///     text: Sensitive::new(b"Bonjour"),
///     extra: Extra::NONE,
/// };
/// let mut buffer = [0; caisse_codec::LONGEST_PRINT_REQUEST];
/// let wire = request.encode(&mut buffer)?;
/// assert_eq!(wire, b"CZ0040320CJ012323540032810CA00201CD001PZT025CK003100AK012Qm9uam91cg==");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrintRequest<'a> {
    /// CZ, CJ and CA.
    pub header: RequestHeader,
    /// Whose ticket it is and how it is written (CK inside ZT).
    pub kind: TicketRequest,
    /// The text (AK inside ZT): 1 to 675 bytes of Latin-1 or HTML.
    pub text: Sensitive<&'a [u8]>,
    /// Fields without a place of their own.
    pub extra: Extra<'a>,
}

impl PrintRequest<'_> {
    /// Writes the request into the caller's buffer, CZ first; [`LONGEST_PRINT_REQUEST`] bytes are enough when
    /// there are no extra fields.
    ///
    /// # Errors
    /// When the text is empty or longer than 675 bytes, an extra field may not stand there, or the buffer is
    /// too small.
    pub fn encode<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], RequestError> {
        let mut out = Encoder::new(buffer);
        self.header.encode(Action::PRINT, None, &mut out)?;
        encode_ticket(&mut out, self.kind, self.text.reveal())?;
        // CK stands inside ZT; outside it would ask for a ticket.
        self.extra.encode(&[Tag::CK], &mut out)?;
        Ok(out.finish())
    }
}
