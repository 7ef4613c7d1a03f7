//! What Android's own classes answered, both ways.

use std::fs;
use std::path::Path;

use caisse_android_intent::am::{Start, StartOptions, quote};
use caisse_android_intent::{ComponentName, Exception, Intent, JavaString, UriFlags, json};
use serde_json::{Value, json};

fn vectors(name: &str, count: usize) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/vectors").join(name);
    let text = fs::read_to_string(path).unwrap();
    let all: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(all.len(), count, "{name}");
    all
}

fn words(value: &Value) -> Vec<JavaString> {
    value.as_array().unwrap().iter().map(|word| word.as_str().unwrap().into()).collect()
}

fn intent(value: &Value) -> Intent {
    json::to_intent(&value.to_string()).unwrap()
}

/// The intent as we print it is the one of the vector, key by key and in the same order.
fn assert_prints(read: &Intent, expected: &Value, id: &Value) {
    let printed: Value = serde_json::from_str(&json::from_intent(read)).unwrap();
    assert_eq!(&printed, expected, "{id}");
    assert_eq!(&intent(expected), read, "{id}");
}

fn assert_fails(error: &Exception, vector: &Value, message: &str) {
    let id = &vector["id"];
    assert_eq!(error.class().java_name(), vector["exception"], "{id}");
    assert_eq!(*error.message(), vector[message].as_str().unwrap(), "{id}");
}

#[test]
fn intents_are_written_as_android_writes_them() {
    for vector in vectors("android-touri.jsonl", 130) {
        let uri = intent(&vector).to_intent_uri();
        assert_eq!(uri, vector["uri"].as_str().unwrap(), "{}", vector["id"]);
    }
}

#[test]
fn what_was_written_reads_back_and_is_written_the_same() {
    let mut same = 0;
    for vector in vectors("android-touri.jsonl", 130) {
        let uri = JavaString::from(vector["uri"].as_str().unwrap());
        let Ok(read) = Intent::parse_uri(&uri, UriFlags::INTENT_SCHEME | UriFlags::ALLOW_UNSAFE) else {
            continue;
        };
        let again = read.to_intent_uri();
        let reread = Intent::parse_uri(&again, UriFlags::INTENT_SCHEME | UriFlags::ALLOW_UNSAFE).unwrap();
        assert_eq!(reread.to_intent_uri(), again, "{}", vector["id"]);
        same += usize::from(again == uri);
    }
    // Not the same: data without a scheme, an intent that prints nothing, flags with the highest bit.
    assert!(same >= 110, "{same}");
}

#[test]
fn uris_are_read_as_android_reads_them() {
    let mut failures = 0;
    for vector in vectors("android-parseuri.jsonl", 260) {
        let text = vector["uri"].as_str().unwrap();
        match Intent::parse_uri(text, UriFlags::INTENT_SCHEME) {
            Ok(read) => {
                assert_prints(&read, &vector["intent"], &vector["id"]);
                assert_eq!(read.to_intent_uri(), vector["reprinted"].as_str().unwrap(), "{}", vector["id"]);
            }
            Err(error) => {
                failures += 1;
                assert_fails(&error, &vector, "message");
                assert!(error.offset() <= text.encode_utf16().count(), "{}", vector["id"]);
            }
        }
    }
    assert_eq!(failures, 72);
}

fn options(options: &StartOptions) -> Value {
    json!({
        "wait": options.wait,
        "stop": options.stop,
        "startFlags": options.start_flags,
        "repeat": options.repeat,
        "user": options.user,
    })
}

#[test]
fn words_are_read_as_android_reads_them() {
    let mut failures = 0;
    for vector in vectors("android-am-start.jsonl", 130) {
        let argv = words(&vector["argv"]);
        match Start::parse(&argv) {
            Ok(start) => {
                assert_prints(&start.intent, &vector["intent"], &vector["id"]);
                assert_eq!(options(&start.options), vector["options"], "{}", vector["id"]);
                assert_eq!(start.intent.to_intent_uri(), vector["uri"].as_str().unwrap(), "{}", vector["id"]);
            }
            Err(error) => {
                failures += 1;
                assert_fails(&error, &vector, "error");
                assert!(error.offset() <= argv.len(), "{}", vector["id"]);
            }
        }
    }
    assert_eq!(failures, 32);
}

#[test]
fn words_written_say_the_same() {
    let mut written = 0;
    for vector in vectors("android-am-start.jsonl", 130).iter().filter(|vector| vector["ok"] == true) {
        let start = Start::parse(&words(&vector["argv"])).unwrap();
        if let Ok(words) = start.words() {
            assert_eq!(Start::parse(&words).unwrap(), start, "{}", vector["id"]);
            written += 1;
        }
    }
    assert!(written >= 90, "{written}");
}

#[test]
fn the_published_samples_of_payxpress() {
    let (mut uris, mut commands, mut parsed) = (0, 0, 0);
    for vector in vectors("vectors-intent.jsonl", 42) {
        let name = vector["name"].as_str().unwrap();
        let data = &vector["data"];
        if name.starts_with("derived-intent-uri-") {
            let (package, class) =
                (data["component"][0].as_str().unwrap(), data["component"][1].as_str().unwrap());
            let written = intent(data).with_component(ComponentName::new(package, class));
            assert_eq!(written.to_intent_uri(), data["uri"].as_str().unwrap(), "{name}");
            for (key, hash) in data["key_hashes"].as_object().unwrap() {
                assert_eq!(
                    i64::from(JavaString::from(key).hash_code()),
                    hash.as_i64().unwrap(),
                    "{name} {key}"
                );
            }
            uris += 1;
        } else if name.starts_with("derived-am-argv-") {
            let argv = words(&data["device_argv"]);
            assert_eq!(quote(&argv).unwrap(), data["device_sh_line"].as_str().unwrap(), "{name}");
            let uri = name.replace("derived-am-argv-", "derived-intent-uri-");
            let start = Start::parse(&argv[2..]).unwrap();
            let all = vectors("vectors-intent.jsonl", 42);
            let same = all.iter().find(|vector| vector["name"] == uri.as_str()).unwrap();
            assert_eq!(start.intent.to_intent_uri(), same["data"]["uri"].as_str().unwrap(), "{name}");
            commands += 1;
        } else if vector["kind"] == "uri-parse" {
            let flags = UriFlags::INTENT_SCHEME | UriFlags::ANDROID_APP_SCHEME;
            let read = Intent::parse_uri(data["uri"].as_str().unwrap(), flags).unwrap();
            let expected = &data["intent"];
            assert_eq!(*read.action().unwrap(), expected["action"].as_str().unwrap(), "{name}");
            assert_eq!(*read.package().unwrap(), expected["package"].as_str().unwrap(), "{name}");
            // Where the documentation of Android says otherwise, its code counts.
            let data = data["parse_code_data"].as_str().or(expected["data"].as_str());
            assert_eq!(read.data().map(ToString::to_string).as_deref(), data, "{name}");
            for (key, typed) in expected["extras"].as_object().into_iter().flatten() {
                let value = read.extra(key.as_str()).unwrap();
                assert_eq!(value.type_name(), typed[0], "{name}");
            }
            parsed += 1;
        }
    }
    assert_eq!((uris, commands, parsed), (5, 5, 7));
}
