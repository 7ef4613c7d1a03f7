//! What each answer and each fault does to a till on a real pseudo-terminal, in 3.x, E and E+.
#![cfg(all(unix, feature = "pty", feature = "serial"))]

mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use caisse_simulator::VirtualTerminal;
use caisse_simulator::fault::CATALOGUE;
use caisse_simulator::persona::Persona;
use caisse_simulator::script::ANSWERS;
use support::{E_PLUS, End, REQUEST, Seen, at, by_chance, magic_amounts, name_of};

const PATIENCE: Duration = Duration::from_millis(700);
/// Longer than the three seconds after which a session says something again.
const LONG: Duration = Duration::from_millis(4_500);
/// With this one, every answer comes by chance soon.
const SEED: u64 = 39;

fn start(persona: Persona, answer: &str, fault: Option<&str>) -> VirtualTerminal {
    let mut builder = VirtualTerminal::builder().pty().dialect(persona).answer(answer.parse().unwrap());
    if let Some(fault) = fault {
        builder = builder.fault(fault.parse().unwrap());
    }
    builder.start().unwrap()
}

const APPROVED: &str = "07000002500B978order 7   ";

const REFUSED: &str = "077000025000978          ";
const APPROVED_3_X: &str = "AE00210AF00201CG0071234567ID010VT00000001";

/// A generation and its request; an answer, what the till reads at its end, and what is charged.
type Answered = (Persona, &'static [u8], &'static [(&'static str, &'static str, u64)]);

const ANSWERED: &[Answered] = &[
    (Persona::CONCERT_E_PLUS, E_PLUS, FIXED),
    (Persona::CONCERT_E, E_PLUS.split_at(26).0, FIXED),
    (
        Persona::PAYXPRESS,
        REQUEST,
        &[
            ("approve", APPROVED_3_X, 2_500),
            ("partial:20.00", APPROVED_3_X, 2_000),
            ("tip:2.00", APPROVED_3_X, 2_700),
            ("decline:04", "AE00201AF00204CG0071234567", 0),
            ("cancel", "CE003978AE00201AF00206CG0071234567", 0),
            ("timeout", "", 0),
            ("by-amount", APPROVED_3_X, 2_500),
        ],
    ),
    (
        Persona::PAYXPRESS,
        b"CZ0040300CJ012012345678901CA00207CB0042504CD0010CE003978",
        &[("by-amount", "AE00201AF00204CG0071234567", 0)],
    ),
];

const FIXED: &[(&str, &str, u64)] = &[
    ("approve", APPROVED, 2_500),
    ("partial:20.00", REFUSED, 0),
    ("tip:2.00", REFUSED, 0),
    ("decline:04", REFUSED, 0),
    ("cancel", REFUSED, 0),
    ("timeout", "", 0),
    ("by-amount", APPROVED, 2_500),
];

#[test]
fn each_answer_in_each_generation() {
    let mut looked = BTreeSet::from(["random"]);
    for (persona, body, answers) in ANSWERED {
        for (answer, words, charged) in *answers {
            looked.insert(name_of(answer));
            let terminal = start(*persona, answer, None);
            let seen = at(&terminal, PATIENCE, 1, body);
            assert!(seen.result().ends_with(words), "{answer}: {} {seen:?}", seen.result());
            assert_eq!(seen.results.len(), usize::from(!words.is_empty()), "{answer}");
            let charges = terminal.ledger().charges();
            assert_eq!(charges.iter().map(|charge| charge.amount_minor).sum::<u64>(), *charged, "{answer}");
            assert!(charges.iter().all(|charge| (charge.currency, charge.register) == (978, 7)));
        }
    }
    let terminal = VirtualTerminal::builder().pty().answer("random".parse().unwrap()).seed(SEED);
    let answers = by_chance(&terminal.start().unwrap(), PATIENCE, 8);
    assert_eq!(answers, BTreeSet::from(["approve", "cancel", "decline", "partial", "timeout"]));
    assert_eq!(looked, ANSWERS.iter().map(|line| line.name).collect());
}

#[test]
fn each_magic_amount_does_what_the_table_says() {
    magic_amounts(PATIENCE, |script| start(Persona::PAYXPRESS, script, None));
}

