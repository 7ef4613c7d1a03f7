//! Results that a terminal tells on a line with sessions when something else is asked for: each is filed before the terminal
//! hears that somebody has it.

#[path = "support/scripted_line.rs"]
mod scripted_line;
#[path = "support/terminals.rs"]
mod terminals;

use caisse_journal::Event;
use caisse_payment::Transaction;
use std::time::Duration;

use caisse::probe::{Earlier, Filing};
use caisse::{
    Decision, Dialect, Doubt, Evidence, Journal, LinkKind, MemoryJournal, Outcome, Paid, PaymentRequest,
    RecordState, RecoveryFinding, Till, WallTime,
};
use scripted_line::*;

#[test]
fn a_result_that_contradicts_a_person_is_filed_before_it_is_acknowledged() {
    let ours = "CZ0040301CA00201CB0041242CD0010CE003978AE00210";
    for (dialect, earlier, ours) in [
        (Dialect::CONCERT_E_PLUS, E_APPROVED, "010000012421978          "),
        (Dialect::CONCERT_E, E_APPROVED, "010000012421978          "),
        (Dialect::INGENICO, APPROVED, ours),
    ] {
        let journal = journal_with(&dialect, Some(SILENCE), Some(Paid::NotPaid));
        let line = told_before_the_next(dialect, &journal, earlier, ours);
        // The first ACK gives the terminal the line, the second one takes its result.
        assert_eq!(line.when_sent(ACK, 0), Some(RecordState::Final));
        assert_eq!(line.when_sent(ACK, 1), Some(RecordState::Disputed), "{}", dialect.name);
        let record = journal.find(&id("sale-1")).unwrap().unwrap();
        assert_eq!(record.told().outcome, Outcome::Unknown { doubt: Doubt::Disputed });
        let last = journal.events(&id("sale-1")).unwrap().pop().unwrap();
        assert_eq!(
            last.to_string(),
            "paid 9.99 EUR after all, by later proof: late result, told on the line"
        );
    }
}

#[test]
fn what_the_journal_knows_already_is_no_dispute() {
    let dialect = Dialect::CONCERT_E_PLUS;
    let ours = "010000012421978          ";
    let (approved, declined) =
        (Outcome::Approved { amount: euros(999) }, Outcome::Declined { refusal: caisse::Refusal::Refused });
    for (end, word, earlier, state) in [
        (Some(approved), None, E_APPROVED, RecordState::Final),
        (Some(declined), None, E_DECLINED, RecordState::Final),
        // A refusal of an earlier attempt, told again.
        (Some(approved), None, E_DECLINED, RecordState::Final),
        (Some(declined), None, E_APPROVED, RecordState::Disputed),
        (Some(SILENCE), Some(Paid::NotPaid), E_DECLINED, RecordState::Final),
        (Some(SILENCE), Some(Paid::Paid(euros(999))), E_APPROVED, RecordState::Final),
        // A person saw a ticket that was not there.
        (Some(SILENCE), Some(Paid::Paid(euros(999))), E_DECLINED, RecordState::Disputed),
        (Some(SILENCE), Some(Paid::Paid(euros(500))), E_APPROVED, RecordState::Disputed),
        // Another sale's, or nobody's.
        (Some(SILENCE), Some(Paid::NotPaid), "010000009981978          ", RecordState::Final),
        (Some(SILENCE), Some(Paid::NotPaid), "020000009991978          ", RecordState::Final),
    ] {
        let journal = journal_with(&dialect, end, word);
        told_before_the_next(dialect, &journal, earlier, ours);
        let record = journal.find(&id("sale-1")).unwrap().unwrap();
        assert_eq!(record.state(), state, "{end:?} {word:?} {earlier}");
    }
}

