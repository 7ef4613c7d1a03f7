//! What every request begins with.

use caisse_payment::{Amount, Register};

use crate::value::{Action, Identifier, Version};
use crate::{EncodeError, Encoder, Tag};

/// The fewest digits of an amount on the wire.
pub(crate) const AMOUNT_DIGITS: usize = 2;

/// Who asks, and in which version: CZ, CJ and CA, mandatory in every request that a public document shows.
///
/// ```
/// use caisse_codec::{RequestHeader, Version};
/// use caisse_payment::Register;
///
/// let header =
///     RequestHeader { version: Version::V3_20, identifier: "323540032810".parse()?, register: Register::FIRST };
/// assert_eq!(header.version.to_string(), "0320");
/// # Ok::<(), caisse_codec::value::ValueError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestHeader {
    /// The protocol version to speak (CZ): four digits.
    pub version: Version,
    /// The identifier of the till's editor (CJ): twelve digits. Some terminals answer AF=09 without it.
    pub identifier: Identifier,
    /// The register (CA): two digits.
    pub register: Register,
}

impl RequestHeader {
    /// Writes CZ, CJ, CA, CB, CD and CE in this order, which every published request with these tags follows;
    /// CB and CE only with an amount.
    ///
    /// # Errors
    /// When the amount is zero or has more than twelve digits, or the buffer is too small.
    pub(super) fn encode(
        &self,
        action: Action,
        amount: Option<Amount>,
        out: &mut Encoder<'_>,
    ) -> Result<(), EncodeError> {
        self.encode_wide(action, amount, AMOUNT_DIGITS, out)
    }

    /// The same with zeros in front of CB, up to so many digits.
    pub(super) fn encode_wide(
        &self,
        action: Action,
        amount: Option<Amount>,
        amount_digits: usize,
        out: &mut Encoder<'_>,
    ) -> Result<(), EncodeError> {
        if amount.is_some_and(Amount::is_zero) {
            return Err(EncodeError::ZeroAmount);
        }
        out.exact(Tag::CZ, *self.version.as_bytes())?;
        out.exact(Tag::CJ, *self.identifier.as_bytes())?;
        out.number(Tag::CA, u64::from(self.register.number()), 2)?;
        if let Some(amount) = amount {
            out.number(Tag::CB, amount.minor(), amount_digits)?;
        }
        out.exact(Tag::CD, [action.value()])?;
        if let Some(amount) = amount {
            out.number(Tag::CE, u64::from(amount.currency().numeric()), 3)?;
        }
        Ok(())
    }
}
