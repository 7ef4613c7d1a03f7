//! Values of a file, each with what it may be.

use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{Error, Unexpected, Visitor};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A whole number with both its bounds.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Within<const LEAST: u64, const MOST: u64>(u64);

impl<const LEAST: u64, const MOST: u64> Within<LEAST, MOST> {
    /// A number as it is written, whatever it is: what is written is read again.
    pub(super) fn written(number: impl TryInto<u64>) -> Self {
        Self(number.try_into().unwrap_or(u64::MAX))
    }

    /// A time in milliseconds.
    pub(super) fn millis(time: Duration) -> Self {
        Self::written(time.as_millis())
    }

    pub(super) const fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }

    /// The number, in the type whose room its bounds keep.
    pub(super) fn number<T: TryFrom<u64>>(self, otherwise: T) -> T {
        T::try_from(self.0).unwrap_or(otherwise)
    }
}

impl<'de, const LEAST: u64, const MOST: u64> Deserialize<'de> for Within<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_u64(ANumber)
    }
}

#[derive(Clone, Copy)]
struct ANumber<const LEAST: u64, const MOST: u64>;

impl<const LEAST: u64, const MOST: u64> Visitor<'_> for ANumber<LEAST, MOST> {
    type Value = Within<LEAST, MOST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from {LEAST} to {MOST}")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        let good = (LEAST..=MOST).contains(&number);
        if good { Ok(Within(number)) } else { Err(E::invalid_value(Unexpected::Unsigned(number), &self)) }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        let positive = u64::try_from(number);
        self.visit_u64(positive.map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))?)
    }
}

/// What is one of a few words.
pub(super) trait Worded: Copy + PartialEq + 'static {
    /// Every word with what it means.
    const WORDS: &'static [(&'static str, Self)];
}

/// One of a few words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<T>(pub(super) T);

impl<T: Worded> Serialize for Word<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let word = T::WORDS.iter().find(|(_, value)| *value == self.0);
        word.ok_or_else(|| S::Error::custom("no word for it"))?.0.serialize(serializer)
    }
}

impl<'de, T: Worded> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(AWord(PhantomData))
    }
}

struct AWord<T>(PhantomData<T>);

impl<T: Worded> Visitor<'_> for AWord<T> {
    type Value = Word<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = T::WORDS.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        f.write_str(&either(&words))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let found = T::WORDS.iter().find(|(word, _)| *word == text);
        found.map(|(_, value)| Word(*value)).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// Words as a choice.
pub(super) fn either(words: &[String]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

/// What is read from a text and written as one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text<T>(pub(super) T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(AText(PhantomData))
    }
}

struct AText<T>(PhantomData<T>);

impl<T: FromStr<Err: Display>> Visitor<'_> for AText<T> {
    type Value = Text<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text in quotation marks")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        text.parse().map(Text).map_err(E::custom)
    }
}

/// A text that says something.
#[derive(Clone, Debug)]
pub(super) struct Words(String);

impl Words {
    pub(super) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Words {
    type Err = Empty;

    fn from_str(text: &str) -> Result<Self, Empty> {
        if text.trim().is_empty() { Err(Empty) } else { Ok(Self::new(text)) }
    }
}

impl Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text says nothing.
#[derive(Debug, thiserror::Error)]
#[error("expected a text that is not empty")]
pub(super) struct Empty;
