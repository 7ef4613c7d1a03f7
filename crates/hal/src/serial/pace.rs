//! How long characters take on the line.

use std::time::{Duration, Instant};

use super::LineSettings;

/// Knows when the last accepted byte has left the wire at the earliest. The system knows how many bytes wait in its own
/// queue and not how many wait in the chip behind it: 16 of them are 0.15 s at 1200 baud.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    line: LineSettings,
    idle: Option<Instant>,
}

impl Pace {
    pub(crate) const fn new(line: LineSettings) -> Self {
        Self { line, idle: None }
    }

    /// So many bytes were accepted now.
    pub(crate) fn accepted(&mut self, now: Instant, count: usize) {
        let start = self.idle.filter(|idle| *idle > now).unwrap_or(now);
        self.idle = start.checked_add(self.line.time_of(count));
    }

    /// How long the line is still busy.
    pub(crate) fn left(&self, now: Instant) -> Duration {
        self.idle.map_or(Duration::ZERO, |idle| idle.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serial::Baud;

    #[test]
    fn a_request_of_e_plus_takes_its_time() {
        let line = LineSettings { baud: Baud::B1200, ..LineSettings::default() };
        let mut pace = Pace::new(line);
        let start = Instant::now();
        assert_eq!(pace.left(start), Duration::ZERO);
        // 37 characters of 10 bits at 1200 baud: 308.3 ms.
        pace.accepted(start, 37);
        let all = pace.left(start);
        assert_eq!(all, Duration::from_micros(308_334));
        // What comes while the line is busy queues up behind it.
        pace.accepted(start + Duration::from_millis(300), 12);
        assert!(pace.left(start).abs_diff(all + Duration::from_millis(100)) <= Duration::from_micros(1));
        // What comes later starts anew.
        let later = start + Duration::from_secs(10);
        assert_eq!(pace.left(later), Duration::ZERO);
        pace.accepted(later, 12);
        assert!(pace.left(later).abs_diff(Duration::from_millis(100)) <= Duration::from_micros(1));
    }
}
