//! How a payment is told at its end, to people and to programs.

use std::path::Path;

use caisse::receipt::Copy;
use caisse::{
    Amount, Decision, Outcome, Paid, Payment, Receipt, Record, Retry, Text, TransactionId, WallTime,
};
use caisse_simulator::VIRTUAL;
use serde_json::{Value, json};

use crate::args::LanguageArgument;
use crate::output::Output;

/// The exit code of `pay` for an outcome.
pub(crate) const fn exit_code(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Approved { .. } => 0,
        Outcome::Declined { .. } | Outcome::Cancelled { .. } => 1,
        Outcome::Unknown { .. } => 3,
        Outcome::NotSent { .. } => 4,
        Outcome::PartiallyApproved { .. } => 5,
        Outcome::Blocked { .. } => 6,
    }
}

/// The last line of `pay --json`.
pub(crate) fn json(payment: &Payment, is_virtual: bool) -> Value {
    let Payment { outcome, amount, operation, .. } = payment;
    let headline = outcome.headline(*operation);
    let decimal = |amount: Amount| amount.decimal().to_string();
    let approved = outcome.approved_amount();
    let due = outcome.amount_due();
    let reason = outcome.reason_code().zip(outcome.reason_text());
    let last_four = payment.last_four.map(|digits| String::from_utf8_lossy(&digits).into_owned());
    let masked = payment.card.as_ref().map(|card| card.masked().to_owned());
    let card = (masked.is_some() || last_four.is_some())
        .then(|| json!({ "masked": masked.clone(), "last_four": last_four.clone() }));
    let decision = payment.decision_by_person();
    json!({
        "event": "outcome",
        "id": payment.id.as_str(),
        "outcome": outcome.name(),
        "proof": payment.proof.name(),
        "safe_to_retry": payment.retry().is_safe(),
        "retry": payment.retry().name(),
        "amount": decimal(*amount),
        "amount_minor": amount.minor(),
        "approved_amount": approved.map(decimal),
        "approved_amount_minor": approved.map(Amount::minor),
        "amount_due": due.map(decimal),
        "amount_due_minor": due.map(Amount::minor),
        "tip": payment.tip.map(decimal),
        "tip_minor": payment.tip.map(Amount::minor),
        "reported_amount": payment.reported_amount.map(decimal),
        "reported_amount_minor": payment.reported_amount.map(Amount::minor),
        "currency": amount.currency().code(),
        "reason": reason.map(|(code, text)| json!({ "code": code, "fr": text.fr, "en": text.en })),
        "duty": outcome.duty().map(|duty| json!({ "code": duty.code(), "fr": duty.text().fr, "en": duty.text().en })),
        "text": { "fr": headline.fr, "en": headline.en },
        "operation": operation.name(),
        "authorisation": payment.authorisation.as_ref().map(|number| number.as_str().to_owned()),
        "card": card,
        "ticket": customer_ticket(payment).map(Receipt::text),
        "virtual": is_virtual,
        "replayed": payment.replayed,
        "journaled": payment.journaled,
        "disputed": payment.disputed,
        "decision": decision.map(decision_name),
        "decided_by": decision.map(|decision| decision.by().to_owned()),
        "decided_because": decision.map(|decision| decision.because().to_owned()),
        "decided_at": decision.and(payment.decided_at).map(|at| at.to_string()),
        "cut": payment.cut,
        "skipped_fields": payment.skipped_fields,
        "late_answers": payment.late_answers,
    })
}

/// The stable name of what a person decided.
pub(crate) const fn decision_name(decision: &Decision) -> &'static str {
    match decision.paid() {
        Paid::Paid(_) => "paid",
        Paid::NotPaid => "not_paid",
    }
}

/// What a person decided, who and when, in English and in French.
pub(crate) fn decision_lines(decision: &Decision, at: Option<WallTime>) -> [String; 2] {
    let (by, because) = (decision.by(), decision.because());
    let [en, fr] = match decision.paid() {
        Paid::Paid(amount) => [format!("paid {amount}"), format!("payé {}", french(amount))],
        Paid::NotPaid => ["not paid".to_owned(), "non payé".to_owned()],
    };
    let at = at.map(|at| at.to_string()).unwrap_or_default();
    [
        format!("{by} decided at {at}: {en} ({because}). This is a person's word, not the terminal's."),
        format!("{by} a décidé le {at} : {fr} ({because}). C'est la parole d'une personne, non du terminal."),
    ]
}

