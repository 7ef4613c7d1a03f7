//! Extras and categories: Android keeps them in the order of Java's hashes, and prints them so.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use crate::{JavaString, Value};

/// Extras by their key, in the order of Android's `Bundle`: by ascending signed `hashCode` of the key; keys of equal
/// hash in the order in which they first came. Putting a key again replaces the value and keeps the place.
///
/// ```
/// use caisse_android_intent::{Extras, Value};
///
/// let mut extras = Extras::new();
/// extras.insert("amount", 1500); // hash -1413853096
/// extras.insert("action", "PERFORM"); // hash -1422950858
/// assert_eq!(extras.get("amount"), Some(&Value::Int(1500)));
/// let keys: Vec<_> = extras.iter().map(|(key, _)| key.to_string()).collect();
/// assert_eq!(keys, ["action", "amount"]);
/// ```
#[derive(Clone, Default)]
pub struct Extras {
    slots: BTreeMap<JavaString, Slot>,
    next: usize,
}

#[derive(Clone)]
struct Slot {
    /// Orders keys of equal hash.
    rank: usize,
    value: Value,
}

impl Extras {
    /// No extras.
    pub const fn new() -> Self {
        Self { slots: BTreeMap::new(), next: 0 }
    }

    /// Puts an extra; a value that the key had before is replaced and given back.
    pub fn insert(&mut self, key: impl Into<JavaString>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        if let Some(slot) = self.slots.get_mut(&key) {
            return Some(core::mem::replace(&mut slot.value, value));
        }
        self.slots.insert(key, Slot { rank: self.next, value });
        self.next = self.next.saturating_add(1);
        None
    }

    /// Takes an extra out.
    pub fn remove(&mut self, key: impl Into<JavaString>) -> Option<Value> {
        self.slots.remove(&key.into()).map(|slot| slot.value)
    }

    /// The value of a key.
    pub fn get(&self, key: impl Into<JavaString>) -> Option<&Value> {
        self.slots.get(&key.into()).map(|slot| &slot.value)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Keys and values in Android's order.
    pub fn iter(&self) -> impl Iterator<Item = (&JavaString, &Value)> {
        let mut sorted: Vec<_> =
            self.slots.iter().map(|(key, slot)| ((key.hash_code(), slot.rank), (key, &slot.value))).collect();
        sorted.sort_unstable_by_key(|(order, _)| *order);
        sorted.into_iter().map(|(_, extra)| extra)
    }
}

impl<K: Into<JavaString>, V: Into<Value>> Extend<(K, V)> for Extras {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, extras: I) {
        extras.into_iter().for_each(|(key, value)| {
            self.insert(key, value);
        });
    }
}

impl<K: Into<JavaString>, V: Into<Value>> FromIterator<(K, V)> for Extras {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(extras: I) -> Self {
        let mut all = Self::new();
        all.extend(extras);
        all
    }
}

impl PartialEq for Extras {
    /// Equal in content and order.
    fn eq(&self, other: &Self) -> bool {
        self.slots.len() == other.slots.len() && self.iter().eq(other.iter())
    }
}

impl Eq for Extras {}

impl fmt::Debug for Extras {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.iter()).finish()
    }
}

/// Categories, each once, in the same order as [`Extras`].
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Categories {
    names: Extras,
}

impl Categories {
    /// No categories.
    pub const fn new() -> Self {
        Self { names: Extras::new() }
    }

    /// Adds a category; `false` if it was there.
    pub fn insert(&mut self, name: impl Into<JavaString>) -> bool {
        self.names.insert(name, Value::Null).is_none()
    }

    /// Whether the category is there.
    pub fn contains(&self, name: impl Into<JavaString>) -> bool {
        self.names.get(name).is_some()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The names in Android's order.
    pub fn iter(&self) -> impl Iterator<Item = &JavaString> {
        self.names.iter().map(|(name, _)| name)
    }
}

impl<N: Into<JavaString>> FromIterator<N> for Categories {
    fn from_iter<I: IntoIterator<Item = N>>(names: I) -> Self {
        let mut all = Self::new();
        names.into_iter().for_each(|name| {
            all.insert(name);
        });
        all
    }
}

impl fmt::Debug for Categories {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter()).finish()
    }
}
