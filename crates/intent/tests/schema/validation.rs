//! The schemas take what this crate and the fake payment app write, and what the vectors hold; and nothing much else.

use caisse_android_intent::{Intent, Value as Extra};
use caisse_intent::apm::{self, Kind};
use caisse_intent::v4::{Perform, PrintLast, PrintedTickets};
use caisse_intent::{Answer, Numbering};
use caisse_payment::{Amount, Currency};
use caisse_simulator::payment_app::{Behaviour, Names, PaymentApp, Style, TicketsShape};
use serde_json::{Map, Value, json};

use crate::json as generated;

fn euros(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::EUR)
}

fn is_valid(schema: &Value, instance: &Value) -> bool {
    jsonschema::draft202012::new(schema).unwrap().is_valid(instance)
}

#[track_caller]
fn takes(schema: &Value, instance: &Value) {
    let validator = jsonschema::draft202012::new(schema).unwrap();
    if let Err(error) = validator.validate(instance) {
        panic!("{error} in {instance}");
    }
}

/// The extras of an intent as the object that the schema describes.
fn object(intent: &Intent) -> Value {
    let value = |value: &Extra| match value {
        Extra::String(text) => json!(text.to_utf8().unwrap()),
        Extra::Int(number) => json!(number),
        Extra::Boolean(value) => json!(value),
        Extra::Double(number) => json!(number),
        other => panic!("{other:?}"),
    };
    intent.extras().iter().map(|(key, extra)| (key.to_string(), value(extra))).collect::<Map<_, _>>().into()
}

fn v4_requests() -> Vec<Value> {
    let mut all = Vec::new();
    for operation in Numbering::OPERATIONS {
        let request = Perform::new(operation, euros(i32::MAX as u64), "order-7".parse().unwrap()).unwrap();
        all.push(object(&request.to_intent()));
        all.push(object(&request.with_print_ticket(true).with_extra("more", "x").unwrap().to_intent()));
    }
    all.extend(PrintedTickets::ALL.map(|tickets| object(&PrintLast::new(tickets).to_intent())));
    all
}

fn apm_requests() -> Vec<Value> {
    let original: apm::AppTransactionId = "1p5jiofow7-1duh".parse().unwrap();
    let kinds =
        [Kind::Debit, Kind::Refund(None), Kind::Refund(Some(original.clone())), Kind::DirectRefund(original)];
    kinds.map(|kind| object(&apm::Request::new(kind, euros(1510)).unwrap().to_intent())).to_vec()
}

#[test]
fn requests_are_valid_and_only_by_their_own_schema() {
    let (v4, apm) = (generated::v4_request(), generated::apm_request());
    for request in v4_requests() {
        takes(&v4, &request);
        assert!(!is_valid(&apm, &request));
    }
    for request in apm_requests() {
        takes(&apm, &request);
        assert!(!is_valid(&v4, &request));
    }
}

/// Each required key, left out; each value, of another type or out of range.
#[test]
fn spoiled_requests_are_not_valid() {
    let optional = ["transaction_bundle_key_print_ticket", "more"];
    let mut spoiled = 0;
    for (schema, requests) in
        [(generated::v4_request(), v4_requests()), (generated::apm_request(), apm_requests())]
    {
        for request in requests {
            for key in request.as_object().unwrap().keys() {
                let mut without = request.clone();
                without.as_object_mut().unwrap().remove(key);
                let may_miss = optional.contains(&key.as_str())
                    // Without this word it is a plain refund.
                    || key == "is_direct_refund"
                    || (key == "transaction_id" && request.get("is_direct_refund").is_none());
                assert_eq!(is_valid(&schema, &without), may_miss, "{key} of {request}");
                if key == "more" {
                    continue;
                }
                let strangers: &[Value] = match &request[key] {
                    Value::String(_) => &[json!(1), json!(""), json!("a b"), json!(null)],
                    Value::Bool(_) => &[json!("true"), json!(1), json!(null)],
                    // A double may have decimals, an int may not.
                    Value::Number(number) if number.is_f64() => &[json!("15.10"), json!(0), json!(-1)],
                    _ => &[json!("1"), json!(-1), json!(1.5), json!(2_147_483_648_u64), json!(null)],
                };
                for stranger in strangers {
                    let mut other = request.clone();
                    other[key] = stranger.clone();
                    assert!(!is_valid(&schema, &other), "{other}");
                    spoiled += 1;
                }
            }
        }
    }
    assert!(spoiled > 150, "{spoiled}");
}

