//! The address of a terminal on a serial line.

use std::borrow::ToOwned;
use std::fmt;
use std::str::FromStr;
use std::string::String;

use caisse_link::serial::{LineSettings, LineSettingsError};

/// The address of a terminal on a serial or USB line: `serial:PATH?baud=9600&line=7e1`. Both settings may be left out;
/// then the line is the usual one of its kind of terminal, 9600 baud and 7E1 as they are set up from the factory unless
/// somebody knows better. On USB they have no effect.
///
/// The path is the port's name as the system knows it: `/dev/ttyACM0`, `/dev/serial/by-id/...` (which stays when other
/// devices come and go), `/dev/cu.usbmodem1411`, `COM3`. Nothing in it is decoded, and a question mark ends it.
///
/// ```
/// use caisse_hal::serial::{Baud, SerialAddress};
///
/// let address: SerialAddress = "serial:/dev/ttyUSB0?baud=1200&line=8n1".parse()?;
/// assert_eq!((address.path(), address.line().baud), ("/dev/ttyUSB0", Baud::B1200));
/// assert_eq!("serial:COM3".parse::<SerialAddress>()?.line().to_string(), "baud=9600&line=7e1");
/// assert!("serial:COM3?speed=9600".parse::<SerialAddress>().is_err());
/// # Ok::<(), caisse_hal::serial::SerialAddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SerialAddress {
    path: String,
    line: Option<LineSettings>,
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
    /// What follows the question mark is not the settings of a line.
    #[error("the settings after the question mark: {0}")]
    Line(#[from] LineSettingsError),
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
        Ok(Self { path: path.to_owned(), line: Some(line) })
    }

    /// The name of the port.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// How characters travel on the line.
    #[must_use]
    pub fn line(&self) -> LineSettings {
        self.line.unwrap_or_default()
    }

    /// The same address, on this line if it names no settings of its own.
    #[must_use]
    pub fn with_usual_line(mut self, line: LineSettings) -> Self {
        self.line.get_or_insert(line);
        self
    }
}

impl FromStr for SerialAddress {
    type Err = SerialAddressError;

    fn from_str(text: &str) -> Result<Self, SerialAddressError> {
        let rest = text.strip_prefix("serial:").ok_or(SerialAddressError::Scheme)?;
        let Some((path, settings)) = rest.split_once('?') else {
            return Ok(Self { line: None, ..Self::new(rest, LineSettings::default())? });
        };
        Self::new(path, settings.parse()?)
    }
}

/// Settings stand there if they were said.
impl fmt::Display for SerialAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "serial:{}", self.path)?;
        self.line.map_or(Ok(()), |line| write!(f, "?{line}"))
    }
}
