//! What the doctor finds on a serial line, each from a terminal written down byte by byte on a pseudo-terminal; and what
//! the journal knows.
#![cfg(unix)]

use std::fs::File;
use std::time::{Duration, Instant};

use caisse::doctor::{Examination, Fault, FormatReason, examine, ports};
use caisse::probe::{Finding, Probe, Question};
use caisse::{Address, Amount, Currency, Dialect, Journal, MemoryJournal, PaymentRequest, Till};
use caisse_hal::pty::PtyLink;

#[path = "support/terminals.rs"]
mod terminals;
use terminals::line::Then::{Nothing, Say, Unplug};
use terminals::line::{Then, on_pty};
use terminals::on_tcp;

const ACK: Then = Say(b"\x06");
const NAK: Then = Say(b"\x15");

/// Nobody has to wait for seconds here.
fn hasty(dialect: Dialect) -> Dialect {
    let mut hasty = dialect;
    let timers = &mut hasty.session.timers;
    (timers.enquiry, timers.pause) = (Duration::from_millis(400), Duration::from_millis(50));
    (timers.receipt, timers.message, timers.end) =
        (Duration::from_millis(400), Duration::from_millis(400), Duration::from_millis(400));
    hasty
}

fn probe(address: Address, dialect: Dialect) -> Probe {
    Probe::new(address).unwrap().dialect(hasty(dialect)).timeout(Duration::from_secs(1))
}

/// What is found at a terminal that behaves so, and what it was sent.
fn found(dialect: Dialect, script: &'static [Then]) -> (Examination, Vec<u8>) {
    let (address, served) = on_pty(script);
    let examination = examine(probe(address, dialect), &mut MemoryJournal::new());
    (examination, served.stop())
}

fn faults(examination: &Examination) -> Vec<Fault> {
    examination.findings.iter().map(|finding| finding.fault).collect()
}

#[test]
fn a_healthy_line() {
    for dialect in [Dialect::CONCERT_E, Dialect::CONCERT_E_PLUS] {
        let (examination, heard) = found(dialect, &[ACK]);
        assert!(examination.is_healthy(), "{examination:?}");
        assert_eq!(heard, b"\x05\x04", "an older terminal is sent ENQ and EOT, and nothing else");
    }
    let conversation: &[Then] =
        &[ACK, ACK, Say(b"\x05"), Say(b"\x02CZ0040301CA00201CD001IAE00210\x03\x55"), Say(b"\x04")];
    let (examination, heard) = found(Dialect::INGENICO, conversation);
    assert!(examination.is_healthy(), "{examination:?}");
    assert_eq!(heard, b"\x05\x02CZ0040300CJ012012345678901CA00201CD001I\x03\x59\x04\x06\x06");
    assert!(examination.works.iter().any(|words| words.en.contains("CZ 0301")));
}

#[test]
fn a_dialect_that_nobody_has_named_is_asked_with_enq_alone() {
    let (address, served) = on_pty(&[ACK]);
    let probe = Probe::new(address).unwrap();
    let mut journal = MemoryJournal::new();
    assert_eq!(probe.greeting(&journal), Question::Presence);
    assert!(probe.check(Question::Identification).is_err());
    assert!(probe.check(Question::Duplicata { ticket: false }).is_err());
    let examination = examine(probe, &mut journal);
    assert!(examination.is_healthy(), "{examination:?}");
    let note = |examination: &Examination| {
        examination.works.iter().any(|words| words.en.starts_with("without --dialect"))
    };
    assert!(note(&examination), "{examination:?}");
    assert_eq!(served.stop(), b"\x05\x04");
    assert!(!note(&found(Dialect::CONCERT_E, &[ACK]).0));
}

#[test]
fn a_terminal_that_answers_is_not_called_noise_or_another_dialect() {
    let (examination, _) = found(Dialect::CONCERT_E, &[Say(b"\x00\x06")]);
    assert!(examination.is_healthy(), "{examination:?}");
    // An earlier result in the older form, then the answer.
    let (examination, _) = found(
        Dialect::INGENICO,
        &[
            ACK,
            ACK,
            Say(b"\x05"),
            Say(b"\x02017000012421978          \x037"),
            Say(b"\x04\x05"),
            Say(b"\x02CZ0040301CA00201CD001IAE00210\x03\x55"),
            Say(b"\x04"),
        ],
    );
    assert_eq!(faults(&examination), [Fault::BadAnswer], "{examination:?}");
}

