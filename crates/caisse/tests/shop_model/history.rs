//! The journals of the shop. A journal is the list of what was written to it; each write is tried once on the real journal.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use caisse::{Decision, Journal, JournalError, MemoryJournal, WallTime};
use caisse_journal::{Event, Record};
use caisse_payment::{TerminalId, TransactionId};

/// The number of a journal: two journals with the same number contain the same writes.
pub type JournalNumber = usize;

/// The journal in which nothing is written.
pub const EMPTY: JournalNumber = 0;

/// One write.
#[derive(Clone, Debug)]
pub enum Write {
    Append(TransactionId, Box<Event>),
    Resolve(TransactionId, Decision),
}

impl Write {
    pub const fn id(&self) -> TransactionId {
        match self {
            Self::Append(id, _) | Self::Resolve(id, _) => *id,
        }
    }
}

/// The moment of every write: the model has no clock.
pub fn at() -> WallTime {
    WallTime::from_millis(0)
}

/// Applies a write to the real journal. The caller has checked that the lock of the terminal is free, or holds it.
pub fn apply(journal: &mut MemoryJournal, write: &Write) -> Result<(), JournalError> {
    match write {
        Write::Append(id, event) => journal.append(id, event, at()),
        Write::Resolve(id, decision) => {
            let record = journal.find(id)?.ok_or(JournalError::NotUnresolved)?;
            let terminal: TerminalId = record.transaction().terminal;
            let lock = MemoryJournal::new().lock(&terminal).unwrap();
            journal.resolve(&lock, id, decision, at())
        }
    }
}

/// Applies the writes, in order.
pub fn replay(journal: &mut MemoryJournal, writes: &[Write]) {
    for write in writes {
        apply(journal, write).unwrap();
    }
}

/// Returns the writes about a transaction after this many events.
pub fn writes_after(journal: &MemoryJournal, id: &TransactionId, events: usize) -> Vec<Write> {
    let mut writes = vec![];
    let mut follows_end = false;
    for recorded in &journal.events(id).unwrap()[events..] {
        let event = recorded.event.clone();
        // An end and the dispute that it causes are one write.
        if matches!(event, Event::Disputed(_)) && follows_end {
            continue;
        }
        follows_end = matches!(event, Event::Ended(_));
        writes.push(match event {
            Event::Resolved(decision) => Write::Resolve(*id, decision),
            event => Write::Append(*id, Box::new(event)),
        });
    }
    writes
}

/// Returns what a journal contains after one more write, by the rules of the real journal.
pub fn store(writes: &[Write], write: Write) -> Result<Vec<Write>, JournalError> {
    let mut journal = MemoryJournal::new();
    replay(&mut journal, writes);
    apply(&mut journal, &write)?;
    let mut writes = writes.to_vec();
    writes.push(write);
    Ok(writes)
}

/// A journal of the shop.
#[derive(Clone)]
struct Known {
    writes: Arc<Vec<Write>>,
    records: Arc<Vec<Record>>,
}

impl Known {
    fn new(writes: Vec<Write>) -> Self {
        let mut journal = MemoryJournal::new();
        replay(&mut journal, &writes);
        Self { writes: Arc::new(writes), records: Arc::new(journal.list().unwrap()) }
    }
}

#[derive(Default)]
struct Shelf {
    journals: Vec<Known>,
    /// The number of the journal with these writes.
    numbers: HashMap<String, JournalNumber>,
    /// The result of a write to a journal.
    results: HashMap<(JournalNumber, String), Result<JournalNumber, JournalError>>,
}

impl Shelf {
    fn number(&mut self, writes: Vec<Write>) -> JournalNumber {
        let next = self.journals.len();
        let number = *self.numbers.entry(format!("{writes:?}")).or_insert(next);
        if number == next {
            self.journals.push(Known::new(writes));
        }
        number
    }
}

/// Every journal that the shop has had.
pub struct Journals(Mutex<Shelf>);

impl Journals {
    pub fn new() -> Self {
        let mut shelf = Shelf::default();
        assert_eq!(shelf.number(vec![]), EMPTY);
        Self(Mutex::new(shelf))
    }

    pub fn records(&self, number: JournalNumber) -> Arc<Vec<Record>> {
        Arc::clone(&self.0.lock().unwrap().journals[number].records)
    }

    pub fn writes(&self, number: JournalNumber) -> Arc<Vec<Write>> {
        Arc::clone(&self.0.lock().unwrap().journals[number].writes)
    }

    pub fn record(&self, number: JournalNumber, id: &TransactionId) -> Option<Record> {
        self.records(number).iter().find(|record| record.id() == *id).cloned()
    }

    /// Returns the journal after a write. `store` is the rule of the journal.
    pub fn write(
        &self,
        number: JournalNumber,
        write: Write,
        store: fn(&[Write], Write) -> Result<Vec<Write>, JournalError>,
    ) -> Result<JournalNumber, JournalError> {
        let mut shelf = self.0.lock().unwrap();
        let key = (number, format!("{write:?}"));
        if let Some(known) = shelf.results.get(&key) {
            return known.clone();
        }
        let writes = Arc::clone(&shelf.journals[number].writes);
        let result = store(&writes, write).map(|writes| shelf.number(writes));
        shelf.results.insert(key, result.clone());
        result
    }
}
