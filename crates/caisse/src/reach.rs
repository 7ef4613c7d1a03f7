//! How a terminal is reached now, in the words of the journal.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use caisse_hal::Address;
use caisse_hal::serial::{SerialPort, UsbDevice, available_ports};
use caisse_payment::{PaymentMeans, UsbIdentity};
use caisse_settlement::{TerminalIdentity, TerminalKey};

use crate::builder::{peer_name, plain};

/// The longest wait for the numeric addresses of a host.
const RESOLVE: Duration = Duration::from_secs(5);

/// The longest serial number of a USB device that is kept: an identity has 64 characters, and 14 come before.
const MAX_SERIAL_NUMBER: usize = 50;

/// How a terminal is reached: under which name, and at which address. A link of the caller's own has no address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach<'r> {
    pub(crate) key: TerminalKey,
    pub(crate) at: Option<&'r Address>,
}

impl Reach<'_> {
    /// The terminal as it is reached now.
    pub(crate) fn identity(&self) -> TerminalIdentity {
        TerminalIdentity {
            address: self.key.address,
            usb: self.at.and_then(usb_identity),
            ..TerminalIdentity::new(PaymentMeans::CaisseAp, self.key.terminal)
        }
    }

    /// The same, for the comparison with the terminal to which a transaction was sent: a host that is given by its name has
    /// the recorded address if that is one of its numeric addresses.
    pub(crate) fn identity_for(&self, recorded: &TerminalIdentity) -> TerminalIdentity {
        let found = self.identity();
        let Some(Address::Tcp(tcp)) = self.at else { return found };
        if recorded.has_address_of(&found) || tcp.host().parse::<IpAddr>().is_ok() {
            return found;
        }
        let numeric = tcp.resolve(RESOLVE).unwrap_or_default();
        let mut same = numeric.into_iter().map(|peer| TerminalIdentity { address: peer_name(peer), ..found });
        same.find(|found| recorded.has_address_of(found)).unwrap_or(found)
    }

    /// The same, once a connection leads to this address. A host that is recorded by its name, as earlier versions did, is
    /// compared by its name.
    pub(crate) fn identity_at(
        &self,
        recorded: &TerminalIdentity,
        peer: Option<SocketAddr>,
    ) -> TerminalIdentity {
        let Some(address) = peer.and_then(peer_name) else { return self.identity_for(recorded) };
        let by_name = self.identity();
        let connected = TerminalIdentity { address: Some(address), ..by_name };
        let is_by_name = recorded.has_address_of(&by_name) && !recorded.has_address_of(&connected);
        if is_by_name { by_name } else { connected }
    }
}

/// Returns the identity of the USB device at a serial port, where the system shows one.
pub(crate) fn usb_identity(address: &Address) -> Option<UsbIdentity> {
    let Address::Serial(address) = address else { return None };
    identity_among(&available_ports().ok()?, Path::new(address.path()))
}

fn identity_among(ports: &[SerialPort], path: &Path) -> Option<UsbIdentity> {
    let device_at =
        |port: &SerialPort| port.usb.clone().filter(|_| real(Path::new(&port.path)) == real(path));
    let device = ports.iter().find_map(device_at)?;
    let UsbDevice { vendor_id, product_id, .. } = device;
    let model = format!("usb:{vendor_id:04x}:{product_id:04x}");
    // Some makers give all their devices one serial number: then it tells none of them.
    let mut alike: Vec<&str> = ports.iter().filter(|port| is_alike(port, &device)).map(line_of).collect();
    alike.dedup();
    let number = device.serial_number.as_deref().map(plain).filter(|number| !number.is_empty());
    let number = number.filter(|_| alike.len() == 1);
    match number.and_then(|it| it.get(it.len().saturating_sub(MAX_SERIAL_NUMBER)..).map(str::to_owned)) {
        Some(number) => format!("{model}:{number}").parse().ok(),
        None => model.parse().ok(),
    }
}

fn is_alike(port: &SerialPort, device: &UsbDevice) -> bool {
    let identity = |it: &UsbDevice| (it.vendor_id, it.product_id, it.serial_number.clone());
    port.usb.as_ref().map(identity) == Some(identity(device))
}

/// The name of a port without what macOS puts before it: each port has two names there.
fn line_of(port: &SerialPort) -> &str {
    let path = port.path.as_str();
    path.strip_prefix("/dev/cu.").or_else(|| path.strip_prefix("/dev/tty.")).unwrap_or(path)
}

/// Through all symbolic links, where that is possible.
fn real(path: &Path) -> PathBuf {
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    match real.to_str() {
        Some(text) => text.replace("/dev/cu.", "/dev/tty.").into(),
        None => real,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(path: &str, serial_number: Option<&str>) -> SerialPort {
        let usb = UsbDevice {
            vendor_id: 0x079b,
            product_id: 0x0028,
            serial_number: serial_number.map(str::to_owned),
            manufacturer: None,
            product: None,
        };
        SerialPort { path: path.to_owned(), usb: Some(usb) }
    }

    fn identity(ports: &[SerialPort], path: &str) -> Option<String> {
        identity_among(ports, Path::new(path)).map(|identity| identity.to_string())
    }

    #[test]
    fn a_device_is_known_by_vendor_product_and_serial_number() {
        let bare = SerialPort { path: "/dev/ttyS9".to_owned(), usb: None };
        let ports = [bare, port("/dev/ttyACM7", Some("1234 56/A")), port("/dev/ttyACM8", None)];
        assert_eq!(identity(&ports, "/dev/ttyACM7").as_deref(), Some("usb:079b:0028:1234:56:A"));
        assert_eq!(identity(&ports, "/dev/ttyACM8").as_deref(), Some("usb:079b:0028"));
        assert_eq!(identity(&ports, "/dev/ttyS9"), None);
        assert_eq!(identity(&ports, "/dev/ttyACM9"), None);
        let long = "9".repeat(200);
        assert_eq!(
            identity(&[port("/dev/ttyACM7", Some(&long))], "/dev/ttyACM7").map(|it| it.len()),
            Some(64)
        );
    }

    #[test]
    fn a_serial_number_that_several_devices_have_tells_none_of_them() {
        let ports = [port("/dev/ttyUSB7", Some("0001")), port("/dev/ttyUSB8", Some("0001"))];
        assert_eq!(identity(&ports, "/dev/ttyUSB7").as_deref(), Some("usb:079b:0028"));
        assert_eq!(identity(&ports[..1], "/dev/ttyUSB7").as_deref(), Some("usb:079b:0028:0001"));
        // On macOS each port has two names.
        let ports = [port("/dev/cu.usbmodem1", Some("7")), port("/dev/tty.usbmodem1", Some("7"))];
        for path in ["/dev/cu.usbmodem1", "/dev/tty.usbmodem1"] {
            assert_eq!(identity(&ports, path).as_deref(), Some("usb:079b:0028:7"), "{path}");
        }
    }

    #[test]
    fn an_empty_serial_number_is_none() {
        assert_eq!(
            identity(&[port("/dev/ttyUSB7", Some(""))], "/dev/ttyUSB7").as_deref(),
            Some("usb:079b:0028")
        );
    }
}
