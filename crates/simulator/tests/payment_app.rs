//! The fake payment app: what it takes, what it does, what it says.

use caisse_android_intent::am::Start;
use caisse_android_intent::{ComponentName, Intent, Value, flags, json};
use caisse_simulator::Ledger;
use caisse_simulator::payment_app::{
    ActivityNotFound, Behaviour, Form, Malformation, Movement, Names, NotAnIntent, PaymentApp, Reply, Says,
    Style, TicketsShape,
};
use serde_json::Value as Json;

fn perform(reference: &str, number: i32) -> Intent {
    let class = "com.payxpert.merchant.ui.transaction.TransactionActivity";
    Intent::new()
        .with_component(ComponentName::new("com.payxpert.merchant", class))
        .with_extra("transaction_bundle_key_action", "PERFORM")
        .with_extra("transaction_bundle_key_amount", 1500)
        .with_extra("transaction_bundle_key_transaction_type", number)
        .with_extra("transaction_bundle_key_reference", reference)
}

fn apm(refund: bool, amount: f64) -> Intent {
    Intent::new()
        .with_component(ComponentName::new("io.payxpress.android.apm", "com.payxpert.merchant.MainActivity"))
        .with_extra("payment_request_from_another_app", true)
        .with_extra("is_refund", refund)
        .with_extra("amount", amount)
}

fn text(reply: &Reply) -> String {
    reply.data.as_ref().unwrap().extra("result").unwrap().as_string().unwrap().to_utf8().unwrap()
}

fn result(reply: &Reply) -> Json {
    serde_json::from_str(&text(reply)).unwrap()
}

/// Status and error of a result.
fn codes(reply: &Reply) -> (i64, i64) {
    let result = result(reply);
    (result["status"].as_i64().unwrap(), result["transaction"]["error"].as_i64().unwrap())
}

fn app(behaviour: &str) -> PaymentApp {
    let mut app = PaymentApp::new();
    app.behave(behaviour.parse().unwrap());
    app
}

#[test]
fn it_takes_every_form_of_a_request() {
    let intent = perform("a", 1);
    let uri = intent.to_intent_uri().to_string();
    let words: Vec<String> =
        Start::from(intent.clone()).words().unwrap().iter().map(ToString::to_string).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let json = json::from_intent(&intent);
    let expected = PaymentApp::new().launch(&intent).unwrap();
    for form in [Form::Uri(&uri), Form::Am(&words), Form::Json(&json)] {
        let mut app = PaymentApp::new();
        assert_eq!(app.launch(&form.read().unwrap()).unwrap(), expected, "{form:?}");
        assert_eq!(app.ledger().charges()[0].amount_minor, 1500);
    }
    assert!(matches!(Form::Uri("intent:#Intent;x;end").read(), Err(NotAnIntent::Exception(_))));
    assert!(matches!(Form::Am(&["--ei", "a", "08"]).read(), Err(NotAnIntent::Exception(_))));
    let error = Form::Json("{").read().unwrap_err();
    assert!(matches!(error, NotAnIntent::Json(_)) && !error.to_string().is_empty());
    let shown = format!("{:?}", Form::Uri(&uri));
    assert_eq!(shown, "Uri");
}

#[test]
fn every_code_with_and_without_a_charge() {
    for code in 0..=9 {
        for charged in ["", "+charged"] {
            let mut app = app(&format!("code:{code}{charged}"));
            let reply = app.launch(&perform("a", 1)).unwrap();
            assert_eq!(codes(&reply), (i64::from(code != 0), code));
            let charges = code == 0 || charged == "+charged";
            assert_eq!(app.ledger().len(), usize::from(charges));
            assert_eq!(app.movements().len(), usize::from(charges));
            assert_eq!(reply.code, if code == 7 { 0 } else { -1 });
        }
    }
}

#[test]
fn a_reference_is_taken_once() {
    let mut app = app("killed+charged");
    assert_eq!(app.launch(&perform("a", 1)).unwrap(), Reply { code: 0, data: None });
    app.behave(Behaviour::APPROVE);
    assert_eq!(codes(&app.launch(&perform("a", 1)).unwrap()), (1, 6));
    assert_eq!(app.ledger().len(), 1);
    assert_eq!(codes(&app.launch(&perform("b", 1)).unwrap()), (0, 0));
    assert_eq!(app.ledger().len(), 2);
}

