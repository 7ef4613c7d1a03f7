//! What the doctor finds on TCP, each from a terminal written down byte by byte.

use std::io::Write;
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use caisse::doctor::{Examination, Fault, FormatReason, examine};
use caisse::probe::{Finding, Probe, Question};
use caisse::{Address, Dialect, Journal, MemoryJournal, OptionalFields, Register};

#[path = "support/terminals.rs"]
mod terminals;
use terminals::{answering, at, on_tcp};

const IDENTIFIED: &[u8] = b"CZ0040320CJ012330538600404CA00201CD001IAE00210AQ0041234";

fn probe(address: Address) -> Probe {
    Probe::new(address).unwrap().timeout(Duration::from_secs(2))
}

fn faults(examination: &Examination) -> Vec<Fault> {
    examination
        .findings
        .iter()
        .map(|finding| finding.fault)
        .filter(|fault| *fault != Fault::OtherPort)
        .collect()
}

/// What is found at a terminal that answers so.
fn found(mut dialect: Dialect, answer: &'static [u8]) -> Examination {
    let (address, served) = answering(answer);
    // Nobody has to wait for seconds here.
    let timers = &mut dialect.session.timers;
    (timers.enquiry, timers.pause) = (Duration::from_millis(400), Duration::from_millis(50));
    let examination = examine(probe(address).dialect(dialect), &mut MemoryJournal::new());
    let request = served.join().unwrap();
    let asked = request.starts_with(b"CZ0040") && request.ends_with(b"CD001I");
    assert!(asked || request.iter().all(|byte| matches!(byte, 0x05 | 0x04)), "{request:02x?}");
    examination
}

#[test]
fn a_healthy_terminal() {
    let examination = found(Dialect::PAYXPRESS, IDENTIFIED);
    assert!(examination.is_healthy(), "{examination:?}");
    let works: Vec<_> = examination.works.iter().map(|words| words.en.as_str()).collect();
    assert_eq!(
        works,
        [
            "no payment is running on this terminal",
            "the terminal accepts the connection",
            "the terminal answers in 3.x: CZ 0320, serial number 1234",
        ]
    );
    assert!(examination.works.iter().all(|words| !words.fr.is_empty()));
    // One that knows no identification is healthy all the same.
    assert!(found(Dialect::PAYXPRESS, b"CZ0040320CA00201CD001IAE00201AF00212").is_healthy());
    let nepting = found(Dialect::NEPTING, IDENTIFIED);
    assert!(nepting.works.iter().any(|words| words.en.contains("duplicata")), "{nepting:?}");
}

#[test]
fn each_answer_has_its_finding() {
    const SHORT: &[u8] = b"\x02017000012421978          \x037";
    for (dialect, answer, expected, attempt) in [
        (Dialect::PAYXPRESS, b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice(), Fault::NotATerminal, None),
        (Dialect::PAYXPRESS, b"\x15\x03\x01\x00\x02\x02\x16", Fault::NotATerminal, None),
        (Dialect::PAYXPRESS, b"SSH-2.0-OpenSSH_9.2\r\n", Fault::NotATerminal, None),
        (Dialect::PAYXPRESS, b"\x00\x01\xfe\x80", Fault::NotATerminal, None),
        (Dialect::PAYXPRESS, b"220 hello\r\n", Fault::NotATerminal, None),
        // "Concert V3 IP" that is the older protocol.
        (Dialect::PAYXPRESS, b"\x05", Fault::Framed, Some("--dialect concert-e-plus")),
        (Dialect::INGENICO, SHORT, Fault::Framed, Some("--dialect concert-e-plus")),
        (Dialect::INGENICO, b"\x15", Fault::Framed, Some("--dialect concert-e-plus")),
        (Dialect::CONCERT_E_PLUS, b"CZ0040300AE00201AF00209", Fault::Bare, Some("--dialect payxpress")),
        (Dialect::CONCERT_E_PLUS, b"\x15\x15\x15", Fault::Busy, None),
        (Dialect::CONCERT_E_PLUS, b"HTTP/1.1 400 Bad Request\r\n", Fault::NotATerminal, None),
        (Dialect::PAYXPRESS, b"CZ0040320CA00201CD001IAE00210CG", Fault::BadAnswer, None),
        (Dialect::PAYXPRESS, b"CZ0040320CA00209CD001IAE00210", Fault::BadAnswer, None),
        (Dialect::PAYXPRESS, b"CZ0040320CA00201CD001I", Fault::BadAnswer, None),
        (Dialect::PAYXPRESS, b"CZ0040320CA00201CD001IAE00201AF00200", Fault::Busy, None),
        (Dialect::PAYXPRESS, b"CZ0040320CA00201CD001IAE00211AF00200", Fault::Busy, None),
        // An Ingenico shows 0301 whatever it is sent, and one refused 0320.
        (
            Dialect::PAYXPRESS,
            b"CZ0040301CA00201CD001IAE00210",
            Fault::WrongDialect,
            Some("--dialect ingenico"),
        ),
        (Dialect::PAYXPRESS, b"CZ0040301AE00201AF00209", Fault::FormatError, Some("--dialect ingenico")),
        (Dialect::INGENICO, b"CZ0040301AE00201AF00209", Fault::FormatError, None),
    ] {
        let examination = found(dialect, answer);
        let shown = String::from_utf8_lossy(answer);
        assert_eq!(faults(&examination), [expected], "{} {shown}", dialect.name);
        assert_eq!(examination.findings[0].attempt.as_deref(), attempt, "{shown}");
        // Not a byte of the answer is told.
        assert!(!examination.findings[0].seen.en.contains("hello"));
    }
}

