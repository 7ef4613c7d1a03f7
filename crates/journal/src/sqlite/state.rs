//! The part of the journal that every payment needs: which transactions are open, and where the newest attempt at each terminal
//! is. It is small whatever the size of the journal, and a digest of it is part of every event.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use caisse_payment::{TerminalId, Transaction, TransactionId, UsbIdentity};
use rusqlite::{Connection, Row, params};
use sha2::{Digest, Sha256};

use super::chain::Tail;
use super::columns::Previous;
use super::records;
use super::unit::prepare;
use crate::{JournalError, Record, State, TerminalKey};

/// The transactions that are not final, and the newest attempts, after the last event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Current {
    pub(super) tail: Tail,
    /// By the number of the event that began the attempt.
    open: BTreeMap<u64, OpenTransaction>,
    /// The number of the event that began the newest attempt at each terminal, by its name and by its address.
    last_attempts: BTreeMap<TerminalId, u64>,
    digest: i64,
}

/// A transaction that is not final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpenTransaction {
    pub(super) id: TransactionId,
    pub(super) terminal: TerminalId,
    pub(super) address: Option<TerminalId>,
    pub(super) usb: Option<UsbIdentity>,
}

impl OpenTransaction {
    const fn of(transaction: &Transaction) -> Self {
        let Transaction { id, terminal, address, usb, .. } = *transaction;
        Self { id, terminal, address, usb }
    }

    /// Whether it may have been sent to this terminal.
    pub(super) fn may_be_at(&self, key: &TerminalKey) -> bool {
        let names = [Some(self.terminal), self.address];
        names.contains(&Some(key.terminal)) || key.address.is_some() && names.contains(&key.address)
    }

    fn digest(&self, started_event: u64) -> i64 {
        let optional = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let Self { id, terminal, address, usb } = self;
        let address = optional(address.as_ref().map(TerminalId::as_str));
        let usb = optional(usb.as_ref().map(UsbIdentity::as_str));
        digest(&[id.as_str(), terminal.as_str(), &address, &usb], started_event)
    }
}

/// The words of the index of this name, so that SQLite uses it.
pub(super) const UNRESOLVED: &str = "decision IS NULL AND (outcome IS NULL OR outcome NOT IN \
     ('approved', 'partially_approved', 'declined', 'cancelled', 'not_sent', 'blocked'))";

static OPEN: LazyLock<String> = LazyLock::new(|| {
    let columns = "SELECT started_event, id, terminal, address, usb FROM transactions";
    format!("{columns} WHERE {UNRESOLVED} UNION ALL {columns} WHERE disputed = 1")
});

impl Current {
    /// Begins after this event, before which nothing is open, with the newest attempts before it.
    pub(super) fn after(
        connection: &Connection,
        tail: Tail,
        last_attempts: BTreeMap<TerminalId, u64>,
    ) -> Result<Self, JournalError> {
        let mut write = prepare(connection, "INSERT INTO terminals (name, last_attempt) VALUES (?1, ?2)")?;
        let mut all = 0;
        for (name, attempt) in &last_attempts {
            write.execute(params![name.as_str(), records::whole(*attempt)?])?;
            all ^= digest(&[name.as_str()], *attempt);
        }
        Ok(Self { tail, open: BTreeMap::new(), last_attempts, digest: all })
    }

