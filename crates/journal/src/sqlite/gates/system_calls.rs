//! The system calls of a payment, as `strace` sees them: how often it waits for the disk, and what it does to files.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs};

use super::{journal_of, pay};
use crate::SqliteJournal;

/// The variables that make a till of the test [`child`].
const FILE: &str = "CAISSE_GATES_FILE";
const FIRST: &str = "CAISSE_GATES_FIRST";

/// What the child prints around a payment.
const BEGINS: &str = "payment begins";
const ENDS: &str = "payment ends";

/// How many payments the child makes. The last one is looked at: it finds everything as the one before has left it.
const PAYMENTS: u64 = 4;

#[test]
fn child() {
    let (Some(file), Ok(first)) = (env::var_os(FILE), env::var(FIRST)) else { return };
    let mut journal = SqliteJournal::open(file).unwrap();
    // A payment ends before the log is written into the file.
    journal.set_checkpoint_delay(Duration::MAX);
    let first: u64 = first.parse().unwrap();
    for number in first..first + PAYMENTS {
        for text in [BEGINS, ENDS] {
            // One call of `write` for each.
            std::io::stdout().write_all(format!("\n{text}\n").as_bytes()).unwrap();
            std::io::stdout().flush().unwrap();
            if text == BEGINS {
                pay(&mut journal, number);
            }
        }
    }
}

/// The system calls of a payment in a journal with so many payments, by their names.
fn calls(payments: u64) -> BTreeMap<String, usize> {
    let folder = super::folder();
    let path = journal_of(payments, &folder);
    let trace = folder.path().join("trace");
    let (mut strace, test) = (Command::new("strace"), env::current_exe().unwrap());
    strace.arg("-f").arg("-o").arg(&trace).arg(test);
    strace.args([
        "--exact",
        &format!("{}::child", module_path!().split_once("::").unwrap().1),
        "--nocapture",
    ]);
    let ended = strace.env(FILE, &path).env(FIRST, payments.to_string()).stdin(Stdio::null()).output();
    let ended = ended.expect("this test needs the program strace: install the package strace");
    assert!(ended.status.success(), "{ended:?}");
    of_last_payment(&trace)
}

fn of_last_payment(trace: &Path) -> BTreeMap<String, usize> {
    let trace = fs::read_to_string(trace).unwrap();
    let begins: Vec<_> = trace.match_indices(BEGINS).collect();
    assert_eq!(begins.len() as u64, PAYMENTS, "{trace}");
    let payment = &trace[begins.last().unwrap().0..];
    let payment = &payment[..payment.find(ENDS).unwrap()];
    let mut calls = BTreeMap::new();
    // The line after that of the mark, up to that of the next mark.
    let lines: Vec<_> = payment.lines().skip(1).collect();
    for line in &lines[..lines.len() - 1] {
        let (_, call) = line.split_once(' ').unwrap();
        assert!(
            !call.contains("O_CREAT") && !call.contains("O_TRUNC"),
            "a file is made or truncated: {call}"
        );
        if let Some((name, _)) = call.trim_start().split_once('(') {
            *calls.entry(name.to_owned()).or_default() += 1;
        }
    }
    calls
}

/// What a payment calls, whatever the size of the journal: it waits for the disk twice. Nothing truncates, removes or renames a
/// file, makes a folder or waits for one.
const PINS: [(&str, usize); 8] = [
    ("close", 2),
    ("fcntl", 32),
    ("fdatasync", 2),
    ("openat", 2),
    ("pread64", 4),
    ("pwrite64", 30),
    ("statx", 29),
    ("write", 2),
];

#[test]
fn a_payment_waits_for_the_disk_twice_and_makes_no_file() {
    let pinned: BTreeMap<_, _> = PINS.iter().map(|(name, count)| (String::from(*name), *count)).collect();
    for payments in [1_000, 100_000] {
        assert_eq!(calls(payments), pinned, "{payments} payments");
    }
    // With no payment before, the last three of the terminal are not there yet.
    let few = calls(0);
    assert!(
        few.keys().eq(pinned.keys()) && few.iter().all(|(name, count)| *count <= pinned[name]),
        "{few:?}"
    );
    assert_eq!(few["fdatasync"], 2);
}
