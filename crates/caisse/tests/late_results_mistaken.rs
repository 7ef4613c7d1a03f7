//! Results that look like others: nothing is settled, disputed or held back by what may be another transaction's.

#[path = "support/scripted_line.rs"]
mod scripted_line;

use caisse_journal::Event;
use caisse_payment::Transaction;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use caisse::{
    Decision, Dialect, Journal, LinkKind, MemoryJournal, Outcome, Paid, PaymentRequest, RecoveryFinding,
    Till, WallTime,
};
use scripted_line::*;

/// Sale 1 had no reference; sale 2 of the same amount has one, on a terminal that gives it back. An answer without
/// reference is sale 1's.
#[test]
fn an_answer_without_our_reference_is_not_ours_where_a_late_result_is_possible() {
    let dialect = Dialect::PAYXPRESS;
    let journal = journal_with(&dialect, Some(SILENCE), Some(Paid::NotPaid));
    let line = Line::new(&journal, &[]);
    let line = Line {
        says: Arc::new(Mutex::new(
            [ACK.to_vec(), [ACK, ENQ].concat(), framed(APPROVED), EOT.to_vec()].into(),
        )),
        ..line
    };
    let request = PaymentRequest::debit(euros(999)).reference("R-2".parse().unwrap());
    let payment = till(dialect, &journal, &line, false).pay(request).unwrap();
    assert!(
        !matches!(
            payment.outcome,
            Outcome::Approved { .. } | Outcome::NotSent { .. } | Outcome::Blocked { .. }
        ),
        "{:?} {:#?}",
        payment.outcome,
        line.log()
    );
}

/// The sale before was refused, and proof came that it was paid after all: the terminal's last transaction may be it.
#[test]
fn a_disputed_sale_before_can_be_the_last_one() {
    let mut dialect = Dialect::INGENICO;
    dialect.duplicata = caisse::Duplicata::Fields;
    let approved = Outcome::Approved { amount: euros(300) };
    let declined = Outcome::Declined { refusal: caisse::Refusal::Refused };
    let mut journal = MemoryJournal::new();
    add(&journal, &dialect, "sale-0", 300, Some(approved), Some("000001"));
    add(&journal, &dialect, "sale-1", 999, Some(declined), None);
    let dispute = caisse::Dispute::new(Paid::Paid(euros(999)), "late result, told on the line").unwrap();
    journal.append(&id("sale-1"), &Event::Disputed(dispute), WallTime::now()).unwrap();
    add(&journal, &dialect, "sale-2", 999, Some(SILENCE), None);
    // What is the last one on the terminal is sale 1.
    let line = Line::new(&journal, &[b"CZ0040301CA00201CB003999CD0013CE003978AE00210AC006000002"]);
    let recovered = Till::builder()
        .link(line.clone(), LinkKind::Stream)
        .terminal_id("counter")
        .dialect(dialect)
        .exclusive(true)
        .journal(journal.clone())
        .build()
        .unwrap()
        .recover()
        .unwrap();
    assert!(!matches!(recovered[0].finding, RecoveryFinding::Paid(_)), "{recovered:?}");
}

/// The machine sleeps, so that the clock for timers stands still; then a sale is decided, and as long as a transaction
/// may take passes on both clocks.
#[test]
fn after_a_sleep_nothing_is_blocked_for_longer_than_a_transaction() {
    struct Sleepy(std::time::Instant);
    impl caisse::Clock for Sleepy {
        fn now(&self) -> caisse_hal::Instant {
            let asleep = Duration::from_secs(4);
            caisse_hal::Instant::from_millis(
                u64::try_from(self.0.elapsed().saturating_sub(asleep).as_millis()).unwrap(),
            )
        }
    }
    let mut dialect = Dialect::CONCERT_E_PLUS;
    dialect.longest_transaction = Duration::from_secs(1);
    let journal = MemoryJournal::new();
    let line = Line::new(&journal, &[]);
    let builder =
        Till::builder().link(line.clone(), LinkKind::Serial).terminal_id("counter").dialect(hasty(dialect));
    let mut till = builder.journal(journal.clone()).clock(Sleepy(std::time::Instant::now())).build().unwrap();
    std::thread::sleep(Duration::from_millis(4100));
    add(&journal, &dialect, "sale-1", 999, Some(SILENCE), None);
    let mut other = journal.clone();
    let lock = other.lock(&"counter".parse().unwrap()).unwrap();
    other
        .resolve(
            &lock,
            &id("sale-1"),
            &Decision::new(Paid::NotPaid, "Anne", "no ticket").unwrap(),
            WallTime::now(),
        )
        .unwrap();
    drop(lock);
    std::thread::sleep(Duration::from_millis(1500));
    // From when this till first looked, for it cannot know what passed before.
    let waits = Outcome::Blocked { reason: caisse::Blocked::LateResultPossible };
    assert_eq!(till.pay(PaymentRequest::debit(euros(999))).unwrap().outcome, waits);
    std::thread::sleep(Duration::from_millis(1100));
    let outcome = till.pay(PaymentRequest::debit(euros(999))).unwrap().outcome;
    assert!(matches!(outcome, Outcome::NotSent { .. }), "{outcome:?}");
}

