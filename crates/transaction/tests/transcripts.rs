//! Whole exchanges as bytes, written by hand from public material and never made by our encoder, at both ends.

mod support;

use std::time::Duration;

use caisse_codec::{
    Action, Application, CardFields, Complement, Identifier, LONGEST_ANSWER, ReadingMode, ReceivedRequest,
    Status, TerminalAnswer, Version,
};
use caisse_payment::{Doubt, Outcome, Proof, Refusal, Register};
use caisse_transaction::terminal::{self, MOST_STORAGE, TerminalMachine};
use caisse_transaction::{Dialect, Event, Instant, Request};
use support::{Run, Then, Write, answered, debit, euros, run, with_ticket};

/// One exchange: what the till must send, what a terminal answers, and what that means.
struct Transcript {
    name: &'static str,
    dialect: Dialect,
    request: Request,
    sent: &'static [u8],
    answer: &'static [u8],
    outcome: Outcome,
    /// Bytes of the answer after which the outcome is certain: everything before them leaves it unknown.
    decided_at: usize,
}

const TICKET: &[u8] = b"CZ0040320CJ012012345678901CA00201CB0042500CD0010CE003978AA016497010******1234AB0043012AC006A00395AL0011AE00210AF00201CI0012ZT119CK003100AK106VklSVFVBTCBURVJNSU5BTDogbm8gbW9uZXkgbW92ZWQKQ0FSVEUgQkFOQ0FJUkUKTU9OVEFOVCAy\nNSwwMCBFVVIKwCBDT05TRVJWRVIK\n";

