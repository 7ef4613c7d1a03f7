//! A card number in every field of a result, and in every path of an error: it shows nowhere.

mod support;

use caisse_intent::{
    ActivityResult, Answer, Begun, OtherPayments, PaymentRequest, PrintAnswer, Till, interpret, v4::Perform,
};
use caisse_journal::{Journal, SqliteJournal};
use caisse_payment::{Amount, Currency, Operation};
use serde_json::{Value, json};
use support::{OK, Result, asked};

/// A number that satisfies Luhn's check, in clear.
const PAN: &str = "4970101234123457";

const WAYS: [&str; 4] = [PAN, "4970 1012 3412 3457", "4970-1012-3412-3457", "PAN 4970101234123457 EXP 3012"];

const NAMES: [&str; 22] = [
    "id",
    "transactionId",
    "transactionType",
    "mode",
    "paymentMethod",
    "date",
    "reference",
    "externalReference",
    "amount",
    "currency",
    "aid",
    "isDegradedMode",
    "error",
    "resultCode",
    "maskedPan",
    "cardLabel",
    "expirationDate",
    "amountTips",
    "panType",
    "numAuthorization",
    "tickets",
    "pan",
];

/// The part of the number that nobody may see: six digits in the middle, however they are grouped.
#[track_caller]
fn hides(shown: &str, what: &str) {
    let digits: String = shown.chars().filter(char::is_ascii_digit).collect();
    assert!(!digits.contains("01234123"), "{what}: {shown}");
}

/// All that prints without being asked for a value by name.
fn everything_that_prints(text: &str) -> String {
    let result = ActivityResult::new(OK, Some(text));
    let (verdict, answer) = interpret(&asked(Operation::Debit), &result, OtherPayments::None);
    let mut all = format!("{result:?} {verdict:?} {} {answer:?} {answer:#?}", verdict.outcome);
    if let Err(error) = Answer::read(text) {
        all += &format!("{error} {error:?}");
    }
    all + &format!("{:?}", PrintAnswer::read(&result))
}

#[test]
fn no_field_shows_a_card_number_unasked() {
    for way in WAYS {
        for name in NAMES {
            for value in [json!(way), json!({ "x": way }), json!([way]), json!({ way: 1 })] {
                let text = Result::new().with(name, value).text();
                hides(&everything_that_prints(&text), name);
            }
        }
        let mut outside = Result::new();
        outside.more.insert("pan".to_owned(), json!(way));
        outside.more.insert(way.to_owned(), json!(way));
        hides(&everything_that_prints(&outside.text()), "outside");
        for text in [
            way.to_owned(),
            json!(way).to_string(),
            format!("{{\"status\": {way}"),
            format!("{{\"{way}\": }}"),
        ] {
            hides(&everything_that_prints(&text), "malformed");
        }
    }
    let number = format!("{{\"status\": {PAN}, \"transaction\": {{\"maskedPan\": {PAN}, \"amount\": 1}}}}");
    let printed = everything_that_prints(&number);
    hides(&printed, "numbers");
}

/// Also what is asked for by name has no card number in clear any more: it was masked when it was read.
#[test]
fn a_card_number_is_masked_on_arrival_whatever_the_pan_type() {
    for pan_type in [json!(0), json!(1), json!(2), json!("0"), Value::Null] {
        for name in ["maskedPan", "cardLabel", "aid", "id", "numAuthorization", "pan"] {
            for value in [json!(PAN), json!(PAN.parse::<u64>().unwrap())] {
                let result = Result::new().with(name, value).with("panType", pan_type.clone());
                let answer = Answer::read(&result.text()).unwrap();
                let mut revealed = vec![
                    answer.card().map(|card| card.masked().to_owned()),
                    answer.reveal_label().map(str::to_owned),
                    answer.reveal_aid().map(str::to_owned),
                    answer.reveal_id().map(str::to_owned),
                    answer.authorisation().map(|it| it.to_string()),
                ];
                revealed.extend(answer.unknown().iter().map(|it| Some(it.reveal_value().to_string())));
                for text in revealed.into_iter().flatten() {
                    hides(&text, name);
                }
            }
        }
    }
    let result = Result::new().with("maskedPan", PAN).with("panType", 0);
    let answer = Answer::read(&result.text()).unwrap();
    assert_eq!(answer.card().unwrap().masked(), "497010******3457");
    // Hidden behind escapes.
    let escaped = result.text().replace(PAN, "\\u0034970101234123457");
    assert_eq!(Answer::read(&escaped).unwrap().card(), answer.card());
}

