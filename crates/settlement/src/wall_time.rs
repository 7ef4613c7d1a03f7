//! The time on the wall: data, never a timer.

use core::fmt;

use time::{Date, Month, OffsetDateTime, Time};

/// The last millisecond of the year 9999, the last one that RFC 3339 can write.
const LAST: u64 = 253_402_300_799_999;

/// Milliseconds since 1970-01-01T00:00:00Z, from 1970 to 9999. It is kept with each event for people to read; nothing is
/// decided by it, for clocks step.
///
/// ```
/// use caisse_settlement::WallTime;
///
/// let time = WallTime::from_millis(1_795_424_400_042);
/// assert_eq!(time.to_string(), "2026-11-23T09:00:00.042Z");
/// assert_eq!(time.millis(), 1_795_424_400_042);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(u64);

impl WallTime {
    /// Returns the system's time. A clock that stands before 1970 gives 1970.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn now() -> Self {
        use std::time::{SystemTime, UNIX_EPOCH};
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::from_millis(u64::try_from(since.as_millis()).unwrap_or(LAST))
    }

    /// A time by its milliseconds; those after the year 9999 give the end of that year.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(match millis {
            0..=LAST => millis,
            _ => LAST,
        })
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0
    }

    /// Reads the form that `Display` writes, and no other.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let digits = |from: usize, to: usize| text.get(from..to)?.parse::<u16>().ok();
        let byte = |from: usize, to: usize| u8::try_from(digits(from, to)?).ok();
        let month = Month::try_from(byte(5, 7)?).ok()?;
        let date = Date::from_calendar_date(i32::from(digits(0, 4)?), month, byte(8, 10)?).ok()?;
        let time = Time::from_hms_milli(byte(11, 13)?, byte(14, 16)?, byte(17, 19)?, digits(20, 23)?).ok()?;
        let nanoseconds = OffsetDateTime::new_utc(date, time).unix_timestamp_nanos();
        let millis = u64::try_from(nanoseconds.checked_div(1_000_000)?).ok()?;
        // Separators, signs and length: the text must be the one that we write.
        Some(Self::from_millis(millis)).filter(|time| alloc::format!("{time}") == text)
    }
}

impl fmt::Display for WallTime {
    /// RFC 3339 in UTC with milliseconds, as in `2026-11-23T09:00:00.042Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanoseconds = i128::from(self.0).saturating_mul(1_000_000);
        let time = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).map_err(|_| fmt::Error)?;
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            time.year(),
            u8::from(time.month()),
            time.day(),
            time.hour(),
            time.minute(),
            time.second(),
            time.millisecond()
        )
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;
    #[cfg(feature = "std")]
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::*;

    #[test]
    fn text_and_milliseconds_agree_from_the_first_to_the_last() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1, "1970-01-01T00:00:00.001Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_795_424_400_042, "2026-11-23T09:00:00.042Z"),
            (LAST, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(WallTime::from_millis(millis).to_string(), text);
            assert_eq!(WallTime::from_text(text), Some(WallTime(millis)));
        }
        assert_eq!(WallTime::from_millis(u64::MAX), WallTime(LAST));
        assert_eq!(WallTime::from_millis(LAST + 1).millis(), LAST);
    }

    #[test]
    fn other_texts_are_no_times() {
        for text in [
            "",
            "2026-11-23",
            "2026-11-23T09:00:00Z",
            "2026-11-23T09:00:00.042",
            "2026-11-23T09:00:00.042z",
            "2026-11-23 09:00:00.042Z",
            "2026-11-23T09:00:00.042+00:00",
            "2026-11-23T09:00:00.0420Z",
            "2026-02-30T09:00:00.042Z",
            "2026-13-01T09:00:00.042Z",
            "2026-11-23T24:00:00.042Z",
            "1969-12-31T23:59:59.999Z",
            "+026-11-23T09:00:00.042Z",
            "2026-11-23T09:00:00.04\u{e9}",
        ] {
            assert_eq!(WallTime::from_text(text), None, "{text}");
        }
    }

    #[cfg(feature = "std")]
    #[test]
    fn now_is_now() {
        let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let now = u128::from(WallTime::now().millis());
        assert!(now >= before && now < before + 60_000);
    }
}
