//! What comes on a line with sessions beside the answer: earlier results, copies, other people's, and talk without end.

mod support;

use std::time::Duration;

use caisse_payment::{Doubt, NotSent, Outcome, Proof, Transaction, Verdict};
use caisse_transaction::{Action, Dialect, DrainError, Event, Instant, Request, SendError, TillMachine};
use support::line::{ACK, ENQ, EOT, Run, Usual, framed, run, serial};
use support::{debit, euros, transaction};

const INGENICO: Dialect = Dialect::INGENICO;
const TLV_YES: &str = "CZ0040301CJ012330538600404CA00201CB0041242CD0010CE003978AE00210AC006A00395";

fn unknown(doubt: Doubt, proof: Proof) -> Verdict {
    Verdict { outcome: Outcome::Unknown { doubt }, proof }
}

fn approved(minor: u64) -> Verdict {
    Verdict { outcome: Outcome::Approved { amount: euros(minor) }, proof: Proof::Answered }
}

/// Lets the till go on until it waits for somebody; the terminal grants the line and acknowledges the message. What is told
/// beside the answer goes into `strays`.
fn go_on(till: &mut TillMachine<'_>, now: &mut Instant, strays: &mut Vec<Vec<u8>>) -> Option<Verdict> {
    loop {
        match till.poll() {
            Action::Connect => till.handle_connected(*now, Ok(None)),
            Action::RecordStart(_) | Action::RecordEnd(..) | Action::RecordNeverSent(..) => {
                till.handle_written(*now, Ok(()))
            }
            Action::Send(bytes) => {
                let (length, granted) = (bytes.len(), bytes == [ENQ] || bytes.len() > 1);
                till.handle_sent(*now, Ok(length));
                till.handle_drained(*now, Ok(()));
                if granted {
                    till.handle_input(*now, &[ACK]);
                }
            }
            Action::Wait { until: Some(until) } if until.since(*now) <= Duration::from_millis(50) => {
                *now = until;
                till.handle_timeout(*now);
            }
            Action::Persist(body) => {
                strays.push(body.to_vec());
                till.handle_persisted(*now);
            }
            Action::Look => till.handle_idle(*now),
            // The test lets it leave later.
            Action::Drain => return None,
            Action::Event(_) | Action::Close | Action::Abort | Action::Verdict(_) | Action::Dispute(_) => {}
            Action::Wait { .. } => return None,
            Action::Done(verdict) => return Some(verdict),
        }
    }
}

/// What becomes of a payment with a reference when the terminal tells these results after it, and what it files.
fn told(needs_reference: bool, results: &[&str]) -> (Verdict, Vec<Vec<u8>>) {
    let mut storage = [0; 1024];
    let mut till = TillMachine::new(serial(Dialect::PAYXPRESS), &mut storage);
    if needs_reference {
        till.require_reference();
    }
    let transaction = Transaction { reference: "order-7".parse().ok(), ..transaction(euros(1242)) };
    let (mut now, mut strays) = (Instant::default(), vec![]);
    till.start(now, Request { transaction, ..debit(1242) }).unwrap();
    assert_eq!(go_on(&mut till, &mut now, &mut strays), None);
    for result in results {
        till.handle_input(now, &[ENQ]);
        go_on(&mut till, &mut now, &mut strays);
        till.handle_input(now, &framed(result));
        go_on(&mut till, &mut now, &mut strays);
    }
    till.handle_input(now, &[EOT]);
    (go_on(&mut till, &mut now, &mut strays).expect("an end"), strays)
}

const YES: &str = "CZ0040320CA00201CB0041242CD0010CE003978AE00210";
const TAKEN: &str = "CZ0040320CA00201CB0041242CD0010CE003978AE00211";

/// Where an earlier result of the same amount may still come, only the reference makes an answer ours.
#[test]
fn an_answer_that_needs_the_reference_counts_with_it_only() {
    let ours = format!("{YES}CF007order-7");
    assert_eq!(told(false, &[YES]), (approved(1242), vec![]));
    assert_eq!(told(true, &[&ours]), (approved(1242), vec![]));
    let perhaps = unknown(Doubt::PerhapsEarlier, Proof::Answered);
    assert_eq!(told(true, &[YES]), (perhaps, vec![]));
    // What proves nothing anyway keeps its own reason.
    assert_eq!(told(true, &[TAKEN]), (unknown(Doubt::Taken, Proof::Answered), vec![]));
    // Another's reference is another's result: it is filed, and the wait goes on.
    let another = format!("{YES}CF007order-8");
    for needs in [true, false] {
        let filed = vec![another.clone().into_bytes()];
        assert_eq!(told(needs, &[&another, &ours]), (approved(1242), filed), "{needs}");
    }
}

