//! Times as the people of the shop read and write them.

use caisse::WallTime;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, ZonedDateTime};

/// The time in the time zone of the system.
fn zoned(at: WallTime) -> ZonedDateTime {
    let millis = i64::try_from(at.millis()).unwrap_or_default();
    // A timestamp ends a day before a wall time does, in the year 9999.
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX).to_zoned_datetime(TimeZone::system())
}

/// Returns the local day and time, as in `2026-12-01 09:30:00`.
pub(super) fn local(at: WallTime) -> String {
    zoned(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Returns the local day, as in `2026-12-01`.
pub(super) fn day(at: WallTime) -> String {
    zoned(at).strftime("%Y-%m-%d").to_string()
}

/// Reads the beginning of a selection: a day begins at its midnight.
pub(super) fn since(text: &str) -> Result<WallTime, String> {
    read(text, Ok)
}

/// Reads the end of a selection: a day ends at the next midnight.
pub(super) fn until(text: &str) -> Result<WallTime, String> {
    read(text, |day| day.checked_add(1.day()))
}

fn read(text: &str, of_day: impl Fn(Date) -> Result<Date, jiff::Error>) -> Result<WallTime, String> {
    let timestamp = match text.parse::<Timestamp>() {
        Ok(timestamp) => Ok(timestamp),
        Err(_) => local_timestamp(text, of_day),
    };
    let millis = timestamp.ok().and_then(|timestamp| u64::try_from(timestamp.as_millisecond()).ok());
    millis.map(WallTime::from_millis).ok_or_else(|| {
        "expected a day (2026-12-01), a local time (\"2026-12-01 09:30\") or a time with its offset \
         (2026-12-01T09:30:00Z), from 1970 on"
            .to_owned()
    })
}

fn local_timestamp(
    text: &str,
    of_day: impl Fn(Date) -> Result<Date, jiff::Error>,
) -> Result<Timestamp, jiff::Error> {
    let time: DateTime = match DAY_LENGTH == text.len() {
        true => of_day(text.parse()?)?.to_datetime(jiff::civil::Time::midnight()),
        false => text.parse()?,
    };
    Ok(time.to_zoned_datetime(TimeZone::system())?.timestamp())
}

/// The length of `2026-12-01`.
const DAY_LENGTH: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_and_times_exact() {
        let hour = 3_600_000;
        let (begins, ends) = (since("2026-12-01").unwrap(), until("2026-12-01").unwrap());
        // No zone of the world changes its clocks that day.
        assert_eq!(ends.millis() - begins.millis(), 24 * hour);
        assert_eq!(local(begins), "2026-12-01 00:00:00");
        assert_eq!((day(begins).as_str(), day(ends).as_str()), ("2026-12-01", "2026-12-02"));
        for text in ["2026-12-01 09:30", "2026-12-01T09:30", "2026-12-01 09:30:00"] {
            assert_eq!(since(text), until(text), "{text}");
            assert_eq!(local(since(text).unwrap()), "2026-12-01 09:30:00", "{text}");
        }
        let exact = since("2026-12-01T09:30:00Z").unwrap();
        assert_eq!(exact.to_string(), "2026-12-01T09:30:00.000Z");
        assert_eq!(until("2026-12-01T11:30:00+02:00"), Ok(exact));
    }

    #[test]
    fn other_texts_are_refused_with_an_example() {
        for text in ["", "yesterday", "2026-13-01", "01/12/2026", "2026-12-0", "1969-12-30", "12:30"] {
            assert!(since(text).unwrap_err().contains("2026-12-01"), "{text}");
            assert!(until(text).is_err(), "{text}");
        }
        assert_eq!(day(until("9998-12-31").unwrap()), "9999-01-01");
    }
}
