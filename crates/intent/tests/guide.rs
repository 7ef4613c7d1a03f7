//! The guides say what the code does.

mod support;

use std::fs;
use std::path::Path;

use caisse_intent::ResultCode;
use support::Result;

fn guide(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)).unwrap()
}

/// Rows of the table of codes: number, word, outcome, retry.
fn codes(guide: &str) -> Vec<(i64, String, String, String)> {
    let rows = guide.lines().filter_map(|line| {
        let cells: Vec<_> = line
            .strip_prefix("| ")?
            .split(" | ")
            .map(|cell| cell.trim_matches(&['`', ' ', '|'][..]))
            .collect();
        let number = cells.first()?.parse().ok()?;
        Some((number, cells[1].to_owned(), cells[2].to_owned(), cells[3].to_owned()))
    });
    rows.collect()
}

#[test]
fn every_code_is_told_as_it_is_judged() {
    let [english, french] = ["app-to-app.en.md", "app-to-app.fr.md"].map(guide);
    assert_eq!(codes(&english), codes(&french));
    let told = codes(&english);
    assert_eq!(told.iter().map(|row| row.0).collect::<Vec<_>>(), (0..=9).collect::<Vec<_>>());
    for (number, _, outcome, retry) in told {
        let result = if number == 0 { Result::new() } else { Result::new().refused(number) };
        let judged = result.outcome();
        assert_eq!((judged.name(), judged.retry().name()), (outcome.as_str(), retry.as_str()), "{number}");
        assert!(ResultCode::from_number(number).is_some());
    }
}

/// Both guides name every key and every field, and say the same things at the same length.
#[test]
fn both_guides_name_everything() {
    use caisse_intent::definition::{apm, outcome, v4};
    let guides = ["app-to-app.en.md", "app-to-app.fr.md"].map(guide);
    for guide in &guides {
        let keys = v4::EXTRAS.iter().chain(apm::EXTRAS).map(|extra| extra.key);
        let deciding = outcome::TRANSACTION_FIELDS.iter().filter(|field| field.decides);
        let names = deciding.flat_map(|field| field.names.iter().copied());
        for name in
            keys.chain(names).chain([v4::PACKAGE, v4::CLASS, apm::PACKAGE, apm::CLASS, outcome::RESULT])
        {
            let shown = guide.contains(&format!("`{name}`"));
            // Three fields of the result are told by their words.
            assert!(shown || ["transactionType", "amount", "currency"].contains(&name), "{name}");
        }
    }
    let headings = |guide: &str| guide.lines().filter(|line| line.starts_with("## ")).count();
    let bullets = |guide: &str| guide.lines().filter(|line| line.starts_with("* ")).count();
    let [english, french] = &guides;
    assert_eq!((headings(english), bullets(english)), (headings(french), bullets(french)));
    assert_eq!(headings(english), 8);
}
