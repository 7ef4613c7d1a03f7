//! What a dialect changes: a line end behind a request, a frame around an answer, a reference that comes back.

mod support;

use std::time::Duration;

use caisse_codec::Application;
use caisse_link::frame::Tolerance;
use caisse_link::serial::SerialConfig;
use caisse_payment::{Doubt, Operation, Outcome, Proof, Transaction, Verdict};
use caisse_transaction::{
    Dialect, Duplicata, Instant, OptionalFields, RefusedMessage, Request, RequestError, TillMachine, Trailer,
};
use support::{Then, answered, debit, euros, line, run, transaction};

const APPROVED: &str = "CZ0040320CA00201CB0042500CD0010CE003978AE00210";
const REQUEST: &str = "CZ0040320CJ012012345678901CA00201CB0042500CD0010CE003978";

fn framed(body: &str) -> Vec<u8> {
    let check = body.bytes().fold(0x03, |check, byte| check ^ byte);
    [&[0x02], body.as_bytes(), &[0x03, check]].concat()
}

fn unknown(doubt: Doubt) -> Outcome {
    Outcome::Unknown { doubt }
}

fn approved() -> Outcome {
    Outcome::Approved { amount: euros(2500) }
}

fn with_reference() -> Request {
    Request {
        transaction: Transaction { reference: "order 7".parse().ok(), ..transaction(euros(2500)) },
        ..debit(2500)
    }
}

#[test]
fn names_lead_to_their_dialect_and_no_other_text_does() {
    for dialect in Dialect::ALL {
        assert_eq!(dialect.name.parse(), Ok(dialect));
        assert!(dialect.name.parse::<caisse_payment::DialectName>().is_ok());
        assert!(!dialect.optional.partial, "BF breaks terminals: only a dialect of one's own sends it");
        assert_eq!(dialect.refused_message, RefusedMessage::Nothing, "no public source says otherwise");
        assert_eq!(dialect.trailer, Trailer::Nothing);
    }
    for text in ["", "PAYXPRESS", "payxpress ", "concert", "concert-3"] {
        assert!(text.parse::<Dialect>().is_err(), "{text}");
    }
    let duplicata = Dialect::ALL.map(|dialect| dialect.duplicata);
    use Duplicata::{Fields, Nothing, TicketOnly, Unverified};
    assert_eq!(duplicata, [TicketOnly, Unverified, Fields, Nothing, Nothing]);
}

#[test]
fn a_line_end_stands_behind_a_request_only_where_it_is_asked_for() {
    let dialect = Dialect { trailer: Trailer::LineEnd, name: "custom", ..Dialect::PAYXPRESS };
    let run = answered(dialect, debit(2500), b"", Then::Close);
    assert_eq!(run.sent, format!("{REQUEST}\r\n").as_bytes());
    assert_eq!(answered(Dialect::PAYXPRESS, debit(2500), b"", Then::Close).sent, REQUEST.as_bytes());
    let wide = Dialect { amount_digits: 12, name: "custom", ..Dialect::PAYXPRESS };
    let sent = answered(wide, debit(2500), b"", Then::Close).sent;
    assert!(String::from_utf8(sent).unwrap().contains("CB012000000002500"));
}

#[test]
fn a_frame_around_an_answer_is_taken_off_in_every_dialect() {
    let answer = framed(APPROVED);
    let nepting = |answer: &[u8], then| answered(Dialect::NEPTING, debit(2500), answer, then);
    let run = nepting(&answer, Then::Silence);
    assert_eq!(run.outcome(), approved());
    assert_eq!(run.elapsed, Duration::from_millis(300), "the check byte ends it, and the quiet time");
    assert_eq!(run.answer, APPROVED.as_bytes(), "the frame is no part of the answer");
    assert!(!run.cut);
    // What comes behind the frame (EOT, say) is no part of it either.
    assert_eq!(nepting(&[&answer[..], &[0x04, 0x41]].concat(), Then::Close).outcome(), approved());
    // Bare answers are read as ever.
    assert_eq!(nepting(APPROVED.as_bytes(), Then::Close).outcome(), approved());
    for dialect in [Dialect::PAYXPRESS, Dialect::INGENICO] {
        assert_eq!(answered(dialect, debit(2500), &answer, Then::Silence).outcome(), approved());
    }
}