/// The samples of the vectors; those of which a line is missing are not valid as they stand.
#[test]
fn the_samples_of_the_vectors_are_valid() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/vectors/vectors-intent.jsonl");
    let mut seen = 0;
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let name = vector["name"].as_str().unwrap();
        let (extras, expected) = match (vector["kind"].as_str().unwrap(), name) {
            ("extras-verbatim", "payxpress-v4-print-last") => (&vector["data"], true),
            ("extras-verbatim", _) => (&vector["data"], false),
            // Without its type, which we always send, and with a reference that is none of ours.
            ("derived", "derived-intent-uri-v4-reference-hostile") => (&vector["data"]["extras"], false),
            ("derived", _) if name.contains("uri") => (&vector["data"]["extras"], true),
            _ => continue,
        };
        let object: Map<_, _> = extras
            .as_array()
            .unwrap()
            .iter()
            .map(|extra| (extra["key"].as_str().unwrap().to_owned(), extra["value"].clone()))
            .collect();
        let schema = if name.contains("apm") { generated::apm_request() } else { generated::v4_request() };
        assert_eq!(is_valid(&schema, &object.into()), expected, "{name}");
        seen += 1;
    }
    assert_eq!(seen, 10);
}

fn styles() -> Vec<Style> {
    let mut all = Vec::new();
    for names in [Names::First, Names::Second] {
        for tickets in [TicketsShape::Text, TicketsShape::Object, TicketsShape::Array, TicketsShape::Absent] {
            for numbers_as_text in [false, true] {
                let numeric_currency = numbers_as_text;
                all.push(Style {
                    names,
                    tickets,
                    numbers_as_text,
                    numeric_currency,
                    amount_includes_tip: false,
                });
            }
        }
    }
    all
}

#[test]
fn results_of_the_fake_app_are_valid() {
    let (result, print) = (generated::v4_result(), generated::v4_print_result());
    let text = |reply: caisse_simulator::payment_app::Reply| {
        let text = reply.data.unwrap().extra("result").unwrap().as_string().unwrap().to_utf8().unwrap();
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let mut seen = 0;
    for style in styles() {
        let mut app = PaymentApp::new();
        app.write_as(style);
        for (number, spec) in
            ["approve", "approve+tip:200", "decline", "cancel", "code:2", "code:8"].into_iter().enumerate()
        {
            app.behave(spec.parse::<Behaviour>().unwrap());
            let request = Perform::debit(euros(1500), format!("a{number}").parse().unwrap()).unwrap();
            takes(&result, &text(app.launch(&request.to_intent()).unwrap()));
            seen += 1;
        }
        takes(&print, &text(app.launch(&PrintLast::new(PrintedTickets::Both).to_intent()).unwrap()));
    }
    assert_eq!(seen, 96);
}

/// What the schema refuses proves nothing to the reader either.
#[test]
fn what_the_schema_refuses_is_no_approval() {
    let schema = generated::v4_result();
    let good = json!({ "status": 0, "transaction": {
        "id": "1", "transactionType": 0, "reference": "order-7", "amount": 1500, "currency": "EUR", "error": 0,
    }});
    takes(&schema, &good);
    let asked = caisse_intent::Asked {
        operation: caisse_payment::Operation::Debit,
        amount: euros(1500),
        reference: "order-7".parse().unwrap(),
    };
    let strangers = [json!([]), json!({}), json!(true), json!(1.5), json!("x y"), json!(null), json!(10)];
    let mut refused = 0;
    for pointer in [
        "/status",
        "/transaction",
        "/transaction/error",
        "/transaction/amount",
        "/transaction/transactionType",
    ] {
        for stranger in &strangers {
            let mut other = good.clone();
            *other.pointer_mut(pointer).unwrap() = stranger.clone();
            if !is_valid(&schema, &other) {
                let answer = Answer::read(&other.to_string()).unwrap();
                assert!(answer.outcome(&asked, caisse_intent::OtherPayments::None).is_unknown(), "{other}");
                refused += 1;
            }
        }
    }
    assert!(refused >= 25, "{refused}");
    for text in ["[]", "1", "null", "\"x\""] {
        assert!(!is_valid(&schema, &serde_json::from_str(text).unwrap()));
        assert!(Answer::read(text).is_err());
    }
}
