//! Intents, strings and words as JSON, with the types of the extras kept.
//!
//! ```
//! use caisse_android_intent::{Intent, json};
//!
//! let intent = Intent::new().with_action("a.b.PAY").with_extra("amount", 15.10);
//! let text = json::from_intent(&intent);
//! assert!(text.contains(r#"{"key":"amount","type":"double","value":"15.1","bits":"402e333333333333"}"#));
//! assert_eq!(json::to_intent(&text)?, intent);
//! # Ok::<(), json::JsonError>(())
//! ```
//!
//! | Key | What |
//! |---|---|
//! | `component` | `[package, class]`, the class in full, or `null` |
//! | `action`, `data`, `type`, `package`, `identifier` | text or `null` |
//! | `flags` | a signed number of 32 bits |
//! | `categories` | texts, in Android's order |
//! | `sourceBounds` | `[left, top, right, bottom]` or `null` |
//! | `selector` | an intent or `null` |
//! | `extras` | in Android's order, each `key`, `type` (of [`Value::type_name`](crate::Value::type_name)) and `value` |
//!
//! A `float` or `double` has its `value` as Java prints it and besides `bits`, its IEEE bits in hexadecimal digits, which count
//! when reading; their arrays and lists have arrays of both. A `char` has besides `code`, its UTF-16 unit, which counts when
//! reading; its `value` is `null` if that is half of a surrogate pair. A `ComponentName` is `[package, class]`. In all other
//! texts half of a surrogate pair stands as an escape such as `\ud83d`, which JSON allows and many readers do not.
//!
//! When reading, keys of an intent that are missing are `null`, 0 or empty, and further keys are ignored.

mod read;
mod text;
mod write;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::{Intent, JavaString};

/// Why a text is not the JSON that was expected. It never holds the text itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// It is no JSON, from this place on.
    Syntax {
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1.
        column: usize,
    },
    /// It is JSON of another shape: what ends here is not of the type that its key must have.
    Shape {
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1.
        column: usize,
    },
    /// An extra is not what its type says.
    Extra {
        /// Which one, from 0.
        index: usize,
        /// What its `value`, `bits` or `code` must be.
        expected: &'static str,
    },
}

impl fmt::Display for JsonError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { line, column } => write!(formatter, "not JSON at line {line}, column {column}"),
            Self::Shape { line, column } => {
                write!(formatter, "JSON of another shape up to line {line}, column {column}")
            }
            Self::Extra { index, expected } => write!(formatter, "extra {index}: expected {expected}"),
        }
    }
}

impl core::error::Error for JsonError {}

impl From<serde_json::Error> for JsonError {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        if error.is_data() { Self::Shape { line, column } } else { Self::Syntax { line, column } }
    }
}

/// An intent as one line of JSON.
pub fn from_intent(intent: &Intent) -> String {
    write::intent(intent)
}

/// The intent that the JSON says.
///
/// # Errors
///
/// [`JsonError`].
pub fn to_intent(text: &str) -> Result<Intent, JsonError> {
    read::intent(text)
}

/// A string as JSON.
///
/// ```
/// use caisse_android_intent::json;
///
/// assert_eq!(json::from_string(&vec![0x22, 0xd83d, 0xe9].into()), r#""\"\ud83dé""#);
/// ```
pub fn from_string(text: &JavaString) -> String {
    write::text(text)
}

/// The string that the JSON says.
///
/// # Errors
///
/// [`JsonError`].
pub fn to_string(text: &str) -> Result<JavaString, JsonError> {
    Ok(serde_json::from_str::<text::Text>(text)?.0)
}

/// Words as a JSON array of strings.
pub fn from_words(words: &[JavaString]) -> String {
    write::words(words)
}

/// The words that the JSON array of strings says.
///
/// # Errors
///
/// [`JsonError`].
pub fn to_words(text: &str) -> Result<Vec<JavaString>, JsonError> {
    let words: Vec<text::Text> = serde_json::from_str(text)?;
    Ok(words.into_iter().map(|text::Text(word)| word).collect())
}
