//! Messages for tools whose user asked to see them.

use core::fmt::{self, Write as _};

use serde::ser::{Serialize, SerializeStruct as _, Serializer};

use crate::fixed::{self, Body};
use crate::{Field, Message};

/// A message, a body or one of their fields that serialises with its sensitive values in clear: same keys, and as value
/// the bytes read as Latin-1. Without it they come out redacted. It prints as what it holds does, which is redacted.
///
/// ```
/// use caisse_codec::{Message, Revealed};
///
/// let message = Message::decode(b"CF003abc")?;
/// let redacted = r#"[{"tag":"CF","offset":0,"length":3,"value":null}]"#;
/// assert_eq!(serde_json::to_string(&message).unwrap(), redacted);
/// let clear = r#"[{"tag":"CF","offset":0,"length":3,"value":"abc"}]"#;
/// assert_eq!(serde_json::to_string(&Revealed(message)).unwrap(), clear);
/// # Ok::<(), caisse_codec::DecodeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revealed<T>(pub T);

impl Serialize for Revealed<Message<'_>> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.fields().map(Revealed))
    }
}

impl Serialize for Revealed<Field<'_>> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Field", 4)?;
        out.serialize_field("tag", &self.0.tag())?;
        out.serialize_field("offset", &self.0.offset())?;
        out.serialize_field("length", &self.0.value().len())?;
        out.serialize_field("value", &Latin1(self.0.value()))?;
        out.end()
    }
}

impl Serialize for Revealed<Body<'_>> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.fields().map(Revealed))
    }
}

impl Serialize for Revealed<fixed::Field<'_>> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Field", 4)?;
        out.serialize_field("field", self.0.name().code())?;
        out.serialize_field("offset", &self.0.offset())?;
        out.serialize_field("length", &self.0.value().len())?;
        out.serialize_field("value", &Latin1(self.0.value()))?;
        out.end()
    }
}

/// Text of which one character is one byte.
struct Latin1<'a>(&'a [u8]);

impl fmt::Display for Latin1<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| f.write_char(char::from(*byte)))
    }
}

impl Serialize for Latin1<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
