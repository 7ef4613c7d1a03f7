//! A TOML file, and where in it what stands.

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::ConfigurationError;
use super::error::Place;

/// No file of this kind is longer: a wrong file is not read to its end.
const LONGEST: u64 = 256 * 1024;

/// The text of a file.
pub(super) struct Document<'d> {
    file: &'d Path,
    text: &'d str,
}

/// The bytes of a file.
pub(super) fn bytes_of(file: &Path) -> Result<Vec<u8>, ConfigurationError> {
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => ConfigurationError::of_file(file, "there is no such file"),
        _ => ConfigurationError::of_file(file, error),
    };
    // Looked at before it is opened: a named pipe would be waited for.
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(ConfigurationError::of_file(file, "expected a file"));
    }
    let mut bytes = Vec::new();
    let opened = File::open(file).map_err(failed)?;
    opened.take(LONGEST.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

impl<'d> Document<'d> {
    pub(super) fn new(bytes: &'d [u8], file: &'d Path) -> Result<Self, ConfigurationError> {
        if u64::try_from(bytes.len()).is_ok_and(|length| length > LONGEST) {
            return Err(ConfigurationError::of_file(file, format_args!("expected at most {LONGEST} bytes")));
        }
        match str::from_utf8(bytes) {
            Ok(text) => Ok(Self { file, text }),
            Err(error) => {
                let text = String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default());
                let place = Some(Place::of(&text, text.len()));
                let mut error = ConfigurationError::of_file(file, "expected text in UTF-8");
                error.place = place;
                Err(error)
            }
        }
    }

    /// What the file says.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, ConfigurationError> {
        let table = DeTable::parse(self.text)
            // Words about the grammar, none of the file.
            .map_err(|error| self.error(error.span().unwrap_or_default(), None, error.message()))?;
        T::deserialize(Deserializer::from(table)).map_err(|error| {
            let span = error.span().unwrap_or_default();
            let key = DeTable::parse(self.text).ok().and_then(|table| key_of(table.get_ref(), &span));
            self.error(span, key.as_deref(), &expected(error.message()))
        })
    }

    /// What stands at this key, or should, is not what was expected. What does not stand there came with the base.
    pub(super) fn refuse(&self, path: &[&str], problem: &str) -> ConfigurationError {
        let shown: Vec<_> = path.iter().map(|key| shown(key)).collect();
        let table = DeTable::parse(self.text).ok();
        let span = table.and_then(|table| {
            let table = table.get_ref();
            span_of(table, path).or_else(|| span_of(table, &["base"]))
        });
        self.error(span.unwrap_or_default(), Some(&shown), problem)
    }

    fn error(&self, span: Range<usize>, path: Option<&[String]>, problem: &str) -> ConfigurationError {
        ConfigurationError {
            file: PathBuf::from(self.file),
            place: Some(Place::of(self.text, span.start)),
            key: path.filter(|path| !path.is_empty()).map(|path| path.join(".")),
            problem: problem.to_owned(),
        }
    }
}

/// What was expected. Where `serde` says before it what was found, this is left out; our own words never say it.
fn expected(message: &str) -> String {
    match message.rsplit_once(", expected ") {
        Some((found, wanted)) if found.starts_with("unknown field ") => {
            format!("not a key of this table: expected {wanted}")
        }
        Some((_, wanted)) => format!("expected {wanted}"),
        _ => match message.strip_prefix("missing field ") {
            Some(field) => format!("expected a key {field}"),
            None => message.to_owned(),
        },
    }
}

/// A key as it may be shown: a wrong file has anything for a key.
fn shown(key: &str) -> String {
    let plain = |it: char| it.is_ascii_alphanumeric() || "-_.:".contains(it);
    let digits = key.chars().filter(char::is_ascii_digit).count();
    if key.chars().all(plain) && key.len() <= 64 && digits < 13 { key.to_owned() } else { "…".to_owned() }
}

/// The keys that lead to what stands there, the innermost last.
fn key_of(table: &DeTable<'_>, span: &Range<usize>) -> Option<Vec<String>> {
    table.iter().find_map(|(key, value)| {
        let inner = match value.get_ref() {
            DeValue::Table(inner) => key_of(inner, span),
            _ => None,
        };
        let here = key.span() == *span || value.span() == *span;
        let rest = inner.or_else(|| here.then(Vec::new))?;
        Some([vec![shown(key.get_ref())], rest].concat())
    })
}

/// Where the value of a key stands.
fn span_of(table: &DeTable<'_>, path: &[&str]) -> Option<Range<usize>> {
    let (first, rest) = path.split_first()?;
    let (_, value) = table.iter().find(|(key, _)| key.get_ref() == first)?;
    match value.get_ref() {
        _ if rest.is_empty() => Some(value.span()),
        DeValue::Table(inner) => span_of(inner, rest),
        _ => None,
    }
}
