//! What is left of a journal: every event and every row that can be read, and what shows whether more was there.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use caisse_payment::{TerminalId, TransactionId};
use rusqlite::types::Value;

use super::super::chain::{self, Chain, Tail};
use super::super::columns::{self, TransactionRow};
use super::super::forgotten::ForgottenRow;
use super::super::recent::RecentEvent;
use super::contents::{Content, Contents, Place};
use super::page::four;
use super::source::Source;
use super::stand_in;
use super::trees::{Tree, Trees};
use crate::JournalError;

/// An event that can be read, whether or not it is as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) place: Place,
    pub(super) chain: Chain,
}

/// The rows of a transaction. The newest version is the one with the last event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RowFound {
    place: Place,
    pub(super) last_event: u64,
    /// Whether it is the current version: it is in a page of the table.
    pub(super) is_current: bool,
}

/// What is left of a journal.
pub(super) struct Found {
    /// By the number of the event.
    pub(super) events: BTreeMap<u64, Vec<Candidate>>,
    pub(super) rows: BTreeMap<TransactionId, RowFound>,
    pub(super) terminals: BTreeMap<TerminalId, u64>,
    pub(super) forgotten: Option<ForgottenRow>,
    /// The rows about older copies that were accepted, by their numbers.
    pub(super) accepted_copies: BTreeMap<i64, Vec<Value>>,
    /// The application id and the format.
    pub(super) identity: Option<(u32, u32)>,
    /// The newest events beside the database that are not its own.
    pub(super) strangers: Vec<(u64, Place)>,
    /// The numbers of all events that are in the journal, where the index of the events is whole.
    indexed: Option<RangeInclusive<u64>>,
    /// The first and the last event, where it is certain that none precedes or follows.
    pub(super) first: Option<u64>,
    pub(super) last: Option<u64>,
    /// Whether the last event is known by the file of the newest events, whatever the write-ahead log has lost.
    pub(super) last_is_recent: bool,
    /// Whether the database contains no event for certain.
    pub(super) is_empty: bool,
}

impl Found {
    /// Reads all that can be read.
    pub(super) fn collect(source: &Source) -> Result<Self, JournalError> {
        let trees = Trees::find(source)?;
        let mut found = Self {
            events: BTreeMap::new(),
            rows: BTreeMap::new(),
            terminals: BTreeMap::new(),
            forgotten: None,
            accepted_copies: BTreeMap::new(),
            identity: identity(source),
            strangers: Vec::new(),
            indexed: None,
            first: None,
            last: None,
            last_is_recent: false,
            is_empty: false,
        };
        let transactions = trees.walk(Tree::Transactions);
        let current: BTreeSet<u32> = transactions.pages.iter().copied().collect();
        for page in source.all() {
            let number = source.number_of(page);
            let contents = Contents::of(source, page, number == Some(1));
            let is_sound = contents.as_ref().is_some_and(|contents| contents.page.is_sound);
            let searched = if is_sound { Vec::new() } else { Contents::search(source, page) };
            // A page that the damaged tree no longer leads to may still be one of it.
            let is_of_table = |number| current.contains(&number) || !transactions.is_whole;
            let is_current =
                number.is_some_and(|number| source.current(number) == page && is_of_table(number));
            let rows = contents.into_iter().flat_map(|contents| contents.rows).chain(searched);
            rows.for_each(|(place, content)| found.add(source, place, content, is_current));
        }
        found.look_at_trees(source, &trees);
        found.add_recent(source);
        Ok(found)
    }

    /// Adds the newest events from the file beside the database, if they are its own.
    fn add_recent(&mut self, source: &Source) {
        if !self.owns_recent(source) {
            let is_known = |(number, recent): &(&u64, &RecentEvent)| self.has(**number, &recent.tail.chain);
            let strangers = source.recent.iter().filter(|event| !is_known(event));
            self.strangers = strangers.map(|(number, _)| (*number, Place::Recent(*number))).collect();
            return;
        }
        let greatest = self.events.keys().last().copied().unwrap_or_default();
        for (number, event) in &source.recent {
            let candidate = Candidate { place: Place::Recent(*number), chain: event.tail.chain };
            self.events.entry(*number).or_default().push(candidate);
        }
        let newest = source.recent.keys().last().copied().filter(|newest| *newest >= greatest);
        if let (true, Some(newest)) = (source.recent_is_whole, newest) {
            // Every event is written there first.
            self.last = Some(newest);
            self.last_is_recent = true;
        } else if newest.is_some_and(|newest| self.last.is_none_or(|last| last < newest)) {
            self.last = None;
        }
        self.is_empty &= source.recent.is_empty();
    }

