//! Rules of `am start` that are easily got wrong, one by one.

use caisse_android_intent::am::{CannotQuote, CannotSay, Start, StartOptions, quote};
use caisse_android_intent::{
    ComponentName, Exception, ExceptionClass, Intent, JavaString, Rect, Value, flags,
};

/// The words stand in one text, parted by blanks; `''` is an empty word.
fn words(text: &str) -> Vec<JavaString> {
    text.split_whitespace().map(|word| if word == "''" { "".into() } else { word.into() }).collect()
}

fn start(text: &str) -> Result<Start, Exception> {
    Start::parse(&words(text))
}

fn intent(text: &str) -> Intent {
    start(text).unwrap_or_else(|error| panic!("{text}: {error}")).intent
}

fn fails(text: &str) -> (ExceptionClass, usize, String) {
    let error = start(text).unwrap_err();
    (error.class(), error.offset(), error.message().to_string())
}

fn main_launcher() -> Intent {
    Intent::new().with_action("android.intent.action.MAIN").with_category("android.intent.category.LAUNCHER")
}

#[test]
fn every_extra() {
    let values = [
        ("-e k v", Value::from("v"), false),
        ("--es k v", Value::from("v"), false),
        ("--es k -v", Value::from("-v"), false),
        ("--esn k", Value::Null, false),
        ("--ez k T", Value::Boolean(true), false),
        ("--ez k TRUE", Value::Boolean(true), false),
        ("--ez k fALSE", Value::Boolean(false), false),
        ("--ez k f", Value::Boolean(false), false),
        ("--ez k 0x10", Value::Boolean(true), false),
        ("--ez k 00", Value::Boolean(false), false),
        ("--ei k 010", Value::Int(8), false),
        ("--ei k -#f", Value::Int(-15), false),
        ("--el k -5", Value::Long(-5), false),
        ("--ef k 1.5f", Value::Float(1.5), true),
        ("--ed k 0x1p3", Value::Double(8.0), true),
        ("--eu k a:b", Value::Uri("a:b".into()), false),
        ("--ecn k a/.b", Value::Component(ComponentName::new("a", "a.b")), false),
        ("--eia k 1,010,-0x1,,", Value::IntArray(vec![1, 8, -1]), false),
        ("--eial k 1,#f", Value::IntList(vec![1, 15]), false),
        ("--ela k ,", Value::LongArray(vec![]), true),
        ("--elal k 1,010", Value::LongList(vec![1, 10]), true),
        ("--efa k 1,NaN", Value::FloatArray(vec![1.0, f32::NAN]), true),
        ("--efal k ,,", Value::EmptyList, true),
        ("--eda k -0.0", Value::DoubleArray(vec![-0.0]), true),
        ("--edal k 1e400", Value::DoubleList(vec![f64::INFINITY]), true),
        ("--esa k ,a,,b,", Value::StringArray(["", "a", "", "b"].map(Into::into).to_vec()), true),
        ("--esa k ''", Value::StringArray(vec!["".into()]), true),
        (r"--esal k a\,b,c\\,d", Value::StringList([r"a\,b", r"c\\,d"].map(Into::into).to_vec()), true),
    ];
    for (text, value, is_intent) in values {
        assert_eq!(
            intent(&format!("-a A {text}")),
            Intent::new().with_action("A").with_extra("k", value.clone()),
            "{text}"
        );
        assert_eq!(start(text).is_ok(), is_intent, "{text}");
        let type_name = intent(&format!("-a A {text}")).extra("k").unwrap().type_name();
        assert_eq!(type_name, value.type_name(), "{text}");
    }
}

