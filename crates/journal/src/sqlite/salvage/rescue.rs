//! Carries over what is left of a journal, and holds back what is not.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use caisse_payment::{Currency, Transaction, TransactionId};

use super::super::chain::Tail;
use super::builder::Builder;
use super::contents::Place;
use super::found::Found;
use super::outcome::HeldBackReason;
use super::source::Source;
use super::stand_in;
use super::verified::{Chained, Verified};
use crate::{Event, JournalError, RecordedEvent, WallTime};

/// What is left of a journal, and the new one.
pub(super) struct Rescue<'r> {
    pub(super) source: &'r Source,
    pub(super) found: &'r Found,
    pub(super) chained: &'r Chained,
    pub(super) builder: Builder<'r>,
    pub(super) at: WallTime,
    /// The transactions to which the lost events belong, as far as that is known.
    pub(super) owners: BTreeMap<u64, BTreeSet<TransactionId>>,
    /// The last event that began each of these transactions, if that is as it was written.
    pub(super) starts: BTreeMap<TransactionId, u64>,
    /// Whether the new journal has been the damaged one to the letter so far.
    pub(super) is_exact: bool,
    pub(super) lost: Vec<RangeInclusive<u64>>,
    /// Whether events may be missing that nothing names.
    pub(super) may_miss: bool,
    /// The last event of the new journal before the last place at which such events may be missing.
    pub(super) unnamed_until: u64,
    /// The transactions that need a person, and why.
    pub(super) incomplete: BTreeMap<TransactionId, HeldBackReason>,
    /// The events that verify and cannot follow what is left of their transactions.
    pub(super) unplaced: BTreeMap<u64, TransactionId>,
    /// Events of another history than the one that is carried over, by their numbers.
    pub(super) strangers: Vec<(u64, Place)>,
    /// How many events are as they were written, and how many of them were rebuilt.
    pub(super) carried: u64,
    pub(super) rebuilt: u64,
    pub(super) currency: Currency,
}

