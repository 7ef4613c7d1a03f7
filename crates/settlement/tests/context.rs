//! The terminal to which a transaction was sent, as the records around it tell: by its address, or else by its name.

use caisse_payment::evidence::{Echoed, LastTransaction, ShownIdentity};
use caisse_payment::{Amount, Conclusion, Currency, Doubt, Operation, Outcome, Proof, Transaction, Verdict};
use caisse_settlement::weigh::{Context, Knowledge, Open, Previous, RecoveryFinding, context, weigh};
use caisse_settlement::{Decision, Paid, Record, TerminalIdentity, WallTime};
use core::time::Duration;

const OLD: &str = "14000000";
const SPARE: &str = "14000001";
const HERE: &str = "tcp:192.0.2.7:8888";
const ELSEWHERE: &str = "tcp:192.0.2.8:8888";

fn euros(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::EUR)
}

/// A transaction that was approved and showed this serial number; or one whose answer did not come.
fn record(id: &str, name: &str, address: &str, shown: Option<&str>) -> Record {
    let approved = Outcome::Approved { amount: euros(2500) };
    let outcome = if shown.is_some() { approved } else { Outcome::Unknown { doubt: Doubt::Silence } };
    let at = WallTime::from_millis(0);
    let (id, terminal, dialect) = (id.parse().unwrap(), name.parse().unwrap(), "nepting".parse().unwrap());
    let transaction = Transaction {
        address: address.parse().ok(),
        ..Transaction::new(id, Operation::Debit, euros(2500), terminal, dialect)
    };
    let conclusion = Conclusion {
        authorisation: shown.map(|_| "004711".parse().unwrap()),
        serial_number: shown.map(|number| number.parse().unwrap()),
        ..Conclusion::from(Verdict { outcome, proof: Proof::PerhapsSent })
    };
    Record::new(transaction, at).unwrap().with_conclusion(conclusion, at).unwrap()
}

/// What "the last transaction was not completed" proves about the last of these records, from a terminal that is reached as
/// recorded and shows this serial number.
fn weighed(records: &[Record], shows: &str) -> RecoveryFinding {
    let ours = records.last().unwrap();
    let Context { terminal, previous, of_another } = context(records, ours, None);
    let shown = ShownIdentity { contract: None, serial_number: shows.parse().ok() };
    let known = Knowledge {
        operation: Operation::Debit,
        amount: euros(2500),
        allow_tip: None,
        exclusive: true,
        recorded: terminal,
        found: TerminalIdentity::of(ours.transaction()).showing(shown),
        previous,
        of_another,
        time_left: Duration::ZERO,
    };
    weigh(&LastTransaction::NotCompleted, &known)
}

const ANOTHER: RecoveryFinding = RecoveryFinding::Open(Open::AnotherTerminal);

/// Two tills call one terminal by different names. A spare one takes its place: what the terminal showed under the other name
/// tells the two apart.
#[test]
fn a_terminal_is_known_by_what_it_showed_at_its_address() {
    let records = [record("a", "front", HERE, Some(OLD)), record("b", "counter", HERE, None)];
    assert_eq!(weighed(&records, SPARE), ANOTHER);
    assert_eq!(weighed(&records, OLD), RecoveryFinding::NotPaid);
    // The newest identity at the address counts.
    let records = [
        record("a", "counter", HERE, Some(OLD)),
        record("b", "front", HERE, Some(SPARE)),
        record("c", "counter", HERE, None),
    ];
    assert_eq!(weighed(&records, OLD), ANOTHER);
    assert_eq!(weighed(&records, SPARE), RecoveryFinding::NotPaid);
}

/// A terminal gets a new address, and then another one gets that address, before the first has answered there.
#[test]
fn a_terminal_that_moved_is_known_by_what_it_showed_under_its_name() {
    let records = [record("a", "front", ELSEWHERE, Some(OLD)), record("b", "front", HERE, None)];
    assert_eq!(weighed(&records, SPARE), ANOTHER);
    assert_eq!(weighed(&records, OLD), RecoveryFinding::NotPaid);
    // The address says more than the name.
    let records = [
        record("a", "front", HERE, Some(SPARE)),
        record("b", "front", ELSEWHERE, Some(OLD)),
        record("c", "front", HERE, None),
    ];
    assert_eq!(weighed(&records, SPARE), RecoveryFinding::NotPaid);
    assert_eq!(weighed(&records, OLD), ANOTHER);
}

/// The number of a transaction under another name is not that of the one before: it may be another terminal's.
#[test]
fn another_name_gives_no_previous_transaction() {
    let records = [record("a", "front", HERE, Some(OLD)), record("b", "counter", HERE, None)];
    assert_eq!(context(&records, &records[1], None).previous, Previous::Unknown);
    let completed = LastTransaction::Completed {
        minor: Some(2500),
        currency: Some(978),
        authorisation: "004712".parse().ok(),
        reference: Echoed::Absent,
    };
    let Context { terminal, previous, of_another } = context(&records, &records[1], None);
    let known = Knowledge {
        operation: Operation::Debit,
        amount: euros(2500),
        allow_tip: None,
        exclusive: true,
        recorded: terminal,
        found: terminal,
        previous,
        of_another,
        time_left: Duration::ZERO,
    };
    assert_eq!(weigh(&completed, &known), RecoveryFinding::Open(Open::PerhapsEarlier));
}

/// The terminal may have completed any transaction where events were lost: its report about the last one proves nothing about
/// the first payment after the loss, whoever has settled what was lost.
#[test]
fn a_report_after_lost_events_proves_nothing_about_the_next_payment() {
    let before = record("before", "counter", HERE, Some(OLD));
    let ours = record("ours", "counter", HERE, None);
    let at = WallTime::from_millis(0);
    let begun = |outcome| {
        let of_nothing =
            Transaction { amount: euros(0), ..*record("lost", "counter", HERE, None).transaction() };
        let conclusion = Conclusion::from(Verdict { outcome, proof: Proof::PerhapsSent });
        Record::new(of_nothing, at).unwrap().with_conclusion(conclusion, at).unwrap()
    };
    let unknown = begun(Outcome::Unknown { doubt: Doubt::Silence });
    let number = "004712".parse().ok();
    let weighed = |records: &[Record]| {
        let Context { terminal, previous, of_another } = context(records, &ours, number);
        let known = Knowledge {
            operation: Operation::Debit,
            amount: euros(2500),
            allow_tip: None,
            exclusive: true,
            recorded: terminal,
            found: terminal,
            previous,
            of_another,
            time_left: Duration::ZERO,
        };
        let told = LastTransaction::Completed {
            minor: Some(2500),
            currency: Some(Currency::EUR.numeric()),
            authorisation: number,
            reference: Echoed::Absent,
        };
        weigh(&told, &known)
    };
    assert_eq!(weighed(&[before.clone(), ours.clone()]), RecoveryFinding::Paid(euros(2500)));
    // An unknown end that is no loss changes nothing: no payment begins behind one.
    assert_eq!(weighed(&[before.clone(), unknown, ours.clone()]), RecoveryFinding::Paid(euros(2500)));
    let lost = begun(Outcome::Unknown { doubt: Doubt::Salvaged });
    let open = RecoveryFinding::Open(Open::PerhapsEarlier);
    assert_eq!(weighed(&[before.clone(), lost.clone(), ours.clone()]), open);
    let decision = Decision::new(Paid::NotPaid, "Anne", "looked").unwrap();
    let lost = lost.with_decision(decision, at).unwrap();
    assert_eq!(weighed(&[before, lost, ours.clone()]), open);
}
