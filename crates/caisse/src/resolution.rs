//! A person's word about a transaction: the decision where nobody knows the end, and the correction of a decision.

use caisse_journal::{Decision, Journal, JournalError, LockError, Record, TerminalKey, WallTime, lock_of};
use caisse_payment::TransactionId;

use crate::Till;

/// Why a decision was not written. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// A payment runs at the terminal, here or in another process: its end may be the one that is asked for.
    #[error("a payment is under way at this terminal: wait for its end; nothing was changed")]
    UnderWay,
    /// The system cannot lock the terminal.
    #[error(transparent)]
    Lock(LockError),
    /// There is nothing to decide or to correct under this id here, or the journal cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl From<LockError> for ResolveError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Busy => Self::UnderWay,
            error => Self::Lock(error),
        }
    }
}

impl Till {
    /// Writes what a person found out about a transaction of this terminal that is unresolved or disputed: from then on that
    /// is its end, and the terminal takes payments again. Also writes the correction of a person's decision by a person; the
    /// earlier decision stays in the history. Returns the transaction as it is now recorded.
    ///
    /// The terminal's own proof is not overruled: where the person contradicts a known end, a decision by evidence, or a decision
    /// on which credits or cancellations already rest, both sides are recorded and the returned transaction is
    /// [`Disputed`](crate::RecordState::Disputed). A further decision settles the dispute.
    ///
    /// ```
    /// use caisse::{Amount, Currency, Decision, MemoryJournal, Paid, PaymentRequest, RecordState, Till};
    ///
    /// # let terminal = caisse_simulator::VirtualTerminal::builder().answer("approve+drop@step=decided".parse()?).start()?;
    /// # let address = terminal.address().to_string();
    /// let mut till = Till::builder().tcp(&address).journal(MemoryJournal::new()).build()?;
    /// let payment = till.pay(PaymentRequest::debit(Amount::parse("25.00", Currency::EUR)?))?;
    /// assert!(payment.outcome.is_unknown());
    /// // Somebody has looked at the terminal and its ticket.
    /// let decision = Decision::new(Paid::Paid(payment.amount), "Anne", "ticket 1234 says so")?;
    /// let record = till.resolve(&payment.id, &decision)?;
    /// assert_eq!(record.state(), RecordState::Final);
    /// assert!(till.unresolved()?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// While a payment runs at the terminal; when there is nothing to decide or to correct, or the transaction is another
    /// terminal's; when the journal cannot be written.
    pub fn resolve(&mut self, id: &TransactionId, decision: &Decision) -> Result<Record, ResolveError> {
        let place = self.place();
        resolve(&mut *self.journal, &place, id, decision)
    }
}

pub(crate) fn resolve(
    journal: &mut dyn Journal,
    place: &TerminalKey,
    id: &TransactionId,
    decision: &Decision,
) -> Result<Record, ResolveError> {
    let held = journal.lock_terminal(place)?;
    let record = journal.find(id)?.ok_or(JournalError::NotUnresolved)?;
    if !place.may_be_of(record.transaction()) {
        return Err(JournalError::WrongLock.into());
    }
    let own = lock_of(journal, &held, &record)?;
    journal.resolve(own.as_ref().unwrap_or(&held), id, decision, WallTime::now())?;
    Ok(journal.find(id)?.ok_or(JournalError::NotUnresolved)?)
}
