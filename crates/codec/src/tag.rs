//! Two letters that name a field.

use core::fmt;

/// The name of a field: two letters A-Z.
///
/// ```
/// use caisse_codec::Tag;
///
/// assert_eq!(Tag::new(*b"CB"), Some(Tag::CB));
/// assert_eq!(Tag::new(*b"C1"), None);
/// assert_eq!(Tag::CB.to_string(), "CB");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag([u8; 2]);

macro_rules! tags {
    ($($(#[$doc:meta])* $name:ident)*) => {
        impl Tag {
            $($(#[$doc])* pub const $name: Self = Self::from_name(stringify!($name));)*
        }
    };
}

tags! {
    /// Card number, masked or a token.
    AA
    /// Expiry date of the card.
    AB
    /// Authorisation number.
    AC
    /// Track of a cheque.
    AD
    /// Status of the action.
    AE
    /// Complement to the status.
    AF
    /// Answer of the cheque file.
    AG
    /// Answer of the cheque guarantee.
    AH
    /// Identifier of the card application.
    AI
    /// Ticket text in base64.
    AK
    /// Type of the card number.
    AL
    /// Customer's telephone, typed on the terminal.
    AM
    /// Customer's e-mail, typed on the terminal.
    AN
    /// Date of the operation (PayXpert).
    AP
    /// Serial number of the terminal (PayXpert).
    AQ
    /// Immediate or deferred answer.
    BA
    /// Force an authorisation request.
    BB
    /// Partial payment.
    BF
    /// Customer's telephone, from the register.
    BH
    /// Customer's e-mail, from the register.
    BI
    /// Register number.
    CA
    /// Amount.
    CB
    /// Application.
    CC
    /// Type of action.
    CD
    /// Currency.
    CE
    /// Private data.
    CF
    /// Merchant contract.
    CG
    /// External reference of the transaction.
    CH
    /// Reading mode of the card.
    CI
    /// Identifier of the register's editor.
    CJ
    /// Ticket management.
    CK
    /// Protocol version.
    CZ
    /// Transaction id (PayXpert).
    ID
    /// Id of the debit that a credit refunds (PayXpert).
    IM
    /// Constructed ticket.
    ZT
}

impl Tag {
    /// A tag from its two letters; nothing unless both are A-Z.
    #[inline]
    #[must_use]
    pub const fn new(letters: [u8; 2]) -> Option<Self> {
        let [first, second] = letters;
        if first.is_ascii_uppercase() && second.is_ascii_uppercase() { Some(Self(letters)) } else { None }
    }

    /// Only for letters that were checked.
    #[inline]
    pub(crate) const fn of_letters(letters: [u8; 2]) -> Self {
        Self(letters)
    }

    /// Only for the names above, which are two capital letters.
    const fn from_name(name: &str) -> Self {
        match name.as_bytes() {
            [first, second] => Self([*first, *second]),
            _ => Self(*b"ZZ"),
        }
    }

    /// The two letters.
    #[inline]
    #[must_use]
    pub const fn letters(self) -> [u8; 2] {
        self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = self.0.map(char::from);
        write!(f, "{first}{second}")
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Tag {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
