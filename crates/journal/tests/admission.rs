//! Taking a terminal: the lock, the record and the rule together.

use caisse_journal::{
    Admitted, Decision, Dispute, Event, Journal, LockError, MemoryJournal, Paid, TerminalKey, WallTime, admit,
};
use caisse_payment::{
    Amount, Blocked, Currency, Doubt, NotSent, Operation, Outcome, Proof, Refusal, TerminalId, Transaction,
    TransactionId, Verdict,
};
use caisse_settlement::admit::is_contested;

const AT: WallTime = WallTime::from_millis(1);

fn asked(name: &str, minor: u64) -> Transaction {
    let (amount, dialect) = (Amount::from_minor(minor, Currency::EUR), "d".parse().unwrap());
    Transaction::new(id(name), Operation::Debit, amount, terminal("front"), dialect)
}

fn id(text: &str) -> TransactionId {
    text.parse().unwrap()
}

fn terminal(text: &str) -> TerminalId {
    text.parse().unwrap()
}

fn start(journal: &mut MemoryJournal, name: &str) {
    journal.append(&id(name), &Event::Started(asked(name, 100)), AT).unwrap();
}

fn end(journal: &mut MemoryJournal, name: &str, outcome: Outcome, proof: Proof) {
    let end = Event::Ended(Verdict { outcome, proof }.into());
    journal.append(&id(name), &end, AT).unwrap();
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
    let Admitted::Proceed(lock) = admit(&journal, &asked("a", 100)) else { panic!() };
    assert_eq!(blocked(admit(&journal, &asked("b", 100))), Blocked::Busy);
    drop(lock);
    assert!(matches!(admit(&journal, &asked("b", 100)), Admitted::Proceed(_)));
}

#[test]
fn what_has_ended_is_told_even_while_another_payment_runs() {
    let mut journal = MemoryJournal::new();
    start(&mut journal, "a");
    end(&mut journal, "a", approved(), Proof::Answered);
    for hold in [false, true] {
        let _lock = hold.then(|| journal.lock(&terminal("front")).unwrap());
        let Admitted::Replay(record) = admit(&journal, &asked("a", 100)) else { panic!() };
        assert_eq!(record.verdict().outcome, approved());
        assert_eq!(blocked(admit(&journal, &asked("a", 101))), Blocked::IdConflict);
    }
    // A replay keeps no lock.
    assert!(journal.lock(&terminal("front")).is_ok());
}

#[test]
fn what_is_open_may_be_running_or_is_told_as_unknown() {
    let mut journal = MemoryJournal::new();
    start(&mut journal, "a");
    {
        let _lock = journal.lock(&terminal("front")).unwrap();
        // The terminal is in use, perhaps by the payment itself: nobody says that nothing was sent.
        assert_eq!(blocked(admit(&journal, &asked("a", 100))), Blocked::InFlightElsewhere);
        assert_eq!(blocked(admit(&journal, &asked("b", 100))), Blocked::Busy);
    }
    let Admitted::Replay(record) = admit(&journal, &asked("a", 100)) else { panic!() };
    assert!(record.verdict().outcome.is_unknown());
    assert_eq!(blocked(admit(&journal, &asked("b", 100))), Blocked::Unresolved);
    end(&mut journal, "a", Outcome::Unknown { doubt: Doubt::Silence }, Proof::PerhapsSent);
    assert_eq!(blocked(admit(&journal, &asked("b", 100))), Blocked::Unresolved);
    let lock = journal.lock(&terminal("front")).unwrap();
    let decision = Decision::new(Paid::NotPaid, "Camille", "no ticket").unwrap();
    journal.resolve(&lock, &id("a"), &decision, AT).unwrap();
    drop(lock);
    assert!(matches!(admit(&journal, &asked("b", 100)), Admitted::Proceed(_)));
}

