//! The words that start an intent.

use alloc::string::ToString;
use alloc::vec::Vec;
use core::fmt;

use super::difference::difference;
use super::{Start, StartOptions};
use crate::java::print_float::{double_to_string, float_to_string};
use crate::{Intent, JavaString, Value};

/// Something that `am start` cannot say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CannotSay {
    /// What the words would not carry as it is.
    pub what: &'static str,
}

impl fmt::Display for CannotSay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "am start cannot say {} of this intent", self.what)
    }
}

impl core::error::Error for CannotSay {}

impl Start {
    /// The words behind `am start` that say exactly this: reading them back gives the same, or there are none.
    ///
    /// Extras of the types `byte`, `short` and `char` and source bounds go into a URI behind the options. `--ed` (`double`) and
    /// its arrays need Android 12 or later.
    ///
    /// ```
    /// use caisse_android_intent::am::{Start, quote};
    /// use caisse_android_intent::{ComponentName, Intent};
    ///
    /// let intent = Intent::new()
    ///     .with_component(ComponentName::new("com.shop.pay", "com.shop.pay.Main"))
    ///     .with_extra("amount", 1500);
    /// let words = Start::from(intent).words()?;
    /// assert_eq!(quote(&words)?, "'-n' 'com.shop.pay/.Main' '--ei' 'amount' '1500'");
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`CannotSay`], among others: a selector beside an intent without an action (the command would add MAIN), commas in a
    /// list of strings, nothing at all to start.
    pub fn words(&self) -> Result<Vec<JavaString>, CannotSay> {
        let mut words = Vec::new();
        options(&self.options, &mut words);
        fields(&self.intent, &mut words);
        if let Some(selector) = self.intent.selector() {
            words.push("--selector".into());
            fields(selector, &mut words);
        }
        let rest = rest(&self.intent);
        if rest != Intent::new() {
            words.push(rest.to_intent_uri());
        }
        let read = Self::parse(&words).map_err(|_| CannotSay { what: "anything to start" })?;
        difference(self, &read).map_or(Ok(words), |what| Err(CannotSay { what }))
    }
}

fn options(options: &StartOptions, words: &mut Vec<JavaString>) {
    let flag = |bit| options.start_flags & bit != 0;
    let alone = [
        ("-W", options.wait),
        ("-S", options.stop),
        ("-D", flag(StartOptions::DEBUG)),
        ("-N", flag(StartOptions::NATIVE_DEBUGGING)),
        ("--track-allocation", flag(StartOptions::TRACK_ALLOCATION)),
    ];
    words.extend(alone.into_iter().filter(|(_, given)| *given).map(|(option, _)| option.into()));
    let default = StartOptions::default();
    if options.repeat != default.repeat {
        words.extend(["-R".into(), options.repeat.to_string().into()]);
    }
    if options.user != default.user {
        words.extend(["--user".into(), options.user.to_string().into()]);
    }
}

/// What the options can say of an intent or of a selector.
fn fields(intent: &Intent, words: &mut Vec<JavaString>) {
    let component = intent.component().map(|component| component.flatten_to_short_string());
    let texts = [
        ("-a", intent.action()),
        ("-d", intent.data()),
        ("-t", intent.mime_type()),
        ("-i", intent.identifier()),
        ("-n", component.as_ref()),
        ("-p", intent.package()),
    ];
    for (option, text) in texts.into_iter().filter_map(|(option, text)| Some((option, text?))) {
        words.extend([option.into(), text.clone()]);
    }
    for category in intent.categories().iter() {
        words.extend(["-c".into(), category.clone()]);
    }
    if intent.flags() != 0 {
        words.extend(["-f".into(), intent.flags().to_string().into()]);
    }
    for (key, value) in intent.extras().iter() {
        if let Some((option, value)) = extra(value) {
            words.extend([option.into(), key.clone()]);
            words.extend(value);
        }
    }
}

/// What no option says.
fn rest(intent: &Intent) -> Intent {
    let mut rest = Intent::new();
    rest.source_bounds = intent.source_bounds;
    let extras = intent.extras().iter().filter(|(_, value)| extra(value).is_none());
    rest.extras = extras.map(|(key, value)| (key, value.clone())).collect();
    rest
}

/// The option for a value of this type, and its second word.
fn extra(value: &Value) -> Option<(&'static str, Option<JavaString>)> {
    let (option, word) = match value {
        Value::Null => return Some(("--esn", None)),
        Value::Byte(_) | Value::Char(_) | Value::Short(_) => return None,
        Value::String(value) => ("--es", value.clone()),
        Value::Boolean(value) => ("--ez", value.to_string().into()),
        Value::Int(value) => ("--ei", value.to_string().into()),
        Value::Long(value) => ("--el", value.to_string().into()),
        Value::Float(value) => ("--ef", float_to_string(*value).into()),
        Value::Double(value) => ("--ed", double_to_string(*value).into()),
        Value::Uri(value) => ("--eu", value.clone()),
        Value::Component(value) => ("--ecn", value.flatten_to_string()),
        Value::IntArray(items) => ("--eia", list(items.iter().map(ToString::to_string))),
        Value::LongArray(items) => ("--ela", list(items.iter().map(ToString::to_string))),
        Value::FloatArray(items) => ("--efa", list(items.iter().copied().map(float_to_string))),
        Value::DoubleArray(items) => ("--eda", list(items.iter().copied().map(double_to_string))),
        Value::StringArray(items) => ("--esa", list(items)),
        Value::EmptyList => ("--eial", list([""; 0])),
        Value::IntList(items) => ("--eial", list(items.iter().map(ToString::to_string))),
        Value::LongList(items) => ("--elal", list(items.iter().map(ToString::to_string))),
        Value::FloatList(items) => ("--efal", list(items.iter().copied().map(float_to_string))),
        Value::DoubleList(items) => ("--edal", list(items.iter().copied().map(double_to_string))),
        Value::StringList(items) => ("--esal", list(items)),
    };
    Some((option, Some(word)))
}

/// The items parted by commas. A comma alone has no items, for those at the end that are empty fall away.
fn list<T: Into<JavaString>>(items: impl IntoIterator<Item = T>) -> JavaString {
    let mut items = items.into_iter();
    let Some(first) = items.next() else { return ",".into() };
    let mut text = first.into();
    for item in items {
        text.push_str(",");
        text.push_units(item.into().units());
    }
    text
}
