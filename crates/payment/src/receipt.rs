//! Tickets as the terminal sends them for the till to print.

use alloc::string::String;
use core::fmt;

use crate::Sensitive;

/// For whom a ticket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Copy {
    /// The customer's.
    Customer,
    /// The merchant's.
    Merchant,
    /// The terminal does not say.
    Unstated,
}

/// How the text of a ticket is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Lines of plain text.
    Text,
    /// HTML.
    Html,
}

/// A ticket to print. Its text is personal data: it shows only through [`text`](Self::text).
#[derive(Clone, PartialEq, Eq)]
pub struct Receipt {
    copy: Copy,
    format: Format,
    text: Sensitive<String>,
}

impl Receipt {
    /// A ticket of the given kind.
    #[must_use]
    pub const fn new(copy: Copy, format: Format, text: String) -> Self {
        Self { copy, format, text: Sensitive::new(text) }
    }

    /// For whom it is.
    #[must_use]
    pub const fn copy(&self) -> Copy {
        self.copy
    }

    /// How it is written.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// The text in clear, to be printed and then forgotten.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text.reveal()
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("copy", &self.copy)
            .field("format", &self.format)
            .field("text", &self.text)
            .finish()
    }
}