#[test]
fn unknown_fields_are_masked_at_any_depth() {
    let result = Result::new().with(
        "more",
        json!({ "a": [{ "b": format!("card {PAN}") }, PAN.parse::<u64>().unwrap()], PAN: true }),
    );
    let answer = Answer::read(&result.text()).unwrap();
    let [unknown] = answer.unknown() else { panic!() };
    assert_eq!(
        *unknown.reveal_value(),
        json!({ "a": [{ "b": "card ****************" }, "497010******3457"], "497010******3457": true })
    );
    let result = Result::new().with(PAN, 1);
    assert_eq!(Answer::read(&result.text()).unwrap().unknown()[0].reveal_name(), "497010******3457");
    assert_eq!(format!("{:?}", answer.unknown()), "[Unknown([redacted])]");
}

/// Tickets, expiry, label, aid, id: personal or secret without being a card number.
#[test]
fn what_is_personal_takes_a_call_by_name() {
    let result = Result::new()
        .with("id", "canary-id")
        .with("cardLabel", "canary-label")
        .with("aid", "canary-aid")
        .with("expirationDate", 991_231)
        .with("canary-name", "canary-value")
        .with("reference", "canary-reference")
        .with("currency", "canary-currency")
        .with("tickets", json!([{ "type": "CLIENT", "ticket": "Y2FuYXJ5LXRpY2tldA==" }]));
    let text = result.text();
    let printed = everything_that_prints(&text);
    assert!(!printed.contains("canary") && !printed.contains("991231"), "{printed}");
    let answer = Answer::read(&text).unwrap();
    assert_eq!(answer.receipts()[0].text(), "canary-ticket");
    assert_eq!(answer.reveal_expiry(), Some("991231"));
}

/// The journal keeps four digits of the card, and of a ticket nothing.
#[test]
fn the_journal_holds_no_card_number() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal.db");
    let amount = Amount::from_minor(1500, Currency::EUR);
    let order = PaymentRequest::v4(Perform::debit(amount, "order-7".parse().unwrap()).unwrap());
    let mut result = Result::new();
    for name in ["maskedPan", "cardLabel", "aid", "numAuthorization", "pan"] {
        result = result.with(name, PAN);
    }
    let mut till = Till::new(SqliteJournal::open(&file).unwrap(), "front".parse().unwrap(), Currency::EUR);
    assert!(matches!(till.begin(&order), Ok(Begun::Launch(_))));
    let payment = till.answer(&order.id(), &ActivityResult::new(OK, Some(&result.text()))).unwrap();
    assert_eq!(payment.last_four, Some(*b"3457"));
    hides(&format!("{payment:?} {till:?}"), "payment");
    let record = till.journal().find(&order.id()).unwrap().unwrap();
    assert_eq!(record.conclusion().unwrap().last_four, Some(*b"3457"));
    hides(&format!("{record:?}"), "record");
    drop(till);
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(PAN.len()).any(|window| window == PAN.as_bytes()), "{}", path.display());
        }
    }
    // And the search would find one.
    std::fs::write(folder.path().join("x"), PAN).unwrap();
    let bytes = std::fs::read(folder.path().join("x")).unwrap();
    assert!(bytes.windows(PAN.len()).any(|window| window == PAN.as_bytes()));
}