    /// Whether the newest events beside the database belong to it: nothing in it contradicts them, and an event or a row in it agrees
    /// with one of them. They may be another journal's, or those of a history that the database does not have.
    fn owns_recent(&self, source: &Source) -> bool {
        if self.events.is_empty() && self.rows.is_empty() {
            return true;
        }
        let contradicts = |(number, recent): (&u64, &RecentEvent)| {
            let before = number.saturating_sub(1);
            let is_another = |(_, chain): &(Place, Chain)| *chain != recent.tail.chain;
            self.linked(source, *number).iter().any(is_another)
                || self.linked(source, before).iter().any(|(_, chain)| *chain != recent.before)
        };
        if source.recent.iter().any(contradicts) {
            return false;
        }
        let agrees = |(number, recent): (&u64, &RecentEvent)| {
            let by_row = || {
                let (_, event) = Place::Recent(*number).event(source)?;
                let row = self.row(source, &event.id)?;
                Some(stand_in::event_of(&row, *number)? == event.event)
            };
            self.has(*number, &recent.tail.chain)
                || number.checked_sub(1).is_some_and(|before| self.has(before, &recent.before))
                || by_row() == Some(true)
        };
        source.recent.is_empty() || source.recent.iter().any(agrees)
    }

    /// Whether this event is in the database, or is the last one that was forgotten.
    fn has(&self, number: u64, chain: &Chain) -> bool {
        let is_forgotten = || self.forgotten.is_some_and(|row| row.events == number && row.chain == *chain);
        self.events.get(&number).into_iter().flatten().any(|found| found.chain == *chain) || is_forgotten()
    }

    /// The events of this number that follow by their chain from one before.
    pub(super) fn linked(&self, source: &Source, number: u64) -> Vec<(Place, Chain)> {
        let Some(earlier) = number.checked_sub(1) else { return Vec::new() };
        let begins = self.begins().filter(|begins| begins.number == earlier).map(|begins| begins.chain);
        let before = self.events.get(&earlier).into_iter().flatten().map(|candidate| candidate.chain);
        let before: BTreeSet<Chain> = before.chain(begins).collect();
        let candidates = self.events.get(&number).into_iter().flatten();
        let is_linked = |candidate: &&Candidate| {
            candidate.place.event(source).is_some_and(|(columns, _)| {
                let hashed = columns::hashed(&columns);
                before.iter().any(|before| chain::link(before, hashed) == candidate.chain)
            })
        };
        candidates.filter(is_linked).map(|candidate| (candidate.place, candidate.chain)).collect()
    }

    fn add(&mut self, source: &Source, place: Place, content: Content, is_current: bool) {
        match content {
            Content::Event(number, chain) => {
                let candidates = self.events.entry(number).or_default();
                let candidate = Candidate { place, chain };
                // The same event is in the log and in the file.
                let is_known = |known: &Candidate| *known == candidate;
                if !candidates.iter().any(is_known) {
                    candidates.push(candidate);
                }
            }
            Content::Transaction(id) => {
                let Ok(id) = id.parse::<TransactionId>() else { return };
                let Some(row) = place.transaction(source) else { return };
                let found = RowFound { place, last_event: row.last_event, is_current };
                let newest = self.rows.entry(id).or_insert(found);
                if (found.last_event, found.is_current) > (newest.last_event, newest.is_current) {
                    *newest = found;
                }
            }
            Content::Forgotten(row) => {
                // The newest of several versions.
                let is_newer = self.forgotten.is_none_or(|known| known.events < row.events);
                self.forgotten = Some(row).filter(|_| is_newer).or(self.forgotten);
            }
            Content::AcceptedCopy(columns) => {
                if let Some(Value::Integer(number)) = columns.first() {
                    self.accepted_copies.insert(*number, columns);
                }
            }
            Content::IndexEntry(..) | Content::NameAndNumber(..) | Content::Schema(_) | Content::Other => {}
        }
    }

