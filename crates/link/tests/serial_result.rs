//! The terminal's result: read in its own session or without one, and to which request it can belong.

mod support;

use caisse_link::frame::Fault;
use caisse_link::serial::{Event as E, Instead, Once, Rules, SerialConfig, SessionEnd, Standing};
use support::{
    ACK, ANSWER, Bench, CALLED, ENQ, EOT, NAK, OTHER, PERHAPS, REQUEST, TILL, broken, delivered, emitted,
    framed, received,
};

#[test]
fn a_result_before_our_message_is_an_earlier_one() {
    // Before the errand, before the enquiry, instead of its answer, after its answer, while the message leaves.
    for case in 0..6 {
        let mut till = Bench::<Once>::new(TILL, REQUEST);
        let read = |till: &mut Bench<_>| {
            till.skip();
            till.hears(&framed(OTHER));
            till.tells(&[received(Standing::Earlier)]);
            till.reads(&[OTHER]);
        };
        if case == 0 {
            read(&mut till);
            till.says(10, ACK);
        }
        till.session.send(till.instant(), till.frame.len()).unwrap();
        if case == 1 {
            read(&mut till);
            till.says(10, ACK);
            till.hears(EOT);
        }
        while till.hands_out().as_deref() != Some(ENQ) {
            till.accept(1);
        }
        if case == 2 {
            read(&mut till);
            till.accept(1);
            continue;
        }
        till.accept(1);
        if case == 3 {
            read(&mut till);
            continue;
        }
        till.hears(ACK);
        if case == 4 {
            read(&mut till);
            continue;
        }
        let frame = till.hands_out().unwrap();
        till.session.handle_sent(till.instant(), frame.len());
        if case == 5 {
            till.skip();
            read(&mut till);
            till.session.handle_drained(till.instant());
            till.hears(ACK);
            till.tells(&[E::Drained, E::Delivered]);
            // Its copy may still come.
            till.hears(&framed(OTHER));
            till.tells(&[received(Standing::Doubtful)]);
        }
        assert_eq!(till.emissions, 1);
    }
}

#[test]
fn a_result_without_a_session_is_read_too() {
    let mut till = delivered(TILL);
    till.hears(&framed(ANSWER));
    till.tells(&[received(Standing::After)]);
    till.says(60, ACK);
    // Instead of the acknowledgement.
    let mut till = emitted(TILL);
    till.hears(&framed(ANSWER));
    till.tells(&[E::Unacknowledged(Instead::Message), PERHAPS, received(Standing::After)]);
    till.says(50, ACK);
    // Where that is not wanted, it is nothing.
    let rules = Rules { takes_bare_messages: false, ..TILL.rules };
    let mut till = delivered(SerialConfig { rules, ..TILL });
    till.hears(&framed(ANSWER));
    till.tells(&[E::Ignored]);
    till.rests();
    let mut till = emitted(SerialConfig { rules, ..TILL });
    till.hears(&[framed(ANSWER).as_slice(), ACK].concat());
    till.tells(&[E::Ignored, E::Delivered]);
}

#[test]
fn bad_frames_are_refused_within_a_bound() {
    let mut till = delivered(TILL);
    till.hears(ENQ);
    till.says(60, ACK);
    for at in [70, 80, 90] {
        till.hears(&broken(ANSWER));
        till.says(at, NAK);
    }
    let bad = E::BadFrame(Some(Fault::CheckByte));
    till.tells(&[CALLED, bad, bad, bad]);
    // Well received at last.
    let mut good = delivered(TILL);
    good.hears(ENQ);
    good.says(60, ACK);
    good.hears(&broken(ANSWER));
    good.says(70, NAK);
    good.hears(&framed(ANSWER));
    good.tells(&[CALLED, bad, received(Standing::After)]);
    good.says(80, ACK);
    // The fourth: no word.
    till.hears(&broken(ANSWER));
    till.tells(&[bad]);
    till.waits(20_000);
    till.tells(&[E::Ended(SessionEnd::Dropped)]);
    till.rests();
    assert_eq!(till.session.counters().bad_frames, 4);
}

#[test]
fn a_frame_that_stops_is_bad_after_three_seconds() {
    let answer = framed(ANSWER);
    for kept in [1, 12, 26, 27] {
        let mut till = delivered(TILL);
        till.hears(ENQ);
        till.says(60, ACK);
        till.hears(&answer[..kept]);
        till.now += 2_999;
        till.session.handle_timeout(till.instant());
        till.hears(&answer[kept..]);
        till.tells(&[CALLED, received(Standing::After)]);

        let mut till = delivered(TILL);
        till.hears(ENQ);
        till.says(60, ACK);
        till.now += 2_000;
        till.hears(&answer[..kept]);
        till.says(5_070, NAK);
        till.tells(&[CALLED, E::BadFrame(None)]);
        till.hears(&answer);
        till.tells(&[received(Standing::After)]);
    }
}

