//! Asking for the line: attempts, grants, contention, what lies on the line, and taking it all back.

mod support;

use core::time::Duration;

use caisse_link::serial::{
    AttemptFailure, Contention, Event as E, Once, Proof, Rules, SerialConfig, SessionEnd, SpeakError,
    Standing, Timers,
};
use support::{
    ACK, ANSWER, Bench, CALLED, ENQ, EOT, GAVE_UP, MET, NAK, OTHER, REQUEST, TILL, delivered, framed, open,
    received,
};

#[test]
fn nobody_answers_an_enquiry() {
    let mut till = open(TILL);
    // 3 s for the answer, EOT, a pause of 1 s: three times.
    for start in [30, 4_030, 8_030] {
        till.says(start, ENQ);
        till.says(start + 3_000, EOT);
        let failed = E::AttemptFailed(AttemptFailure::Silence);
        if start < 8_000 { till.tells(&[failed]) } else { till.tells(&[failed, GAVE_UP]) }
    }
    till.rests();
    assert_eq!((till.now, till.emissions, till.session.proof()), (11_030, 0, Proof::NothingSent));
    assert_eq!(till.session.counters().enquiries, 3);
}

#[test]
fn attempts_are_as_many_as_configured() {
    for attempts in [0, 1, 2, 3, 7, 255] {
        let timers = Timers { opening: Duration::from_secs(3_000), ..TILL.timers };
        let mut till = open(SerialConfig { timers, rules: Rules { attempts, ..TILL.rules }, ..TILL });
        while let Some(bytes) = till.hands_out() {
            till.accept(bytes.len());
        }
        // Whoever wants to speak asks at least once.
        assert_eq!(till.session.counters().enquiries, u32::from(attempts.max(1)));
        assert!(till.session.is_idle());
    }
}

#[test]
fn a_refused_enquiry_is_ended_and_asked_again() {
    let mut till = open(TILL);
    till.says(30, ENQ);
    till.hears(NAK);
    till.says(40, EOT);
    till.tells(&[E::AttemptFailed(AttemptFailure::Refused), E::Ended(SessionEnd::Own)]);
    till.says(1_040, ENQ);
    till.hears(NAK);
    till.says(1_050, EOT);
    till.says(2_050, ENQ);
    till.hears(NAK);
    till.says(2_060, EOT);
    till.rests();
    assert_eq!(till.session.proof(), Proof::NothingSent);
}

#[test]
fn a_failed_attempt_may_end_without_a_word() {
    let rules = Rules { ends_failed_attempts: false, ..TILL.rules };
    let mut till = open(SerialConfig { rules, ..TILL });
    till.says(30, ENQ);
    till.says(4_030, ENQ);
    till.hears(NAK);
    till.says(5_030, ENQ);
    till.waits(20_000);
    till.rests();
}

#[test]
fn a_peer_takes_its_grant_back() {
    for (bytes, failure) in
        [(EOT, AttemptFailure::Ended), (NAK, AttemptFailure::Refused), (ENQ, AttemptFailure::Silence)]
    {
        let mut till = open(TILL);
        till.says(30, ENQ);
        till.hears(&[ACK, bytes].concat());
        match failure {
            AttemptFailure::Ended => till.tells(&[E::Opened, E::AttemptFailed(failure)]),
            AttemptFailure::Refused => {
                till.tells(&[E::Opened, E::AttemptFailed(failure)]);
                till.says(40, EOT);
            }
            // Both want to speak: it is given way, and nothing of ours is on the line.
            _ => {
                till.tells(&[E::Opened, MET]);
                till.says(40, ACK);
                till.hears(EOT);
                till.says(70, ENQ);
                till.hears(ACK);
                till.emits(80);
                continue;
            }
        }
        till.says(1_030 + (till.now - 30), ENQ);
        assert_eq!(till.emissions, 0);
    }
}

