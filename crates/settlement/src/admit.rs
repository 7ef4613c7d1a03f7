//! Admit: may a transaction begin, as far as the journal and its locks tell?

#[cfg(feature = "alloc")]
use caisse_payment::Doubt;
use caisse_payment::{Amount, Blocked, Operation, Outcome, Transaction, Verdict};

#[cfg(feature = "alloc")]
use crate::Record;

/// What the journal knows of a transaction id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The attempt under the id that counts.
    pub transaction: Transaction,
    /// How the transaction ended, an operator's decision included; unknown while it has no end.
    pub verdict: Verdict,
    /// What is written of its end.
    pub stage: Stage,
}

/// What is written of the end of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing.
    Started,
    /// A decision, and no end.
    Decided,
    /// The end.
    Ended,
}

#[cfg(feature = "alloc")]
impl From<&Record> for Recorded {
    fn from(record: &Record) -> Self {
        let stage = match (record.conclusion(), record.decision()) {
            (Some(_), _) => Stage::Ended,
            (None, Some(_)) => Stage::Decided,
            (None, None) => Stage::Started,
        };
        Self { transaction: *record.transaction(), verdict: record.told(), stage }
    }
}

/// The locks that an attempt holds while it looks into the journal. An attempt keeps them until its end is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locks {
    /// The lock of its id and the lock of its terminal.
    Both,
    /// The lock of its id. Another transaction is in flight at the terminal.
    IdAlone,
    /// None. Another attempt under the same id is in flight.
    Neither,
}

/// What an attempt finds before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Situation {
    /// What is recorded under its id.
    pub recorded: Option<Recorded>,
    /// The locks that the attempt holds.
    pub locks: Locks,
    /// Whether an earlier transaction holds the terminal back; see [`holds_back`].
    pub terminal_is_held_back: bool,
}

/// What may happen now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The transaction may begin.
    Proceed,
    /// It took place before. The verdict is the recorded one.
    Replay(Verdict),
    /// It may not begin.
    Blocked(Blocked),
}

/// Decides whether a transaction may begin.
///
/// The same id with the same content is answered from the record, except when nothing was ever sent: only that may be
/// attempted again. A new transaction waits while an earlier one holds the terminal back, since the next payment would
/// destroy the evidence of the last.
///
/// Without its locks an attempt never begins. What has ended is replayed all the same. What may be in flight elsewhere (a start
/// without an end; or, where the lock of the id is held elsewhere, a decision without an end, or an end that lets the id be
/// attempted again) is [`Blocked::InFlightElsewhere`], which never says that nothing was sent.
#[must_use]
pub fn admit(asked: &Transaction, situation: &Situation) -> Admission {
    let Situation { recorded, locks, terminal_is_held_back } = *situation;
    if let Some(recorded) = recorded {
        if !has_same_content(&recorded, asked) {
            return Admission::Blocked(Blocked::IdConflict);
        }
        let is_not_sent = matches!(recorded.verdict.outcome, Outcome::NotSent { .. });
        let may_be_in_flight = match locks {
            Locks::Both => false,
            Locks::IdAlone => recorded.stage == Stage::Started,
            Locks::Neither => recorded.stage != Stage::Ended || is_not_sent,
        };
        if may_be_in_flight {
            return Admission::Blocked(Blocked::InFlightElsewhere);
        }
        if !is_not_sent {
            return Admission::Replay(recorded.verdict);
        }
    }
    match locks {
        Locks::Both if terminal_is_held_back => Admission::Blocked(Blocked::Unresolved),
        Locks::Both => Admission::Proceed,
        Locks::IdAlone => Admission::Blocked(Blocked::Busy),
        Locks::Neither => Admission::Blocked(Blocked::InFlightElsewhere),
    }
}

/// The dialect of a transaction that a salvage wrote in the place of one that was lost, and how its id begins if it stands for none.
pub const SALVAGED: &str = "salvaged";

/// Whether the record is about what is asked for. What a transaction asked for may be lost with a damaged journal file. Nothing says
/// then that it was something else, unless another amount was paid.
fn has_same_content(recorded: &Recorded, asked: &Transaction) -> bool {
    let outcome = recorded.verdict.outcome;
    if recorded.transaction.dialect.as_str() == SALVAGED && !matches!(outcome, Outcome::NotSent { .. }) {
        return outcome.approved_amount().is_none_or(|paid| paid == asked.amount);
    }
    recorded.transaction.has_same_content(asked)
}

/// Whether earlier transactions hold their terminal back: one of them is unresolved, or the newest is contested. `unresolved` are
/// the unresolved transactions of the terminal, `newest` the newest that [`reached`](crate::attribute::reached) it.
#[cfg(feature = "alloc")]
#[must_use]
pub fn holds_back(unresolved: &[Record], newest: Option<&Record>) -> bool {
    !unresolved.is_empty() || newest.is_some_and(is_contested)
}

