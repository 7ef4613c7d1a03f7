//! What real terminals and real tills are known to send although no encoder may write it: each with a test of its own,
//! that it is read and that it is not written. Those of E and E+ are in `fixed.rs`, those of tickets in `tickets.rs`,
//! those of the line in `caisse-link`.

mod support;

use caisse_codec::{
    Answer, Complement, DebitRequest, EncodeError, Encoder, Message, Received, RequestFault, Status, Tag,
    check,
};
use caisse_payment::Register;
use support::vectors::bytes;

const REQUEST: &str = "CZ0040300CJ012247300123456CA00201CB0042500CD0010CE003978";
const ANSWER: &str = "CZ0040300CJ012247300123456CA00201CB0042500CD0010CE003978AE00210";

/// As a terminal reads it.
fn request(wire: impl AsRef<[u8]>) -> Result<Received, RequestFault> {
    DebitRequest::read(&Message::decode(wire.as_ref()).expect("whole fields"))
}

/// Whether a till reads the answer as it reads the plain one in all that decides.
fn is_read_as_the_plain_one(wire: &str) -> bool {
    let [answer, plain] = [wire, ANSWER].map(|wire| Answer::decode(wire.as_bytes()).expect("whole fields"));
    let deciding = |it: &Answer<'_>| {
        (it.register(), it.amount_minor(), it.currency(), it.action(), it.status(), it.immediate())
    };
    deciding(&answer) == deciding(&plain)
}

