//! Taking a terminal: the lock, the record and the rule together.

use caisse_journal::{
    Admitted, Decision, Dispute, Journal, LockError, MemoryJournal, Paid, Place, WallTime, admit,
};
use caisse_payment::entry::{Content, End, Entry, RawStatus, Start};
use caisse_payment::{
    Amount, Blocked, Currency, Doubt, NotSent, Operation, Outcome, Proof, Refusal, Register, TerminalId,
    TransactionId, Verdict,
};

const AT: WallTime = WallTime::from_millis(1);

fn asked(minor: u64) -> Content {
    Content {
        operation: Operation::Debit,
        original: None,
        amount: Amount::from_minor(minor, Currency::EUR),
        allow_partial: false,
        terminal: "front".parse().unwrap(),
        register: Register::FIRST,
        reference: None,
    }
}

fn id(text: &str) -> TransactionId {
    text.parse().unwrap()
}

fn terminal(text: &str) -> TerminalId {
    text.parse().unwrap()
}

fn start(journal: &mut MemoryJournal, name: &str) {
    let start = Start { id: id(name), content: asked(100), dialect: "d".parse().unwrap(), address: None };
    journal.append(&Entry::Started(start), AT).unwrap();
}

fn end(journal: &mut MemoryJournal, name: &str, outcome: Outcome, proof: Proof) {
    let verdict = Verdict { outcome, proof };
    let status = RawStatus::default();
    let end = End { id: id(name), verdict, authorisation: None, contract: None, last_four: None, status };
    journal.append(&Entry::Ended(end), AT).unwrap();
}

fn approved() -> Outcome {
    Outcome::Approved { amount: Amount::from_minor(100, Currency::EUR) }
}

