//! Terminals and dialects by name, or from files.

use std::path::{Path, PathBuf};

use caisse::configuration::{ConfiguredTerminal, Shop, find_dialect_and_base};
use caisse::{Address, Dialect, TerminalId};
use etcetera::BaseStrategy;

use crate::output::Output;
use crate::usage::{Wrong, quoted};

/// The terminal that the command line means.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) address: Address,
    /// What the configuration file says of it, and of the journal; nothing of a terminal that is given by its address.
    pub(crate) configured: Option<(ConfiguredTerminal, Option<PathBuf>)>,
}

impl Target {
    /// The terminal of this address, or of this name in the configuration file: the one that is given, or the user's own.
    pub(crate) fn find(text: &str, config: Option<&Path>, output: &Output) -> Result<Self, Wrong> {
        let wrong = |error: &dyn std::fmt::Display| {
            Wrong::usage("terminal", format_args!("{}: {error}", quoted(text)))
        };
        if text.starts_with("tcp:") || text.starts_with("serial:") {
            if config.is_some() {
                let message = "needs --terminal NAME: an address takes nothing from the file";
                return Err(Wrong::usage("config", message));
            }
            let address = text.parse().map_err(|error| wrong(&error))?;
            return Ok(Self { address, configured: None });
        }
        if text.parse::<TerminalId>().is_err() {
            return Err(wrong(&"expected tcp://HOST:PORT, serial:PATH or the name of a terminal"));
        }
        let own;
        let file = match config {
            Some(file) => file,
            None => {
                own = own_file();
                let Some(file) = own.as_deref().filter(|file| file.exists()) else {
                    let place = own.map(|file| format!(" or write {}", file.display())).unwrap_or_default();
                    return Err(wrong(&format_args!(
                        "neither tcp://HOST:PORT nor serial:PATH; for a terminal of this name say --config FILE{place}"
                    )));
                };
                output.notice(format_args!("configuration: {}", file.display()));
                file
            }
        };
        let shop = Shop::load(file).map_err(|error| Wrong::usage("config", error))?;
        let terminal = shop.terminal(text).map_err(|error| wrong(&error))?;
        Ok(Self::of(terminal, &shop))
    }

    /// The terminal of this id, if the configuration file has one.
    pub(crate) fn listed(id: &TerminalId, config: &Path) -> Result<Option<Self>, Wrong> {
        let shop = Shop::load(config).map_err(|error| Wrong::usage("config", error))?;
        let found = shop.terminals().iter().find(|terminal| terminal.id == *id);
        Ok(found.map(|terminal| Self::of(terminal, &shop)))
    }

    fn of(terminal: &ConfiguredTerminal, shop: &Shop) -> Self {
        let configured = (terminal.clone(), shop.journal().map(Path::to_owned));
        Self { address: terminal.address.clone(), configured: Some(configured) }
    }

    /// The terminal as the file has it.
    pub(crate) fn terminal(&self) -> Option<&ConfiguredTerminal> {
        self.configured.as_ref().map(|(terminal, _)| terminal)
    }

    /// The journal that the file names.
    pub(crate) fn journal(&self) -> Option<&Path> {
        self.configured.as_ref()?.1.as_deref()
    }
}

/// The user's own configuration, if there is a file.
pub(crate) fn own_configuration() -> Result<Option<Shop>, Wrong> {
    let Some(file) = own_file().filter(|file| file.exists()) else { return Ok(None) };
    Shop::load(&file).map(Some).map_err(|error| Wrong::usage("config", error))
}

/// The user's own journal, in which a payment is recorded unless another one is given; or why there is no place for one.
pub(crate) fn own_journal() -> Result<PathBuf, String> {
    let directories = etcetera::choose_base_strategy()
        .map_err(|error| format!("no place for your own ({error}): say --journal FILE"))?;
    let file = directories.data_dir().join("caisse").join("journal.sqlite");
    if !file.is_absolute() {
        // Each folder would have a journal of its own, and one id could be charged once in each.
        return Err(format!("{} depends on the folder of the moment: say --journal FILE", file.display()));
    }
    Ok(file)
}

/// Where a user's own configuration file is, if anywhere.
fn own_file() -> Option<PathBuf> {
    let directories = etcetera::choose_base_strategy().ok()?;
    Some(directories.config_dir().join("caisse").join("caisse.toml"))
}

/// The dialect of this name, or from this file.
pub(crate) fn dialect_of(text: &str) -> Result<Dialect, Wrong> {
    dialect_and_base_of(text).map(|(dialect, _)| dialect)
}

/// The same, and the known one that it begins with.
pub(crate) fn dialect_and_base_of(text: &str) -> Result<(Dialect, Dialect), Wrong> {
    find_dialect_and_base(text, Path::new("")).map_err(|error| match error {
        caisse::configuration::DialectError::Unknown(_) => {
            Wrong::usage("dialect", format_args!("{}: {error}", quoted(text)))
        }
        // It names the file itself.
        caisse::configuration::DialectError::File(error) => Wrong::usage("dialect", error),
    })
}