/// An encoder writes no such field.
#[track_caller]
fn is_not_written(tag: Tag, value: &str) {
    let refused = Encoder::new(&mut [0; 1004]).field(tag, value.as_bytes());
    assert!(
        matches!(refused, Err(EncodeError::Length { .. } | EncodeError::Character { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_register_of_one_digit() {
    assert_eq!(request(REQUEST.replace("CA00201", "CA0011")), request(REQUEST));
    assert_eq!(
        request(bytes("msg.payxpert.request.debit.assembled")),
        request(bytes("msg.payxpert.request.debit.ca2.corrected"))
    );
    assert!(is_read_as_the_plain_one(&ANSWER.replace("CA00201", "CA0011")));
    is_not_written(Tag::CA, "1");
}

#[test]
fn an_amount_with_zeros_in_front() {
    // Twelve digits are within the documented bounds; a terminal writes and a till may send them.
    for amount in ["CB012000000002500", "CB01400000000002500"] {
        assert_eq!(request(REQUEST.replace("CB0042500", amount)), request(REQUEST), "{amount}");
        assert!(is_read_as_the_plain_one(&ANSWER.replace("CB0042500", amount)), "{amount}");
    }
    is_not_written(Tag::CB, "00000000002500");
}

#[test]
fn an_amount_of_one_digit() {
    let five = REQUEST.replace("CB0042500", "CB0015");
    assert_eq!(request(five).map(|it| it.amount.minor()), Ok(5));
    let five = ANSWER.replace("CB0042500", "CB0015");
    assert_eq!(Answer::decode(five.as_bytes()).unwrap().amount_minor(), Some(5));
    is_not_written(Tag::CB, "5");
}

#[test]
fn an_amount_that_is_empty_or_absent_after_the_red_button() {
    for amount in ["CB000", ""] {
        let wire = ANSWER.replace("CB0042500", amount).replace("AE00210", "AE00201AF00206");
        let answer = Answer::decode(wire.as_bytes()).unwrap();
        assert_eq!((answer.status(), answer.amount_minor()), (Some(Status::NotPerformed), None));
        assert_eq!(answer.register(), Some(Register::FIRST));
    }
    is_not_written(Tag::CB, "");
}

#[test]
fn an_identifier_that_is_absent_or_not_of_twelve_digits() {
    for identifier in ["", "CJ003012", "CJ0132473001234567", "CJ012ABCDEFGHIJKL"] {
        let wire = REQUEST.replace("CJ012247300123456", identifier);
        let received = request(wire).unwrap();
        let expected = Received { identifier: None, ..request(REQUEST).unwrap() };
        assert_eq!(received, expected, "{identifier}");
        assert!(is_read_as_the_plain_one(&ANSWER.replace("CJ012247300123456", identifier)), "{identifier}");
    }
    for published in ["msg.kadem9.request.refused-af09", "msg.neo52000.request.debit"] {
        assert_eq!(request(bytes(published)).unwrap().identifier, None);
    }
    is_not_written(Tag::CJ, "012");
}

#[test]
fn an_identifier_and_a_version_of_the_terminal_s_own() {
    let own = ANSWER.replace("CZ0040300", "CZ0040301").replace("247300123456", "330538600404");
    assert!(is_read_as_the_plain_one(&own));
    let unheard_of = own.replace("CZ0040301", "CZ0049999");
    assert!(is_read_as_the_plain_one(&unheard_of));
    assert!(is_read_as_the_plain_one(&own.replace("CZ0040301", "CZ003X.1")));
}

#[test]
fn private_data_that_are_too_long() {
    let long = "x".repeat(183);
    assert_eq!(request(format!("{REQUEST}CF183{long}")), request(REQUEST));
    let wire = format!("{ANSWER}CF183{long}");
    let answer = Answer::decode(wire.as_bytes()).unwrap();
    assert_eq!(answer.private().map(|data| data.reveal().len()), Some(183));
    is_not_written(Tag::CF, &long);
}

#[test]
fn fields_in_any_order() {
    assert_eq!(request(format!("CE003978{}", REQUEST.trim_end_matches("CE003978"))), request(REQUEST));
    assert!(is_read_as_the_plain_one(&format!("AE00210{}", ANSWER.trim_end_matches("AE00210"))));
    let wire = format!("CE003978{}", REQUEST.trim_end_matches("CE003978"));
    let order = check::first_fault_of_order(Message::decode(wire.as_bytes()).unwrap());
    assert!(order.is_some(), "no encoder writes CZ in another place than the first");
}

#[test]
fn fields_that_nobody_documents_and_fields_that_nobody_asked_for() {
    for extra in
        ["XY003abc", "XY000", "BI016test@example.com", "CF007order 7", "BB0011", "CC003000", "CK003000"]
    {
        assert_eq!(request(format!("{REQUEST}{extra}")), request(REQUEST), "{extra}");
        assert!(is_read_as_the_plain_one(&format!("{ANSWER}{extra}")), "{extra}");
        // They survive.
        let wire = format!("{ANSWER}{extra}");
        let last = Message::decode(wire.as_bytes()).unwrap().fields().last().unwrap();
        assert_eq!(format!("{}{:03}", last.tag(), last.value().len()), extra[..5]);
        assert_eq!(last.value(), &extra.as_bytes()[5..]);
    }
}

#[test]
fn a_field_that_comes_twice_with_the_same_value() {
    assert_eq!(request(format!("{REQUEST}CA00201")), request(REQUEST));
    assert!(is_read_as_the_plain_one(&format!("{ANSWER}CA00201AE00210")));
    // With another one it decides nothing for a terminal; the till's reader shows the first, and the transaction judges.
    assert!(request(format!("{REQUEST}CA00202")).is_err());
}

#[test]
fn a_complement_of_29_characters() {
    let wire = ANSWER.replace("AE00210", "AE00201AF02904148HOLDER INVALID          ");
    let answer = Answer::decode(wire.as_bytes()).unwrap();
    assert_eq!(answer.complement(), Complement::from_value(b"04"));
    assert_eq!(answer.long_complement().and_then(|long| long.bank_answer()), Some("14"));
    let cut = ANSWER.replace("AE00210", "AE00201AF01904148HOLDER INVALID");
    let answer = Answer::decode(cut.as_bytes()).unwrap();
    assert_eq!(answer.complement(), Complement::from_value(b"04"), "blanks lost at the end");
    assert_eq!(answer.long_complement(), None);
}
