//! Where a message ends: every ending, at exactly its time, in any pieces.

use std::time::Duration;

use caisse_link::{Assembly, Ending, Instant, Judge, Judgement, Limits};
use proptest::prelude::*;

const LIMITS: Limits =
    Limits { quiet: Duration::from_millis(300), patience: Duration::from_secs(3), longest: 10 };

/// Reads its judgement off the last byte, and keeps what it saw.
#[derive(Default)]
struct LastByte {
    seen: Vec<u8>,
}

impl Judge for LastByte {
    fn feed(&mut self, bytes: &[u8]) -> Judgement {
        assert!(!bytes.is_empty());
        self.seen.extend_from_slice(bytes);
        if self.seen.contains(&b'!') {
            return Judgement::Malformed;
        }
        match self.seen.last() {
            Some(b'.') => Judgement::Complete,
            Some(b',') => Judgement::Boundary,
            _ => Judgement::NeedMore,
        }
    }
}

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn feed(bytes: &[u8]) -> (Assembly, LastByte) {
    let (mut assembly, mut judge) = (Assembly::new(LIMITS), LastByte::default());
    assembly.handle_input(at(1_000), bytes, &mut judge);
    (assembly, judge)
}

#[test]
fn silence_ends_a_message_at_exactly_its_time() {
    for (bytes, deadline) in
        [(b"ab.".as_slice(), Some(1_300)), (b"ab,", Some(4_000)), (b"ab", None), (b"", None)]
    {
        let (mut assembly, _) = feed(bytes);
        assert_eq!(assembly.deadline(), deadline.map(at));
        assembly.handle_timeout(at(deadline.unwrap_or(1_000_000) - 1));
        assert_eq!(assembly.ending(), None);
        assembly.handle_timeout(at(deadline.unwrap_or(1_000_000)));
        assert_eq!(assembly.ending(), deadline.map(|_| Ending::Quiet));
        assert_eq!(assembly.deadline(), None);
    }
}

#[test]
fn another_byte_starts_the_silence_anew() {
    let (mut assembly, mut judge) = feed(b"ab.");
    assembly.handle_input(at(1_299), b"c.", &mut judge);
    assert_eq!(assembly.deadline(), Some(at(1_599)));
    assembly.handle_input(at(1_400), b"d", &mut judge);
    assert_eq!(assembly.deadline(), None);
    assembly.handle_input(at(1_500), b"", &mut judge);
    assert_eq!(assembly.received(), 6);
}

#[test]
fn the_first_ending_stands() {
    let (mut assembly, mut judge) = feed(b"a!");
    assert_eq!(assembly.ending(), Some(Ending::Malformed));
    assembly.handle_closed();
    assembly.handle_input(at(2_000), b"more.", &mut judge);
    assembly.handle_timeout(at(9_000));
    assert_eq!(assembly.ending(), Some(Ending::Malformed));
    assert_eq!((assembly.received(), judge.seen.len()), (7, 2));
    let (mut assembly, _) = feed(b"a.");
    assembly.handle_closed();
    assert_eq!((assembly.ending(), assembly.deadline()), (Some(Ending::Closed), None));
}

#[test]
fn a_message_may_be_as_long_as_its_limit_and_no_longer() {
    let (assembly, judge) = feed(b"123456789.");
    assert_eq!((assembly.ending(), judge.seen.len()), (None, 10));
    let (assembly, judge) = feed(b"1234567890.");
    assert_eq!((assembly.ending(), judge.seen.len()), (Some(Ending::TooLong), 10));
    let (mut assembly, mut judge) = feed(b"123456789.");
    assembly.handle_input(at(1_001), b".", &mut judge);
    assert_eq!((assembly.ending(), judge.seen.len()), (Some(Ending::TooLong), 10));
    let (assembly, _) = feed(b"12345678!0123");
    assert_eq!(assembly.ending(), Some(Ending::Malformed));
}

#[test]
fn instants_round_up_and_saturate() {
    assert_eq!(at(1).after(Duration::from_nanos(1)), at(2));
    assert_eq!(at(1).after(Duration::ZERO), at(1));
    assert_eq!(at(u64::MAX).after(Duration::from_secs(1)), at(u64::MAX));
    assert_eq!(at(1).after(Duration::MAX), at(u64::MAX));
}

proptest! {
    #[test]
    fn pieces_do_not_matter(bytes in "[a-c.,!]{0,14}", cuts in proptest::collection::vec(0usize..14, 0..6)) {
        let bytes = bytes.as_bytes();
        let whole = feed(bytes);
        let (mut assembly, mut judge) = (Assembly::new(LIMITS), LastByte::default());
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut < bytes.len()).collect();
        cuts.sort_unstable();
        let mut from = 0;
        for cut in cuts.into_iter().chain([bytes.len()]) {
            assembly.handle_input(at(1_000), &bytes[from..cut], &mut judge);
            from = cut;
        }
        prop_assert_eq!(assembly.ending(), whole.0.ending());
        prop_assert_eq!(assembly.deadline(), whole.0.deadline());
        prop_assert_eq!(assembly.received(), whole.0.received());
    }
}
