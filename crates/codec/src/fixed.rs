//! The older generation of the protocol, E and E+ ("Concert V2"): bodies of fixed length, every field at its offset.
//!
//! | Body | Length | From |
//! |---|---|---|
//! | E request | 26 | POS(2) MNT(8) IND MODE TYPE DEV(3) PRIV(10) |
//! | E request with the receipt option of Nepting | 30 | the same and `T012` |
//! | E+ request | 34 | the same as E, then `A01x` (when to answer) and `B01x` (authorisation) |
//! | answer | 25 | POS(2) STAT MNT(8) MODE DEV(3) PRIV(10) |
//! | answer with the report of the application | 80 | the same with REP(55) between MODE and DEV |
//! | answer with a receipt, Nepting on Spire | 81 to 512 | the same and text in lines |
//!
//! The length of what came decides, not what was asked for: a terminal sends REP only if its application filled it.
//! Neither frames nor sessions are known here, see `caisse-link`.
//!
//! A terminal does not protect a till from a shifted field: one of them took a body of 17 characters that meant 3.00
//! for a payment of 10 000.00. So the typed [`Request`] writes nothing but whole fields at their offsets, and each
//! body is held to the table of its layout before it leaves.
//!
//! Sources and their contradictions: `docs/protocol.en.md`. Lengths and offsets agree in all implementations that were
//! read; PayXpert's table of the answer, which lists other fields, is contradicted by a recorded frame and by all code.

mod answer;
mod body;
mod explain;
mod layout;
mod recognise;
mod report;
mod request;
mod values;

pub use answer::{Answer, LONGEST_ANSWER, LONGEST_RECEIPT};
pub use body::{Body, Fault, Field, Fields, Tolerance};
pub use explain::Explanation;
pub use layout::{Expected, FieldName, Layout};
pub use recognise::{Kind, Reason, recognise};
pub use report::{ReceiptText, Report};
pub use request::{EncodeError, Form, LARGEST_AMOUNT, LONGEST_REQUEST, Received, ReceivedForm, Request};
pub use values::{
    AnswerFlag, Authorisation, Delay, Mode, Private, PrivateError, RegisterCode, Stat, TransactionType,
};
