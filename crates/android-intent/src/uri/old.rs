//! `Intent.getIntentOld`: the form before 2008, `uri#action(...)categories(...)type(...)launchFlags(...)component(...)extras(...)`.

use super::escape::decode;
use super::kind::Kind;
use super::read::{Reader, Stop};
use super::text::Text;
use crate::java::integer::decode_int;
use crate::{ACTION_VIEW, ComponentName, Intent, JavaString};

/// Reads the text, in which the last hash stands at this place. Whatever follows that is none of the parts is ignored.
pub(super) fn read(reader: &Reader<'_>, hash: usize) -> Result<Intent, Stop> {
    let text = Text(reader.text.units());
    let mut old = Old { text, at: hash.saturating_add(1), found: false };
    let mut intent = Intent::new();
    if let Some(end) = old.enter("action(") {
        intent.action = Some(text.cut(old.at, end)?.into());
        old.leave(end);
    }
    if let Some(end) = old.enter("categories(") {
        let names = end.and_then(|end| text.cut(old.at, end).ok()).unwrap_or_default();
        let names = names.split(|unit| *unit == u16::from(b'!')).filter(|name| !name.is_empty());
        names.for_each(|name| {
            intent.categories.insert(name);
        });
        old.leave(end);
    }
    if let Some(end) = old.enter("type(") {
        intent.mime_type = Some(text.cut(old.at, end)?.into());
        old.leave(end);
    }
    if let Some(end) = old.enter("launchFlags(") {
        intent.flags = reader.allowed(decode_int(text.cut(old.at, end)?)?);
        old.leave(end);
    }
    if let Some(end) = old.enter("component(") {
        let mark = text.find(b'!', old.at);
        if let Some((mark, end)) = mark.zip(end).filter(|(mark, end)| mark < end) {
            let (package, class) = (text.cut(old.at, mark)?, text.cut(mark.saturating_add(1), end)?);
            intent.component = Some(ComponentName::new(package, class));
        }
        old.leave(end);
    }
    if let Some(end) = old.enter("extras(") {
        let end = end.ok_or_else(|| reader.syntax("EXTRA missing trailing ')'", Some(old.at)))?;
        extras(reader, old.at, end, &mut intent)?;
    }
    let data = if old.found { text.cut(0, hash)? } else { text.0 };
    intent.data = Some(data.into());
    intent.action.get_or_insert_with(|| ACTION_VIEW.into());
    Ok(intent)
}

struct Old<'t> {
    text: Text<'t>,
    at: usize,
    /// Whether any part was there.
    found: bool,
}

impl Old<'_> {
    /// If the part with this name begins here, goes behind its parenthesis and tells where the closing one is.
    fn enter(&mut self, name: &str) -> Option<Option<usize>> {
        if !self.text.starts_with(name, self.at) {
            return None;
        }
        self.found = true;
        self.at = self.at.saturating_add(name.len());
        Some(self.text.find(b')', self.at))
    }

    /// Goes behind the closing parenthesis; without one, to the beginning of the text.
    fn leave(&mut self, end: Option<usize>) {
        self.at = end.map_or(0, |end| end.saturating_add(1));
    }
}

/// Reads `Kkey=value!Kkey=value`, where K is the letter of the type.
fn extras(reader: &Reader<'_>, mut at: usize, end: usize, intent: &mut Intent) -> Result<(), Stop> {
    let text = Text(reader.text.units());
    let wrong = |reason, at| Stop::from(reader.syntax(reason, Some(at)));
    while at < end {
        let behind = |place: usize| place.saturating_add(1);
        let equal = text.find(b'=', at).filter(|equal| *equal > behind(at));
        let equal = equal.ok_or_else(|| wrong("EXTRA missing '='", at))?;
        let (letter, key) = (text.at(at)?, text.cut(behind(at), equal)?);
        let begin = behind(equal);
        at = text.find(b'!', begin).filter(|mark| *mark < end).unwrap_or(end);
        if begin >= at {
            return Err(wrong("EXTRA missing '!'", begin));
        }
        let value = JavaString::from(text.cut(begin, at)?);
        let kind = Kind::of(Some(&letter)).ok_or_else(|| wrong("EXTRA has unknown type", at))?;
        let value = if matches!(kind, Kind::String | Kind::Char) { decode(value.units()) } else { value };
        let value = kind.read(value).map_err(|stop| match stop {
            Stop::Number(_) => wrong("EXTRA value can't be parsed", at),
            stop => stop,
        })?;
        intent.extras.insert(key, value);
        at = behind(at);
    }
    Ok(())
}