#[test]
fn nothing_comes_back_from_an_app_that_died_or_left() {
    for (spec, code) in [("killed", 0), ("null", -1)] {
        assert_eq!(app(spec).launch(&perform("a", 1)).unwrap(), Reply { code, data: None });
    }
    // Launched into a task of its own, it pays and cannot answer.
    let mut app = PaymentApp::new();
    let intent = perform("a", 1).with_flags(flags::ACTIVITY_NEW_TASK);
    assert_eq!(app.launch(&intent).unwrap(), Reply { code: 0, data: None });
    assert_eq!(app.ledger().len(), 1);
}

#[test]
fn only_its_own_activities_are_found() {
    let mut wrong = perform("a", 1);
    wrong.set_component(None);
    assert_eq!(PaymentApp::new().launch(&wrong), Err(ActivityNotFound));
    for (package, class) in [
        ("com.payxpert.merchant", "com.payxpert.merchant.ui.transaction.TransactionActivity "),
        ("com.payxpert.merchant", "com.payxpert.merchant.MainActivity"),
        ("io.payxpress.android.apm", "com.payxpert.merchant.ui.transaction.TransactionActivity"),
    ] {
        wrong.set_component(Some(ComponentName::new(package, class)));
        assert_eq!(PaymentApp::new().launch(&wrong), Err(ActivityNotFound), "{class}");
    }
}

/// Android gives the default for an extra of another type: such a request is invalid, and nothing moves.
#[test]
fn extras_of_the_wrong_type_are_not_read() {
    let mut changed = vec![
        perform("a", 1).with_extra("transaction_bundle_key_amount", "1500"),
        perform("a", 1).with_extra("transaction_bundle_key_amount", 1500_i64),
        perform("a", 1).with_extra("transaction_bundle_key_amount", 0),
        perform("a", 1).with_extra("transaction_bundle_key_amount", -1),
        perform("a", 1).with_extra("transaction_bundle_key_reference", 7),
        perform("a", 1).with_extra("transaction_bundle_key_reference", Value::Null),
        perform("a", 0),
        perform("a", 5),
        perform("a", 1).with_extra("transaction_bundle_key_action", "PAY"),
        perform("a", 1).with_extra("transaction_bundle_key_action", "PRINT_LAST"),
        apm(false, 15.101),
        apm(false, 0.0),
        apm(false, -1.0),
        apm(false, f64::NAN),
        apm(false, 15.10).with_extra("amount", 1510),
        apm(false, 15.10).with_extra("payment_request_from_another_app", false),
        apm(false, 15.10).with_extra("is_direct_refund", true).with_extra("transaction_id", "x"),
        apm(true, 15.10).with_extra("is_direct_refund", true),
    ];
    let mut without = perform("a", 1);
    without.extras_mut().remove("transaction_bundle_key_action");
    changed.push(without);
    for intent in changed {
        let mut app = PaymentApp::new();
        assert_eq!(codes(&app.launch(&intent).unwrap()), (1, 2), "{intent:?}");
        assert!(app.ledger().is_empty() && app.movements().is_empty());
    }
    // Without a type the app's own default decides.
    let mut untyped = perform("a", 1);
    untyped.extras_mut().remove("transaction_bundle_key_transaction_type");
    assert_eq!(codes(&PaymentApp::new().launch(&untyped).unwrap()), (0, 0));
}

#[test]
fn debits_charge_and_the_rest_is_accounted_for() {
    let ledger = Ledger::new();
    let mut app = PaymentApp::with_ledger(ledger.clone());
    for (number, kind) in [("a", 1), ("b", 2), ("c", 3), ("d", 4)] {
        app.launch(&perform(number, kind)).unwrap();
    }
    assert_eq!(ledger.len(), 2);
    assert!(ledger.charges().iter().all(|charge| (charge.amount_minor, charge.currency) == (1500, 978)));
    let movement = |reference: &str, transaction_type| Movement {
        reference: reference.to_owned(),
        transaction_type,
        amount_minor: 1500,
    };
    assert_eq!(app.movements(), [movement("a", 1), movement("b", 2), movement("c", 3), movement("d", 4)]);
    app.behave("approve+tip:200".parse().unwrap());
    app.launch(&perform("e", 1)).unwrap();
    assert_eq!(ledger.charges()[2].amount_minor, 1700);
    assert_eq!(app.ledger().len(), 3);
}

