//! What PayXpert's pages say of results.

use std::fs;
use std::path::Path;

use caisse_android_intent::Intent;
use caisse_intent::definition::outcome::{self, FieldDefinition, FieldType};
use caisse_intent::{
    ActivityResult, Answer, Asked, Numbering, OtherPayments, PrintAnswer, PrintOutcome, ResultCode, Status,
};
use caisse_payment::{Amount, Currency, Operation, Outcome};
use serde_json::{Map, Value, json};

use crate::payxpress::operation_of;

pub fn result_carrier(data: &Value) {
    let name = data["extra"].as_str().unwrap();
    assert_eq!(name, outcome::RESULT);
    assert_eq!((&data["extra_type"], &data["content"]), (&json!("String"), &json!("JSON")));
    let carrier = Intent::new().with_extra(name, "{\"status\": 1}");
    assert!(ActivityResult::from_intent(-1, Some(&carrier)).answer().is_ok());
}

/// "0: Accepted 1: Denied ..." as pairs.
fn numbered(cell: &str) -> Vec<(i64, String)> {
    let mut pairs: Vec<(i64, String)> = Vec::new();
    for word in cell.split(' ') {
        match word.strip_suffix(':').and_then(|number| number.parse().ok()) {
            Some(number) => pairs.push((number, String::new())),
            None => {
                let (_, text) = pairs.last_mut().unwrap();
                *text = format!("{text} {word}").trim().to_owned();
            }
        }
    }
    pairs
}

fn field<'a>(fields: &'a [FieldDefinition], name: &str) -> &'a FieldDefinition {
    fields.iter().find(|field| field.names.contains(&name)).unwrap_or_else(|| panic!("{name}"))
}

pub fn outcome_schema(data: &Value) {
    let rows = data.as_array().unwrap();
    let names: Vec<_> = rows.iter().map(|row| row["key"].as_str().unwrap()).collect();
    assert_eq!(names, outcome::OUTCOME.iter().map(|field| field.names[0]).collect::<Vec<_>>());
    assert_eq!(rows[0]["format"], json!({ "0": "Accepted", "1": "Denied" }));
    let numbers = [Status::Accepted, Status::Denied].map(Status::number);
    assert_eq!(numbers, [0, 1]);
    let kinds: Vec<_> =
        rows.iter().map(|row| field(outcome::OUTCOME, row["key"].as_str().unwrap()).kind).collect();
    assert_eq!(kinds, [FieldType::Integer, FieldType::Transaction, FieldType::Tickets]);
}

/// A value of the field that the row describes, for a debit of 15.00 EUR with the reference "test".
fn sample(row: &Value, numbering: Numbering) -> Value {
    let name = row[0].as_str().unwrap();
    match (row[3].as_str().unwrap(), name) {
        (_, "amount") => json!(1500),
        (_, "amountTips") => json!(0),
        (_, "transactionType") => json!(numbering.number(Operation::Debit)),
        (_, "currency") => json!("EUR"),
        (_, "reference" | "externalReference") => json!("test"),
        (_, "maskedPan") => json!("123456XXXXXX1234"),
        (_, "date" | "expirationDate") => json!(row[2].as_str().unwrap().parse::<i64>().unwrap()),
        // Its type cell is empty.
        ("", "error" | "resultCode") => json!(0),
        ("Integer", _) => json!(1),
        ("Boolean", _) => json!(false),
        ("String", _) => json!("x"),
        stranger => panic!("{stranger:?}"),
    }
}

