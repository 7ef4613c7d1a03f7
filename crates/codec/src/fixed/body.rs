//! A body whose fields have their characters: structure only, borrowed from the caller's bytes.

use core::fmt;

use caisse_payment::REDACTED;

use super::layout::{Expected, FieldName, Layout, Slot};

/// What reading forgives. All off unless a terminal or a till is known to need it.
///
/// ```
/// use caisse_codec::fixed::{Received, Tolerance};
///
/// let body = b"B800002690010978   7897897";
/// assert!(Received::decode(body, Tolerance::default()).is_err());
/// assert!(Received::decode(body, Tolerance { register_letters: true, ..Tolerance::default() }).is_ok());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tolerance {
    /// Takes an answer of 80 characters with the text of a receipt behind it: the Nepting application on Spire SPp30
    /// sends one after a request with `T012`. The link must let line feeds through too.
    pub receipt: bool,
    /// Takes letters in the register: the emulator EPTEmulator calls itself `B8`.
    pub register_letters: bool,
}

impl Tolerance {
    /// Everything.
    pub const ALL: Self = Self { receipt: true, register_letters: true };
}

/// Why bytes are not such a body. Never says what stood there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No body has this length.
    #[error("a body of {length} characters: expected {expected}")]
    Length {
        /// The lengths that could be, in words.
        expected: &'static str,
        /// The length that was.
        length: usize,
    },
    /// A byte cannot stand where it stands, or a field cannot have its value.
    #[error("{field} at offset {offset}: expected {expected}")]
    Field {
        /// The field.
        field: FieldName,
        /// Where the first wrong byte stands in the body, or where the wrong field begins.
        offset: usize,
        /// What could stand there.
        expected: Expected,
    },
}

/// Bytes with the length of a layout, each field of its characters.
///
/// ```
/// use caisse_codec::fixed::{Body, FieldName, Layout, Tolerance};
///
/// let body = Body::decode(b"0100001242010978          A010B010", Tolerance::default())?;
/// assert_eq!(body.layout(), Layout::RequestEPlus);
/// assert_eq!(body.get(FieldName::Amount).and_then(|field| field.shown()), Some("00001242"));
///
/// // One character short, and every field behind it would be read in the wrong place.
/// assert!(Body::decode(b"100001242010978          A010B010", Tolerance::default()).is_err());
/// # Ok::<(), caisse_codec::fixed::Fault>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Body<'a> {
    layout: Layout,
    bytes: &'a [u8],
}

pub(super) const REQUEST_LENGTHS: &str = "26, 30 or 34 (a request)";
pub(super) const ANSWER_LENGTHS: &str =
    "25 or 80, or more with a receipt where that is tolerated (an answer)";
const ANY_LENGTH: &str =
    "25 or 80, or more with a receipt where that is tolerated (an answer), or 26, 30 or 34 (a request)";

impl<'a> Body<'a> {
    /// Takes bytes for a body: 25, 26, 30, 34 or 80 of them, or 81 to 512 where a receipt is tolerated.
    ///
    /// # Errors
    /// Says that no body has the length, or which field is wrong, and where.
    pub fn decode(bytes: &'a [u8], tolerance: Tolerance) -> Result<Self, Fault> {
        Self::expect(bytes, tolerance, ANY_LENGTH, |_| true)
    }

    /// The same, for the layouts that `wanted` lets through.
    pub(super) fn expect(
        bytes: &'a [u8],
        tolerance: Tolerance,
        expected: &'static str,
        wanted: fn(Layout) -> bool,
    ) -> Result<Self, Fault> {
        let length = bytes.len();
        let layout = Layout::of_length(length).filter(|layout| wanted(*layout));
        let layout = layout.filter(|layout| tolerance.receipt || *layout != Layout::AnswerReceipt);
        let body = Self { layout: layout.ok_or(Fault::Length { expected, length })?, bytes };
        body.fields().try_for_each(|field| field.check(tolerance))?;
        Ok(body)
    }

    /// Which one it is.
    #[must_use]
    pub const fn layout(&self) -> Layout {
        self.layout
    }

    /// The bytes. They are the body in clear.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The fields in the order of the wire.
    #[must_use]
    pub const fn fields(&self) -> Fields<'a> {
        Fields { bytes: self.bytes, slots: self.layout.slots() }
    }

    /// The field of this name, if the layout has it.
    #[must_use]
    pub fn get(&self, name: FieldName) -> Option<Field<'a>> {
        let slot = self.layout.slots().iter().find(|slot| slot.name == name)?;
        Field::at(slot, self.bytes)
    }

    /// The characters of a field of `N` characters.
    pub(super) fn characters<const N: usize>(&self, name: FieldName) -> Result<&'a [u8; N], Fault> {
        let value = self.get(name).and_then(|field| field.value.try_into().ok());
        value.ok_or(Fault::Length { expected: ANY_LENGTH, length: self.bytes.len() })
    }

    /// The number in a field of digits.
    pub(super) fn number<const N: usize>(&self, name: FieldName) -> Result<u32, Fault> {
        let digits = self.characters::<N>(name)?.iter();
        Ok(digits.fold(0, |number: u32, digit| {
            number.saturating_mul(10).saturating_add(u32::from(digit.wrapping_sub(b'0')))
        }))
    }
}

impl fmt::Debug for Body<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.fields()).finish()
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Body<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.fields())
    }
}

/// The fields of a body; made by [`Body::fields`].
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    bytes: &'a [u8],
    slots: &'static [Slot],
}

impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(*self).finish()
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let (slot, behind) = self.slots.split_first()?;
        self.slots = behind;
        Field::at(slot, self.bytes)
    }
}

/// One field of a body.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    name: FieldName,
    offset: usize,
    expected: Expected,
    value: &'a [u8],
}

impl<'a> Field<'a> {
    fn at(slot: &Slot, body: &'a [u8]) -> Option<Self> {
        let rest = body.get(slot.offset..)?;
        let value = rest.get(..slot.length).unwrap_or(rest);
        Some(Self { name: slot.name, offset: slot.offset, expected: slot.expected, value })
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> FieldName {
        self.name
    }

    /// Where it begins in the body.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The characters in clear. Those of REP, PRIV and the receipt are personal data: print [`shown`](Self::shown)
    /// instead.
    #[must_use]
    pub const fn value(&self) -> &'a [u8] {
        self.value
    }

    /// The characters if they may be shown.
    #[must_use]
    pub fn shown(&self) -> Option<&'a str> {
        core::str::from_utf8(self.value).ok().filter(|_| !self.name.is_sensitive())
    }

    fn check(&self, tolerance: Tolerance) -> Result<(), Fault> {
        match self.expected.stranger(self.value, tolerance.register_letters) {
            None => Ok(()),
            Some(place) => {
                let offset = self.offset.saturating_add(place);
                Err(Fault::Field { field: self.name, offset, expected: self.expected })
            }
        }
    }
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}[{}]={}", self.name, self.offset, self.value.len(), self.shown().unwrap_or(REDACTED))
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Field<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = serializer.serialize_struct("Field", 4)?;
        out.serialize_field("field", self.name.code())?;
        out.serialize_field("offset", &self.offset)?;
        out.serialize_field("length", &self.value.len())?;
        out.serialize_field("value", &self.shown())?;
        out.end()
    }
}