#[test]
fn alternative_payments_move_money_and_say_nothing_that_is_documented() {
    let mut app = PaymentApp::new();
    assert_eq!(app.launch(&apm(false, 15.10)).unwrap(), Reply { code: -1, data: Some(Intent::new()) });
    let refund = apm(true, 0.29).with_extra("is_direct_refund", true).with_extra("transaction_id", "x");
    app.launch(&refund).unwrap();
    assert_eq!(app.ledger().len(), 1);
    assert_eq!(app.movements().iter().map(|it| it.amount_minor).collect::<Vec<_>>(), [1510, 29]);
    app.behave("killed".parse().unwrap());
    assert_eq!(app.launch(&apm(false, 1.0)).unwrap(), Reply { code: 0, data: None });
    assert_eq!(app.movements().len(), 2);
}

#[test]
fn results_in_every_style() {
    let transaction = |style: Style| {
        let mut app = app("approve+tip:200");
        app.write_as(style);
        let reply = app.launch(&perform("a", 4)).unwrap();
        result(&reply)
    };
    let newest = transaction(Style::default());
    let of = &newest["transaction"];
    assert_eq!(
        (&of["id"], &of["transactionType"], &of["error"]),
        (&"1p5jiofow7-0001".into(), &8.into(), &0.into())
    );
    assert_eq!(
        (&of["reference"], &of["amount"], &of["amountTips"]),
        (&"a".into(), &1500.into(), &200.into())
    );
    assert_eq!(of["maskedPan"], "4970101234123457");
    assert!(newest["tickets"].is_string() && of.get("tickets").is_none());
    let first = transaction(Style { names: Names::First, numbers_as_text: true, ..Style::default() });
    let of = &first["transaction"];
    assert_eq!(
        (&of["transactionId"], &of["transactionType"], &of["resultCode"]),
        (&"1p5jiofow7-0001".into(), &"4".into(), &"0".into())
    );
    assert_eq!(
        (&first["status"], &of["externalReference"], &of["paymentMethod"]),
        (&"0".into(), &"a".into(), &"1".into())
    );
    assert!(of["tickets"].is_string() && first.get("tickets").is_none());
    let style = Style {
        amount_includes_tip: true,
        numeric_currency: true,
        tickets: TicketsShape::Array,
        ..Style::default()
    };
    let tipped = transaction(style);
    assert_eq!(
        (&tipped["transaction"]["amount"], &tipped["transaction"]["currency"]),
        (&1700.into(), &"978".into())
    );
    assert_eq!(tipped["tickets"].as_array().unwrap().len(), 2);
    let object = transaction(Style { tickets: TicketsShape::Object, ..Style::default() });
    assert_eq!(object["tickets"]["tickets"].as_array().unwrap().len(), 2);
    assert!(
        transaction(Style { tickets: TicketsShape::Absent, ..Style::default() }).get("tickets").is_none()
    );
    for number in 1..=3 {
        let reply = PaymentApp::new().launch(&perform("a", number)).unwrap();
        assert_eq!(
            result(&reply)["transaction"]["transactionType"],
            [0, 2, 1][usize::try_from(number).unwrap() - 1]
        );
    }
}

