//! Base64 of the standard alphabet, in groups of four characters. By hand because the link-time proof that nothing here
//! panics reaches no further than code whose indices the optimiser can follow; the tests compare it with the crate of
//! that name.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What each byte stands for; 64 for those of no meaning.
static VALUES: [u8; 256] = values();

#[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "computed by the compiler")]
const fn values() -> [u8; 256] {
    let mut values = [64; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
}

/// Writes bytes as base64 with padding: four characters for each three bytes begun. Nothing when there is no room.
pub(crate) fn encode<'b>(bytes: &[u8], buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    let target = buffer.get_mut(..bytes.len().div_ceil(3).checked_mul(4)?)?;
    let (groups, rest) = bytes.as_chunks();
    let (places, _) = target.as_chunks_mut();
    let mut places = places.iter_mut();
    for (group, place) in groups.iter().zip(&mut places) {
        *place = encode_group(*group);
    }
    if let Some(place) = places.next() {
        *place = match *rest {
            [byte] => padded(encode_group([byte, 0, 0]), 2),
            [first, second] => padded(encode_group([first, second, 0]), 3),
            _ => *place,
        };
    }
    Some(target)
}

#[inline]
fn encode_group([first, second, third]: [u8; 3]) -> [u8; 4] {
    let bits = u32::from_be_bytes([0, first, second, third]);
    [18, 12, 6, 0]
        .map(|shift| ALPHABET.get((bits.wrapping_shr(shift) & 63) as usize).copied().unwrap_or(b'='))
}

/// The group with padding behind so many characters.
fn padded(group: [u8; 4], count: usize) -> [u8; 4] {
    let mut padded = [b'='; 4];
    for (place, character) in padded.iter_mut().zip(group).take(count) {
        *place = character;
    }
    padded
}

/// The bytes of a group, and how many they are. Padding may be missing or not; bits that belong to no byte must be 0.
pub(crate) fn decode_group(characters: &[u8]) -> Option<([u8; 3], usize)> {
    let symbols = characters.iter().position(|byte| *byte == b'=').unwrap_or(characters.len());
    let (symbols, padding) = characters.split_at_checked(symbols)?;
    if !(2..=4).contains(&symbols.len()) || characters.len() > 4 || padding.iter().any(|byte| *byte != b'=') {
        return None;
    }
    let mut bits = 0u32;
    for place in 0..4 {
        let value =
            symbols.get(place).map_or(0, |symbol| VALUES.get(usize::from(*symbol)).copied().unwrap_or(64));
        if value > 63 {
            return None;
        }
        bits = bits << 6 | u32::from(value);
    }
    let [_, bytes @ ..] = bits.to_be_bytes();
    let count = symbols.len().saturating_sub(1);
    bytes.iter().skip(count).all(|byte| *byte == 0).then_some((bytes, count))
}
