//! The journal of a till.

use std::ops::ControlFlow;

use caisse_payment::{AuthorisationNumber, Reference, TerminalId, TransactionId};

use crate::{
    Care, Decision, Event, JournalError, LockError, Patience, Record, RecordedEvent, Records, Selection,
    Store, TerminalKey, TerminalLock, WallTime, rules,
};

/// A durable record of transactions, shared by all processes that use the same terminals.
///
/// A till locks the terminal before a payment and holds the lock until the end is written. It sends nothing before
/// [`append`](Self::append) has returned `Ok` for the start.
///
/// A journal for another database is a [`Store`], which is smaller: every store is a journal.
pub trait Journal: Send {
    /// Sets how long the writes of this handle wait for others that write to the journal. Journals that never wait ignore it.
    fn set_patience(&mut self, _patience: Patience) {}

    /// Takes the exclusive lock of a terminal, which is held until the guard drops. Never waits. The lock excludes other
    /// processes, other handles and other calls on this handle, and ends with the process that holds it.
    ///
    /// # Errors
    /// [`LockError::Busy`] when the lock is held; [`LockError::Io`] when the system cannot lock. Nothing may be sent to the
    /// terminal then.
    fn lock(&self, terminal: &TerminalId) -> Result<TerminalLock, LockError>;

    /// Takes the exclusive lock of a terminal under its name and under its address, so that programs that know the terminal
    /// by different names exclude each other. Never waits.
    ///
    /// ```
    /// use caisse_journal::{Journal, LockError, MemoryJournal, TerminalKey};
    ///
    /// let journal = MemoryJournal::new();
    /// let address = Some("tcp:192.0.2.7:8888".parse()?);
    /// let front = TerminalKey { terminal: "front".parse()?, address };
    /// let lock = journal.lock_terminal(&front);
    /// // Another name at the same address is the same terminal.
    /// let counter = TerminalKey { terminal: "counter".parse()?, address };
    /// assert!(matches!(journal.lock_terminal(&counter), Err(LockError::Busy)));
    /// # drop(lock);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`lock`](Self::lock).
    fn lock_terminal(&self, key: &TerminalKey) -> Result<TerminalLock, LockError> {
        let lock = self.lock(&key.terminal)?;
        match key.address.filter(|address| *address != key.terminal) {
            None => Ok(lock),
            Some(address) => Ok(lock.joined(self.lock(&address)?)),
        }
    }

    /// Writes one event about the transaction with this id durably. An error means that nothing was written. Only after a
    /// failing disk and a crash can the event be there nevertheless: a start is then unresolved.
    ///
    /// * `Started` and `NeverSent` need an id that is new, or whose record has ended as not sent (nothing sent) with the same
    ///   content: that is a further attempt, and the earlier one stays in the [`events`](Self::events). `Started` needs a
    ///   terminal without an unresolved transaction.
    /// * `Ended` needs a start. An end is never dropped because the transaction was decided or ended otherwise
    ///   meanwhile. It is written beside the decision, or in the place of an unknown end; a known end stays the end of the
    ///   record. If it contradicts the record, a [`Dispute`](crate::Dispute) is written right after it, in the
    ///   same write. An end that adds nothing to a recorded one is a conflict.
    /// * `Disputed` needs a known end or a decision, which stays as it is; the state becomes
    ///   [`Disputed`](crate::State::Disputed).
    /// * `Overridden` needs a credit or a cancellation that has started and not ended. It is written before the request leaves.
    /// * `Resolved` is written by [`resolve`](Self::resolve).
    ///
    /// # Errors
    /// [`Conflict`](JournalError::Conflict) when the record with the id excludes the event,
    /// [`Refused`](JournalError::Refused) when the event contains what is never stored, contradicts itself, has another id
    /// or is written by another function, otherwise the error of the store.
    fn append(&mut self, id: &TransactionId, event: &Event, at: WallTime) -> Result<(), JournalError>;

    /// Returns the transaction with this id.
    ///
    /// # Errors
    /// When the store cannot be read or its content makes no sense. The journal never guesses.
    fn find(&self, id: &TransactionId) -> Result<Option<Record>, JournalError>;

