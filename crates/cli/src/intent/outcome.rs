//! The end of a transaction of the payment app, told as `caisse pay` tells one.

use caisse_intent::Payment;
use serde_json::{Value, json};

use crate::output::Output;
use crate::report;

/// Where the outcome stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// Nowhere: this command had no journal.
    Nowhere,
    /// In the journal, if it could be written.
    Journal,
}

/// Tells it, and says with which exit code.
pub(super) fn tell(payment: &Payment, kept: Kept, output: &Output) -> u8 {
    let told = caisse::Payment {
        id: payment.id,
        operation: payment.operation,
        outcome: payment.outcome,
        proof: payment.proof,
        amount: payment.amount,
        tip: payment.tip,
        reported_amount: None,
        card: payment.card(),
        last_four: payment.last_four,
        authorisation: payment.authorisation,
        receipts: payment.receipts().to_vec(),
        replayed: payment.replayed,
        journaled: payment.journaled,
        disputed: payment.disputed,
        decision: payment.decision.clone(),
        decided_at: payment.decided_at,
        cut: false,
        skipped_fields: 0,
        late_answers: 0,
    };
    let mut line = report::json(&told, false);
    line["app"] = app(payment);
    output.json(&line);
    // Without a journal there is nothing to warn of.
    let shown = caisse::Payment { journaled: told.journaled || kept == Kept::Nowhere, ..told };
    report::text(&shown, false, output);
    report::exit_code(payment.outcome)
}

/// What the app said, without anything personal.
fn app(payment: &Payment) -> Value {
    let Some(answer) = &payment.answer else { return Value::Null };
    json!({
        "status": answer.status().map(|it| it.number()),
        "code": answer.code().map(|it| it.number()),
        "code_name": answer.code().map(|it| it.constant()),
        "transaction_type": answer.transaction_type(),
        "operation": answer.operation().map(caisse::Operation::name),
        "id": answer.reveal_id(),
        "date": answer.date().map(|date| date.raw()),
        "at": answer.date().and_then(|date| date.wall_time()).map(|at| at.to_string()),
        "degraded": answer.is_degraded(),
        "tickets": answer.receipts().len(),
        "unreadable_tickets": answer.unreadable_tickets(),
        "unknown_fields": answer.unknown().len(),
    })
}
