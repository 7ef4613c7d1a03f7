//! What the items of a URI say, brought together.

use super::read::Stop;
use super::text::{OutOfBounds, Text};
use crate::java::integer::decode_int;
use crate::{ACTION_MAIN, ComponentName, Intent, JavaString, Rect};

#[derive(Clone, Copy)]
pub(super) enum Name {
    Action,
    Category,
    Type,
    Identifier,
    LaunchFlags,
    Package,
    Component,
    Scheme,
    SourceBounds,
}

/// With the sign that ends them.
const NAMES: [(&str, Name); 9] = [
    ("action=", Name::Action),
    ("category=", Name::Category),
    ("type=", Name::Type),
    ("identifier=", Name::Identifier),
    ("launchFlags=", Name::LaunchFlags),
    ("package=", Name::Package),
    ("component=", Name::Component),
    ("scheme=", Name::Scheme),
    ("sourceBounds=", Name::SourceBounds),
];

impl Name {
    /// The name with which an item begins here.
    pub(super) fn at(text: Text<'_>, at: usize) -> Option<Self> {
        NAMES.iter().find(|(prefix, _)| text.starts_with(prefix, at)).map(|(_, name)| *name)
    }
}

/// What the items said.
pub(super) struct Items {
    intent: Intent,
    selector: Option<Intent>,
    scheme: Option<JavaString>,
    action_given: bool,
}

impl Items {
    /// Nothing said yet.
    pub(super) const fn new(intent: Intent) -> Self {
        Self { intent, selector: None, scheme: None, action_given: false }
    }

    /// What follows is about a new selector; an earlier one is lost.
    pub(super) fn begin_selector(&mut self) {
        self.selector = Some(Intent::new());
    }

    /// The intent of which the items speak now.
    pub(super) fn current(&mut self) -> &mut Intent {
        self.selector.as_mut().unwrap_or(&mut self.intent)
    }

    /// Sets what the item names; flags as far as they are allowed.
    pub(super) fn set(
        &mut self,
        name: Name,
        mut value: JavaString,
        allowed: impl Fn(i32) -> i32,
    ) -> Result<(), Stop> {
        match name {
            Name::Action => {
                self.action_given |= self.selector.is_none();
                self.current().action = Some(value);
            }
            Name::Category => {
                self.current().categories.insert(value);
            }
            Name::Type => self.current().mime_type = Some(value),
            Name::Identifier => self.current().identifier = Some(value),
            Name::LaunchFlags => self.current().flags = allowed(decode_int(value.units())?),
            Name::Package => self.current().package = Some(value),
            Name::Component => self.current().component = ComponentName::unflatten(value),
            Name::Scheme => match &mut self.selector {
                None => self.scheme = Some(value),
                Some(selector) => {
                    value.push_str(":");
                    selector.data = Some(value);
                }
            },
            Name::SourceBounds => self.current().source_bounds = Rect::unflatten(&value)?,
        }
        Ok(())
    }

    /// The intent, with the data that stands before the items.
    pub(super) fn finish(self, data: Text<'_>) -> Result<Intent, OutOfBounds> {
        let Self { mut intent, selector, mut scheme, action_given } = self;
        if intent.package.is_none() {
            intent.set_selector(selector);
        }
        let mut full = JavaString::new();
        if data.starts_with("intent:", 0) {
            if let Some(scheme) = scheme {
                full = scheme;
                full.push_str(":");
            }
            full.push_units(data.behind("intent:".len())?);
        } else if data.starts_with("android-app:", 0) {
            let slash = u16::from(b'/');
            if data.at(12)? == slash && data.at(13)? == slash {
                full = android_app(data, &mut intent, &mut scheme, action_given)?;
            }
        } else {
            full = data.0.into();
        }
        if !full.is_empty() {
            intent.data = Some(full);
        }
        Ok(intent)
    }
}

/// Reads `android-app://package/scheme/authority/rest`: sets the package, and gives the data back.
fn android_app(
    text: Text<'_>,
    intent: &mut Intent,
    scheme: &mut Option<JavaString>,
    action_given: bool,
) -> Result<JavaString, OutOfBounds> {
    const PACKAGE: usize = "android-app://".len();
    let behind = |place: usize| place.saturating_add(1);
    let slash = text.find(b'/', PACKAGE);
    intent.package = Some(text.cut(PACKAGE, slash.unwrap_or(text.len()))?.into());
    let (mut authority, mut end) = (None, slash.unwrap_or(text.len()));
    if slash.is_some() && behind(end) < text.len() {
        match text.find(b'/', behind(end)) {
            None => *scheme = Some(text.behind(behind(end))?.into()),
            Some(place) => {
                *scheme = Some(text.cut(behind(end), place)?.into());
                end = place;
                if let Some(place) = text.find(b'/', behind(end)) {
                    authority = Some(text.cut(behind(end), place)?);
                    end = place;
                }
            }
        }
    }
    // Without a slash behind the package, a scheme given among the items is not used either.
    let Some(scheme) = scheme.as_ref().filter(|_| slash.is_some()) else {
        if !action_given {
            intent.action = Some(ACTION_MAIN.into());
        }
        return Ok(JavaString::new());
    };
    let mut data = scheme.clone();
    data.push_str(":");
    if let Some(authority) = authority {
        data.push_str("//");
        data.push_units(authority);
        data.push_units(text.behind(end)?);
    }
    Ok(data)
}
