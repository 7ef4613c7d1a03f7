//! A wall clock that is wrong, far from the truth, or set while the command runs.
#![cfg(target_os = "linux")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;
use support::{Shop, Terminal};

/// Replaces the system's wall clock: `WALL` is the time, and `STEP` is added at each look.
const CLOCK: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
static long looks;
int clock_gettime(clockid_t clock, struct timespec *time) {
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, time);
    const char *wall = getenv("WALL"), *step = getenv("STEP");
    if (clock == CLOCK_REALTIME && wall)
        time->tv_sec = atoll(wall) + (step ? atoll(step) : 0) * __atomic_fetch_add(&looks, 1, __ATOMIC_RELAXED);
    return result;
}
"#;

fn clock(folder: &Path) -> String {
    let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
    fs::write(&source, CLOCK).unwrap();
    let compiled =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &source]).arg("-ldl").status();
    assert!(compiled.unwrap().success());
    library.to_str().unwrap().to_owned()
}

#[test]
fn payments_have_ids_of_their_own_and_times_that_can_be_written() {
    let shop = Shop::new();
    let terminal = Terminal::start(&shop, &[]);
    let library = clock(Path::new(&shop.path(".")));
    let mut ids = BTreeSet::new();
    let mut charges = 0;
    for (wall, step, year) in [
        ("-3600", "0", "1970"),
        ("-62135596800", "0", "1970"),
        ("-9223372036854775808", "0", "1970"),
        ("0", "0", "1970"),
        ("1795424400", "-86400", "2026"),
        ("1795424400", "86400", "2026"),
        ("253402300799", "0", "9999"),
        ("300000000000", "0", "9999"),
        ("9223372036854775807", "0", "9999"),
    ] {
        let journal = shop.path(&format!("{wall}{step}.sqlite"));
        let run = |line: &str| {
            let arguments: Vec<&str> = line.split(' ').collect();
            let mut command = shop.command(&arguments);
            command.env("LD_PRELOAD", &library).env("WALL", wall).env("STEP", step);
            let output = command.output().unwrap();
            let err = String::from_utf8(output.stderr).unwrap();
            assert!(!err.contains("panicked"), "{wall}: {err}");
            (output.status.code(), String::from_utf8(output.stdout).unwrap(), err)
        };
        let pay = format!("pay 25.00 --json --terminal {} --journal {journal}", terminal.address);
        for _ in 0..3 {
            let (code, out, err) = run(&pay);
            assert_eq!(code, Some(0), "{wall}: {out} {err}");
            charges += 1;
        }
        let (code, out, err) = run(&format!("journal {journal} list --json"));
        assert_eq!(code, Some(0), "{wall}: {err}");
        for line in out.lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let at = line["started_at"].as_str().unwrap();
            if step == "0" || year == "2026" && step == "86400" {
                assert!(at.starts_with(year) || at.starts_with("2027"), "{wall}: {at}");
            }
            assert!(ids.insert(line["id"].as_str().unwrap().to_owned()), "an id was given twice");
        }
        for line in [
            format!("ping {} --json --journal {journal}", terminal.address),
            format!("doctor {} --json --journal {journal}", terminal.address),
            format!("journal {journal} recover --wait --json"),
            format!("journal {journal} forget --older-than 31 --json"),
        ] {
            assert_eq!(run(&line).0, Some(0), "{wall}: {line}");
        }
    }
    assert_eq!(ids.len(), charges);
    assert_eq!(terminal.stop().len(), charges);
}

#[test]
fn control_of_a_virtual_terminal_says_that_it_cannot_be_served() {
    let shop = Shop::new();
    let library = clock(Path::new(&shop.path(".")));
    for (wall, code) in [("-3600", 1), ("300000000000", 1)] {
        let mut command = shop.command(&[
            "terminal",
            "--json",
            "--listen",
            "tcp://127.0.0.1:0",
            "--control",
            "127.0.0.1:0",
        ]);
        command.env("LD_PRELOAD", &library).env("WALL", wall).stdin(Stdio::null());
        let output = command.output().unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(code), "{out}");
        let last: serde_json::Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
        assert_eq!(last["error"]["kind"], json!("listen"), "{out}");
        assert!(out.contains("between 1970 and 9999"), "{out}");
    }
}
