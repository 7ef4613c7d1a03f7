//! Results that a terminal tells late, of sales that were taken when it had another name: they settle nothing and dispute
//! nothing, and the sale holds back what could be mistaken for it.

#[path = "support/scripted_line.rs"]
mod scripted_line;

use caisse::{
    Blocked, Dialect, IdentityPart, Journal, LinkKind, MemoryJournal, Open, Outcome, Paid, PaymentRequest,
    RecordState, RecoveryFinding, Till, WallTime,
};
use caisse_journal::Event;
use caisse_payment::Transaction;
use scripted_line::*;

const DIALECT: Dialect = Dialect::CONCERT_E_PLUS;

/// A sale of the terminal `counter`, which is at `desk`.
fn at_the_desk(end: Option<Outcome>, word: Option<Paid>) -> MemoryJournal {
    let mut there = MemoryJournal::new();
    for recorded in journal_with(&DIALECT, end, word).events(&id("sale-1")).unwrap() {
        let event = match recorded.event {
            Event::Started(start) => Event::Started(Transaction { address: "desk".parse().ok(), ..start }),
            Event::Resolved(decision) => {
                let lock = there.lock(&"counter".parse().unwrap()).unwrap();
                there.resolve(&lock, &id("sale-1"), &decision, WallTime::now()).unwrap();
                continue;
            }
            event => event,
        };
        there.append(&id("sale-1"), &event, recorded.at).unwrap();
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
fn what_is_open_stays_open() {
    for told in [E_APPROVED, E_DECLINED] {
        let journal = at_the_desk(Some(SILENCE), None);
        let line = Line::new(&journal, &[&framed(told), EOT]).calling();
        let recovered = desk(&journal, &line).recover().unwrap();
        assert_eq!(recovered.len(), 1);
        assert_eq!(recovered[0].finding, RecoveryFinding::Open(Open::AnotherTerminal), "{:?}", line.log());
        let parts: Vec<_> = recovered[0].mismatch.unwrap().parts().collect();
        assert_eq!(parts, [IdentityPart::Name, IdentityPart::Address]);
        assert_eq!(state(&journal, "sale-1"), RecordState::Unresolved);
    }
}

#[test]
fn what_was_decided_otherwise_is_not_disputed() {
    let journal = at_the_desk(Some(SILENCE), Some(Paid::NotPaid));
    let line = Line::new(&journal, &[ENQ, &framed(E_APPROVED), EOT, ACK, ACK, ENQ, &framed(OURS_E), EOT]);
    let payment = desk(&journal, &line).pay(PaymentRequest::debit(euros(1242))).unwrap();
    assert_eq!((payment.outcome, payment.late_answers), (Outcome::Approved { amount: euros(1242) }, 1));
    assert_eq!(state(&journal, "sale-1"), RecordState::Final);
}

#[test]
fn the_same_amount_waits_for_what_may_still_be_told() {
    let journal = at_the_desk(Some(SILENCE), Some(Paid::NotPaid));
    let line = Line::new(&journal, &[]);
    let payment = desk(&journal, &line).pay(PaymentRequest::debit(euros(999))).unwrap();
    assert_eq!(payment.outcome, Outcome::Blocked { reason: Blocked::LateResultPossible });
    assert_eq!(line.log(), Vec::<String>::new());
}