#[test]
fn prints_the_last_transaction() {
    let print = |tickets: i32| {
        let class = "com.payxpert.merchant.ui.transaction.TransactionActivity";
        Intent::new()
            .with_component(ComponentName::new("com.payxpert.merchant", class))
            .with_extra("transaction_bundle_key_action", "PRINT_LAST")
            .with_extra("transaction_bundle_key_type_print_ticket", tickets)
    };
    let mut app = PaymentApp::new();
    let nothing = result(&app.launch(&print(0)).unwrap());
    assert_eq!((&nothing["status"], nothing.get("tickets")), (&1.into(), None));
    for (behaviour, word) in [("killed+charged", "ACCEPTEE"), ("decline", "NON ABOUTIE")] {
        app.behave(behaviour.parse().unwrap());
        app.launch(&perform(behaviour, 1)).unwrap();
        for tickets in 0..=2 {
            let printed = result(&app.launch(&print(tickets)).unwrap());
            assert_eq!(printed["status"], 0);
            let tickets: Json = serde_json::from_str(printed["tickets"].as_str().unwrap()).unwrap();
            let types: Vec<_> =
                tickets["tickets"].as_array().unwrap().iter().map(|it| it["type"].clone()).collect();
            assert_eq!(types, ["CLIENT", "MERCHANT"]);
            use base64::Engine as _;
            let base64 = tickets["tickets"][1]["ticket"].as_str().unwrap();
            let bytes = base64::engine::general_purpose::STANDARD.decode(base64).unwrap();
            let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
            for expected in ["no money moved", behaviour, "MONTANT 15,00 EUR", word, "COMMERÇANT"] {
                assert!(text.contains(expected), "{expected}: {text}");
            }
        }
    }
    assert_eq!(codes(&app.launch(&print(3)).unwrap()), (1, 2));
}

#[test]
fn malformed_results_are_what_their_names_say() {
    for numbers_as_text in [false, true] {
        let mut seen = std::collections::BTreeSet::new();
        for malformation in Malformation::ALL {
            let mut app = app(&format!("malformed:{}+charged", malformation.name()));
            app.write_as(Style { numbers_as_text, ..Style::default() });
            let reply = app.launch(&perform("a", 1)).unwrap();
            assert_eq!(app.ledger().len(), 1);
            let data = reply.data.unwrap();
            let shown = format!("{data:?}");
            assert!(seen.insert(shown), "{malformation:?}");
            let text = data.extra("result").and_then(Value::as_string).map(|text| text.to_utf8().unwrap());
            let read = text.as_deref().map(serde_json::from_str::<Json>);
            match malformation {
                Malformation::NotText | Malformation::OtherExtra => assert!(text.is_none()),
                Malformation::Cut | Malformation::Empty | Malformation::NotJson | Malformation::Twice => {
                    assert!(read.unwrap().is_err());
                }
                Malformation::Array => assert!(read.unwrap().unwrap().is_array()),
                Malformation::Null => assert!(read.unwrap().unwrap().is_null()),
                Malformation::Quoted => assert!(read.unwrap().unwrap().is_string()),
                Malformation::WithoutStatus => assert!(read.unwrap().unwrap().get("status").is_none()),
                Malformation::WithoutTransaction => {
                    assert!(read.unwrap().unwrap().get("transaction").is_none())
                }
                Malformation::Contradiction => {
                    let read = read.unwrap().unwrap();
                    let [status, error] = [&read["status"], &read["transaction"]["error"]]
                        .map(|it| it.as_i64().unwrap_or_else(|| it.as_str().unwrap().parse().unwrap()));
                    assert_eq!((status, error), (1, 0));
                }
            }
        }
    }
}

#[test]
fn behaviours_are_read_as_they_are_written() {
    for spec in [
        "approve",
        "approve+tip:200",
        "decline",
        "decline+charged",
        "cancel",
        "busy",
        "background",
        "code:2",
        "code:5+charged",
        "code:6",
        "code:8",
        "code:9+charged",
        "killed",
        "killed+charged",
        "null",
        "null+charged+tip:5",
        "other",
        "malformed:cut",
        "malformed:other-extra+charged",
    ] {
        let behaviour: Behaviour = spec.parse().unwrap();
        assert_eq!(behaviour.to_string(), spec);
    }
    assert_eq!("code:0".parse(), Ok(Behaviour::APPROVE));
    assert_eq!("busy".parse::<Behaviour>().unwrap().says, Says::Code(3));
    for wrong in [
        "",
        "accept",
        "code:",
        "code:10",
        "code:x",
        "malformed:",
        "malformed:x",
        "approve+",
        "approve+tip:",
        "approve+tip:x",
        "killed:0",
    ] {
        assert!(wrong.parse::<Behaviour>().is_err(), "{wrong}");
    }
    let mut app = app("other+charged");
    let other = result(&app.launch(&perform("a", 1)).unwrap());
    assert_eq!(other["transaction"]["reference"], "a-other");
    assert!(format!("{app:?}").contains("OfAnother"));
}
