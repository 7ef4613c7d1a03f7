//! The codec's own ways, from the walk to the typed message.

use caisse_codec::fixed::{self, Body, Tolerance};
use caisse_codec::{Answer, DebitRequest, FieldScanner, Fields, Message, Piece, Scan, Status};

use crate::Deciding;

/// Every field, structure only; nothing is kept.
#[must_use]
pub fn fields(bytes: &[u8]) -> usize {
    let mut walker = Fields::new(bytes);
    let mut count = 0;
    loop {
        match walker.read_field() {
            Scan::Field(_) => count += 1,
            Scan::Boundary => return count,
            Scan::NeedMore(_) | Scan::Malformed(_) => return 0,
        }
    }
}

/// A whole message, its structure checked.
#[must_use]
pub fn message(bytes: &[u8]) -> bool {
    Message::decode(bytes).is_ok()
}

/// An answer with all that decides, every field held to its length and characters; whether all are as documented.
#[must_use]
pub fn answer(bytes: &[u8]) -> Option<(Deciding, bool)> {
    let answer = Answer::decode(bytes).ok()?;
    let deciding = Deciding {
        register: answer.register()?.number(),
        minor: answer.amount_minor()?,
        currency: answer.currency()?.numeric(),
        action: Some(answer.action()?.value()),
        performed: Some(answer.status()? == Status::Performed),
        complement: answer.complement().map(|complement| complement.code()),
        immediate: answer.immediate().unwrap_or(false),
    };
    Some((deciding, answer.is_all_documented()))
}

/// A request as a terminal reads it.
#[must_use]
pub fn request(bytes: &[u8]) -> Option<Deciding> {
    let request = DebitRequest::read(&Message::decode(bytes).ok()?).ok()?;
    Some(Deciding {
        register: request.register.number(),
        minor: request.amount.minor(),
        currency: request.amount.currency().numeric(),
        action: Some(b'0'),
        performed: None,
        complement: None,
        immediate: request.immediate,
    })
}

/// The fields of a stream that comes in pieces of so many bytes.
#[must_use]
pub fn scan(bytes: &[u8], piece: usize) -> usize {
    let mut scanner = FieldScanner::new();
    let mut ends = 0;
    for mut input in bytes.chunks(piece) {
        while let Some(piece) = scanner.next(&mut input) {
            ends += usize::from(piece == Piece::End);
        }
    }
    if scanner.at_boundary() { ends } else { 0 }
}

/// A body of E or E+, each field of its characters.
#[must_use]
pub fn body(bytes: &[u8]) -> bool {
    Body::decode(bytes, Tolerance::default()).is_ok()
}

/// A request of E or E+ as a terminal reads it.
#[must_use]
pub fn fixed_request(bytes: &[u8]) -> Option<Deciding> {
    let request = fixed::Received::decode(bytes, Tolerance::default()).ok()?;
    let delay = match request.form {
        fixed::ReceivedForm::EPlus { delay, .. } => Some(delay),
        _ => None,
    };
    Some(Deciding {
        register: request.register.register()?.number(),
        minor: request.amount.minor(),
        currency: request.amount.currency().numeric(),
        action: Some(request.transaction.character()),
        performed: None,
        complement: None,
        immediate: delay == Some(fixed::Delay::Immediate),
    })
}

/// An answer of E or E+.
#[must_use]
pub fn fixed_answer(bytes: &[u8]) -> Option<Deciding> {
    let answer = fixed::Answer::decode(bytes, Tolerance::default()).ok()?;
    Some(Deciding {
        register: answer.register.register()?.number(),
        minor: u64::from(answer.minor),
        currency: answer.currency,
        action: None,
        performed: Some(answer.stat == fixed::Stat::Accepted),
        complement: None,
        immediate: false,
    })
}
