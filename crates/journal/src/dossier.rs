//! The records that a rule needs, collected by look-ups instead of a walk through the whole journal.
//!
//! With these records the rules of `caisse_settlement` decide as they would with all of them: `tests/dossier.rs` compares the two
//! over generated journals.

use std::ops::ControlFlow;

use caisse_payment::AuthorisationNumber;
use caisse_settlement::attribute::{MAX_BACK, accepted_number, reached};
use caisse_settlement::{TerminalIdentity, TerminalKey};

use crate::{Journal, JournalError, Record};

/// How many earlier transactions of a terminal are looked at for what the terminal showed of itself. A terminal that showed
/// nothing in so many shows nothing.
const MAX_EARLIER: usize = 1000;

/// Returns what [`attribute`](caisse_settlement::attribute::attribute) needs to know of a terminal: its last transactions, and
/// before them those that share a reference with one of them.
///
/// # Errors
/// As [`Journal::find`].
pub fn records_of_terminal(journal: &dyn Journal, key: &TerminalKey) -> Result<Vec<Record>, JournalError> {
    let (mut records, mut count) = (Vec::new(), 0usize);
    journal.walk_back(key, &mut |record| {
        count = count.saturating_add(usize::from(reached(record, key)));
        records.push(record.clone());
        if count < MAX_BACK { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    records.reverse();
    let references: Vec<_> = records.iter().filter_map(|record| record.transaction().reference).collect();
    for reference in references {
        put_before(&mut records, journal.with_reference(&reference)?);
    }
    Ok(records)
}

/// Returns what the rules need to know about one transaction: the transactions of its terminal, down to those that decide what
/// was completed before it and what the terminal showed of itself; and before them those with the same reference, or with the
/// authorisation number that the terminal reports now.
///
/// # Errors
/// As [`Journal::find`].
pub fn records_about(
    journal: &dyn Journal,
    record: &Record,
    reported: Option<AuthorisationNumber>,
) -> Result<Vec<Record>, JournalError> {
    let mut records = walk_from(journal, record)?;
    if let Some(number) = reported {
        put_before(&mut records, journal.with_authorisation(&number)?);
    }
    if let Some(reference) = record.transaction().reference {
        put_before(&mut records, journal.with_reference(&reference)?);
    }
    Ok(records)
}

/// Returns what [`may_ask`](caisse_settlement::ask::may_ask) needs to know about one transaction and the terminal as it is
/// reached now.
///
/// # Errors
/// As [`Journal::find`].
pub fn records_for_asking(
    journal: &dyn Journal,
    record: &Record,
    found: &TerminalIdentity,
) -> Result<Vec<Record>, JournalError> {
    let mut records = walk_from(journal, record)?;
    put_before(&mut records, one_at(journal, found)?);
    Ok(records)
}

/// Returns a transaction at the address or the device of this terminal, if there is one.
fn one_at(journal: &dyn Journal, found: &TerminalIdentity) -> Result<Option<Record>, JournalError> {
    let is_there = |record: &Record| {
        let identity = TerminalIdentity::of(record.transaction());
        identity.has_address_of(found) || identity.usb.is_some() && identity.usb == found.usb
    };
    let mut known = None;
    if let Some(address) = found.address {
        journal.walk_back(&TerminalKey::from(address), &mut |record| {
            known = Some(record.clone()).filter(is_there);
            if known.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
    }
    if known.is_none() && found.usb.is_some() {
        // The device may have been at another port, where no look-up finds it.
        journal.visit(&mut |record| {
            known = Some(record.clone()).filter(is_there);
            if known.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
    }
    Ok(known)
}

/// The transactions of the terminal of this record, oldest first.
fn walk_from(journal: &dyn Journal, record: &Record) -> Result<Vec<Record>, JournalError> {
    let (key, identity) =
        (TerminalKey::from(record.transaction()), TerminalIdentity::of(record.transaction()));
    let mut records = Vec::new();
    let (mut is_earlier, mut earlier) = (false, 0usize);
    let (mut completed, mut completed_here) = (false, false);
    let (mut contract, mut serial_number) = (false, false);
    journal.walk_back(&key, &mut |other| {
        if is_earlier {
            earlier = earlier.saturating_add(1);
            let is_here = identity.is_of(other.transaction());
            let is_at_address =
                is_here || identity.has_address_of(&TerminalIdentity::of(other.transaction()));
            completed |= is_completed(other);
            completed_here |= is_here && is_completed(other);
            // What was shown after the last completed transaction says which terminal stood there later, and not which one
            // completed it.
            let shown = other.conclusion().filter(|_| is_at_address && completed_here);
            contract |= shown.is_some_and(|end| end.contract.is_some());
            serial_number |= shown.is_some_and(|end| end.serial_number.is_some());
        }
        is_earlier |= other.id() == record.id();
        records.push(other.clone());
        let is_enough = completed && completed_here && contract && serial_number;
        if is_enough || earlier >= MAX_EARLIER { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    records.reverse();
    Ok(records)
}

/// Whether a transaction was certainly completed, whatever came before it.
fn is_completed(record: &Record) -> bool {
    let is_certain =
        accepted_number(record).is_some() || !record.is_disputed() && record.decision().is_none();
    is_certain && record.told().outcome.approved_amount().is_some()
}

/// Puts records before those that are there; none twice.
fn put_before(records: &mut Vec<Record>, more: impl IntoIterator<Item = Record>) {
    let mut before: Vec<Record> = Vec::new();
    for record in more {
        let is_known = |known: &Record| known.id() == record.id();
        if !records.iter().any(is_known) && !before.iter().any(is_known) {
            before.push(record);
        }
    }
    records.splice(0..0, before);
}