/// Behind the end a copy of the answer is nothing, and another word is somebody's: it is filed.
#[test]
fn what_comes_behind_the_end_is_filed_unless_it_is_the_same() {
    assert_eq!(told(false, &[YES, YES]), (approved(1242), vec![]));
    let other = YES.replace("1242", "1300");
    assert_eq!(told(false, &[YES, &other]), (approved(1242), vec![other.clone().into_bytes()]));
}

/// The wait for an acknowledgement begins when the message has left, and no later where nobody knows whether it will.
#[test]
fn a_message_that_may_not_leave_is_waited_for_no_longer() {
    for leaves in [true, false] {
        let mut storage = [0; 1024];
        let mut till = TillMachine::new(serial(INGENICO), &mut storage);
        let mut now = Instant::default();
        till.start(now, debit(1242)).unwrap();
        loop {
            match till.poll() {
                Action::Connect => till.handle_connected(now, Ok(None)),
                Action::RecordStart(_) | Action::RecordEnd(..) | Action::RecordNeverSent(..) => {
                    till.handle_written(now, Ok(()))
                }
                Action::Send(&[ENQ]) => {
                    till.handle_sent(now, Ok(1));
                    till.handle_drained(now, Ok(()));
                    till.handle_input(now, &[ACK]);
                }
                Action::Send(message) => {
                    let length = message.len();
                    till.handle_sent(now, Ok(length));
                    // The events come later: nothing else is asked for until the driver has answered.
                    for _ in 0..3 {
                        assert_eq!(till.poll(), Action::Drain);
                    }
                    till.handle_drained(now, if leaves { Ok(()) } else { Err(DrainError::TimedOut) });
                    assert_eq!(till.poll(), Action::Event(Event::Sent));
                    break;
                }
                Action::Wait { until } => {
                    now = until.unwrap();
                    till.handle_timeout(now);
                }
                Action::Look => till.handle_idle(now),
                Action::Persist(_) | Action::Drain => panic!("nothing earlier has come"),
                Action::Event(_)
                | Action::Close
                | Action::Abort
                | Action::Verdict(_)
                | Action::Dispute(_) => {}
                Action::Done(verdict) => panic!("{verdict:?}"),
            }
        }
        let receipt = till.deadline().map(|at| at.since(now));
        assert_eq!(receipt, Some(INGENICO.session.timers.receipt), "leaves: {leaves}");
    }
}

/// While the message is still leaving the machine, what comes is no answer to it: not even what looks like one.
#[test]
fn what_comes_before_the_message_has_left_is_an_earlier_result() {
    let other = YES.replace("CB0041242", "CB0040999");
    let message_length = run(serial(INGENICO), debit(1242), &mut Usual::answering(YES)).sent[1].len();
    for result in [YES, &other] {
        let mut storage = [0; 1024];
        let (mut now, mut strays) = (Instant::default(), vec![]);
        let mut till = about_to_send(&mut storage, &mut now);
        till.handle_sent(now, Ok(message_length));
        // The system has taken all of it, and not all of it has left.
        till.handle_input(now, &framed(result));
        assert_eq!(go_on(&mut till, &mut now, &mut strays), None, "{result}");
        assert_eq!(strays, [result.as_bytes()]);
        till.handle_drained(now, Ok(()));
        till.handle_input(now, &[ACK]);
        assert_eq!(go_on(&mut till, &mut now, &mut strays), None);
        // It may be told again: what looks like it proves nothing. And if nothing comes, that is the reason.
        let mut told = |answer: Option<&str>| {
            match answer {
                Some(answer) => {
                    till.handle_input(now, &[ENQ]);
                    go_on(&mut till, &mut now, &mut strays);
                    till.handle_input(now, &framed(answer));
                    go_on(&mut till, &mut now, &mut strays);
                    till.handle_input(now, &[EOT]);
                }
                None => {
                    now = now.after(Duration::from_secs(600));
                    till.handle_timeout(now);
                }
            }
            go_on(&mut till, &mut now, &mut strays)
        };
        if result == YES {
            assert_eq!(told(Some(YES)), Some(unknown(Doubt::PerhapsEarlier, Proof::Answered)));
        } else {
            assert_eq!(told(None), Some(unknown(Doubt::Silence, Proof::Delivered)));
        }
    }
}

