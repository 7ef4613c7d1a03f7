//! One schema for every language: what is generated from the definitions stands in `schema/`, as it is generated now, and
//! takes what this crate writes and reads. With `BLESS=1` the files are written instead of compared.

mod java;
mod json;
mod validation;

use std::fs;
use std::path::PathBuf;

fn files() -> Vec<(&'static str, String)> {
    let pretty = |schema: serde_json::Value| serde_json::to_string_pretty(&schema).unwrap() + "\n";
    vec![
        ("payxpress-v4-request.schema.json", pretty(json::v4_request())),
        ("payxpress-v4-result.schema.json", pretty(json::v4_result())),
        ("payxpress-v4-print-result.schema.json", pretty(json::v4_print_result())),
        ("payxpress-apm-request.schema.json", pretty(json::apm_request())),
        ("java/PayXpressV4.java", java::v4()),
        ("java/PayXpressApm.java", java::apm()),
    ]
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("schema")
}

#[test]
fn what_is_checked_in_is_what_is_generated() {
    let bless = std::env::var_os("BLESS").is_some();
    for (name, generated) in files() {
        let path = folder().join(name);
        if bless {
            fs::write(&path, &generated).unwrap();
        }
        let checked_in = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            checked_in == generated,
            "{name} has drifted from the definitions: run this test with BLESS=1"
        );
    }
}

#[test]
fn nothing_else_is_checked_in() {
    let mut found = Vec::new();
    for (folder, prefix) in [(folder(), ""), (folder().join("java"), "java/")] {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.path().is_file() {
                found.push(format!("{prefix}{}", entry.file_name().into_string().unwrap()));
            }
        }
    }
    found.sort();
    let mut expected: Vec<_> = files().into_iter().map(|(name, _)| name.to_owned()).collect();
    // Written by hand: it runs the constants against the vectors.
    expected.push("java/GoldenVectors.java".to_owned());
    expected.push("README.md".to_owned());
    expected.sort();
    assert_eq!(found, expected);
}
