//! Our requests in Android's text formats, written and read back, and what the app does with what was read.

use caisse_android_intent::am::{Start, quote};
use caisse_android_intent::{ACTION_VIEW, Intent, JavaString, UriFlags};
use caisse_intent::apm::{self, Kind};
use caisse_intent::v4::{PrintLast, PrintedTickets};
use caisse_payment::TransactionId;
use caisse_simulator::payment_app::PaymentApp;
use serde_json::Value;

use crate::payxpress::{V4, debit, euros, intent};

fn print_last() -> Intent {
    PrintLast::new(PrintedTickets::Both).to_intent()
}

fn apm_debit() -> Intent {
    apm::Request::new(Kind::Debit, euros(1510)).unwrap().to_intent()
}

fn apm_direct_refund() -> Intent {
    let original = "1p5jiofow7-1duh".parse().unwrap();
    apm::Request::new(Kind::DirectRefund(original), euros(1510)).unwrap().to_intent()
}

/// A request that is built by hand: its reference is none of ours.
fn hostile() -> Intent {
    let reference = "it's; a=b/é €\"$(x)`\\ -n";
    let refused = reference.parse::<TransactionId>().unwrap_err();
    assert_eq!(refused.to_string(), "position 2: expected a letter, a digit, '-', '_', '.' or ':'");
    intent(
        V4,
        &serde_json::json!([
            { "key": "transaction_bundle_key_action", "type": "String", "value": "PERFORM" },
            { "key": "transaction_bundle_key_amount", "type": "int", "value": 1 },
            { "key": "transaction_bundle_key_reference", "type": "String", "value": reference },
        ]),
    )
}

/// The app does the same with what was read as with what was written.
fn is_taken_alike(written: &Intent, read: &Intent) {
    let [mut one, mut other] = [PaymentApp::new(), PaymentApp::new()];
    for app in [&mut one, &mut other] {
        app.launch(&debit().to_intent()).unwrap();
    }
    assert_eq!(one.launch(written).unwrap(), other.launch(read).unwrap());
    assert_eq!(one.movements(), other.movements());
}

fn uri(ours: &Intent, data: &Value) {
    let [package, class] = [0, 1].map(|part| data["component"][part].as_str().unwrap());
    assert_eq!(*ours, intent([package, class], &data["extras"]));
    for (key, hash) in data["key_hashes"].as_object().unwrap() {
        assert_eq!(i64::from(JavaString::from(key.as_str()).hash_code()), hash.as_i64().unwrap());
    }
    let expected = data["uri"].as_str().unwrap();
    assert_eq!(ours.to_intent_uri(), expected);
    // Reading adds the action that writing leaves out.
    let read = Intent::parse_uri(expected, UriFlags::INTENT_SCHEME).unwrap();
    assert_eq!(read, ours.clone().with_action(ACTION_VIEW));
    assert_eq!(read.to_intent_uri(), expected);
    is_taken_alike(ours, &read);
}

fn am(ours: &Intent, data: &Value) {
    let words = |key: &str| -> Vec<JavaString> {
        data[key].as_array().unwrap().iter().map(|word| word.as_str().unwrap().into()).collect()
    };
    let device = words("device_argv");
    assert_eq!((device[0].to_string(), device[1].to_string()), ("am".to_owned(), "start".to_owned()));
    let start = Start::parse(&device[2..]).unwrap();
    assert!(start.options.wait);
    assert_eq!(start.intent, *ours);
    assert_eq!(quote(&device).unwrap(), data["device_sh_line"].as_str().unwrap());
    let adb = ["adb", "shell", data["device_sh_line"].as_str().unwrap()].map(JavaString::from);
    assert_eq!(words("adb_argv"), adb);
    // Our own words may stand in another order, and are the same ones.
    let written = start.words().unwrap();
    let again = Start::parse(&written).unwrap();
    assert_eq!(again, start);
    assert_eq!(again.words().unwrap(), written);
    let sorted = |words: &[JavaString]| {
        let mut words: Vec<_> = words.iter().map(ToString::to_string).collect();
        words.sort();
        words
    };
    assert_eq!(sorted(&written), sorted(&device[2..]));
    is_taken_alike(ours, &again.intent);
}

macro_rules! both {
    ($($uri:ident, $am:ident: $intent:expr;)*) => {
        $(pub fn $uri(data: &Value) {
            uri(&$intent, data);
        }

        pub fn $am(data: &Value) {
            am(&$intent, data);
        })*
    };
}

both! {
    uri_v4_debit, am_v4_debit: debit().to_intent();
    uri_v4_print_last, am_v4_print_last: print_last();
    uri_hostile, am_hostile: hostile();
    uri_apm_debit, am_apm_debit: apm_debit();
    uri_apm_direct_refund, am_apm_direct_refund: apm_direct_refund();
}
