//! The rules around a tip: which results a transaction may carry, what the journal takes, and what a record tells.

#![cfg(feature = "alloc")]

use caisse_payment::evidence::{AttributedResult, ShownIdentity};
use caisse_payment::{
    Amount, Blocked, Conclusion, Currency, Doubt, Operation, Outcome, PaymentMeans, Proof, Transaction,
    TransactionId, Verdict,
};
use caisse_settlement::admit::{Original, admit_original};
use caisse_settlement::attribute::{attribute, is_like_the_last, is_named_by_its_reference, looks_like};
use caisse_settlement::settle::{SettleError, append};
use caisse_settlement::weigh::{Previous, context};
use caisse_settlement::{Decision, Event, Paid, Record, TerminalIdentity, TerminalKey, WallTime};

fn euros(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::EUR)
}

fn id(text: &str) -> TransactionId {
    text.parse().unwrap()
}

fn debit(minor: u64, tip: Option<u64>) -> Transaction {
    let (terminal, dialect) = ("counter".parse().unwrap(), "ingenico".parse().unwrap());
    let debit = Transaction::new(id("a"), Operation::Debit, euros(minor), terminal, dialect);
    Transaction { allow_tip: tip.map(euros), ..debit }
}

fn conclusion(outcome: Outcome) -> Conclusion {
    Verdict { outcome, proof: Proof::Answered }.into()
}

fn record(key: &str, transaction: Transaction, outcome: Option<Outcome>, decision: Option<Paid>) -> Record {
    let at = WallTime::from_millis(1);
    let mut record = Record::new(Transaction { id: id(key), ..transaction }, at).unwrap();
    if let Some(outcome) = outcome {
        record = record.with_conclusion(conclusion(outcome), at).unwrap();
    }
    if let Some(paid) = decision {
        record = record.with_decision(Decision::new(paid, "Anne", "ticket").unwrap(), at).unwrap();
    }
    record
}

fn approved(minor: u64) -> Option<Outcome> {
    Some(Outcome::Approved { amount: euros(minor) })
}

const SILENCE: Option<Outcome> = Some(Outcome::Unknown { doubt: Doubt::Silence });

/// A result that may still come could be taken for the answer to the next transaction wherever one amount fits both.
#[test]
fn transactions_look_alike_where_one_amount_fits_both() {
    let key = TerminalKey { terminal: "counter".parse().unwrap(), address: None };
    let by_person = |tip| record("earlier", debit(2500, tip), SILENCE, Some(Paid::NotPaid));
    for (record, asked, alike) in [
        (by_person(None), debit(2500, None), true),
        (by_person(None), debit(2501, None), false),
        // The earlier one may come with a tip.
        (by_person(Some(500)), debit(2501, None), true),
        (by_person(Some(500)), debit(3000, None), true),
        (by_person(Some(500)), debit(3001, None), false),
        (by_person(Some(500)), debit(2499, None), false),
        // The next one may be approved with a tip.
        (by_person(None), debit(2000, Some(500)), true),
        (by_person(None), debit(2000, Some(499)), false),
        (by_person(None), debit(2501, Some(500)), false),
        (by_person(Some(500)), debit(2900, Some(500)), true),
        // What the terminal has approved comes with that amount alone.
        (record("earlier", debit(2500, Some(500)), approved(2700), None), debit(2700, None), true),
        (record("earlier", debit(2500, Some(500)), approved(2700), None), debit(2600, Some(100)), true),
        (record("earlier", debit(2500, Some(500)), approved(2700), None), debit(2800, None), false),
        // What a person says was paid need not be what the terminal will report.
        (
            record("earlier", debit(2500, Some(500)), SILENCE, Some(Paid::Paid(euros(2500)))),
            debit(2700, None),
            true,
        ),
    ] {
        assert_eq!(looks_like(&record, &key, &asked), alike, "{:?} {asked:?}", record.transaction());
    }
    let francs = Amount::from_minor(2600, Currency::from_numeric(756).unwrap());
    let asked = Transaction { amount: francs, ..debit(1, None) };
    assert!(!looks_like(&by_person(Some(500)), &key, &asked), "another currency");
}

