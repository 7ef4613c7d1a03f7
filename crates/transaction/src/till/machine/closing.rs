//! How a connection ends: the choice between closing and aborting.

use caisse_payment::Proof;

use super::{Action, State, TillMachine};

impl TillMachine<'_> {
    /// How the connection is to end. In order after a whole answer to a message that left whole; in every other case
    /// something may still wait in this machine, and has to be thrown away.
    pub(super) fn closing(&self) -> Action<'static> {
        let State::Done { verdict, .. } = self.state else { return Action::Abort };
        let has_ended = !verdict.outcome.is_unknown() || self.channel.has_ended(self.reader.is_cut());
        let is_whole = has_ended && self.channel.is_settled();
        if verdict.proof == Proof::Answered && is_whole { Action::Close } else { Action::Abort }
    }
}
