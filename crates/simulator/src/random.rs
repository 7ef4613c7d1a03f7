//! Numbers that look random and come again from the same seed.

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// A source of numbers for one transaction.
#[derive(Clone, Debug)]
pub(crate) struct Random(SplitMix64);

impl Random {
    /// The source of the n-th transaction of a terminal: the same whatever happened in the ones before.
    pub(crate) fn of(seed: u64, transaction: u64) -> Self {
        let mut mixed = SplitMix64::seed_from_u64(seed);
        let start = mixed.next_u64() ^ transaction.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Self(SplitMix64::seed_from_u64(start))
    }

    /// A number below the limit; zero when there is none.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0.next_u64().checked_rem(limit).unwrap_or(0)
    }

    /// One of the items.
    pub(crate) fn choose<T: Copy>(&mut self, items: &[T]) -> Option<T> {
        let index = self.below(u64::try_from(items.len()).ok()?);
        items.get(usize::try_from(index).ok()?).copied()
    }

    /// Any byte.
    pub(crate) fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap_or(0)
    }
}
