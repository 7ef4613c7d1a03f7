//! Intents in JSON: whatever the text, no panic; what reads is written and reads the same.
#![no_main]

use caisse_android_intent::json;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(intent) = json::to_intent(text) {
        assert_eq!(json::to_intent(&json::from_intent(&intent)), Ok(intent));
    }
    if let Ok(string) = json::to_string(text) {
        assert_eq!(json::to_string(&json::from_string(&string)), Ok(string));
    }
    if let Ok(words) = json::to_words(text) {
        assert_eq!(json::to_words(&json::from_words(&words)), Ok(words));
    }
});
