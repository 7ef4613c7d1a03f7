//! Which of the events that were found are as they were written.

use std::collections::{BTreeMap, BTreeSet};

use super::super::chain::{self, Chain, Tail};
use super::super::columns;
use super::contents::Place;
use super::found::{Candidate, Found};
use super::source::Source;

/// An event at its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verified {
    pub(super) place: Place,
    /// Its chain, as the events after it need it.
    pub(super) chain: Chain,
    /// Whether it follows from the event before it. Otherwise nothing contradicts it: the event before it is lost.
    pub(super) is_linked: bool,
}

/// The events that are as they were written.
pub(super) struct Chained {
    pub(super) events: BTreeMap<u64, Verified>,
    /// The events that verify beside another one of the same number: the file contains two histories.
    pub(super) forks: Vec<(u64, Place)>,
    /// Before the first event.
    pub(super) begins: Option<Tail>,
}

impl Chained {
    /// Follows the chain through everything that was found.
    pub(super) fn follow(found: &Found, source: &Source) -> Self {
        let begins = found.begins();
        let mut chained = Self { events: BTreeMap::new(), forks: Vec::new(), begins };
        // The chains that the event before may have.
        let mut before: Option<(u64, BTreeSet<Chain>)> =
            begins.map(|tail| (tail.number, [tail.chain].into()));
        // The events of another history that were taken where this one ends.
        let mut strangers: BTreeSet<Chain> = BTreeSet::new();
        for (number, candidates) in &found.events {
            let known = before.take().filter(|(earlier, _)| earlier.checked_add(1) == Some(*number));
            // The file of the newest events has with each one the chain of the event before it.
            let recent = found.recent(source, *number).map(|recent| recent.before);
            let known = known.map(|(_, chains)| chains).or_else(|| recent.map(|_| BTreeSet::new()));
            let known = known.map(|chains| chains.into_iter().chain(recent).collect());
            let mut chains: BTreeSet<Chain> = candidates.iter().map(|candidate| candidate.chain).collect();
            if begins.is_none_or(|begins| begins.number < *number) {
                let event = best(candidates, known.as_ref(), source, &mut chains);
                chained.events.extend(event.map(|event| (*number, event)));
                chained.find_forks(*number, candidates, found, source);
                if chained.is_of_another_history(*number, &strangers, source) {
                    strangers.extend(event.map(|event| event.chain));
                    chained.forks.extend(event.map(|event| (*number, event.place)));
                }
            }
            before = Some((*number, chains));
        }
        chained.adopt(found, source);
        chained
    }

    /// Whether the event of this number follows from another event than the one that was taken before it, or from a stranger.
    fn is_of_another_history(&self, number: u64, strangers: &BTreeSet<Chain>, source: &Source) -> bool {
        let before = number.checked_sub(1).and_then(|before| self.events.get(&before));
        let (Some(before), Some(event)) = (before, self.events.get(&number)) else { return false };
        let follows = || {
            let columns = event.place.columns(source)?;
            Some(chain::link(&before.chain, columns::hashed(&columns)) == event.chain)
        };
        event.is_linked && (strangers.contains(&before.chain) || before.is_linked && follows() != Some(true))
    }

    /// Finds several events of one number.
    fn find_forks(&mut self, number: u64, candidates: &[Candidate], found: &Found, source: &Source) {
        let distinct: BTreeSet<Chain> = candidates.iter().map(|candidate| candidate.chain).collect();
        if distinct.len() < 2 {
            return;
        }
        let linked: BTreeMap<Chain, Place> =
            found.linked(source, number).into_iter().map(|(place, chain)| (chain, place)).collect();
        if linked.len() > 1 {
            self.forks.extend(linked.into_values().map(|place| (number, place)));
        }
    }

    /// An event of which only the chain is damaged is proven by the event that follows it.
    fn adopt(&mut self, found: &Found, source: &Source) {
        let linked: Vec<u64> =
            self.events.iter().filter(|(_, event)| event.is_linked).map(|(number, _)| *number).collect();
        for number in linked {
            let Some(earlier) = number.checked_sub(1) else { continue };
            if self.events.contains_key(&earlier) || !found.events.contains_key(&earlier) {
                continue;
            }
            let (Some(next), before) = (self.events.get(&number), self.chain_of(earlier.checked_sub(1)))
            else {
                continue;
            };
            let Some((columns, _)) = next.place.event(source) else { continue };
            let proven = |candidate: &Candidate| {
                let chain = chain::link(&before?, columns::hashed(&candidate.place.columns(source)?));
                let follows = chain::link(&chain, columns::hashed(&columns)) == next.chain;
                follows.then_some(Verified { place: candidate.place, chain, is_linked: true })
            };
            let adopted = found.events.get(&earlier).into_iter().flatten().find_map(proven);
            self.events.extend(adopted.map(|event| (earlier, event)));
        }
    }

    fn chain_of(&self, number: Option<u64>) -> Option<Chain> {
        let number = number?;
        let begins = self.begins.filter(|begins| begins.number == number).map(|begins| begins.chain);
        begins.or_else(|| self.events.get(&number).map(|event| event.chain))
    }
}

/// The candidate that is as it was written. With the chain of one before, the chain of an event also follows from its columns.
fn best(
    candidates: &[Candidate],
    before: Option<&BTreeSet<Chain>>,
    source: &Source,
    chains: &mut BTreeSet<Chain>,
) -> Option<Verified> {
    let mut unlinked = None;
    for candidate in candidates {
        let Some(columns) = candidate.place.columns(source) else { continue };
        for before in before.into_iter().flatten() {
            let chain = chain::link(before, columns::hashed(&columns));
            if chain == candidate.chain && candidate.place.event(source).is_some() {
                return Some(Verified { place: candidate.place, chain, is_linked: true });
            }
            chains.insert(chain);
        }
        if before.is_none() && candidate.place.event(source).is_some() {
            unlinked = Some(Verified { place: candidate.place, chain: candidate.chain, is_linked: false });
        }
    }
    unlinked
}