fn transcripts() -> Vec<Transcript> {
    vec![
        Transcript {
            name: "PayXpert: approved, fields in the order of its table",
            dialect: Dialect::PAYXPRESS,
            request: debit(2500),
            sent: b"CZ0040320CJ012012345678901CA00201CB0042500CD0010CE003978",
            answer: b"CZ0040320CJ012012345678901CA00201CB0042500CD0010CE003978AA016************0674AB0041603AC006A00395AL0011AE00210AF00201CI0012",
            outcome: Outcome::Approved { amount: euros(2500) },
            decided_at: 56 + 21 + 9 + 11 + 6 + 7,
        },
        Transcript {
            name: "Ingenico: its own version and identifier, amount padded, private data of its own",
            dialect: Dialect::INGENICO,
            request: debit(11245),
            sent: b"CZ0040300CJ012012345678901CA00201CB00511245CD0010CE003978",
            answer: b"CZ0040301CJ012330538600404CA00201CE003978BA0010CD0010CB0100000011245AE00210CF0101010000000",
            outcome: Outcome::Approved { amount: euros(11245) },
            decided_at: 75,
        },
        Transcript {
            name: "Akretion's simulator of a Desk/5000: approved, AE in the middle",
            dialect: Dialect::INGENICO,
            request: debit(11245),
            sent: b"CZ0040300CJ012012345678901CA00201CB00511245CD0010CE003978",
            answer: b"CZ0040300CJ012012345678901CA00201CE003978BA0010CD0010CB00511245AE00210CC00300BCI0012AC006123456AA016497010######1234AI014A0000000041010AB0042612CF0101010000000CG006424242",
            outcome: Outcome::Approved { amount: euros(11245) },
            decided_at: 63 + 7,
        },
        Transcript {
            name: "OCA's real terminal: status second, amount padded to seven digits",
            dialect: Dialect::INGENICO,
            request: debit(5),
            sent: b"CZ0040300CJ012012345678901CA00201CB00205CD0010CE003978",
            answer: b"CZ0040300AE00210CB0070000005CD0010CE003978CA00201",
            outcome: Outcome::Approved { amount: euros(5) },
            decided_at: 49,
        },
        Transcript {
            name: "PayXpert's samples: register of one digit",
            dialect: Dialect::PAYXPRESS,
            request: debit(2500),
            sent: b"CZ0040320CJ012012345678901CA00201CB0042500CD0010CE003978",
            answer: b"CZ0040320CJ012323540032810CA0011CB0042500CD0010CE003978AE00210AF00201CI0012",
            outcome: Outcome::Approved { amount: euros(2500) },
            decided_at: 55 + 7,
        },
        Transcript {
            name: "approved, with line ends behind it",
            dialect: Dialect::NEPTING,
            request: debit(12345),
            sent: b"CZ0040320CJ012012345678901CA00201CB00512345CD0010CE003978",
            answer: b"CZ0040320CJ012999999999999CA00201CB00512345CC00300BCD0010CE003978AC006184117AE00210\r\n",
            outcome: Outcome::Approved { amount: euros(12345) },
            decided_at: 57 + 8 + 11 + 7,
        },
        Transcript {
            name: "declined by the bank, little echoed",
            dialect: Dialect::PAYXPRESS,
            request: debit(2500),
            sent: b"CZ0040320CJ012012345678901CA00201CB0042500CD0010CE003978",
            answer: b"CZ0040300AE00201AF00204",
            outcome: Outcome::Declined { refusal: Refusal::Refused },
            decided_at: 23,
        },
        Transcript {
            name: "HiPay: request rejected for its format, status before the echo",
            dialect: Dialect::NEPTING,
            request: debit(12345),
            sent: b"CZ0040320CJ012012345678901CA00201CB00512345CD0010CE003978",
            answer: b"CZ0040320CJ012999999999999AE00201AF00209CA00201CB00512345CD0010CE003978",
            outcome: Outcome::Declined { refusal: Refusal::MessageFormat },
            // The code stands at 40; a cut inside the echo behind it may hide that it is another's.
            decided_at: 40,
        },
        Transcript {
            name: "Desk/5000: red button, empty amount",
            dialect: Dialect::INGENICO,
            request: debit(2500),
            sent: b"CZ0040300CJ012012345678901CA00201CB0042500CD0010CE003978",
            answer: b"CZ0040301CJ012330538600404CA00201CB000CD0010CE003978AE00201AF00206",
            outcome: Outcome::Cancelled { refusal: Refusal::Abandoned },
            decided_at: 66,
        },
        Transcript {
            name: "declined with the bank's long complement",
            dialect: Dialect::PAYXPRESS,
            request: debit(2500),
            sent: b"CZ0040320CJ012012345678901CA00201CB0042500CD0010CE003978",
            answer: b"CZ0040320CA00201AE00201AF02904148HOLDER INVALID          CB0042500CD0010CE003978",
            outcome: Outcome::Declined { refusal: Refusal::Refused },
            decided_at: 57,
        },
        Transcript {
            name: "approved with a ticket whose base64 holds line feeds",
            dialect: Dialect::PAYXPRESS,
            request: with_ticket(debit(2500)),
            sent: b"CZ0040320CJ012012345678901CA00201CB0042500CD0010CE003978CK003100",
            answer: TICKET,
            outcome: Outcome::Approved { amount: euros(2500) },
            decided_at: 56 + 21 + 9 + 11 + 6 + 7,
        },
    ]
}

fn play(transcript: &Transcript, pieces: &[&[u8]], then: Then) -> Run {
    run(transcript.dialect, transcript.request, pieces.iter().copied(), Duration::from_millis(1), then)
}

#[test]
fn the_till_sends_and_understands_what_is_written() {
    for transcript in transcripts() {
        for then in [Then::Close, Then::Silence] {
            let run = answered(transcript.dialect, transcript.request, transcript.answer, then);
            assert_eq!(run.sent, transcript.sent, "{}", transcript.name);
            assert_eq!(run.outcome(), transcript.outcome, "{}", transcript.name);
            assert_eq!(run.proof(), Proof::Answered, "{}", transcript.name);
            assert!(matches!(run.writes[..], [Write::Start(_), Write::End(..)]), "{}", transcript.name);
        }
    }
}

#[test]
fn progress_is_told_in_order() {
    let run = answered(Dialect::PAYXPRESS, debit(2500), transcripts()[0].answer, Then::Close);
    use Event::{Answer, Connected, Connecting, Recorded, Sent, Waiting};
    assert_eq!(run.events, [Connecting, Connected, Recorded, Sent, Waiting, Answer]);
}