    /// Returns the unresolved transactions of this terminal, oldest first: those without an end or with an unknown end, and
    /// without a decision. By the rules of [`append`](Self::append) there is at most one, beside those whose outcome was lost with a damaged file
    /// ([`Doubt::Salvaged`](caisse_payment::Doubt::Salvaged)).
    ///
    /// # Errors
    /// As [`find`](Self::find).
    fn unresolved(&self, terminal: &TerminalId) -> Result<Vec<Record>, JournalError>;

    /// Returns the unresolved transactions of a terminal that may have several names, or be known by its address: at most one
    /// for each name.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    fn unresolved_at(&self, key: &TerminalKey) -> Result<Vec<Record>, JournalError> {
        let mut records = self.list()?;
        records.retain(|it| Selection::OpenAt { key: *key, usb: None }.contains(it));
        Ok(records)
    }

    /// Returns every transaction, oldest first: in the order in which the attempts that count were written.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    fn list(&self) -> Result<Vec<Record>, JournalError>;

    /// Visits every transaction in the order of [`list`](Self::list), until `visit` returns `Break`. For journals
    /// that do not fit into memory.
    ///
    /// # Errors
    /// As [`find`](Self::find). Some transactions may have been visited then.
    fn visit(&self, visit: &mut dyn FnMut(&Record) -> ControlFlow<()>) -> Result<(), JournalError> {
        let _: ControlFlow<()> = self.list()?.iter().try_for_each(visit);
        Ok(())
    }

    /// Visits the transactions of a terminal, newest first, until `see` returns `Break`. A payment needs the last few of them.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use caisse_journal::{Journal, MemoryJournal, TerminalKey};
    /// use caisse_payment::TerminalId;
    ///
    /// let journal = MemoryJournal::new();
    /// let mut newest = None;
    /// let counter: TerminalId = "counter".parse()?;
    /// journal.walk_back(&TerminalKey::from(counter), &mut |record| {
    ///     newest = Some(record.clone());
    ///     ControlFlow::Break(())
    /// })?;
    /// assert_eq!(newest, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`find`](Self::find).
    fn walk_back(
        &self,
        key: &TerminalKey,
        see: &mut dyn FnMut(&Record) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        let records = self.list()?;
        let mut newest_first = records.iter().rev().filter(|it| key.may_be_of(it.transaction()));
        let _: ControlFlow<()> = newest_first.try_for_each(see);
        Ok(())
    }

    /// Returns every transaction that is unresolved or disputed, oldest first.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    fn unsettled(&self) -> Result<Vec<Record>, JournalError> {
        let mut records = self.list()?;
        records.retain(|record| Selection::Open.contains(record));
        Ok(records)
    }

    /// Returns every transaction that names this one as its [`original`](caisse_payment::Transaction::original), oldest first:
    /// its credits and cancellations, whatever their outcome.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    fn naming_original(&self, original: &TransactionId) -> Result<Vec<Record>, JournalError> {
        let mut records = self.list()?;
        records.retain(|record| Selection::Original(*original).contains(record));
        Ok(records)
    }

    /// Returns every transaction whose end contains this authorisation number, or one that
    /// [may be the same](caisse_payment::Comparison::may_be_same), oldest first.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    fn with_authorisation(&self, number: &AuthorisationNumber) -> Result<Vec<Record>, JournalError> {
        let mut records = self.list()?;
        records.retain(|record| Selection::Authorisation(*number).contains(record));
        Ok(records)
    }

    /// Returns every transaction with this reference, or one that
    /// [may be the same](caisse_payment::Comparison::may_be_same), oldest first.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    fn with_reference(&self, reference: &Reference) -> Result<Vec<Record>, JournalError> {
        let mut records = self.list()?;
        records.retain(|record| Selection::Reference(*reference).contains(record));
        Ok(records)
    }

    /// Returns every event of a transaction, oldest first; none for an unknown id.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    fn events(&self, id: &TransactionId) -> Result<Vec<RecordedEvent>, JournalError>;

    /// Writes a person's decision, or what evidence proves, about an unresolved transaction, durably; a person's decision about
    /// a disputed one, which settles the dispute; or the correction of a person's decision by a person. Earlier decisions stay
    /// in the [`events`](Self::events). The caller holds the lock of its terminal, which proves that no till is still waiting
    /// for its answer.
    ///
    /// A person who contradicts a known end, a decision by evidence, or a decision on which credits or cancellations
    /// [rest](crate::gives_back) overrules nothing: the word is written as a [`Dispute`](crate::Dispute), and the record is
    /// [`Disputed`](crate::State::Disputed) afterwards.
    ///
    /// # Errors
    /// [`NotUnresolved`](JournalError::NotUnresolved) when there is no such transaction, or the record already says so,
    /// [`WrongLock`](JournalError::WrongLock) when the lock is another terminal's, [`Refused`](JournalError::Refused) when
    /// the decision is for another currency, otherwise what the store met.
    /// Nothing was written then.
    fn resolve(
        &mut self,
        lock: &TerminalLock,
        id: &TransactionId,
        decision: &Decision,
        at: WallTime,
    ) -> Result<(), JournalError>;
}

