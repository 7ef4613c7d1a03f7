//! Takes a terminal for a transaction, if the journal allows it to begin.

use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

use caisse_payment::entry::Content;
use caisse_payment::{Amount, Blocked, Doubt, Outcome, Proof, TerminalId, TransactionId, Verdict};
use caisse_settlement::admit::{self, Admission, Original, Recorded};
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

/// Takes the lock of the id and that of the terminal, under its name and its address if it has one, and decides by
/// [`caisse_settlement::admit`], the same for every way to a terminal. Writes nothing: whoever proceeds appends the start before
/// anything leaves.
///
/// The lock of the id tells a second attempt under the same id from another transaction at the same terminal, from before the
/// first one is recorded. Such an attempt is [`InFlightElsewhere`](Blocked::InFlightElsewhere).
///
/// ```
/// use caisse_journal::{Admitted, MemoryJournal, admit};
/// # use caisse_payment::{Amount, Currency, Operation, Register, entry::Content};
/// # let asked = Content {
/// #     operation: Operation::Debit, original: None, amount: Amount::from_minor(2500, Currency::EUR),
/// #     allow_partial: false, allow_tip: None, terminal: "front".parse()?, register: Register::FIRST, reference: None,
/// # };
/// let journal = MemoryJournal::new();
/// assert!(matches!(admit(&journal, &"order-7".parse()?, &asked, None), Admitted::Proceed(_)));
/// # Ok::<(), caisse_payment::IdentifierError>(())
/// ```
#[must_use]
pub fn admit(
    journal: &dyn Journal,
    id: &TransactionId,
    asked: &Content,
    address: Option<TerminalId>,
) -> Admitted {
    decide(journal, id, asked, &TerminalKey { terminal: asked.terminal, address })
        .unwrap_or(Admitted::Blocked(Blocked::JournalUnavailable))
}

fn decide(
    journal: &dyn Journal,
    id: &TransactionId,
    asked: &Content,
    place: &TerminalKey,
) -> Result<Admitted, JournalError> {
    let attempt = lock_attempt(journal, id);
    let lock = match &attempt {
        Ok(_) => lock_patiently(journal, place),
        Err(error) => Err(error.clone()),
    };
    let record = journal.find(id)?;
    let recorded =
        record.as_ref().map(|record| Recorded { content: record.start.content, verdict: record.told() });
    let (lock, attempt) = match (lock, attempt) {
        (Ok(lock), Ok(attempt)) => (lock, attempt),
        (Err(LockError::Io { .. }), _) | (_, Err(LockError::Io { .. })) => {
            return Ok(Admitted::Blocked(Blocked::JournalUnavailable));
        }
        // What has ended can be told while another transaction runs; what is open may be running right now, and so may be
        // what was decided without its end.
        (_, attempt) => {
            let may_be_in_flight = |record: &Record| {
                record.is_open() || attempt.is_err() && (record.end.is_none() || is_not_sent(record))
            };
            return Ok(match (admit::admit(asked, recorded.as_ref(), false), record) {
                (Admission::Blocked(reason), _) => Admitted::Blocked(reason),
                (_, Some(record)) if may_be_in_flight(&record) => {
                    Admitted::Blocked(Blocked::InFlightElsewhere)
                }
                (Admission::Replay(_), Some(record)) => Admitted::Replay(Box::new(record)),
                _ if attempt.is_err() => Admitted::Blocked(Blocked::InFlightElsewhere),
                _ => Admitted::Blocked(Blocked::Busy),
            });
        }
    };
    let blocked = !journal.unresolved_at(place)?.is_empty() || contested(journal, place)?.is_some();
    Ok(match (admit::admit(asked, recorded.as_ref(), blocked), record) {
        (Admission::Proceed, _) => Admitted::Proceed(lock.holding(attempt)),
        (Admission::Replay(_), Some(record)) => Admitted::Replay(Box::new(record)),
        // A replay has a record.
        (Admission::Replay(_), None) => Admitted::Blocked(Blocked::JournalUnavailable),
        (Admission::Blocked(reason), _) => Admitted::Blocked(reason),
    })
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

fn is_not_sent(record: &Record) -> bool {
    matches!(record.told().outcome, Outcome::NotSent { .. })
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

/// Returns the newest transaction that reached this terminal, if it is disputed. Nothing new may begin before a person has
/// settled it: the terminal still shows what it did last, and the next transaction would destroy that evidence.
///
/// # Errors
/// As [`Journal::find`].
pub fn contested(journal: &dyn Journal, key: &TerminalKey) -> Result<Option<Record>, JournalError> {
    let mut contested = None;
    journal.walk_back(key, &mut |record| {
        if record.told().proof == Proof::NothingSent {
            return ControlFlow::Continue(());
        }
        contested = Some(record.clone()).filter(|record| record.disputed);
        ControlFlow::Break(())
    })?;
    Ok(contested)
}

/// Decides by [`caisse_settlement::admit::admit_original`] whether a cancellation or a credit may undo what it names.
/// `exclusive` says that nobody but the tills of this journal uses the terminal. To be asked while its lock is held.
#[must_use = "a cancellation that is refused must not be sent"]
pub fn admit_original(journal: &dyn Journal, asked: &Content, exclusive: bool) -> Result<(), Blocked> {
    let known = original(journal, asked).map_err(|_| Blocked::JournalUnavailable)?;
    admit::admit_original(asked, known.as_ref(), exclusive)
}

fn original(journal: &dyn Journal, asked: &Content) -> Result<Option<Original>, JournalError> {
    let Some(id) = asked.original else { return Ok(None) };
    let Some(original) = journal.find(&id)? else { return Ok(None) };
    // Under another name too, what came behind it is what the terminal would undo.
    let place = TerminalKey::from(&original.start);
    let (mut is_last, mut given_back, mut behind) = (true, 0u64, false);
    for record in journal.list()? {
        let verdict = record.told();
        let reached = verdict.proof != Proof::NothingSent;
        if behind && reached && place.may_be_of(&record.start) {
            is_last = false;
        }
        behind |= record.start.id == id;
        let names_it = record.start.content.original == Some(id);
        let back = match verdict.outcome {
            Outcome::Unknown { .. } => record.start.content.amount.minor(),
            outcome => outcome.approved_amount().map_or(0, Amount::minor),
        };
        if names_it {
            given_back = given_back.saturating_add(back);
        }
    }
    // Whether a disputed one was paid nobody knows, whichever way it was recorded.
    let verdict = match original.disputed {
        true => Verdict { outcome: Outcome::Unknown { doubt: Doubt::Disputed }, ..original.verdict() },
        false => original.verdict(),
    };
    let recorded = Recorded { content: original.start.content, verdict };
    Ok(Some(Original { recorded, is_last, given_back }))
}
