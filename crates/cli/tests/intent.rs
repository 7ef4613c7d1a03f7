//! `caisse intent`, as a process.

mod support;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use support::Shop;

fn vectors(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/vectors").join(name);
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Lines of JSON in, lines of JSON out.
fn lines(arguments: &str, input: &[Value]) -> Vec<Value> {
    let input: String = input.iter().map(|value| format!("{value}\n")).collect();
    let ran = Shop::new().feed(&arguments.split(' ').collect::<Vec<_>>(), input.as_bytes());
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.lines()
}

fn assert_answers(vectors: &[Value], answers: &[Value]) {
    assert_eq!(vectors.len(), answers.len());
    for (vector, answer) in vectors.iter().zip(answers) {
        let id = &vector["id"];
        assert_eq!(answer["ok"], vector["ok"], "{id}");
        if vector["ok"] == true {
            assert_eq!(answer["intent"], vector["intent"], "{id}");
        } else {
            assert_eq!(answer["exception"], vector["exception"], "{id}");
            assert!(answer["message"].is_string() && answer["offset"].is_u64(), "{id}");
        }
    }
}

#[test]
fn every_uri_of_the_vectors() {
    let vectors = vectors("android-parseuri.jsonl");
    let uris: Vec<Value> = vectors.iter().map(|vector| vector["uri"].clone()).collect();
    assert_answers(&vectors, &lines("intent parse --format uri --lines --json", &uris));
}

#[test]
fn all_words_of_the_vectors() {
    let vectors = vectors("android-am-start.jsonl");
    let words: Vec<Value> = vectors.iter().map(|vector| vector["argv"].clone()).collect();
    let answers = lines("intent parse --format am --lines --json", &words);
    assert_answers(&vectors, &answers);
    for (vector, answer) in vectors.iter().zip(answers) {
        assert_eq!(answer["options"], vector["options"], "{}", vector["id"]);
    }
}

#[test]
fn every_intent_of_the_vectors() {
    let vectors = vectors("android-touri.jsonl");
    let answers = lines("intent write --format uri --lines", &vectors);
    for (vector, answer) in vectors.iter().zip(&answers) {
        assert_eq!(*answer, vector["uri"], "{}", vector["id"]);
    }
    assert_eq!(vectors.len(), answers.len());
}

#[test]
fn half_of_a_surrogate_pair_goes_in_and_out() {
    let ran = Shop::new().feed(
        &["intent", "parse", "--format", "uri", "--lines", "--json"],
        b"\"intent:#Intent;S.k=\\ud83d;c.c=\\ude00;end\"\n",
    );
    assert_eq!(ran.code, 0);
    assert!(ran.out.contains(r#""key":"k","type":"String","value":"\ud83d""#), "{}", ran.out);
    assert!(ran.out.contains(r#""key":"c","type":"char","value":null,"code":56832"#), "{}", ran.out);
}

#[test]
fn a_line_that_is_no_json_is_answered_in_its_place() {
    let ran = Shop::new().feed(
        &["intent", "parse", "--format", "uri", "--lines", "--json"],
        b"\"intent:#Intent;end\"\nnonsense\n[1]\n\xff\n\"x:y\"",
    );
    assert_eq!(ran.code, 1);
    let answers = ran.lines();
    assert_eq!(answers.len(), 5);
    assert_eq!(
        answers[1],
        json!({"error": {"kind": "line", "message": "line 2: not JSON at line 1, column 2"}})
    );
    assert_eq!(answers[2]["error"]["message"], "line 3: JSON of another shape up to line 1, column 1");
    assert_eq!(answers[3]["error"]["message"], "line 4: not UTF-8 from byte 0");
    assert_eq!(answers[4]["intent"]["data"], "x:y");
}

#[test]
fn one_text_for_people() {
    let shop = Shop::new();
    let ran = shop.run(&[
        "intent",
        "parse",
        "intent://x#Intent;scheme=http;i.amount=1500;S.note=it's%0A;d.d=15.10;end",
    ]);
    assert_eq!(ran.code, 0);
    for words in [
        "data: \"http://x\"",
        "extra \"amount\": int 1500",
        r#"extra "note": String "it\'s\n""#,
        "extra \"d\": double 15.1",
    ] {
        assert!(ran.out.contains(words), "{words}\n{}", ran.out);
    }
    let ran = shop.run(&["intent", "parse", "intent:#Intent;i.secret=4711x;end"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(
        ran.err.contains("java.lang.NumberFormatException at 15: expected an int of 32 bits"),
        "{}",
        ran.err
    );
    assert!(!ran.err.contains("4711"), "{}", ran.err);
    let ran = shop.run(&["intent", "parse", "--json", "intent:#Intent;i.k=x;end"]);
    assert_eq!((ran.code, &ran.last()["exception"]), (1, &json!("java.lang.NumberFormatException")));
    assert_eq!(shop.run(&["intent", "parse", "a", "b"]).code, 2);
    assert_eq!(shop.run(&["intent", "parse"]).code, 2);
}

#[test]
fn words_for_people_and_back() {
    let shop = Shop::new();
    let ran = shop.run(&["intent", "parse", "--format", "am", "--", "-W", "-n", "a.b/.C", "--ez", "k", "T"]);
    assert_eq!(ran.code, 0);
    for words in ["component's class: \"a.b.C\"", "extra \"k\": boolean true", "wait: true"] {
        assert!(ran.out.contains(words), "{words}\n{}", ran.out);
    }
    let intent =
        r#"{"component": ["a.b", "a.b.C"], "extras": [{"key": "note", "type": "String", "value": "it's"}]}"#;
    let ran = shop.run(&["intent", "write", "--format", "am", intent]);
    assert_eq!(ran.out, "'am' 'start' '-n' 'a.b/.C' '--es' 'note' 'it'\\''s'\n");
    let ran = shop.run(&["intent", "write", intent]);
    assert_eq!(ran.out, "intent:#Intent;component=a.b/.C;S.note=it's;end\n");
    let ran = shop.run(&["intent", "write", "--json", intent]);
    assert_eq!(ran.last(), json!("intent:#Intent;component=a.b/.C;S.note=it's;end"));
    assert_eq!(shop.run(&["intent", "write", "--format", "am", "{}"]).code, 1);
    let ran = shop.run(&["intent", "write", "--json", r#"{"flags": "secret"}"#]);
    assert_eq!((ran.code, &ran.last()["error"]["kind"]), (2, &json!("intent")));
    assert!(!ran.out.contains("secret"), "{}", ran.out);
}
