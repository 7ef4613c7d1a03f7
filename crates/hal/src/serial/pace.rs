//! How long characters take on the line.

use std::time::{Duration, Instant};

use super::{DataBits, LineSettings, Parity, StopBits};

/// Knows when the last accepted byte has left the wire at the earliest. The system knows how many bytes wait in its own
/// queue and not how many wait in the chip behind it: 16 of them are 0.15 s at 1200 baud.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    character: Duration,
    idle: Option<Instant>,
}

impl Pace {
    pub(crate) fn new(line: LineSettings) -> Self {
        Self { character: character(line), idle: None }
    }

    /// So many bytes were accepted now.
    pub(crate) fn accepted(&mut self, now: Instant, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let start = self.idle.filter(|idle| *idle > now).unwrap_or(now);
        self.idle = start.checked_add(self.character.saturating_mul(count));
    }

    /// How long the line is still busy.
    pub(crate) fn left(&self, now: Instant) -> Duration {
        self.idle.map_or(Duration::ZERO, |idle| idle.saturating_duration_since(now))
    }
}

/// A start bit, then the data, its parity and the stop bits.
fn character(line: LineSettings) -> Duration {
    let data = match line.data_bits {
        DataBits::Seven => 7,
        DataBits::Eight => 8,
    };
    let parity = match line.parity {
        Parity::None => 0,
        Parity::Even | Parity::Odd => 1,
    };
    let stop = match line.stop_bits {
        StopBits::One => 1,
        StopBits::Two => 2,
    };
    Duration::from_secs(1 + data + parity + stop) / line.baud.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_of_e_plus_takes_its_time() {
        let line = LineSettings { baud: 1_200, ..LineSettings::default() };
        let mut pace = Pace::new(line);
        let start = Instant::now();
        assert_eq!(pace.left(start), Duration::ZERO);
        // 37 characters of 10 bits at 1200 baud: 308.3 ms.
        pace.accepted(start, 37);
        let all = pace.left(start);
        assert!((Duration::from_micros(308_333)..Duration::from_micros(308_334)).contains(&all), "{all:?}");
        // What comes while the line is busy queues up behind it.
        pace.accepted(start + Duration::from_millis(300), 12);
        assert!(pace.left(start).abs_diff(all + Duration::from_millis(100)) < Duration::from_micros(1));
        // What comes later starts anew.
        let later = start + Duration::from_secs(10);
        assert_eq!(pace.left(later), Duration::ZERO);
        pace.accepted(later, 12);
        assert!(pace.left(later).abs_diff(Duration::from_millis(100)) < Duration::from_micros(1));
    }

    #[test]
    fn every_bit_counts() {
        let bits = |data_bits, parity, stop_bits| {
            let line = LineSettings { baud: 1_000, data_bits, parity, stop_bits };
            character(line).as_millis()
        };
        assert_eq!(bits(DataBits::Seven, Parity::None, StopBits::One), 9);
        assert_eq!(bits(DataBits::Seven, Parity::Even, StopBits::One), 10);
        assert_eq!(bits(DataBits::Eight, Parity::None, StopBits::One), 10);
        assert_eq!(bits(DataBits::Eight, Parity::Odd, StopBits::Two), 12);
    }
}
