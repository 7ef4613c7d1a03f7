//! The comparison of two values from outside that identify something.

/// The result of comparing two numbers or identifiers from outside. Terminals, banks and people write the same value with
/// and without leading zeros, blanks and capitals, so that a difference in writing is neither an equality nor a difference.
///
/// ```
/// use caisse_payment::Comparison;
///
/// assert_eq!(Comparison::between("012345", "012345"), Comparison::Same);
/// assert_eq!(Comparison::between("012345", "543210"), Comparison::Differs);
/// assert_eq!(Comparison::between("012345", "12345 "), Comparison::Unclear);
/// // No number was given, so that nothing follows, not even from equality.
/// assert_eq!(Comparison::between("000000", "000000"), Comparison::Unclear);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// Equal to the letter.
    Same,
    /// Different, also without blanks, leading zeros and the difference between capitals and small letters.
    Differs,
    /// Neither: nothing follows in either direction. Also the result for a value of blanks and zeros alone.
    Unclear,
}

impl Comparison {
    /// Compares two values of the same kind.
    #[must_use]
    pub fn between(one: &str, other: &str) -> Self {
        Self::between_bytes(one.as_bytes(), other.as_bytes())
    }

    /// Compares two values of the same kind in the characters of the line.
    #[must_use]
    pub fn between_bytes(one: &[u8], other: &[u8]) -> Self {
        if Self::significant(one).next().is_none() || Self::significant(other).next().is_none() {
            return Self::Unclear;
        }
        if one == other {
            return Self::Same;
        }
        if Self::significant(one).eq(Self::significant(other)) { Self::Unclear } else { Self::Differs }
    }

    /// Returns the characters that tell a value from another one: without blanks and leading zeros, in small letters. Nothing
    /// remains of a value that may be any other.
    ///
    /// ```
    /// use caisse_payment::Comparison;
    ///
    /// assert!(Comparison::significant(b"0012 34A").eq(*b"1234a"));
    /// assert_eq!(Comparison::significant(b"00 0").next(), None);
    /// ```
    pub fn significant(value: &[u8]) -> impl Iterator<Item = u8> {
        let visible = value.iter().filter(|byte| !matches!(byte, b' ' | b'\t' | 0));
        visible.skip_while(|byte| **byte == b'0').map(u8::to_ascii_lowercase)
    }

    /// Whether both may be the same value.
    #[must_use]
    pub const fn may_be_same(self) -> bool {
        !matches!(self, Self::Differs)
    }
}
