//! What single fields mean: small types, each with its wire form.

use core::fmt;

use caisse_payment::{REDACTED, Register, Text};

/// The register (POS): two characters. Digits in all that is sent here; a till that calls itself otherwise can be read
/// and answered.
///
/// ```
/// use caisse_codec::fixed::RegisterCode;
/// use caisse_payment::Register;
///
/// assert_eq!(RegisterCode::from(Register::FIRST).characters(), b"01");
/// assert_eq!(RegisterCode::new(*b"B8").and_then(RegisterCode::register), None);
/// assert_eq!(RegisterCode::new(*b"1 "), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RegisterCode([u8; 2]);

impl RegisterCode {
    /// A register by its characters; nothing unless both are letters or digits.
    #[must_use]
    pub fn new(characters: [u8; 2]) -> Option<Self> {
        characters.iter().all(u8::is_ascii_alphanumeric).then_some(Self(characters))
    }

    /// The two characters.
    #[must_use]
    pub const fn characters(&self) -> &[u8; 2] {
        &self.0
    }

    /// The register by its number; nothing when it is not two digits.
    #[must_use]
    pub fn register(self) -> Option<Register> {
        core::str::from_utf8(&self.0).ok()?.parse().ok()
    }
}

impl From<Register> for RegisterCode {
    fn from(register: Register) -> Self {
        let digit = |number: u8| number.saturating_add(b'0');
        let tens = register.number().checked_div(10).unwrap_or(0);
        Self([digit(tens), digit(register.number() % 10)])
    }
}

impl fmt::Display for RegisterCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(core::str::from_utf8(&self.0).unwrap_or_default())
    }
}

impl fmt::Debug for RegisterCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! characters {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $byte:literal, $fr:literal, $en:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Reads the character.
            #[must_use]
            pub const fn from_character(character: u8) -> Option<Self> {
                Some(match character {
                    $($byte => Self::$variant,)*
                    _ => return None,
                })
            }

            /// The character on the wire.
            #[must_use]
            pub const fn character(self) -> u8 {
                match self {
                    $(Self::$variant => $byte,)*
                }
            }

            /// What it means.
            #[must_use]
            pub const fn text(self) -> Text {
                match self {
                    $(Self::$variant => Text { fr: $fr, en: $en },)*
                }
            }
        }
    };
}

characters! {
    /// Whether the answer shall carry the report of the application (IND).
    AnswerFlag {
        /// 0: an answer of 25 characters. Terminals take any character other than 1 for it.
        WithoutReport = b'0', "réponse sans rapport", "answer without a report";
        /// 1: an answer of 80 characters, if the application fills the report.
        WithReport = b'1', "réponse avec rapport", "answer with a report";
        /// 2: a report made of fields, which PayXpert alone tells of. Its form is not public.
        TaggedReport = b'2', "réponse avec rapport en champs (PayXpert)", "answer with a report in fields (PayXpert)";
    }
}

characters! {
    /// What shall be done (TYPE). On any other character terminals show FONCTION NON IMPLEMENTEE. 1, 2 and 4 need
    /// newer terminals than 0 does.
    ///
    /// ```
    /// use caisse_codec::fixed::TransactionType;
    ///
    /// assert_eq!(TransactionType::from_character(b'2'), Some(TransactionType::Cancellation));
    /// assert_eq!(TransactionType::from_character(b'3'), None);
    /// ```
    TransactionType {
        /// 0: the customer pays.
        Debit = b'0', "débit", "debit";
        /// 1: money goes back to the card.
        Credit = b'1', "crédit", "credit";
        /// 2: a debit is undone. One library calls this a refund, which it is not.
        Cancellation = b'2', "annulation", "cancellation";
        /// 4: an amount is reserved.
        PreAuthorisation = b'4', "pré-autorisation", "pre-authorisation";
    }
}

characters! {
    /// The authorisation request (AUTO): the last character of the option B.
    Authorisation {
        /// `B010`: the terminal decides.
        Terminal = b'0', "le terminal décide", "the terminal decides";
        /// `B011`: ask the bank whatever the amount.
        Forced = b'1', "demande d'autorisation forcée", "authorisation request forced";
        /// `B012`: listed by one source, which does not say what it means.
        Undocumented = b'2', "valeur non documentée", "undocumented value";
    }
}

characters! {
    /// When a terminal shall answer (DELAI): the last character of the option A.
    Delay {
        /// `A010`: at the end of the transaction, with its result.
        End = b'0', "réponse en fin de transaction", "answer at the end of the transaction";
        /// `A011`: at once, which says nothing of the end. Only ever read: the requests of a till cannot ask for it.
        Immediate = b'1', "réponse immédiate : ne dit rien du paiement",
            "immediate answer: says nothing of the payment";
    }
}

/// How the customer pays (MODE): one printable character other than a blank. With a character that it does not know, a
/// terminal offers the choice between card and cheque.
///
/// ```
/// use caisse_codec::fixed::Mode;
///
/// assert_eq!(Mode::new(b'1'), Some(Mode::CARD));
/// assert_eq!(Mode::new(b' '), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mode(u8);

impl Mode {
    /// 1: card.
    pub const CARD: Self = Self(b'1');
    /// C: cheque.
    pub const CHEQUE: Self = Self(b'C');

    /// The mode of a character; nothing unless it is `!` to `~`.
    #[must_use]
    pub const fn new(character: u8) -> Option<Self> {
        if character.is_ascii_graphic() { Some(Self(character)) } else { None }
    }

    /// The character on the wire.
    #[must_use]
    pub const fn character(self) -> u8 {
        self.0
    }

