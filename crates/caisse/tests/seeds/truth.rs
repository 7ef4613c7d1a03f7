//! What the terminals really did, for each id: out of their own events.

use std::collections::BTreeMap;

use caisse::{Outcome, Record};
use caisse_simulator::terminal::{Event, Terminal};

use crate::plan::Sale;

/// How many terminals there are.
pub const TERMINALS: usize = 2;

#[derive(Default)]
pub struct Truth {
    terminals: [Watched; TERMINALS],
    moved: BTreeMap<usize, Vec<u64>>,
    /// Payments whose approval a till has reported.
    approved: BTreeMap<usize, u64>,
    /// How often each fault happened.
    pub faults: BTreeMap<String, usize>,
}

/// What was seen of one terminal.
#[derive(Default)]
struct Watched {
    /// The last event that was looked at.
    seen: u64,
    /// The payment that was last begun there, by its number.
    current: Option<usize>,
    /// Which payment each request for money was for.
    asked: BTreeMap<u64, usize>,
    /// A movement whose request is named by the event after it.
    moving: Option<u64>,
    /// The last answer was a refusal, which may name nothing.
    last_refused: bool,
}

impl Truth {
    pub fn observe(&mut self, number: usize, terminal: &Terminal) {
        let watched = &self.terminals[number];
        let (seen, current) = (watched.seen, watched.current);
        for happened in terminal.events_since(seen) {
            let watched = &mut self.terminals[number];
            assert_eq!(happened.number, watched.seen + 1, "an event was missed");
            watched.seen = happened.number;
            if std::env::var_os("CAISSE_SEED").is_some() {
                println!("  {number}: {happened:?}");
            }
            match happened.event {
                Event::Asked { transaction, operation, .. }
                    if ["debit", "credit", "linked_credit", "cancellation"].contains(&operation) =>
                {
                    let current = current.expect("a request for money that nobody began");
                    watched.asked.insert(transaction, current);
                    let asked = self.terminals.iter().flat_map(|watched| watched.asked.values());
                    let requests = asked.filter(|it| **it == current).count();
                    assert_eq!(requests, 1, "payment {current} was asked for twice");
                }
                Event::Charged(movement) | Event::Credited(movement) | Event::Cancelled(movement) => {
                    watched.moving = Some(movement.amount_minor);
                }
                Event::Decided { transaction, verdict, .. } => {
                    watched.last_refused = verdict != "performed";
                    if let Some(minor) = watched.moving.take() {
                        let payment = watched.asked[&transaction];
                        self.moved.entry(payment).or_default().push(minor);
                    }
                }
                Event::Fault { fault } => {
                    let name = fault.split(['@', ':']).next().unwrap_or_default().to_owned();
                    *self.faults.entry(name).or_default() += 1;
                }
                _ => {}
            }
        }
    }

    /// This payment has begun at this terminal: the next request there is its request.
    pub fn begins(&mut self, terminal: usize, number: usize) {
        self.terminals[terminal].current = Some(number);
    }

    /// Whether the last answer of this terminal was a refusal, which may name nothing.
    pub fn last_refused(&self, terminal: usize) -> bool {
        self.terminals[terminal].last_refused
    }

    /// The payment app moved money.
    pub fn moved_by_app(&mut self, number: usize, minor: u64) {
        self.moved.entry(number).or_default().push(minor);
    }

    /// What moved for this payment, in minor units.
    pub fn moved(&self, number: usize) -> &[u64] {
        self.moved.get(&number).map_or(&[], Vec::as_slice)
    }

    /// Nothing that moved is called otherwise, and nothing else is called paid.
    pub fn check(&mut self, number: usize, sale: &Sale, outcome: Outcome) {
        let moved = self.moved(number);
        assert!(moved.len() <= 1, "payment {number} moved {moved:?}");
        match outcome {
            Outcome::Approved { amount } => {
                assert_eq!(
                    (amount.minor(), moved),
                    (sale.minor, [sale.minor].as_slice()),
                    "{number}: {outcome:?}"
                );
            }
            Outcome::PartiallyApproved { approved, .. } => {
                assert_eq!(moved, [approved.minor()], "{number}: {outcome:?}");
            }
            Outcome::Unknown { .. } => {}
            Outcome::Declined { .. }
            | Outcome::Cancelled { .. }
            | Outcome::NotSent { .. }
            | Outcome::Blocked { .. } => {
                assert!(moved.is_empty(), "{number}: {outcome:?}, and moved {moved:?}")
            }
        }
        if let Some(amount) = outcome.approved_amount() {
            self.approved.insert(number, amount.minor());
        }
    }

    /// An approval that a till has reported is reported as one for ever, whatever was decided before its end was written.
    pub fn check_kept(&self, number: usize, record: &Record) {
        let told = record.told().outcome;
        if let Some(minor) = self.approved.get(&number) {
            let kept = told.approved_amount().map(|amount| amount.minor()) == Some(*minor);
            assert!(kept || told.is_unknown(), "the approval of {number} is lost: {told:?}");
        }
    }
}
