//! Which terminal is played: the facts in which they differ, as data.

use std::str::FromStr;

use caisse_codec::{Identifier, Version, wire};
use caisse_transaction::Dialect;

/// What a terminal answers to a request for a duplicata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duplicata {
    /// It does not know the action (AF 12).
    Nothing,
    /// The ticket alone, as PayXpert's table of the answer has it: CZ CJ CA AE ZT.
    Ticket,
    /// The fields of the last transaction too: "the amount and currency really paid", as HiPay tells of its terminals.
    Fields,
}

/// Which messages a terminal speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// 3.x: fields with tags.
    Three,
    /// E: bodies of 26 characters, or 30 with the option of a receipt.
    E,
    /// E+: bodies of 34 characters, and those of E.
    EPlus,
}

/// One family of terminals as the simulator plays it. Plain data, as [`Dialect`] is for the
/// till; kept apart from it so that a mistake on one side shows on the other.
///
/// ```
/// use caisse_simulator::persona::{Duplicata, Persona};
///
/// let ours = Persona { duplicata: Duplicata::Fields, ..Persona::PAYXPRESS };
/// assert_eq!("nepting".parse::<Persona>()?.duplicata, ours.duplicata);
/// # Ok::<(), caisse_simulator::persona::UnknownDialect>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Persona {
    /// The name, the same as the till's dialect of this family has.
    pub name: &'static str,
    /// The messages that it speaks.
    pub generation: Generation,
    /// The version in its answers (CZ); the till's own where it is nothing.
    pub version: Option<Version>,
    /// The identifier in its answers (CJ), twelve digits; the till's own where it is nothing.
    pub identifier: Option<&'static [u8; 12]>,
    /// What it gives back for CF; the till's own where it is nothing.
    pub private: Option<&'static str>,
    /// Whether a request with BF is refused with 09.
    pub refuses_partial_flag: bool,
    /// Whether a request with CF is refused with 09.
    pub refuses_private: bool,
    /// Whether the amount (CB) is missing after the red button.
    pub drops_amount_on_cancel: bool,
    /// What a duplicata gives.
    pub duplicata: Duplicata,
    /// Whether it cancels the last debit.
    pub cancels: bool,
    /// Whether it gives an id (ID) with a debit, and takes credits linked to one (IM).
    pub links_credits: bool,
    /// Whether an identification tells its serial number (AQ).
    pub tells_serial_number: bool,
}

impl Persona {
    /// PayXpert's PayXpress: echoes CZ, CJ and CF; ID and IM; a duplicata is a ticket.
    pub const PAYXPRESS: Self = Self {
        name: "payxpress",
        generation: Generation::Three,
        version: None,
        identifier: None,
        private: None,
        refuses_partial_flag: false,
        refuses_private: false,
        drops_amount_on_cancel: false,
        duplicata: Duplicata::Ticket,
        cancels: true,
        links_credits: true,
        tells_serial_number: true,
    };

    /// Ingenico's "CONCERT V3": answers 0301 and an identifier of its own whatever was sent, and its own CF; newer
    /// software fails on BF (OCA, April 2025), a Desk/5000 answered 09 to CF (one report), and leaves the amount out after
    /// the red button (OCA). Whether it knows the duplicata is not public: it is played as if not.
    pub const INGENICO: Self = Self {
        name: "ingenico",
        version: Some(Version::V3_01),
        identifier: Some(b"330538600404"),
        private: Some("1010000000"),
        refuses_partial_flag: true,
        refuses_private: true,
        drops_amount_on_cancel: true,
        duplicata: Duplicata::Nothing,
        links_credits: false,
        tells_serial_number: false,
        ..Self::PAYXPRESS
    };

    /// Nepting as HiPay documents it: always 0320 and 999999999999; no cancellation; a duplicata tells the amount and
    /// currency really paid.
    pub const NEPTING: Self = Self {
        name: "nepting",
        version: Some(Version::V3_20),
        identifier: Some(b"999999999999"),
        duplicata: Duplicata::Fields,
        cancels: false,
        links_credits: false,
        tells_serial_number: false,
        ..Self::PAYXPRESS
    };

    /// E: fixed bodies on a serial line. No duplicata exists.
    pub const CONCERT_E: Self = Self {
        name: "concert-e",
        generation: Generation::E,
        duplicata: Duplicata::Nothing,
        links_credits: false,
        ..Self::PAYXPRESS
    };

    /// E+: as E, with the options of when to answer and of the authorisation.
    pub const CONCERT_E_PLUS: Self =
        Self { name: "concert-e-plus", generation: Generation::EPlus, ..Self::CONCERT_E };

    /// Every one that has a name.
    pub const ALL: [Self; 5] =
        [Self::PAYXPRESS, Self::INGENICO, Self::NEPTING, Self::CONCERT_E, Self::CONCERT_E_PLUS];

    /// One of this family that differs as a dialect does: in the messages that it speaks, in what a duplicata gives, and in
    /// that it takes the optional fields which the dialect sends. What no dialect says stays. The name is what `--dialect`
    /// takes for it.
    ///
    /// ```
    /// use caisse_simulator::persona::Persona;
    /// use caisse_transaction::{Dialect, OptionalFields};
    ///
    /// let optional = OptionalFields { partial: true, ..Dialect::INGENICO.optional };
    /// let older = Dialect { name: "custom", optional, ..Dialect::INGENICO };
    /// let played = Persona::INGENICO.with_dialect("./older.toml", &older);
    /// assert!(!played.refuses_partial_flag);
    /// assert_eq!(Persona { refuses_partial_flag: true, name: "ingenico", ..played }, Persona::INGENICO);
    /// ```
    #[must_use]
    pub fn with_dialect(self, name: &'static str, dialect: &Dialect) -> Self {
        let generation = match dialect.generation {
            wire::Generation::Concert3 => Generation::Three,
            wire::Generation::E => Generation::E,
            wire::Generation::EPlus => Generation::EPlus,
        };
        let duplicata = match dialect.duplicata {
            caisse_transaction::Duplicata::TicketOnly => Duplicata::Ticket,
            caisse_transaction::Duplicata::Fields => Duplicata::Fields,
            caisse_transaction::Duplicata::Nothing | caisse_transaction::Duplicata::Unverified => {
                Duplicata::Nothing
            }
        };
        let echoes_private = dialect.optional.reference;
        Self {
            name,
            generation,
            duplicata,
            private: self.private.filter(|_| !echoes_private),
            refuses_private: self.refuses_private && !echoes_private,
            refuses_partial_flag: self.refuses_partial_flag && !dialect.optional.partial,
            ..self
        }
    }

    pub(crate) fn identifier(&self) -> Option<Identifier> {
        self.identifier.and_then(|digits| Identifier::from_value(digits))
    }
}

impl Default for Persona {
    fn default() -> Self {
        Self::PAYXPRESS
    }
}

/// The text is not the name of a dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a dialect: expected payxpress, ingenico, nepting, concert-e or concert-e-plus")]
pub struct UnknownDialect;

impl FromStr for Persona {
    type Err = UnknownDialect;

    fn from_str(name: &str) -> Result<Self, UnknownDialect> {
        Self::ALL.into_iter().find(|persona| persona.name == name).ok_or(UnknownDialect)
    }
}
