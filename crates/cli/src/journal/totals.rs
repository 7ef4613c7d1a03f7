//! `caisse journal totals`: what was paid, by day, terminal and operation; and against the totals of a terminal's ticket.

use std::collections::BTreeMap;
use std::str::FromStr;

use caisse::{Amount, Currency, Operation, Record, RecordState, SqliteJournal};
use serde_json::json;

use super::arguments::TotalsArguments;
use super::list::each;
use super::{line, local_time, state};
use crate::args::LanguageArgument;
use crate::output::Output;
use crate::report::decimal;
use crate::usage::Wrong;

/// Exit code when the totals of the ticket differ.
const DIFFERENT: u8 = 1;

/// What a terminal's ticket says of one operation. The amount is in the currency that the journal has.
#[derive(Clone, Debug)]
pub(crate) struct TicketTotal {
    operation: Operation,
    count: u64,
    amount: String,
}

impl FromStr for TicketTotal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('=').and_then(|(operation, total)| {
            let (count, amount) = total.split_once(':')?;
            Some((operation.parse().ok()?, count.parse().ok()?, amount.replace(',', ".")))
        });
        let (operation, count, amount) =
            parts.ok_or("expected OPERATION=COUNT:AMOUNT, as in debit=12:345.60")?;
        Ok(Self { operation, count, amount })
    }
}

/// Transactions of one kind, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Total {
    count: u64,
    /// In minor units, tips included.
    minor: u64,
    tips: u64,
}

impl Total {
    const fn add(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.minor = self.minor.saturating_add(other.minor);
        self.tips = self.tips.saturating_add(other.tips);
    }
}

/// Day, terminal, operation and currency.
type Key = (String, String, &'static str, &'static str);

pub(super) fn totals(
    journal: &SqliteJournal,
    arguments: &TotalsArguments,
    output: &Output,
) -> Result<u8, Wrong> {
    let mut groups: BTreeMap<Key, (Currency, Total)> = BTreeMap::new();
    let mut open = Vec::new();
    each(journal, &mut |record| {
        if !arguments.selection.selects(record) {
            return Ok(());
        }
        if record.state() != RecordState::Final {
            open.push(record.clone());
        } else if let Some((key, currency, total)) = counted(record) {
            groups.entry(key).or_insert((currency, Total::default())).1.add(total);
        }
        Ok(())
    })?;
    for ((day, terminal, operation, _), (currency, total)) in &groups {
        let [amount, tips] = [total.minor, total.tips].map(|minor| Amount::from_minor(minor, *currency));
        output.json(&json!({
            "day": day,
            "terminal": terminal,
            "operation": operation,
            "currency": currency.code(),
            "count": total.count,
            "amount": amount.decimal().to_string(),
            "amount_minor": total.minor,
            "tips": tips.decimal().to_string(),
            "tips_minor": total.tips,
        }));
        let tips = match (total.tips, arguments.lang) {
            (0, _) => String::new(),
            (_, LanguageArgument::En) => format!(", tips {}", decimal(tips, arguments.lang)),
            (_, LanguageArgument::Fr) => format!(", dont pourboires {}", decimal(tips, arguments.lang)),
        };
        output.text(format_args!(
            "{day}  {terminal:<12}  {operation:<14}  {:>4}  {:>12} {}{tips}",
            total.count,
            decimal(amount, arguments.lang),
            currency.code()
        ));
    }
    for record in &open {
        let state = state(journal, record)?;
        output.json(&json!({ "not_counted": super::json(record, state) }));
    }
    if !open.is_empty() {
        output.text(match arguments.lang {
            LanguageArgument::En => "not counted, because nobody knows for certain whether they were paid:",
            LanguageArgument::Fr => "non comptées, car on ne sait pas avec certitude si elles sont payées :",
        });
        for record in &open {
            output.text(format_args!("  {}", line(record, state(journal, record)?, arguments.lang)));
        }
    }
    compare(arguments, groups, output)
}

/// What a transaction with a known end adds, if money moved.
fn counted(record: &Record) -> Option<(Key, Currency, Total)> {
    let transaction = record.transaction();
    let paid = record.told().outcome.approved_amount()?;
    let currency = paid.currency();
    let key = (
        local_time::day(record.started_at()),
        transaction.terminal.to_string(),
        transaction.operation.name(),
        currency.code(),
    );
    let tips = record.tip().map_or(0, Amount::minor);
    Some((key, currency, Total { count: 1, minor: paid.minor(), tips }))
}

/// Compares the totals of all selected transactions with those of the ticket, operation by operation.
fn compare(
    arguments: &TotalsArguments,
    groups: BTreeMap<Key, (Currency, Total)>,
    output: &Output,
) -> Result<u8, Wrong> {
    if arguments.ticket.is_empty() {
        return Ok(0);
    }
    let mut currency = None;
    let mut by_operation: BTreeMap<&str, Total> = BTreeMap::new();
    for ((_, _, operation, _), (of_group, total)) in groups {
        if currency.is_some_and(|known| known != of_group) {
            let message = "the selected transactions are in several currencies; a ticket has one";
            return Err(Wrong::usage("ticket", message));
        }
        currency = Some(of_group);
        by_operation.entry(operation).or_default().add(total);
    }
    let currency = currency.unwrap_or(Currency::EUR);
    let mut is_different = false;
    for ticket in &arguments.ticket {
        let amount = Amount::parse(&ticket.amount, currency)
            .map_err(|error| Wrong::usage("ticket", format_args!("'{}': {error}", ticket.amount)))?;
        let operation = ticket.operation.name();
        let ours = by_operation.get(operation).copied().unwrap_or_default();
        let recorded = Amount::from_minor(ours.minor, currency);
        let agrees = ours.count == ticket.count && recorded == amount;
        is_different |= !agrees;
        let difference = match (amount.checked_sub(recorded), recorded.checked_sub(amount)) {
            (Some(more), _) => format!("+{}", decimal(more, arguments.lang)),
            (None, Some(less)) => format!("-{}", decimal(less, arguments.lang)),
            (None, None) => String::new(),
        };
        output.json(&json!({
            "compared": operation,
            "currency": currency.code(),
            "agrees": agrees,
            "journal": { "count": ours.count, "amount": recorded.decimal().to_string(), "amount_minor": ours.minor },
            "ticket": { "count": ticket.count, "amount": amount.decimal().to_string(), "amount_minor": amount.minor() },
        }));
        let (journal, ticket_) = (decimal(recorded, arguments.lang), decimal(amount, arguments.lang));
        let counts = (ours.count, ticket.count);
        let code = currency.code();
        output.text(match (agrees, arguments.lang) {
            (true, LanguageArgument::En) => format!("{operation}: agrees, {} for {journal} {code}", counts.0),
            (true, LanguageArgument::Fr) => format!("{operation} : d'accord, {} pour {journal} {code}", counts.0),
            (false, LanguageArgument::En) => format!(
                "{operation}: DIFFERS: journal {} for {journal}, ticket {} for {ticket_} {code} ({difference} on the ticket)",
                counts.0, counts.1
            ),
            (false, LanguageArgument::Fr) => format!(
                "{operation} : ÉCART : journal {} pour {journal}, ticket {} pour {ticket_} {code} ({difference} sur le ticket)",
                counts.0, counts.1
            ),
        });
    }
    Ok(if is_different { DIFFERENT } else { 0 })
}
