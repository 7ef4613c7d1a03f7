//! The till's side of a transaction.

mod judge;
mod machine;
mod report;
mod step;

pub use machine::{Action, Closed, Config, MOST_STORAGE, TillMachine};
pub use report::Report;
pub use step::{Effect, Effects, Event, Input, State, Timer, step};