fn customer_ticket(payment: &Payment) -> Option<&Receipt> {
    let customers = payment.receipts.iter().find(|receipt| receipt.copy() == Copy::Customer);
    customers.or_else(|| payment.receipts.first())
}

/// What people read.
pub(crate) fn text(payment: &Payment, is_virtual: bool, output: &Output) {
    let Payment { id, outcome, amount, operation, .. } = payment;
    let headline = outcome.headline(*operation);
    let [en, fr] = told_amount(payment);
    output.text("");
    output.text(format_args!("{}: {en}", headline.en));
    output.text(format_args!("{} : {fr}", headline.fr));
    if let Some(reason) = outcome.reason_text() {
        let code = outcome.reason_code().unwrap_or_default();
        output.text(format_args!("  {} [{code}]", reason.en));
        output.text(format_args!("  {}", reason.fr));
    }
    if let Some(reported) = payment.reported_amount {
        output.text(format_args!("  the terminal reports {reported} for the {amount} asked for"));
        let (reported, amount) = (french(reported), french(*amount));
        output.text(format_args!("  le terminal annonce {reported} pour {amount} demandés"));
    }
    if let Some(card) = &payment.card {
        output.text(format_args!("  card            {}", card.masked()));
    } else if let Some(digits) = payment.last_four {
        output.text(format_args!("  card            ending in {}", String::from_utf8_lossy(&digits)));
    }
    if let Some(number) = &payment.authorisation {
        output.text(format_args!("  authorisation   {number}"));
    }
    output.text(format_args!("  id              {id}"));
    if payment.replayed {
        output
            .text("  this id was asked for before: the outcome comes from the journal, nothing was sent now");
        output.text(
            "  cet identifiant a déjà servi : le résultat vient du journal, rien n'est envoyé cette fois",
        );
    }
    if let Some(decision) = payment.decision_by_person() {
        for line in decision_lines(decision, payment.decided_at) {
            output.text(format_args!("  {line}"));
        }
    }
    if payment.disputed {
        output.text("  DISPUTED: the journal contains a contradiction, a person has to look");
        output.text("  CONTESTÉ : le journal se contredit, une personne doit vérifier");
    }
    if let Some(duty) = outcome.duty() {
        output.text(format_args!("  {}", duty.text().en));
        output.text(format_args!("  {}", duty.text().fr));
    }
    if outcome.approved_amount().is_none() {
        output.text(format_args!("  {}", retry(payment).en));
        output.text(format_args!("  {}", retry(payment).fr));
    }
    if payment.cut {
        output.text("  the answer broke off behind what decides: the ticket may be missing");
        output.text("  la réponse est coupée après l'essentiel : le ticket peut manquer");
    }
    if !payment.journaled && !matches!(outcome, Outcome::Blocked { .. } | Outcome::NotSent { .. }) {
        output.notice("warning: this outcome could NOT be written to the journal; note it down");
        output.notice("attention : ce résultat n'a PAS pu être inscrit au journal ; notez-le");
    }
    for receipt in &payment.receipts {
        output.text("");
        output.text("---------- ticket ----------");
        output.text(harmless(receipt.text().trim_end()));
        output.text("----------------------------");
    }
    if is_virtual {
        output.text("");
        output.text(VIRTUAL);
    }
}

/// What is known of the amount of an open transaction.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AmountKnown {
    /// The amount that was asked for.
    Asked,
    /// The amount of an approval that was not accepted because of its amount is what the customer has paid.
    Reported(Amount),
    /// It was lost with a damaged journal file.
    Lost,
    /// The entry is no transaction: it holds its terminal back.
    StandIn,
}

impl AmountKnown {
    pub(crate) fn of(record: &Record) -> Self {
        match record.reported_amount() {
            _ if record.is_stand_in() => Self::StandIn,
            None if record.transaction().amount.is_zero() => Self::Lost,
            reported => Self::reported(reported),
        }
    }

