//! `docs/dialects.md` and the files of `docs/dialects` say what the code does. With `BLESS=1` in the environment the
//! values in both are written anew; what each may be, and where it comes from, is for people to write.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use caisse::Dialect;
use caisse::configuration::{ConfigurationError, load_dialect, read_dialect, write_dialect};

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

fn blessed() -> bool {
    env::var_os("BLESS").is_some()
}

fn read(text: &str) -> Result<Dialect, ConfigurationError> {
    read_dialect(text.as_bytes(), "mine.toml".as_ref())
}

/// Every key of a dialect with its value as it is written in TOML, tables dotted.
fn values(dialect: &Dialect) -> Vec<(String, String)> {
    let text = write_dialect(dialect).unwrap();
    let mut table = String::new();
    let mut values = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[') {
            table = name.replace(']', ".");
        } else if let Some((key, value)) = line.split_once(" = ") {
            values.push((format!("{table}{key}"), value.to_owned()));
        }
    }
    assert_eq!(values.remove(0).0, "base");
    values
}

/// The rows of the big table, cell by cell.
fn rows(document: &str) -> Vec<Vec<String>> {
    let rows = document.lines().filter(|line| line.starts_with("| `") && line.matches(" | ").count() > 2);
    rows.map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// What a row says that the key may be.
fn allowed() -> Vec<(String, String)> {
    let document = fs::read_to_string(docs().join("dialects.md")).unwrap();
    rows(&document).into_iter().map(|row| (row[0].replace('`', ""), row[1].clone())).collect()
}

#[test]
fn the_table_has_every_key_and_the_values_of_the_code() {
    let file = docs().join("dialects.md");
    let document = fs::read_to_string(&file).unwrap();
    let dialects = Dialect::ALL.map(|dialect| values(&dialect));
    let rows = rows(&document);
    let keys: Vec<_> = dialects[0].iter().map(|(key, _)| format!("`{key}`")).collect();
    assert_eq!(rows.iter().map(|row| row[0].clone()).collect::<Vec<_>>(), keys);
    let mut expected = document.clone();
    for (index, row) in rows.iter().enumerate() {
        let values = dialects.each_ref().map(|values| values[index].1.trim_matches('"').to_owned());
        let [allowed, .., source] = &row[1..] else { panic!("{row:?}") };
        assert!(row.len() == 8 && !allowed.is_empty() && !source.is_empty(), "{row:?}");
        let line = format!("| {} | {allowed} | {} | {source} |", row[0], values.join(" | "));
        let old = document.lines().find(|line| line.starts_with(&format!("| {} ", row[0]))).unwrap();
        expected = expected.replacen(old, &line, 1);
    }
    if blessed() {
        fs::write(&file, &expected).unwrap();
    } else {
        assert!(document == expected, "docs/dialects.md is not what the code says: run with BLESS=1");
    }
}

#[test]
fn every_source_of_the_table_is_one() {
    let document = fs::read_to_string(docs().join("dialects.md")).unwrap();
    let protocol = fs::read_to_string(docs().join("protocol.en.md")).unwrap();
    let sources = protocol.split("## 13. Sources").nth(1).unwrap();
    let known: Vec<&str> = sources
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next())
        .flat_map(|keys| keys.split(", "))
        .collect();
    let mut seen = 0;
    for row in rows(&document) {
        let source = row.last().unwrap();
        let keys: Vec<_> = source.split('[').skip(1).map(|rest| rest.split(']').next().unwrap()).collect();
        for key in &keys {
            assert!(known.contains(key), "{}: [{key}]", row[0]);
        }
        assert!(!keys.is_empty() || source.contains("*ours*") || source.contains("*Ours*"), "{}", row[0]);
        seen += keys.len();
    }
    assert!(seen > 80, "only {seen} sources were seen");
}

