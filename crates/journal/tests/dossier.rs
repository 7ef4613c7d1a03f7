//! The look-ups give the rules all that they need: with the records that are looked up each rule decides as with all records of the
//! journal, over generated journals with terminals that are renamed, readdressed and swapped.

use caisse_journal::{
    Decision, Dispute, Event, Journal, MemoryJournal, Paid, Record, State, TerminalKey, WallTime,
    records_about, records_for_asking, records_of_terminal,
};
use caisse_payment::evidence::{AttributedResult, ShownIdentity};
use caisse_payment::{
    Amount, AuthorisationNumber, Conclusion, Currency, Doubt, NotSent, Operation, Outcome, Proof, Refusal,
    Transaction, Verdict,
};
use caisse_settlement::TerminalIdentity;
use caisse_settlement::ask::may_ask;
use caisse_settlement::attribute::{attribute, is_like_the_last, is_named_by_its_reference};
use caisse_settlement::weigh::{Previous, context, weigh_result};
use proptest::collection::vec;
use proptest::prelude::*;

/// A transaction, in small numbers that choose from short lists.
#[derive(Clone, Debug)]
struct Sale {
    name: usize,
    address: usize,
    usb: usize,
    amount: usize,
    reference: usize,
    outcome: usize,
    number: usize,
    contract: usize,
    serial_number: usize,
    decision: usize,
    disputed: bool,
}

const NAMES: [&str; 3] = ["front", "counter", "tcp:192.0.2.7:8888"];
const ADDRESSES: [&str; 3] = ["", "tcp:192.0.2.7:8888", "tcp:192.0.2.8:8888"];
const DEVICES: [&str; 3] = ["", "usb:1111:2222:A", "usb:1111:2222:B"];
const REFERENCES: [&str; 5] = ["", "table 4", "Table 4", "0042", "42"];
const NUMBERS: [&str; 6] = ["", "012345", "12345", "A1", "a1", "000000"];
const SHOWN: [&str; 4] = ["", "1111111", "2222222", "3333333"];

fn sale() -> impl Strategy<Value = Sale> {
    let place = (0..3usize, 0..3usize, 0..3usize);
    let asked = (0..2usize, 0..5usize);
    // Most payments are approved or refused, and most terminals show nothing of themselves.
    let ended = (0..10usize, 0..6usize, 0..12usize, 0..12usize, 0..8usize, prop::bool::weighted(0.1));
    (place, asked, ended).prop_map(|((name, address, usb), (amount, reference), ended)| {
        let (outcome, number, contract, serial_number, decision, disputed) = ended;
        Sale {
            name,
            address,
            usb,
            amount,
            reference,
            outcome,
            number,
            contract,
            serial_number,
            decision,
            disputed,
        }
    })
}

fn euros(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::EUR)
}

fn transaction(number: usize, sale: &Sale) -> Transaction {
    let id = format!("sale-{number}").parse().unwrap();
    let (amount, terminal) = (euros([2500, 3700][sale.amount]), NAMES[sale.name].parse().unwrap());
    Transaction {
        reference: REFERENCES[sale.reference].parse().ok(),
        address: ADDRESSES[sale.address].parse().ok(),
        usb: DEVICES[sale.usb].parse().ok(),
        ..Transaction::new(id, Operation::Debit, amount, terminal, "payxpress".parse().unwrap())
    }
}

fn outcome(sale: &Sale) -> (Outcome, Proof) {
    match sale.outcome {
        0..=4 => (Outcome::Approved { amount: transaction(0, sale).amount }, Proof::Answered),
        5 | 6 => (Outcome::Declined { refusal: Refusal::Refused }, Proof::Answered),
        7 => (Outcome::NotSent { reason: NotSent::Unreachable }, Proof::NothingSent),
        _ => (Outcome::Unknown { doubt: Doubt::Silence }, Proof::PerhapsSent),
    }
}

/// The journal in which these took place one after the other, as far as it takes them.
fn journal(sales: &[Sale]) -> MemoryJournal {
    let mut journal = MemoryJournal::new();
    for (number, sale) in sales.iter().enumerate() {
        let at = WallTime::from_millis(u64::try_from(number).unwrap());
        let transaction = transaction(number, sale);
        let id = transaction.id;
        if journal.append(&id, &Event::Started(transaction), at).is_err() {
            continue;
        }
        let (outcome, proof) = outcome(sale);
        let end = Conclusion {
            authorisation: NUMBERS[sale.number].parse().ok(),
            contract: SHOWN.get(sale.contract).and_then(|text| text.parse().ok()),
            serial_number: SHOWN.get(sale.serial_number).and_then(|text| text.parse().ok()),
            ..Verdict { outcome, proof }.into()
        };
        journal.append(&id, &Event::Ended(end), at).unwrap();
        let paid = Paid::Paid(transaction.amount);
        let decision = match sale.decision {
            0 => Decision::new(Paid::NotPaid, "Zoé", "ticket"),
            1 => Decision::new(paid, "Zoé", "ticket"),
            2 => Decision::proven(paid, "duplicata", "authorisation"),
            3 => Decision::proven(Paid::NotPaid, "duplicata", "not completed"),
            // Left open, it blocks its terminal.
            4 => continue,
            _ => Decision::new(paid, "Zoé", "ticket"),
        };
        let lock = journal.lock(&transaction.terminal).unwrap();
        // Only what is unresolved can be decided.
        let _ = journal.resolve(&lock, &id, &decision.unwrap(), at);
        if sale.disputed {
            let dispute = Dispute::new(Paid::NotPaid, "it answered twice").unwrap();
            let _ = journal.append(&id, &Event::Disputed(dispute), at);
        }
    }
    journal
}

