//! Tickets: the fields inside ZT, and the text inside AK.

use core::fmt;

use crate::field::LONGEST_VALUE;
use crate::value::{Copies, TicketRequest};
use crate::{EncodeError, Encoder, Fields, Tag, base64};

/// One ticket of a ZT: what its CK says and the base64 of its AK. The text is personal data and does not print.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ticket<'a> {
    request: Option<TicketRequest>,
    base64: &'a [u8],
}

impl<'a> Ticket<'a> {
    /// What the CK before the text says of it; nothing when it is absent or not documented.
    #[must_use]
    pub const fn kind(&self) -> Option<TicketRequest> {
        self.request
    }

    /// The text as it stands in AK, at most 900 bytes of base64.
    #[must_use]
    pub const fn base64(&self) -> &'a [u8] {
        self.base64
    }

    /// Decodes the text into the caller's buffer; three quarters of the length of [`base64`](Self::base64)
    /// are always enough. The bytes are Latin-1 or HTML, as [`kind`](Self::kind) says.
    ///
    /// # Errors
    /// When AK is not base64 or the buffer is too small.
    pub fn decode<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], TicketError> {
        let mut group = [0; 4];
        let (mut filled, mut written) = (0usize, 0usize);
        let mut flush = |group: &[u8], written: &mut usize| {
            let free = buffer.get_mut(*written..).unwrap_or_default();
            let (bytes, count) = base64::decode_group(group).ok_or(TicketError::NotBase64)?;
            let (target, source) =
                free.get_mut(..count).zip(bytes.get(..count)).ok_or(TicketError::NoRoom)?;
            target.copy_from_slice(source);
            *written = written.saturating_add(count);
            Ok(())
        };
        let mut ended = false;
        for byte in self.base64.iter().filter(|byte| !matches!(byte, b' ' | b'\r' | b'\n')) {
            if ended {
                return Err(TicketError::NotBase64);
            }
            if let Some(slot) = group.get_mut(filled) {
                *slot = *byte;
            }
            filled = filled.saturating_add(1);
            if filled == group.len() {
                flush(&group, &mut written)?;
                filled = 0;
                ended = *byte == b'=';
            }
        }
        if filled > 0 {
            flush(group.get(..filled).unwrap_or_default(), &mut written)?;
        }
        Ok(buffer.get(..written).unwrap_or_default())
    }

    /// The ticket as owned text, Latin-1 read leniently.
    ///
    /// # Errors
    /// When AK is not base64.
    #[cfg(feature = "alloc")]
    pub fn receipt(&self) -> Result<caisse_payment::Receipt, TicketError> {
        use alloc::borrow::ToOwned as _;

        use caisse_payment::receipt::{Copy, Format};

        use crate::value::Copies;

        let mut buffer = [0; LONGEST_VALUE];
        let text = self.decode(&mut buffer)?;
        // The web's Latin-1 puts printable characters where the standard has control codes: the euro sign
        // of a careless terminal survives.
        let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(text);
        let copy = match self.request.map(|request| request.copies) {
            Some(Copies::Customer) => Copy::Customer,
            Some(Copies::Merchant) => Copy::Merchant,
            Some(Copies::Both) | None => Copy::Unstated,
        };
        let html = self.request.is_some_and(|request| request.html);
        Ok(caisse_payment::Receipt::new(
            copy,
            if html { Format::Html } else { Format::Text },
            (*text).to_owned(),
        ))
    }
}

impl fmt::Debug for Ticket<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ticket({:?}, {} bytes)", self.request, self.base64.len())
    }
}

/// Why a ticket has no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    /// AK is not base64.
    #[error("the text of the ticket is not base64")]
    NotBase64,
    /// The caller's buffer is too small.
    #[error("the buffer is too small for the text of the ticket")]
    NoRoom,
}

/// The tickets of a ZT in their order: each AK, with the CK that stands before it. Two tickets in one ZT are
/// documented nowhere; a list takes them as they come.
///
/// ```
/// use caisse_codec::{Tickets, TicketRequest};
///
/// let mut tickets = Tickets::new(b"CK003100AK012Qm9uam91cg==");
/// let ticket = tickets.next().expect("one ticket");
/// assert_eq!(ticket.kind(), Some(TicketRequest::CUSTOMER_TEXT));
/// let mut buffer = [0; 9];
/// assert_eq!(ticket.decode(&mut buffer)?, b"Bonjour");
/// # Ok::<(), caisse_codec::TicketError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Tickets<'a> {
    fields: Fields<'a>,
}

