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

mod channel;
mod deciding;
mod dialect;
mod fixed_deciding;
mod look;
pub mod probe;
pub mod recovery;
mod request;
mod results;
mod store;
pub mod terminal;
pub mod till;
mod unstored;

pub use caisse_link::{ConnectError, DrainError, Instant, ReceiveError, Received, SendError};
pub use dialect::{Dialect, Duplicata, OptionalFields, RefusedMessage, Trailer, UnknownDialect};
pub use request::{Request, RequestError};
pub use results::WriteError;
pub use till::{Action, Config, Event, LinkKind, Report, TillMachine};
