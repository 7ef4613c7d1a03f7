//! What the till asks: one typed request for each operation, and the terminal's way to read them all.

mod debit;
mod duplicata;
mod extra;
mod fields;
mod header;
mod identification;
mod money;
mod options;
mod print;
mod received;
mod transaction_status;

pub use debit::{DebitRequest, LONGEST_REQUEST, Received};
pub use duplicata::DuplicataRequest;
pub use extra::Extra;
pub use fields::{FaultKind, LARGEST_AMOUNT, RequestFault};
pub(crate) use header::AMOUNT_DIGITS;
pub use header::RequestHeader;
pub use identification::IdentificationRequest;
pub use money::{LONGEST_MONEY_REQUEST, MoneyOperation, MoneyRequest};
pub use options::Options;
pub use print::{LONGEST_PRINT_REQUEST, PrintRequest};
pub use received::{ReceivedDuplicata, ReceivedHeader, ReceivedMoney, ReceivedPrint, ReceivedRequest};
pub use transaction_status::TransactionStatusRequest;

use crate::{EncodeError, Tag};

/// Why a request cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// A field does not have the form that the protocol asks for, or the buffer is too small.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A field that this request may not carry there: it stands already, has a place of its own, belongs to
    /// the answer, or is BA, which no till sends.
    #[error("field {0} may not be added to this request")]
    NotAllowed(Tag),
}
