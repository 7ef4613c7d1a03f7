//! One grammar for faults and answers: `NAME[@byte=N|@request-byte=N|@step=NAME][:VALUE]`.

use std::fmt;
use std::str::FromStr;

use super::catalogue::{CATALOGUE, Name, Value};

/// A text taken apart, before anybody has looked whether its parts belong together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spec<'a> {
    pub(crate) name: &'a str,
    pub(crate) place: Option<&'a str>,
    pub(crate) value: Option<&'a str>,
}

impl<'a> Spec<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        let (front, value) = text.split_once(':').map_or((text, None), |(front, value)| (front, Some(value)));
        let (name, place) = front.split_once('@').map_or((front, None), |(name, place)| (name, Some(place)));
        Self { name, place, value }
    }
}

macro_rules! steps {
    ($($(#[$doc:meta])* $step:ident $name:literal;)*) => {
        /// A moment of an exchange, as the terminal lives it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Step {
            $($(#[$doc])* $step,)*
        }

        impl Step {
            /// Every step.
            pub const ALL: &[Self] = &[$(Self::$step,)*];

            /// How it is written.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$step => $name,)*
                }
            }
        }
    };
}

steps! {
    /// The till has connected; on serial, its ENQ has come.
    Connected "connected";
    /// The first byte of the request has come.
    Reading "reading";
    /// The request is there, whole.
    Request "request";
    /// The terminal has decided, the money has moved if it is to move, and no byte of the answer has left.
    Decided "decided";
    /// The answer is about to leave; on serial, the result's ENQ.
    Answer "answer";
    /// The answer has left; on serial, the till has acknowledged it.
    Answered "answered";
    /// On serial: the till's ENQ is answered.
    Enquiry "enquiry";
    /// On serial: the till's message is answered.
    Message "message";
    /// On serial: the till answers the result's ENQ.
    ResultEnquiry "result-enquiry";
    /// On serial: the till answers the result.
    Result "result";
}

/// Where a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Position {
    /// After this many bytes that the terminal sent in this exchange; for `flip`, the byte at this offset. On serial
    /// every byte counts: ACK, ACK, ENQ, frame, EOT.
    Byte(u64),
    /// After this many bytes that the till sent in this exchange.
    RequestByte(u64),
    /// At a step.
    Step(Step),
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte(byte) => write!(f, "byte={byte}"),
            Self::RequestByte(byte) => write!(f, "request-byte={byte}"),
            Self::Step(step) => write!(f, "step={}", step.name()),
        }
    }
}

/// One fault at one place. [`CATALOGUE`] lists them all.
///
/// ```
/// use caisse_simulator::fault::{Fault, Name, Position, Step};
///
/// let fault: Fault = "drop@step=decided:reset".parse()?;
/// assert_eq!(fault.name(), Name::Drop);
/// assert_eq!(fault.position(), Some(Position::Step(Step::Decided)));
/// assert_eq!(fault.to_string(), "drop@step=decided:reset");
/// assert!("drop@step=lunch".parse::<Fault>().is_err());
/// # Ok::<(), caisse_simulator::fault::FaultError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    name: Name,
    position: Option<Position>,
    value: Option<u64>,
}

/// The text is not a fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// No fault has this name.
    #[error("not a fault: expected one of {}", names())]
    Name,
    /// It cannot happen there.
    #[error("{name}: expected {expected} behind the @")]
    Place {
        /// The fault.
        name: &'static str,
        /// What could stand there.
        expected: String,
    },
    /// It takes no such value.
    #[error("{name}: expected {expected} behind the colon")]
    Value {
        /// The fault.
        name: &'static str,
        /// What could stand there.
        expected: String,
    },
}

fn names() -> String {
    CATALOGUE.iter().map(|it| it.name).collect::<Vec<_>>().join(", ")
}

/// A whole number in digits alone: `parse` would take a sign.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

fn position(text: &str) -> Option<Position> {
    let (key, value) = text.split_once('=')?;
    match key {
        "byte" => number(value).map(Position::Byte),
        "request-byte" => number(value).map(Position::RequestByte),
        "step" => Step::ALL.iter().copied().find(|step| step.name() == value).map(Position::Step),
        _ => None,
    }
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let spec = Spec::of(text);
        let known = CATALOGUE.iter().find(|it| it.name == spec.name).ok_or(FaultError::Name)?;
        let places = known.places;
        let allowed = |position: &Position| match position {
            Position::Byte(_) => places.byte,
            Position::RequestByte(_) => places.request_byte,
            Position::Step(step) => places.steps.contains(&step.name()),
        };
        let wrong_place = || {
            let places = known.places();
            let expected = if places.is_empty() { "nothing".to_owned() } else { places.join(", ") };
            FaultError::Place { name: known.name, expected }
        };
        let position = match spec.place.or(places.default) {
            None => None,
            Some(place) => Some(position(place).filter(allowed).ok_or_else(wrong_place)?),
        };
        let wrong_value = || {
            let expected = known.value().unwrap_or_else(|| "nothing".to_owned());
            FaultError::Value { name: known.name, expected }
        };
        let value = match (known.value, spec.value) {
            (Value::None, None) => None,
            (Value::None, Some(_)) => return Err(wrong_value()),
            (Value::Number { default, .. }, None) => default,
            (Value::Number { least, most, .. }, Some(text)) => {
                let number = number(text).filter(|number| (least..=most).contains(number));
                Some(number.ok_or_else(wrong_value)?)
            }
            (Value::Word(_), None) => Some(0),
            (Value::Word(words), Some(text)) => {
                let index = words.iter().position(|word| *word == text).ok_or_else(wrong_value)?;
                u64::try_from(index).ok()
            }
        };
        Ok(Self { name: known.fault, position, value })
    }
}

impl fmt::Display for Fault {
    /// As it is read, with every default spelled out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.name.description();
        f.write_str(known.name)?;
        if let Some(position) = self.position {
            write!(f, "@{position}")?;
        }
        match (known.value, self.value) {
            (Value::Word(words), Some(index)) => {
                let word = usize::try_from(index).ok().and_then(|index| words.get(index));
                word.map_or(Ok(()), |word| write!(f, ":{word}"))
            }
            (_, Some(number)) => write!(f, ":{number}"),
            (_, None) => Ok(()),
        }
    }
}

impl Fault {
    /// A fault at its usual place and with its usual value.
    #[must_use]
    pub fn new(name: Name) -> Self {
        let known = name.description();
        let value = match known.value {
            Value::None => None,
            Value::Number { default, .. } => default,
            Value::Word(_) => Some(0),
        };
        Self { name, position: known.places.default.and_then(position), value }
    }

    /// The same fault somewhere else. A place where it cannot happen makes it one that never does.
    #[must_use]
    pub const fn at(mut self, position: Position) -> Self {
        self.position = Some(position);
        self
    }

    /// The same fault with another value: a number, or the index of a word.
    #[must_use]
    pub const fn with(mut self, value: u64) -> Self {
        self.value = Some(value);
        self
    }

    /// Which one it is.
    #[must_use]
    pub const fn name(&self) -> Name {
        self.name
    }

    /// Where it happens; nothing where the seed chooses or it makes no difference.
    #[must_use]
    pub const fn position(&self) -> Option<Position> {
        self.position
    }

    /// Its value: a number, or the index of a word.
    #[must_use]
    pub const fn value(&self) -> Option<u64> {
        self.value
    }
}