#[test]
fn a_grant_that_comes_after_its_time_opens_nothing() {
    let mut till = open(TILL);
    till.says(30, ENQ);
    // The driver slept.
    till.now = 3_030;
    till.hears(ACK);
    till.tells(&[E::AttemptFailed(AttemptFailure::Silence), E::Ignored]);
    till.says(3_030, EOT);
    till.says(4_030, ENQ);
    // A byte earlier it does.
    till.now = 7_029;
    till.hears(ACK);
    till.tells(&[E::Opened]);
    till.emits(7_039);
}

#[test]
fn an_enquiry_that_cannot_be_sent_is_a_failed_attempt() {
    let mut till = open(TILL);
    for at in [30, 1_030, 2_030] {
        assert_eq!(till.hands_out().as_deref(), Some(ENQ));
        assert_eq!(till.now, at);
        till.session.handle_send_failed(till.instant(), 0);
    }
    let failed = E::AttemptFailed(AttemptFailure::SendFailed);
    till.tells(&[failed, failed, failed, GAVE_UP]);
    till.rests();

    // If it was accepted, or may have been, its answer is waited for.
    let mut till = open(TILL);
    till.hands_out();
    till.session.handle_sent(till.instant(), 1);
    till.session.handle_send_failed(till.instant(), 0);
    till.hears(ACK);
    till.tells(&[E::Opened]);
    let mut till = open(TILL);
    till.hands_out();
    till.session.handle_send_uncertain(till.instant());
    till.hears(ACK);
    till.tells(&[E::Opened]);
}

#[test]
fn contention_brings_the_earlier_result_and_then_our_turn() {
    let mut till = open(TILL);
    till.says(30, ENQ);
    till.hears(ENQ);
    till.tells(&[MET]);
    till.says(40, ACK);
    till.hears(&framed(OTHER));
    till.tells(&[received(Standing::Earlier)]);
    till.reads(&[OTHER]);
    till.says(50, ACK);
    till.hears(EOT);
    till.tells(&[E::Ended(SessionEnd::Peer)]);
    // The second of three attempts.
    till.says(80, ENQ);
    till.hears(ACK);
    till.emits(90);
    till.hears(ACK);
    till.says(100, EOT);
    till.skip();
    // Our acknowledgement of the earlier result may have been lost, and this be its copy.
    till.hears(ENQ);
    till.says(110, ACK);
    till.hears(&framed(OTHER));
    till.tells(&[CALLED, received(Standing::Doubtful)]);
    assert_eq!((till.emissions, till.session.counters().enquiries), (1, 2));
}

#[test]
fn an_end_that_leaves_late_does_not_make_the_enquiry_behind_it_answered() {
    let mut till = delivered_but_for_its_end();
    till.session.send(till.instant(), till.frame.len()).unwrap();
    // The enquiry stands behind the EOT, which leaves only now.
    till.passes(100);
    till.skip();
    till.hears(NAK);
    till.accept(1);
    till.hears(ACK);
    till.tells(&[E::Ignored, E::Ignored]);
    till.says(80, ENQ);
    till.hears(ACK);
    till.tells(&[E::Opened]);
}

fn delivered_but_for_its_end() -> Bench<Once> {
    let mut till = open(TILL);
    till.says(30, ENQ);
    till.hears(ACK);
    till.emits(40);
    till.hears(ACK);
    assert_eq!(till.hands_out().as_deref(), Some(EOT));
    till
}

#[test]
fn contention_does_not_go_on_for_ever() {
    let mut till = open(TILL);
    for at in [30, 70, 110] {
        till.says(at, ENQ);
        till.hears(ENQ);
        till.says(at + 10, ACK);
        till.hears(EOT);
    }
    till.skip();
    till.rests();
    assert_eq!((till.emissions, till.session.proof()), (0, Proof::NothingSent));
    let counters = till.session.counters();
    assert_eq!((counters.called, counters.contentions, counters.enquiries), (3, 3, 3));

    // A peer that asks in our pauses only is stopped by the time for opening.
    let mut till = open(TILL);
    while till.session.state().call().is_some() {
        till.hears(&[ENQ, EOT].concat());
        till.now += 29;
        till.session.handle_timeout(till.instant());
        assert!(till.now < 31_000);
    }
    assert_eq!(till.session.proof(), Proof::NothingSent);
    assert_eq!(till.emissions, 0);
    assert!(till.now >= 30_000);
}

