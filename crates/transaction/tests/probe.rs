//! Probes against terminals written down byte by byte.

use std::time::Duration;

use caisse_codec::{Identifier, Status, Version};
use caisse_link::frame::check_byte;
use caisse_link::serial::{DataBits, LineSettings};
use caisse_payment::{NotSent, Register};
use caisse_transaction::probe::{Finding, ProbeAction, ProbeConfig, ProbeMachine, Question, Voice};
use caisse_transaction::{ConnectError, Dialect, Instant, LinkKind, Received, SendError};

const IDENTIFIED: &[u8] = b"CZ0040301CJ012330538600404CA00201CD001IAE00210";
const DUPLICATA: Question = Question::Duplicata { ticket: false };

fn config(dialect: Dialect) -> ProbeConfig {
    ProbeConfig::new(dialect, "012345678901".parse::<Identifier>().unwrap())
}

fn serial(dialect: Dialect) -> ProbeConfig {
    ProbeConfig { link: LinkKind::Serial, ..config(dialect) }
}

fn framed(body: &[u8]) -> Vec<u8> {
    [b"\x02", body, b"\x03", &[check_byte(body)]].concat()
}

/// What a terminal does when the next thing is sent, or when nothing happens any more.
#[derive(Clone)]
enum Then {
    Say(Vec<u8>),
    Close,
    /// Nothing, until the machine's own time is over.
    Wait,
}

fn say(bytes: &[u8]) -> Then {
    Then::Say(bytes.to_vec())
}

#[derive(Debug, PartialEq, Eq)]
struct Ran {
    finding: Finding,
    sent: Vec<u8>,
    voice: Option<Voice>,
    version: Option<Version>,
    framed: bool,
    calls: u8,
    late: u8,
    /// The messages that were no answer to the question.
    strays: Vec<Vec<u8>>,
    seconds: u64,
}

/// Runs a question whose connection opens at once. After each thing that is sent, the next of these happens.
fn ask(config: ProbeConfig, question: Question, script: &[Then]) -> Ran {
    let mut storage = [0; 3072];
    let mut probe = ProbeMachine::new(config, question, &mut storage).unwrap();
    let start = Instant::from_millis(1_000_000);
    let mut now = start;
    let mut script = script.iter();
    let (mut sent, mut strays) = (vec![], vec![]);
    probe.start(now);
    let mut due = None;
    for _ in 0..10_000 {
        match probe.poll() {
            ProbeAction::Connect => probe.handle_connected(now, Ok(())),
            ProbeAction::Send(bytes) => {
                sent.extend_from_slice(bytes);
                let accepted = bytes.len();
                probe.handle_sent(now, Ok(accepted));
                probe.handle_drained(now, Ok(()));
                due = script.next();
            }
            ProbeAction::Drain => panic!("what is sent is drained at once"),
            ProbeAction::Look => probe.handle_idle(now),
            ProbeAction::Persist(body) => {
                strays.push(body.to_vec());
                probe.handle_persisted(now);
            }
            ProbeAction::Close | ProbeAction::Abort => {}
            ProbeAction::Wait { until } => match due.take() {
                Some(Then::Say(bytes)) => probe.handle_input(now, bytes),
                Some(Then::Close) => probe.handle_closed(now),
                Some(Then::Wait) | None => {
                    now = until.expect("a wait without end");
                    probe.handle_timeout(now);
                }
            },
            ProbeAction::Done(finding) => {
                let report = probe.report().unwrap();
                assert_eq!(report.finding(), finding);
                assert_eq!(report.answer().is_some(), matches!(finding, Finding::Answered(_)));
                return Ran {
                    finding,
                    sent,
                    voice: report.voice(),
                    version: report.answer().and_then(|answer| answer.version()),
                    framed: report.framed(),
                    calls: report.calls(),
                    late: report.late(),
                    strays,
                    seconds: now.since(start).as_secs(),
                };
            }
        }
    }
    panic!("the probe never ends");
}

fn finding(config: ProbeConfig, question: Question, script: &[Then]) -> Finding {
    ask(config, question, script).finding
}