#[test]
fn every_known_dialect_has_its_file() {
    for dialect in Dialect::ALL {
        let file = docs().join("dialects").join(format!("{}.toml", dialect.name));
        let text = write_dialect(&dialect).unwrap();
        if blessed() {
            fs::write(&file, &text).unwrap();
        }
        let custom = Dialect { name: "custom", ..dialect };
        assert_eq!(load_dialect(&file), Ok(custom), "{}", dialect.name);
        assert_eq!(fs::read_to_string(&file).unwrap(), text, "{}: run with BLESS=1", dialect.name);
        // And as short as can be.
        assert_eq!(read(&format!("base = \"{}\"", dialect.name)), Ok(custom));
    }
    assert_eq!(fs::read_dir(docs().join("dialects")).unwrap().count(), Dialect::ALL.len());
}

#[test]
fn the_document_shows_a_file_that_can_be_read() {
    let document = fs::read_to_string(docs().join("dialects.md")).unwrap();
    let text = document.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let mine = read(text).unwrap();
    let mut expected = Dialect { name: "custom", ..Dialect::INGENICO };
    expected.answer.quiet = std::time::Duration::from_millis(800);
    expected.session.line = "baud=1200".parse().unwrap();
    assert_eq!(mine, expected);
}

/// A dialect with this value, and what else it then needs.
fn with(key: &str, value: &str) -> String {
    let needs = match key {
        "refused_message" => "refused_message_source = \"the maker's integration guide\"\n",
        "generation" => "optional.partial = false\noptional.application = false\noptional.ticket = false\n",
        "answer.quiet_ms" => "answer.patience_ms = 60000\n",
        "session.attempts" | "session.enquiry_ms" | "session.pause_ms" => "session.opening_ms = 300000\n",
        "session.opening_ms" => "session.attempts = 1\n",
        _ => "",
    };
    let base = if key == "generation" { "concert-e" } else { "payxpress" };
    format!("base = \"{base}\"\n{needs}{key} = {value}\n")
}

/// The value as the dialect that was read has it.
fn value_of(dialect: &Dialect, key: &str) -> String {
    values(dialect).into_iter().find(|(it, _)| it == key).unwrap().1
}

#[test]
fn both_ends_of_every_range_are_what_the_table_says() {
    let mut seen = 0;
    for (key, allowed) in allowed() {
        let ends =
            allowed.split_once(" to ").map(|(least, most)| (least.parse::<i64>(), most.parse::<i64>()));
        let Some((Ok(least), Ok(most))) = ends else { continue };
        seen += 1;
        assert!(least < most);
        for good in [least, least + 1, most - 1, most] {
            let dialect = read(&with(&key, &good.to_string())).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(value_of(&dialect, &key), good.to_string(), "{key}");
        }
        let wrong = format!("{key}: expected a whole number from {least} to {most}");
        for bad in [least - 1, most + 1, -1, i64::MIN, i64::MAX] {
            let error = read(&with(&key, &bad.to_string())).unwrap_err();
            assert!(error.to_string().ends_with(&wrong), "{bad}: {error}");
        }
        for bad in ["\"300\"", "3.5", "true", "[3]", "{}", "2020-01-01", "99999999999999999999"] {
            let error = read(&with(&key, bad)).unwrap_err();
            assert!(error.line().is_some() && error.column().is_some(), "{key} = {bad}: {error}");
        }
    }
    assert_eq!(seen, 17);
}

#[test]
fn the_words_of_every_choice_are_what_the_table_says() {
    let mut seen = 0;
    for (key, allowed) in allowed() {
        let words: Vec<&str> = allowed.split(", ").flat_map(|part| part.split(" or ")).collect();
        if !words.iter().all(|word| word.starts_with('"') && !word.contains(" to ")) {
            continue;
        }
        seen += words.len();
        for word in &words {
            let dialect = read(&with(&key, word)).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(value_of(&dialect, &key), *word, "{key}");
        }
        for bad in ["\"\"", "\"Nothing\"", "\"custom\"", "1", "true", "{}"] {
            let error = read(&with(&key, bad)).unwrap_err();
            assert_eq!(error.key(), Some(&*key));
            assert!(error.to_string().ends_with(&format!(": expected {allowed}")), "{error}");
        }
    }
    assert_eq!(seen, 13);
}