impl<S: Store> Journal for S {
    fn set_patience(&mut self, patience: Patience) {
        Store::set_patience(self, patience);
    }

    fn lock(&self, terminal: &TerminalId) -> Result<TerminalLock, LockError> {
        Store::lock(self, terminal)
    }

    fn append(&mut self, id: &TransactionId, event: &Event, at: WallTime) -> Result<(), JournalError> {
        let care = match event {
            Event::Started(_) | Event::Overridden(_) => Care::Strict,
            Event::Ended(_) | Event::NeverSent(..) | Event::Resolved(_) | Event::Disputed(_) => Care::Lenient,
        };
        self.update(care, &mut |records| rules::append(records, id, event, at))
    }

    fn find(&self, id: &TransactionId) -> Result<Option<Record>, JournalError> {
        Records::find(self, id)
    }

    fn unresolved(&self, terminal: &TerminalId) -> Result<Vec<Record>, JournalError> {
        let mut records = self.unresolved_at(&TerminalKey::from(*terminal))?;
        records.retain(|record| record.transaction().terminal == *terminal);
        Ok(records)
    }

    fn unresolved_at(&self, key: &TerminalKey) -> Result<Vec<Record>, JournalError> {
        selected(self, &Selection::OpenAt { key: *key, usb: None })
    }

    fn list(&self) -> Result<Vec<Record>, JournalError> {
        selected(self, &Selection::All)
    }

    fn visit(&self, visit: &mut dyn FnMut(&Record) -> ControlFlow<()>) -> Result<(), JournalError> {
        Records::visit(self, &Selection::All, visit)
    }

    fn walk_back(
        &self,
        key: &TerminalKey,
        see: &mut dyn FnMut(&Record) -> ControlFlow<()>,
    ) -> Result<(), JournalError> {
        Records::visit(self, &Selection::NewestFirst(*key), see)
    }

    fn unsettled(&self) -> Result<Vec<Record>, JournalError> {
        selected(self, &Selection::Open)
    }

    fn naming_original(&self, original: &TransactionId) -> Result<Vec<Record>, JournalError> {
        selected(self, &Selection::Original(*original))
    }

    fn with_authorisation(&self, number: &AuthorisationNumber) -> Result<Vec<Record>, JournalError> {
        selected(self, &Selection::Authorisation(*number))
    }

    fn with_reference(&self, reference: &Reference) -> Result<Vec<Record>, JournalError> {
        selected(self, &Selection::Reference(*reference))
    }

    fn events(&self, id: &TransactionId) -> Result<Vec<RecordedEvent>, JournalError> {
        Records::events(self, id)
    }

    fn resolve(
        &mut self,
        lock: &TerminalLock,
        id: &TransactionId,
        decision: &Decision,
        at: WallTime,
    ) -> Result<(), JournalError> {
        self.update(Care::Lenient, &mut |records| rules::resolve(records, lock, id, decision, at))
    }
}

fn selected(records: &dyn Records, selection: &Selection) -> Result<Vec<Record>, JournalError> {
    let mut found = Vec::new();
    records.visit(selection, &mut |record| {
        found.push(record.clone());
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// Returns whether a payment is in flight: only its start is written, and its terminal is locked. Read the record again if the
/// result is false, because the payment may have ended in between. This call holds the lock for an instant.
///
/// # Errors
/// [`LockError::Io`] when the system does not report whether the terminal is locked.
pub fn in_flight(journal: &dyn Journal, record: &Record) -> Result<bool, LockError> {
    if !record.is_open() {
        return Ok(false);
    }
    match journal.lock(&record.transaction().terminal) {
        Ok(_lock) => Ok(false),
        Err(LockError::Busy) => Ok(true),
        Err(error) => Err(error),
    }
}