#[test]
fn identification_on_a_stream() {
    let ran = ask(config(Dialect::INGENICO), Question::Identification, &[say(IDENTIFIED)]);
    assert_eq!(ran.sent, b"CZ0040300CJ012012345678901CA00201CD001I");
    assert_eq!(ran.finding, Finding::Answered(Status::Performed));
    assert_eq!((ran.version, ran.framed, ran.seconds), (Some(Version::V3_01), false, 0));
    let in_frame = ask(config(Dialect::INGENICO), Question::Identification, &[Then::Say(framed(IDENTIFIED))]);
    assert_eq!(in_frame.finding, Finding::Answered(Status::Performed));
    assert_eq!((in_frame.version, in_frame.framed), (Some(Version::V3_01), true));
}

#[test]
fn each_answer_on_a_stream_has_its_finding() {
    use Finding as F;
    let performed = F::Answered(Status::Performed);
    for (answer, expected) in [
        (say(IDENTIFIED), performed),
        (say(&IDENTIFIED[..IDENTIFIED.len() - 1]), F::AnswerCut),
        (say(&IDENTIFIED[..8]), F::AnswerCut),
        (say(&IDENTIFIED[..1]), F::Strange(Voice::Text)),
        (say(&[IDENTIFIED, b"\r\n"].concat()), performed),
        (say(&[IDENTIFIED, b"CG00"].concat()), F::AnswerCut),
        (say(&[IDENTIFIED, b"!!"].concat()), F::AnswerCut),
        (say(b"\x02CZ0040301CD00"), F::AnswerCut),
        (say(b"\x02CZ0040301CD001IAE00210\x03"), F::AnswerCut),
        (say(b"\x02"), F::Strange(Voice::Session)),
        // It need not repeat anything.
        (say(b"CZ0040300AE00201AF00209"), F::Answered(Status::NotPerformed)),
        (say(b"CZ0040300AE00211"), F::Answered(Status::Taken)),
        (say(b"CZ0040301CA00202CD001IAE00210"), F::OtherAnswer),
        (say(b"CZ0040301CA00201CD0010AE00210"), F::OtherAnswer),
        // No status.
        (say(b"CZ0040301CA00201CD001I"), F::Strange(Voice::Concert3)),
        (say(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), F::Strange(Voice::Http)),
        (say(b"\x15\x03\x01\x00\x02\x02\x16"), F::Strange(Voice::Tls)),
        (say(b"SSH-2.0-OpenSSH_9.2\r\n"), F::Strange(Voice::Ssh)),
        (say(b"\x05"), F::Strange(Voice::Session)),
        (say(b"\x15"), F::Strange(Voice::Session)),
        (Then::Say(framed(b"01700001242197 8          ")), F::Strange(Voice::Session)),
        (Then::Say(framed(b"017000012421978          ")), F::Strange(Voice::Fixed)),
        (
            Then::Say([b"\x06", framed(b"017000012421978          ").as_slice()].concat()),
            F::Strange(Voice::Fixed),
        ),
        (say(b"017000012421978          "), F::Strange(Voice::Fixed)),
        (say(b"220 ready\r\n"), F::Strange(Voice::Text)),
        (say(&[0, 1, 2, 0xfe]), F::Strange(Voice::Noise)),
        (Then::Close, F::Closed),
        (Then::Wait, F::Silence),
    ] {
        let script = [answer.clone()];
        let ran = ask(config(Dialect::PAYXPRESS), Question::Identification, &script);
        let said = if let Then::Say(bytes) = &answer { bytes.clone() } else { vec![] };
        assert_eq!(ran.finding, expected, "{:?}", String::from_utf8_lossy(&said));
        assert!(ran.seconds <= 10, "{} s", ran.seconds);
    }
}

#[test]
fn a_duplicata_on_a_stream() {
    let performed = Finding::Answered(Status::Performed);
    let ran = ask(config(Dialect::PAYXPRESS), DUPLICATA, &[say(b"CZ0040320CA00201AE00210")]);
    assert_eq!((ran.finding, ran.seconds), (performed, 3), "PayXpert's answer does not repeat CD");
    assert_eq!(ran.sent, b"CZ0040320CJ012012345678901CA00201CD0013");
    let with_ticket = Question::Duplicata { ticket: true };
    let ran = ask(config(Dialect::NEPTING), with_ticket, &[say(b"CZ0040320CA00201CD0013AE00201AF00207")]);
    assert_eq!((ran.finding, ran.seconds), (Finding::Answered(Status::NotPerformed), 0));
    assert_eq!(ran.sent, b"CZ0040320CJ012012345678901CA00201CB00201CD0013CE003978CK003100");
    // An identification that comes late is none.
    assert_eq!(finding(config(Dialect::PAYXPRESS), DUPLICATA, &[say(IDENTIFIED)]), Finding::OtherAnswer);
}

