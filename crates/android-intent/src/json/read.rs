//! JSON to intents.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::JsonError;
use super::text::Text;
use crate::java::NumberError;
use crate::java::read_float::{parse_double, parse_float};
use crate::{ComponentName, Intent, JavaString, Rect, Value};

pub(super) fn intent(text: &str) -> Result<Intent, JsonError> {
    serde_json::from_str::<Fields<'_>>(text)?.intent()
}

#[derive(Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[derive(Default)]
struct Fields<'t> {
    component: Option<(Text, Text)>,
    action: Option<Text>,
    data: Option<Text>,
    r#type: Option<Text>,
    categories: Vec<Text>,
    package: Option<Text>,
    flags: i32,
    identifier: Option<Text>,
    source_bounds: Option<(i32, i32, i32, i32)>,
    #[serde(borrow)]
    selector: Option<Box<Fields<'t>>>,
    #[serde(borrow)]
    extras: Vec<Extra<'t>>,
}

impl Fields<'_> {
    fn intent(self) -> Result<Intent, JsonError> {
        let text = |text: Option<Text>| text.map(|Text(text)| text);
        let selector = self.selector.map(|selector| selector.intent()).transpose()?;
        let mut intent = Intent::new();
        intent.set_component(
            self.component.map(|(Text(package), Text(class))| ComponentName::new(package, class)),
        );
        intent.set_action(text(self.action));
        intent.set_data(text(self.data));
        intent.set_mime_type(text(self.r#type));
        intent.set_package(text(self.package));
        intent.set_identifier(text(self.identifier));
        intent.set_flags(self.flags);
        intent.set_source_bounds(self.source_bounds.map(|(left, top, right, bottom)| Rect {
            left,
            top,
            right,
            bottom,
        }));
        intent.set_selector(selector);
        for Text(category) in self.categories {
            intent.categories_mut().insert(category);
        }
        for (index, extra) in self.extras.into_iter().enumerate() {
            let value = extra.value().map_err(|expected| JsonError::Extra { index, expected })?;
            let Text(key) = extra.key;
            intent.extras_mut().insert(key, value);
        }
        Ok(intent)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Extra<'t> {
    key: Text,
    r#type: String,
    #[serde(borrow, default)]
    value: Option<&'t RawValue>,
    #[serde(borrow, default)]
    bits: Option<&'t RawValue>,
    #[serde(default)]
    code: Option<u16>,
}

impl Extra<'_> {
    /// The value, or what it must be.
    fn value(&self) -> Result<Value, &'static str> {
        Ok(match self.r#type.as_str() {
            "null" if self.value.is_none() => Value::Null,
            "null" => return Err("null"),
            "String" => Value::String(self.text()?),
            "Uri" => Value::Uri(self.text()?),
            "boolean" => Value::Boolean(self.get("true or false")?),
            "byte" => Value::Byte(self.get("a whole number of 8 bits")?),
            "short" => Value::Short(self.get("a whole number of 16 bits")?),
            "int" => Value::Int(self.get(INT)?),
            "long" => Value::Long(self.get(LONG)?),
            "char" => Value::Char(self.char()?),
            "float" => Value::Float(self.number(FLOAT)?),
            "double" => Value::Double(self.number(DOUBLE)?),
            "int[]" => Value::IntArray(self.get("an array of ints")?),
            "long[]" => Value::LongArray(self.get("an array of longs")?),
            "float[]" => Value::FloatArray(self.numbers(FLOAT)?),
            "double[]" => Value::DoubleArray(self.numbers(DOUBLE)?),
            "String[]" => Value::StringArray(self.texts()?),
            "ArrayList" if self.get::<[(); 0]>("an empty array").is_ok() => Value::EmptyList,
            "ArrayList" => return Err("an empty array"),
            "ArrayList<Integer>" => Value::IntList(self.get("an array of ints")?),
            "ArrayList<Long>" => Value::LongList(self.get("an array of longs")?),
            "ArrayList<Float>" => Value::FloatList(self.numbers(FLOAT)?),
            "ArrayList<Double>" => Value::DoubleList(self.numbers(DOUBLE)?),
            "ArrayList<String>" => Value::StringList(self.texts()?),
            "ComponentName" => {
                let (Text(package), Text(class)) = self.get("an array of a package and a class")?;
                Value::Component(ComponentName::new(package, class))
            }
            _ => return Err("the name of a type"),
        })
    }

    fn get<T: DeserializeOwned>(&self, expected: &'static str) -> Result<T, &'static str> {
        get(self.value.ok_or(expected)?).ok_or(expected)
    }

    fn text(&self) -> Result<JavaString, &'static str> {
        self.get("a string").map(|Text(text)| text)
    }

    fn texts(&self) -> Result<Vec<JavaString>, &'static str> {
        let texts: Vec<Text> = self.get("an array of strings")?;
        Ok(texts.into_iter().map(|Text(text)| text).collect())
    }

    fn char(&self) -> Result<u16, &'static str> {
        const EXPECTED: &str = "one UTF-16 unit, as a string or as a code";
        if let Some(code) = self.code {
            return Ok(code);
        }
        match self.get::<Text>(EXPECTED)?.0.units() {
            [unit] => Ok(*unit),
            _ => Err(EXPECTED),
        }
    }

    fn number<T>(&self, kind: Kind<T>) -> Result<T, &'static str> {
        match self.bits {
            Some(bits) => kind.of_bits(bits),
            None => kind.of_value(self.value.ok_or(kind.expected)?),
        }
        .ok_or(kind.expected)
    }

    fn numbers<T>(&self, kind: Kind<T>) -> Result<Vec<T>, &'static str> {
        let all = |array: &RawValue, one: &dyn Fn(&RawValue) -> Option<T>| {
            let items: Vec<&RawValue> = serde_json::from_str(array.get()).ok()?;
            items.into_iter().map(one).collect::<Option<Vec<_>>>()
        };
        match self.bits {
            Some(bits) => all(bits, &|item| kind.of_bits(item)),
            None => all(self.value.ok_or(kind.expected)?, &|item| kind.of_value(item)),
        }
        .ok_or(kind.expected)
    }
}

