//! A run of whole fields.

use core::fmt;

use crate::{Field, Fields, Malformed, NeedMore, Scan, Tag};

/// Whole fields, borrowed from the bytes they came in. Unknown tags are kept; meaning is not looked at.
///
/// ```
/// use caisse_codec::{Message, Tag};
///
/// let message = Message::decode(b"CZ0040300AE00210XY003abc")?;
/// assert_eq!(message.get(Tag::AE).map(|field| field.value()), Some(b"10".as_slice()));
/// assert_eq!(message.fields().count(), 3);
/// # Ok::<(), caisse_codec::DecodeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    bytes: &'a [u8],
}

/// How the bytes behind the whole fields go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remainder {
    /// They do not: the bytes end where a field ends.
    Boundary,
    /// They end inside a field.
    NeedMore(NeedMore),
    /// No continuation makes a field of them.
    Malformed(Malformed),
}

/// Why bytes are not whole fields from end to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// They end inside a field (or there are none).
    #[error("offset {}: the field is cut, at least {} more byte(s) needed", .0.offset, .0.needed)]
    Incomplete(NeedMore),
    /// Bytes cannot stand where they stand.
    #[error(transparent)]
    Malformed(Malformed),
}

impl<'a> Message<'a> {
    /// Splits bytes into the whole fields at their start and the way they go on.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> (Self, Remainder) {
        let mut fields = Fields::new(bytes);
        loop {
            let remainder = match fields.read_field() {
                Scan::Field(_) => continue,
                Scan::Boundary => Remainder::Boundary,
                Scan::NeedMore(more) => Remainder::NeedMore(more),
                Scan::Malformed(fault) => Remainder::Malformed(fault),
            };
            let whole = bytes.get(..fields.offset()).unwrap_or(bytes);
            return (Self { bytes: whole }, remainder);
        }
    }

    /// Reads bytes that are one whole message.
    ///
    /// # Errors
    /// Says where the bytes are cut or stop being fields. No bytes at all are a cut message.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        match Self::read(bytes) {
            (message, Remainder::Boundary) if !message.bytes.is_empty() => Ok(message),
            (_, Remainder::Boundary) => {
                Err(DecodeError::Incomplete(NeedMore { offset: 0, needed: crate::field::HEADER }))
            }
            (_, Remainder::NeedMore(more)) => Err(DecodeError::Incomplete(more)),
            (_, Remainder::Malformed(fault)) => Err(DecodeError::Malformed(fault)),
        }
    }

    /// Bytes that were read as whole fields before.
    pub(crate) const fn of_whole_fields(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The bytes of the whole fields. They are the message in clear.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The fields in the order of the wire.
    #[must_use]
    pub const fn fields(&self) -> Fields<'a> {
        Fields::new(self.bytes)
    }

    /// The first field of this tag.
    #[must_use]
    pub fn get(&self, tag: Tag) -> Option<Field<'a>> {
        self.fields().find(|field| field.tag() == tag)
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.fields()).finish()
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Message<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.fields())
    }
}