impl Rescue<'_> {
    /// Carries over all events in order.
    pub(super) fn carry_over(&mut self) -> Result<(), JournalError> {
        let begins = self.chained.begins.map(|tail| tail.number.saturating_add(1));
        let first_found = self.chained.events.keys().next().copied();
        let first = begins.or(self.found.first);
        if first.is_none() && !self.chained.events.is_empty() {
            // What precedes the first event that is left was forgotten, or lost.
            self.may_miss = true;
        }
        let begin = first.or(first_found).unwrap_or(1);
        let mut next = begin;
        let events: Vec<(u64, Verified)> =
            self.chained.events.iter().map(|(number, event)| (*number, *event)).collect();
        for (number, event) in events.into_iter().skip_while(|(number, _)| *number < begin) {
            let is_written =
                next < number && self.bridge(next..=number.saturating_sub(1), Some((number, event)))?;
            if !is_written {
                self.carry(number, &event)?;
            }
            next = number.saturating_add(1);
        }
        let last = self.last();
        if next <= last {
            self.bridge(next..=last, None)?;
        }
        let is_missed = |recorded: &Tail| {
            let begins = self.chained.begins.filter(|begins| begins.number == recorded.number);
            let chain = begins.map(|begins| begins.chain);
            let chain = chain.or_else(|| self.chained.events.get(&recorded.number).map(|event| event.chain));
            chain.is_some_and(|chain| chain != recorded.chain)
        };
        // Another journal went on from the same events: what it recorded is not here.
        let is_another = self.source.recorded.iter().any(is_missed);
        let may_go_on = self.found.last.is_none() && !self.found.is_empty;
        let may_lack_commits = self.source.log_is_damaged() && !self.found.last_is_recent;
        if may_go_on || may_lack_commits || is_another || self.has_later_rows() || !self.strangers.is_empty()
        {
            self.may_miss = true;
            self.unnamed_until = u64::MAX;
        }
        Ok(())
    }

    /// Whether the row of a transaction knows of a later event than those that were found: the disk may have kept an older page of
    /// them.
    fn has_later_rows(&self) -> bool {
        let last = self.last();
        !self.found.last_is_recent
            && self.found.rows.values().any(|row| row.is_current && row.last_event > last)
    }

    /// The number of the last event that was there, as far as anything tells.
    fn last(&self) -> u64 {
        let recorded = self.source.recorded.iter().map(|tail| tail.number).max().unwrap_or_default();
        // Where it is certain, a number beyond it is damaged.
        self.found.last.unwrap_or_else(|| self.found.greatest()).max(recorded)
    }

    /// Carries over an event.
    fn carry(&mut self, number: u64, verified: &Verified) -> Result<(), JournalError> {
        let Some((_, row)) = verified.place.event(self.source) else { return self.lose(number..=number) };
        if !verified.is_linked && !self.is_confirmed(&row.id, &row.event) {
            return self.lose(number..=number);
        }
        self.currency = row.currency;
        let is_start = row.event.event.transaction().is_some();
        if !is_start && self.builder.find(&row.id)?.is_none() {
            self.begin_without_start(&row.id, row.currency, row.event.at)?;
        }
        if self.builder.put(&row.id, row.event)? {
            self.carried = self.carried.saturating_add(1);
        } else {
            self.is_exact = false;
            self.unplaced.insert(number, row.id);
            self.incomplete.entry(row.id).or_insert(HeldBackReason::Incomplete);
        }
        self.is_exact &= self.builder.tail() == Tail { number, chain: verified.chain };
        Ok(())
    }

    /// Whether the row of its transaction says the same as an event whose predecessor is lost.
    fn is_confirmed(&self, id: &TransactionId, event: &RecordedEvent) -> bool {
        let Some(row) = self.found.row(self.source, id) else { return false };
        let numbers = [row.tracked.started_event, row.last_event];
        let middle = row.last_event.saturating_sub(1);
        numbers
            .into_iter()
            .chain([middle])
            .any(|number| stand_in::event_of(&row, number).as_ref() == Some(event))
    }

    /// Begins a transaction whose start is lost: by its row, or else with nothing but its id.
    pub(super) fn begin_without_start(
        &mut self,
        id: &TransactionId,
        currency: Currency,
        at: WallTime,
    ) -> Result<(), JournalError> {
        self.is_exact = false;
        if let Some(again) = self.verified_start(id) {
            // Each attempt under an id asks for the same.
            self.incomplete.entry(*id).or_insert(HeldBackReason::Incomplete);
            return self.builder.put(id, RecordedEvent { at, event: Event::Started(again) }).map(drop);
        }
        match self.found.row(self.source, id) {
            Some(row) => self.begin(id, stand_in::start_of(&row)),
            None => {
                self.incomplete.insert(*id, HeldBackReason::StartLost);
                self.builder.put(id, stand_in::lost_start(*id, None, currency, at)?).map(drop)
            }
        }
    }

    /// What the last attempt that is as it was written asked for.
    fn verified_start(&self, id: &TransactionId) -> Option<Transaction> {
        let event = self.chained.events.get(self.starts.get(id)?)?;
        let (_, row) = event.place.event(self.source)?;
        row.event.event.transaction().copied()
    }

    /// Begins a transaction by a start that nothing verifies.
    pub(super) fn begin(&mut self, id: &TransactionId, start: RecordedEvent) -> Result<(), JournalError> {
        if self.builder.put(id, start)? {
            self.incomplete.insert(*id, HeldBackReason::StartNotVerified);
        }
        Ok(())
    }

    /// Crosses a gap. The events in it are rebuilt from the rows of their transactions, if the event after the gap, or else the mark,
    /// proves every one of them. Returns whether the event after the gap is written too.
    fn bridge(
        &mut self,
        gap: RangeInclusive<u64>,
        after: Option<(u64, Verified)>,
    ) -> Result<bool, JournalError> {
        if self.is_exact && self.rebuild(&gap, after)? {
            let count = gap.end().saturating_sub(*gap.start()).saturating_add(1);
            self.rebuilt = self.rebuilt.saturating_add(count);
            self.carried = self.carried.saturating_add(count).saturating_add(u64::from(after.is_some()));
            return Ok(after.is_some());
        }
        self.lose(gap)?;
        Ok(false)
    }

    fn rebuild(
        &mut self,
        gap: &RangeInclusive<u64>,
        after: Option<(u64, Verified)>,
    ) -> Result<bool, JournalError> {
        let events: Option<Vec<_>> = gap.clone().map(|number| self.event_by_row(number)).collect();
        let Some(mut events) = events else { return Ok(false) };
        let proof = match after {
            Some((number, verified)) => {
                let Some((_, row)) = verified.place.event(self.source) else { return Ok(false) };
                events.push((row.id, row.event));
                Some(Tail { number, chain: verified.chain })
            }
            None => self.source.recorded.iter().copied().find(|tail| tail.number == *gap.end()),
        };
        let Some(proof) = proof else { return Ok(false) };
        self.builder.attempt(|builder| {
            for (id, event) in events {
                if !builder.put(&id, event)? {
                    return Ok(false);
                }
            }
            Ok(builder.tail() == proof)
        })
    }

    /// The event of this number by the row of its transaction.
    fn event_by_row(&self, number: u64) -> Option<(TransactionId, RecordedEvent)> {
        let mut owners = self.owners.get(&number)?.iter();
        let (id, None) = (owners.next()?, owners.next()) else { return None };
        Some((*id, stand_in::event_of(&self.found.row(self.source, id)?, number)?))
    }

    /// Notes that these events are lost, and begins the transactions that began with them, as far as that can be read.
    fn lose(&mut self, gap: RangeInclusive<u64>) -> Result<(), JournalError> {
        self.is_exact = false;
        let owned: Vec<(u64, BTreeSet<TransactionId>)> =
            self.owners.range(gap.clone()).map(|(number, owners)| (*number, owners.clone())).collect();
        let count = gap.end().saturating_sub(*gap.start()).saturating_add(1);
        if u64::try_from(owned.len()) != Ok(count) {
            self.may_miss = true;
            self.unnamed_until = self.builder.tail().number;
        }
        for (number, owners) in owned {
            for id in owners {
                let row = self.found.row(self.source, &id);
                let by_row = row.filter(|row| row.tracked.started_event == number);
                let by_row = by_row.map(|row| stand_in::start_of(&row));
                // A start that is verified takes no other's place.
                let begins_later = self.starts.get(&id).is_some_and(|start| *start > number);
                if !begins_later && let Some(start) = by_row.or_else(|| self.readable_start(number, &id)) {
                    self.begin(&id, start)?;
                }
                self.incomplete.entry(id).or_insert(HeldBackReason::Incomplete);
            }
        }
        match self.lost.last_mut() {
            Some(last) if last.end().checked_add(1) == Some(*gap.start()) => {
                *last = *last.start()..=*gap.end()
            }
            _ => self.lost.push(gap),
        }
        Ok(())
    }

    /// The start of a transaction in an event that is not as it was written, or that nothing verifies.
    fn readable_start(&self, number: u64, id: &TransactionId) -> Option<RecordedEvent> {
        let candidates = self.found.events.get(&number)?.iter();
        let mut events = candidates.filter_map(|candidate| candidate.place.event(self.source));
        let (_, row) = events.find(|(_, row)| row.id == *id)?;
        let start = *row.event.event.transaction()?;
        Some(RecordedEvent { event: Event::Started(start), ..row.event })
    }
}
