//! Requests: exact types, exact values, and what is refused before anything happens.

use caisse_android_intent::am::Start;
use caisse_android_intent::{Intent, Value, json};
use caisse_intent::apm::{AppTransactionId, Kind};
use caisse_intent::definition::{self, ExtraDefinition, Presence};
use caisse_intent::v4::{Perform, PrintLast, PrintedTickets};
use caisse_intent::{MajorUnits, MajorUnitsError, RequestError, apm};
use caisse_payment::{Amount, Currency, Operation, TransactionId};
use caisse_simulator::payment_app::{Form, PaymentApp};
use proptest::prelude::*;

fn euros(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::EUR)
}

fn id(text: &str) -> TransactionId {
    text.parse().unwrap()
}

fn original() -> AppTransactionId {
    "1p5jiofow7-1duh".parse().unwrap()
}

fn form_of(uri: &str) -> Intent {
    Form::Uri(uri).read().unwrap()
}

/// The extras as words, in the order of their keys.
fn extras(intent: &Intent) -> Vec<(String, Value)> {
    let mut extras: Vec<_> =
        intent.extras().iter().map(|(key, value)| (key.to_string(), value.clone())).collect();
    extras.sort_by(|left, right| left.0.cmp(&right.0));
    extras
}

/// Nothing but a component and extras: above all no flag, for with NEW_TASK no result comes back.
#[track_caller]
fn is_bare(intent: &Intent, package: &str, class: &str) {
    let component = intent.component().unwrap();
    assert_eq!(
        (component.package().to_string(), component.class().to_string()),
        (package.to_owned(), class.to_owned())
    );
    let mut rest = intent.clone();
    rest.set_component(None);
    for (key, _) in extras(intent) {
        rest.extras_mut().remove(key.as_str());
    }
    assert_eq!(rest, Intent::new());
}

#[track_caller]
fn is_v4(intent: &Intent) {
    is_bare(intent, "com.payxpert.merchant", "com.payxpert.merchant.ui.transaction.TransactionActivity");
}

#[test]
fn v4_transactions() {
    for (request, number) in [
        (Perform::debit(euros(1500), id("test")), 1),
        (Perform::cancellation(euros(1500), id("test")), 2),
        (Perform::refund(euros(1500), id("test")), 3),
        (Perform::deferred_debit(euros(1500), id("test")), 4),
    ] {
        let request = request.unwrap();
        let mut expected = vec![
            ("transaction_bundle_key_action".to_owned(), Value::from("PERFORM")),
            ("transaction_bundle_key_amount".to_owned(), Value::Int(1500)),
            ("transaction_bundle_key_reference".to_owned(), Value::from("test")),
            ("transaction_bundle_key_transaction_type".to_owned(), Value::Int(number)),
        ];
        is_v4(&request.to_intent());
        assert_eq!(extras(&request.to_intent()), expected);
        assert_eq!((request.amount(), request.reference()), (euros(1500), id("test")));
        for print in [true, false] {
            let print_ticket = ("transaction_bundle_key_print_ticket".to_owned(), Value::Boolean(print));
            expected.retain(|(key, _)| *key != print_ticket.0);
            expected.insert(2, print_ticket);
            assert_eq!(extras(&request.clone().with_print_ticket(print).to_intent()), expected);
        }
    }
    let cheque = Perform::new(Operation::Cheque, euros(1), id("a"));
    assert_eq!(cheque, Err(RequestError::Unsupported(Operation::Cheque)));
    for operation in Operation::ALL {
        let request = Perform::new(operation, euros(1), id("a"));
        assert_eq!(request.is_ok(), operation != Operation::Cheque);
        assert!(
            request.is_ok_and(|request| request.operation() == operation) || operation == Operation::Cheque
        );
    }
}

