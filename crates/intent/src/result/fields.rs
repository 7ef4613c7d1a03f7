//! A JSON object as it came: every field in its order, also one that comes twice, each value as its text.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::definition::outcome::FieldDefinition;

/// The text is not the JSON that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("position {offset}: expected {expected}")]
pub struct Malformed {
    /// Byte offset.
    pub offset: usize,
    /// What was expected there.
    pub expected: &'static str,
}

/// A field that may be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen<T> {
    /// Not there, or null.
    Absent,
    /// There, and not of its form; or there more than once, saying different things.
    Unreadable,
    Value(T),
}

impl<T> Seen<T> {
    pub(crate) const fn as_ref(&self) -> Seen<&T> {
        match self {
            Self::Absent => Seen::Absent,
            Self::Unreadable => Seen::Unreadable,
            Self::Value(value) => Seen::Value(value),
        }
    }

    pub(crate) fn value(self) -> Option<T> {
        if let Self::Value(value) = self { Some(value) } else { None }
    }

    pub(crate) fn and_then<U>(self, read: impl FnOnce(T) -> Option<U>) -> Seen<U> {
        match self {
            Self::Absent => Seen::Absent,
            Self::Unreadable => Seen::Unreadable,
            Self::Value(value) => read(value).map_or(Seen::Unreadable, Seen::Value),
        }
    }
}

/// The fields of an object, in order.
pub(crate) struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Fields<'a> {
    pub(crate) fn read(text: &'a str) -> Result<Self, Malformed> {
        serde_json::from_str(text).map_err(|error| malformed(text, &error, "a JSON object"))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }

    /// What a field says, under whichever of its names. A field that is there twice must say the same twice.
    pub(crate) fn get<T: PartialEq>(
        &self,
        field: &FieldDefinition,
        read: impl Fn(&'a RawValue) -> Option<T>,
    ) -> Seen<T> {
        let mut seen = Seen::Absent;
        for (_, value) in self.iter().filter(|(name, _)| field.names.contains(name)) {
            if value.get() == "null" {
                continue;
            }
            let value = read(value).map_or(Seen::Unreadable, Seen::Value);
            if seen == Seen::Absent {
                seen = value;
            } else if seen != value {
                return Seen::Unreadable;
            }
        }
        seen
    }

    /// Whether a field of this name is there and not null.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.iter().any(|(it, value)| it == name && value.get() != "null")
    }
}

pub(crate) fn malformed(text: &str, error: &serde_json::Error, expected: &'static str) -> Malformed {
    let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len);
    let offset = lines.fold(error.column().saturating_sub(1), usize::saturating_add);
    Malformed { offset: offset.min(text.len()), expected }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(fields)
            }
        }

        deserializer.deserialize_map(Object).map(Fields)
    }
}

/// A text; a number's own digits where a text was expected.
pub(crate) fn text(value: &RawValue) -> Option<String> {
    let raw = value.get();
    match raw.as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw).ok(),
        Some(b'-' | b'0'..=b'9') => Some(raw.to_owned()),
        _ => None,
    }
}

/// A whole number of at most twelve digits, or the text of one. A Java `int` has ten; from thirteen on it could be a card
/// number.
pub(crate) fn integer(value: &RawValue) -> Option<i64> {
    whole(value, 12)
}

/// A whole number of at most fourteen digits, or the text of one: a time has thirteen.
pub(crate) fn time(value: &RawValue) -> Option<i64> {
    whole(value, 14)
}

/// An optional minus and digits, nothing else.
fn whole(value: &RawValue, most_digits: usize) -> Option<i64> {
    let text = text(value)?;
    let digits = text.strip_prefix('-').unwrap_or(&text);
    let is_whole =
        (1..=most_digits).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_whole { text.parse().ok() } else { None }
}

/// True or false, or the text of one.
pub(crate) fn boolean(value: &RawValue) -> Option<bool> {
    match value.get() {
        "true" | "\"true\"" => Some(true),
        "false" | "\"false\"" => Some(false),
        _ => None,
    }
}