#[test]
fn an_identification_refused_for_its_format_has_one_likely_reason() {
    let examination = found(Dialect::PAYXPRESS, b"CZ0040301AE00201AF00209");
    assert_eq!(examination.findings[0].reasons, [FormatReason::Version]);
    assert!(found(Dialect::INGENICO, b"CZ0040301AE00201AF00209").findings[0].reasons.is_empty());
    // What only payments carry is no reason.
    let optional = OptionalFields { partial: true, ..Dialect::PAYXPRESS.optional };
    let eager = Dialect { optional, amount_digits: 12, ..Dialect::PAYXPRESS };
    assert_eq!(found(eager, b"CZ0040301AE00201AF00209").findings[0].reasons, [FormatReason::Version]);
    let unsaid = found(Dialect::PAYXPRESS, b"AE00201AF00209");
    assert_eq!(unsaid.findings[0].reasons, [FormatReason::Version]);
    assert!(found(Dialect::PAYXPRESS, b"CZ0040320AE00201AF00209").findings[0].reasons.is_empty());
}

#[test]
fn a_frame_that_the_dialect_expects_is_no_finding() {
    assert!(found(Dialect::NEPTING, b"\x02CZ0040320CD001IAE00210\x03\x67").is_healthy());
    // The older protocol over TCP.
    assert!(found(Dialect::CONCERT_E_PLUS, b"\x06").is_healthy());
}

#[test]
fn half_open_and_closed() {
    assert_eq!(faults(&found(Dialect::CONCERT_E, b"")), [Fault::NoAnswer]);
    let start = Instant::now();
    let (address, served) = on_tcp(|_| {});
    let examination = examine(probe(address), &mut MemoryJournal::new());
    assert_eq!(faults(&examination), [Fault::NoAnswer]);
    assert!(start.elapsed() >= Duration::from_secs(2) && start.elapsed() < Duration::from_secs(15));
    served.join().unwrap();

    let (address, served) = on_tcp(|stream| stream.shutdown(std::net::Shutdown::Both).unwrap());
    let examination = examine(probe(address), &mut MemoryJournal::new());
    assert_eq!(faults(&examination), [Fault::ClosedWithoutAnswer]);
    served.join().unwrap();

    let (address, served) = on_tcp(|stream| stream.shutdown(std::net::Shutdown::Both).unwrap());
    let examination = examine(probe(address).dialect(Dialect::CONCERT_E), &mut MemoryJournal::new());
    assert_eq!(faults(&examination), [Fault::ClosedWithoutAnswer]);
    served.join().unwrap();
}

#[test]
fn a_name_without_an_address() {
    let examination =
        examine(probe("tcp://no.such.host.invalid:8888".parse().unwrap()), &mut MemoryJournal::new());
    assert_eq!(faults(&examination), [Fault::NameNotResolved]);
    let named = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = named.local_addr().unwrap().port();
    let served = thread::spawn(move || named.accept().unwrap().0.write_all(IDENTIFIED).unwrap());
    let examination =
        examine(probe(format!("tcp://localhost:{port}").parse().unwrap()), &mut MemoryJournal::new());
    // Where localhost has an IPv6 address too, it is tried as well.
    assert!(examination.works.iter().any(|words| words.en.starts_with("localhost has the address ")));
    assert!(examination.is_healthy(), "{examination:?}");
    served.join().unwrap();
}

