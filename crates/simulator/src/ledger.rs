//! What the terminal charged, in its own words. This module uses neither the codec nor the state machine: a mistake
//! that both ends of a line share still shows here.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// One charge of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// 1 for the first charge of the ledger.
    pub number: u64,
    /// How much, in minor units.
    pub amount_minor: u64,
    /// The currency's number of ISO 4217.
    pub currency: u16,
    /// The register that asked, 0 to 99.
    pub register: u8,
    /// When.
    pub at: SystemTime,
}

/// The charges of one terminal, shared between the terminal and those who watch it.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    shared: Arc<(Mutex<Vec<Charge>>, Condvar)>,
}

impl Ledger {
    /// An empty ledger.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn charges_locked(&self) -> MutexGuard<'_, Vec<Charge>> {
        // A push cannot leave the list half written.
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Charges a card: from here on the money has moved, whatever becomes of the answer.
    pub fn charge(&self, amount_minor: u64, currency: u16, register: u8) -> Charge {
        let mut charges = self.charges_locked();
        let number = u64::try_from(charges.len()).unwrap_or(u64::MAX).saturating_add(1);
        let charge = Charge { number, amount_minor, currency, register, at: SystemTime::now() };
        charges.push(charge);
        self.shared.1.notify_all();
        charge
    }

    /// Every charge so far, in order.
    #[must_use]
    pub fn charges(&self) -> Vec<Charge> {
        self.charges_locked().clone()
    }

    /// How many charges there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.charges_locked().len()
    }

    /// Whether nothing was charged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.charges_locked().is_empty()
    }

    /// Waits until there are this many charges; says whether they came within the time.
    #[must_use]
    pub fn wait_for(&self, count: usize, within: Duration) -> bool {
        let started = Instant::now();
        let mut charges = self.charges_locked();
        loop {
            let left = within.saturating_sub(started.elapsed());
            if charges.len() >= count || left.is_zero() {
                return charges.len() >= count;
            }
            let waited = self.shared.1.wait_timeout(charges, left);
            charges = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
