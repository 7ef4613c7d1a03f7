//! Speed and form of a character on the line.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

/// Bits per second. PayXpert's serial page names 1200, 9600, 19200, 38400, 57600 and 115200; the two between the first
/// are usual on ports and named by no source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Baud {
    /// 1200: an iCT250 in the field.
    B1200,
    /// 2400: no source.
    B2400,
    /// 4800: no source.
    B4800,
    /// 9600: nearly every till.
    #[default]
    B9600,
    /// 19200.
    B19200,
    /// 38400.
    B38400,
    /// 57600.
    B57600,
    /// 115200.
    B115200,
}

impl Baud {
    /// Every one, slowest first.
    pub const ALL: [Self; 8] = [
        Self::B1200,
        Self::B2400,
        Self::B4800,
        Self::B9600,
        Self::B19200,
        Self::B38400,
        Self::B57600,
        Self::B115200,
    ];

    /// Bits per second.
    #[must_use]
    pub const fn bits_per_second(self) -> u32 {
        match self {
            Self::B1200 => 1200,
            Self::B2400 => 2400,
            Self::B4800 => 4800,
            Self::B9600 => 9600,
            Self::B19200 => 19200,
            Self::B38400 => 38400,
            Self::B57600 => 57600,
            Self::B115200 => 115_200,
        }
    }

    /// The speed of so many bits per second.
    #[must_use]
    pub fn from_bits_per_second(bits: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|baud| baud.bits_per_second() == bits)
    }
}

/// How many bits of a character carry data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DataBits {
    /// Seven.
    #[default]
    Seven,
    /// Eight.
    Eight,
}

/// The parity bit of a character.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Parity {
    /// There is none.
    None,
    /// It makes the number of ones even.
    #[default]
    Even,
    /// It makes the number of ones odd.
    Odd,
}

/// How many stop bits end a character.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StopBits {
    /// One.
    #[default]
    One,
    /// Two.
    Two,
}

/// Speed and form of a character. There is no flow control on this line.
///
/// The default is 9600 7E1: the usual speed, and the form that PayXpert's page states and five tills use on a real
/// RS-232 line. On USB (CDC-ACM) the device ignores all of it.
///
/// ```
/// use caisse_link::serial::{Baud, LineSettings};
///
/// let slow: LineSettings = "baud=1200&line=7e1".parse()?;
/// assert_eq!(slow, LineSettings { baud: Baud::B1200, ..LineSettings::default() });
/// assert_eq!("line=8N1".parse::<LineSettings>()?.to_string(), "baud=9600&line=8n1");
/// # Ok::<(), caisse_link::serial::LineSettingsError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LineSettings {
    /// Speed.
    pub baud: Baud,
    /// Data bits.
    pub data_bits: DataBits,
    /// Parity.
    pub parity: Parity,
    /// Stop bits.
    pub stop_bits: StopBits,
}

impl LineSettings {
    /// 9600 7E1, the default.
    pub const RS232: Self = Self {
        baud: Baud::B9600,
        data_bits: DataBits::Seven,
        parity: Parity::Even,
        stop_bits: StopBits::One,
    };

    /// 9600 8N1: what tills in the field set on USB, where it has no effect.
    pub const USB: Self = Self { data_bits: DataBits::Eight, parity: Parity::None, ..Self::RS232 };

    /// How many bits a character takes on the line, start and stop bits counted.
    #[must_use]
    pub const fn bits_per_character(self) -> u32 {
        let data = match self.data_bits {
            DataBits::Seven => 7_u32,
            DataBits::Eight => 8,
        };
        let parity = match self.parity {
            Parity::None => 0,
            Parity::Even | Parity::Odd => 1,
        };
        let stop = match self.stop_bits {
            StopBits::One => 1,
            StopBits::Two => 2,
        };
        data.saturating_add(parity).saturating_add(stop).saturating_add(1)
    }

