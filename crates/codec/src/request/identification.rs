//! The request that asks only whether somebody is there.

use super::{RequestError, RequestHeader};
use crate::Encoder;
use crate::value::Action;

/// A request for identification (CD=I), also called ping. It has no place for an amount nor for any field whose
/// meaning is not known, so it can move no money.
///
/// A real Ingenico terminal answers with its own CZ and CJ, CA, CD and AE=10.
///
/// ```
/// use caisse_codec::{IdentificationRequest, RequestHeader, Version};
/// use caisse_payment::Register;
///
/// let request = IdentificationRequest {
///     header: RequestHeader {
///         version: Version::V3_00,
///         identifier: "012345678901".parse()?,
///         register: Register::FIRST,
///     },
/// };
/// let mut buffer = [0; caisse_codec::LONGEST_REQUEST];
/// assert_eq!(request.encode(&mut buffer)?, b"CZ0040300CJ012012345678901CA00201CD001I");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentificationRequest {
    /// CZ, CJ and CA.
    pub header: RequestHeader,
}

impl IdentificationRequest {
    /// Writes the request into the caller's buffer, CZ first; 39 bytes.
    ///
    /// # Errors
    /// When the buffer is too small.
    pub fn encode<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], RequestError> {
        let mut out = Encoder::new(buffer);
        self.header.encode(Action::IDENTIFICATION, None, &mut out)?;
        Ok(out.finish())
    }
}