#[test]
fn a_frame_that_is_wrong_or_cut_proves_nothing_it_should_not() {
    let nepting = |answer: &[u8]| answered(Dialect::NEPTING, debit(2500), answer, Then::Close).outcome();
    let answer = framed(APPROVED);
    for bit in 0..8 {
        let mut wrong = answer.clone();
        *wrong.last_mut().unwrap() ^= 1 << bit;
        assert_eq!(nepting(&wrong), unknown(Doubt::AnswerMalformed), "bit {bit} of the check byte");
    }
    // Every single bit of the frame: never another verdict than its own.
    for place in 0..answer.len() {
        for bit in 0..8 {
            let mut wrong = answer.clone();
            wrong[place] ^= 1 << bit;
            let outcome = nepting(&wrong);
            // Without its ETX the frame has no end, but all that decides is there, as in an answer whose tail is garbled.
            let no_end = place == answer.len() - 2;
            assert!(outcome.is_unknown() || (no_end && outcome == approved()), "bit {bit} of byte {place}");
        }
    }
    let refused = framed("CZ0040320CA00201CB0042500CD0010CE003978AE00201AF00204");
    assert!(matches!(nepting(&refused), Outcome::Declined { .. }));
    for end in 0..refused.len() {
        assert!(nepting(&refused[..end]).is_unknown(), "a refusal cut at {end} may go on");
    }
    for end in 0..answer.len() {
        let outcome = nepting(&answer[..end]);
        // Once all that decides is there, the end of the frame changes nothing.
        assert_eq!(outcome == approved(), end > APPROVED.len(), "cut at {end}: {outcome:?}");
    }
}

#[test]
fn a_frame_comes_in_any_pieces() {
    let answer = framed(APPROVED);
    let whole = answered(Dialect::NEPTING, debit(2500), &answer, Then::Silence);
    for piece in 1..=answer.len() {
        let gap = Duration::from_millis(1);
        let cut = run(Dialect::NEPTING, debit(2500), answer.chunks(piece), gap, Then::Silence);
        assert_eq!((cut.verdict, &cut.answer), (whole.verdict, &whole.answer), "pieces of {piece}");
    }
}

#[test]
fn a_reference_goes_out_where_it_comes_back_and_is_compared() {
    let outcome = |dialect, answer: &str| answered(dialect, with_reference(), answer.as_bytes(), Then::Close);
    let run = outcome(Dialect::PAYXPRESS, &format!("{APPROVED}CF007order 7"));
    assert_eq!(run.sent, format!("{REQUEST}CF007order 7").as_bytes());
    assert_eq!(run.outcome(), approved());
    for (cf, expected) in [
        ("", approved()),
        ("CF000", approved()),
        ("CF007order 8", unknown(Doubt::ReferenceDiffers)),
        ("CF006order ", unknown(Doubt::ReferenceDiffers)),
        ("CF008order 77", unknown(Doubt::ReferenceDiffers)),
        ("CF007order 7CF007order 8", unknown(Doubt::Contradiction)),
        ("CF007order 7CF007order 7", approved()),
    ] {
        let answer = format!("{APPROVED}{cf}");
        assert_eq!(outcome(Dialect::PAYXPRESS, &answer).outcome(), expected, "{cf}");
        let gap = Duration::from_millis(1);
        let pieces =
            support::run(Dialect::PAYXPRESS, with_reference(), answer.as_bytes().chunks(1), gap, Then::Close);
        // Byte by byte the approval is certain before the reference comes: another one contradicts it then.
        assert_eq!(pieces.outcome(), approved(), "{cf} byte by byte");
        let disputes = usize::from(expected != approved());
        assert_eq!(pieces.contradictions.len(), disputes, "{cf} byte by byte");
    }
    // Once it is there, no cut behind it takes it back.
    for tail in ["C", "CF", "CF007order"] {
        let named = outcome(Dialect::PAYXPRESS, &format!("{APPROVED}CF007order 7{tail}"));
        assert_eq!(named.outcome(), approved(), "{tail}");
    }
    // Cut inside it: it may have been another.
    let cut = outcome(Dialect::PAYXPRESS, &format!("{APPROVED}CF007order"));
    assert_eq!(cut.outcome(), unknown(Doubt::AnswerCut));
    let cut = outcome(Dialect::PAYXPRESS, &format!("{APPROVED}C"));
    assert_eq!(cut.outcome(), unknown(Doubt::AnswerCut));
    // Elsewhere nothing goes out, and what a terminal writes there is its own.
    for dialect in [Dialect::INGENICO, Dialect::NEPTING] {
        let run = outcome(dialect, &format!("{APPROVED}CF0101010000000"));
        assert!(!String::from_utf8_lossy(&run.sent).contains("CF"));
        assert_eq!(run.outcome(), approved());
    }
}

