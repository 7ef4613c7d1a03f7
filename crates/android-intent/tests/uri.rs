//! Rules of URIs that are easily got wrong, one by one.

use caisse_android_intent::{
    ComponentName, Exception, ExceptionClass, Intent, JavaString, Rect, UriFlags, Value,
};

fn read(text: &str) -> Result<Intent, Exception> {
    Intent::parse_uri(text, UriFlags::INTENT_SCHEME)
}

fn view() -> Intent {
    Intent::new().with_action("android.intent.action.VIEW")
}

/// Reads with no flag at all: then items can lead back to the beginning of any text.
fn read_any(text: &str) -> Result<Intent, Exception> {
    Intent::parse_uri(text, UriFlags::NONE)
}

fn fails(result: Result<Intent, Exception>) -> (ExceptionClass, usize, String) {
    let error = result.unwrap_err();
    (error.class(), error.offset(), error.message().to_string())
}

#[test]
fn a_text_that_android_would_read_for_ever_is_refused() {
    for text in ["S.k=v#Intent;package=c", "B.a=b#Intent;", "S.k=v;#Intent;S.a=b", "#Intent;S.a=b"] {
        let error = read_any(text).unwrap_err();
        assert_eq!(error.class(), ExceptionClass::UriSyntax, "{text}");
    }
    let (class, offset, _) = fails(read_any("S.k=v#Intent;package=c"));
    assert_eq!((class, offset), (ExceptionClass::UriSyntax, 13));
    // From the beginning it comes to an end.
    let read = read_any("action=a;end#Intent;package=c").unwrap();
    assert_eq!((read.action(), read.package()), (Some(&"a".into()), Some(&"".into())));
}

#[test]
fn a_text_that_asks_for_the_square_of_its_length_is_refused() {
    let text = format!("intent:#Intent;{}S.k=v;end", "S.a;".repeat(100_000));
    let error = read(&text).unwrap_err();
    assert_eq!(
        (error.class(), error.reason()),
        (ExceptionClass::UriSyntax, "keys and values longer than any intent")
    );
    // What Android can carry is no trouble.
    let text = format!("intent:#Intent;S.k={};end", "v".repeat(1 << 20));
    assert_eq!(read(&text).unwrap().extra("k").unwrap().as_string().unwrap().len(), 1 << 20);
    let text = format!("intent:#Intent;{}end", "SEL;".repeat(250_000));
    assert_eq!(read(&text).unwrap(), view().with_selector(Intent::new()));
}

#[test]
fn offsets_and_messages_are_those_of_java() {
    use ExceptionClass::{NumberFormat, UriSyntax};
    let cases = [
        (
            "intent:#Intent;x.k=v;end",
            UriSyntax,
            15,
            "unknown EXTRA type at index 15: intent:#Intent;x.k=v;end",
        ),
        (
            "intent:#Intent;action=a;",
            UriSyntax,
            24,
            "illegal Intent URI format at index 24: intent:#Intent;action=a;",
        ),
        ("intent:#Intent;i.a=1;i.b=x;end", NumberFormat, 21, "For input string: \"x\""),
        ("intent:#Intent;b.a=200;end", NumberFormat, 15, "Value out of range. Value:\"200\" Radix:10"),
        ("intent:#Intent;d.a=;end", NumberFormat, 15, "empty String"),
        ("intent:#Intent;launchFlags=;end", NumberFormat, 15, "Zero length string"),
        ("intent:#Intent;launchFlags=0x-1;end", NumberFormat, 15, "Sign character in wrong position"),
        (
            "intent:#Intent;c.k=;end",
            UriSyntax,
            15,
            "illegal Intent URI format at index 15: intent:#Intent;c.k=;end",
        ),
        ("android-app:", UriSyntax, 0, "illegal Intent URI format: android-app:"),
        ("android-app:/", UriSyntax, 0, "illegal Intent URI format: android-app:/"),
        ("intent:x#action(a", UriSyntax, 8, "illegal Intent URI format at index 8: intent:x#action(a"),
        (
            "intent:x#extras(Sk=v",
            UriSyntax,
            16,
            "EXTRA missing trailing ')' at index 16: intent:x#extras(Sk=v",
        ),
        ("intent:x#extras(k=v)", UriSyntax, 16, "EXTRA missing '=' at index 16: intent:x#extras(k=v)"),
        ("intent:x#extras(Sk=)", UriSyntax, 19, "EXTRA missing '!' at index 19: intent:x#extras(Sk=)"),
        ("intent:x#extras(xk=v)", UriSyntax, 20, "EXTRA has unknown type at index 20: intent:x#extras(xk=v)"),
        (
            "intent:x#extras(ik=v)",
            UriSyntax,
            20,
            "EXTRA value can't be parsed at index 20: intent:x#extras(ik=v)",
        ),
        ("intent:x#launchFlags(v)", NumberFormat, 8, "For input string: \"v\""),
    ];
    for (text, class, offset, message) in cases {
        assert_eq!(fails(read(text)), (class, offset, message.to_owned()), "{text}");
    }
    // Half of a surrogate pair stays what it is in the message.
    let text = JavaString::from(
        "intent:#Intent;i.a=?;end"
            .encode_utf16()
            .map(|u| if u == 0x3f { 0xd83d } else { u })
            .collect::<Vec<_>>(),
    );
    let error = Intent::parse_uri(&text, UriFlags::INTENT_SCHEME).unwrap_err();
    assert!(error.message().units().contains(&0xd83d));
}

