//! The till's side of a transaction.

mod config;
mod contradiction;
mod envelope;
mod fixed_reader;
mod hearing;
mod judge;
mod late_answer;
mod late_result;
mod machine;
mod overheard;
mod reader;
mod report;
mod result;
mod step;
mod watch;

pub use config::{Config, LinkKind};
pub use contradiction::Contradiction;
pub use late_answer::LateAnswer;
pub use late_result::{LateAction, LateResult};
pub use machine::{Action, MOST_STORAGE, TillMachine};
pub use report::Report;
pub use result::read_result;
pub use step::{Dispute, Effect, Effects, Event, Input, State, Timer, step};