#[test]
fn flags_are_true_or_false() {
    let mut seen = 0;
    for (key, _) in allowed().into_iter().filter(|(_, allowed)| allowed == "true or false") {
        seen += 1;
        for good in ["true", "false"] {
            assert_eq!(value_of(&read(&with(&key, good)).unwrap(), &key), good);
        }
        for bad in ["\"yes\"", "1", "{}"] {
            let error = read(&with(&key, bad)).unwrap_err();
            assert!(error.to_string().ends_with(&format!("{key}: expected a boolean")), "{error}");
        }
    }
    assert_eq!(seen, 10);
}

/// A key of earlier versions: a frame around an answer is accepted in every dialect.
#[test]
fn the_switch_for_frames_is_refused_with_a_word() {
    for value in ["true", "false"] {
        let error = read(&format!("base = \"nepting\"\nframed_answers = {value}\n")).unwrap_err();
        assert_eq!(error.key(), Some("framed_answers"));
        assert!(error.to_string().contains("no longer needed"), "{error}");
    }
    for dialect in Dialect::ALL {
        assert!(!write_dialect(&dialect).unwrap().contains("framed_answers"), "{}", dialect.name);
    }
}

#[test]
fn versions_are_of_three() {
    for good in ["0300", "0301", "0320", "0330", "0399"] {
        let dialect = read(&with("version", &format!("\"{good}\""))).unwrap();
        assert_eq!(dialect.version.to_string(), good);
    }
    for bad in ["0299", "0400", "3000", "300", "03000", "03a0", ""] {
        let error = read(&with("version", &format!("\"{bad}\""))).unwrap_err();
        assert_eq!(
            (error.line(), error.column(), error.key()),
            (Some(2), Some(11), Some("version")),
            "{bad}"
        );
    }
}

#[test]
fn values_that_cannot_stand_together_are_refused() {
    let fields = "base = \"concert-e\"\n";
    for (text, line, key) in [
        ("base = \"nepting\"\nanswer.quiet_ms = 3001\n", 1, "answer.patience_ms"),
        ("base = \"nepting\"\nanswer.patience_ms = 1000\nanswer.quiet_ms = 1001\n", 2, "answer.patience_ms"),
        ("base = \"nepting\"\nsession.opening_ms = 12029\n", 2, "session.opening_ms"),
        ("base = \"nepting\"\n[session]\nattempts = 8\n", 1, "session.opening_ms"),
        (
            "base = \"nepting\"\nsession.clear_ms = 5000\nsession.opening_ms = 16999\n",
            3,
            "session.opening_ms",
        ),
        (
            "base = \"nepting\"\nsession.pause_ms = 2000\nsession.opening_ms = 15029\n",
            3,
            "session.opening_ms",
        ),
        ("\nbase = \"nepting\"\ngeneration = \"concert-e\"\n", 2, "duplicata"),
        (&format!("{fields}duplicata = \"fields\"\n"), 2, "duplicata"),
        (&format!("{fields}[optional]\npartial = true\n"), 3, "optional.partial"),
        (&format!("{fields}[optional]\napplication = true\n"), 3, "optional.application"),
        ("base = \"concert-e-plus\"\noptional = { ticket = true }\n", 2, "optional.ticket"),
        ("base = \"nepting\"\nrefused_message = \"refusal\"\n", 1, "refused_message_source"),
        (
            "base = \"nepting\"\nrefused_message = \"refusal\"\nrefused_message_source = \" \"\n",
            3,
            "refused_message_source",
        ),
    ] {
        let error = read(text).unwrap_err();
        assert_eq!((error.line(), error.key()), (Some(line), Some(key)), "{text}{error}");
    }
    for text in [
        "base = \"nepting\"\nanswer.quiet_ms = 3000\n",
        "base = \"nepting\"\nsession.opening_ms = 12030\n",
        "base = \"nepting\"\nsession.attempts = 7\n",
        "base = \"nepting\"\nsession.clear_ms = 5000\nsession.opening_ms = 17000\n",
        "base = \"concert-e\"\noptional.ticket = true\noptional.reference = true\n",
        "base = \"concert-e-plus\"\noptional.reference = true\nreport = true\n",
        "base = \"nepting\"\nrefused_message_source = \"nobody\"\n",
    ] {
        assert!(read(text).is_ok(), "{text}{:?}", read(text));
    }
}

