//! `Float.toString` and `Double.toString` as they were before Java 19, and are on Android.
//!
//! The digits come from the method of Steele and White with the shortcuts of Java's first implementers: not always the
//! shortest, and sometimes not the nearest. What is written here is what can be observed: the error margin at a power of
//! two, the rounding of large whole numbers, and where a tie at the margin ends the digits.

use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;

use super::fraction::{Fraction, Narrow, Scale, Wide};

/// `Double.toString`.
pub(crate) fn double_to_string(value: f64) -> String {
    let bits = value.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    let exponent = i32::try_from(bits >> 52 & 0x7ff).unwrap_or(0);
    to_string(bits >> 63 == 1, fraction, exponent, 0x7ff, 53)
}

/// `Float.toString`.
pub(crate) fn float_to_string(value: f32) -> String {
    let bits = value.to_bits();
    let fraction = u64::from(bits & ((1 << 23) - 1)) << 29;
    let exponent = i32::try_from(bits >> 23 & 0xff).unwrap_or(0);
    to_string(bits >> 31 == 1, fraction, exponent, 0xff, 24)
}

/// Prints the number with these fields; the fraction of a float has been brought to the place of that of a double.
fn to_string(negative: bool, fraction: u64, biased: i32, largest: i32, precision: u32) -> String {
    let unsigned = match (biased, fraction) {
        (_, 0) if biased == largest => String::from("Infinity"),
        _ if biased == largest => return String::from("NaN"),
        (0, 0) => String::from("0.0"),
        _ => Digits::of(&Finite::new(fraction, biased, largest, precision)).print(),
    };
    if negative { alloc::format!("-{unsigned}") } else { unsigned }
}

/// `significand * 2^(exponent - 52)`, above zero.
pub(super) struct Finite {
    /// 53 bits, the highest set.
    pub(super) significand: u64,
    pub(super) exponent: i32,
    /// How many bits of the significand the format holds.
    pub(super) precision: u32,
}

impl Finite {
    fn new(fraction: u64, biased: i32, largest: i32, precision: u32) -> Self {
        let bias = largest >> 1;
        if biased > 0 {
            return Self {
                significand: fraction | 1 << 52,
                exponent: biased.saturating_sub(bias),
                precision,
            };
        }
        let shift = fraction.leading_zeros().saturating_sub(11);
        Self {
            significand: fraction << shift,
            exponent: 1_i32.saturating_sub(bias).saturating_sub_unsigned(shift),
            precision: precision.saturating_sub(shift),
        }
    }

    /// How many bits are left without the zeros at the end.
    pub(super) const fn bits(&self) -> u32 {
        53_u32.saturating_sub(self.significand.trailing_zeros())
    }

    /// The number, if it is whole and below 2^63.
    fn whole(&self) -> Option<u64> {
        let fraction_bits = 52_i32.saturating_sub(self.exponent);
        let shift = fraction_bits.unsigned_abs();
        let whole =
            self.exponent < 63 && i64::from(self.exponent) >= i64::from(self.bits()).saturating_sub(1);
        whole.then(|| if fraction_bits >= 0 { self.significand >> shift } else { self.significand << shift })
    }

    /// About the decimal logarithm, rounded down; one too low or too high near powers of ten.
    #[expect(
        clippy::approx_constant,
        clippy::float_arithmetic,
        clippy::cast_possible_truncation,
        reason = "the estimate that Java makes"
    )]
    fn estimate(&self) -> i32 {
        let significand = f64::from_bits(1023 << 52 | self.significand & ((1 << 52) - 1));
        let logarithm = (significand - 1.5) * 0.289_529_654
            + 0.176_091_259
            + f64::from(self.exponent) * 0.301_029_995_663_981;
        let truncated = logarithm as i32;
        if f64::from(truncated) > logarithm { truncated.saturating_sub(1) } else { truncated }
    }
}

