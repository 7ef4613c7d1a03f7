//! Words for the shell of the device.

use alloc::string::String;
use core::fmt;

use crate::{JavaString, LoneSurrogate};

/// A word that no command line can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CannotQuote {
    /// The place of the word.
    pub word: usize,
    /// The character that cannot be said, as its place in the word in UTF-16 units: half of a surrogate pair, or NUL.
    pub offset: usize,
}

impl fmt::Display for CannotQuote {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "word {}: a NUL or half of a surrogate pair at unit {}", self.word, self.offset)
    }
}

impl core::error::Error for CannotQuote {}

/// One line that the device's `sh` takes apart into exactly these words: each in single quotes, nothing in it is special.
///
/// `adb shell` passes its arguments on as they are, so the line is one argument of `adb`; a shell in between needs the whole
/// line quoted once more.
///
/// ```
/// use caisse_android_intent::am::quote;
///
/// let words = ["am", "start", "--es", "note", "it's $5"].map(Into::into);
/// assert_eq!(quote(&words).unwrap(), r"'am' 'start' '--es' 'note' 'it'\''s $5'");
/// ```
///
/// # Errors
///
/// [`CannotQuote`] if a word holds NUL or half of a surrogate pair.
pub fn quote(words: &[JavaString]) -> Result<String, CannotQuote> {
    let mut line = String::new();
    for (index, word) in words.iter().enumerate() {
        let text = word.to_utf8().map_err(|LoneSurrogate { offset }| CannotQuote { word: index, offset })?;
        if let Some(offset) = word.units().iter().position(|unit| *unit == 0) {
            return Err(CannotQuote { word: index, offset });
        }
        if index > 0 {
            line.push(' ');
        }
        line.push('\'');
        line.push_str(&text.replace('\'', r"'\''"));
        line.push('\'');
    }
    Ok(line)
}
