//! What the terminal really did, for each id: out of its own events.

use std::collections::BTreeMap;

use caisse::Outcome;
use caisse_simulator::terminal::{Event, Terminal};

use crate::plan::Sale;

#[derive(Default)]
pub struct Truth {
    /// The last event that was looked at.
    seen: u64,
    /// The payment that was last begun, by its number.
    pub current: Option<usize>,
    /// Which payment each request for money was for.
    asked: BTreeMap<u64, usize>,
    /// A movement whose request is named by the event behind it.
    moving: Option<u64>,
    moved: BTreeMap<usize, Vec<u64>>,
    /// The terminal's last answer was a refusal, which may name nothing.
    pub last_refused: bool,
    /// How often each fault happened.
    pub faults: BTreeMap<String, usize>,
}

impl Truth {
    pub fn observe(&mut self, terminal: &Terminal) {
        for happened in terminal.events_since(self.seen) {
            assert_eq!(happened.number, self.seen + 1, "an event was missed");
            self.seen = happened.number;
            if std::env::var_os("CAISSE_SEED").is_some() {
                println!("  {happened:?}");
            }
            match happened.event {
                Event::Asked { transaction, operation, .. }
                    if ["debit", "credit", "linked_credit", "cancellation"].contains(&operation) =>
                {
                    let current = self.current.expect("a request for money that nobody began");
                    self.asked.insert(transaction, current);
                    let requests = self.asked.values().filter(|it| **it == current).count();
                    assert_eq!(requests, 1, "payment {current} was asked for twice");
                }
                Event::Charged(movement) | Event::Credited(movement) | Event::Cancelled(movement) => {
                    self.moving = Some(movement.amount_minor);
                }
                Event::Decided { transaction, verdict, .. } => {
                    self.last_refused = verdict != "performed";
                    if let Some(minor) = self.moving.take() {
                        self.moved.entry(self.asked[&transaction]).or_default().push(minor);
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

    /// What moved for this payment, in minor units.
    pub fn moved(&self, number: usize) -> &[u64] {
        self.moved.get(&number).map_or(&[], Vec::as_slice)
    }

    /// Nothing that moved is called otherwise, and nothing else is called paid.
    pub fn check(&self, number: usize, sale: &Sale, outcome: Outcome) {
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
    }
}
