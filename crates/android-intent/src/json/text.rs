//! A string that may hold half of a surrogate pair, read from JSON.

use core::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use crate::JavaString;

/// A string of JSON.
#[derive(Debug)]
pub(super) struct Text(pub(super) JavaString);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Asked for bytes, serde_json gives half of a surrogate pair in the three bytes of WTF-8 instead of refusing it.
        deserializer.deserialize_bytes(Units).map(Self)
    }
}

struct Units;

impl Visitor<'_> for Units {
    type Value = JavaString;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<JavaString, E> {
        let mut units = JavaString::new();
        for chunk in Wtf8(bytes) {
            units.push_str(chunk.0);
            if let Some(half) = chunk.1 {
                units.push(half);
            }
        }
        Ok(units)
    }
}

/// Well-formed text, and the half of a surrogate pair that follows it.
struct Wtf8<'b>(&'b [u8]);

impl<'b> Iterator for Wtf8<'b> {
    type Item = (&'b str, Option<u16>);

    fn next(&mut self) -> Option<Self::Item> {
        let valid = self.0.utf8_chunks().next()?.valid();
        let rest = self.0.get(valid.len()..)?;
        let half = match rest {
            [0xed, middle @ 0xa0..=0xbf, last @ 0x80..=0xbf, ..] => {
                Some(0xd000 | u16::from(middle & 0x3f) << 6 | u16::from(last & 0x3f))
            }
            _ => None,
        };
        // Whatever else is no UTF-8 cannot come out of a `str`.
        self.0 = rest.get(3..).unwrap_or_default();
        Some((valid, half))
    }
}