#[test]
fn every_flag() {
    let options = [
        ("--grant-read-uri-permission", 0x1),
        ("--grant-write-uri-permission", 0x2),
        ("--grant-persistable-uri-permission", 0x40),
        ("--grant-prefix-uri-permission", 0x80),
        ("--exclude-stopped-packages", 0x10),
        ("--include-stopped-packages", 0x20),
        ("--debug-log-resolution", 0x8),
        ("--activity-brought-to-front", 0x0040_0000),
        ("--activity-clear-top", 0x0400_0000),
        ("--activity-clear-when-task-reset", 0x0008_0000),
        ("--activity-exclude-from-recents", 0x0080_0000),
        ("--activity-launched-from-history", 0x0010_0000),
        ("--activity-multiple-task", 0x0800_0000),
        ("--activity-no-animation", 0x0001_0000),
        ("--activity-no-history", 0x4000_0000),
        ("--activity-no-user-action", 0x0004_0000),
        ("--activity-previous-is-top", 0x0100_0000),
        ("--activity-reorder-to-front", 0x0002_0000),
        ("--activity-reset-task-if-needed", 0x0020_0000),
        ("--activity-single-top", 0x2000_0000),
        ("--activity-clear-task", 0x8000),
        ("--activity-task-on-home", 0x4000),
        ("--activity-match-external", 0x800),
        ("--receiver-registered-only", 0x4000_0000),
        ("--receiver-replace-pending", 0x2000_0000),
        ("--receiver-foreground", 0x1000_0000),
        ("--receiver-no-abort", 0x0800_0000),
        ("--receiver-include-background", 0x0100_0000),
    ];
    for (option, flag) in options {
        assert_eq!(intent(&format!("-a A {option}")).flags(), flag, "{option}");
        assert_eq!(intent(&format!("-a A -f 0x1004 {option}")).flags(), 0x1004 | flag, "{option}");
        assert_eq!(intent(&format!("-a A {option} -f 0x1004")).flags(), 0x1004, "{option}");
        assert_eq!(fails(option).2, "No intent supplied", "{option}");
    }
    assert_eq!(flags::IMMUTABLE, 0xc3);
    assert_eq!((flags::FROM_BACKGROUND, flags::ACTIVITY_NEW_TASK), (4, 0x1000_0000));
    assert_eq!(fails("-f 1").2, "No intent supplied");
}

#[test]
fn options_of_the_start() {
    let default = StartOptions::default();
    let cases = [
        ("-W", StartOptions { wait: true, ..default }),
        ("-S", StartOptions { stop: true, ..default }),
        ("-D", StartOptions { start_flags: 2, ..default }),
        ("-N --track-allocation -D", StartOptions { start_flags: 14, ..default }),
        ("-R 3 -R +4", StartOptions { repeat: 4, ..default }),
        ("--user 10", StartOptions { user: 10, ..default }),
        ("--user all", StartOptions { user: -1, ..default }),
        ("--user 10 --user cur", default),
        ("--user 10 --user current", default),
        ("-P f --start-profiler f --receiver-permission p --sampling 1 --display 2 --task 3", default),
        ("--task-display-area-feature-id 1 --windowingMode 1 --activityType 1 --attach-agent a", default),
        ("--streaming --task-overlay --lock-task --allow-background-activity-starts --async", default),
        ("--splashscreen-show-icon --dismiss-keyguard-if-insecure --dismiss-keyguard", default),
        ("--attach-agent-bind a", default),
    ];
    for (options, expected) in cases {
        let start = start(&format!("{options} -a A")).unwrap();
        assert_eq!(start.options, expected, "{options}");
        assert_eq!(start.intent, Intent::new().with_action("A"), "{options}");
        let again = start.words().unwrap();
        assert_eq!(Start::parse(&again).unwrap(), start, "{options}");
    }
    for option in [
        "-R",
        "--sampling",
        "--display",
        "--task",
        "--windowingMode",
        "--activityType",
        "--task-display-area-feature-id",
    ] {
        assert_eq!(fails(&format!("{option} 0x1")).0, ExceptionClass::NumberFormat, "{option}");
    }
    assert_eq!(fails("--user x"), (ExceptionClass::IllegalArgument, 1, "Bad user number: x".to_owned()));
    assert_eq!(fails("--attach-agent a --attach-agent-bind b").2, "Unknown option: --attach-agent-bind");
}

#[test]
fn what_is_refused_and_where() {
    use ExceptionClass::{IllegalArgument, NumberFormat, UriSyntax};
    let cases = [
        ("", IllegalArgument, 0, "No intent supplied"),
        ("--", IllegalArgument, 0, "No intent supplied"),
        ("-a A -x", IllegalArgument, 2, "Unknown option: -x"),
        ("-a A -xyz", IllegalArgument, 2, "Unknown option: -x"),
        ("-", IllegalArgument, 0, "Unknown option: -"),
        ("-a A --ei k 08", NumberFormat, 4, "For input string: \"8\""),
        ("-a A --ei k", IllegalArgument, 3, "Argument expected after \"k\""),
        ("-a A --ei", IllegalArgument, 2, "Argument expected after \"--ei\""),
        ("-WS -a A", IllegalArgument, 0, "No argument expected after \"-WS\""),
        ("-a A -Wx", IllegalArgument, 2, "No argument expected after \"-Wx\""),
        ("-n a/", IllegalArgument, 1, "Bad component name: a/"),
        ("-a A --ecn k a", IllegalArgument, 4, "Bad component name: a"),
        ("-a A --ez k YES", IllegalArgument, 4, "Invalid boolean value: yes"),
        ("-a A --eia k 1,,2", NumberFormat, 4, "Zero length string"),
        ("-f 0xffffffff", NumberFormat, 1, "For input string: \"ffffffff\""),
        (
            "-a A intent:#Intent;x.k=v;end",
            UriSyntax,
            2,
            "unknown EXTRA type at index 15: intent:#Intent;x.k=v;end",
        ),
        ("-p p --selector -a A", IllegalArgument, 4, "Can't set selector when package name is already set"),
        ("--selector -x", IllegalArgument, 1, "Unknown option: -x"),
    ];
    for (text, class, offset, message) in cases {
        assert_eq!(fails(text), (class, offset, message.to_owned()), "{text}");
    }
    let error = start("-a A --ei k 4711x").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("4711"));
    // An option that is no text at all.
    assert!(Start::parse(&[vec![0x2d, 0xd83d].into()]).is_err());
}

