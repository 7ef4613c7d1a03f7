//! The terminal's side of the line: it answers enquiries, takes requests and tells results, and plays terminals that
//! differ.

mod support;

use caisse_link::Instant;
use caisse_link::frame::Fault;
use caisse_link::serial::{
    AttemptFailure, Contention, Copies, Event as E, Instead, Proof, Reaction, Readiness, Rules, SerialConfig,
    SessionEnd, Standing,
};
use support::{
    ACK, Bench, CALLED, ENQ, EOT, GAVE_UP, MET, NAK, PERHAPS, REQUEST, broken, framed, received, terminal,
};

const TERMINAL: SerialConfig = SerialConfig::TERMINAL;
const BAD: E = E::BadFrame(Some(Fault::CheckByte));

fn with(rules: Rules) -> SerialConfig {
    SerialConfig { rules, ..TERMINAL }
}

fn reply(terminal: &mut Bench<Copies>, more: u8) {
    let (now, length) = (terminal.instant(), terminal.frame.len());
    terminal.session.reply(now, length, more).unwrap();
}

/// A terminal whose result is on the line, at 40 ms.
fn told(config: SerialConfig, more: u8) -> Bench<Copies> {
    let mut terminal = terminal(config);
    reply(&mut terminal, more);
    terminal.says(30, ENQ);
    terminal.hears(ACK);
    terminal.emits(40);
    terminal.tells(&[E::Opened, E::Emitted, E::Drained]);
    terminal
}

#[test]
fn a_whole_transaction() {
    let mut terminal = terminal(TERMINAL);
    terminal.hears(ENQ);
    terminal.says(10, ACK);
    terminal.hears(&framed(REQUEST));
    terminal.reads(&[REQUEST]);
    terminal.says(20, ACK);
    terminal.hears(EOT);
    terminal.tells(&[CALLED, received(Standing::Earlier), E::Ended(SessionEnd::Peer)]);
    assert!(terminal.session.is_idle());
    terminal.now = 20_000;
    reply(&mut terminal, 2);
    terminal.says(20_030, ENQ);
    terminal.hears(ACK);
    terminal.emits(20_040);
    terminal.hears(ACK);
    terminal.says(20_050, EOT);
    terminal.tells(&[E::Opened, E::Emitted, E::Drained, E::Delivered, E::Ended(SessionEnd::Own)]);
    terminal.rests();
}

#[test]
fn a_till_that_pings() {
    let mut terminal = terminal(TERMINAL);
    terminal.hears(ENQ);
    terminal.says(10, ACK);
    terminal.hears(EOT);
    terminal.tells(&[CALLED, E::Ended(SessionEnd::Peer)]);
    terminal.rests();
}

#[test]
fn a_busy_terminal_says_no_or_nothing() {
    let mut terminal = terminal(TERMINAL);
    terminal.session.rules_mut().readiness = Readiness::Busy;
    terminal.hears(ENQ);
    terminal.says(10, NAK);
    terminal.tells(&[CALLED]);
    terminal.hears(EOT);
    terminal.tells(&[E::Ignored]);
    // A message all the same is nothing.
    terminal.hears(&framed(REQUEST));
    terminal.tells(&[E::Ignored]);
    terminal.rests();

    terminal.session.rules_mut().readiness = Readiness::Mute;
    terminal.hears(ENQ);
    terminal.tells(&[E::Unanswered]);
    terminal.rests();
    assert_eq!(terminal.session.counters().called, 2);

    // In the middle of a session it finishes what was granted, and no more.
    terminal.session.rules_mut().readiness = Readiness::Ready;
    terminal.hears(ENQ);
    terminal.session.rules_mut().readiness = Readiness::Mute;
    terminal.says(20, ACK);
    terminal.hears(ENQ);
    terminal.hears(&framed(REQUEST));
    terminal.tells(&[CALLED, E::Unanswered, received(Standing::Earlier)]);
    terminal.says(30, ACK);
    terminal.hears(&[EOT, ENQ].concat());
    terminal.tells(&[E::Ended(SessionEnd::Peer), E::Unanswered]);
    terminal.rests();
}

