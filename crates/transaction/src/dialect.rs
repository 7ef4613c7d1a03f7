//! What differs between terminals, as data.

use core::str::FromStr;
use core::time::Duration;

use caisse_codec::Version;
use caisse_link::Limits;

/// How one family of terminals is spoken to. Plain data: every value says where it comes from, and `custom` ones are
/// made by changing a copy.
///
/// ```
/// use caisse_codec::Version;
/// use caisse_transaction::Dialect;
///
/// let ours = Dialect { version: Version::V3_00, ..Dialect::PAYXPRESS };
/// assert_eq!("payxpress".parse::<Dialect>(), Ok(Dialect::PAYXPRESS));
/// assert_ne!(ours, Dialect::PAYXPRESS);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The name in configuration, journal and messages.
    pub name: &'static str,
    /// The protocol version to send (CZ).
    pub version: Version,
    /// Whether a request may carry BF, with which the till allows a partial approval.
    pub sends_partial: bool,
    /// Where an answer ends.
    pub answer: Limits,
    /// The longest that a transaction may take on the terminal.
    pub longest_transaction: Duration,
}

/// An answer's end, for every dialect until one is known to differ. Tills in the field wait 200 ms to 1 s after a whole
/// field; 300 ms is what the material suggests at the least. The patience is ours: ten times that, because a lost
/// segment of TCP comes again after 200 ms to 3 s. The documented fields add up to 2 550 bytes; 16 KiB leaves room
/// for what is not documented.
const ANSWER: Limits =
    Limits { quiet: Duration::from_millis(300), patience: Duration::from_secs(3), longest: 16 * 1024 };

/// Ours: a card holder may type until the terminal's own time-out, which no document states.
const LONGEST_TRANSACTION: Duration = Duration::from_secs(300);

impl Dialect {
    /// PayXpert's PayXpress: CZ 0320 by default, echoed. Its pages do not know BF.
    pub const PAYXPRESS: Self = Self {
        name: "payxpress",
        version: Version::V3_20,
        sends_partial: false,
        answer: ANSWER,
        longest_transaction: LONGEST_TRANSACTION,
    };

    /// Ingenico's "CONCERT V3" application: most tills send 0300; newer software refuses a request with BF.
    pub const INGENICO: Self = Self { name: "ingenico", version: Version::V3_00, ..Self::PAYXPRESS };

    /// Nepting, as HiPay documents it: CZ is 0320; BF is not in its list, yet the answered amount may be lower.
    pub const NEPTING: Self = Self { name: "nepting", ..Self::PAYXPRESS };

    /// Every dialect known by name.
    pub const ALL: [Self; 3] = [Self::PAYXPRESS, Self::INGENICO, Self::NEPTING];
}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(name: &str) -> Result<Self, UnknownDialect> {
        Self::ALL.into_iter().find(|dialect| dialect.name == name).ok_or(UnknownDialect)
    }
}

/// The text is not the name of a dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a dialect: expected payxpress, ingenico or nepting")]
pub struct UnknownDialect;
