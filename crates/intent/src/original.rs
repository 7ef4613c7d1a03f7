//! Which transaction may be undone or refunded, as far as the journal knows.

use caisse_journal::Record;
use caisse_payment::entry::Content;
use caisse_payment::{Operation, Outcome};

/// Why a cancellation or a refund does not begin. Nothing was recorded, nothing was launched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OriginalError {
    /// A cancellation without an original.
    #[error("a cancellation names the transaction that it undoes")]
    Missing,
    /// A debit with an original.
    #[error("a debit has no original transaction")]
    OnDebit,
    /// The journal does not know it, or it was no debit.
    #[error("the journal holds no debit under the id of the original")]
    NotADebit,
    /// It was not approved.
    #[error("the original was not approved")]
    NotApproved,
    /// It took place on another terminal.
    #[error("the original took place on another terminal")]
    OtherTerminal,
    /// The app looks for the debit by card and amount: any amount but the original's finds nothing, or another one.
    #[error("a cancellation is for the whole amount of the original")]
    AmountDiffers,
    /// Something was approved on this terminal since: the app could find that instead.
    #[error("the original is not the last approved transaction of this terminal")]
    NotLast,
    /// More would go back than was paid.
    #[error("with this one, refunds of the original would exceed it")]
    Exceeded,
}

const fn is_debit(operation: Operation) -> bool {
    matches!(operation, Operation::Debit | Operation::DeferredDebit)
}

/// Whether there is anything to check.
pub(crate) fn matters(asked: &Content) -> bool {
    asked.original.is_some() || asked.operation == Operation::Cancellation
}

/// Checks against all that the journal holds, oldest first.
pub(crate) fn check(asked: &Content, records: &[Record]) -> Result<(), OriginalError> {
    let Some(original) = asked.original else {
        return match asked.operation {
            Operation::Cancellation => Err(OriginalError::Missing),
            _ => Ok(()),
        };
    };
    if is_debit(asked.operation) {
        return Err(OriginalError::OnDebit);
    }
    let find = records.iter().find(|record| record.start.id == original);
    let record = find.filter(|it| is_debit(it.start.content.operation)).ok_or(OriginalError::NotADebit)?;
    let paid = record.verdict().outcome.approved_amount().ok_or(OriginalError::NotApproved)?;
    if asked.operation == Operation::Cancellation {
        if record.start.content.terminal != asked.terminal {
            return Err(OriginalError::OtherTerminal);
        }
        if paid != asked.amount {
            return Err(OriginalError::AmountDiffers);
        }
    }
    // What is not resolved may have gone back too.
    let gone_back = records
        .iter()
        .filter(|it| it.start.content.original == Some(original))
        .filter_map(|it| match it.verdict().outcome {
            Outcome::Unknown { .. } => Some(it.start.content.amount),
            outcome => outcome.approved_amount(),
        })
        .try_fold(asked.amount, caisse_payment::Amount::checked_add);
    let left = gone_back.and_then(|gone_back| paid.checked_sub(gone_back));
    if left.is_none() {
        return Err(OriginalError::Exceeded);
    }
    if asked.operation == Operation::Cancellation {
        let last = records.iter().rfind(|it| {
            it.start.content.terminal == asked.terminal && it.verdict().outcome.approved_amount().is_some()
        });
        if last.is_none_or(|last| last.start.id != original) {
            return Err(OriginalError::NotLast);
        }
    }
    Ok(())
}
