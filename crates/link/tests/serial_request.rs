//! The request on the line: one emission, and what is proven of it whatever answers, fails or goes away.

mod support;

use caisse_link::serial::{
    Baud, Event as E, Instead, LineSettings, Once, Proof, Rules, SerialConfig, SessionEnd, SpeakError,
    Standing, State,
};
use support::{
    ACK, ANSWER, Bench, CALLED, ENQ, EOT, GAVE_UP, MET, NAK, PERHAPS, TILL, delivered, emitted, framed, open,
    received,
};

#[test]
fn a_whole_transaction() {
    let mut till = delivered(TILL);
    assert_eq!(till.session.proof(), Proof::Delivered);
    assert!(till.session.is_idle());
    till.now = 20_000;
    till.hears(ENQ);
    till.says(20_010, ACK);
    till.hears(&framed(ANSWER));
    till.reads(&[ANSWER]);
    till.says(20_020, ACK);
    till.hears(EOT);
    till.tells(&[CALLED, received(Standing::After), E::Ended(SessionEnd::Peer)]);
    till.rests();
    assert_eq!(till.emissions, 1);
    let counters = till.session.counters();
    assert_eq!((counters.enquiries, counters.messages, counters.received), (1, 1, 1));
    assert_eq!((counters.called, counters.contentions, counters.ignored), (1, 0, 0));
}

