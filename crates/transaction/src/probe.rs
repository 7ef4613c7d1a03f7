//! What may be asked of a terminal without moving money: whether it is there, who it is, a copy of its last ticket.
//!
//! * [`Question`] is everything that can be asked. No value of it names an amount, and there is no way from a request for
//!   money to one.
//! * [`ProbeMachine`] asks one question, under the contract of the till's machine: without socket, clock, thread or file.
//! * [`Voice`] says what was heard when it was not an answer.
//!
//! An E or E+ terminal reads an amount out of a body of any length, so such a terminal is never sent one: its line sees
//! ENQ and EOT. The same holds on a serial line whose dialect nobody has named.

mod config;
mod finding;
mod machine;
mod message;
mod store;
mod voice;

pub use config::{ProbeConfig, QuestionError};
pub use finding::{Finding, ProbeAction, ProbeReport};
pub use machine::ProbeMachine;
pub use message::Question;
pub use voice::Voice;