#[test]
fn presence_on_a_stream_is_the_connection() {
    let ran = ask(config(Dialect::PAYXPRESS), Question::Presence, &[]);
    assert_eq!((ran.finding, ran.sent.len()), (Finding::Connected, 0));
}

#[test]
fn what_does_not_open() {
    for (opened, expected) in [
        (Some(ConnectError::Unreachable), NotSent::Unreachable),
        (Some(ConnectError::PortBusy), NotSent::PortBusy),
        (None, NotSent::ConnectFailed),
    ] {
        let mut storage = [0; 64];
        let mut probe =
            ProbeMachine::new(config(Dialect::PAYXPRESS), Question::Identification, &mut storage).unwrap();
        let now = Instant::from_millis(0);
        probe.start(now);
        assert_eq!(probe.poll(), ProbeAction::Connect);
        match opened {
            Some(error) => probe.handle_connected(now, Err(error)),
            None => probe.handle_closed(now),
        }
        assert_eq!(probe.poll(), ProbeAction::Done(Finding::NotOpened(expected)));
    }
    // The driver says nothing at all.
    let mut storage = [0; 64];
    let mut probe =
        ProbeMachine::new(config(Dialect::PAYXPRESS), Question::Identification, &mut storage).unwrap();
    probe.start(Instant::from_millis(0));
    assert_eq!(probe.poll(), ProbeAction::Connect);
    let until = Instant::from_millis(10_000);
    assert_eq!(probe.poll(), ProbeAction::Wait { until: Some(until) });
    probe.handle_timeout(Instant::from_millis(9_999));
    assert_eq!(probe.poll(), ProbeAction::Wait { until: Some(until) });
    probe.handle_timeout(until);
    assert_eq!(probe.poll(), ProbeAction::Abort);
    assert_eq!(probe.poll(), ProbeAction::Done(Finding::NotOpened(NotSent::ConnectTimedOut)));
    probe.handle_closed(until);
    assert_eq!(probe.poll(), ProbeAction::Done(Finding::NotOpened(NotSent::ConnectTimedOut)));
}

#[test]
fn presence_on_a_line() {
    use Finding as F;
    for dialect in [Dialect::CONCERT_E, Dialect::CONCERT_E_PLUS, Dialect::PAYXPRESS] {
        for (script, expected, sent) in [
            (vec![say(b"\x06")], F::Granted, b"\x05\x04".as_slice()),
            (vec![say(b"\x15"); 6], F::LineRefused, b"\x05\x04\x05\x04\x05\x04"),
            (vec![say(b"\x15")], F::LineRefused, b"\x05\x04\x05\x04\x05\x04"),
            (vec![say(b"\x15"), Then::Wait, say(b"\x06")], F::Granted, b"\x05\x04\x05\x04"),
            (vec![], F::EnquiryUnanswered, b"\x05\x04\x05\x04\x05\x04"),
            // It has a result to tell: nothing is said to that, and nothing is asked any more.
            (vec![say(b"\x05")], F::Calling, b"\x05\x04"),
            (vec![Then::Close], F::Closed, b"\x05"),
        ] {
            let ran = ask(serial(dialect), Question::Presence, &script);
            assert_eq!((ran.finding, ran.sent.as_slice()), (expected, sent), "{}", dialect.name);
            assert_eq!(ran.calls, u8::from(expected == F::Calling));
            assert!(ran.seconds <= 12, "{} s", ran.seconds);
        }
    }
    // The same on TCP, where E and E+ have their sessions too.
    let ran = ask(config(Dialect::CONCERT_E_PLUS), Question::Presence, &[say(b"\x06")]);
    assert_eq!((ran.finding, ran.sent.as_slice()), (F::Granted, b"\x05\x04".as_slice()));
    let bare = ask(
        config(Dialect::CONCERT_E_PLUS),
        Question::Presence,
        &[say(b"CZ0040300AE00201AF00209"), Then::Close],
    );
    assert_eq!((bare.finding, bare.voice), (F::Closed, Some(Voice::Concert3)));
}