    /// Finds out which events there were.
    fn look_at_trees(&mut self, source: &Source, trees: &Trees) {
        let contents = |number: &u32| Contents::of(source, source.current(*number), *number == 1);
        let events = trees.walk(Tree::Events);
        let numbers = |page: Option<u32>| {
            page.and_then(|page| contents(&page))
                .into_iter()
                .flat_map(|page| page.numbers().collect::<Vec<_>>())
        };
        let all: Vec<u64> = events.pages.iter().flat_map(|page| numbers(Some(*page))).collect();
        self.is_empty = events.is_whole && all.is_empty();
        // A page that was written over another one repeats its numbers.
        let is_repeated = |all: &[u64]| {
            let distinct: BTreeSet<_> = all.iter().collect();
            distinct.len() != all.len()
        };
        let (least, greatest) = (self.events.keys().next().copied(), self.events.keys().last().copied());
        let index = trees.walk(Tree::EventsById);
        let mut entries: Vec<u64> = Vec::new();
        for page in &index.pages {
            entries.extend(contents(page).into_iter().flat_map(|page| page.rows).filter_map(|(_, row)| {
                if let Content::IndexEntry(_, number) = row { Some(number) } else { None }
            }));
        }
        entries.sort_unstable();
        let follows = |(one, other): (&u64, &u64)| one.checked_add(1) == Some(*other);
        let is_gapless = entries.iter().zip(entries.iter().skip(1)).all(follows);
        if let (true, true, Some(first), Some(last)) =
            (index.is_whole, is_gapless, entries.first(), entries.last())
        {
            self.indexed = Some(*first..=*last);
        }
        let of_tree = |number: Option<u64>| number.filter(|_| !is_repeated(&all));
        let (first, last) = (of_tree(numbers(events.first).min()), of_tree(numbers(events.last).max()));
        self.first = self.indexed.as_ref().map(|range| *range.start()).or(first);
        self.last = self.indexed.as_ref().map(|range| *range.end()).or(last);
        // What is there although it should not be: the tree leads to another page than it did.
        self.first = self.first.filter(|first| least.is_none_or(|least| least >= *first));
        self.last = self.last.filter(|last| greatest.is_none_or(|greatest| greatest <= *last));
        for page in &trees.walk(Tree::Terminals).pages {
            for (_, row) in contents(page).into_iter().flat_map(|page| page.rows) {
                if let Content::NameAndNumber(name, attempt) = row
                    && let Ok(name) = name.parse()
                {
                    self.terminals.insert(name, attempt);
                }
            }
        }
    }

    /// Whether the index of the events is whole, and has events.
    pub(super) const fn is_indexed(&self) -> bool {
        self.indexed.is_some()
    }

    /// The event of this number in the file of the newest events, if that belongs to the database.
    pub(super) fn recent<'s>(&self, source: &'s Source, number: u64) -> Option<&'s RecentEvent> {
        let candidates = self.events.get(&number)?;
        let is_used = candidates.iter().any(|candidate| candidate.place == Place::Recent(number));
        source.recent.get(&number).filter(|_| is_used)
    }

    /// The current row of a transaction.
    pub(super) fn row(&self, source: &Source, id: &TransactionId) -> Option<TransactionRow> {
        self.rows.get(id).filter(|row| row.is_current)?.place.transaction(source)
    }

    /// Any version of the row of a transaction that can be read.
    pub(super) fn any_row(&self, source: &Source, id: &TransactionId) -> Option<TransactionRow> {
        self.rows.get(id)?.place.transaction(source)
    }

    /// The transactions to which these events belong, as far as an index or the rows of the transactions say so.
    pub(super) fn owners(
        &self,
        source: &Source,
        is_lost: &dyn Fn(u64) -> bool,
    ) -> BTreeMap<u64, BTreeSet<TransactionId>> {
        let mut owners: BTreeMap<u64, BTreeSet<TransactionId>> = BTreeMap::new();
        let mut own = |number: u64, id: TransactionId| {
            if is_lost(number) {
                owners.entry(number).or_default().insert(id);
            }
        };
        for number in 1..=source.count() {
            let contents = Contents::of(source, source.current(number), number == 1);
            for (_, row) in contents.into_iter().flat_map(|contents| contents.rows) {
                if let Content::IndexEntry(id, number) = row
                    && let Ok(id) = id.parse()
                {
                    own(number, id);
                }
            }
        }
        for (id, found) in self.rows.iter().filter(|(_, found)| found.is_current) {
            own(found.last_event, *id);
            let row = found.place.transaction(source);
            if let Some(started) = row.map(|row| row.tracked.started_event) {
                own(started, *id);
            }
        }
        owners
    }

    /// Where the events begin: after those that were forgotten, or at the first event of all. Nothing where the row about the
    /// forgotten ones is lost.
    pub(super) fn begins(&self) -> Option<Tail> {
        let begins = self.forgotten.map(|row| Tail { number: row.events, chain: row.chain });
        let is_first = self.events.contains_key(&1) || self.first == Some(1) || self.is_empty;
        begins.or_else(|| is_first.then_some(Tail::BEGINNING))
    }

    /// The greatest number of an event that anything names.
    pub(super) fn greatest(&self) -> u64 {
        let indexed = self.indexed.as_ref().map(|range| *range.end());
        let events = self.events.keys().last().copied();
        let rows = self.rows.values().map(|row| row.last_event).max();
        let terminals = self.terminals.values().max().copied();
        indexed.max(events).max(rows).max(terminals).max(self.last).unwrap_or_default()
    }
}

/// The application id and the format in the header.
fn identity(source: &Source) -> Option<(u32, u32)> {
    if source.has_no_header() {
        return None;
    }
    let page = source.page(1)?;
    Some((four(&page, 68)?, four(&page, 60)?))
}
