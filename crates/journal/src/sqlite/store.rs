//! The file as a store.

use std::ops::ControlFlow;

use caisse_payment::{TerminalId, TransactionId};

use super::selection::Portions;
use super::{SqliteJournal, pen, records};
use crate::{
    Care, Decide, JournalError, LockError, Patience, Record, RecordedEvent, Records, Selection, Store,
    TerminalLock,
};

impl Store for SqliteJournal {
    fn set_patience(&mut self, patience: Patience) {
        self.patience = patience;
    }

    fn lock(&self, terminal: &TerminalId) -> Result<TerminalLock, LockError> {
        let lock = self.site().file.lock(terminal)?;
        #[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
        self.keep_open()?;
        Ok(lock)
    }

    fn update(&mut self, care: Care, decide: Decide<'_>) -> Result<(), JournalError> {
        self.write(care, |writer| {
            let change = decide(&*writer)?;
            writer.put(change)
        })
    }
}

impl Records for SqliteJournal {
    fn find(&self, id: &TransactionId) -> Result<Option<Record>, JournalError> {
        self.read(|connection| Ok(records::find(connection, id)?.map(|stored| stored.row.tracked.record)))
    }

    fn events(&self, id: &TransactionId) -> Result<Vec<RecordedEvent>, JournalError> {
        self.read(|connection| {
            Ok(records::find(connection, id)?.map_or_else(Vec::new, |stored| stored.events))
        })
    }

    fn visit(
        &self,
        selection: &Selection,
        visit: &mut dyn FnMut(&Record) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        let mut portions = Portions::new(*selection);
        loop {
            // Not within one read: the visitor may take its time, and may read further ones.
            let records = self.shared.engine.read(|connection, current| {
                portions.next(connection, || Ok(&*pen::load(current, connection)?))
            })?;
            let seen = records.iter().try_for_each(&mut *visit);
            if records.is_empty() || portions.is_complete() || seen.is_break() {
                return Ok(());
            }
        }
    }
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
impl SqliteJournal {
    /// Keeps a connection of SQLite open until the last terminal is unlocked: with the last connection SQLite closes the file,
    /// and the system would drop the locks of the terminals with it.
    fn keep_open(&self) -> Result<(), LockError> {
        let opened = rusqlite::Connection::open(&self.site().location.file).and_then(|connection| {
            // A connection locks the file when it reads it for the first time, and stays so in this mode.
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
            Ok(connection)
        });
        let connection = opened.map_err(|error| LockError::Io { what: error.to_string() })?;
        self.site().file.keep(connection);
        Ok(())
    }
}
