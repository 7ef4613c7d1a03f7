//! The machine around the transition function: timers, partial writes, failures of the journal, cancel, admission.

mod support;

use std::time::Duration;

use caisse_payment::{Blocked, Doubt, NotSent, Operation, Outcome, Proof, TerminalId, Transaction, Verdict};
use caisse_transaction::till::{Contradiction, MOST_STORAGE};
use caisse_transaction::{
    Action, Config, ConnectError, Dialect, Event, Instant, OptionalFields, Request, RequestError, SendError,
    TillMachine, WriteError,
};
use support::{Write, config, debit, euros, transaction};

const REQUEST: &[u8] = b"CZ0040320CJ012012345678901CA00201CB0042500CD0010CE003978";
const OF_ANOTHER_AMOUNT: &[u8] = b"CZ0040320CA00201CB0042600CD0010CE003978AE00210";
const APPROVED: &[u8] = b"CZ0040320CA00201CB0042500CD0010CE003978AE00210";

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

/// An action, told without the bytes' lifetime.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Connect,
    Started,
    Ended(Verdict),
    NeverSent(Verdict),
    Send(Vec<u8>),
    Close,
    Abort,
    Event(Event),
    Look,
    Verdict(Verdict),
    Dispute(Contradiction),
    Wait(Option<u64>),
    Done(Verdict),
}

fn poll(machine: &mut TillMachine<'_>) -> Step {
    match machine.poll() {
        Action::Connect => Step::Connect,
        Action::RecordStart(_) => Step::Started,
        Action::RecordEnd(_, end) => Step::Ended(end.verdict),
        Action::RecordNeverSent(_, end) => Step::NeverSent(end.verdict),
        Action::Send(bytes) => Step::Send(bytes.to_vec()),
        Action::Close => Step::Close,
        Action::Abort => Step::Abort,
        Action::Event(event) => Step::Event(event),
        Action::Persist(_) | Action::Drain => panic!("a stream carries one answer"),
        Action::Look => Step::Look,
        Action::Verdict(verdict) => Step::Verdict(verdict),
        Action::Dispute(contradiction) => Step::Dispute(contradiction),
        Action::Wait { until } => Step::Wait(until.map(Instant::millis)),
        Action::Done(verdict) => Step::Done(verdict),
    }
}

/// The next action that is not an event; a look at the line finds nothing.
fn next(machine: &mut TillMachine<'_>) -> Step {
    loop {
        match poll(machine) {
            Step::Event(_) => {}
            Step::Look => machine.handle_idle(at(20)),
            step => return step,
        }
    }
}

/// The time comes, and a look at the line finds nothing.
fn elapses(machine: &mut TillMachine<'_>, now: u64) {
    machine.handle_timeout(at(now));
    machine.handle_idle(at(now));
}

