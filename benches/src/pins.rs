//! Instruction counts held to the committed ones, on both sides: a count that grows is a regression, and one that falls
//! far leaves room for the next regression until it is pinned again.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

/// By how many hundredths a count may exceed its pin. Compilers, C libraries and processors differ by less.
pub const MARGIN_ABOVE: u64 = 4;
/// By how many hundredths it may fall short.
pub const MARGIN_BELOW: u64 = 10;

/// Instructions by the name of what was counted.
pub type Counts = BTreeMap<String, u64>;

/// What is wrong with a count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// More than pinned.
    Regressed(String, u64, u64),
    /// So much less than pinned that the pin holds nothing any more.
    PinIsStale(String, u64, u64),
    /// Counted and not pinned.
    NotPinned(String, u64),
    /// Pinned and not counted.
    NotCounted(String),
    /// Twice the bytes, and not twice the instructions.
    NotLinear(u64, u64),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Regressed(name, count, pin) => {
                write!(f, "{name}: {count} instructions, more than {MARGIN_ABOVE} % above the {pin} pinned")
            }
            Self::PinIsStale(name, count, pin) => write!(
                f,
                "{name}: {count} instructions, more than {MARGIN_BELOW} % below the {pin} pinned: pin them again"
            ),
            Self::NotPinned(name, count) => write!(f, "{name}: {count} instructions, not pinned"),
            Self::NotCounted(name) => write!(f, "{name}: pinned and not counted"),
            Self::NotLinear(once, twice) => {
                write!(f, "byte by byte: {once} instructions, {twice} for twice the bytes")
            }
        }
    }
}

/// The counts in what the bench `counts` prints as JSON, one value a line. Those of others' code are left out.
///
/// # Panics
/// When it is something else.
#[must_use]
pub fn counted(json: &str) -> Counts {
    let count = |line: &str| {
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        let word = |key: &str| line[key].as_str().expect("a word").to_owned();
        let profiles = line["profiles"].as_array().expect("profiles");
        let counts = profiles.iter().find(|profile| profile["tool"] == "Callgrind").expect("a profile");
        let instructions =
            counts["data"]["total"]["metrics"]["Ir"]["values"]["new"].as_u64().expect("a count");
        (word("group"), (format!("{} {}", word("function_name"), word("id")), instructions))
    };
    json.lines().map(count).filter(|(group, _)| group != "others").map(|(_, count)| count).collect()
}

/// The pins in a text of lines `name,count`.
///
/// # Panics
/// When it is something else.
#[must_use]
pub fn pinned(text: &str) -> Counts {
    let pin = |line: &str| {
        let (name, count) = line.split_once(',').expect("a comma");
        (name.to_owned(), count.parse().expect("a count"))
    };
    text.lines().map(pin).collect()
}

/// The text that pins these counts.
#[must_use]
pub fn pin(counts: &Counts) -> String {
    counts.iter().map(|(name, count)| format!("{name},{count}\n")).collect()
}

/// What is wrong with counts.
#[must_use]
pub fn faults(counts: &Counts, pins: &Counts) -> Vec<Fault> {
    let judge = |(name, &count): (&String, &u64)| {
        let Some(&pin) = pins.get(name) else { return Some(Fault::NotPinned(name.clone(), count)) };
        if count * 100 > pin * (100 + MARGIN_ABOVE) {
            Some(Fault::Regressed(name.clone(), count, pin))
        } else if count * 100 < pin * (100 - MARGIN_BELOW) {
            Some(Fault::PinIsStale(name.clone(), count, pin))
        } else {
            None
        }
    };
    let missing = pins.keys().filter(|name| !counts.contains_key(*name));
    let mut faults: Vec<_> = counts.iter().filter_map(judge).collect();
    faults.extend(missing.map(|name| Fault::NotCounted(name.clone())));
    let fed = ["once", "twice", "four_times"].map(|times| counts.get(&format!("byte_by_byte {times}")));
    if let [Some(&once), Some(&twice), Some(&four)] = fed {
        let growths = [(once, twice), (twice, four)];
        let faster = growths.into_iter().filter(|(less, more)| more * 100 > less * 201);
        faults.extend(faster.map(|(less, more)| Fault::NotLinear(less, more)));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(list: &[(&str, u64)]) -> Counts {
        list.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    }

    #[test]
    fn a_count_is_held_on_both_sides() {
        let pins = counts(&[("decode", 1000)]);
        for (count, expected) in [
            (1041, Some(Fault::Regressed("decode".into(), 1041, 1000))),
            (1040, None),
            (1000, None),
            (900, None),
            (899, Some(Fault::PinIsStale("decode".into(), 899, 1000))),
        ] {
            assert_eq!(faults(&counts(&[("decode", count)]), &pins), Vec::from_iter(expected));
        }
    }

    #[test]
    fn every_count_has_a_pin_and_every_pin_a_count() {
        let (one, other) = (counts(&[("one", 1)]), counts(&[("other", 2)]));
        let expected = [Fault::NotPinned("one".into(), 1), Fault::NotCounted("other".into())];
        assert_eq!(faults(&one, &other), expected);
    }

    #[test]
    fn feeding_is_linear() {
        let fed = |four| {
            counts(&[
                ("byte_by_byte once", 100),
                ("byte_by_byte twice", 200),
                ("byte_by_byte four_times", four),
            ])
        };
        assert_eq!(faults(&fed(402), &fed(402)), []);
        assert_eq!(faults(&fed(403), &fed(403)), [Fault::NotLinear(200, 403)]);
    }

    #[test]
    fn pins_survive_writing_and_json_is_read() {
        let pins = counts(&[("typed answer_170", 1200), ("fields", 3)]);
        assert_eq!(pinned(&pin(&pins)), pins);
        let line = |group| {
            format!(
                r#"{{"group":"{group}","function_name":"typed","id":"answer_170","profiles":[{{"tool":"DHAT"}},{{"tool":"Callgrind","data":{{"total":{{"metrics":{{"Ir":{{"values":{{"new":7}}}}}}}}}}}}]}}"#
            )
        };
        assert_eq!(counted(&line("decoding")), counts(&[("typed answer_170", 7)]));
        assert_eq!(counted(&line("others")), counts(&[]));
    }
}
