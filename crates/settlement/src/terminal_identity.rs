//! The identity of a terminal, as far as it is known: what evidence has to agree with.

use caisse_payment::evidence::ShownIdentity;
use caisse_payment::{
    Comparison, ContractNumber, PaymentMeans, SerialNumber, TerminalId, Text, Transaction, UsbIdentity,
};

/// The identity of a terminal: how it is reached, and what it shows of itself.
///
/// There is one of the terminal to which a transaction was sent, as the journal recorded it, and one of the terminal that
/// reports something now. Evidence counts only where [`differences`](Self::differences) finds none between the two.
///
/// ```
/// use caisse_payment::PaymentMeans;
/// use caisse_settlement::{IdentityPart, TerminalIdentity};
///
/// let at = |address: &str| TerminalIdentity {
///     address: address.parse().ok(),
///     ..TerminalIdentity::new(PaymentMeans::CaisseAp, "front".parse().unwrap())
/// };
/// let recorded = at("tcp:192.0.2.7:8888");
/// assert!(recorded.differences(&at("tcp:192.0.2.7:8888")).next().is_none());
/// let differences: Vec<_> = recorded.differences(&at("tcp:192.0.2.8:8888")).collect();
/// assert_eq!(differences, [IdentityPart::Address]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalIdentity {
    /// The means of payment.
    pub means: PaymentMeans,
    /// The name of the terminal.
    pub name: TerminalId,
    /// The address of the terminal, as [`Transaction::address`].
    pub address: Option<TerminalId>,
    /// The USB device at the serial port, as [`Transaction::usb`].
    pub usb: Option<UsbIdentity>,
    /// The merchant contract that the terminal shows (CG).
    pub contract: Option<ContractNumber>,
    /// The serial number that the terminal shows (AQ).
    pub serial_number: Option<SerialNumber>,
}

/// A part of the identity of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdentityPart {
    /// Caisse-AP or App to App.
    Means,
    /// The name.
    Name,
    /// The address, or the path of a serial port.
    Address,
    /// The USB device.
    Usb,
    /// The merchant contract (CG).
    Contract,
    /// The serial number (AQ).
    SerialNumber,
}

impl IdentityPart {
    /// Every part, in the order in which differences are told.
    pub const ALL: [Self; 6] =
        [Self::Means, Self::Name, Self::Address, Self::Usb, Self::Contract, Self::SerialNumber];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Means => "means",
            Self::Name => "name",
            Self::Address => "address",
            Self::Usb => "usb",
            Self::Contract => "contract",
            Self::SerialNumber => "serial_number",
        }
    }

    /// The words for a person.
    #[must_use]
    pub const fn text(self) -> Text {
        match self {
            Self::Means => Text { fr: "moyen de paiement", en: "means of payment" },
            Self::Name => Text { fr: "nom du terminal", en: "name of the terminal" },
            Self::Address => Text { fr: "adresse", en: "address" },
            Self::Usb => Text { fr: "appareil USB", en: "USB device" },
            Self::Contract => Text { fr: "contrat commerçant (CG)", en: "merchant contract (CG)" },
            Self::SerialNumber => {
                Text { fr: "numéro de série du terminal (AQ)", en: "serial number of the terminal (AQ)" }
            }
        }
    }
}

impl TerminalIdentity {
    /// A terminal of which only the name is known.
    #[must_use]
    pub const fn new(means: PaymentMeans, name: TerminalId) -> Self {
        Self { means, name, address: None, usb: None, contract: None, serial_number: None }
    }

    /// The terminal to which a transaction was sent. A row of the first versions of the journal has no address; the name
    /// tells it where it was made of the address.
    #[must_use]
    pub fn of(transaction: &Transaction) -> Self {
        let name = transaction.terminal;
        let address = transaction.address.or(Some(name).filter(is_address));
        let means = PaymentMeans::of(&transaction.dialect);
        Self { address, usb: transaction.usb, ..Self::new(means, name) }
    }

    /// The same terminal, with the identities in one of its messages.
    #[must_use]
    pub const fn showing(self, shown: ShownIdentity) -> Self {
        Self { contract: shown.contract, serial_number: shown.serial_number, ..self }
    }

    /// The identities in the messages of the terminal.
    #[must_use]
    pub const fn shown(&self) -> ShownIdentity {
        ShownIdentity { contract: self.contract, serial_number: self.serial_number }
    }

