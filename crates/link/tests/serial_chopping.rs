//! How the bytes are cut does not matter: any split and merge, with gaps that reach no timer, gives the same events and the
//! same words of ours.

mod support;

use core::time::Duration;

use caisse_link::serial::{Event, Permit, Rules, SerialConfig, SessionEnd, Timers};
use proptest::collection::vec;
use proptest::prelude::*;
use std::fmt::Debug;
use support::{ACK, ANSWER, Bench, ENQ, EOT, NAK, OTHER, Said, TILL, broken, framed};

#[derive(Clone, Debug)]
enum Act {
    /// These bytes come close together.
    Hear(Vec<u8>),
    /// The next timer fires.
    Timer,
    /// What was handed out is accepted and drained.
    Accept,
    /// The owner has something to say.
    Speak,
    Withdraw,
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    let text = vec(0x20..0x80_u8, 1..40).prop_map(|body| framed(&body));
    // Bodies whose check byte looks like ETX, EOT, ENQ, ACK, STX and NAK.
    let check = prop::sample::select(vec![0x03, 0x04, 0x05, 0x06, 0x02, 0x15_u8])
        .prop_map(|check| framed(&[b'A', b'B', 0x7f, 0x7f ^ 0x03 ^ check]));
    prop_oneof![
        6 => prop::sample::select(vec![ENQ, ACK, NAK, EOT]).prop_map(<[u8]>::to_vec),
        2 => prop::sample::select(vec![ANSWER, OTHER]).prop_map(framed),
        1 => Just(broken(ANSWER)),
        1 => text,
        1 => check,
        1 => vec(any::<u8>(), 1..4),
        1 => Just(framed(ANSWER)[..9].to_vec()),
        1 => Just(framed(ANSWER)[9..].to_vec()),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => vec(piece(), 1..6).prop_map(|pieces| Act::Hear(pieces.concat())),
        5 => Just(Act::Timer),
        5 => Just(Act::Accept),
        1 => Just(Act::Speak),
        1 => Just(Act::Withdraw),
    ]
}

/// How long a run of bytes takes, in milliseconds: shorter than the turn-round. Its last byte comes before that, so that a
/// timer that starts behind it never falls together with the one of a frame that it leaves open.
const LONGEST_RUN: u64 = 8;

/// Plays the acts; each run of bytes is cut behind the bytes that `cuts` names, and a piece comes up to a millisecond after
/// the one before, never all of them later than the turn-round.
fn play<M: Permit + Copy + Debug>(mut bench: Bench<M>, acts: &[Act], cuts: &[(usize, bool)]) -> Vec<Said> {
    let mut cuts = cuts.iter().cycle();
    for act in acts {
        match act {
            Act::Hear(bytes) => {
                // No timer is due within the run, nor so soon behind the one before that a gap could change the order.
                bench.passes(30);
                let start = bench.now;
                let mut rest = bytes.as_slice();
                let mut gaps = 0;
                while !rest.is_empty() {
                    let (length, gap) = cuts.next().unwrap_or(&(usize::MAX, false));
                    let piece = rest.split_off(..(*length).clamp(1, rest.len())).unwrap();
                    bench.hears(piece);
                    if *gap && gaps < LONGEST_RUN - 1 {
                        (bench.now, gaps) = (bench.now + 1, gaps + 1);
                    }
                }
                bench.now = start + LONGEST_RUN;
            }
            Act::Timer => bench.jumps(),
            Act::Accept => bench.accepts(),
            Act::Speak => bench.speaks(),
            Act::Withdraw => bench.session.withdraw(bench.instant()),
        }
        bench.drain();
    }
    bench.said()
}

fn config(rules: Rules) -> SerialConfig {
    // These two run beside the timer of the state, and so a gap of a millisecond could change which one fires first. No sum
    // of thirty of each comes near another: 7 times the second is still 28 000 s from the next million.
    let (send, opening) = (Duration::from_secs(1_000_000), Duration::from_secs(2_718_281));
    SerialConfig { rules, timers: Timers { send, opening, ..TILL.timers }, ..TILL }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn pieces_do_not_matter(
        acts in vec(act(), 1..30),
        cuts in vec((1..40_usize, any::<bool>()), 1..20),
    ) {
        let till = || support::open(config(Rules::TILL));
        let terminal = || support::terminal(config(Rules::TERMINAL));
        let whole = play(till(), &acts, &[]);
        prop_assert_eq!(&play(till(), &acts, &[(1, false)]), &whole);
        prop_assert_eq!(&play(till(), &acts, &cuts), &whole);
        let whole = play(terminal(), &acts, &[]);
        prop_assert_eq!(&play(terminal(), &acts, &[(1, false)]), &whole);
        prop_assert_eq!(&play(terminal(), &acts, &cuts), &whole);
    }
}

/// Found by the test above when a third of the opening's time was the sending's: three enquiries that the system never took
/// made the end of a fourth fall on the millisecond of the timer for the message, and a gap chose between the two.
#[test]
fn what_is_never_taken_hides_no_end_of_a_session() {
    let cut_off = [ENQ, &framed(ANSWER)[..9], &framed(ANSWER)].concat();
    let acts = [
        Act::Speak,
        Act::Hear(framed(b" ")),
        Act::Timer,
        Act::Hear(EOT.to_vec()),
        Act::Timer,
        Act::Hear(ENQ.to_vec()),
        Act::Hear(EOT.to_vec()),
        Act::Hear(ENQ.to_vec()),
        Act::Timer,
        Act::Timer,
        Act::Hear(ACK.to_vec()),
        Act::Hear(ACK.to_vec()),
        Act::Hear(cut_off),
        Act::Hear(ENQ.to_vec()),
        Act::Hear(vec![0]),
        Act::Timer,
    ];
    let till = |cuts: &[_]| play(support::open(config(Rules::TILL)), &acts, cuts);
    let terminal = |cuts: &[_]| play(support::terminal(config(Rules::TERMINAL)), &acts, cuts);
    let silence = Said::Event(Event::Ended(SessionEnd::Silence));
    assert!(till(&[]).contains(&silence) && terminal(&[]).contains(&silence));
    for length in 1..40 {
        for gaps in [[false, true], [true, false], [true, true]] {
            let cuts = gaps.map(|gap| (length, gap));
            assert_eq!(till(&cuts), till(&[]), "{cuts:?}");
            assert_eq!(terminal(&cuts), terminal(&[]), "{cuts:?}");
        }
    }
}

#[test]
fn the_runs_that_are_compared_say_something() {
    let acts = [
        Act::Timer,
        Act::Accept,
        Act::Hear(ACK.to_vec()),
        Act::Timer,
        Act::Accept,
        Act::Hear([ACK, ENQ, &framed(ANSWER)].concat()),
        Act::Accept,
        Act::Timer,
        Act::Accept,
    ];
    let said = play(support::open(config(Rules::TILL)), &acts, &[(3, true)]);
    let bytes = |said: &[Said]| said.iter().filter(|it| matches!(it, Said::Bytes(_))).count();
    assert_eq!(bytes(&said), 4, "{said:?}");
    assert!(said.contains(&Said::Body(ANSWER.to_vec())));
    // A gap that reaches a timer does matter.
    let mut bench = support::open(config(Rules::TILL));
    bench.says(30, ENQ);
    bench.hears(&[ACK, ENQ].concat());
    let mut late = support::open(config(Rules::TILL));
    late.says(30, ENQ);
    late.hears(ACK);
    late.emits(40);
    late.hears(ENQ);
    assert_ne!(bench.said(), late.said());
}