/// On a line that was there before, a refusal that repeats nothing belongs to no transaction; here it answers a duplicata.
#[test]
fn a_bare_refusal_on_a_line_proves_nothing() {
    let mut dialect = Dialect::INGENICO;
    dialect.duplicata = caisse::Duplicata::Fields;
    dialect.longest_transaction = Duration::ZERO;
    let journal = journal_with(&dialect, Some(SILENCE), None);
    let line = Line::new(&journal, &[]);
    let line = Line {
        says: Arc::new(Mutex::new(
            [
                ACK.to_vec(),
                [ACK, ENQ].concat(),
                framed("CZ0040300AE00201AF00207"),
                EOT_ENQ.to_vec(),
                framed(APPROVED),
                EOT.to_vec(),
            ]
            .into(),
        )),
        ..line
    };
    let recovered = till(dialect, &journal, &line, true).recover().unwrap();
    assert_ne!(recovered[0].finding, RecoveryFinding::NotPaid, "{recovered:?} {:#?}", line.log());
}

/// The customer of order 7 pays again under a new id: the reference is the order's both times.
#[test]
fn a_reference_that_was_used_before_tells_nothing_apart() {
    let dialect = Dialect::PAYXPRESS;
    let journal = with_reference(&dialect, Some(SILENCE), None, "order-7");
    let mut other = journal.clone();
    let lock = other.lock(&"counter".parse().unwrap()).unwrap();
    other
        .resolve(
            &lock,
            &id("sale-1"),
            &Decision::new(Paid::NotPaid, "Anne", "no ticket").unwrap(),
            WallTime::now(),
        )
        .unwrap();
    drop(lock);
    let line = Line::new(&journal, &[]);
    let late = "CZ0040320CA00201CB003999CD0010CE003978CF007order-7AE00210AC006000001";
    let line = Line {
        says: Arc::new(Mutex::new([ACK.to_vec(), [ACK, ENQ].concat(), framed(late), EOT.to_vec()].into())),
        ..line
    };
    let request = PaymentRequest::debit(euros(999)).reference("order-7".parse().unwrap());
    let payment = till(dialect, &journal, &line, true).pay(request).unwrap();
    // It was sale 1's answer, for all that the till can know.
    let waits = Outcome::Blocked { reason: caisse::Blocked::LateResultPossible };
    assert!(
        payment.outcome == waits || payment.outcome.is_unknown(),
        "{:?} {:#?}",
        payment.outcome,
        line.log()
    );
}

/// Two guests share a bill: the same amount twice, with the reference of the table. The first has paid; the second
/// payment was lost, and the terminal's last transaction is the first.
#[test]
fn the_reference_of_a_shared_bill_proves_nothing() {
    let mut dialect = Dialect::PAYXPRESS;
    dialect.duplicata = caisse::Duplicata::Fields;
    let approved = Outcome::Approved { amount: euros(999) };
    let journal = with_reference(&dialect, Some(approved), Some("000001"), "table-12");
    let told = "CZ0040320CA00201CB003999CD0013CE003978CF008table-12AE00210AC006000001";
    let line = Line::new(&journal, &[b"", told.as_bytes()]);
    let mut till = Till::builder()
        .link(line.clone(), LinkKind::Stream)
        .terminal_id("counter")
        .dialect(dialect)
        .journal(journal.clone())
        .exclusive(true)
        .answer_timeout(Duration::from_millis(200))
        .build()
        .unwrap();
    let request = PaymentRequest::debit(euros(999)).id(id("sale-2")).reference("table-12".parse().unwrap());
    assert!(till.pay(request).unwrap().outcome.is_unknown());
    till = Till::builder()
        .link(line.clone(), LinkKind::Stream)
        .terminal_id("counter")
        .dialect(dialect)
        .journal(journal.clone())
        .exclusive(true)
        .build()
        .unwrap();
    let recovered = till.recover().unwrap();
    assert!(!matches!(recovered[0].finding, RecoveryFinding::Paid(_)), "{recovered:?} {:#?}", line.log());
}

