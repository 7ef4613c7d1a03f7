//! Faults of the message itself, before it goes on any line.

use caisse_codec::{Encoder, Message, Tag};

use super::{Fault, Name, Pipe};

/// What is sent in the place of one answer: its messages in their order.
type Altered = Vec<Vec<u8>>;

/// Where E and E+ have what they echo, by the length of the answer.
struct Fixed {
    amount: std::ops::Range<usize>,
    currency: std::ops::Range<usize>,
}

const fn fixed(length: usize) -> Fixed {
    let currency = if length < 80 { 12..15 } else { 67..70 };
    Fixed { amount: 3..11, currency }
}

/// Applies the faults of messages: wrong echoes, other lengths, other answers. `earlier` is what the terminal answered
/// before.
pub(crate) fn alter(pipe: &mut Pipe, answer: &[u8], earlier: Option<&[u8]>) -> Altered {
    let mut message = answer.to_vec();
    for name in
        [Name::WrongAmount, Name::WrongCurrency, Name::WrongRegister, Name::WrongAction, Name::Oversized]
    {
        if let Some(fault) = pipe.armed(name) {
            let altered = if message.starts_with(b"CZ") {
                alter_fields(&message, fault)
            } else {
                alter_fixed(&message, fault)
            };
            if altered != message {
                pipe.note(fault);
            }
            message = altered;
        }
    }
    let mut messages = vec![message];
    if let Some(fault) = pipe.armed(Name::Duplicate) {
        pipe.note(fault);
        messages.extend(messages.first().cloned());
    }
    if let Some(fault) = pipe.armed(Name::Earlier) {
        pipe.note(fault);
        // Without an earlier one, one is made up: the same for 1.00 more.
        let made_up = || {
            let other = Fault::new(Name::WrongAmount);
            if answer.starts_with(b"CZ") { alter_fields(answer, other) } else { alter_fixed(answer, other) }
        };
        let earlier = earlier.map_or_else(made_up, <[u8]>::to_vec);
        if fault.value() == Some(0) {
            messages = vec![earlier];
        } else {
            messages.insert(0, earlier);
        }
    }
    messages
}

fn number(digits: &[u8]) -> u64 {
    std::str::from_utf8(digits).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

/// The other value of an echoed number.
fn other(fault: Fault, echoed: u64) -> u64 {
    fault.value().unwrap_or(match fault.name() {
        Name::WrongAmount => echoed.saturating_add(100),
        Name::WrongCurrency if echoed == 840 => 978,
        Name::WrongCurrency => 840,
        Name::WrongRegister => echoed.saturating_add(1) % 100,
        _ => u64::from(echoed != 1),
    })
}

fn alter_fields(message: &[u8], fault: Fault) -> Vec<u8> {
    let (tag, width) = match fault.name() {
        Name::WrongAmount => (Tag::CB, 2),
        Name::WrongCurrency => (Tag::CE, 3),
        Name::WrongRegister => (Tag::CA, 2),
        Name::WrongAction => (Tag::CD, 1),
        _ => return pad_fields(message, fault),
    };
    let mut buffer = vec![0; message.len().saturating_add(16)];
    let mut out = Encoder::new(&mut buffer);
    for field in Message::read(message).0.fields() {
        // The buffer holds the message and a few digits more.
        let _ = if field.tag() == tag {
            let number = other(fault, number(field.value()));
            out.raw(tag, format!("{number:0width$}").as_bytes())
        } else {
            out.raw(field.tag(), field.value())
        };
    }
    out.finish().to_vec()
}

/// Fields of a tag that no document knows, until the answer is long enough.
fn pad_fields(message: &[u8], fault: Fault) -> Vec<u8> {
    let wanted = usize::try_from(fault.value().unwrap_or(0)).unwrap_or(0);
    let mut padded = message.to_vec();
    while padded.len() < wanted {
        let length = wanted.saturating_sub(padded.len()).saturating_sub(5).clamp(1, 999);
        padded.extend(format!("ZY{length:03}{}", "Y".repeat(length)).bytes());
    }
    padded
}

fn alter_fixed(message: &[u8], fault: Fault) -> Vec<u8> {
    let places = fixed(message.len());
    let mut altered = message.to_vec();
    let range = match fault.name() {
        Name::WrongAmount => places.amount,
        Name::WrongCurrency => places.currency,
        Name::WrongRegister => 0..2,
        Name::Oversized => {
            let wanted = usize::try_from(fault.value().unwrap_or(0)).unwrap_or(0);
            altered.resize(wanted.max(message.len()), b' ');
            return altered;
        }
        // E and E+ do not echo what was done.
        _ => return altered,
    };
    if let Some(slots) = altered.get_mut(range) {
        let digits = format!("{:0width$}", other(fault, number(slots)), width = slots.len());
        for (slot, digit) in slots.iter_mut().rev().zip(digits.bytes().rev()) {
            *slot = digit;
        }
    }
    altered
}
