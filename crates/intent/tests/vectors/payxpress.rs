//! What PayXpert's pages say of requests.

use caisse_android_intent::{ComponentName, Intent, Value as Extra};
use caisse_intent::Numbering;
use caisse_intent::apm::{self, Kind};
use caisse_intent::definition::{self, ExtraDefinition};
use caisse_intent::v4::{Perform, PrintLast, PrintedTickets};
use caisse_payment::{Amount, Currency, Operation};
use caisse_simulator::payment_app::PaymentApp;
use serde_json::{Value, json};

pub fn euros(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::EUR)
}

pub fn debit() -> Perform {
    Perform::debit(euros(1500), "test".parse().unwrap()).unwrap().with_print_ticket(false)
}

/// An extra as a vector writes it.
pub fn extra(vector: &Value) -> (String, Extra) {
    let value = &vector["value"];
    let extra = match vector["type"].as_str().unwrap() {
        "int" => Extra::Int(i32::try_from(value.as_i64().unwrap()).unwrap()),
        "boolean" => Extra::Boolean(value.as_bool().unwrap()),
        "String" => Extra::from(value.as_str().unwrap()),
        "double" => Extra::Double(value.as_f64().unwrap()),
        stranger => panic!("{stranger}"),
    };
    (vector["key"].as_str().unwrap().to_owned(), extra)
}

/// The extras of a vector on this component, and nothing else.
pub fn intent(component: [&str; 2], extras: &Value) -> Intent {
    let [package, class] = component;
    let intent = Intent::new().with_component(ComponentName::new(package, class));
    extras
        .as_array()
        .unwrap()
        .iter()
        .map(extra)
        .fold(intent, |intent, (key, value)| intent.with_extra(key, value))
}

/// Our intent without these extras is the vector's.
#[track_caller]
fn is_but_for(ours: &Intent, missing: &[&str], vector: &Value) {
    let mut ours = ours.clone();
    for key in missing {
        assert!(ours.extras_mut().remove(*key).is_some(), "{key}");
    }
    let component = ours.component().unwrap().clone();
    let [package, class] = [component.package().to_string(), component.class().to_string()];
    assert_eq!(ours, intent([&package, &class], vector));
}

pub const V4: [&str; 2] = [definition::v4::PACKAGE, definition::v4::CLASS];
pub const APM: [&str; 2] = [definition::apm::PACKAGE, definition::apm::CLASS];

pub fn v4_component(data: &Value) {
    let (package, published) = (data["package"].as_str().unwrap(), data["class"].as_str().unwrap());
    // Copied as it is, blank and all, Android finds nothing.
    assert!(published.ends_with(' '));
    let class = published.trim_end();
    assert_eq!(debit().to_intent().component(), Some(&ComponentName::new(package, class)));
    let launch = |class: &str| {
        let mut intent = debit().to_intent();
        intent.set_component(Some(ComponentName::new(package, class)));
        PaymentApp::new().launch(&intent)
    };
    assert!(launch(published).is_err());
    assert!(launch(class).is_ok());
}

pub fn action_enum(data: &Value) {
    let actions = data[definition::v4::ACTION].as_object().unwrap();
    assert_eq!(actions.keys().collect::<Vec<_>>(), definition::v4::REQUESTS);
    let action =
        |intent: Intent| intent.extra(definition::v4::ACTION).unwrap().as_string().unwrap().to_string();
    let sent = [action(debit().to_intent()), action(PrintLast::new(PrintedTickets::Both).to_intent())];
    assert_eq!(actions.keys().collect::<Vec<_>>(), [&sent[0], &sent[1]]);
}

pub fn perform_extras(data: &Value) {
    is_but_for(&debit().to_intent(), &[definition::v4::ACTION], data);
    // And the app takes it so.
    let mut app = PaymentApp::new();
    let perform = intent(V4, data).with_extra(definition::v4::ACTION, definition::v4::PERFORM);
    assert_eq!(perform, debit().to_intent());
    app.launch(&perform).unwrap();
    assert_eq!(app.ledger().charges()[0].amount_minor, 1500);
    assert_eq!(app.movements()[0].reference, "test");
}

pub fn amount_format(data: &Value) {
    for (minor, shown) in data.as_object().unwrap() {
        let amount = euros(minor.parse().unwrap());
        assert_eq!(format!("{} €", amount.decimal().to_string().replace('.', ",")), shown.as_str().unwrap());
        let decimal = shown.as_str().unwrap().strip_suffix(" €").unwrap().replace(',', ".");
        assert_eq!(Amount::parse(&decimal, Currency::EUR), Ok(amount));
    }
}

/// Number and label of a transaction type.
pub fn operation_of(label: &str) -> Operation {
    match label.split(" (").next().unwrap() {
        "Debit" => Operation::Debit,
        "Cancellation" => Operation::Cancellation,
        "Refund" | "Refund by Credit" | "Refund / Credit" => Operation::Credit,
        "Deferred debit" => Operation::DeferredDebit,
        stranger => panic!("{stranger}"),
    }
}

