//! The pages that explain the protocol, held to the code: every example is read, has the length that the text says, and
//! is the same in both languages; the tables of tags and of values are those of the dictionary.

use caisse_codec::dictionary::{Charset, DEFINITIONS, Definition, Directions};
use caisse_codec::fixed::{Kind, recognise};
use caisse_codec::{Action, Application, Complement, Message, Remainder, Tag, Tickets};
use caisse_link::frame::{Decoder, Found, LONGEST_BODY, Tolerance};

const ENGLISH: &str = include_str!("../../../docs/protocol.en.md");
const FRENCH: &str = include_str!("../../../docs/protocol.fr.md");
const PAGES: [&str; 2] = [ENGLISH, FRENCH];

/// A block of the page that is an example: its kind, its lines, and the numbers of bytes that the text before it says.
struct Example<'a> {
    kind: &'a str,
    lines: Vec<&'a str>,
    said: Vec<usize>,
}

/// The numbers in front of "bytes" that are set in bold.
fn lengths(text: &str) -> Vec<usize> {
    let bold = text.split("**").skip(1).step_by(2);
    let of_bytes = bold.filter_map(|words| {
        let (number, unit) = words.split_once(char::is_whitespace)?;
        unit.split_whitespace().next().filter(|unit| ["bytes", "octets"].contains(unit))?;
        number.parse().ok()
    });
    of_bytes.collect()
}

fn examples(page: &str) -> Vec<Example<'_>> {
    let mut found = Vec::new();
    let (mut before, mut said) = (String::new(), Vec::new());
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(kind) = line.strip_prefix("```text") else {
            if line.starts_with('#') || line.starts_with('|') {
                before.clear();
                said.clear();
            } else {
                before += line;
                before.push('\n');
            }
            continue;
        };
        let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
        said.extend(lengths(&before));
        before.clear();
        if !kind.is_empty() {
            found.push(Example { kind: kind.trim(), lines: block, said: said.clone() });
        }
    }
    found
}

/// A line end is there for the page; `<LF>` and `<SP>` are bytes.
fn text(lines: &[&str]) -> Vec<u8> {
    lines.concat().replace("<LF>", "\n").replace("<SP>", " ").into_bytes()
}

fn hexadecimal(lines: &[&str]) -> Vec<u8> {
    let pairs = lines.iter().flat_map(|line| line.split_whitespace());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap_or_else(|_| panic!("{pair}"))).collect()
}

fn bodies(bytes: &[u8], tolerance: Tolerance) -> Vec<Vec<u8>> {
    let mut storage = [0; LONGEST_BODY];
    let mut decoder = Decoder::new(&mut storage, tolerance);
    let (mut input, mut found) = (bytes, Vec::new());
    while let Some(thing) = decoder.next(&mut input) {
        match thing {
            Found::Body(body) => found.push(body.to_vec()),
            Found::Control(_) => {}
            other => panic!("{other:?} in {bytes:x?}"),
        }
    }
    assert!(!decoder.is_inside(), "{bytes:x?}");
    found
}

#[test]
fn every_example_is_read_and_has_the_length_that_is_said() {
    for page in PAGES {
        let mut counts = std::collections::BTreeMap::<&str, usize>::new();
        for Example { kind, lines, said } in examples(page) {
            *counts.entry(kind).or_default() += 1;
            let tolerance = Tolerance { parity_bits: kind == "parity", line_feeds: true };
            let bytes = match kind {
                "tlv" | "tlv-fragment" => text(&lines),
                "ticket" => continue,
                _ => hexadecimal(&lines),
            };
            assert!(said.contains(&bytes.len()), "{said:?} is said of {} bytes: {lines:?}", bytes.len());
            match kind {
                "tlv" => {
                    let message =
                        Message::decode(&bytes).unwrap_or_else(|fault| panic!("{fault}: {lines:?}"));
                    assert_eq!(message.fields().next().map(|field| field.tag()), Some(Tag::CZ), "{lines:?}");
                }
                "tlv-fragment" => assert!(Message::decode(&bytes).is_ok(), "{lines:?}"),
                "frame" | "parity" | "stream" => {
                    let bodies = bodies(&bytes, tolerance);
                    let [body] = bodies.as_slice() else { panic!("{} bodies: {lines:?}", bodies.len()) };
                    assert!(matches!(recognise(body), Kind::Fixed(_) | Kind::Tlv), "{lines:?}");
                }
                stranger => panic!("a block of {stranger}"),
            }
        }
        let expected =
            [("frame", 9), ("parity", 1), ("stream", 2), ("ticket", 1), ("tlv", 19), ("tlv-fragment", 2)];
        assert_eq!(counts, expected.into());
    }
}

#[test]
fn examples_are_the_same_in_both_languages() {
    let [english, french] = PAGES.map(examples);
    assert_eq!(english.len(), french.len());
    for (english, french) in english.iter().zip(&french) {
        assert_eq!((english.kind, &english.lines), (french.kind, &french.lines));
    }
}

#[test]
fn the_ticket_that_is_taken_apart_is_the_one_that_is_shown() {
    for page in PAGES {
        let examples = examples(page);
        let shown = examples.iter().find(|example| example.kind == "ticket").unwrap();
        let constructed = examples.iter().find(|example| example.lines[0].starts_with("ZT")).unwrap();
        let bytes = text(&constructed.lines);
        let field = Message::decode(&bytes).unwrap().fields().next().unwrap();
        let mut buffer = [0; 1024];
        let ticket = Tickets::new(field.value()).next().unwrap();
        let decoded: String =
            ticket.decode(&mut buffer).unwrap().iter().map(|byte| char::from(*byte)).collect();
        assert_eq!(decoded.trim_end(), shown.lines.join("\n"));
    }
}