fn found(name: usize, address: usize, usb: usize, contract: usize) -> TerminalIdentity {
    let now = transaction(0, &Sale { name, address, usb, ..PLAIN });
    let contract = SHOWN.get(contract).and_then(|text| text.parse().ok());
    TerminalIdentity::of(&now).showing(ShownIdentity { contract, serial_number: None })
}

const PLAIN: Sale = Sale {
    name: 0,
    address: 0,
    usb: 0,
    amount: 0,
    reference: 0,
    outcome: 0,
    number: 0,
    contract: 0,
    serial_number: 0,
    decision: 0,
    disputed: false,
};

/// Each rule about each transaction, with what is looked up and with everything.
fn check(journal: &MemoryJournal, found: &TerminalIdentity, number: Option<AuthorisationNumber>) {
    let all = journal.list().unwrap();
    for record in &all {
        let about = records_about(journal, record, number).unwrap();
        assert_eq!(context(&about, record, number), context(&all, record, number), "{record:?}");
        assert_eq!(
            is_named_by_its_reference(&about, record),
            is_named_by_its_reference(&all, record),
            "{record:?}"
        );
        assert_eq!(is_like_the_last(&about, record), is_like_the_last(&all, record), "{record:?}");
        let asking = records_for_asking(journal, record, found).unwrap();
        assert_eq!(may_ask(&asking, record, found, false), may_ask(&all, record, found, false), "{record:?}");
    }
    let key = TerminalKey { terminal: found.name, address: found.address };
    let last = records_of_terminal(journal, &key).unwrap();
    for minor in [2500, 3700] {
        for has_reference in [false, true] {
            let read = |asked: &Transaction| AttributedResult {
                outcome: match asked.amount == euros(minor) {
                    true => Outcome::Approved { amount: asked.amount },
                    false => Outcome::Unknown { doubt: Doubt::AmountDiffers },
                },
                authorisation: number,
                has_reference: has_reference && asked.reference.is_some(),
                shown: ShownIdentity::default(),
            };
            let (one, other) = (attribute(&last, found, None, read), attribute(&all, found, None, read));
            let whose = |record: &Record| record.id();
            assert_eq!(
                one.map(|it| (whose(it.record), it.named)),
                other.map(|it| (whose(it.record), it.named))
            );
            if let (Some(one), Some(other)) = (one, other) {
                let about = records_about(journal, one.record, number).unwrap();
                assert_eq!(one.mismatch(&about), other.mismatch(&all));
                let (one, other) = (one.late_result(&about, true), other.late_result(&all, true));
                assert_eq!((one, weigh_result(&one)), (other, weigh_result(&other)));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn look_ups_give_the_rules_all_that_they_need(
        sales in vec(sale(), 0..60),
        (name, address, usb, contract, number) in (0..3usize, 0..3usize, 0..3usize, 0..4usize, 0..6usize),
    ) {
        let journal = journal(&sales);
        check(&journal, &found(name, address, usb, contract), NUMBERS[number].parse().ok());
    }
}

/// A terminal that was replaced between the last completed transaction and the one in question: only what was shown before the
/// completed one tells.
#[test]
fn what_was_shown_before_the_last_completed_transaction_is_looked_up() {
    let shows = |contract| Sale { contract, serial_number: 1, number: 1, decision: 5, ..PLAIN };
    let refused = |contract| Sale { outcome: 5, contract, serial_number: 1, ..PLAIN };
    let unknown = Sale { outcome: 8, decision: 4, ..PLAIN };
    let sales = [shows(1), shows(0), refused(2), unknown];
    let journal = journal(&sales);
    let all = journal.list().unwrap();
    let record = all.last().unwrap();
    assert_eq!(record.state(), State::Unresolved);
    let about = records_about(&journal, record, None).unwrap();
    assert_eq!(context(&about, record, None).previous, Previous::Unknown, "another terminal stands there");
    assert_eq!(context(&about, record, None), context(&all, record, None));
    // Without the oldest it would look as if the same terminal had completed the last one.
    assert_ne!(context(&all[1..], record, None), context(&all, record, None));
}

/// However long the journal is, a few transactions are read.
#[test]
fn a_long_journal_costs_no_more_than_a_short_one() {
    let paid = Sale { number: 1, contract: 1, serial_number: 1, decision: 5, ..PLAIN };
    let unknown = Sale { outcome: 8, decision: 4, ..PLAIN };
    for length in [50, 5000] {
        let mut sales = vec![paid.clone(); length];
        sales.push(unknown.clone());
        let journal = journal(&sales);
        let record = journal.unsettled().unwrap().pop().unwrap();
        let read = |found: Vec<Record>| found.len();
        assert_eq!(read(records_about(&journal, &record, None).unwrap()), 2, "{length}");
        let key = TerminalKey::from(record.transaction());
        assert_eq!(read(records_of_terminal(&journal, &key).unwrap()), 16, "{length}");
    }
}
