//! What is wrong with a message although its structure holds.

use core::fmt;

use crate::{Field, Message, Scan, Tag, dictionary};

/// One fault of meaning. Decoders go on; typed encoders never write such a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The first field is not CZ.
    FirstTagNotVersion,
    /// The tag stood before.
    Duplicate(Tag),
    /// The value is empty.
    ZeroLength(Tag),
    /// The length is outside the documented bounds.
    Length(Tag, usize),
    /// No public document knows the tag.
    Undocumented(Tag),
    /// The value of ZT is not whole fields from end to end.
    TicketStructure,
}

impl fmt::Display for Fault {
    /// The words of the published vectors.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FirstTagNotVersion => f.write_str("first-tag-not-CZ"),
            Self::Duplicate(tag) => write!(f, "duplicate:{tag}"),
            Self::ZeroLength(tag) => write!(f, "zero-length:{tag}"),
            Self::Length(tag, length) => write!(f, "length:{tag}={length}"),
            Self::Undocumented(tag) => write!(f, "undocumented-tag:{tag}"),
            Self::TicketStructure => f.write_str("ZT-inner-structure"),
        }
    }
}

/// The faults of the fields of a message, in their order. Whether CZ comes first is
/// [`first_fault_of_order`]'s to say, since a lone field is no message.
///
/// ```
/// use caisse_codec::{Message, check};
///
/// let message = Message::decode(b"CZ0040320CZ0040300")?;
/// assert_eq!(check::faults(message).map(|fault| fault.to_string()).collect::<Vec<_>>(), ["duplicate:CZ"]);
/// # Ok::<(), caisse_codec::DecodeError>(())
/// ```
pub fn faults(message: Message<'_>) -> impl Iterator<Item = Fault> {
    message.fields().flat_map(move |field| {
        let repeated = message.fields().take_while(|earlier| earlier.offset() < field.offset());
        let duplicate = { repeated }.any(|earlier| earlier.tag() == field.tag());
        [duplicate.then_some(Fault::Duplicate(field.tag())), fault_of_value(&field)].into_iter().flatten()
    })
}

/// The fault of a message that does not begin with its version.
#[must_use]
pub fn first_fault_of_order(message: Message<'_>) -> Option<Fault> {
    let first = message.fields().next()?;
    (first.tag() != Tag::CZ).then_some(Fault::FirstTagNotVersion)
}

fn fault_of_value(field: &Field<'_>) -> Option<Fault> {
    let (tag, length) = (field.tag(), field.value().len());
    let Some(definition) = dictionary::find(tag) else {
        return Some(Fault::Undocumented(tag));
    };
    if length == 0 {
        return Some(Fault::ZeroLength(tag));
    }
    if !definition.lengths().contains(&length) {
        return Some(Fault::Length(tag, length));
    }
    let inner_is_whole = || {
        let mut inner = crate::Fields::new(field.value());
        loop {
            match inner.read_field() {
                Scan::Field(_) => {}
                end => return end == Scan::Boundary,
            }
        }
    };
    (tag == Tag::ZT && !inner_is_whole()).then_some(Fault::TicketStructure)
}
