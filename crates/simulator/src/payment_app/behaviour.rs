//! What the app does with a request, and what it says about it: two things.

use std::fmt;
use std::str::FromStr;

use caisse_android_intent::{Intent, Value};

/// What the app does with the money, and what it says.
///
/// As text: `approve`, `decline`, `cancel`, `busy`, `background`, `code:N` (0 to 9), `killed`, `null` (RESULT_OK without
/// data), `other` (the result of another payment) or `malformed:KIND`; with `+charged` behind it the card is charged, with
/// `+tip:N` the customer adds N minor units.
///
/// ```
/// use caisse_simulator::payment_app::Behaviour;
///
/// assert_eq!("approve".parse(), Ok(Behaviour::APPROVE));
/// let timed_out: Behaviour = "code:9+charged".parse()?;
/// assert!(timed_out.charges);
/// assert!("code:10".parse::<Behaviour>().is_err());
/// # Ok::<(), caisse_simulator::payment_app::BehaviourError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// Whether the money moves.
    pub charges: bool,
    /// What comes back.
    pub says: Says,
    /// What the customer adds, in minor units.
    pub tip: u64,
}

impl Behaviour {
    /// The card is charged, and the app says so.
    pub const APPROVE: Self = Self { charges: true, says: Says::Code(0), tip: 0 };
}

/// What comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// A result with this error code; 0 with status 0, all others with status 1.
    Code(u8),
    /// No data: the app was killed, crashed, or left without a result.
    Nothing {
        /// Android's code; 0 for an app that died.
        code: i32,
    },
    /// The accepted result of another payment.
    OfAnother,
    /// A result that cannot be read.
    Malformed(Malformation),
}

macro_rules! malformations {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)*) => {
        /// How a result is spoiled.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Malformation {
            $($(#[$doc])* $variant,)*
        }

        impl Malformation {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

malformations! {
    /// The text ends in the middle.
    Cut = "cut";
    /// No text at all.
    Empty = "empty";
    /// Not JSON.
    NotJson = "not-json";
    /// An array instead of an object.
    Array = "array";
    /// Two objects, one behind the other.
    Twice = "twice";
    /// JSON's null.
    Null = "null";
    /// The object once more in a text.
    Quoted = "quoted";
    /// No status.
    WithoutStatus = "without-status";
    /// No transaction.
    WithoutTransaction = "without-transaction";
    /// The extra is an int.
    NotText = "not-text";
    /// The extra has another name.
    OtherExtra = "other-extra";
    /// Status and error say two things.
    Contradiction = "contradiction";
}

impl Malformation {
    pub(super) fn spoil(self, text: String) -> Intent {
        let result = |text: String| Intent::new().with_extra("result", text);
        match self {
            Self::Cut => {
                let half = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(offset, _)| offset);
                result(text.get(..half).unwrap_or_default().to_owned())
            }
            Self::Empty => result(String::new()),
            Self::NotJson => result("Transaction accepted".to_owned()),
            Self::Array => result(format!("[{text}]")),
            Self::Twice => result(format!("{text}{text}")),
            Self::Null => result("null".to_owned()),
            Self::Quoted => result(serde_json::Value::String(text).to_string()),
            Self::WithoutStatus => result(text.replace("\"status\"", "\"state\"")),
            Self::WithoutTransaction => result(text.replace("\"transaction\":", "\"payment\":")),
            Self::NotText => Intent::new().with_extra("result", Value::Int(0)),
            Self::OtherExtra => Intent::new().with_extra("outcome", text),
            Self::Contradiction => {
                let text = text.replacen("\"status\":0", "\"status\":1", 1);
                result(text.replacen("\"status\":\"0\"", "\"status\":\"1\"", 1))
            }
        }
    }
}

/// The text is not a behaviour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a behaviour: expected approve, decline, cancel, busy, background, code:N, killed, null, other or malformed:KIND, \
     perhaps with +charged or +tip:N"
)]
pub struct BehaviourError;

impl FromStr for Behaviour {
    type Err = BehaviourError;

    fn from_str(text: &str) -> Result<Self, BehaviourError> {
        let mut parts = text.split('+');
        let says = match parts.next().unwrap_or_default() {
            "approve" => Says::Code(0),
            "decline" => Says::Code(1),
            "busy" => Says::Code(3),
            "background" => Says::Code(4),
            "cancel" => Says::Code(7),
            "killed" => Says::Nothing { code: 0 },
            "null" => Says::Nothing { code: -1 },
            "other" => Says::OfAnother,
            other => match other.split_once(':') {
                Some(("code", code)) => match code.as_bytes() {
                    [digit @ b'0'..=b'9'] => Says::Code(digit & 0x0f),
                    _ => return Err(BehaviourError),
                },
                Some(("malformed", name)) => Malformation::ALL
                    .iter()
                    .find(|it| it.name() == name)
                    .map(|it| Says::Malformed(*it))
                    .ok_or(BehaviourError)?,
                _ => return Err(BehaviourError),
            },
        };
        let mut behaviour = Self { charges: says == Says::Code(0), says, tip: 0 };
        for part in parts {
            match part.split_once(':') {
                None if part == "charged" => behaviour.charges = true,
                Some(("tip", tip)) => behaviour.tip = tip.parse().map_err(|_| BehaviourError)?,
                _ => return Err(BehaviourError),
            }
        }
        Ok(behaviour)
    }
}

impl fmt::Display for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.says {
            Says::Code(0) => f.write_str("approve")?,
            Says::Code(1) => f.write_str("decline")?,
            Says::Code(3) => f.write_str("busy")?,
            Says::Code(4) => f.write_str("background")?,
            Says::Code(7) => f.write_str("cancel")?,
            Says::Code(code) => write!(f, "code:{code}")?,
            Says::Nothing { code: -1 } => f.write_str("null")?,
            Says::Nothing { .. } => f.write_str("killed")?,
            Says::OfAnother => f.write_str("other")?,
            Says::Malformed(malformation) => write!(f, "malformed:{}", malformation.name())?,
        }
        if self.charges && self.says != Says::Code(0) {
            f.write_str("+charged")?;
        }
        if self.tip > 0 {
            write!(f, "+tip:{}", self.tip)?;
        }
        Ok(())
    }
}
