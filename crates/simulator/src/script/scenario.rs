//! A whole terminal with its script, as a TOML file.

use std::time::Duration;

use serde::Deserialize;

use super::{Script, ScriptError, Turn};
use crate::fault::{Fault, FaultError};
use crate::persona::{Persona, UnknownDialect};

/// A scenario as it stands in a file.
///
/// ```
/// use caisse_simulator::script::Scenario;
///
/// let scenario: Scenario = r#"
///     dialect = "nepting"
///     seed = 7
///     latency = 200                # milliseconds that the card holder takes
///     faults = ["split@byte=20"]   # in every transaction
///
///     [[turn]]
///     answer = "approve"
///     faults = ["drop@step=decided"]
///
///     [[turn]]                     # the last one stays
///     answer = "decline:04"
/// "#.parse()?;
/// assert_eq!(scenario.script.to_string(), "approve+drop@step=decided:close,decline:04");
/// # Ok::<(), caisse_simulator::script::ScenarioError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    /// Which terminal is played; the default one unless said.
    pub persona: Option<Persona>,
    /// Where chance begins.
    pub seed: Option<u64>,
    /// How long the card holder takes.
    pub latency: Option<Duration>,
    /// How long the bank takes.
    pub authorisation: Option<Duration>,
    /// How long the ticket takes to print.
    pub printing: Option<Duration>,
    /// The faults of every transaction.
    pub faults: Vec<Fault>,
    /// The turns.
    pub script: Script,
}

/// The text is not a scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// It is not TOML, or not of the form of a scenario.
    #[error("not a scenario: {0}")]
    Form(String),
    /// A dialect that nobody knows.
    #[error(transparent)]
    Dialect(#[from] UnknownDialect),
    /// An answer that is not one.
    #[error("turn {0}: {1}")]
    Turn(usize, ScriptError),
    /// A fault that is not one.
    #[error("{0}")]
    Fault(#[from] FaultError),
    /// Turns and a script of another kind.
    #[error("a scenario has turns or an answer, not both")]
    Both,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    dialect: Option<String>,
    seed: Option<u64>,
    latency: Option<u32>,
    authorisation: Option<u32>,
    printing: Option<u32>,
    answer: Option<String>,
    #[serde(default)]
    faults: Vec<String>,
    #[serde(default)]
    turn: Vec<FileTurn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileTurn {
    answer: String,
    #[serde(default)]
    faults: Vec<String>,
}

fn faults(texts: &[String]) -> Result<Vec<Fault>, FaultError> {
    texts.iter().map(|text| text.parse()).collect()
}

impl std::str::FromStr for Scenario {
    type Err = ScenarioError;

    fn from_str(text: &str) -> Result<Self, ScenarioError> {
        let file: File = toml::from_str(text).map_err(|error| ScenarioError::Form(error.to_string()))?;
        let mut turns = Vec::new();
        for (index, turn) in file.turn.iter().enumerate() {
            let number = index.saturating_add(1);
            let mut read: Turn = turn.answer.parse().map_err(|error| ScenarioError::Turn(number, error))?;
            read.faults
                .extend(faults(&turn.faults).map_err(|error| ScenarioError::Turn(number, error.into()))?);
            turns.push(read);
        }
        let script = match &file.answer {
            Some(_) if !turns.is_empty() => return Err(ScenarioError::Both),
            Some(answer) => answer.parse().map_err(|error| ScenarioError::Turn(1, error))?,
            None => Script::sequence(turns),
        };
        let millis = |time: Option<u32>| time.map(|millis| Duration::from_millis(u64::from(millis)));
        Ok(Self {
            persona: file.dialect.as_deref().map(str::parse).transpose()?,
            seed: file.seed,
            latency: millis(file.latency),
            authorisation: millis(file.authorisation),
            printing: millis(file.printing),
            faults: faults(&file.faults)?,
            script,
        })
    }
}
