//! What is wrong with a file, and where.

use std::fmt;
use std::path::{Path, PathBuf};

/// Why a file of terminals, or of a dialect, cannot be used: which file, where in it, and what was expected there. What
/// stands there instead is not repeated: it may be anything.
///
/// ```
/// use caisse::configuration::Shop;
///
/// let text = b"[terminals.counter]\naddress = \"192.168.1.50\"\n";
/// let error = Shop::read(text, "shop.toml".as_ref()).unwrap_err();
/// assert_eq!((error.line(), error.key()), (Some(2), Some("terminals.counter.address")));
/// assert_eq!(
///     error.to_string(),
///     "shop.toml:2:11: terminals.counter.address: not an address: expected tcp://HOST:PORT or serial:PATH"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigurationError {
    pub(super) file: PathBuf,
    pub(super) place: Option<Place>,
    pub(super) key: Option<String>,
    pub(super) problem: String,
}

/// Line and column, both counted from 1, the column in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Place {
    /// Where the byte of this offset stands.
    pub(super) fn of(text: &str, offset: usize) -> Self {
        let before: String = text.char_indices().take_while(|&(at, _)| at < offset).map(|it| it.1).collect();
        let line_start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        Self {
            line: before.matches('\n').count().saturating_add(1),
            column: before.get(line_start..).unwrap_or_default().chars().count().saturating_add(1),
        }
    }
}

impl ConfigurationError {
    /// A problem of the file as a whole.
    pub(super) fn of_file(file: &Path, problem: impl fmt::Display) -> Self {
        Self { file: file.to_owned(), place: None, key: None, problem: problem.to_string() }
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The line, counted from 1, where there is one.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.place.map(|place| place.line)
    }

    /// The column, counted from 1 in characters, where there is one.
    #[must_use]
    pub fn column(&self) -> Option<usize> {
        self.place.map(|place| place.column)
    }

    /// The key, with those of the tables around it in front.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }
}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(Place { line, column }) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        if let Some(key) = &self.key {
            write!(f, ": {key}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for ConfigurationError {}