    /// Reads it from the tables and holds it against the digest in the last event.
    pub(super) fn load(connection: &Connection) -> Result<Self, JournalError> {
        let (mut open, mut last_attempts, mut found) = (BTreeMap::new(), BTreeMap::new(), 0);
        let mut statement = prepare(connection, &OPEN)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let transaction = OpenTransaction {
                id: parsed(row, 1)?,
                terminal: parsed(row, 2)?,
                address: optional(row, 3)?,
                usb: optional(row, 4)?,
            };
            let started_event = number(row, 0)?;
            found ^= transaction.digest(started_event);
            open.insert(started_event, transaction);
        }
        let mut statement = prepare(connection, "SELECT name, last_attempt FROM terminals")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (name, attempt) = (parsed::<TerminalId>(row, 0)?, number(row, 1)?);
            found ^= digest(&[name.as_str()], attempt);
            last_attempts.insert(name, attempt);
        }
        let last = records::last_event(connection)?;
        let (count, digest) = last.as_ref().map_or((0, 0), |last| (last.open, last.digest));
        if u64::try_from(open.len()) != Ok(count) || found != digest {
            return Err(JournalError::corrupt(
                "the open transactions or the terminals are not those of the last event",
            ));
        }
        Ok(Self { tail: Tail::of(connection)?, open, last_attempts, digest })
    }

    /// The number of transactions that are not final.
    pub(super) fn open_count(&self) -> u64 {
        u64::try_from(self.open.len()).unwrap_or(u64::MAX)
    }

    pub(super) const fn digest(&self) -> i64 {
        self.digest
    }

    /// The transactions that are not final, oldest first.
    pub(super) fn open(&self) -> impl Iterator<Item = &OpenTransaction> {
        self.open.values()
    }

    /// The number of the event that began the newest attempt at a terminal of this name or address.
    pub(super) fn last_attempt(&self, name: &TerminalId) -> Option<u64> {
        self.last_attempts.get(name).copied()
    }

    /// Notes an attempt that event `number` begins, and returns the attempts before it.
    pub(super) fn begin(
        &mut self,
        connection: &Connection,
        transaction: &Transaction,
        number: u64,
    ) -> Result<Previous, JournalError> {
        let terminal = transaction.terminal;
        let address = transaction.address.filter(|address| *address != terminal);
        let mut note = |name: TerminalId| {
            let previous = self.last_attempts.insert(name, number);
            self.digest ^= digest(&[name.as_str()], number);
            if let Some(previous) = previous {
                self.digest ^= digest(&[name.as_str()], previous);
            }
            let write = "INSERT INTO terminals (name, last_attempt) VALUES (?1, ?2) \
                         ON CONFLICT (name) DO UPDATE SET last_attempt = excluded.last_attempt";
            prepare(connection, write)?.execute(params![name.as_str(), records::whole(number)?])?;
            Ok::<_, JournalError>(previous)
        };
        Ok(Previous { at_terminal: note(terminal)?, at_address: address.map(note).transpose()?.flatten() })
    }

    /// Notes what a transaction has become.
    pub(super) fn settle(&mut self, record: &Record, started_event: u64) {
        let transaction = OpenTransaction::of(record.transaction());
        let is_open = record.state() != State::Final;
        let was_open = match is_open {
            true => self.open.insert(started_event, transaction).is_some(),
            false => self.open.remove(&started_event).is_some(),
        };
        if is_open != was_open {
            self.digest ^= transaction.digest(started_event);
        }
    }
}

/// The first eight bytes of a SHA-256 over the texts and the number. The digests of a set are combined by XOR, so that one
/// member is exchanged without the others.
fn digest(texts: &[&str], number: u64) -> i64 {
    let mut bytes = Vec::with_capacity(256);
    for text in texts {
        bytes.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
        bytes.extend(text.as_bytes());
    }
    bytes.extend(number.to_be_bytes());
    let hash = Sha256::digest(&bytes);
    hash.iter().take(8).fold(0, |number, byte| (number << 8) | i64::from(*byte))
}

fn damaged() -> JournalError {
    JournalError::corrupt("an open transaction or a terminal")
}

fn number(row: &Row<'_>, column: usize) -> Result<u64, JournalError> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| damaged())
}

fn optional<T: std::str::FromStr>(row: &Row<'_>, column: usize) -> Result<Option<T>, JournalError> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse().map_err(|_| damaged())).transpose()
}

fn parsed<T: std::str::FromStr>(row: &Row<'_>, column: usize) -> Result<T, JournalError> {
    optional(row, column)?.ok_or_else(damaged)
}
