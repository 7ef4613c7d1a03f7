//! Takes a terminal for a transaction, if the journal allows it to begin.

use std::ops::ControlFlow;

use caisse_payment::admission::{self, Admission, Original, Recorded};
use caisse_payment::entry::Content;
use caisse_payment::{Amount, Blocked, Doubt, Outcome, Proof, TerminalId, TransactionId, Verdict};

use crate::{Journal, JournalError, LockError, Place, Record, TerminalLock};

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

/// Takes the terminal's lock, under its name and its address if it has one, and decides by [`caisse_payment::admission`], the same for every way to a terminal. Writes
/// nothing: whoever proceeds appends the start before anything leaves.
///
/// ```
/// use caisse_journal::{Admitted, MemoryJournal, admit};
/// # use caisse_payment::{Amount, Currency, Operation, Register, entry::Content};
/// # let asked = Content {
/// #     operation: Operation::Debit, original: None, amount: Amount::from_minor(2500, Currency::EUR),
/// #     allow_partial: false, terminal: "front".parse()?, register: Register::FIRST, reference: None,
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
    decide(journal, id, asked, &Place { terminal: asked.terminal, address })
        .unwrap_or(Admitted::Blocked(Blocked::JournalUnavailable))
}

fn decide(
    journal: &dyn Journal,
    id: &TransactionId,
    asked: &Content,
    place: &Place,
) -> Result<Admitted, JournalError> {
    let lock = place.lock(journal);
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
            return Ok(match (admission::admit(asked, recorded.as_ref(), false), ended) {
                (Admission::Replay(_), Some(record)) => Admitted::Replay(Box::new(record)),
                (Admission::Blocked(reason), _) => Admitted::Blocked(reason),
                _ => Admitted::Blocked(Blocked::Busy),
            });
        }
        Err(LockError::Io { .. }) => return Ok(Admitted::Blocked(Blocked::JournalUnavailable)),
    };
    let blocked = !journal.unresolved_at(place)?.is_empty() || contested(journal, place)?.is_some();
    Ok(match (admission::admit(asked, recorded.as_ref(), blocked), record) {
        (Admission::Proceed, _) => Admitted::Proceed(lock),
        (Admission::Replay(_), Some(record)) => Admitted::Replay(Box::new(record)),
        // A replay has a record.
        (Admission::Replay(_), None) => Admitted::Blocked(Blocked::JournalUnavailable),
        (Admission::Blocked(reason), _) => Admitted::Blocked(reason),
    })
}

/// Returns the newest transaction that reached this terminal, if it is disputed. Nothing new may begin before a person has
/// settled it: the terminal still shows what it did last, and the next transaction would destroy that evidence.
///
/// # Errors
/// As [`Journal::find`].
pub fn contested(journal: &dyn Journal, place: &Place) -> Result<Option<Record>, JournalError> {
    let mut contested = None;
    journal.walk_back(place, &mut |record| {
        if record.told().proof == Proof::NothingSent {
            return ControlFlow::Continue(());
        }
        contested = Some(record.clone()).filter(|record| record.disputed);
        ControlFlow::Break(())
    })?;
    Ok(contested)
}

/// Decides by [`caisse_payment::admission::admit_original`] whether a cancellation or a credit may undo what it names.
/// `exclusive` says that nobody but the tills of this journal uses the terminal. To be asked while its lock is held.
#[must_use = "a cancellation that is refused must not be sent"]
pub fn admit_original(journal: &dyn Journal, asked: &Content, exclusive: bool) -> Result<(), Blocked> {
    let known = original(journal, asked).map_err(|_| Blocked::JournalUnavailable)?;
    admission::admit_original(asked, known.as_ref(), exclusive)
}

fn original(journal: &dyn Journal, asked: &Content) -> Result<Option<Original>, JournalError> {
    let Some(id) = asked.original else { return Ok(None) };
    let Some(original) = journal.find(&id)? else { return Ok(None) };
    // Under another name too, what came behind it is what the terminal would undo.
    let place = Place::from(&original.start);
    let (mut is_last, mut given_back, mut behind) = (true, 0u64, false);
    for record in journal.list()? {
        let verdict = record.told();
        let reached = verdict.proof != Proof::NothingSent;
        if behind && reached && place.is_of(&record.start) {
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