#[test]
fn every_split_in_two_and_every_single_byte_feed_gives_the_same() {
    let mut splits = 0;
    for transcript in transcripts() {
        for then in [Then::Close, Then::Silence] {
            let whole = play(&transcript, &[transcript.answer], then);
            for at in 1..transcript.answer.len() {
                let (first, second) = transcript.answer.split_at(at);
                let split = play(&transcript, &[first, second], then);
                assert_eq!(split.verdict, whole.verdict, "{} split at {at}", transcript.name);
                assert_eq!(split.answer, whole.answer, "{} split at {at}", transcript.name);
                // The end is recorded as soon as it is certain: later fields are in the report only.
                if at < transcript.decided_at {
                    assert_eq!(split.writes, whole.writes, "{} split at {at}", transcript.name);
                }
                let [_, Write::End(_, end)] = split.writes[..] else { panic!("{:?}", split.writes) };
                assert_eq!(end.verdict, whole.verdict, "{} split at {at}", transcript.name);
                assert_eq!(split.contradictions, [], "{} split at {at}", transcript.name);
                splits += 1;
            }
            let bytes: Vec<&[u8]> = transcript.answer.chunks(1).collect();
            let single = play(&transcript, &bytes, then);
            assert_eq!(
                (single.verdict, &single.answer),
                (whole.verdict, &whole.answer),
                "{}",
                transcript.name
            );
        }
    }
    assert!(splits > 1_500, "{splits}");
}

/// Cuts every answer behind every byte, by a close and by silence. Before the deciding fields are whole the outcome is
/// unknown; behind them it stands, except inside a field that could still contradict.
#[test]
fn every_cut_is_unknown_until_it_is_certain() {
    let (mut unknown, mut certain) = (0, 0);
    for transcript in transcripts() {
        for then in [Then::Close, Then::Silence] {
            for at in 0..transcript.answer.len() {
                let run = play(&transcript, &[&transcript.answer[..at]], then);
                let name = transcript.name;
                if at < transcript.decided_at || inside_a_deciding_field(transcript.answer, at) {
                    assert!(
                        run.outcome().is_unknown(),
                        "{name} cut at {at} by {then:?}: {:?}",
                        run.outcome()
                    );
                    assert_eq!(run.outcome().retry(), caisse_payment::Retry::No);
                    unknown += 1;
                } else {
                    assert_eq!(run.outcome(), transcript.outcome, "{name} cut at {at} by {then:?}");
                    certain += 1;
                }
                let reached = if at == 0 { Proof::PerhapsSent } else { Proof::Delivered };
                assert!(run.proof() >= reached, "{name} cut at {at}");
                assert!(at > 0 || run.proof() == reached, "{name} cut at {at}");
            }
        }
    }
    assert!(unknown > 1_000 && certain > 500, "{unknown} unknown, {certain} certain");
}

/// Walks the answer by its lengths, told apart from the code under test by its simplicity.
fn inside_a_deciding_field(answer: &[u8], cut: usize) -> bool {
    let approved = answer.windows(7).any(|window| window == b"AE00210");
    let mut at = 0;
    while at + 5 <= answer.len() && answer[at].is_ascii_uppercase() {
        let length: usize = std::str::from_utf8(&answer[at + 2..at + 5]).unwrap().parse().unwrap();
        let end = at + 5 + length;
        let tag = &answer[at..at + 2];
        let deciding = [b"AE", b"BA", b"CA", b"CB", b"CD", b"CE"].iter().any(|it| *it == tag);
        if (deciding || (tag == b"AF" && !approved)) && cut > at && cut < end {
            return true;
        }
        at = end;
    }
    false
}

#[test]
fn a_slow_answer_is_not_a_lost_one() {
    // A byte a second: slower than any quiet time, but never at the end of the message for long.
    let transcript = &transcripts()[0];
    let bytes: Vec<&[u8]> = transcript.answer.chunks(1).collect();
    let run = run(transcript.dialect, transcript.request, bytes, Duration::from_secs(1), Then::Silence);
    assert_eq!(run.outcome(), transcript.outcome);
    // A line that drips for ever ends at the limit of the answer, which bytes do not extend.
    let garbage = std::iter::repeat_n(b"A".as_slice(), 1_000);
    let run =
        support::run(transcript.dialect, transcript.request, garbage, Duration::from_secs(1), Then::Silence);
    assert_eq!(run.outcome(), Outcome::Unknown { doubt: Doubt::AnswerMalformed });
    let value = std::iter::once(b"CF999".as_slice()).chain(std::iter::repeat_n(b"x".as_slice(), 998));
    let run =
        support::run(transcript.dialect, transcript.request, value, Duration::from_secs(1), Then::Silence);
    assert_eq!(run.outcome(), Outcome::Unknown { doubt: Doubt::AnswerCut });
    assert_eq!(run.elapsed, Duration::from_secs(300));
}

