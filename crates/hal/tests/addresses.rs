//! Addresses of terminals: read strictly, written back.
#![cfg(feature = "std")]

use caisse_hal::serial::{
    Baud, DataBits, LineSettings, LineSettingsError, Parity, SerialAddress, SerialAddressError, StopBits,
};
use caisse_hal::{Address, AddressError};

fn line(baud: Baud, data_bits: DataBits, parity: Parity, stop_bits: StopBits) -> LineSettings {
    LineSettings { baud, data_bits, parity, stop_bits }
}

#[test]
fn serial_addresses_are_read_and_written_back() {
    let usual = line(Baud::B9600, DataBits::Seven, Parity::Even, StopBits::One);
    assert_eq!(LineSettings::default(), usual);
    let eight = line(Baud::B9600, DataBits::Eight, Parity::None, StopBits::One);
    let odd = line(Baud::B115200, DataBits::Seven, Parity::Odd, StopBits::Two);
    for (text, path, expected, written) in [
        ("serial:/dev/ttyACM0", "/dev/ttyACM0", usual, "serial:/dev/ttyACM0"),
        ("serial:COM3", "COM3", usual, "serial:COM3"),
        (r"serial:\\.\COM12", r"\\.\COM12", usual, r"serial:\\.\COM12"),
        ("serial:COM3?baud=9600&line=7e1", "COM3", usual, "serial:COM3?baud=9600&line=7e1"),
        ("serial:COM3?line=8N1", "COM3", eight, "serial:COM3?baud=9600&line=8n1"),
        ("serial:COM3?line=7o2&baud=115200", "COM3", odd, "serial:COM3?baud=115200&line=7o2"),
        (
            "serial:/dev/serial/by-id/usb-INGENICO_SAGEM Monetel-if00#é&=",
            "/dev/serial/by-id/usb-INGENICO_SAGEM Monetel-if00#é&=",
            usual,
            "serial:/dev/serial/by-id/usb-INGENICO_SAGEM Monetel-if00#é&=",
        ),
        (
            "serial:/dev/ttyS0?baud=1200",
            "/dev/ttyS0",
            LineSettings { baud: Baud::B1200, ..usual },
            "serial:/dev/ttyS0?baud=1200&line=7e1",
        ),
    ] {
        let address: SerialAddress = text.parse().expect(text);
        assert_eq!((address.path(), address.line()), (path, expected), "{text}");
        assert_eq!(address.to_string(), written);
        assert_eq!(written.parse(), Ok(address.clone()));
        assert_eq!(text.parse(), Ok(Address::from(address.clone())));
        assert_eq!(Address::from(address).to_string(), written);
    }
}

#[test]
fn the_usual_line_is_for_addresses_that_name_none() {
    let eight = line(Baud::B1200, DataBits::Eight, Parity::None, StopBits::One);
    for (text, expected) in [
        ("serial:COM3", "serial:COM3?baud=1200&line=8n1"),
        ("serial:COM3?baud=9600&line=7e1", "serial:COM3?baud=9600&line=7e1"),
        ("serial:COM3?baud=4800", "serial:COM3?baud=4800&line=7e1"),
        ("serial:COM3?", "serial:COM3?baud=9600&line=7e1"),
    ] {
        let address: SerialAddress = text.parse().unwrap();
        assert_eq!(address.with_usual_line(eight).to_string(), expected, "{text}");
    }
}

#[test]
fn every_speed_and_format_survives_writing() {
    let mut seen = 0;
    for baud in ["1200", "2400", "4800", "9600", "19200", "38400", "57600", "115200"] {
        for format in ["7n1", "7n2", "7e1", "7e2", "7o1", "7o2", "8n1", "8n2", "8e1", "8e2", "8o1", "8o2"] {
            let address: SerialAddress = format!("serial:COM1?baud={baud}&line={format}").parse().unwrap();
            assert_eq!(address.line().baud.bits_per_second().to_string(), baud);
            assert_eq!(address.to_string().parse(), Ok(address));
            seen += 1;
        }
    }
    assert_eq!(seen, 96);
}

#[test]
fn what_is_no_serial_address_says_why() {
    use LineSettingsError as L;
    use SerialAddressError as E;
    for (text, expected) in [
        ("", E::Scheme),
        ("/dev/ttyACM0", E::Scheme),
        ("Serial:COM3", E::Scheme),
        ("serial:", E::Path),
        ("serial:?baud=9600", E::Path),
        ("serial:COM3\n", E::Path),
        ("serial:COM\u{7f}3", E::Path),
        ("serial:COM3?baud", E::Line(L::Key { part: 1 })),
        ("serial:COM3?baud=9600&", E::Line(L::Key { part: 2 })),
        ("serial:COM3?speed=9600", E::Line(L::Key { part: 1 })),
        ("serial:COM3?Baud=9600", E::Line(L::Key { part: 1 })),
        ("serial:COM3?baud=9600&baud=9600", E::Line(L::Twice { part: 2 })),
        ("serial:COM3?line=7e1&line=8n1", E::Line(L::Twice { part: 2 })),
        ("serial:COM3?baud=", E::Line(L::Baud)),
        ("serial:COM3?baud=0", E::Line(L::Baud)),
        ("serial:COM3?baud=9601", E::Line(L::Baud)),
        ("serial:COM3?baud=+9600", E::Line(L::Baud)),
        ("serial:COM3?baud=09600", E::Line(L::Baud)),
        ("serial:COM3?baud=9600?line=7e1", E::Line(L::Baud)),
        ("serial:COM3?line=", E::Line(L::Line)),
        ("serial:COM3?line=7e", E::Line(L::Line)),
        ("serial:COM3?line=7e11", E::Line(L::Line)),
        ("serial:COM3?line=6e1", E::Line(L::Line)),
        ("serial:COM3?line=7m1", E::Line(L::Line)),
        ("serial:COM3?line=7e3", E::Line(L::Line)),
        ("serial:COM3?line=7é", E::Line(L::Line)),
    ] {
        assert_eq!(text.parse::<SerialAddress>(), Err(expected), "{text}");
        assert!(text.parse::<Address>().is_err(), "{text}");
    }
    assert_eq!(SerialAddress::new("a?b", LineSettings::default()), Err(E::Path));
}

#[test]
fn the_scheme_decides() {
    assert_eq!("usb:1".parse::<Address>(), Err(AddressError::Scheme));
    assert_eq!("COM3".parse::<Address>(), Err(AddressError::Scheme));
    assert!(matches!("tcp:counter".parse::<Address>(), Err(AddressError::Tcp(_))));
    assert!(matches!("serial:".parse::<Address>(), Err(AddressError::Serial(SerialAddressError::Path))));
    let tcp: Address = "tcp://counter".parse().unwrap();
    assert_eq!(tcp.to_string(), "tcp://counter:8888");
    let Address::Tcp(inner) = tcp.clone() else { panic!("not TCP") };
    assert_eq!(Address::from(inner), tcp);
    // Errors name what was expected.
    for (text, words) in [("x", "serial:PATH"), ("tcp://", "tcp://HOST:PORT"), ("serial:x?baud=1", "115200")]
    {
        assert!(text.parse::<Address>().unwrap_err().to_string().contains(words), "{text}");
    }
}
