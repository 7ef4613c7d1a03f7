//! Holds back what a person has to look at.

use std::collections::{BTreeMap, BTreeSet};

use caisse_payment::{TerminalId, TransactionId, UsbIdentity};

use super::super::columns::TransactionRow;
use super::outcome::{HeldBack, HeldBackReason};
use super::rescue::Rescue;
use super::stand_in::{self, Reached};
use crate::{Event, JournalError, RecordedEvent};

impl Rescue<'_> {
    /// Opens every transaction again of which events are lost, and holds back every terminal where others may be.
    pub(super) fn hold_back(&mut self) -> Result<Vec<HeldBack>, JournalError> {
        self.find_incomplete()?;
        self.find_strangers()?;
        let incomplete: Vec<(TransactionId, HeldBackReason)> =
            self.incomplete.iter().map(|(id, why)| (*id, *why)).collect();
        for (id, _) in &incomplete {
            if self.builder.find(id)?.is_none() {
                self.begin_without_start(id, self.currency, self.at)?;
            }
        }
        let known = self.terminals()?;
        let (mut held, mut notes) = (Vec::new(), self.notes());
        for (id, _) in incomplete {
            held.extend(self.reopen(id, &mut notes)?);
        }
        let names: BTreeSet<TerminalId> = known
            .verified
            .iter()
            .flat_map(|reached| [Some(reached.terminal), reached.address])
            .flatten()
            .collect();
        let is_doubtful = |held: &HeldBack| match held.why {
            HeldBackReason::StartLost => true,
            // A damaged name is one that no other transaction has.
            HeldBackReason::StartNotVerified => {
                held.terminal.is_none_or(|terminal| !names.contains(&terminal))
            }
            HeldBackReason::Incomplete | HeldBackReason::Terminal => false,
        };
        if self.may_miss || held.iter().any(is_doubtful) {
            let all = known.verified.into_iter().chain(known.readable);
            let all: BTreeSet<Reached> =
                all.filter(|it| it.terminal.as_str() != stand_in::SALVAGED).collect();
            for (place, reached) in all.into_iter().enumerate() {
                held.push(self.hold_terminal(place.saturating_add(1), reached)?);
            }
        }
        Ok(held)
    }

    /// Finds the transactions that may have had events among those of which nothing is left. The row of a transaction says how many
    /// events it has. Without it, what precedes the start of a transaction decides nothing: an id is sent again only after an attempt
    /// that was not sent.
    fn find_incomplete(&mut self) -> Result<(), JournalError> {
        if !self.may_miss {
            return Ok(());
        }
        let mut incomplete = Vec::new();
        self.each(&mut |rescue, row| {
            let record = &row.tracked.record;
            let by_row = rescue.found.row(rescue.source, &record.id());
            let is_whole =
                |found: &TransactionRow| found.tracked.record == *record && found.events == row.events;
            let has_more = |found: &TransactionRow| found.events > row.events;
            let may_have_more =
                !by_row.as_ref().is_some_and(is_whole) && row.tracked.started_event <= rescue.unnamed_until;
            if may_have_more || by_row.as_ref().is_some_and(has_more) {
                incomplete.push(record.id());
            }
        })?;
        for id in self.rows_alone()? {
            incomplete.push(id);
        }
        for id in incomplete {
            self.incomplete.entry(id).or_insert(HeldBackReason::Incomplete);
        }
        Ok(())
    }

    /// The transactions of which only the row is left.
    fn rows_alone(&self) -> Result<Vec<TransactionId>, JournalError> {
        let forgotten = self.chained.begins.map_or(0, |begins| begins.number);
        let mut alone = Vec::new();
        for id in self.found.rows.keys() {
            let Some(row) = self.found.row(self.source, id) else { continue };
            let started = row.tracked.started_event;
            // Where that event is another transaction's, the row is damaged.
            let is_taken = self.chained.events.get(&started).is_some_and(|event| event.is_linked);
            if started > forgotten && !is_taken && self.builder.find(id)?.is_none() {
                alone.push(*id);
            }
        }
        Ok(alone)
    }

    /// Opens the transactions of another history again. What began there began.
    fn find_strangers(&mut self) -> Result<(), JournalError> {
        for (_, place) in self.strangers.clone() {
            let Some((_, row)) = place.event(self.source) else { continue };
            if let Some(start) = row.event.event.transaction()
                && self.builder.find(&row.id)?.is_none()
            {
                let start = RecordedEvent { at: row.event.at, event: Event::Started(*start) };
                self.begin(&row.id, start)?;
            }
            self.incomplete.entry(row.id).or_insert(HeldBackReason::Incomplete);
        }
        Ok(())
    }

    /// Visits every transaction of the new journal.
    fn each(&self, visit: &mut dyn FnMut(&Self, &TransactionRow)) -> Result<(), JournalError> {
        let mut statement = self.builder.connection.prepare("SELECT id FROM transactions")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let id: String = row.get(0)?;
            let id = id.parse().map_err(|_| JournalError::corrupt("the id of a transaction"))?;
            // What is open is written at the end.
            if !self.builder.unresolved().contains_key(&id)
                && let Some(row) = self.builder.find(&id)?
            {
                visit(self, &row);
            }
        }
        self.builder.unresolved().values().for_each(|row| visit(self, row));
        Ok(())
    }

    /// Writes that the outcome of a transaction was lost.
    fn reopen(&mut self, id: TransactionId, notes: &mut Notes) -> Result<Option<HeldBack>, JournalError> {
        let Some(before) = self.builder.find(&id)? else { return Ok(None) };
        if !self.builder.put(&id, stand_in::lost_outcome(self.at))? {
            return Err(JournalError::corrupt("a transaction that cannot be held back"));
        }
        let why = self.incomplete.get(&id).copied().unwrap_or(HeldBackReason::Incomplete);
        let record = &before.tracked.record;
        let is_known = why != HeldBackReason::StartLost;
        let reached = Reached::of(record.transaction());
        let mut readable = Vec::new();
        if let Some(row) = self.found.any_row(self.source, &id).filter(|row| row.tracked.record != *record) {
            readable.extend(stand_in::lines(&row).into_iter().map(|line| format!("its row: {line}")));
        }
        readable.extend(notes.readable.remove(&id).unwrap_or_default());
        Ok(Some(HeldBack {
            id,
            why,
            terminal: Some(reached.terminal).filter(|_| is_known),
            address: reached.address.filter(|_| is_known),
            lost_events: notes.lost_events.remove(&id).unwrap_or_default(),
            readable,
        }))
    }

    /// Reads once what is left of everything that is not carried over.
    fn notes(&self) -> Notes {
        let mut notes = Notes::default();
        for lost in &self.lost {
            for (number, owners) in self.owners.range(lost.clone()) {
                for id in owners {
                    notes.lost_events.entry(*id).or_default().push(*number);
                }
            }
        }
        for (number, place) in &self.strangers {
            if let Some((_, row)) = place.event(self.source) {
                let line = format!("event {number} of another history: {}", row.event);
                notes.readable.entry(row.id).or_default().push(line);
            }
        }
        let lost = self.lost.iter().cloned();
        let unplaced = self.unplaced.keys().map(|number| *number..=*number);
        for (number, candidates) in lost.chain(unplaced).flat_map(|range| self.found.events.range(range)) {
            for (_, row) in candidates.iter().filter_map(|candidate| candidate.place.event(self.source)) {
                // Of an event that verifies, only its own transaction is told.
                if self.unplaced.get(number).is_none_or(|owner| *owner == row.id) {
                    let line = format!("event {number}: {}", row.event);
                    notes.readable.entry(row.id).or_default().push(line);
                }
            }
        }
        notes
    }

    /// Holds a terminal back, although no transaction is known that does.
    fn hold_terminal(&mut self, number: usize, reached: Reached) -> Result<HeldBack, JournalError> {
        let mut name = format!("{}:{}:{number}", stand_in::SALVAGED, self.at);
        let id = loop {
            let id: TransactionId = name
                .parse()
                .map_err(|_| JournalError::corrupt("a name in the place of one that was lost"))?;
            if self.builder.find(&id)?.is_none() && !self.found.rows.contains_key(&id) {
                break id;
            }
            name.push('x');
        };
        self.builder.put(&id, stand_in::lost_start(id, Some(reached), self.currency, self.at)?)?;
        self.builder.put(&id, stand_in::lost_outcome(self.at))?;
        Ok(HeldBack {
            id,
            why: HeldBackReason::Terminal,
            terminal: Some(reached.terminal),
            address: reached.address,
            lost_events: Vec::new(),
            readable: Vec::new(),
        })
    }

    /// The terminals that the file names.
    fn terminals(&self) -> Result<Terminals, JournalError> {
        let (mut verified, mut readable) = (BTreeSet::new(), BTreeSet::new());
        self.each(&mut |rescue, row| {
            let start = row.tracked.record.transaction();
            let is_verified = !matches!(
                rescue.incomplete.get(&start.id),
                Some(HeldBackReason::StartNotVerified | HeldBackReason::StartLost)
            );
            let terminals = if is_verified { &mut verified } else { &mut readable };
            terminals.insert(Reached::of(start));
        })?;
        for id in self.found.rows.keys() {
            if self.builder.find(id)?.is_none()
                && let Some(row) = self.found.any_row(self.source, id)
            {
                readable.insert(Reached::of(row.tracked.record.transaction()));
            }
        }
        for lost in &self.lost {
            for candidate in self.found.events.range(lost.clone()).flat_map(|(_, candidates)| candidates) {
                if let Some((_, row)) = candidate.place.event(self.source)
                    && let Some(start) = row.event.event.transaction()
                {
                    readable.insert(Reached::of(start));
                }
            }
        }
        let is_named = |name: &TerminalId| {
            let all = verified.iter().chain(&readable);
            all.clone().any(|reached| reached.terminal == *name || reached.address == Some(*name))
        };
        // A name or an address of which every transaction is forgotten or lost.
        let unnamed: Vec<TerminalId> =
            self.found.terminals.keys().filter(|name| !is_named(name)).copied().collect();
        let usb: Option<UsbIdentity> = None;
        verified.extend(unnamed.into_iter().map(|terminal| Reached { terminal, address: None, usb }));
        Ok(Terminals { verified, readable })
    }
}

/// What is known of events that are not carried over, by their transactions.
#[derive(Default)]
struct Notes {
    lost_events: BTreeMap<TransactionId, Vec<u64>>,
    readable: BTreeMap<TransactionId, Vec<String>>,
}

/// The terminals that a damaged file names.
struct Terminals {
    /// In rows that are verified, or in the table of the terminals.
    verified: BTreeSet<Reached>,
    /// In rows that nothing verifies.
    readable: BTreeSet<Reached>,
}