/// What a terminal says, to each thing that it is sent, when it identifies itself in sessions.
fn sessions(answer: &[u8]) -> Vec<Then> {
    vec![say(b"\x06"), say(b"\x06"), say(b"\x05"), Then::Say(framed(answer)), say(b"\x04")]
}

#[test]
fn identification_in_sessions() {
    let ran = ask(serial(Dialect::INGENICO), Question::Identification, &sessions(IDENTIFIED));
    assert_eq!((ran.finding, ran.late), (Finding::Answered(Status::Performed), 0));
    let asked = framed(b"CZ0040300CJ012012345678901CA00201CD001I");
    assert_eq!(ran.sent, [b"\x05", asked.as_slice(), b"\x04\x06\x06"].concat());
    assert_eq!(
        (ran.version, ran.voice, ran.framed),
        (Some(Version::V3_01), Some(Voice::FramedConcert3), false)
    );
    // Without the last EOT it ends all the same, 3 s later.
    let mut cut = sessions(IDENTIFIED);
    cut[4] = Then::Wait;
    let ran = ask(serial(Dialect::INGENICO), Question::Identification, &cut);
    assert_eq!((ran.finding, ran.seconds), (Finding::Answered(Status::Performed), 3));
}

#[test]
fn what_a_session_brings_instead_of_an_answer() {
    use Finding as F;
    let fixed = b"017000012421978          ";
    for (script, expected, late, calls) in [
        (vec![], F::EnquiryUnanswered, 0, 0),
        (vec![say(b"\x15"); 6], F::LineRefused, 0, 0),
        (vec![say(b"\x06"), say(b"\x15")], F::MessageRefused, 0, 0),
        (vec![say(b"\x06"), say(b"\x04")], F::MessageRefused, 0, 0),
        (vec![say(b"\x06")], F::MessageUnacknowledged, 0, 0),
        (vec![say(b"\x06"), say(b"\x06")], F::Silence, 0, 0),
        (vec![say(b"\x05")], F::Calling, 0, 1),
        (vec![say(b"\x06"), Then::Close], F::Closed, 0, 0),
        (vec![say(b"\x06"), say(b"\x06"), Then::Close], F::Closed, 0, 0),
        (sessions(fixed), F::Strange(Voice::Fixed), 1, 0),
        // The result of an earlier debit.
        (sessions(b"CZ0040301CA00201CB0042500CD0010CE003978AE00210"), F::OtherAnswer, 1, 0),
        (sessions(b"CZ0040301CA00202CD001IAE00210"), F::OtherAnswer, 1, 0),
        (sessions(b"CZ0040301AE00201AF00209"), F::Answered(Status::NotPerformed), 0, 0),
    ] {
        let ran = ask(serial(Dialect::INGENICO), Question::Identification, &script);
        assert_eq!((ran.finding, ran.late, ran.calls), (expected, late, calls), "{:02x?}", ran.sent);
        // What came is there to be filed, whole.
        let bodies: Vec<_> = ran.strays.iter().map(|body| framed(body)).collect();
        assert_eq!(bodies.len(), usize::from(late));
        assert!(
            bodies.iter().all(|frame| script.iter().any(|it| matches!(it, Then::Say(said) if said == frame)))
        );
        assert!(ran.seconds <= 13, "{expected:?} {} s", ran.seconds);
    }
}

#[test]
fn before_its_own_message_a_probe_grants_the_line_to_nobody() {
    let ran = ask(serial(Dialect::INGENICO), Question::Identification, &[say(b"\x05")]);
    assert_eq!((ran.finding, ran.sent.as_slice()), (Finding::Calling, b"\x05\x04".as_slice()));
    // A result without a session around it: not taken, and not acknowledged.
    let result = framed(b"017000012421978          ");
    let script = [Then::Say(result), Then::Wait, Then::Wait];
    let ran = ask(serial(Dialect::INGENICO), Question::Identification, &script);
    assert_eq!((ran.finding, ran.late), (Finding::EnquiryUnanswered, 0));
    assert_eq!(ran.sent, b"\x05\x04\x05\x04\x05\x04");
}

