//! Writes events, and what each transaction becomes by them.

use std::sync::LazyLock;

use caisse_payment::{Transaction, TransactionId};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::chain::{self, Chain, Tail};
use super::columns::{self, EventRow, Previous, TransactionRow};
use super::recent::RecentEvent;
use super::records::{self, Reader, Stored};
use super::state::Current;
use super::unit::prepare;
use crate::rules::{self, Tracked};
use crate::{Event, JournalError, Record, RecordedEvent, State, WallTime};
use caisse_settlement::settle::blocks;

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
}

impl Writer<'_> {
    pub(super) fn append(
        &mut self,
        id: &TransactionId,
        event: &Event,
        at: WallTime,
    ) -> Result<(), JournalError> {
        let existing = records::find(self.connection, id)?.map(|stored| stored.row);
        let clear = match event {
            Event::Started(transaction) => {
                let near = self.perhaps_blocking(transaction)?;
                !near.iter().any(|other| blocks(other.transaction(), transaction))
            }
            _ => true,
        };
        let tracked = existing.as_ref().map(|row| &row.tracked);
        let (tracked, dispute) = rules::append(id, event, at, self.current.tail.next(), tracked, clear)?;
        let row = self.put(existing.as_ref(), tracked, RecordedEvent { at, event: event.clone() })?;
        if let Some(dispute) = dispute {
            let event = Event::Disputed(dispute);
            self.put(Some(&row), row.tracked.clone(), RecordedEvent { at, event })?;
        }
        Ok(())
    }

    /// The unresolved transactions that may exclude this start: all that [`blocks`] could find, and few others.
    fn perhaps_blocking(&self, transaction: &Transaction) -> Result<Vec<Record>, JournalError> {
        let key = transaction.into();
        let near = self
            .current
            .open()
            .filter(|other| other.may_be_at(&key) || other.usb.is_some() && other.usb == transaction.usb);
        let mut records = Vec::new();
        for other in near {
            records.push(Reader::new(self.connection)?.known(&other.id)?.row.tracked.record);
        }
        records.retain(|record| record.state() == State::Unresolved);
        Ok(records)
    }

    /// Writes an event that is durable and that the database does not have. It comes to be what it was, or the database is damaged.
    pub(super) fn repeat(&mut self, event: &RecentEvent) -> Result<(), JournalError> {
        let damaged =
            || JournalError::corrupt(format!("event {} does not follow from the events", event.tail.number));
        let row = event.row().ok_or_else(damaged)?;
        let decoded = columns::decode_event(&row)?;
        let existing = records::find(self.connection, &decoded.id)?.map(|stored| stored.row);
        let tracked = existing.as_ref().map(|row| &row.tracked);
        let tracked =
            rules::replay(&decoded.id, tracked, event.tail.number, &decoded.event).map_err(|_| damaged())?;
        self.put(existing.as_ref(), tracked, decoded.event)?;
        if self.current.tail == event.tail { Ok(()) } else { Err(damaged()) }
    }

    /// Writes an event of a transaction that exists, and what the transaction becomes by it.
    pub(super) fn add(
        &mut self,
        existing: &Stored,
        tracked: Tracked,
        event: RecordedEvent,
    ) -> Result<(), JournalError> {
        self.put(Some(&existing.row), tracked, event).map(drop)
    }

    /// Writes what a transaction has become, and the event that made it so.
    fn put(
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
