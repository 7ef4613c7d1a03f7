//! Transactions to test with.

use caisse_payment::entry::{Content, End, Entry, RawStatus, Start};
use caisse_payment::{
    Amount, Blocked, Currency, Doubt, NotSent, Operation, Outcome, Proof, Refusal, Register, TerminalId,
    TransactionId, Verdict,
};

use crate::WallTime;

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
pub(super) fn start(key: &str, on: &str) -> Start {
    Start {
        id: id(key),
        content: Content {
            operation: Operation::Debit,
            original: None,
            amount: euros(2500),
            allow_partial: false,
            allow_tip: None,
            terminal: terminal(on),
            register: Register::FIRST,
            reference: None,
        },
        dialect: "payxpress".parse().expect("a dialect's name"),
        address: None,
        usb: None,
    }
}

pub(super) fn started(key: &str, on: &str) -> Entry {
    Entry::Started(start(key, on))
}

/// An end that says as little as it can.
pub(super) fn end(key: &str, outcome: Outcome) -> End {
    let proof = match outcome {
        Outcome::NotSent { .. } | Outcome::Blocked { .. } => Proof::NothingSent,
        _ => Proof::Answered,
    };
    End {
        id: id(key),
        verdict: Verdict { outcome, proof },
        authorisation: None,
        contract: None,
        serial_number: None,
        reported_amount: None,
        last_four: None,
        status: RawStatus::default(),
    }
}

pub(super) fn ended(key: &str, outcome: Outcome) -> Entry {
    Entry::Ended(end(key, outcome))
}

pub(super) const NOT_SENT: Outcome = Outcome::NotSent { reason: NotSent::Unreachable };
pub(super) const SILENCE: Outcome = Outcome::Unknown { doubt: Doubt::Silence };

pub(super) fn never_sent(key: &str, on: &str) -> Entry {
    Entry::NeverSent(start(key, on), end(key, NOT_SENT))
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

/// Contents that differ from [`start`]'s in one thing each.
pub(super) fn other_contents(of: &Start) -> Vec<Start> {
    let mut all = Vec::new();
    let mut with = |change: fn(&mut Content)| {
        let mut start = *of;
        change(&mut start.content);
        all.push(start);
    };
    with(|content| content.operation = Operation::Credit);
    with(|content| content.original = Some(id("original")));
    with(|content| content.amount = euros(2501));
    with(|content| content.amount = Amount::from_minor(2500, Currency::from_numeric(756).expect("francs")));
    with(|content| content.allow_partial = true);
    with(|content| content.allow_tip = Some(euros(500)));
    with(|content| content.terminal = terminal("elsewhere"));
    with(|content| content.register = Register::new(2).expect("a register"));
    with(|content| content.reference = Some("table 4".parse().expect("a reference")));
    all
}
