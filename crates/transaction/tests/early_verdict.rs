//! Verdicts that are reported as soon as the content decides, what is read after them, and the looks at the line before a
//! time-out, a give-up or a verdict counts.

mod support;

use std::time::Duration;

use caisse_payment::{Blocked, Doubt, Outcome, Proof, Refusal, Verdict};
use caisse_transaction::till::{Contradiction, MOST_STORAGE};
use caisse_transaction::{Action, Config, ConnectError, Dialect, Instant, TillMachine, WriteError};
use support::{config, debit, euros};

const APPROVED: &[u8] = b"CZ0040320CA00201CB0042500CD0010CE003978AE00210";
const REFUSED: &[u8] = b"CZ0040300AE00201AF00204";
const REFUSED_WITH_ECHO: &[u8] = b"CZ0040300CA00201CB0042500CD0010CE003978AE00201AF00204";

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

/// An action without its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Look,
    Ended(Verdict),
    Verdict(Verdict),
    Dispute(Contradiction),
    Wait(u64),
    Close,
    Done(Verdict),
}

fn next(machine: &mut TillMachine<'_>) -> Step {
    loop {
        return match machine.poll() {
            Action::Event(_) => continue,
            Action::Look => Step::Look,
            Action::RecordEnd(_, end) => Step::Ended(end.verdict),
            Action::Verdict(verdict) => Step::Verdict(verdict),
            Action::Dispute(contradiction) => Step::Dispute(contradiction),
            Action::Wait { until } => Step::Wait(until.expect("a wait without end").millis()),
            // Which of the two is right is told by the tests of the machine.
            Action::Close | Action::Abort => Step::Close,
            Action::Done(verdict) => Step::Done(verdict),
            action => panic!("{action:?}"),
        };
    }
}