#[test]
fn each_behaviour_has_its_finding() {
    let older = Some("--dialect concert-e-plus");
    let cases: [(Dialect, &'static [Then], Fault, Option<&str>); 12] = [
        (Dialect::CONCERT_E, &[NAK, Nothing, NAK, Nothing, NAK, Nothing], Fault::Busy, None),
        (Dialect::CONCERT_E, &[Say(b"\x05")], Fault::ResultWaiting, None),
        (Dialect::INGENICO, &[Say(b"\x05")], Fault::ResultWaiting, None),
        (Dialect::INGENICO, &[ACK, NAK], Fault::WrongDialect, older),
        (Dialect::INGENICO, &[ACK, Nothing], Fault::WrongDialect, older),
        // An answer of E: the terminal is of the older generation.
        (
            Dialect::INGENICO,
            &[ACK, ACK, Say(b"\x05"), Say(b"\x02017000012421978          \x037"), Say(b"\x04")],
            Fault::WrongDialect,
            older,
        ),
        // The result of an earlier debit, and then nothing.
        (
            Dialect::INGENICO,
            &[
                ACK,
                ACK,
                Say(b"\x05"),
                Say(b"\x02CZ0040301CA00201CB0042500CD0010CE003978AE00210\x03\x1d"),
                Say(b"\x04"),
            ],
            Fault::BadAnswer,
            None,
        ),
        (Dialect::INGENICO, &[ACK, ACK], Fault::NoAnswer, None),
        (Dialect::CONCERT_E, &[Say(b"\x00\xfe\x01"), Nothing, Nothing], Fault::Noise, None),
        (Dialect::CONCERT_E, &[Unplug], Fault::ClosedWithoutAnswer, None),
        (Dialect::INGENICO, &[ACK, Unplug], Fault::ClosedWithoutAnswer, None),
        (Dialect::INGENICO, &[ACK, ACK, Unplug], Fault::ClosedWithoutAnswer, None),
    ];
    for (number, (dialect, script, expected, attempt)) in cases.into_iter().enumerate() {
        let start = Instant::now();
        let (examination, _) = found(dialect, script);
        assert!(faults(&examination).contains(&expected), "{number}: {examination:?}");
        assert_eq!(examination.findings[0].attempt.as_deref(), attempt, "{number}");
        assert!(start.elapsed() < Duration::from_secs(12), "{number}: {:?}", start.elapsed());
    }
}

#[test]
fn a_silent_line_is_asked_at_the_other_speeds_with_enq_and_eot() {
    let (examination, heard) = found(Dialect::CONCERT_E, &[]);
    assert_eq!(faults(&examination), [Fault::NoAnswerToEnquiry]);
    // Three times, and once at each of five speeds.
    assert_eq!(heard, b"\x05\x04".repeat(8));

    let (address, served) = on_pty(&[Nothing, Nothing, Nothing, Nothing, Nothing, Nothing, ACK]);
    let path = address.to_string();
    let examination = examine(probe(address, Dialect::CONCERT_E), &mut MemoryJournal::new());
    assert_eq!(faults(&examination), [Fault::LineSettings]);
    assert_eq!(examination.findings[0].attempt, Some(format!("{path}?baud=1200&line=7e1")));
    let heard = served.stop();
    assert!(heard.iter().all(|byte| matches!(byte, 0x05 | 0x04)), "{heard:02x?}");
}

#[test]
fn seven_bits_read_as_eight_are_named_with_their_settings() {
    let (address, served) = on_pty(&[ACK, Say(b"\x95")]);
    let Address::Serial(serial) = &address else { unreachable!() };
    let path = serial.path().to_owned();
    let eight: Address = format!("serial:{path}?line=8n1").parse().unwrap();
    let examination = examine(probe(eight, Dialect::CONCERT_E_PLUS), &mut MemoryJournal::new());
    assert_eq!(faults(&examination), [Fault::LineSettings], "{examination:?}");
    // 9600 7E1 is what an address means that says nothing.
    let attempt = examination.findings[0].attempt.clone().unwrap();
    assert!(attempt.starts_with(&format!("serial:{path}")) && !attempt.contains("8n1"), "{attempt}");
    assert!(examination.findings[0].seen.en.contains("even parity"));
    assert_eq!(served.stop(), b"\x05\x04");

    let (address, served) = on_pty(&[Say(b"\x86"), Nothing, Nothing]);
    let odd: Address = format!("{address}?line=8n1&baud=1200").parse().unwrap();
    let examination = examine(probe(odd, Dialect::CONCERT_E_PLUS), &mut MemoryJournal::new());
    assert_eq!(faults(&examination), [Fault::LineSettings], "{examination:?}");
    let attempt = examination.findings[0].attempt.as_deref().unwrap();
    assert!(attempt.ends_with("?baud=1200&line=7o1"), "{attempt}");
    served.stop();
}

#[test]
fn ports_that_do_not_open() {
    let find = |address: &str| {
        let examination =
            examine(probe(address.parse().unwrap(), Dialect::CONCERT_E), &mut MemoryJournal::new());
        assert_eq!(examination.ports, ports());
        faults(&examination)
    };
    assert_eq!(find("serial:/dev/no-such-port"), [Fault::PortMissing]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    File::create(&file).unwrap();
    assert_eq!(find(&format!("serial:{}", file.display())), [Fault::NotAPort]);

    // A program that keeps the port to itself.
    let terminal = PtyLink::open().unwrap();
    let path = terminal.path().unwrap();
    let other = File::options().read(true).write(true).open(path).unwrap();
    other.lock().unwrap();
    assert_eq!(find(&format!("serial:{}", path.display())), [Fault::PortBusy]);
}

#[test]
fn an_unresolved_payment_is_told_and_its_line_only_knocked_at() {
    let (address, served) = on_pty(&[ACK]);
    let mut journal = MemoryJournal::new();
    let id = Probe::new(address.clone()).unwrap().terminal();
    // A payment at a terminal on TCP that shares the id, which takes the request and closes.
    let (other, paid) = on_tcp(|stream| stream.shutdown(std::net::Shutdown::Both).unwrap());
    journal = pay(&other, id.as_str(), journal, Dialect::INGENICO, None);
    paid.join().unwrap();
    assert_eq!(journal.unresolved(&id).unwrap().len(), 1);
    let probe = probe(address, Dialect::INGENICO);
    assert_eq!(probe.greeting(&journal), Question::Presence);
    let examination = examine(probe, &mut journal);
    assert_eq!(faults(&examination), [Fault::Unresolved]);
    assert_eq!(served.stop(), b"\x05\x04");
}

#[test]
fn a_last_payment_that_was_refused_for_its_format_is_explained() {
    let refusing = || {
        on_tcp(|stream| {
            use std::io::Write;
            stream.write_all(b"CZ0040301AE00201AF00209").unwrap();
        })
    };
    for (dialect, reference, expected) in [
        (Dialect::PAYXPRESS, Some("order 7"), vec![FormatReason::Version, FormatReason::PrivateData]),
        (Dialect::PAYXPRESS, None, vec![FormatReason::Version]),
        (Dialect::INGENICO, Some("order 7"), vec![]),
    ] {
        let (address, paid) = refusing();
        let mut journal = pay(&address, "counter", MemoryJournal::new(), dialect, reference);
        paid.join().unwrap();
        let nobody = Probe::at("tcp://127.0.0.1:1".parse().unwrap(), "counter".parse().unwrap());
        let examination = examine(nobody, &mut journal);
        let finding = &examination.findings[0];
        assert_eq!(finding.fault, Fault::FormatError, "{examination:?}");
        assert_eq!(finding.reasons, expected);
        let seen = format!("dialect {}", dialect.name);
        assert!(finding.seen.en.contains(&seen), "{}", finding.seen.en);
        // Another terminal's is not this one's.
        let other = Probe::at("tcp://127.0.0.1:1".parse().unwrap(), "other".parse().unwrap());
        assert_eq!(faults(&examine(other, &mut journal))[0], Fault::Refused);
    }
}

/// A payment of 25 euros that ends as it may; gives the journal back.
fn pay(
    address: &Address,
    id: &str,
    journal: MemoryJournal,
    dialect: Dialect,
    reference: Option<&str>,
) -> MemoryJournal {
    let shared = journal.clone();
    let mut till = Till::builder()
        .address(&address.to_string())
        .terminal_id(id)
        .journal(journal)
        .dialect(dialect)
        .build()
        .unwrap();
    let mut request = PaymentRequest::debit(Amount::parse("25.00", Currency::EUR).unwrap());
    if let Some(reference) = reference {
        request = request.reference(reference.parse().unwrap());
    }
    let _ = till.pay(request).unwrap();
    shared
}

#[test]
fn a_duplicata_in_sessions() {
    let (address, served) =
        on_pty(&[ACK, ACK, Say(b"\x05"), Say(b"\x02CZ0040301CA00201CD0013AE00210\x03\x2f"), Say(b"\x04")]);
    let mut journal = MemoryJournal::new();
    let mut probe = probe(address, Dialect::INGENICO);
    let lock = probe.lock(&journal).unwrap();
    let reply = probe.ask(&mut journal, &lock, Question::Duplicata { ticket: false }).unwrap();
    assert!(matches!(reply.finding, Finding::Answered(_)), "{reply:?}");
    assert_eq!(served.stop(), b"\x05\x02CZ0040300CJ012012345678901CA00201CD0013\x03\x23\x04\x06\x06");
}

#[test]
fn what_comes_beside_an_answer_is_counted() {
    let mut journal = MemoryJournal::new();
    let (address, served) = on_pty(&[Say(b"\x05")]);
    let mut calling = probe(address, Dialect::INGENICO);
    let lock = calling.lock(&journal).unwrap();
    let reply = calling.ask(&mut journal, &lock, Question::Identification).unwrap();
    assert_eq!((reply.finding, reply.called, reply.late), (Finding::Calling, true, 0));
    drop(lock);
    served.stop();

    // An earlier result, then the answer.
    let (address, served) = on_pty(&[
        ACK,
        ACK,
        Say(b"\x05"),
        Say(b"\x02CZ0040301CA00201CB0042500CD0010CE003978AE00210\x03\x1d"),
        Say(b"\x04\x05"),
        Say(b"\x02CZ0040301CA00201CD001IAE00210\x03\x55"),
        Say(b"\x04"),
    ]);
    let examination = examine(probe(address, Dialect::INGENICO), &mut journal);
    assert_eq!(faults(&examination), [Fault::BadAnswer], "{examination:?}");
    assert_eq!(examination.findings[0].seen.en, "1 message(s) of another transaction");
    assert!(examination.works.iter().any(|words| words.en.contains("CZ 0301")));
    served.stop();
}