#[test]
fn an_exception_shows_its_place_and_not_the_text() {
    let error = read("intent:#Intent;i.pin=4711x;end").unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("4711"), "{shown}");
    assert_eq!(error.to_string(), "java.lang.NumberFormatException at 15: expected an int of 32 bits");
    assert!(format!("{error:?}").contains("offset: 15"), "{error:?}");
    assert_eq!(error.reason(), "expected an int of 32 bits");
    assert_eq!(*error.message(), "For input string: \"4711x\"");
}

#[test]
fn the_form_before_2008() {
    let text = "intent:x#action(a)categories(b!!c)type(t/u)launchFlags(0xc3)component(p!.C)\
                extras(Sk=a%20b!Bb=TRUE!bc=-5!cd=%C3%A9x!de=1.5!ff=2!ig=7!lh=8!si=9)";
    let expected = Intent::new()
        .with_action("a")
        .with_category("b")
        .with_category("c")
        .with_mime_type("t/u")
        .with_component(ComponentName::new("p", ".C"))
        .with_data("intent:x")
        .with_extra("k", "a b")
        .with_extra("b", true)
        .with_extra("c", -5_i8)
        .with_extra("d", Value::Char(0xe9))
        .with_extra("e", 1.5)
        .with_extra("f", 2.0_f32)
        .with_extra("g", 7)
        .with_extra("h", 8_i64)
        .with_extra("i", 9_i16);
    assert_eq!(read(text).unwrap(), expected);
    let unsafe_too = UriFlags::INTENT_SCHEME | UriFlags::ALLOW_UNSAFE;
    assert_eq!(Intent::parse_uri(text, unsafe_too).unwrap(), expected.with_flags(0xc3));
    // Parts in another order, and parts of no meaning, are ignored.
    assert_eq!(read("intent:x#type(t)action(a)").unwrap(), view().with_mime_type("t").with_data("intent:x"));
    assert_eq!(read("intent:x#nothing").unwrap(), view().with_data("intent:x#nothing"));
    assert_eq!(read("intent:x#component(ab)").unwrap(), view().with_data("intent:x"));
    assert_eq!(read("intent:x#component(a!b").unwrap(), view().with_data("intent:x"));
    assert_eq!(read("intent:x#component(a)!b)").unwrap(), view().with_data("intent:x"));
    // Without an end, a part leads back to the beginning of the text.
    assert_eq!(read_any("type(t)#categories(b").unwrap(), view().with_mime_type("t").with_data("type(t)"));
    assert_eq!(read("intent:x#extras()").unwrap(), view().with_data("intent:x"));
    assert_eq!(read("intent:x#extras(Sk=v!)").unwrap(), view().with_data("intent:x").with_extra("k", "v"));
    // A key goes on to the next equals sign, wherever that is.
    assert_eq!(
        fails(read("intent:x#extras(Sk)a=b")).2,
        "EXTRA missing '!' at index 21: intent:x#extras(Sk)a=b"
    );
}

