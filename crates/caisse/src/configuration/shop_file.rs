//! The terminals of a shop, by name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use caisse_codec::Identifier;
use caisse_hal::Address;
use caisse_payment::{Register, TerminalId};
use caisse_transaction::Dialect;
use serde::Deserialize;

use super::document::{Document, bytes_of};
use super::values::{Text, Words, either};
use super::{ConfigurationError, DialectError, find_dialect};

/// The terminals of a shop, as its file names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shop {
    file: PathBuf,
    journal: Option<PathBuf>,
    terminals: Vec<ConfiguredTerminal>,
}

/// One terminal of a shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfiguredTerminal {
    /// Its name, under which it is locked and blocked whatever its address.
    pub id: TerminalId,
    /// Where it is.
    pub address: Address,
    /// How it is spoken to; PayXpress unless the file says otherwise.
    pub dialect: Dialect,
    /// Whether the file says so. Of a terminal on a serial line whose dialect nobody has named only its presence may be
    /// asked for.
    pub dialect_named: bool,
    /// Whether nobody but the tills of this journal uses it; not unless the file says so.
    pub exclusive: bool,
    /// The number of the register, if the file says it.
    pub register: Option<Register>,
    /// The identifier of the till's editor (IPC), if the file says it.
    pub identifier: Option<Identifier>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
struct ShopFile {
    journal: Option<Text<Words>>,
    #[serde(default)]
    defaults: Defaults,
    terminals: BTreeMap<String, TerminalFile>,
}

/// What holds for every terminal that does not say otherwise.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
struct Defaults {
    dialect: Option<Text<Words>>,
    exclusive: Option<bool>,
    register: Option<Text<Register>>,
    ipc: Option<Text<Identifier>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
struct TerminalFile {
    address: Text<Address>,
    dialect: Option<Text<Words>>,
    exclusive: Option<bool>,
    register: Option<Text<Register>>,
    ipc: Option<Text<Identifier>>,
}

impl Shop {
    /// Reads the file of a shop, and the files of dialects that it names. Paths in it start where the file is.
    ///
    /// # Errors
    /// When a file cannot be read or is not of its form, when a terminal has a name that cannot be one, or when two
    /// names have the same address: it is the name that is locked.
    pub fn load(file: impl AsRef<Path>) -> Result<Self, ConfigurationError> {
        let file = file.as_ref();
        Self::read(&bytes_of(file)?, file)
    }

    /// The same from the bytes of the file.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn read(bytes: &[u8], file: &Path) -> Result<Self, ConfigurationError> {
        let document = Document::new(bytes, file)?;
        let ShopFile { journal, defaults, terminals } = document.parse()?;
        if terminals.is_empty() {
            return Err(document.refuse(&["terminals"], "expected a terminal, as in [terminals.counter]"));
        }
        let directory = file.parent().unwrap_or(Path::new(""));
        let default_dialect =
            dialect_at(&document, &["defaults", "dialect"], defaults.dialect.as_ref(), directory)?;
        let mut found: Vec<ConfiguredTerminal> = Vec::new();
        for (name, terminal) in &terminals {
            let path = |key| ["terminals", name.as_str(), key];
            let id =
                name_of(name).map_err(|problem| document.refuse(&["terminals", name.as_str()], &problem))?;
            let address = terminal.address.0.clone();
            if let Some(other) = found.iter().find(|other| same_terminal(&other.address, &address)) {
                let problem = format!("expected an address of its own: it is that of {}", other.id);
                return Err(document.refuse(&path("address"), &problem));
            }
            let dialect = dialect_at(&document, &path("dialect"), terminal.dialect.as_ref(), directory)?;
            found.push(ConfiguredTerminal {
                id,
                address,
                dialect: dialect.or(default_dialect).unwrap_or(Dialect::PAYXPRESS),
                dialect_named: dialect.or(default_dialect).is_some(),
                exclusive: terminal.exclusive.or(defaults.exclusive).unwrap_or(false),
                register: terminal.register.or(defaults.register).map(|it| it.0),
                identifier: terminal.ipc.or(defaults.ipc).map(|it| it.0),
            });
        }
        let journal = journal.map(|path| directory.join(path.0.as_str()));
        Ok(Self { file: file.to_owned(), journal, terminals: found })
    }

    /// The file that was read.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The journal of the shop, if the file names one. All tills at a terminal have to share it.
    #[must_use]
    pub fn journal(&self) -> Option<&Path> {
        self.journal.as_deref()
    }

    /// Every terminal, by the order of their names.
    #[must_use]
    pub fn terminals(&self) -> &[ConfiguredTerminal] {
        &self.terminals
    }

    /// The terminal of this name.
    ///
    /// # Errors
    /// When the file has none; the error lists those that it has.
    pub fn terminal(&self, name: &str) -> Result<&ConfiguredTerminal, ConfigurationError> {
        self.terminals.iter().find(|terminal| terminal.id.as_str() == name).ok_or_else(|| {
            let names: Vec<_> = self.terminals.iter().map(|terminal| terminal.id.to_string()).collect();
            let problem = format!("no terminal of this name: expected {}", either(&names));
            ConfigurationError::of_file(&self.file, problem)
        })
    }
}

/// The name of a terminal, which must not be taken for an address where either may stand.
fn name_of(name: &str) -> Result<TerminalId, String> {
    if name.starts_with("tcp:") || name.starts_with("serial:") {
        return Err("expected a name that does not begin as an address".to_owned());
    }
    name.parse().map_err(|error| format!("as the name of a terminal: {error}"))
}

fn dialect_at(
    document: &Document<'_>,
    path: &[&str],
    text: Option<&Text<Words>>,
    directory: &Path,
) -> Result<Option<Dialect>, ConfigurationError> {
    let Some(text) = text else { return Ok(None) };
    match find_dialect(text.0.as_str(), directory) {
        Ok(dialect) => Ok(Some(dialect)),
        Err(DialectError::File(error)) if error.place.is_some() => Err(error),
        // About a file that cannot be opened, the one that names it says more.
        Err(error) => Err(document.refuse(path, &error.to_string())),
    }
}

/// Whether two addresses are certainly one. Names of hosts know no case; how fast a line is makes no other terminal.
fn same_terminal(one: &Address, other: &Address) -> bool {
    match (one, other) {
        (Address::Tcp(one), Address::Tcp(other)) => {
            one.host().eq_ignore_ascii_case(other.host()) && one.port() == other.port()
        }
        (Address::Serial(one), Address::Serial(other)) => one.path() == other.path(),
        _ => false,
    }
}
