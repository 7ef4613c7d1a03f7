//! One transaction of a script: its answer and its faults.

use std::fmt;
use std::str::FromStr;

use super::{Answer, AnswerError};
use crate::fault::{Fault, FaultError};

/// What happens in one transaction: `ANSWER[+FAULT]...`.
///
/// ```
/// use caisse_simulator::script::{Answer, Turn};
///
/// let turn: Turn = "approve+drop@step=decided".parse()?;
/// assert_eq!(turn.answer, Answer::Approve);
/// assert_eq!(turn.faults.len(), 1);
/// # Ok::<(), caisse_simulator::script::ScriptError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// How it ends.
    pub answer: Answer,
    /// What goes wrong on the line.
    pub faults: Vec<Fault>,
}

/// The text is not a script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// What should be an answer is not one.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// What should be a fault is not one.
    #[error(transparent)]
    Fault(#[from] FaultError),
}

impl From<Answer> for Turn {
    fn from(answer: Answer) -> Self {
        Self { answer, faults: Vec::new() }
    }
}

impl FromStr for Turn {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        let mut parts = text.split('+');
        let answer = parts.next().unwrap_or_default().parse()?;
        let faults = parts.map(str::parse).collect::<Result<_, FaultError>>()?;
        Ok(Self { answer, faults })
    }
}

impl fmt::Display for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.answer)?;
        self.faults.iter().try_for_each(|fault| write!(f, "+{fault}"))
    }
}