fn transaction(data: &Value, numbering: Numbering) {
    let rows = data.as_array().unwrap();
    let mut object = Map::new();
    for row in rows {
        let name = row[0].as_str().unwrap();
        let definition = field(outcome::TRANSACTION_FIELDS, name);
        let expected = match (row[3].as_str().unwrap(), definition.kind) {
            ("Integer" | "Long" | "", FieldType::Integer)
            | ("String", FieldType::String | FieldType::Tickets)
            | ("Boolean", FieldType::Boolean) => definition.kind,
            stranger => panic!("{name}: {stranger:?}"),
        };
        assert_eq!(definition.kind, expected);
        object.insert(name.to_owned(), sample(row, numbering));
    }
    // What decides is in the table, and what is in the table decides.
    let deciding = outcome::TRANSACTION_FIELDS.iter().filter(|field| field.decides);
    for field in deciding {
        assert!(field.names.iter().any(|name| object.contains_key(*name)), "{:?}", field.names);
    }
    let asked = Asked {
        operation: Operation::Debit,
        amount: Amount::from_minor(1500, Currency::EUR),
        reference: "test".parse().unwrap(),
    };
    let read = |object: &Map<String, Value>| {
        Answer::read(&json!({ "status": 0, "transaction": object }).to_string()).unwrap()
    };
    let answer = read(&object);
    assert_eq!(answer.outcome(&asked, OtherPayments::None), Outcome::Approved { amount: asked.amount });
    assert_eq!(answer.numbering(), Some(numbering));
    assert!(answer.unknown().is_empty());
    for (name, value) in &object {
        let decides = field(outcome::TRANSACTION_FIELDS, name).decides;
        let mut without = object.clone();
        without.remove(name);
        let told = read(&without).outcome(&asked, OtherPayments::None);
        // A tip that is absent is none.
        assert_eq!(told.is_unknown(), decides && name != "amountTips", "{name} {value}");
    }
    let cell = |name: &str| rows.iter().find(|row| row[0] == name).unwrap()[2].as_str().unwrap();
    for (number, label) in numbered(cell("transactionType")) {
        assert_eq!(numbering.operation(number), Some(operation_of(&label)), "{label}");
    }
    assert_eq!(numbered(cell("transactionType")).len(), Numbering::OPERATIONS.len());
    let error = if object.contains_key("error") { "error" } else { "resultCode" };
    let codes: Vec<_> = numbered(cell(error));
    assert_eq!(codes.len(), ResultCode::ALL.len());
    for (number, label) in codes {
        assert_eq!(ResultCode::from_number(number), Some(code_of(&label)), "{label}");
    }
}

fn code_of(label: &str) -> ResultCode {
    match label {
        "Accepted" => ResultCode::Accepted,
        "Denied" => ResultCode::Denied,
        "Invalid parameters" => ResultCode::InvalidParameters,
        "Transaction already in progress" => ResultCode::AlreadyInProgress,
        "Application in background" => ResultCode::InBackground,
        "Error" => ResultCode::Error,
        "Reference already exists" => ResultCode::ReferenceExists,
        "Cancelled" => ResultCode::Cancelled,
        "Non finished" | "Not finished" => ResultCode::NotFinished,
        "Timeout" => ResultCode::TimedOut,
        stranger => panic!("{stranger}"),
    }
}

pub fn first_transaction(data: &Value) {
    transaction(data, Numbering::First);
}

pub fn second_transaction(data: &Value) {
    transaction(data, Numbering::Second);
}

pub fn print_outcome(data: &Value) {
    let names: Vec<_> = data.as_array().unwrap().iter().map(|row| row[0].as_str().unwrap()).collect();
    assert_eq!(names, [outcome::STATUS.names[0], outcome::TICKETS.names[0]]);
    let expected = [PrintOutcome::Printed, PrintOutcome::Failed];
    let rows = numbered(data[0][2].as_str().unwrap());
    assert_eq!(rows.len(), expected.len());
    for ((number, label), outcome) in rows.into_iter().zip(expected) {
        let text = json!({ "status": number }).to_string();
        assert_eq!(PrintAnswer::read(&ActivityResult::new(-1, Some(&text))).outcome(), outcome, "{label}");
        assert_eq!(label.contains("successful"), outcome == PrintOutcome::Printed);
    }
}

/// The published example is cut: as it stands it cannot be read, and with its end put on it can.
pub fn tickets_prefix(data: &Value) {
    let prefix = data.as_str().unwrap();
    let receipts = |tickets: &str| {
        let answer = Answer::read(&json!({ "status": 0, "tickets": tickets }).to_string()).unwrap();
        (answer.receipts().to_vec(), answer.unreadable_tickets())
    };
    assert_eq!(receipts(prefix), (vec![], 1));
    let (whole, unreadable) = receipts(&format!("{prefix}\"}}]}}"));
    assert_eq!((whole.len(), unreadable), (1, 0));
    assert!(whole[0].text().starts_with("CARTE BANCAIRE\nSANS CONTACT\nBonjour"));
    assert_eq!(whole[0].copy(), caisse_payment::receipt::Copy::Customer);
}

pub fn ticket_decoded(data: &Value) {
    use base64::Engine as _;
    let (base64, text) = (data["base64"].as_str().unwrap(), data["utf8"].as_str().unwrap());
    let tickets = json!([{ "type": "CLIENT", "ticket": base64 }]);
    let answer = Answer::read(&json!({ "status": 0, "tickets": tickets }).to_string()).unwrap();
    assert_eq!(answer.receipts()[0].text(), text);
    assert_eq!(base64::engine::general_purpose::STANDARD.encode(text), base64);
}

/// A fact about PayXpert's pages, and so about our guide: it tells where the official sample is.
pub fn sample_app(data: &Value) {
    for guide in ["app-to-app.en.md", "app-to-app.fr.md"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(guide);
        assert!(fs::read_to_string(path).unwrap().contains(data["attachment"].as_str().unwrap()), "{guide}");
    }
}