    /// What it means. Only `1` and `C` are told by several sources; the others come from pyTeliumManager or are the
    /// last characters of the applications (CC) of 3.x.
    #[must_use]
    pub const fn text(self) -> Option<Text> {
        Some(match self.0 {
            b'1' => Text { fr: "carte", en: "card" },
            b'C' => Text { fr: "chèque", en: "cheque" },
            b'0' => Text { fr: "autre", en: "other" },
            b'2' => Text { fr: "American Express", en: "American Express" },
            b'3' => Text { fr: "Cetelem", en: "Cetelem" },
            b'5' => Text { fr: "Cofinoga", en: "Cofinoga" },
            b'6' => Text { fr: "Diners", en: "Diners" },
            b'7' => Text { fr: "CB-Pass", en: "CB-Pass" },
            b'8' => Text { fr: "Franfinance", en: "Franfinance" },
            b'9' => Text { fr: "JCB", en: "JCB" },
            b'A' => Text { fr: "Accord", en: "Accord" },
            b'B' => Text { fr: "CB sans contact", en: "contactless CB" },
            b'D' => Text { fr: "American Express sans contact", en: "contactless American Express" },
            b'E' => Text { fr: "CMCIC-Pay", en: "CMCIC-Pay" },
            b'F' => Text { fr: "Fintrax EMV", en: "Fintrax EMV" },
            b'I' => Text { fr: "CPEI", en: "CPEI" },
            b'O' => Text { fr: "Moneo", en: "Moneo" },
            b'U' => Text { fr: "CUP", en: "CUP" },
            _ => return None,
        })
    }
}

impl fmt::Debug for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MODE={}", char::from(self.0))
    }
}

/// The result (STAT). The lists of further codes that some sources print contradict each other, so what is not one
/// of three stays as it came.
///
/// ```
/// use caisse_codec::fixed::Stat;
///
/// assert_eq!(Stat::from_character(b'7'), Some(Stat::Refused));
/// assert_eq!(Stat::from_character(b'5'), Some(Stat::Other(b'5')));
/// assert_eq!(Stat::from_character(0x05), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stat {
    /// 0: accepted.
    Accepted,
    /// 7: refused or not completed.
    Refused,
    /// 9: taken into account; how it ends is not said.
    Taken,
    /// A character that no public document explains.
    Other(u8),
}

impl Stat {
    /// Reads the character; nothing unless it is a space to `~`.
    #[must_use]
    pub const fn from_character(character: u8) -> Option<Self> {
        Some(match character {
            b'0' => Self::Accepted,
            b'7' => Self::Refused,
            b'9' => Self::Taken,
            b' '..=b'~' => Self::Other(character),
            _ => return None,
        })
    }

    /// The character on the wire.
    #[must_use]
    pub const fn character(self) -> u8 {
        match self {
            Self::Accepted => b'0',
            Self::Refused => b'7',
            Self::Taken => b'9',
            Self::Other(character) => character,
        }
    }

    /// What it means.
    #[must_use]
    pub const fn text(self) -> Text {
        match self {
            Self::Accepted => Text { fr: "acceptée", en: "accepted" },
            Self::Refused => Text { fr: "refusée ou non aboutie", en: "refused or not completed" },
            Self::Taken => {
                Text { fr: "prise en compte, sans résultat", en: "taken into account, no result yet" }
            }
            Self::Other(_) => Text { fr: "résultat inconnu", en: "unknown result" },
        }
    }
}

/// Private data (PRIV): ten characters, blanks at the right. `Debug`, `Display` and serde show nothing of it.
///
/// ```
/// use caisse_codec::fixed::Private;
///
/// let private = Private::new("order 7")?;
/// assert_eq!(private.reveal(), b"order 7   ");
/// assert_eq!(format!("{private:?}"), "[redacted]");
/// assert!(Private::new("longer than ten").is_err());
/// # Ok::<(), caisse_codec::fixed::PrivateError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Private([u8; 10]);

impl Private {
    /// Ten blanks.
    pub const EMPTY: Self = Self([b' '; 10]);

    /// Private data of a till: at most ten printable ASCII characters.
    ///
    /// # Errors
    /// When there are more, or one of them is not a space to `~`.
    pub fn new(text: &str) -> Result<Self, PrivateError> {
        let mut characters = [b' '; 10];
        if let Some(offset) = text.bytes().position(|byte| !matches!(byte, b' '..=b'~')) {
            return Err(PrivateError::Character { offset });
        }
        let start = characters.get_mut(..text.len()).ok_or(PrivateError::TooLong { length: text.len() })?;
        start.copy_from_slice(text.as_bytes());
        Ok(Self(characters))
    }

    /// What came; its characters were checked as those of a body.
    pub(super) const fn from_body(characters: &[u8; 10]) -> Self {
        Self(*characters)
    }

    /// The ten characters in clear.
    #[must_use]
    pub const fn reveal(&self) -> &[u8; 10] {
        &self.0
    }
}

impl Default for Private {
    fn default() -> Self {
        Self::EMPTY
    }
}

/// Why a text cannot be private data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PrivateError {
    /// More than ten characters.
    #[error("private data: expected at most 10 characters, got {length}")]
    TooLong {
        /// How many there were.
        length: usize,
    },
    /// A character that is not a space to `~`.
    #[error("private data: expected a printable ASCII character at position {offset}")]
    Character {
        /// Byte offset into the text.
        offset: usize,
    },
}

macro_rules! redacted {
    ($($name:ident $(<$life:lifetime>)?)*) => {
        $(
            impl fmt::Debug for $name $(<$life>)? {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(REDACTED)
                }
            }

            impl fmt::Display for $name $(<$life>)? {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(REDACTED)
                }
            }

            #[cfg(feature = "serde")]
            impl serde::Serialize for $name $(<$life>)? {
                fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.serialize_str(REDACTED)
                }
            }
        )*
    };
}
pub(super) use redacted;

redacted!(Private);
