//! An intent for people. Its texts come from outside: control characters are shown, never sent to the screen.

use std::fmt::{self, Debug};

use caisse_android_intent::am::StartOptions;
use caisse_android_intent::{Intent, Value};

use crate::output::Output;

pub(super) fn start((intent, options): &(Intent, Option<StartOptions>), output: &Output) {
    fields(intent, "", output);
    if let Some(selector) = intent.selector() {
        fields(selector, "selector's ", output);
    }
    if let Some(options) = options.filter(|options| *options != StartOptions::default()) {
        line(output, "", "options", &options);
    }
}

fn fields(intent: &Intent, whose: &str, output: &Output) {
    let texts = [
        ("action", intent.action()),
        ("data", intent.data()),
        ("type", intent.mime_type()),
        ("identifier", intent.identifier()),
        ("package", intent.package()),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            line(output, whose, name, text);
        }
    }
    if let Some(component) = intent.component() {
        line(output, whose, "component's package", component.package());
        line(output, whose, "component's class", component.class());
    }
    if intent.flags() != 0 {
        output.text(format_args!("{whose}flags: 0x{:08x}", intent.flags()));
    }
    if let Some(bounds) = intent.source_bounds() {
        line(output, whose, "source bounds", &bounds.flatten_to_string());
    }
    for category in intent.categories().iter() {
        line(output, whose, "category", category);
    }
    for (key, value) in intent.extras().iter() {
        output.text(format_args!("{whose}extra {key:?}: {} {}", value.type_name(), Shown(value)));
    }
}

fn line(output: &Output, whose: &str, name: &str, value: &impl Debug) {
    output.text(format_args!("{whose}{name}: {value:?}"));
}

/// The value as Java prints it, or as Rust does where Java prints nothing useful.
struct Shown<'v>(&'v Value);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, self.0.to_java_string()) {
            (Value::String(_) | Value::Char(_), Some(text)) => write!(formatter, "{text:?}"),
            (_, Some(number)) => write!(formatter, "{number}"),
            (Value::Null, None) => Ok(()),
            (Value::Uri(text), None) => write!(formatter, "{text:?}"),
            (value, None) => write!(formatter, "{value:?}"),
        }
    }
}
