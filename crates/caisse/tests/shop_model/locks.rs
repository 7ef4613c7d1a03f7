//! The locks of the shop's journal, taken on the real journal by the real admission.

use caisse::{Blocked, Journal, MemoryJournal};
use caisse_journal::{Admitted, TerminalLock};
use caisse_payment::Transaction;
use caisse_settlement::TerminalKey;

use crate::history::replay;
use crate::world::{A, APP, B, Shop, Slot, TillNumber, View, World};

/// A process that asks for a lock: a till, or any other (the payment app's till, the command with which a person decides).
pub type Process = usize;

/// The answer of the admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    Proceed,
    Replay,
    Blocked(Blocked),
}

impl Shop {
    /// The payments under way in other processes, as far as this process sees their locks.
    fn holders(&self, world: &World, process: Process) -> Vec<(Slot, Transaction)> {
        let set = |other: Process| self.setup.rules.locks_are_shared || (other == A) == (process == A);
        let is_stale = |process: Process| world.tills.get(process).is_some_and(|till| till.is_stale);
        let is_seen = |other: Process| other != process && set(other) && is_stale(other) == is_stale(process);
        let at_tills = [A, B].into_iter().filter(|till| is_seen(*till)).filter_map(|till| {
            let till = &world.tills[till];
            let slot = till.run?.slot;
            Some((slot, self.setup.transaction(slot, till.view)))
        });
        let at_app = world
            .app
            .filter(|launch| launch.is_alive && is_seen(APP))
            .map(|launch| (launch.slot, self.setup.transaction_at(launch.slot, launch.name)));
        at_tills.chain(at_app).collect()
    }

    /// An empty journal whose locks are held by the payments under way in other processes.
    pub fn locked(&self, world: &World, process: Process) -> (MemoryJournal, Vec<TerminalLock>) {
        let journal = MemoryJournal::new();
        let mut locks = vec![];
        for (_, transaction) in self.holders(world, process) {
            // Two processes that hold one lock are there only where the model has a mistake in it.
            if let Admitted::Proceed(lock) = caisse_journal::admit(&journal, &transaction) {
                locks.push(lock);
            }
        }
        (journal, locks)
    }

    /// Whether a process gets the lock of a terminal.
    pub fn can_lock(&self, world: &World, process: Process, key: &TerminalKey) -> bool {
        if self.holders(world, process).is_empty() {
            return true;
        }
        let (journal, _locks) = self.locked(world, process);
        journal.lock_terminal(key).is_ok()
    }

    /// Whether another process is at this sale.
    pub fn is_at(&self, world: &World, process: Process, slot: Slot) -> bool {
        self.holders(world, process).iter().any(|(held, _)| *held == slot)
    }

    /// Asks for a payment. The caller has looked whether the terminal is in use: the real admission waits for a moment then.
    pub fn admit(&self, world: &World, till: TillNumber, slot: Slot, view: View) -> Admission {
        let (mut journal, _locks) = self.locked(world, till);
        replay(&mut journal, &self.journals.writes(world.journal_of(till)));
        match (self.setup.rules.admit)(&journal, &self.setup.transaction(slot, view)) {
            Admitted::Proceed(_) => Admission::Proceed,
            Admitted::Replay(_) => Admission::Replay,
            Admitted::Blocked(reason) => Admission::Blocked(reason),
        }
    }
}
