//! The request for the state of a transaction.

use super::{Extra, RequestError, RequestHeader};
use crate::Encoder;
use crate::value::Action;

/// A request for the status of a transaction (CD=T). PayXpert names it and no public document shows one: which
/// fields name the transaction is unknown, so that they go into `extra`.
///
/// ```
/// use caisse_codec::{Extra, RequestHeader, Tag, TransactionStatusRequest, Version};
/// use caisse_payment::Register;
///
/// // What a contract with the vendor may say; nothing public does.
/// let told_by_the_vendor = [(Tag::CH, b"order 7".as_slice())];
/// let request = TransactionStatusRequest {
///     header: RequestHeader {
///         version: Version::V3_20,
///         identifier: "323540032810".parse()?,
///         register: Register::FIRST,
///     },
///     extra: Extra::new(&told_by_the_vendor),
/// };
/// let mut buffer = [0; caisse_codec::LONGEST_REQUEST];
/// assert_eq!(request.encode(&mut buffer)?, b"CZ0040320CJ012323540032810CA00201CD001TCH007order 7");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionStatusRequest<'a> {
    /// CZ, CJ and CA.
    pub header: RequestHeader,
    /// The fields that are not public.
    pub extra: Extra<'a>,
}

impl TransactionStatusRequest<'_> {
    /// Writes the request into the caller's buffer, CZ first; 39 bytes and the extra fields.
    ///
    /// # Errors
    /// When an extra field may not stand there or is not of its form, or the buffer is too small.
    pub fn encode<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], RequestError> {
        let mut out = Encoder::new(buffer);
        self.header.encode(Action::TRANSACTION_STATUS, None, &mut out)?;
        self.extra.encode(&[], &mut out)?;
        Ok(out.finish())
    }
}
