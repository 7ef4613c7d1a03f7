//! Tips across a lost answer: what a duplicata and a late result prove of an amount above the one asked for.

#[path = "support/scripted_line.rs"]
mod scripted_line;
#[path = "support/scripted_tcp.rs"]
mod scripted_tcp;

use caisse_payment::Transaction;
use std::thread;
use std::time::Duration;

use caisse::{
    Amount, Blocked, Currency, Dialect, Evidence, Journal, MemoryJournal, Open, Outcome, PayError,
    PaymentRequest, RecordState, RecoveryFinding, RequestError, Till,
};
use caisse_journal::{Decision, Event, Paid, WallTime};
use scripted_line::{ACK, ENQ, EOT, Line, framed, id};
use scripted_tcp::{approved, builder, debit, duplicata, euros, scripted};

/// A bill of 25.00 and a tip of at most 5.00.
fn bill(reference: Option<&str>) -> PaymentRequest {
    let request = debit("bill", 2500).allow_tip(euros(500));
    match reference {
        Some(reference) => request.reference(reference.parse().unwrap()),
        None => request,
    }
}

/// The till at a terminal that loses the answer to the bill, and reports its last transaction when it is asked.
fn recovered(
    request: PaymentRequest,
    exclusive: bool,
    echoes: bool,
    report: String,
) -> (RecoveryFinding, Till) {
    let longest = Duration::from_millis(200);
    let address = scripted(vec![approved(300, "OLD123"), String::new(), report]);
    let mut dialect = Dialect::NEPTING;
    (dialect.longest_transaction, dialect.optional.reference) = (longest, echoes);
    let till = builder("counter", &address, MemoryJournal::new(), longest);
    let mut till = till.dialect(dialect).exclusive(exclusive).build().unwrap();
    assert!(till.pay(debit("before", 300)).unwrap().outcome.approved_amount().is_some());
    assert!(till.pay(request).unwrap().outcome.is_unknown());
    thread::sleep(longest);
    let recovered = till.recover().unwrap();
    let Evidence::Duplicata { .. } = recovered[0].evidence else { panic!("{recovered:?}") };
    (recovered[0].finding, till)
}

/// Another payment of 27.00 would have the same report.
#[test]
fn a_duplicata_above_the_amount_proves_a_tip_by_the_reference_alone() {
    let with_reference =
        |minor, reference: &str| format!("{}CF{:03}{reference}", duplicata(minor, "NEW123"), reference.len());
    let another_amount = RecoveryFinding::Open(Open::AnotherAmount);
    for (report, exclusive, finding) in [
        (with_reference(2700, "table-4"), true, RecoveryFinding::Paid(euros(2700))),
        (with_reference(2700, "table-4"), false, RecoveryFinding::Paid(euros(2700))),
        (with_reference(3000, "table-4"), false, RecoveryFinding::Paid(euros(3000))),
        (with_reference(2500, "table-4"), false, RecoveryFinding::Paid(euros(2500))),
        (with_reference(3001, "table-4"), true, another_amount),
        (with_reference(2499, "table-4"), true, another_amount),
        (with_reference(2700, "table-5"), true, another_amount),
        (duplicata(2700, "NEW123"), true, another_amount),
        (duplicata(2700, "NEW123"), false, another_amount),
        (duplicata(2500, "NEW123"), true, RecoveryFinding::Paid(euros(2500))),
    ] {
        let (found, till) = recovered(bill(Some("table-4")), exclusive, true, report.clone());
        assert_eq!(found, finding, "{report} exclusive: {exclusive}");
        let record = till.journal().find(&id("bill")).unwrap().unwrap();
        match finding {
            RecoveryFinding::Paid(amount) => {
                assert_eq!(record.verdict().outcome, Outcome::Approved { amount });
                assert_eq!(record.tip(), amount.checked_sub(euros(2500)).filter(|tip| !tip.is_zero()));
            }
            _ => assert_eq!(record.state(), RecordState::Unresolved),
        }
    }
    // A reference that does not come back names nothing, and a tip that was not allowed is none.
    let (found, _) = recovered(bill(None), true, false, duplicata(2700, "NEW123"));
    assert_eq!(found, another_amount);
    let without = debit("bill", 2500).reference("table-4".parse().unwrap());
    let (found, _) = recovered(without, true, true, with_reference(2700, "table-4"));
    assert_eq!(found, another_amount);
}

