//! Where a terminal is.

use std::fmt;
use std::str::FromStr;

use crate::serial::{SerialAddress, SerialAddressError};
use crate::tcp::{self, TcpAddress};

/// The address of a terminal, on TCP or on a serial line.
///
/// ```
/// use caisse_hal::Address;
///
/// assert!(matches!("tcp://192.168.1.50".parse()?, Address::Tcp(_)));
/// assert!(matches!("serial:/dev/ttyACM0".parse()?, Address::Serial(_)));
/// assert!("usb:1".parse::<Address>().is_err());
/// # Ok::<(), caisse_hal::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// `tcp://HOST:PORT`
    Tcp(TcpAddress),
    /// `serial:PATH?baud=9600&line=7e1`
    Serial(SerialAddress),
}

/// The text is not the address of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It begins neither with `tcp://` nor with `serial:`.
    #[error("not an address: expected tcp://HOST:PORT or serial:PATH")]
    Scheme,
    /// It is no address on TCP.
    #[error(transparent)]
    Tcp(#[from] tcp::AddressError),
    /// It is no serial address.
    #[error(transparent)]
    Serial(#[from] SerialAddressError),
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.starts_with("tcp:") {
            Ok(Self::Tcp(text.parse()?))
        } else if text.starts_with("serial:") {
            Ok(Self::Serial(text.parse()?))
        } else {
            Err(AddressError::Scheme)
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Serial(address) => address.fmt(f),
        }
    }
}

impl From<TcpAddress> for Address {
    fn from(address: TcpAddress) -> Self {
        Self::Tcp(address)
    }
}

impl From<SerialAddress> for Address {
    fn from(address: SerialAddress) -> Self {
        Self::Serial(address)
    }
}
