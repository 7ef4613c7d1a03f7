//! A search for secrets in all that was printed.

use std::collections::BTreeMap;
use std::fmt::{Debug, Display};

/// Every run of so many bytes of a canary is looked for: the last four digits of a card may be shown.
const WINDOW: usize = 6;

/// Base64 of whole groups of three.
pub(crate) fn base64_digits(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = bytes.chunks_exact(3).flat_map(|group| {
        let bits = group.iter().fold(0usize, |bits, byte| bits << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| char::from(ALPHABET[bits >> shift & 63]))
    });
    digits.collect()
}

pub(crate) fn joined(bytes: &[u8], separator: &str, form: impl Fn(u8) -> String) -> String {
    bytes.iter().map(|byte| form(*byte)).collect::<Vec<_>>().join(separator)
}

/// The shapes in which a run of bytes could leak.
fn shapes(run: &[u8]) -> Vec<String> {
    let hex = joined(run, "", |byte| format!("{byte:02x}"));
    vec![
        String::from_utf8(run.to_vec()).unwrap(),
        run.escape_ascii().to_string(),
        hex.to_uppercase(),
        joined(run, " ", |byte| format!("{byte:02x}")),
        joined(run, ", ", |byte| format!("{byte:02x}")),
        joined(run, ", ", |byte| format!("0x{byte:02x}")),
        joined(run, ", ", |byte| byte.to_string()),
        joined(run, ",", |byte| byte.to_string()),
        joined(run, ",\n    ", |byte| byte.to_string()),
        base64_digits(run),
        hex,
    ]
}

/// A record of all that was printed, to be searched at the end: the text, and what printed it first.
pub(crate) struct Printed {
    canaries: &'static [&'static str],
    texts: BTreeMap<String, String>,
}

impl Printed {
    /// Nothing printed yet; these are looked for.
    pub(crate) const fn new(canaries: &'static [&'static str]) -> Self {
        Self { canaries, texts: BTreeMap::new() }
    }

    pub(crate) fn text(&mut self, what: &str, shown: String) {
        self.texts.entry(shown).or_insert_with(|| what.to_owned());
    }

    pub(crate) fn debug(&mut self, what: &str, value: impl Debug) {
        self.text(what, format!("{value:?}"));
        self.text(what, format!("{value:#?}"));
    }

    pub(crate) fn display(&mut self, what: &str, value: impl Display) {
        self.text(what, value.to_string());
    }

    pub(crate) fn error(&mut self, what: &str, error: impl std::error::Error) {
        self.debug(what, &error);
        self.display(what, &error);
        if let Some(source) = error.source() {
            self.text(what, format!("{source} {source:?}"));
        }
    }

    #[cfg(feature = "serde")]
    pub(crate) fn serialised(&mut self, what: &str, value: impl serde::Serialize) {
        self.text(what, serde_json::to_string(&value).unwrap());
        self.text(what, serde_json::to_string_pretty(&value).unwrap());
    }

    /// The first leak.
    pub(crate) fn leak(&self) -> Option<String> {
        assert!(!self.texts.is_empty());
        let all = self.texts.keys().fold(String::new(), |all, shown| all + "\n\n" + shown);
        let canaries = self.canaries.iter().map(|canary| canary.as_bytes());
        let shapes = { canaries }.flat_map(|canary| canary.windows(WINDOW)).flat_map(shapes);
        let found = { shapes }.find(|shape| all.contains(shape))?;
        let (shown, what) = self.texts.iter().find(|(shown, _)| shown.contains(&found))?;
        Some(format!("{what} shows {found:?}: {shown}"))
    }

    pub(crate) fn check(&self) {
        assert_eq!(self.leak(), None);
    }
}
