//! Hexadecimal floating-point numbers as Java reads them.

use super::read_decimal::{ends, exponent};

/// `significand * 2^exponent`, and whether more bits stood below.
#[derive(Debug)]
pub(super) struct Hexadecimal {
    significand: u128,
    more: bool,
    exponent: i64,
}

/// As many hexadecimal digits as are kept: far more than a double has.
const KEPT: u32 = 30;

impl Hexadecimal {
    /// Reads what stands behind `0x`: `digits [. digits] p [sign] digits [f|F|d|D]`, at least one digit before or after the
    /// point.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let mut number = Self { significand: 0, more: false, exponent: 0 };
        let mut kept = 0_u32;
        let (mut digits, mut point) = (0_usize, false);
        let mut rest = text;
        while let [byte, behind @ ..] = rest {
            if *byte == b'.' && !point {
                point = true;
            } else if let Some(value) = char::from(*byte).to_digit(16) {
                digits = digits.saturating_add(1);
                let mut shift = if point { -4_i64 } else { 0 };
                if kept < KEPT {
                    number.significand = number.significand << 4 | u128::from(value);
                    kept = kept.saturating_add(u32::from(number.significand != 0));
                } else {
                    number.more |= value != 0;
                    shift = shift.saturating_add(4);
                }
                number.exponent = number.exponent.saturating_add(shift);
            } else {
                break;
            }
            rest = behind;
        }
        let [b'p' | b'P', rest @ ..] = rest else { return None };
        let (shift, rest) = exponent(rest)?;
        number.exponent = number.exponent.saturating_add(shift);
        (ends(rest) && digits > 0).then_some(number)
    }

    pub(super) fn to_double(&self) -> f64 {
        f64::from_bits(self.round(53, -1074, 1023))
    }

    pub(super) fn to_float(&self) -> f32 {
        f32::from_bits(u32::try_from(self.round(24, -149, 127)).unwrap_or(f32::INFINITY.to_bits()))
    }

    /// The bits of the nearest number of an IEEE format, ties to even: `precision` bits, the lowest bit never below
    /// `2^lowest`, the highest never above `2^highest`.
    fn round(&self, precision: u32, lowest: i64, highest: i64) -> u64 {
        let length = i64::from(u128::BITS.saturating_sub(self.significand.leading_zeros()));
        if length == 0 {
            return 0;
        }
        let top = self.exponent.saturating_add(length).saturating_sub(1);
        let fraction = precision.saturating_sub(1);
        let infinity = u64::try_from(highest.saturating_mul(2).saturating_add(1)).unwrap_or(0) << fraction;
        if top > highest {
            return infinity;
        }
        let unit = top.saturating_sub(i64::from(fraction)).max(lowest);
        let shift = unit.saturating_sub(self.exponent);
        let (mut rounded, half, beyond) = self.cut(shift);
        if half && (beyond || rounded & 1 == 1) {
            rounded = rounded.saturating_add(1);
        }
        // The bits of the format count on: a carry goes into the exponent, and from the largest number into infinity.
        let steps = u64::try_from(unit.saturating_sub(lowest)).unwrap_or(0);
        (steps << fraction).saturating_add(rounded)
    }

    /// The significand without its lowest `shift` bits, whether the highest bit cut off is set, and whether any below is.
    fn cut(&self, shift: i64) -> (u64, bool, bool) {
        if shift <= 0 {
            let up = u32::try_from(shift.saturating_neg()).unwrap_or(u32::MAX);
            let kept = self.significand.checked_shl(up).unwrap_or(0);
            return (u64::try_from(kept).unwrap_or(u64::MAX), false, self.more);
        }
        let down = u32::try_from(shift).unwrap_or(u32::MAX);
        let kept = self.significand.checked_shr(down).unwrap_or(0);
        let half = self.significand.checked_shr(down.saturating_sub(1)).unwrap_or(0) & 1 == 1;
        let below = u128::MAX
            .checked_shl(down.saturating_sub(1))
            .map_or(self.significand, |mask| self.significand & !mask);
        (u64::try_from(kept).unwrap_or(u64::MAX), half, self.more || below != 0)
    }
}