#[test]
fn v4_amounts_fill_an_int_and_no_more() {
    let perform = |minor| Perform::debit(euros(minor), id("a")).map(|it| it.to_intent());
    let sent = |minor| perform(minor).unwrap().extra("transaction_bundle_key_amount").and_then(Value::as_int);
    assert_eq!(perform(0), Err(RequestError::ZeroAmount));
    assert_eq!(sent(1), Some(1));
    assert_eq!(sent(2_147_483_647), Some(i32::MAX));
    for minor in [2_147_483_648, 4_294_967_297, u64::MAX] {
        assert_eq!(perform(minor), Err(RequestError::AmountTooLarge), "{minor}");
    }
    // Minor units, whatever the currency has of them.
    for code in ["JPY", "BHD"] {
        let request = Perform::debit(Amount::from_minor(1500, code.parse().unwrap()), id("a")).unwrap();
        assert_eq!(request.to_intent().extra("transaction_bundle_key_amount"), Some(&Value::Int(1500)));
    }
}

#[test]
fn v4_prints() {
    for (tickets, number) in
        [(PrintedTickets::Both, 0), (PrintedTickets::Client, 1), (PrintedTickets::Merchant, 2)]
    {
        let intent = PrintLast::new(tickets).to_intent();
        is_v4(&intent);
        assert_eq!(
            extras(&intent),
            [
                ("transaction_bundle_key_action".to_owned(), Value::from("PRINT_LAST")),
                ("transaction_bundle_key_type_print_ticket".to_owned(), Value::Int(number)),
            ]
        );
    }
}

#[test]
fn apm_transactions() {
    let boolean = |key: &str, value| (key.to_owned(), Value::Boolean(value));
    let amount = ("amount".to_owned(), Value::Double(15.1));
    let named = ("transaction_id".to_owned(), Value::from("1p5jiofow7-1duh"));
    let external = boolean("payment_request_from_another_app", true);
    for (kind, expected) in [
        (Kind::Debit, vec![amount.clone(), boolean("is_refund", false), external.clone()]),
        (Kind::Refund(None), vec![amount.clone(), boolean("is_refund", true), external.clone()]),
        (
            Kind::Refund(Some(original())),
            vec![amount.clone(), boolean("is_refund", true), external.clone(), named.clone()],
        ),
        (
            Kind::DirectRefund(original()),
            vec![amount, boolean("is_direct_refund", true), boolean("is_refund", true), external, named],
        ),
    ] {
        let is_debit = kind == Kind::Debit;
        let request = apm::Request::new(kind, euros(1510)).unwrap();
        is_bare(&request.to_intent(), "io.payxpress.android.apm", "com.payxpert.merchant.MainActivity");
        assert_eq!(extras(&request.to_intent()), expected);
        assert_eq!(request.operation(), if is_debit { Operation::Debit } else { Operation::Credit });
        assert_eq!(request.amount(), euros(1510));
    }
    assert_eq!(apm::Request::new(Kind::Debit, euros(0)), Err(RequestError::ZeroAmount));
    let most = 999_999_999_999_999;
    assert!(apm::Request::new(Kind::Debit, euros(most)).is_ok());
    let error = apm::Request::new(Kind::Debit, euros(most + 1)).unwrap_err();
    assert_eq!(error, RequestError::MajorUnits(MajorUnitsError));
}

#[test]
fn ids_of_the_app() {
    let longest = "x".repeat(128);
    for good in ["1", "1p5jiofow7-1duh", "~!", &longest] {
        let id: AppTransactionId = good.parse().unwrap();
        assert_eq!((id.as_str(), id.to_string()), (good, good.to_owned()));
    }
    for bad in ["", "a b", "a\n", "é", &format!("{longest}x")] {
        assert_eq!(bad.parse::<AppTransactionId>(), Err(RequestError::AppTransactionId), "{bad}");
    }
}

