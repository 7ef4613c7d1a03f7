//! Transactions to test with.

use caisse_payment::{
    Amount, Blocked, Conclusion, Currency, Doubt, NotSent, Operation, Outcome, Proof, Refusal, Register,
    TerminalId, Transaction, TransactionId, Verdict,
};

use crate::{Event, WallTime};

pub(super) fn time(number: u64) -> WallTime {
    WallTime::from_millis(1_795_424_400_000 + number)
}

pub(super) fn id(text: &str) -> TransactionId {
    text.parse().expect("an id")
}

pub(super) fn terminal(text: &str) -> TerminalId {
    text.parse().expect("a terminal's id")
}

pub(super) fn euros(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::EUR)
}

/// A debit of 25.00 EUR.
pub(super) fn debit(key: &str, on: &str) -> Transaction {
    let dialect = "payxpress".parse().expect("a dialect's name");
    Transaction::new(id(key), Operation::Debit, euros(2500), terminal(on), dialect)
}

pub(super) fn started(key: &str, on: &str) -> Event {
    Event::Started(debit(key, on))
}

/// An end that says as little as it can.
pub(super) fn conclusion(outcome: Outcome) -> Conclusion {
    let proof = match outcome {
        Outcome::NotSent { .. } | Outcome::Blocked { .. } => Proof::NothingSent,
        _ => Proof::Answered,
    };
    Verdict { outcome, proof }.into()
}

pub(super) fn ended(outcome: Outcome) -> Event {
    Event::Ended(conclusion(outcome))
}

pub(super) const NOT_SENT: Outcome = Outcome::NotSent { reason: NotSent::Unreachable };
pub(super) const SILENCE: Outcome = Outcome::Unknown { doubt: Doubt::Silence };

pub(super) fn never_sent(key: &str, on: &str) -> Event {
    Event::NeverSent(debit(key, on), conclusion(NOT_SENT))
}

pub(super) fn approved() -> Outcome {
    Outcome::Approved { amount: euros(2500) }
}

/// Every outcome with every reason.
pub(super) fn every_outcome(amount: Amount) -> Vec<Outcome> {
    let mut all = vec![
        Outcome::Approved { amount },
        Outcome::PartiallyApproved { approved: amount, due: Amount::from_minor(1, amount.currency()) },
    ];
    all.extend(Refusal::ALL.iter().map(|&refusal| Outcome::Declined { refusal }));
    all.extend(Refusal::ALL.iter().map(|&refusal| Outcome::Cancelled { refusal }));
    all.extend(NotSent::ALL.iter().map(|&reason| Outcome::NotSent { reason }));
    all.extend(Doubt::ALL.iter().map(|&doubt| Outcome::Unknown { doubt }));
    all.extend(Blocked::ALL.iter().map(|&reason| Outcome::Blocked { reason }));
    all
}

/// Transactions that differ from this one in one thing each that belongs to the content.
pub(super) fn other_contents(of: &Transaction) -> Vec<Transaction> {
    let mut all = Vec::new();
    let mut with = |change: fn(&mut Transaction)| {
        let mut other = *of;
        change(&mut other);
        all.push(other);
    };
    with(|other| other.operation = Operation::Credit);
    with(|other| other.original = Some(id("original")));
    with(|other| other.amount = euros(2501));
    with(|other| other.amount = Amount::from_minor(2500, Currency::from_numeric(756).expect("francs")));
    with(|other| other.allow_partial = true);
    with(|other| other.allow_tip = Some(euros(500)));
    with(|other| other.terminal = terminal("elsewhere"));
    with(|other| other.register = Register::new(2).expect("a register"));
    with(|other| other.reference = Some("table 4".parse().expect("a reference")));
    all
}
