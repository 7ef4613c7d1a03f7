//! Intents to JSON.

use alloc::string::String;
use alloc::vec::Vec;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::java::print_float::{double_to_string as double, float_to_string as float};
use crate::value::{double_bits, float_bits};
use crate::{ComponentName, Intent, JavaString, Value};

pub(super) fn intent(intent: &Intent) -> String {
    json(&Fields(intent))
}

pub(super) fn words(words: &[JavaString]) -> String {
    json(&texts(words))
}

/// Serializing strings, numbers and sequences into memory does not fail.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The string in quotes; half of a surrogate pair becomes an escape.
pub(super) fn text(text: &JavaString) -> String {
    let mut quoted = String::from("\"");
    let mut run = String::new();
    let escape = |run: &mut String, quoted: &mut String| {
        let escaped = json(&run);
        quoted.push_str(escaped.get(1..escaped.len().saturating_sub(1)).unwrap_or_default());
        run.clear();
    };
    for character in char::decode_utf16(text.units().iter().copied()) {
        match character {
            Ok(character) => run.push(character),
            Err(half) => {
                escape(&mut run, &mut quoted);
                quoted.push_str(&alloc::format!("\\u{:04x}", half.unpaired_surrogate()));
            }
        }
    }
    escape(&mut run, &mut quoted);
    quoted.push('"');
    quoted
}

struct Text<'t>(&'t JavaString);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.to_utf8() {
            Ok(text) => serializer.serialize_str(&text),
            Err(_) => {
                RawValue::from_string(text(self.0)).map_err(serde::ser::Error::custom)?.serialize(serializer)
            }
        }
    }
}

fn texts<'t>(texts: impl IntoIterator<Item = &'t JavaString>) -> Vec<Text<'t>> {
    texts.into_iter().map(Text).collect()
}

fn component(component: &ComponentName) -> [Text<'_>; 2] {
    [Text(component.package()), Text(component.class())]
}

struct Fields<'i>(&'i Intent);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let intent = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("component", &intent.component().map(component))?;
        map.serialize_entry("action", &intent.action().map(Text))?;
        map.serialize_entry("data", &intent.data().map(Text))?;
        map.serialize_entry("type", &intent.mime_type().map(Text))?;
        map.serialize_entry("categories", &texts(intent.categories().iter()))?;
        map.serialize_entry("package", &intent.package().map(Text))?;
        map.serialize_entry("flags", &intent.flags())?;
        map.serialize_entry("identifier", &intent.identifier().map(Text))?;
        let bounds = intent.source_bounds();
        map.serialize_entry("sourceBounds", &bounds.map(|it| [it.left, it.top, it.right, it.bottom]))?;
        map.serialize_entry("selector", &intent.selector().map(Fields))?;
        let extras: Vec<_> = intent.extras().iter().map(|(key, value)| Extra { key, value }).collect();
        map.serialize_entry("extras", &extras)?;
        map.end()
    }
}

struct Extra<'i> {
    key: &'i JavaString,
    value: &'i Value,
}

impl Serialize for Extra<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", &Text(self.key))?;
        map.serialize_entry("type", self.value.type_name())?;
        match self.value {
            Value::Null => map.serialize_entry("value", &())?,
            Value::String(value) | Value::Uri(value) => map.serialize_entry("value", &Text(value))?,
            Value::Boolean(value) => map.serialize_entry("value", value)?,
            Value::Byte(value) => map.serialize_entry("value", value)?,
            Value::Char(value) => {
                map.serialize_entry("value", &char::from_u32(u32::from(*value)))?;
                map.serialize_entry("code", value)?;
            }
            Value::Short(value) => map.serialize_entry("value", value)?,
            Value::Int(value) => map.serialize_entry("value", value)?,
            Value::Long(value) => map.serialize_entry("value", value)?,
            Value::Float(value) => numbers(&mut map, &float(*value), &float_hex(*value))?,
            Value::Double(value) => numbers(&mut map, &double(*value), &double_hex(*value))?,
            Value::IntArray(items) | Value::IntList(items) => map.serialize_entry("value", items)?,
            Value::LongArray(items) | Value::LongList(items) => map.serialize_entry("value", items)?,
            Value::FloatArray(items) => numbers(&mut map, &each(items, float), &each(items, float_hex))?,
            Value::DoubleArray(items) => numbers(&mut map, &each(items, double), &each(items, double_hex))?,
            Value::FloatList(items) if !items.is_empty() => {
                numbers(&mut map, &each(items, float), &each(items, float_hex))?;
            }
            Value::DoubleList(items) if !items.is_empty() => {
                numbers(&mut map, &each(items, double), &each(items, double_hex))?;
            }
            Value::StringArray(items) | Value::StringList(items) => {
                map.serialize_entry("value", &texts(items))?
            }
            Value::EmptyList | Value::FloatList(_) | Value::DoubleList(_) => {
                map.serialize_entry("value", &[(); 0])?
            }
            Value::Component(value) => map.serialize_entry("value", &component(value))?,
        }
        map.end()
    }
}

fn numbers<M: SerializeMap>(
    map: &mut M,
    value: &impl Serialize,
    bits: &impl Serialize,
) -> Result<(), M::Error> {
    map.serialize_entry("value", value)?;
    map.serialize_entry("bits", bits)
}

fn each<T: Copy>(items: &[T], text: fn(T) -> String) -> Vec<String> {
    items.iter().copied().map(text).collect()
}

fn float_hex(value: f32) -> String {
    alloc::format!("{:08x}", float_bits(value))
}

fn double_hex(value: f64) -> String {
    alloc::format!("{:016x}", double_bits(value))
}