fn waiting_with(config: Config, test: impl FnOnce(&mut TillMachine<'_>)) {
    let mut storage = [0; MOST_STORAGE];
    let mut machine = TillMachine::new(config, &mut storage);
    machine.start(at(0), debit(2500)).unwrap();
    loop {
        match machine.poll() {
            Action::Connect => machine.handle_connected(at(0), Ok(None)),
            Action::RecordStart(_) | Action::RecordEnd(..) | Action::RecordNeverSent(..) => {
                machine.handle_written(at(0), Ok(()))
            }
            Action::Look => machine.handle_idle(at(0)),
            Action::Send(bytes) => {
                let accepted = bytes.len();
                machine.handle_sent(at(0), Ok(accepted));
            }
            Action::Wait { .. } => break,
            _ => {}
        }
    }
    test(&mut machine);
}

/// A till whose request has left at the moment 0.
fn waiting(test: impl FnOnce(&mut TillMachine<'_>)) {
    waiting_with(config(Dialect::PAYXPRESS), test);
}

fn approved() -> Verdict {
    Verdict { outcome: Outcome::Approved { amount: euros(2500) }, proof: Proof::Answered }
}

fn declined() -> Verdict {
    Verdict { outcome: Outcome::Declined { refusal: Refusal::Refused }, proof: Proof::Answered }
}

fn unknown(doubt: Doubt, proof: Proof) -> Verdict {
    Verdict { outcome: Outcome::Unknown { doubt }, proof }
}

/// The verdict is reported at this moment, right after a look at the line.
fn reports(machine: &mut TillMachine<'_>, now: u64, verdict: Verdict) {
    assert_eq!(next(machine), Step::Look);
    machine.handle_idle(at(now));
    assert_eq!(next(machine), Step::Ended(verdict));
    machine.handle_written(at(now), Ok(()));
    assert_eq!(next(machine), Step::Verdict(verdict));
}

fn is_free(machine: &mut TillMachine<'_>, verdict: Verdict) {
    assert_eq!(next(machine), Step::Close);
    assert_eq!(next(machine), Step::Done(verdict));
}

#[test]
fn the_deciding_byte_gives_the_verdict_and_the_terminal_is_free_after_the_quiet_time() {
    for (answer, verdict, quiet) in
        [(APPROVED, approved(), 300), (REFUSED_WITH_ECHO, declined(), 300), (REFUSED, declined(), 3_000)]
    {
        waiting(|machine| {
            let (last, before) = answer.split_last().unwrap();
            machine.handle_input(at(1_000), before);
            assert_eq!(next(machine), Step::Wait(300_000), "no byte less decides");
            machine.handle_input(at(1_000), &[*last]);
            reports(machine, 1_000, verdict);
            assert_eq!(next(machine), Step::Wait(1_000 + quiet));
            machine.handle_timeout(at(999 + quiet));
            assert_eq!(next(machine), Step::Wait(1_000 + quiet), "the next request must not start yet");
            machine.handle_timeout(at(1_000 + quiet));
            assert_eq!(next(machine), Step::Look);
            machine.handle_idle(at(1_000 + quiet));
            is_free(machine, verdict);
            assert!(!machine.report().unwrap().is_disputed());
        });
        // The close frees the terminal at once.
        waiting(|machine| {
            machine.handle_input(at(1_000), answer);
            reports(machine, 1_000, verdict);
            machine.handle_closed(at(1_001));
            is_free(machine, verdict);
            assert!(!machine.report().unwrap().is_disputed());
        });
    }
}

/// A frame decides with its check byte, and with no byte before.
#[test]
fn a_frame_decides_with_its_check_byte() {
    let frame = support::line::framed(std::str::from_utf8(APPROVED).unwrap());
    for dialect in [Dialect::PAYXPRESS, Dialect::INGENICO, Dialect::NEPTING] {
        waiting_with(config(dialect), |machine| {
            let (check, before) = frame.split_last().unwrap();
            machine.handle_input(at(1_000), before);
            assert_eq!(next(machine), Step::Wait(300_000), "{}", dialect.name);
            machine.handle_input(at(1_000), &[*check]);
            reports(machine, 1_000, approved());
        });
        waiting_with(config(dialect), |machine| {
            let (check, before) = frame.split_last().unwrap();
            machine.handle_input(at(1_000), &[before, &[check ^ 1]].concat());
            assert_eq!(next(machine), Step::Ended(unknown(Doubt::AnswerMalformed, Proof::Answered)));
        });
    }
}

/// What cannot be read inside a frame breaks the frame, in whatever pieces it comes and whatever its check byte is.
#[test]
fn rubbish_in_a_frame_is_malformed_in_any_pieces() {
    let rubbish = b"\x02CA00201CA00202\x01\x02\x03";
    let check = rubbish[1..].iter().fold(0, |check, byte| check ^ byte);
    for check in [check, check ^ 1] {
        let answer = [rubbish, [check].as_slice()].concat();
        for cut in 0..=answer.len() {
            waiting(|machine| {
                for piece in [&answer[..cut], &answer[cut..]] {
                    machine.handle_input(at(1_000), piece);
                }
                let ended = next(machine);
                assert_eq!(ended, Step::Ended(unknown(Doubt::AnswerMalformed, Proof::Delivered)), "{cut}");
            });
        }
    }
}

/// Bytes that are there already are part of the verdict.
#[test]
fn the_line_is_empty_before_the_verdict() {
    for (first, then, doubt) in [
        (APPROVED, b"BA0011".as_slice(), Doubt::Taken),
        (REFUSED, b"CB0042600", Doubt::AmountDiffers),
        (APPROVED, REFUSED, Doubt::Contradiction),
        (REFUSED, APPROVED, Doubt::Contradiction),
    ] {
        waiting(|machine| {
            machine.handle_input(at(1_000), first);
            assert_eq!(next(machine), Step::Look);
            machine.handle_input(at(1_000), then);
            // The look goes on until nothing more comes.
            assert_eq!(next(machine), Step::Look);
            machine.handle_idle(at(1_000));
            let Step::Wait(until) = next(machine) else { panic!("{doubt:?} is told at once") };
            machine.handle_timeout(at(until));
            machine.handle_idle(at(until));
            assert_eq!(next(machine), Step::Ended(unknown(doubt, Proof::Answered)));
        });
    }
    // The close that is there already ends the reading.
    waiting(|machine| {
        machine.handle_input(at(1_000), APPROVED);
        assert_eq!(next(machine), Step::Look);
        machine.handle_closed(at(1_000));
        assert_eq!(next(machine), Step::Ended(approved()));
        machine.handle_written(at(1_000), Ok(()));
        assert_eq!(next(machine), Step::Verdict(approved()));
        is_free(machine, approved());
    });
}

#[test]
fn what_contradicts_an_early_verdict_is_a_dispute() {
    let other_amount = b"CB0042600".as_slice();
    let frame = support::line::framed("CZ0040320AE00201AF00204");
    for (answer, verdict, later) in [
        (APPROVED, approved(), b"BA0011".as_slice()),
        (APPROVED, approved(), b"AE00201"),
        (APPROVED, approved(), REFUSED),
        (APPROVED, approved(), other_amount),
        (APPROVED, approved(), b"CE003756"),
        (APPROVED, approved(), &frame),
        (REFUSED, declined(), APPROVED),
        (REFUSED, declined(), other_amount),
        (REFUSED, declined(), b"CA00202"),
        (REFUSED, declined(), b"CD0011"),
        (REFUSED, declined(), b"BA0011"),
        (REFUSED, declined(), b"AE00210"),
        (REFUSED, declined(), b"AF00201"),
        (REFUSED, declined(), b"\xff"),
        (REFUSED_WITH_ECHO, declined(), b"AE00299"),
    ] {
        let name = String::from_utf8_lossy(later).into_owned();
        for then in [true, false] {
            waiting(|machine| {
                machine.handle_input(at(1_000), answer);
                reports(machine, 1_000, verdict);
                // In two pieces: half a field contradicts nothing yet.
                let (first, second) = later.split_at(later.len() - 1);
                machine.handle_input(at(1_100), first);
                machine.handle_input(at(1_200), second);
                if !then {
                    machine.handle_closed(at(1_201));
                }
                let Step::Dispute(contradiction) = next(machine) else { panic!("{name} is dropped") };
                assert_eq!(contradiction.id, "sale-1".parse().unwrap());
                assert_eq!(contradiction.reported, verdict.outcome, "{name}");
                let paid = (verdict == declined()).then(|| euros(2500));
                assert_eq!(contradiction.paid(), paid, "{name}");
                machine.handle_written(at(1_202), Ok(()));
                let mut step = next(machine);
                while let Step::Wait(until) = step {
                    assert!(then && until <= 11_000, "it ends, whatever comes: {until}");
                    machine.handle_timeout(at(until));
                    machine.handle_idle(at(until));
                    step = next(machine);
                }
                assert_eq!(step, Step::Close, "{name}");
                assert_eq!(next(machine), Step::Done(verdict), "{name}");
                assert!(machine.report().unwrap().is_disputed());
            });
        }
    }
}

/// The neighbours: what agrees, and what says nothing.
#[test]
fn what_agrees_with_an_early_verdict_is_no_dispute() {
    let (frame, eot) = (support::line::framed(std::str::from_utf8(APPROVED).unwrap()), [0x04]);
    for (answer, verdict, later) in [
        (APPROVED, approved(), b"AC006A00395AA016497010******1234AF00201".as_slice()),
        (APPROVED, approved(), APPROVED),
        (APPROVED, approved(), b"BA0010"),
        (APPROVED, approved(), b"\r\n"),
        (APPROVED, approved(), b"CB0070002500"),
        (APPROVED, approved(), &frame),
        (APPROVED, approved(), b"\xff\xfe"),
        (&frame, approved(), &eot),
        (&frame, approved(), &frame),
        (REFUSED, declined(), b"CA00201CB0042500CD0010CE003978"),
        (REFUSED, declined(), REFUSED),
    ] {
        let name = String::from_utf8_lossy(later).into_owned();
        waiting(|machine| {
            machine.handle_input(at(1_000), answer);
            reports(machine, 1_000, verdict);
            machine.handle_input(at(1_100), later);
            while let Step::Wait(until) = next(machine) {
                machine.handle_timeout(at(until));
                machine.handle_idle(at(until));
            }
            assert_eq!(next(machine), Step::Done(verdict), "{name}");
            assert!(!machine.report().unwrap().is_disputed(), "{name}");
        });
    }
    // Fields that come later are in the report of the end.
    waiting(|machine| {
        machine.handle_input(at(1_000), APPROVED);
        reports(machine, 1_000, approved());
        assert_eq!(machine.report().unwrap().authorisation(), None);
        machine.handle_input(at(1_100), b"AC006A00395");
        machine.handle_closed(at(1_101));
        is_free(machine, approved());
        assert_eq!(machine.report().unwrap().authorisation(), "A00395".parse().ok());
    });
}

/// A line that drips is left after ten seconds; half a field that could decide is a contradiction then.
#[test]
fn the_till_reads_on_for_ten_seconds_at_most() {
    waiting(|machine| {
        machine.handle_input(at(1_000), APPROVED);
        reports(machine, 1_000, approved());
        let mut now = 1_000;
        machine.handle_input(at(now), b"XX999");
        loop {
            now += 200;
            match next(machine) {
                Step::Wait(until) if until <= now => {
                    machine.handle_timeout(at(now));
                    machine.handle_idle(at(now));
                }
                Step::Wait(_) => machine.handle_input(at(now), b"x"),
                step => break assert_eq!(step, Step::Close),
            }
        }
        assert_eq!(now, 11_200);
    });
    waiting(|machine| {
        machine.handle_input(at(1_000), APPROVED);
        reports(machine, 1_000, approved());
        machine.handle_input(at(1_100), b"BA00");
        assert_eq!(next(machine), Step::Wait(11_000));
        machine.handle_timeout(at(11_000));
        machine.handle_idle(at(11_000));
        assert!(matches!(next(machine), Step::Dispute(_)));
    });
}

/// A process that was stopped over a deadline, or a machine that slept, finds the answer in the socket.
#[test]
fn no_time_out_counts_before_a_look_at_the_line() {
    for (found, verdict) in [
        (APPROVED, approved()),
        (REFUSED, declined()),
        (b"CZ0040320AE00210", unknown(Doubt::EchoMissing, Proof::Answered)),
        (b"", unknown(Doubt::Silence, Proof::PerhapsSent)),
    ] {
        waiting(|machine| {
            machine.handle_timeout(at(900_000));
            assert_eq!(next(machine), Step::Look);
            // In pieces: the look goes on until nothing more comes.
            for piece in found.chunks(7) {
                machine.handle_input(at(900_001), piece);
                assert_eq!(next(machine), Step::Look);
            }
            machine.handle_idle(at(900_002));
            assert_eq!(next(machine), Step::Ended(verdict));
        });
    }
    // The quiet time of an answer that lacks its ticket: the ticket is there.
    let mut storage = [0; MOST_STORAGE];
    let mut machine = TillMachine::new(config(Dialect::PAYXPRESS), &mut storage);
    machine.start(at(0), support::with_ticket(debit(2500))).unwrap();
    machine.handle_connected(at(0), Ok(None));
    loop {
        match machine.poll() {
            Action::RecordStart(_) | Action::RecordEnd(..) | Action::RecordNeverSent(..) => {
                machine.handle_written(at(0), Ok(()))
            }
            Action::Look => machine.handle_idle(at(0)),
            Action::Send(_) => break machine.handle_sent(at(0), Ok(100)),
            _ => {}
        }
    }
    machine.handle_input(at(1_000), APPROVED);
    assert_eq!(next(&mut machine), Step::Wait(4_000));
    machine.handle_timeout(at(60_000));
    assert_eq!(next(&mut machine), Step::Look);
    machine.handle_input(at(60_000), b"ZT013CK003100AK000");
    machine.handle_idle(at(60_000));
    assert_eq!(next(&mut machine), Step::Ended(approved()));
    assert_eq!(machine.report().map(|report| report.tickets().count()), None);
    machine.handle_written(at(60_000), Ok(()));
    assert_eq!(machine.report().unwrap().tickets().count(), 1);
    // What is over only since the look counts after the next one.
    waiting(|machine| {
        machine.handle_input(at(1_000), b"CZ0040320");
        machine.handle_timeout(at(300_000));
        assert_eq!(next(machine), Step::Look);
        machine.handle_input(at(300_000), &APPROVED[9..]);
        machine.handle_idle(at(900_000));
        assert_eq!(next(machine), Step::Ended(approved()));
    });
}

#[test]
fn a_look_that_finds_no_end_ends() {
    waiting(|machine| {
        machine.handle_timeout(at(300_000));
        let mut pieces = 0;
        while next(machine) == Step::Look {
            machine.handle_input(at(300_000), &[b"XX999", [b'x'; 999].as_slice()].concat());
            pieces += 1;
            assert!(pieces < 100, "the look never ends");
        }
    });
}

#[test]
fn giving_up_judges_what_has_come() {
    for (found, verdict) in [
        (APPROVED, approved()),
        (REFUSED, declined()),
        (&[APPROVED, b"ZT999".as_slice()].concat(), approved()),
        (b"CZ0040320AE00210", unknown(Doubt::EchoMissing, Proof::Answered)),
        (b"CZ0040320", unknown(Doubt::GivenUp, Proof::Delivered)),
        (b"", unknown(Doubt::GivenUp, Proof::PerhapsSent)),
    ] {
        // In the socket, and in the machine.
        for read in [false, true] {
            waiting(|machine| {
                if read {
                    machine.handle_input(at(1_000), found);
                }
                machine.give_up(at(1_001));
                assert_eq!(next(machine), Step::Look);
                if !read {
                    machine.handle_input(at(1_001), found);
                    assert_eq!(next(machine), Step::Look);
                }
                machine.handle_idle(at(1_001));
                assert_eq!(next(machine), Step::Ended(verdict));
                machine.handle_written(at(1_001), Ok(()));
                assert_eq!(next(machine), Step::Verdict(verdict));
                is_free(machine, verdict);
            });
        }
    }
    // After the verdict it frees the terminal, and what has come is still held against the verdict.
    for contradicts in [false, true] {
        waiting(|machine| {
            machine.handle_input(at(1_000), REFUSED);
            reports(machine, 1_000, declined());
            machine.give_up(at(1_001));
            assert_eq!(next(machine), Step::Look);
            if contradicts {
                machine.handle_input(at(1_001), APPROVED);
                assert!(matches!(next(machine), Step::Look));
            }
            machine.handle_idle(at(1_001));
            if contradicts {
                assert!(matches!(next(machine), Step::Dispute(_)));
                machine.handle_written(at(1_001), Ok(()));
            }
            is_free(machine, declined());
        });
    }
    // Where the line is gone, nothing is left to be looked at.
    waiting(|machine| {
        machine.give_up(at(1_000));
        machine.handle_closed(at(1_000));
        let verdict = unknown(Doubt::ClosedWithoutAnswer, Proof::PerhapsSent);
        assert_eq!(next(machine), Step::Ended(verdict));
    });
}

/// Only a busy journal is tried again, for a minute, and a give-up ends that with the verdict.
#[test]
fn a_busy_journal_is_tried_again_for_a_minute() {
    let verdict_in_hand = |machine: &mut TillMachine<'_>| {
        machine.handle_input(at(1_000), APPROVED);
        machine.handle_closed(at(1_000));
        assert_eq!(next(machine), Step::Ended(approved()));
    };
    // It is free in the end.
    waiting(|machine| {
        verdict_in_hand(machine);
        machine.handle_written(at(6_000), Err(WriteError::Busy));
        assert_eq!(next(machine), Step::Wait(6_200));
        machine.handle_timeout(at(6_200));
        assert_eq!(next(machine), Step::Ended(approved()));
        machine.handle_written(at(6_300), Ok(()));
        assert_eq!(next(machine), Step::Verdict(approved()));
        assert!(machine.report().unwrap().journaled());
        is_free(machine, approved());
    });
    // It never is.
    waiting(|machine| {
        verdict_in_hand(machine);
        let (mut now, mut attempts) = (6_000, 0);
        loop {
            machine.handle_written(at(now), Err(WriteError::Busy));
            attempts += 1;
            match next(machine) {
                Step::Wait(until) => {
                    machine.handle_timeout(at(until));
                    assert_eq!(next(machine), Step::Ended(approved()));
                    now = until + 5_000;
                }
                step => break assert_eq!(step, Step::Verdict(approved())),
            }
        }
        assert!((66_000..72_000).contains(&now) && attempts == 13, "{attempts} until {now}");
        assert!(!machine.report().unwrap().journaled());
        is_free(machine, approved());
    });
    // The application waits no longer: in the pause, and while the journal is being asked.
    for in_the_pause in [true, false] {
        waiting(|machine| {
            verdict_in_hand(machine);
            if in_the_pause {
                machine.handle_written(at(6_000), Err(WriteError::Busy));
                assert_eq!(next(machine), Step::Wait(6_200));
                machine.give_up(at(6_100));
            } else {
                machine.give_up(at(6_000));
                machine.handle_written(at(6_000), Err(WriteError::Busy));
            }
            assert_eq!(next(machine), Step::Verdict(approved()), "the verdict, and never unknown");
            assert!(!machine.report().unwrap().journaled());
            is_free(machine, approved());
        });
    }
    // A write that failed is not tried again.
    waiting(|machine| {
        verdict_in_hand(machine);
        machine.handle_written(at(1_001), Err(WriteError::Failed(Blocked::JournalUnavailable)));
        assert_eq!(next(machine), Step::Verdict(approved()));
        assert!(!machine.report().unwrap().journaled());
    });
    // Nor is a start: nothing is sent.
    let mut storage = [0; MOST_STORAGE];
    let mut machine = TillMachine::new(config(Dialect::PAYXPRESS), &mut storage);
    machine.start(at(0), debit(2500)).unwrap();
    machine.handle_connected(at(0), Ok(None));
    while !matches!(machine.poll(), Action::RecordStart(_)) {}
    machine.handle_written(at(5_000), Err(WriteError::Busy));
    let blocked = Verdict::nothing_sent(Outcome::Blocked { reason: Blocked::JournalUnavailable });
    assert_eq!(next(&mut machine), Step::Verdict(blocked));
    // Nor what was never sent, of which nothing is left open.
    let mut storage = [0; MOST_STORAGE];
    let mut machine = TillMachine::new(config(Dialect::PAYXPRESS), &mut storage);
    machine.start(at(0), debit(2500)).unwrap();
    machine.handle_connected(at(1), Err(ConnectError::Refused));
    while !matches!(machine.poll(), Action::RecordNeverSent(..)) {}
    machine.handle_written(at(5_000), Err(WriteError::Busy));
    assert!(matches!(next(&mut machine), Step::Verdict(_)));
}

/// So is the dispute of a busy journal; one that cannot be written is told all the same.
#[test]
fn a_dispute_is_written_or_told() {
    waiting(|machine| {
        machine.handle_input(at(1_000), REFUSED);
        reports(machine, 1_000, declined());
        machine.handle_input(at(1_100), APPROVED);
        assert!(matches!(next(machine), Step::Dispute(_)));
        machine.handle_closed(at(1_101));
        machine.handle_written(at(6_000), Err(WriteError::Busy));
        assert_eq!(next(machine), Step::Wait(6_200), "the terminal is not free before");
        machine.handle_timeout(at(6_200));
        assert!(matches!(next(machine), Step::Dispute(_)));
        machine.handle_written(at(6_201), Ok(()));
        is_free(machine, declined());
        assert!(machine.report().unwrap().is_disputed());
    });
    waiting(|machine| {
        machine.handle_input(at(1_000), REFUSED);
        reports(machine, 1_000, declined());
        machine.handle_input(at(1_100), APPROVED);
        machine.handle_closed(at(1_101));
        assert!(matches!(next(machine), Step::Dispute(_)));
        machine.handle_written(at(6_000), Err(WriteError::Failed(Blocked::JournalUnavailable)));
        is_free(machine, declined());
        assert!(machine.report().unwrap().is_disputed());
    });
}

/// The usual wait is the longest transaction of the dialect.
#[test]
fn the_usual_time_of_an_answer_is_the_longest_transaction() {
    let slow = Dialect { longest_transaction: Duration::from_secs(600), ..Dialect::PAYXPRESS };
    for dialect in [Dialect::PAYXPRESS, slow] {
        assert_eq!(config(dialect).answer_timeout, dialect.longest_transaction);
    }
}
