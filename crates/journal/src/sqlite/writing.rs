//! Writes events, and what each transaction becomes by them.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use caisse_payment::{Transaction, TransactionId};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::chain::{self, Chain, Tail};
use super::columns::{self, EventRow, Previous, TransactionRow};
use super::recent::RecentEvent;
use super::records;
use super::selection::Portions;
use super::state::Current;
use super::tracked::Tracked;
use super::unit::prepare;
use crate::{Change, JournalError, Record, RecordedEvent, Records, Selection};

pub(super) static PUT_TRANSACTION: LazyLock<String> = LazyLock::new(|| {
    let names = columns::TRANSACTION;
    let changes: Vec<_> = names.iter().map(|name| format!("{name} = excluded.{name}")).collect();
    let insert = records::insert("transactions", names);
    format!("{insert} ON CONFLICT (id) DO UPDATE SET {}", changes.join(", "))
});
pub(super) static PUT_EVENT: LazyLock<String> = LazyLock::new(|| records::insert("events", columns::EVENT));

/// One write: in a transaction of the database that excludes all other writers.
pub(super) struct Writer<'w> {
    pub(super) connection: &'w Connection,
    /// The state after the last event that was written.
    pub(super) current: &'w mut Current,
    /// The events that were written and have to become durable.
    pub(super) recent: &'w mut Vec<RecentEvent>,
    /// What was found under the last id that was looked for, so that it is not read again where it is changed.
    found: RefCell<Option<(TransactionId, Option<TransactionRow>)>>,
}

impl<'w> Writer<'w> {
    pub(super) const fn new(
        connection: &'w Connection,
        current: &'w mut Current,
        recent: &'w mut Vec<RecentEvent>,
    ) -> Self {
        Self { connection, current, recent, found: RefCell::new(None) }
    }

    /// Writes a change.
    pub(super) fn put(&mut self, change: Change) -> Result<(), JournalError> {
        let Change { record, events } = change;
        let mut existing = match self.found.take() {
            Some((id, found)) if id == record.id() => found,
            _ => records::find(self.connection, &record.id())?.map(|stored| stored.row),
        };
        for event in events {
            let number = self.current.tail.next();
            let before = existing.as_ref().map(|row| &row.tracked);
            let tracked = Tracked::after(before, record.clone(), &event, number);
            existing = Some(self.put_event(existing.as_ref(), tracked, event)?);
        }
        Ok(())
    }

    /// Writes an event that is durable and that the database does not have. It comes to be what it was, or the database is damaged.
    pub(super) fn repeat(&mut self, event: &RecentEvent) -> Result<(), JournalError> {
        let damaged =
            || JournalError::corrupt(format!("event {} does not follow from the events", event.tail.number));
        let row = event.row().ok_or_else(damaged)?;
        let decoded = columns::decode_event(&row)?;
        let existing = records::find(self.connection, &decoded.id)?.map(|stored| stored.row);
        let tracked = existing.as_ref().map(|row| &row.tracked);
        let tracked = Tracked::replay(&decoded.id, tracked, event.tail.number, &decoded.event)
            .map_err(|_| damaged())?;
        self.put_event(existing.as_ref(), tracked, decoded.event)?;
        if self.current.tail == event.tail { Ok(()) } else { Err(damaged()) }
    }

    /// Writes what a transaction has become, and the event that made it so.
    fn put_event(
        &mut self,
        existing: Option<&TransactionRow>,
        tracked: Tracked,
        event: RecordedEvent,
    ) -> Result<TransactionRow, JournalError> {
        let event = self.next_event(&tracked, event)?;
        let events = existing.map_or(0, |existing| existing.events).saturating_add(1);
        let row = TransactionRow { tracked, events, last_event: self.current.tail.number };
        let transaction = columns::encode_transaction(&row);
        prepare(self.connection, &PUT_TRANSACTION)?.execute(params_from_iter(transaction))?;
        prepare(self.connection, &PUT_EVENT)?.execute(params_from_iter(event))?;
        Ok(row)
    }

    /// The row of the next event, by which a transaction has become this one. The state after it is the current one from now on.
    pub(super) fn next_event(
        &mut self,
        tracked: &Tracked,
        event: RecordedEvent,
    ) -> Result<Vec<Value>, JournalError> {
        let number = self.current.tail.next();
        let Transaction { id, amount, .. } = *tracked.record.transaction();
        let currency = amount.currency();
        let previous = match event.event.transaction() {
            Some(transaction) => self.current.begin(self.connection, transaction, number)?,
            None => Previous::default(),
        };
        self.current.settle(&tracked.record, tracked.started_event);
        let (open, digest) = (self.current.open_count(), self.current.digest());
        let row = EventRow { number, id, event, currency, previous, open, digest, chain: Chain::default() };
        let mut values = columns::encode_event(&row);
        let (before, bytes) = (self.current.tail.chain, chain::bytes(columns::hashed(&values)));
        let chain = chain::link_bytes(&before, &bytes);
        if let Some(last) = values.last_mut() {
            *last = Value::Blob(chain.to_vec());
        }
        self.current.tail = Tail { number, chain };
        self.recent.push(RecentEvent::new(before, self.current.tail, bytes));
        Ok(values)
    }
}

impl Records for Writer<'_> {
    fn find(&self, id: &TransactionId) -> Result<Option<Record>, JournalError> {
        let found = records::find(self.connection, id)?.map(|stored| stored.row);
        let record = found.as_ref().map(|row| row.tracked.record.clone());
        *self.found.borrow_mut() = Some((*id, found));
        Ok(record)
    }

    fn events(&self, id: &TransactionId) -> Result<Vec<RecordedEvent>, JournalError> {
        Ok(records::find(self.connection, id)?.map_or_else(Vec::new, |stored| stored.events))
    }

    fn visit(
        &self,
        selection: &Selection,
        visit: &mut dyn FnMut(&Record) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        let mut portions = Portions::new(*selection);
        loop {
            let records = portions.next(self.connection, || Ok(&*self.current))?;
            let seen = records.iter().try_for_each(&mut *visit);
            if records.is_empty() || portions.is_complete() || seen.is_break() {
                return Ok(());
            }
        }
    }
}
