//! What nothing that reads a message can do without, alone.

/// The walk from header to header: three digits make a number, the number is added, the next header is loaded. Each
/// step waits for the one before it, and no reader of all fields can leave one out. It looks at nothing: not whether
/// the digits are digits nor the tags tags; only the end of the bytes stops it. Answers with the number of fields.
#[must_use]
pub fn bare_walk(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    let mut fields = 0;
    while let Some(([_, _, hundreds, tens, units], behind)) = rest.split_first_chunk::<5>() {
        // The zeros of ASCII add 5328.
        let sum = usize::from(*hundreds) * 100 + usize::from(*tens) * 10 + usize::from(*units);
        let Some(behind) = behind.get(sum.wrapping_sub(5328)..) else { return 0 };
        fields += 1;
        rest = behind;
    }
    fields
}

/// The check of one set of characters over the whole message: space to `~`, and the line feeds of base64.
#[must_use]
pub fn characters(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |all, byte| all & (matches!(byte, b' '..=b'~') | (*byte == b'\n')))
}

/// The check byte of a frame.
#[must_use]
pub fn check_byte(bytes: &[u8]) -> u8 {
    caisse_link::frame::check_byte(bytes)
}

/// The bytes into another buffer.
#[must_use]
pub fn copy<'b>(bytes: &[u8], buffer: &'b mut [u8]) -> &'b [u8] {
    let target = &mut buffer[..bytes.len()];
    target.copy_from_slice(bytes);
    target
}
