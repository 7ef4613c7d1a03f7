//! Texts and intents of any kind.
#![allow(dead_code, reason = "each test file uses its own part")]

use caisse_android_intent::{ComponentName, Intent, JavaString, Rect, Value};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// Anything that Java can hold, halves of surrogate pairs too, with what the formats find special.
pub fn any_string() -> impl Strategy<Value = JavaString> {
    let unit = prop_oneof![
        4 => any::<u16>(),
        2 => 0xd7f0_u16..0xe010,
        6 => proptest::sample::select("aZ09%;=#/:.+,\\'\" !()-\0\n".encode_utf16().collect::<Vec<_>>()),
    ];
    prop_oneof![vec(unit, 0..12).prop_map(JavaString::from), string()]
}

/// Well-formed text: what escapes can carry.
pub fn string() -> impl Strategy<Value = JavaString> {
    let special = "[%;=#/:.+,\\\\'\" !()a-cA-C0-9\u{0}\u{a0}é€😀𝒳-]{0,12}";
    prop_oneof![special, "\\PC{0,8}", Just("Aa".to_owned()), Just("BB".to_owned())].prop_map(JavaString::from)
}

/// A value that `intent:` URIs carry. A char that is half of a surrogate pair is not among them.
pub fn uri_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        string().prop_map(Value::String),
        any::<bool>().prop_map(Value::Boolean),
        any::<i8>().prop_map(Value::Byte),
        any::<u16>()
            .prop_filter("half a pair", |unit| !(0xd800..0xe000).contains(unit))
            .prop_map(Value::Char),
        any::<i16>().prop_map(Value::Short),
        any::<i32>().prop_map(Value::Int),
        any::<i64>().prop_map(Value::Long),
        any::<u32>().prop_map(|bits| Value::Float(f32::from_bits(bits))),
        any::<u64>().prop_map(|bits| Value::Double(f64::from_bits(bits))),
        (0_u32..200_000_000).prop_map(|cents| Value::Double(f64::from(cents) / 100.0)),
    ]
}

/// Any value at all.
pub fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => uri_value(),
        1 => Just(Value::Null),
        1 => Just(Value::EmptyList),
        1 => any_string().prop_map(Value::String),
        1 => any::<u16>().prop_map(Value::Char),
        1 => any_string().prop_map(Value::Uri),
        1 => (any_string(), any_string())
            .prop_map(|(package, class)| Value::Component(ComponentName::new(package, class))),
        1 => vec(any::<i32>(), 0..4).prop_map(Value::IntArray),
        1 => vec(any::<i64>(), 0..4).prop_map(Value::LongArray),
        1 => vec(any::<f32>(), 0..4).prop_map(Value::FloatArray),
        1 => vec(any::<f64>(), 0..4).prop_map(Value::DoubleArray),
        1 => vec(any_string(), 0..4).prop_map(Value::StringArray),
        1 => vec(any::<i32>(), 0..4).prop_map(Value::IntList),
        1 => vec(any::<i64>(), 0..4).prop_map(Value::LongList),
        1 => vec(any::<f32>(), 0..4).prop_map(Value::FloatList),
        1 => vec(any::<f64>(), 0..4).prop_map(Value::DoubleList),
        1 => vec(any_string(), 0..4).prop_map(Value::StringList),
    ]
}

/// A component that its short text says.
pub fn component() -> impl Strategy<Value = ComponentName> {
    let package = "[a-zé.]{0,6}";
    let class = "[a-zé/$ %;][a-zé./$ %;]{0,8}";
    (package, class, any::<bool>()).prop_map(|(package, class, inside)| {
        let class = if inside { format!("{package}.{class}") } else { class };
        if class.starts_with('.') { ComponentName::new("p", "q") } else { ComponentName::new(package, class) }
    })
}

fn rect() -> impl Strategy<Value = Rect> {
    let edges = any::<(i32, i32, i32, i32)>();
    edges.prop_map(|(left, top, right, bottom)| Rect { left, top, right, bottom })
}

/// What an intent and its selector have in common.
fn fields<T: Strategy<Value = JavaString> + Clone, V: Strategy<Value = Value>>(
    text: T,
    value: V,
    flags: impl Strategy<Value = i32>,
    component: impl Strategy<Value = ComponentName>,
) -> impl Strategy<Value = Intent> {
    (
        (option::of(text.clone()), option::of(text.clone()), option::of(text.clone())),
        option::of(component),
        flags,
        vec(text.clone(), 0..3),
        option::of(rect()),
        vec((text, value), 0..5),
    )
        .prop_map(|((action, mime_type, identifier), component, flags, categories, bounds, extras)| {
            let mut intent = Intent::new();
            intent.set_action(action);
            intent.set_mime_type(mime_type);
            intent.set_identifier(identifier);
            intent.set_component(component);
            intent.set_flags(flags);
            intent.set_source_bounds(bounds);
            for category in categories {
                intent.categories_mut().insert(category);
            }
            intent.extras_mut().extend(extras);
            intent
        })
}

