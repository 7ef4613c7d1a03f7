//! The part of a number that is not printed yet, as a fraction, in the widths in which Java calculates.

use core::cmp::Ordering;

use num_bigint::BigUint;

use super::print_float::Finite;

/// `remainder / unit`, which is below ten, and the margin within which any other number would read back as the same.
pub(super) trait Fraction {
    /// Takes the next digit off, in ASCII. After it, remainder and margin count in tenths.
    fn next_digit(&mut self) -> u8;
    /// Whether the number without the rest lies within the margin.
    fn low(&self) -> bool;
    /// Whether the number rounded up lies within the margin.
    fn high(&self) -> bool;
    /// How the rest compares with a half.
    fn half(&self) -> Ordering;
}

/// A product of powers of two and five and of a whole number.
struct Product {
    factor: u64,
    five: i64,
    two: i64,
}

impl Product {
    fn big(&self) -> BigUint {
        let five = u32::try_from(self.five).unwrap_or(0);
        let two = u32::try_from(self.two).unwrap_or(0);
        (BigUint::from(self.factor) * BigUint::from(5_u8).pow(five)) << two
    }

    /// At most how many bits it has, as Java estimates it.
    fn bits(&self) -> i64 {
        let five = match u32::try_from(self.five) {
            Ok(0) => 0,
            Ok(exponent @ 1..27) => i64::from(5_u64.saturating_pow(exponent).ilog2()).saturating_add(1),
            _ => self.five.saturating_mul(3),
        };
        let factor = u64::BITS.saturating_sub(self.factor.leading_zeros());
        i64::from(factor).saturating_add(self.two).saturating_add(five)
    }
}

/// A number over a power of ten: numerator, denominator and margin without the twos that they have in common.
pub(super) struct Scale {
    number: Product,
    margin: Product,
    unit: Product,
}

impl Scale {
    /// `number / 10^exponent`.
    pub(super) fn new(number: &Finite, exponent: i32) -> Self {
        let (bits, two) = (i64::from(number.bits()), i64::from(number.exponent));
        let behind_the_point = bits.saturating_sub(two).saturating_sub(1).max(0);
        let (up, down) = (i64::from(exponent).saturating_neg().max(0), i64::from(exponent).max(0));
        let top = up.saturating_add(behind_the_point).saturating_add(two);
        let number_two = top.saturating_sub(bits).saturating_add(1);
        let unit_two = down.saturating_add(behind_the_point);
        // Below a power of two the next number is half as far away; Java takes that margin for both sides.
        let margin_two = top.saturating_sub(i64::from(number.precision)).saturating_sub(i64::from(bits == 1));
        let common = number_two.min(unit_two).min(margin_two);
        let factor = number.significand >> number.significand.trailing_zeros();
        let product = |factor, five, two: i64| Product { factor, five, two: two.saturating_sub(common) };
        Self {
            number: product(factor, up, number_two),
            margin: product(1, up, margin_two),
            unit: product(1, down, unit_two),
        }
    }

    /// Whether Java calculates in 64 bits. (Where 32 are enough it takes those, which makes no difference.)
    pub(super) fn is_narrow(&self) -> bool {
        let tens = Product { factor: 1, five: self.unit.five.saturating_add(1), two: self.unit.two };
        self.number.bits().max(tens.bits()) < 64
    }
}

/// A fraction in Java's `long`, which overflows without a word.
///
/// An upper margin that overflows seems to lie outside; a rest on the margin does not lie within.
pub(super) struct Narrow {
    remainder: i64,
    margin: i64,
    unit: i64,
    tens: i64,
}

impl Narrow {
    pub(super) fn new(scale: &Scale) -> Self {
        let number = |product: &Product| i64::try_from(product.big()).unwrap_or(0);
        let unit = number(&scale.unit);
        let (remainder, margin) = (number(&scale.number), number(&scale.margin));
        Self { remainder, margin, unit, tens: unit.wrapping_mul(10) }
    }
}

impl Fraction for Narrow {
    fn next_digit(&mut self) -> u8 {
        let digit = self.remainder.checked_div(self.unit).unwrap_or(0);
        let rest = self.remainder.checked_rem(self.unit).unwrap_or(0);
        self.remainder = rest.wrapping_mul(10);
        self.margin = self.margin.wrapping_mul(10);
        u8::try_from(digit).unwrap_or(0).saturating_add(b'0')
    }

    fn low(&self) -> bool {
        self.margin <= 0 || self.remainder < self.margin
    }

    fn high(&self) -> bool {
        self.margin <= 0 || self.remainder.wrapping_add(self.margin) > self.tens
    }

    fn half(&self) -> Ordering {
        self.remainder.wrapping_mul(2).wrapping_sub(self.tens).cmp(&0)
    }
}

/// A fraction in whole numbers of any size. A rest on the upper margin lies within.
pub(super) struct Wide {
    remainder: BigUint,
    margin: BigUint,
    unit: BigUint,
    tens: BigUint,
}

impl Wide {
    pub(super) fn new(scale: &Scale) -> Self {
        let unit = scale.unit.big();
        let tens = &unit * 10_u8;
        Self { remainder: scale.number.big(), margin: scale.margin.big(), unit, tens }
    }
}

impl Fraction for Wide {
    fn next_digit(&mut self) -> u8 {
        let digit = &self.remainder / &self.unit;
        self.remainder = (&self.remainder % &self.unit) * 10_u8;
        self.margin *= 10_u8;
        u8::try_from(digit).unwrap_or(0).saturating_add(b'0')
    }

    fn low(&self) -> bool {
        self.remainder < self.margin
    }

    fn high(&self) -> bool {
        &self.remainder + &self.margin >= self.tens
    }

    fn half(&self) -> Ordering {
        (&self.remainder * 2_u8).cmp(&self.tens)
    }
}