/// What a till may ask for is known before anything is opened.
#[test]
fn an_application_is_forced_where_the_dialect_carries_one() {
    use RequestError::{Application as NotCarried, Original};
    let cards = Application::from_value(b"001").unwrap();
    let asked = |operation, application| Request {
        transaction: Transaction { operation, ..transaction(euros(2500)) },
        application,
        ..debit(2500)
    };
    let none = [Dialect::CONCERT_E, Dialect::CONCERT_E_PLUS];
    for dialect in Dialect::ALL {
        for operation in [Operation::Debit, Operation::Credit, Operation::Cancellation, Operation::Cheque] {
            for application in [None, Some(cards), Some(Application::CHEQUE)] {
                // A cheque is one in each dialect, named or not.
                let plain = application.is_none()
                    || (operation == Operation::Cheque && application == Some(Application::CHEQUE));
                let expected = match none.contains(&dialect) && !plain {
                    true => Err(NotCarried { dialect: dialect.name }),
                    false => Ok(()),
                };
                let request = asked(operation, application);
                assert_eq!(
                    request.validate(&dialect),
                    expected,
                    "{} {operation} {application:?}",
                    dialect.name
                );
            }
        }
    }
    let sent = |operation, application| {
        let run = answered(Dialect::PAYXPRESS, asked(operation, application), b"", Then::Close);
        String::from_utf8(run.sent).unwrap()
    };
    assert_eq!(sent(Operation::Debit, Some(cards)), format!("{REQUEST}CC003001"));
    assert_eq!(sent(Operation::Cheque, None), format!("{REQUEST}CC00300C"));
    assert_eq!(sent(Operation::Cheque, Some(Application::CHEQUE)), format!("{REQUEST}CC00300C"));
    // In the older generation a cheque has a letter of its own, however it was named.
    for application in [None, Some(Application::CHEQUE)] {
        let cheque = asked(Operation::Cheque, application);
        let e_plus = line::serial(Dialect::CONCERT_E_PLUS);
        let run = line::run(e_plus, cheque, &mut line::Usual::answering("01000025002C978          "));
        assert!(
            run.sent[1].starts_with(b"\x02010000250") && run.sent[1][11..14] == *b"0C0",
            "{:?}",
            run.sent[1]
        );
    }
    // A debit is none, and is not quietly made one or stripped of it.
    let mut storage = [0; 512];
    let mut till = TillMachine::new(support::config(Dialect::PAYXPRESS), &mut storage);
    let refused = till.start(Instant::default(), asked(Operation::Debit, Some(Application::CHEQUE)));
    assert!(matches!(refused, Err(RequestError::Encode(_))), "{refused:?}");
    // Only what gives money back names what it undoes.
    for (operation, takes) in [
        (Operation::Debit, true),
        (Operation::Cheque, true),
        (Operation::DeferredDebit, true),
        (Operation::Credit, false),
        (Operation::Cancellation, false),
    ] {
        let mut request = asked(operation, None);
        request.transaction.original = "sale-0".parse().ok();
        let expected = if takes { Err(Original(operation)) } else { Ok(()) };
        assert_eq!(request.validate(&Dialect::PAYXPRESS), expected);
    }
}

/// Nepting's answers hold line feeds on a serial line; those of others do not, and there one is a bad frame.
#[test]
fn line_feeds_in_a_frame_are_taken_where_the_dialect_knows_them() {
    let broken_up = APPROVED.replacen("CB", "\nCB", 1);
    for (dialect, outcome) in [(Dialect::NEPTING, "approved"), (Dialect::PAYXPRESS, "unknown")] {
        let run = line::run(line::serial(dialect), debit(2500), &mut line::Usual::answering(&broken_up));
        assert_eq!((run.outcome(), run.messages()), (outcome, 1), "{}", dialect.name);
        let run = line::run(line::serial(dialect), debit(2500), &mut line::Usual::answering(APPROVED));
        assert_eq!((run.outcome(), run.messages()), ("approved", 1), "{}", dialect.name);
    }
    // It differs from others in nothing else.
    let tolerance = Tolerance { line_feeds: true, ..SerialConfig::TILL.tolerance };
    assert_eq!(Dialect::NEPTING.session, SerialConfig { tolerance, ..SerialConfig::TILL });
}

#[test]
fn tickets_are_asked_for_where_there_are_any() {
    let request = support::with_ticket(debit(2500));
    let sent = |dialect| answered(dialect, request, b"", Then::Close).sent;
    assert_eq!(sent(Dialect::PAYXPRESS), format!("{REQUEST}CK003100").as_bytes());
    let none = OptionalFields { ticket: false, ..Dialect::PAYXPRESS.optional };
    let dialect = Dialect { name: "custom", optional: none, ..Dialect::PAYXPRESS };
    assert_eq!(sent(dialect), REQUEST.as_bytes());
    // An approval that lacks the ticket which nobody asked for is complete at once.
    let run = answered(dialect, request, APPROVED.as_bytes(), Then::Silence);
    assert_eq!(
        (run.verdict, run.elapsed),
        (Verdict { outcome: approved(), proof: Proof::Answered }, Duration::from_millis(300))
    );
}