#[test]
fn glued_words_and_the_end_of_options() {
    assert_eq!(intent("-npkg/.C -aA"), intent("-n pkg/.C -a A"));
    assert_eq!(intent("-n=a/b").component(), Some(&ComponentName::new("=a", "b")));
    assert_eq!(intent("-a -W").action(), Some(&"-W".into()));
    assert_eq!(intent("-a A -- -x"), Intent::new().with_action("A").with_package("-x"));
    assert_eq!(intent("-a A p -x --ei"), Intent::new().with_action("A").with_package("p"));
    assert_eq!(intent("-eK v -aA"), Intent::new().with_action("A").with_extra("K", "v"));
}

#[test]
fn the_word_behind_the_options() {
    assert_eq!(intent("p"), main_launcher().with_package("p"));
    assert_eq!(intent("''"), main_launcher().with_package(""));
    assert_eq!(intent("p/.C"), main_launcher().with_component(ComponentName::new("p", "p.C")));
    assert_eq!(intent("p/"), main_launcher());
    assert_eq!(intent("-a A p/"), Intent::new().with_action("A"));
    assert_eq!(intent("-n a/b p/q"), main_launcher().with_component(ComponentName::new("p", "q")));
    assert_eq!(intent("-n a/b p/").component(), Some(&ComponentName::new("a", "b")));
    let main = Intent::new().with_action("android.intent.action.MAIN");
    assert_eq!(intent("-c C p"), main.with_category("C").with_package("p"));
    assert_eq!(intent("-p q p").package(), Some(&"q".into()));
    let view = Intent::new().with_action("android.intent.action.VIEW");
    assert_eq!(intent("a/b:c"), view.clone().with_data("a/b:c"));
    let uri = "intent:x#Intent;scheme=s;type=t;identifier=i;category=c;launchFlags=0xc3;package=p;sourceBounds=1%202%203%204;i.k=1;S.l=u;end";
    let full = view
        .clone()
        .with_data("s:x")
        .with_mime_type("t")
        .with_identifier("i")
        .with_category("c")
        .with_flags(0xc3)
        .with_package("p")
        .with_source_bounds(Rect { left: 1, top: 2, right: 3, bottom: 4 })
        .with_extra("k", 1)
        .with_extra("l", "u");
    assert_eq!(intent(uri), full);
    // Either data or type blocks both; own extras win; flags come together.
    let read = intent(&format!("-t own --es l own -f 0x4 -i own {uri}"));
    assert_eq!((read.data(), read.mime_type()), (None, Some(&"own".into())));
    assert_eq!((read.flags(), read.identifier()), (0xc7, Some(&"own".into())));
    assert_eq!(read.extras().len(), 2);
    assert_eq!(read.extra("l"), Some(&Value::from("own")));
    let read = intent(&format!("-d own {uri}"));
    assert_eq!((read.data(), read.mime_type()), (Some(&"own".into()), None));
    let read = intent(&format!("-c own {uri}"));
    assert_eq!(read.categories().iter().collect::<Vec<_>>(), ["own"]);
    let read = intent(&format!("-a A {uri}"));
    assert_eq!((read.action(), read.categories().len()), (Some(&"A".into()), 0));
}

#[test]
fn selectors() {
    let selector = Intent::new().with_data("d").with_mime_type("t").with_action("B");
    let read = intent("-a A -d d -t t --selector -a B");
    assert_eq!(
        read,
        Intent::new().with_action("A").with_data("d").with_mime_type("t").with_selector(selector)
    );
    assert_eq!(intent("--selector -d d"), main_launcher().with_selector(Intent::new().with_data("d")));
    assert_eq!(intent("--selector -p p").selector(), Some(&Intent::new().with_package("p")));
    // An earlier selector is lost, a package behind the options too; a URI's selector replaces.
    assert_eq!(intent("--selector -a B --selector -f 1").selector(), Some(&Intent::new().with_flags(1)));
    assert_eq!(intent("--selector -a B p").package(), None);
    let read = intent("--selector -a B intent:#Intent;SEL;action=C;end");
    assert_eq!(read.selector(), Some(&Intent::new().with_action("C")));
    assert_eq!(intent("-p p intent:#Intent;SEL;action=C;end").selector(), None);
    assert_eq!(intent("-a A --selector -n a/b").component(), None);
    assert!(start("--selector -a B -f 1").is_ok());
}