#[test]
fn what_recovery_hears_is_written_before_it_is_acknowledged() {
    for (exclusive, state) in [(true, RecordState::Final), (false, RecordState::Unresolved)] {
        let journal = journal_with(&Dialect::CONCERT_E_PLUS, Some(SILENCE), None);
        let line = Line::new(&journal, &[&framed(E_APPROVED), EOT]);
        let calling = Line { coming: ENQ.to_vec(), ..line.clone() };
        let recovered = till(Dialect::CONCERT_E_PLUS, &journal, &calling, exclusive).recover().unwrap();
        assert_eq!(recovered.len(), 1);
        let approved = Outcome::Approved { amount: euros(999) };
        assert_eq!(recovered[0].evidence, Evidence::LateResult(approved));
        assert_eq!(recovered[0].finding == RecoveryFinding::Paid(euros(999)), exclusive);
        assert_eq!(line.when_sent(ACK, 0), Some(RecordState::Unresolved));
        assert_eq!(line.when_sent(ACK, 1), Some(state));
    }
}

/// A disk that is full: the terminal keeps its result, and tells it again.
#[test]
fn what_cannot_be_written_is_not_acknowledged() {
    let journal = journal_with(&Dialect::CONCERT_E_PLUS, Some(SILENCE), None);
    let line = Line::new(&journal, &[&framed(E_APPROVED), EOT]);
    let calling = Line { coming: ENQ.to_vec(), ..line.clone() };
    journal.fail_next_append();
    assert!(till(Dialect::CONCERT_E_PLUS, &journal, &calling, true).recover().is_err());
    assert_eq!(
        line.sent.lock().unwrap().iter().filter(|(bytes, _)| bytes == ACK).count(),
        1,
        "for the line alone"
    );
    assert_eq!(journal.find(&id("sale-1")).unwrap().unwrap().state(), RecordState::Unresolved);
}

/// The question for a duplicata is answered with the result of the sale itself.
#[test]
fn a_result_instead_of_a_duplicata_settles_what_is_open() {
    let mut dialect = Dialect::INGENICO;
    dialect.duplicata = caisse::Duplicata::Fields;
    let journal = journal_with(&dialect, Some(SILENCE), None);
    let line = Line::new(&journal, &[ACK, ACK, ENQ, &framed(APPROVED), EOT]);
    let recovered = till(dialect, &journal, &line, true).recover().unwrap();
    assert_eq!(recovered[0].finding, RecoveryFinding::Paid(euros(999)), "{:?}", recovered[0].evidence);
    assert_eq!(line.when_sent(ACK, 1), Some(RecordState::Final));
}

/// A clock for timers that stands still: what the clock on the wall says was set.
struct Stopped;

impl caisse::Clock for Stopped {
    fn now(&self) -> caisse_hal::Instant {
        caisse_hal::Instant::from_millis(0)
    }
}

/// What a person decided may still be told as approved, and would look like the answer to the next sale of the same
/// amount.
#[test]
fn after_a_person_s_word_the_same_amount_waits_for_as_long_as_a_transaction_may_take() {
    let mut dialect = Dialect::CONCERT_E_PLUS;
    dialect.longest_transaction = Duration::from_secs(1);
    let waits = Outcome::Blocked { reason: caisse::Blocked::LateResultPossible };
    let pay = |till: &mut Till, minor| till.pay(PaymentRequest::debit(euros(minor))).unwrap().outcome;
    let decided = || journal_with(&dialect, Some(SILENCE), Some(Paid::NotPaid));

    let journal = decided();
    let line = Line::new(&journal, &[]);
    let mut till = till(dialect, &journal, &line, true);
    assert_eq!(pay(&mut till, 999), waits);
    assert!(line.sent.lock().unwrap().is_empty(), "not even ENQ");
    // Another amount is told apart.
    assert!(matches!(pay(&mut till, 998), Outcome::NotSent { .. }));
    std::thread::sleep(Duration::from_millis(1100));
    assert!(matches!(pay(&mut till, 999), Outcome::NotSent { .. }));

    // The clock on the wall was set forward: no time has passed.
    let journal = decided();
    let line = Line::new(&journal, &[]);
    let builder =
        Till::builder().link(line.clone(), LinkKind::Serial).terminal_id("counter").dialect(hasty(dialect));
    let mut stopped = builder.journal(journal.clone()).clock(Stopped).build().unwrap();
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(pay(&mut stopped, 999), waits);

    // It was set back: the sale stands in the future, and how long ago it was nobody knows.
    let mut future = MemoryJournal::new();
    let start = Event::Started(*decided().find(&id("sale-1")).unwrap().unwrap().transaction());
    let later = WallTime::from_millis(WallTime::now().millis() + 3_600_000);
    future.append(&id("sale-1"), &start, later).unwrap();
    let lock = future.lock(&"counter".parse().unwrap()).unwrap();
    let word = Decision::new(Paid::NotPaid, "Anne", "no ticket").unwrap();
    future.resolve(&lock, &id("sale-1"), &word, WallTime::now()).unwrap();
    drop(lock);
    assert_eq!(pay(&mut self::till(dialect, &future, &Line::new(&future, &[]), true), 999), waits);

    // What the terminal itself said is not told again.
    let proven = journal_with(&dialect, Some(Outcome::Declined { refusal: caisse::Refusal::Refused }), None);
    let line = Line::new(&proven, &[]);
    assert!(matches!(pay(&mut self::till(dialect, &proven, &line, true), 999), Outcome::NotSent { .. }));
}

