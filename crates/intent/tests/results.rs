//! What a result says beside its outcome: tickets in every shape, the card, the date, fields that nobody knows.

mod support;

use caisse_intent::v4::PrintedTickets;
use caisse_intent::{
    ActivityResult, Answer, Malformed, PrintAnswer, PrintOutcome, ReadingMode, ResultCode, Status,
};
use caisse_payment::receipt::{Copy, Format};
use caisse_payment::{Doubt, Operation};
use serde_json::{Value, json};
use support::{CANCELED, OK, Result};

/// The beginning of the published example, which is cut there.
const PUBLISHED: &str =
    "Q0FSVEUgQkFOQ0FJUkUKU0FOUyBDT05UQUNUCkJvbmpvdXIgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg";

fn published_text() -> String {
    format!("CARTE BANCAIRE\nSANS CONTACT\nBonjour{}", " ".repeat(31))
}

fn list() -> Value {
    json!([{ "type": "CLIENT", "ticket": PUBLISHED }, { "type": "MERCHANT", "ticket": "TUFSQ0hBTkQ=" }])
}

/// Answers that have these tickets, in the outcome and (August 2024) in the transaction.
fn with_tickets(tickets: &Value) -> [Answer; 2] {
    let mut outside = Result::new();
    outside.more.insert("tickets".to_owned(), tickets.clone());
    let inside = Result::first_names().with("tickets", tickets.clone());
    [outside, inside].map(|result| {
        assert_eq!(result.outcome(), support::approved());
        Answer::read(&result.text()).unwrap()
    })
}

#[test]
fn tickets_in_every_shape_and_place() {
    let wrapped = json!({ "tickets": list() });
    for tickets in [
        list(),
        wrapped.clone(),
        json!(list().to_string()),
        json!(wrapped.to_string()),
        json!(serde_json::to_string_pretty(&wrapped).unwrap()),
    ] {
        for answer in with_tickets(&tickets) {
            let [client, merchant] = answer.receipts() else { panic!("{tickets}") };
            assert_eq!(
                (client.copy(), client.format(), client.text()),
                (Copy::Customer, Format::Text, &*published_text())
            );
            assert_eq!((merchant.copy(), merchant.text()), (Copy::Merchant, "MARCHAND"));
            assert_eq!(answer.unreadable_tickets(), 0);
            assert!(answer.unknown().is_empty());
        }
    }
}

#[test]
fn base64_with_line_ends_and_without_padding() {
    for base64 in ["TUFSQ0hBTkQ=", "TUFSQ0hBTkQ", "TUFS\nQ0hB\r\nTkQ=\n", " TUFSQ0hBTkQ = "] {
        for answer in with_tickets(&json!([{ "type": "CLIENT", "ticket": base64 }])) {
            assert_eq!(answer.receipts()[0].text(), "MARCHAND", "{base64:?}");
        }
    }
}

#[test]
fn accents_in_utf_8_and_in_latin_1() {
    use base64::Engine as _;
    for bytes in ["REÇU 5€ à\u{a0}régler".as_bytes(), b"RE\xc7U 5\x80 \xe0\xa0r\xe9gler"] {
        let ticket = base64::engine::general_purpose::STANDARD.encode(bytes);
        for answer in with_tickets(&json!([{ "type": "CLIENT", "ticket": ticket }])) {
            assert_eq!(answer.receipts()[0].text(), "REÇU 5€ à\u{a0}régler");
        }
    }
}