/// A fault, into how many pieces the till cuts its message, how long it listens, what it sees, and how often it is
/// charged.
type Check = (&'static str, usize, Duration, fn(&Seen) -> bool, usize);

/// The bytes of a good exchange: ACK, ACK, ENQ, frame, EOT.
const CHECKS: &[Check] = &[
    // Byte 10 stands in the frame.
    ("split@byte=10:200", 1, PATIENCE, |seen| seen.result() == APPROVED && seen.pieces.len() >= 6, 1),
    ("merge:300", 1, PATIENCE, |seen| seen.result() == APPROVED && seen.first() >= Some(300), 1),
    ("drip:2", 1, PATIENCE, |seen| seen.result() == APPROVED && seen.pieces.len() > 15, 1),
    ("delay@step=answer:400", 1, PATIENCE, |seen| seen.result() == APPROVED && seen.pieces[2].0 >= 400, 1),
    ("stall@byte=20", 1, PATIENCE, |seen| seen.end == End::Silent && seen.bytes().len() == 20, 1),
    // The cable is pulled: the till's port breaks.
    ("drop@step=decided", 1, PATIENCE, |seen| seen.end == End::Broken && seen.results.is_empty(), 1),
    ("drop@byte=20", 1, PATIENCE, |seen| seen.end == End::Broken && seen.results.is_empty(), 1),
    ("drop@step=reading", 1, PATIENCE, |seen| seen.end == End::Broken && seen.bytes() == [6], 0),
    ("half-open@step=decided", 1, PATIENCE, |seen| seen.end == End::Silent && seen.bytes() == [6], 1),
    ("single-read", 3, LONG, |seen| seen.results.is_empty() && seen.bytes() == [6, 0x15], 0),
    ("duplicate", 1, PATIENCE, |seen| seen.results.len() == 2 && seen.results[0] == seen.results[1], 1),
    ("earlier:instead", 1, PATIENCE, |seen| seen.result() == "07000002600B978order 7   ", 1),
    (
        "earlier:before",
        1,
        PATIENCE,
        |seen| seen.results.len() == 2 && seen.results[1] == APPROVED.as_bytes(),
        1,
    ),
    ("garbage@byte=20:4", 1, LONG, |seen| seen.bad >= 1 || seen.results.is_empty(), 1),
    ("flip@byte=20:0", 1, PATIENCE, |seen| seen.bad == 1 && seen.result() == APPROVED, 1),
    ("oversized:600", 1, LONG, |seen| seen.bytes().len() > 600, 1),
    ("wrong-amount", 1, PATIENCE, |seen| seen.result() == "07000002600B978order 7   ", 1),
    ("wrong-currency", 1, PATIENCE, |seen| seen.result() == "07000002500B840order 7   ", 1),
    ("wrong-register", 1, PATIENCE, |seen| seen.result() == "08000002500B978order 7   ", 1),
    ("bad-lrc:1", 1, PATIENCE, |seen| seen.bad == 1 && seen.result() == APPROVED, 1),
    ("bad-lrc:9", 1, PATIENCE, |seen| seen.bad == 3 && seen.results.is_empty(), 1),
    // The message was taken: the result comes all the same.
    ("lost-ack@step=message", 1, PATIENCE, |seen| !seen.bytes().starts_with(&[6, 6]), 1),
    ("lost-ack@step=enquiry", 1, PATIENCE, |seen| seen.enquiries == 2 && seen.result() == APPROVED, 1),
    ("lost-ack@step=result-enquiry", 1, LONG, |seen| seen.results.len() == 1, 1),
    ("lost-ack@step=result", 1, LONG, |seen| seen.results.len() == 2, 1),
    ("lost-nak@step=message", 1, PATIENCE, |seen| seen.bytes() == [6], 0),
    ("lost-nak@step=enquiry", 1, PATIENCE, |seen| seen.enquiries == 2 && seen.result() == APPROVED, 1),
    ("nak@step=message", 1, PATIENCE, |seen| seen.bytes() == [6, 0x15], 0),
    ("nak@step=enquiry:2", 1, PATIENCE, |seen| seen.enquiries == 3 && seen.result() == APPROVED, 1),
    (
        "collision",
        1,
        PATIENCE,
        |seen| seen.bytes()[0] == 5 && seen.enquiries == 2 && seen.results.len() == 2,
        1,
    ),
    ("no-eot", 1, PATIENCE, |seen| seen.result() == APPROVED && !seen.bytes().ends_with(&[4]), 1),
];

/// What differs in 3.x, or is not there in E and E+.
const CHECKS_3_X: &[Check] = &[
    ("wrong-action", 1, PATIENCE, |seen| seen.result().contains("CD0011"), 1),
    ("wrong-amount:1", 1, PATIENCE, |seen| seen.result().contains("CB00201CD"), 1),
    ("duplicate", 1, PATIENCE, |seen| seen.results.len() == 2, 1),
    ("bad-lrc", 1, PATIENCE, |seen| seen.bad == 1 && seen.result().contains("AE00210"), 1),
    ("drop@step=decided", 1, PATIENCE, |seen| seen.end == End::Broken, 1),
];

fn check(persona: Persona, body: &[u8], checks: &[Check]) {
    for (fault, pieces, patience, sees, charged) in checks {
        let terminal = start(persona, "approve", Some(fault));
        let seen = at(&terminal, *patience, *pieces, body);
        assert!(sees(&seen), "{fault}: {} {seen:?}", seen.result());
        assert_eq!(terminal.ledger().len(), *charged, "{fault}");
    }
}

/// Chance has its share, and a till sees it.
fn check_by_chance(share: u64, seeds: std::ops::Range<u64>) -> usize {
    let troubled = seeds.filter(|seed| {
        let fault = format!("random:{share}").parse().unwrap();
        let terminal = VirtualTerminal::builder().pty().dialect(Persona::CONCERT_E_PLUS).seed(*seed);
        let terminal = terminal.fault(fault).start().unwrap();
        let seen = at(&terminal, PATIENCE, 1, E_PLUS);
        let frame = [&[2], APPROVED.as_bytes(), &[3, APPROVED.bytes().fold(3, |check, byte| check ^ byte)]];
        let good = [&[6, 6, 5], &*frame.concat(), &[4]].concat();
        seen.bytes() != good || seen.end != End::Silent || seen.enquiries > 1
    });
    troubled.count()
}

#[test]
fn each_fault() {
    let mut looked = BTreeSet::from(["random"]);
    looked.extend(CHECKS.iter().chain(CHECKS_3_X).map(|(fault, ..)| name_of(fault)));
    assert_eq!(looked, CATALOGUE.iter().map(|line| line.name).collect());
    // They spend their time waiting: side by side.
    std::thread::scope(|scope| {
        for part in CHECKS.chunks(4) {
            scope.spawn(|| check(Persona::CONCERT_E_PLUS, E_PLUS, part));
        }
        scope.spawn(|| check(Persona::PAYXPRESS, REQUEST, CHECKS_3_X));
        let always = scope.spawn(|| check_by_chance(100, 0..12));
        assert_eq!(check_by_chance(1, 0..6), 0);
        // The others cut and delay what comes: the bytes are the same.
        let always = always.join().unwrap();
        assert!(always >= 7, "{always} of 12");
    });
}

#[test]
fn a_line_that_was_cut_comes_back_under_another_path() {
    let terminal = start(Persona::CONCERT_E_PLUS, "approve+drop@step=decided,approve", None);
    let before = terminal.address();
    assert_eq!(at(&terminal, PATIENCE, 1, E_PLUS).end, End::Broken);
    let started = std::time::Instant::now();
    while terminal.address() == before && started.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(at(&terminal, PATIENCE, 1, E_PLUS).result(), APPROVED);
    assert_eq!(terminal.ledger().len(), 2);
}

#[test]
fn reports_receipts_and_answers_at_once_in_e_and_e_plus() {
    let receipt = {
        let terminal = start(Persona::CONCERT_E, "approve", None);
        at(&terminal, PATIENCE, 1, b"0700002500010978          T012").result()
    };
    assert!(receipt.starts_with("07000002500B497010******1234                  "), "{receipt:?}");
    assert_eq!(&receipt[67..80], "978          ");
    assert!(receipt[80..].contains("MONTANT 25.00 EUR\nDEBIT\nTICKET CLIENT\nA CONSERVER\n"), "{receipt:?}");
    let terminal = start(Persona::CONCERT_E_PLUS, "approve,decline:04", None);
    let report = at(&terminal, PATIENCE, 1, b"0700002500110978          A010B010");
    assert_eq!(report.result().len(), 80);
    let refused = at(&terminal, PATIENCE, 1, b"0700002500110978          A010B010");
    assert!(refused.result().starts_with("077000025000497010******1234"), "{}", refused.result());
    terminal.set_answer("approve".parse().unwrap());
    let taken = at(&terminal, PATIENCE, 1, b"0700002500010978          A011B010");
    assert_eq!(taken.result(), "079000025000978          ");
    assert_eq!(terminal.ledger().len(), 2);
    for (transaction, kind) in [("1", "credit"), ("2", "cancellation"), ("4", "")] {
        let terminal = start(Persona::CONCERT_E_PLUS, "approve", None);
        at(&terminal, PATIENCE, 1, b"0700002500010978          A010B010");
        let body = format!("070000250001{transaction}978          A010B010");
        let seen = at(&terminal, PATIENCE, 1, body.as_bytes());
        let expected = if kind.is_empty() { "077" } else { "070" };
        assert!(seen.result().starts_with(expected), "{transaction}: {}", seen.result());
        let kinds: Vec<_> = terminal.ledger().movements().iter().map(|it| it.kind.name()).collect();
        assert_eq!(kinds, if kind.is_empty() { vec!["debit"] } else { vec!["debit", kind] });
    }
    let terminal = start(Persona::CONCERT_E_PLUS, "approve", None);
    let cheque = at(&terminal, PATIENCE, 1, b"07000025001C0978          A010B010");
    assert!(
        cheque.result().starts_with("07000002500CD0416926D031017807908F011519431044B"),
        "{}",
        cheque.result()
    );
    assert_eq!(terminal.ledger().charges()[0].kind.name(), "cheque");
}

#[test]
fn what_is_no_message_of_the_dialect_is_refused_with_nak() {
    for (persona, body) in [
        (Persona::CONCERT_E, E_PLUS),
        (Persona::CONCERT_E_PLUS, REQUEST),
        (Persona::PAYXPRESS, E_PLUS),
        (Persona::CONCERT_E_PLUS, b"00010000000300978"),
    ] {
        let terminal = start(persona, "approve", None);
        assert_eq!(at(&terminal, PATIENCE, 1, body).bytes(), [6, 0x15], "{}", persona.name);
        assert!(terminal.ledger().is_empty());
    }
    // A message of 3.x that lacks a field gets an answer that says so.
    let terminal = start(Persona::PAYXPRESS, "approve", None);
    let seen = at(&terminal, PATIENCE, 1, b"CZ0040300CA00201CD0010CE003978");
    assert_eq!(seen.result(), "CZ0040300CA00201CD0010CE003978AE00201AF00209");
}

#[test]
fn one_that_is_busy_says_nak_and_one_that_sleeps_says_nothing() {
    let terminal = start(Persona::CONCERT_E_PLUS, "approve", None);
    terminal.at_terminal(caisse_simulator::terminal::Terminal::make_busy).unwrap();
    let seen = at(&terminal, PATIENCE, 1, E_PLUS);
    assert_eq!((seen.bytes(), seen.enquiries), (vec![0x15; 3], 3));
    terminal.wake().unwrap();
    terminal.sleep().unwrap();
    assert!(at(&terminal, PATIENCE, 1, E_PLUS).bytes().is_empty());
    terminal.wake().unwrap();
    assert_eq!(at(&terminal, PATIENCE, 1, E_PLUS).result(), APPROVED);
}

/// The other end of a port of this machine: a line that is open already.
struct Open(caisse_hal::pty::PtyLink);

impl caisse_hal::Link for Open {
    fn connect(&mut self, _: Duration) -> Result<(), caisse_hal::ConnectError> {
        Ok(())
    }

    fn send(&mut self, bytes: &[u8], within: Duration) -> Result<usize, caisse_hal::SendError> {
        self.0.send(bytes, within)
    }

    fn drain(&mut self, within: Duration) -> Result<(), caisse_hal::DrainError> {
        self.0.drain(within)
    }

    fn receive(
        &mut self,
        buffer: &mut [u8],
        within: Duration,
    ) -> Result<caisse_hal::Received, caisse_hal::ReceiveError> {
        self.0.receive(buffer, within)
    }

    fn close(&mut self) {}
}

#[test]
fn on_a_serial_port_of_this_machine() {
    let mut line = Open(caisse_hal::pty::PtyLink::open().unwrap());
    let port = format!("serial:{}", line.0.path().unwrap().display()).parse().unwrap();
    let terminal = VirtualTerminal::builder().serial(port).dialect(Persona::CONCERT_E).start().unwrap();
    let clock = caisse_hal::SystemClock::new();
    for number in 1..=3 {
        let mut till = support::Counter { link: &mut line, clock: &clock, patience: PATIENCE, pieces: 1 };
        assert_eq!(till.framed(&E_PLUS[..26]).result(), APPROVED);
        assert_eq!(terminal.ledger().len(), number);
    }
}