#[test]
fn an_answer_is_taken_although_its_acknowledgement_was_lost() {
    // ENQ comes where the ACK of the message should.
    let script = [say(b"\x06"), say(b"\x05"), Then::Say(framed(IDENTIFIED)), say(b"\x04")];
    let ran = ask(serial(Dialect::INGENICO), Question::Identification, &script);
    assert_eq!(ran.finding, Finding::Answered(Status::Performed));
    // And behind an earlier result.
    let earlier = framed(b"017000012421978          ");
    let both = [
        say(b"\x06"),
        say(b"\x06"),
        say(b"\x05"),
        Then::Say(earlier),
        say(b"\x04\x05"),
        Then::Say(framed(IDENTIFIED)),
        say(b"\x04"),
    ];
    let ran = ask(serial(Dialect::INGENICO), Question::Identification, &both);
    assert_eq!((ran.finding, ran.late), (Finding::Answered(Status::Performed), 1));
    assert_eq!(ran.strays, [b"017000012421978          "]);
}

#[test]
fn seven_bits_are_recognised_on_a_line_of_eight() {
    let usb = |listen| {
        let mut config = serial(Dialect::CONCERT_E_PLUS);
        config.dialect.session.line = LineSettings::USB;
        ProbeConfig { listen, ..config }
    };
    let second = Duration::from_secs(1);
    // ENQ and ACK look the same; the refusal of our EOT does not.
    let script = [say(b"\x06"), say(&[0x95])];
    let ran = ask(usb(second * 4), Question::Presence, &script);
    assert_eq!((ran.finding, ran.voice, ran.seconds), (Finding::Granted, Some(Voice::EvenParity), 4));
    let in_haste = ask(usb(Duration::ZERO), Question::Presence, &script);
    assert_eq!((in_haste.voice, in_haste.seconds), (Some(Voice::Session), 0));
    let mut seven = usb(second * 4);
    seven.dialect.session.line.data_bits = DataBits::Seven;
    assert_eq!(ask(seven, Question::Presence, &script).seconds, 0, "nothing would be seen there");
    let ran = ask(usb(second), Question::Presence, &[say(&[0x95])]);
    assert_eq!((ran.finding, ran.voice), (Finding::EnquiryUnanswered, Some(Voice::EvenParity)));
}

#[test]
fn who_is_heard() {
    // `parity-controls-7e1-read-as-8bit`, `parity-resp-7e1-read-as-8bit` and `parity-eplus-7e1-read-as-8bit`.
    let answer = [
        0x82, 0x30, 0xb1, 0xb7, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0xb1, 0x30, 0x39, 0xb7, 0xb8, 0xa0,
        0xa0, 0xa0, 0xa0, 0xa0, 0xa0, 0xa0, 0xa0, 0xa0, 0xa0, 0x03, 0xb2,
    ];
    let odd: Vec<u8> = answer.iter().map(|byte| byte ^ 0x80).collect();
    for (bytes, expected) in [
        ([0x82, 0x03, 0x84, 0x05, 0x06, 0x95].as_slice(), Voice::EvenParity),
        (&answer, Voice::EvenParity),
        (&odd, Voice::OddParity),
        (&[0x86], Voice::OddParity),
        (&[0x84], Voice::EvenParity),
        // Even, but no character of the line.
        (&[0x81], Voice::Noise),
        // A check byte may be anything.
        (&[0x82, 0x41, 0x03, 0x81], Voice::EvenParity),
        (&[0x82, 0x41, 0x03, 0x03, 0x81], Voice::Noise),
        // Both.
        (&[0x84, 0x86], Voice::Noise),
        (&[0x06, 0xfe], Voice::Session),
        (b"\x06", Voice::Session),
        (b"\x02", Voice::Session),
        (b"\x06\x06\x05", Voice::Session),
        (b"\x02CZ0040300\x03\x2d", Voice::FramedConcert3),
        (b"\x06\x02CZ0040300\x03", Voice::FramedConcert3),
        (b"\x02CZ0040300", Voice::Session),
        (b"CZ0040300AE0", Voice::Concert3),
        (b"CZ004", Voice::Concert3),
        (b"CZECH", Voice::Text),
        (b"AE00210", Voice::Concert3),
        (b"HTTP/1.0 200 OK", Voice::Http),
        (b"SSH-2.0-x", Voice::Ssh),
        (&[0x16, 0x03, 0x03, 0x00], Voice::Tls),
        (&[0x15, 0x03, 0x05], Voice::Session),
        (b"hello\r\n\t", Voice::Text),
        (&[0x00], Voice::Noise),
        (&[0x7f, b'a'], Voice::Noise),
    ] {
        assert_eq!(Voice::of(bytes), Some(expected), "{bytes:02x?}");
    }
    assert_eq!(Voice::of(b""), None);
}

