//! Currencies of ISO 4217: code, number and decimals.

mod table;

use core::fmt;
use core::str::FromStr;

use table::TABLE;

/// For each number its row in the table: a look-up without a search, because every message that carries money comes here.
static BY_NUMBER: [u8; 1000] = by_number();

#[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "computed by the compiler")]
const fn by_number() -> [u8; 1000] {
    assert!(TABLE.len() < u8::MAX as usize, "the last number of a byte is that of no row");
    let mut rows = [u8::MAX; 1000];
    let mut row = 0;
    while row < TABLE.len() {
        rows[TABLE[row].1 as usize] = row as u8;
        row += 1;
    }
    rows
}

/// A currency of ISO 4217 with the decimals of its minor unit (0, 2 or 3).
///
/// ```
/// use caisse_payment::Currency;
///
/// let yen: Currency = "JPY".parse()?;
/// assert_eq!((yen.numeric(), yen.exponent()), (392, 0));
/// assert_eq!(Currency::from_numeric(978), Some(Currency::EUR));
/// # Ok::<(), caisse_payment::UnknownCurrency>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency {
    code: &'static str,
    numeric: u16,
    exponent: u8,
}

impl Currency {
    /// The euro: 978, two decimals.
    pub const EUR: Self = Self { code: "EUR", numeric: 978, exponent: 2 };

    /// Finds a currency by its alphabetic code: three letters A-Z, as in `EUR`.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let row = TABLE.binary_search_by(|row| row.0.cmp(code)).ok()?;
        TABLE.get(row).copied().map(Self::from_row)
    }

    /// Finds a currency by its number, as the protocol's tag CE carries it.
    #[inline]
    #[must_use]
    pub fn from_numeric(numeric: u16) -> Option<Self> {
        let row = BY_NUMBER.get(usize::from(numeric)).copied()?;
        TABLE.get(usize::from(row)).copied().map(Self::from_row)
    }

    /// Every currency known here, in alphabetic order of the codes.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().copied().map(Self::from_row)
    }

    const fn from_row((code, numeric, exponent): (&'static str, u16, u8)) -> Self {
        Self { code, numeric, exponent }
    }

    /// The alphabetic code: three letters.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.code
    }

    /// The number, 8 to 999; three digits on the wire.
    #[must_use]
    pub const fn numeric(self) -> u16 {
        self.numeric
    }

    /// How many decimals the minor unit has: 0, 2 or 3.
    #[must_use]
    pub const fn exponent(self) -> u8 {
        self.exponent
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(text: &str) -> Result<Self, UnknownCurrency> {
        Self::from_code(text).ok_or(UnknownCurrency)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code)
    }
}

/// The text is not the code of a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a currency: expected a code of ISO 4217 in capital letters, such as EUR")]
pub struct UnknownCurrency;