#[test]
fn tickets_that_cannot_be_read_are_counted_and_cost_nothing_else() {
    for (tickets, readable, unreadable) in [
        (json!(null), 0, 0),
        (json!([]), 0, 0),
        (json!({ "tickets": [] }), 0, 0),
        (json!(""), 0, 1),
        (json!("Q0FSVEU="), 0, 1),
        (json!("{\"tickets\": ["), 0, 1),
        (json!("null"), 0, 1),
        (json!(7), 0, 1),
        (json!({}), 0, 1),
        (json!({ "tickets": {} }), 0, 1),
        (json!([{ "type": "CLIENT" }, { "type": "CLIENT", "ticket": "Q0FSVEU=" }]), 1, 1),
        (json!([{ "type": "CLIENT", "ticket": "Q0FSVEU*" }, 7, null]), 0, 3),
    ] {
        for answer in with_tickets(&tickets) {
            assert_eq!(
                (answer.receipts().len(), answer.unreadable_tickets()),
                (readable, unreadable),
                "{tickets}"
            );
        }
    }
    for kind in [json!("client"), json!("DUPLICATA"), json!(1), Value::Null] {
        for answer in with_tickets(&json!([{ "type": kind, "ticket": "Q0FSVEU=" }])) {
            assert_eq!(answer.receipts()[0].copy(), Copy::Unstated);
        }
    }
}

#[test]
fn the_fields_of_both_generations() {
    for (result, operation) in [(Result::new(), 0), (Result::first_names(), 1)] {
        let result = result
            .with("aid", "A0000000421010")
            .with("isDegradedMode", "true")
            .with("maskedPan", "123456XXXXXX1234")
            .with("cardLabel", "CB")
            .with("expirationDate", 50_630)
            .with("amountTips", 0)
            .with("numAuthorization", "A12345");
        let answer = Answer::read(&result.text()).unwrap();
        assert_eq!((answer.status(), answer.code()), (Some(Status::Accepted), Some(ResultCode::Accepted)));
        assert_eq!(
            (answer.transaction_type(), answer.operation()),
            (Some(operation), Some(Operation::Debit))
        );
        assert_eq!((answer.amount_minor(), answer.tip_minor()), (Some(1500), Some(0)));
        assert_eq!(answer.reveal_id(), Some("1p5jiofow7-1duh"));
        assert_eq!(answer.reveal_aid(), Some("A0000000421010"));
        assert_eq!(answer.reveal_label(), Some("CB"));
        // A number loses the zero in front.
        assert_eq!(answer.reveal_expiry(), Some("050630"));
        assert_eq!(answer.reading_mode(), Some(ReadingMode::Contactless));
        assert_eq!(answer.is_degraded(), Some(true));
        assert_eq!(answer.card().unwrap().masked(), "123456XXXXXX1234");
        assert_eq!(answer.last_four(), Some(*b"1234"));
        assert_eq!(answer.authorisation().unwrap().as_str(), "A12345");
        assert_eq!(answer.unknown(), []);
    }
    let empty = Answer::read("{}").unwrap();
    assert_eq!(
        (empty.status(), empty.code(), empty.operation(), empty.numbering()),
        (None, None, None, None)
    );
    assert_eq!((empty.card(), empty.last_four(), empty.date(), empty.reveal_id()), (None, None, None, None));
    assert_eq!((empty.amount_minor(), empty.tip_minor(), empty.is_degraded()), (None, None, None));
    assert_eq!((empty.reading_mode(), empty.authorisation()), (None, None));
    let odd = Result::new()
        .with("mode", 2)
        .with("maskedPan", "")
        .with("numAuthorization", "")
        .with("isDegradedMode", 1);
    let odd = Answer::read(&odd.text()).unwrap();
    assert_eq!(
        (odd.reading_mode(), odd.card(), odd.authorisation(), odd.is_degraded()),
        (None, None, None, None)
    );
    let contact =
        Answer::read(&Result::new().with("mode", "0").with("isDegradedMode", false).text()).unwrap();
    assert_eq!((contact.reading_mode(), contact.is_degraded()), (Some(ReadingMode::Contact), Some(false)));
}

#[test]
fn a_date_is_read_only_if_its_unit_shows() {
    for (number, expected) in [
        (1_710_172_393_000_i64, Some("2024-03-11T15:53:13.000Z")),
        (1_710_172_393, Some("2024-03-11T15:53:13.000Z")),
        (1_000_000_000, Some("2001-09-09T01:46:40.000Z")),
        (999_999_999_999, None),
        // The published sample: a digit is missing.
        (171_017_239_300, None),
        (9_999_999_999, Some("2286-11-20T17:46:39.000Z")),
        (999_999_999, None),
        (0, None),
        (-1_710_172_393_000, None),
        (17_101_723_930_000, None),
    ] {
        let answer = Answer::read(&Result::new().with("date", number).text()).unwrap();
        let date = answer.date().unwrap();
        assert_eq!(date.raw(), number);
        assert_eq!(date.wall_time().map(|it| it.to_string()).as_deref(), expected, "{number}");
    }
}

