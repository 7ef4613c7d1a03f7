//! `caisse explain`, as a process.

mod support;

use serde_json::{Value, json};
use support::Shop;

const REQUEST: &[u8] = b"CZ0040300CJ012247300123456CA00201CB0042500CD0010CE003978";

fn explain(options: &[&str], input: &[u8]) -> support::Ran {
    let mut arguments = vec!["explain"];
    arguments.extend(options);
    arguments.push("-");
    Shop::new().feed(&arguments, input)
}

#[test]
fn each_field_with_its_meaning() {
    let ran = explain(&[], REQUEST);
    assert_eq!(ran.code, 0);
    for words in [
        "0  CZ   4  0300  (Protocol version: 3.00)",
        "33  CB   4  2500  (Amount: 25.00 EUR)",
        "42  CD   1  0  (Type of action: debit)",
        "48  CE   3  978  (Currency: EUR)",
        "Concert 3.x, request, 56 bytes",
    ] {
        assert!(ran.out.contains(words), "{words}\n{}", ran.out);
    }
    let ran = explain(&["--lang", "fr"], REQUEST);
    assert!(
        ran.out.contains("(Montant : 25.00 EUR)") && ran.out.contains("(Type d'action : débit)"),
        "{}",
        ran.out
    );
    assert!(ran.out.starts_with("Concert 3.x, demande, 56 octets\n"), "{}", ran.out);
}

#[test]
fn json_has_the_documented_shape() {
    let value = explain(&["--json"], REQUEST).last();
    assert_eq!((&value["kind"], &value["framed"]), (&json!("concert-3"), &json!(false)));
    assert_eq!(value["direction"], "request");
    let amount = &value["fields"][3];
    for (key, expected) in [
        ("tag", json!("CB")),
        ("offset", json!(33)),
        ("length", json!(4)),
        ("value", json!("2500")),
        ("redacted", json!(false)),
        ("meaning", json!("Amount: 25.00 EUR")),
    ] {
        assert_eq!(amount[key], expected, "{key}");
    }
    assert_eq!(value["fields"].as_array().unwrap().len(), 6);
}

#[test]
fn sensitive_values_show_only_when_asked() {
    let answer =
        b"CZ0040320AE00210AA0165017677122000674CF006secretXY003abcZT033CK003100AK020Qm9uam91ciBKZWFuIQ==";
    let hidden = explain(&["--json"], answer);
    assert_eq!(hidden.code, 0, "{}", hidden.out);
    assert_eq!(hidden.last()["direction"], "answer");
    for secret in ["5017677122000674", "secret", "abc", "Qm9u"] {
        assert!(!hidden.out.contains(secret), "{secret}");
        assert!(!explain(&[], answer).out.contains(secret), "{secret}");
    }
    let fields = hidden.last()["fields"].clone();
    assert_eq!((&fields[2]["value"], &fields[2]["redacted"]), (&Value::Null, &json!(true)));
    assert_eq!(fields[5]["fields"][1]["tag"], "AK");
    assert_eq!(fields[5]["fields"][1]["redacted"], true);
    let shown = explain(&["--json", "--reveal"], answer).last()["fields"].clone();
    assert_eq!(shown[2]["value"], "5017677122000674");
    assert_eq!(shown[4]["value"], "abc");
    assert_eq!(shown[5]["fields"][1]["value"], "Qm9uam91ciBKZWFuIQ==");
}

#[test]
fn cut_and_malformed_bytes_say_where() {
    for (input, expected) in [
        (b"CZ0040300CB0".as_slice(), json!({ "incomplete": { "offset": 9, "needed": 2 } })),
        (b"CZ004", json!({ "incomplete": { "offset": 0, "needed": 4 } })),
        (b"", json!({ "incomplete": { "offset": 0, "needed": 5 } })),
        (b"\n", json!({ "error": { "offset": 0, "expected": "a tag of two letters A-Z" } })),
        (
            b"CZ00X0300",
            json!({ "error": { "offset": 4, "expected": "one of the three digits of a length" } }),
        ),
        (b"CZ0040300?", json!({ "error": { "offset": 9, "expected": "a tag of two letters A-Z" } })),
        (b"\x02CZ0040300\x03", json!({ "incomplete": { "offset": 0, "needed": 1 } })),
        (
            b"\x02CZ0040300\x03\x00",
            json!({ "error": { "offset": 11, "expected": "a check byte that is the XOR of body and ETX" } }),
        ),
    ] {
        let ran = explain(&["--json"], input);
        assert_eq!(ran.code, 1, "{input:?}");
        assert_eq!(ran.last(), expected, "{input:?}");
        let text = explain(&[], input);
        assert_eq!(text.code, 1);
        assert!(text.err.starts_with("error: offset "), "{}", text.err);
    }
    assert!(explain(&[], b"\x02CZ0040300\x03").err.contains("serial line"));
}

