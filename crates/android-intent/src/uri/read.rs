//! `Intent.parseUri`.

use super::escape::decode;
use super::items::{Items, Name};
use super::kind::Kind;
use super::text::{Next, OutOfBounds, Text};
use super::{UriFlags, old};
use crate::java::NumberError;
use crate::{ACTION_VIEW, Exception, ExceptionClass, Intent, JavaString, flags};

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
        let mut items = Items::new(view());
        if let Some(fragment) = fragment {
            self.items(fragment.saturating_add("#Intent;".len()), &mut items)?;
        }
        items.finish(Text(data)).map_err(Stop::from)
    }

    fn items(&mut self, first: usize, items: &mut Items) -> Result<(), Stop> {
        let text = Text(self.text.units());
        let (mut equals, mut semicolons) = (Next::new(b'=', text), Next::new(b';', text));
        let (mut at, mut from_the_beginning) = (first, false);
        self.item = Some(at);
        while !text.starts_with("end", at) {
            let (equal, semicolon) = (equals.find(text, at), semicolons.find(text, at));
            self.item(at, equal, semicolon, items)?;
            // An item without an end leads back to the beginning of the text.
            let next = semicolon.map_or(0, |semicolon| semicolon.saturating_add(1));
            if next == 0 && from_the_beginning {
                return Err(self
                    .syntax("items without an end, which Android would read for ever", Some(at))
                    .into());
            }
            from_the_beginning |= next == 0;
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
        if let Some(name) = Name::at(text, at) {
            items.set(name, value, |bits| self.allowed(bits))?;
        } else if semicolon == at.checked_add(3) && text.starts_with("SEL", at) {
            items.begin_selector();
        } else {
            let key = decode(self.take(text.cut(at.saturating_add(2), equal)?)?);
            let kind = Kind::of(text.0.get(at)).filter(|_| text.starts_with(".", at.saturating_add(1)));
            let kind = kind.ok_or_else(|| self.syntax("unknown EXTRA type", Some(at)))?;
            let value = kind.read(value)?;
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
