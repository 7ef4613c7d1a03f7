//! The letters of the types of extras.

use super::read::Stop;
use super::text::Text;
use crate::java::integer::{parse_byte, parse_int, parse_long, parse_short};
use crate::java::read_float::{parse_double, parse_float};
use crate::{JavaString, Value};

/// A type of extras that URIs know.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    String,
    Boolean,
    Byte,
    Char,
    Double,
    Float,
    Int,
    Long,
    Short,
}

impl Kind {
    /// The type with this letter.
    pub(super) fn of(letter: Option<&u16>) -> Option<Self> {
        Some(match u8::try_from(*letter?).ok()? {
            b'S' => Self::String,
            b'B' => Self::Boolean,
            b'b' => Self::Byte,
            b'c' => Self::Char,
            b'd' => Self::Double,
            b'f' => Self::Float,
            b'i' => Self::Int,
            b'l' => Self::Long,
            b's' => Self::Short,
            _ => return None,
        })
    }

    /// The value that the text says.
    pub(super) fn read(self, value: JavaString) -> Result<Value, Stop> {
        let units = value.units();
        Ok(match self {
            Self::String => Value::String(value),
            Self::Boolean => Value::Boolean(is_true(units)),
            Self::Byte => Value::Byte(parse_byte(units)?),
            Self::Char => Value::Char(Text(units).at(0)?),
            Self::Double => Value::Double(parse_double(units)?),
            Self::Float => Value::Float(parse_float(units)?),
            Self::Int => Value::Int(parse_int(units)?),
            Self::Long => Value::Long(parse_long(units)?),
            Self::Short => Value::Short(parse_short(units)?),
        })
    }
}

/// `Boolean.parseBoolean`: `true` in any case.
fn is_true(units: &[u16]) -> bool {
    let lower = units.iter().map(|unit| u8::try_from(*unit).map_or(0, |byte| byte.to_ascii_lowercase()));
    lower.eq(b"true".iter().copied())
}
