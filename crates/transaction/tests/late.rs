//! Answers and results that come when nobody waits for them any more: what is read, what is said on the line meanwhile,
//! and when it is over.

mod support;

use std::time::Duration;

use caisse_payment::{Doubt, Outcome, RawStatus, Refusal, Transaction};
use caisse_transaction::till::{LateAction, LateAnswer, LateResult, MOST_STORAGE, read_result};
use caisse_transaction::{Dialect, Instant, Received, Request, SendError};
use support::line::{ACK, ENQ, EOT, NAK, framed};
use support::{config, debit, euros, transaction};

const YES: &str = "CZ0040320CA00201CB0042500CD0010CE003978AC006184117AE00210";
const NO: &str = "CZ0040320CA00201CB0042500CD0010CE003978AE00201AF00204";

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn approved() -> Option<Outcome> {
    Some(Outcome::Approved { amount: euros(2500) })
}

fn status(status: &[u8; 2], complement: Option<&[u8; 2]>) -> RawStatus {
    RawStatus { status: Some(*status), complement: complement.copied(), stat: None }
}

#[test]
fn a_late_answer_ends_where_any_answer_does() {
    let quiet = Dialect::PAYXPRESS.answer.quiet;
    let patience = Dialect::PAYXPRESS.answer.patience;
    // Whole, and then silence.
    let mut storage = [0; MOST_STORAGE];
    let mut late = LateAnswer::new(config(Dialect::PAYXPRESS), debit(2500), &mut storage);
    assert_eq!((late.has_begun(), late.deadline(), late.outcome()), (false, None, None));
    late.handle_input(at(0), b"");
    assert!(!late.has_begun(), "nothing is not a beginning");
    late.handle_timeout(at(100_000));
    assert_eq!((late.has_begun(), late.outcome()), (false, None), "silence before it begins ends nothing");
    late.handle_input(at(200_000), &YES.as_bytes()[..20]);
    // Inside a field nothing ends it but more of it.
    assert_eq!((late.has_begun(), late.deadline(), late.outcome()), (true, None, None));
    late.handle_input(at(200_500), &YES.as_bytes()[20..]);
    let end = at(200_500).after(quiet);
    assert_eq!((late.deadline(), late.outcome()), (Some(end), None));
    late.handle_timeout(at(200_501));
    assert_eq!(late.outcome(), None);
    late.handle_timeout(end);
    assert_eq!(late.outcome(), approved());
    assert_eq!(late.raw_status(), status(b"10", None));
    // At the bare end of a field it is waited for longer; a close ends it at once.
    for closes in [false, true] {
        let mut storage = [0; MOST_STORAGE];
        let mut late = LateAnswer::new(config(Dialect::PAYXPRESS), debit(2500), &mut storage);
        late.handle_input(at(0), b"CZ0040320AE00201AF00204");
        assert_eq!(late.deadline(), Some(at(0).after(patience)));
        if closes {
            late.handle_closed(at(1))
        } else {
            late.handle_timeout(at(0).after(patience))
        }
        assert_eq!(late.outcome(), Some(Outcome::Declined { refusal: Refusal::Refused }));
        assert_eq!(late.raw_status(), status(b"01", Some(b"04")));
    }
    // A close without an answer proves nothing.
    let mut storage = [0; MOST_STORAGE];
    let mut late = LateAnswer::new(config(Dialect::PAYXPRESS), debit(2500), &mut storage);
    late.handle_closed(at(0));
    assert_eq!(late.outcome(), Some(Outcome::Unknown { doubt: Doubt::ClosedWithoutAnswer }));
}