    /// Returns the parts in which the terminal that is found now is not the recorded one.
    ///
    /// * The means of payment, the name and the address are the same, or it is another terminal. An address that is unknown on
    ///   one side alone is another one. Where it is unknown on both, for a link of the caller's own, the caller vouches for
    ///   the name.
    /// * A USB device with a serial number is the same at every port. One without is the same at the same port only. A port
    ///   with a device is not a port without.
    /// * The contract and the serial number only exclude: a terminal need not show them, and a number in another form
    ///   ([`Comparison::Unclear`]) says nothing.
    pub fn differences(&self, found: &Self) -> impl Iterator<Item = IdentityPart> + use<> {
        let (recorded, found) = (*self, *found);
        IdentityPart::ALL.into_iter().filter(move |part| recorded.differs_in(*part, &found))
    }

    /// Whether the terminal that is found now is the recorded one.
    #[must_use]
    pub fn is(&self, found: &Self) -> bool {
        self.differences(found).next().is_none()
    }

    /// Whether both have one known address.
    #[must_use]
    pub fn has_address_of(&self, other: &Self) -> bool {
        self.address.is_some() && is_same_address(self.address, other.address)
    }

    /// Whether the transaction was sent to this terminal, by means, name and address. Enough to take the transaction for one
    /// of its own, once what the terminal showed does not contradict.
    #[must_use]
    pub fn is_of(&self, transaction: &Transaction) -> bool {
        Self::of(transaction).is(&self.showing(ShownIdentity::default()))
    }

    fn differs_in(&self, part: IdentityPart, found: &Self) -> bool {
        let is_same_device = self.usb == found.usb && self.usb.is_some_and(|usb| usb.has_serial_number());
        match part {
            IdentityPart::Means => self.means != found.means,
            IdentityPart::Name => !is_same_place(&self.name, &found.name),
            IdentityPart::Address => !is_same_device && !is_same_address(self.address, found.address),
            IdentityPart::Usb => self.usb != found.usb,
            IdentityPart::Contract => contradict(self.contract, found.contract, ContractNumber::compare),
            IdentityPart::SerialNumber => {
                contradict(self.serial_number, found.serial_number, SerialNumber::compare)
            }
        }
    }

    /// Returns a part as text, where it is known.
    #[must_use]
    pub fn part(&self, part: IdentityPart) -> Option<&str> {
        match part {
            IdentityPart::Means => Some(self.means.name()),
            IdentityPart::Name => Some(self.name.as_str()),
            IdentityPart::Address => self.address.as_ref().map(TerminalId::as_str),
            IdentityPart::Usb => self.usb.as_ref().map(UsbIdentity::as_str),
            IdentityPart::Contract => self.contract.as_ref().map(ContractNumber::as_str),
            IdentityPart::SerialNumber => self.serial_number.as_ref().map(SerialNumber::as_str),
        }
    }
}

/// Two terminals that are not the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The terminal to which the transaction was sent, as the journal recorded it.
    pub recorded: TerminalIdentity,
    /// The terminal that is found now.
    pub found: TerminalIdentity,
}

impl Mismatch {
    /// Compares two terminals. Returns nothing if they are the same.
    #[must_use]
    pub fn between(recorded: &TerminalIdentity, found: &TerminalIdentity) -> Option<Self> {
        (!recorded.is(found)).then_some(Self { recorded: *recorded, found: *found })
    }

    /// Returns the parts that differ.
    pub fn parts(&self) -> impl Iterator<Item = IdentityPart> + use<> {
        self.recorded.differences(&self.found)
    }
}

/// Whether what the terminal shows now contradicts what it showed before.
fn contradict<T>(before: Option<T>, now: Option<T>, compare: fn(&T, &T) -> Comparison) -> bool {
    before.zip(now).is_some_and(|(before, now)| compare(&before, &now) == Comparison::Differs)
}

fn is_same_address(one: Option<TerminalId>, other: Option<TerminalId>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => is_same_place(&one, &other),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Whether a name was made of an address.
fn is_address(name: &TerminalId) -> bool {
    ["tcp:", "serial:"].iter().any(|scheme| name.as_str().starts_with(scheme))
}

/// Whether two names or addresses are one. `localhost`, `127.0.0.1` and `::1` are one host, and no other two are.
fn is_same_place(one: &TerminalId, other: &TerminalId) -> bool {
    if one == other {
        return true;
    }
    match (local_port(one), local_port(other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

/// The port of an address on this machine.
fn local_port(address: &TerminalId) -> Option<&str> {
    let host_and_port = address.as_str().strip_prefix("tcp:")?;
    let port =
        ["localhost:", "127.0.0.1:", "::1:"].iter().find_map(|host| host_and_port.strip_prefix(host))?;
    (!port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())).then_some(port)
}
