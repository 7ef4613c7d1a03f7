//! `Intent.toUri`.

use alloc::format;

use super::UriFlags;
use super::data::{Hierarchy, scheme};
use super::escape::encode;
use super::text::Text;
use crate::{ACTION_MAIN, ACTION_VIEW, Exception, ExceptionClass, Intent, JavaString, Value};

impl Intent {
    /// `toUri(URI_INTENT_SCHEME)`: the text that begins with `intent:`. Data without a scheme is written bare.
    ///
    /// Extras that are no String, boolean, char or number fall away, as in Android, and the action VIEW is not written since
    /// reading puts it.
    ///
    /// ```
    /// use caisse_android_intent::Intent;
    ///
    /// let intent = Intent::new().with_data("https://shop.example/?a=1").with_extra("amount", 15.10);
    /// assert_eq!(intent.to_intent_uri(), "intent://shop.example/?a=1#Intent;scheme=https;d.amount=15.1;end");
    /// ```
    pub fn to_intent_uri(&self) -> JavaString {
        self.uri(true)
    }

    /// `toUri(flags)`.
    ///
    /// # Errors
    ///
    /// `IllegalArgumentException` for [`UriFlags::ANDROID_APP_SCHEME`] without a package.
    pub fn to_uri(&self, flags: UriFlags) -> Result<JavaString, Exception> {
        if flags.contains(UriFlags::ANDROID_APP_SCHEME) {
            self.android_app_uri()
        } else {
            Ok(self.uri(flags.contains(UriFlags::INTENT_SCHEME)))
        }
    }

    fn uri(&self, intent_scheme: bool) -> JavaString {
        let mut uri = JavaString::new();
        let mut scheme = None;
        if let Some(data) = &self.data {
            let mut rest = data.units();
            if let Some((before, behind)) = valid_scheme(data).filter(|_| intent_scheme) {
                uri.push_str("intent:");
                scheme = Some(before);
                rest = behind;
            }
            uri.push_units(rest);
        } else if intent_scheme {
            uri.push_str("intent:");
        }
        self.fragment(scheme, ACTION_VIEW, None, &mut uri);
        uri
    }

    fn android_app_uri(&self) -> Result<JavaString, Exception> {
        let package = self.package.as_ref().ok_or_else(|| {
            Exception::new(
                ExceptionClass::IllegalArgument,
                0,
                "an android-app: URI names a package, and the intent has none",
                "Intent must include an explicit package name to build an android-app: Intent",
            )
        })?;
        let mut uri = JavaString::from("android-app://");
        uri.push_units(package.units());
        let data = self.data.as_ref().map(|data| Text(data.units()));
        let scheme = data.and_then(scheme);
        if let Some(scheme) = scheme {
            uri.push_str("/");
            uri.push_units(scheme);
        }
        if let Some(parts) = data.and_then(Hierarchy::of) {
            uri.push_str("/");
            uri.push_units(parts.authority);
            uri.push_units(parts.path);
            for (sign, part) in [("?", parts.query), ("#", parts.fragment)] {
                if let Some(part) = part {
                    uri.push_str(sign);
                    uri.push_units(part);
                }
            }
        }
        let action = if scheme.is_some() { ACTION_VIEW } else { ACTION_MAIN };
        self.fragment(None, action, Some(package), &mut uri);
        Ok(uri)
    }

    fn fragment(
        &self,
        scheme: Option<&[u16]>,
        action: &str,
        package: Option<&JavaString>,
        into: &mut JavaString,
    ) {
        let mut items = JavaString::new();
        self.items(scheme, Some(action), package, &mut items);
        if let Some(selector) = &self.selector {
            items.push_str("SEL;");
            let scheme = selector.data.as_ref().and_then(|data| self::scheme(Text(data.units())));
            selector.items(scheme, None, None, &mut items);
        }
        if !items.is_empty() {
            into.push_str("#Intent;");
            into.push_units(items.units());
            into.push_str("end");
        }
    }

    fn items(
        &self,
        scheme: Option<&[u16]>,
        default_action: Option<&str>,
        default_package: Option<&JavaString>,
        into: &mut JavaString,
    ) {
        if let Some(scheme) = scheme {
            into.push_str("scheme=");
            into.push_units(scheme);
            into.push_str(";");
        }
        let mut item = |name: &str, value: &JavaString, allow: &str| {
            into.push_str(name);
            into.push_str("=");
            encode(value, allow, into);
            into.push_str(";");
        };
        if let Some(action) =
            self.action.as_ref().filter(|action| default_action.is_none_or(|default| *action != default))
        {
            item("action", action, "");
        }
        self.categories.iter().for_each(|category| item("category", category, ""));
        if let Some(mime_type) = &self.mime_type {
            item("type", mime_type, "/");
        }
        if let Some(identifier) = &self.identifier {
            item("identifier", identifier, "/");
        }
        if self.flags != 0 {
            item("launchFlags", &format!("0x{:x}", self.flags).into(), "");
        }
        if let Some(package) = self.package.as_ref().filter(|package| Some(*package) != default_package) {
            item("package", package, "");
        }
        if let Some(component) = &self.component {
            item("component", &component.flatten_to_short_string(), "/");
        }
        if let Some(bounds) = self.source_bounds {
            item("sourceBounds", &bounds.flatten_to_string(), "");
        }
        for (key, value) in self.extras.iter() {
            if let Some((letter, value)) = letter(value).zip(value.to_java_string()) {
                into.push_str(letter);
                encode(key, "", into);
                into.push_str("=");
                encode(&value, "", into);
                into.push_str(";");
            }
        }
    }
}

/// The letter of an extra's type, if the format has one.
const fn letter(value: &Value) -> Option<&'static str> {
    Some(match value {
        Value::String(_) => "S.",
        Value::Boolean(_) => "B.",
        Value::Byte(_) => "b.",
        Value::Char(_) => "c.",
        Value::Double(_) => "d.",
        Value::Float(_) => "f.",
        Value::Int(_) => "i.",
        Value::Long(_) => "l.",
        Value::Short(_) => "s.",
        _ => return None,
    })
}

/// Scheme and rest, if the text begins with letters, digits, `.`, `-` or `+`, and a colon.
fn valid_scheme(data: &JavaString) -> Option<(&[u16], &[u16])> {
    let legal = |unit: &u16| {
        u8::try_from(*unit)
            .is_ok_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+'))
    };
    let end = data.units().iter().position(|unit| !legal(unit))?;
    let (scheme, rest) = data.units().split_at_checked(end)?;
    let rest = rest.strip_prefix(&[u16::from(b':')])?;
    (!scheme.is_empty()).then_some((scheme, rest))
}