#[track_caller]
fn blocked(admitted: Admitted) -> Blocked {
    match admitted {
        Admitted::Blocked(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_free_terminal_is_held_until_the_lock_drops() {
    let journal = MemoryJournal::new();
    let Admitted::Proceed(lock) = admit(&journal, &id("a"), &asked(100), None) else { panic!() };
    assert_eq!(blocked(admit(&journal, &id("b"), &asked(100), None)), Blocked::Busy);
    drop(lock);
    assert!(matches!(admit(&journal, &id("b"), &asked(100), None), Admitted::Proceed(_)));
}

#[test]
fn what_has_ended_is_told_even_while_another_payment_runs() {
    let mut journal = MemoryJournal::new();
    start(&mut journal, "a");
    end(&mut journal, "a", approved(), Proof::Answered);
    for hold in [false, true] {
        let _lock = hold.then(|| journal.lock(&asked(1).terminal).unwrap());
        let Admitted::Replay(record) = admit(&journal, &id("a"), &asked(100), None) else { panic!() };
        assert_eq!(record.verdict().outcome, approved());
        assert_eq!(blocked(admit(&journal, &id("a"), &asked(101), None)), Blocked::IdConflict);
    }
    // A replay keeps no lock.
    assert!(journal.lock(&asked(1).terminal).is_ok());
}

#[test]
fn what_is_open_may_be_running_or_is_told_as_unknown() {
    let mut journal = MemoryJournal::new();
    start(&mut journal, "a");
    {
        let _lock = journal.lock(&asked(1).terminal).unwrap();
        assert_eq!(blocked(admit(&journal, &id("a"), &asked(100), None)), Blocked::Busy);
    }
    let Admitted::Replay(record) = admit(&journal, &id("a"), &asked(100), None) else { panic!() };
    assert!(record.verdict().outcome.is_unknown());
    assert_eq!(blocked(admit(&journal, &id("b"), &asked(100), None)), Blocked::Unresolved);
    end(&mut journal, "a", Outcome::Unknown { doubt: Doubt::Silence }, Proof::PerhapsSent);
    assert_eq!(blocked(admit(&journal, &id("b"), &asked(100), None)), Blocked::Unresolved);
    let lock = journal.lock(&asked(1).terminal).unwrap();
    let decision = Decision::new(Paid::NotPaid, "Camille", "no ticket").unwrap();
    journal.resolve(&lock, &id("a"), &decision, AT).unwrap();
    drop(lock);
    assert!(matches!(admit(&journal, &id("b"), &asked(100), None), Admitted::Proceed(_)));
}

#[test]
fn only_what_was_not_sent_may_be_tried_again_under_its_id() {
    let mut journal = MemoryJournal::new();
    start(&mut journal, "a");
    end(&mut journal, "a", Outcome::NotSent { reason: NotSent::Cancelled }, Proof::NothingSent);
    assert!(matches!(admit(&journal, &id("a"), &asked(100), None), Admitted::Proceed(_)));
    assert_eq!(blocked(admit(&journal, &id("a"), &asked(101), None)), Blocked::IdConflict);
}

/// What is told of it would let the customer pay twice.
#[test]
fn what_later_proof_says_was_paid_is_neither_tried_again_nor_told_as_refused() {
    let mut journal = MemoryJournal::new();
    start(&mut journal, "a");
    end(&mut journal, "a", Outcome::NotSent { reason: NotSent::Cancelled }, Proof::NothingSent);
    let refusal = Refusal::Refused;
    start(&mut journal, "b");
    end(&mut journal, "b", Outcome::Declined { refusal }, Proof::Answered);
    let paid = Amount::from_minor(100, Currency::EUR);
    for name in ["a", "b"] {
        let dispute = Dispute::new(Paid::Paid(paid), "late result").unwrap();
        journal.dispute(&id(name), &dispute, AT).unwrap();
    }
    assert_eq!(blocked(admit(&journal, &id("a"), &asked(100), None)), Blocked::Unresolved);
    assert_eq!(blocked(admit(&journal, &id("a"), &asked(101), None)), Blocked::IdConflict);
    let Admitted::Replay(record) = admit(&journal, &id("b"), &asked(100), None) else { panic!() };
    assert_eq!(record.told().outcome, Outcome::Unknown { doubt: Doubt::Disputed });
    assert_eq!(record.verdict().outcome, Outcome::Declined { refusal });
    // What was paid has reached the terminal, whatever the till knew of it.
    let proofs = |journal: &MemoryJournal| {
        ["a", "b"]
            .map(|name| journal.find(&id(name)).unwrap().unwrap())
            .map(|it| (it.verdict().proof, it.told().proof))
    };
    let told = [(Proof::NothingSent, Proof::PerhapsSent), (Proof::Answered, Proof::Answered)];
    assert_eq!(proofs(&journal), told);

    let lock = journal.lock(&asked(1).terminal).unwrap();
    for (name, paid, outcome) in [
        ("a", Paid::Paid(paid), approved()),
        ("b", Paid::NotPaid, Outcome::Declined { refusal: Refusal::NotCompleted }),
    ] {
        let decision = Decision::new(paid, "Camille", "seen on the statement").unwrap();
        journal.resolve(&lock, &id(name), &decision, AT).unwrap();
        let record = journal.find(&id(name)).unwrap().unwrap();
        assert_eq!(record.told().outcome, outcome);
    }
    drop(lock);
    assert_eq!(proofs(&journal), told, "and after it was settled");
    for name in ["a", "b"] {
        assert!(matches!(admit(&journal, &id(name), &asked(100), None), Admitted::Replay(_)));
    }
    // An approval stays one: who says otherwise has to prove it to a person.
    start(&mut journal, "c");
    end(&mut journal, "c", approved(), Proof::Answered);
    journal.dispute(&id("c"), &Dispute::new(Paid::NotPaid, "late result").unwrap(), AT).unwrap();
    assert_eq!(journal.find(&id("c")).unwrap().unwrap().told().outcome, approved());
}

/// Under its name and under its address, which may be the same.
#[test]
fn a_terminal_is_locked_under_each_of_its_names() {
    let journal = MemoryJournal::new();
    let address = terminal("tcp:192.0.2.7:8888");
    let front = Place { terminal: terminal("front"), address: Some(address) };
    let lock = front.lock(&journal).unwrap();
    assert_eq!(*lock.terminal(), terminal("front"));
    assert!(lock.covers(&terminal("front")) && lock.covers(&address) && !lock.covers(&terminal("bar")));
    for name in ["front", "tcp:192.0.2.7:8888"] {
        assert!(matches!(journal.lock(&terminal(name)), Err(LockError::Busy)), "{name}");
    }
    // Who gets one of both and not the other holds none.
    let counter = Place { terminal: terminal("counter"), address: Some(address) };
    assert!(matches!(counter.lock(&journal), Err(LockError::Busy)));
    assert!(journal.lock(&terminal("counter")).is_ok());
    drop(lock);
    let by_address = Place { terminal: address, address: Some(address) };
    let lock = by_address.lock(&journal).unwrap();
    assert!(lock.covers(&address) && !lock.covers(&terminal("front")));
    drop(lock);
    assert!(front.lock(&journal).is_ok());
    assert_eq!(Place::from(terminal("front")), Place { terminal: terminal("front"), address: None });
}

#[test]
fn what_is_open_holds_its_terminal_back_under_another_name() {
    let mut journal = MemoryJournal::new();
    let address = Some(terminal("tcp:192.0.2.7:8888"));
    let old = Content { terminal: terminal("old"), ..asked(100) };
    let start = Start { id: id("a"), content: old, dialect: "d".parse().unwrap(), address };
    journal.append(&Entry::Started(start), WallTime::from_millis(1)).unwrap();
    assert_eq!(blocked(admit(&journal, &id("b"), &asked(100), address)), Blocked::Unresolved);
    let elsewhere = Some(terminal("tcp:192.0.2.8:8888"));
    assert!(matches!(admit(&journal, &id("b"), &asked(100), elsewhere), Admitted::Proceed(_)));
    assert!(matches!(admit(&journal, &id("b"), &asked(100), None), Admitted::Proceed(_)));
}

/// While the newest transaction that reached a terminal is disputed nothing new begins there: it would destroy the evidence
/// that the terminal still shows. A person's decision ends that; so does a transaction that was let through before.
#[test]
fn a_dispute_blocks_its_terminal_while_it_is_the_newest_transaction() {
    let mut journal = MemoryJournal::new();
    start(&mut journal, "a");
    end(&mut journal, "a", Outcome::Declined { refusal: Refusal::Refused }, Proof::Answered);
    let place = Place::from(asked(1).terminal);
    let paid = Amount::from_minor(100, Currency::EUR);
    let dispute = |journal: &mut MemoryJournal, name: &str| {
        let dispute = Dispute::new(Paid::Paid(paid), "it answered twice").unwrap();
        journal.dispute(&id(name), &dispute, AT).unwrap();
    };
    let contested = |journal: &MemoryJournal| {
        caisse_journal::contested(journal, &place).unwrap().map(|record| record.start.id)
    };
    assert_eq!(contested(&journal), None);
    dispute(&mut journal, "a");
    assert_eq!(contested(&journal), Some(id("a")));
    assert_eq!(blocked(admit(&journal, &id("b"), &asked(100), None)), Blocked::Unresolved);
    // Its own id is told what is known of it, and another terminal is free.
    assert!(matches!(admit(&journal, &id("a"), &asked(100), None), Admitted::Replay(_)));
    let elsewhere = Content { terminal: terminal("back"), ..asked(100) };
    assert!(matches!(admit(&journal, &id("b"), &elsewhere, None), Admitted::Proceed(_)));
    // What never reached the terminal changes nothing.
    start(&mut journal, "c");
    end(&mut journal, "c", Outcome::NotSent { reason: NotSent::SendFailed }, Proof::NothingSent);
    assert_eq!(contested(&journal), Some(id("a")));
    // A person decides.
    let lock = journal.lock(&asked(1).terminal).unwrap();
    let decision = Decision::new(Paid::Paid(paid), "Zoé", "ticket").unwrap();
    journal.resolve(&lock, &id("a"), &decision, AT).unwrap();
    drop(lock);
    assert_eq!(contested(&journal), None);
    assert!(matches!(admit(&journal, &id("b"), &asked(100), None), Admitted::Proceed(_)));
    // One that is not the newest shows nothing any more.
    start(&mut journal, "d");
    end(&mut journal, "d", Outcome::Declined { refusal: Refusal::Refused }, Proof::Answered);
    start(&mut journal, "e");
    end(&mut journal, "e", approved(), Proof::Answered);
    dispute(&mut journal, "d");
    assert_eq!(contested(&journal), None);
    assert!(matches!(admit(&journal, &id("b"), &asked(100), None), Admitted::Proceed(_)));
}