#[test]
fn a_peer_that_retries_is_no_contention_worth_an_answer() {
    // 05 04 05 04 05 04.
    let mut till = open(TILL);
    till.says(30, ENQ);
    till.hears(&[ENQ, EOT, ENQ, EOT, ENQ, EOT].concat());
    till.tells(&[MET, E::CalledOff, CALLED, E::CalledOff, CALLED, E::CalledOff]);
    till.says(60, ENQ);
    till.hears(ACK);
    till.emits(70);
    // What it wanted to tell was never heard: it may come now.
    till.hears(ACK);
    till.says(80, EOT);
    till.skip();
    till.hears(ENQ);
    till.says(90, ACK);
    till.hears(&framed(OTHER));
    till.tells(&[CALLED, received(Standing::Doubtful)]);
}

#[test]
fn a_till_may_insist() {
    let rules = Rules { contention: Contention::Insist, ..TILL.rules };
    let mut till = open(SerialConfig { rules, ..TILL });
    till.says(30, ENQ);
    till.hears(ENQ);
    till.tells(&[E::Unanswered]);
    till.hears(&[ACK, ENQ].concat());
    till.tells(&[E::Opened, E::Unanswered]);
    till.emits(40);
    till.hears(ENQ);
    till.tells(&[E::Emitted, E::Drained, E::Unanswered]);
    // What means nothing gives no more time.
    till.now = 2_000;
    till.hears(ENQ);
    till.says(3_040, EOT);
}

#[test]
fn bytes_that_lie_on_the_line_are_read_and_answer_nothing() {
    let mut till = open(TILL);
    till.now = 5;
    till.hears(b"\x06\x15\x06?\x04");
    till.tells(&[E::Ignored, E::Ignored, E::Ignored, E::Stray, E::Ignored]);
    till.says(30, ENQ);
    till.hears(b"x");
    till.tells(&[E::Stray]);
    till.hears(ACK);
    till.emits(40);
    let counters = till.session.counters();
    assert_eq!((counters.ignored, counters.stray, counters.enquiries, counters.messages), (4, 2, 1, 1));
}

#[test]
fn a_half_frame_on_the_line_is_waited_out_before_the_enquiry() {
    let mut till = open(TILL);
    till.now = 5;
    till.hears(b"\x0201");
    till.says(3_005, ENQ);
    till.tells(&[E::BadFrame(None)]);
    till.hears(ACK);
    till.tells(&[E::Opened]);

    // It may also end in time; then the enquiry is late by nothing but that.
    let mut till = open(TILL);
    till.hears(&framed(OTHER)[..20]);
    till.now = 2_900;
    till.hears(&framed(OTHER)[20..]);
    till.tells(&[received(Standing::Earlier)]);
    till.says(2_910, ACK);
    till.says(2_910 + 3_000 + 30, ENQ);
}

#[test]
fn a_flood_without_an_end_does_not_hold_the_line() {
    let mut till = open(TILL);
    till.hears(&[0x02]);
    while till.session.state().call().is_some() && till.session.counters().enquiries == 0 {
        till.now += 2_900;
        till.hears(b"x");
        till.session.handle_timeout(till.instant());
        // The time for opening ends it first.
        assert!(till.now < 40_000);
    }
    till.skip();
    assert_eq!(till.session.proof(), Proof::NothingSent);
    // Without an errand it ends as well: 513 bytes, and 3 s.
    for _ in 0..600 {
        till.now += 2_900;
        till.hears(b"x");
        till.session.handle_timeout(till.instant());
    }
    assert!(till.session.is_idle());
    assert!(till.session.counters().stray > 50);
}

