//! Fields that a typed request has no place for.

use core::fmt;

use super::RequestError;
use crate::dictionary::{self, Charset, Directions};
use crate::field::LONGEST_VALUE;
use crate::{EncodeError, Encoder, Fields, Tag};

/// No request carries these but in their own place. Of BA the only value that a till may mean is the one that
/// its absence has.
const NEVER: [Tag; 5] = [Tag::AK, Tag::BA, Tag::CB, Tag::CE, Tag::ZT];

/// More fields of a request, in the caller's words: for what an editor or a terminal's vendor documents and
/// public material does not. They stand behind all others.
///
/// A documented tag is held to its length and characters, any other to 1 to 999 printable characters. Refused
/// are tags that the request has already or has a typed place for, BA, CB, CE, AK and ZT, and what only answers
/// carry (of vendors' tags the direction is not certain: they pass).
///
/// ```
/// use caisse_codec::{Extra, Tag};
///
/// let label = Tag::new(*b"LB").expect("two letters");
/// let extra = [(label, b"table 7".as_slice())];
/// assert_eq!(format!("{:?}", Extra::new(&extra)), "{LB: 7 bytes}");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Extra<'a>(&'a [(Tag, &'a [u8])]);

impl<'a> Extra<'a> {
    /// No more fields.
    pub const NONE: Self = Self(&[]);

    /// These fields, in this order.
    #[must_use]
    pub const fn new(fields: &'a [(Tag, &'a [u8])]) -> Self {
        Self(fields)
    }

    /// Writes them behind what the encoder holds; `typed` are the tags that have a place in the request.
    pub(super) fn encode(self, typed: &[Tag], out: &mut Encoder<'_>) -> Result<(), RequestError> {
        for (tag, value) in self.0.iter().copied() {
            let definition = dictionary::find(tag);
            let of_answers =
                definition.is_some_and(|row| row.directions == Directions::Answer && !row.vendor);
            let stands = Fields::new(out.as_bytes()).any(|field| field.tag() == tag);
            if stands || of_answers || NEVER.contains(&tag) || typed.contains(&tag) {
                return Err(RequestError::NotAllowed(tag));
            }
            if definition.is_none() {
                check_undocumented(tag, value)?;
            }
            out.field(tag, value)?;
        }
        Ok(())
    }
}

/// The grammar alone: not empty, and characters that every line carries.
fn check_undocumented(tag: Tag, value: &[u8]) -> Result<(), EncodeError> {
    if value.is_empty() {
        return Err(EncodeError::Length { tag, least: 1, most: LONGEST_VALUE, length: 0 });
    }
    let stranger = value.iter().position(|byte| !Charset::Printable.contains(*byte));
    stranger.map_or(Ok(()), |offset| Err(EncodeError::Character { tag, offset }))
}

impl fmt::Debug for Extra<'_> {
    /// Tags and lengths: nobody knows what the values say.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (tag, value) in self.0 {
            map.entry(tag, &format_args!("{} bytes", value.len()));
        }
        map.finish()
    }
}