#[test]
fn a_late_answer_is_held_to_what_was_asked() {
    let outcome = |dialect, request: Request, bytes: &str| {
        let mut storage = [0; MOST_STORAGE];
        let mut late = LateAnswer::new(config(dialect), request, &mut storage);
        late.handle_input(at(0), bytes.as_bytes());
        late.handle_timeout(at(0).after(Dialect::PAYXPRESS.answer.quiet));
        late.outcome()
    };
    assert_eq!(outcome(Dialect::PAYXPRESS, debit(2500), YES), approved());
    let differs = Some(Outcome::Unknown { doubt: Doubt::AmountDiffers });
    let higher = Some(Outcome::Unknown { doubt: Doubt::AmountHigher });
    assert_eq!(outcome(Dialect::PAYXPRESS, debit(2400), YES), higher);
    assert_eq!(outcome(Dialect::PAYXPRESS, debit(2400), NO), differs);
    // The reference is compared where it comes back as it went, and nowhere else.
    let asked = transaction(euros(2500));
    let ours =
        Request { transaction: Transaction { reference: "order-7".parse().ok(), ..asked }, ..debit(2500) };
    let other = format!("{YES}CF007order-8");
    let foreign = Some(Outcome::Unknown { doubt: Doubt::ReferenceDiffers });
    assert_eq!(outcome(Dialect::PAYXPRESS, ours, &other), foreign);
    assert_eq!(outcome(Dialect::PAYXPRESS, ours, &format!("{YES}CF007order-7")), approved());
    assert_eq!(outcome(Dialect::INGENICO, ours, &other), approved());
    // A ticket that was asked for is waited for, where the terminal sends any.
    assert_eq!(outcome(Dialect::PAYXPRESS, support::with_ticket(debit(2500)), YES), None);
    assert_eq!(outcome(Dialect::NEPTING, debit(2500), "\x02"), None);
    let silent = Dialect {
        optional: caisse_transaction::OptionalFields { ticket: false, ..Dialect::PAYXPRESS.optional },
        ..Dialect::PAYXPRESS
    };
    assert_eq!(outcome(silent, support::with_ticket(debit(2500)), YES), approved());
}

/// What a till says on the line until it has nothing to say, each character sent well; and what it stores meanwhile.
fn drain(late: &mut LateResult<'_>, now: &mut Instant) -> (Vec<u8>, Vec<String>) {
    let (mut said, mut stored) = (vec![], vec![]);
    loop {
        match late.poll() {
            LateAction::Persist(body) => {
                stored.push(String::from_utf8(body.to_vec()).unwrap());
                late.handle_persisted(*now);
            }
            LateAction::Send(bytes) => {
                said.extend_from_slice(bytes);
                late.handle_sent(*now, Ok(1));
            }
            LateAction::Drain => late.handle_drained(*now, Ok(())),
            LateAction::Look => late.handle_received(*now, Ok(Received::Nothing), &[]),
            LateAction::Wait { until: Some(until) } if until.since(*now) < Duration::from_millis(100) => {
                *now = until;
                late.handle_timeout(*now);
            }
            LateAction::Wait { .. } => return (said, stored),
            LateAction::Abort | LateAction::Done => panic!("everything was stored"),
        }
    }
}

#[test]
fn a_late_result_is_taken_and_acknowledged() {
    let nothing = Vec::<String>::new;
    let mut storage = [0; 512];
    let mut late = LateResult::new(Dialect::NEPTING, &mut storage);
    let mut now = at(0);
    assert_eq!(drain(&mut late, &mut now), (vec![], nothing()), "it speaks to nobody by itself");
    assert!(!late.is_busy());
    late.handle_input(now, &[ENQ]);
    assert!(late.is_busy());
    assert_eq!(drain(&mut late, &mut now), (vec![ACK], nothing()));
    let frame = framed(YES);
    late.handle_input(now, &frame[..9]);
    assert_eq!(drain(&mut late, &mut now), (vec![], nothing()));
    late.handle_input(now, &frame[9..]);
    // Whatever the driver does meanwhile, the message is stored before it is acknowledged.
    for _ in 0..3 {
        assert_eq!(late.poll(), LateAction::Persist(YES.as_bytes()));
        now = now.after(Duration::from_secs(1));
        late.handle_timeout(now);
    }
    assert_eq!(drain(&mut late, &mut now), (vec![ACK], vec![YES.to_owned()]));
    assert!(late.is_busy(), "its end is still to come");
    // The acknowledgement was lost: it comes again, and is stored again.
    late.handle_input(now, &framed(NO));
    assert_eq!(drain(&mut late, &mut now), (vec![ACK], vec![NO.to_owned()]));
    late.handle_input(now, &[EOT]);
    assert!(!late.is_busy());
    assert_eq!(drain(&mut late, &mut now), (vec![], nothing()));
}

