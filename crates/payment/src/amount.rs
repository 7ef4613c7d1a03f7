//! Money without floats: integer minor units and their currency.

use core::fmt;

use crate::Currency;

/// An amount of money: a whole number of minor units (cents for the euro) in one currency. Never negative:
/// giving money back is an [`Operation`](crate::Operation), not a sign.
///
/// ```
/// use caisse_payment::{Amount, Currency};
///
/// let price = Amount::parse("25.00", Currency::EUR)?;
/// assert_eq!(price.minor(), 2500);
/// assert_eq!(price.to_string(), "25.00 EUR");
/// assert!(Amount::parse("12.345", Currency::EUR).is_err());
/// # Ok::<(), caisse_payment::AmountError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[must_use]
pub struct Amount {
    minor: u64,
    currency: Currency,
}

impl Amount {
    /// An amount from minor units: 2500 for 25.00 EUR, 2500 for 2500 JPY.
    pub const fn from_minor(minor: u64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Reads decimal text exactly: digits, then at most a point and as many digits as the currency's minor
    /// unit has. No sign, no exponent, no separator of thousands, no comma, no blank.
    ///
    /// # Errors
    /// Says at which byte the text stops being such a number, and what was expected there.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, AmountError> {
        let decimals = usize::from(currency.exponent());
        let mut minor = 0u64;
        let mut decimals_read = None;
        let mut previous_is_digit = false;
        for (offset, byte) in text.bytes().enumerate() {
            match (byte, decimals_read) {
                (b'0'..=b'9', _) => {
                    if let Some(read) = &mut decimals_read {
                        if *read == decimals {
                            return Err(AmountError::TooManyDecimals {
                                offset,
                                decimals: currency.exponent(),
                            });
                        }
                        *read = usize::saturating_add(*read, 1);
                    }
                    minor = append_digit(minor, byte).ok_or(AmountError::TooLarge)?;
                    previous_is_digit = true;
                }
                (b'.', None) if previous_is_digit && decimals > 0 => {
                    decimals_read = Some(0);
                    previous_is_digit = false;
                }
                (b'-', None) if offset == 0 => return Err(AmountError::Negative),
                (b',', _) => return Err(AmountError::Comma { offset }),
                (b'.', None) if previous_is_digit => {
                    return Err(AmountError::TooManyDecimals { offset, decimals: 0 });
                }
                _ => return Err(AmountError::NotADigit { offset }),
            }
        }
        if !previous_is_digit {
            return Err(AmountError::NotADigit { offset: text.len() });
        }
        for _ in decimals_read.unwrap_or(0)..decimals {
            minor = append_digit(minor, b'0').ok_or(AmountError::TooLarge)?;
        }
        Ok(Self { minor, currency })
    }

    /// The whole number of minor units.
    #[must_use]
    pub const fn minor(self) -> u64 {
        self.minor
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether the amount is nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// The sum; nothing when the currencies differ or the sum does not fit.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let minor = self.minor.checked_add(other.minor)?;
        (self.currency == other.currency).then_some(Self { minor, ..self })
    }

    /// The difference; nothing when the currencies differ or `other` is the larger one.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        let minor = self.minor.checked_sub(other.minor)?;
        (self.currency == other.currency).then_some(Self { minor, ..self })
    }

    /// The number alone, as in `25.00`; [`parse`](Self::parse) reads it back.
    #[must_use]
    pub const fn decimal(self) -> Decimal {
        Decimal(self)
    }
}

fn append_digit(number: u64, digit: u8) -> Option<u64> {
    number.checked_mul(10)?.checked_add(u64::from(digit.checked_sub(b'0')?))
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(), self.currency)
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An amount shown without its currency; made by [`Amount::decimal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal(Amount);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = self.0.currency.exponent();
        let unit = 10u64.pow(u32::from(decimals));
        let whole = self.0.minor.checked_div(unit).unwrap_or(0);
        if decimals == 0 {
            return write!(f, "{whole}");
        }
        let rest = self.0.minor.checked_rem(unit).unwrap_or(0);
        write!(f, "{whole}.{rest:0width$}", width = usize::from(decimals))
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Amount {
    /// As text with the currency, never as a number that a reader could take for a float.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Something other than a digit (or the one point) stands at `offset`, or the text ends there.
    #[error("not an amount: expected a digit at position {offset}, as in 25.00")]
    NotADigit {
        /// Byte offset into the text.
        offset: usize,
    },
    /// A comma instead of the point.
    #[error("not an amount: a comma at position {offset}; write a point, as in 25.00")]
    Comma {
        /// Byte offset into the text.
        offset: usize,
    },
    /// More decimals than the currency has.
    #[error("too many decimals at position {offset}: the currency has {decimals}")]
    TooManyDecimals {
        /// Byte offset of the first one too many.
        offset: usize,
        /// Decimals of the currency.
        decimals: u8,
    },
    /// A minus sign.
    #[error("an amount is never negative: a credit is an operation of its own")]
    Negative,
    /// More minor units than 64 bits hold.
    #[error("the amount is too large")]
    TooLarge,
}
