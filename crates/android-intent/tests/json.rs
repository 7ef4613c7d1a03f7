//! Intents in JSON: what is taken, and what is refused and where.

use caisse_android_intent::json::{
    JsonError, from_intent, from_string, from_words, to_intent, to_string, to_words,
};
use caisse_android_intent::{ComponentName, Intent, JavaString, Rect, Value};

fn extra(text: &str) -> Result<Value, JsonError> {
    let intent = to_intent(&format!(r#"{{"extras": [{{"key": "k", {text}}}]}}"#))?;
    Ok(intent.extra("k").unwrap().clone())
}

#[test]
fn every_type_and_every_form() {
    let cases = [
        (r#""type": "null", "value": null"#, Value::Null),
        (r#""type": "null""#, Value::Null),
        (r#""type": "String", "value": "a\u00e9\ud83d\ude00""#, Value::from("aé😀")),
        (
            r#""type": "String", "value": "\ud83d\ud83d\ude00\ude00""#,
            Value::String(vec![0xd83d, 0xd83d, 0xde00, 0xde00].into()),
        ),
        (
            r#""type": "String", "value": "\ud7ff\ue000\ud800a\udfff""#,
            Value::String(vec![0xd7ff, 0xe000, 0xd800, 0x61, 0xdfff].into()),
        ),
        (r#""type": "Uri", "value": "a:b""#, Value::Uri("a:b".into())),
        (r#""type": "boolean", "value": true"#, Value::Boolean(true)),
        (r#""type": "byte", "value": -128"#, Value::Byte(-128)),
        (r#""type": "short", "value": 32767"#, Value::Short(32767)),
        (r#""type": "int", "value": -2147483648"#, Value::Int(i32::MIN)),
        (r#""type": "long", "value": 9223372036854775807"#, Value::Long(i64::MAX)),
        (r#""type": "char", "value": "x", "code": 121"#, Value::Char(121)),
        (r#""type": "char", "value": null, "code": 55357"#, Value::Char(0xd83d)),
        (r#""type": "char", "value": "x""#, Value::Char(120)),
        (r#""type": "float", "value": "9.0", "bits": "3f800000""#, Value::Float(1.0)),
        (r#""type": "float", "value": "1.5""#, Value::Float(1.5)),
        (r#""type": "float", "value": 16777217"#, Value::Float(16_777_216.0)),
        (r#""type": "double", "bits": "402e333333333333""#, Value::Double(15.1)),
        (r#""type": "double", "value": 15.10"#, Value::Double(15.1)),
        (r#""type": "double", "value": "NaN""#, Value::Double(f64::NAN)),
        (r#""type": "double", "value": "-Infinity""#, Value::Double(f64::NEG_INFINITY)),
        (r#""type": "int[]", "value": [1, -2]"#, Value::IntArray(vec![1, -2])),
        (r#""type": "long[]", "value": []"#, Value::LongArray(vec![])),
        (
            r#""type": "float[]", "value": ["9", "9"], "bits": ["3f800000", "80000000"]"#,
            Value::FloatArray(vec![1.0, -0.0]),
        ),
        (r#""type": "double[]", "value": ["1.5", 2]"#, Value::DoubleArray(vec![1.5, 2.0])),
        (r#""type": "String[]", "value": ["a", ""]"#, Value::StringArray(vec!["a".into(), "".into()])),
        (r#""type": "ArrayList", "value": []"#, Value::EmptyList),
        (r#""type": "ArrayList<Integer>", "value": [1]"#, Value::IntList(vec![1])),
        (r#""type": "ArrayList<Long>", "value": [1]"#, Value::LongList(vec![1])),
        (r#""type": "ArrayList<Float>", "bits": ["3f800000"]"#, Value::FloatList(vec![1.0])),
        (r#""type": "ArrayList<Double>", "value": ["1"]"#, Value::DoubleList(vec![1.0])),
        (r#""type": "ArrayList<String>", "value": ["a"]"#, Value::StringList(vec!["a".into()])),
        (
            r#""type": "ComponentName", "value": ["a", "a.b"]"#,
            Value::Component(ComponentName::new("a", "a.b")),
        ),
    ];
    for (text, value) in cases {
        let read = extra(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(read, value, "{text}");
        assert_eq!(read.type_name(), value.type_name(), "{text}");
        let intent = Intent::new().with_extra("k", value);
        assert_eq!(to_intent(&from_intent(&intent)), Ok(intent), "{text}");
    }
}

#[test]
fn an_extra_that_is_not_what_it_says() {
    let cases = [
        (r#""type": "null", "value": 1"#, "null"),
        (r#""type": "String", "value": null"#, "a string"),
        (r#""type": "String", "value": 1"#, "a string"),
        (r#""type": "boolean", "value": 1"#, "true or false"),
        (r#""type": "byte", "value": 128"#, "a whole number of 8 bits"),
        (r#""type": "short", "value": 32768"#, "a whole number of 16 bits"),
        (r#""type": "int", "value": 1.5"#, "a whole number of 32 bits"),
        (r#""type": "int""#, "a whole number of 32 bits"),
        (r#""type": "long", "value": 9223372036854775808"#, "a whole number of 64 bits"),
        (r#""type": "char", "value": "xy""#, "one UTF-16 unit, as a string or as a code"),
        (r#""type": "char", "value": """#, "one UTF-16 unit, as a string or as a code"),
        (r#""type": "int[]", "value": ["1"]"#, "an array of ints"),
        (r#""type": "long[]", "value": 1"#, "an array of longs"),
        (r#""type": "String[]", "value": [1]"#, "an array of strings"),
        (r#""type": "ArrayList", "value": [1]"#, "an empty array"),
        (r#""type": "ComponentName", "value": ["a"]"#, "an array of a package and a class"),
        (r#""type": "Bundle", "value": {}"#, "the name of a type"),
    ];
    for (text, expected) in cases {
        assert_eq!(extra(text), Err(JsonError::Extra { index: 0, expected }), "{text}");
    }
    for text in [
        r#""type": "float", "bits": "3f80000""#,
        r#""type": "float", "bits": "+f800000""#,
        r#""type": "float", "bits": 1"#,
        r#""type": "double", "value": "x""#,
        r#""type": "double", "value": true"#,
        r#""type": "double""#,
        r#""type": "double[]", "value": [null]"#,
        r#""type": "ArrayList<Float>", "bits": ["x"]"#,
    ] {
        let Err(JsonError::Extra { index: 0, expected }) = extra(text) else { panic!("{text}") };
        assert!(expected.contains("hexadecimal digits"), "{text}");
    }
    let second =
        r#"{"extras": [{"key": "a", "type": "null"}, {"key": "b", "type": "int", "value": "secret"}]}"#;
    let error = to_intent(second).unwrap_err();
    assert_eq!(error, JsonError::Extra { index: 1, expected: "a whole number of 32 bits" });
    assert_eq!(error.to_string(), "extra 1: expected a whole number of 32 bits");
}

#[test]
fn what_is_no_json_or_of_another_shape() {
    assert_eq!(to_intent("{\n  x"), Err(JsonError::Syntax { line: 2, column: 3 }));
    assert_eq!(to_intent("{"), Err(JsonError::Syntax { line: 1, column: 1 }));
    assert_eq!(to_string(r#""\x""#), Err(JsonError::Syntax { line: 1, column: 3 }));
    assert_eq!(
        to_string("[1]").map_err(|error| error.to_string()),
        Err("JSON of another shape up to line 1, column 1".to_owned())
    );
    assert_eq!(JsonError::Syntax { line: 2, column: 3 }.to_string(), "not JSON at line 2, column 3");
    for text in [
        r#"{"flags": 2147483648}"#,
        r#"{"action": 1}"#,
        r#"{"component": ["a"]}"#,
        r#"{"sourceBounds": [1, 2, 3]}"#,
        r#"{"extras": [{"key": "k", "type": "null", "unknown": 1}]}"#,
        r#"{"extras": [{"type": "null"}]}"#,
        r#"{"extras": [{"key": null, "type": "null"}]}"#,
    ] {
        assert!(matches!(to_intent(text), Err(JsonError::Shape { line: 1, .. })), "{text}");
    }
    assert!(to_words(r#"["a", 1]"#).is_err());
}

#[test]
fn the_whole_shape() {
    let intent = Intent::new()
        .with_component(ComponentName::new("p", "p.C"))
        .with_action("a")
        .with_data("d")
        .with_mime_type("t")
        .with_category("b")
        .with_category("a")
        .with_package("p")
        .with_flags(-1)
        .with_identifier("")
        .with_source_bounds(Rect { left: 1, top: 2, right: 3, bottom: 4 })
        .with_selector(Intent::new())
        .with_extra("c", Value::Char(0xd83d))
        .with_extra("d", Value::Char(0x22))
        .with_extra("f", Value::FloatArray(vec![1.0, f32::NAN]))
        .with_extra("l", Value::DoubleList(vec![]));
    let nothing = r#"{"component":null,"action":null,"data":null,"type":null,"categories":[],"package":null,"flags":0,"identifier":null,"sourceBounds":null,"selector":null,"extras":[]}"#;
    let expected = format!(
        r#"{{"component":["p","p.C"],"action":"a","data":"d","type":"t","categories":["a","b"],"package":"p","flags":-1,"identifier":"","sourceBounds":[1,2,3,4],"selector":{nothing},"extras":[{{"key":"c","type":"char","value":null,"code":55357}},{{"key":"d","type":"char","value":"\"","code":34}},{{"key":"f","type":"float[]","value":["1.0","NaN"],"bits":["3f800000","7fc00000"]}},{{"key":"l","type":"ArrayList","value":[]}}]}}"#
    );
    assert_eq!(from_intent(&intent), expected);
    assert_eq!(to_intent(&expected), Ok(intent));
    assert_eq!(from_intent(&Intent::new()), nothing);
    assert_eq!(to_intent("{}"), Ok(Intent::new()));
    let half: JavaString = vec![0x22, 0xdc00, 0x0a, 0xd83d, 0xde00].into();
    assert_eq!(from_string(&half), r#""\"\udc00\n😀""#);
    assert_eq!(from_words(&["a".into(), half]), r#"["a","\"\udc00\n😀"]"#);
    assert_eq!(to_words(r#"["", "\ud83d"]"#), Ok(vec!["".into(), vec![0xd83d].into()]));
}
