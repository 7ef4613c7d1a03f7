//! When is it paid? Every code, every absence, every echo: no way to "not paid" without proof.

mod support;

use caisse_android_intent::{Intent, Value as Extra};
use caisse_intent::{ActivityResult, Answer, Numbering, OtherPayments, interpret};
use caisse_payment::{Amount, Blocked, Currency, Operation, Outcome, Proof, Refusal};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::{CANCELED, OK, Result, approved, asked, doubt, outcome, verdict};

const DECLINED: Outcome = Outcome::Declined { refusal: Refusal::Unspecified };
const CANCELLED: Outcome = Outcome::Cancelled { refusal: Refusal::Abandoned };
const BUSY: Outcome = Outcome::Blocked { reason: Blocked::Busy };

/// The table of outcomes: each status by each error, in both generations, whatever Android's code.
#[test]
fn every_status_by_every_error() {
    let expected = |status: i64, error: i64| -> std::result::Result<Outcome, &str> {
        match (status, error) {
            (0, 0) => Ok(approved()),
            (0, 1..=9) | (1, 0) => Err("contradiction"),
            (1, 1) => Ok(DECLINED),
            (1, 7) => Ok(CANCELLED),
            (1, 3) => Ok(BUSY),
            (1, 2) => Err("invalid_parameters"),
            (1, 4) => Err("in_background"),
            (1, 5) => Err("payment_app_error"),
            (1, 6) => Err("reference_exists"),
            (1, 8) => Err("not_finished"),
            (1, 9) => Err("payment_app_timed_out"),
            _ => Err("status_unknown"),
        }
    };
    for (newest, start) in [(true, Result::new()), (false, Result::first_names())] {
        for status in -2..=12 {
            for error in -2..=12 {
                let name = if newest { "error" } else { "resultCode" };
                let text = start.clone().with_status(status).with(name, error).text();
                for code in [OK, CANCELED, 1, 2, i32::MIN, i32::MAX] {
                    let result = ActivityResult::new(code, Some(&text));
                    let (told, answer) = interpret(&asked(Operation::Debit), &result, OtherPayments::None);
                    match expected(status, error) {
                        Ok(outcome) => assert_eq!(told.outcome, outcome, "{status} {error}"),
                        Err(word) => assert_eq!(doubt(told.outcome), word, "{status} {error}"),
                    }
                    assert_eq!(told.proof, Proof::Answered);
                    assert!(answer.is_some());
                }
            }
        }
    }
}

