//! What the journal knows of the transaction that a cancellation or a credit names.

mod common;

use caisse_journal::{Decision, Dispute, Event, Journal, MemoryJournal, Paid, WallTime, admit_original};
use caisse_payment::{
    Amount, Blocked, Currency, Doubt, NotSent, Operation, Outcome, Proof, Refusal, Transaction, Verdict,
};
use common::id;

fn euros(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::EUR)
}

fn asked(operation: Operation, minor: u64, original: Option<&str>) -> Transaction {
    let (terminal, dialect) = ("counter".parse().unwrap(), "payxpress".parse().unwrap());
    Transaction {
        original: original.map(|id| id.parse().unwrap()),
        ..Transaction::new(id("asked"), operation, euros(minor), terminal, dialect)
    }
}

fn take(journal: &mut MemoryJournal, key: &str, asked: Transaction, outcome: Outcome) {
    let (id, at) = (id(key), WallTime::from_millis(1));
    let proof = match outcome {
        Outcome::NotSent { .. } => Proof::NothingSent,
        _ => Proof::Answered,
    };
    journal.append(&id, &Event::Started(Transaction { id, ..asked }), at).unwrap();
    journal.append(&id, &Event::Ended(Verdict { outcome, proof }.into()), at).unwrap();
}

fn sale(journal: &mut MemoryJournal, key: &str, minor: u64) {
    let outcome = Outcome::Approved { amount: euros(minor) };
    take(journal, key, asked(Operation::Debit, minor, None), outcome);
}

fn cancel(journal: &MemoryJournal, minor: u64) -> Result<(), Blocked> {
    admit_original(journal, &asked(Operation::Cancellation, minor, Some("sale-1")), true)
}

fn credit(journal: &MemoryJournal, minor: u64) -> Result<(), Blocked> {
    admit_original(journal, &asked(Operation::Credit, minor, Some("sale-1")), false)
}

#[test]
fn the_last_sale_may_be_cancelled_and_no_other() {
    let mut journal = MemoryJournal::new();
    assert_eq!(cancel(&journal, 2500), Err(Blocked::OriginalNotApproved));
    sale(&mut journal, "sale-0", 1000);
    sale(&mut journal, "sale-1", 2500);
    assert_eq!(cancel(&journal, 2500), Ok(()));
    assert_eq!(cancel(&journal, 2400), Err(Blocked::OriginalAmountDiffers));
    let cancellation = asked(Operation::Cancellation, 2500, Some("sale-1"));
    assert_eq!(
        admit_original(&journal, &cancellation, false),
        Err(Blocked::OriginalNotLast),
        "not ours alone"
    );
    // What never left the till changes nothing on the terminal.
    let not_sent = Outcome::NotSent { reason: NotSent::ConnectionRefused };
    take(&mut journal, "sale-2", asked(Operation::Debit, 99, None), not_sent);
    assert_eq!(cancel(&journal, 2500), Ok(()));
    // Nor does a sale on another terminal.
    let elsewhere = Transaction { terminal: "bar".parse().unwrap(), ..asked(Operation::Debit, 99, None) };
    take(&mut journal, "sale-3", elsewhere, Outcome::Approved { amount: euros(99) });
    assert_eq!(cancel(&journal, 2500), Ok(()));
    // A refused one may be what the terminal takes for its last.
    let refused = Outcome::Declined { refusal: Refusal::Refused };
    take(&mut journal, "sale-4", asked(Operation::Debit, 99, None), refused);
    assert_eq!(cancel(&journal, 2500), Err(Blocked::OriginalNotLast));
}

/// The terminal has been given another name since: its last sale is the one under that name.
#[test]
fn a_sale_under_another_name_is_the_last_one() {
    let at = |terminal: &str, address: &str| (terminal.parse().unwrap(), address.parse().ok());
    for (other, expected) in [
        (at("bar", "tcp:192.0.2.7:8888"), Err(Blocked::OriginalNotLast)),
        (at("tcp:192.0.2.7:8888", "tcp:192.0.2.7:8888"), Err(Blocked::OriginalNotLast)),
        (at("bar", "tcp:192.0.2.8:8888"), Ok(())),
    ] {
        let mut journal = MemoryJournal::new();
        for (key, (terminal, address)) in [("sale-1", at("counter", "tcp:192.0.2.7:8888")), ("sale-2", other)]
        {
            let debit = Transaction { terminal, address, ..asked(Operation::Debit, 2500, None) };
            take(&mut journal, key, debit, Outcome::Approved { amount: euros(2500) });
        }
        assert_eq!(cancel(&journal, 2500), expected, "{other:?}");
    }
}

#[test]
fn a_sale_is_cancelled_once() {
    let mut journal = MemoryJournal::new();
    sale(&mut journal, "sale-1", 2500);
    let cancellation = asked(Operation::Cancellation, 2500, Some("sale-1"));
    take(&mut journal, "undo-1", cancellation, Outcome::Declined { refusal: Refusal::Refused });
    assert_eq!(cancel(&journal, 2500), Err(Blocked::OriginalNotLast), "the terminal saw an attempt");
    take(&mut journal, "undo-2", cancellation, Outcome::Approved { amount: euros(2500) });
    assert_eq!(cancel(&journal, 2500), Err(Blocked::CreditExceedsOriginal));
    assert_eq!(credit(&journal, 1), Err(Blocked::CreditExceedsOriginal));
}

