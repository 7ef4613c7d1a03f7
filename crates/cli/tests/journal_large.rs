//! The memory that the commands take of large journals: as much for 50 000 payments as for 1 000.
#![cfg(target_os = "linux")]

#[path = "support/large.rs"]
mod large;
mod support;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use caisse::SqliteJournal;
use support::Shop;

/// A journal of so many payments, in memory where the system has such a place.
fn journal(payments: i64) -> (tempfile::TempDir, String) {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let file = folder.path().join("journal.sqlite");
    drop(SqliteJournal::open(&file).unwrap());
    large::fill(&file, payments);
    (folder, file.to_str().unwrap().to_owned())
}

/// The most memory that a process has used so far, in KiB; nothing once it has ended.
fn peak(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

/// Runs a command whose reader does not read, until it uses no more memory; then reads everything. Returns the most memory that it
/// used, and the lines.
fn run(shop: &Shop, line: &str) -> (u64, u64) {
    let mut command = shop.command(&line.split_whitespace().collect::<Vec<_>>());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let (mut most, mut unchanged) = (0, 0);
    // A command that prints little goes on to its end.
    while let Some(now) = peak(&child).filter(|_| unchanged < 150) {
        unchanged = if now > most { 0 } else { unchanged + 1 };
        most = most.max(now);
        thread::sleep(Duration::from_millis(10));
    }
    let (mut lines, mut text) = (0, Vec::new());
    while output.read_until(b'\n', &mut text).unwrap() > 0 {
        (lines, _) = (lines + 1, text.clear());
        if lines % 500 == 0 {
            most = most.max(peak(&child).unwrap_or_default());
        }
    }
    output.read_to_end(&mut text).unwrap();
    while let (Some(now), None) = (peak(&child), child.try_wait().unwrap()) {
        most = most.max(now);
        thread::sleep(Duration::from_millis(2));
    }
    assert_eq!(child.wait().unwrap().code(), Some(0), "{line}");
    (most, lines)
}

#[test]
fn a_large_journal_takes_no_more_memory_than_a_small_one() {
    let shop = Shop::new();
    let (few, many) = (journal(1_000), journal(50_000));
    // The first opening checks everything and seals the journal.
    let mut found = Vec::new();
    for (command, lines) in [
        ("verify", [None, None]),
        ("list", [Some(1_000), Some(50_000)]),
        ("list --csv", [Some(1_001), Some(50_001)]),
        ("list --json", [Some(1_000), Some(50_000)]),
        ("list --limit 10", [Some(10), Some(10)]),
        ("totals", [None, None]),
        ("forget --older-than 31", [Some(1), Some(1)]),
    ] {
        let [small, large] = [&few, &many].map(|(_, file)| run(&shop, &format!("journal {file} {command}")));
        println!("{command}: {} KiB of 1 000 payments, {} KiB of 50 000", small.0, large.0);
        for (expected, (_, printed)) in lines.into_iter().zip([small, large]) {
            assert!(expected.is_none_or(|expected| expected == printed), "{command}: {printed} lines");
        }
        found.push((command, small.0, large.0));
    }
    // A command may end between two looks at its memory, so of the small journal the one counts that was seen best.
    let small = found.iter().map(|(_, small, _)| *small).max().unwrap();
    for (command, _, large) in found {
        assert!(large < small + LIMIT, "{command}: {small} KiB of 1 000 payments, {large} KiB of 50 000");
    }
    // The age is counted from the newest event: one payment a minute is left, and the one that is as old to the second.
    assert_eq!(run(&shop, &format!("journal {} list", many.1)).1, 31 * 24 * 60 + 1);
}

/// How much more memory 50 000 payments may take, in KiB: SQLite's cache of pages is not full of 1 000.
const LIMIT: u64 = 6 * 1024;