#[test]
fn a_message_that_was_not_waited_for_is_not_taken_when_refused() {
    let mut terminal = terminal(TERMINAL);
    terminal.session.rules_mut().readiness = Readiness::Busy;
    terminal.hears(&[ENQ, framed(REQUEST).as_slice()].concat());
    terminal.tells(&[CALLED, E::Ignored]);
    terminal.says(10, NAK);
    terminal.rests();
}

#[test]
fn a_till_that_waits_for_nothing() {
    let mut terminal = terminal(TERMINAL);
    terminal.hears(&[ENQ, framed(REQUEST).as_slice()].concat());
    terminal.tells(&[CALLED, received(Standing::Earlier)]);
    terminal.says(0, ACK);
    terminal.says(10, ACK);
    terminal.hears(EOT);
    terminal.rests();
    // A bad frame gets its two words too.
    terminal.hears(&[ENQ, broken(REQUEST).as_slice()].concat());
    terminal.says(10, ACK);
    terminal.says(20, NAK);
    terminal.hears(&framed(REQUEST));
    terminal.skip();
    terminal.says(30, ACK);
}

#[test]
fn a_bad_request_is_refused_and_may_come_again() {
    let mut terminal = terminal(TERMINAL);
    terminal.hears(ENQ);
    terminal.says(10, ACK);
    terminal.hears(&broken(REQUEST));
    terminal.says(20, NAK);
    // A till that never says it again ends the session.
    terminal.hears(EOT);
    terminal.tells(&[CALLED, BAD, E::Ended(SessionEnd::Peer)]);
    terminal.rests();
}

#[test]
fn requests_outside_a_session_are_not_taken() {
    let mut terminal = terminal(TERMINAL);
    terminal.hears(&[framed(REQUEST), broken(REQUEST)].concat());
    terminal.tells(&[E::Ignored, BAD]);
    terminal.rests();
    let mut tolerant = support::terminal(with(Rules { takes_bare_messages: true, ..TERMINAL.rules }));
    tolerant.hears(&framed(REQUEST));
    tolerant.tells(&[received(Standing::Earlier)]);
    tolerant.says(10, ACK);
}

#[test]
fn two_bad_frames_before_a_word_get_one() {
    let mut terminal = terminal(TERMINAL);
    terminal.hears(ENQ);
    terminal.says(10, ACK);
    terminal.hears(&[broken(REQUEST), broken(REQUEST)].concat());
    terminal.says(20, NAK);
    // A good one behind a bad one is good; a bad one behind a good one does not undo it.
    for frames in [[broken(REQUEST), framed(REQUEST)], [framed(REQUEST), broken(REQUEST)]] {
        let mut terminal = support::terminal(TERMINAL);
        terminal.hears(ENQ);
        terminal.says(10, ACK);
        terminal.hears(&frames.concat());
        terminal.says(20, ACK);
        terminal.reads(&[REQUEST]);
    }
}

#[test]
fn terminals_that_differ_in_their_word_on_a_message() {
    type Words = &'static [&'static [u8]];
    let cases: [(Reaction, Words, &[E]); 5] = [
        (Reaction::Acknowledge, &[ACK], &[]),
        (Reaction::Refuse, &[NAK], &[]),
        (Reaction::EndSession, &[EOT], &[E::Ended(SessionEnd::Dropped)]),
        (Reaction::AskAndEnd, &[ENQ, EOT], &[E::Ended(SessionEnd::Dropped)]),
        (Reaction::Silence, &[], &[]),
    ];
    for (reaction, words, events) in cases {
        let mut good = terminal(with(Rules { on_message: reaction, ..TERMINAL.rules }));
        let mut bad = terminal(with(Rules { on_bad_frame: reaction, ..TERMINAL.rules }));
        for (terminal, frame, told) in
            [(&mut good, framed(REQUEST), received(Standing::Earlier)), (&mut bad, broken(REQUEST), BAD)]
        {
            terminal.hears(ENQ);
            terminal.says(10, ACK);
            terminal.hears(&frame);
            for word in words {
                terminal.says(20, word);
            }
            if words.is_empty() {
                terminal.waits(1_000);
            }
            terminal.tells(&[&[CALLED, told], events].concat());
            if reaction == Reaction::AskAndEnd {
                terminal.rests();
                continue;
            }
            // Still in the session, or not.
            terminal.hears(EOT);
            let peer = [E::Ended(SessionEnd::Peer)];
            terminal.tells(if events.is_empty() { &peer } else { &[E::Ignored] });
            terminal.rests();
        }
    }
}