pub fn request_types(data: &Value) {
    let types = data.as_object().unwrap();
    assert_eq!(types.len(), Numbering::OPERATIONS.len());
    for (number, label) in types {
        let operation = operation_of(label.as_str().unwrap());
        let number: i32 = number.parse().unwrap();
        assert_eq!(Numbering::First.number(operation), Some(number));
        assert_eq!(Numbering::First.operation(number.into()), Some(operation));
        let intent = Perform::new(operation, euros(1), "a".parse().unwrap()).unwrap().to_intent();
        assert_eq!(intent.extra(definition::v4::TRANSACTION_TYPE), Some(&Extra::Int(number)));
    }
}

pub fn print_ticket_values(data: &Value) {
    let mut values: Vec<_> = data.as_object().unwrap().keys().cloned().collect();
    values.sort();
    let sent = [false, true].map(|print| {
        let intent = debit().with_print_ticket(print).to_intent();
        intent.extra(definition::v4::PRINT_TICKET).unwrap().as_boolean().unwrap().to_string()
    });
    assert_eq!(values, sent);
}

pub fn print_last_early(data: &Value) {
    is_but_for(&PrintLast::new(PrintedTickets::Both).to_intent(), &[definition::v4::ACTION], data);
    // The early sample forgot the action: the app does not know what to do.
    let reply = PaymentApp::new().launch(&intent(V4, data)).unwrap();
    let result = caisse_intent::ActivityResult::from_intent(reply.code, reply.data.as_ref());
    assert_eq!(result.answer().unwrap().code(), Some(caisse_intent::ResultCode::InvalidParameters));
}

pub fn print_last(data: &Value) {
    assert_eq!(PrintLast::new(PrintedTickets::Both).to_intent(), intent(V4, data));
    let mut app = PaymentApp::new();
    app.launch(&debit().to_intent()).unwrap();
    let reply = app.launch(&intent(V4, data)).unwrap();
    let result = caisse_intent::ActivityResult::from_intent(reply.code, reply.data.as_ref());
    assert_eq!(caisse_intent::PrintAnswer::read(&result).receipts().len(), 2);
}

pub fn print_type_enum(data: &Value) {
    let expected = [
        (PrintedTickets::Both, "Merchant & client ticket"),
        (PrintedTickets::Client, "Client ticket only"),
        (PrintedTickets::Merchant, "Merchant ticket only"),
    ];
    assert_eq!(data.as_object().unwrap().len(), expected.len());
    for (tickets, label) in expected {
        assert_eq!(data[tickets.number().to_string()], label);
    }
}

pub fn apm_component(data: &Value) {
    let [package, class] = ["package", "class"].map(|key| data[key].as_str().unwrap());
    let intent = apm::Request::new(Kind::Debit, euros(1510)).unwrap().to_intent();
    assert_eq!(intent.component(), Some(&ComponentName::new(package, class)));
    let mut app = PaymentApp::new();
    app.launch(&intent).unwrap();
    assert_eq!(app.ledger().charges()[0].amount_minor, 1510);
}

pub fn apm_sale_extras(data: &Value) {
    let ours = apm::Request::new(Kind::Debit, euros(1510)).unwrap().to_intent();
    is_but_for(&ours, &[definition::apm::AMOUNT], data);
    let sale = intent(APM, data).with_extra(definition::apm::AMOUNT, 15.10);
    assert_eq!(sale, ours);
}

pub fn apm_amount_extras(data: &Value) {
    let original = data[1]["value"].as_str().unwrap().parse().unwrap();
    let ours = apm::Request::new(Kind::DirectRefund(original), euros(1510)).unwrap().to_intent();
    let others =
        [definition::apm::FROM_ANOTHER_APP, definition::apm::IS_REFUND, definition::apm::IS_DIRECT_REFUND];
    is_but_for(&ours, &others, data);
}

pub fn apm_params(data: &Value) {
    for row in data.as_array().unwrap() {
        // The table has a blank in one key, the sample has not.
        let key = row[0].as_str().unwrap().replace(' ', "");
        let find = |definition: &&ExtraDefinition| definition.key == key;
        let definition = definition::apm::EXTRAS.iter().find(find).unwrap();
        assert_eq!(row[3].as_str().unwrap().to_lowercase(), definition.kind.java());
        let sent = apm::Request::new(Kind::DirectRefund("x".parse().unwrap()), euros(1)).unwrap().to_intent();
        assert_eq!(sent.extra(key.as_str()), Some(&Extra::Boolean(true)));
    }
    assert_eq!(data.as_array().unwrap().len(), 3);
    assert_eq!(data[0][0], json!("is_refund"));
}
