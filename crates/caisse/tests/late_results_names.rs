//! Results that a terminal tells late, of sales that were taken when it had another name.

#[path = "support/scripted_line.rs"]
mod scripted_line;

use caisse::{
    Blocked, Dialect, Journal, LinkKind, MemoryJournal, Outcome, Paid, PaymentRequest, RecordState,
    RecoveryFinding, Till, WallTime,
};
use caisse_journal::What;
use caisse_payment::entry::{Entry, Start};
use scripted_line::*;

const DIALECT: Dialect = Dialect::CONCERT_E_PLUS;

/// A sale of the terminal `counter`, which is at `desk`.
fn at_the_desk(end: Option<Outcome>, word: Option<Paid>) -> MemoryJournal {
    let mut there = MemoryJournal::new();
    for event in journal_with(&DIALECT, end, word).events(&id("sale-1")).unwrap() {
        match event.what {
            What::Started(start) => {
                let start = Start { address: "desk".parse().ok(), ..start };
                there.append(&Entry::Started(start), event.at).unwrap();
            }
            What::Ended(end) => there.append(&Entry::Ended(end), event.at).unwrap(),
            What::Resolved(decision) => {
                let lock = there.lock(&"counter".parse().unwrap()).unwrap();
                there.resolve(&lock, &id("sale-1"), &decision, WallTime::now()).unwrap();
            }
            other => panic!("{other:?}"),
        }
    }
    there
}

/// It is called by its address now.
fn desk(journal: &MemoryJournal, line: &Line) -> Till {
    Till::builder()
        .link(line.clone(), LinkKind::Serial)
        .terminal_id("desk")
        .dialect(hasty(DIALECT))
        .exclusive(true)
        .journal(journal.clone())
        .build()
        .unwrap()
}

#[test]
fn what_is_open_is_settled() {
    for (told, expected) in
        [(E_APPROVED, RecoveryFinding::Paid(euros(999))), (E_DECLINED, RecoveryFinding::NotPaid)]
    {
        let journal = at_the_desk(Some(SILENCE), None);
        let line = Line::new(&journal, &[&framed(told), EOT]).calling();
        let recovered = desk(&journal, &line).recover().unwrap();
        assert_eq!((recovered.len(), recovered[0].finding), (1, expected), "{:?}", line.log());
        assert_eq!(state(&journal, "sale-1"), RecordState::Final);
        // Before the terminal heard that somebody has it.
        assert_eq!(line.when_sent(ACK, 1), Some(RecordState::Final));
    }
}

#[test]
fn what_was_decided_otherwise_is_disputed() {
    let journal = at_the_desk(Some(SILENCE), Some(Paid::NotPaid));
    let line = Line::new(&journal, &[ENQ, &framed(E_APPROVED), EOT, ACK, ACK, ENQ, &framed(OURS_E), EOT]);
    let payment = desk(&journal, &line).pay(PaymentRequest::debit(euros(1242))).unwrap();
    assert_eq!((payment.outcome, payment.late_answers), (Outcome::Approved { amount: euros(1242) }, 1));
    assert_eq!(state(&journal, "sale-1"), RecordState::Disputed);
}

#[test]
fn the_same_amount_waits_for_what_may_still_be_told() {
    let journal = at_the_desk(Some(SILENCE), Some(Paid::NotPaid));
    let line = Line::new(&journal, &[]);
    let payment = desk(&journal, &line).pay(PaymentRequest::debit(euros(999))).unwrap();
    assert_eq!(payment.outcome, Outcome::Blocked { reason: Blocked::LateResultPossible });
    assert_eq!(line.log(), Vec::<String>::new());
}