#[test]
fn a_pinpad_that_refuses_every_message_does_so_within_the_bound() {
    let mut terminal =
        terminal(with(Rules { on_message: Reaction::Refuse, bad_frames: 1, ..TERMINAL.rules }));
    terminal.hears(ENQ);
    terminal.says(10, ACK);
    terminal.hears(&framed(REQUEST));
    terminal.says(20, NAK);
    terminal.hears(&framed(REQUEST));
    terminal.waits(40);
    terminal.tells(&[
        CALLED,
        received(Standing::Earlier),
        received(Standing::Earlier),
        E::Ended(SessionEnd::Dropped),
    ]);
    terminal.rests();
}

#[test]
fn three_tries_to_tell_the_result() {
    // 05 04 05 04 05 04.
    let mut terminal = terminal(TERMINAL);
    reply(&mut terminal, 2);
    for at in [30, 4_030, 8_030] {
        terminal.says(at, ENQ);
        terminal.says(at + 3_000, EOT);
    }
    let failed = E::AttemptFailed(AttemptFailure::Silence);
    terminal.tells(&[failed, failed, failed, GAVE_UP]);
    terminal.rests();
}

#[test]
fn a_refused_result_is_said_again_in_its_session() {
    let mut terminal = told(TERMINAL, 2);
    terminal.hears(NAK);
    terminal.emits(50);
    terminal.hears(NAK);
    terminal.emits(60);
    terminal.hears(NAK);
    terminal.says(70, EOT);
    terminal.tells(&[
        E::Refused,
        E::Emitted,
        E::Drained,
        E::Refused,
        E::Emitted,
        E::Drained,
        E::Refused,
        PERHAPS,
        E::Ended(SessionEnd::Own),
    ]);
    terminal.rests();
    assert_eq!((terminal.emissions, terminal.session.counters().messages), (3, 3));
    // Taken at the second.
    let mut terminal = told(TERMINAL, 2);
    terminal.hears(NAK);
    terminal.emits(50);
    terminal.hears(ACK);
    terminal.says(60, EOT);
    terminal.rests();
    assert_eq!(terminal.session.proof(), Proof::Delivered);
    // No copy is left.
    let mut terminal = told(TERMINAL, 0);
    terminal.hears(NAK);
    terminal.says(50, EOT);
    terminal.rests();
}

#[test]
fn an_unacknowledged_result_is_said_again_in_another_session() {
    let mut terminal = told(TERMINAL, 2);
    terminal.says(3_040, EOT);
    terminal.says(4_040, ENQ);
    terminal.hears(ACK);
    terminal.emits(4_050);
    terminal.hears(EOT);
    terminal.says(5_050, ENQ);
    terminal.says(8_050, EOT);
    // Three attempts: no fourth, though a copy is left.
    terminal.rests();
    terminal.tells(&[
        E::Unacknowledged(Instead::Silence),
        E::Ended(SessionEnd::Own),
        E::Opened,
        E::Emitted,
        E::Drained,
        E::Unacknowledged(Instead::EndOfSession),
        E::Ended(SessionEnd::Peer),
        E::AttemptFailed(AttemptFailure::Silence),
        PERHAPS,
    ]);
    assert_eq!(terminal.session.counters().enquiries, 3);

    // Attempts are left, and no copy.
    let mut terminal = told(TERMINAL, 1);
    terminal.says(3_040, EOT);
    terminal.says(4_040, ENQ);
    terminal.hears(ACK);
    terminal.emits(4_050);
    terminal.says(7_050, EOT);
    terminal.rests();
    assert_eq!((terminal.emissions, terminal.session.counters().enquiries), (2, 2));
}

