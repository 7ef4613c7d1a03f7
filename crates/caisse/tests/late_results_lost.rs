//! A terminal tells a result once: none that it hears to be taken is lost, whatever the till is doing, and whatever fails.

#[path = "support/scripted_line.rs"]
mod scripted_line;

use std::sync::{Arc, Mutex};

use caisse::{
    Decision, Dialect, Journal, MemoryJournal, Outcome, Paid, PaymentRequest, RecordState, RecoveryFinding,
    WallTime,
};
use scripted_line::*;

/// The filing fails, for a moment, and the terminal is told all the same that somebody has its result.
#[test]
fn a_payment_acknowledges_no_result_that_could_not_be_filed() {
    let dialect = Dialect::CONCERT_E_PLUS;
    let journal = journal_with(&dialect, Some(SILENCE), Some(Paid::NotPaid));
    let failing = journal.clone();
    let line = Line::new(&journal, &[ENQ, &framed(E_APPROVED), EOT, ACK, ACK, ENQ, &framed(OURS_E), EOT])
        .hooked(move |bytes, before| {
            if bytes == ACK && before == 1 {
                failing.fail_next_append();
            }
        });
    let payment = till(dialect, &journal, &line, false).pay(PaymentRequest::debit(euros(1242))).unwrap();
    let acknowledged = line.sent.lock().unwrap().iter().filter(|(bytes, _)| bytes == ACK).count() > 1;
    assert!(
        !acknowledged || state(&journal, "sale-1") == RecordState::Disputed,
        "acknowledged and kept nowhere; the payment: {payment:?}; {:#?}",
        line.log()
    );
}

/// The terminal has another result to tell right behind our answer, and the reads of the line come in one piece.
#[test]
fn a_result_behind_our_answer_is_filed() {
    let dialect = Dialect::CONCERT_E_PLUS;
    let journal = journal_with(&dialect, Some(SILENCE), Some(Paid::NotPaid));
    let line = Line::new(&journal, &[ACK, ACK, ENQ, &framed(OURS_E), EOT_ENQ, &framed(E_APPROVED), EOT]);
    // ENQ, message, and then the terminal calls.
    let line = Line {
        says: Arc::new(Mutex::new(
            [
                ACK.to_vec(),
                [ACK, EOT_ENQ].concat(),
                framed(OURS_E),
                EOT_ENQ.to_vec(),
                framed(E_APPROVED),
                EOT.to_vec(),
            ]
            .into(),
        )),
        ..line
    };
    let payment = till(dialect, &journal, &line, false).pay(PaymentRequest::debit(euros(1242))).unwrap();
    assert_eq!(payment.outcome, Outcome::Approved { amount: euros(1242) }, "{:#?}", line.log());
    let acknowledged = line.sent.lock().unwrap().iter().filter(|(bytes, _)| bytes == ACK).count() > 3;
    assert!(
        !acknowledged || state(&journal, "sale-1") == RecordState::Disputed,
        "acknowledged and kept nowhere: {:#?}",
        line.log()
    );
}

/// The cashier cancels while the terminal tells the sale before.
#[test]
fn a_result_that_comes_while_the_cashier_cancels_is_filed() {
    let dialect = Dialect::CONCERT_E_PLUS;
    let journal = journal_with(&dialect, Some(SILENCE), Some(Paid::NotPaid));
    let line = Line::new(&journal, &[ENQ, &framed(E_APPROVED), EOT]);
    let handle: Arc<Mutex<Option<caisse::CancelHandle>>> = Arc::default();
    let cancel = handle.clone();
    let line = line.hooked(move |bytes, before| {
        if bytes == ACK && before == 1 {
            cancel.lock().unwrap().as_ref().unwrap().cancel();
        }
    });
    let mut till = till(dialect, &journal, &line, false);
    *handle.lock().unwrap() = Some(till.cancel_handle());
    let payment = till.pay(PaymentRequest::debit(euros(1242))).unwrap();
    let acknowledged = line.sent.lock().unwrap().iter().filter(|(bytes, _)| bytes == ACK).count() > 1;
    assert!(
        !acknowledged || state(&journal, "sale-1") == RecordState::Disputed,
        "acknowledged and kept nowhere: {payment:?} {:#?}",
        line.log()
    );
}

