//! Takes a terminal for a transaction, if the journal allows it to begin.

use caisse_payment::entry::Content;
use caisse_payment::{Amount, Blocked, Doubt, Outcome, Proof, TerminalId, TransactionId, Verdict};
use caisse_settlement::admit::{self, Admission, Original, Recorded};

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

/// Takes the terminal's lock, under its name and its address if it has one, and decides by [`caisse_settlement::admit`], the same for every way to a terminal. Writes
/// nothing: whoever proceeds appends the start before anything leaves.
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
    let lock = journal.lock_terminal(place);
    let record = journal.find(id)?;
    // Such a record may say that nothing was sent while later proof says that it was paid.
    let may_be_paid = |record: &Record| record.disputed && record.verdict().proof == Proof::NothingSent;
    if record.as_ref().is_some_and(|record| may_be_paid(record) && record.start.content == *asked) {
        return Ok(Admitted::Blocked(Blocked::Unresolved));
    }
    let recorded =
        record.as_ref().map(|record| Recorded { content: record.start.content, verdict: record.verdict() });
    let lock = match lock {
        Ok(lock) => lock,
        // What has ended can be told while another payment runs; what is open may be running right now.
        Err(LockError::Busy) => {
            let ended = record.filter(|record| record.end.is_some());
            return Ok(match (admit::admit(asked, recorded.as_ref(), false), ended) {
                (Admission::Replay(_), Some(record)) => Admitted::Replay(Box::new(record)),
                (Admission::Blocked(reason), _) => Admitted::Blocked(reason),
                _ => Admitted::Blocked(Blocked::Busy),
            });
        }
        Err(LockError::Io { .. }) => return Ok(Admitted::Blocked(Blocked::JournalUnavailable)),
    };
    let unresolved = !journal.unresolved_at(place)?.is_empty();
    Ok(match (admit::admit(asked, recorded.as_ref(), unresolved), record) {
        (Admission::Proceed, _) => Admitted::Proceed(lock),
        (Admission::Replay(_), Some(record)) => Admitted::Replay(Box::new(record)),
        // A replay has a record.
        (Admission::Replay(_), None) => Admitted::Blocked(Blocked::JournalUnavailable),
        (Admission::Blocked(reason), _) => Admitted::Blocked(reason),
    })
}

/// Decides by [`caisse_payment::admit::admit_original`] whether a cancellation or a credit may undo what it names.
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