#[test]
fn only_what_was_not_sent_may_be_tried_again_under_its_id() {
    let mut journal = MemoryJournal::new();
    start(&mut journal, "a");
    end(&mut journal, "a", Outcome::NotSent { reason: NotSent::Cancelled }, Proof::NothingSent);
    assert!(matches!(admit(&journal, &asked("a", 100)), Admitted::Proceed(_)));
    assert_eq!(blocked(admit(&journal, &asked("a", 101))), Blocked::IdConflict);
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
        journal.append(&id(name), &Event::Disputed(dispute), AT).unwrap();
    }
    // Told as unknown and not as blocked: that would say that nothing was sent, and the later proof says otherwise.
    let Admitted::Replay(record) = admit(&journal, &asked("a", 100)) else { panic!() };
    assert_eq!(record.told().outcome, Outcome::Unknown { doubt: Doubt::Disputed });
    assert_eq!(blocked(admit(&journal, &asked("a", 101))), Blocked::IdConflict);
    let Admitted::Replay(record) = admit(&journal, &asked("b", 100)) else { panic!() };
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

    let lock = journal.lock(&terminal("front")).unwrap();
    for (name, paid, outcome) in [
        ("a", Paid::Paid(paid), approved()),
        ("b", Paid::NotPaid, Outcome::Declined { refusal: Refusal::DecidedNotPaid }),
    ] {
        let decision = Decision::new(paid, "Camille", "seen on the statement").unwrap();
        journal.resolve(&lock, &id(name), &decision, AT).unwrap();
        let record = journal.find(&id(name)).unwrap().unwrap();
        assert_eq!(record.told().outcome, outcome);
    }
    drop(lock);
    assert_eq!(proofs(&journal), told, "and after it was settled");
    for name in ["a", "b"] {
        assert!(matches!(admit(&journal, &asked(name, 100)), Admitted::Replay(_)));
    }
    // An approval stays one: who says otherwise has to prove it to a person.
    start(&mut journal, "c");
    end(&mut journal, "c", approved(), Proof::Answered);
    journal
        .append(&id("c"), &Event::Disputed(Dispute::new(Paid::NotPaid, "late result").unwrap()), AT)
        .unwrap();
    assert_eq!(journal.find(&id("c")).unwrap().unwrap().told().outcome, approved());
}

/// Under its name and under its address, which may be the same.
#[test]
fn a_terminal_is_locked_under_each_of_its_names() {
    let journal = MemoryJournal::new();
    let address = terminal("tcp:192.0.2.7:8888");
    let front = TerminalKey { terminal: terminal("front"), address: Some(address) };
    let lock = journal.lock_terminal(&front).unwrap();
    assert_eq!(*lock.terminal(), terminal("front"));
    assert!(lock.covers(&terminal("front")) && lock.covers(&address) && !lock.covers(&terminal("bar")));
    for name in ["front", "tcp:192.0.2.7:8888"] {
        assert!(matches!(journal.lock(&terminal(name)), Err(LockError::Busy)), "{name}");
    }
    // Who gets one of both and not the other holds none.
    let counter = TerminalKey { terminal: terminal("counter"), address: Some(address) };
    assert!(matches!(journal.lock_terminal(&counter), Err(LockError::Busy)));
    assert!(journal.lock(&terminal("counter")).is_ok());
    drop(lock);
    let by_address = TerminalKey { terminal: address, address: Some(address) };
    let lock = journal.lock_terminal(&by_address).unwrap();
    assert!(lock.covers(&address) && !lock.covers(&terminal("front")));
    drop(lock);
    assert!(journal.lock_terminal(&front).is_ok());
    assert_eq!(
        TerminalKey::from(terminal("front")),
        TerminalKey { terminal: terminal("front"), address: None }
    );
}

#[test]
fn what_is_open_holds_its_terminal_back_under_another_name() {
    let mut journal = MemoryJournal::new();
    let address = Some(terminal("tcp:192.0.2.7:8888"));
    let at = |address| Transaction { address, ..asked("b", 100) };
    let old = Transaction { terminal: terminal("old"), address, ..asked("a", 100) };
    journal.append(&old.id, &Event::Started(old), WallTime::from_millis(1)).unwrap();
    assert_eq!(blocked(admit(&journal, &at(address))), Blocked::Unresolved);
    let elsewhere = Some(terminal("tcp:192.0.2.8:8888"));
    assert!(matches!(admit(&journal, &at(elsewhere)), Admitted::Proceed(_)));
    assert!(matches!(admit(&journal, &asked("b", 100)), Admitted::Proceed(_)));
}

/// From the first look on, before anything is recorded.
#[test]
fn an_id_is_in_flight_from_its_admission_to_the_end_of_its_lock() {
    let mut journal = MemoryJournal::new();
    let Admitted::Proceed(lock) = admit(&journal, &asked("a", 100)) else { panic!() };
    let again = |journal: &MemoryJournal, name: &str| blocked(admit(journal, &asked(name, 100)));
    assert_eq!(again(&journal, "a"), Blocked::InFlightElsewhere);
    assert_eq!(again(&journal, "b"), Blocked::Busy, "another id");
    start(&mut journal, "a");
    assert_eq!(again(&journal, "a"), Blocked::InFlightElsewhere);
    assert_eq!(blocked(admit(&journal, &asked("a", 101))), Blocked::IdConflict);
    // Somebody decides meanwhile, whatever let that happen: the payment is still under way.
    let terminal = TerminalKey::from(terminal("front"));
    let careless = Decision::new(Paid::NotPaid, "Camille", "the lock was removed").unwrap();
    let removed = caisse_journal::TerminalLock::new(terminal.terminal, ());
    journal.resolve(&removed, &id("a"), &careless, AT).unwrap();
    assert_eq!(again(&journal, "a"), Blocked::InFlightElsewhere);
    end(&mut journal, "a", approved(), Proof::Answered);
    // Known: told at once, whoever still holds the terminal.
    let Admitted::Replay(record) = admit(&journal, &asked("a", 100)) else { panic!() };
    assert_eq!((record.told().outcome, record.is_disputed()), (approved(), true));
    drop(lock);
    assert!(matches!(admit(&journal, &asked("a", 100)), Admitted::Replay(_)));
    // The dispute is about the newest transaction of the terminal: the next one would destroy its evidence.
    assert_eq!(again(&journal, "b"), Blocked::Unresolved);
}

