//! `Character.digit`.

/// Where the digits 0 to 9 of each script begin, as far as one UTF-16 unit reaches: Java reads unit by unit, so no digit
/// beyond counts. (Unicode 13, as in Java 17; the list has not changed since Unicode 7.)
const ZEROS: [u16; 37] = [
    0x0030, 0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66,
    0x0de6, 0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50,
    0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
];

/// Where the letters begin that are digits beyond 9: Latin and fullwidth, capital and small.
const LETTERS: [u16; 4] = [0x0041, 0x0061, 0xff21, 0xff41];

/// The digit that the unit means in this radix (2 to 16).
pub(super) fn digit(unit: u16, radix: u16) -> Option<u16> {
    let before = ZEROS.partition_point(|zero| *zero <= unit);
    let decimal = before
        .checked_sub(1)
        .and_then(|index| ZEROS.get(index))
        .and_then(|zero| unit.checked_sub(*zero))
        .filter(|value| *value < 10);
    let letter = || {
        let values = LETTERS.iter().filter_map(|letter| unit.checked_sub(*letter));
        values.filter(|value| *value < 6).map(|value| value.saturating_add(10)).next()
    };
    decimal.or_else(letter).filter(|value| *value < radix)
}
