//! Frames of the serial line: STX, body, ETX, and a byte that is the XOR of body and ETX.

use core::fmt;

/// Start of a frame.
pub const STX: u8 = 0x02;
/// End of a frame's body; the check byte follows.
pub const ETX: u8 = 0x03;

/// The most bytes of a body.
pub const LONGEST_BODY: usize = 512;

/// The most bytes of a frame: a body with STX, ETX and the check byte.
pub const LONGEST_FRAME: usize = LONGEST_BODY.saturating_add(3);

/// A control character that opens, acknowledges or closes a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Control {
    /// ENQ (0x05): may I speak?
    Enquiry,
    /// ACK (0x06): yes, or well received.
    Acknowledge,
    /// NAK (0x15): no, or badly received.
    Refuse,
    /// EOT (0x04): end of the session.
    EndOfSession,
}

impl Control {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Enquiry, Self::Acknowledge, Self::Refuse, Self::EndOfSession];

    /// The byte on the line.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Enquiry => 0x05,
            Self::Acknowledge => 0x06,
            Self::Refuse => 0x15,
            Self::EndOfSession => 0x04,
        }
    }

    /// The byte on the line, as a driver sends it.
    #[must_use]
    pub const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Enquiry => &[0x05],
            Self::Acknowledge => &[0x06],
            Self::Refuse => &[0x15],
            Self::EndOfSession => &[0x04],
        }
    }

    /// The control character of a byte.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|control| control.byte() == byte)
    }
}

/// The check byte of a body: the XOR of its bytes and ETX.
///
/// ```
/// assert_eq!(caisse_link::frame::check_byte(b"0100001242010978          A011B010"), 0x02);
/// ```
#[must_use]
pub fn check_byte(body: &[u8]) -> u8 {
    body.iter().fold(ETX, |check, byte| check ^ byte)
}

/// Why a body cannot be framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// It is empty or longer than 512 bytes.
    #[error("a body has 1 to {LONGEST_BODY} bytes, not {length}")]
    Length {
        /// How many bytes it has.
        length: usize,
    },
    /// A byte that is not 0x20 to 0x7F.
    #[error("offset {offset}: expected a character 0x20 to 0x7F")]
    Character {
        /// Its offset in the body.
        offset: usize,
    },
    /// The caller's buffer is too small.
    #[error("the buffer is too small for the frame")]
    NoRoom,
}

/// Writes a frame into the caller's buffer.
///
/// ```
/// let mut buffer = [0; 40];
/// let frame = caisse_link::frame::encode(b"0100001242010978          A011B010", &mut buffer)?;
/// assert_eq!(frame, b"\x020100001242010978          A011B010\x03\x02");
/// # Ok::<(), caisse_link::frame::FrameError>(())
/// ```
///
/// # Errors
/// When the body is empty, too long or not of the line's characters, or the buffer is too small.
pub fn encode<'b>(body: &[u8], buffer: &'b mut [u8]) -> Result<&'b [u8], FrameError> {
    let length = body.len();
    if length == 0 || length > LONGEST_BODY {
        return Err(FrameError::Length { length });
    }
    if let Some(offset) = body.iter().position(|byte| !matches!(byte, 0x20..=0x7f)) {
        return Err(FrameError::Character { offset });
    }
    let frame = buffer.get_mut(..length.saturating_add(3)).ok_or(FrameError::NoRoom)?;
    let mut bytes = frame.iter_mut();
    let content = [STX].into_iter().chain(body.iter().copied()).chain([ETX, check_byte(body)]);
    for (slot, byte) in bytes.by_ref().zip(content) {
        *slot = byte;
    }
    Ok(frame)
}

/// What a decoder forgives. Both are off unless a terminal is known to need them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tolerance {
    /// Drops the eighth bit of every byte: a line of seven bits with parity, read as eight bits, sets it.
    pub parity_bits: bool,
    /// Takes line feeds (0x0A) inside a body: base64 of tickets and receipts of the Nepting form hold them.
    pub line_feeds: bool,
}

/// Something that the decoder found on the line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// The body of a frame whose check byte is right.
    Body(&'a [u8]),
    /// A control character outside a frame.
    Control(Control),
    /// A frame that is not one; the line goes on behind it.
    Fault(Fault),
    /// A byte outside a frame that means nothing.
    Stray(u8),
}

