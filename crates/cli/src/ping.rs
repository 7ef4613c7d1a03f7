//! `caisse ping`: whether a terminal is there.

use caisse::Text;
use caisse::probe::{Finding, Reply, Voice};
use serde_json::{Value, json};

use crate::output::Output;
use crate::probing::{ProbeArguments, tell_earlier};
use crate::stop;
use crate::usage::Wrong;

const ALIVE: u8 = 0;
const NOT_ALIVE: u8 = 1;

/// Nobody has to type anything.
const TIMEOUT: u64 = 10;

pub(crate) fn run(arguments: &ProbeArguments, output: &Output) -> Result<u8, Wrong> {
    let mut asked = arguments.understand(TIMEOUT, output)?;
    let address = asked.probe.address().to_string();
    let mut journal = asked.open(output)?;
    let Some(lock) = asked.lock(&journal)? else {
        let text = Text {
            fr: "un paiement est en cours sur ce terminal : il n'a pas été dérangé",
            en: "a payment is running on this terminal: it was not disturbed",
        };
        output.json(&json!({
            "event": "ping", "terminal": address, "alive": false, "connected": false, "known_by": Value::Null,
            "reason": reason("in_use", text),
        }));
        output.text(format_args!("{address}: not asked: {}", text.en));
        output.text(format_args!("{address} : non interrogé : {}", text.fr));
        return Ok(NOT_ALIVE);
    };
    stop::end_on_signal(asked.probe.cancel_handle(), NOT_ALIVE)?;
    let question = asked.probe.greeting(&journal);
    let reply =
        asked.probe.ask(&mut journal, &lock, question).map_err(|error| Wrong::usage("question", error))?;
    let earlier = tell_earlier(&reply, output);
    let alive = reply.is_alive();
    let (code, text) = words(reply.finding);
    output.json(&json!({
        "event": "ping",
        "terminal": address,
        "alive": alive,
        "connected": !matches!(reply.finding, Finding::NotOpened(_)),
        "known_by": known_by(&reply),
        "dialect": asked.dialect(),
        "version": reply.version.map(|version| version.to_string()),
        "identifier": reply.identifier.map(|identifier| identifier.to_string()),
        "serial_number": reply.serial_number,
        "contract": reply.contract,
        "earlier": earlier,
        "reason": reason(code, text),
    }));
    show(alive, &address, text, &reply, output);
    Ok(if alive { ALIVE } else { NOT_ALIVE })
}

fn reason(code: &str, text: Text) -> Value {
    json!({ "code": code, "fr": text.fr, "en": text.en })
}

fn show(alive: bool, address: &str, text: Text, reply: &Reply, output: &Output) {
    let (en, fr) = if alive { ("alive", "présent") } else { ("NOT alive", "ABSENT") };
    output.text(format_args!("{address}: {en}: {}", text.en));
    output.text(format_args!("{address} : {fr} : {}", text.fr));
    if let Some(version) = reply.version {
        output.text(format_args!("  CZ {version}"));
    }
    if let Some(number) = reply.serial_number.as_deref() {
        output.text(format_args!("  serial number / numéro de série {number}"));
    }
}

/// What the certainty rests on.
const fn known_by(reply: &Reply) -> Option<&'static str> {
    match reply.finding {
        Finding::Answered(_) if reply.is_alive() => Some("identification"),
        Finding::Granted | Finding::LineRefused | Finding::MessageRefused => Some("enquiry"),
        Finding::Calling => Some("call"),
        _ => None,
    }
}

/// What was found, as a code and in words.
pub(crate) fn words(finding: Finding) -> (&'static str, Text) {
    let text = |code, fr, en| (code, Text { fr, en });
    match finding {
        Finding::NotOpened(reason) => (reason.code(), reason.text()),
        Finding::Answered(_) => {
            text("identified", "il a répondu à l'identification", "it answered the identification")
        }
        Finding::Granted => {
            text("granted", "il accepte la session (ENQ, ACK)", "it grants a session (ENQ, ACK)")
        }
        Finding::LineRefused => {
            text("busy", "il refuse la session (NAK) : occupé", "it refuses the session (NAK): busy")
        }
        Finding::Calling => text(
            "result_waiting",
            "il demande la ligne : il a un résultat à donner",
            "it asks for the line: it has a result to tell",
        ),
        Finding::EnquiryUnanswered => text(
            "no_answer_to_enquiry",
            "rien ne répond à ENQ : éteint, en veille, occupé, ou autre vitesse",
            "nothing answers ENQ: off, asleep, busy, or at another speed",
        ),
        Finding::MessageRefused => text(
            "message_refused",
            "il accepte la session et refuse le message : un autre dialecte ?",
            "it grants the session and refuses the message: another dialect?",
        ),
        Finding::MessageUnacknowledged => text(
            "message_unacknowledged",
            "il accepte la session et n'accuse pas le message : un autre dialecte ?",
            "it grants the session and does not acknowledge the message: another dialect?",
        ),
        Finding::OtherAnswer => {
            text("other_answer", "il a répondu à une autre demande", "it answered something else")
        }
        Finding::AnswerCut => text("answer_cut", "sa réponse est coupée", "its answer was cut"),
        Finding::Strange(Voice::Session | Voice::Fixed) => text(
            "framed",
            "il parle en trames (V2) : --dialect concert-e-plus ?",
            "it speaks in frames (V2): --dialect concert-e-plus?",
        ),
        Finding::Strange(_) => text(
            "not_a_terminal",
            "ce qui répond n'est pas un terminal 3.x : essayez `caisse doctor`",
            "what answers is no terminal of 3.x: try `caisse doctor`",
        ),
        Finding::Silence | Finding::Connected => text(
            "no_answer",
            "la connexion s'ouvre, mais rien ne répond",
            "the connection opens, and nothing answers",
        ),
        Finding::Closed => text(
            "closed_without_answer",
            "la liaison a été coupée sans réponse",
            "the line was cut without an answer",
        ),
        Finding::SendFailed => text("send_failed", "rien n'a pu partir", "nothing could be sent"),
        Finding::GivenUp => text(
            "stopped",
            "la demande a été interrompue avant la réponse",
            "the question was stopped before an answer came",
        ),
    }
}
