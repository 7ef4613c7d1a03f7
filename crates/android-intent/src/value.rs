//! The value of an extra, with its type.

use alloc::string::ToString;
use alloc::vec::Vec;

use crate::java::print_float::{double_to_string, float_to_string};
use crate::{ComponentName, JavaString};

/// The value of an extra. Android converts nothing: who asks for an int does not find a long, so the type is part of the
/// message.
///
/// Values are equal when Java's `equals` says so: floating-point numbers by their bits (`0.0` is not `-0.0`, NaN is NaN),
/// and an empty list is an empty list whatever it was meant to hold.
///
/// ```
/// use caisse_android_intent::Value;
///
/// assert_eq!(Value::from(1500).as_int(), Some(1500));
/// assert_eq!(Value::from(1500_i64).as_int(), None);
/// assert_eq!(Value::from(15.10), Value::Double(15.1));
/// ```
#[derive(Clone, Debug)]
pub enum Value {
    /// `null`, put as a String.
    Null,
    /// `String`.
    String(JavaString),
    /// `boolean`.
    Boolean(bool),
    /// `byte`.
    Byte(i8),
    /// `char`: one UTF-16 unit, which may be half of a surrogate pair.
    Char(u16),
    /// `short`.
    Short(i16),
    /// `int`.
    Int(i32),
    /// `long`.
    Long(i64),
    /// `float`.
    Float(f32),
    /// `double`.
    Double(f64),
    /// `int[]`.
    IntArray(Vec<i32>),
    /// `long[]`.
    LongArray(Vec<i64>),
    /// `float[]`.
    FloatArray(Vec<f32>),
    /// `double[]`.
    DoubleArray(Vec<f64>),
    /// `String[]`.
    StringArray(Vec<JavaString>),
    /// An `ArrayList` without elements: it does not tell what it was meant to hold.
    EmptyList,
    /// `ArrayList<Integer>`.
    IntList(Vec<i32>),
    /// `ArrayList<Long>`.
    LongList(Vec<i64>),
    /// `ArrayList<Float>`.
    FloatList(Vec<f32>),
    /// `ArrayList<Double>`.
    DoubleList(Vec<f64>),
    /// `ArrayList<String>`.
    StringList(Vec<JavaString>),
    /// `android.net.Uri`, as its text.
    Uri(JavaString),
    /// `android.content.ComponentName`.
    Component(ComponentName),
}

impl Value {
    /// The name of the type, as in Java: `int`, `String`, `float[]`, `ArrayList<Long>`; `null` for [`Self::Null`] and
    /// `ArrayList` for a list without elements.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::String(_) => "String",
            Self::Boolean(_) => "boolean",
            Self::Byte(_) => "byte",
            Self::Char(_) => "char",
            Self::Short(_) => "short",
            Self::Int(_) => "int",
            Self::Long(_) => "long",
            Self::Float(_) => "float",
            Self::Double(_) => "double",
            Self::IntArray(_) => "int[]",
            Self::LongArray(_) => "long[]",
            Self::FloatArray(_) => "float[]",
            Self::DoubleArray(_) => "double[]",
            Self::StringArray(_) => "String[]",
            Self::Uri(_) => "Uri",
            Self::Component(_) => "ComponentName",
            _ if self.is_empty_list() => "ArrayList",
            Self::EmptyList => "ArrayList",
            Self::IntList(_) => "ArrayList<Integer>",
            Self::LongList(_) => "ArrayList<Long>",
            Self::FloatList(_) => "ArrayList<Float>",
            Self::DoubleList(_) => "ArrayList<Double>",
            Self::StringList(_) => "ArrayList<String>",
        }
    }

    /// The text, if it is a `String`.
    pub const fn as_string(&self) -> Option<&JavaString> {
        if let Self::String(value) = self { Some(value) } else { None }
    }

    /// The value, if it is a `boolean`.
    pub const fn as_boolean(&self) -> Option<bool> {
        if let Self::Boolean(value) = self { Some(*value) } else { None }
    }

    /// The number, if it is an `int`.
    pub const fn as_int(&self) -> Option<i32> {
        if let Self::Int(value) = self { Some(*value) } else { None }
    }

    /// The number, if it is a `long`.
    pub const fn as_long(&self) -> Option<i64> {
        if let Self::Long(value) = self { Some(*value) } else { None }
    }

    /// The number, if it is a `double`.
    pub const fn as_double(&self) -> Option<f64> {
        if let Self::Double(value) = self { Some(*value) } else { None }
    }

    /// `toString()` of a String, boolean, char or number, as the formats print it; `None` for the other types.
    ///
    /// Numbers print as Java prints them, not always the shortest way.
    ///
    /// ```
    /// use caisse_android_intent::Value;
    ///
    /// assert_eq!(Value::from(15.10).to_java_string().unwrap(), "15.1");
    /// assert_eq!(Value::from(1e7).to_java_string().unwrap(), "1.0E7");
    /// assert_eq!(Value::from(1e23).to_java_string().unwrap(), "9.999999999999999E22");
    /// ```
    pub fn to_java_string(&self) -> Option<JavaString> {
        Some(match self {
            Self::String(value) => value.clone(),
            Self::Boolean(value) => JavaString::from(if *value { "true" } else { "false" }),
            Self::Byte(value) => value.to_string().into(),
            Self::Char(value) => [*value].as_slice().into(),
            Self::Short(value) => value.to_string().into(),
            Self::Int(value) => value.to_string().into(),
            Self::Long(value) => value.to_string().into(),
            Self::Float(value) => float_to_string(*value).into(),
            Self::Double(value) => double_to_string(*value).into(),
            _ => return None,
        })
    }

    const fn is_empty_list(&self) -> bool {
        match self {
            Self::EmptyList => true,
            Self::IntList(items) => items.is_empty(),
            Self::LongList(items) => items.is_empty(),
            Self::FloatList(items) => items.is_empty(),
            Self::DoubleList(items) => items.is_empty(),
            Self::StringList(items) => items.is_empty(),
            _ => false,
        }
    }
}