/// Any intent at all, one that no text says too.
pub fn any_intent() -> impl Strategy<Value = Intent> {
    let component =
        || (any_string(), any_string()).prop_map(|(package, class)| ComponentName::new(package, class));
    let one = move || {
        let texts = (option::of(any_string()), option::of(any_string()));
        let fields = fields(any_string().boxed(), any_value(), any::<i32>(), component());
        (fields, texts).prop_map(|(mut intent, (data, package))| {
            intent.set_data(data);
            intent.set_package(package);
            intent
        })
    };
    (one(), option::of(one())).prop_map(|(mut intent, selector)| {
        intent.set_selector(selector);
        intent
    })
}

/// An intent of which an `intent:` URI says everything: an action, or reading would put one; data with a scheme; flags without
/// the highest bit; either a package or a selector, and of the selector's data only a scheme.
pub fn uri_intent() -> impl Strategy<Value = Intent> {
    let one = || fields(string().boxed(), uri_value(), 0..i32::MAX, component());
    let data = option::of(("[a-zA-Z0-9.+-]{1,8}", any_string()).prop_map(|(scheme, rest)| {
        let mut units: Vec<u16> = format!("{scheme}:").encode_utf16().collect();
        units.extend(rest.units());
        JavaString::from(units)
    }));
    let beside = prop_oneof![
        Just((None, None)),
        string().prop_map(|package| (Some(package), None)),
        (one(), option::of("[a-z+]{1,5}:")).prop_map(|(mut selector, data)| {
            selector.set_data(data.map(Into::into));
            (None, Some(selector))
        }),
    ];
    (one(), string(), data, beside).prop_map(|(mut intent, action, data, (package, selector))| {
        intent.set_action(Some(action));
        intent.set_data(data);
        intent.set_package(package);
        intent.set_selector(selector);
        intent
    })
}

/// A value that an option of `am start` carries.
pub fn am_value() -> impl Strategy<Value = Value> {
    let plain = "[a-z é😀]{1,4}".prop_map(JavaString::from);
    prop_oneof![
        any_value().prop_filter("types without limits", |value| {
            !matches!(value, Value::StringArray(_) | Value::StringList(_) | Value::Component(_))
        }),
        vec(plain.clone(), 0..4).prop_map(Value::StringArray),
        vec(plain, 0..4).prop_map(Value::StringList),
        component().prop_map(Value::Component),
    ]
}

/// An intent that `am start` can say.
pub fn am_intent() -> impl Strategy<Value = Intent> {
    let well_formed_char = |value: &Value| !matches!(value, Value::Char(0xd800..0xe000));
    let value = am_value().prop_filter("half a pair", well_formed_char);
    (
        fields(string().boxed(), value, any::<i32>(), component()),
        string(),
        option::of(string()),
        option::of(string()),
    )
        .prop_map(|(mut intent, action, data, package)| {
            intent.set_action(Some(action));
            intent.set_data(data);
            intent.set_package(package);
            intent
        })
}

/// Texts that look like URIs of intents, and are mostly wrong.
pub fn uri_text() -> impl Strategy<Value = JavaString> {
    const PIECES: [&str; 58] = [
        "intent:",
        "android-app:",
        "//",
        "/",
        "#Intent;",
        "#",
        "end",
        "SEL;",
        ";",
        "=",
        "S.k=",
        "B.k=",
        "b.k=",
        "c.k=",
        "d.k=",
        "f.k=",
        "i.k=",
        "l.k=",
        "s.k=",
        "action=",
        "category=",
        "type=",
        "identifier=",
        "launchFlags=",
        "package=",
        "component=",
        "scheme=",
        "sourceBounds=",
        "a",
        "p.q",
        "http",
        "1",
        "-1",
        "0x10",
        "#f",
        "010",
        "1.5",
        "1e400",
        "NaN",
        "0x1p3",
        "1%202%203%204",
        "a/.b",
        "%",
        "%4",
        "%zz",
        "%C3%A9",
        "%ff",
        "true",
        "action(",
        "categories(",
        "type(",
        "launchFlags(",
        "component(",
        "extras(",
        ")",
        "!",
        "Sk=v",
        "x",
    ];
    let piece = prop_oneof![
        20 => proptest::sample::select(&PIECES[..]).prop_map(JavaString::from),
        1 => any_string(),
    ];
    let joined = |pieces: Vec<JavaString>| {
        JavaString::from(pieces.iter().flat_map(|piece| piece.units()).copied().collect::<Vec<u16>>())
    };
    let begins = prop_oneof![Just("intent:#Intent;"), Just("android-app://p/"), Just("intent:x#"), Just("")];
    (begins, vec(piece, 0..14))
        .prop_map(move |(begin, pieces)| joined(std::iter::once(begin.into()).chain(pieces).collect()))
}