#[test]
fn ten_megabytes_are_cut_short_and_change_nothing() {
    let transcript = &transcripts()[0];
    let filler = [b"XX999".as_slice(), &[b'x'; 999]].concat();
    let flood: Vec<&[u8]> =
        std::iter::once(transcript.answer).chain(std::iter::repeat_n(filler.as_slice(), 10_000)).collect();
    let run = play(transcript, &flood, Then::Silence);
    assert_eq!(run.outcome(), transcript.outcome);
    assert!(run.skipped > 0, "what does not fit is counted");
    // The flood first: the deciding fields never come within the limit.
    let flood: Vec<&[u8]> =
        std::iter::repeat_n(filler.as_slice(), 10_000).chain(std::iter::once(transcript.answer)).collect();
    let run = play(transcript, &flood, Then::Silence);
    assert_eq!(run.outcome(), Outcome::Unknown { doubt: Doubt::AnswerTooLong });
}

#[test]
fn the_size_of_the_storage_changes_the_report_and_never_the_verdict() {
    for transcript in transcripts() {
        let full = answered(transcript.dialect, transcript.request, transcript.answer, Then::Close);
        for storage in 0..transcript.answer.len() {
            let pieces = [transcript.answer];
            let gap = Duration::ZERO;
            let run = support::run_with_storage(
                transcript.dialect,
                transcript.request,
                pieces,
                gap,
                Then::Close,
                storage,
            );
            assert_eq!(run.verdict, full.verdict, "{} in {storage} bytes", transcript.name);
            assert!(run.answer.len() <= storage);
            assert_eq!(run.skipped == 0, run.answer == full.answer, "{} in {storage} bytes", transcript.name);
        }
    }
}

/// The terminal's side of the same exchanges: what it reads, and the bytes it writes.
#[test]
fn the_terminal_answers_byte_for_byte() {
    let identifier = Identifier::from_value(b"323540032810");
    let approved = TerminalAnswer {
        identifier,
        action: Some(Action::DEBIT),
        amount: Some(euros(2500)),
        complement: Some(Complement::AUTHORISED.into()),
        card: Some(CardFields {
            number: "************0674",
            expiry: "1603",
            authorisation: "A00395".parse().ok(),
            aid: "A0000000421010",
            application: Application::from_value(b"00B").unwrap(),
            reading_mode: ReadingMode::Contactless,
        }),
        contract: "1234567".parse().ok(),
        ..TerminalAnswer::new(Version::V3_20, Register::FIRST, Status::Performed)
    };
    let request = b"CZ0040320CJ012323540032810CA0011CB0042500CD0010CE003978".as_slice();
    let expected = b"CZ0040320CJ012323540032810CA00201CB0042500CD0010CE003978AA016************0674AB0041603AC006A00395AI014A0000000421010CC00300BCI0012AE00210AF00201CG0071234567".as_slice();
    for chunk in 1..=request.len() {
        let mut storage = [0; MOST_STORAGE];
        let mut machine = TerminalMachine::new(&mut storage);
        let mut now = Instant::from_millis(0);
        for piece in request.chunks(chunk) {
            machine.handle_input(now, piece);
            now = now.after(Duration::from_millis(1));
        }
        assert!(matches!(machine.poll(), terminal::Action::Wait { until: Some(_) }));
        machine.handle_timeout(now.after(Duration::from_millis(50)));
        let terminal::Action::Decide(Ok(ReceivedRequest::Money(received))) = machine.poll() else {
            panic!("no request")
        };
        assert_eq!((received.amount, received.header.register), (euros(2500), Register::FIRST));
        machine.answer(&approved).unwrap();
        let terminal::Action::Send(bytes) = machine.poll() else { panic!("no answer") };
        assert_eq!(bytes, expected);
        let length = bytes.len();
        machine.handle_sent(now, 1);
        let terminal::Action::Send(rest) = machine.poll() else { panic!("half an answer") };
        assert_eq!(rest, &expected[1..]);
        machine.handle_sent(now, length - 1);
        assert!(matches!(machine.poll(), terminal::Action::Done(terminal::End::Answered)));
    }
}