/// The terminal asks for the line before our message and then says nothing, or takes its enquiry back; and answers ours.
fn called(takes_it_back: bool, answer: &str) -> Run {
    let mut usual = Usual::answering(answer);
    let mut stage = 0;
    run(serial(INGENICO), debit(1242), &mut move |sent: &[u8]| {
        use support::line::Terminal as _;
        match (stage, sent) {
            (0, [ENQ]) if takes_it_back => {
                stage = 2;
                vec![(10, vec![ENQ]), (12, vec![EOT])]
            }
            (0, [ENQ]) => {
                stage = 1;
                vec![(10, vec![ENQ])]
            }
            (1, [ACK]) => {
                stage = 2;
                vec![]
            }
            (2, sent) => usual.hear(sent),
            _ => vec![],
        }
    })
}

/// What it wanted to tell may come behind our message, where it looks like our answer.
#[test]
fn what_the_terminal_wanted_to_tell_and_did_not_makes_the_answer_doubtful() {
    let unheard = called(false, TLV_YES);
    assert_eq!((unheard.verdict, unheard.messages()), (unknown(Doubt::PerhapsEarlier, Proof::Answered), 1));
    let taken_back = called(true, TLV_YES);
    assert_eq!((taken_back.verdict, taken_back.messages()), (approved(1242), 1));
}

/// A till on the line whose next word is its message, which waits to be taken by the system.
fn about_to_send<'s>(storage: &'s mut [u8], now: &mut Instant) -> TillMachine<'s> {
    let mut till = TillMachine::new(serial(INGENICO), storage);
    till.start(*now, debit(1242)).unwrap();
    loop {
        match till.poll() {
            Action::Connect => till.handle_connected(*now, Ok(None)),
            Action::RecordStart(_) | Action::RecordEnd(..) | Action::RecordNeverSent(..) => {
                till.handle_written(*now, Ok(()))
            }
            Action::Send(&[ENQ]) => {
                till.handle_sent(*now, Ok(1));
                till.handle_drained(*now, Ok(()));
                till.handle_input(*now, &[ACK]);
            }
            Action::Send(_) => return till,
            Action::Wait { until } => {
                *now = until.unwrap();
                till.handle_timeout(*now);
            }
            Action::Look => till.handle_idle(*now),
            Action::Persist(_) | Action::Drain => panic!("nothing has come"),
            Action::Event(_) => {}
            Action::Close | Action::Abort | Action::Done(_) | Action::Verdict(_) | Action::Dispute(_) => {
                panic!("nothing is over")
            }
        }
    }
}

/// The system takes a part of the message and no more: the terminal may act on it, and its answer counts.
#[test]
fn a_message_that_breaks_off_is_waited_for_like_a_whole_one() {
    for answers in [true, false] {
        let mut storage = [0; 1024];
        let (mut now, mut strays) = (Instant::default(), vec![]);
        let mut till = about_to_send(&mut storage, &mut now);
        till.handle_sent(now, Ok(3));
        assert!(matches!(till.poll(), Action::Send(_)));
        till.handle_sent(now, Err(SendError::Closed));
        assert_eq!(go_on(&mut till, &mut now, &mut strays), None);
        if answers {
            till.handle_input(now, &[ENQ]);
            go_on(&mut till, &mut now, &mut strays);
            till.handle_input(now, &framed(TLV_YES));
            go_on(&mut till, &mut now, &mut strays);
            till.handle_input(now, &[EOT]);
            assert_eq!(go_on(&mut till, &mut now, &mut strays), Some(approved(1242)));
        } else {
            let broken = now;
            let ended = loop {
                now = till.deadline().unwrap();
                till.handle_timeout(now);
                if let Some(verdict) = go_on(&mut till, &mut now, &mut strays) {
                    break verdict;
                }
            };
            assert_eq!(ended, unknown(Doubt::NotAcknowledged, Proof::PerhapsSent));
            assert_eq!(now.since(broken), serial(INGENICO).answer_timeout);
        }
    }
}

