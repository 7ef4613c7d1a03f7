//! How a connection ends: the choice between closing and aborting.

use caisse_link::Ending;
use caisse_payment::Proof;

use super::{Action, Line, Started, State, TillMachine};

impl TillMachine<'_> {
    /// How the connection is to end. In order after a whole answer to a message that left whole; in every other case
    /// something may still wait in this machine, and has to be thrown away.
    pub(super) fn closing(&self, started: &Started) -> Action<'static> {
        let State::Done { verdict, .. } = self.state else { return Action::Abort };
        let answered = verdict.proof == Proof::Answered;
        let is_whole = match &self.line {
            Line::Bare(assembly) => {
                let in_order = matches!(assembly.ending(), Some(Ending::Quiet | Ending::Closed));
                let ended = !verdict.outcome.is_unknown() || (in_order && !self.reader.is_cut());
                ended && started.accepted == started.message.len()
            }
            Line::Session(line) => !line.is_busy(),
        };
        if answered && is_whole { Action::Close } else { Action::Abort }
    }
}
