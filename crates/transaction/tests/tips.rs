//! Approvals above the amount asked for: a tip that was allowed, and everything else.

mod support;

use std::time::Duration;

use caisse_payment::{Amount, Conclusion, Currency, Doubt, Operation, Outcome, Proof, Transaction};
use caisse_transaction::till::{LateAnswer, MOST_STORAGE, read_result};
use caisse_transaction::{Action, Dialect, Instant, Request, RequestError, TillMachine};
use support::line::{Usual, run as on_a_line, serial};
use support::{Run, Then, Write, answered, config, debit, euros, transaction};

fn with_tip(max: u64) -> Request {
    Request {
        transaction: Transaction { allow_tip: Some(euros(max)), ..transaction(euros(2500)) },
        ..debit(2500)
    }
}

fn approval(minor: &str) -> String {
    format!("CZ0040320CA00201CB{:03}{minor}CD0010CE003978AE00210", minor.len())
}

fn end_of(run: &Run) -> Conclusion {
    match run.writes[..] {
        [Write::Start(_), Write::End(_, end)] => end,
        ref other => panic!("{other:?}"),
    }
}

fn unknown(doubt: Doubt) -> Outcome {
    Outcome::Unknown { doubt }
}

/// The amount is above what was asked for, and nothing else decides.
#[test]
fn a_tip_is_approved_up_to_the_largest_one() {
    for (max, answer, outcome, reported) in [
        (Some(500), "2500", Outcome::Approved { amount: euros(2500) }, None),
        (Some(500), "2501", Outcome::Approved { amount: euros(2501) }, None),
        (Some(500), "3000", Outcome::Approved { amount: euros(3000) }, None),
        (Some(500), "000000003000", Outcome::Approved { amount: euros(3000) }, None),
        (Some(500), "3001", unknown(Doubt::AmountHigher), Some(3001)),
        (Some(1), "2501", Outcome::Approved { amount: euros(2501) }, None),
        (Some(1), "2502", unknown(Doubt::AmountHigher), Some(2502)),
        (None, "2501", unknown(Doubt::AmountHigher), Some(2501)),
        // A tip allows no part.
        (Some(500), "2499", unknown(Doubt::PartialNotAllowed), Some(2499)),
        (None, "2499", unknown(Doubt::PartialNotAllowed), Some(2499)),
        (Some(500), "00", unknown(Doubt::AmountZero), None),
        // Twelve digits are an amount. More may be the number of a card.
        (Some(500), "999999999999", unknown(Doubt::AmountHigher), Some(999_999_999_999)),
        (Some(500), "4970101234567890", unknown(Doubt::AmountHigher), None),
        (None, "4970101234567890", unknown(Doubt::AmountHigher), None),
    ] {
        let request = max.map_or(debit(2500), with_tip);
        let run = answered(Dialect::PAYXPRESS, request, approval(answer).as_bytes(), Then::Close);
        assert_eq!((run.outcome(), run.proof()), (outcome, Proof::Answered), "{max:?} {answer}");
        let reported = reported.map(euros);
        assert_eq!(run.reported_amount, reported, "{max:?} {answer}");
        assert_eq!(end_of(&run).reported_amount, reported, "{max:?} {answer}");
    }
}

/// Anything else that differs is as if no tip had been allowed, and only a doubt about the amount names one.
#[test]
fn everything_but_the_amount_is_equal() {
    for (from, to, doubt) in [
        ("CE003978", "CE003840", Doubt::CurrencyDiffers),
        ("CA00201", "CA00202", Doubt::RegisterDiffers),
        ("CD0010", "CD0011", Doubt::OperationDiffers),
        ("CD0010", "", Doubt::EchoMissing),
        ("AE00210", "AE00211", Doubt::Taken),
        ("AE00210", "AE00210BA0011", Doubt::Taken),
        ("AE00210", "AE00210CB0042800", Doubt::Contradiction),
        ("AE00210", "AE00201AF00204", Doubt::AmountDiffers),
    ] {
        let answer = approval("2700").replace(from, to);
        let run = answered(Dialect::PAYXPRESS, with_tip(500), answer.as_bytes(), Then::Close);
        assert_eq!((run.outcome(), run.reported_amount), (unknown(doubt), None), "{answer}");
    }
}

/// A tip is reported as early as any approval, and bytes after it may dispute it.
#[test]
fn a_tip_is_an_early_verdict() {
    let mut storage = [0; MOST_STORAGE];
    let mut machine = TillMachine::new(config(Dialect::PAYXPRESS), &mut storage);
    let now = Instant::from_millis(5);
    machine.start(now, with_tip(500)).unwrap();
    let (mut verdict, mut dispute, mut answer) = (None, None, Some(approval("2700")));
    for _ in 0..50 {
        match machine.poll() {
            Action::Connect => machine.handle_connected(now, Ok(None)),
            Action::RecordStart(_) | Action::RecordEnd(..) | Action::RecordNeverSent(..) => {
                machine.handle_written(now, Ok(()))
            }
            Action::Dispute(contradiction) => {
                dispute = Some(contradiction);
                machine.handle_written(now, Ok(()));
            }
            Action::Persist(_) | Action::Drain => panic!("a stream carries one answer"),
            Action::Look => machine.handle_idle(now),
            Action::Send(bytes) => {
                let accepted = bytes.len();
                machine.handle_sent(now, Ok(accepted));
            }
            Action::Wait { .. } => match answer.take() {
                Some(answer) => machine.handle_input(now, answer.as_bytes()),
                None if dispute.is_none() => machine.handle_input(now, b"CB0042500"),
                None => machine.handle_closed(now),
            },
            Action::Verdict(early) => verdict = Some(early),
            Action::Done(_) => break,
            Action::Event(_) | Action::Close | Action::Abort => {}
        }
    }
    assert_eq!(verdict.unwrap().outcome, Outcome::Approved { amount: euros(2700) });
    assert_eq!(dispute.unwrap().reported, Outcome::Approved { amount: euros(2700) });
}

