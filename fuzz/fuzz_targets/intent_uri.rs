//! URIs of intents: whatever the text, it reads or errs at a place in it, what was read is written, and what is written comes
//! to rest; the same intent is the same in JSON.
//!
//! The first byte holds the flags; the rest is UTF-8, or else UTF-16 units.
#![no_main]

use caisse_android_intent::{ExceptionClass, Intent, JavaString, UriFlags, json};
use libfuzzer_sys::fuzz_target;

fn text(bytes: &[u8]) -> JavaString {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => bytes
            .chunks_exact(2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
            .collect::<Vec<_>>()
            .into(),
    }
}

fn flags(bits: u8) -> UriFlags {
    let all = [UriFlags::INTENT_SCHEME, UriFlags::ANDROID_APP_SCHEME, UriFlags::ALLOW_UNSAFE];
    let set = all.into_iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
    set.fold(UriFlags::NONE, |flags, (_, flag)| flags | flag)
}

fn again(intent: &Intent) -> Option<Intent> {
    let flags = UriFlags::INTENT_SCHEME | UriFlags::ALLOW_UNSAFE;
    Intent::parse_uri(intent.to_intent_uri(), flags).ok()
}

fuzz_target!(|data: &[u8]| {
    let Some((bits, rest)) = data.split_first() else { return };
    let text = text(rest);
    let intent = match Intent::parse_uri(&text, flags(*bits)) {
        Ok(intent) => intent,
        Err(error) => {
            assert!(error.offset() <= text.len());
            assert!(error.class() != ExceptionClass::IllegalArgument);
            return;
        }
    };
    assert_eq!(json::to_intent(&json::from_intent(&intent)), Ok(intent.clone()));
    assert_eq!(intent.to_uri(UriFlags::ANDROID_APP_SCHEME).is_ok(), intent.package().is_some());
    if let Some(second) = again(&intent).and_then(|first| again(&first)) {
        assert_eq!(again(&second), Some(second));
    }
});
