//! May a transaction begin, as far as the journal knows?

use crate::entry::Content;
use crate::{Blocked, Outcome, Verdict};

/// What the journal knows of a transaction id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// What was asked for under the id.
    pub content: Content,
    /// How it ended, an operator's decision included; unknown while it has no end.
    pub verdict: Verdict,
}

/// What may happen now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The transaction may begin.
    Proceed,
    /// It took place before: this is what the journal holds.
    Replay(Verdict),
    /// It may not begin.
    Blocked(Blocked),
}

/// Decides from the journal alone, while the terminal's lock is held: `recorded` is what stands under the id that is
/// asked for, `unresolved` whether any transaction of this terminal has no known end.
///
/// The same id with the same content is answered from the record, except when nothing was ever sent: only that may be
/// attempted again. Whatever is new has to wait while an earlier transaction is in doubt, since the next payment would
/// destroy the evidence of the last.
#[must_use]
pub fn admit(asked: &Content, recorded: Option<&Recorded>, unresolved: bool) -> Admission {
    if let Some(recorded) = recorded {
        if recorded.content != *asked {
            return Admission::Blocked(Blocked::IdConflict);
        }
        if !matches!(recorded.verdict.outcome, Outcome::NotSent { .. }) {
            return Admission::Replay(recorded.verdict);
        }
    }
    if unresolved { Admission::Blocked(Blocked::Unresolved) } else { Admission::Proceed }
}
