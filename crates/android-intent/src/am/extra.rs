//! The options that put an extra.

use alloc::vec::Vec;

use crate::java::NumberError;
use crate::java::integer::{decode_int, parse_long};
use crate::java::read_float::{parse_double, parse_float};
use crate::java::split::{at_bare_commas, at_commas};
use crate::{ComponentName, JavaString, Value};

/// An option that takes a key and a value.
pub(super) struct ExtraOption {
    name: &'static str,
    /// Whether it alone makes an intent worth starting. Android asks that of the kinds that it learnt first, and forgot it
    /// with the others.
    pub(super) is_intent: bool,
    pub(super) read: fn(&JavaString) -> Result<Value, Fault>,
}

/// Why a word is no value.
pub(super) enum Fault {
    Number(NumberError),
    Illegal { reason: &'static str, message: JavaString },
}

impl From<NumberError> for Fault {
    fn from(error: NumberError) -> Self {
        Self::Number(error)
    }
}

impl ExtraOption {
    /// Whether a value follows the key.
    pub(super) fn takes_value(&self) -> bool {
        self.name != NULL
    }
}

/// The option that puts a null.
const NULL: &str = "--esn";

const fn option(
    name: &'static str,
    is_intent: bool,
    read: fn(&JavaString) -> Result<Value, Fault>,
) -> ExtraOption {
    ExtraOption { name, is_intent, read }
}

const OPTIONS: [ExtraOption; 20] = [
    option("-e", false, |text| Ok(Value::String(text.clone()))),
    option("--es", false, |text| Ok(Value::String(text.clone()))),
    option("--ez", false, boolean),
    option("--ei", false, |text| Ok(Value::Int(decode_int(text.units())?))),
    option("--el", false, |text| Ok(Value::Long(parse_long(text.units())?))),
    option("--ef", true, |text| Ok(Value::Float(parse_float(text.units())?))),
    option("--ed", true, |text| Ok(Value::Double(parse_double(text.units())?))),
    option("--eu", false, |text| Ok(Value::Uri(text.clone()))),
    option("--ecn", false, |text| component(text).map(Value::Component)),
    option("--eia", false, |text| Ok(Value::IntArray(numbers(text, decode_int)?))),
    option("--eial", false, |text| Ok(Value::IntList(numbers(text, decode_int)?))),
    option("--ela", true, |text| Ok(Value::LongArray(numbers(text, parse_long)?))),
    option("--elal", true, |text| Ok(Value::LongList(numbers(text, parse_long)?))),
    option("--efa", true, |text| Ok(Value::FloatArray(numbers(text, parse_float)?))),
    option("--efal", true, |text| Ok(Value::FloatList(numbers(text, parse_float)?))),
    option("--eda", true, |text| Ok(Value::DoubleArray(numbers(text, parse_double)?))),
    option("--edal", true, |text| Ok(Value::DoubleList(numbers(text, parse_double)?))),
    option("--esa", true, |text| Ok(Value::StringArray(texts(text)))),
    option("--esal", true, |text| Ok(Value::StringList(texts(text)))),
    option(NULL, false, |_| Ok(Value::Null)),
];

/// The option of this name.
pub(super) fn named(name: &str) -> Option<&'static ExtraOption> {
    OPTIONS.iter().find(|option| option.name == name)
}

/// A component; its text must have something on both sides of the first `/`, or at least behind it.
pub(super) fn component(text: &JavaString) -> Result<ComponentName, Fault> {
    ComponentName::unflatten(text).ok_or_else(|| {
        let mut message = JavaString::from("Bad component name: ");
        message.push_units(text.units());
        Fault::Illegal { reason: "expected a component: a package, /, and a class", message }
    })
}

/// `true`, `t`, `false`, `f` in any case, or a number as of [`decode_int`], of which 0 is false.
fn boolean(text: &JavaString) -> Result<Value, Fault> {
    let mut lower = JavaString::new();
    for character in char::decode_utf16(text.units().iter().copied()) {
        match character {
            Ok(character) => character.to_lowercase().for_each(|character| {
                lower.push_str(character.encode_utf8(&mut [0; 4]));
            }),
            Err(half) => lower.push(half.unpaired_surrogate()),
        }
    }
    let value = if lower == "true" || lower == "t" {
        Some(true)
    } else if lower == "false" || lower == "f" {
        Some(false)
    } else {
        decode_int(lower.units()).ok().map(|number| number != 0)
    };
    value.map(Value::Boolean).ok_or_else(|| {
        let mut message = JavaString::from("Invalid boolean value: ");
        message.push_units(lower.units());
        Fault::Illegal { reason: "expected true, t, false, f or a whole number", message }
    })
}

fn numbers<T>(text: &JavaString, read: fn(&[u16]) -> Result<T, NumberError>) -> Result<Vec<T>, Fault> {
    Ok(at_commas(text.units()).into_iter().map(read).collect::<Result<_, _>>()?)
}

fn texts(text: &JavaString) -> Vec<JavaString> {
    at_bare_commas(text.units()).into_iter().map(JavaString::from).collect()
}