#[test]
fn cancelled_in_time_nothing_is_sent() {
    // Before the enquiry, after it, granted, and with the message not yet handed out.
    let mut till = open(TILL);
    till.session.withdraw(till.instant());
    till.tells(&[GAVE_UP]);
    till.rests();

    for granted in [false, true] {
        let mut till = open(TILL);
        till.says(30, ENQ);
        if granted {
            till.hears(ACK);
        }
        till.skip();
        till.session.withdraw(till.instant());
        till.tells(&[GAVE_UP]);
        assert!(!till.session.is_idle(), "its EOT has not left");
        till.says(30, EOT);
        till.rests();
    }

    let mut till = open(TILL);
    till.says(30, ENQ);
    till.hears(ACK);
    till.skip();
    till.now = 40;
    till.session.handle_timeout(till.instant());
    till.session.withdraw(till.instant());
    till.tells(&[GAVE_UP]);
    till.says(50, EOT);
    till.rests();
    assert_eq!((till.emissions, till.session.proof()), (0, Proof::NothingSent));

    // An enquiry that waits to be handed out stays here.
    let mut till = open(TILL);
    till.now = 30;
    till.session.handle_timeout(till.instant());
    till.session.withdraw(till.instant());
    till.says(30, EOT);
    till.rests();

    // In a session of the peer's, which goes on.
    let mut till = open(TILL);
    till.hears(ENQ);
    till.says(10, ACK);
    till.session.withdraw(till.instant());
    till.tells(&[CALLED, GAVE_UP]);
    till.hears(&framed(OTHER));
    till.tells(&[received(Standing::Earlier)]);
    till.says(20, ACK);
    till.hears(EOT);
    till.rests();
}

#[test]
fn one_errand_at_a_time() {
    let mut till = open(TILL);
    let now = till.instant();
    assert_eq!(till.session.send(now, 37), Err(SpeakError::Busy));
    assert_eq!(till.session.ping(now), Err(SpeakError::Busy));
    till.says(30, ENQ);
    till.hears(ACK);
    assert_eq!(till.session.send(now, 37), Err(SpeakError::Busy));
    till.emits(40);
    assert_eq!(till.session.send(now, 37), Err(SpeakError::Busy));
    till.hears(ACK);
    // Delivered: the next one may wait for the end of this one's session.
    till.session.send(till.instant(), 37).unwrap();
    assert_eq!(till.session.send(now, 37), Err(SpeakError::Busy));
    assert_eq!(till.session.proof(), Proof::NothingSent);
    till.says(50, EOT);
    till.says(80, ENQ);
    till.hears(ACK);
    till.emits(90);
    till.hears(ACK);
    till.says(100, EOT);
    till.skip();
    // The first was never answered: this may be its answer.
    till.hears(ENQ);
    till.says(110, ACK);
    till.hears(&framed(ANSWER));
    till.tells(&[CALLED, received(Standing::Doubtful)]);
    assert_eq!(till.emissions, 2);
    for length in [0, 3, 516, usize::MAX] {
        assert_eq!(till.session.send(now, length), Err(SpeakError::Length { length }));
    }
}

#[test]
fn an_answered_errand_leaves_no_doubt_for_the_next() {
    let mut till = delivered(TILL);
    till.hears(ENQ);
    till.says(60, ACK);
    till.hears(&framed(ANSWER));
    till.says(70, ACK);
    till.hears(EOT);
    till.session.send(till.instant(), 37).unwrap();
    till.skip();
    till.says(100, ENQ);
    till.hears(ACK);
    till.emits(110);
    till.hears(ACK);
    till.says(120, EOT);
    till.skip();
    till.hears(ENQ);
    till.says(130, ACK);
    till.hears(&framed(ANSWER));
    till.tells(&[CALLED, received(Standing::After)]);
}

#[test]
fn an_errand_in_a_session_of_the_peer_s_waits_and_keeps_in_mind_what_came() {
    let mut till = Bench::<Once>::new(TILL, REQUEST);
    till.hears(ENQ);
    till.session.send(till.instant(), 37).unwrap();
    till.says(10, ACK);
    till.hears(&framed(OTHER));
    till.says(20, ACK);
    till.hears(EOT);
    till.tells(&[CALLED, received(Standing::Earlier), E::Ended(SessionEnd::Peer)]);
    till.says(50, ENQ);
    till.hears(ACK);
    till.emits(60);
    till.hears(ENQ);
    till.says(70, ACK);
    till.hears(&framed(OTHER));
    till.skip();
    till.reads(&[OTHER, OTHER]);
}