#[test]
fn pieces_change_nothing() {
    let answer = [IDENTIFIED, b"\r\n"].concat();
    for cut in 0..=answer.len() {
        let mut storage = [0; 3072];
        let mut probe =
            ProbeMachine::new(config(Dialect::PAYXPRESS), Question::Identification, &mut storage).unwrap();
        let now = Instant::from_millis(0);
        probe.start(now);
        assert_eq!(probe.poll(), ProbeAction::Connect);
        probe.handle_connected(now, Ok(()));
        // In three writes.
        for part in [1, 5] {
            assert!(matches!(probe.poll(), ProbeAction::Send(_)));
            probe.handle_sent(now, Ok(part));
        }
        assert_eq!(probe.poll(), ProbeAction::Send(b"320CJ012012345678901CA00201CD001I".as_slice()));
        probe.handle_sent(now, Ok(33));
        probe.handle_input(now, &answer[..cut]);
        probe.handle_input(now, &answer[cut..]);
        let ProbeAction::Wait { until: Some(until) } = probe.poll() else { panic!("{cut}") };
        assert_eq!(until.millis(), 300);
        probe.handle_timeout(until);
        assert_eq!(probe.poll(), ProbeAction::Look);
        probe.handle_idle(until);
        assert_eq!(probe.poll(), ProbeAction::Close);
        assert_eq!(probe.poll(), ProbeAction::Done(Finding::Answered(Status::Performed)));
    }
}

#[test]
fn what_is_stopped() {
    let mut storage = [0; 3072];
    let mut probe = ProbeMachine::new(serial(Dialect::CONCERT_E), Question::Presence, &mut storage).unwrap();
    let mut now = Instant::from_millis(0);
    probe.start(now);
    let shown = format!("{:?}", probe.poll());
    assert_eq!(shown, "Connect");
    probe.handle_connected(now, Ok(()));
    assert_eq!(format!("{:?}", probe.poll()), "Wait { until: Some(Instant(30)) }");
    now = probe.deadline().unwrap();
    probe.handle_timeout(now);
    assert_eq!(format!("{:?}", probe.poll()), "Look");
    probe.handle_received(now, Ok(Received::Nothing), &[]);
    assert_eq!(format!("{:?}", probe.poll()), "Send(1 bytes)");
    probe.handle_sent(now, Ok(1));
    assert_eq!(format!("{:?}", probe.poll()), "Drain");
    assert_eq!(format!("{:?}", probe.poll()), "Drain", "until the driver has answered");
    probe.handle_drained(now, Ok(()));
    probe.give_up(now);
    // The line is given back.
    assert_eq!(probe.poll(), ProbeAction::Send(b"\x04"));
    assert!(probe.report().is_none());
    probe.handle_sent(now, Ok(1));
    probe.handle_drained(now, Ok(()));
    assert_eq!(format!("{:?}", probe.poll()), "Abort");
    assert_eq!(format!("{:?}", probe.poll()), "Done(GivenUp)");
    assert_eq!(probe.poll(), ProbeAction::Done(Finding::GivenUp));
}