    pub(crate) fn reported(reported: Option<Amount>) -> Self {
        reported.map_or(Self::Asked, Self::Reported)
    }
}

/// The commands with which a person settles what is open, once they know.
pub(crate) fn how_to_settle(file: &Path, open: &[(TransactionId, AmountKnown)], output: &Output) {
    let file = shell_word(&file.display().to_string());
    for (id, known) in open {
        let paid = match known {
            AmountKnown::StandIn => {
                how_to_release(&file, id, output);
                continue;
            }
            AmountKnown::Asked => "--paid".to_owned(),
            AmountKnown::Reported(amount) => format!("--paid {}", amount.decimal()),
            AmountKnown::Lost => "--paid AMOUNT --confirmed more-than-asked".to_owned(),
        };
        output.text("  before --not-paid: recover, read the terminal's journal, restart it, recover again (--confirmed)");
        output.text("  avant --not-paid : recover, lire le journal du terminal, le redémarrer, recover encore (--confirmed)");
        output.text("  once you know, one of / quand vous savez, l'une des deux :");
        for what in [paid.as_str(), "--not-paid"] {
            output.text(format_args!(
                "    caisse journal {file} resolve {what} --by NAME --because \"what the terminal showed\" -- {id}"
            ));
        }
    }
}

/// How a person frees a terminal that a salvage holds back.
pub(crate) fn how_to_release(file: &str, id: &TransactionId, output: &Output) {
    for line in [
        "  This entry is no payment. It holds the terminal back because payments may be missing in the journal. Compare the sales",
        "  of the till with the terminal's own journal; do not ask again for a sale that the terminal shows as paid. Then:",
        "  Cette entrée n'est pas un paiement. Elle bloque le terminal car des paiements peuvent manquer au journal. Comparez les",
        "  ventes de la caisse au journal du terminal ; ne redemandez pas une vente que le terminal indique payée. Ensuite :",
    ] {
        output.text(line);
    }
    output.text(format_args!(
        "    caisse journal {file} resolve --not-paid --by NAME --because \"what was compared\" -- {id}"
    ));
}

fn french(amount: Amount) -> String {
    amount.to_string().replace('.', ",")
}

/// The amount without its currency, with a comma in French.
pub(crate) fn decimal(amount: Amount, language: LanguageArgument) -> String {
    let decimal = amount.decimal().to_string();
    match language {
        LanguageArgument::En => decimal,
        LanguageArgument::Fr => decimal.replace('.', ","),
    }
}

/// In English and in French.
fn told_amount(payment: &Payment) -> [String; 2] {
    let asked = payment.amount;
    match payment.outcome {
        Outcome::PartiallyApproved { approved, due } => [
            format!("{approved} of {asked}, {due} still to be paid"),
            format!("{} sur {}, reste {} à encaisser", french(approved), french(asked), french(due)),
        ],
        Outcome::Approved { amount } => match payment.tip {
            Some(tip) => [
                format!("{amount}, with a tip of {tip}"),
                format!("{}, dont {} de pourboire", french(amount), french(tip)),
            ],
            None => [amount.to_string(), french(amount)],
        },
        _ => [asked.to_string(), french(asked)],
    }
}

const fn retry(payment: &Payment) -> Text {
    match payment.retry() {
        Retry::SameId => Text {
            fr: "vous pouvez réessayer, sous le même identifiant",
            en: "safe to retry, under the same id",
        },
        Retry::NewId => Text {
            fr: "vous pouvez réessayer, comme nouveau paiement",
            en: "safe to retry, as a new payment",
        },
        // What is in its way can be removed: the duty says how.
        Retry::No if matches!(payment.outcome, Outcome::Blocked { .. }) => {
            Text { fr: "ne réessayez pas en l'état", en: "not safe to retry as things are" }
        }
        Retry::No => Text { fr: "ne réessayez pas", en: "not safe to retry" },
    }
}

/// A ticket as a screen may show it: line ends stay, other control characters could repaint the screen.
pub(crate) fn harmless(ticket: &str) -> String {
    ticket.chars().map(|it| if it.is_control() && it != '\n' { '\u{fffd}' } else { it }).collect()
}

/// A word as a shell reads it whole.
pub(crate) fn shell_word(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:".contains(&byte);
    if text.bytes().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