impl<'a> Tickets<'a> {
    /// The tickets of the value of a ZT.
    #[must_use]
    pub const fn new(constructed: &'a [u8]) -> Self {
        Self { fields: Fields::new(constructed) }
    }

    /// The first ticket that the customer may have: every one but those that CK says to be the merchant's alone. What
    /// no CK speaks of is the customer's too, who would else have none.
    ///
    /// ```
    /// use caisse_codec::Tickets;
    ///
    /// let tickets = Tickets::new(b"CK003110AK004Qg==CK003100AK004QQ==");
    /// assert_eq!(tickets.customer().map(|ticket| ticket.base64()), Some(b"QQ==".as_slice()));
    /// assert_eq!(tickets.merchant().map(|ticket| ticket.base64()), Some(b"Qg==".as_slice()));
    /// ```
    #[must_use]
    pub fn customer(mut self) -> Option<Ticket<'a>> {
        self.find(|ticket| ticket.kind().is_none_or(|kind| kind.copies != Copies::Merchant))
    }

    /// The first ticket that CK says to be the merchant's, or of both.
    #[must_use]
    pub fn merchant(mut self) -> Option<Ticket<'a>> {
        self.find(|ticket| ticket.kind().is_some_and(|kind| kind.copies != Copies::Customer))
    }
}

impl<'a> Iterator for Tickets<'a> {
    type Item = Ticket<'a>;

    fn next(&mut self) -> Option<Ticket<'a>> {
        let mut request = None;
        for field in self.fields.by_ref() {
            match field.tag() {
                Tag::CK => request = TicketRequest::from_value(field.value()).flatten(),
                Tag::AK => return Some(Ticket { request, base64: field.value() }),
                _ => {}
            }
        }
        None
    }
}

/// The longest ticket text that one ZT can carry, in bytes before base64.
pub const LONGEST_TEXT: usize = 675;

/// Writes a ZT with one ticket into the message that `encoder` holds. The text is in Latin-1 or HTML.
///
/// # Errors
/// When the text is empty or longer than 675 bytes, or the message has no room.
pub fn encode_ticket(
    encoder: &mut Encoder<'_>,
    request: TicketRequest,
    text: &[u8],
) -> Result<(), EncodeError> {
    encode_tickets(encoder, &[(request, text)])
}

/// Writes a ZT with these tickets, a CK before each AK, in their order. Two tickets in one ZT are documented nowhere;
/// [`Tickets`] reads them.
///
/// ```
/// use caisse_codec::{Copies, Encoder, TicketRequest, encode_tickets};
///
/// let merchant = TicketRequest { copies: Copies::Merchant, html: false };
/// let mut buffer = [0; 64];
/// let mut encoder = Encoder::new(&mut buffer);
/// encode_tickets(&mut encoder, &[(TicketRequest::CUSTOMER_TEXT, b"A"), (merchant, b"B")])?;
/// assert_eq!(encoder.finish(), b"ZT034CK003100AK004QQ==CK003110AK004Qg==");
/// # Ok::<(), caisse_codec::EncodeError>(())
/// ```
///
/// # Errors
/// When a text is empty or longer than 675 bytes, all of them together are too long for the 999 characters of ZT, or the
/// message has no room.
pub fn encode_tickets(
    encoder: &mut Encoder<'_>,
    tickets: &[(TicketRequest, &[u8])],
) -> Result<(), EncodeError> {
    let mut inner = [0; LONGEST_VALUE];
    let mut fields = Encoder::new(&mut inner);
    for (request, text) in tickets {
        let mut base64 = [0; LONGEST_BASE64];
        let too_long = EncodeError::Length { tag: Tag::AK, least: 1, most: LONGEST_TEXT, length: text.len() };
        let encoded =
            base64::encode(text, &mut base64).filter(|base64| !base64.is_empty()).ok_or(too_long)?;
        // Base64 is of its characters, and fields are of theirs: only the room can lack.
        fields.exact(Tag::CK, request.value()).map_err(|_| no_room())?;
        fields.raw(Tag::AK, encoded).map_err(|_| no_room())?;
    }
    encoder.raw(Tag::ZT, fields.finish())
}

/// The most characters of one AK.
const LONGEST_BASE64: usize = 900;

/// The tickets together are more than ZT can carry.
const fn no_room() -> EncodeError {
    EncodeError::TooLarge(Tag::ZT)
}
