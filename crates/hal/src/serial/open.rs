//! Opening a port of the system.

use std::borrow::ToOwned;
use std::io;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serialport::{ErrorKind, FlowControl, SerialPortBuilder};

use super::{DataBits, Parity, SerialAddress, StopBits};
use crate::ConnectError;
use crate::deadline::Deadline;

/// What is asked of the system. Ports are opened for one program alone: two tills on one line would garble a payment.
/// Not so pseudo-terminals: there `TIOCEXCL` outlives a program that was killed, and would shut out all later ones.
pub(crate) fn settings(address: &SerialAddress) -> SerialPortBuilder {
    let line = address.line();
    let pseudo = super::is_pseudo_terminal(address.path());
    // macOS cannot set the speed of a pseudo-terminal: the crate takes zero for "leave it".
    let leave = cfg!(target_vendor = "apple") && pseudo;
    serialport::new(address.path(), if leave { 0 } else { line.baud.bits_per_second() })
        .data_bits(match line.data_bits {
            DataBits::Seven => serialport::DataBits::Seven,
            DataBits::Eight => serialport::DataBits::Eight,
        })
        .parity(match line.parity {
            Parity::None => serialport::Parity::None,
            Parity::Even => serialport::Parity::Even,
            Parity::Odd => serialport::Parity::Odd,
        })
        .stop_bits(match line.stop_bits {
            StopBits::One => serialport::StopBits::One,
            StopBits::Two => serialport::StopBits::Two,
        })
        // Terminals know none: concert-v2-and-links, section 2.1.
        .flow_control(FlowControl::None)
        .exclusive(!pseudo)
}

/// Runs what opens a port, and has no deadline of its own, in a thread that may be left behind. A port that opens when
/// nobody waits any more is closed at once.
pub(super) fn open_within<P: Send + 'static>(
    address: &SerialAddress,
    within: Duration,
    is_stopped: &dyn Fn() -> bool,
    open: fn(&SerialPortBuilder) -> serialport::Result<P>,
) -> Result<P, ConnectError> {
    let deadline = Deadline::after(within);
    let builder = settings(address);
    let (sender, receiver) = mpsc::channel();
    let opener = thread::Builder::new().name("open".to_owned());
    let spawned = opener.spawn(move || {
        // Dropped, and so closed, when this fails.
        let _ = sender.send(open(&builder));
    });
    spawned.map_err(|_| ConnectError::Other)?;
    deadline.receive(&receiver, is_stopped)?.map_err(|error| connect_error(&error, address))
}

/// Why the port did not open. The crate keeps the kinds that it knows and only a text for the rest.
pub(crate) fn connect_error(error: &serialport::Error, address: &SerialAddress) -> ConnectError {
    let path = Path::new(address.path());
    match error.kind() {
        ErrorKind::Io(io::ErrorKind::NotFound) => ConnectError::PortNotFound,
        ErrorKind::Io(io::ErrorKind::PermissionDenied) => ConnectError::PermissionDenied,
        ErrorKind::NoDevice if is_there(path) => ConnectError::PortBusy,
        // A driver whose device has just gone has an error of its own.
        _ if !is_there(path) => ConnectError::PortNotFound,
        _ if is_something_else(path) => ConnectError::NotAPort,
        _ => ConnectError::Other,
    }
}

#[cfg(unix)]
fn is_there(path: &Path) -> bool {
    path.exists()
}