/// Whether the newest transaction that [`reached`](crate::attribute::reached) a terminal is contested: it is disputed, and the
/// terminal still shows what it did last. The next transaction would destroy that evidence.
#[cfg(feature = "alloc")]
#[must_use]
pub const fn is_contested(newest: &Record) -> bool {
    newest.is_disputed()
}

/// What the journal knows of the transaction that another one undoes or refunds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Original {
    /// The attempt that counts.
    pub transaction: Transaction,
    /// How the transaction ended, unknown while that is disputed.
    pub verdict: Verdict,
    /// Whether nothing else may have reached its terminal since.
    pub is_last: bool,
    /// What credits and cancellations that name it have given back, or may have, in minor units of its currency.
    pub given_back: u64,
}

#[cfg(feature = "alloc")]
impl Original {
    /// Collects what the records say. `newest` is the newest transaction that [`reached`](crate::attribute::reached) the terminal of
    /// the original, under any of its names. `naming` are the transactions that name it as their original.
    #[must_use]
    pub fn new(original: &Record, newest: Option<&Record>, naming: &[Record]) -> Self {
        let back = |record: &Record| match record.told().outcome {
            Outcome::Unknown { .. } => record.transaction().amount.minor(),
            outcome => outcome.approved_amount().map_or(0, Amount::minor),
        };
        let given_back = naming.iter().map(back).fold(0u64, u64::saturating_add);
        // Nobody knows whether a disputed transaction was paid, whichever way it was recorded.
        let verdict = match original.is_disputed() {
            true => Verdict { outcome: Outcome::Unknown { doubt: Doubt::Disputed }, ..original.verdict() },
            false => original.verdict(),
        };
        let is_last = newest.is_some_and(|newest| newest.id() == original.id());
        Self { transaction: *original.transaction(), verdict, is_last, given_back }
    }
}

/// Decides whether a transaction may undo or refund the original that it names. `exclusive` says that nobody but this
/// journal's tills uses the terminal.
///
/// A cancellation undoes the terminal's last transaction, whichever that is: it needs an original that is certainly it.
/// A credit that names an original never gives back more than was paid. A credit that names none moves money by the
/// operator's word alone, and so does all that an operator has taken responsibility for: then this rule is not asked.
///
/// # Errors
/// Says why not.
///
/// ```
/// use caisse_settlement::admit::admit_original;
/// use caisse_payment::{Amount, Blocked, Currency, Operation, Transaction};
///
/// let (id, terminal, dialect) = ("order-7".parse()?, "counter".parse()?, "payxpress".parse()?);
/// let amount = Amount::from_minor(2500, Currency::EUR);
/// let cancellation = Transaction::new(id, Operation::Cancellation, amount, terminal, dialect);
/// assert_eq!(admit_original(&cancellation, None, true), Err(Blocked::OriginalMissing));
/// # Ok::<(), caisse_payment::IdentifierError>(())
/// ```
pub fn admit_original(
    asked: &Transaction,
    original: Option<&Original>,
    exclusive: bool,
) -> Result<(), Blocked> {
    let cancels = match asked.operation {
        Operation::Debit | Operation::Cheque | Operation::DeferredDebit => return Ok(()),
        Operation::Credit if asked.original.is_none() => return Ok(()),
        Operation::Cancellation if asked.original.is_none() => return Err(Blocked::OriginalMissing),
        Operation::Credit => false,
        Operation::Cancellation => true,
    };
    let original = original.ok_or(Blocked::OriginalNotApproved)?;
    let Original { transaction, verdict, .. } = *original;
    let paid = verdict.outcome.approved_amount().ok_or(Blocked::OriginalNotApproved)?;
    let took_money =
        matches!(transaction.operation, Operation::Debit | Operation::Cheque | Operation::DeferredDebit);
    if !took_money || transaction.terminal != asked.terminal {
        return Err(Blocked::OriginalNotApproved);
    }
    if asked.amount.currency() != paid.currency() {
        return Err(Blocked::OriginalCurrencyDiffers);
    }
    let given_back = Amount::from_minor(original.given_back, paid.currency());
    let left = paid.checked_sub(given_back).ok_or(Blocked::CreditExceedsOriginal)?;
    if cancels {
        if asked.amount != paid {
            return Err(Blocked::OriginalAmountDiffers);
        }
        if asked.amount != left {
            return Err(Blocked::CreditExceedsOriginal);
        }
        if !exclusive || !original.is_last {
            return Err(Blocked::OriginalNotLast);
        }
        return Ok(());
    }
    left.checked_sub(asked.amount).map(drop).ok_or(Blocked::CreditExceedsOriginal)
}