/// Only these three are told to a cashier as "not paid", and each needs its own words from the app.
#[test]
fn no_way_to_not_paid_but_one() {
    let mut seen = 0;
    for status in
        [None, Some(json!(0)), Some(json!(1)), Some(json!("1")), Some(json!(true)), Some(json!(null))]
    {
        for error in
            [None, Some(json!(1)), Some(json!("7")), Some(json!(null)), Some(json!([1])), Some(json!("no"))]
        {
            for reference in
                [None, Some(json!("order-7")), Some(json!("order-8")), Some(json!(7)), Some(json!(null))]
            {
                let mut result = Result::new();
                result.status = status.clone();
                for (name, value) in [("error", &error), ("reference", &reference)] {
                    result = match value {
                        Some(value) => result.with(name, value.clone()),
                        None => result.without(name),
                    };
                }
                let proven = matches!(&status, Some(it) if *it == json!(1) || *it == json!("1"))
                    && matches!(&error, Some(it) if *it == json!(1) || *it == json!("7"))
                    && reference == Some(json!("order-7"));
                let is_not_paid =
                    matches!(result.outcome(), Outcome::Declined { .. } | Outcome::Cancelled { .. });
                assert_eq!(is_not_paid, proven, "{}", result.text());
                assert!(is_not_paid || result.outcome().is_unknown());
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 6 * 6 * 5);
}

#[test]
fn nothing_to_read_is_unknown_whatever_androids_code() {
    let text = Result::new().text();
    let extra = |name: &str, value: Extra| Intent::new().with_extra(name, value);
    let lone_surrogate = Extra::String(vec![0x7b, 0xd800, 0x7d].as_slice().into());
    let cases: [(Option<Intent>, &str, Proof); 8] = [
        (None, "no_result", Proof::PerhapsSent),
        (Some(Intent::new()), "no_result", Proof::Delivered),
        (Some(extra("outcome", text.as_str().into())), "no_result", Proof::Delivered),
        (Some(extra("Result", text.as_str().into())), "no_result", Proof::Delivered),
        (Some(extra("result", Extra::Null)), "no_result", Proof::Delivered),
        (Some(extra("result", Extra::Int(0))), "answer_malformed", Proof::Delivered),
        (
            Some(extra("result", Extra::StringArray(vec![text.as_str().into()]))),
            "answer_malformed",
            Proof::Delivered,
        ),
        (Some(extra("result", lone_surrogate)), "answer_malformed", Proof::Delivered),
    ];
    for code in [OK, CANCELED, 1, 7] {
        for (data, word, proof) in &cases {
            for others in [OtherPayments::None, OtherPayments::Possible] {
                let result = ActivityResult::from_intent(code, data.as_ref());
                let (told, answer) = interpret(&asked(Operation::Debit), &result, others);
                assert_eq!((doubt(told.outcome), told.proof, answer), (*word, *proof, None));
                assert_eq!(result.code(), code);
            }
        }
    }
    let good = extra("result", text.as_str().into());
    let result = ActivityResult::from_intent(CANCELED, Some(&good));
    assert_eq!(result, ActivityResult::new(CANCELED, Some(&text)));
    assert_eq!(interpret(&asked(Operation::Debit), &result, OtherPayments::None).0.outcome, approved());
}

#[test]
fn malformed_results_are_unknown() {
    let good = Result::new().text();
    for (text, word, proof) in [
        ("", "answer_malformed", Proof::Delivered),
        (" ", "answer_malformed", Proof::Delivered),
        ("null", "answer_malformed", Proof::Delivered),
        ("0", "answer_malformed", Proof::Delivered),
        ("\"\"", "answer_malformed", Proof::Delivered),
        ("true", "answer_malformed", Proof::Delivered),
        ("accepted", "answer_malformed", Proof::Delivered),
        ("status=0", "answer_malformed", Proof::Delivered),
        ("<status>0</status>", "answer_malformed", Proof::Delivered),
        (&format!("[{good}]"), "answer_malformed", Proof::Delivered),
        (&format!("{good}{good}"), "answer_malformed", Proof::Delivered),
        (&format!("{good} x"), "answer_malformed", Proof::Delivered),
        (&format!("\u{feff}{good}"), "answer_malformed", Proof::Delivered),
        (&json!(good).to_string(), "answer_malformed", Proof::Delivered),
        ("{}", "status_missing", Proof::Delivered),
        ("{\"status\": null}", "status_missing", Proof::Delivered),
        ("{\"Status\": 0}", "status_missing", Proof::Delivered),
        ("{\"status\": []}", "status_unknown", Proof::Delivered),
        ("{\"status\": 0}", "echo_missing", Proof::Answered),
        ("{\"status\": 1}", "refusal_without_reason", Proof::Answered),
        ("{\"status\": 0, \"transaction\": null}", "echo_missing", Proof::Answered),
        ("{\"status\": 0, \"transaction\": []}", "answer_malformed", Proof::Answered),
        ("{\"status\": 0, \"transaction\": \"x\"}", "answer_malformed", Proof::Answered),
        ("{\"status\": 0, \"transaction\": {}}", "status_missing", Proof::Answered),
        ("{\"status\": 1, \"transaction\": {}}", "status_missing", Proof::Answered),
    ] {
        let told = verdict(text);
        assert_eq!((doubt(told.outcome), told.proof), (word, proof), "{text}");
    }
    let quoted = format!("{{\"status\": 0, \"transaction\": {}}}", json!(good));
    assert_eq!(doubt(outcome(&quoted)), "answer_malformed");
    let long = format!("{}{good}", " ".repeat(Answer::LONGEST - good.len()));
    assert_eq!(outcome(&long), approved());
    assert_eq!(doubt(outcome(&format!(" {long}"))), "answer_too_long");
    assert!(Answer::read(&format!(" {long}")).is_err());
}

/// A cut result proves nothing, wherever it is cut.
#[test]
fn every_cut_is_unknown() {
    for result in [Result::new(), Result::new().refused(1), Result::new().refused(7), Result::first_names()] {
        let text = result.text();
        for cut in 0..text.len() {
            assert_eq!(doubt(outcome(&text[..cut])), "answer_malformed", "{cut}");
        }
    }
}

#[test]
fn an_approval_needs_the_whole_echo() {
    for (start, names) in [
        (Result::new(), ["id", "transactionType", "reference", "amount", "currency"]),
        (
            Result::first_names(),
            ["transactionId", "transactionType", "externalReference", "amount", "currency"],
        ),
    ] {
        assert_eq!(start.outcome(), approved());
        for name in names {
            assert_eq!(doubt(start.clone().without(name).outcome()), "echo_missing", "{name}");
            assert_eq!(doubt(start.clone().with(name, Value::Null).outcome()), "echo_missing", "{name}");
        }
    }
    assert_eq!(doubt(Result::new().without("error").outcome()), "status_missing");
}

/// What an echo must be, for an approval and for a refusal alike.
#[test]
fn an_echo_that_is_anothers_proves_nothing() {
    let cases: [(&str, Value, &str); 30] = [
        ("reference", json!("order-8"), "reference_differs"),
        ("reference", json!("ORDER-7"), "reference_differs"),
        ("reference", json!("order-7 "), "reference_differs"),
        ("reference", json!(""), "reference_differs"),
        ("reference", json!(["order-7"]), "reference_differs"),
        ("externalReference", json!("order-8"), "reference_differs"),
        ("transactionType", json!(1), "operation_differs"),
        ("transactionType", json!(2), "operation_differs"),
        ("transactionType", json!(8), "operation_differs"),
        ("transactionType", json!(-1), "operation_differs"),
        ("transactionType", json!("debit"), "operation_differs"),
        ("transactionType", json!(0.5), "operation_differs"),
        ("currency", json!("USD"), "currency_differs"),
        ("currency", json!("840"), "currency_differs"),
        ("currency", json!(""), "currency_differs"),
        ("currency", json!("0978"), "currency_differs"),
        ("currency", json!("+978"), "currency_differs"),
        ("currency", json!({}), "currency_differs"),
        ("amount", json!(1501), "amount_higher"),
        ("amount", json!(1499), "amount_differs"),
        ("amount", json!(0), "amount_zero"),
        ("amount", json!(-1500), "amount_differs"),
        ("amount", json!(1500.0), "amount_differs"),
        ("amount", json!("15.00"), "amount_differs"),
        ("amount", json!("+1500"), "amount_differs"),
        ("amount", json!(" 1500"), "amount_differs"),
        ("amount", json!(""), "amount_differs"),
        ("amount", json!("-"), "amount_differs"),
        ("amount", json!(true), "amount_differs"),
        ("amount", json!(i64::MAX), "amount_differs"),
    ];
    for (name, value, word) in cases {
        for result in
            [Result::new(), Result::new().refused(1), Result::new().refused(7), Result::new().refused(3)]
        {
            let result = result.with(name, value.clone());
            assert_eq!(doubt(result.outcome()), word, "{}", result.text());
        }
    }
}

#[test]
fn what_is_equal_in_another_form_is_equal() {
    for (name, value) in [
        ("amount", json!("1500")),
        ("amount", json!("01500")),
        ("transactionType", json!("0")),
        ("error", json!("0")),
        ("currency", json!("eur")),
        ("currency", json!("978")),
        ("currency", json!(978)),
        ("externalReference", json!("order-7")),
        ("resultCode", json!(0)),
        ("resultCode", json!("0")),
        ("mode", json!("wave")),
        ("maskedPan", json!({})),
        ("date", json!(171_017_239_300_u64)),
    ] {
        let result = Result::new().with(name, value);
        assert_eq!(result.outcome(), approved(), "{}", result.text());
    }
    assert_eq!(Result::new().with_status("0").outcome(), approved());
    // A reference of digits that some serialiser takes for a number.
    let mut asked = asked(Operation::Debit);
    asked.reference = "20261125193012".parse().unwrap();
    let answer = Answer::read(&Result::new().with("reference", 20_261_125_193_012_u64).text()).unwrap();
    assert_eq!(answer.outcome(&asked, OtherPayments::None), approved());
}

#[test]
fn a_refusal_needs_our_reference_and_nothing_else() {
    for (error, expected) in [(1, DECLINED), (7, CANCELLED)] {
        for result in [Result::new().refused(error), Result::first_names().refused(error)] {
            assert_eq!(result.outcome(), expected);
            for name in ["amount", "currency", "transactionType"] {
                assert_eq!(result.clone().without(name).outcome(), expected, "{name}");
            }
        }
        let nameless = Result::new().refused(error).without("id");
        assert_eq!(nameless.outcome(), expected);
        // Without the id's name either numbering may be meant, but no third one.
        assert_eq!(nameless.clone().with("transactionType", 1).outcome(), expected);
        assert_eq!(doubt(nameless.clone().with("transactionType", 2).outcome()), "operation_differs");
        assert_eq!(doubt(nameless.without("reference").outcome()), "echo_missing");
        assert_eq!(
            doubt(Result::first_names().refused(error).without("externalReference").outcome()),
            "echo_missing"
        );
    }
}

#[test]
fn three_is_blocked_only_if_nothing_here_can_be_running() {
    for result in [Result::new().refused(3), Result::new().refused(3).without("reference").without("id")] {
        let text = result.text();
        let told = |others| {
            interpret(&asked(Operation::Debit), &ActivityResult::new(OK, Some(&text)), others).0.outcome
        };
        assert_eq!(told(OtherPayments::None), BUSY);
        assert_eq!(doubt(told(OtherPayments::Possible)), "payment_app_busy");
    }
    // All others say the same whatever else is open.
    for error in [0, 1, 2, 4, 5, 6, 7, 8, 9] {
        let result = if error == 0 { Result::new() } else { Result::new().refused(error) };
        let text = result.text();
        let [none, possible] = [OtherPayments::None, OtherPayments::Possible].map(|others| {
            interpret(&asked(Operation::Debit), &ActivityResult::new(OK, Some(&text)), others).0.outcome
        });
        assert_eq!(none, possible);
    }
}

/// The same number means a debit in one generation and a refund in the other.
#[test]
fn the_two_numberings_are_told_apart() {
    let numbers = |operation| Numbering::ALL.map(|it| it.number(operation));
    assert_eq!(numbers(Operation::Debit), [Some(1), Some(0)]);
    assert_eq!(numbers(Operation::Cancellation), [Some(2), Some(2)]);
    assert_eq!(numbers(Operation::Credit), [Some(3), Some(1)]);
    assert_eq!(numbers(Operation::DeferredDebit), [Some(4), Some(8)]);
    assert_eq!(numbers(Operation::Cheque), [None, None]);
    for operation in Numbering::OPERATIONS {
        for number in -1..=9 {
            for (numbering, start) in
                [(Numbering::Second, Result::new()), (Numbering::First, Result::first_names())]
            {
                let text = start.with("transactionType", number).text();
                let answer = Answer::read(&text).unwrap();
                let told = answer.outcome(&asked(operation), OtherPayments::None);
                let is_ours = numbering.number(operation) == Some(i32::try_from(number).unwrap());
                assert_eq!(told == approved(), is_ours, "{operation} {text}");
                assert!(is_ours || doubt(told) == "operation_differs");
                assert_eq!(answer.numbering(), Some(numbering));
                assert_eq!(answer.operation() == Some(operation), is_ours);
                assert_eq!(answer.transaction_type(), Some(number));
            }
        }
        // Both ids at once: nobody knows which numbering this is.
        let both = Result::new().with("transactionId", "1p5jiofow7-1duh");
        let number = Numbering::Second.number(operation).unwrap();
        let answer = Answer::read(&both.with("transactionType", number).text()).unwrap();
        assert_eq!(doubt(answer.outcome(&asked(operation), OtherPayments::None)), "echo_missing");
        assert_eq!((answer.numbering(), answer.operation()), (None, None));
    }
}

#[test]
fn a_tip_is_in_the_amount_or_beside_it() {
    for (amount, tip, expected) in [
        (1500, json!(200), None),
        (1700, json!(200), None),
        (1700, json!("200"), None),
        (1500, json!(0), None),
        (1500, json!("many"), None),
        (1500, json!(-200), None),
        (1700, json!(199), Some("amount_higher")),
        (1700, json!(201), Some("amount_higher")),
        (1700, json!("many"), Some("amount_higher")),
        (1700, json!(Value::Null), Some("amount_higher")),
        (1300, json!(200), Some("amount_differs")),
        (1300, json!(-200), Some("amount_differs")),
        (200, json!(200), Some("amount_differs")),
        (0, json!(0), Some("amount_zero")),
    ] {
        for (start, ours) in [(Result::new(), approved()), (Result::new().refused(1), DECLINED)] {
            let told = start.with("amount", amount).with("amountTips", tip.clone()).outcome();
            match expected {
                None => assert_eq!(told, ours, "{amount} {tip}"),
                Some(word) => assert_eq!(doubt(told), word, "{amount} {tip}"),
            }
        }
    }
}

/// A deciding field that is there twice and says two things decides nothing.
#[test]
fn what_is_said_twice_must_be_the_same() {
    let good = Result::new().text();
    assert!(good.starts_with('{') && good.contains("\"amount\":1500"));
    for (from, to) in [
        ("\"amount\":1500", "\"amount\":1500,\"amount\":1501"),
        ("\"amount\":1500", "\"amount\":1501,\"amount\":1500"),
        ("\"error\":0", "\"error\":0,\"error\":1"),
        ("\"error\":0", "\"error\":0,\"resultCode\":1"),
        ("\"error\":0", "\"error\":0,\"resultCode\":\"x\""),
        ("\"reference\":\"order-7\"", "\"reference\":\"order-7\",\"externalReference\":\"order-8\""),
        ("\"currency\":\"EUR\"", "\"currency\":\"EUR\",\"currency\":\"USD\""),
        ("\"status\":0", "\"status\":0,\"status\":1"),
        ("\"status\":0", "\"status\":1,\"status\":0"),
        ("\"transactionType\":0", "\"transactionType\":0,\"transactionType\":1"),
        ("\"status\":0", "\"status\":0,\"transaction\":{}"),
    ] {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good, "{from}");
        doubt(outcome(&text));
        // And the same twice is no contradiction.
        let twice = good.replacen(from, &format!("{from},{from}"), 1);
        assert_eq!(outcome(&twice), approved(), "{twice}");
    }
    // A null beside it says nothing.
    assert_eq!(Result::new().with("resultCode", Value::Null).outcome(), approved());
}

#[test]
fn amounts_of_other_currencies_compare_in_their_minor_units() {
    for code in ["JPY", "BHD", "USD", "AUD"] {
        let currency: Currency = code.parse().unwrap();
        let asked = asked(Operation::Debit);
        let asked = caisse_intent::Asked { amount: Amount::from_minor(1500, currency), ..asked };
        let digits = format!("{:03}", currency.numeric());
        for written in [code, &digits] {
            let answer = Answer::read(&Result::new().with("currency", written).text()).unwrap();
            let told = answer.outcome(&asked, OtherPayments::None);
            assert_eq!(told, Outcome::Approved { amount: asked.amount });
        }
        // Three digits at most, and nothing but digits.
        for number in [format!("+{}", currency.numeric()), format!("0{digits}"), format!("-{digits}")] {
            let answer = Answer::read(&Result::new().with("currency", number.as_str()).text()).unwrap();
            assert_eq!(doubt(answer.outcome(&asked, OtherPayments::None)), "currency_differs", "{number}");
        }
    }
}

fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3i64..12).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0i64..10).prop_map(|it| Value::from(it.to_string())),
        Just(json!("order-7")),
        Just(json!(1500)),
        Just(json!("EUR")),
        ".{0,8}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// Whatever stands in the fields: the outcome is one that its own fields prove.
    #[test]
    fn an_outcome_follows_from_the_fields(
        status in values(),
        fields in proptest::collection::vec((0usize..12, values()), 0..6),
        newest: bool,
    ) {
        const NAMES: [&str; 12] = [
            "id", "transactionId", "transactionType", "reference", "externalReference", "amount", "amountTips",
            "currency", "error", "resultCode", "maskedPan", "other",
        ];
        let mut result = if newest { Result::new() } else { Result::first_names() }.with_status(status.clone());
        for (name, value) in fields {
            result = result.with(NAMES[name], value);
        }
        let told = result.verdict();
        let transaction = result.transaction.as_ref().unwrap();
        let is = |names: [&str; 2], accepted: &[Value]| {
            let mut there = names.iter().filter_map(|name| transaction.get(*name)).filter(|it| !it.is_null()).peekable();
            there.peek().is_some() && there.all(|it| accepted.contains(it))
        };
        let ours = is(["reference", "externalReference"], &[json!("order-7")]);
        let is_status = |number: i64| status == json!(number) || status == json!(number.to_string());
        match told.outcome {
            Outcome::Approved { amount } => {
                prop_assert_eq!(amount.minor(), 1500);
                prop_assert!(ours && is_status(0));
                prop_assert!(is(["error", "resultCode"], &[json!(0), json!("0")]));
                prop_assert!(is(["currency", "currency"], &[json!("EUR")]));
            }
            Outcome::Declined { .. } => {
                prop_assert!(ours && is_status(1));
                prop_assert!(is(["error", "resultCode"], &[json!(1), json!("1")]));
            }
            Outcome::Cancelled { .. } => {
                prop_assert!(ours && is_status(1));
                prop_assert!(is(["error", "resultCode"], &[json!(7), json!("7")]));
            }
            Outcome::Blocked { .. } => {
                prop_assert!(is_status(1));
                prop_assert!(is(["error", "resultCode"], &[json!(3), json!("3")]));
            }
            Outcome::Unknown { .. } => {}
            other => prop_assert!(false, "{other:?}"),
        }
    }

    /// Any text is read or refused with a position within it.
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}|[{}\\[\\]\",:0-9a-z \\\\u]{0,60}") {
        match Answer::read(&text) {
            Ok(answer) => prop_assert!(!answer.unknown().iter().any(|it| it.reveal_name() == "status")),
            Err(malformed) => prop_assert!(malformed.offset <= text.len()),
        }
    }
}
