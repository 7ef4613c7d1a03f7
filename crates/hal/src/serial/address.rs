//! The address of a terminal on a serial line.

use std::borrow::ToOwned;
use std::fmt;
use std::str::FromStr;
use std::string::String;

use super::{DataBits, LineSettings, Parity, StopBits};

/// The address of a terminal on a serial or USB line: `serial:PATH?baud=9600&line=7e1`. Both settings may be left out;
/// then the line is 9600 baud, 7E1, as terminals are set up from the factory. On USB they have no effect.
///
/// The path is the port's name as the system knows it: `/dev/ttyACM0`, `/dev/serial/by-id/...` (which stays when other
/// devices come and go), `/dev/cu.usbmodem1411`, `COM3`. Nothing in it is decoded, and a question mark ends it.
///
/// ```
/// use caisse_hal::serial::SerialAddress;
///
/// let address: SerialAddress = "serial:/dev/ttyUSB0?baud=1200&line=8n1".parse()?;
/// assert_eq!((address.path(), address.line().baud), ("/dev/ttyUSB0", 1200));
/// assert_eq!("serial:COM3?line=7E1".parse::<SerialAddress>()?.to_string(), "serial:COM3");
/// assert!("serial:COM3?speed=9600".parse::<SerialAddress>().is_err());
/// # Ok::<(), caisse_hal::serial::SerialAddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SerialAddress {
    path: String,
    line: LineSettings,
}

/// The text is not the address of a serial terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SerialAddressError {
    /// It does not begin with `serial:`.
    #[error("not a serial address: expected serial:PATH, such as serial:/dev/ttyACM0 or serial:COM3")]
    Scheme,
    /// The path is empty or has control characters.
    #[error("the port: expected the name of one after serial:, such as /dev/ttyACM0 or COM3")]
    Path,
    /// A setting is neither `baud` nor `line`, is given twice, or has no value.
    #[error("the settings: expected ?baud=SPEED&line=BITS, each at most once")]
    Setting,
    /// The speed is none that terminals know.
    #[error("baud: expected 1200, 2400, 4800, 9600, 19200, 38400, 57600 or 115200")]
    Baud,
    /// The character format is not one of bits, parity and stop bits.
    #[error("line: expected bits, parity and stop bits, such as 7e1 or 8n1")]
    Line,
}

impl SerialAddress {
    /// An address from its parts.
    ///
    /// # Errors
    /// When the path is empty or has a control character or a question mark.
    pub fn new(path: &str, line: LineSettings) -> Result<Self, SerialAddressError> {
        if path.is_empty() || path.chars().any(|character| character.is_control() || character == '?') {
            return Err(SerialAddressError::Path);
        }
        Ok(Self { path: path.to_owned(), line })
    }

    /// The name of the port.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// How characters travel on the line.
    #[must_use]
    pub const fn line(&self) -> LineSettings {
        self.line
    }
}

impl FromStr for SerialAddress {
    type Err = SerialAddressError;

    fn from_str(text: &str) -> Result<Self, SerialAddressError> {
        let rest = text.strip_prefix("serial:").ok_or(SerialAddressError::Scheme)?;
        let (path, settings) = match rest.split_once('?') {
            Some((path, settings)) => (path, Some(settings)),
            None => (rest, None),
        };
        let (mut baud, mut format) = (None, None);
        for setting in settings.into_iter().flat_map(|settings| settings.split('&')) {
            let (key, value) = setting.split_once('=').ok_or(SerialAddressError::Setting)?;
            let before = match key {
                "baud" => baud.replace(baud_of(value)?).is_some(),
                "line" => format.replace(format_of(value)?).is_some(),
                _ => return Err(SerialAddressError::Setting),
            };
            if before {
                return Err(SerialAddressError::Setting);
            }
        }
        let mut line = LineSettings::default();
        if let Some(baud) = baud {
            line.baud = baud;
        }
        if let Some((data_bits, parity, stop_bits)) = format {
            line = LineSettings { data_bits, parity, stop_bits, ..line };
        }
        Self::new(path, line)
    }
}

/// The speeds of `concert-v2-and-links`, section 2.1, and the two between them that such ports have as well.
const SPEEDS: [u32; 8] = [1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200];

fn baud_of(value: &str) -> Result<u32, SerialAddressError> {
    // `parse` alone would take a sign and leading zeros.
    SPEEDS.into_iter().find(|speed| std::format!("{speed}") == value).ok_or(SerialAddressError::Baud)
}

fn format_of(value: &str) -> Result<(DataBits, Parity, StopBits), SerialAddressError> {
    let [data_bits, parity, stop_bits] = *value.as_bytes() else { return Err(SerialAddressError::Line) };
    let data_bits = match data_bits {
        b'7' => DataBits::Seven,
        b'8' => DataBits::Eight,
        _ => return Err(SerialAddressError::Line),
    };
    let parity = match parity.to_ascii_lowercase() {
        b'n' => Parity::None,
        b'e' => Parity::Even,
        b'o' => Parity::Odd,
        _ => return Err(SerialAddressError::Line),
    };
    let stop_bits = match stop_bits {
        b'1' => StopBits::One,
        b'2' => StopBits::Two,
        _ => return Err(SerialAddressError::Line),
    };
    Ok((data_bits, parity, stop_bits))
}

/// Settings that are the usual ones are left out.
impl fmt::Display for SerialAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, usual) = (self.line, LineSettings::default());
        write!(f, "serial:{}", self.path)?;
        let mut mark = '?';
        if line.baud != usual.baud {
            write!(f, "{mark}baud={}", line.baud)?;
            mark = '&';
        }
        if line != (LineSettings { baud: line.baud, ..usual }) {
            let data_bits = match line.data_bits {
                DataBits::Seven => '7',
                DataBits::Eight => '8',
            };
            let parity = match line.parity {
                Parity::None => 'n',
                Parity::Even => 'e',
                Parity::Odd => 'o',
            };
            let stop_bits = match line.stop_bits {
                StopBits::One => '1',
                StopBits::Two => '2',
            };
            write!(f, "{mark}line={data_bits}{parity}{stop_bits}")?;
        }
        Ok(())
    }
}