#[test]
fn the_terminal_refuses_what_it_cannot_do_and_echoes_what_it_can() {
    for (request, refusal, expected) in [
        (
            b"CZ0040300CJ003012CA00201CB00511245CD0010CE003999".as_slice(),
            Refusal::CurrencyNotSupported,
            b"CZ0040300CA00201CB00511245CD0010CE003999AE00201AF00213".as_slice(),
        ),
        (b"CZ0040300CA00201", Refusal::MessageFormat, b"CZ0040300CA00201AE00201AF00209"),
        (
            b"CZ0040300CA00201CB00200CD0010CE003978\r\n",
            Refusal::MessageFormat,
            b"CZ0040300CA00201CB00200CD0010CE003978AE00201AF00209",
        ),
    ] {
        let mut storage = [0; MOST_STORAGE];
        let mut machine = TerminalMachine::new(&mut storage);
        machine.handle_input(Instant::from_millis(0), request);
        machine.handle_timeout(Instant::from_millis(3_000));
        let terminal::Action::Decide(Err(fault)) = machine.poll() else { panic!("taken: {refusal:?}") };
        assert_eq!(terminal::refusal_of(fault), refusal);
        machine.refuse(refusal).unwrap();
        let terminal::Action::Send(bytes) = machine.poll() else { panic!("no answer") };
        assert_eq!(bytes, expected);
    }
}

#[test]
fn every_action_ends_with_its_own_last_field() {
    let quiet = Instant::from_millis(50);
    for (request, action, expected) in [
        (
            b"CZ0040320CA00201CD0013CK003100".as_slice(),
            Action::DUPLICATA,
            b"CZ0040320CA00201CD0013".as_slice(),
        ),
        (b"CZ0040320CA00201CD001I", Action::IDENTIFICATION, b"CZ0040320CA00201CD001I"),
        (b"CZ0040320CA00201CD001T", Action::TRANSACTION_STATUS, b"CZ0040320CA00201CD001T"),
        (b"CZ0040320CA00201CD001PZT017CK003100AK004TUVS", Action::PRINT, b"CZ0040320CA00201CD001P"),
        (
            b"CZ0040300CA00201CB00511245CD0011CE003978",
            Action::CREDIT,
            b"CZ0040300CA00201CB00511245CD0011CE003978",
        ),
    ] {
        let mut machine = TerminalMachine::new([0; MOST_STORAGE]);
        machine.handle_input(Instant::from_millis(0), request);
        machine.handle_timeout(quiet);
        let terminal::Action::Decide(read) = machine.poll() else { panic!("{action:?}: not whole") };
        // An unknown action is read like any other; what becomes of it is for the driver to say.
        assert!(read.is_ok(), "{action:?}: {read:?}");
        machine.refuse(Refusal::UnknownOperation).unwrap();
        let terminal::Action::Send(bytes) = machine.poll() else { panic!("no answer") };
        assert_eq!(bytes, [expected, b"AE00201AF00212"].concat());
    }
    for unfinished in [b"CZ0040320CA00201".as_slice(), b"CZ0040320CA00201CD0019", b"CZ0040320CA00201CD001P"] {
        let mut machine = TerminalMachine::new([0; MOST_STORAGE]);
        machine.handle_input(Instant::from_millis(0), unfinished);
        machine.handle_timeout(quiet);
        assert!(matches!(machine.poll(), terminal::Action::Wait { .. }), "{unfinished:?}");
    }
}

#[test]
fn a_terminal_that_reads_once_takes_what_is_there_for_the_request() {
    use terminal::{Action, End};
    let mut machine = TerminalMachine::new([0; MOST_STORAGE]);
    machine.handle_input(Instant::from_millis(0), b"CZ0040300CA00201CB0042");
    machine.handle_end_of_input();
    machine.handle_input(Instant::from_millis(1), b"500CD0010CE003978");
    assert!(matches!(machine.poll(), Action::Decide(Err(_))));
    assert_eq!(machine.answer_with(&[b'A'; LONGEST_ANSWER + 1]), Err(terminal::TooLong));
    assert_eq!(machine.answer_with(&[b'A'; LONGEST_ANSWER]), Ok(()));
    assert!(matches!(machine.poll(), Action::Send(bytes) if bytes.len() == LONGEST_ANSWER));
    let mut nothing = TerminalMachine::new([0; MOST_STORAGE]);
    nothing.handle_input(Instant::from_millis(0), b"CZ0");
    nothing.handle_end_of_input();
    assert!(matches!(nothing.poll(), Action::Done(End::Malformed)));
}