    /// How long so many bytes take on the line.
    ///
    /// ```
    /// use caisse_link::serial::{Baud, LineSettings};
    /// use core::time::Duration;
    ///
    /// let slow = LineSettings { baud: Baud::B1200, ..LineSettings::default() };
    /// // The longest frame outlasts the 3 s in which its acknowledgement is due.
    /// assert_eq!(slow.time_of(515), Duration::from_micros(4_291_667));
    /// ```
    #[must_use]
    pub fn time_of(self, bytes: usize) -> Duration {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let bits = bytes.saturating_mul(u64::from(self.bits_per_character()));
        let micros = bits.saturating_mul(1_000_000).div_ceil(u64::from(self.baud.bits_per_second()));
        Duration::from_micros(micros)
    }
}

impl fmt::Display for LineSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = match self.data_bits {
            DataBits::Seven => '7',
            DataBits::Eight => '8',
        };
        let parity = match self.parity {
            Parity::None => 'n',
            Parity::Even => 'e',
            Parity::Odd => 'o',
        };
        let stop = match self.stop_bits {
            StopBits::One => '1',
            StopBits::Two => '2',
        };
        write!(f, "baud={}&line={data}{parity}{stop}", self.baud.bits_per_second())
    }
}

/// Why a text is not a line's settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineSettingsError {
    /// A key that is not known, or a part without a value.
    #[error("part {part}: expected baud=SPEED or line=FORM")]
    Key {
        /// Which part, counted from 1.
        part: usize,
    },
    /// A key that was given before.
    #[error("part {part}: given twice")]
    Twice {
        /// Which part, counted from 1.
        part: usize,
    },
    /// A speed that is not known.
    #[error("baud: expected 1200, 2400, 4800, 9600, 19200, 38400, 57600 or 115200")]
    Baud,
    /// A form that is not known.
    #[error("line: expected data bits 7 or 8, parity n, e or o, stop bits 1 or 2, as in 7e1")]
    Line,
}

impl FromStr for LineSettings {
    type Err = LineSettingsError;

    /// Reads `baud=9600&line=7e1`; what is not named keeps its default, and an empty text is all defaults.
    fn from_str(text: &str) -> Result<Self, LineSettingsError> {
        let mut settings = Self::default();
        let (mut baud, mut line) = (false, false);
        for (part, pair) in (1..).zip(text.split('&').filter(|_| !text.is_empty())) {
            let given = match pair.split_once('=') {
                Some(("baud", value)) => {
                    settings.baud = read_baud(value).ok_or(LineSettingsError::Baud)?;
                    &mut baud
                }
                Some(("line", value)) => {
                    (settings.data_bits, settings.parity, settings.stop_bits) =
                        read_form(value).ok_or(LineSettingsError::Line)?;
                    &mut line
                }
                _ => return Err(LineSettingsError::Key { part }),
            };
            if core::mem::replace(given, true) {
                return Err(LineSettingsError::Twice { part });
            }
        }
        Ok(settings)
    }
}

fn read_baud(text: &str) -> Option<Baud> {
    // Digits only: a number's parser would take a sign or leading zeros.
    let plain = text.starts_with(|first: char| matches!(first, '1'..='9'));
    Baud::from_bits_per_second(text.parse().ok().filter(|_| plain)?)
}

fn read_form(text: &str) -> Option<(DataBits, Parity, StopBits)> {
    let &[data, parity, stop] = text.as_bytes() else { return None };
    let data = match data {
        b'7' => DataBits::Seven,
        b'8' => DataBits::Eight,
        _ => return None,
    };
    let parity = match parity {
        b'n' | b'N' => Parity::None,
        b'e' | b'E' => Parity::Even,
        b'o' | b'O' => Parity::Odd,
        _ => return None,
    };
    let stop = match stop {
        b'1' => StopBits::One,
        b'2' => StopBits::Two,
        _ => return None,
    };
    Some((data, parity, stop))
}
