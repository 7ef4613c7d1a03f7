//! `Intent.parseUri`.

use super::escape::decode;
use super::text::{Next, OutOfBounds, Text};
use super::{UriFlags, old};
use crate::java::NumberError;
use crate::java::integer::{decode_int, parse_byte, parse_int, parse_long, parse_short};
use crate::java::read_float::{parse_double, parse_float};
use crate::{
    ACTION_MAIN, ACTION_VIEW, ComponentName, Exception, ExceptionClass, Intent, JavaString, Rect, Value,
    flags,
};

/// How many units of keys and values one text may come to. An item without `=` makes a key that reaches to the next one, so a
/// text could ask for the square of its length; no intent that Android can send is a fourth as large.
const LONGEST_CONTENT: usize = 1 << 22;

impl Intent {
    /// `parseUri(text, flags)`. Nothing is resolved, started or granted.
    ///
    /// ```
    /// use caisse_android_intent::{ExceptionClass, Intent, UriFlags};
    ///
    /// let intent = Intent::parse_uri("intent:#Intent;component=com.shop.pay/.Main;i.amount=1500;end", UriFlags::INTENT_SCHEME)?;
    /// assert_eq!(intent.extra("amount").and_then(|value| value.as_int()), Some(1500));
    ///
    /// let error = Intent::parse_uri("intent:#Intent;i.amount=15.00;end", UriFlags::INTENT_SCHEME).unwrap_err();
    /// assert_eq!((error.class(), error.offset()), (ExceptionClass::NumberFormat, 15));
    /// # Ok::<(), caisse_android_intent::Exception>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What Android throws: `URISyntaxException`, or `NumberFormatException` for numbers. Beyond Android, a text for which
    /// `parseUri` would not end (possible without [`UriFlags::INTENT_SCHEME`]), or whose keys and values would come to
    /// more than four million units, is a `URISyntaxException`.
    pub fn parse_uri(text: impl Into<JavaString>, flags: UriFlags) -> Result<Self, Exception> {
        let text = text.into();
        Reader { text: &text, flags, item: None, content: 0 }.read()
    }
}

pub(super) struct Reader<'t> {
    pub(super) text: &'t JavaString,
    pub(super) flags: UriFlags,
    /// Where the item that is read begins; where the fragment begins, before the first.
    item: Option<usize>,
    content: usize,
}

/// Why reading stops.
pub(super) enum Stop {
    OutOfBounds,
    Number(NumberError),
    Exception(Exception),
}

impl From<OutOfBounds> for Stop {
    fn from(_: OutOfBounds) -> Self {
        Self::OutOfBounds
    }
}

impl From<NumberError> for Stop {
    fn from(error: NumberError) -> Self {
        Self::Number(error)
    }
}

impl From<Exception> for Stop {
    fn from(exception: Exception) -> Self {
        Self::Exception(exception)
    }
}