#[test]
fn an_answer_that_cannot_be_sent_is_undelivered_and_nothing_else_is() {
    use terminal::{Action, End};
    let now = Instant::from_millis(0);
    let mut machine = TerminalMachine::new([0; MOST_STORAGE]);
    machine.handle_send_failed(now);
    assert!(matches!(machine.poll(), Action::Wait { .. }), "nothing was to be sent");
    machine.handle_input(now, b"CZ0040300CJ012012345678901CA00201CB0042500CD0010CE003978");
    machine.handle_end_of_input();
    machine.handle_send_failed(now);
    assert!(matches!(machine.poll(), Action::Decide(Ok(_))), "nor now");
    let shown = format!("{machine:?}");
    assert!(shown.starts_with("TerminalMachine") && shown.contains("Deciding"), "{shown}");
    assert!(shown.contains("FieldStore") && shown.contains("0 skipped"), "{shown}");
    let shown = format!("{:?}", machine.poll());
    assert!(shown.starts_with("Decide(Ok(") && shown.contains("25.00 EUR"), "{shown}");
    machine.refuse(Refusal::Refused).unwrap();
    let Action::Send(answer) = machine.poll() else { panic!("no answer") };
    let length = answer.len();
    assert_eq!(format!("{:?}", machine.poll()), format!("Send({length} bytes)"));
    machine.handle_sent(now, length - 1);
    machine.handle_send_failed(now);
    assert!(matches!(machine.poll(), Action::Done(End::Undelivered)));
    machine.handle_sent(now, 1);
    assert_eq!(format!("{:?}", machine.poll()), "Done(Undelivered)", "it stays so");
}

#[test]
fn a_till_that_goes_early_or_sends_rubbish_gets_no_answer() {
    use terminal::{Action, End};
    let whole = b"CZ0040300CJ012012345678901CA00201CB0042500CD0010CE003978".as_slice();
    for cut in 0..whole.len() {
        let mut storage = [0; MOST_STORAGE];
        let mut machine = TerminalMachine::new(&mut storage);
        machine.handle_input(Instant::from_millis(0), &whole[..cut]);
        machine.handle_closed(Instant::from_millis(1));
        assert!(matches!(machine.poll(), Action::Done(End::NoRequest)), "cut at {cut}");
    }
    let line_end_first = [b"\r\n", whole].concat();
    let line_end_within = [&whole[..36], b"\n", &whole[36..]].concat();
    for rubbish in [
        b"GARBAGE?!".as_slice(),
        b"\x02CZ0040300",
        b"GET / HTTP/1.1\r\n",
        &[b'A'; 10_000],
        &line_end_first,
        &line_end_within,
    ] {
        let mut storage = [0; MOST_STORAGE];
        let mut machine = TerminalMachine::new(&mut storage);
        machine.handle_input(Instant::from_millis(0), rubbish);
        assert!(matches!(machine.poll(), Action::Done(End::Malformed)));
    }
    // A line end behind a field is forgiven.
    let mut storage = [0; MOST_STORAGE];
    let mut machine = TerminalMachine::new(&mut storage);
    machine.handle_input(Instant::from_millis(0), &[&whole[..42], b"\r\n", &whole[42..], b"\r\n"].concat());
    machine.handle_timeout(Instant::from_millis(50));
    assert!(matches!(machine.poll(), Action::Decide(Ok(_))));
    // A whole request and a close: the card holder is at the terminal all the same.
    let mut storage = [0; MOST_STORAGE];
    let mut machine = TerminalMachine::new(&mut storage);
    machine.handle_input(Instant::from_millis(0), whole);
    machine.handle_closed(Instant::from_millis(1));
    assert!(matches!(machine.poll(), Action::Decide(Ok(_))));
}
