//! The serial ports of this machine, and whose they may be.

use caisse_hal::serial::{UsbDevice, available_ports};
use caisse_payment::Text;

/// A serial port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its address, as the till takes it.
    pub address: String,
    /// Vendor and product on USB.
    pub usb: Option<(u16, u16)>,
    /// What the device says of itself.
    pub description: Option<String>,
    /// Who may have made it.
    pub maker: Option<Text>,
}

/// The serial ports that the system has now; none when it does not tell.
#[must_use]
pub fn ports() -> Vec<Port> {
    let found = available_ports().unwrap_or_default();
    found.into_iter().map(|port| described(port.path, port.usb)).collect()
}

fn described(path: String, usb: Option<UsbDevice>) -> Port {
    let ids = usb.as_ref().map(|device| (device.vendor_id, device.product_id));
    let words =
        usb.map(|device| [device.manufacturer, device.product].into_iter().flatten().collect::<Vec<_>>());
    let description = words.filter(|words| !words.is_empty()).map(|words| words.join(" "));
    Port { address: format!("serial:{path}"), usb: ids, description, maker: ids.and_then(maker) }
}

/// 079B:0028 was seen on an iCT250 and a Move/5000, 0B00:0080 on a Desk/5000 (protocol notes, 2.10). The makers of
/// cables are those of the register of USB vendors.
const fn maker((vendor, product): (u16, u16)) -> Option<Text> {
    Some(match (vendor, product) {
        (0x079b, 0x0028) => Text {
            fr: "terminal Ingenico (Sagem) : iCT250, Move/5000",
            en: "Ingenico (Sagem) terminal: iCT250, Move/5000",
        },
        (0x0b00, 0x0080) => Text { fr: "terminal Ingenico : Desk/5000", en: "Ingenico terminal: Desk/5000" },
        (0x079b, _) => Text { fr: "Sagem, peut-être un terminal", en: "Sagem, perhaps a terminal" },
        (0x0b00, _) => Text { fr: "Ingenico, peut-être un terminal", en: "Ingenico, perhaps a terminal" },
        (0x0403, _) => Text { fr: "câble USB-série FTDI", en: "USB-to-serial cable by FTDI" },
        (0x067b, _) => Text { fr: "câble USB-série Prolific", en: "USB-to-serial cable by Prolific" },
        (0x1a86, _) => {
            Text { fr: "câble USB-série QinHeng (CH340)", en: "USB-to-serial cable by QinHeng (CH340)" }
        }
        (0x10c4, _) => {
            Text { fr: "câble USB-série Silicon Labs", en: "USB-to-serial cable by Silicon Labs" }
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(vendor_id: u16, product_id: u16) -> UsbDevice {
        UsbDevice {
            vendor_id,
            product_id,
            serial_number: Some("1".into()),
            manufacturer: Some("Sagem".into()),
            product: Some("Telium".into()),
        }
    }

    #[test]
    fn known_devices_are_named_and_others_are_not() {
        let port = described("/dev/ttyACM0".into(), Some(device(0x079b, 0x0028)));
        assert_eq!(port.address, "serial:/dev/ttyACM0");
        assert_eq!(port.usb, Some((0x079b, 0x0028)));
        assert_eq!(port.description.as_deref(), Some("Sagem Telium"));
        assert!(port.maker.unwrap().en.contains("Move/5000"));
        let of =
            |vendor, product| described("COM3".into(), Some(device(vendor, product))).maker.map(|it| it.en);
        assert_eq!(of(0x0b00, 0x0080), Some("Ingenico terminal: Desk/5000"));
        assert_eq!(of(0x079b, 1), Some("Sagem, perhaps a terminal"));
        assert_eq!(of(0x0b00, 1), Some("Ingenico, perhaps a terminal"));
        assert_eq!(of(0x0403, 0x6001), Some("USB-to-serial cable by FTDI"));
        assert_eq!(of(0x067b, 0x2303), Some("USB-to-serial cable by Prolific"));
        assert_eq!(of(0x1a86, 0x7523), Some("USB-to-serial cable by QinHeng (CH340)"));
        assert_eq!(of(0x10c4, 0xea60), Some("USB-to-serial cable by Silicon Labs"));
        assert_eq!(of(0x1234, 0x0028), None);
        let bare = described("/dev/ttyS0".into(), None);
        assert_eq!((bare.usb, bare.description, bare.maker), (None, None, None));
        let silent = UsbDevice { manufacturer: None, product: None, ..device(1, 2) };
        assert_eq!(described("COM4".into(), Some(silent)).description, None);
    }
}
