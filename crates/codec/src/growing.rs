//! Requests and answers into anything that grows.

use bytes::BufMut;

use crate::{
    DebitRequest, DuplicataRequest, EncodeError, IdentificationRequest, LONGEST_MONEY_REQUEST, MoneyRequest,
    PrintRequest, RequestError, TerminalAnswer, TransactionStatusRequest, fixed, wire,
};

/// Longer than any message: the longest answer, cheque and all, has 5 517 bytes. What does not fit is an error.
const ROOM: usize = 6 * 1024;

macro_rules! growing {
    ($($type:ty, $room:expr, $error:ty;)*) => {$(
        impl $type {
            /// Writes the message behind what the buffer holds, or nothing.
            ///
            /// # Errors
            /// As `encode`; extra fields that make a message of more than 6 KiB find no room.
            ///
            /// # Panics
            /// Only if the buffer itself panics for lack of room.
            pub fn encode_to(&self, buffer: &mut impl BufMut) -> Result<(), $error> {
                buffer.put_slice(self.encode(&mut [0; $room])?);
                Ok(())
            }
        }
    )*};
}

growing! {
    DebitRequest, crate::LONGEST_REQUEST, EncodeError;
    MoneyRequest<'_>, ROOM, RequestError;
    DuplicataRequest<'_>, ROOM, RequestError;
    IdentificationRequest, crate::LONGEST_REQUEST, RequestError;
    PrintRequest<'_>, ROOM, RequestError;
    TransactionStatusRequest<'_>, ROOM, RequestError;
    TerminalAnswer<'_>, ROOM, EncodeError;
    fixed::Request, fixed::LONGEST_REQUEST, fixed::EncodeError;
    fixed::Answer<'_>, fixed::LONGEST_ANSWER, fixed::EncodeError;
}

impl wire::Request<'_> {
    /// Writes the request behind what the buffer holds, or nothing.
    ///
    /// # Errors
    /// As [`encode`](Self::encode), but for the room.
    ///
    /// # Panics
    /// Only if the buffer itself panics for lack of room.
    pub fn encode_to(
        &self,
        format: &wire::Format,
        buffer: &mut impl BufMut,
    ) -> Result<(), wire::RequestError> {
        buffer.put_slice(self.encode(format, &mut [0; LONGEST_MONEY_REQUEST])?);
        Ok(())
    }
}