/// What no public text tells goes through, with its type; what is known does not change by the back door.
#[test]
fn extras_of_the_callers_own() {
    let perform = || Perform::refund(euros(1), id("a")).unwrap();
    let request =
        perform().with_extra("original_id", "x-1").unwrap().with_extra("original_number", 7_i64).unwrap();
    let intent = request.to_intent();
    assert_eq!(intent.extra("original_id"), Some(&Value::from("x-1")));
    assert_eq!(intent.extra("original_number"), Some(&Value::Long(7)));
    assert_eq!(intent.extras().len(), 6);
    let taken = |key: &str| RequestError::ExtraTaken { key: key.to_owned() };
    assert_eq!(request.with_extra("original_id", true), Err(taken("original_id")));
    for extra in definition::v4::EXTRAS {
        assert_eq!(perform().with_extra(extra.key, 1), Err(taken(extra.key)));
        assert_eq!(PrintLast::new(PrintedTickets::Both).with_extra(extra.key, 1), Err(taken(extra.key)));
    }
    let print = PrintLast::new(PrintedTickets::Both).with_extra("copies", 2).unwrap().to_intent();
    assert_eq!(print.extra("copies"), Some(&Value::Int(2)));
    let apm = || apm::Request::new(Kind::Debit, euros(1)).unwrap();
    for extra in definition::apm::EXTRAS {
        assert_eq!(apm().with_extra(extra.key, 1), Err(taken(extra.key)));
    }
    let intent = apm().with_extra("locale", "fr").unwrap().to_intent();
    assert_eq!(intent.extra("locale"), Some(&Value::from("fr")));
}

/// The tables say what the requests have.
#[test]
fn requests_are_those_of_the_definitions() {
    #[track_caller]
    fn check(intents: &[Intent], column: usize, definitions: &[ExtraDefinition]) {
        for definition in definitions {
            let with = intents.iter().filter(|intent| intent.extra(definition.key).is_some()).count();
            match definition.presence[column] {
                Presence::Always => assert_eq!(with, intents.len(), "{}", definition.key),
                Presence::Never => assert_eq!(with, 0, "{}", definition.key),
                Presence::Optional => assert!((1..intents.len()).contains(&with), "{}", definition.key),
            }
            for value in intents.iter().filter_map(|intent| intent.extra(definition.key)) {
                assert_eq!(value.type_name(), definition.kind.java(), "{}", definition.key);
            }
        }
        let known = |key: &str| definitions.iter().any(|definition| definition.key == key);
        assert!(intents.iter().flat_map(extras).all(|(key, _)| known(&key)));
    }
    let perform = Perform::debit(euros(1), id("a")).unwrap();
    check(&[perform.to_intent(), perform.with_print_ticket(true).to_intent()], 0, definition::v4::EXTRAS);
    check(&[PrintLast::new(PrintedTickets::Both).to_intent()], 1, definition::v4::EXTRAS);
    let apm = |kind| apm::Request::new(kind, euros(1)).unwrap().to_intent();
    check(&[apm(Kind::Debit)], 0, definition::apm::EXTRAS);
    check(&[apm(Kind::Refund(None)), apm(Kind::Refund(Some(original())))], 1, definition::apm::EXTRAS);
    check(&[apm(Kind::DirectRefund(original()))], 2, definition::apm::EXTRAS);
}