/// The rows of the first table behind a heading, cut into cells.
fn table<'a>(page: &'a str, heading: &str) -> Vec<Vec<&'a str>> {
    let from = page.find(heading).unwrap_or_else(|| panic!("no {heading}"));
    let rows = page[from..].lines().skip_while(|line| !line.starts_with('|')).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

fn row_of(definition: &Definition, page: usize, name: &str) -> [String; 6] {
    let charset = match (definition.charset, page) {
        (Charset::Digits, 0) => "digits",
        (Charset::Digits, _) => "chiffres",
        (Charset::Alphanumeric, 0) => "alphanumeric",
        (Charset::Alphanumeric, _) => "alphanumérique",
        (Charset::Printable, 0) => "printable",
        (Charset::Printable, _) => "imprimable",
        (Charset::Base64, _) => "base64",
        (Charset::Fields, 0) => "fields",
        (Charset::Fields, _) => "champs",
    };
    let lengths = if definition.least == definition.most {
        definition.most.to_string()
    } else {
        format!("{}–{}", definition.least, definition.most)
    };
    // BA is a request's; that one simulator echoes it stands in the remarks.
    let direction = match definition.directions {
        _ if definition.tag == Tag::BA => "→",
        Directions::Request => "→",
        Directions::Answer => "←",
        Directions::Both => "↔",
    };
    let sensitive = match (definition.sensitive, page) {
        (true, 0) => "yes",
        (true, _) => "oui",
        (false, 0) => "no",
        (false, _) => "non",
    };
    [definition.tag.to_string(), name.to_owned(), lengths, charset.into(), direction.into(), sensitive.into()]
}

#[test]
fn the_table_of_tags_is_the_dictionary() {
    for (index, page) in PAGES.into_iter().enumerate() {
        let rows = table(page, "## 4. ");
        assert_eq!(rows.len(), DEFINITIONS.len());
        for (cells, definition) in rows.iter().zip(DEFINITIONS) {
            let name = if index == 0 { definition.name.en } else { definition.name.fr };
            let [tag, name, lengths, charset, direction, sensitive] = row_of(definition, index, name);
            assert_eq!(cells[..5], [tag, name, lengths, charset, direction], "page {index}");
            assert_eq!(cells[6], sensitive, "{} of page {index}", definition.tag);
        }
    }
}

#[test]
fn the_tables_of_values_are_those_of_the_codec() {
    for page in PAGES {
        let actions = table(page, "### 5.1 ");
        let known = (0..=u8::MAX).filter(|byte| byte.is_ascii_alphanumeric());
        let known: Vec<_> = known.filter_map(|byte| Action::from_value(&[byte])).collect();
        for action in known {
            let written = actions.iter().any(|row| row[0].as_bytes() == [action.value()]);
            // Known from one weak source alone, which gives two meanings to the first of them.
            let doubtful = b"56".contains(&action.value());
            let said = action.text().is_some() || doubtful;
            assert_eq!(said, written, "CD {}", char::from(action.value()));
        }
        let complements = table(page, "### 5.3 ");
        for code in 0..=13 {
            let code = format!("{code:02}");
            assert!(complements.iter().any(|row| row[0] == code), "AF {code}");
            let complement = Complement::from_value(code.as_bytes()).unwrap();
            assert!(complement.refusal().is_some() || code == "01", "AF {code}");
        }
        let applications = table(page, "### 5.5 ");
        assert!(applications.len() > 35);
        for row in &applications {
            let application: Application = row[0].parse().unwrap_or_else(|_| panic!("CC {}", row[0]));
            assert!(application.known().is_some(), "CC {}", row[0]);
        }
        let digits = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let known = digits.iter().flat_map(|a| digits.map(|b| digits.map(|c| [*a, b, c]))).flatten();
        let known =
            known.filter(|value| Application::from_value(value).is_some_and(|it| it.known().is_some()));
        assert_eq!(known.count(), applications.len());
    }
}

#[test]
fn prefixes_read_as_the_page_says() {
    // The table of section 2.2, whose cells are words: what stands here is what it says.
    let rows: Vec<_> = [ENGLISH, FRENCH].map(|page| table(page, "### 2.2 ")).into();
    assert_eq!(rows[0].len(), rows[1].len());
    for (english, french) in rows[0].iter().zip(&rows[1]) {
        assert_eq!(english[0], french[0]);
        let bytes = english[0].trim_matches('`').as_bytes();
        let number = |text: &str| -> usize {
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            digits.parse().unwrap_or_else(|_| panic!("{text}"))
        };
        let (reading, place) = (english[1], number(english[2]));
        assert_eq!(place, number(french[2]), "{english:?}");
        match Message::read(bytes).1 {
            Remainder::Boundary => {
                assert!(
                    reading.starts_with("boundary") || reading.starts_with("structure whole"),
                    "{english:?}"
                );
                assert_eq!(place, bytes.len(), "{english:?}");
            }
            Remainder::NeedMore(more) => {
                assert!(reading.starts_with("incomplete"), "{english:?}");
                assert_eq!((place, number(reading)), (more.offset, more.needed), "{english:?}");
                assert_eq!(number(french[1]), more.needed, "{french:?}");
            }
            Remainder::Malformed(fault) => {
                assert!(reading.starts_with("malformed"), "{english:?}");
                assert_eq!(place, fault.offset, "{english:?}");
            }
        }
    }
}