impl Reader<'_> {
    fn read(mut self) -> Result<Intent, Exception> {
        self.intent().map_err(|stop| match stop {
            Stop::OutOfBounds => self.syntax("illegal Intent URI format", self.item),
            Stop::Number(error) => self.number(error),
            Stop::Exception(exception) => exception,
        })
    }

    /// A `URISyntaxException`, with the message that Java makes.
    pub(super) fn syntax(&self, reason: &'static str, offset: Option<usize>) -> Exception {
        let mut message = JavaString::from(reason);
        if let Some(offset) = offset {
            message.push_str(&alloc::format!(" at index {offset}"));
        }
        message.push_str(": ");
        message.push_units(self.text.units());
        Exception::new(ExceptionClass::UriSyntax, offset.unwrap_or(0), reason, message)
    }

    fn number(&self, error: NumberError) -> Exception {
        Exception::new(ExceptionClass::NumberFormat, self.item.unwrap_or(0), error.reason, error.message)
    }

    /// Flags as a text may set them.
    pub(super) fn allowed(&self, bits: i32) -> i32 {
        if self.flags.contains(UriFlags::ALLOW_UNSAFE) { bits } else { bits & !flags::IMMUTABLE }
    }

    fn intent(&mut self) -> Result<Intent, Stop> {
        let text = Text(self.text.units());
        let android_app = text.starts_with("android-app:", 0);
        let checks_scheme =
            self.flags.contains(UriFlags::INTENT_SCHEME) || self.flags.contains(UriFlags::ANDROID_APP_SCHEME);
        let view = || Intent::new().with_action(ACTION_VIEW);
        if checks_scheme && !android_app && !text.starts_with("intent:", 0) {
            return Ok(view().with_data(self.text));
        }
        let hash = text.find_last(b'#');
        self.item = hash;
        let fragment = hash.filter(|hash| text.starts_with("#Intent;", *hash));
        if fragment.is_none() && !android_app {
            return match hash {
                None => Ok(view().with_data(self.text)),
                Some(hash) => old::read(self, hash),
            };
        }
        self.item = fragment;
        let data = text.cut(0, fragment.unwrap_or(text.len()))?;
        let mut items = Items { intent: view(), selector: None, scheme: None, action_given: false };
        if let Some(fragment) = fragment {
            self.items(fragment.saturating_add("#Intent;".len()), &mut items)?;
        }
        items.finish(Text(data)).map_err(Stop::from)
    }

    fn items(&mut self, first: usize, items: &mut Items) -> Result<(), Stop> {
        let text = Text(self.text.units());
        let (mut equals, mut semicolons) = (Next::new(b'=', text), Next::new(b';', text));
        let mut at = first;
        self.item = Some(at);
        while !text.starts_with("end", at) {
            let (equal, semicolon) = (equals.find(text, at), semicolons.find(text, at));
            self.item(at, equal, semicolon, items)?;
            // An item without an end leads back to the beginning of the text.
            let next = semicolon.map_or(0, |semicolon| semicolon.saturating_add(1));
            if next == 0 && at < first {
                return Err(self
                    .syntax("an item without an end, for which Android would read forever", Some(at))
                    .into());
            }
            at = next;
            self.item = Some(at);
        }
        Ok(())
    }

    fn item(
        &mut self,
        at: usize,
        equal: Option<usize>,
        semicolon: Option<usize>,
        items: &mut Items,
    ) -> Result<(), Stop> {
        let text = Text(self.text.units());
        let value = match (equal, semicolon) {
            (Some(equal), Some(semicolon)) if equal < semicolon => {
                decode(self.take(text.cut(equal.saturating_add(1), semicolon)?)?)
            }
            _ => JavaString::new(),
        };
        if let Some(name) =
            NAMES.iter().find(|(prefix, _)| text.starts_with(prefix, at)).map(|(_, name)| *name)
        {
            let flags =
                if matches!(name, Name::LaunchFlags) { self.allowed(decode_int(value.units())?) } else { 0 };
            items.set(name, value, flags)?;
        } else if semicolon == at.checked_add(3) && text.starts_with("SEL", at) {
            items.selector = Some(Intent::new());
        } else {
            let key = decode(self.take(text.cut(at.saturating_add(2), equal)?)?);
            let letter = LETTERS.iter().find(|letter| text.starts_with(letter, at));
            let letter = letter.ok_or_else(|| self.syntax("unknown EXTRA type", Some(at)))?;
            let value = extra(letter, value)?;
            items.current().extras.insert(key, value);
        }
        Ok(())
    }

    /// Counts what is going to be kept.
    fn take<'u>(&mut self, units: &'u [u16]) -> Result<&'u [u16], Stop> {
        self.content = self.content.saturating_add(units.len());
        if self.content > LONGEST_CONTENT {
            return Err(self.syntax("keys and values longer than any intent", self.item).into());
        }
        Ok(units)
    }
}

#[derive(Clone, Copy)]
enum Name {
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

const LETTERS: [&str; 9] = ["S.", "B.", "b.", "c.", "d.", "f.", "i.", "l.", "s."];

/// The value of an extra of this letter.
pub(super) fn extra(letter: &str, value: JavaString) -> Result<Value, Stop> {
    let units = value.units();
    Ok(match letter.as_bytes().first() {
        Some(b'B') => Value::Boolean(is_true(units)),
        Some(b'b') => Value::Byte(parse_byte(units)?),
        Some(b'c') => Value::Char(Text(units).at(0)?),
        Some(b'd') => Value::Double(parse_double(units)?),
        Some(b'f') => Value::Float(parse_float(units)?),
        Some(b'i') => Value::Int(parse_int(units)?),
        Some(b'l') => Value::Long(parse_long(units)?),
        Some(b's') => Value::Short(parse_short(units)?),
        _ => Value::String(value),
    })
}

/// `Boolean.parseBoolean`: `true` in any case.
fn is_true(units: &[u16]) -> bool {
    let lower = units.iter().map(|unit| u8::try_from(*unit).map_or(0, |byte| byte.to_ascii_lowercase()));
    lower.eq(b"true".iter().copied())
}

/// What the items said.
struct Items {
    intent: Intent,
    selector: Option<Intent>,
    scheme: Option<JavaString>,
    action_given: bool,
}

impl Items {
    /// The intent of which the items speak now.
    fn current(&mut self) -> &mut Intent {
        self.selector.as_mut().unwrap_or(&mut self.intent)
    }

    fn set(&mut self, name: Name, mut value: JavaString, flags: i32) -> Result<(), Stop> {
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
            Name::LaunchFlags => self.current().flags = flags,
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

    fn finish(self, data: Text<'_>) -> Result<Intent, OutOfBounds> {
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
