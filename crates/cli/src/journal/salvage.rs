//! `caisse journal salvage`: what can be verified of a damaged journal, in a new one.

use std::ops::RangeInclusive;
use std::path::Path;

use caisse::{SqliteJournal, WallTime};
use caisse_journal::{HeldBack, HeldBackReason, Salvaged};
use serde_json::json;

use super::{SOME_OPEN, unusable};
use crate::output::Output;
use crate::report::{harmless, how_to_release, shell_word};
use crate::usage::Wrong;

pub(super) fn salvage(file: &Path, into: &Path, output: &Output) -> Result<u8, Wrong> {
    let salvaged = SqliteJournal::salvage(file, into, WallTime::now()).map_err(unusable)?;
    for held in &salvaged.held_back {
        output.json(&json(held));
    }
    output.json(&json!({
        "event": "salvaged",
        "journal": into.display().to_string(),
        "transactions": salvaged.transactions,
        "events": salvaged.events,
        "rebuilt_events": salvaged.rebuilt_events,
        "lost_events": salvaged.lost_events.iter().map(|lost| [lost.start(), lost.end()]).collect::<Vec<_>>(),
        "unplaced_events": salvaged.unplaced_events,
        "may_miss_transactions": salvaged.may_miss_transactions,
        "alone": salvaged.is_alone,
        "held_back": salvaged.held_back.len(),
        "backup": salvaged.is_backup,
        "lost_forgotten": salvaged.lost_forgotten,
        "lost_acceptances": salvaged.lost_acceptances,
    }));
    say(&salvaged, file, into, output);
    Ok(if salvaged.held_back.is_empty() { 0 } else { SOME_OPEN })
}

fn json(held: &HeldBack) -> serde_json::Value {
    json!({
        "event": "held_back",
        "id": held.id.as_str(),
        "reason": held.why.code(),
        "terminal": held.terminal.map(|terminal| terminal.to_string()),
        "address": held.address.map(|address| address.to_string()),
        "lost_events": held.lost_events,
        "readable": held.readable,
    })
}

fn say(salvaged: &Salvaged, file: &Path, into: &Path, output: &Output) {
    let Salvaged { transactions, events, rebuilt_events, .. } = salvaged;
    let name = into.display();
    output.text(format_args!(
        "{name}: {transactions} transactions with {events} events ({rebuilt_events} of them rebuilt and proven)"
    ));
    output.text(format_args!(
        "{name} : {transactions} transactions, {events} événements (dont {rebuilt_events} reconstitués et prouvés)"
    ));
    let lost = numbers(&salvaged.lost_events);
    if !lost.is_empty() {
        output.text(format_args!("lost: events {lost}"));
        output.text(format_args!("perdus : événements {lost}"));
    }
    let unplaced: Vec<RangeInclusive<u64>> =
        salvaged.unplaced_events.iter().map(|number| *number..=*number).collect();
    if !unplaced.is_empty() {
        let unplaced = numbers(&unplaced);
        output.text(format_args!(
            "whole, and not carried over because what precedes them is lost: events {unplaced}"
        ));
        output.text(format_args!(
            "intacts, mais non repris car ce qui les précède est perdu : événements {unplaced}"
        ));
    }
    if salvaged.may_miss_transactions {
        MAY_MISS.iter().for_each(|line| output.text(line));
    }
    if salvaged.is_alone {
        let locks = format!("{}.locks", file.display());
        for line in [
            format!("{locks} is not there: nothing shows whether the file has the last payments. If you have that folder and the -wal"),
            "  file, put them beside the damaged file and salvage again into another new file.".to_owned(),
            format!("{locks} est absent : rien ne montre si le fichier contient les derniers paiements. Si vous avez ce dossier et le"),
            "  fichier -wal, placez-les à côté du fichier abîmé, puis recommencez vers un autre nouveau fichier.".to_owned(),
        ] {
            output.text(line);
        }
    }
    if salvaged.lost_forgotten {
        output.text("lost: how many transactions were forgotten; no payment depends on it");
        output.text("perdu : le nombre de transactions oubliées ; aucun paiement n'en dépend");
    }
    if salvaged.lost_acceptances > 0 {
        let count = salvaged.lost_acceptances;
        output
            .text(format_args!("lost: who accepted an older copy, {count} times; no payment depends on it"));
        output.text(format_args!(
            "perdu : qui a accepté une copie plus ancienne, {count} fois ; aucun paiement n'en dépend"
        ));
    }
    if salvaged.held_back.is_empty() {
        output.text("nothing is held back / rien n'est bloqué");
    } else {
        output.text("held back until a person has looked / bloqué jusqu'à ce qu'une personne ait vérifié :");
        salvaged.held_back.iter().for_each(|held| say_held(held, output));
        let is_terminal = |held: &&HeldBack| held.why == HeldBackReason::Terminal;
        if salvaged.held_back.iter().any(|held| !is_terminal(&held)) {
            say_how_to_resolve(into, output);
        }
        if let Some(held) = salvaged.held_back.iter().find(is_terminal) {
            output.text(format_args!(
                "For each entry salvaged: / pour chaque entrée salvaged: (ex. {})",
                held.id
            ));
            how_to_release(&shell_word(&into.display().to_string()), &held.id, output);
        }
    }
    let next = match salvaged.is_backup {
        true => [
            "The new file is a backup, as the damaged one was: restore makes a journal of it.",
            "Le nouveau fichier est une sauvegarde, comme l'ancien : restore en fait un journal.",
        ],
        false => [
            "Let the tills use the new file, and keep the damaged one with its -wal file and its .locks folder.",
            "Faites utiliser le nouveau fichier par les caisses, et gardez l'ancien avec son fichier -wal et son dossier .locks.",
        ],
    };
    next.iter().for_each(|line| output.text(line));
}

