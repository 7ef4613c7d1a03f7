//! The name of a component: which class of which app.

use crate::JavaString;

/// `android.content.ComponentName`: a package and the full name of a class in it.
///
/// ```
/// use caisse_android_intent::ComponentName;
///
/// let name = ComponentName::new("com.shop.pay", "com.shop.pay.ui.Main");
/// assert_eq!(name.flatten_to_short_string(), "com.shop.pay/.ui.Main");
/// assert_eq!(ComponentName::unflatten("com.shop.pay/.ui.Main"), Some(name));
/// assert_eq!(ComponentName::unflatten("com.shop.pay/"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ComponentName {
    package: JavaString,
    class: JavaString,
}

const SLASH: u16 = b'/' as u16;
const DOT: u16 = b'.' as u16;

impl ComponentName {
    /// The component `class` (its full name, kept as it is) of the app `package`.
    pub fn new(package: impl Into<JavaString>, class: impl Into<JavaString>) -> Self {
        Self { package: package.into(), class: class.into() }
    }

    /// The package.
    pub const fn package(&self) -> &JavaString {
        &self.package
    }

    /// The full name of the class, never shortened.
    pub const fn class(&self) -> &JavaString {
        &self.class
    }

    /// `unflattenFromString`: package and class parted by the first `/`; a class that begins with a point goes on from
    /// the package. `None` without a `/` or without a class; the package may be empty.
    pub fn unflatten(text: impl Into<JavaString>) -> Option<Self> {
        let text = text.into();
        let mut parts = text.units().splitn(2, |unit| *unit == SLASH);
        let (package, class) = (parts.next()?, parts.next()?);
        if class.is_empty() {
            return None;
        }
        let mut full = JavaString::new();
        if class.first() == Some(&DOT) {
            full.push_units(package);
        }
        full.push_units(class);
        Some(Self { package: package.into(), class: full })
    }

    /// `flattenToString`: `package/class`.
    pub fn flatten_to_string(&self) -> JavaString {
        self.flatten(self.class.units())
    }

    /// `flattenToShortString`: `package/.rest` if the class lies in the package, else `package/class`.
    pub fn flatten_to_short_string(&self) -> JavaString {
        let rest = self.class.units().strip_prefix(self.package.units());
        let short = rest.filter(|rest| rest.first() == Some(&DOT));
        self.flatten(short.unwrap_or(self.class.units()))
    }

    fn flatten(&self, class: &[u16]) -> JavaString {
        let mut text = self.package.clone();
        text.push(SLASH);
        text.push_units(class);
        text
    }
}
