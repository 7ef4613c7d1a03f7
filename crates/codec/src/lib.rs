#![doc = include_str!("../README.md")]
#![no_std]
#![deny(
    clippy::alloc_instead_of_core,
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

#[cfg(feature = "alloc")]
extern crate alloc;
// The derive of `Arbitrary` needs it.
#[cfg(feature = "arbitrary")]
extern crate std;

mod answer;
mod base64;
pub mod check;
pub mod dictionary;
mod encoder;
pub mod explain;
mod field;
pub mod fixed;
#[cfg(feature = "bytes")]
mod growing;
mod message;
mod request;
#[cfg(feature = "serde")]
mod revealed;
mod scanner;
mod tag;
mod ticket;
pub mod value;
pub mod wire;

pub use answer::{Answer, AnswerComplement, CardFields, ChequeFields, LONGEST_ANSWER, TerminalAnswer};
pub use encoder::{EncodeError, Encoder};
pub use field::{Expected, Field, Fields, HEADER, LONGEST_VALUE, Malformed, NeedMore, Scan};
pub use message::{DecodeError, Message, Remainder};
pub use request::{
    DebitRequest, DuplicataRequest, Extra, FaultKind, IdentificationRequest, LARGEST_AMOUNT,
    LONGEST_MONEY_REQUEST, LONGEST_PRINT_REQUEST, LONGEST_REQUEST, MoneyOperation, MoneyRequest, Options,
    PrintRequest, Received, ReceivedDuplicata, ReceivedHeader, ReceivedMoney, ReceivedPrint, ReceivedRequest,
    RequestError, RequestFault, RequestHeader, TransactionStatusRequest,
};
#[cfg(feature = "serde")]
pub use revealed::Revealed;
pub use scanner::{FieldScanner, Piece};
pub use tag::Tag;
pub use ticket::{LONGEST_TEXT, Ticket, TicketError, Tickets, encode_ticket, encode_tickets};
pub use value::{
    Action, Application, Complement, Copies, Identifier, LongComplement, ReadingMode, Status, TicketRequest,
    Version,
};
