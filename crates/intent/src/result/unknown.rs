//! Fields that no public text tells of: kept, with every card number masked.

use std::fmt;

use caisse_payment::{Card, Sensitive, holds_card_number};
use serde_json::Value;
use serde_json::value::RawValue;

/// A field of a result that is not documented. It may hold anything, so nothing of it shows unless asked for.
#[derive(Clone, PartialEq)]
pub struct Unknown {
    name: Sensitive<String>,
    value: Sensitive<Value>,
}

impl Unknown {
    pub(crate) fn new(name: &str, value: &RawValue) -> Self {
        // What nests too deep to be read is dropped to null: it was valid JSON, and nobody knows what it says.
        let value = serde_json::from_str(value.get()).unwrap_or_default();
        Self { name: Sensitive::new(masked(name)), value: Sensitive::new(masked_value(value)) }
    }

    /// Its name.
    #[must_use]
    pub fn reveal_name(&self) -> &str {
        self.name.reveal()
    }

    /// Its value, in which card numbers are masked.
    #[must_use]
    pub const fn reveal_value(&self) -> &Value {
        self.value.reveal()
    }
}

impl fmt::Debug for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unknown({})", self.name)
    }
}

fn masked_value(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(masked(&text)),
        Value::Number(number) => {
            let text = number.to_string();
            if holds_card_number(&text) { Value::String(masked(&text)) } else { Value::Number(number) }
        }
        Value::Array(items) => Value::Array(items.into_iter().map(masked_value).collect()),
        Value::Object(fields) => Value::Object(
            fields.into_iter().map(|(name, value)| (masked(&name), masked_value(value))).collect(),
        ),
        Value::Null | Value::Bool(_) => value,
    }
}

/// A text without the card number that it may hold: a bare number keeps what a masked one may show, in any other text
/// every digit goes.
pub(crate) fn masked(text: &str) -> String {
    if !holds_card_number(text) {
        return text.to_owned();
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Card::from_raw(text.as_bytes()).masked().to_owned();
    }
    text.chars().map(|it| if it.is_ascii_digit() { '*' } else { it }).collect()
}
