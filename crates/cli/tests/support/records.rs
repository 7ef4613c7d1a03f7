//! Transactions written into a journal without a terminal.

use caisse::{Amount, Currency, Journal, Operation, SqliteJournal, WallTime};
use caisse_payment::entry::{Content, End, Entry, RawStatus, Start};
use caisse_payment::{Outcome, Proof, Register, Verdict};

pub fn debit(minor: u64, terminal: &str) -> Content {
    Content {
        operation: Operation::Debit,
        original: None,
        amount: Amount::from_minor(minor, Currency::EUR),
        allow_partial: false,
        allow_tip: None,
        terminal: terminal.parse().unwrap(),
        register: Register::FIRST,
        reference: None,
    }
}

/// A transaction with its end; an unknown one keeps its terminal blocked.
pub fn write(journal: &mut SqliteJournal, id: &str, content: Content, outcome: Outcome, at: WallTime) {
    let id = id.parse().unwrap();
    let dialect = "payxpress".parse().unwrap();
    let start = Start { id, content, dialect, address: None, usb: None };
    journal.append(&Entry::Started(start), at).unwrap();
    let proof = if outcome.is_unknown() { Proof::PerhapsSent } else { Proof::Answered };
    let end = End {
        id,
        verdict: Verdict { outcome, proof },
        authorisation: None,
        contract: None,
        serial_number: None,
        reported_amount: None,
        last_four: None,
        status: RawStatus::default(),
    };
    journal.append(&Entry::Ended(end), at).unwrap();
}