#[test]
fn credits_of_one_sale_never_exceed_it() {
    let mut journal = MemoryJournal::new();
    sale(&mut journal, "sale-1", 2500);
    assert_eq!(credit(&journal, 2500), Ok(()));
    let of_sale = |minor| asked(Operation::Credit, minor, Some("sale-1"));
    take(&mut journal, "back-1", of_sale(1000), Outcome::Approved { amount: euros(1000) });
    assert_eq!(credit(&journal, 1500), Ok(()));
    assert_eq!(credit(&journal, 1501), Err(Blocked::CreditExceedsOriginal));
    take(&mut journal, "back-2", of_sale(700), Outcome::Declined { refusal: Refusal::Refused });
    assert_eq!(credit(&journal, 1500), Ok(()), "a refused credit gave nothing back");
    // One that nobody knows the end of counts as given, until it is decided.
    take(&mut journal, "back-3", of_sale(500), Outcome::Unknown { doubt: Doubt::Silence });
    assert_eq!(credit(&journal, 1000), Ok(()));
    assert_eq!(credit(&journal, 1001), Err(Blocked::CreditExceedsOriginal));
    let lock = journal.lock(&"counter".parse().unwrap()).unwrap();
    let decision = Decision::new(Paid::NotPaid, "Zoé", "no ticket").unwrap();
    journal.resolve(&lock, &"back-3".parse().unwrap(), &decision, WallTime::from_millis(2)).unwrap();
    assert_eq!(credit(&journal, 1500), Ok(()));
    // A credit of another sale, or of none, is no credit of this one.
    take(
        &mut journal,
        "back-4",
        asked(Operation::Credit, 900, None),
        Outcome::Approved { amount: euros(900) },
    );
    assert_eq!(credit(&journal, 1500), Ok(()));
}

#[test]
fn only_a_sale_that_was_paid_can_be_given_back() {
    for outcome in [
        Outcome::Declined { refusal: Refusal::Refused },
        Outcome::Unknown { doubt: Doubt::Silence },
        Outcome::NotSent { reason: NotSent::SendFailed },
    ] {
        let mut journal = MemoryJournal::new();
        take(&mut journal, "sale-1", asked(Operation::Debit, 2500, None), outcome);
        assert_eq!(credit(&journal, 2500), Err(Blocked::OriginalNotApproved));
        assert_eq!(cancel(&journal, 2500), Err(Blocked::OriginalNotApproved));
    }
    // Decided by a person as paid: paid.
    let mut journal = MemoryJournal::new();
    take(
        &mut journal,
        "sale-1",
        asked(Operation::Debit, 2500, None),
        Outcome::Unknown { doubt: Doubt::Silence },
    );
    let lock = journal.lock(&"counter".parse().unwrap()).unwrap();
    let decision = Decision::new(Paid::Paid(euros(2500)), "Zoé", "ticket 12").unwrap();
    journal.resolve(&lock, &"sale-1".parse().unwrap(), &decision, WallTime::from_millis(2)).unwrap();
    assert_eq!(credit(&journal, 2500), Ok(()));
}

/// Proof that came later, of either kind.
fn dispute(journal: &mut MemoryJournal, id: &str, paid: Paid) {
    let dispute = Dispute::new(paid, "late result").unwrap();
    journal.append(&id.parse().unwrap(), &Event::Disputed(dispute), WallTime::from_millis(1)).unwrap();
}

#[test]
fn a_disputed_sale_is_given_back_by_nobody_but_a_person() {
    for paid in [Paid::NotPaid, Paid::Paid(euros(2500))] {
        let mut journal = MemoryJournal::new();
        sale(&mut journal, "sale-1", 2500);
        dispute(&mut journal, "sale-1", paid);
        assert_eq!(cancel(&journal, 2500), Err(Blocked::OriginalNotApproved));
        assert_eq!(credit(&journal, 2500), Err(Blocked::OriginalNotApproved));
    }
}

#[test]
fn a_disputed_refusal_of_a_credit_counts_as_one() {
    let refused = Outcome::Declined { refusal: Refusal::Refused };
    let not_sent = Outcome::NotSent { reason: NotSent::ConnectionRefused };
    for outcome in [refused, not_sent] {
        let mut journal = MemoryJournal::new();
        sale(&mut journal, "sale-1", 2500);
        take(&mut journal, "credit-1", asked(Operation::Credit, 2000, Some("sale-1")), outcome);
        assert_eq!(credit(&journal, 501), Ok(()));
        dispute(&mut journal, "credit-1", Paid::Paid(euros(2000)));
        assert_eq!(credit(&journal, 501), Err(Blocked::CreditExceedsOriginal));
        assert_eq!(credit(&journal, 500), Ok(()));
    }
}