/// "Not paid" is a person's word: not even an end that proves that nothing was sent makes the id sendable again.
#[test]
fn a_decided_id_never_begins_again() {
    let not_sent = Outcome::NotSent { reason: NotSent::Cancelled };
    for late in [None, Some((not_sent, Proof::NothingSent)), Some((approved(), Proof::Answered))] {
        let mut journal = MemoryJournal::new();
        start(&mut journal, "a");
        let lock = journal.lock(&terminal("front")).unwrap();
        for paid in [Paid::NotPaid, Paid::Paid(Amount::from_minor(100, Currency::EUR)), Paid::NotPaid] {
            let decision = Decision::new(paid, "Camille", "looked").unwrap();
            journal.resolve(&lock, &id("a"), &decision, AT).unwrap();
        }
        if let Some((outcome, proof)) = late {
            end(&mut journal, "a", outcome, proof);
        }
        drop(lock);
        let Admitted::Replay(record) = admit(&journal, &asked("a", 100)) else { panic!() };
        let decided = Outcome::Declined { refusal: Refusal::DecidedNotPaid };
        let told = if late.is_some_and(|(late, _)| late == approved()) { approved() } else { decided };
        assert_eq!(record.told().outcome, told);
    }
}

/// While the newest transaction that reached a terminal is disputed nothing new begins there: it would destroy the evidence
/// that the terminal still shows. A person's decision ends that; so does a transaction that was let through before.
#[test]
fn a_dispute_blocks_its_terminal_while_it_is_the_newest_transaction() {
    let mut journal = MemoryJournal::new();
    start(&mut journal, "a");
    end(&mut journal, "a", Outcome::Declined { refusal: Refusal::Refused }, Proof::Answered);
    let place = TerminalKey::from(terminal("front"));
    let paid = Amount::from_minor(100, Currency::EUR);
    let dispute = |journal: &mut MemoryJournal, name: &str| {
        let dispute = Dispute::new(Paid::Paid(paid), "it answered twice").unwrap();
        journal.append(&id(name), &Event::Disputed(dispute), AT).unwrap();
    };
    let contested = |journal: &MemoryJournal| {
        let newest = caisse_journal::last_reached(journal, &place, 1).unwrap().pop();
        newest.filter(is_contested).map(|record| record.id())
    };
    assert_eq!(contested(&journal), None);
    dispute(&mut journal, "a");
    assert_eq!(contested(&journal), Some(id("a")));
    assert_eq!(blocked(admit(&journal, &asked("b", 100))), Blocked::Unresolved);
    // Its own id is told what is known of it, and another terminal is free.
    assert!(matches!(admit(&journal, &asked("a", 100)), Admitted::Replay(_)));
    let elsewhere = Transaction { terminal: terminal("back"), ..asked("b", 100) };
    assert!(matches!(admit(&journal, &elsewhere), Admitted::Proceed(_)));
    // What never reached the terminal changes nothing.
    start(&mut journal, "c");
    end(&mut journal, "c", Outcome::NotSent { reason: NotSent::SendFailed }, Proof::NothingSent);
    assert_eq!(contested(&journal), Some(id("a")));
    // A person decides.
    let lock = journal.lock(&terminal("front")).unwrap();
    let decision = Decision::new(Paid::Paid(paid), "Zoé", "ticket").unwrap();
    journal.resolve(&lock, &id("a"), &decision, AT).unwrap();
    drop(lock);
    assert_eq!(contested(&journal), None);
    assert!(matches!(admit(&journal, &asked("b", 100)), Admitted::Proceed(_)));
    // One that is not the newest shows nothing any more.
    start(&mut journal, "d");
    end(&mut journal, "d", Outcome::Declined { refusal: Refusal::Refused }, Proof::Answered);
    start(&mut journal, "e");
    end(&mut journal, "e", approved(), Proof::Answered);
    dispute(&mut journal, "d");
    assert_eq!(contested(&journal), None);
    assert!(matches!(admit(&journal, &asked("b", 100)), Admitted::Proceed(_)));
}

/// Whoever lists the journal, or sets a till up, holds the lock for an instant.
#[test]
fn a_lock_that_is_held_for_an_instant_blocks_nobody() {
    let journal = MemoryJournal::new();
    let lock = journal.lock(&terminal("front")).unwrap();
    let looking = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(20));
        drop(lock);
    });
    assert!(matches!(admit(&journal, &asked("a", 100)), Admitted::Proceed(_)));
    looking.join().unwrap();
}
