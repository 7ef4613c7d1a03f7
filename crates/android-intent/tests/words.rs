//! Strings, values, extras, components: what they are and how they show.

use caisse_android_intent::{
    Categories, ComponentName, Extras, Intent, JavaString, LoneSurrogate, Rect, Value,
};

#[test]
fn strings() {
    let text = JavaString::from("é😀");
    assert_eq!((text.len(), text.is_empty(), JavaString::new().is_empty()), (3, false, true));
    assert_eq!(text.units(), [0xe9, 0xd83d, 0xde00]);
    assert_eq!(text.to_utf8().as_deref(), Ok("é😀"));
    assert_eq!((text.to_string(), format!("{text:?}")), ("é😀".to_owned(), "\"é😀\"".to_owned()));
    assert!(text == "é😀" && text != "é" && text == *"é😀");
    let half = JavaString::from(&[0x61, 0xd83d, 0xde00, 0x0a, 0xde00][..]);
    assert_eq!(half.to_utf8(), Err(LoneSurrogate { offset: 4 }));
    assert_eq!(LoneSurrogate { offset: 4 }.to_string(), "half of a surrogate pair at unit 4");
    assert_eq!(
        (half.to_string(), format!("{half:?}")),
        ("a😀\n\u{fffd}".to_owned(), r#""a😀\n\u{de00}""#.to_owned())
    );
    assert_eq!(JavaString::from(&text), text);
    assert_eq!(JavaString::from(&String::from("x")), JavaString::from(String::from("x")));
    // As `String.compareTo`: by units, so that a surrogate pair comes before U+E000.
    let (pair, private) = (JavaString::from("😀"), JavaString::from("\u{e000}"));
    assert!(pair < private);
}

#[test]
fn values() {
    assert_eq!(Value::from("a").as_string(), Some(&"a".into()));
    assert_eq!(Value::from(true).as_boolean(), Some(true));
    assert_eq!(Value::from(1_i64).as_long(), Some(1));
    assert_eq!(Value::from(1.5).as_double(), Some(1.5));
    assert_eq!(Value::from(1_i8).as_int(), None);
    let int = Value::from(1);
    assert_eq!((int.as_string(), int.as_boolean(), int.as_long(), int.as_double()), (None, None, None, None));
    assert_eq!(Value::from(String::from("a")), Value::from(JavaString::from("a")));
    assert_eq!(Value::from(ComponentName::new("a", "b")), Value::Component(ComponentName::new("a", "b")));
    assert_eq!(Value::Char(0x61).to_java_string().unwrap(), "a");
    assert_eq!(Value::Boolean(false).to_java_string().unwrap(), "false");
    assert_eq!(Value::Null.to_java_string(), None);
}

#[test]
fn values_are_equal_as_in_java() {
    let nan = f64::from_bits(0x7ff8_0000_0000_0001);
    assert_eq!(Value::Double(nan), Value::Double(f64::NAN));
    assert_ne!(Value::Double(0.0), Value::Double(-0.0));
    assert_eq!(Value::Float(f32::from_bits(0xffc0_0001)), Value::Float(f32::NAN));
    assert_ne!(Value::FloatArray(vec![0.0]), Value::FloatArray(vec![-0.0]));
    assert_eq!(Value::DoubleList(vec![nan]), Value::DoubleList(vec![f64::NAN]));
    assert_ne!(Value::DoubleList(vec![1.0]), Value::DoubleArray(vec![1.0]));
    assert_ne!(Value::DoubleArray(vec![0.0]), Value::DoubleArray(vec![-0.0]));
    assert_ne!(Value::DoubleList(vec![1.0]), Value::DoubleList(vec![1.0, 1.0]));
    let empty = [
        Value::EmptyList,
        Value::IntList(vec![]),
        Value::LongList(vec![]),
        Value::FloatList(vec![]),
        Value::DoubleList(vec![]),
        Value::StringList(vec![]),
    ];
    for list in &empty {
        assert_eq!((list, list.type_name()), (&Value::EmptyList, "ArrayList"));
    }
    let all = [
        Value::Null,
        Value::from("a"),
        Value::Uri("a".into()),
        Value::Boolean(true),
        Value::Byte(1),
        Value::Char(1),
        Value::Short(1),
        Value::Int(1),
        Value::Long(1),
        Value::Float(1.0),
        Value::Double(1.0),
        Value::IntArray(vec![1]),
        Value::LongArray(vec![1]),
        Value::FloatArray(vec![1.0]),
        Value::DoubleArray(vec![1.0]),
        Value::StringArray(vec!["a".into()]),
        Value::EmptyList,
        Value::IntList(vec![1]),
        Value::LongList(vec![1]),
        Value::FloatList(vec![1.0]),
        Value::DoubleList(vec![1.0]),
        Value::StringList(vec!["a".into()]),
        Value::Component(ComponentName::new("a", "b")),
    ];
    for (index, one) in all.iter().enumerate() {
        for (other_index, other) in all.iter().enumerate() {
            assert_eq!(one == other, index == other_index, "{one:?} {other:?}");
            assert_eq!(one.type_name() == other.type_name(), index == other_index, "{one:?} {other:?}");
        }
    }
    assert_ne!(Value::Int(1), Value::Int(2));
    assert_ne!(Value::StringList(vec!["a".into()]), Value::EmptyList);
}

#[test]
fn extras_and_categories() {
    let mut extras: Extras = [("BB", 1), ("Aa", 2), ("a", 3)].into_iter().collect();
    assert_eq!(extras.insert("BB", 4), Some(Value::Int(1)));
    assert_eq!(format!("{extras:?}"), r#"{"a": Int(3), "BB": Int(4), "Aa": Int(2)}"#);
    assert_eq!(extras.remove("BB"), Some(Value::Int(4)));
    assert_eq!(extras.remove("BB"), None);
    extras.insert("BB", 5);
    assert_eq!(extras.iter().map(|(key, _)| key.to_string()).collect::<Vec<_>>(), ["a", "Aa", "BB"]);
    assert_ne!(extras, [("a", 3), ("BB", 5), ("Aa", 2)].into_iter().collect());
    assert_eq!((extras.len(), extras.is_empty(), Extras::new().is_empty()), (3, false, true));
    assert_ne!(extras, Extras::new());
    let mut categories: Categories = ["b", "a", "b"].into_iter().collect();
    assert!(!categories.insert("a") && categories.insert("c"));
    assert_eq!(format!("{categories:?}"), r#"{"a", "b", "c"}"#);
    assert_eq!((categories.len(), categories.is_empty(), Categories::new().is_empty()), (3, false, true));
    assert!(categories.contains("c") && !categories.contains("d"));
}

#[test]
fn every_field_is_set_and_cleared() {
    let mut intent = Intent::new();
    let component = ComponentName::new("p", "c");
    intent.set_action(Some("a".into()));
    intent.set_data(Some("d".into()));
    intent.set_mime_type(Some("t".into()));
    intent.set_identifier(Some("i".into()));
    intent.set_package(Some("p".into()));
    intent.set_component(Some(component.clone()));
    intent.set_flags(1);
    intent.set_source_bounds(Some(Rect::default()));
    intent.set_selector(Some(Intent::new()));
    intent.categories_mut().insert("c");
    intent.extras_mut().insert("k", 1);
    let built = Intent::new()
        .with_action("a")
        .with_data("d")
        .with_mime_type("t")
        .with_identifier("i")
        .with_package("p")
        .with_component(component.clone())
        .with_flags(1)
        .with_source_bounds(Rect::default())
        .with_selector(Intent::new())
        .with_category("c")
        .with_extra("k", 1);
    assert_eq!(intent, built);
    assert_eq!(intent.component(), Some(&component));
    assert_eq!((component.package(), component.class()), (&"p".into(), &"c".into()));
    assert_eq!(component.flatten_to_string(), "p/c");
    assert_eq!(ComponentName::new("p", "p.c").flatten_to_string(), "p/p.c");
    assert_eq!((intent.data(), intent.identifier()), (Some(&"d".into()), Some(&"i".into())));
    assert_eq!((intent.source_bounds(), intent.selector()), (Some(Rect::default()), Some(&Intent::new())));
    intent.set_action(None);
    intent.set_component(None);
    intent.set_selector(None);
    intent.set_source_bounds(None);
    assert_eq!(
        (intent.action(), intent.component(), intent.selector(), intent.source_bounds()),
        (None, None, None, None)
    );
}
