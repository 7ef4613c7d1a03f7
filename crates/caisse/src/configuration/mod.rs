//! The terminals of a shop and dialects of one's own, from files.
//!
//! Both are TOML. A key that is not known is an error, every number has both its bounds, and times say their unit in
//! their key.

mod dialect_file;
mod dialect_rules;
mod document;
mod error;
mod shop_file;
mod values;

use std::path::Path;

use caisse_transaction::{Dialect, UnknownDialect};

pub use dialect_file::{load_dialect, read_dialect, write_dialect};
pub use error::ConfigurationError;
pub use shop_file::{ConfiguredTerminal, Shop};

/// Why a dialect was not found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialectError {
    /// There is none of this name.
    #[error("{0}, or a file of your own, such as ./mine.toml")]
    Unknown(#[from] UnknownDialect),
    /// Its file cannot be used.
    #[error(transparent)]
    File(#[from] ConfigurationError),
}

/// The dialect of this name; or from this file, if the text has a `/` or a `\` in it or ends in `.toml`. The path of a
/// file starts at the directory.
///
/// ```
/// use caisse::Dialect;
/// use caisse::configuration::find_dialect;
///
/// assert_eq!(find_dialect("nepting", "".as_ref()), Ok(Dialect::NEPTING));
/// assert!(find_dialect("./nepting", "".as_ref()).unwrap_err().to_string().contains("no such file"));
/// ```
///
/// # Errors
/// When there is no such dialect, or its file cannot be used.
pub fn find_dialect(name_or_file: &str, directory: &Path) -> Result<Dialect, DialectError> {
    find_dialect_and_base(name_or_file, directory).map(|(dialect, _)| dialect)
}

/// The same, and the known dialect that it begins with: for those with a name, itself.
///
/// # Errors
/// As [`find_dialect`].
pub fn find_dialect_and_base(
    name_or_file: &str,
    directory: &Path,
) -> Result<(Dialect, Dialect), DialectError> {
    if name_or_file.contains(['/', '\\']) || name_or_file.ends_with(".toml") {
        Ok(dialect_file::load_with_base(&directory.join(name_or_file))?)
    } else {
        let dialect = name_or_file.parse::<Dialect>()?;
        Ok((dialect, dialect))
    }
}