#[test]
fn doubles_as_java_prints_them() {
    let print = |minor, code: &str| {
        MajorUnits::new(Amount::from_minor(minor, code.parse().unwrap())).unwrap().to_string()
    };
    for (minor, code, expected) in [
        (0, "EUR", "0.0"),
        (1, "EUR", "0.01"),
        (10, "EUR", "0.1"),
        (100, "EUR", "1.0"),
        (1000, "EUR", "10.0"),
        (1510, "EUR", "15.1"),
        (1505, "EUR", "15.05"),
        (123_456, "EUR", "1234.56"),
        (999_999_999, "EUR", "9999999.99"),
        (1_000_000_000, "EUR", "1.0E7"),
        (1_000_000_001, "EUR", "1.000000001E7"),
        (123_456_789_012_345, "EUR", "1.23456789012345E12"),
        (100_000_000_000_000, "EUR", "1.0E12"),
        (1, "BHD", "0.001"),
        (10, "BHD", "0.01"),
        (1050, "BHD", "1.05"),
        (9_999_999_999, "BHD", "9999999.999"),
        (10_000_000_000, "BHD", "1.0E7"),
        (1, "JPY", "1.0"),
        (9_999_999, "JPY", "9999999.0"),
        (10_000_000, "JPY", "1.0E7"),
        (12_345_678, "JPY", "1.2345678E7"),
    ] {
        assert_eq!(print(minor, code), expected, "{minor} {code}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    /// The double is the one nearest to the amount, its text names it again, and the amount comes back from it.
    #[test]
    fn major_units_are_exact(minor in prop_oneof![0u64..1_000_000, 0u64..1_000_000_000_000_000], pick in 0usize..3) {
        let currency: Currency = ["EUR", "BHD", "JPY"][pick].parse().unwrap();
        let amount = Amount::from_minor(minor, currency);
        let units = MajorUnits::new(amount).unwrap();
        let text = units.to_string();
        prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), units.to_double().to_bits());
        prop_assert_eq!(units.amount(), amount);
        let decimals = usize::from(currency.exponent());
        prop_assert_eq!(format!("{:.decimals$}", units.to_double()), amount.decimal().to_string());
        // The other writer of doubles in this repository agrees.
        let uri = Intent::new().with_extra("d", units.to_double()).to_intent_uri().to_string();
        prop_assert_eq!(uri, format!("intent:#Intent;d.d={text};end"));
    }

    /// What is sent says what was asked, and nothing else.
    #[test]
    fn requests_hold_their_amount_and_reference(minor in 0u64..3_000_000_000, reference in "[A-Za-z0-9_.:-]{1,64}") {
        let request = Perform::debit(euros(minor), id(&reference));
        prop_assert_eq!(request.is_ok(), (1..=2_147_483_647).contains(&minor));
        if let Ok(request) = request {
            let intent = request.to_intent();
            let amount = intent.extra("transaction_bundle_key_amount").and_then(Value::as_int).unwrap();
            prop_assert_eq!(u64::try_from(amount).unwrap(), minor);
            prop_assert_eq!(intent.extra("transaction_bundle_key_reference"), Some(&Value::from(reference.as_str())));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// A request through each text form is the same request, and the app does the same with it.
    #[test]
    fn requests_survive_every_form(minor in 1u64..=2_147_483_647, reference in "[A-Za-z0-9_.:-]{1,64}", print: Option<bool>) {
        let mut request = Perform::debit(euros(minor), id(&reference)).unwrap();
        if let Some(print) = print {
            request = request.with_print_ticket(print);
        }
        let intent = request.to_intent();
        let uri = intent.to_intent_uri().to_string();
        let words = Start::from(intent.clone()).words().unwrap();
        let words: Vec<_> = words.iter().map(ToString::to_string).collect();
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let json = json::from_intent(&intent);
        for form in [Form::Uri(&uri), Form::Am(&words), Form::Json(&json)] {
            let read = form.read().unwrap();
            prop_assert_eq!(read.extras(), intent.extras());
            prop_assert_eq!(read.component(), intent.component());
            let mut app = PaymentApp::new();
            app.launch(&read).unwrap();
            let [movement] = app.movements() else { panic!("{form:?}") };
            prop_assert_eq!((&*movement.reference, movement.amount_minor), (&*reference, minor));
        }
        prop_assert_eq!(form_of(&uri).to_intent_uri().to_string(), uri);
    }
}

/// The tables of numbers are those of the types that build the requests.
#[test]
fn numbers_are_those_of_the_definitions() {
    use caisse_intent::Numbering;
    let types: Vec<_> = definition::v4::TRANSACTION_TYPES.iter().map(|it| it.number).collect();
    let sent = Numbering::OPERATIONS.map(|operation| i64::from(Numbering::First.number(operation).unwrap()));
    assert_eq!(types, sent);
    let printed: Vec<_> = definition::v4::PRINTED_TICKETS.iter().map(|it| it.number).collect();
    assert_eq!(printed, PrintedTickets::ALL.map(|tickets| i64::from(tickets.number())));
    // The pattern of a reference takes what an id is made of.
    for byte in 0..=u8::MAX {
        let text = char::from(byte).to_string();
        let allowed = byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
        assert_eq!(text.parse::<TransactionId>().is_ok(), allowed, "{text:?}");
    }
    assert!("x".repeat(64).parse::<TransactionId>().is_ok());
    assert!("x".repeat(65).parse::<TransactionId>().is_err());
}
