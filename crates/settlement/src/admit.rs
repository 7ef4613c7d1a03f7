//! Admit: may a transaction begin, as far as the journal knows?

use caisse_payment::entry::Content;
use caisse_payment::{Amount, Blocked, Operation, Outcome, Verdict};

/// What the journal knows of a transaction id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// What was asked for under the id.
    pub content: Content,
    /// How it ended, an operator's decision included; unknown while it has no end.
    pub verdict: Verdict,
}

/// What may happen now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The transaction may begin.
    Proceed,
    /// It took place before: this is what the journal holds.
    Replay(Verdict),
    /// It may not begin.
    Blocked(Blocked),
}

/// Decides from the journal alone, while the terminal's lock is held: `recorded` is what stands under the id that is
/// asked for, `unresolved` whether any transaction of this terminal has no known end.
///
/// The same id with the same content is answered from the record, except when nothing was ever sent: only that may be
/// attempted again. Whatever is new has to wait while an earlier transaction is in doubt, since the next payment would
/// destroy the evidence of the last.
#[must_use]
pub fn admit(asked: &Content, recorded: Option<&Recorded>, unresolved: bool) -> Admission {
    if let Some(recorded) = recorded {
        if recorded.content != *asked {
            return Admission::Blocked(Blocked::IdConflict);
        }
        if !matches!(recorded.verdict.outcome, Outcome::NotSent { .. }) {
            return Admission::Replay(recorded.verdict);
        }
    }
    if unresolved { Admission::Blocked(Blocked::Unresolved) } else { Admission::Proceed }
}

/// What the journal knows of the transaction that another one undoes or refunds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Original {
    /// The transaction.
    pub recorded: Recorded,
    /// Whether anything else may have reached its terminal since.
    pub is_last: bool,
    /// What credits and cancellations that name it have given back, or may have, in minor units of its currency.
    pub given_back: u64,
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
/// use caisse_payment::entry::Content;
/// use caisse_payment::{Amount, Blocked, Currency, Operation, Register};
///
/// let cancellation = Content {
///     operation: Operation::Cancellation,
///     original: None,
///     amount: Amount::from_minor(2500, Currency::EUR),
///     allow_partial: false,
///     allow_tip: None,
///     terminal: "counter".parse()?,
///     register: Register::FIRST,
///     reference: None,
/// };
/// assert_eq!(admit_original(&cancellation, None, true), Err(Blocked::OriginalMissing));
/// # Ok::<(), caisse_payment::IdentifierError>(())
/// ```
pub fn admit_original(asked: &Content, original: Option<&Original>, exclusive: bool) -> Result<(), Blocked> {
    let cancels = match asked.operation {
        Operation::Debit | Operation::Cheque | Operation::DeferredDebit => return Ok(()),
        Operation::Credit if asked.original.is_none() => return Ok(()),
        Operation::Cancellation if asked.original.is_none() => return Err(Blocked::OriginalMissing),
        Operation::Credit => false,
        Operation::Cancellation => true,
    };
    let original = original.ok_or(Blocked::OriginalNotApproved)?;
    let Recorded { content, verdict } = original.recorded;
    let paid = verdict.outcome.approved_amount().ok_or(Blocked::OriginalNotApproved)?;
    let took_money =
        matches!(content.operation, Operation::Debit | Operation::Cheque | Operation::DeferredDebit);
    if !took_money || content.terminal != asked.terminal {
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