#[test]
fn hexadecimal_files_and_line_ends() {
    let hex = b"435a 3030 3430 3330 30\n";
    assert_eq!(explain(&["--hex", "--json"], hex).last()["fields"][0]["value"], "0300");
    for wrong in [b"4".as_slice(), b"4g", b"0x43"] {
        assert_eq!(explain(&["--hex"], wrong).code, 2);
    }
    assert_eq!(explain(&[], b"CZ0040300\r\n").code, 0);
    let shop = Shop::new();
    let file = shop.path("message");
    std::fs::write(&file, REQUEST).unwrap();
    assert_eq!(shop.run(&["explain", &file]).code, 0);
    let faulty = explain(&["--json"], b"CA0011CZ0040300");
    assert_eq!(faulty.last()["faults"], json!(["first-tag-not-CZ", "length:CA=1"]));
    assert_eq!(explain(&["--json"], b"CZ0040320CZ0040300").last()["faults"], json!(["duplicate:CZ"]));
}

#[test]
fn a_flood_is_refused() {
    assert_eq!(explain(&[], &vec![b'A'; (1 << 20) + 1]).code, 2);
}

#[test]
fn frames_sessions_and_the_older_generation() {
    let session = b"\x05\x02CZ0040300CJ012247300123456CA00201CB0042500CD0010CE003978\x03\x14\x04";
    let lines = explain(&["--json"], session).lines();
    let kinds: Vec<_> = lines.iter().map(|line| (line["kind"].clone(), line["at"].clone())).collect();
    let expected = [("control", 0), ("concert-3", 2), ("control", 60)];
    assert_eq!(kinds, expected.map(|(kind, at)| (json!(kind), json!(at))));
    assert_eq!((&lines[0]["name"], &lines[1]["framed"]), (&json!("ENQ"), &json!(true)));
    assert_eq!(lines[1]["fields"][3]["meaning"], "Amount: 25.00 EUR");

    let request = explain(&["--json"], b"0100001242010978          A010B010").last();
    assert_eq!((&request["kind"], &request["direction"]), (&json!("concert-e-plus"), &json!("request")));
    assert_eq!(request["fields"][1]["meaning"], "Amount: 12.42 EUR");
    assert_eq!((&request["fields"][1]["offset"], &request["fields"][1]["length"]), (&json!(2), &json!(8)));
    let report = "4711690463168807".to_owned() + &" ".repeat(39);
    let answer = format!("010000012421{report}978order-7   ");
    let told = explain(&["--json"], answer.as_bytes());
    assert_eq!((&told.last()["kind"], &told.last()["direction"]), (&json!("concert-e"), &json!("answer")));
    assert!(!told.out.contains("4711690463168807") && !told.out.contains("order-7"), "{}", told.out);
    assert!(explain(&["--reveal"], answer.as_bytes()).out.contains("4711690463168807"));
    let text = explain(&["--lang", "fr"], b"01000001242B978          ");
    assert!(text.out.contains("(Montant : 12.42 EUR)") && text.code == 0, "{}", text.out);
    assert!(text.out.starts_with("réponse E/E+ sans rapport, 25 octets\n"), "{}", text.out);
    let framed = explain(&["--lang", "fr"], session).out;
    assert!(framed.contains("Concert 3.x, demande, 56 octets, dans une trame\n"), "{framed}");
    let wrong = explain(&["--json"], b"01000012420109780");
    assert_eq!((wrong.code, &wrong.last()["error"]["offset"]), (1, &json!(0)));
}