/// Sale 1 was decided as not paid; sale 2 is in doubt. While sale 2 is looked into the terminal tells sale 1.
#[test]
fn recovery_files_a_result_of_the_sale_before_the_one_in_doubt() {
    let dialect = Dialect::CONCERT_E_PLUS;
    for exclusive in [true, false] {
        let journal = journal_with(&dialect, Some(SILENCE), Some(Paid::NotPaid));
        add(&journal, &dialect, "sale-2", 1242, Some(SILENCE), None);
        let line = Line::new(&journal, &[&framed(E_APPROVED), EOT]).calling();
        let _ = till(dialect, &journal, &line, exclusive).recover().unwrap();
        assert_eq!(line.when_sent(ACK, 1), Some(RecordState::Disputed), "{:#?}", line.log());
    }
}

/// The same in a payment: sale 2 reached the terminal after sale 1, and was settled.
#[test]
fn a_payment_files_a_result_of_the_sale_before_the_last() {
    let dialect = Dialect::CONCERT_E_PLUS;
    let journal = journal_with(&dialect, Some(SILENCE), Some(Paid::NotPaid));
    add(&journal, &dialect, "sale-2", 500, Some(SILENCE), None);
    let mut other = journal.clone();
    let lock = other.lock(&"counter".parse().unwrap()).unwrap();
    let word = Decision::new(Paid::NotPaid, "Anne", "no ticket").unwrap();
    other.resolve(&lock, &id("sale-2"), &word, WallTime::now()).unwrap();
    drop(lock);
    let line = told_before_the_next(dialect, &journal, E_APPROVED, OURS_E);
    assert_eq!(line.when_sent(ACK, 1), Some(RecordState::Disputed), "{:#?}", line.log());
}

/// One dispute is one event, whatever else is told.
#[test]
fn a_dispute_is_written_once() {
    let dialect = Dialect::CONCERT_E_PLUS;
    let journal = journal_with(&dialect, Some(SILENCE), Some(Paid::NotPaid));
    let stranger = "020000004441978          ";
    let line = Line::new(
        &journal,
        &[ENQ, &framed(E_APPROVED), EOT_ENQ, &framed(stranger), EOT, ACK, ACK, ENQ, &framed(OURS_E), EOT],
    );
    let _ = till(dialect, &journal, &line, false).pay(PaymentRequest::debit(euros(1242))).unwrap();
    let disputes = journal
        .events(&id("sale-1"))
        .unwrap()
        .iter()
        .filter(|event| matches!(event.event, caisse_journal::Event::Disputed(_)))
        .count();
    assert_eq!(disputes, 1, "{:#?}", line.log());
}

/// Two results instead of the duplicata: a refusal, and then the approval.
#[test]
fn an_approval_after_a_refusal_is_not_swallowed() {
    let mut dialect = Dialect::INGENICO;
    dialect.duplicata = caisse::Duplicata::Fields;
    let declined = "CZ0040301CA00201CB003999CD0010CE003978AE00201AF00207";
    let journal = journal_with(&dialect, Some(SILENCE), None);
    let line = Line::new(&journal, &[]);
    let line = Line {
        says: Arc::new(Mutex::new(
            [
                ACK.to_vec(),
                [ACK, ENQ].concat(),
                framed(declined),
                EOT_ENQ.to_vec(),
                framed(APPROVED),
                EOT.to_vec(),
            ]
            .into(),
        )),
        ..line
    };
    let recovered = till(dialect, &journal, &line, true).recover().unwrap();
    let record = journal.find(&id("sale-1")).unwrap().unwrap();
    let heard = line.sent.lock().unwrap().iter().filter(|(bytes, _)| bytes == ACK).count();
    assert!(
        !(record.told().outcome.approved_amount().is_none() && record.state() == RecordState::Final),
        "heard {heard}: {:?} {recovered:?} {:#?}",
        record.told(),
        line.log()
    );
    assert!(!matches!(recovered[0].finding, RecoveryFinding::NotPaid), "{recovered:?}");
}