/// `0.DIGITS * 10^exponent`, the digits in ASCII.
struct Digits {
    digits: Vec<u8>,
    exponent: i32,
}

impl Digits {
    fn of(number: &Finite) -> Self {
        number.whole().map_or_else(|| Self::of_any(number), |whole| Self::of_whole(whole, number))
    }

    /// A whole number prints all the digits that its precision carries.
    fn of_whole(whole: u64, number: &Finite) -> Self {
        let excess = number.exponent.saturating_sub_unsigned(number.precision).saturating_sub(1);
        let dropped =
            u32::try_from(excess).ok().filter(|bits| *bits > 1).map_or(0, |bits| (1_u64 << bits).ilog10());
        let unit = 10_u64.saturating_pow(dropped);
        let quotient = whole.checked_div(unit).unwrap_or(0);
        let remainder = whole.checked_rem(unit).unwrap_or(0);
        let rounded =
            if dropped > 0 && remainder >= unit / 2 { quotient.saturating_add(1) } else { quotient };
        let all = alloc::format!("{rounded}");
        let exponent = i32::try_from(all.len()).unwrap_or(0).saturating_add_unsigned(dropped);
        Self { digits: all.trim_end_matches('0').into(), exponent }
    }

    fn of_any(number: &Finite) -> Self {
        let exponent = number.estimate();
        let scale = Scale::new(number, exponent);
        if scale.is_narrow() {
            Self::of_fraction(&mut Narrow::new(&scale), exponent)
        } else {
            Self::of_fraction(&mut Wide::new(&scale), exponent)
        }
    }

    fn of_fraction(fraction: &mut impl Fraction, estimate: i32) -> Self {
        let mut exponent = estimate;
        let mut digits = Vec::new();
        let first = fraction.next_digit();
        if first == b'0' && !fraction.high() {
            exponent = exponent.saturating_sub(1);
        } else {
            digits.push(first);
        }
        // In the form with an exponent there is always a digit behind the point.
        let mut done = (-3..8).contains(&exponent) && (fraction.low() || fraction.high());
        while !done {
            digits.push(fraction.next_digit());
            done = fraction.low() || fraction.high();
        }
        let odd = digits.last().is_some_and(|digit| digit & 1 == 1);
        let mut all = Self { digits, exponent: exponent.saturating_add(1) };
        let rounds_up = fraction.high()
            && (!fraction.low()
                || match fraction.half() {
                    Ordering::Greater => true,
                    Ordering::Equal => odd,
                    Ordering::Less => false,
                });
        if rounds_up {
            all.round_up();
        }
        all
    }

    fn round_up(&mut self) {
        for digit in self.digits.iter_mut().rev() {
            if *digit < b'9' {
                *digit = digit.saturating_add(1);
                return;
            }
            *digit = b'0';
        }
        if let Some(first) = self.digits.first_mut() {
            *first = b'1';
        }
        self.exponent = self.exponent.saturating_add(1);
    }

    fn print(&self) -> String {
        let text = |digits: &[u8]| -> String {
            if digits.is_empty() {
                String::from("0")
            } else {
                digits.iter().copied().map(char::from).collect()
            }
        };
        let zeros = |count: usize| "0".repeat(count);
        let split = |place: usize| self.digits.split_at_checked(place).unwrap_or((&self.digits, &[]));
        match self.exponent {
            1..8 => {
                let place = usize::try_from(self.exponent).unwrap_or(0);
                let (before, behind) = split(place);
                let missing = zeros(place.saturating_sub(before.len()));
                alloc::format!("{}{missing}.{}", text(before), text(behind))
            }
            -2..1 => {
                let place = usize::try_from(self.exponent.saturating_neg()).unwrap_or(0);
                alloc::format!("0.{}{}", zeros(place), text(&self.digits))
            }
            _ => {
                let (first, behind) = split(1);
                alloc::format!("{}.{}E{}", text(first), text(behind), self.exponent.saturating_sub(1))
            }
        }
    }
}
