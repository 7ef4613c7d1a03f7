//! What can be done to a terminal.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use caisse_hal::Instant;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Context;
use super::answers::{Failure, Said};
use super::reading::describe;
use crate::fault::{Fault, FaultError};
use crate::script::{Scenario, Script, ScriptError, Turn};
use crate::terminal::{NotNow, Terminal};
use crate::virtual_terminal::nudge;

type Done = Result<Said, Failure>;

impl Context {
    fn at_terminal<T, E: Into<Failure>>(
        &self,
        action: impl FnOnce(&mut Terminal, Instant) -> Result<T, E>,
    ) -> Done {
        self.shared.at_terminal(action).map_err(Into::into)?;
        if !self.shared.is_reachable() {
            nudge(self.listener);
        }
        Ok(Said(describe(self)))
    }

    fn always(&self, action: impl FnOnce(&mut Terminal, Instant)) -> Done {
        self.at_terminal(|terminal, now| {
            action(terminal, now);
            Ok::<(), NotNow>(())
        })
    }
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Failure> {
    serde_json::from_slice(body)
        .map_err(|error| Failure::body(format_args!("not the JSON that is expected: {error}")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerBody {
    answer: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TurnsBody {
    turns: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultsBody {
    faults: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TimesBody {
    latency: Option<u32>,
    authorisation: Option<u32>,
    printing: Option<u32>,
    manual_card: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RebootBody {
    milliseconds: u32,
}

pub(crate) async fn answer(State(context): State<Arc<Context>>, body: Bytes) -> Done {
    let AnswerBody { answer } = read(&body)?;
    let script: Script = answer.parse().map_err(|error: ScriptError| Failure::body(error))?;
    context.always(|terminal, _| terminal.set_script(script))
}

pub(crate) async fn push(State(context): State<Arc<Context>>, body: Bytes) -> Done {
    let TurnsBody { turns } = read(&body)?;
    let turns: Result<Vec<Turn>, ScriptError> = turns.iter().map(|turn| turn.parse()).collect();
    let turns = turns.map_err(Failure::body)?;
    context.at_terminal(|terminal, _| turns.into_iter().try_for_each(|turn| terminal.push_turn(turn)))
}

pub(crate) async fn clear_next(State(context): State<Arc<Context>>) -> Done {
    context.always(|terminal, _| terminal.clear_turns())
}

pub(crate) async fn faults(State(context): State<Arc<Context>>, body: Bytes) -> Done {
    let FaultsBody { faults } = read(&body)?;
    let faults: Result<Vec<Fault>, FaultError> = faults.iter().map(|fault| fault.parse()).collect();
    let faults = faults.map_err(Failure::body)?;
    context.always(|terminal, _| terminal.set_faults(faults))
}

pub(crate) async fn clear_faults(State(context): State<Arc<Context>>) -> Done {
    context.always(|terminal, _| terminal.set_faults(Vec::new()))
}

pub(crate) async fn times(State(context): State<Arc<Context>>, body: Bytes) -> Done {
    let TimesBody { latency, authorisation, printing, manual_card } = read(&body)?;
    let millis = |time: Option<u32>| time.map(|millis| Duration::from_millis(u64::from(millis)));
    context.always(|terminal, _| {
        terminal.set_times(millis(latency), millis(authorisation), millis(printing));
        if let Some(manual) = manual_card {
            terminal.set_manual_card(manual);
        }
    })
}

pub(crate) async fn scenario(State(context): State<Arc<Context>>, body: Bytes) -> Done {
    let text = std::str::from_utf8(&body).map_err(|_| Failure::body("a scenario is text in UTF-8"))?;
    let scenario: Scenario = text.parse().map_err(Failure::body)?;
    context.at_terminal(|terminal, _| terminal.play(scenario))
}

pub(crate) async fn card(State(context): State<Arc<Context>>) -> Done {
    context.at_terminal(Terminal::present_card)
}

pub(crate) async fn red_button(State(context): State<Arc<Context>>) -> Done {
    context.at_terminal(Terminal::press_red_button)
}

pub(crate) async fn sleep(State(context): State<Arc<Context>>) -> Done {
    context.at_terminal(Terminal::sleep)
}

pub(crate) async fn busy(State(context): State<Arc<Context>>) -> Done {
    context.at_terminal(Terminal::make_busy)
}

pub(crate) async fn background(State(context): State<Arc<Context>>) -> Done {
    context.at_terminal(Terminal::go_to_background)
}

pub(crate) async fn wake(State(context): State<Arc<Context>>) -> Done {
    context.at_terminal(Terminal::wake)
}

pub(crate) async fn reboot(State(context): State<Arc<Context>>, body: Bytes) -> Done {
    let milliseconds = if body.is_empty() { 2_000 } else { read::<RebootBody>(&body)?.milliseconds };
    context.always(|terminal, now| terminal.reboot(now, Duration::from_millis(u64::from(milliseconds))))
}

pub(crate) async fn telecollection(State(context): State<Arc<Context>>) -> Done {
    context.always(Terminal::telecollect)
}

pub(crate) async fn reset(State(context): State<Arc<Context>>) -> Done {
    context.always(Terminal::reset)
}