/// A payment looks into the one before by itself; what the terminal then says is told to nobody.
#[test]
fn what_a_payment_hears_of_an_open_one_is_told_to_somebody() {
    let dialect = Dialect::NEPTING;
    let journal = journal_with(&dialect, Some(SILENCE), None);
    let line = Line::new(&journal, &[&framed(APPROVED), EOT]).calling();
    let payment = till(dialect, &journal, &line, false).pay(PaymentRequest::debit(euros(1242))).unwrap();
    let acknowledged = line.sent.lock().unwrap().iter().filter(|(bytes, _)| bytes == ACK).count() > 1;
    let kept = journal.events(&id("sale-1")).unwrap().len() > 2;
    assert!(!acknowledged || kept || payment.late_answers > 0, "{payment:?} {:#?}", line.log());
}

/// The first message of a session that recovery hears is nobody's, the second is the sale's.
#[test]
fn recovery_hears_the_second_message_too() {
    let dialect = Dialect::CONCERT_E_PLUS;
    let journal = journal_with(&dialect, Some(SILENCE), None);
    let line =
        Line::new(&journal, &[&framed("020000004441978          "), EOT_ENQ, &framed(E_APPROVED), EOT])
            .calling();
    let recovered = till(dialect, &journal, &line, true).recover().unwrap();
    let acknowledged = line.sent.lock().unwrap().iter().filter(|(bytes, _)| bytes == ACK).count() > 3;
    assert!(
        !acknowledged || recovered[0].finding == RecoveryFinding::Paid(euros(999)),
        "{recovered:?} {:#?}",
        line.log()
    );
}

/// The late answer was read, and could not be written: it is still known to the till that read it.
#[test]
fn a_late_answer_that_could_not_be_written_is_not_forgotten() {
    let journal = MemoryJournal::new();
    let line = Line::new(&journal, &[]);
    let mut till = on_tcp(&journal, &line);
    let payment = till.pay(PaymentRequest::debit(euros(999)).id(id("sale-1"))).unwrap();
    assert_eq!(payment.outcome, SILENCE);
    after(&line.later, 0, APPROVED.as_bytes());
    journal.fail_next_append();
    assert!(till.recover().is_err());
    assert_eq!(till.recover().unwrap()[0].finding, RecoveryFinding::Paid(euros(999)));
}

/// The same after a person's word, at the next payment: sale 1 was paid, and nobody ever knows.
#[test]
fn a_late_answer_that_contradicts_a_person_and_cannot_be_filed_is_not_lost() {
    let mut journal = MemoryJournal::new();
    let line = Line::new(&journal, &[]);
    let mut till = on_tcp(&journal, &line);
    assert_eq!(till.pay(PaymentRequest::debit(euros(999)).id(id("sale-1"))).unwrap().outcome, SILENCE);
    let lock = journal.lock(&"counter".parse().unwrap()).unwrap();
    journal
        .resolve(
            &lock,
            &id("sale-1"),
            &Decision::new(Paid::NotPaid, "Anne", "no ticket").unwrap(),
            WallTime::now(),
        )
        .unwrap();
    drop(lock);
    after(&line.later, 0, APPROVED.as_bytes());
    journal.fail_next_append();
    // The customer of sale 1 pays again.
    line.says.lock().unwrap().push_back(APPROVED.as_bytes().to_vec());
    let payment = till.pay(PaymentRequest::debit(euros(999)).id(id("sale-1-again"))).unwrap();
    assert!(
        payment.outcome.approved_amount().is_none() || state(&journal, "sale-1") == RecordState::Disputed,
        "charged twice, and nothing says so: {payment:?}"
    );
}

/// The time for the answer ends in the middle of the answer, which is then acknowledged.
#[test]
fn an_answer_that_is_acknowledged_is_ours() {
    let dialect = Dialect::CONCERT_E_PLUS;
    let journal = MemoryJournal::new();
    let line = Line::new(&journal, &[ACK, ACK]);
    let later = line.later.clone();
    let line = line.hooked(move |bytes, before| match before {
        1 => after(&later, 1850, ENQ),
        3 if bytes == ACK => {
            let answer = framed(OURS_E);
            after(&later, 0, &answer[..10]);
            after(&later, 250, &answer[10..]);
        }
        _ => {}
    });
    let payment = till(dialect, &journal, &line, true).pay(PaymentRequest::debit(euros(1242))).unwrap();
    let acknowledged = line.sent.lock().unwrap().iter().filter(|(bytes, _)| bytes == ACK).count() > 1;
    assert!(
        !acknowledged || payment.outcome == Outcome::Approved { amount: euros(1242) },
        "{payment:?} {:#?}",
        line.log()
    );
}
