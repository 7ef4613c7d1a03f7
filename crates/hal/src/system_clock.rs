//! The system's monotonic clock.

use std::time::Instant as SystemInstant;

use caisse_link::Instant;

use crate::Clock;

/// The system's monotonic clock, counted from the moment it is made.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: SystemInstant,
}

impl SystemClock {
    /// A clock that starts now.
    #[must_use]
    pub fn new() -> Self {
        Self { start: SystemInstant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::from_millis(0).after(self.start.elapsed())
    }
}