#[test]
fn android_app() {
    let flags = UriFlags::ANDROID_APP_SCHEME;
    let main = || Intent::new().with_action("android.intent.action.MAIN");
    let cases = [
        ("android-app://p.q", main().with_package("p.q")),
        ("android-app://p.q/", main().with_package("p.q")),
        ("android-app://p.q/http", view().with_package("p.q").with_data("http:")),
        ("android-app://p.q/http/h", view().with_package("p.q").with_data("http:")),
        ("android-app://p.q/http/h/", view().with_package("p.q").with_data("http://h/")),
        ("android-app://p.q/http/h/a/b?c#d", view().with_package("p.q").with_data("http://h/a/b?c#d")),
        ("android-app://p.q#Intent;scheme=http;end", main().with_package("p.q")),
        ("android-app://p.q/#Intent;scheme=http;end", view().with_package("p.q").with_data("http:")),
        ("android-app://p.q/#Intent;action=a;end", Intent::new().with_action("a").with_package("p.q")),
        ("android-app:x#Intent;end", view()),
        ("android-app:#Intent;end", refused()),
        ("android-app:/#Intent;end", refused()),
        ("android-app:xx#Intent;end", view()),
        ("android-app:/x#Intent;end", view()),
        (
            "android-app://p/x#Intent;SEL;action=a;end",
            view().with_package("p").with_data("x:").with_selector(Intent::new().with_action("a")),
        ),
        (
            "android-app://p#Intent;SEL;action=a;end",
            main().with_package("p").with_selector(Intent::new().with_action("a")),
        ),
    ];
    for (text, expected) in cases {
        let read = Intent::parse_uri(text, flags).unwrap_or_else(|_| refused());
        assert_eq!(read, expected, "{text}");
    }
    let written = [
        (Intent::new().with_package("p.q"), "android-app://p.q"),
        (main().with_package("p.q"), "android-app://p.q"),
        (view().with_package("p.q"), "android-app://p.q#Intent;action=android.intent.action.VIEW;end"),
        (view().with_package("p").with_data("http://h/a?b#c"), "android-app://p/http/h/a?b#c"),
        (view().with_package("p").with_data("http://h\\a"), "android-app://p/http/h\\a"),
        (view().with_package("p").with_data("http://h#c?d"), "android-app://p/http/h#c?d"),
        (view().with_package("p").with_data("http://h?c"), "android-app://p/http/h?c"),
        (view().with_package("p").with_data("http://"), "android-app://p/http/"),
        (view().with_package("p").with_data("http:/h"), "android-app://p/http"),
        (view().with_package("p").with_data("tel:1"), "android-app://p/tel"),
        (main().with_package("p").with_data("x"), "android-app://p"),
    ];
    for (intent, expected) in written {
        assert_eq!(intent.to_uri(flags).unwrap(), expected);
    }
    let error = view().to_uri(flags).unwrap_err();
    assert_eq!(error.class().java_name(), "java.lang.IllegalArgumentException");
}

/// Stands for a text that Android refuses.
fn refused() -> Intent {
    Intent::new().with_action("refused")
}

#[test]
fn what_is_written_and_how() {
    let bounds = Rect { left: 1, top: -2, right: 3, bottom: 4 };
    let intent = Intent::new()
        .with_data("a+b:c;end")
        .with_action("x/y")
        .with_category("é")
        .with_mime_type("a/b+c")
        .with_identifier("i/j")
        .with_flags(-1)
        .with_package("p/q")
        .with_component(ComponentName::new("p", "p.q/r"))
        .with_source_bounds(bounds)
        .with_extra("k/", Value::Null)
        .with_extra("l/", "_-!.~'()*/")
        .with_extra("m", Value::IntArray(vec![1]));
    let expected = "intent:c;end#Intent;scheme=a+b;action=x%2Fy;category=%C3%A9;type=a/b%2Bc;identifier=i/j;\
                    launchFlags=0xffffffff;package=p%2Fq;component=p/.q/r;sourceBounds=1%20-2%203%204;\
                    S.l%2F=_-!.~'()*%2F;end";
    assert_eq!(intent.to_intent_uri(), expected);
    assert_eq!(
        intent.to_uri(UriFlags::NONE).unwrap(),
        expected.replace("intent:", "a+b:").replace("scheme=a+b;", "").as_str()
    );
    // Not schemes.
    for data in ["a_b:c", ":c", "a", "é:c", "/a:b", ""] {
        assert_eq!(Intent::new().with_data(data).to_intent_uri(), data);
    }
    assert_eq!(Intent::new().with_data("-.+9:").to_intent_uri(), "intent:#Intent;scheme=-.+9;end");
    assert_eq!(Intent::new().to_intent_uri(), "intent:");
    assert_eq!(Intent::new().to_uri(UriFlags::NONE).unwrap(), "");
    // A selector's data is no more than its scheme, whatever that is; its own default action is written.
    let selector = Intent::new().with_data("é x:y").with_action("android.intent.action.VIEW");
    assert_eq!(
        Intent::new().with_selector(selector.with_selector(Intent::new())).to_intent_uri(),
        "intent:#Intent;SEL;scheme=é x;action=android.intent.action.VIEW;end"
    );
}