/// Windows has no files for its ports.
#[cfg(not(unix))]
fn is_there(path: &Path) -> bool {
    let name = path.to_str().unwrap_or_default();
    let name = name.strip_prefix(r"\\.\").unwrap_or(name);
    // A list that cannot be had proves nothing.
    serialport::available_ports()
        .map_or(true, |ports| ports.iter().any(|port| port.port_name.eq_ignore_ascii_case(name)))
}

#[cfg(unix)]
fn is_something_else(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;

    path.metadata().is_ok_and(|found| !found.file_type().is_char_device())
}

#[cfg(not(unix))]
fn is_something_else(_: &Path) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::serial::{Baud, LineSettings};

    #[test]
    fn each_kind_of_failure_has_its_error() {
        let at = |path: &str| SerialAddress::new(path, LineSettings::default()).unwrap();
        let error = |kind, path: &str| connect_error(&serialport::Error::new(kind, ""), &at(path));
        use ConnectError as E;
        use io::ErrorKind as Io;
        for (kind, path, expected) in [
            (ErrorKind::Io(Io::NotFound), "/dev/null", E::PortNotFound),
            (ErrorKind::Io(Io::PermissionDenied), "/dev/null", E::PermissionDenied),
            // What the crate says of a port that is in use.
            (ErrorKind::NoDevice, "/dev/null", E::PortBusy),
            (ErrorKind::NoDevice, "/dev/no-such-port", E::PortNotFound),
            (ErrorKind::Unknown, "/dev/no-such-port", E::PortNotFound),
            (ErrorKind::Unknown, "/dev", E::NotAPort),
            (ErrorKind::Unknown, "/dev/null", E::Other),
            (ErrorKind::InvalidInput, "/dev/null", E::Other),
        ] {
            assert_eq!(error(kind, path), expected, "{kind:?} {path}");
        }
    }

    #[test]
    fn a_port_that_takes_too_long_to_open_is_given_up() {
        let address = SerialAddress::new("/dev/null", LineSettings::default()).unwrap();
        let slow = |_: &SerialPortBuilder| {
            thread::sleep(Duration::from_secs(3));
            Ok(())
        };
        let start = std::time::Instant::now();
        assert_eq!(
            open_within(&address, Duration::from_millis(50), &|| false, slow),
            Err(ConnectError::TimedOut)
        );
        let waited = start.elapsed();
        assert!(waited >= Duration::from_millis(50) && waited < Duration::from_millis(2_500), "{waited:?}");
        assert_eq!(open_within(&address, Duration::from_secs(5), &|| false, |_| Ok(7)), Ok(7));
    }

    #[test]
    fn an_exclusive_port_is_opened_once() {
        let (_far, near) = serialport::TTYPort::pair().unwrap();
        let path = serialport::SerialPort::name(&near).unwrap();
        drop(near);
        let address = SerialAddress::new(&path, LineSettings::default()).unwrap();
        let alone = |builder: &SerialPortBuilder| builder.clone().exclusive(true).open_native();
        let first = open_within(&address, Duration::from_secs(5), &|| false, alone).unwrap();
        // With and without asking for the port alone.
        let second = open_within(&address, Duration::from_secs(5), &|| false, alone);
        assert_eq!(second.err(), Some(ConnectError::PortBusy));
        let third =
            open_within(&address, Duration::from_secs(5), &|| false, |builder| builder.clone().open_native());
        assert_eq!(third.err(), Some(ConnectError::PortBusy));
        drop(first);
        assert!(open_within(&address, Duration::from_secs(5), &|| false, alone).is_ok());
    }

    #[test]
    fn the_system_is_asked_for_the_line_of_the_address() {
        let line = LineSettings {
            baud: Baud::B1200,
            data_bits: DataBits::Eight,
            parity: Parity::Odd,
            stop_bits: StopBits::Two,
        };
        let asked = settings(&SerialAddress::new("COM3", line).unwrap());
        let expected = serialport::new("COM3", 1_200)
            .data_bits(serialport::DataBits::Eight)
            .parity(serialport::Parity::Odd)
            .stop_bits(serialport::StopBits::Two);
        assert_eq!(asked, expected);
        let usual = settings(&"serial:COM3".parse().unwrap());
        let expected = serialport::new("COM3", 9_600)
            .data_bits(serialport::DataBits::Seven)
            .parity(serialport::Parity::Even)
            .stop_bits(serialport::StopBits::One);
        assert_eq!(usual, expected);
        assert_eq!(usual, expected.clone().exclusive(true));
        assert_ne!(usual, expected.exclusive(false));
    }

    #[test]
    fn a_pseudo_terminal_is_shared_and_has_a_speed() {
        let (_far, near) = serialport::TTYPort::pair().unwrap();
        let path = serialport::SerialPort::name(&near).unwrap();
        let asked = settings(&SerialAddress::new(&path, LineSettings::default()).unwrap());
        let speed = if cfg!(target_vendor = "apple") { 0 } else { 9_600 };
        let usual = settings(&SerialAddress::new("COM3", LineSettings::default()).unwrap());
        assert_eq!(asked, usual.path(path).baud_rate(speed).exclusive(false));
    }
}