/// Addresses of this machine that nothing else uses.
#[cfg(target_os = "linux")]
#[test]
fn another_usual_port_is_found_and_sent_nothing() {
    use std::io::Read;
    use std::sync::mpsc;

    let other = TcpListener::bind("127.91.7.1:5000").unwrap();
    let (sender, receiver) = mpsc::channel();
    let served = thread::spawn(move || {
        let (mut stream, _) = other.accept().unwrap();
        let mut heard = vec![];
        stream.read_to_end(&mut heard).unwrap();
        sender.send(heard).unwrap();
    });
    let mut journal = MemoryJournal::new();
    let examination = examine(probe("tcp://127.91.7.1:9".parse().unwrap()), &mut journal);
    let found: Vec<_> = examination.findings.iter().map(|it| (it.fault, it.attempt.as_deref())).collect();
    assert_eq!(found, [(Fault::Refused, None), (Fault::OtherPort, Some("tcp://127.91.7.1:5000"))]);
    assert_eq!(receiver.recv_timeout(Duration::from_secs(10)).unwrap(), b"");
    served.join().unwrap();

    // The terminal on the other port is paying: not even a connection.
    let paying = TcpListener::bind("127.91.7.2:20002").unwrap();
    paying.set_nonblocking(true).unwrap();
    let _lock = journal.lock(&"tcp:127.91.7.2:20002".parse().unwrap()).unwrap();
    let examination = examine(probe("tcp://127.91.7.2:9".parse().unwrap()), &mut journal);
    assert_eq!(examination.findings.len(), 1, "{examination:?}");
    assert!(paying.accept().is_err());
}

/// A queue of connections that is full looks like a terminal that sleeps.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_that_does_not_answer_the_connection() {
    use std::net::TcpStream;

    let listener = TcpListener::bind("127.91.7.3:8888").unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = vec![];
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(500)) {
        waiting.push(stream);
        assert!(waiting.len() < 10_000, "the queue never fills");
    }
    let start = Instant::now();
    let examination = examine(probe(at(address)), &mut MemoryJournal::new());
    assert_eq!(faults(&examination), [Fault::TimedOut]);
    assert!(start.elapsed() >= Duration::from_secs(2) && start.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_running_payment_is_not_disturbed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let mut journal = MemoryJournal::new();
    let mut probe = probe(at(listener.local_addr().unwrap()));
    let lock = probe.lock(&journal).unwrap();
    assert!(probe.lock(&journal).is_err());
    let other = journal.lock(&"another".parse().unwrap()).unwrap();
    let refused = probe.ask(&mut journal, &other, Question::Presence);
    assert_eq!(refused.unwrap_err().to_string(), "the lock that is held belongs to another terminal");
    let examination = examine(self::probe(probe.address().clone()), &mut journal);
    assert_eq!(faults(&examination), [Fault::InUse]);
    assert!(listener.accept().is_err(), "somebody connected");
    let reply = probe.ask(&mut journal, &lock, Question::Presence).unwrap();
    assert_eq!((reply.finding, reply.is_alive()), (Finding::Connected, false));
    assert!(listener.accept().is_ok());
}

#[test]
fn the_lock_is_that_of_a_till() {
    for address in ["tcp://Counter.example:5000", "serial:/dev/ttyACM0?line=8n1", "tcp://[::1]:8888"] {
        let probe = Probe::new(address.parse().unwrap());
        let till = caisse::Till::builder().address(address).journal(MemoryJournal::new()).build();
        match (probe, till) {
            (Ok(probe), Ok(till)) => assert_eq!(probe.terminal(), till.terminal()),
            (Err(_), Err(_)) => {}
            (probe, till) => panic!("{address}: {probe:?} {till:?}"),
        }
    }
}

#[test]
fn what_a_terminal_says_of_itself() {
    let mut journal = MemoryJournal::new();
    let (address, served) = answering(b"CZ0040320CJ012330538600404CA00207CD001IAE00210AQ0041234CG0071234567");
    let identifier = "123456789012".parse().unwrap();
    let mut probe = probe(address).register(Register::new(7).unwrap()).identifier(identifier);
    assert_eq!(probe.greeting(&journal), Question::Identification);
    let lock = probe.lock(&journal).unwrap();
    let reply = probe.ask(&mut journal, &lock, Question::Identification).unwrap();
    assert!(reply.is_alive() && reply.refusal.is_none() && reply.receipts.is_empty());
    assert!(!reply.called && reply.late == 0 && !reply.framed);
    assert_eq!(reply.version.unwrap().to_string(), "0320");
    assert_eq!(reply.identifier.unwrap().to_string(), "330538600404");
    assert_eq!((reply.serial_number.as_deref(), reply.contract.as_deref()), (Some("1234"), Some("1234567")));
    assert_eq!(served.join().unwrap(), b"CZ0040320CJ012123456789012CA00207CD001I");
}

#[test]
fn every_fault_is_told_in_both_languages_and_in_the_documents() {
    let table = include_str!("../../../docs/doctor.md");
    for fault in Fault::ALL {
        let code = fault.code();
        assert!(code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{code}");
        let (meaning, advice) = (fault.meaning(), fault.advice());
        assert!(meaning.en != meaning.fr && advice.en != advice.fr);
        for text in [meaning.fr, meaning.en, advice.fr, advice.en] {
            assert!(
                table.contains(&format!("| `{code}` | {}", meaning.en)),
                "{code} is not in docs/doctor.md"
            );
            assert!(table.contains(text), "{code}: {text}");
        }
    }
    for reason in FormatReason::ALL {
        assert!(table.contains(reason.text().en) && table.contains(reason.text().fr), "{reason:?}");
    }
}