#[test]
fn what_is_not_a_dialect_says_where_and_what_was_expected() {
    for (text, expected) in [
        ("", "mine.toml:1:1: expected a key `base`"),
        ("version = \"0300\"", "mine.toml:1:1: expected a key `base`"),
        (
            "base = \"custom\"",
            "mine.toml:1:8: base: expected \"payxpress\", \"ingenico\", \"nepting\", \"concert-e\" or \
             \"concert-e-plus\"",
        ),
        ("# é\nbase = \"nepting\"\noptional = 4", "mine.toml:3:12: optional: expected a table"),
        ("base = \"nepting\"\nversion = 320", "mine.toml:2:11: version: expected a text in quotation marks"),
        (
            "base = \"nepting\"\nsession.line = \"baud=300\"",
            "mine.toml:2:16: session.line: baud: expected 1200, 2400, 4800, 9600, 19200, 38400, 57600 or 115200",
        ),
        (
            "base = \"nepting\" # é\n[answer]\n  quiet = 300",
            "mine.toml:3:3: answer.quiet: not a key of this table: expected one of `quiet_ms`, `patience_ms`, \
             `longest_bytes`",
        ),
        ("base = \"nepting\"\nbase = \"nepting\"", "mine.toml:2:1: duplicate key"),
        ("base = \"nepting\"\n\"\\u001b[2J\" = 1", "mine.toml:2:1: …: not a key of this table"),
        ("base = \"nepting\"\n123456789012 = 1", "mine.toml:2:1: 123456789012: not a key of this table"),
        ("base = \"nepting\"\n1234567890123 = 1", "mine.toml:2:1: …: not a key of this table"),
        ("base = \"nepting\"\n4970101234123457 = 1", "mine.toml:2:1: …: not a key of this table"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text}\n{error}");
    }
    let error = read_dialect(b"base = 'nepting'\n# \xe9\n", "mine.toml".as_ref()).unwrap_err();
    assert_eq!(error.to_string(), "mine.toml:2:3: expected text in UTF-8");
}

#[test]
fn what_stands_there_is_never_repeated() {
    let secret = "4970101234123457";
    let mut seen = 0;
    for (key, _) in allowed() {
        for value in
            [secret.to_owned(), format!("\"{secret}\""), format!("[{secret}]"), format!("{{ a = {secret} }}")]
        {
            let error = read(&with(&key, &value)).unwrap_err();
            assert!(!error.to_string().contains("4970"), "{error}");
            seen += 1;
        }
    }
    assert_eq!(seen, 34 * 4);
}

#[test]
fn what_no_file_can_say_is_not_written() {
    use caisse_link::serial::{Contention, Reaction, Readiness, SerialConfig};
    let session = SerialConfig::TERMINAL;
    assert_eq!(write_dialect(&Dialect { session, ..Dialect::NEPTING }), None);
    for wrong in 0..7 {
        let mut dialect = Dialect::INGENICO;
        let session = &mut dialect.session;
        match wrong {
            0 => session.rules.contention = Contention::Insist,
            1 => session.rules.readiness = Readiness::Busy,
            2 => session.rules.on_message = Reaction::Refuse,
            3 => session.rules.on_bad_frame = Reaction::Acknowledge,
            4 => session.rules.takes_bare_messages = false,
            5 => session.timers.pause = std::time::Duration::from_micros(1_500),
            _ => session.rules.attempts = 11,
        }
        assert_eq!(write_dialect(&dialect), None, "{wrong}");
    }
    let refusal =
        Dialect { refused_message: caisse_transaction::RefusedMessage::Refusal, ..Dialect::NEPTING };
    let text = write_dialect(&refusal).unwrap();
    assert_eq!(read(&text), Ok(Dialect { name: "custom", ..refusal }));
}
