//! Texts of others, as Android reads them.

use caisse_android_intent::{ACTION_VIEW, Intent, UriFlags, Value as Extra};
use caisse_simulator::payment_app::PaymentApp;
use serde_json::Value;

fn flags() -> UriFlags {
    UriFlags::INTENT_SCHEME | UriFlags::ANDROID_APP_SCHEME
}

fn read(uri: &str) -> Intent {
    Intent::parse_uri(uri, flags()).unwrap()
}

/// The intent that the vector describes, and the same again after writing.
pub fn read_and_written(data: &Value) {
    let uri = data["uri"].as_str().unwrap();
    let read = read(uri);
    let described = &data["intent"];
    let mut expected = Intent::new();
    let text = |key: &str| described[key].as_str().map(Into::into);
    // VIEW where the text names no action.
    expected.set_action(text("action").or_else(|| Some(ACTION_VIEW.into())));
    expected.set_data(text("data"));
    expected.set_package(text("package"));
    for (key, value) in described["extras"].as_object().into_iter().flatten() {
        let extra = match (value[0].as_str().unwrap(), &value[1]) {
            ("int", number) => Extra::Int(i32::try_from(number.as_i64().unwrap()).unwrap()),
            ("String", text) => Extra::from(text.as_str().unwrap()),
            stranger => panic!("{stranger:?}"),
        };
        expected.extras_mut().insert(key.as_str(), extra);
    }
    assert_eq!(read, expected);
    let scheme =
        if uri.starts_with("intent:") { UriFlags::INTENT_SCHEME } else { UriFlags::ANDROID_APP_SCHEME };
    let written = read.to_uri(scheme).unwrap();
    assert_eq!(Intent::parse_uri(&written, flags()).unwrap(), read);
    assert_eq!(read.to_uri(scheme).unwrap(), written);
    assert!(PaymentApp::new().launch(&read).is_err());
}

/// Android's documentation and its code differ; the code decides.
pub fn host_is_lost(data: &Value) {
    let read = read(data["uri"].as_str().unwrap());
    assert_eq!(*read.data().unwrap(), *data["parse_code_data"].as_str().unwrap());
    assert_ne!(*read.data().unwrap(), *data["intent"]["data"].as_str().unwrap());
    assert_eq!(*read.package().unwrap(), *data["intent"]["package"].as_str().unwrap());
    assert_eq!(*read.action().unwrap(), *data["intent"]["action"].as_str().unwrap());
}

/// The callback of another vendor's app is a plain VIEW: nothing of it reaches a payment app.
pub fn no_intent_of_ours(data: &Value) {
    let text = data.as_str().unwrap();
    let read = read(text);
    assert_eq!(read, Intent::new().with_action(ACTION_VIEW).with_data(text));
    let written = read.to_intent_uri();
    assert_eq!(Intent::parse_uri(&written, flags()).unwrap(), read);
    assert!(PaymentApp::new().launch(&read).is_err());
    assert!(caisse_intent::Answer::read(text).is_err());
}