#[test]
fn every_byte_of_the_published_session() {
    let vectors = include_str!("../../../docs/vectors/vectors-v2.jsonl");
    let hex = |name: &str| {
        let line = vectors.lines().find(|line| line.contains(name)).unwrap();
        let hex = line.split("\"hex\": \"").nth(1).unwrap().split('"').next().unwrap();
        (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect::<Vec<_>>()
    };
    for terminal in ["session-terminal-side-bytes", "session-tony-mock-terminal"] {
        let terminal = hex(terminal);
        let mut heard = terminal.as_slice();
        let mut take = |count: usize| heard.split_off(..count).unwrap();
        let mut till = open(TILL);
        let mut said = vec![];
        // ENQ, the request, EOT; then an acknowledgement for each of the terminal's ENQ and answer.
        for (sends, answer) in [(1, 1), (1, 1), (1, 1), (1, 28), (1, 1)] {
            for _ in 0..sends {
                let bytes = till.hands_out().unwrap();
                till.accept(bytes.len());
                said.extend(bytes);
            }
            till.hears(take(answer));
        }
        assert_eq!(said, hex("session-pos-side-bytes"));
        assert!(take(0).is_empty());
        till.reads(&[&terminal[4..29]]);
        till.rests();
    }
}

#[test]
fn acknowledgements_of_what_has_not_left_are_none() {
    let mut till = open(TILL);
    till.now = 30;
    assert_eq!(till.hands_out().as_deref(), Some(ENQ));
    till.hears(&[ACK, NAK, EOT].concat());
    till.tells(&[E::Ignored; 3]);
    till.accept(1);
    till.hears(ACK);
    till.tells(&[E::Opened]);

    // The message: accepted in two parts, then drained late.
    let frame = till.hands_out().unwrap();
    till.hears(ACK);
    till.session.handle_sent(till.instant(), 10);
    till.hears(NAK);
    assert_eq!(till.hands_out().unwrap(), frame[10..]);
    till.session.handle_sent(till.instant(), frame.len() - 10);
    till.hears(&[ACK, EOT].concat());
    till.tells(&[E::Ignored, E::Ignored, E::Emitted, E::Ignored, E::Ignored]);
    assert_eq!(till.session.proof(), Proof::PerhapsSent);
    till.now += 1_000;
    till.session.handle_drained(till.instant());
    till.hears(ACK);
    till.tells(&[E::Drained, E::Delivered]);
    assert_eq!((till.emissions, till.session.proof()), (1, Proof::Delivered));
}

#[test]
fn the_timer_of_the_acknowledgement_starts_when_the_message_has_left() {
    let slow = LineSettings { baud: Baud::B1200, ..LineSettings::RS232 };
    let mut till = Bench::<Once>::new(SerialConfig { line: slow, ..TILL }, &[b'x'; 512]);
    till.session.send(till.instant(), 515).unwrap();
    till.says(30, ENQ);
    till.hears(ACK);
    let frame = till.hands_out().unwrap();
    till.session.handle_sent(till.instant(), frame.len());
    // 4.29 s on the line.
    till.waits(40 + 4_292);
    till.session.handle_drained(till.instant());
    till.tells(&[E::Opened, E::Emitted, E::Drained]);
    till.waits(40 + 4_292 + 2_999);
    till.hears(ACK);
    till.tells(&[E::Delivered]);
}

#[test]
fn a_system_that_never_lets_the_message_leave_is_not_waited_for() {
    let mut till = open(TILL);
    till.says(30, ENQ);
    till.hears(ACK);
    assert_eq!(till.hands_out().unwrap().len(), 37);
    assert_eq!(till.now, 40);
    // 37 bytes of 10 bits at 9600, rounded up, and a second; then 3 s for the acknowledgement.
    till.says(40 + 1_039 + 3_000, EOT);
    till.tells(&[
        E::Opened,
        E::SendBroken,
        E::Unacknowledged(Instead::Silence),
        PERHAPS,
        E::Ended(SessionEnd::Own),
    ]);
    assert_eq!(till.session.proof(), Proof::PerhapsSent);
    till.rests();
}

#[test]
fn what_the_system_accepted_decides_what_is_proven() {
    // Nothing: proven.
    let mut till = open(TILL);
    till.says(30, ENQ);
    till.hears(ACK);
    till.hands_out();
    assert_eq!(till.session.proof(), Proof::PerhapsSent, "handed out, and no word on it");
    till.session.handle_send_failed(till.instant(), 0);
    till.tells(&[E::Opened, GAVE_UP]);
    assert_eq!(till.session.proof(), Proof::NothingSent);
    till.says(50, EOT);
    till.rests();

    // A byte, before or together with the failure; or no word.
    for case in 0..4 {
        let mut till = open(TILL);
        till.says(30, ENQ);
        till.hears(ACK);
        till.hands_out();
        let now = till.instant();
        match case {
            0 => {
                till.session.handle_sent(now, 1);
                till.hands_out();
                till.session.handle_send_failed(now, 0);
            }
            1 => till.session.handle_send_failed(now, 1),
            2 => till.session.handle_send_uncertain(now),
            _ => {
                till.session.handle_sent(now, 37);
                till.tells(&[E::Opened, E::Emitted]);
                till.session.handle_send_failed(now, 0);
            }
        }
        assert_eq!(till.session.proof(), Proof::PerhapsSent);
        till.skip();
        // The terminal may have it: its word and its answer are welcome.
        till.hears(ACK);
        till.tells(&[E::Delivered]);
        assert_eq!(till.emissions, 1);
    }
}

#[test]
fn reports_that_say_nothing_change_nothing() {
    let mut till = open(TILL);
    // Nothing is with the driver.
    till.session.handle_sent(till.instant(), 37);
    till.session.handle_drained(till.instant());
    till.session.handle_send_failed(till.instant(), 0);
    till.session.handle_send_uncertain(till.instant());
    till.tells(&[]);
    till.says(30, ENQ);
    till.hears(ACK);
    till.hands_out();
    // Handed out: no byte accepted is no progress, and what was not accepted cannot have left.
    till.session.handle_sent(till.instant(), 0);
    till.session.handle_drained(till.instant());
    till.hears(ACK);
    till.tells(&[E::Opened, E::Ignored]);
    till.session.handle_send_failed(till.instant(), 0);
    till.tells(&[GAVE_UP]);
    assert_eq!(till.session.proof(), Proof::NothingSent);
    // The EOT that follows is still with us.
    assert!(!till.session.is_idle());
    till.says(50, EOT);
    assert!(till.session.is_idle());
}

#[test]
fn a_refused_message_is_never_said_again() {
    let mut till = emitted(TILL);
    till.hears(NAK);
    till.tells(&[E::Refused, PERHAPS]);
    till.says(50, EOT);
    till.tells(&[E::Ended(SessionEnd::Own)]);
    assert_eq!(till.session.proof(), Proof::PerhapsSent);
    // The terminal takes it for well received all the same, and tells the result.
    till.now = 9_000;
    till.hears(ENQ);
    till.says(9_010, ACK);
    till.hears(&framed(ANSWER));
    till.tells(&[CALLED, received(Standing::After)]);
    till.says(9_020, ACK);
    till.hears(EOT);
    till.rests();
    assert_eq!(till.emissions, 1);
}

#[test]
fn after_a_refusal_the_end_may_be_left_out() {
    // PYT.
    let rules = Rules { ends_undelivered: false, ..TILL.rules };
    let mut till = emitted(SerialConfig { rules, ..TILL });
    till.hears(NAK);
    till.tells(&[E::Refused, PERHAPS, E::Ended(SessionEnd::Own)]);
    till.rests();
    let mut till = emitted(SerialConfig { rules, ..TILL });
    till.waits(20_000);
    till.tells(&[E::Unacknowledged(Instead::Silence), PERHAPS, E::Ended(SessionEnd::Own)]);
    till.rests();
    // KIO: neither after an acknowledgement.
    let rules = Rules { ends_delivered: false, ..TILL.rules };
    let mut till = emitted(SerialConfig { rules, ..TILL });
    till.hears(ACK);
    till.tells(&[E::Delivered, E::Ended(SessionEnd::Own)]);
    till.rests();
}

#[test]
fn silence_instead_of_the_acknowledgement() {
    let mut till = emitted(TILL);
    till.says(3_040, EOT);
    till.tells(&[E::Unacknowledged(Instead::Silence), PERHAPS, E::Ended(SessionEnd::Own)]);
    // Late, it is nothing; the answer is something.
    till.hears(ACK);
    till.tells(&[E::Ignored]);
    assert_eq!(till.session.proof(), Proof::PerhapsSent);
    till.hears(ENQ);
    till.says(3_050, ACK);
    till.hears(&framed(ANSWER));
    till.tells(&[CALLED, received(Standing::After)]);
    assert_eq!(till.emissions, 1);
}

#[test]
fn the_end_instead_of_the_acknowledgement() {
    // EOT alone, and ENQ EOT.
    let mut till = emitted(TILL);
    till.hears(EOT);
    till.tells(&[E::Unacknowledged(Instead::EndOfSession), PERHAPS, E::Ended(SessionEnd::Peer)]);
    till.rests();
    let mut till = emitted(TILL);
    till.hears(&[ENQ, EOT].concat());
    till.tells(&[E::Unacknowledged(Instead::Enquiry), PERHAPS, MET, E::CalledOff]);
    till.rests();
    assert_eq!(till.emissions, 1);
}

#[test]
fn an_enquiry_instead_of_the_acknowledgement_may_bring_the_answer() {
    let mut till = emitted(TILL);
    till.hears(ENQ);
    till.tells(&[E::Unacknowledged(Instead::Enquiry), PERHAPS, MET]);
    till.says(50, ACK);
    till.hears(&framed(ANSWER));
    till.reads(&[ANSWER]);
    till.tells(&[received(Standing::After)]);
    till.says(60, ACK);
    till.hears(EOT);
    till.rests();
    assert_eq!(till.emissions, 1);
}

#[test]
fn a_terminal_that_waits_for_nothing() {
    // Acknowledgement, enquiry and answer in one read, as one till met them.
    let mut till = emitted(TILL);
    till.hears(&[ACK, ENQ, framed(ANSWER).as_slice()].concat());
    till.tells(&[E::Delivered, CALLED, received(Standing::After)]);
    till.reads(&[ANSWER]);
    // Each of its bytes gets its acknowledgement, and no EOT of ours stands between them.
    till.says(40, ACK);
    till.says(50, ACK);
    till.hears(EOT);
    till.tells(&[E::Ended(SessionEnd::Peer)]);
    till.rests();

    // The EOT behind it too: then nobody waits for a word.
    let mut till = emitted(TILL);
    till.hears(&[ACK, ENQ, framed(ANSWER).as_slice(), EOT].concat());
    till.tells(&[E::Delivered, CALLED, received(Standing::After), E::Ended(SessionEnd::Peer)]);
    till.says(40, ACK);
    till.rests();
}

#[test]
fn cancelled_too_late_nothing_changes() {
    let mut till = open(TILL);
    till.says(30, ENQ);
    till.hears(ACK);
    till.hands_out();
    till.session.withdraw(till.instant());
    till.tells(&[E::Opened]);
    till.accept(37);
    till.session.withdraw(till.instant());
    till.hears(ACK);
    till.tells(&[E::Emitted, E::Drained, E::Delivered]);
    till.session.withdraw(till.instant());
    till.says(50, EOT);
    till.rests();
    assert_eq!(till.session.proof(), Proof::Delivered);
}

#[test]
fn the_line_goes_away_at_every_step() {
    // Before and after the enquiry, granted, with the message not handed out: proven.
    for step in 0..4 {
        let mut till = open(TILL);
        if step > 0 {
            till.says(30, ENQ);
        }
        if step > 1 {
            till.hears(ACK);
        }
        till.skip();
        if step > 2 {
            till.now = 40;
            till.session.handle_timeout(till.instant());
        }
        till.session.handle_closed(till.instant());
        till.tells(&[GAVE_UP, E::Closed]);
        assert_eq!((till.session.proof(), till.session.deadline()), (Proof::NothingSent, None));
        assert_eq!(till.hands_out(), None);
    }
    // Handed out, accepted, drained: nobody knows.
    for step in 0..3 {
        let mut till = open(TILL);
        till.says(30, ENQ);
        till.hears(ACK);
        let frame = till.hands_out().unwrap();
        if step > 0 {
            till.session.handle_sent(till.instant(), frame.len());
        }
        if step > 1 {
            till.session.handle_drained(till.instant());
        }
        till.skip();
        till.session.handle_closed(till.instant());
        till.tells(&[PERHAPS, E::Closed]);
        assert_eq!((till.session.proof(), till.session.deadline()), (Proof::PerhapsSent, None));
        assert_eq!(till.hands_out(), None);
    }
    // Delivered: that stays. Nothing moves any more.
    let mut till = delivered(TILL);
    till.session.handle_closed(till.instant());
    till.tells(&[E::Closed]);
    till.hears(&[ENQ, &framed(ANSWER)].concat());
    till.session.handle_closed(till.instant());
    till.session.handle_timeout(till.instant());
    till.tells(&[]);
    assert_eq!(till.session.send(till.instant(), 37), Err(SpeakError::Closed));
    assert_eq!(till.session.proof(), Proof::Delivered);
    assert!(matches!(till.session.state(), State::Closed));
    assert!(!till.session.is_idle());
}
