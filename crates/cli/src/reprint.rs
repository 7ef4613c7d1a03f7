//! `caisse reprint`: the ticket of the last transaction once more.

use caisse::probe::{AskError, Finding, Question, QuestionError, Reply};
use caisse::receipt::Copy;
use caisse::{Receipt, Refusal, Text};
use caisse_codec::Status;
use serde_json::{Value, json};

use crate::output::Output;
use crate::ping;
use crate::probing::{BLOCKED, ReprintArguments, tell_earlier};
use crate::report::harmless;
use crate::stop;
use crate::usage::Wrong;

const PRINTED: u8 = 0;
const REFUSED: u8 = 1;
const NO_ANSWER: u8 = 3;

/// A printer takes a while.
const TIMEOUT: u64 = 60;

pub(crate) fn run(arguments: &ReprintArguments, output: &Output) -> Result<u8, Wrong> {
    let mut asked = arguments.probe.understand(TIMEOUT, output)?;
    let address = asked.probe.address().to_string();
    let question = Question::Duplicata { ticket: arguments.ticket };
    // Before anything is opened.
    asked.probe.check(question).map_err(|error| unsuitable(error, asked.dialect()))?;
    let mut journal = asked.open(output)?;
    let Some(lock) = asked.lock(&journal)? else {
        let text = Text {
            fr: "un paiement est en cours sur ce terminal : rien n'a été demandé",
            en: "a payment is running on this terminal: nothing was asked",
        };
        tell("blocked", "in_use", text, &address, &[], Value::Null, output);
        return Ok(BLOCKED);
    };
    stop::end_on_signal(asked.probe.cancel_handle(), NO_ANSWER)?;
    let reply = asked.probe.ask(&mut journal, &lock, question).map_err(|error| match error {
        AskError::Question(error) => unsuitable(error, asked.dialect()),
        AskError::WrongLock => Wrong::failure(70, "lock", error),
    })?;
    let earlier = tell_earlier(&reply, output);
    let (outcome, code, exit) = outcome(&reply);
    let (reason, text) = reason(&reply, arguments.ticket);
    tell(outcome, code.unwrap_or(reason), text, &address, &reply.receipts, earlier, output);
    Ok(exit)
}

fn unsuitable(error: QuestionError, dialect: Option<&str>) -> Wrong {
    let name = dialect.map(|name| format!("{name}: ")).unwrap_or_default();
    Wrong::usage("dialect", format_args!("{name}{error}"))
}

/// The outcome, the code of the terminal's refusal if it gave one, and the exit code.
fn outcome(reply: &Reply) -> (&'static str, Option<&'static str>, u8) {
    match reply.finding {
        Finding::Answered(Status::Performed) => ("printed", None, PRINTED),
        Finding::Answered(Status::NotPerformed) => ("refused", reply.refusal.map(Refusal::code), REFUSED),
        Finding::LineRefused | Finding::MessageRefused => ("refused", None, REFUSED),
        _ => ("no_answer", None, NO_ANSWER),
    }
}

fn reason(reply: &Reply, ticket: bool) -> (&'static str, Text) {
    let text = |code, fr, en| (code, Text { fr, en });
    match (reply.finding, reply.refusal) {
        (Finding::Answered(Status::Performed), _) if !ticket => {
            text("printed", "le terminal imprime le duplicata", "the terminal prints the duplicata")
        }
        (Finding::Answered(Status::Performed), _) if reply.receipts.is_empty() => text(
            "no_ticket",
            "le terminal a répondu oui sans envoyer de ticket : regardez son papier",
            "the terminal said yes and sent no ticket: look at its paper",
        ),
        (Finding::Answered(Status::Performed), _) => {
            text("sent", "le terminal a envoyé le duplicata", "the terminal sent the duplicata")
        }
        (Finding::Answered(Status::NotPerformed), Some(Refusal::NotCompleted)) => text(
            "07",
            "la dernière transaction n'a pas abouti : pas de duplicata",
            "the last transaction was not completed: no duplicata",
        ),
        (Finding::Answered(Status::NotPerformed), Some(Refusal::UnknownOperation)) => {
            text("12", "ce terminal ne connaît pas le duplicata", "this terminal knows no duplicata")
        }
        (Finding::Answered(Status::NotPerformed), Some(Refusal::MessageFormat)) => {
            (Refusal::MessageFormat.code(), Refusal::MessageFormat.text())
        }
        (Finding::Answered(Status::NotPerformed), _) => text(
            "refused",
            "le terminal refuse : occupé, ou aucune transaction depuis la télécollecte",
            "the terminal refuses: busy, or no transaction since the last telecollection",
        ),
        (Finding::Answered(_), _) => text(
            "status_unknown",
            "le terminal a répondu sans dire s'il imprime",
            "the terminal answered and did not say whether it prints",
        ),
        _ => ping::words(reply.finding),
    }
}

fn tell(
    outcome: &str,
    code: &str,
    text: Text,
    address: &str,
    receipts: &[Receipt],
    earlier: Value,
    output: &Output,
) {
    let ticket = receipts.iter().find(|receipt| receipt.copy() != Copy::Merchant).or(receipts.first());
    output.json(&json!({
        "event": "reprint",
        "terminal": address,
        "outcome": outcome,
        "printed": outcome == "printed",
        "reason": { "code": code, "fr": text.fr, "en": text.en },
        "ticket": ticket.map_or(Value::Null, |ticket| ticket.text().into()),
        "earlier": earlier,
    }));
    output.text(format_args!("{address}: {outcome}: {}", text.en));
    output.text(format_args!("{address} : {}", text.fr));
    for receipt in receipts {
        output.text("");
        output.text("---------- ticket ----------");
        output.text(harmless(receipt.text().trim_end()));
        output.text("----------------------------");
    }
}
