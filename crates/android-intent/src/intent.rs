//! The intent itself.

use alloc::boxed::Box;

use crate::{Categories, ComponentName, Extras, JavaString, Rect, Value};

/// `android.content.Intent`, with everything that its text formats can say (clip data is not among it).
///
/// Absent and empty are different: `None` is Java's `null`.
///
/// ```
/// use caisse_android_intent::{ComponentName, Intent};
///
/// let intent = Intent::new()
///     .with_component(ComponentName::new("com.shop.pay", "com.shop.pay.Main"))
///     .with_extra("amount", 1500)
///     .with_extra("reference", "T-1");
/// assert_eq!(intent.extra("amount").and_then(|value| value.as_int()), Some(1500));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Intent {
    pub(crate) action: Option<JavaString>,
    pub(crate) data: Option<JavaString>,
    pub(crate) mime_type: Option<JavaString>,
    pub(crate) identifier: Option<JavaString>,
    pub(crate) package: Option<JavaString>,
    pub(crate) component: Option<ComponentName>,
    pub(crate) flags: i32,
    pub(crate) categories: Categories,
    pub(crate) source_bounds: Option<Rect>,
    pub(crate) selector: Option<Box<Self>>,
    pub(crate) extras: Extras,
}

/// Getter, setter in place and setter of the builder for one field of text.
macro_rules! texts {
    ($($field:ident, $with:ident, $set:ident: $what:literal;)*) => {
        $(
            #[doc = concat!("The ", $what, ".")]
            pub const fn $field(&self) -> Option<&JavaString> {
                self.$field.as_ref()
            }

            #[doc = concat!("Sets or clears the ", $what, ".")]
            pub fn $set(&mut self, $field: Option<JavaString>) {
                self.$field = $field;
            }

            #[doc = concat!("The same intent with this ", $what, ".")]
            #[must_use]
            pub fn $with(mut self, $field: impl Into<JavaString>) -> Self {
                self.$field = Some($field.into());
                self
            }
        )*
    };
}

impl Intent {
    /// An intent that says nothing.
    pub fn new() -> Self {
        Self::default()
    }

    texts! {
        action, with_action, set_action: "action";
        data, with_data, set_data: "data: the text of a URI, kept as it is";
        mime_type, with_mime_type, set_mime_type: "type of the data (MIME), kept as it is";
        identifier, with_identifier, set_identifier: "identifier";
        package, with_package, set_package:
            "package to which the search for a component is limited (Android refuses it beside a selector)";
    }

    /// The component that is to be started.
    pub const fn component(&self) -> Option<&ComponentName> {
        self.component.as_ref()
    }

    /// Sets or clears the component.
    pub fn set_component(&mut self, component: Option<ComponentName>) {
        self.component = component;
    }

    /// The same intent for this component.
    #[must_use]
    pub fn with_component(mut self, component: ComponentName) -> Self {
        self.component = Some(component);
        self
    }

    /// The flags: see [`crate::flags`].
    pub const fn flags(&self) -> i32 {
        self.flags
    }

    /// Sets the flags, all of them.
    pub const fn set_flags(&mut self, flags: i32) {
        self.flags = flags;
    }

    /// The same intent with these flags and no others.
    #[must_use]
    pub const fn with_flags(mut self, flags: i32) -> Self {
        self.flags = flags;
        self
    }

    /// The categories.
    pub const fn categories(&self) -> &Categories {
        &self.categories
    }

    /// The categories, to be changed.
    pub const fn categories_mut(&mut self) -> &mut Categories {
        &mut self.categories
    }

    /// The same intent with one more category.
    #[must_use]
    pub fn with_category(mut self, category: impl Into<JavaString>) -> Self {
        self.categories.insert(category);
        self
    }

    /// Where on the screen the intent came from.
    pub const fn source_bounds(&self) -> Option<Rect> {
        self.source_bounds
    }

    /// Sets or clears the source bounds.
    pub const fn set_source_bounds(&mut self, bounds: Option<Rect>) {
        self.source_bounds = bounds;
    }

    /// The same intent with these source bounds.
    #[must_use]
    pub const fn with_source_bounds(mut self, bounds: Rect) -> Self {
        self.source_bounds = Some(bounds);
        self
    }

    /// The selector: the intent by which the component is searched instead.
    pub fn selector(&self) -> Option<&Self> {
        self.selector.as_deref()
    }

    /// Sets or clears the selector. Android refuses one beside a package.
    pub fn set_selector(&mut self, selector: Option<Self>) {
        self.selector = selector.map(Box::new);
    }

    /// The same intent with this selector.
    #[must_use]
    pub fn with_selector(mut self, selector: Self) -> Self {
        self.selector = Some(Box::new(selector));
        self
    }

    /// The extras.
    pub const fn extras(&self) -> &Extras {
        &self.extras
    }

    /// The extras, to be changed.
    pub const fn extras_mut(&mut self) -> &mut Extras {
        &mut self.extras
    }

    /// The value of an extra.
    pub fn extra(&self, key: impl Into<JavaString>) -> Option<&Value> {
        self.extras.get(key)
    }

    /// The same intent with this extra.
    #[must_use]
    pub fn with_extra(mut self, key: impl Into<JavaString>, value: impl Into<Value>) -> Self {
        self.extras.insert(key, value);
        self
    }
}