#[test]
fn a_result_above_the_amount_is_proven_by_the_reference_alone() {
    let counter = TerminalIdentity::new(PaymentMeans::CaisseAp, "counter".parse().unwrap());
    let named = Transaction { reference: Some("table 4".parse().unwrap()), ..debit(2500, Some(500)) };
    let records = [record("ours", named, SILENCE, None)];
    for (reported, has_reference, unproven) in
        [(2500, false, false), (2500, true, false), (2700, true, false), (2700, false, true)]
    {
        let result = AttributedResult {
            outcome: Outcome::Approved { amount: euros(reported) },
            authorisation: None,
            has_reference,
            shown: ShownIdentity::default(),
        };
        let found = attribute(&records, &counter, None, |_| result).unwrap();
        let late = found.late_result(&records, false);
        assert_eq!((found.named, late.unproven_tip), (has_reference, unproven), "{reported}");
        assert_eq!((late.exclusive, late.same_terminal, late.like_the_last), (has_reference, true, false));
    }
    // A refusal has no amount to prove.
    let refused = AttributedResult {
        outcome: Outcome::Declined { refusal: caisse_payment::Refusal::Refused },
        authorisation: None,
        has_reference: false,
        shown: ShownIdentity::default(),
    };
    let found = attribute(&records, &counter, None, |_| refused).unwrap();
    assert!(!found.late_result(&records, true).unproven_tip);
}

#[test]
fn a_shared_reference_names_nothing_where_one_amount_fits_both() {
    let named = |minor, tip| Transaction { reference: Some("table 4".parse().unwrap()), ..debit(minor, tip) };
    for (other, alone) in [
        (named(2700, None), false),
        (named(3000, None), false),
        (named(3001, None), true),
        (named(2400, Some(100)), false),
        (named(2400, Some(99)), true),
    ] {
        let ours = record("ours", named(2500, Some(500)), SILENCE, None);
        let records = [record("other", other, approved(other.amount.minor()), None), ours.clone()];
        // What was approved without a tip comes without one.
        let comes_without = other.allow_tip.is_some();
        assert_eq!(is_named_by_its_reference(&records, &ours), alone || comes_without, "{other:?}");
        let records = [record("other", other, SILENCE, Some(Paid::NotPaid)), ours.clone()];
        assert_eq!(is_named_by_its_reference(&records, &ours), alone, "{other:?}");
    }
}

/// A result of exactly the amount asked for is no copy of a result of another amount, whatever tip is allowed.
#[test]
fn the_last_one_is_alike_by_the_amount_asked_for() {
    for (last, ours, alike) in [
        (record("last", debit(2700, None), approved(2700), None), debit(2500, Some(500)), false),
        (record("last", debit(2500, Some(500)), approved(2700), None), debit(2700, None), true),
        (record("last", debit(2500, Some(500)), SILENCE, Some(Paid::NotPaid)), debit(2700, None), true),
        (record("last", debit(2500, None), approved(2500), None), debit(2500, Some(500)), true),
    ] {
        let ours = record("ours", ours, SILENCE, None);
        assert_eq!(is_like_the_last(&[last, ours.clone()], &ours), alike, "{:?}", ours.transaction());
    }
}

/// An earlier one that a person decided may have been paid with a tip: the next one of that amount is not told apart by it.
#[test]
fn a_tip_of_an_earlier_one_is_remembered() {
    let ours = record("ours", debit(2700, None), SILENCE, None);
    for (tip, previous) in [(None, Previous::Unknown), (Some(500), Previous::Unnumbered(euros(2700)))] {
        let earlier = record("earlier", debit(2500, tip), SILENCE, Some(Paid::NotPaid));
        assert_eq!(context(&[earlier, ours.clone()], &ours, None).previous, previous);
    }
}