#[test]
fn a_message_says_something_of_what_it_repeats_and_nothing_else() {
    let told = |dialect, asked: &Transaction, body: &str| read_result(&dialect, asked, body.as_bytes());
    let asked = transaction(euros(2500));
    let unknown = |doubt| Outcome::Unknown { doubt };
    let declined = Outcome::Declined { refusal: Refusal::Refused };
    for (dialect, body, outcome) in [
        (Dialect::NEPTING, NO.replace("2500", "2600"), unknown(Doubt::AmountDiffers)),
        (Dialect::NEPTING, "CZ0040320AE00201AF00204".to_owned(), unknown(Doubt::EchoMissing)),
        (Dialect::NEPTING, NO.to_owned(), declined),
        (Dialect::CONCERT_E_PLUS, "010000025001978          ".to_owned(), approved().unwrap()),
        (Dialect::CONCERT_E_PLUS, "020000025001978          ".to_owned(), unknown(Doubt::RegisterDiffers)),
        // Behind a refusal that breaks off into rubbish anything may have stood; an approval has all that decides.
        (Dialect::NEPTING, format!("{NO}ZZ-01X"), unknown(Doubt::AnswerMalformed)),
        (Dialect::NEPTING, format!("{YES}ZZ-01X"), approved().unwrap()),
    ] {
        assert_eq!(told(dialect, &asked, &body).outcome, outcome, "{body}");
    }
    let yes = told(Dialect::NEPTING, &asked, YES);
    assert_eq!(yes.authorisation.map(|it| it.to_string()).as_deref(), Some("184117"));
    assert!(!yes.has_reference);
    // The reference names it where it comes back as it went.
    let ours = Transaction { reference: "order-7".parse().ok(), ..asked };
    let named = told(Dialect::PAYXPRESS, &ours, &format!("{YES}CF007order-7"));
    assert_eq!((named.outcome, named.has_reference), (approved().unwrap(), true));
    let another = told(Dialect::PAYXPRESS, &ours, &format!("{YES}CF007order-8"));
    assert_eq!((another.outcome, another.has_reference), (unknown(Doubt::ReferenceDiffers), false));
    let elsewhere = told(Dialect::INGENICO, &ours, &format!("{YES}CF007order-7"));
    assert_eq!((elsewhere.outcome, elsewhere.has_reference), (approved().unwrap(), false));
}

#[test]
fn a_line_that_fails_ends_the_listening() {
    let called = |storage: &'static mut [u8]| {
        let mut late = LateResult::new(Dialect::NEPTING, storage);
        late.handle_input(at(0), &[ENQ]);
        late
    };
    let storage = || Box::leak(Box::new([0; 512]));
    // The character cannot be sent, and its time is over.
    let mut late = called(storage());
    let mut now = at(0);
    loop {
        match late.poll() {
            LateAction::Send(bytes) => {
                assert_eq!(bytes, [ACK]);
                late.handle_sent(now, Err(SendError::Closed));
                break;
            }
            LateAction::Wait { until } => {
                now = until.unwrap();
                late.handle_timeout(now);
            }
            LateAction::Look => late.handle_idle(now),
            action => panic!("{action:?}"),
        }
    }
    // What was handed out is done with: only the terminal's message is waited for.
    let LateAction::Wait { until: Some(until) } = late.poll() else { panic!("it speaks") };
    assert_eq!(until.since(now), Dialect::NEPTING.session.timers.message);
    let mut waits = 0;
    while let LateAction::Wait { until: Some(until) } = late.poll() {
        now = until;
        late.handle_timeout(now);
        late.handle_idle(now);
        waits += 1;
        assert!(waits < 10, "it never rests");
    }
    assert!(!late.is_busy());
    // The line goes.
    let mut late = called(storage());
    assert!(late.is_busy());
    late.handle_closed(at(1));
    assert!(!late.is_busy());
    assert_eq!(late.poll(), LateAction::Done);
    // A bad frame is refused, and the good one behind it read.
    let mut late = called(storage());
    let mut now = at(0);
    drain(&mut late, &mut now);
    let mut bad = framed(YES);
    *bad.last_mut().unwrap() ^= 1;
    late.handle_input(now, &bad);
    assert_eq!(drain(&mut late, &mut now), (vec![NAK], vec![]));
    late.handle_input(now, &framed(YES));
    assert_eq!(drain(&mut late, &mut now), (vec![ACK], vec![YES.to_owned()]));
}

/// What is shown for debugging says how far the reading is, and no value.
#[test]
fn what_is_shown_says_where_it_stands_and_no_more() {
    let mut storage = [0; MOST_STORAGE];
    let mut late = LateAnswer::new(config(Dialect::PAYXPRESS), debit(2500), &mut storage);
    late.handle_input(at(0), b"CZ0040320AE00210AA0194970101234567890");
    let shown = format!("{late:?}");
    assert!(shown.contains("AnswerJudge") && shown.contains("deciding"), "{shown}");
    assert!(!shown.contains("497010"), "{shown}");
}
