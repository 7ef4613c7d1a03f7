//! The suite for implementers: what every [`Link`] must do, whatever lies beneath it.
//!
//! Give it your link and the other end of its line by a [`Harness`], and call [`check`] from a test; for an
//! [`AsyncLink`](crate::AsyncLink), [`check_async`]. It takes a few seconds, most of them waiting. `docs/porting.md` shows
//! it on an example.
//!
//! What it cannot see is yours to test: that bytes leave in one write, what a speed does to a real wire, and calls that
//! block for ever, which hang the suite.

mod asynchronous;
mod breaking;
mod ending;
mod harness;
mod opening;
mod passing;
mod waiting;

use std::string::String;
use std::time::{Duration, Instant};
use std::vec::Vec;
use std::{format, panic};

pub use asynchronous::{Blocking, Executor, check_async, run_async};
pub use harness::{Ended, Harness, Peer, Unplugged};

use crate::{Link, Received};

/// What became of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// What was seen that breaks it.
    pub result: Result<(), String>,
}

/// Checks a link.
///
/// # Panics
/// With every rule that is broken, and what was seen.
pub fn check<H: Harness>(harness: &mut H) {
    report(&run(harness));
}

/// Checks a link and gives every rule's finding. [`check`] is made of it.
pub fn run<H: Harness>(harness: &mut H) -> Vec<Finding> {
    let rules: [(&str, Rule<H>); 17] = [
        ("a link begins closed", opening::begins_closed),
        ("a link opens again and again", opening::opens_again),
        ("a way to nowhere is told in time", opening::leads_nowhere),
        ("the longest time is a time", opening::longest_time),
        ("every byte passes as it is", passing::every_byte),
        ("nothing is lost, doubled or moved", passing::long_stream),
        ("nothing is kept for a later call", passing::nothing_kept),
        ("a small buffer loses nothing", passing::small_buffer),
        ("nothing sent is nothing", passing::nothing_sent),
        ("silence takes its time", waiting::silence),
        ("the first byte ends the wait", waiting::first_byte),
        ("what is there is taken without waiting", waiting::what_is_there),
        ("a full line holds nobody", breaking::full_line),
        ("an unplugged line holds nobody", breaking::unplugged),
        ("a close in order delivers what was accepted", ending::close_delivers),
        ("an abort takes back what waits here", ending::abort_takes_back),
        ("dropping an open link aborts", ending::drop_takes_back),
    ];
    rules.into_iter().map(|(rule, check)| Finding { rule, result: check(harness) }).collect()
}

type Rule<H> = fn(&mut H) -> Verdict;

type Verdict = Result<(), String>;

#[allow(clippy::panic, reason = "a test suite: it tells a failure by a panic")]
fn report(findings: &[Finding]) {
    let broken: Vec<_> = findings
        .iter()
        .filter_map(|finding| finding.result.as_ref().err().map(|seen| format!("{}: {seen}", finding.rule)))
        .collect();
    if !broken.is_empty() {
        panic!("{} of {} rules broken\n{}", broken.len(), findings.len(), broken.join("\n"));
    }
}

/// How long a rule lets a link wait.
const SHORT: Duration = Duration::from_millis(60);

/// How much later than its deadline a call may return on a machine that is busy with other things.
const LATE: Duration = Duration::from_millis(1_000);

/// How much earlier: clocks count whole milliseconds.
const EARLY: Duration = Duration::from_millis(2);

/// Longer than anything takes that works.
const LONG: Duration = Duration::from_secs(5);

macro_rules! ensure {
    ($condition:expr, $($seen:tt)+) => {
        if !$condition {
            return Err(std::format!($($seen)+));
        }
    };
}
use ensure;

/// The result, and how long it took.
fn timed<T>(call: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = call();
    (result, start.elapsed())
}

/// What a call gives that has to return by itself within this time.
fn within<T>(what: &str, most: Duration, call: impl FnOnce() -> T) -> Result<T, String> {
    let (result, took) = timed(call);
    ensure!(took <= most.saturating_add(LATE), "{what} with {most:?} took {took:?}");
    Ok(result)
}

/// An open line.
fn open<H: Harness>(harness: &mut H) -> Result<(H::Link, H::Peer), String> {
    let (mut link, mut peer) = harness.line();
    connect(&mut link, &mut peer)?;
    Ok((link, peer))
}

fn connect(link: &mut impl Link, peer: &mut impl Peer) -> Verdict {
    let opened = within("connect", LONG, || link.connect(LONG))?;
    ensure!(opened.is_ok(), "connect to a line that is there gave {opened:?}");
    peer.accept();
    Ok(())
}

/// Sends all of it, however many calls that takes.
fn send_all(link: &mut impl Link, mut bytes: &[u8]) -> Verdict {
    while !bytes.is_empty() {
        match within("send", LONG, || link.send(bytes, LONG))? {
            Ok(count @ 1..) => {
                let rest = bytes.get(count..);
                bytes = rest.ok_or_else(|| format!("send of {} bytes accepted {count}", bytes.len()))?;
            }
            other => return Err(format!("send of {} bytes gave {other:?}", bytes.len())),
        }
    }
    Ok(())
}

/// So many bytes from the link.
fn receive_all(link: &mut impl Link, most: usize) -> Result<Vec<u8>, String> {
    let mut all = Vec::new();
    let mut buffer = [0; 256];
    while all.len() < most {
        match within("receive", LONG, || link.receive(&mut buffer, LONG))? {
            Ok(Received::Bytes(count @ 1..=256)) => {
                all.extend_from_slice(buffer.get(..count).unwrap_or_default())
            }
            other => return Err(format!("receive gave {other:?} after {} of {most} bytes", all.len())),
        }
    }
    Ok(all)
}

/// That the line works, both ways.
fn exchange(link: &mut impl Link, peer: &mut impl Peer) -> Verdict {
    send_all(link, b"question")?;
    let got = peer.read(8, LONG);
    ensure!(got == b"question", "the peer got {got:02x?} for \"question\"");
    peer.write(b"answer");
    let got = receive_all(link, 6)?;
    ensure!(got == b"answer", "the link got {got:02x?} for \"answer\"");
    Ok(())
}