#[test]
fn the_flags_of_reading() {
    let all = UriFlags::INTENT_SCHEME | UriFlags::ANDROID_APP_SCHEME | UriFlags::ALLOW_UNSAFE;
    assert_eq!((all.bits(), UriFlags::NONE.bits(), UriFlags::ALLOW_UNSAFE.bits()), (7, 0, 4));
    assert!(all.contains(UriFlags::ANDROID_APP_SCHEME) && !UriFlags::INTENT_SCHEME.contains(all));
    // Either scheme makes another one a plain VIEW; without both, anything may be an intent.
    let text = "x:y#Intent;action=a;end";
    for flags in [UriFlags::INTENT_SCHEME, UriFlags::ANDROID_APP_SCHEME] {
        assert_eq!(Intent::parse_uri(text, flags).unwrap(), view().with_data(text));
    }
    assert_eq!(read_any(text).unwrap(), Intent::new().with_action("a").with_data("x:y"));
}

#[test]
fn what_is_no_digit() {
    for flags in ["0x:", "0x٪", "0xg", "0xＧ", "0x@", "0x`", "0x／", "0x９Ａ：", "08", "0８", "٠٨x"]
    {
        let text = format!("intent:#Intent;launchFlags={flags};end");
        assert_eq!(fails(read(&text)).0, ExceptionClass::NumberFormat, "{flags}");
    }
    assert_eq!(read("intent:#Intent;launchFlags=0x９Ａf;end").unwrap().flags(), 0x9af & !0xc3);
    assert_eq!(read("intent:#Intent;launchFlags=٠٨;end").unwrap().flags(), 8);
}

#[test]
fn items_one_by_one() {
    let cases = [
        ("component=a/", view()),
        ("component=a", view()),
        ("component=a/b;component=a/", view()),
        ("component=/.b", view().with_component(ComponentName::new("", ".b"))),
        ("component=a/b/c", view().with_component(ComponentName::new("a", "b/c"))),
        (
            "sourceBounds=1%202%203%20-4",
            view().with_source_bounds(Rect { left: 1, top: 2, right: 3, bottom: -4 }),
        ),
        ("sourceBounds=1%202%203%204;sourceBounds=", view()),
        ("sourceBounds=1%202%203%204%205", view()),
        ("sourceBounds=1%20%202%203", view()),
        ("sourceBounds=1%202%203%20-", view()),
        ("sourceBounds=1%202%203%20+4", view()),
        ("sourceBounds=1%202%203%20٣", view()),
        ("identifier=", view().with_identifier("")),
        ("SEL;scheme=a;SEL;action=b", view().with_selector(Intent::new().with_action("b"))),
        ("SEL;scheme=a%20b", view().with_selector(Intent::new().with_data("a b:"))),
        ("SEL;action=b;package=p", view().with_selector(Intent::new().with_action("b").with_package("p"))),
        ("package=p;SEL;action=b", view().with_package("p")),
        (
            "B.k=tRuE;B.l=true%20;B.m=1",
            view().with_extra("k", true).with_extra("l", false).with_extra("m", false),
        ),
        ("c.k=%F0%9F%98%80", view().with_extra("k", Value::Char(0xd83d))),
        ("S.k=%zz", view().with_extra("k", "\u{fffd}\0z")),
        ("S.k=%4g", view().with_extra("k", "\u{fffd}\u{4}")),
        ("S.k=a%4", view().with_extra("k", "a\u{fffd}")),
        ("S.k=%C3%A9%C3+%", view().with_extra("k", "é\u{fffd}+\u{fffd}")),
        ("launchFlags=-1", view().with_flags(!0xc3)),
        ("endless", view()),
    ];
    for (items, expected) in cases {
        let text = format!("intent:#Intent;{items};end");
        assert_eq!(read(&text).unwrap(), expected, "{items}");
    }
    assert_eq!(
        read("intent:#Intent;S.a;S.b=c;end").unwrap(),
        view().with_extra("a;S.b", "").with_extra("b", "c")
    );
    assert_eq!(fails(read("intent:#Intent;a;S.b=c;end")).1, 15);
    assert_eq!(
        fails(read("intent:#Intent;sourceBounds=1%202%203%2099999999999;end")).0,
        ExceptionClass::NumberFormat
    );
}