/// Before the message has left, a wish to stop ends the call for the line and the transaction.
#[test]
fn a_wish_to_stop_while_the_line_is_asked_for_is_not_sent() {
    for give_up in [true, false] {
        let mut storage = [0; 1024];
        let (mut now, mut strays) = (Instant::default(), vec![]);
        let mut till = TillMachine::new(serial(INGENICO), &mut storage);
        till.start(now, debit(1242)).unwrap();
        let asked = loop {
            match till.poll() {
                Action::Connect => till.handle_connected(now, Ok(None)),
                Action::RecordStart(_) | Action::RecordEnd(..) | Action::RecordNeverSent(..) => {
                    till.handle_written(now, Ok(()))
                }
                Action::Wait { until } => {
                    now = until.unwrap();
                    till.handle_timeout(now);
                }
                Action::Send(bytes) => break bytes.to_vec(),
                Action::Look => till.handle_idle(now),
                Action::Persist(_) | Action::Drain => panic!("nothing earlier has come"),
                Action::Event(_) => {}
                Action::Close | Action::Abort | Action::Done(_) | Action::Verdict(_) | Action::Dispute(_) => {
                    panic!("nothing is over")
                }
            }
        };
        assert_eq!(asked, [ENQ]);
        till.handle_sent(now, Ok(1));
        till.handle_drained(now, Ok(()));
        if give_up {
            till.give_up(now)
        } else {
            till.request_cancel(now)
        }
        let not_sent = Outcome::NotSent { reason: NotSent::Cancelled };
        let ended = go_on(&mut till, &mut now, &mut strays).expect("an end at once");
        assert_eq!(ended, Verdict { outcome: not_sent, proof: Proof::NothingSent });
    }
}

/// A terminal that goes on talking behind the end is listened to for five seconds, and no longer.
#[test]
fn a_terminal_that_never_stops_does_not_hold_the_till() {
    let mut storage = [0; 1024];
    let mut till = TillMachine::new(serial(INGENICO), &mut storage);
    let (mut now, mut strays) = (Instant::default(), vec![]);
    till.start(now, debit(1242)).unwrap();
    assert_eq!(go_on(&mut till, &mut now, &mut strays), None);
    till.handle_input(now, &[ENQ]);
    assert_eq!(go_on(&mut till, &mut now, &mut strays), None);
    till.handle_input(now, &framed(TLV_YES));
    assert_eq!(go_on(&mut till, &mut now, &mut strays), None);
    // Its end is written: the line is closed five seconds later, whatever the terminal still says.
    let answered = now;
    let closed = loop {
        match till.poll() {
            Action::Abort => break now.since(answered),
            Action::RecordStart(_) | Action::RecordEnd(..) | Action::RecordNeverSent(..) => {
                till.handle_written(now, Ok(()))
            }
            Action::Send(bytes) => {
                let length = bytes.len();
                till.handle_sent(now, Ok(length));
                till.handle_drained(now, Ok(()));
            }
            Action::Wait { .. } => {
                now = now.after(Duration::from_millis(500));
                till.handle_input(now, &[ENQ]);
                till.handle_timeout(now);
                assert!(now.since(answered) < Duration::from_secs(10), "it waits for ever");
            }
            Action::Close => panic!("the session goes on"),
            Action::Look => till.handle_idle(now),
            Action::Persist(_) | Action::Drain => panic!("nothing earlier has come"),
            Action::Connect
            | Action::Event(_)
            | Action::Done(_)
            | Action::Verdict(_)
            | Action::Dispute(_) => {}
        }
    };
    assert!(closed >= Duration::from_secs(5) && closed < Duration::from_secs(6), "{closed:?}");
    till.handle_closed(now);
    assert_eq!(go_on(&mut till, &mut now, &mut strays), Some(approved(1242)));
}

/// What is shown for debugging counts the bytes of a message and shows none.
#[test]
fn what_is_shown_counts_and_does_not_tell() {
    assert_eq!(format!("{:?}", Action::Send(b"CZ0040320")), "Send(9 bytes)");
    assert_eq!(format!("{:?}", Action::Wait { until: None }), "Wait { until: None }");
    let mut storage = [0; 1024];
    let mut till = TillMachine::new(serial(INGENICO), &mut storage);
    till.start(Instant::default(), debit(1242)).unwrap();
    let shown = format!("{till:?}");
    assert!(shown.contains("0 of 59 bytes accepted"), "{shown}");
    assert!(!shown.contains("CB0041242"), "{shown}");
}
