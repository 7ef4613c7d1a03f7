//! `Uri.encode` and `Uri.decode`.

use alloc::string::String;
use alloc::vec::Vec;

use crate::JavaString;

const PERCENT: u16 = b'%' as u16;
const REPLACEMENT: u16 = 0xfffd;

/// `Uri.encode(text, allow)`: UTF-8 in `%XX`, except ASCII letters, digits, `_-!.~'()*` and what is allowed besides. Half of
/// a surrogate pair becomes a question mark, as everywhere where Java makes UTF-8.
pub(super) fn encode(text: &JavaString, allow: &str, into: &mut JavaString) {
    for character in char::decode_utf16(text.units().iter().copied()) {
        let character = character.unwrap_or('?');
        let plain =
            character.is_ascii_alphanumeric() || "_-!.~'()*".contains(character) || allow.contains(character);
        if plain && u8::try_from(character).is_ok() {
            into.push_str(character.encode_utf8(&mut [0; 4]));
        } else {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                into.push_str(&alloc::format!("%{byte:02X}"));
            }
        }
    }
}

/// `Uri.decode(text)`. Nothing fails: at a digit that is none the decoder writes U+FFFD, swallows the wrong character and
/// still makes a byte of what it has; at the end of the text it writes U+FFFD.
pub(super) fn decode(text: &[u16]) -> JavaString {
    let mut decoded = JavaString::new();
    let mut bytes = Vec::new();
    let mut rest = text.iter().copied();
    while let Some(unit) = rest.next() {
        if unit != PERCENT {
            flush(&mut bytes, &mut decoded);
            decoded.push(unit);
            continue;
        }
        let mut byte = 0_u8;
        for _ in 0..2 {
            let Some(unit) = rest.next() else {
                flush(&mut bytes, &mut decoded);
                decoded.push(REPLACEMENT);
                return decoded;
            };
            let Some(digit) = hexadecimal(unit) else {
                flush(&mut bytes, &mut decoded);
                decoded.push(REPLACEMENT);
                break;
            };
            byte = byte << 4 | digit;
        }
        bytes.push(byte);
    }
    flush(&mut bytes, &mut decoded);
    decoded
}

fn hexadecimal(unit: u16) -> Option<u8> {
    let digit = char::from(u8::try_from(unit).ok()?).to_digit(16)?;
    u8::try_from(digit).ok()
}

/// Bytes that are no UTF-8 become U+FFFD.
fn flush(bytes: &mut Vec<u8>, into: &mut JavaString) {
    into.push_str(&String::from_utf8_lossy(bytes));
    bytes.clear();
}
