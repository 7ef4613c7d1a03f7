//! The invariants of `docs/invariants.md` that the source tree shows.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Which of our crates a crate may depend on, outside its tests.
const ARROWS: [(&str, &[&str]); 12] = [
    ("payment", &[]),
    ("codec", &["payment"]),
    ("link", &[]),
    ("android-intent", &[]),
    ("transaction", &["payment", "codec", "link"]),
    ("hal", &["link"]),
    ("settlement", &["payment"]),
    ("journal", &["payment", "settlement"]),
    ("intent", &["payment", "android-intent", "journal", "settlement"]),
    ("simulator", &["payment", "codec", "link", "transaction", "hal", "android-intent"]),
    ("caisse", &["payment", "codec", "link", "transaction", "hal", "journal", "settlement"]),
    ("cli", &["caisse", "android-intent", "codec", "hal", "intent", "journal", "link", "simulator"]),
];

const CORE: [&str; 4] = ["payment", "codec", "link", "transaction"];

fn dependencies(manifest: &str) -> Vec<String> {
    let section = manifest.split("\n[dependencies]").nth(1).unwrap_or_default();
    let section = section.split("\n[").next().unwrap_or_default();
    let names = section.lines().filter_map(|line| line.split(['.', ' ', '=']).next());
    names
        .filter_map(|name| name.strip_prefix("caisse").map(|rest| rest.trim_start_matches('-').to_owned()))
        .map(|name| if name.is_empty() { "caisse".to_owned() } else { name })
        .collect()
}

#[test]
fn arrows_point_down() {
    let allowed: BTreeMap<_, _> = ARROWS.into_iter().collect();
    let mut checked = 0;
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let folder = entry.unwrap();
        let name = folder.file_name().into_string().unwrap();
        let manifest = fs::read_to_string(folder.path().join("Cargo.toml")).unwrap();
        let allowed =
            allowed.get(name.as_str()).unwrap_or_else(|| panic!("{name} has no place in the picture"));
        for dependency in dependencies(&manifest) {
            assert!(allowed.contains(&dependency.as_str()), "{name} must not depend on {dependency}");
            checked += 1;
        }
    }
    assert!(checked >= 20, "only {checked} dependencies were seen");
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") && !path.ends_with(".git") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_file_is_longer_than_seven_hundred_lines() {
    let mut found = Vec::new();
    sources(&root(), &mut found);
    assert!(found.len() > 50, "only {} files were seen", found.len());
    for file in found {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= 700, "{} has {lines} lines", file.display());
    }
}

#[test]
fn the_core_holds_no_clock_socket_thread_or_file() {
    for name in CORE.into_iter().chain(["android-intent", "settlement"]) {
        let folder = root().join("crates").join(name).join("src");
        let library = fs::read_to_string(folder.join("lib.rs")).unwrap();
        assert!(library.contains("\n#![no_std]"), "{name}");
        for lint in ["unwrap_used", "indexing_slicing", "arithmetic_side_effects", "panic"] {
            assert!(library.contains(&format!("clippy::{lint}")), "{name} does not deny {lint}");
        }
        let mut found = Vec::new();
        sources(&folder, &mut found);
        // The times of the journal are data; only `WallTime::now`, behind the feature `std`, reads a clock.
        found.retain(|file| !file.ends_with("settlement/src/wall_time.rs"));
        for file in found {
            let text = fs::read_to_string(&file).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            for line in code {
                if line.contains("#[cfg(test)]") {
                    break;
                }
                for forbidden in ["std::", "async fn", "SystemTime", "println!"] {
                    let standard = forbidden == "std::" && line.contains("std::error");
                    assert!(!line.contains(forbidden) || standard, "{}: {line}", file.display());
                }
            }
        }
    }
}

#[test]
fn the_ledger_of_charges_uses_neither_codec_nor_machine() {
    let ledger = fs::read_to_string(root().join("crates/simulator/src/ledger.rs")).unwrap();
    assert!(!ledger.contains("caisse_"), "the ledger must stay independent");
}

#[test]
fn the_link_names_no_tag() {
    let mut found = Vec::new();
    sources(&root().join("crates/link/src"), &mut found);
    for file in found {
        let text = fs::read_to_string(&file).unwrap();
        for tag in ["\"AE\"", "\"CB\"", "Tag::", "caisse_codec"] {
            assert!(!text.contains(tag), "{}: {tag}", file.display());
        }
    }
}
