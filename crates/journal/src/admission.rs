//! Takes a terminal for a transaction, if the journal allows it to begin.

use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

use caisse_payment::{Blocked, TerminalId, Transaction, TransactionId};
use caisse_settlement::admit::{self, Admission, Locks, Original, Recorded, Situation, holds_back};
use caisse_settlement::attribute::reached;
use sha2::{Digest, Sha256};

use crate::{Journal, JournalError, LockError, Record, TerminalKey, TerminalLock};

/// What may happen now.
#[derive(Debug)]
pub enum Admitted {
    /// The transaction may begin; its terminal is held until the lock drops.
    Proceed(TerminalLock),
    /// It took place before, and this is what the journal holds of it.
    Replay(Box<Record>),
    /// It may not begin.
    Blocked(Blocked),
}

/// Takes the lock of the transaction's id and that of its terminal, under its name and its address if it has one, and decides by
/// [`caisse_settlement::admit`], the same for every way to a terminal. Writes nothing: whoever proceeds appends the start before
/// anything leaves.
///
/// The lock of the id tells a second attempt under the same id from another transaction at the same terminal, from before the
/// first one is recorded. Such an attempt is [`InFlightElsewhere`](Blocked::InFlightElsewhere).
///
/// ```
/// use caisse_journal::{Admitted, MemoryJournal, admit};
/// use caisse_payment::{Amount, Currency, Operation, Transaction};
///
/// let (id, terminal, dialect) = ("order-7".parse()?, "front".parse()?, "payxpress".parse()?);
/// let amount = Amount::from_minor(2500, Currency::EUR);
/// let debit = Transaction::new(id, Operation::Debit, amount, terminal, dialect);
/// let journal = MemoryJournal::new();
/// assert!(matches!(admit(&journal, &debit), Admitted::Proceed(_)));
/// # Ok::<(), caisse_payment::IdentifierError>(())
/// ```
#[must_use]
pub fn admit(journal: &dyn Journal, asked: &Transaction) -> Admitted {
    decide(journal, asked).unwrap_or(Admitted::Blocked(Blocked::JournalUnavailable))
}

fn decide(journal: &dyn Journal, asked: &Transaction) -> Result<Admitted, JournalError> {
    let (id, key) = (&asked.id, &TerminalKey::from(asked));
    let held = lock(journal, id, key);
    // Read after the locks were taken: what another attempt wrote before it gave them back is found.
    let record = journal.find(id)?;
    let Ok((lock, locks)) = held else { return Ok(Admitted::Blocked(Blocked::JournalUnavailable)) };
    let terminal_is_held_back = match lock {
        Some(_) => holds_back(&journal.unresolved_at(key)?, last_reached(journal, key, 1)?.first()),
        None => false,
    };
    let situation = Situation { recorded: record.as_ref().map(Recorded::from), locks, terminal_is_held_back };
    Ok(match (admit::admit(asked, &situation), lock, record) {
        (Admission::Proceed, Some(lock), _) => Admitted::Proceed(lock),
        (Admission::Replay(_), _, Some(record)) => Admitted::Replay(Box::new(record)),
        (Admission::Blocked(reason), ..) => Admitted::Blocked(reason),
        // Nothing begins without its locks, and a replay has a record.
        (Admission::Proceed, None, _) | (Admission::Replay(_), _, None) => {
            Admitted::Blocked(Blocked::JournalUnavailable)
        }
    })
}

/// Takes the lock of the id and the lock of the terminal. Returns them joined if both are held.
fn lock(
    journal: &dyn Journal,
    id: &TransactionId,
    key: &TerminalKey,
) -> Result<(Option<TerminalLock>, Locks), LockError> {
    let attempt = match lock_attempt(journal, id) {
        Err(LockError::Busy) => return Ok((None, Locks::Neither)),
        attempt => attempt?,
    };
    match lock_patiently(journal, key) {
        Err(LockError::Busy) => Ok((None, Locks::IdAlone)),
        lock => Ok((Some(lock?.holding(attempt)), Locks::Both)),
    }
}

/// How often a terminal that is in use is tried again, and after which pause. Whoever lists the journal, or sets a till up, holds
/// the lock for an instant: two tills that begin together would otherwise each find the terminal in use, and neither would pay.
const ATTEMPTS: usize = 10;
const PAUSE: Duration = Duration::from_millis(10);

fn lock_patiently(journal: &dyn Journal, key: &TerminalKey) -> Result<TerminalLock, LockError> {
    for _ in 0..ATTEMPTS {
        match journal.lock_terminal(key) {
            Err(LockError::Busy) => thread::sleep(PAUSE),
            locked => return locked,
        }
    }
    journal.lock_terminal(key)
}

/// Locks an id: whoever runs a transaction holds the lock of its id from the first look into the journal to the end.
fn lock_attempt(journal: &dyn Journal, id: &TransactionId) -> Result<TerminalLock, LockError> {
    let hash = Sha256::digest(id.as_str());
    let hash: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    // Ids and terminals have names of the same length, so that the lock is named after a hash.
    let name = format!("attempt:{hash}").parse();
    let name: TerminalId =
        name.map_err(|_| LockError::Io { what: "the lock of an id has no name".into() })?;
    journal.lock(&name)
}

/// Returns the last transactions that reached this terminal, newest first, at most `max` of them.
///
/// # Errors
/// As [`Journal::find`].
pub fn last_reached(
    journal: &dyn Journal,
    key: &TerminalKey,
    max: usize,
) -> Result<Vec<Record>, JournalError> {
    let mut last = Vec::new();
    journal.walk_back(key, &mut |record| {
        if last.len() < max && reached(record, key) {
            last.push(record.clone());
        }
        if last.len() < max { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(last)
}

/// Decides by [`caisse_settlement::admit::admit_original`] whether a cancellation or a credit may undo what it names.
/// `exclusive` says that nobody but the tills of this journal uses the terminal. To be asked while its lock is held.
#[must_use = "a cancellation that is refused must not be sent"]
pub fn admit_original(journal: &dyn Journal, asked: &Transaction, exclusive: bool) -> Result<(), Blocked> {
    let known = original(journal, asked).map_err(|_| Blocked::JournalUnavailable)?;
    admit::admit_original(asked, known.as_ref(), exclusive)
}

fn original(journal: &dyn Journal, asked: &Transaction) -> Result<Option<Original>, JournalError> {
    let Some(id) = asked.original else { return Ok(None) };
    let Some(original) = journal.find(&id)? else { return Ok(None) };
    let newest = last_reached(journal, &TerminalKey::from(original.transaction()), 1)?;
    let naming = journal.naming_original(&id)?;
    Ok(Some(Original::new(&original, newest.first(), &naming)))
}