#[cfg(unix)]
mod probing {
    use caisse::Address;
    use caisse::probe::{Probe, Question};

    use super::*;

    use super::terminals::line::Then::Say;
    use super::terminals::line::on_pty;

    /// What a probe at this terminal says of the sale before, what the journal then has of it, and how many ACK were sent.
    fn reprint(journal: MemoryJournal, fails: bool) -> (Option<Earlier>, RecordState, usize) {
        let (address, served): (Address, _) = on_pty(&[
            Say(b"\x06"),
            Say(b"\x06"),
            Say(b"\x05"),
            Say(b"\x02CZ0040301CA00201CB003999CD0010CE003978AE00210\x03\x24"),
            Say(b"\x04\x05"),
            Say(b"\x02CZ0040301CA00201CD0013AE00210\x03\x2f"),
            Say(b"\x04"),
        ]);
        let mut journal = sent_to(&journal, &address);
        if fails {
            journal.fail_next_append();
        }
        let probe = Probe::at(address, "counter".parse().unwrap()).dialect(Dialect::INGENICO);
        let mut probe = probe.timeout(Duration::from_secs(5));
        let lock = probe.lock(&journal).unwrap();
        let reply = probe.ask(&mut journal, &lock, Question::Duplicata { ticket: false }).unwrap();
        let acknowledged = served.stop().into_iter().filter(|byte| [*byte] == *ACK).count();
        assert_eq!(reply.late, 1, "{reply:?}");
        (reply.earlier, journal.find(&id("sale-1")).unwrap().unwrap().state(), acknowledged)
    }

    /// The same journal, with the sale sent to this address.
    fn sent_to(journal: &MemoryJournal, address: &Address) -> MemoryJournal {
        let Address::Serial(port) = address else { panic!("{address}") };
        let name = format!("serial:{}", port.path().replace('/', ":"));
        let mut there = MemoryJournal::new();
        for recorded in journal.events(&id("sale-1")).unwrap() {
            let event = match recorded.event {
                Event::Started(start) => Event::Started(Transaction { address: name.parse().ok(), ..start }),
                Event::Resolved(decision) => {
                    let lock = there.lock(&"counter".parse().unwrap()).unwrap();
                    there.resolve(&lock, &id("sale-1"), &decision, recorded.at).unwrap();
                    continue;
                }
                event => event,
            };
            there.append(&id("sale-1"), &event, recorded.at).unwrap();
        }
        there
    }

    #[test]
    fn a_result_that_comes_while_a_ticket_is_asked_for_is_filed() {
        let dialect = Dialect::INGENICO;
        let outcome = Outcome::Approved { amount: euros(999) };
        for (end, word, filing, state) in [
            (Some(SILENCE), Some(Paid::NotPaid), Filing::Disputed, RecordState::Disputed),
            (Some(SILENCE), None, Filing::Open, RecordState::Unresolved),
            (Some(outcome), None, Filing::Agrees, RecordState::Final),
        ] {
            let journal = journal_with(&dialect, end, word);
            let expected = Earlier { id: id("sale-1"), outcome, filing };
            assert_eq!(reprint(journal, false), (Some(expected), state, 4));
        }
        // What cannot be written is not acknowledged: the terminal tells it again, to whoever asks next.
        let journal = journal_with(&dialect, Some(SILENCE), Some(Paid::NotPaid));
        assert_eq!(reprint(journal, true), (None, RecordState::Final, 1));
    }
}
