//! The new journal: it is written by the rules by which every journal is written.

use std::collections::BTreeMap;

use caisse_payment::{TerminalId, TransactionId};
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::super::chain::Tail;
use super::super::columns::{self, TransactionRow};
use super::super::records;
use super::super::state::Current;
use super::super::tracked::Tracked;
use super::super::unit::prepare;
use super::super::writing::{PUT_EVENT, PUT_TRANSACTION, Writer};
use crate::{JournalError, RecordedEvent, State};

/// A journal that is being written.
pub(super) struct Builder<'c> {
    pub(super) connection: &'c Connection,
    current: Current,
    /// The transactions that are unresolved. They are written at the end: in between there may be more of them than a terminal can
    /// have.
    open: BTreeMap<TransactionId, TransactionRow>,
}

impl<'c> Builder<'c> {
    /// Begins a journal after this event, with the newest attempts before it.
    pub(super) fn new(
        connection: &'c Connection,
        begins: Tail,
        last_attempts: BTreeMap<TerminalId, u64>,
    ) -> Result<Self, JournalError> {
        let current = Current::after(connection, begins, last_attempts)?;
        Ok(Self { connection, current, open: BTreeMap::new() })
    }

    /// The last event that was written.
    pub(super) const fn tail(&self) -> Tail {
        self.current.tail
    }

    /// What a transaction has become.
    pub(super) fn find(&self, id: &TransactionId) -> Result<Option<TransactionRow>, JournalError> {
        if let Some(row) = self.open.get(id) {
            return Ok(Some(row.clone()));
        }
        let query = records::select("transactions", columns::TRANSACTION);
        let mut statement = prepare(self.connection, &format!("{query} WHERE id = ?1"))?;
        let values = |row: &rusqlite::Row<'_>| Ok(records::values(row, columns::TRANSACTION.len()));
        let values = statement.query_row([id.as_str()], values).optional()?.transpose()?;
        values.map(|values| columns::decode_transaction(&values)).transpose()
    }

    /// Writes an event if it can have happened then. Returns whether it can.
    pub(super) fn put(&mut self, id: &TransactionId, event: RecordedEvent) -> Result<bool, JournalError> {
        let existing = self.find(id)?;
        let number = self.current.tail.next();
        let tracked = existing.as_ref().map(|row| &row.tracked);
        let Ok(tracked) = Tracked::replay(id, tracked, number, &event) else { return Ok(false) };
        let events = existing.map_or(0, |row| row.events).saturating_add(1);
        let recent = &mut Vec::new();
        let mut writer = Writer::new(self.connection, &mut self.current, recent);
        let values = writer.next_event(&tracked, event)?;
        prepare(self.connection, &PUT_EVENT)?.execute(params_from_iter(values))?;
        let row = TransactionRow { tracked, events, last_event: number };
        if row.tracked.record.state() == State::Unresolved {
            self.open.insert(*id, row);
        } else {
            self.open.remove(id);
            self.put_row(&row)?;
        }
        Ok(true)
    }

    fn put_row(&self, row: &TransactionRow) -> Result<(), JournalError> {
        prepare(self.connection, &PUT_TRANSACTION)?
            .execute(params_from_iter(columns::encode_transaction(row)))?;
        Ok(())
    }

    /// Tries something, and leaves no trace of it where it does not succeed.
    pub(super) fn attempt(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<bool, JournalError>,
    ) -> Result<bool, JournalError> {
        let (current, open) = (self.current.clone(), self.open.clone());
        self.connection.execute_batch("SAVEPOINT attempt")?;
        let succeeded = act(self)?;
        if !succeeded {
            self.connection.execute_batch("ROLLBACK TO attempt")?;
            (self.current, self.open) = (current, open);
        }
        self.connection.execute_batch("RELEASE attempt")?;
        Ok(succeeded)
    }

    /// Writes what is still open.
    pub(super) fn finish(mut self) -> Result<(), JournalError> {
        for row in std::mem::take(&mut self.open).values() {
            self.put_row(row)?;
        }
        Ok(())
    }

    /// The transactions that are unresolved.
    pub(super) const fn unresolved(&self) -> &BTreeMap<TransactionId, TransactionRow> {
        &self.open
    }
}