/// Of a terminal that others use too only the echo of the transaction's own reference counts.
#[test]
fn our_own_reference_settles_a_late_result_on_a_shared_terminal() {
    let dialect = Dialect::PAYXPRESS;
    let journal = with_reference(&dialect, Some(SILENCE), None, "order-7");
    let late = "CZ0040320CA00201CB003999CD0010CE003978CF007order-7AE00210AC006000001";
    let line = Line::new(&journal, &[&framed(late), EOT]).calling();
    let recovered = till(dialect, &journal, &line, false).recover().unwrap();
    assert_eq!(
        recovered[0].finding,
        RecoveryFinding::Paid(euros(999)),
        "not exclusive: only the echo of its own reference counts"
    );
}

/// A sale was made under a clock that was an hour (or a year) ahead, and decided. The clock is right again: the same
/// amount waits for as long as a transaction may take, and not for the hour.
#[test]
fn a_sale_in_the_future_blocks_its_amount_for_no_longer_than_a_transaction() {
    let mut dialect = Dialect::CONCERT_E_PLUS;
    dialect.longest_transaction = Duration::from_secs(1);
    let mut journal = MemoryJournal::new();
    for event in journal_with(&dialect, Some(SILENCE), None).events(&id("sale-1")).unwrap() {
        let ahead = WallTime::from_millis(WallTime::now().millis() + 3_600_000);
        journal.append(&id("sale-1"), &event.event, ahead).unwrap();
    }
    let lock = journal.lock(&"counter".parse().unwrap()).unwrap();
    let word = Decision::new(Paid::NotPaid, "Anne", "no ticket").unwrap();
    // Under the same clock: a decision under the right one would tell when the sale was over.
    let ahead = WallTime::from_millis(WallTime::now().millis() + 3_600_000);
    journal.resolve(&lock, &id("sale-1"), &word, ahead).unwrap();
    drop(lock);
    // And a second one like it: each has its own time.
    let second =
        Transaction { id: id("sale-2"), ..*journal.find(&id("sale-1")).unwrap().unwrap().transaction() };
    journal.append(&second.id, &Event::Started(second), ahead).unwrap();
    let lock = journal.lock(&"counter".parse().unwrap()).unwrap();
    journal.resolve(&lock, &id("sale-2"), &word, ahead).unwrap();
    drop(lock);
    let line = Line::new(&journal, &[]);
    let mut till = till(dialect, &journal, &line, true);
    std::thread::sleep(Duration::from_millis(1500));
    // From when this till first looked, for it cannot know what passed before.
    let waits = Outcome::Blocked { reason: caisse::Blocked::LateResultPossible };
    assert_eq!(till.pay(PaymentRequest::debit(euros(999))).unwrap().outcome, waits);
    std::thread::sleep(Duration::from_millis(1100));
    let outcome = till.pay(PaymentRequest::debit(euros(999))).unwrap().outcome;
    assert!(matches!(outcome, Outcome::NotSent { .. }), "{outcome:?}");
}

/// The same journal, its start and end written under a clock that stood elsewhere, its decision under this one.
fn written_at(journal: &MemoryJournal, begun: WallTime, decided: WallTime) -> MemoryJournal {
    let mut other = MemoryJournal::new();
    for recorded in journal.events(&id("sale-1")).unwrap() {
        match recorded.event {
            Event::Resolved(decision) => {
                let lock = other.lock(&"counter".parse().unwrap()).unwrap();
                other.resolve(&lock, &id("sale-1"), &decision, decided).unwrap();
            }
            event => other.append(&id("sale-1"), &event, begun).unwrap(),
        }
    }
    other
}

/// The sale was taken under a clock that stood in the future, and was decided after it had been set right. A till that is
/// started for each payment, as the command is, must not wait until that future comes.
#[test]
fn a_start_in_the_future_does_not_block_every_new_till() {
    let mut dialect = Dialect::CONCERT_E_PLUS;
    dialect.longest_transaction = Duration::from_secs(1);
    let journal = journal_with(&dialect, Some(SILENCE), Some(Paid::NotPaid));
    let journal = written_at(&journal, WallTime::from_millis(4_000_000_000_000), WallTime::now());
    let pay = || {
        let line = Line::new(&journal, &[]);
        till(dialect, &journal, &line, false).pay(PaymentRequest::debit(euros(999))).unwrap().outcome
    };
    assert_eq!(pay(), Outcome::Blocked { reason: caisse::Blocked::LateResultPossible });
    std::thread::sleep(Duration::from_millis(1_600));
    assert!(matches!(pay(), Outcome::NotSent { .. }), "{:?}", pay());
}
