//! An amount in major units, as PayXpress APM takes it: a `double`. No number here ever is one.

use std::fmt;
use std::str::FromStr;

use caisse_payment::Amount;

/// The most significant digits that a `double` carries through decimal text unchanged.
const MOST_DIGITS: u32 = 15;

/// The least amount that is refused: 10^15 minor units.
const TOO_LARGE: u64 = 10u64.pow(MOST_DIGITS);

/// An amount in major units that a `double` holds without loss: up to fifteen digits. `Display` writes what Java's
/// `Double.toString` writes for it, on every version of Android.
///
/// ```
/// use caisse_intent::MajorUnits;
/// use caisse_payment::{Amount, Currency};
///
/// let euros = |minor| MajorUnits::new(Amount::from_minor(minor, Currency::EUR)).map(|it| it.to_string());
/// assert_eq!(euros(1510)?, "15.1");
/// assert_eq!(euros(1500)?, "15.0");
/// assert_eq!(euros(1_234_567_890)?, "1.23456789E7");
/// # Ok::<(), caisse_intent::MajorUnitsError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MajorUnits(Amount);

/// The amount has more than fifteen digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the amount is too large: a double carries fifteen digits without loss")]
pub struct MajorUnitsError;

impl MajorUnits {
    /// An amount in major units.
    ///
    /// # Errors
    /// When it has more than fifteen digits.
    pub const fn new(amount: Amount) -> Result<Self, MajorUnitsError> {
        if amount.minor() < TOO_LARGE { Ok(Self(amount)) } else { Err(MajorUnitsError) }
    }

    /// The amount in minor units.
    pub const fn amount(self) -> Amount {
        self.0
    }

    /// The `double` for the Bundle: the one that the literal in a Kotlin source means. Do not calculate with it.
    #[must_use]
    pub fn to_double(self) -> f64 {
        // A decimal of digits and a point is always read, and rounded correctly.
        f64::from_str(&self.0.decimal().to_string()).unwrap_or_default()
    }
}

impl fmt::Display for MajorUnits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Digits and the place of the point: 0.00151 is "151" with the point 2 places before it, 15.1 two behind.
        let decimals = i32::from(self.0.currency().exponent());
        let all = self.0.minor().to_string();
        let digits = all.trim_end_matches('0');
        let point = i32::try_from(all.len()).unwrap_or_default().saturating_sub(decimals);
        let (Some(first), rest) = (digits.get(..1), digits.get(1..).unwrap_or_default()) else {
            return f.write_str("0.0");
        };
        let rest_or_zero = if rest.is_empty() { "0" } else { rest };
        match usize::try_from(point) {
            // From ten millions on Java writes an exponent.
            Ok(8..) => write!(f, "{first}.{rest_or_zero}E{}", point.saturating_sub(1)),
            Ok(whole @ 1..) => {
                let missing = whole.saturating_sub(digits.len());
                let (before, after) = digits.split_at_checked(whole).unwrap_or((digits, ""));
                let after = if after.is_empty() { "0" } else { after };
                write!(f, "{before}{:0<missing$}.{after}", "")
            }
            // No currency has more than three decimals: a thousandth is the least, and Java's last without an exponent.
            _ => write!(f, "0.{:0<zeros$}{digits}", "", zeros = point.unsigned_abs() as usize),
        }
    }
}
