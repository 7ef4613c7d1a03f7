//! What people read: names, history lines, messages.

mod common;

use caisse_journal::{
    Confirmation, Decision, Dispute, Event, Journal, JournalError, LockError, Paid, RecordedEvent,
    SqliteJournal, State,
};
use caisse_payment::{Amount, Blocked, Currency, NotSent, Outcome, Proof, RawStatus};
use common::*;

#[test]
fn history_reads_as_sentences() {
    let folder = tempfile::tempdir().unwrap();
    let journal = filled(&path(&folder));
    let history = |id: &str| -> Vec<String> {
        let events = journal.events(&id.parse().unwrap()).unwrap();
        events.iter().map(|event| format!("{} {}: {event}", event.at, event.event.name())).collect()
    };
    let card = "authorisation 123456, contract 1234567, card ending in 0674, AE=10";
    assert_eq!(
        history("paid"),
        [
            "2026-11-23T09:00:00.000Z started: debit of 25.00 EUR on t1, register 01, reference order 7, dialect \
             payxpress"
                .to_owned(),
            format!("2026-11-23T09:00:00.001Z ended: approved 25.00 EUR, answered, {card}"),
        ]
    );
    assert_eq!(
        history("partial"),
        [
            "2026-11-23T09:00:00.002Z started: debit of 9.00 CHF on t1, register 01, reference order 7, a part may be \
             approved, dialect payxpress"
                .to_owned(),
            format!("2026-11-23T09:00:00.003Z ended: partially_approved 7.00 CHF, due 2.00 CHF, answered, {card}"),
        ]
    );
    assert_eq!(
        history("credit")[0],
        "2026-11-23T09:00:00.004Z started: credit of 25.00 EUR on t1, register 01, original paid, reference order 7, \
         dialect payxpress"
    );
    assert_eq!(
        history("again")[0],
        format!(
            "2026-11-23T09:00:00.006Z never_sent: debit of 25.00 EUR on t1, register 01, reference order 7, dialect \
             payxpress; not_sent (unreachable), nothing_sent, {card}"
        )
    );
    assert_eq!(
        history("decided")[1..],
        [
            format!("2026-11-23T09:00:00.011Z ended: unknown (silence), perhaps_sent, {card}"),
            "2026-11-23T09:00:00.050Z resolved: paid 19.99 EUR, says Zoé: vu".to_owned(),
        ]
    );
    // "Not paid" needs the procedure for a hung terminal: the history says what was confirmed of it.
    let resolved = Event::Resolved(not_paid()).to_string();
    assert_eq!(resolved, "not paid, says Camille: no ticket; confirmed: nothing");
    let steps = not_paid().confirming([Confirmation::Restarted, Confirmation::Recovered]);
    let disputed = Event::Disputed(Dispute::by_person(&steps)).to_string();
    assert_eq!(disputed, "not paid after all, says Camille: no ticket; confirmed: recovered,restarted");
}

/// A terminal may send anything; a log line stays one line.
#[test]
fn strange_status_characters_are_escaped() {
    let outcome = Outcome::NotSent { reason: NotSent::SendFailed };
    let mut end = conclusion(outcome, Proof::NothingSent);
    (end.authorisation, end.contract, end.last_four) = (None, None, None);
    end.status = RawStatus { status: Some([b'\n', 0xff]), complement: Some(*b"0A"), stat: None };
    let event = RecordedEvent { at: time(0), event: Event::Ended(end) };
    assert_eq!(event.to_string(), "not_sent (send_failed), nothing_sent, AE=\\n\\xff, AF=0A");
}

#[test]
fn parts_of_events() {
    let not_sent = Outcome::NotSent { reason: NotSent::SendFailed };
    let (transaction, end) = (debit("a", "t"), conclusion(not_sent, Proof::NothingSent));
    for (event, parts) in [
        (Event::Started(transaction), (true, false, false)),
        (Event::Ended(end), (false, true, false)),
        (Event::NeverSent(transaction, end), (true, true, false)),
        (Event::Resolved(not_paid()), (false, false, true)),
    ] {
        assert_eq!(
            (event.transaction().is_some(), event.conclusion().is_some(), event.decision().is_some()),
            parts,
            "{event}"
        );
    }
}

#[test]
fn names_and_messages_are_clear() {
    assert_eq!([State::Unresolved, State::Final].map(State::name), ["unresolved", "final"]);
    for (error, part) in [
        (JournalError::Conflict, "nothing was written"),
        (JournalError::NotUnresolved, "no unresolved or disputed transaction"),
        (JournalError::WrongLock, "another terminal"),
        (JournalError::Locked, "try again"),
        (JournalError::Foreign, "not a payment journal"),
        (JournalError::Replaced { what: "its file was moved or removed" }, "put the right file back"),
        (JournalError::SecondPath { what: "its file has several hard links" }, "must have one path"),
        (JournalError::NoLocks { what: "No locks available".to_owned() }, "local disk"),
        (JournalError::Older { what: "the file ends with event 2".to_owned() }, "accept-older"),
        (JournalError::Former, "begin a new journal"),
        (JournalError::Newer { found: 3, known: 1 }, "format 3"),
    ] {
        assert!(error.to_string().contains(part), "{error}");
    }
    for (error, reason) in [
        (JournalError::Replaced { what: "" }, Blocked::JournalReplaced),
        (JournalError::SecondPath { what: "" }, Blocked::JournalReplaced),
        (JournalError::Older { what: String::new() }, Blocked::JournalReplaced),
        (JournalError::NoLocks { what: String::new() }, Blocked::JournalUnavailable),
        (JournalError::Locked, Blocked::JournalUnavailable),
    ] {
        assert_eq!(error.blocks(), reason, "{error}");
    }
    assert!(LockError::Busy.to_string().contains("in use"));
}

/// A lock shows its terminal and nothing of its inside, and may be held by another thread.
#[test]
fn locks_travel() {
    fn is_send_and_sync<T: Send + Sync>(_: &T) {}
    let folder = tempfile::tempdir().unwrap();
    let journal = SqliteJournal::open(path(&folder)).unwrap();
    let lock = journal.lock(&terminal("t")).unwrap();
    is_send_and_sync(&lock);
    assert_eq!(format!("{lock:?}"), "TerminalLock { terminal: \"t\", .. }");
    std::thread::spawn(move || drop(lock)).join().unwrap();
    assert!(journal.lock(&terminal("t")).is_ok());
    assert!(format!("{journal:?}").starts_with("SqliteJournal"));
}

/// A decision counts even when it says another amount than the one asked for.
#[test]
fn decided_amounts_are_shown() {
    let amount = Amount::from_minor(1, Currency::from_code("JPY").unwrap());
    let decision = Decision::new(Paid::Paid(amount), "a", "b").unwrap();
    assert_eq!(Event::Resolved(decision).to_string(), "paid 1 JPY, says a: b");
}
