//! What is known of the two apps, as data: the requests and results of this crate are built of it, and so are the JSON
//! Schemas and the Java constants that are checked in beside it.

pub mod apm;
pub mod outcome;
pub mod v4;

/// How sure a fact is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// It stands in PayXpert's pages.
    Documented,
    /// It follows from what stands there, or from how Android works.
    Derived,
    /// No public text tells it; it is the obvious reading.
    Guess,
}

impl Certainty {
    /// The word in what is generated.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Derived => "derived",
            Self::Guess => "guess",
        }
    }
}

/// The type of an extra in its Bundle. Android converts none into another: with the wrong one the app reads its default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExtraType {
    /// `putExtra(String, String)`.
    String,
    /// `putExtra(String, int)`.
    Int,
    /// `putExtra(String, boolean)`.
    Boolean,
    /// `putExtra(String, double)`.
    Double,
}

impl ExtraType {
    /// Java's name of it.
    #[must_use]
    pub const fn java(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::Int => "int",
            Self::Boolean => "boolean",
            Self::Double => "double",
        }
    }
}

/// Whether a request has an extra.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Presence {
    /// Always: the documentation asks for it, or this crate never leaves it out.
    Always,
    /// If the caller says so.
    Optional,
    /// Never.
    Never,
}

/// Which values an extra may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Any of its type.
    Any,
    /// Always this text: one for each of the app's requests, in their order.
    Words(&'static [&'static str]),
    /// One of these numbers.
    Numbers(&'static [Named]),
    /// A number above zero.
    Positive,
    /// Always true.
    True,
    /// What this regular expression takes from end to end.
    Pattern(&'static str),
}

/// One extra of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtraDefinition {
    /// Its key.
    pub key: &'static str,
    /// The name of its constant.
    pub constant: &'static str,
    /// Its exact type.
    pub kind: ExtraType,
    /// Whether each of the app's requests has it, in the order of the app's requests.
    pub presence: &'static [Presence],
    /// Its values.
    pub values: Values,
    /// What it says.
    pub meaning: &'static str,
    /// How sure this is.
    pub certainty: Certainty,
}

/// A number and what it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// The number.
    pub number: i64,
    /// The name of its constant.
    pub constant: &'static str,
}
