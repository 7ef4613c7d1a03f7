//! Which ports the system has.

use std::string::String;
use std::vec::Vec;

use serialport::SerialPortType;

/// A serial port of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SerialPort {
    /// Its name, as [`SerialAddress`](super::SerialAddress) takes it: `/dev/ttyACM0`, `COM3`.
    pub path: String,
    /// What is known of the USB device behind it; none for a port that is not on USB.
    pub usb: Option<UsbDevice>,
}

/// A device on USB, as it describes itself. Ingenico terminals show 079B:0028 and 0B00:0080 (protocol notes, 2.10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsbDevice {
    /// Who made it, as a number (`idVendor`).
    pub vendor_id: u16,
    /// What it is, as a number of the vendor's (`idProduct`).
    pub product_id: u16,
    /// Which one it is. Not every device has a serial number.
    pub serial_number: Option<String>,
    /// Who made it.
    pub manufacturer: Option<String>,
    /// What it is.
    pub product: Option<String>,
}

/// The system does not tell which ports it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system does not tell which serial ports it has")]
pub struct PortsError;

/// The serial ports that the system has now, by name. Pseudo-terminals are not among them.
///
/// # Errors
/// When the system does not tell.
///
/// ```
/// for port in caisse_hal::serial::available_ports()? {
///     if let Some(usb) = port.usb {
///         println!("serial:{} {:04X}:{:04X}", port.path, usb.vendor_id, usb.product_id);
///     }
/// }
/// # Ok::<(), caisse_hal::serial::PortsError>(())
/// ```
pub fn available_ports() -> Result<Vec<SerialPort>, PortsError> {
    let found = serialport::available_ports().map_err(|_| PortsError)?;
    let mut ports: Vec<_> = found.into_iter().map(described).collect();
    ports.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(ports)
}

fn described(port: serialport::SerialPortInfo) -> SerialPort {
    let usb = match port.port_type {
        SerialPortType::UsbPort(usb) => Some(UsbDevice {
            vendor_id: usb.vid,
            product_id: usb.pid,
            serial_number: usb.serial_number,
            manufacturer: usb.manufacturer,
            product: usb.product,
        }),
        SerialPortType::PciPort | SerialPortType::BluetoothPort | SerialPortType::Unknown => None,
    };
    SerialPort { path: port.port_name, usb }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_device_says_of_itself_is_passed_on() {
        let usb = serialport::UsbPortInfo {
            vid: 0x079B,
            pid: 0x0028,
            serial_number: Some("123".into()),
            manufacturer: Some("Sagem".into()),
            product: None,
        };
        let port = |port_type| serialport::SerialPortInfo { port_name: "/dev/ttyACM0".into(), port_type };
        let described_usb = described(port(SerialPortType::UsbPort(usb)));
        let expected = UsbDevice {
            vendor_id: 0x079B,
            product_id: 0x0028,
            serial_number: Some("123".into()),
            manufacturer: Some("Sagem".into()),
            product: None,
        };
        assert_eq!(described_usb, SerialPort { path: "/dev/ttyACM0".into(), usb: Some(expected) });
        assert_eq!(described(port(SerialPortType::PciPort)).usb, None);
    }
}
