//! What can be seen of a terminal.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Context;
use super::answers::{Failure, Said};
use crate::fault::CATALOGUE;
use crate::ledger::Charge;
use crate::script::MAGIC;
use crate::terminal::Movement;

pub(crate) async fn state(State(context): State<Arc<Context>>) -> Said {
    Said(describe(&context))
}

/// Everything about the terminal that is not a list of its own.
pub(crate) fn describe(context: &Context) -> Value {
    let address = context.shared.address().to_string();
    context.shared.at_terminal(|terminal, now| {
        let ledger = terminal.ledger();
        json!({
            "virtual": true,
            "state": terminal.state(),
            "address": address,
            "dialect": terminal.persona().name,
            "answer": terminal.script().to_string(),
            "next": terminal.next_turns().map(ToString::to_string).collect::<Vec<_>>(),
            "faults": terminal.faults().iter().map(ToString::to_string).collect::<Vec<_>>(),
            "charges": ledger.len(),
            "movements": ledger.movements().len(),
            "totals": terminal.totals(),
            "events": terminal.event_count(),
            "now": now.millis(),
            "replay": terminal.replay(),
        })
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LedgerQuery {
    reference: Option<String>,
}

fn movement(charge: &Charge) -> Value {
    let at = charge.at.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis());
    let mut value = json!(Movement::from(charge));
    if let Some(object) = value.as_object_mut() {
        object.insert("at".to_owned(), json!(u64::try_from(at).unwrap_or(u64::MAX)));
    }
    value
}

pub(crate) async fn ledger(
    State(context): State<Arc<Context>>,
    query: Result<Query<LedgerQuery>, QueryRejection>,
) -> Result<Said, Failure> {
    let Query(query) = query.map_err(|error| Failure::new(400, "query", error.body_text()))?;
    let ledger = context.shared.at_terminal(|terminal, _| terminal.ledger().clone());
    let movements = match &query.reference {
        Some(reference) => ledger.labelled(reference),
        None => ledger.movements(),
    };
    let charges = movements.iter().filter(|charge| charge.kind.is_charge()).count();
    Ok(Said(json!({ "charges": charges, "movements": movements.iter().map(movement).collect::<Vec<_>>() })))
}

pub(crate) async fn catalogue() -> Said {
    Said(CATALOGUE.iter().map(crate::fault::Description::to_json).collect())
}

pub(crate) async fn magic() -> Said {
    let lines = MAGIC.iter();
    Said(lines.map(|it| json!({ "digits": it.digits, "turn": it.turn, "text": it.text })).collect())
}
