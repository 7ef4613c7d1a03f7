//! Each documented tag, accepted and refused: the published vectors of `docs/vectors/vectors-tags.jsonl`, a
//! test of its own name each.

mod support;

use std::collections::BTreeMap;
use std::process::ExitCode;

use caisse_codec::value::number;
use caisse_codec::{
    Action, Application, Complement, Encoder, Identifier, Message, ReadingMode, Status, Tag, TicketRequest,
    Version, check, dictionary,
};
use caisse_payment::Currency;
use serde_json::Value;
use support::named::{conclude, named};

/// The number of lines that the file had when this was written: it may grow, never shrink unnoticed.
const FLOOR: usize = 230;

/// Whether the value has a meaning that the codec knows how to type; tags without a type of their own pass.
fn has_its_form(tag: Tag, value: &[u8]) -> bool {
    match tag {
        Tag::AE => Status::from_value(value).is_some_and(|status| !matches!(status, Status::Other(_))),
        Tag::AF => Complement::from_value(value).is_some(),
        Tag::BA | Tag::BB | Tag::BF => matches!(value, b"0" | b"1"),
        Tag::CB => number(value).is_some(),
        Tag::CC => Application::from_value(value).is_some_and(|application| application.known().is_some()),
        Tag::CD => Action::from_value(value).is_some_and(|action| action.text().is_some()),
        Tag::CE => {
            let number = number(value).and_then(|number| u16::try_from(number).ok());
            number.and_then(Currency::from_numeric).is_some()
        }
        Tag::CI => ReadingMode::from_value(value).is_some(),
        Tag::CJ => Identifier::from_value(value).is_some(),
        Tag::CK => TicketRequest::from_value(value).is_some(),
        Tag::CZ => Version::from_value(value).is_some_and(|version| Version::KNOWN.contains(&version)),
        _ => true,
    }
}

fn text<'a>(vector: &'a Value, key: &str) -> &'a str {
    vector[key].as_str().unwrap_or_else(|| panic!("no {key}: {vector}"))
}

fn all() -> impl Iterator<Item = Value> {
    let lines = include_str!("../../../docs/vectors/vectors-tags.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).expect("a line of JSON"))
}

/// The field is written and has its form, or is not to be written.
fn run(vector: &Value) {
    let accept = vector["accept"].as_bool().expect("a boolean");
    assert!(!text(vector, "why").is_empty() && !text(vector, "source").is_empty());
    // One character is one byte: the file writes Latin-1.
    let bytes: Vec<u8> =
        text(vector, "bytes").chars().map(|it| u8::try_from(u32::from(it)).unwrap()).collect();
    let message = Message::decode(&bytes).unwrap_or_else(|error| panic!("{error}"));
    let [field] = message.fields().collect::<Vec<_>>()[..] else { panic!("not one field") };
    let (tag, value) = (field.tag(), field.value());
    assert_eq!(tag.to_string(), text(vector, "tag"));

    let written = Encoder::new(&mut [0; 1004]).field(tag, value).is_ok();
    let row = dictionary::find(tag).expect("documented");
    assert_eq!(row.allows(value), written);
    let whole = check::faults(message).count() == 0;
    assert_eq!(written && whole && has_its_form(tag, value), accept);
}

fn main() -> ExitCode {
    let lines = all().map(|vector| named(text(&vector, "name").to_owned(), move || run(&vector)));
    conclude(
        lines.chain([named(
            "every_tag_is_accepted_and_refused".to_owned(),
            every_tag_is_accepted_and_refused,
        )]),
    )
}

fn every_tag_is_accepted_and_refused() {
    let mut seen: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    for vector in all() {
        let accept = vector["accept"].as_bool().expect("a boolean");
        seen.entry(text(&vector, "tag").to_owned()).or_default()[usize::from(accept)] += 1;
    }
    let count: usize = seen.values().flatten().sum();
    assert!(count >= FLOOR, "only {count} vectors");
    assert_eq!(seen.len(), dictionary::DEFINITIONS.len());
    for row in dictionary::DEFINITIONS {
        let [refused, accepted] = seen[&row.tag.to_string()];
        assert!(refused > 0 && accepted > 0, "{}: {accepted} accepted, {refused} refused", row.tag);
    }
}
