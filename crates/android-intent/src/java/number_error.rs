//! Why a text is no number.

use crate::JavaString;

/// A `NumberFormatException` before it is known where the text stands.
#[derive(Debug)]
pub(crate) struct NumberError {
    pub(crate) reason: &'static str,
    pub(crate) message: JavaString,
}

impl NumberError {
    /// With a message that does not quote the text.
    pub(crate) fn plain(reason: &'static str) -> Self {
        Self { reason, message: reason.into() }
    }

    /// `For input string: "text"`.
    pub(crate) fn input(reason: &'static str, text: &[u16]) -> Self {
        Self::quoting(reason, "For input string: \"", text, "\"")
    }

    pub(crate) fn quoting(reason: &'static str, before: &str, text: &[u16], after: &str) -> Self {
        let mut message = JavaString::from(before);
        message.push_units(text);
        message.push_str(after);
        Self { reason, message }
    }
}
