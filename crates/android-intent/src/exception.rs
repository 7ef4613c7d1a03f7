//! What Android throws.

use core::fmt;

use crate::JavaString;

/// The class of an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExceptionClass {
    /// `java.net.URISyntaxException`.
    UriSyntax,
    /// `java.lang.NumberFormatException`.
    NumberFormat,
    /// `java.lang.IllegalArgumentException`.
    IllegalArgument,
}

impl ExceptionClass {
    /// The full name of the class in Java.
    pub const fn java_name(self) -> &'static str {
        match self {
            Self::UriSyntax => "java.net.URISyntaxException",
            Self::NumberFormat => "java.lang.NumberFormatException",
            Self::IllegalArgument => "java.lang.IllegalArgumentException",
        }
    }
}

/// What Android throws where it cannot read or write a text.
///
/// `Display` and `Debug` say the class, the place and the reason, and never the text that was read: an intent may carry
/// what no log should hold. [`Self::message`] is Java's own message, which quotes that text.
#[derive(Clone, PartialEq, Eq)]
pub struct Exception {
    class: ExceptionClass,
    offset: usize,
    reason: &'static str,
    message: JavaString,
}

impl Exception {
    pub(crate) fn new(
        class: ExceptionClass,
        offset: usize,
        reason: &'static str,
        message: impl Into<JavaString>,
    ) -> Self {
        Self { class, offset, reason, message: message.into() }
    }

    /// The class.
    pub const fn class(&self) -> ExceptionClass {
        self.class
    }

    /// Where: for a URI the UTF-16 unit at which the faulty item begins, for `am` the index of the word.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// What is wrong, without the text itself.
    pub const fn reason(&self) -> &'static str {
        self.reason
    }

    /// The message of the exception in Java. It quotes the text.
    pub const fn message(&self) -> &JavaString {
        &self.message
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at {}: {}", self.class.java_name(), self.offset, self.reason)
    }
}

impl fmt::Debug for Exception {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Exception")
            .field("class", &self.class)
            .field("offset", &self.offset)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

impl core::error::Error for Exception {}