#[test]
fn each_byte_of_a_frame_has_its_time_and_none_beyond_the_longest() {
    let mut till = delivered(TILL);
    let millis = |till: &Bench<Once>| till.session.deadline().map(caisse_link::Instant::millis);
    till.now = 1_000;
    till.hears(b"\x02");
    assert_eq!(millis(&till), Some(4_000));
    // Nothing is nothing.
    till.now = 1_500;
    till.session.handle_input(till.instant(), &mut b"".as_slice());
    assert_eq!(millis(&till), Some(4_000));
    till.now = 2_000;
    till.hears(&[b'x'; 511]);
    assert_eq!(millis(&till), Some(5_000));
    till.now = 3_000;
    till.hears(b"x");
    assert_eq!(millis(&till), Some(6_000));
    till.now = 4_000;
    till.hears(b"x");
    assert_eq!(millis(&till), Some(6_000));
    till.now = 5_000;
    till.hears(b"\x03");
    assert_eq!(millis(&till), Some(6_000));
    till.now = 5_500;
    till.hears(b"x");
    assert_eq!(millis(&till), None);
    till.tells(&[E::BadFrame(Some(Fault::TooLong))]);
    // In one piece it is the same.
    till.hears(&[b"\x02".as_slice(), &[b'x'; 600]].concat());
    assert_eq!(millis(&till), Some(8_500));
    till.hears(b"x");
    till.waits(8_500);
    till.tells(&[E::BadFrame(None)]);
}

#[test]
fn a_peer_that_calls_and_says_nothing_is_dropped() {
    let mut till = delivered(TILL);
    till.hears(ENQ);
    till.says(60, ACK);
    // What means nothing gives it no more time.
    till.waits(2_000);
    till.hears(ACK);
    till.waits(3_060);
    till.tells(&[CALLED, E::Ignored, E::Ended(SessionEnd::Silence)]);
    // And may call again.
    till.hears(ENQ);
    till.says(3_070, ACK);
    till.hears(EOT);
    till.tells(&[CALLED, E::Ended(SessionEnd::Peer)]);
    till.rests();
}

#[test]
fn a_missing_end_changes_nothing() {
    let mut till = delivered(TILL);
    till.hears(ENQ);
    till.says(60, ACK);
    till.hears(&framed(ANSWER));
    till.says(70, ACK);
    till.waits(3_070);
    till.tells(&[CALLED, received(Standing::After), E::Ended(SessionEnd::Silence)]);
    till.rests();
    // Or the next session begins in its place.
    let mut till = delivered(TILL);
    till.hears(ENQ);
    till.says(60, ACK);
    till.hears(&framed(ANSWER));
    till.says(70, ACK);
    till.hears(ENQ);
    till.says(80, ACK);
    till.hears(&framed(OTHER));
    till.tells(&[CALLED, received(Standing::After), CALLED, received(Standing::After)]);
}

#[test]
fn a_lost_acknowledgement_brings_the_result_again() {
    let mut till = delivered(TILL);
    till.hears(ENQ);
    till.says(60, ACK);
    till.hears(&framed(ANSWER));
    till.says(70, ACK);
    // In the same session, and in another.
    till.hears(&framed(ANSWER));
    till.says(80, ACK);
    till.hears(&[EOT, ENQ].concat());
    till.says(90, ACK);
    till.hears(&framed(ANSWER));
    till.says(100, ACK);
    till.tells(&[
        CALLED,
        received(Standing::After),
        E::Received { standing: Standing::After, again: true },
        E::Ended(SessionEnd::Peer),
        CALLED,
        received(Standing::After),
    ]);
    till.reads(&[ANSWER, ANSWER, ANSWER]);
}

#[test]
fn a_lost_grant_is_given_again() {
    let mut till = delivered(TILL);
    till.hears(ENQ);
    till.says(60, ACK);
    till.hears(ENQ);
    till.says(70, ACK);
    till.hears(&framed(ANSWER));
    till.tells(&[CALLED, CALLED, received(Standing::After)]);
}

#[test]
fn parity_bits_are_dropped_on_request() {
    let odd = |bytes: &[u8]| -> Vec<u8> {
        bytes.iter().map(|byte| if byte.count_ones() % 2 == 1 { byte | 0x80 } else { *byte }).collect()
    };
    let tolerance = caisse_link::frame::Tolerance { parity_bits: true, line_feeds: false };
    let mut till = delivered(SerialConfig { tolerance, ..TILL });
    till.hears(&odd(ENQ));
    till.says(60, ACK);
    till.hears(&odd(&framed(ANSWER)));
    till.reads(&[ANSWER]);
    till.says(70, ACK);
    till.hears(&odd(EOT));
    till.tells(&[CALLED, received(Standing::After), E::Ended(SessionEnd::Peer)]);
    // Otherwise they are rubbish.
    let mut till = delivered(TILL);
    till.hears(&odd(EOT));
    till.tells(&[E::Stray]);
}

#[test]
fn nothing_that_prints_shows_a_byte_of_a_message() {
    let mut till = delivered(TILL);
    till.hears(ENQ);
    till.says(60, ACK);
    till.hears(&framed(b"01007497011112222331978          "));
    till.skip();
    assert!(!format!("{:?}", till.session).contains("497011"));
    assert!(format!("{:?}", till.session).contains("Judging"));
}
