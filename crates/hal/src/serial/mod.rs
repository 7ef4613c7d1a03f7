//! Serial and USB lines: their addresses, and with the feature `serial` the ports themselves.
//!
//! A terminal on USB shows itself as a serial port of the system (CDC-ACM). Speed and format of the line have no effect
//! there; they are sent all the same.

mod address;
#[cfg(feature = "serial")]
mod blocking;
#[cfg(feature = "serial")]
mod open;
#[cfg(feature = "serial")]
mod pace;
#[cfg(all(feature = "serial", any(not(unix), test)))]
mod port_other;
#[cfg(all(feature = "serial", unix))]
mod port_unix;
#[cfg(feature = "serial")]
mod ports;
mod pseudo;

pub use address::{SerialAddress, SerialAddressError};
#[cfg(feature = "serial")]
pub use blocking::SerialLink;
pub use caisse_link::serial::{Baud, DataBits, LineSettings, LineSettingsError, Parity, StopBits};
#[cfg(feature = "serial")]
pub use ports::{PortsError, SerialPort, UsbDevice, available_ports};
pub use pseudo::is_pseudo_terminal;

#[cfg(feature = "tokio-serial")]
pub(crate) use blocking::{CLOSING, LOOK};
#[cfg(feature = "tokio-serial")]
pub(crate) use open::{connect_error, settings};
#[cfg(feature = "tokio-serial")]
pub(crate) use pace::Pace;