#[test]
fn a_copy_that_cannot_be_sent_does_not_undo_the_first() {
    let mut terminal = told(TERMINAL, 2);
    terminal.hears(NAK);
    terminal.hands_out();
    terminal.session.handle_send_failed(terminal.instant(), 0);
    terminal.tells(&[E::Refused, PERHAPS]);
    assert_eq!(terminal.session.proof(), Proof::PerhapsSent);
    terminal.says(60, EOT);
    terminal.rests();

    let mut terminal = told(TERMINAL, 2);
    terminal.says(3_040, EOT);
    terminal.skip();
    terminal.session.withdraw(terminal.instant());
    terminal.tells(&[PERHAPS]);
    terminal.rests();
}

#[test]
fn a_terminal_insists() {
    let mut terminal = terminal(TERMINAL);
    reply(&mut terminal, 2);
    terminal.says(30, ENQ);
    terminal.hears(ENQ);
    terminal.tells(&[E::Unanswered]);
    terminal.hears(ACK);
    terminal.emits(40);
    terminal.hears(ENQ);
    terminal.hears(ACK);
    terminal.tells(&[E::Opened, E::Emitted, E::Drained, E::Unanswered, E::Delivered]);
    // In its pauses it listens.
    let mut terminal = support::terminal(TERMINAL);
    reply(&mut terminal, 2);
    terminal.says(30, ENQ);
    terminal.says(3_030, EOT);
    terminal.hears(ENQ);
    terminal.says(3_040, ACK);
    terminal.hears(EOT);
    terminal.says(3_070, ENQ);
}

#[test]
fn a_terminal_may_give_way() {
    let rules = Rules { contention: Contention::Yield, ..TERMINAL.rules };
    let mut terminal = terminal(with(rules));
    reply(&mut terminal, 2);
    terminal.says(30, ENQ);
    terminal.hears(ENQ);
    terminal.tells(&[MET]);
    terminal.says(40, ACK);
    terminal.hears(&framed(REQUEST));
    terminal.says(50, ACK);
    terminal.hears(EOT);
    terminal.says(80, ENQ);
    // Instead of the word on its result too: then it says it again.
    let mut terminal = told(with(rules), 2);
    terminal.hears(ENQ);
    terminal.tells(&[E::Unacknowledged(Instead::Enquiry), MET]);
    terminal.says(50, ACK);
    terminal.hears(EOT);
    terminal.says(80, ENQ);
    terminal.hears(ACK);
    terminal.emits(90);
    // Not ready, it does not.
    let mut terminal = told(with(Rules { readiness: Readiness::Mute, ..rules }), 2);
    terminal.hears(&[ENQ, ACK].concat());
    terminal.tells(&[E::Unanswered, E::Delivered]);
}

#[test]
fn a_terminal_may_leave_out_its_end() {
    let mut terminal = told(with(Rules { ends_delivered: false, ..TERMINAL.rules }), 2);
    terminal.hears(ACK);
    terminal.tells(&[E::Delivered, E::Ended(SessionEnd::Own)]);
    terminal.rests();
}

#[test]
fn a_system_that_stalls_has_its_time_with_each_character() {
    let mut terminal = terminal(TERMINAL);
    terminal.hears(ENQ);
    assert_eq!(terminal.hands_out().as_deref(), Some(ACK));
    terminal.now = 20;
    terminal.hears(ENQ);
    // A byte takes 1.05 ms at 9600, and the system may take a second: then the next has as long.
    terminal.waits(1_011);
    assert_eq!(terminal.hands_out().as_deref(), Some(ACK));
    assert_eq!((terminal.now, terminal.session.deadline()), (1_012, Some(Instant::from_millis(2_014))));
    terminal.accept(1);
    assert_eq!(terminal.session.deadline(), Some(Instant::from_millis(3_030)));
}