impl fmt::Debug for Found<'_> {
    /// Bytes of a body are counted, not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(body) => write!(f, "Body({} bytes)", body.len()),
            Self::Control(control) => write!(f, "Control({control:?})"),
            Self::Fault(fault) => write!(f, "Fault({fault:?})"),
            Self::Stray(_) => f.write_str("Stray"),
        }
    }
}

/// What is wrong with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The check byte is not the XOR of body and ETX.
    CheckByte,
    /// The body is longer than 512 bytes (or than the decoder's storage); it was skipped to its end.
    TooLong,
    /// The body has no byte.
    Empty,
    /// A byte that is not one of the line's characters, at this offset of the body; the frame was skipped to its end.
    Character {
        /// Offset in the body.
        offset: usize,
    },
}

/// Finds frames in a stream of bytes, in any pieces. The byte behind ETX is the check byte **whatever its value**: it
/// may look like any control character.
///
/// ```
/// use caisse_link::frame::{Control, Decoder, Found, Tolerance};
///
/// let mut storage = [0; 512];
/// let mut decoder = Decoder::new(&mut storage, Tolerance::default());
/// let mut input: &[u8] = b"\x05\x02AB\x03\x00";
/// assert_eq!(decoder.next(&mut input), Some(Found::Control(Control::Enquiry)));
/// assert_eq!(decoder.next(&mut input), Some(Found::Body(b"AB")));
/// assert_eq!(decoder.next(&mut input), None);
/// ```
pub struct Decoder<'s> {
    storage: &'s mut [u8],
    tolerance: Tolerance,
    state: State,
    length: usize,
    check: u8,
    fault: Option<Fault>,
    whole: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Between,
    Body,
    Check,
}

impl fmt::Debug for Decoder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decoder({:?}, {} bytes)", self.state, self.length)
    }
}

impl<'s> Decoder<'s> {
    /// A decoder between two frames. The storage holds one body; 512 bytes hold any.
    #[must_use]
    pub const fn new(storage: &'s mut [u8], tolerance: Tolerance) -> Self {
        Self { storage, tolerance, state: State::Between, length: 0, check: ETX, fault: None, whole: false }
    }

    /// Takes bytes off `input` up to the next thing found; nothing when more bytes are needed.
    pub fn next<'d>(&'d mut self, input: &mut &[u8]) -> Option<Found<'d>> {
        while let Some((byte, rest)) = input.split_first() {
            *input = rest;
            let byte = if self.tolerance.parity_bits { byte & 0x7f } else { *byte };
            match self.state {
                State::Between if byte == STX => self.begin(),
                State::Between => {
                    return Some(Control::from_byte(byte).map_or(Found::Stray(byte), Found::Control));
                }
                State::Body if byte == ETX => self.state = State::Check,
                State::Body => self.take(byte),
                State::Check => return Some(self.end(byte)),
            }
        }
        None
    }

    fn begin(&mut self) {
        (self.state, self.length, self.check) = (State::Body, 0, ETX);
        (self.fault, self.whole) = (None, false);
    }

    fn take(&mut self, byte: u8) {
        let allowed = matches!(byte, 0x20..=0x7f) || (byte == b'\n' && self.tolerance.line_feeds);
        if !allowed {
            self.fault.get_or_insert(Fault::Character { offset: self.length });
        }
        match self
            .storage
            .get_mut(..LONGEST_BODY.min(self.storage.len()))
            .and_then(|it| it.get_mut(self.length))
        {
            Some(slot) => *slot = byte,
            None => {
                self.fault.get_or_insert(Fault::TooLong);
            }
        }
        self.check ^= byte;
        self.length = self.length.saturating_add(1);
    }

    fn end(&mut self, check: u8) -> Found<'_> {
        self.state = State::Between;
        if let Some(fault) = self.fault {
            return Found::Fault(fault);
        }
        // With the parity bits dropped from the body they are dropped from the check byte too.
        if self.check != check {
            return Found::Fault(Fault::CheckByte);
        }
        if self.length == 0 {
            return Found::Fault(Fault::Empty);
        }
        self.whole = true;
        Found::Body(self.body())
    }

    /// The body that was found last, until the next frame begins; otherwise empty.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.storage.get(..self.length).filter(|_| self.whole).unwrap_or_default()
    }

    /// How many bytes of the body were read of a frame that has begun, those without room included.
    #[must_use]
    pub const fn length(&self) -> usize {
        self.length
    }

    /// Whether a frame has begun and not ended.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        self.state != State::Between
    }

    /// Drops what was read of a frame: the line was silent for too long.
    pub const fn reset(&mut self) {
        self.state = State::Between;
    }
}