#[test]
fn the_journal_takes_a_tip_of_a_debit_in_its_currency_alone() {
    let francs = |minor| Amount::from_minor(minor, Currency::from_numeric(756).unwrap());
    let begin = |transaction| append(&Event::Started(transaction), WallTime::from_millis(1), None, true);
    assert!(begin(debit(2500, Some(500))).is_ok());
    for refused in [
        debit(2500, Some(0)),
        debit(2500, Some(u64::MAX)),
        Transaction { allow_tip: Some(francs(500)), ..debit(2500, None) },
        Transaction { operation: Operation::Credit, ..debit(2500, Some(500)) },
        Transaction { operation: Operation::Cheque, ..debit(2500, Some(500)) },
    ] {
        assert!(matches!(begin(refused), Err(SettleError::Refused { .. })), "{refused:?}");
    }
    // An end is in the currency of its transaction, with what the terminal reported.
    let open = record("a", debit(2500, None), None, None);
    let end = |reported| {
        let silence = conclusion(SILENCE.unwrap());
        let end = Event::Ended(Conclusion { reported_amount: Some(reported), ..silence });
        append(&end, WallTime::from_millis(2), Some(&open), true)
    };
    assert!(end(euros(2700)).is_ok());
    for refused in [francs(2700), euros(u64::MAX)] {
        assert!(matches!(end(refused), Err(SettleError::Refused { .. })), "{refused}");
    }
    // Another largest tip is another content: an id that was not sent is not sent again with it.
    let unreachable = Outcome::NotSent { reason: caisse_payment::NotSent::Unreachable };
    let not_sent = record("a", debit(2500, Some(500)), None, None)
        .with_conclusion(Verdict::nothing_sent(unreachable).into(), WallTime::from_millis(2))
        .unwrap();
    for (tip, again) in [(Some(500), true), (Some(501), false), (None, false)] {
        let start = Event::Started(debit(2500, tip));
        let result = append(&start, WallTime::from_millis(3), Some(&not_sent), true);
        assert_eq!(result.is_ok(), again, "{tip:?}");
    }
}

#[test]
fn a_record_tells_its_tip_and_what_was_reported() {
    let told = |record: &Record| (record.tip(), record.reported_amount());
    assert_eq!(told(&record("a", debit(2500, Some(500)), approved(2700), None)), (Some(euros(200)), None));
    assert_eq!(told(&record("a", debit(2500, Some(500)), approved(2500), None)), (None, None));
    let paid = |tip| record("a", debit(2500, tip), SILENCE, Some(Paid::Paid(euros(2700))));
    assert_eq!(told(&paid(Some(500))), (Some(euros(200)), None));
    assert_eq!(paid(Some(500)).verdict().outcome, Outcome::Approved { amount: euros(2700) });
    // What a person found to be paid stands, and is no tip that was allowed.
    assert_eq!(told(&paid(None)), (None, None));
    assert_eq!(paid(None).verdict().outcome, Outcome::Approved { amount: euros(2700) });
    let higher = Outcome::Unknown { doubt: Doubt::AmountHigher };
    let at = WallTime::from_millis(1);
    let reported = Conclusion { reported_amount: Some(euros(3100)), ..conclusion(higher) };
    let open = record("a", debit(2500, Some(500)), None, None);
    let doubt = open.with_conclusion(reported, at).unwrap();
    assert_eq!(told(&doubt), (None, Some(euros(3100))));
    let text = Event::Started(*doubt.transaction()).to_string();
    assert!(text.contains(", with a tip of at most 5.00 EUR, dialect"), "{text}");
    let text = Event::Ended(reported).to_string();
    assert!(text.starts_with("unknown (amount_higher), reported 31.00 EUR, answered"), "{text}");
    let decision = Decision::new(Paid::Paid(euros(3100)), "Anne", "ticket").unwrap();
    assert_eq!(told(&doubt.with_decision(decision, at).unwrap()), (None, None));
}

/// Money goes back up to what was really paid, the tip included.
#[test]
fn credits_and_cancellations_count_the_tip() {
    let original = |given_back| Original {
        transaction: debit(2500, Some(500)),
        verdict: Verdict { outcome: Outcome::Approved { amount: euros(2700) }, proof: Proof::Answered },
        is_last: true,
        given_back,
    };
    let ask = |operation, minor, given_back| {
        let asked = Transaction { operation, original: Some(id("paid")), ..debit(minor, None) };
        admit_original(&asked, Some(&original(given_back)), true)
    };
    assert_eq!(ask(Operation::Credit, 2700, 0), Ok(()));
    assert_eq!(ask(Operation::Credit, 2500, 0), Ok(()));
    assert_eq!(ask(Operation::Credit, 2701, 0), Err(Blocked::CreditExceedsOriginal));
    assert_eq!(ask(Operation::Credit, 200, 2500), Ok(()));
    assert_eq!(ask(Operation::Credit, 201, 2500), Err(Blocked::CreditExceedsOriginal));
    assert_eq!(ask(Operation::Cancellation, 2700, 0), Ok(()));
    assert_eq!(ask(Operation::Cancellation, 2500, 0), Err(Blocked::OriginalAmountDiffers));
}
