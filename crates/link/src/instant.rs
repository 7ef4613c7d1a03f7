//! Time as the caller tells it.

use core::time::Duration;

/// A moment on the caller's monotonic clock, in milliseconds from a start of its choice. Timers use nothing else;
/// wall time is only ever data.
///
/// ```
/// use caisse_link::Instant;
/// use core::time::Duration;
///
/// let start = Instant::from_millis(1_000);
/// let later = start.after(Duration::from_secs(2));
/// assert_eq!(later.millis(), 3_000);
/// assert_eq!(later.since(start), Duration::from_secs(2));
/// assert_eq!(start.since(later), Duration::ZERO);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// A moment from milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds from the start of the clock.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// The moment that comes so much later; the last one there is when the clock would overflow.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        // Rounded up: a timer may fire late by less than a millisecond and never early.
        let rounded = duration.as_nanos().div_ceil(1_000_000);
        Self(self.0.saturating_add(u64::try_from(rounded).unwrap_or(u64::MAX)))
    }

    /// How long ago `earlier` was; zero when it is not in the past.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}