/// What a person does about the payments of which events are lost.
fn say_how_to_resolve(into: &Path, output: &Output) {
    let name = shell_word(&into.display().to_string());
    for line in [
        "For each payment: read the terminal's own journal, then record what happened:".to_owned(),
        "Pour chaque paiement : lisez le journal du terminal, puis notez ce qui s'est passé :".to_owned(),
        format!("    caisse journal {name} show ID"),
        format!(
            "    caisse journal {name} resolve --paid [AMOUNT] --by NAME --because \"what the terminal showed\" -- ID"
        ),
        format!(
            "    caisse journal {name} resolve --not-paid --by NAME --because \"what the terminal showed\" -- ID"
        ),
    ] {
        output.text(line);
    }
}

/// What an unknown number of lost events means for payments.
const MAY_MISS: [&str; 6] = [
    "PAYMENTS MAY BE MISSING. An id that is not in the new journal is new to it: asked for again, it is charged again.",
    "  Before the first payment, compare the sales of the till with the journal of each terminal, and with the last backup.",
    "  Every terminal that the file names is held back until then.",
    "DES PAIEMENTS PEUVENT MANQUER. Un identifiant absent du nouveau journal y est inconnu : redemandé, il est débité à nouveau.",
    "  Avant le premier paiement, comparez les ventes de la caisse au journal de chaque terminal et à la dernière sauvegarde.",
    "  Chaque terminal nommé dans le fichier reste bloqué jusque-là.",
];

fn say_held(held: &HeldBack, output: &Output) {
    let HeldBack { id, why, terminal, address, lost_events, readable } = held;
    let (en, fr) = match why {
        HeldBackReason::Incomplete => ("events of it are lost", "des événements sont perdus"),
        HeldBackReason::StartNotVerified => {
            ("what it asked for is not verified", "ce qui était demandé n'est pas vérifié")
        }
        HeldBackReason::StartLost => ("what it asked for is lost", "ce qui était demandé est perdu"),
        HeldBackReason::Terminal => {
            ("the terminal: payments may be missing", "le terminal : des paiements peuvent manquer")
        }
    };
    let terminal = terminal.map_or_else(|| "?".to_owned(), |terminal| terminal.to_string());
    let at = address.map_or_else(String::new, |address| format!(" ({address})"));
    output.text(format_args!("  {id}  terminal {terminal}{at}  {en} / {fr}"));
    if !lost_events.is_empty() {
        let lost: Vec<RangeInclusive<u64>> = lost_events.iter().map(|number| *number..=*number).collect();
        let lost = numbers(&lost);
        output.text(format_args!("    lost events / événements perdus : {lost}"));
    }
    for line in readable {
        let line = harmless(line);
        output.text(format_args!("    readable / lisible : {line}"));
    }
}

fn numbers(ranges: &[RangeInclusive<u64>]) -> String {
    let range = |range: &RangeInclusive<u64>| match (range.start(), range.end()) {
        (start, end) if start == end => start.to_string(),
        (start, end) => format!("{start}-{end}"),
    };
    ranges.iter().map(range).collect::<Vec<_>>().join(", ")
}
