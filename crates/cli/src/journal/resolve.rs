//! `caisse journal resolve`: a person's decision.

use caisse::{
    Amount, Confirmation, Decision, Journal, JournalError, Paid, Record, RecordState, SqliteJournal, WallTime,
};
use caisse_journal::{LockError, TerminalKey, gives_back, is_more_than_asked};

use super::arguments::ResolveArguments;
use super::{NO_SUCH, UNUSABLE, find, show, unusable};
use crate::args::LanguageArgument;
use crate::output::Output;
use crate::usage::Wrong;

pub(super) fn resolve(
    journal: &mut SqliteJournal,
    arguments: &ResolveArguments,
    output: &Output,
) -> Result<u8, Wrong> {
    let record = find(journal, &arguments.id)?;
    let transaction = record.transaction();
    let asked = transaction.amount;
    let paid = match arguments.paid.as_deref() {
        None => Paid::NotPaid,
        Some(_) if record.is_stand_in() => return Err(Wrong::usage("paid", NO_PAYMENT)),
        Some("") if asked.is_zero() => return Err(Wrong::usage("paid", LOST_AMOUNT)),
        Some("") => Paid::Paid(asked),
        Some(text) => {
            let amount = Amount::parse(text, asked.currency());
            Paid::Paid(amount.map_err(|error| Wrong::usage("paid", format_args!("'{text}': {error}")))?)
        }
    };
    let decision = Decision::new(paid, &arguments.by, &arguments.because)
        .map_err(|error| Wrong::usage("decision", error))?
        .confirming(arguments.confirmed.iter().map(|&step| step.into()));
    if let Paid::Paid(amount) = paid
        && is_more_than_asked(&record, amount)
        && !decision.confirmed().contains(Confirmation::MoreThanAsked)
    {
        return Err(Wrong::usage("paid", more_than_asked(amount, &record)));
    }
    if paid == Paid::NotPaid && decision.confirmed().is_empty() && !record.is_stand_in() {
        ask_for_confirmation(output);
    }
    let lock = journal.lock_terminal(&TerminalKey::from(transaction)).map_err(|error| match error {
        LockError::Busy => {
            Wrong::failure(NO_SUCH, "busy", "a payment is running on this terminal: wait for its end")
        }
        error => Wrong::failure(UNUSABLE, "journal", error),
    })?;
    journal.resolve(&lock, &transaction.id, &decision, WallTime::now()).map_err(|error| match error {
        JournalError::NotUnresolved => Wrong::failure(NO_SUCH, "id", error),
        error => unusable(error),
    })?;
    drop(lock);
    let after = find(journal, transaction.id.as_str())?;
    show(journal, &after, LanguageArgument::En, output)?;
    if after.state() != RecordState::Disputed {
        return Ok(0);
    }
    let naming = journal.naming_original(&transaction.id).map_err(unusable)?;
    let credits = naming.iter().filter(|record| gives_back(record, &transaction.id));
    tell_dispute(&credits.map(|record| record.id().to_string()).collect::<Vec<_>>(), output);
    Ok(NO_SUCH)
}

const NO_PAYMENT: &str = "this entry is no payment: a salvage wrote it to hold the terminal back; compare the sales of the till with the \
    terminal's own journal, then resolve it as --not-paid / cette entrée n'est pas un paiement : elle bloque le terminal après une \
    récupération ; comparez les ventes de la caisse au journal du terminal, puis --not-paid";
const LOST_AMOUNT: &str = "the amount that was asked for was lost with a damaged file: give the amount that the customer paid, --paid AMOUNT / \
    le montant demandé est perdu avec un fichier endommagé : donnez le montant payé, --paid MONTANT";

/// An amount that may be a slip of the keyboard.
fn more_than_asked(amount: Amount, record: &Record) -> String {
    let transaction = record.transaction();
    let asked = transaction.amount;
    if asked.is_zero() {
        return format!(
            "what the payment asked for was lost with a damaged file, so nothing shows that {amount} is no slip; nothing was recorded. \
             If the customer did pay {amount}, add --confirmed more-than-asked / le montant demandé est perdu avec un fichier endommagé : \
             rien ne montre que {amount} est juste, rien n'est noté. Si le client a bien payé {amount}, ajoutez --confirmed more-than-asked"
        );
    }
    let (tip, pourboire) = match transaction.allow_tip {
        Some(tip) => (format!(" and a tip of {tip}"), format!(" et {tip} de pourboire")),
        None => (String::new(), String::new()),
    };
    format!(
        "{amount} is more than the {asked}{tip} that the payment allowed; nothing was recorded. If the customer did pay {amount}, add \
         --confirmed more-than-asked / {amount} dépasse {asked}{pourboire} : rien n'est noté. Si le client a bien payé {amount}, \
         ajoutez --confirmed more-than-asked"
    )
}

/// The procedure for a terminal that hung, when nothing of it was confirmed.
fn ask_for_confirmation(output: &Output) {
    for line in [
        "warning: nothing was confirmed. A terminal that hung may still have the request and charge the customer:",
        "  1. recover  2. read the terminal's own journal  3. restart the terminal  4. recover again  5. decide",
        "  A restart may erase the terminal's journal. Say what was done: --confirmed recovered --confirmed",
        "  terminal-journal --confirmed restarted --confirmed recovered-again. It is recorded with the decision.",
        "attention : rien n'a été confirmé. Un terminal bloqué détient peut-être la demande et peut encore débiter :",
        "  1. recover  2. lire le journal du terminal  3. redémarrer le terminal  4. recover encore  5. décider",
        "  Un redémarrage peut effacer le journal du terminal. Dites ce qui a été fait (--confirmed) : c'est noté.",
    ] {
        output.notice(line);
    }
}

/// The decision has become a dispute.
fn tell_dispute(credits: &[String], output: &Output) {
    let credits = credits.join(", ");
    if credits.is_empty() {
        output
            .notice("not settled: the terminal's own proof says otherwise. Both are recorded, as a dispute.");
        output.notice("non réglé : la preuve du terminal dit le contraire. Les deux sont notées : contesté.");
    } else {
        output.notice(format_args!(
            "not settled: credits or cancellations rest on the earlier decision ({credits}). Both are recorded, as a dispute."
        ));
        output.notice(format_args!(
            "non réglé : des crédits ou annulations reposent sur la décision précédente ({credits}). Contesté."
        ));
    }
    output.notice("  Look again, then decide once more: that settles the dispute.");
    output.notice("  Vérifiez encore, puis décidez à nouveau : cela règle la contestation.");
}