/// No public document says that a terminal of E or E+ may report another amount.
#[test]
fn e_and_e_plus_have_no_tips() {
    for dialect in [Dialect::CONCERT_E, Dialect::CONCERT_E_PLUS] {
        for (answer, outcome, reported) in [
            ("010000025001978          ", Outcome::Approved { amount: euros(2500) }, None),
            ("010000025011978          ", unknown(Doubt::AmountHigher), Some(euros(2501))),
            ("010000027001978          ", unknown(Doubt::AmountHigher), Some(euros(2700))),
            ("010000024991978          ", unknown(Doubt::AmountDiffers), Some(euros(2499))),
            ("017000027001978          ", unknown(Doubt::AmountDiffers), None),
            ("010000027001840          ", unknown(Doubt::CurrencyDiffers), None),
        ] {
            let run = on_a_line(serial(dialect), with_tip(500), &mut Usual::answering(answer));
            assert_eq!(run.verdict.outcome, outcome, "{answer}");
            assert_eq!(run.reported_amount, reported, "{answer}");
            assert_eq!(run.messages(), 1);
        }
    }
}

/// On a line with sessions a message of another amount is another transaction's. The amount is named if nothing else comes.
#[test]
fn a_line_with_sessions_approves_a_tip() {
    let approval = |minor: &str| approval(minor).replace("CZ0040320", "CZ0040301");
    for (max, minor, outcome, reported) in [
        (Some(500), "2700", Outcome::Approved { amount: euros(2700) }, None),
        (Some(100), "2700", unknown(Doubt::AmountHigher), Some(euros(2700))),
        (None, "2700", unknown(Doubt::AmountHigher), Some(euros(2700))),
    ] {
        let request = max.map_or(debit(2500), with_tip);
        let run = on_a_line(serial(Dialect::INGENICO), request, &mut Usual::answering(&approval(minor)));
        assert_eq!((run.verdict.outcome, run.reported_amount), (outcome, reported), "{max:?}");
        let Write::End(_, end) = run.writes[1] else { panic!("no end") };
        assert_eq!(end.reported_amount, reported);
    }
}

#[test]
fn a_late_message_is_read_as_the_answer_would_be() {
    let late = |request: Request, minor: &str| {
        let mut storage = [0; MOST_STORAGE];
        let mut late = LateAnswer::new(config(Dialect::PAYXPRESS), request, &mut storage);
        late.handle_input(Instant::from_millis(0), approval(minor).as_bytes());
        late.handle_closed(Instant::from_millis(1));
        late.outcome().unwrap()
    };
    let tip = Outcome::Approved { amount: euros(2700) };
    assert_eq!(late(with_tip(500), "2700"), tip);
    assert_eq!(late(with_tip(199), "2700"), unknown(Doubt::AmountHigher));
    assert_eq!(late(debit(2500), "2700"), unknown(Doubt::AmountHigher));
    let result = |transaction: &Transaction| {
        read_result(&Dialect::INGENICO, transaction, approval("2700").replace("0320", "0301").as_bytes())
            .outcome
    };
    assert_eq!(result(&with_tip(500).transaction), tip);
    assert_eq!(result(&with_tip(199).transaction), unknown(Doubt::AmountHigher));
}

#[test]
fn a_tip_that_cannot_be_asked_for_is_refused_before_anything_is_recorded() {
    let francs = Amount::from_minor(500, Currency::from_code("CHF").unwrap());
    let of = |operation| Request {
        transaction: Transaction { operation, ..with_tip(500).transaction },
        ..with_tip(500)
    };
    let max = |allow_tip| Request {
        transaction: Transaction { allow_tip: Some(allow_tip), ..with_tip(500).transaction },
        ..with_tip(500)
    };
    let refused = |request: Request, dialect: Dialect| request.validate(&dialect).unwrap_err();
    for operation in [Operation::Credit, Operation::Cancellation, Operation::Cheque, Operation::DeferredDebit]
    {
        assert_eq!(refused(of(operation), Dialect::PAYXPRESS), RequestError::Tip(operation));
    }
    assert_eq!(refused(max(euros(0)), Dialect::PAYXPRESS), RequestError::ZeroTip);
    let currencies = RequestError::TipCurrency { tip: francs.currency(), amount: Currency::EUR };
    assert_eq!(refused(max(francs), Dialect::PAYXPRESS), currencies);
    for dialect in [Dialect::PAYXPRESS, Dialect::CONCERT_E_PLUS] {
        let largest = dialect.largest_amount();
        let too_large = RequestError::TipTooLarge { largest };
        assert_eq!(refused(max(euros(largest - 2499)), dialect), too_large);
        assert_eq!(refused(max(euros(u64::MAX)), dialect), too_large);
        assert_eq!(max(euros(largest - 2500)).validate(&dialect), Ok(()));
    }
    let mut storage = [0; MOST_STORAGE];
    let mut machine = TillMachine::new(config(Dialect::PAYXPRESS), &mut storage);
    let error = machine.start(Instant::from_millis(0), max(euros(0))).unwrap_err();
    assert_eq!(error.to_string(), "the largest tip must be more than zero");
    assert!(matches!(machine.poll(), Action::Wait { until: None }));
}

/// The tip is nothing that the terminal is sent.
#[test]
fn the_request_is_the_same_with_a_tip() {
    let sent = |request| support::run(Dialect::PAYXPRESS, request, [], Duration::ZERO, Then::Close).sent;
    assert_eq!(sent(with_tip(500)), sent(debit(2500)));
}
