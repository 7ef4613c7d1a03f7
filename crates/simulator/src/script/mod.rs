//! What the terminal is told to do: answers, and the faults that come with them.

mod answer;
mod catalogue;
mod magic;
mod scenario;
mod turn;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

pub use answer::{Answer, AnswerError};
pub use catalogue::{ANSWERS, AnswerDescription};
pub use magic::{MAGIC, Magic};
pub use scenario::{Scenario, ScenarioError};
pub use turn::{ScriptError, Turn};

use catalogue::Read;

use crate::random::Random;
use crate::terminal::Asked;

type Function = dyn Fn(&Asked) -> Turn + Send + Sync;

/// What the terminal answers, transaction by transaction.
///
/// ```
/// use caisse_simulator::script::{Answer, Script, Turn};
///
/// let always: Script = "decline:04".parse()?;
/// let in_order: Script = "approve,decline:04,timeout".parse()?; // the last one stays
/// let with_faults: Script = "approve+drop@step=decided,approve".parse()?;
/// let by_amount: Script = "by-amount".parse()?; // see MAGIC
/// let by_chance: Script = "random".parse()?; // as the seed has it
/// let by_code = Script::from_fn(|asked| match asked.amount {
///     Some(amount) if amount.minor() > 5_000 => Turn::from(Answer::decline("02")),
///     _ => Turn::from(Answer::Approve),
/// });
/// assert!("decline:4".parse::<Script>().is_err());
/// # Ok::<(), caisse_simulator::script::ScriptError>(())
/// ```
#[derive(Clone)]
pub struct Script(Source);

#[derive(Clone)]
enum Source {
    /// At least one; the last one stays.
    Sequence(Arc<[Turn]>),
    ByAmount,
    Random,
    Function(Arc<Function>),
}

impl Script {
    /// One answer for every transaction.
    #[must_use]
    pub fn always(answer: Answer) -> Self {
        Self::sequence([Turn::from(answer)])
    }

    /// One turn after the other; the last one stays. Without any, the terminal approves.
    pub fn sequence(turns: impl IntoIterator<Item = Turn>) -> Self {
        let turns: Arc<[Turn]> = turns.into_iter().collect();
        if turns.is_empty() { Self::default() } else { Self(Source::Sequence(turns)) }
    }

    /// The answers of [`MAGIC`], by the last two digits of the amount.
    #[must_use]
    pub const fn by_amount() -> Self {
        Self(Source::ByAmount)
    }

    /// Answers by chance, as the terminal's seed has it.
    #[must_use]
    pub const fn random() -> Self {
        Self(Source::Random)
    }

    /// What the function says of each request. Faults at places before the request is whole come too late: it has to be
    /// there first.
    pub fn from_fn(function: impl Fn(&Asked) -> Turn + Send + Sync + 'static) -> Self {
        Self(Source::Function(Arc::new(function)))
    }

    /// The turn of the n-th transaction, counted from 0, before its request is known; nothing when the request decides.
    pub(crate) fn ahead(&self, index: usize) -> Option<Turn> {
        match &self.0 {
            Source::Sequence(turns) => turns.get(index).or_else(|| turns.last()).cloned(),
            _ => None,
        }
    }

    /// The turn of the n-th transaction, counted from 0.
    pub(crate) fn turn(&self, index: usize, asked: &Asked, random: &mut Random) -> Turn {
        match &self.0 {
            Source::Sequence(_) => self.ahead(index).unwrap_or_default(),
            Source::ByAmount => asked.amount.map(magic::turn).unwrap_or_default(),
            Source::Random => Turn::from(Answer::by_chance(asked, random)),
            Source::Function(function) => function(asked),
        }
    }
}

impl Default for Script {
    /// Approves everything.
    fn default() -> Self {
        Self::always(Answer::Approve)
    }
}

impl FromStr for Script {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        match ANSWERS.iter().find(|line| line.name == text).map(|line| &line.read) {
            Some(Read::Alone(script)) => Ok(script()),
            _ => Ok(Self::sequence(text.split(',').map(str::parse).collect::<Result<Vec<Turn>, _>>()?)),
        }
    }
}

impl fmt::Display for Script {
    /// As it is read; a function is shown as `code`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Sequence(turns) => {
                for (index, turn) in turns.iter().enumerate() {
                    write!(f, "{}{turn}", if index == 0 { "" } else { "," })?;
                }
                Ok(())
            }
            Source::ByAmount => f.write_str("by-amount"),
            Source::Random => f.write_str("random"),
            Source::Function(_) => f.write_str("code"),
        }
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Script({self})")
    }
}