/// The bits by which Java's `Float.equals` compares: all NaN are one.
pub(crate) const fn float_bits(value: f32) -> u32 {
    if value.is_nan() { 0x7fc0_0000 } else { value.to_bits() }
}

/// As [`float_bits`], for `Double`.
pub(crate) const fn double_bits(value: f64) -> u64 {
    if value.is_nan() { 0x7ff8_0000_0000_0000 } else { value.to_bits() }
}

fn same_floats(left: &[f32], right: &[f32]) -> bool {
    left.iter().copied().map(float_bits).eq(right.iter().copied().map(float_bits))
}

fn same_doubles(left: &[f64], right: &[f64]) -> bool {
    left.iter().copied().map(double_bits).eq(right.iter().copied().map(double_bits))
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::String(left), Self::String(right)) | (Self::Uri(left), Self::Uri(right)) => left == right,
            (Self::Boolean(left), Self::Boolean(right)) => left == right,
            (Self::Byte(left), Self::Byte(right)) => left == right,
            (Self::Char(left), Self::Char(right)) => left == right,
            (Self::Short(left), Self::Short(right)) => left == right,
            (Self::Int(left), Self::Int(right)) => left == right,
            (Self::Long(left), Self::Long(right)) => left == right,
            (Self::Float(left), Self::Float(right)) => float_bits(*left) == float_bits(*right),
            (Self::Double(left), Self::Double(right)) => double_bits(*left) == double_bits(*right),
            (Self::IntArray(left), Self::IntArray(right)) | (Self::IntList(left), Self::IntList(right)) => {
                left == right
            }
            (Self::LongArray(left), Self::LongArray(right))
            | (Self::LongList(left), Self::LongList(right)) => left == right,
            (Self::FloatArray(left), Self::FloatArray(right))
            | (Self::FloatList(left), Self::FloatList(right)) => same_floats(left, right),
            (Self::DoubleArray(left), Self::DoubleArray(right))
            | (Self::DoubleList(left), Self::DoubleList(right)) => same_doubles(left, right),
            (Self::StringArray(left), Self::StringArray(right))
            | (Self::StringList(left), Self::StringList(right)) => left == right,
            (Self::Component(left), Self::Component(right)) => left == right,
            _ => self.is_empty_list() && other.is_empty_list(),
        }
    }
}

impl Eq for Value {}

macro_rules! from {
    ($($source:ty => $variant:ident),* $(,)?) => {
        $(impl From<$source> for Value {
            fn from(value: $source) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}

// No lists and no `char`: Rust's types do not tell which of Java's is meant.
from! {
    &str => String,
    alloc::string::String => String,
    JavaString => String,
    bool => Boolean,
    i8 => Byte,
    i16 => Short,
    i32 => Int,
    i64 => Long,
    f32 => Float,
    f64 => Double,
    ComponentName => Component,
}
