//! Transactions written into a journal without a terminal.

use caisse::{Amount, Currency, Journal, Operation, SqliteJournal, WallTime};
use caisse_journal::Event;
use caisse_payment::{Outcome, Proof, Transaction, Verdict};

pub fn debit(minor: u64, terminal: &str) -> Transaction {
    let amount = Amount::from_minor(minor, Currency::EUR);
    let (id, dialect) = ("debit".parse().unwrap(), "payxpress".parse().unwrap());
    Transaction::new(id, Operation::Debit, amount, terminal.parse().unwrap(), dialect)
}

/// A transaction with its end; an unknown one keeps its terminal blocked.
pub fn write(
    journal: &mut SqliteJournal,
    id: &str,
    transaction: Transaction,
    outcome: Outcome,
    at: WallTime,
) {
    let id = id.parse().unwrap();
    let proof = if outcome.is_unknown() { Proof::PerhapsSent } else { Proof::Answered };
    let end = Verdict { outcome, proof }.into();
    for event in [Event::Started(Transaction { id, ..transaction }), Event::Ended(end)] {
        journal.append(&id, &event, at).unwrap();
    }
}
