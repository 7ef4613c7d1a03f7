//! What holds for any intent and for any text.

mod support;

use std::collections::BTreeSet;

use caisse_android_intent::am::Start;
use caisse_android_intent::{Extras, Intent, JavaString, UriFlags, Value, json};
use proptest::collection::vec;
use proptest::prelude::*;
use support::{am_intent, any_intent, any_string, uri_intent, uri_text};

const ALL: UriFlags = UriFlags::INTENT_SCHEME;

fn unsafe_too() -> UriFlags {
    UriFlags::INTENT_SCHEME | UriFlags::ALLOW_UNSAFE
}

proptest! {
    #[test]
    fn an_intent_that_a_uri_can_say_reads_back_the_same(intent in uri_intent()) {
        let uri = intent.to_intent_uri();
        let nothing_to_say = uri == "intent:";
        let read = Intent::parse_uri(&uri, unsafe_too()).unwrap();
        if !nothing_to_say {
            prop_assert_eq!(&read, &intent);
            prop_assert_eq!(read.to_intent_uri(), uri);
        }
    }

    #[test]
    fn any_intent_is_written_and_what_is_written_settles(intent in any_intent()) {
        settles(&intent.to_intent_uri())?;
        settles(&intent.to_uri(UriFlags::NONE).unwrap())?;
        let package = intent.package().is_some();
        prop_assert_eq!(intent.to_uri(UriFlags::ANDROID_APP_SCHEME).is_ok(), package);
    }

    #[test]
    fn any_text_reads_or_errs_at_a_place(text in uri_text(), bits in 0..8) {
        let mut flags = UriFlags::NONE;
        for (bit, flag) in [UriFlags::INTENT_SCHEME, UriFlags::ANDROID_APP_SCHEME, UriFlags::ALLOW_UNSAFE].into_iter().enumerate() {
            flags = if bits >> bit & 1 == 1 { flags | flag } else { flags };
        }
        match Intent::parse_uri(&text, flags) {
            Ok(_) => settles(&text)?,
            Err(error) => prop_assert!(error.offset() <= text.len()),
        }
    }

    #[test]
    fn grants_are_cleared_unless_allowed(flags in 0..i32::MAX) {
        let text = format!("intent:#Intent;launchFlags=0x{flags:x};end");
        prop_assert_eq!(Intent::parse_uri(&text, unsafe_too()).unwrap().flags(), flags);
        prop_assert_eq!(Intent::parse_uri(&text, ALL).unwrap().flags(), flags & !0xc3);
    }

    #[test]
    fn an_app_uri_reads_back_the_same(
        package in "[a-z.]{1,8}",
        rest in "(/[a-z0-9%]{1,4}){1,3}(\\?[a-z=]{1,4})?",
        extra in support::uri_value(),
    ) {
        let intent = Intent::new()
            .with_action("a.B")
            .with_package(package)
            .with_data(format!("http://h{rest}"))
            .with_extra("k", extra);
        let uri = intent.to_uri(UriFlags::ANDROID_APP_SCHEME).unwrap();
        prop_assert_eq!(Intent::parse_uri(uri, UriFlags::ANDROID_APP_SCHEME).unwrap(), intent);
    }

    #[test]
    fn what_am_can_say_it_says(intent in am_intent()) {
        // Extras in the URI come before those of the options: the order of equal hashes may not be sayable.
        let hashes: BTreeSet<i32> = intent.extras().iter().map(|(key, _)| key.hash_code()).collect();
        prop_assume!(hashes.len() == intent.extras().len());
        let start = Start::from(intent);
        let words = start.words().unwrap();
        prop_assert_eq!(Start::parse(&words).unwrap(), start);
    }

    #[test]
    fn what_am_says_is_always_meant(intent in any_intent()) {
        let start = Start::from(intent);
        if let Ok(words) = start.words() {
            prop_assert_eq!(Start::parse(&words).unwrap(), start);
        }
    }

    #[test]
    fn any_intent_is_the_same_in_json(intent in any_intent()) {
        let text = json::from_intent(&intent);
        prop_assert!(!text.contains('\n'));
        prop_assert_eq!(json::to_intent(&text).unwrap(), intent);
    }

    #[test]
    fn any_string_is_the_same_in_json(text in any_string()) {
        prop_assert_eq!(json::to_string(&json::from_string(&text)).unwrap(), text);
    }

    #[test]
    fn extras_keep_the_order_of_an_array_map(steps in vec((any::<bool>(), "(Aa|BB|k){0,3}", any::<i32>()), 0..40)) {
        let (mut extras, mut model) = (Extras::new(), ArrayMap::default());
        for (put, key, value) in steps {
            if put {
                prop_assert_eq!(extras.insert(&key, value), model.put(&key, value).map(Value::Int));
            } else {
                prop_assert_eq!(extras.remove(&key), model.remove(&key).map(Value::Int));
            }
        }
        let expected = model.0.iter().map(|(_, key, value)| (JavaString::from(key), Value::Int(*value)));
        let got = extras.iter().map(|(key, value)| (key.clone(), value.clone()));
        prop_assert_eq!(got.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
        prop_assert_eq!(extras.len(), model.0.len());
    }
}

/// Read and written, a text comes to rest at the second time: the first puts the action VIEW, or makes data of everything.
fn settles(text: &JavaString) -> Result<(), TestCaseError> {
    let Ok(first) = Intent::parse_uri(text, unsafe_too()) else { return Ok(()) };
    let Ok(second) = Intent::parse_uri(first.to_intent_uri(), unsafe_too()) else { return Ok(()) };
    let third = Intent::parse_uri(second.to_intent_uri(), unsafe_too());
    prop_assert_eq!(third.as_ref(), Ok(&second));
    Ok(())
}

/// Android's own structure, as it is: an array in the order of the hashes, with searches.
#[derive(Default)]
struct ArrayMap(Vec<(i32, String, i32)>);

impl ArrayMap {
    fn place(&self, key: &str) -> Result<usize, usize> {
        let hash = JavaString::from(key).hash_code();
        let same = self.0.iter().position(|(other, name, _)| *other == hash && name == key);
        same.ok_or_else(|| self.0.iter().position(|(other, ..)| *other > hash).unwrap_or(self.0.len()))
    }

    fn put(&mut self, key: &str, value: i32) -> Option<i32> {
        match self.place(key) {
            Ok(place) => Some(std::mem::replace(&mut self.0[place].2, value)),
            Err(place) => {
                self.0.insert(place, (JavaString::from(key).hash_code(), key.to_owned(), value));
                None
            }
        }
    }

    fn remove(&mut self, key: &str) -> Option<i32> {
        self.place(key).ok().map(|place| self.0.remove(place).2)
    }
}
