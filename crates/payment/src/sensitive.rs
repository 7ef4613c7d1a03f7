//! Values that must not reach a log.

use core::fmt;

/// What stands in the place of a value that is not shown.
pub const REDACTED: &str = "[redacted]";

/// A value that `Debug`, `Display` and serde show as `[redacted]`; reading it takes a call that a reviewer
/// can search for.
///
/// ```
/// use caisse_payment::Sensitive;
///
/// let email = Sensitive::new("jean@example.com");
/// assert_eq!(format!("{email:?} {email}"), "[redacted] [redacted]");
/// assert_eq!(*email.reveal(), "jean@example.com");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Sensitive<T>(T);

impl<T> Sensitive<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value in clear.
    pub const fn reveal(&self) -> &T {
        &self.0
    }

    /// The value in clear, taken out.
    pub fn into_revealed(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<T> fmt::Display for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

#[cfg(feature = "serde")]
impl<T> serde::Serialize for Sensitive<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}