fn with_machine(config: Config, test: impl FnOnce(&mut TillMachine<'_>)) {
    let mut storage = [0; MOST_STORAGE];
    let mut machine = TillMachine::new(config, &mut storage);
    machine.start(at(0), debit(2500)).unwrap();
    assert_eq!(next(&mut machine), Step::Connect);
    test(&mut machine);
}

fn connecting(test: impl FnOnce(&mut TillMachine<'_>)) {
    with_machine(config(Dialect::PAYXPRESS), test);
}

fn recording(test: impl FnOnce(&mut TillMachine<'_>)) {
    connecting(|machine| {
        machine.handle_connected(at(10), Ok(None));
        assert_eq!(next(machine), Step::Started);
        test(machine);
    });
}

fn sending(test: impl FnOnce(&mut TillMachine<'_>)) {
    recording(|machine| {
        machine.handle_written(at(20), Ok(()));
        assert_eq!(next(machine), Step::Send(REQUEST.to_vec()));
        test(machine);
    });
}

fn waiting(test: impl FnOnce(&mut TillMachine<'_>)) {
    sending(|machine| {
        machine.handle_sent(at(30), Ok(REQUEST.len()));
        assert_eq!(next(machine), Step::Wait(Some(30 + 300_000)));
        test(machine);
    });
}

fn not_sent(reason: NotSent) -> Verdict {
    Verdict { outcome: Outcome::NotSent { reason }, proof: Proof::NothingSent }
}

fn unknown(doubt: Doubt, proof: Proof) -> Verdict {
    Verdict { outcome: Outcome::Unknown { doubt }, proof }
}

fn approved() -> Verdict {
    Verdict { outcome: Outcome::Approved { amount: euros(2500) }, proof: Proof::Answered }
}

fn ends(machine: &mut TillMachine<'_>, now: u64, verdict: Verdict) {
    assert_eq!(next(machine), Step::Ended(verdict));
    machine.handle_written(at(now), Ok(()));
    assert_eq!(next(machine), Step::Verdict(verdict));
    // A connection on which nothing was said stays open: a late answer can come only there.
    let silent = verdict.outcome == Outcome::Unknown { doubt: Doubt::Silence };
    if !silent {
        let closing = next(machine);
        assert!(matches!(closing, Step::Close | Step::Abort), "{closing:?}");
        // Only a whole answer ends a connection in order.
        let decided = verdict.proof == Proof::Answered && !verdict.outcome.is_unknown();
        assert!(!decided || closing == Step::Close, "{verdict:?}");
        assert!(verdict.proof == Proof::Answered || closing == Step::Abort, "{verdict:?}");
    }
    assert_eq!(next(machine), Step::Done(verdict));
    assert_eq!(machine.stays_open(), silent);
    assert_eq!(next(machine), Step::Done(verdict));
    assert!(machine.report().unwrap().journaled());
}

fn never_sent(machine: &mut TillMachine<'_>, reason: NotSent) {
    let verdict = not_sent(reason);
    assert_eq!(next(machine), Step::NeverSent(verdict));
    machine.handle_written(at(99), Ok(()));
    assert_eq!(next(machine), Step::Verdict(verdict));
    assert_eq!(next(machine), Step::Abort);
    assert_eq!(next(machine), Step::Done(verdict));
}

#[test]
fn what_cannot_be_asked_for_is_refused_before_anything_happens() {
    let amount = |minor| Request { transaction: transaction(euros(minor)), ..debit(1) };
    let named = |operation| {
        let original = "sale-0".parse().ok();
        Request { transaction: Transaction { operation, original, ..transaction(euros(1)) }, ..debit(1) }
    };
    let forced = Request { application: "001".parse().ok(), ..debit(1) };
    let largest = 999_999_999_999;
    let e = Dialect::CONCERT_E_PLUS;
    let differed = Transaction { operation: Operation::DeferredDebit, ..transaction(euros(1)) };
    for (dialect, request, error) in [
        (Dialect::PAYXPRESS, amount(0), RequestError::ZeroAmount),
        (Dialect::PAYXPRESS, amount(largest + 1), RequestError::AmountTooLarge { largest }),
        (e, amount(0), RequestError::ZeroAmount),
        (e, amount(100_000_000), RequestError::AmountTooLarge { largest: 99_999_999 }),
        (Dialect::PAYXPRESS, named(Operation::Debit), RequestError::Original(Operation::Debit)),
        (Dialect::PAYXPRESS, named(Operation::Cheque), RequestError::Original(Operation::Cheque)),
        (
            Dialect::PAYXPRESS,
            named(Operation::DeferredDebit),
            RequestError::Original(Operation::DeferredDebit),
        ),
        (e, forced, RequestError::Application { dialect: "concert-e-plus" }),
        (
            e,
            Request { transaction: differed, ..debit(1) },
            RequestError::Unsupported { operation: Operation::DeferredDebit, dialect: "concert-e-plus" },
        ),
    ] {
        let mut machine = TillMachine::new(config(dialect), &mut []);
        assert_eq!(machine.start(at(0), request), Err(error));
        assert_eq!(poll(&mut machine), Step::Wait(None));
        assert!(machine.report().is_none());
    }
    let mut machine = TillMachine::new(config(Dialect::PAYXPRESS), &mut []);
    machine.start(at(0), amount(999_999_999_999)).unwrap();
    assert_eq!(machine.start(at(0), amount(1)), Err(RequestError::AlreadyStarted));
    let nameless = Dialect { name: "no name", ..Dialect::PAYXPRESS };
    let mut machine = TillMachine::new(config(nameless), &mut []);
    assert_eq!(machine.start(at(0), debit(1)), Err(RequestError::DialectName));
}

#[test]
fn a_connection_that_never_opens_is_not_sent_after_exactly_its_time() {
    connecting(|machine| {
        assert_eq!(poll(machine), Step::Wait(Some(10_000)));
        elapses(machine, 9_999);
        assert_eq!(poll(machine), Step::Wait(Some(10_000)));
        elapses(machine, 10_000);
        never_sent(machine, NotSent::ConnectTimedOut);
    });
    for (error, reason) in [
        (ConnectError::Refused, NotSent::ConnectionRefused),
        (ConnectError::Unreachable, NotSent::Unreachable),
        (ConnectError::TimedOut, NotSent::ConnectTimedOut),
        (ConnectError::NameNotResolved, NotSent::NameNotResolved),
        (ConnectError::PortNotFound, NotSent::PortMissing),
        (ConnectError::PortBusy, NotSent::PortBusy),
        (ConnectError::PermissionDenied, NotSent::PortForbidden),
        (ConnectError::NotAPort, NotSent::NotAPort),
        (ConnectError::Cancelled, NotSent::Cancelled),
        (ConnectError::Other, NotSent::ConnectFailed),
    ] {
        connecting(|machine| {
            machine.handle_connected(at(5), Err(error));
            never_sent(machine, reason);
        });
    }
    connecting(|machine| {
        machine.handle_closed(at(5));
        never_sent(machine, NotSent::ConnectFailed);
    });
}

#[test]
fn nothing_leaves_before_the_record_is_confirmed() {
    recording(|machine| {
        for _ in 0..3 {
            elapses(machine, 1_000_000);
            machine.handle_input(at(1_000_000), APPROVED);
            assert_eq!(poll(machine), Step::Wait(None));
        }
        machine.handle_written(at(1_000_001), Err(WriteError::Failed(Blocked::JournalUnavailable)));
        let verdict = Verdict::nothing_sent(Outcome::Blocked { reason: Blocked::JournalUnavailable });
        assert_eq!(next(machine), Step::Verdict(verdict));
        assert_eq!(next(machine), Step::Abort);
        assert_eq!(next(machine), Step::Done(verdict));
        assert!(!machine.report().unwrap().journaled());
    });
    // The connection goes while the disk is writing.
    recording(|machine| {
        machine.handle_closed(at(15));
        assert_eq!(poll(machine), Step::Wait(None));
        machine.handle_written(at(20), Ok(()));
        ends(machine, 21, not_sent(NotSent::ClosedBeforeSend));
    });
}

#[test]
fn a_write_in_parts_goes_on_where_it_stopped_and_never_begins_again() {
    sending(|machine| {
        let mut left = REQUEST;
        while left.len() > 3 {
            machine.handle_sent(at(21), Ok(3));
            left = &left[3..];
            assert_eq!(next(machine), Step::Send(left.to_vec()));
        }
        // The time for sending counts from the first byte handed over.
        assert_eq!(poll(machine), Step::Wait(Some(10_020)));
        machine.handle_sent(at(22), Ok(left.len()));
        assert_eq!(poll(machine), Step::Event(Event::Sent));
        assert_eq!(poll(machine), Step::Event(Event::Waiting));
        assert_eq!(next(machine), Step::Wait(Some(300_022)));
        // A driver that counts too much changes nothing.
        machine.handle_sent(at(23), Ok(1_000));
        assert_eq!(next(machine), Step::Wait(Some(300_022)));
    });
}

#[test]
fn a_failed_write_is_not_sent_only_if_no_byte_was_accepted() {
    sending(|machine| {
        machine.handle_sent(at(25), Err(SendError::Closed));
        ends(machine, 26, not_sent(NotSent::SendFailed));
    });
    for accepted in 1..REQUEST.len() {
        sending(|machine| {
            machine.handle_sent(at(25), Ok(accepted));
            assert_eq!(next(machine), Step::Send(REQUEST[accepted..].to_vec()));
            machine.handle_sent(at(25), Err(SendError::Closed));
            // The rest is not offered: the line is broken, and the answer may still come.
            assert_eq!(next(machine), Step::Wait(Some(300_025)));
            machine.handle_closed(at(30));
            ends(machine, 31, unknown(Doubt::ClosedWithoutAnswer, Proof::PerhapsSent));
        });
    }
    sending(|machine| {
        machine.handle_sent(at(25), Err(SendError::Uncertain));
        assert_eq!(next(machine), Step::Wait(Some(300_025)));
        elapses(machine, 300_025);
        ends(machine, 300_026, unknown(Doubt::Silence, Proof::PerhapsSent));
    });
    // The driver hangs in the write: what it has accepted is not known.
    sending(|machine| {
        machine.handle_sent(at(21), Ok(0));
        assert_eq!(next(machine), Step::Wait(Some(10_020)));
        elapses(machine, 10_020);
        elapses(machine, 310_020);
        ends(machine, 190_021, unknown(Doubt::Silence, Proof::PerhapsSent));
    });
    sending(|machine| {
        machine.handle_closed(at(21));
        ends(machine, 22, unknown(Doubt::SendBroken, Proof::PerhapsSent));
    });
}

#[test]
fn silence_ends_after_exactly_the_time_of_the_answer() {
    waiting(|machine| {
        elapses(machine, 300_029);
        assert_eq!(poll(machine), Step::Wait(Some(300_030)));
        elapses(machine, 300_030);
        ends(machine, 300_031, unknown(Doubt::Silence, Proof::PerhapsSent));
    });
}

/// Only the close or the time of the answer ends a message without a deciding field: a lost segment of TCP comes again
/// after up to six seconds and more.
#[test]
fn no_silence_ends_an_answer_that_decides_nothing_yet() {
    for (answer, doubt, proof) in [
        (b"CZ0040320".as_slice(), Doubt::StatusMissing, Proof::Delivered),
        (b"CZ0040320AE00210", Doubt::EchoMissing, Proof::Answered),
        (b"CZ0040320CA00201CB0042500CD0010AE00210", Doubt::EchoMissing, Proof::Answered),
        (b"CZ0040320CA00201CB0042500CD0010CE003978", Doubt::StatusMissing, Proof::Delivered),
        (b"CZ0040300AE00201", Doubt::RefusalWithoutReason, Proof::Answered),
        // Inside a field that may decide.
        (b"CZ00403", Doubt::AnswerCut, Proof::Delivered),
        (b"CZ0040320CA00201CB0042500CD0010CE003978AE00210BA", Doubt::AnswerCut, Proof::Answered),
        // Inside a frame.
        (b"\x02CZ0040320CA00201CB0042500CD0010CE003978AE00210", Doubt::EchoMissing, Proof::Answered),
    ] {
        waiting(|machine| {
            machine.handle_input(at(1_000), answer);
            assert_eq!(next(machine), Step::Wait(Some(300_030)));
            if !answer.starts_with(b"\x02") {
                elapses(machine, 300_030);
                ends(machine, 300_031, unknown(doubt, proof));
            }
        });
    }
}

/// What decides nothing by its absence is waited for, and not for ever.
#[test]
fn silence_ends_an_answer_that_decides_and_lacks_something() {
    // A ticket that was asked for.
    for whole in [false, true] {
        let mut storage = [0; MOST_STORAGE];
        let mut machine = TillMachine::new(config(Dialect::PAYXPRESS), &mut storage);
        machine.start(at(0), support::with_ticket(debit(2500))).unwrap();
        machine.handle_connected(at(0), Ok(None));
        assert_eq!(next(&mut machine), Step::Connect);
        assert_eq!(next(&mut machine), Step::Started);
        machine.handle_written(at(0), Ok(()));
        while !matches!(next(&mut machine), Step::Send(_)) {}
        machine.handle_sent(at(0), Ok(100));
        machine.handle_input(at(1_000), APPROVED);
        assert_eq!(next(&mut machine), Step::Wait(Some(4_000)));
        if whole {
            machine.handle_input(at(2_000), b"ZT013CK003100AK000");
        } else {
            elapses(&mut machine, 4_000);
        }
        assert_eq!(next(&mut machine), Step::Ended(approved()));
    }
    // The rest of a field that decides nothing.
    waiting(|machine| {
        machine.handle_input(at(1_000), &[APPROVED, b"AC006A0"].concat());
        assert_eq!(next(machine), Step::Wait(Some(4_000)));
        elapses(machine, 4_000);
        ends(machine, 4_001, approved());
        assert!(machine.report().unwrap().is_cut());
    });
    // After a contradiction nothing decides any more.
    waiting(|machine| {
        machine.handle_input(at(1_000), &[APPROVED, b"AE00201"].concat());
        assert_eq!(next(machine), Step::Wait(Some(4_000)));
        elapses(machine, 4_000);
        ends(machine, 4_001, unknown(Doubt::Contradiction, Proof::Answered));
    });
    // An answer whose content decides that nobody knows.
    waiting(|machine| {
        machine.handle_input(at(1_000), b"CZ0040320CA00201CB0042600CD0010CE003978AE00210");
        assert_eq!(next(machine), Step::Wait(Some(1_300)));
        elapses(machine, 1_300);
        ends(machine, 1_301, unknown(Doubt::AmountHigher, Proof::Answered));
        assert!(!machine.report().unwrap().is_cut());
    });
}

#[test]
fn an_answer_to_half_a_request_has_its_time_too() {
    sending(|machine| {
        machine.handle_sent(at(21), Ok(3));
        machine.handle_input(at(30), b"CZ0");
        assert_eq!(next(machine), Step::Wait(Some(300_030)));
        elapses(machine, 300_030);
        ends(machine, 300_031, unknown(Doubt::AnswerCut, Proof::Delivered));
    });
}

/// Until then nobody can be at the terminal because of it.
#[test]
fn the_moment_of_the_last_byte_is_kept() {
    sending(|machine| {
        machine.handle_sent(at(25), Ok(3));
        assert_eq!(machine.sent_at(), None);
        machine.handle_sent(at(31), Ok(REQUEST.len() - 3));
        assert_eq!(machine.sent_at(), Some(at(31)));
        machine.handle_input(at(50), APPROVED);
        machine.handle_closed(at(51));
        ends(machine, 52, approved());
        assert_eq!(machine.sent_at(), Some(at(31)));
    });
    // Of a part that was sent, from when the terminal answered it.
    sending(|machine| {
        machine.handle_sent(at(25), Ok(3));
        machine.handle_input(at(40), b"CZ0");
        assert_eq!(machine.sent_at(), Some(at(40)));
    });
}

#[test]
fn an_outcome_that_cannot_be_written_is_told_all_the_same() {
    waiting(|machine| {
        machine.handle_input(at(1_000), APPROVED);
        machine.handle_closed(at(1_001));
        assert_eq!(next(machine), Step::Ended(approved()));
        machine.handle_written(at(1_002), Err(WriteError::Failed(Blocked::JournalUnavailable)));
        assert_eq!(next(machine), Step::Verdict(approved()));
        assert_eq!(next(machine), Step::Close);
        assert_eq!(next(machine), Step::Done(approved()));
        assert!(!machine.report().unwrap().journaled());
    });
    connecting(|machine| {
        machine.handle_connected(at(5), Err(ConnectError::Unreachable));
        assert!(matches!(next(machine), Step::NeverSent(_)));
        machine.handle_written(at(6), Err(WriteError::Failed(Blocked::JournalUnavailable)));
        assert_eq!(next(machine), Step::Verdict(not_sent(NotSent::Unreachable)));
        assert_eq!(next(machine), Step::Abort);
        assert_eq!(next(machine), Step::Done(not_sent(NotSent::Unreachable)));
    });
}

#[test]
fn the_end_is_recorded_with_what_may_be_kept() {
    let mut storage = [0; MOST_STORAGE];
    let answer = [APPROVED, b"AF00201AC006A00395AA016497010######1234CG0071234567"].concat();
    let run = support::run_with_storage(
        Dialect::PAYXPRESS,
        debit(2500),
        [answer.as_slice()],
        Duration::ZERO,
        support::Then::Close,
        storage.len(),
    );
    storage.fill(0);
    let Write::End(_, end) = run.writes[1] else { panic!("{:?}", run.writes) };
    assert_eq!(end.authorisation, "A00395".parse().ok());
    assert_eq!(end.contract, "1234567".parse().ok());
    assert_eq!(end.last_four, Some(*b"1234"));
    assert_eq!((end.status.status, end.status.complement), (Some(*b"10"), Some(*b"01")));
    assert!(!format!("{end:?}").contains("497010"));
}

#[test]
fn cancel_is_an_outcome_before_the_message_and_a_wish_after_it() {
    connecting(|machine| {
        machine.request_cancel(at(5));
        never_sent(machine, NotSent::Cancelled);
    });
    recording(|machine| {
        machine.request_cancel(at(15));
        assert_eq!(poll(machine), Step::Wait(None));
        machine.handle_written(at(20), Ok(()));
        ends(machine, 21, not_sent(NotSent::Cancelled));
    });
    sending(|machine| {
        machine.request_cancel(at(21));
        assert_eq!(poll(machine), Step::Event(Event::PressRedButton));
        assert!(matches!(poll(machine), Step::Wait(Some(_))));
    });
    waiting(|machine| {
        for _ in 0..100 {
            machine.request_cancel(at(40));
        }
        assert_eq!(poll(machine), Step::Event(Event::PressRedButton));
        assert_eq!(poll(machine), Step::Wait(Some(300_030)));
        machine.handle_input(at(50), APPROVED);
        machine.handle_closed(at(51));
        ends(machine, 52, approved());
    });
}

#[test]
fn a_wish_to_stop_takes_back_a_message_that_nobody_has_seen() {
    for give_up in [false, true] {
        recording(|machine| {
            machine.handle_written(at(20), Ok(()));
            if give_up {
                machine.give_up(at(20))
            } else {
                machine.request_cancel(at(20))
            }
            ends(machine, 21, not_sent(NotSent::Cancelled));
        });
    }
    // Once a part is out the rest follows, whatever the wish.
    sending(|machine| {
        machine.handle_sent(at(21), Ok(3));
        machine.request_cancel(at(21));
        assert_eq!(next(machine), Step::Send(REQUEST[3..].to_vec()));
    });
}

#[test]
fn giving_up_is_not_sent_only_where_that_is_proven() {
    connecting(|machine| {
        machine.give_up(at(5));
        never_sent(machine, NotSent::Cancelled);
    });
    recording(|machine| {
        machine.give_up(at(15));
        machine.handle_written(at(20), Ok(()));
        ends(machine, 21, not_sent(NotSent::Cancelled));
    });
    sending(|machine| {
        machine.give_up(at(21));
        ends(machine, 22, unknown(Doubt::GivenUp, Proof::PerhapsSent));
    });
    waiting(|machine| {
        machine.handle_input(at(40), b"CZ");
        machine.give_up(at(41));
        ends(machine, 42, unknown(Doubt::GivenUp, Proof::Delivered));
    });
}

#[test]
fn bytes_before_the_request_are_not_its_answer() {
    // Found on the line right before the send: nothing is sent at all.
    recording(|machine| {
        machine.handle_written(at(20), Ok(()));
        machine.handle_input(at(21), APPROVED);
        ends(machine, 22, not_sent(NotSent::UnexpectedBytes));
    });
    recording(|machine| {
        machine.handle_written(at(20), Ok(()));
        machine.handle_closed(at(21));
        ends(machine, 22, not_sent(NotSent::ClosedBeforeSend));
    });
    recording(|machine| {
        machine.handle_input(at(15), APPROVED);
        machine.handle_written(at(20), Ok(()));
        assert_eq!(next(machine), Step::Send(REQUEST.to_vec()));
        machine.handle_input(at(21), APPROVED);
        machine.handle_sent(at(30), Ok(REQUEST.len()));
        machine.handle_closed(at(31));
        ends(machine, 32, unknown(Doubt::ClosedWithoutAnswer, Proof::PerhapsSent));
    });
}

#[test]
fn bf_goes_out_only_where_the_dialect_and_the_till_want_it() {
    let optional = OptionalFields { partial: true, ..Dialect::PAYXPRESS.optional };
    let with_bf = Dialect { optional, ..Dialect::PAYXPRESS };
    let partial = Request {
        transaction: Transaction { allow_partial: true, ..transaction(euros(2500)) },
        ..debit(2500)
    };
    for (dialect, request, expected) in [
        (with_bf, partial, b"CZ0040320CJ012012345678901CA00201CB0042500CD0010CE003978BF0011".as_slice()),
        (with_bf, debit(2500), REQUEST),
        (Dialect::PAYXPRESS, partial, REQUEST),
    ] {
        let run = support::answered(dialect, request, b"", support::Then::Close);
        assert_eq!(run.sent, expected);
    }
}

#[test]
fn the_address_that_was_connected_is_recorded() {
    let connected: TerminalId = "tcp:192.0.2.7:8888".parse().unwrap();
    let named: TerminalId = "tcp:counter.shop:8888".parse().unwrap();
    for (given, known, expected) in [
        (Some(named), Some(connected), Some(connected)),
        (None, Some(connected), Some(connected)),
        (Some(named), None, Some(named)),
        (None, None, None),
    ] {
        let mut storage = [0; 512];
        let mut machine = TillMachine::new(config(Dialect::PAYXPRESS), &mut storage);
        let transaction = Transaction { address: given, ..transaction(euros(2500)) };
        machine.start(at(0), Request { transaction, ..debit(2500) }).unwrap();
        assert_eq!(next(&mut machine), Step::Connect);
        machine.handle_connected(at(1), Ok(known));
        let recorded = loop {
            match machine.poll() {
                Action::RecordStart(transaction) => break transaction.address,
                Action::Event(_) => {}
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(recorded, expected);
        // Later reports of a connection change nothing.
        machine.handle_connected(at(2), Ok(Some(named)));
        machine.give_up(at(3));
        machine.handle_written(at(4), Ok(()));
        let Action::RecordEnd(..) = machine.poll() else { panic!("no end") };
    }
}

/// What happens to a machine that waits for its answer.
type Happens = fn(&mut TillMachine<'_>);

/// The connection is closed in order only when nothing can be outstanding: after a whole answer to a whole request.
#[test]
fn a_connection_is_aborted_unless_the_answer_is_whole() {
    let closing = |machine: &mut TillMachine<'_>| {
        let mut outcome = "none";
        loop {
            match next(machine) {
                Step::Ended(verdict) => {
                    outcome = verdict.outcome.name();
                    machine.handle_written(at(900_000), Ok(()));
                }
                Step::Verdict(_) => {}
                Step::Look => machine.handle_idle(at(900_000)),
                Step::Wait(Some(until)) => machine.handle_timeout(at(until.max(900_000))),
                step => break (step, outcome),
            }
        }
    };
    const REFUSED: &[u8] = b"CZ0040300AE00201AF00204";
    let cases: [(&str, Happens, Step, &str); 8] = [
        ("an approval, then a close", |till| answered(till, APPROVED), Step::Close, "approved"),
        ("a refusal, then a close", |till| answered(till, REFUSED), Step::Close, "declined"),
        (
            "a whole answer of another amount",
            |till| answered(till, OF_ANOTHER_AMOUNT),
            Step::Close,
            "unknown",
        ),
        (
            "an answer cut in a deciding field",
            |till| answered(till, b"CZ0040300AE0021"),
            Step::Abort,
            "unknown",
        ),
        ("a close without a word", |till| till.handle_closed(at(50)), Step::Abort, "unknown"),
        ("garbage", |till| answered(till, b"HTTP/1.1 400 Bad Request"), Step::Abort, "unknown"),
        ("given up", |till| till.give_up(at(50)), Step::Abort, "unknown"),
        (
            "an answer that never ends",
            |till| {
                till.handle_input(at(50), b"CZ0040300AE");
                till.handle_timeout(at(400_000));
            },
            Step::Abort,
            "unknown",
        ),
    ];
    for (what, happen, expected, outcome) in cases {
        waiting(|machine| {
            happen(machine);
            assert_eq!(closing(machine), (expected.clone(), outcome), "{what}");
        });
    }
    // An answer to a part of the request leaves the rest of it outstanding.
    sending(|machine| {
        machine.handle_sent(at(25), Ok(3));
        machine.handle_sent(at(26), Err(SendError::Closed));
        answered(machine, REFUSED);
        assert_eq!(closing(machine), (Step::Abort, "declined"));
    });
}

fn answered(machine: &mut TillMachine<'_>, bytes: &[u8]) {
    machine.handle_input(at(40), bytes);
    machine.handle_closed(at(41));
}