#[test]
fn fields_that_nobody_knows_are_kept() {
    let mut result =
        Result::new().with("originalTransactionId", "x-1").with("nested", json!({ "a": [1, 2.5, null] }));
    result.more.insert("version".to_owned(), json!(3));
    result.more.insert("message".to_owned(), json!("OK"));
    let answer = Answer::read(&result.text()).unwrap();
    let mut kept: Vec<_> =
        answer.unknown().iter().map(|it| (it.reveal_name(), it.reveal_value().clone())).collect();
    kept.sort_by_key(|(name, _)| *name);
    assert_eq!(
        kept,
        [
            ("message", json!("OK")),
            ("nested", json!({ "a": [1, 2.5, null] })),
            ("originalTransactionId", json!("x-1")),
            ("version", json!(3)),
        ]
    );
    // A known name in the wrong place is unknown there.
    let mut result = Result::new();
    result.more.insert("error".to_owned(), json!(1));
    assert_eq!(Answer::read(&result.text()).unwrap().unknown().len(), 1);
    assert_eq!(result.outcome(), support::approved());
    // Deeper than can be read: still a field, of which nobody knows what it says.
    let deep = format!("{{\"deep\": {}1{}}}", "[".repeat(200), "]".repeat(200));
    let answer = Answer::read(&deep).unwrap();
    assert_eq!(*answer.unknown()[0].reveal_value(), Value::Null);
}

#[test]
fn a_malformed_text_says_where() {
    for (text, offset) in [
        ("", 0),
        ("x", 0),
        ("{\"status\": 0,}", 13),
        ("{\"status\": 0\n \"transaction\": {}}", 14),
        ("{\"status\": 0}\n\nx", 15),
    ] {
        assert_eq!(Answer::read(text), Err(Malformed { offset, expected: "a JSON object" }), "{text:?}");
    }
    let error = Answer::read("{\"status\": 0} {").unwrap_err();
    assert_eq!(error.to_string(), "position 14: expected a JSON object");
}

#[test]
fn prints() {
    let read = |code, text: Option<&str>| PrintAnswer::read(&ActivityResult::new(code, text));
    let text = json!({ "status": 0, "tickets": list() }).to_string();
    for code in [OK, CANCELED] {
        let answer = read(code, Some(&text));
        assert_eq!(answer.outcome(), PrintOutcome::Printed);
        assert_eq!(answer.receipts().len(), 2);
        assert_eq!(answer.unreadable_tickets(), 0);
    }
    for (text, outcome) in [
        (Some("{\"status\": \"0\"}"), PrintOutcome::Printed),
        (Some("{\"status\": 1, \"tickets\": 7}"), PrintOutcome::Failed),
        (Some("{\"status\": 2}"), PrintOutcome::Unknown(Doubt::StatusUnknown)),
        (Some("{}"), PrintOutcome::Unknown(Doubt::StatusMissing)),
        (Some("[]"), PrintOutcome::Unknown(Doubt::AnswerMalformed)),
        (None, PrintOutcome::Unknown(Doubt::NoResult)),
    ] {
        assert_eq!(read(OK, text).outcome(), outcome, "{text:?}");
    }
    assert_eq!(read(OK, Some("{\"status\": 1, \"tickets\": 7}")).unreadable_tickets(), 1);
    let long = " ".repeat(Answer::LONGEST + 1);
    assert_eq!(read(OK, Some(&long)).outcome(), PrintOutcome::Unknown(Doubt::AnswerTooLong));
    assert_eq!(PrintedTickets::ALL.map(PrintedTickets::number), [0, 1, 2]);
}