#[test]
fn a_send_that_fails() {
    for config in [config(Dialect::PAYXPRESS), serial(Dialect::PAYXPRESS)] {
        let mut storage = [0; 3072];
        let mut probe = ProbeMachine::new(config, Question::Identification, &mut storage).unwrap();
        let mut now = Instant::from_millis(0);
        probe.start(now);
        let finding = loop {
            match probe.poll() {
                ProbeAction::Connect => probe.handle_connected(now, Ok(())),
                ProbeAction::Send(_) => probe.handle_sent(now, Err(SendError::Closed)),
                ProbeAction::Persist(_) | ProbeAction::Drain => panic!("nothing has come"),
                ProbeAction::Look => probe.handle_idle(now),
                ProbeAction::Close | ProbeAction::Abort => {}
                ProbeAction::Wait { until } => {
                    now = until.unwrap();
                    probe.handle_timeout(now);
                }
                ProbeAction::Done(finding) => break finding,
            }
        };
        assert_eq!(finding, Finding::SendFailed);
        assert!(now.millis() < 5_000);
    }
}

#[test]
fn another_register_and_a_small_storage() {
    let config = ProbeConfig { register: Register::new(7).unwrap(), ..config(Dialect::PAYXPRESS) };
    assert_eq!(finding(config, Question::Identification, &[say(IDENTIFIED)]), Finding::OtherAnswer);
    let mut storage = [0; 40];
    let mut probe = ProbeMachine::new(config, Question::Identification, &mut storage).unwrap();
    let now = Instant::from_millis(0);
    probe.start(now);
    let _ = probe.poll();
    probe.handle_connected(now, Ok(()));
    let ProbeAction::Send(bytes) = probe.poll() else { panic!() };
    let length = bytes.len();
    probe.handle_sent(now, Ok(length));
    probe.handle_input(now, IDENTIFIED);
    probe.handle_closed(now);
    let _ = probe.poll();
    assert_eq!(probe.poll(), ProbeAction::Done(Finding::AnswerCut), "what was not kept proves nothing");
    let shown = format!("{probe:?}");
    assert!(shown.starts_with("ProbeMachine") && !shown.contains("CZ004"), "{shown}");

    // What is kept ends with a field.
    let mut storage = [0; 18];
    let mut probe = ProbeMachine::new(config, Question::Identification, &mut storage).unwrap();
    probe.start(now);
    let _ = probe.poll();
    probe.handle_connected(now, Ok(()));
    let _ = probe.poll();
    probe.handle_sent(now, Ok(length));
    probe.handle_input(now, IDENTIFIED);
    probe.handle_closed(now);
    let _ = probe.poll();
    assert_eq!(probe.poll(), ProbeAction::Done(Finding::AnswerCut));
}

/// A process that was stopped over its time finds the answer on the line, and a line that never falls silent ends the look.
#[test]
fn what_is_over_counts_after_a_look_at_the_line() {
    for talks in [false, true] {
        let mut storage = [0; 3072];
        let mut probe =
            ProbeMachine::new(config(Dialect::INGENICO), Question::Identification, &mut storage).unwrap();
        let (start, late) = (Instant::from_millis(0), Instant::from_millis(3_600_000));
        probe.start(start);
        assert_eq!(probe.poll(), ProbeAction::Connect);
        probe.handle_connected(start, Ok(()));
        let ProbeAction::Send(bytes) = probe.poll() else { panic!() };
        let length = bytes.len();
        probe.handle_sent(start, Ok(length));
        probe.handle_timeout(late);
        assert_eq!(probe.poll(), ProbeAction::Look);
        if talks {
            let looks = (0..1_000).take_while(|_| {
                probe.handle_received(late, Ok(Received::Bytes(512)), &[b' '; 512]);
                probe.poll() == ProbeAction::Look
            });
            assert_eq!(looks.count(), 128, "64 KiB and no more");
            assert!(matches!(probe.poll(), ProbeAction::Done(Finding::AnswerCut | Finding::Strange(_))));
        } else {
            probe.handle_received(late, Ok(Received::Bytes(IDENTIFIED.len())), IDENTIFIED);
            assert_eq!(probe.poll(), ProbeAction::Look);
            probe.handle_received(late, Ok(Received::Closed), &[]);
            assert_eq!(probe.poll(), ProbeAction::Close);
            assert_eq!(probe.poll(), ProbeAction::Done(Finding::Answered(Status::Performed)));
        }
    }
}