/// A journal with the bill, whose answer has not come; of a dialect whose terminals give the reference back, or not.
fn open_bill(dialect: &Dialect, reference: Option<&str>) -> MemoryJournal {
    let empty = scripted_line::journal_with(dialect, None, None);
    let mut journal = MemoryJournal::new();
    let start = Transaction {
        allow_tip: Some(euros(500)),
        reference: reference.map(|reference| reference.parse().unwrap()),
        ..*empty.find(&id("sale-1")).unwrap().unwrap().transaction()
    };
    journal.append(&start.id, &Event::Started(start), WallTime::now()).unwrap();
    journal
}

const REPORTED: &str = "CZ0040301CA00201CB0041199CD0010CE003978AE00210";

/// The terminal reports 11.99 for a payment of 9.99, after the till has gone.
#[test]
fn a_late_result_above_the_amount_proves_a_tip_by_the_reference_alone() {
    let mut echoing = Dialect::INGENICO;
    echoing.optional.reference = true;
    let named = format!("{REPORTED}CF007table-4");
    let exact = REPORTED.replace("CB0041199", "CB003999");
    let another_amount = RecoveryFinding::Open(Open::AnotherAmount);
    for (dialect, body, exclusive, finding) in [
        (echoing, &named, false, RecoveryFinding::Paid(euros(1199))),
        (echoing, &named, true, RecoveryFinding::Paid(euros(1199))),
        (echoing, &REPORTED.to_owned(), true, another_amount),
        (Dialect::INGENICO, &REPORTED.to_owned(), true, another_amount),
        (Dialect::INGENICO, &named, true, another_amount),
        (Dialect::INGENICO, &exact, true, RecoveryFinding::Paid(euros(999))),
    ] {
        let journal = open_bill(&dialect, Some("table-4"));
        let line = Line::new(&journal, &[&framed(body), EOT]);
        let calling = Line { coming: ENQ.to_vec(), ..line.clone() };
        let recovered = scripted_line::till(dialect, &journal, &calling, exclusive).recover().unwrap();
        let finding_and_evidence =
            (recovered[0].finding, matches!(recovered[0].evidence, Evidence::LateResult(_)));
        assert_eq!(finding_and_evidence, (finding, true), "{body} {}", dialect.name);
        let settled = matches!(finding, RecoveryFinding::Paid(_));
        let state = if settled { RecordState::Final } else { RecordState::Unresolved };
        assert_eq!(line.when_sent(ACK, 1), Some(state), "filed before it is acknowledged");
    }
}

/// A person has decided that an earlier payment was not paid. Its result may still come with a tip, and would look like the
/// answer to the next payment of that amount.
#[test]
fn a_late_result_with_a_tip_holds_back_the_next_payment_that_it_could_answer() {
    for (request, blocked) in [
        (debit("next", 999), true),
        (debit("next", 1199), true),
        (debit("next", 1499), true),
        (debit("next", 1500), false),
        (debit("next", 998), false),
        (debit("next", 900).allow_tip(euros(99)), true),
        (debit("next", 900).allow_tip(euros(98)), false),
    ] {
        let journal = open_bill(&Dialect::INGENICO, None);
        let lock = journal.lock(&"counter".parse().unwrap()).unwrap();
        let decision = Decision::new(Paid::NotPaid, "Anne", "no ticket").unwrap();
        journal.clone().resolve(&lock, &id("sale-1"), &decision, WallTime::now()).unwrap();
        drop(lock);
        let line = Line::new(&journal, &[]);
        let payment =
            scripted_line::till(Dialect::INGENICO, &journal, &line, true).pay(request.clone()).unwrap();
        let held = payment.outcome == Outcome::Blocked { reason: Blocked::LateResultPossible };
        assert_eq!(held, blocked, "{request:?}: {:?}", payment.outcome);
    }
}

#[test]
fn a_tip_that_cannot_be_asked_for_is_an_error_before_anything_is_recorded() {
    let francs = Amount::from_minor(500, Currency::from_code("CHF").unwrap());
    let journal = MemoryJournal::new();
    let mut till =
        builder("counter", "tcp://127.0.0.1:9", journal, Duration::from_secs(300)).build().unwrap();
    for (request, error) in [
        (
            PaymentRequest::credit(euros(2500)).allow_tip(euros(5)),
            RequestError::Tip(caisse::Operation::Credit),
        ),
        (PaymentRequest::debit(euros(2500)).allow_tip(euros(0)), RequestError::ZeroTip),
        (
            PaymentRequest::debit(euros(2500)).allow_tip(francs),
            RequestError::TipCurrency { tip: francs.currency(), amount: Currency::EUR },
        ),
    ] {
        assert_eq!(request.validate(&Dialect::NEPTING), Err(error));
        assert!(matches!(till.pay(request), Err(PayError::Request(found)) if found == error));
    }
    assert!(till.journal().list().unwrap().is_empty());
}