#[test]
fn what_cannot_be_said() {
    let say = |intent: Intent| Start::from(intent).words().map(|_| ()).unwrap_err();
    let action = || Intent::new().with_action("A");
    let texts = |texts: &[&str]| Value::StringArray(texts.iter().map(|text| (*text).into()).collect());
    let cases = [
        (Intent::new(), "anything to start"),
        (Intent::new().with_extra("k", "v"), "anything to start"),
        (Intent::new().with_selector(Intent::new()), "the action"),
        (Intent::new().with_flags(1).with_extra("k", 1_i8), "the action"),
        (action().with_data("d").with_selector(Intent::new()), "the selector"),
        (action().with_selector(Intent::new().with_selector(Intent::new())), "the selector"),
        (action().with_selector(Intent::new().with_extra("k", 1_i8)), "the selector"),
        (action().with_component(ComponentName::new("a/b", "c")), "the component"),
        (action().with_component(ComponentName::new("a", ".c")), "the component"),
        (action().with_extra("k", texts(&["a,b"])), "the extras"),
        (action().with_extra("k", texts(&["a\\", "b"])), "the extras"),
        (action().with_extra("k", texts(&["a", ""])), "the extras"),
        (action().with_extra("k", Value::Char(0xd83d)), "the extras"),
    ];
    for (intent, what) in cases {
        assert_eq!(say(intent.clone()), CannotSay { what }, "{intent:?}");
    }
    assert_eq!(say(Intent::new()).to_string(), "am start cannot say anything to start of this intent");
    let flags =
        Start { intent: action(), options: StartOptions { start_flags: 1, ..StartOptions::default() } };
    assert_eq!(flags.words(), Err(CannotSay { what: "the options of the start" }));
}

#[test]
fn what_is_said_and_how() {
    let intent = Intent::new()
        .with_action("A")
        .with_category("C")
        .with_flags(-1)
        .with_source_bounds(Rect { left: 1, top: 2, right: 3, bottom: 4 })
        .with_extra("b", 1_i8)
        .with_extra("e", Value::EmptyList)
        .with_extra("i", Value::IntArray(vec![1, 2]))
        .with_extra("n", Value::Null)
        .with_extra("z", true);
    let said: Vec<String> = Start::from(intent).words().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(
        said.join(" "),
        "-a A -c C -f -1 --eial e , --eia i 1,2 --esn n --ez z true \
         intent:#Intent;sourceBounds=1%202%203%204;b.b=1;end"
    );
}

#[test]
fn quotes() {
    assert_eq!(quote(&words("a ''")).unwrap(), "'a' ''");
    assert_eq!(quote(&[]).unwrap(), "");
    assert_eq!(quote(&["'".into()]).unwrap(), r"''\'''");
    assert_eq!(quote(&["a".into(), "b\0".into()]), Err(CannotQuote { word: 1, offset: 1 }));
    let half: JavaString = vec![0x61, 0x62, 0xd83d].into();
    let error = quote(&[half]).unwrap_err();
    assert_eq!(error, CannotQuote { word: 0, offset: 2 });
    assert_eq!(error.to_string(), "word 0: a NUL or half of a surrogate pair at unit 2");
}

#[cfg(unix)]
#[test]
fn a_shell_takes_the_line_apart_into_the_same_words() {
    let hostile = [
        "",
        " ",
        "'",
        "''",
        "\\",
        "\\'",
        "$x",
        "$(touch f)",
        "`x`",
        "\"",
        "a b",
        "\n",
        "\t",
        "*",
        "?",
        "[a]",
        "~",
        "#",
        "&",
        "|",
        ";",
        "<",
        ">",
        "(",
        ")",
        "{a,b}",
        "!",
        "%s",
        "-n",
        "é€😀",
        "it's; a=b/é €\"$(x)`\\ -n",
        "\u{1b}[0m",
        "\u{7f}",
    ];
    let line = quote(&hostile.map(Into::into)).unwrap();
    let script = format!("printf '%s\\0' {line}");
    let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    let words: Vec<&str> = std::str::from_utf8(&output.stdout).unwrap().split_terminator('\0').collect();
    assert_eq!(words, hostile);
}