const INT: &str = "a whole number of 32 bits";
const LONG: &str = "a whole number of 64 bits";

fn get<T: DeserializeOwned>(value: &RawValue) -> Option<T> {
    serde_json::from_str(value.get()).ok()
}

/// A type of floating-point numbers.
#[derive(Clone, Copy)]
struct Kind<T> {
    expected: &'static str,
    digits: usize,
    from_bits: fn(u64) -> T,
    parse: fn(&[u16]) -> Result<T, NumberError>,
}

#[expect(clippy::cast_possible_truncation, reason = "eight hexadecimal digits")]
const FLOAT: Kind<f32> = Kind {
    expected: "a float: bits in 8 hexadecimal digits, a number, or its text as Java reads it",
    digits: 8,
    from_bits: |bits| f32::from_bits(bits as u32),
    parse: parse_float,
};

const DOUBLE: Kind<f64> = Kind {
    expected: "a double: bits in 16 hexadecimal digits, a number, or its text as Java reads it",
    digits: 16,
    from_bits: f64::from_bits,
    parse: parse_double,
};

impl<T> Kind<T> {
    fn of_bits(&self, bits: &RawValue) -> Option<T> {
        let digits: String = get(bits)?;
        let all_hexadecimal =
            digits.len() == self.digits && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let bits = all_hexadecimal.then(|| u64::from_str_radix(&digits, 16).ok())??;
        Some((self.from_bits)(bits))
    }

    /// A string is read as Java reads it, and a number of JSON is such a text too.
    fn of_value(&self, value: &RawValue) -> Option<T> {
        let text = match get(value) {
            Some(Text(text)) => text,
            None => get::<f64>(value).map(|_| JavaString::from(value.get()))?,
        };
        (self.parse)(text.units()).ok()
    }
}
